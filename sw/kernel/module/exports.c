// SPDX-License-Identifier: MIT
/* The kernel's own exported symbols, where the linker script puts them. */
#include <init.h>
#include <kernel.h>
#include "internal.h"

extern const struct kernel_symbol __start___ksymtab[], __stop___ksymtab[];
extern const struct kernel_symbol __start___ksymtab_gpl[];
extern const struct kernel_symbol __stop___ksymtab_gpl[];
extern const u32 __start___kcrctab[], __start___kcrctab_gpl[];

struct module_exports kernel_exports[2];

static int kernel_exports_init(void)
{
	kernel_exports[0].syms = __start___ksymtab;
	kernel_exports[0].crcs = __start___kcrctab;
	kernel_exports[0].num = (unsigned int)(__stop___ksymtab -
					       __start___ksymtab);
	kernel_exports[1].syms = __start___ksymtab_gpl;
	kernel_exports[1].crcs = __start___kcrctab_gpl;
	kernel_exports[1].num = (unsigned int)(__stop___ksymtab_gpl -
					       __start___ksymtab_gpl);
	if (module_sort_exports(&kernel_exports[0]) ||
	    module_sort_exports(&kernel_exports[1]))
		panic("no memory for the order of exported symbols");
	return 0;
}
core_initcall(kernel_exports_init);
