// SPDX-License-Identifier: MIT
/* Names, aliases and dependencies: what modprobe does, over an index of the
 * initramfs that is made once.
 */
#define pr_fmt(fmt) "modprobe: " fmt
#include <arch.h>
#include <err.h>
#include <kernel.h>
#include <list.h>
#include <mutex.h>
#include <ramfs.h>
#include <slab.h>
#include <sort.h>
#include "internal.h"
#include "modprobe.h"

#define MAX_DEPTH	16

/* Also a parameter of Linux's: modprobe.blacklist=a,b on the command line. */
static char *blacklist;
module_param(blacklist, charp, 0444);

struct mod_alias {
	const char *pattern;
	const struct mod_file *file;
};

/* Made under index_mutex; never changed after that. */
static DEFINE_MUTEX(index_mutex);
static bool index_ready;
static struct mod_file *files;	/* by name */
static size_t nr_files;
static struct mod_alias *aliases;
static size_t nr_aliases;
static LIST_HEAD(conf);

/* Modules on the way to being loaded, against cycles. */
struct chain {
	const struct chain *up;
	const struct mod_file *file;
	unsigned int depth;
};

static bool is_module(const struct ramfs_file *f)
{
	size_t n = strlen(f->path);

	return str_has_prefix(f->path, MODULE_DIR) && n > 3 &&
	       !strcmp(f->path + n - 3, ".ko");
}

static bool is_conf(const struct ramfs_file *f)
{
	size_t n = strlen(f->path);

	return (f->mode & RAMFS_IFMT) == RAMFS_IFREG &&
	       (!strcmp(f->path, "/etc/modprobe.conf") ||
		(str_has_prefix(f->path, "/etc/modprobe.d/") &&
		 !strcmp(f->path + n - 5, ".conf")));
}

/* '-' and '_' are one. */
static int cmp_names(const char *a, const char *b)
{
	for (;; a++, b++) {
		char x = *a == '-' ? '_' : *a, y = *b == '-' ? '_' : *b;

		if (x != y)
			return x < y ? -1 : 1;
		if (!x)
			return 0;
	}
}

/* Of the same name the later one of the archive comes later: it replaces the
 * earlier one.
 */
static int cmp_files(const void *a, const void *b, const void *priv)
{
	const struct mod_file *x = a, *y = b;
	int c = cmp_names(x->name, y->name);

	if (c)
		return c;
	return x->f->data < y->f->data ? -1 : x->f->data > y->f->data;
}

/* 0 or -ENOMEM. */
static int read_file(struct mod_file *m, const struct ramfs_file *f,
		     struct mod_elf *e)
{
	const char *base = strrchr(f->path, '/') + 1;
	size_t n = strlen(base);
	int ret;

	if (n > 3 && !strcmp(base + n - 3, ".ko"))
		n -= 3;
	n = min(n, sizeof(m->name) - 1);

	m->f = f;
	memcpy(m->name, base, n);
	m->name[n] = 0;
	ret = mod_elf_open(e, f->data, f->size, sizeof(struct module));
	if (!ret) {
		m->info = (const char *)f->data + e->sh[e->modinfo].sh_offset;
		m->info_size = e->sh[e->modinfo].sh_size;
		m->size = e->total;
	}
	mod_elf_close(e);
	/* A damaged file is listed: loading it says what is wrong. */
	return ret == -ENOMEM ? ret : 0;
}

