// SPDX-License-Identifier: MIT
/* What a debugger wants to know of modules: scripts/vmguest-gdb.py reads it. */
#include <kernel.h>
#include <slab.h>
#include "internal.h"

static bool is_placed(const struct mod_elf *e, unsigned int i)
{
	return (e->sh[i].sh_flags & SHF_ALLOC) && e->sh[i].sh_size;
}

/* The list and its names are one piece. */
int module_setup_sections(struct module *m, struct mod_elf *e)
{
	size_t names = 0;
	unsigned int i, n = 0;
	char *name;

	for (i = 1; i < e->shnum; i++)
		if (is_placed(e, i)) {
			names += strlen(mod_elf_section_name(e, i)) + 1;
			n++;
		}
	m->sections = kzalloc(n * sizeof(*m->sections) + names, GFP_KERNEL);
	if (!m->sections) {
		mod_elf_refuse(e, "no memory");
		return -ENOMEM;
	}
	name = (char *)&m->sections[n];
	for (i = 1; i < e->shnum; i++) {
		struct module_section *s = &m->sections[m->num_sections];
		size_t len;

		if (!is_placed(e, i))
			continue;
		len = strlen(mod_elf_section_name(e, i)) + 1;
		memcpy(name, mod_elf_section_name(e, i), len);
		s->name = name;
		s->addr = e->addr[i];
		name += len;
		m->num_sections++;
	}
	return 0;
}

/* Debuggers stop here. It must not be inlined, nor taken for a function that
 * does nothing and need not be called.
 */
noinline void module_debug_change(struct module *m, bool loaded)
{
	__asm__ volatile("" : : "r"(m), "r"(loaded) : "memory");
}
