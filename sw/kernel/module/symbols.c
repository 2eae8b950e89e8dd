// SPDX-License-Identifier: MIT
/* Exported symbols and their versions. Tables are looked up by their order of
 * names, which is made once, in time n log n whatever the names.
 */
#define pr_fmt(fmt) "module: " fmt
#include <kernel.h>
#include <list.h>
#include <slab.h>
#include <sort.h>
#include "internal.h"

static const char *symbol_name(const struct kernel_symbol *s)
{
	return (const char *)&s->name_offset + s->name_offset;
}

static unsigned long symbol_value(const struct kernel_symbol *s)
{
	return (unsigned long)&s->value_offset + (unsigned long)s->value_offset;
}

static int cmp_exports(const void *a, const void *b, const void *priv)
{
	const struct kernel_symbol *syms = priv;

	return strcmp(symbol_name(&syms[*(const u32 *)a]),
		      symbol_name(&syms[*(const u32 *)b]));
}

int module_sort_exports(struct module_exports *x)
{
	u32 i;

	x->order = kvmalloc(x->num * sizeof(*x->order), GFP_KERNEL);
	if (!x->order)
		return -ENOMEM;
	for (i = 0; i < x->num; i++)
		x->order[i] = i;
	sort_r(x->order, x->num, sizeof(*x->order), cmp_exports, x->syms);
	return 0;
}

static bool search(const struct module_exports *x, const char *name,
		   struct exported *out)
{
	u32 lo = 0, hi = x->num;

	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2, i = x->order[mid];
		int c = strcmp(name, symbol_name(&x->syms[i]));

		if (!c) {
			out->value = symbol_value(&x->syms[i]);
			out->crc = x->crcs[i];
			return true;
		}
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return false;
}

static bool search_both(const struct module_exports *plain,
			const struct module_exports *gpl, struct module *owner,
			const char *name, struct exported *out)
{
	out->owner = owner;
	out->gpl = false;
	if (search(plain, name, out))
		return true;
	out->gpl = true;
	return search(gpl, name, out);
}

bool module_find_export(const char *name, struct exported *out)
{
	struct module *m;

	if (search_both(&kernel_exports[0], &kernel_exports[1], NULL, name,
			out))
		return true;
	list_for_each_entry(m, &modules, list)
		/* An unformed one has no tables yet. */
		if (m->state != MODULE_STATE_UNFORMED &&
		    m->state != MODULE_STATE_FAILED &&
		    search_both(&m->exports, &m->gpl_exports, m, name, out))
			return true;
	return false;
}

/* The names are closed, and values lie inside of the module. */
static int check_entries(const struct module *m, struct mod_elf *e,
			 const struct module_exports *x, const char *tab,
			 unsigned int strings)
{
	const char *lo = (const char *)e->addr[strings];
	const char *hi = lo + e->sh[strings].sh_size;
	unsigned int i;

	if (lo == hi || hi[-1]) {
		mod_elf_refuse(e, "__ksymtab_strings is not closed");
		return -ENOEXEC;
	}
	for (i = 0; i < x->num; i++) {
		const char *name = symbol_name(&x->syms[i]);
		unsigned long v = symbol_value(&x->syms[i]);

		if (name < lo || name >= hi ||
		    v < (unsigned long)m->mem ||
		    v >= (unsigned long)m->mem + m->size) {
			mod_elf_refuse(e, "%s: entry %u lies outside of the module",
				       tab, i);
			return -ENOEXEC;
		}
		if (strnlen(name, MOD_SYM_NAME_LEN) == MOD_SYM_NAME_LEN) {
			mod_elf_refuse(e, "%s: the name of entry %u has more than %d characters",
				       tab, i, MOD_SYM_NAME_LEN - 1);
			return -ENOEXEC;
		}
	}
	return 0;
}

static int check_duplicates(struct module *m, struct mod_elf *e,
			    const struct module_exports *x)
{
	struct exported other;
	unsigned int i;

	for (i = 0; i < x->num; i++) {
		const char *name = symbol_name(&x->syms[x->order[i]]);

		if (module_find_export(name, &other)) {
			mod_elf_refuse(e, "exports duplicate symbol %s (owned by %s)",
				       name, other.owner ? other.owner->name :
				       "kernel");
			return -ENOEXEC;
		}
		if ((i && !strcmp(name, symbol_name(&x->syms[x->order[i - 1]]))) ||
		    (x == &m->gpl_exports &&
		     search(&m->exports, name, &other))) {
			mod_elf_refuse(e, "exports symbol %s twice", name);
			return -ENOEXEC;
		}
	}
	return 0;
}

static int setup_table(struct module *m, struct mod_elf *e, const char *tab,
		       const char *crctab, struct module_exports *x)
{
	unsigned int t = mod_elf_find(e, tab), c = mod_elf_find(e, crctab);
	unsigned int str = mod_elf_find(e, "__ksymtab_strings");
	int ret;

	if (!t)
		return 0;
	x->num = (unsigned int)(e->sh[t].sh_size / sizeof(*x->syms));
	if (!c || e->sh[c].sh_size / sizeof(u32) != x->num ||
	    e->sh[t].sh_size % sizeof(*x->syms) || !str ||
	    (e->addr[t] & 3) || (e->addr[c] & 3)) {
		mod_elf_refuse(e, "%s does not match its checksums", tab);
		return -ENOEXEC;
	}
	x->syms = (const struct kernel_symbol *)e->addr[t];
	x->crcs = (const u32 *)e->addr[c];
	ret = check_entries(m, e, x, tab, str);
	if (ret)
		return ret;
	if (module_sort_exports(x)) {
		mod_elf_refuse(e, "no memory");
		return -ENOMEM;
	}
	return check_duplicates(m, e, x);
}