static int index_files(void)
{
	struct mod_elf *e = kmalloc(sizeof(*e), GFP_KERNEL);
	const struct ramfs_file *f;
	size_t n = 0, i;
	int ret = 0;

	for (f = ramfs_next(NULL); f; f = ramfs_next(f))
		n += is_module(f);
	files = kvzalloc(n * sizeof(*files), GFP_KERNEL);
	if (!e || !files) {
		kfree(e);
		return -ENOMEM;
	}
	n = 0;
	for (f = ramfs_next(NULL); f && !ret; f = ramfs_next(f))
		if (is_module(f))
			ret = read_file(&files[n++], f, e);
	kfree(e);
	if (ret)
		return ret;
	sort_r(files, n, sizeof(*files), cmp_files, NULL);
	nr_files = 0;
	for (i = 0; i < n; i++) {
		if (i + 1 < n && !cmp_names(files[i].name, files[i + 1].name))
			continue;
		files[nr_files++] = files[i];
	}
	return 0;
}

static int index_aliases(void)
{
	const char *v;
	size_t i, n = 0;

	for (i = 0; i < nr_files; i++)
		for (v = NULL; files[i].info &&
		     (v = modinfo_get(files[i].info, files[i].info_size,
				      "alias", v));)
			n++;
	aliases = kvmalloc(n * sizeof(*aliases), GFP_KERNEL);
	if (!aliases)
		return -ENOMEM;
	nr_aliases = 0;
	for (i = 0; i < nr_files; i++)
		for (v = NULL; files[i].info &&
		     (v = modinfo_get(files[i].info, files[i].info_size,
				      "alias", v));) {
			aliases[nr_aliases].pattern = v;
			aliases[nr_aliases++].file = &files[i];
		}
	return 0;
}

static int read_conf(void)
{
	const struct ramfs_file *f;
	int ret = 0;

	for (f = ramfs_next(NULL); f && !ret; f = ramfs_next(f))
		if (is_conf(f) && ramfs_find(f->path) == f)
			ret = modconf_parse(&conf, f->path, f->data, f->size);
	return ret;
}

static int make_index(void)
{
	int ret = index_files();

	if (!ret)
		ret = index_aliases();
	if (!ret)
		ret = read_conf();
	if (!ret) {
		pr_info("%zu modules and %zu aliases in " MODULE_DIR "\n",
			nr_files, nr_aliases);
		index_ready = true;
		return 0;
	}
	modconf_free(&conf);
	kvfree(aliases);
	kvfree(files);
	aliases = NULL;
	files = NULL;
	nr_files = 0;
	nr_aliases = 0;
	return ret;
}

static int need_index(void)
{
	int ret = 0;

	mutex_lock(&index_mutex);
	if (!index_ready)
		ret = make_index();
	mutex_unlock(&index_mutex);
	if (ret)
		pr_err("no memory for the index of modules\n");
	return ret;
}

