// SPDX-License-Identifier: MIT
/* The list of modules, and waiting for those on their way in or out. */
#define pr_fmt(fmt) "module: " fmt
#include <errno.h>
#include <irqflags.h>
#include <kallsyms.h>
#include <kernel.h>
#include <kthread.h>
#include <list.h>
#include <sched.h>
#include <wait.h>
#include "../printk_internal.h"
#include "internal.h"

/* A thread that loads modules from a module's init needs stack for each. */
#define MAX_NESTED	8

LIST_HEAD(modules);
DEFINE_MUTEX(module_mutex);
DEFINE_SPINLOCK(module_lock);

/* Some module has another state, or has left. */
static DECLARE_WAIT_QUEUE_HEAD(settled);

/* Threads that wait for a module, by its name; under module_lock. */
struct waiter {
	struct list_head node;
	const struct task *task;
	const char *name;
};

static LIST_HEAD(waiters);

struct module *module_find(const char *name)
{
	struct module *m;

	list_for_each_entry(m, &modules, list)
		if (modname_eq(m->name, name))
			return m;
	return NULL;
}

static bool on_its_way(const struct module *m)
{
	return m->state != MODULE_STATE_LIVE &&
	       m->state != MODULE_STATE_FAILED;
}

static bool is_settled(const char *name)
{
	struct module *m;
	unsigned long flags;
	bool ret;

	spin_lock_irqsave(&module_lock, flags);
	m = module_find(name);
	ret = !m || !on_its_way(m);
	spin_unlock_irqrestore(&module_lock, flags);
	return ret;
}

/* Does the thread that works on @m wait, over any number of others, for what
 * this thread works on?
 */
static bool waits_for_us(const struct module *m)
{
	const struct waiter *w;
	const struct task *t;

	while (m && on_its_way(m)) {
		t = m->loader;
		if (t == current)
			return true;
		m = NULL;
		list_for_each_entry(w, &waiters, node)
			if (w->task == t)
				m = module_find(w->name);
	}
	return false;
}

int module_wait(const char *name)
{
	struct waiter w = { .task = current, .name = name };
	unsigned long flags;
	struct module *m;
	int ret = 0;

	spin_lock_irqsave(&module_lock, flags);
	m = module_find(name);
	if (!m)
		ret = -ENOENT;
	else if (on_its_way(m))
		ret = waits_for_us(m) ? -EDEADLK : 1;
	if (ret > 0)
		list_add_tail(&w.node, &waiters);
	spin_unlock_irqrestore(&module_lock, flags);
	if (ret <= 0)
		return ret;

	wait_event(settled, is_settled(name));
	spin_lock_irqsave(&module_lock, flags);
	list_del(&w.node);
	ret = module_find(name) ? 0 : -ENOENT;
	spin_unlock_irqrestore(&module_lock, flags);
	return ret;
}

void module_set_state(struct module *m, enum module_state state)
{
	unsigned long flags;

	spin_lock_irqsave(&module_lock, flags);
	m->state = state;
	m->loader = on_its_way(m) ? current : NULL;
	spin_unlock_irqrestore(&module_lock, flags);
	wake_up(&settled);
}

static unsigned int nested(void)
{
	struct module *m;
	unsigned int n = 0;

	list_for_each_entry(m, &modules, list)
		n += m->loader == current;
	return n;
}

/* 0: @m is listed; 1: wait and try again. module_mutex is held. */
static int try_enter(struct module *m, struct mod_elf *e)
{
	struct module *old = module_find(m->name);
	char holders[HOLDERS_SIZE];
	unsigned long flags;

	if (old && on_its_way(old))
		return 1;
	if (old && old->state == MODULE_STATE_FAILED) {
		spin_lock_irqsave(&module_lock, flags);
		module_holders(old, holders, sizeof(holders));
		spin_unlock_irqrestore(&module_lock, flags);
		mod_elf_refuse(e, "an earlier load failed and is in use by %s",
			       holders);
		return -EBUSY;
	}
	if (old) {
		mod_elf_refuse(e, "already loaded");
		return -EEXIST;
	}
	if (nested() >= MAX_NESTED) {
		mod_elf_refuse(e, "modules that load modules nest more than %d deep",
			       MAX_NESTED);
		return -ELOOP;
	}
	spin_lock_irqsave(&module_lock, flags);
	m->state = MODULE_STATE_UNFORMED;
	m->loader = current;
	list_add_tail(&m->list, &modules);
	spin_unlock_irqrestore(&module_lock, flags);
	return 0;
}

int module_enter(struct module *m, struct mod_elf *e)
{
	int ret;

	for (;;) {
		mutex_lock(&module_mutex);
		ret = try_enter(m, e);
		mutex_unlock(&module_mutex);
		if (ret <= 0)
			return ret;
		if (module_wait(m->name) == -EDEADLK) {
			mod_elf_refuse(e, "is being loaded or unloaded already, and waits for this");
			return -EDEADLK;
		}
	}
}

void module_leave(struct module *m)
{
	unsigned long flags;

	mutex_lock(&module_mutex);
	spin_lock_irqsave(&module_lock, flags);
	list_del(&m->list);
	spin_unlock_irqrestore(&module_lock, flags);
	mutex_unlock(&module_mutex);
	wake_up(&settled);
}

bool module_get_facts(unsigned int n, struct module_facts *f)
{
	struct module *m;
	unsigned long flags;
	bool found = false;

	spin_lock_irqsave(&module_lock, flags);
	list_for_each_entry_reverse(m, &modules, list) {
		if (n--)
			continue;
		strscpy(f->name, m->name, sizeof(f->name));
		f->size = m->size;
		f->state = m->state;
		f->permanent = m->init && !m->exit;
		f->refs = module_refcount(m);
		module_holders(m, f->holders, sizeof(f->holders));
		found = true;
		break;
	}
	spin_unlock_irqrestore(&module_lock, flags);
	return found;
}

static const struct module *module_of_address(unsigned long addr)
{
	const struct module *m;

	list_for_each_entry(m, &modules, list)
		if (m->state != MODULE_STATE_UNFORMED &&
		    addr >= (unsigned long)m->mem &&
		    addr - (unsigned long)m->mem < m->size)
			return m;
	return NULL;
}

bool module_lookup_symbol(unsigned long addr, struct symbol_info *info)
{
	const struct module *m;
	unsigned long flags;
	bool found = false;

	/* An oops may come while this very CPU holds the lock: then there are
	 * no names rather than no oops.
	 */
	local_irq_save(flags);
	if (lock_for_text(&module_lock)) {
		m = module_of_address(addr);
		found = m && module_symbol_at(m, addr, info);
		spin_unlock(&module_lock);
	}
	local_irq_restore(flags);
	return found;
}
