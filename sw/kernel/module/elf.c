// SPDX-License-Identifier: MIT
/* Checks of a module file, and its layout in memory. */
#include <errno.h>
#include <kernel.h>
#include <slab.h>
#include "elf.h"

void mod_elf_refuse(struct mod_elf *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->reason, sizeof(e->reason), fmt, ap);
	va_end(ap);
}

#define refuse(e, fmt, ...) ({				\
	mod_elf_refuse(e, fmt, ##__VA_ARGS__);		\
	-ENOEXEC; })

static bool in_file(const struct mod_elf *e, u64 offset, u64 size)
{
	return offset <= e->size && size <= e->size - offset;
}

static int check_header(struct mod_elf *e, struct elf64_ehdr *h)
{
	if (e->size < sizeof(*h))
		return refuse(e, "truncated: %zu bytes are no ELF header",
			      e->size);
	memcpy(h, e->image, sizeof(*h));
	if (memcmp(h->e_ident, "\177ELF", 4))
		return refuse(e, "not an ELF file");
	if (h->e_ident[EI_CLASS] != ELFCLASS64 ||
	    h->e_ident[EI_DATA] != ELFDATA2LSB ||
	    h->e_ident[EI_VERSION] != EV_CURRENT)
		return refuse(e, "not a little-endian 64-bit ELF file");
	if (h->e_machine != EM_AARCH64)
		return refuse(e, "wrong architecture: machine %u, expected %u (AArch64)",
			      h->e_machine, EM_AARCH64);
	if (h->e_type != ET_REL)
		return refuse(e, "not a relocatable object: type %u",
			      h->e_type);
	if (h->e_shentsize != sizeof(struct elf64_shdr))
		return refuse(e, "section headers of %u bytes",
			      h->e_shentsize);
	if (h->e_shnum < 2 || h->e_shnum > MOD_MAX_SECTIONS)
		return refuse(e, "%u sections", h->e_shnum);
	if (!in_file(e, h->e_shoff,
		     (u64)h->e_shnum * sizeof(struct elf64_shdr)))
		return refuse(e, "truncated: section headers end behind the file");
	if (h->e_shstrndx == 0 || h->e_shstrndx >= h->e_shnum)
		return refuse(e, "section name table %u of %u", h->e_shstrndx,
			      h->e_shnum);
	return 0;
}

/* A string table is safe when its last byte is 0. */
static int check_strings(struct mod_elf *e, unsigned int i)
{
	const struct elf64_shdr *s = &e->sh[i];

	if (s->sh_type != SHT_STRTAB || !s->sh_size ||
	    e->image[s->sh_offset + s->sh_size - 1])
		return refuse(e, "section %u is no string table", i);
	return 0;
}

const char *mod_elf_section_name(const struct mod_elf *e, unsigned int i)
{
	u32 n = e->sh[i].sh_name;

	return n < e->shstr_size ? e->shstr + n : "";
}

static int check_section(struct mod_elf *e, unsigned int i)
{
	const struct elf64_shdr *s = &e->sh[i];
	const char *name = mod_elf_section_name(e, i);

	if (s->sh_name >= e->shstr_size)
		return refuse(e, "section %u: name out of range", i);
	if (!(s->sh_flags & SHF_ALLOC))
		return 0;
	if (s->sh_type == SHT_REL || s->sh_type == SHT_RELA)
		return refuse(e, "section %s: loaded relocations", name);
	if (s->sh_addralign & (s->sh_addralign - 1) ||
	    s->sh_addralign > MOD_PAGE)
		return refuse(e, "section %s: alignment %#llx", name,
			      s->sh_addralign);
	if (s->sh_size > MOD_MAX_SIZE)
		return refuse(e, "section %s: %llu bytes", name, s->sh_size);
	if ((s->sh_flags & SHF_WRITE) && (s->sh_flags & SHF_EXECINSTR))
		return refuse(e, "section %s is writable and executable",
			      name);
	return 0;
}

