// SPDX-License-Identifier: MIT
/* References to modules, by holder and reason; under module_lock. */
#define pr_fmt(fmt) "module: " fmt
#include <export.h>
#include <kernel.h>
#include <list.h>
#include <slab.h>
#include "internal.h"

static struct module_use *find_use(const struct module *m,
				   const struct module *holder,
				   const char *why, bool symbols)
{
	struct module_use *u;

	list_for_each_entry(u, &m->users, node)
		if (u->holder == holder && u->symbols == symbols &&
		    !strcmp(u->why, why))
			return u;
	return NULL;
}

static int get(struct module *m, struct module *holder, const char *why,
	       bool symbols)
{
	size_t size = sizeof(struct module_use) + strlen(why) + 1;
	struct module_use *u, *n;
	unsigned long flags;
	int ret = 0;

	/* Before the lock: it may be the last of its kind. */
	n = kzalloc(size, GFP_ATOMIC);
	if (n) {
		n->holder = holder;
		n->symbols = symbols;
		n->count = 1;
		memcpy(n->why, why, strlen(why) + 1);
	}
	spin_lock_irqsave(&module_lock, flags);
	if (m->state == MODULE_STATE_GOING ||
	    m->state == MODULE_STATE_FAILED) {
		ret = -ENOENT;
	} else {
		u = find_use(m, holder, why, symbols);
		if (u) {
			u->count++;
		} else if (n) {
			list_add_tail(&n->node, &m->users);
			n = NULL;
		} else {
			ret = -ENOMEM;
		}
	}
	spin_unlock_irqrestore(&module_lock, flags);
	kfree(n);
	return ret;
}

int module_get_for(struct module *m, struct module *holder, const char *why)
{
	if (!m || m == holder)
		return 0;
	return get(m, holder, why ? why : "", false);
}
EXPORT_SYMBOL(module_get_for);

void module_put_for(struct module *m, struct module *holder, const char *why)
{
	struct module_use *u, *last = NULL;
	unsigned long flags;

	if (!m || m == holder)
		return;
	spin_lock_irqsave(&module_lock, flags);
	u = find_use(m, holder, why ? why : "", false);
	if (u && --u->count == 0) {
		list_del(&u->node);
		last = u;
	}
	spin_unlock_irqrestore(&module_lock, flags);
	WARN(!u, "%s is not held by %s%s%s\n", m->name,
	     holder ? holder->name : "anybody", why ? " for " : "",
	     why ? why : "");
	kfree(last);
}
EXPORT_SYMBOL(module_put_for);

bool try_module_get(struct module *m)
{
	return !module_get_for(m, NULL, NULL);
}
EXPORT_SYMBOL(try_module_get);

void module_put(struct module *m)
{
	module_put_for(m, NULL, NULL);
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

int module_add_dependency(struct module *owner, struct module *m)
{
	unsigned long flags;
	bool known;

	spin_lock_irqsave(&module_lock, flags);
	known = find_use(owner, m, "", true);
	spin_unlock_irqrestore(&module_lock, flags);
	return known ? 0 : get(owner, m, "", true);
}

/* Takes one reference of @m off the others' lists. */
static struct module_use *take_reference(struct module *m, char *owner)
{
	struct module_use *u, *found = NULL;
	unsigned long flags;
	struct module *o;

	spin_lock_irqsave(&module_lock, flags);
	list_for_each_entry(o, &modules, list) {
		list_for_each_entry(u, &o->users, node)
			if (u->holder == m) {
				found = u;
				break;
			}
		if (found) {
			strscpy(owner, o->name, MODULE_NAME_LEN);
			list_del(&found->node);
			break;
		}
	}
	spin_unlock_irqrestore(&module_lock, flags);
	return found;
}

void module_drop_references(struct module *m, bool warn)
{
	char owner[MODULE_NAME_LEN];
	struct module_use *u;

	while ((u = take_reference(m, owner))) {
		WARN(warn && !u->symbols,
		     "%s leaves %u references to %s\n", m->name, u->count,
		     owner);
		kfree(u);
	}
}

static bool said_before(const struct module *m, const struct module_use *u)
{
	struct module_use *o;

	list_for_each_entry(o, &m->users, node) {
		if (o == u)
			return false;
		/* Once, whatever the kinds of reference. */
		if (o->holder == u->holder && !strcmp(o->why, u->why))
			return true;
	}
	return false;
}

unsigned int module_holders(const struct module *m, char *buf, size_t size)
{
	unsigned int refs = module_refcount(m);
	struct module_use *u;
	int n = 0;

	buf[0] = 0;
	list_for_each_entry(u, &m->users, node) {
		const char *name = u->holder ? u->holder->name : "";

		if (said_before(m, u) || (!*name && !*u->why))
			continue;
		n += scnprintf(buf + n, size - (size_t)n, "%s%s%s%s%s",
			       n ? "," : "", name,
			       *name && *u->why ? " (" : "", u->why,
			       *name && *u->why ? ")" : "");
		if ((size_t)n == size - 1) {
			memcpy(buf + n - 3, "...", 3);
			break;
		}
	}
	if (refs && !n)
		strscpy(buf, "[anonymous]", size);
	return refs;
}
