// SPDX-License-Identifier: MIT
/* "module.name=value" on the kernel's command line, for built-in code. */
#define pr_fmt(fmt) "params: " fmt
#include <arch.h>
#include <err.h>
#include <init.h>
#include <kernel.h>
#include <moduleparam.h>
#include <slab.h>

extern const struct kernel_param __start___param[], __stop___param[];

/* Kept: nothing built in goes. */
static struct param_value *values;

/* Does @word begin with the name of @p's module and a dot? */
static const char *behind_module(const char *word, const char *module)
{
	size_t n = strlen(module), i;

	for (i = 0; i < n; i++)
		if (word[i] != module[i] &&
		    !(word[i] == '-' && module[i] == '_'))
			return NULL;
	return word[n] == '.' ? word + n + 1 : NULL;
}

static void set_from(char *word, const char *value)
{
	unsigned int n = (unsigned int)(__stop___param - __start___param), i;
	char reason[160];

	for (i = 0; i < n; i++) {
		const struct kernel_param *p = &__start___param[i];
		const char *name = behind_module(word, p->module);
		struct param_set one = { p->module, p, 1, &values };
		char *arg;

		if (!name || !modname_eq(name, p->name))
			continue;
		arg = value ? kasprintf(GFP_KERNEL, "%s=\"%s\"", name, value) :
			      kstrdup(name, GFP_KERNEL);
		if (!arg || parse_args(&one, arg, reason, sizeof(reason)))
			pr_err("%s: %pE\n", p->module,
			       arg ? reason : "no memory");
		kfree(arg);
	}
}

/* Before any other start-up call. */
static int builtin_params(void)
{
	char *copy = kstrdup(boot_command_line, GFP_KERNEL), *p = copy;
	char *word, *value;

	if (!copy)
		return -ENOMEM;
	while ((word = next_arg(&p, &value)) && !IS_ERR(word))
		set_from(word, value);
	kfree(copy);
	return 0;
}
core_initcall(builtin_params);