int module_setup_exports(struct module *m, struct mod_elf *e)
{
	int ret = setup_table(m, e, "__ksymtab", "__kcrctab", &m->exports);

	return ret ? ret : setup_table(m, e, "__ksymtab_gpl", "__kcrctab_gpl",
				       &m->gpl_exports);
}

void module_free_exports(struct module *m)
{
	kvfree(m->exports.order);
	kvfree(m->gpl_exports.order);
}

/* An entry of the section __versions. */
struct version_entry {
	u64 crc;
	char name[MODULE_NAME_LEN];
};

static const struct elf64_shdr *versions_section(const struct mod_elf *e)
{
	unsigned int v = mod_elf_find(e, "__versions");

	return v && e->sh[v].sh_type == SHT_PROGBITS ? &e->sh[v] : NULL;
}

/* In the file: at any address, and names may not be closed. */
static const u8 *versions_base(const struct mod_elf *e)
{
	return e->image + versions_section(e)->sh_offset;
}

static const char *version_name(const u8 *entry)
{
	return (const char *)entry + offsetof(struct version_entry, name);
}

static int cmp_versions(const void *a, const void *b, const void *priv)
{
	const u8 *base = priv;

	return strncmp(version_name(base + *(const u32 *)a *
				    sizeof(struct version_entry)),
		       version_name(base + *(const u32 *)b *
				    sizeof(struct version_entry)),
		       MODULE_NAME_LEN);
}

static u32 nr_versions(const struct mod_elf *e)
{
	return (u32)(versions_section(e)->sh_size /
		     sizeof(struct version_entry));
}

int module_sort_versions(struct mod_elf *e, u32 **order)
{
	u32 i, n;

	*order = NULL;
	if (!versions_section(e)) {
		mod_elf_refuse(e, "no symbol versions");
		return -ENOEXEC;
	}
	n = nr_versions(e);
	*order = kvmalloc(n * sizeof(**order), GFP_KERNEL);
	if (!*order) {
		mod_elf_refuse(e, "no memory");
		return -ENOMEM;
	}
	for (i = 0; i < n; i++)
		(*order)[i] = i;
	sort_r(*order, n, sizeof(**order), cmp_versions, versions_base(e));
	return 0;
}

static int check_version(struct mod_elf *e, const u32 *order,
			 const char *name, u32 crc)
{
	const u8 *base = versions_base(e);
	u32 lo = 0, hi = nr_versions(e);

	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;
		const u8 *entry = base + (u64)order[mid] *
				  sizeof(struct version_entry);
		int c = strncmp(name, version_name(entry), MODULE_NAME_LEN);
		u64 has;

		memcpy(&has, entry, sizeof(has));
		if (!c && has == crc)
			return 0;
		if (!c) {
			mod_elf_refuse(e, "disagrees about version of symbol %s (has %#010llx, wants %#010x)",
				       name, has, crc);
			return -ENOEXEC;
		}
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	mod_elf_refuse(e, "no version for symbol %s", name);
	return -ENOEXEC;
}

int module_check_layout(struct mod_elf *e, const u32 *versions)
{
	struct exported x;

	if (!search_both(&kernel_exports[0], &kernel_exports[1], NULL,
			 "module_layout", &x)) {
		mod_elf_refuse(e, "the kernel exports no module_layout");
		return -ENOEXEC;
	}
	return check_version(e, versions, "module_layout", x.crc);
}

/* With module_mutex. 1: its owner is on its way in or out, and named. */
static int try_resolve(struct module *m, struct mod_elf *e,
		       const u32 *versions, const char *name, u64 *value,
		       char *owner)
{
	struct exported x;
	int ret;

	if (!module_find_export(name, &x)) {
		mod_elf_refuse(e, "unknown symbol %s", name);
		return -ENOENT;
	}
	if (x.owner && x.owner->state != MODULE_STATE_LIVE) {
		strscpy(owner, x.owner->name, MODULE_NAME_LEN);
		return 1;
	}
	if (x.gpl && !m->gpl) {
		mod_elf_refuse(e, "GPL-only symbol %s, but the licence is not GPL compatible",
			       name);
		return -EACCES;
	}
	ret = check_version(e, versions, name, x.crc);
	if (ret)
		return ret;
	*value = x.value;
	if (x.owner && module_add_dependency(x.owner, m)) {
		mod_elf_refuse(e, "no memory");
		return -ENOMEM;
	}
	return 0;
}

int module_resolve(struct module *m, struct mod_elf *e, const u32 *versions,
		   const char *name, bool weak, u64 *value)
{
	char owner[MODULE_NAME_LEN];
	int ret;

	for (;;) {
		mutex_lock(&module_mutex);
		ret = try_resolve(m, e, versions, name, value, owner);
		mutex_unlock(&module_mutex);
		if (ret <= 0)
			break;
		/* What it becomes is seen in the next turn. */
		if (module_wait(owner) == -EDEADLK) {
			mod_elf_refuse(e, "symbol %s is of %s, which is not ready and waits for this module",
				       name, owner);
			return -EDEADLK;
		}
	}
	if (ret == -ENOENT && weak) {
		*value = 0;
		ret = 0;
	}
	return ret;
}
