// SPDX-License-Identifier: MIT
/* Loading and unloading of modules. */
#define pr_fmt(fmt) "module: " fmt
#include <arch.h>
#include <device.h>
#include <export.h>
#include <irq.h>
#include <kernel.h>
#include <kthread.h>
#include <list.h>
#include <mm.h>
#include <sched.h>
#include <shell.h>
#include <slab.h>
#include <timer.h>
#include <version.h>
#include <workqueue.h>
#include "internal.h"

/* Never called. Its checksum covers what the loader and a module share without
 * a call: every module has its version.
 */
void module_layout(struct module *m, struct kernel_symbol *s,
		   struct kernel_param *p)
{
}
EXPORT_SYMBOL(module_layout);

/* On the heap: loads nest, and stacks are small. */
struct load {
	struct mod_elf e;
	struct module draft;	/* what the file says */
	struct module self;	/* struct module as it is linked */
	char label[MODULE_NAME_LEN];
};

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

static bool valid_name(const char *name)
{
	const char *p;

	for (p = name; *p; p++)
		if (!isprint(*p) || strchr("/, \"'", *p))
			return false;
	return *name && p - name < MODULE_NAME_LEN;
}

static int check_modinfo(struct mod_elf *e, struct module *draft)
{
	const struct elf64_shdr *s = &e->sh[e->modinfo];
	const char *info = (const char *)e->image + s->sh_offset;
	const char *v;

	v = modinfo_get(info, s->sh_size, "name", NULL);
	if (!v || !valid_name(v)) {
		mod_elf_refuse(e, "no valid name in .modinfo");
		return -ENOEXEC;
	}
	strscpy(draft->name, v, sizeof(draft->name));
	v = modinfo_get(info, s->sh_size, "vermagic", NULL);
	if (!v || strcmp(v, VERMAGIC_STRING)) {
		mod_elf_refuse(e, "version magic '%.60s' should be '%s'",
			       v ? v : "(none)", VERMAGIC_STRING);
		return -ENOEXEC;
	}
	v = modinfo_get(info, s->sh_size, "license", NULL);
	draft->gpl = gpl_compatible(v);
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

static bool in_code(const struct module *m, unsigned long fn)
{
	return fn >= (unsigned long)m->mem &&
	       fn - (unsigned long)m->mem < m->text_size && !(fn & 3);
}

/* Of the linked struct module no more than this is believed. */
static int take_functions(struct module *m, struct mod_elf *e,
			  const struct module *self)
{
	if ((self->init && !in_code(m, (unsigned long)self->init)) ||
	    (self->exit && !in_code(m, (unsigned long)self->exit))) {
		mod_elf_refuse(e, "init or exit function lies outside of the code");
		return -ENOEXEC;
	}
	m->init = self->init;
	m->exit = self->exit;
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

/* What would call into its memory later. No lock is held. */
static void drop_callers(struct module *m)
{
	shell_drop_module(m);
	driver_drop_range(m->mem, m->size, m, m->name);
	irq_drop_range(m->mem, m->size, m->name);
	workqueue_drop_range(m->mem, m->size, m->name);
	timer_drop_range(m->mem, m->size, m->name);
}

/* Not yet listed, or not any more. */
static void free_parts(struct module *m)
{
	char thread[TASK_NAME_LEN];
	void *mem = m->mem;
	bool runs = kthread_in_range(mem, m->size, thread, sizeof(thread));

	/* Nobody can stop it from here. */
	if (runs)
		pr_warn("%s leaves the thread %s: its memory stays\n", m->name,
			thread);

	module_free_exports(m);
	param_values_free(m->values);
	kvfree(m->kallsyms);
	kvfree(m->strtab);
	kfree(m->sections);
	/* @m itself is in there. */
	if (!runs)
		module_free(mem);
}

static void discard(struct module *m, bool warn)
{
	module_sysfs_remove(m);
	drop_callers(m);
	module_drop_references(m, warn);
	module_leave(m);
	module_debug_change(m, false);
	free_parts(m);
}

/* The rest of what can be refused; @m is listed as unformed. */
static int form(struct module *m, struct load *l, const char *args)
{
	struct mod_elf *e = &l->e;
	int ret;

	ret = module_link(m, e, &l->self);
	if (!ret)
		ret = take_functions(m, e, &l->self);
	if (!ret)
		ret = module_setup_kallsyms(m, e);
	if (!ret)
		ret = module_setup_sections(m, e);
	if (!ret)
		ret = module_setup_params(m, e);
	if (!ret)
		ret = module_apply_params(m, e, args);
	if (!ret)
		ret = protect(e, m->mem);
	if (ret)
		return ret;
	flush_icache_range((unsigned long)m->mem,
			   (unsigned long)m->mem + m->text_size);
	/* Its symbols become known at the time at which it is found that no
	 * other module has them.
	 */
	mutex_lock(&module_mutex);
	ret = module_setup_exports(m, e);
	if (!ret)
		module_set_state(m, MODULE_STATE_COMING);
	mutex_unlock(&module_mutex);
	return ret;
}

/* All but running it. */
static int load(struct load *l, const char *args, struct module **mp)
{
	struct mod_elf *e = &l->e;
	struct module *m;
	u8 *mem;
	int ret;

	mem = module_alloc(e->total);
	if (!mem) {
		mod_elf_refuse(e, "no memory for %zu bytes", e->total);
		return -ENOMEM;
	}
	place(e, mem);
	m = (struct module *)e->addr[e->this_module];
	l->self = *m;
	*m = l->draft;
	m->mem = mem;
	m->size = e->total;
	m->text_size = e->region_size[MOD_TEXT];
	INIT_LIST_HEAD(&m->users);
	ret = module_enter(m, e);
	if (ret) {
		module_free(mem);
		return ret;
	}
	ret = form(m, l, args);
	if (ret) {
		discard(m, false);
		return ret;
	}
	*mp = m;
	return 0;
}

/* Others may refer to it by now, and call it: then its memory stays. */
static void init_failed(struct module *m, int err)
{
	char holders[HOLDERS_SIZE];
	unsigned long flags;
	unsigned int refs;

	module_set_state(m, MODULE_STATE_GOING);
	drop_callers(m);
	spin_lock_irqsave(&module_lock, flags);
	refs = module_holders(m, holders, sizeof(holders));
	spin_unlock_irqrestore(&module_lock, flags);
	if (!refs) {
		pr_err("%s: init failed: -%s\n", m->name, errname(err));
		discard(m, true);
		return;
	}
	pr_err("%s: init failed: -%s; %u reference%s by %s remain%s: its memory stays until rmmod\n",
	       m->name, errname(err), refs, refs > 1 ? "s" : "", holders,
	       refs > 1 ? "" : "s");
	module_set_state(m, MODULE_STATE_FAILED);
}

static int run_init(struct module *m)
{
	int ret;

	module_debug_change(m, true);
	module_sysfs_add(m);
	ret = m->init ? m->init() : 0;
	/* What is no error is no success either. */
	if (ret > 0)
		ret = -EINVAL;
	if (ret) {
		init_failed(m, ret);
		return ret;
	}
	pr_info("%s: loaded, %zu KiB at %p\n", m->name, m->size >> 10,
		m->mem);
	module_set_state(m, MODULE_STATE_LIVE);
	return 0;
}

static int load_and_run(const void *image, size_t size, const char *label,
			const char *args, bool may_be_there)
{
	struct load *l = kzalloc(sizeof(*l), GFP_KERNEL);
	struct module *m = NULL;
	int ret;

	if (!l) {
		pr_err("%pE: no memory\n", label);
		return -ENOMEM;
	}
	strscpy(l->label, label, sizeof(l->label));
	ret = mod_elf_open(&l->e, image, size, sizeof(struct module));
	if (!ret)
		ret = check_modinfo(&l->e, &l->draft);
	if (!ret)
		ret = load(l, args, &m);
	if (ret == -EEXIST && may_be_there)
		ret = 0;
	else if (ret)
		pr_err("%pE: %pE\n", l->draft.name[0] ? l->draft.name :
		       l->label, l->e.reason);
	mod_elf_close(&l->e);
	kfree(l);
	return m ? run_init(m) : ret;
}

int module_load(const void *image, size_t size, const char *label,
		const char *args)
{
	return load_and_run(image, size, label, args, false);
}

int module_load_once(const void *image, size_t size, const char *label,
		     const char *args)
{
	return load_and_run(image, size, label, args, true);
}

/* module_mutex is held. */
static int start_unloading(struct module *m)
{
	char holders[HOLDERS_SIZE];
	unsigned long flags;
	unsigned int refs;

	switch (m->state) {
	case MODULE_STATE_UNFORMED:
	case MODULE_STATE_COMING:
		pr_err("%s: is being loaded\n", m->name);
		return -EBUSY;
	case MODULE_STATE_GOING:
		pr_err("%s: is being unloaded already\n", m->name);
		return -EBUSY;
	case MODULE_STATE_LIVE:
		if (m->init && !m->exit) {
			pr_err("%s: has no exit function, it is permanent\n",
			       m->name);
			return -EBUSY;
		}
		break;
	case MODULE_STATE_FAILED:
		/* It has not started: there is nothing to undo. */
		m->exit = NULL;
		break;
	}
	spin_lock_irqsave(&module_lock, flags);
	refs = module_holders(m, holders, sizeof(holders));
	if (!refs) {
		m->state = MODULE_STATE_GOING;
		m->loader = current;
	}
	spin_unlock_irqrestore(&module_lock, flags);
	if (refs)
		pr_err("%s: in use by %s\n", m->name, holders);
	return refs ? -EBUSY : 0;
}

int module_unload(const char *name)
{
	struct module *m;
	int ret = -ENOENT;

	mutex_lock(&module_mutex);
	m = module_find(name);
	if (m)
		ret = start_unloading(m);
	mutex_unlock(&module_mutex);
	if (!m)
		pr_err("%pE: is not loaded\n", name);
	if (ret)
		return ret;
	if (m->exit)
		m->exit();
	pr_info("%s: unloaded\n", m->name);
	discard(m, true);
	return 0;
}