static int find_tables(struct mod_elf *e)
{
	unsigned int i;

	for (i = 1; i < e->shnum; i++) {
		const char *name = mod_elf_section_name(e, i);

		if (e->sh[i].sh_type == SHT_SYMTAB) {
			if (e->symtab)
				return refuse(e, "two symbol tables");
			e->symtab = i;
		}
		if (!strcmp(name, ".modinfo")) {
			if (e->modinfo)
				return refuse(e, "two sections .modinfo");
			if (e->sh[i].sh_type != SHT_PROGBITS)
				return refuse(e, ".modinfo has no content");
			e->modinfo = i;
		} else if (!strcmp(name, ".gnu.linkonce.this_module")) {
			if (e->this_module)
				return refuse(e, "two sections %s", name);
			e->this_module = i;
		}
	}
	if (!e->symtab)
		return refuse(e, "no symbol table");
	e->strtab = e->sh[e->symtab].sh_link;
	if (e->strtab == 0 || e->strtab >= e->shnum)
		return refuse(e, "symbol names in section %u of %u",
			      e->strtab, e->shnum);
	if (check_strings(e, e->strtab))
		return -ENOEXEC;
	if (e->sh[e->symtab].sh_entsize != sizeof(struct elf64_sym) ||
	    e->sh[e->symtab].sh_size % sizeof(struct elf64_sym) ||
	    e->sh[e->symtab].sh_size / sizeof(struct elf64_sym) > U32_MAX)
		return refuse(e, "symbol table of odd size");
	e->nr_syms = (unsigned int)(e->sh[e->symtab].sh_size /
				    sizeof(struct elf64_sym));
	return 0;
}

void mod_elf_sym(const struct mod_elf *e, unsigned int i,
		 struct elf64_sym *sym)
{
	memcpy(sym, e->image + e->sh[e->symtab].sh_offset +
	       (u64)i * sizeof(*sym), sizeof(*sym));
}

const char *mod_elf_sym_name(const struct mod_elf *e,
			     const struct elf64_sym *sym)
{
	return (const char *)e->image + e->sh[e->strtab].sh_offset +
	       sym->st_name;
}

static int check_symbols(struct mod_elf *e)
{
	struct elf64_sym sym;
	unsigned int i;

	for (i = 0; i < e->nr_syms; i++) {
		const struct elf64_shdr *s;

		mod_elf_sym(e, i, &sym);
		if (sym.st_name >= e->sh[e->strtab].sh_size)
			return refuse(e, "symbol %u: name out of range", i);
		if (strnlen(mod_elf_sym_name(e, &sym), MOD_SYM_NAME_LEN) ==
		    MOD_SYM_NAME_LEN)
			return refuse(e, "symbol %u: name longer than %d characters",
				      i, MOD_SYM_NAME_LEN - 1);
		if (sym.st_shndx == SHN_UNDEF || sym.st_shndx == SHN_ABS)
			continue;
		if (sym.st_shndx == SHN_COMMON)
			return refuse(e, "common symbol %s: build with -fno-common",
				      mod_elf_sym_name(e, &sym));
		if (sym.st_shndx >= e->shnum) {
			/* Names of files and the like. */
			if (sym.st_shndx < SHN_LORESERVE)
				return refuse(e, "symbol %u in section %u of %u",
					      i, sym.st_shndx, e->shnum);
			return refuse(e, "symbol %u in reserved section %#x",
				      i, sym.st_shndx);
		}
		s = &e->sh[sym.st_shndx];
		if ((s->sh_flags & SHF_ALLOC) && sym.st_value > s->sh_size)
			return refuse(e, "symbol %u lies outside of section %s",
				      i,
				      mod_elf_section_name(e, sym.st_shndx));
	}
	return 0;
}

bool mod_elf_is_rela(const struct mod_elf *e, unsigned int i)
{
	const struct elf64_shdr *s = &e->sh[i];

	return (s->sh_type == SHT_RELA || s->sh_type == SHT_REL) &&
	       s->sh_info < e->shnum &&
	       (e->sh[s->sh_info].sh_flags & SHF_ALLOC);
}

void mod_elf_rela(const struct mod_elf *e, unsigned int section,
		  unsigned int i, struct elf64_rela *rela)
{
	memcpy(rela, e->image + e->sh[section].sh_offset +
	       (u64)i * sizeof(*rela), sizeof(*rela));
}

