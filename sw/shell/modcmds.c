// SPDX-License-Identifier: MIT
/* Commands about modules. Why one is refused the loader says, in one line. */
#include <device.h>
#include <init.h>
#include <kernel.h>
#include <mm.h>
#include <module.h>
#include <ramfs.h>
#include <slab.h>
#include "../kernel/module/internal.h"
#include "../kernel/module/modprobe.h"
#include "internal.h"

/* Parameters as one string. What has blanks gets quotes around its value. */
static char *join_args(int argc, char **argv)
{
	char *all = kasprintf(GFP_KERNEL, "%s", ""), *next;
	int i;

	for (i = 0; all && i < argc; i++) {
		const char *eq = strchr(argv[i], '=');

		if (eq && argv[i][strcspn(argv[i], " \t")])
			next = kasprintf(GFP_KERNEL, "%s%.*s\"%s\" ", all,
					 (int)(eq + 1 - argv[i]), argv[i],
					 eq + 1);
		else
			next = kasprintf(GFP_KERNEL, "%s%s ", all, argv[i]);
		kfree(all);
		all = next;
	}
	return all;
}

static int cmd_insmod(int argc, char **argv)
{
	const struct ramfs_file *f;
	char *args;
	int ret;

	if (argc < 2) {
		shell_printf("usage: insmod FILE [PARAMETER=VALUE]...\n");
		return -EINVAL;
	}
	f = ramfs_find(argv[1]);
	if (!f) {
		shell_printf("insmod: ERROR: could not load module %pE: no such file\n",
			     argv[1]);
		return -ENOENT;
	}
	args = join_args(argc - 2, argv + 2);
	if (!args)
		return -ENOMEM;
	ret = module_load(f->data, f->size, strrchr(f->path, '/') + 1, args);
	kfree(args);
	return ret;
}
SHELL_COMMAND(insmod, "insmod",
	      "FILE [PARAMETER=VALUE]... - load one module");

static int remove_with_deps(const char *name);

/* Those of @list that nobody needs any more. */
static void remove_unused(const char *list)
{
	char *copy = kstrdup(list, GFP_KERNEL), *p = copy, *word;
	struct module *m;
	bool unused;

	while (copy && (word = strsep(&p, ","))) {
		unsigned long flags;

		spin_lock_irqsave(&module_lock, flags);
		m = *word ? module_find(word) : NULL;
		unused = m && list_empty(&m->users);
		spin_unlock_irqrestore(&module_lock, flags);
		if (unused)
			remove_with_deps(word);
	}
	kfree(copy);
}

/* The modules that @name alone still uses go with it. */
static int remove_with_deps(const char *name)
{
	int ret = module_unload(name);
	const struct mod_file *m = ret ? NULL : mod_index_find(name);
	const char *v = m && m->info ? modinfo_get(m->info, m->info_size,
						   "depends", NULL) : NULL;

	if (v)
		remove_unused(v);
	return ret;
}

static int load_one(const char *name, const char *args, bool blacklist)
{
	int ret = modprobe(name, args, blacklist);

	switch (ret) {
	case -ENOENT:
		shell_printf("modprobe: %pE: not found in " MODULE_DIR "\n",
			     name);
		break;
	case -EPERM:
		/* Asked for: it is no failure. */
		if (blacklist)
			return 0;
		shell_printf("modprobe: %pE: blacklisted\n", name);
		break;
	}
	return ret;
}

static int load_many(int argc, char **argv, bool blacklist)
{
	int ret = 0;

	for (; !ret && argc; argc--, argv++)
		ret = load_one(*argv, NULL, blacklist);
	return ret;
}

static int load_with_args(int argc, char **argv, bool blacklist)
{
	char *args = join_args(argc - 1, argv + 1);
	int ret = args ? load_one(argv[0], args, blacklist) : -ENOMEM;

	kfree(args);
	return ret;
}

static int cmd_modprobe(int argc, char **argv)
{
	bool all = false, remove = false, blacklist = false;
	int i, ret = 0;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "-a"))
			all = true;
		else if (!strcmp(argv[i], "-r"))
			remove = true;
		else if (!strcmp(argv[i], "-b"))
			blacklist = true;
		else
			break;
	}
	if (i >= argc || argv[i][0] == '-') {
		shell_printf("usage: modprobe [-b] NAME [PARAMETER=VALUE]... | -a [-b] NAME... | -r NAME...\n");
		return -EINVAL;
	}
	if (remove)
		for (; !ret && i < argc; i++)
			ret = remove_with_deps(argv[i]);
	else if (all)
		ret = load_many(argc - i, argv + i, blacklist);
	else
		ret = load_with_args(argc - i, argv + i, blacklist);
	return ret;
}
SHELL_COMMAND(modprobe, "modprobe",
	      "[-a|-r] [-b] NAME... [PARAMETER=VALUE]... - load by name or alias, with dependencies");

static int cmd_rmmod(int argc, char **argv)
{
	int i, ret = 0;

	if (argc == 2 && !strcmp(argv[1], "-a"))
		return shell_rmmod_all();
	if (argc == 2 && !strcmp(argv[1], "--held"))
		return shell_rmmod_held();
	if (argc < 2 || argv[1][0] == '-') {
		shell_printf("usage: rmmod NAME... | -a | --held\n");
		return -EINVAL;
	}
	for (i = 1; i < argc && !ret; i++)
		ret = module_unload(argv[i]);
	return ret;
}
SHELL_COMMAND(rmmod, "rmmod",
	      "NAME...|-a|--held - unload modules; all; none, as all that are held are refused");

