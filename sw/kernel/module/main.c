/* Loading and unloading of modules. */
#define pr_fmt(fmt) "module: " fmt
#include <arch.h>
#include <export.h>
#include <irq.h>
#include <kernel.h>
#include <kthread.h>
#include <list.h>
#include <mm.h>
#include <mutex.h>
#include <shell.h>
#include <slab.h>
#include <version.h>
#include "internal.h"

LIST_HEAD(modules);
/* Loading and unloading; a module's init may load no other. */
static DEFINE_MUTEX(module_mutex);

struct module *find_module(const char *name)
{
	struct module *m;

	list_for_each_entry(m, &modules, list)
		if (modname_eq(m->name, name))
			return m;
	return NULL;
}
EXPORT_SYMBOL(find_module);

struct module *module_of_address(unsigned long addr)
{
	struct module *m;

	list_for_each_entry(m, &modules, list)
		if (addr >= (unsigned long)m->mem &&
		    addr - (unsigned long)m->mem < m->size)
			return m;
	return NULL;
}

/* Never called. Its checksum covers what the loader and a module share without
 * a call: every module has its version.
 */
void module_layout(struct module *m, struct kernel_symbol *s)
{
}
EXPORT_SYMBOL(module_layout);

static bool gpl_compatible(const char *licence)
{
	static const char *const ok[] = {
		"GPL", "GPL v2", "Dual MIT/GPL", "Dual BSD/GPL",
	};
	unsigned int i;

	for (i = 0; licence && i < ARRAY_SIZE(ok); i++)
		if (!strcmp(licence, ok[i]))
			return true;
	return false;
}

static int check_modinfo(struct mod_elf *e, char *name, bool *gpl)
{
	const struct elf64_shdr *s = &e->sh[e->modinfo];
	const char *info = (const char *)e->image + s->sh_offset;
	const char *v;
	int ret;

	v = modinfo_get(info, s->sh_size, "name", NULL);
	if (!v || !*v || strlen(v) >= MODULE_NAME_LEN ||
	    strcspn(v, "/, \t\n") != strlen(v)) {
		mod_elf_refuse(e, "no valid name in .modinfo");
		return -ENOEXEC;
	}
	strscpy(name, v, MODULE_NAME_LEN);
	v = modinfo_get(info, s->sh_size, "vermagic", NULL);
	if (!v || strcmp(v, VERMAGIC_STRING)) {
		mod_elf_refuse(e, "version magic '%s' should be '%s'",
			       v ? v : "(none)", VERMAGIC_STRING);
		return -ENOEXEC;
	}
	ret = module_check_layout(e);
	if (ret)
		return ret;
	*gpl = gpl_compatible(modinfo_get(info, s->sh_size, "license", NULL));
	if (find_module(name)) {
		mod_elf_refuse(e, "already loaded");
		return -EEXIST;
	}
	return 0;
}

/* Copies the sections; addr[] become addresses. */
static void place(struct mod_elf *e, u8 *mem)
{
	unsigned int i;

	memset(mem, 0, e->total);
	for (i = 1; i < e->shnum; i++) {
		const struct elf64_shdr *s = &e->sh[i];

		if (!(s->sh_flags & SHF_ALLOC))
			continue;
		e->addr[i] += (u64)mem;
		if (s->sh_type != SHT_NOBITS)
			memcpy((void *)e->addr[i], e->image + s->sh_offset,
			       s->sh_size);
	}
}

/* The linked struct module; what the file says beside its functions is not
 * believed.
 */
static int take_this_module(struct module **mp, struct mod_elf *e, u8 *mem,
			    const struct module *draft)
{
	struct module *m = (struct module *)e->addr[e->this_module];
	int (*init)(void) = m->init;
	void (*exit)(void) = m->exit;
	unsigned long lo = (unsigned long)mem, hi = lo + e->region_size[0];

	if ((init && ((unsigned long)init < lo || (unsigned long)init >= hi ||
		      (unsigned long)init & 3)) ||
	    (exit && ((unsigned long)exit < lo || (unsigned long)exit >= hi ||
		      (unsigned long)exit & 3))) {
		mod_elf_refuse(e, "init or exit function lies outside of the code");
		return -ENOEXEC;
	}
	*m = *draft;
	m->init = init;
	m->exit = exit;
	INIT_LIST_HEAD(&m->users);
	*mp = m;
	return 0;
}

static int copy_modinfo(struct module *m, struct mod_elf *e)
{
	const struct elf64_shdr *s = &e->sh[e->modinfo];

	m->modinfo = kmemdup(e->image + s->sh_offset, s->sh_size, GFP_KERNEL);
	if (!m->modinfo) {
		mod_elf_refuse(e, "no memory");
		return -ENOMEM;
	}
	m->modinfo_size = s->sh_size;
	return 0;
}

