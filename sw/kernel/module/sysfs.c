// SPDX-License-Identifier: MIT
/*
 * What /sys shows of modules:
 *
 *	/sys/module/NAME/initstate, coresize, refcnt, holders
 *	/sys/module/NAME/parameters/PARAMETER
 */
#include <err.h>
#include <init.h>
#include <kernel.h>
#include <slab.h>
#include <sysfs.h>
#include "internal.h"

/* NULL without memory: nothing is shown. */
static struct sysfs_node *modules_dir;

static int __init module_sysfs_init(void)
{
	modules_dir = sysfs_top_dir("module", NULL);
	return modules_dir ? 0 : -ENOMEM;
}
core_initcall(module_sysfs_init);

static ssize_t initstate_show(void *object, char *buf)
{
	static const char *const states[] = {
		[MODULE_STATE_UNFORMED] = "loading",
		[MODULE_STATE_COMING] = "coming",
		[MODULE_STATE_LIVE] = "live",
		[MODULE_STATE_GOING] = "going",
		[MODULE_STATE_FAILED] = "failed",
	};
	const struct module *m = object;

	return sysfs_emit(buf, "%s\n", states[READ_ONCE(m->state)]);
}

static ssize_t coresize_show(void *object, char *buf)
{
	const struct module *m = object;

	return sysfs_emit(buf, "%zu\n", m->size);
}

static ssize_t refcnt_show(void *object, char *buf)
{
	unsigned long flags;
	unsigned int refs;

	spin_lock_irqsave(&module_lock, flags);
	refs = module_refcount(object);
	spin_unlock_irqrestore(&module_lock, flags);
	return sysfs_emit(buf, "%u\n", refs);
}

/* As lsmod: who, and what for. */
static ssize_t holders_show(void *object, char *buf)
{
	char holders[HOLDERS_SIZE];
	unsigned long flags;

	spin_lock_irqsave(&module_lock, flags);
	module_holders(object, holders, sizeof(holders));
	spin_unlock_irqrestore(&module_lock, flags);
	return sysfs_emit(buf, "%s%s", holders, holders[0] ? "\n" : "");
}

static const struct attribute_group files = {
	.attrs = (const struct attribute[]) {
		ATTRIBUTE("initstate", initstate_show),
		ATTRIBUTE("coresize", coresize_show),
		ATTRIBUTE("refcnt", refcnt_show),
		ATTRIBUTE("holders", holders_show),
		{ }
	},
};

static ssize_t param_show(void *object, char *buf)
{
	const struct kernel_param *p = object;

	switch (p->type) {
	case PARAM_bool:
		return sysfs_emit(buf, "%s\n", *(u8 *)p->var ? "Y" : "N");
	case PARAM_int:
		return sysfs_emit(buf, "%d\n", *(int *)p->var);
	case PARAM_uint:
		return sysfs_emit(buf, "%u\n", *(unsigned int *)p->var);
	case PARAM_ulong:
		return sysfs_emit(buf, "%lu\n", *(unsigned long *)p->var);
	case PARAM_charp:
		return sysfs_emit(buf, "%s\n", *(char **)p->var);
	}
	return -EINVAL;
}

/* Those that nobody may read have no file. */
static int add_params(struct module *m)
{
	struct sysfs_node *dir;
	unsigned int i;

	if (!m->num_params)
		return 0;
	m->param_attrs = kzalloc(m->num_params * sizeof(*m->param_attrs),
				 GFP_KERNEL);
	dir = m->param_attrs ? sysfs_create_dir(m->sysfs, "parameters", NULL) :
			       ERR_PTR(-ENOMEM);
	if (IS_ERR(dir))
		return (int)PTR_ERR(dir);
	for (i = 0; i < m->num_params; i++) {
		m->param_attrs[i].name = m->params[i].name;
		m->param_attrs[i].show = param_show;
		/* Of two of one name the first is shown. */
		if (m->params[i].perm & 0444)
			sysfs_create_file_of(dir, &m->param_attrs[i],
					     (void *)&m->params[i]);
	}
	return 0;
}

void module_sysfs_add(struct module *m)
{
	struct sysfs_node *dir;

	if (!modules_dir)
		return;
	dir = sysfs_create_dir(modules_dir, m->name, m);
	if (IS_ERR(dir))
		return;
	m->sysfs = dir;
	if (sysfs_create_group(dir, &files) || add_params(m))
		module_sysfs_remove(m);
}

void module_sysfs_remove(struct module *m)
{
	sysfs_remove(m->sysfs);
	m->sysfs = NULL;
	kfree(m->param_attrs);
	m->param_attrs = NULL;
}
