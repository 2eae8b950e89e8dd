/* Commands about modules, and modprobe's resolution of dependencies. */
#include <export.h>
#include <init.h>
#include <kernel.h>
#include <mm.h>
#include <module.h>
#include <device.h>
#include <ramfs.h>
#include <slab.h>
#include "../kernel/module/internal.h"
#include "internal.h"

#define MODULE_DIR	"/lib/modules/"
#define MAX_DEPTH	16

/* Modules on the way to being probed, against cycles. */
struct chain {
	const struct chain *up;
	const struct ramfs_file *file;
	unsigned int depth;
};

static bool is_module(const struct ramfs_file *f)
{
	size_t n = strlen(f->path);

	return str_has_prefix(f->path, MODULE_DIR) && n > 3 &&
	       !strcmp(f->path + n - 3, ".ko");
}

/* The name without folder and ".ko". */
static void module_name(const struct ramfs_file *f, char *buf, size_t size)
{
	const char *base = strrchr(f->path, '/') + 1;
	size_t n = strlen(base);

	if (n > 3 && !strcmp(base + n - 3, ".ko"))
		n -= 3;
	n = min(n, size - 1);
	memcpy(buf, base, n);
	buf[n] = 0;
}

static const struct ramfs_file *find_by_name(const char *name)
{
	const struct ramfs_file *f;
	char buf[MODULE_NAME_LEN];

	for (f = ramfs_next(NULL); f; f = ramfs_next(f)) {
		if (!is_module(f))
			continue;
		module_name(f, buf, sizeof(buf));
		if (modname_eq(buf, name))
			return f;
	}
	return NULL;
}

/* A copy of .modinfo; the caller frees it. NULL: @reason says why. */
static char *read_modinfo(const struct ramfs_file *f, size_t *size,
			  char *reason, size_t reason_size)
{
	struct mod_elf e;
	char *copy = NULL;

	if (!mod_elf_open(&e, f->data, f->size, sizeof(struct module))) {
		const struct elf64_shdr *s = &e.sh[e.modinfo];

		copy = kmemdup(e.image + s->sh_offset, s->sh_size,
			       GFP_KERNEL);
		*size = s->sh_size;
	}
	strscpy(reason, e.reason, reason_size);
	mod_elf_close(&e);
	return copy;
}

/* '*' stands for anything. */
static bool glob(const char *pat, const char *s)
{
	const char *star = NULL, *back = NULL;

	while (*s) {
		if (*pat == '*') {
			star = pat++;
			back = s;
		} else if (*pat == *s) {
			pat++;
			s++;
		} else if (star) {
			pat = star + 1;
			s = ++back;
		} else {
			return false;
		}
	}
	while (*pat == '*')
		pat++;
	return !*pat;
}

static const struct ramfs_file *find_by_alias(const char *alias)
{
	const struct ramfs_file *f;
	char reason[64];

	for (f = ramfs_next(NULL); f; f = ramfs_next(f)) {
		const char *v = NULL;
		size_t size;
		char *info;
		bool hit = false;

		if (!is_module(f))
			continue;
		info = read_modinfo(f, &size, reason, sizeof(reason));
		if (!info)
			continue;
		while (!hit && (v = modinfo_get(info, size, "alias", v)))
			hit = glob(v, alias);
		kfree(info);
		if (hit)
			return f;
	}
	return NULL;
}

static int probe(const char *name, const struct chain *up);

/* Each word of @list; an error only when @required. */
static int probe_list(const char *list, const char *sep, bool required,
		      const struct chain *up)
{
	char *copy = kstrdup(list, GFP_KERNEL), *p = copy, *word;
	int ret = 0;

	if (!copy)
		return -ENOMEM;
	while (!ret && (word = strsep(&p, sep))) {
		if (!*word)
			continue;
		ret = probe(word, up);
		/* A cycle is a mistake even where absence is none. */
		if (ret && !required && ret != -ELOOP)
			ret = 0;
	}
	kfree(copy);
	return ret;
}

