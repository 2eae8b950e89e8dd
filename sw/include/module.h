/* Loadable modules. The same source builds in (module_init becomes a
 * device_initcall) or as a .ko (MODULE is defined by the build).
 */
#ifndef _MODULE_H
#define _MODULE_H

#include <compiler.h>
#include <export.h>
#include <init.h>
#include <list.h>
#include <mod_devicetable.h>
#include <types.h>

#define MODULE_NAME_LEN		56

enum module_state {
	MODULE_STATE_COMING,
	MODULE_STATE_LIVE,
	MODULE_STATE_GOING,
};

struct kernel_symbol {
	s32 value_offset;
	s32 name_offset;
	s32 namespace_offset;
};

struct module_symbol {
	unsigned long addr;
	const char *name;
};

/* One reference to a module: by whom, and how often. */
struct module_use {
	struct list_head node;
	struct module *holder;	/* NULL: anonymous */
	unsigned int count;
	bool symbols;		/* the holder's code is linked to us */
};

/* Lives in the module's own data (.gnu.linkonce.this_module). The file gives
 * name, init and exit only.
 */
struct module {
	enum module_state state;
	struct list_head list;
	char name[MODULE_NAME_LEN];
	int (*init)(void);
	void (*exit)(void);

	struct list_head users;
	const struct kernel_symbol *syms;
	const struct kernel_symbol *gpl_syms;
	const u32 *crcs;
	const u32 *gpl_crcs;
	unsigned int num_syms;
	unsigned int num_gpl_syms;
	bool gpl;

	void *mem;		/* text, then read-only data, then data */
	size_t text_size;
	size_t ro_size;
	size_t size;
	unsigned int veneers;
	struct module_symbol *kallsyms;
	unsigned int num_kallsyms;
	char *strtab;
	char *modinfo;		/* copy of .modinfo */
	size_t modinfo_size;
};

#define ___MODULE_CAT(a, b)	__CONCAT2(a, b)
#ifdef MODULE

#define MODULE_INFO(tag, info)						\
	static const char __UNIQUE_ID(tag)[] __used			\
	__section(".modinfo") __aligned(1) = #tag "=" info

extern struct module __this_module;
#define THIS_MODULE	(&__this_module)

#define module_init(fn)							\
	int init_module(void) __attribute__((alias(#fn)))
#define module_exit(fn)							\
	void cleanup_module(void) __attribute__((alias(#fn)))

/* Read by modpost, which writes an alias for each entry. */
#define MODULE_DEVICE_TABLE(kind, table)				\
	extern const __typeof__(table)					\
	__mod_##kind##__##table##_device_table				\
	__attribute__((unused, alias(#table)))

#else

#define MODULE_INFO(tag, info)	extern int __modinfo_unused
#define THIS_MODULE		((struct module *)NULL)
#define module_init(fn)		device_initcall(fn)
#define module_exit(fn)							\
	static void (*__exitcall_##fn)(void) __maybe_unused = fn
#define MODULE_DEVICE_TABLE(kind, table)	extern int __modinfo_unused

#endif

#define MODULE_LICENSE(l)	MODULE_INFO(license, l)
#define MODULE_AUTHOR(a)	MODULE_INFO(author, a)
#define MODULE_DESCRIPTION(d)	MODULE_INFO(description, d)
#define MODULE_ALIAS(a)		MODULE_INFO(alias, a)
#define MODULE_SOFTDEP(d)	MODULE_INFO(softdep, d)
#define MODULE_VERSION(v)	MODULE_INFO(version, v)

/* Checksum only: see kernel/module/main.c. */
void module_layout(struct module *m, struct kernel_symbol *s);

/* An anonymous reference. False when the module is leaving. NULL, which is
 * the kernel itself, always succeeds.
 */
bool try_module_get(struct module *m);
void __module_get(struct module *m);
void module_put(struct module *m);

/**
 * module_get_by() - Hold @m on behalf of another module.
 * @m: the module that must stay; NULL (built in) always succeeds
 * @holder: named by lsmod and by the refusal to unload @m; NULL: anonymous
 * Return: 0, -ENOENT when @m is leaving, or -ENOMEM.
 */
int module_get_by(struct module *m, struct module *holder);
void module_put_by(struct module *m, struct module *holder);
unsigned int module_refcount(const struct module *m);

/* -errno; the reason is logged, with the module's name, or @label when the
 * file does not even tell that.
 */
int module_load(const void *image, size_t size, const char *label);
int module_unload(const char *name);
struct module *find_module(const char *name);
struct module *module_of_address(unsigned long addr);

/* As modprobe does: dependencies and soft dependencies first. */
int request_module(const char *name);

#endif
