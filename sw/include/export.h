/* SPDX-License-Identifier: MIT */
/* Exported symbols, in the section layout that Linux's tools read:
 * __ksymtab[_gpl] holds { value, name, namespace } as place-relative offsets
 * to data, __kcrctab[_gpl] the checksum of each, __ksymtab_strings the names.
 *
 * scripts/abi.py computes the checksum __crc_<symbol> from every type that the
 * declaration reaches; a header for modules must have the declaration.
 */
#ifndef EXPORT_H
#define EXPORT_H

#define __EXPORT_SYMBOL(sym, sec)					\
	extern __typeof__(sym) sym;					\
	__asm__(".pushsection \"__ksymtab_strings\",\"aMS\",%progbits,1\n" \
		"__kstrtab_" #sym ":	.asciz \"" #sym "\"\n"		\
		"__kstrtabns_" #sym ":	.asciz \"\"\n"			\
		".popsection\n"						\
		".pushsection \"__ksymtab" sec "\",\"a\"\n"		\
		".balign 4\n"						\
		"__ksymtab_" #sym ":\n"					\
		".long " #sym " - .\n"					\
		".long __kstrtab_" #sym " - .\n"			\
		".long __kstrtabns_" #sym " - .\n"			\
		".popsection\n"						\
		".pushsection \"__kcrctab" sec "\",\"a\"\n"		\
		".balign 4\n"						\
		".long __crc_" #sym "\n"				\
		".popsection\n")

#define EXPORT_SYMBOL(sym)	__EXPORT_SYMBOL(sym, "")
#define EXPORT_SYMBOL_GPL(sym)	__EXPORT_SYMBOL(sym, "_gpl")

#endif
