// SPDX-License-Identifier: MIT
/* Reads text as parameters and as modprobe.conf: the guest's own code, compiled
 * for the host with the guest's headers.
 */
#include <err.h>
#include <errno.h>
#include <kernel.h>
#include <list.h>
#include <moduleparam.h>
#include <slab.h>
#include "../../sw/kernel/module/modprobe.h"

/* Both trap at what must not be. The text has no null character but its last. */
void params_fuzz_one(const char *text);
void conf_fuzz_one(const char *text, size_t size);
void *malloc(size_t size);
void free(void *p);
long strtol(const char *s, char **end, int base);

void *kmalloc(size_t size, gfp_t gfp)
{
	void *p = malloc(size ? size : 1);

	if (gfp & __GFP_ZERO)
		memset(p, 0, size);
	return p;
}

void kfree(const void *p)
{
	free((void *)p);
}

void *kvmalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp);
}

void kvfree(const void *p)
{
	free((void *)p);
}

char *kstrdup(const char *s, gfp_t flags)
{
	size_t n = strlen(s) + 1;

	return memcpy(kmalloc(n, flags), s, n);
}

bool modname_eq(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !((*a == '-' || *a == '_') &&
				  (*b == '-' || *b == '_')))
			return false;
	return *a == *b;
}

int printk(const char *fmt, ...)
{
	return 0;
}

int kstrtobool(const char *s, bool *res)
{
	*res = *s == '1';
	return *s == '0' || *s == '1' ? 0 : -EINVAL;
}

int kstrtoint(const char *s, unsigned int base, int *res)
{
	char *end;

	*res = (int)strtol(s, &end, (int)base);
	return *s && !*end ? 0 : -EINVAL;
}

int kstrtouint(const char *s, unsigned int base, unsigned int *res)
{
	return kstrtoint(s, base, (int *)res);
}

int kstrtoul(const char *s, unsigned int base, unsigned long *res)
{
	int v, ret = kstrtoint(s, base, &v);

	*res = (unsigned long)v;
	return ret;
}

static bool flag;
static int number;
static char *word;
static const struct kernel_param params[] = {
	{ "a", "m", &flag, PARAM_bool, 0 },
	{ "b_b", "m", &number, PARAM_int, 0 },
	{ "c", "m", &word, PARAM_charp, 0 },
};

void params_fuzz_one(const char *text)
{
	struct param_value *values = NULL;
	const struct param_set set = { "m", params, ARRAY_SIZE(params),
				       &values };
	char reason[64] = "";
	int ret;

	word = "";
	ret = parse_args(&set, text, reason, sizeof(reason));
	if ((ret && !reason[0]) || strnlen(reason, 64) == 64)
		__builtin_trap();
	/* The value is no more than what was given, and without its quotes. */
	if (strlen(word) > strlen(text) || strchr(word, '"'))
		__builtin_trap();
	param_values_free(values);
}

void conf_fuzz_one(const char *text, size_t size)
{
	LIST_HEAD(entries);
	struct conf_entry *c;

	if (modconf_parse(&entries, "/etc/modprobe.conf", text, size))
		__builtin_trap();
	list_for_each_entry(c, &entries, node) {
		char *names = malloc(strlen(c->rest) + 1);

		if (!*c->name || strlen(c->name) + strlen(c->rest) >= size)
			__builtin_trap();
		softdep_names(c->rest, "pre:", names);
		if (strlen(names) > strlen(c->rest) || strchr(names, ':'))
			__builtin_trap();
		free(names);
	}
	modconf_free(&entries);
}
