/* SPDX-License-Identifier: MIT */
/* Reading of a module file, apart from loading it: no pointer is followed and
 * no size is used before it is checked against the file. Builds on the host
 * as well, for fuzzing.
 */
#ifndef MODULE_ELF_H
#define MODULE_ELF_H

#include <compiler.h>
#include <elf.h>
#include <types.h>

#define MOD_MAX_SECTIONS	1024
#define MOD_MAX_SIZE		(32UL << 20)
/* With the null character; longer names are refused. */
#define MOD_SYM_NAME_LEN	512
#define MOD_VENEER_SIZE		16
#define MOD_PAGE		4096UL

/* Where a section goes. */
enum mod_region {
	MOD_TEXT,
	MOD_RO,
	MOD_RW,
	MOD_NR_REGIONS,
};

struct mod_elf {
	const u8 *image;
	size_t size;
	unsigned int shnum;
	struct elf64_shdr *sh;		/* a copy of the headers */
	u64 *addr;			/* of each section once placed, or 0 */
	const char *shstr;
	size_t shstr_size;
	unsigned int symtab;		/* section numbers; 0: none */
	unsigned int strtab;
	unsigned int modinfo;
	unsigned int this_module;
	unsigned int nr_syms;
	unsigned int nr_calls;		/* branches to undefined symbols */

	/* The layout, each region on its own pages. */
	size_t region_start[MOD_NR_REGIONS];
	size_t region_size[MOD_NR_REGIONS];
	size_t veneers;			/* offset of the veneer area */
	size_t total;

	char reason[160];		/* why it was refused */
};

/**
 * mod_elf_open() - Check a file through and through.
 * @e: filled in; @e->reason says why when it fails
 * @this_size: what .gnu.linkonce.this_module must measure
 *
 * Return: 0, -ENOEXEC or -ENOMEM. mod_elf_close() is needed in any case.
 */
int mod_elf_open(struct mod_elf *e, const void *image, size_t size,
		 size_t this_size);
void mod_elf_close(struct mod_elf *e);

const char *mod_elf_section_name(const struct mod_elf *e, unsigned int i);
/* The number of a section that is loaded, or 0. */
unsigned int mod_elf_find(const struct mod_elf *e, const char *name);
void mod_elf_sym(const struct mod_elf *e, unsigned int i,
		 struct elf64_sym *sym);
const char *mod_elf_sym_name(const struct mod_elf *e,
			     const struct elf64_sym *sym);
void mod_elf_rela(const struct mod_elf *e, unsigned int section,
		  unsigned int i, struct elf64_rela *rela);
/* Sections that relocate a loaded section. */
bool mod_elf_is_rela(const struct mod_elf *e, unsigned int section);

/* Value of a .modinfo tag; @prev continues behind an earlier one. */
const char *modinfo_get(const char *info, size_t size, const char *tag,
			const char *prev);

/**
 * mod_reloc() - Apply one relocation.
 * @place: where the bytes are now
 * @p: the address they will run at
 * @s: the symbol
 * Return: 0; -ERANGE out of reach; -EINVAL misaligned; -ENOEXEC unknown.
 */
int mod_reloc(void *place, u32 type, u64 p, u64 s, s64 a);
/* Bytes that a relocation writes; 0: unknown type. */
unsigned int mod_reloc_width(u32 type);

/* Sets @e->reason, without control characters that the file may have. */
void mod_elf_refuse(struct mod_elf *e, const char *fmt, ...)
	__printf(2, 3);

#endif
