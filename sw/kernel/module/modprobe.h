/* SPDX-License-Identifier: MIT */
#ifndef MODPROBE_H
#define MODPROBE_H

#include <compiler.h>
#include <types.h>

struct ramfs_file;

#define MODULE_DIR	"/lib/modules/"

/* A module file of the initramfs. */
struct mod_file {
	const struct ramfs_file *f;
	const char *info;	/* .modinfo, in the file; NULL: damaged */
	size_t info_size;
	size_t size;		/* in memory, once it is loaded */
	char name[56];		/* of the file, without .ko */
};

/**
 * modprobe() - Load what answers to a name or an alias, with dependencies.
 * @args: parameters for it, behind those of the configuration; or NULL
 * @apply_blacklist: a module that is on the blacklist does not answer to its
 *	name either, as is always so for an alias
 * Return: 0; in silence -ENOENT when nothing answers, -EPERM when only what is
 * blacklisted does, and -EDEADLK when it is what this thread is loading; else
 * the reason has been logged.
 */
int modprobe(const char *name, const char *args, bool apply_blacklist);

/* Reads any file as one of the index; 0 or -ENOMEM. */
int mod_file_read(struct mod_file *m, const struct ramfs_file *f);

/* kmod.c: waits for all that request_module_nowait() has queued. */
void kmod_settle(void);

/* The file of a module by name; NULL. */
const struct mod_file *mod_index_find(const char *name);
/* The @n-th file by name, damaged ones included; NULL: there are fewer. */
const struct mod_file *mod_index_at(size_t n);

/* alias.c: '*', '?', [a-z], [!a-z] and '\' as in fnmatch(); '-' and '_' are one
 * outside of brackets.
 */
bool alias_match(const char *pattern, const char *s);

/* modconf.c: modprobe.conf. */
enum conf_kind {
	CONF_ALIAS,
	CONF_BLACKLIST,
	CONF_OPTIONS,
	CONF_SOFTDEP,
};

struct conf_entry {
	struct list_head node;
	enum conf_kind kind;
	char *name;		/* of a module; of an alias, its pattern */
	char *rest;		/* the line behind it */
};

/* Adds the entries of a file. Lines that it cannot use are told and passed
 * over. 0 or -ENOMEM.
 */
int modconf_parse(struct list_head *entries, const char *path,
		  const char *text, size_t size);
void modconf_free(struct list_head *entries);

/* "pre: a b post: c": copies the names behind @which ("pre:") to @out, with a
 * blank between. @out has room for the whole of @softdep.
 */
void softdep_names(const char *softdep, const char *which, char *out);

#endif