static int cmd_lsmod(int argc, char **argv)
{
	static const char *const states[] = {
		[MODULE_STATE_UNFORMED] = " [loading]",
		[MODULE_STATE_COMING] = " [loading]",
		[MODULE_STATE_LIVE] = "",
		[MODULE_STATE_GOING] = " [unloading]",
		[MODULE_STATE_FAILED] = " [failed]",
	};
	struct module_facts f;
	unsigned int i;

	if (argc == 2 && !strcmp(argv[1], "-a"))
		return shell_lsmod_files();
	if (argc > 1)
		return shell_usage(argv[0]);
	shell_printf("%-19s %8s  %s\n", "Module", "Size", "Used by");
	for (i = 0; module_get_facts(i, &f); i++)
		shell_printf("%-19s %8zu  %u%s%s%s\n", f.name, f.size, f.refs,
			     f.holders[0] ? " " : "", f.holders,
			     states[f.state]);
	return 0;
}
SHELL_COMMAND(lsmod, "lsmod",
	      "[-a] - loaded modules; the files of all, and which are loaded");

/* The value of a tag about a parameter: "name:value". */
static const char *param_info(const struct mod_file *m, const char *tag,
			      const char *name, size_t n)
{
	const char *v = NULL;

	while ((v = modinfo_get(m->info, m->info_size, tag, v)))
		if (!strncmp(v, name, n) && v[n] == ':')
			return v + n + 1;
	return NULL;
}

static void show_info(const struct mod_file *m, const char *tag,
		      const char *value)
{
	size_t n = strcspn(value, ":");
	const char *type = NULL;
	char *line;

	if (!strcmp(tag, "parm"))
		type = param_info(m, "parmtype", value, n);
	/* Shown beside its description, if there is one. */
	if (!strcmp(tag, "parmtype")) {
		if (param_info(m, "parm", value, n))
			return;
		line = kasprintf(GFP_KERNEL, "parm:           %.*s:%s",
				 (int)n, value, value[n] ? value + n + 1 : "");
	} else {
		char colon[24];

		snprintf(colon, sizeof(colon), "%s:", tag);
		line = kasprintf(GFP_KERNEL, "%-16s%s%s%s%s", colon, value,
				 type ? " (" : "", type ? type : "",
				 type ? ")" : "");
	}
	if (line)
		shell_printf("%pE\n", line);
	kfree(line);
}

static void show_all_info(const struct mod_file *m)
{
	size_t at, n;

	shell_printf("%-16s%pE\n", "filename:", m->f->path);
	for (at = 0; at < m->info_size; at += n + 1) {
		const char *entry = m->info + at, *eq;
		char tag[24];

		n = strnlen(entry, m->info_size - at);
		eq = memchr(entry, '=', n);
		if (n == m->info_size - at || !eq ||
		    (size_t)(eq - entry) >= sizeof(tag))
			continue;
		snprintf(tag, sizeof(tag), "%.*s", (int)(eq - entry), entry);
		show_info(m, tag, eq + 1);
	}
}

static int cmd_modinfo(int argc, char **argv)
{
	const struct ramfs_file *f;
	const struct mod_file *m;
	struct mod_file other;

	if (argc != 2) {
		shell_printf("usage: modinfo NAME|FILE\n");
		return -EINVAL;
	}
	m = mod_index_find(argv[1]);
	f = argv[1][0] == '/' ? ramfs_find(argv[1]) : NULL;
	if (f) {
		if (mod_file_read(&other, f))
			return -ENOMEM;
		m = &other;
	}
	if (!m) {
		shell_printf("modinfo: %pE: not found\n", argv[1]);
		return -ENOENT;
	}
	if (!m->info) {
		shell_printf("modinfo: %pE: no module file; insmod says why\n",
			     m->f->path);
		return -ENOEXEC;
	}
	show_all_info(m);
	return 0;
}
SHELL_COMMAND(modinfo, "modinfo", "NAME|FILE - what a module says of itself");

static int coldplug_device(struct device *dev, void *data)
{
	char *alias;
	int n;

	if (dev->driver)
		return 0;
	n = device_modalias(dev, NULL, 0);
	if (n < 0)
		return 0;
	alias = kmalloc((size_t)n + 1, GFP_KERNEL);
	if (!alias)
		return -ENOMEM;
	device_modalias(dev, alias, (size_t)n + 1);
	/* Most devices have no module; what is refused has been told. */
	modprobe(alias, NULL, true);
	kfree(alias);
	return 0;
}

static int coldplug_bus(struct bus_type *bus, void *data)
{
	return bus_for_each_dev(bus, NULL, data, coldplug_device);
}

static int cmd_coldplug(int argc, char **argv)
{
	return bus_for_each(NULL, coldplug_bus);
}
SHELL_COMMAND(coldplug, "coldplug",
	      "- load the modules that match devices without a driver");

static int cmd_settle(int argc, char **argv)
{
	kmod_settle();
	return 0;
}
SHELL_COMMAND(settle, "settle",
	      "- wait for the modules that the kernel itself has asked for");
