/* SPDX-License-Identifier: MIT */
/* Names of code addresses, of the kernel and of loaded modules. */
#ifndef KALLSYMS_H
#define KALLSYMS_H

#include <types.h>

struct symbol_info {
	const char *name;
	unsigned long offset;
	unsigned long size;
	const char *module;	/* NULL: the kernel */
	/* A module may go while its names are printed: they are copies. A name
	 * that is longer is cut.
	 */
	char copy[192];
};

/* Any context, an oops included. */
bool kallsyms_lookup(unsigned long addr, struct symbol_info *info);
/* The part of loaded modules. */
#ifdef CONFIG_MODULES
bool module_lookup_symbol(unsigned long addr, struct symbol_info *info);
#else
static inline bool module_lookup_symbol(unsigned long addr,
					struct symbol_info *info)
{
	return false;
}
#endif

#endif
