// SPDX-License-Identifier: MIT
/* Names of code addresses. scripts/kallsyms.py makes the kernel's table. */
#include <arch.h>
#include <kallsyms.h>
#include <kernel.h>
#include <mm.h>
#include <module.h>

extern const u32 kallsyms_count;
extern const u32 kallsyms_addresses[];	/* from KIMAGE_VADDR, sorted */
extern const u32 kallsyms_names[];	/* into kallsyms_strings */
extern const char kallsyms_strings[];

bool kallsyms_lookup(unsigned long addr, struct symbol_info *info)
{
	u32 lo = 0, hi = kallsyms_count, off;

	if (addr < KIMAGE_VADDR || addr >= (unsigned long)_etext)
		return module_lookup_symbol(addr, info);
	if (!hi)
		return false;
	off = (u32)(addr - KIMAGE_VADDR);
	while (hi - lo > 1) {
		u32 mid = lo + (hi - lo) / 2;

		if (kallsyms_addresses[mid] <= off)
			lo = mid;
		else
			hi = mid;
	}
	info->name = kallsyms_strings + kallsyms_names[lo];
	info->offset = off - kallsyms_addresses[lo];
	info->size = (lo + 1 < kallsyms_count ? kallsyms_addresses[lo + 1] :
		      (u32)((unsigned long)_etext - KIMAGE_VADDR)) -
		     kallsyms_addresses[lo];
	info->module = NULL;
	return true;
}