/* "pre: a b post: c": the names behind @which. */
static int probe_softdep(const char *v, const char *which,
			 const struct chain *up)
{
	char *copy = kstrdup(v, GFP_KERNEL), *p = copy, *word;
	bool on = false;
	int ret = 0;

	if (!copy)
		return -ENOMEM;
	while (!ret && (word = strsep(&p, " \t"))) {
		size_t n = strlen(word);

		if (n && word[n - 1] == ':')
			on = !strcmp(word, which);
		else if (n && on)
			ret = probe_list(word, " ", false, up);
	}
	kfree(copy);
	return ret;
}

static int probe_softdeps(const char *info, size_t size, const char *which,
			  const struct chain *up)
{
	const char *v = NULL;
	int ret = 0;

	while (!ret && (v = modinfo_get(info, size, "softdep", v)))
		ret = probe_softdep(v, which, up);
	return ret;
}

static int probe_file(const struct ramfs_file *f, const char *name,
		      const struct chain *up)
{
	struct chain here = { up, f, up ? up->depth + 1 : 0 };
	const struct chain *c;
	char reason[160];
	const char *v;
	size_t size;
	char *info;
	int ret;

	for (c = up; c; c = c->up)
		if (c->file == f) {
			pr_err("modprobe: %s: cycle of dependencies\n", name);
			return -ELOOP;
		}
	if (here.depth > MAX_DEPTH) {
		pr_err("modprobe: %s: dependencies nest too deep\n", name);
		return -ELOOP;
	}
	info = read_modinfo(f, &size, reason, sizeof(reason));
	if (!info) {
		pr_err("modprobe: %s: %s\n", name, reason);
		return -ENOEXEC;
	}
	ret = probe_softdeps(info, size, "pre:", &here);
	v = modinfo_get(info, size, "depends", NULL);
	if (!ret && v)
		ret = probe_list(v, ",", true, &here);
	if (!ret)
		ret = module_load(f->data, f->size, name);
	if (!ret)
		ret = probe_softdeps(info, size, "post:", &here);
	kfree(info);
	return ret;
}

static int probe(const char *name, const struct chain *up)
{
	const struct ramfs_file *f = find_by_name(name);
	char file_name[MODULE_NAME_LEN];

	if (!f)
		f = find_by_alias(name);
	if (!f) {
		pr_err("modprobe: %s: not found in " MODULE_DIR "\n", name);
		return -ENOENT;
	}
	module_name(f, file_name, sizeof(file_name));
	if (find_module(file_name))
		return 0;
	return probe_file(f, file_name, up);
}

int request_module(const char *name)
{
	return probe(name, NULL);
}
EXPORT_SYMBOL(request_module);

static int remove_module(const char *cmd, const char *name)
{
	char holders[200] = "";
	struct module *m = find_module(name);
	int ret;

	if (!m) {
		shell_printf("%s: ERROR: Module %s is not currently loaded\n",
			     cmd, name);
		return -ENOENT;
	}
	module_holders(m, holders, sizeof(holders));
	ret = module_unload(name);
	if (ret == -EBUSY && holders[0])
		shell_printf("%s: ERROR: Module %s is in use by: %s\n", cmd,
			     m->name, holders);
	else if (ret == -EBUSY)
		shell_printf("%s: ERROR: Module %s is in use\n", cmd,
			     m->name);
	else if (ret)
		shell_printf("%s: ERROR: could not remove module %s: -%s\n",
			     cmd, name, errname(ret));
	return ret;
}

static int cmd_insmod(int argc, char **argv)
{
	const struct ramfs_file *f;
	char name[MODULE_NAME_LEN];
	int ret;

	if (argc != 2) {
		shell_printf("usage: insmod FILE\n");
		return -EINVAL;
	}
	f = ramfs_find(argv[1]);
	if (!f) {
		shell_printf("insmod: ERROR: could not load module %s: no such file\n",
			     argv[1]);
		return -ENOENT;
	}
	module_name(f, name, sizeof(name));
	ret = module_load(f->data, f->size, name);
	if (ret)
		shell_printf("insmod: ERROR: could not insert module %s: -%s\n",
			     argv[1], errname(ret));
	return ret;
}
SHELL_COMMAND(insmod, "insmod", "FILE - load one module");