static int check_relas(struct mod_elf *e, unsigned int i)
{
	const struct elf64_shdr *s = &e->sh[i], *target;
	const char *name = mod_elf_section_name(e, i);
	struct elf64_rela r;
	struct elf64_sym sym;
	unsigned int k;

	if (s->sh_type == SHT_REL)
		return refuse(e, "section %s: relocations without addends",
			      name);
	if (s->sh_entsize != sizeof(r) || s->sh_size % sizeof(r))
		return refuse(e, "section %s: odd size", name);
	if (s->sh_link != e->symtab)
		return refuse(e, "section %s: another symbol table", name);
	target = &e->sh[s->sh_info];
	if (target->sh_type == SHT_NOBITS && s->sh_size)
		return refuse(e, "section %s: relocates empty memory", name);
	for (k = 0; k < s->sh_size / sizeof(r); k++) {
		u32 type, width;

		mod_elf_rela(e, i, k, &r);
		type = ELF64_R_TYPE(r.r_info);
		width = mod_reloc_width(type);
		if (type == R_AARCH64_NONE)
			continue;
		if (!width)
			return refuse(e, "section %s: unsupported relocation type %u",
				      name, type);
		if (r.r_offset > target->sh_size ||
		    width > target->sh_size - r.r_offset)
			return refuse(e, "section %s: relocation at %#llx, outside of %s",
				      name, r.r_offset,
				      mod_elf_section_name(e, s->sh_info));
		if (ELF64_R_SYM(r.r_info) >= e->nr_syms)
			return refuse(e, "section %s: relocation by symbol %u of %u",
				      name, ELF64_R_SYM(r.r_info),
				      e->nr_syms);
		mod_elf_sym(e, ELF64_R_SYM(r.r_info), &sym);
		if (sym.st_shndx < e->shnum && sym.st_shndx != SHN_UNDEF &&
		    !(e->sh[sym.st_shndx].sh_flags & SHF_ALLOC))
			return refuse(e, "section %s: relocation to %s, which is not loaded",
				      name,
				      mod_elf_section_name(e, sym.st_shndx));
		if (sym.st_shndx == SHN_UNDEF &&
		    (type == R_AARCH64_CALL26 || type == R_AARCH64_JUMP26))
			e->nr_calls++;
	}
	return 0;
}

static enum mod_region region_of(const struct elf64_shdr *s)
{
	if (s->sh_flags & SHF_EXECINSTR)
		return MOD_TEXT;
	return s->sh_flags & SHF_WRITE ? MOD_RW : MOD_RO;
}

/* Offsets go to addr[]; they become addresses when there is memory. */
static int layout(struct mod_elf *e)
{
	size_t at = 0;
	unsigned int r, i;

	for (r = 0; r < MOD_NR_REGIONS; r++) {
		at = ALIGN(at, MOD_PAGE);
		e->region_start[r] = at;
		for (i = 1; i < e->shnum; i++) {
			const struct elf64_shdr *s = &e->sh[i];

			if (!(s->sh_flags & SHF_ALLOC) || region_of(s) != r)
				continue;
			if (s->sh_addralign > 1)
				at = ALIGN(at, s->sh_addralign);
			e->addr[i] = at;
			at += s->sh_size;
			if (at > MOD_MAX_SIZE)
				return refuse(e, "larger than %lu MiB",
					      MOD_MAX_SIZE >> 20);
		}
		if (r == MOD_TEXT) {
			at = ALIGN(at, MOD_VENEER_SIZE);
			e->veneers = at;
			at += (size_t)e->nr_calls * MOD_VENEER_SIZE;
		}
		e->region_size[r] = ALIGN(at, MOD_PAGE) - e->region_start[r];
	}
	e->total = ALIGN(at, MOD_PAGE);
	return e->total > MOD_MAX_SIZE ?
	       refuse(e, "larger than %lu MiB", MOD_MAX_SIZE >> 20) : 0;
}

