// SPDX-License-Identifier: MIT
/* Reading of modprobe.conf. */
#define pr_fmt(fmt) "modprobe: " fmt
#include <errno.h>
#include <kernel.h>
#include <list.h>
#include <slab.h>
#include "modprobe.h"

static const char *const keywords[] = {
	[CONF_ALIAS] = "alias",
	[CONF_BLACKLIST] = "blacklist",
	[CONF_OPTIONS] = "options",
	[CONF_SOFTDEP] = "softdep",
};

/* Splits off a word; what follows has no blanks in front. */
static char *word(char **line)
{
	char *start = *line, *p;

	while (isspace(*start))
		start++;
	for (p = start; *p && !isspace(*p); p++)
		;
	if (*p)
		*p++ = 0;
	while (isspace(*p))
		p++;
	*line = p;
	return start;
}

static int add_entry(struct list_head *entries, enum conf_kind kind,
		     const char *name, const char *rest)
{
	struct conf_entry *c = kzalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return -ENOMEM;
	c->kind = kind;
	c->name = kstrdup(name, GFP_KERNEL);
	c->rest = kstrdup(rest, GFP_KERNEL);
	if (!c->name || !c->rest) {
		kfree(c->name);
		kfree(c->rest);
		kfree(c);
		return -ENOMEM;
	}
	list_add_tail(&c->node, entries);
	return 0;
}

static int parse_line(struct list_head *entries, const char *path,
		      unsigned int number, char *line)
{
	char *keyword = word(&line), *name;
	unsigned int k;

	if (!*keyword || *keyword == '#')
		return 0;
	name = word(&line);
	for (k = 0; k < ARRAY_SIZE(keywords); k++)
		if (!strcmp(keyword, keywords[k]))
			break;
	if (k == ARRAY_SIZE(keywords))
		pr_warn("%pE:%u: '%pE' is not supported: alias, blacklist, options or softdep\n",
			path, number, keyword);
	else if (!*name || (!*line && k != CONF_BLACKLIST))
		pr_warn("%pE:%u: %s wants more words\n", path, number,
			keyword);
	else
		return add_entry(entries, (enum conf_kind)k, name, line);
	return 0;
}

/* Copies a line; one that ends in a backslash goes on in the next. Returns its
 * length in the text.
 */
static size_t get_line(const char *text, size_t size, char *line,
		       unsigned int *lines)
{
	size_t at;

	*lines = 1;
	for (at = 0; at < size && text[at] != '\n'; at++) {
		if (text[at] == '\\' && at + 1 < size &&
		    text[at + 1] == '\n') {
			at++;
			++*lines;
			*line++ = ' ';
		} else {
			*line++ = text[at] ? text[at] : ' ';
		}
	}
	*line = 0;
	return at < size ? at + 1 : at;
}

int modconf_parse(struct list_head *entries, const char *path,
		  const char *text, size_t size)
{
	unsigned int number = 1, lines;
	char *line = kvmalloc(size + 1, GFP_KERNEL);
	size_t at = 0;
	int ret = 0;

	if (!line)
		return -ENOMEM;
	while (!ret && at < size) {
		at += get_line(text + at, size - at, line, &lines);
		ret = parse_line(entries, path, number, line);
		number += lines;
	}
	kvfree(line);
	return ret;
}

void modconf_free(struct list_head *entries)
{
	struct conf_entry *c, *n;

	list_for_each_entry_safe(c, n, entries, node) {
		list_del(&c->node);
		kfree(c->name);
		kfree(c->rest);
		kfree(c);
	}
}

void softdep_names(const char *softdep, const char *which, char *out)
{
	size_t n = strlen(which);
	bool on = false;
	char *start = out;

	while (*softdep) {
		size_t len;

		while (isspace(*softdep))
			softdep++;
		for (len = 0; softdep[len] && !isspace(softdep[len]); len++)
			;
		if (len && softdep[len - 1] == ':') {
			on = len == n && !strncmp(softdep, which, n);
		} else if (len && on) {
			if (out != start)
				*out++ = ' ';
			memcpy(out, softdep, len);
			out += len;
		}
		softdep += len;
	}
	*out = 0;
}
