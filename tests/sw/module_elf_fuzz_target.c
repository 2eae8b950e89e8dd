/* Opens bytes as a module file and applies every relocation to copies of its
 * sections: the guest's own code, compiled for the host with the guest's
 * headers.
 */
#include <errno.h>
#include <kernel.h>
#include <module.h>
#include <slab.h>
#include "../../sw/kernel/module/elf.h"


int module_fuzz_one(const u8 *data, size_t size);
void *malloc(size_t size);
void free(void *p);

void *kmalloc(size_t size, gfp_t gfp)
{
	return malloc(size ? size : 1);
}

void kfree(const void *p)
{
	free((void *)p);
}

/* @mem: the bytes of the section that is relocated, alone in a heap block. */
static void relocate(struct mod_elf *e, unsigned int section, u8 *mem)
{
	const struct elf64_shdr *s = &e->sh[section];
	u64 base = 0xffff800000000000ULL;
	struct elf64_rela r;
	struct elf64_sym sym;
	unsigned int i;

	for (i = 0; i < s->sh_size / sizeof(r); i++) {
		mod_elf_rela(e, section, i, &r);
		if (ELF64_R_TYPE(r.r_info) == R_AARCH64_NONE)
			continue;
		mod_elf_sym(e, ELF64_R_SYM(r.r_info), &sym);
		mod_reloc(mem + r.r_offset, ELF64_R_TYPE(r.r_info),
			  base + e->addr[s->sh_info] + r.r_offset,
			  base + sym.st_value, r.r_addend);
	}
}

static u8 *section_copy(struct mod_elf *e, unsigned int i)
{
	const struct elf64_shdr *s = &e->sh[i];
	u8 *mem = malloc(s->sh_size ? s->sh_size : 1);

	if (s->sh_type == SHT_NOBITS)
		memset(mem, 0, s->sh_size);
	else
		memcpy(mem, e->image + s->sh_offset, s->sh_size);
	if (e->addr[i] > e->total || s->sh_size > e->total - e->addr[i])
		__builtin_trap();	/* placed outside of the module */
	return mem;
}

static void read_all(struct mod_elf *e)
{
	const struct elf64_shdr *mi = &e->sh[e->modinfo];
	const char *v = NULL;
	struct elf64_sym sym;
	size_t n = 0;
	unsigned int i;

	for (i = 0; i < e->nr_syms; i++) {
		mod_elf_sym(e, i, &sym);
		n += strlen(mod_elf_sym_name(e, &sym));
	}
	while ((v = modinfo_get((const char *)e->image + mi->sh_offset,
				mi->sh_size, "alias", v)))
		n += strlen(v);
	/* Nothing of this may be dropped by the compiler. */
	__asm__ volatile("" : : "r"(n));
}

/* True when the file was accepted. */
int module_fuzz_one(const u8 *data, size_t size)
{
	struct mod_elf e;
	unsigned int i;
	int ret = mod_elf_open(&e, data, size, sizeof(struct module));

	if (!ret) {
		read_all(&e);
		for (i = 1; i < e.shnum; i++) {
			u8 *mem;

			if (e.sh[i].sh_flags & SHF_ALLOC)
				free(section_copy(&e, i));
			if (!mod_elf_is_rela(&e, i))
				continue;
			mem = section_copy(&e, e.sh[i].sh_info);
			relocate(&e, i, mem);
			free(mem);
		}
	} else if (!e.reason[0]) {
		/* A refusal says why. */
		__builtin_trap();
	}
	mod_elf_close(&e);
	return !ret;
}