static int check_sections(struct mod_elf *e, const struct elf64_ehdr *h)
{
	unsigned int i;
	int ret;

	for (i = 1; i < e->shnum; i++)
		if (e->sh[i].sh_type && e->sh[i].sh_type != SHT_NOBITS &&
		    !in_file(e, e->sh[i].sh_offset, e->sh[i].sh_size))
			return refuse(e, "truncated: section %u ends behind the file",
				      i);
	if (check_strings(e, h->e_shstrndx))
		return -ENOEXEC;
	e->shstr = (const char *)e->image + e->sh[h->e_shstrndx].sh_offset;
	e->shstr_size = e->sh[h->e_shstrndx].sh_size;
	for (i = 1; i < e->shnum; i++) {
		ret = check_section(e, i);
		if (ret)
			return ret;
	}
	return 0;
}

static int check_this_module(struct mod_elf *e, size_t size)
{
	const struct elf64_shdr *s = &e->sh[e->this_module];
	const char *name = mod_elf_section_name(e, e->this_module);

	if (s->sh_size != size)
		return refuse(e, "%s has %llu bytes, expected %zu: built for another kernel",
			      name, s->sh_size, size);
	if (s->sh_type != SHT_PROGBITS || !(s->sh_flags & SHF_WRITE) ||
	    !(s->sh_flags & SHF_ALLOC))
		return refuse(e, "%s is no writable data", name);
	if (s->sh_addralign < 8)
		return refuse(e, "%s is aligned to %llu bytes, expected 8 or more",
			      name, s->sh_addralign);
	return 0;
}

int mod_elf_open(struct mod_elf *e, const void *image, size_t size,
		 size_t this_size)
{
	struct elf64_ehdr h;
	unsigned int i;
	int ret;

	memset(e, 0, sizeof(*e));
	e->image = image;
	e->size = size;
	ret = check_header(e, &h);
	if (ret)
		return ret;
	e->shnum = h.e_shnum;
	e->sh = kmalloc(e->shnum * sizeof(*e->sh), GFP_KERNEL);
	e->addr = kmalloc(e->shnum * sizeof(*e->addr), GFP_KERNEL);
	if (!e->sh || !e->addr) {
		mod_elf_refuse(e, "no memory");
		return -ENOMEM;
	}
	memset(e->addr, 0, e->shnum * sizeof(*e->addr));
	memcpy(e->sh, e->image + h.e_shoff, e->shnum * sizeof(*e->sh));
	/* The content of a null section is not checked: it has none. */
	for (i = 0; i < e->shnum; i++)
		if (!i || e->sh[i].sh_type == SHT_NULL)
			memset(&e->sh[i], 0, sizeof(e->sh[i]));
	ret = check_sections(e, &h);
	if (!ret)
		ret = find_tables(e);
	if (!ret)
		ret = check_symbols(e);
	for (i = 1; !ret && i < e->shnum; i++)
		if (mod_elf_is_rela(e, i))
			ret = check_relas(e, i);
	if (ret)
		return ret;
	if (!e->modinfo)
		return refuse(e, "no .modinfo");
	if (!e->this_module)
		return refuse(e, "no .gnu.linkonce.this_module");
	ret = check_this_module(e, this_size);
	return ret ? ret : layout(e);
}

void mod_elf_close(struct mod_elf *e)
{
	kfree(e->sh);
	kfree(e->addr);
	e->sh = NULL;
	e->addr = NULL;
}

unsigned int mod_elf_find(const struct mod_elf *e, const char *name)
{
	unsigned int i;

	for (i = 1; i < e->shnum; i++)
		if ((e->sh[i].sh_flags & SHF_ALLOC) &&
		    !strcmp(mod_elf_section_name(e, i), name))
			return i;
	return 0;
}

const char *modinfo_get(const char *info, size_t size, const char *tag,
			const char *prev)
{
	const char *p = prev ? prev + strlen(prev) + 1 : info;
	size_t n = strlen(tag);

	while (p < info + size) {
		size_t left = (size_t)(info + size - p);
		size_t len = strnlen(p, left);

		if (len == left)
			return NULL;	/* not closed */
		if (len > n && !strncmp(p, tag, n) && p[n] == '=')
			return p + n + 1;
		p += len + 1;
	}
	return NULL;
}
