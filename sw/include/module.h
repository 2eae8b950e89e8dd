/* SPDX-License-Identifier: MIT */
/* Loadable modules. The same source builds in (module_init becomes a
 * device_initcall) or as a .ko (MODULE is defined by the build).
 */
#ifndef MODULE_H
#define MODULE_H

#include <compiler.h>
#include <errno.h>
#include <export.h>
#include <init.h>
#include <list.h>
#include <mod_devicetable.h>
#include <printk.h>
#include <moduleparam.h>
#include <types.h>

#define MODULE_NAME_LEN		56

struct attribute;
struct sysfs_node;
struct task;

enum module_state {
	MODULE_STATE_UNFORMED,	/* its name is taken; it is being linked */
	MODULE_STATE_COMING,	/* its init runs */
	MODULE_STATE_LIVE,
	MODULE_STATE_GOING,	/* its exit runs, or its init has failed */
	MODULE_STATE_FAILED,	/* its init has failed, and it is referred to */
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

/* Where a section of the file is, for debuggers. */
struct module_section {
	const char *name;
	unsigned long addr;
};

/* References to a module: by whom, why, and how many. */
struct module_use {
	struct list_head node;
	struct module *holder;	/* NULL: no module */
	unsigned int count;
	bool symbols;		/* the holder's code is linked to us */
	char why[];
};

/* Exported symbols of one kind. */
struct module_exports {
	const struct kernel_symbol *syms;
	const u32 *crcs;
	u32 *order;		/* of syms, by name */
	unsigned int num;
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
	struct task *loader;	/* loads or unloads it right now */
	struct module_exports exports;
	struct module_exports gpl_exports;
	bool gpl;		/* may use GPL-only symbols */

	const struct kernel_param *params;
	unsigned int num_params;
	struct param_value *values;

	void *mem;		/* text, then read-only data, then data */
	size_t text_size;
	size_t size;
	unsigned int veneers;
	struct module_symbol *kallsyms;
	unsigned int num_kallsyms;
	char *strtab;
	struct module_section *sections;
	unsigned int num_sections;

	struct sysfs_node *sysfs;
	struct attribute *param_attrs;
};

#define MODULE_INFO(tag, info)	__MODULE_INFO(tag, __UNIQUE_ID(tag), info)
#ifdef MODULE

#define __MODULE_INFO(tag, id, info)					\
	static const char id[] __used					\
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

#define __MODULE_INFO(tag, id, info)	extern int __modinfo_unused
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
void module_layout(struct module *m, struct kernel_symbol *s,
		   struct kernel_param *p);

/* An anonymous reference. False when the module is leaving, or there is no
 * memory. NULL, which is the kernel itself, always succeeds.
 */
#ifdef CONFIG_MODULES
bool try_module_get(struct module *m);
void module_put(struct module *m);

/**
 * module_get_for() - Hold @m, and say who does and why.
 * @m: the module that must stay; NULL (built in) always succeeds
 * @holder: named by lsmod and by the refusal to unload @m; NULL: no module
 * @why: what for, such as "domain of dma0"; copied; NULL: nothing to say
 *
 * Any context. lsmod and rmmod then say "holder (why)", or only one of them.
 * References with the same holder and reason are counted together.
 *
 * Return: 0, -ENOENT when @m is leaving, or -ENOMEM.
 */
int module_get_for(struct module *m, struct module *holder, const char *why);
void module_put_for(struct module *m, struct module *holder, const char *why);

/**
 * module_load() - Load a module file, and run its init.
 * @label: names the file where it does not even tell its module's name
 * @args: parameters as parse_args() takes them, or NULL
 *
 * Threads only; an init may load further modules. A module of the same name
 * that is on its way in or out is waited for.
 *
 * Return: 0, or -errno; the reason has been logged in one line.
 */
int module_load(const void *image, size_t size, const char *label,
		const char *args);
int module_unload(const char *name);

/**
 * request_module() - Load what answers to a name or an alias, as modprobe does.
 *
 * Dependencies and soft dependencies come first. Of an alias all modules that
 * match are loaded. Returns once they are there, also when somebody else was
 * loading them. May be called from an init or a probe.
 *
 * Return: 0 when one is there; -ENOENT, in silence, when there is none; or
 * why it could not be loaded.
 */
int request_module(const char *fmt, ...) __printf(1, 2);
/* The same on a work queue, one after the other. Any context; 0 or -ENOMEM. */
int request_module_nowait(const char *fmt, ...) __printf(1, 2);
#else
/* All is built in: there is nothing to hold, and nothing to load. */
static inline bool try_module_get(struct module *m)
{
	return true;
}

static inline void module_put(struct module *m)
{
}

static inline int module_get_for(struct module *m, struct module *holder,
				 const char *why)
{
	return 0;
}

static inline void module_put_for(struct module *m, struct module *holder,
				  const char *why)
{
}

static inline __printf(1, 2) int request_module(const char *fmt, ...)
{
	return -ENOENT;
}

static inline __printf(1, 2) int request_module_nowait(const char *fmt, ...)
{
	return 0;
}
#endif

#endif
