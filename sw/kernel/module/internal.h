/* SPDX-License-Identifier: MIT */
#ifndef MODULE_INTERNAL_H
#define MODULE_INTERNAL_H

#include <module.h>
#include <mutex.h>
#include <spinlock.h>
#include "elf.h"

/* module_mutex: who is on the list, and in which state. Nobody holds it while
 * an init or an exit runs, nor while one waits for another module.
 * module_lock, inside: the same for readers in any context, and the references.
 */
extern struct mutex module_mutex;
extern spinlock_t module_lock;
extern struct list_head modules;

struct symbol_info;

struct exported {
	unsigned long value;
	u32 crc;
	bool gpl;
	struct module *owner;	/* NULL: the kernel */
};

/* list.c */
/* Either lock is held. */
struct module *module_find(const char *name);
void module_set_state(struct module *m, enum module_state state);
/* Lists @m as unformed, once no other of its name is on its way in or out. */
int module_enter(struct module *m, struct mod_elf *e);
void module_leave(struct module *m);
/* Waits while a module is on its way in or out; -EDEADLK when this thread is
 * what it waits for, -ENOENT when it is not there then, else 0.
 */
int module_wait(const char *name);

/* main.c: as module_load(), and content when another thread was faster. */
int module_load_once(const void *image, size_t size, const char *label,
		     const char *args);

/* symbols.c; module_mutex is held for the first two. */
bool module_find_export(const char *name, struct exported *out);
/* Fills the tables from the placed sections of @e, and refuses duplicates. */
int module_setup_exports(struct module *m, struct mod_elf *e);
void module_free_exports(struct module *m);
/* Does the file agree about struct module and the like? Needs versions. */
int module_check_layout(struct mod_elf *e, const u32 *versions);
/* Numbers of the entries of __versions, by name; the caller frees them. */
int module_sort_versions(struct mod_elf *e, u32 **order);
/* Looks @name up for @m, which depends on its owner from then on. */
int module_resolve(struct module *m, struct mod_elf *e, const u32 *versions,
		   const char *name, bool weak, u64 *value);
/* The kernel's own tables, plain and GPL-only. */
extern struct module_exports kernel_exports[2];
int module_sort_exports(struct module_exports *x);

/* link.c: resolves and relocates. What the file has for struct module itself
 * goes to @self.
 */
int module_link(struct module *m, struct mod_elf *e, struct module *self);

/* names.c */
int module_setup_kallsyms(struct module *m, struct mod_elf *e);
/* module_lock is held. */
bool module_symbol_at(const struct module *m, unsigned long addr,
		      struct symbol_info *info);

/* debug.c */
int module_setup_sections(struct module *m, struct mod_elf *e);
/* @m's code is there and none of it has run; or it is about to go. */
void module_debug_change(struct module *m, bool loaded);

/* sysfs.c: what cannot be shown works all the same. */
void module_sysfs_add(struct module *m);
/* On return nobody looks at @m through it. */
void module_sysfs_remove(struct module *m);

/* modparam.c */
int module_setup_params(struct module *m, struct mod_elf *e);
int module_apply_params(struct module *m, struct mod_elf *e, const char *args);

/* ref.c */
/* @m's code uses symbols of @owner. */
int module_add_dependency(struct module *owner, struct module *m);
/* Drops every reference that @m holds; warns of those that are no symbols. */
void module_drop_references(struct module *m, bool warn);
/* How many; and "a,b (why)" or "[anonymous]" in @buf. module_lock is held. */
unsigned int module_holders(const struct module *m, char *buf, size_t size);
unsigned int module_refcount(const struct module *m);

#define HOLDERS_SIZE	256

/* What lsmod shows. */
struct module_facts {
	char name[MODULE_NAME_LEN];
	size_t size;
	enum module_state state;
	bool permanent;		/* it has no exit function */
	unsigned int refs;
	char holders[HOLDERS_SIZE];
};

/* The @n-th module, the latest first; false: there are fewer. */
bool module_get_facts(unsigned int n, struct module_facts *f);

#endif
