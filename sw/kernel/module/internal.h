#ifndef _MODULE_INTERNAL_H
#define _MODULE_INTERNAL_H

#include <module.h>
#include "elf.h"

extern struct list_head modules;

struct exported {
	unsigned long value;
	u32 crc;
	bool gpl;
	struct module *owner;	/* NULL: the kernel */
};

/* Does the file agree about struct module and the like? */
int module_check_layout(struct mod_elf *e);
bool module_find_export(const char *name, struct exported *out);
/* Fills m->syms and the like from the placed sections of @e. */
int module_setup_exports(struct module *m, struct mod_elf *e);
int module_setup_kallsyms(struct module *m, struct mod_elf *e);
/* Resolves and relocates. References are made in the name of @self, whose
 * content comes from the file still; the facts are in @draft.
 */
int module_link_symbols(struct module *self, struct module *draft,
			struct mod_elf *e);

/* @m's code uses symbols of @owner. */
int module_add_dependency(struct module *owner, struct module *m);
/* Drops every reference that @m holds; warns of those that are no symbols. */
void module_drop_references(struct module *m, bool warn);
/* "a,b", or "[anonymous]" for references without a holder. */
void module_holders(const struct module *m, char *buf, size_t size);

#endif
