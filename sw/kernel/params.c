// SPDX-License-Identifier: MIT
/* Parameters of modules and of built-in code: see moduleparam.h. */
#define pr_fmt(fmt) "params: " fmt
#include <err.h>
#include <errno.h>
#include <kernel.h>
#include <moduleparam.h>
#include <slab.h>

char *next_arg(char **p, char **value)
{
	char *at = *p, *out, *start;
	bool quoted = false;

	while (isspace(*at))
		at++;
	start = out = at;
	*value = NULL;
	if (!*at)
		return NULL;
	for (; *at && (quoted || !isspace(*at)); at++) {
		if (*at == '"') {
			quoted = !quoted;
		} else if (*at == '=' && !*value && !quoted) {
			*out++ = 0;
			*value = out;
		} else {
			*out++ = *at;
		}
	}
	if (quoted)
		return ERR_PTR(-EINVAL);
	/* The terminator may overwrite the blank that ended the word. */
	*p = *at ? at + 1 : at;
	*out = 0;
	return start;
}

static int set_charp(const struct param_set *set, char **var,
		     const char *value)
{
	size_t size = strlen(value) + 1;
	struct param_value *v = kmalloc(sizeof(*v) + size, GFP_KERNEL);

	if (!v)
		return -ENOMEM;
	/* An earlier value stays too: others may have a pointer to it. */
	memcpy(v->text, value, size);
	v->next = *set->values;
	*set->values = v;
	*var = v->text;
	return 0;
}

static int set_one(const struct param_set *set, const struct kernel_param *p,
		   const char *value)
{
	/* A flag's name alone switches it on; everything else has a value. */
	if (!value && p->type != PARAM_bool)
		return -EINVAL;
	switch (p->type) {
	case PARAM_bool:
		return kstrtobool(value ? value : "1", p->var);
	case PARAM_int:
		return kstrtoint(value, 0, p->var);
	case PARAM_uint:
		return kstrtouint(value, 0, p->var);
	case PARAM_ulong:
		return kstrtoul(value, 0, p->var);
	case PARAM_charp:
		return set_charp(set, p->var, value);
	}
	return -EINVAL;
}

static int set_param(const struct param_set *set, const char *name,
		     const char *value, char *reason, size_t size)
{
	unsigned int i;
	int ret;

	for (i = 0; i < set->num; i++) {
		const struct kernel_param *p = &set->params[i];

		if (strcmp(p->module, set->module) ||
		    !modname_eq(p->name, name))
			continue;
		ret = set_one(set, p, value);
		if (ret == -ENOMEM)
			snprintf(reason, size, "no memory");
		else if (ret && !value)
			snprintf(reason, size, "parameter '%s' needs a value",
				 p->name);
		else if (ret)
			snprintf(reason, size, "'%.64s' is invalid for parameter '%s'%s",
				 value, p->name,
				 ret == -ERANGE ? ": out of range" : "");
		return ret;
	}
	/* The name is whatever somebody typed: printable it may not be. */
	pr_warn("%s: unknown parameter '%pE' ignored\n", set->module, name);
	return 0;
}

int parse_args(const struct param_set *set, const char *args, char *reason,
	       size_t reason_size)
{
	char *copy, *p, *name, *value;
	int ret = 0;

	if (!args || !*args)
		return 0;
	p = copy = kstrdup(args, GFP_KERNEL);
	if (!copy) {
		snprintf(reason, reason_size, "no memory");
		return -ENOMEM;
	}
	while (!ret && (name = next_arg(&p, &value))) {
		if (IS_ERR(name)) {
			ret = -EINVAL;
			snprintf(reason, reason_size,
				 "parameters '%.64s': a quote is not closed",
				 args);
		} else {
			ret = set_param(set, name, value, reason, reason_size);
		}
	}
	kfree(copy);
	return ret;
}

void param_values_free(struct param_value *values)
{
	while (values) {
		struct param_value *next = values->next;

		kfree(values);
		values = next;
	}
}
