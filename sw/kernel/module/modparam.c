// SPDX-License-Identifier: MIT
/* The parameters of a module: its table is checked before it is believed. */
#include <errno.h>
#include <kernel.h>
#include "internal.h"

static bool is_text(const struct module *m, const char *s)
{
	const char *end = (const char *)m->mem + m->size;

	return s >= (const char *)m->mem && s < end &&
	       strnlen(s, (size_t)(end - s)) < (size_t)(end - s);
}

int module_setup_params(struct module *m, struct mod_elf *e)
{
	static const u8 sizes[] = {
		[PARAM_bool] = sizeof(bool), [PARAM_int] = sizeof(int),
		[PARAM_uint] = sizeof(int), [PARAM_ulong] = sizeof(long),
		[PARAM_charp] = sizeof(char *),
	};
	unsigned long rw = (unsigned long)m->mem + e->region_start[MOD_RW];
	unsigned int s = mod_elf_find(e, "__param"), i;

	if (!s)
		return 0;
	m->params = (const struct kernel_param *)e->addr[s];
	m->num_params = (unsigned int)(e->sh[s].sh_size / sizeof(*m->params));
	if (e->sh[s].sh_size % sizeof(*m->params) || (e->addr[s] & 7)) {
		mod_elf_refuse(e, "__param is of odd size");
		return -ENOEXEC;
	}
	for (i = 0; i < m->num_params; i++) {
		const struct kernel_param *p = &m->params[i];
		unsigned long var = (unsigned long)p->var;

		if (!is_text(m, p->name) || !is_text(m, p->module) ||
		    (unsigned int)p->type >= ARRAY_SIZE(sizes) ||
		    var < rw || var & (sizes[p->type] - 1UL) ||
		    var - rw > e->region_size[MOD_RW] - sizes[p->type]) {
			mod_elf_refuse(e, "parameter %u lies outside of the module",
				       i);
			return -ENOEXEC;
		}
	}
	return 0;
}

int module_apply_params(struct module *m, struct mod_elf *e, const char *args)
{
	struct param_set set = {
		.module = m->name, .params = m->params,
		.num = m->num_params, .values = &m->values,
	};

	return parse_args(&set, args, e->reason, sizeof(e->reason));
}