static const struct mod_file *find_file(const char *name)
{
	size_t lo = 0, hi = nr_files;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = cmp_names(name, files[mid].name);

		if (!c)
			return &files[mid];
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

int mod_file_read(struct mod_file *m, const struct ramfs_file *f)
{
	struct mod_elf *e = kmalloc(sizeof(*e), GFP_KERNEL);
	int ret = e ? 0 : -ENOMEM;

	memset(m, 0, sizeof(*m));
	if (!ret)
		ret = read_file(m, f, e);
	kfree(e);
	return ret;
}

const struct mod_file *mod_index_find(const char *name)
{
	return need_index() ? NULL : find_file(name);
}

const struct mod_file *mod_index_at(size_t n)
{
	return need_index() || n >= nr_files ? NULL : &files[n];
}

/* Is @name one of "a,b"? */
static bool in_list(const char *list, const char *name)
{
	while (list && *list) {
		size_t n = strcspn(list, ","), i;

		for (i = 0; i < n && name[i] &&
		     (list[i] == '-' ? '_' : list[i]) ==
		     (name[i] == '-' ? '_' : name[i]); i++)
			;
		if (i == n && !name[n])
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

static bool blacklisted(const char *name)
{
	const struct conf_entry *c;

	list_for_each_entry(c, &conf, node)
		if (c->kind == CONF_BLACKLIST && modname_eq(c->name, name))
			return true;
	return in_list(blacklist, name);
}

/* Adds " @text" to a string on the heap. */
static int append(char **s, const char *text)
{
	char *joined = kasprintf(GFP_KERNEL, "%s%s%s", *s ? *s : "",
				 *s ? " " : "", text);

	if (!joined)
		return -ENOMEM;
	kfree(*s);
	*s = joined;
	return 0;
}

/* "name.param=value" of the kernel's command line. */
static int append_cmdline(char **s, const char *name)
{
	char *copy = kstrdup(boot_command_line, GFP_KERNEL), *p = copy;
	char *arg, *value, *dot, *text;
	int ret = copy ? 0 : -ENOMEM;

	while (!ret && (arg = next_arg(&p, &value)) && !IS_ERR(arg)) {
		dot = strchr(arg, '.');
		if (!dot)
			continue;
		*dot++ = 0;
		if (cmp_names(arg, name))
			continue;
		text = value ? kasprintf(GFP_KERNEL, "%s=\"%s\"", dot, value) :
			       kstrdup(dot, GFP_KERNEL);
		ret = text ? append(s, text) : -ENOMEM;
		kfree(text);
	}
	kfree(copy);
	return ret;
}

/* Parameters of a module: modprobe.conf, command line, then the caller's; the
 * last one counts.
 */
static int collect_args(const char *name, const char *args, char **out)
{
	const struct conf_entry *c;
	int ret = 0;

	*out = NULL;
	list_for_each_entry(c, &conf, node)
		if (!ret && c->kind == CONF_OPTIONS &&
		    modname_eq(c->name, name))
			ret = append(out, c->rest);
	if (!ret)
		ret = append_cmdline(out, name);
	if (!ret && args && *args)
		ret = append(out, args);
	if (ret) {
		kfree(*out);
		pr_err("%pE: no memory\n", name);
	}
	return ret;
}

static int probe_name(const char *name, bool by_alias, const struct chain *up);

/* Each word of @list; what is absent is an error only when @for_whom needs it. */
static int probe_list(const char *list, const char *sep, const char *for_whom,
		      const struct chain *up)
{
	char *copy = kstrdup(list, GFP_KERNEL), *p = copy, *word;
	int ret = 0;

	if (!copy)
		return -ENOMEM;
	while (!ret && (word = strsep(&p, sep))) {
		if (!*word)
			continue;
		/* What the code needs goes by name, as in modules.dep. */
		ret = probe_name(word, !for_whom, up);
		if (ret == -ENOENT && for_whom)
			pr_err("%pE: depends on %pE, which is not in " MODULE_DIR "\n",
			       for_whom, word);
		/* A cycle is a mistake even where absence is none. */
		if (ret && !for_whom && ret != -ELOOP)
			ret = 0;
	}
	kfree(copy);
	return ret;
}

static int probe_softdep(const char *text, const char *which,
			 const struct chain *up)
{
	char *names = kmalloc(strlen(text) + 1, GFP_KERNEL);
	int ret;

	if (!names)
		return -ENOMEM;
	softdep_names(text, which, names);
	ret = probe_list(names, " ", NULL, up);
	kfree(names);
	return ret;
}

static int probe_softdeps(const struct mod_file *m, const char *which,
			  const struct chain *up)
{
	const struct conf_entry *c;
	const char *v = NULL;
	int ret = 0;

	while (!ret && (v = modinfo_get(m->info, m->info_size, "softdep", v)))
		ret = probe_softdep(v, which, up);
	list_for_each_entry(c, &conf, node)
		if (!ret && c->kind == CONF_SOFTDEP &&
		    modname_eq(c->name, m->name))
			ret = probe_softdep(c->rest, which, up);
	return ret;
}

static int check_chain(const struct mod_file *m, const struct chain *up)
{
	const struct chain *c;

	for (c = up; c; c = c->up)
		if (c->file == m) {
			pr_err("%pE: cycle of dependencies\n", m->name);
			return -ELOOP;
		}
	if (up && up->depth == MAX_DEPTH) {
		pr_err("%pE: dependencies nest too deep\n", m->name);
		return -ELOOP;
	}
	return 0;
}

static int load_file(const struct mod_file *m, const char *args)
{
	char *all;
	int ret = collect_args(m->name, args, &all);

	if (ret)
		return ret;
	ret = module_load_once(m->f->data, m->f->size, m->name, all);
	kfree(all);
	return ret;
}

/* True when there is nothing to do, or nothing can be done: @ret. */
static bool is_there(const char *name, int *ret)
{
	bool live;

	*ret = module_wait(name);
	if (*ret == -EDEADLK)
		return true;
	mutex_lock(&module_mutex);
	live = module_find(name) &&
	       module_find(name)->state == MODULE_STATE_LIVE;
	mutex_unlock(&module_mutex);
	*ret = 0;
	return live;
}

static int probe_file(const struct mod_file *m, const char *args,
		      const struct chain *up)
{
	struct chain here = { up, m, up ? up->depth + 1 : 0 };
	const char *v;
	int ret;

	if (is_there(m->name, &ret))
		return ret;
	ret = check_chain(m, up);
	if (ret)
		return ret;
	/* The loader says what is wrong with it. */
	if (!m->info)
		return load_file(m, args);
	ret = probe_softdeps(m, "pre:", &here);
	v = modinfo_get(m->info, m->info_size, "depends", NULL);
	if (!ret && v)
		ret = probe_list(v, ",", m->name, &here);
	if (!ret)
		ret = load_file(m, args);
	if (!ret)
		ret = probe_softdeps(m, "post:", &here);
	/* -ENOENT is for names that nothing has. What a file wants that is there
	 * has been told.
	 */
	return ret == -ENOENT ? -ENOEXEC : ret;
}

/* What several modules said, as one: one that is there is enough. */
struct outcome {
	bool loaded;
	int error;
};

static void note(struct outcome *o, int ret)
{
	if (!ret)
		o->loaded = true;
	else if (!o->error)
		o->error = ret;
}

static int probe_any(const char *name, const char *args, bool apply_blacklist,
		     const struct chain *up)
{
	const struct mod_file *m, *done = NULL;
	struct outcome o = { false, 0 };
	const struct conf_entry *c;
	size_t i;
	int ret;

	list_for_each_entry(c, &conf, node) {
		if (c->kind != CONF_ALIAS || !alias_match(c->name, name))
			continue;
		m = find_file(c->rest);
		if (m)
			note(&o, blacklisted(m->name) ? -EPERM :
			     probe_file(m, args, up));
	}
	if (o.loaded || o.error)
		return o.loaded ? 0 : o.error;

	m = find_file(name);
	if (m && apply_blacklist && blacklisted(m->name))
		return -EPERM;
	if (m)
		return probe_file(m, args, up);

	/* An alias: all that match, each once. */
	for (i = 0; i < nr_aliases; i++) {
		m = aliases[i].file;
		if (m == done || !alias_match(aliases[i].pattern, name))
			continue;
		done = m;
		note(&o, blacklisted(m->name) ? -EPERM :
		     probe_file(m, args, up));
	}
	if (o.loaded || o.error)
		return o.loaded ? 0 : o.error;
	/* It may have come from elsewhere. */
	return is_there(name, &ret) ? ret : -ENOENT;
}

static int probe_name(const char *name, bool by_alias, const struct chain *up)
{
	const struct mod_file *m = find_file(name);
	int ret;

	if (by_alias)
		return probe_any(name, NULL, false, up);
	if (m)
		return probe_file(m, NULL, up);
	return is_there(name, &ret) ? ret : -ENOENT;
}

int modprobe(const char *name, const char *args, bool apply_blacklist)
{
	int ret = need_index();

	return ret ? ret : probe_any(name, args, apply_blacklist, NULL);
}
