/* References to modules, by holder. */
#define pr_fmt(fmt) "module: " fmt
#include <export.h>
#include <irqflags.h>
#include <kernel.h>
#include <list.h>
#include <slab.h>
#include "internal.h"

static struct module_use *find_use(const struct module *m,
				   const struct module *holder, bool symbols)
{
	struct module_use *u;

	list_for_each_entry(u, &m->users, node)
		if (u->holder == holder && u->symbols == symbols)
			return u;
	return NULL;
}

static int get(struct module *m, struct module *holder, bool symbols)
{
	struct module_use *u, *n = kzalloc(sizeof(*n), GFP_KERNEL);
	unsigned long flags;
	int ret = 0;

	if (!n)
		return -ENOMEM;
	local_irq_save(flags);
	u = find_use(m, holder, symbols);
	if (u) {
		u->count++;
	} else {
		n->holder = holder;
		n->symbols = symbols;
		n->count = 1;
		list_add_tail(&n->node, &m->users);
		n = NULL;
	}
	local_irq_restore(flags);
	kfree(n);
	return ret;
}

int module_get_by(struct module *m, struct module *holder)
{
	if (!m || m == holder)
		return 0;
	if (m->state == MODULE_STATE_GOING)
		return -ENOENT;
	return get(m, holder, false);
}
EXPORT_SYMBOL(module_get_by);

void module_put_by(struct module *m, struct module *holder)
{
	struct module_use *u;
	unsigned long flags;

	if (!m || m == holder)
		return;
	local_irq_save(flags);
	u = find_use(m, holder, false);
	if (u && --u->count == 0)
		list_del(&u->node);
	local_irq_restore(flags);
	if (WARN(!u, "%s is not held by %s\n", m->name,
		 holder ? holder->name : "anybody"))
		return;
	if (!u->count)
		kfree(u);
}
EXPORT_SYMBOL(module_put_by);

bool try_module_get(struct module *m)
{
	return !module_get_by(m, NULL);
}
EXPORT_SYMBOL(try_module_get);

void __module_get(struct module *m)
{
	WARN_ON(module_get_by(m, NULL));
}
EXPORT_SYMBOL(__module_get);

void module_put(struct module *m)
{
	module_put_by(m, NULL);
}
EXPORT_SYMBOL(module_put);

unsigned int module_refcount(const struct module *m)
{
	struct module_use *u;
	unsigned int n = 0;

	list_for_each_entry(u, &m->users, node)
		n += u->count;
	return n;
}
EXPORT_SYMBOL(module_refcount);

int module_add_dependency(struct module *owner, struct module *m)
{
	if (find_use(owner, m, true))
		return 0;
	return get(owner, m, true);
}

void module_drop_references(struct module *m, bool warn)
{
	struct module_use *u, *n;
	struct module *o;

	list_for_each_entry(o, &modules, list)
		list_for_each_entry_safe(u, n, &o->users, node) {
			if (u->holder != m)
				continue;
			WARN(warn && !u->symbols,
			     "%s leaves %u references to %s\n", m->name,
			     u->count, o->name);
			list_del(&u->node);
			kfree(u);
		}
}

void module_holders(const struct module *m, char *buf, size_t size)
{
	struct module_use *u, *o;
	int n = 0;

	buf[0] = 0;
	list_for_each_entry(u, &m->users, node) {
		bool seen = false;

		/* Once a name, whatever the kinds of reference. */
		list_for_each_entry(o, &m->users, node) {
			if (o == u)
				break;
			seen |= o->holder == u->holder;
		}
		if (seen || !u->holder)
			continue;
		n += scnprintf(buf + n, size - (size_t)n, "%s%s",
			       n ? "," : "", u->holder->name);
	}
}