/* The modules that @m alone still uses go with it. */
static int remove_with_deps(const char *name)
{
	const struct ramfs_file *f = find_by_name(name);
	char reason[64], *info, *p, *word;
	const char *v;
	size_t size;
	int ret;

	ret = remove_module("modprobe", name);
	if (ret || !f)
		return ret;
	info = read_modinfo(f, &size, reason, sizeof(reason));
	v = info ? modinfo_get(info, size, "depends", NULL) : NULL;
	p = v ? kstrdup(v, GFP_KERNEL) : NULL;
	kfree(info);
	v = p;
	while (p && (word = strsep(&p, ","))) {
		struct module *m = *word ? find_module(word) : NULL;

		if (m && !module_refcount(m))
			remove_with_deps(word);
	}
	kfree(v);
	return 0;
}

static int cmd_modprobe(int argc, char **argv)
{
	bool all = false, remove = false;
	int i, ret;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "-a"))
			all = true;
		else if (!strcmp(argv[i], "-r"))
			remove = true;
		else
			break;
	}
	if (i >= argc || argv[i][0] == '-' || (argc - i > 1 && !all)) {
		shell_printf("usage: modprobe [-a|-r] NAME...\n");
		return -EINVAL;
	}
	for (; i < argc; i++) {
		ret = remove ? remove_with_deps(argv[i]) :
			       probe(argv[i], NULL);
		if (ret) {
			if (!remove)
				shell_printf("modprobe: ERROR: could not insert '%s': -%s\n",
					     argv[i], errname(ret));
			return ret;
		}
	}
	return 0;
}
SHELL_COMMAND(modprobe, "modprobe",
	      "[-a|-r] NAME... - load by name or alias, with dependencies");

static int cmd_rmmod(int argc, char **argv)
{
	int i, ret = 0;

	if (argc < 2) {
		shell_printf("usage: rmmod NAME...\n");
		return -EINVAL;
	}
	for (i = 1; i < argc && !ret; i++)
		ret = remove_module("rmmod", argv[i]);
	return ret;
}
SHELL_COMMAND(rmmod, "rmmod", "NAME... - unload modules");

static int cmd_lsmod(int argc, char **argv)
{
	char holders[200];
	struct module *m;

	shell_printf("%-19s %8s  %s\n", "Module", "Size", "Used by");
	list_for_each_entry_reverse(m, &modules, list) {
		module_holders(m, holders, sizeof(holders));
		shell_printf("%-19s %8zu  %u%s%s\n", m->name, m->size,
			     module_refcount(m), holders[0] ? " " : "",
			     holders);
	}
	return 0;
}
SHELL_COMMAND(lsmod, "lsmod", "- loaded modules");

static int cmd_modinfo(int argc, char **argv)
{
	const struct ramfs_file *f;
	char reason[160], *info;
	size_t size, at, n;

	if (argc != 2) {
		shell_printf("usage: modinfo NAME|FILE\n");
		return -EINVAL;
	}
	f = argv[1][0] == '/' ? ramfs_find(argv[1]) : find_by_name(argv[1]);
	if (!f) {
		shell_printf("modinfo: ERROR: Module %s not found.\n",
			     argv[1]);
		return -ENOENT;
	}
	info = read_modinfo(f, &size, reason, sizeof(reason));
	if (!info) {
		shell_printf("modinfo: ERROR: %s: %s\n", f->path, reason);
		return -ENOEXEC;
	}
	shell_printf("%-16s%s\n", "filename:", f->path);
	for (at = 0; at < size; at += n + 1) {
		const char *entry = info + at, *eq;
		char tag[24];

		n = strnlen(entry, size - at);
		eq = memchr(entry, '=', n);
		if (n == size - at || !eq)
			continue;
		snprintf(tag, sizeof(tag), "%.*s:", (int)(eq - entry), entry);
		shell_printf("%-16s%s\n", tag, eq + 1);
	}
	kfree(info);
	return 0;
}
SHELL_COMMAND(modinfo, "modinfo", "NAME|FILE - what a module says of itself");

static int coldplug_device(struct device *dev, void *data)
{
	const struct ramfs_file *f;
	char name[MODULE_NAME_LEN];
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
	f = find_by_alias(alias);
	if (f) {
		module_name(f, name, sizeof(name));
		probe(name, NULL);
	}
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