/* Text executable and read-only, read-only data read-only, the rest RW. */
static int protect(const struct mod_elf *e, u8 *mem)
{
	unsigned long text = (unsigned long)mem;
	unsigned long ro = text + e->region_start[MOD_RO];
	int ret = 0;

	if (e->region_size[MOD_TEXT])
		ret = set_memory_rox(text, (int)(e->region_size[MOD_TEXT] >>
						 PAGE_SHIFT));
	if (!ret && e->region_size[MOD_RO])
		ret = set_memory_ro(ro, (int)(e->region_size[MOD_RO] >>
					      PAGE_SHIFT));
	return ret;
}

static void free_parts(struct module *m)
{
	void *mem = m->mem;

	kvfree(m->kallsyms);
	kvfree(m->strtab);
	kfree(m->modinfo);
	/* @m itself is in there. */
	module_free(mem);
}

/* All but running it. On success the module is listed as coming. */
static int load(struct mod_elf *e, struct module *draft, struct module **mp)
{
	struct module *m = NULL;
	u8 *mem = module_alloc(e->total);
	int ret;

	if (!mem) {
		mod_elf_refuse(e, "no memory for %zu bytes", e->total);
		return -ENOMEM;
	}
	place(e, mem);
	draft->mem = mem;
	draft->size = e->total;
	draft->text_size = e->region_size[MOD_TEXT];
	draft->ro_size = e->region_size[MOD_RO];
	draft->state = MODULE_STATE_COMING;
	/* References name the struct that stays: its address is known. */
	INIT_LIST_HEAD(&draft->users);
	m = (struct module *)e->addr[e->this_module];
	ret = module_link_symbols(m, draft, e);
	if (!ret)
		ret = take_this_module(&m, e, mem, draft);
	if (ret)
		goto out_drop;
	ret = module_setup_exports(m, e);
	if (!ret)
		ret = module_setup_kallsyms(m, e);
	if (!ret)
		ret = copy_modinfo(m, e);
	if (!ret)
		ret = protect(e, mem);
	if (ret)
		goto out_free;
	flush_icache_range((unsigned long)mem,
			   (unsigned long)mem + e->region_size[MOD_TEXT]);
	list_add_tail(&m->list, &modules);
	*mp = m;
	return 0;

out_free:
	module_drop_references(m, false);
	free_parts(m);
	return ret;

out_drop:
	module_drop_references(m, false);
	module_free(mem);
	return ret;
}

static void discard(struct module *m)
{
	shell_drop_module(m);
	irq_drop_range(m->mem, m->size, m->name);
	module_drop_references(m, true);
	list_del(&m->list);
	free_parts(m);
}

int module_load(const void *image, size_t size, const char *label)
{
	struct module draft = { 0 }, *m;
	struct mod_elf e;
	int ret;

	if (module_mutex.owner == current)
		return -EDEADLK;
	mutex_lock(&module_mutex);
	ret = mod_elf_open(&e, image, size, sizeof(struct module));
	if (!ret)
		ret = check_modinfo(&e, draft.name, &draft.gpl);
	if (!ret)
		ret = load(&e, &draft, &m);
	if (ret) {
		pr_err("%s: %s\n", draft.name[0] ? draft.name : label,
		       e.reason);
		mod_elf_close(&e);
		goto out_unlock;
	}
	mod_elf_close(&e);
	if (m->init)
		ret = m->init();
	if (ret > 0)
		ret = -EINVAL;
	if (ret) {
		pr_err("%s: init failed: -%s\n", m->name, errname(ret));
		m->state = MODULE_STATE_GOING;
		discard(m);
		goto out_unlock;
	}
	m->state = MODULE_STATE_LIVE;
	pr_info("%s: loaded, %zu KiB at %p\n", m->name, m->size >> 10, m->mem);

out_unlock:
	mutex_unlock(&module_mutex);
	return ret;
}
EXPORT_SYMBOL(module_load);

int module_unload(const char *name)
{
	char holders[200];
	struct module *m;
	int ret = 0;

	if (module_mutex.owner == current)
		return -EDEADLK;
	mutex_lock(&module_mutex);
	m = find_module(name);
	if (!m) {
		ret = -ENOENT;
		goto out_unlock;
	}
	if (!list_empty(&m->users)) {
		module_holders(m, holders, sizeof(holders));
		pr_err("%s: in use by %s\n", m->name,
		       holders[0] ? holders : "[anonymous]");
		ret = -EBUSY;
		goto out_unlock;
	}
	if (m->init && !m->exit) {
		pr_err("%s: has no exit function, it is permanent\n",
		       m->name);
		ret = -EBUSY;
		goto out_unlock;
	}
	m->state = MODULE_STATE_GOING;
	if (m->exit)
		m->exit();
	pr_info("%s: unloaded\n", m->name);
	discard(m);

out_unlock:
	mutex_unlock(&module_mutex);
	return ret;
}
EXPORT_SYMBOL(module_unload);
