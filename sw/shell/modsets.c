// SPDX-License-Identifier: MIT
/* lsmod and rmmod of all modules: for scripts that name none. */
#include <errno.h>
#include <kernel.h>
#include <module.h>
#include <slab.h>
#include "../kernel/module/internal.h"
#include "../kernel/module/modprobe.h"
#include "internal.h"

/* Bytes that the module of that name has in memory; 0: it is not there. */
static size_t loaded_size(const char *name)
{
	struct module *m;
	unsigned long flags;
	size_t size;

	spin_lock_irqsave(&module_lock, flags);
	m = module_find(name);
	size = m ? m->size : 0;
	spin_unlock_irqrestore(&module_lock, flags);
	return size;
}

/* The program that runs the platform reads these lines (docs/report.md). */
int shell_lsmod_files(void)
{
	unsigned int count[2] = { 0 };	/* not loaded, loaded */
	size_t bytes[2] = { 0 };
	const struct mod_file *m;
	size_t i;

	for (i = 0; (m = mod_index_at(i)); i++) {
		const char *name;
		size_t size;
		bool loaded;

		/* A damaged file is no module. */
		if (!m->info)
			continue;
		name = modinfo_get(m->info, m->info_size, "name", NULL);
		size = loaded_size(name ? name : m->name);
		loaded = size;
		if (!loaded)
			size = m->size;
		count[loaded]++;
		bytes[loaded] += size;
		shell_printf("modules: %pE, %zu bytes, %sloaded\n", m->name,
			     size, loaded ? "" : "not ");
	}
	shell_printf("modules: %u of %u loaded with %zu bytes, %u not loaded with %zu bytes\n",
		     count[1], count[0] + count[1], bytes[1], count[0],
		     bytes[0]);
	return 0;
}

static bool may_go(const struct module_facts *f)
{
	return !f->refs && !f->permanent && (f->state == MODULE_STATE_LIVE ||
					     f->state == MODULE_STATE_FAILED);
}

static int tell_who_stays(struct module_facts *f)
{
	unsigned int i;

	for (i = 0; module_get_facts(i, f); i++)
		if (f->refs)
			shell_printf("rmmod: %s stays: in use by %s\n",
				     f->name, f->holders);
		else
			shell_printf("rmmod: %s stays: %s\n", f->name,
				     f->permanent ? "it has no exit function" :
				     "it could not be unloaded");
	return i ? -EBUSY : 0;
}

/* One that goes lets go of others: those come next. */
int shell_rmmod_all(void)
{
	struct module_facts *f = kmalloc(sizeof(*f), GFP_KERNEL);
	unsigned int i = 0;
	int ret;

	if (!f)
		return -ENOMEM;
	while (!shell_interrupted() && module_get_facts(i, f))
		i = may_go(f) && !module_unload(f->name) ? 0 : i + 1;
	ret = shell_interrupted() ? -EINTR : tell_who_stays(f);
	kfree(f);
	return ret;
}

int shell_rmmod_held(void)
{
	struct module_facts *f = kmalloc(sizeof(*f), GFP_KERNEL);
	unsigned int i, held = 0;
	int ret = 0;

	if (!f)
		return -ENOMEM;
	/* The loader's refusal says who holds it. */
	for (i = 0; !ret && module_get_facts(i, f); i++) {
		if (!f->refs)
			continue;
		held++;
		if (module_unload(f->name) != -EBUSY) {
			shell_printf("rmmod: %s was held by %s, and was not refused\n",
				     f->name, f->holders);
			ret = -EPROTO;
		}
	}
	if (!held)
		shell_printf("rmmod: no module is held\n");
	kfree(f);
	return ret;
}
