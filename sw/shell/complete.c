// SPDX-License-Identifier: MIT
/*
 * What Tab makes of a line: words that begin as the one at the cursor does.
 * The first word is a command; behind it come modules, paths, or the words of
 * another command, as the command says.
 */
#include <device.h>
#include <kernel.h>
#include <ramfs.h>
#include <slab.h>
#include <sysfs.h>
#include "../kernel/module/internal.h"
#include "../kernel/module/modprobe.h"
#include "internal.h"

#define MAX_PATH	256

enum what {
	PATHS = 1,
	FILES_OF_MODULES = 2,
	LOADED = 4,
	COMMANDS = 8,
	DEVICES = 16,
};

/* What words of a command are; of any other, paths. */
static const struct {
	const char *command;
	unsigned int what;
} kinds[] = {
	{ "modprobe", FILES_OF_MODULES },
	{ "modinfo", FILES_OF_MODULES | PATHS },
	{ "rmmod", LOADED },
	{ "expect-fail", COMMANDS },
	{ "help", COMMANDS },
	{ "bind", DEVICES },
	{ "unbind", DEVICES },
};

struct search {
	const char *word;	/* how they begin */
	size_t len;
	shell_match_t match;
	void *data;
};

static void offer(const struct search *s, const char *text, size_t len,
		  bool more)
{
	if (len >= s->len && !strncmp(text, s->word, s->len))
		s->match(s->data, text, len, more);
}

static void offer_commands(const struct search *s)
{
	struct shell_command *c;

	mutex_lock(&shell_commands_lock);
	list_for_each_entry(c, &shell_commands, node)
		offer(s, c->name, strlen(c->name), false);
	mutex_unlock(&shell_commands_lock);
}

static void offer_module_files(const struct search *s)
{
	const struct ramfs_file *f;

	for (f = ramfs_next(NULL); f; f = ramfs_next(f)) {
		const char *name = strrchr(f->path, '/') + 1;
		size_t len = strlen(name);

		if (str_has_prefix(f->path, MODULE_DIR) && len > 3 &&
		    !strcmp(name + len - 3, ".ko"))
			offer(s, name, len - 3, false);
	}
}

static void offer_loaded(const struct search *s)
{
#ifdef CONFIG_MODULES
	struct module_facts *f = kmalloc(sizeof(*f), GFP_KERNEL);
	unsigned int i;

	for (i = 0; f && module_get_facts(i, f); i++)
		offer(s, f->name, strlen(f->name), false);
	kfree(f);
#endif
}

static int offer_device(struct device *dev, void *data)
{
	offer(data, dev_name(dev), strlen(dev_name(dev)), false);
	return 0;
}

static int offer_devices_of(struct bus_type *bus, void *data)
{
	return bus_for_each_dev(bus, NULL, data, offer_device);
}

/* Up to the next '/': what lies in a folder is not offered with it. */
static void offer_files(const struct search *s)
{
	const char *word = s->word;
	const struct ramfs_file *f;

	for (f = ramfs_next(NULL); f; f = ramfs_next(f)) {
		const char *slash;
		size_t len = strlen(f->path);

		/* A folder is offered with what lies in it. */
		if ((f->mode & RAMFS_IFMT) == RAMFS_IFDIR || len < s->len ||
		    strncmp(f->path, word, s->len))
			continue;
		slash = strchr(f->path + max(s->len, (size_t)1), '/');
		if (slash)
			len = (size_t)(slash - f->path) + 1;
		s->match(s->data, f->path, len, slash != NULL);
	}
	/* Nothing of the archive is there. */
	offer(s, "/sys/", 5, true);
}

static bool is_folder(struct sysfs_node *node)
{
	struct sysfs_node *target;
	bool ret = sysfs_kind(node) == SYSFS_DIR;

	if (sysfs_kind(node) == SYSFS_LINK) {
		target = sysfs_target(node);
		ret = target && sysfs_kind(target) == SYSFS_DIR;
		sysfs_put(target);
	}
	return ret;
}

static void offer_sysfs(const struct search *s)
{
	struct sysfs_node *dir, *node;
	char path[MAX_PATH];
	size_t folder = s->len;
	u64 seq = 0;

	while (s->word[folder - 1] != '/')
		folder--;
	if (folder >= sizeof(path))
		return;
	memcpy(path, s->word, folder);
	path[folder] = '\0';
	dir = sysfs_open(path, true);
	if (IS_ERR(dir))
		return;
	while ((node = sysfs_next(dir, &seq))) {
		bool more = is_folder(node);
		int n = snprintf(path + folder, sizeof(path) - folder, "%s%s",
				 sysfs_name(node), more ? "/" : "");

		if (folder + (size_t)n < sizeof(path))
			offer(s, path, folder + (size_t)n, more);
		sysfs_put(node);
	}
	sysfs_put(dir);
}

static void offer_paths(const struct search *s)
{
	/* All paths start at the root, and here they say so. */
	if (s->len && s->word[0] != '/')
		return;
	if (s->len >= 5 && !strncmp(s->word, "/sys/", 5))
		offer_sysfs(s);
	else
		offer_files(s);
}

static unsigned int kind_of(const char *command, size_t len)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strlen(kinds[i].command) == len &&
		    !strncmp(kinds[i].command, command, len))
			return kinds[i].what;
	return PATHS;
}

/*
 * What the word at the end of @line can be: @line[0] starts a command, but for
 * the '-' of one whose failure does not matter.
 */
static unsigned int what_is_wanted(const char *line, size_t word)
{
	size_t at = 0, len;

	for (;;) {
		unsigned int kind;

		while (at < word && (line[at] == ' ' || line[at] == '-'))
			at++;
		if (at >= word)
			return COMMANDS;
		for (len = 0; line[at + len] != ' '; len++)
			;
		kind = kind_of(line + at, len);
		if (kind != COMMANDS)
			return kind;
		at += len;
	}
}

size_t shell_complete(const char *line, size_t len, shell_match_t match,
		      void *data)
{
	struct search s = { .match = match, .data = data };
	unsigned int what;
	size_t word = len;

	while (word && line[word - 1] != ' ')
		word--;
	what = what_is_wanted(line, word);
	if (what == COMMANDS && word < len && line[word] == '-')
		word++;
	s.word = line + word;
	s.len = len - word;
	if (what & COMMANDS)
		offer_commands(&s);
	if (what & FILES_OF_MODULES)
		offer_module_files(&s);
	if (what & LOADED)
		offer_loaded(&s);
	if (what & DEVICES)
		bus_for_each(&s, offer_devices_of);
	if (what & PATHS)
		offer_paths(&s);
	return word;
}
