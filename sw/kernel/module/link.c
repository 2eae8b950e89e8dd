// SPDX-License-Identifier: MIT
/* Linking of a module: addresses of symbols, relocations, veneers. */
#define pr_fmt(fmt) "module: " fmt
#include <kernel.h>
#include <slab.h>
#include "internal.h"

/* A symbol of the file while it is linked. */
struct link_symbol {
	u64 value;
	u64 veneer;		/* the latest that was made for it, or 0 */
	u64 veneer_target;
};

/* ldr x16, #8; br x16; the address. Reaches everything. */
static u64 make_veneer(struct module *m, struct mod_elf *e,
		       struct link_symbol *s, u64 target)
{
	static const u32 insn[2] = { 0x58000050, 0xd61f0200 };
	u8 *at;

	if (s->veneer && s->veneer_target == target)
		return s->veneer;
	/* There is room for one each call: see nr_calls. */
	at = (u8 *)m->mem + e->veneers + m->veneers * MOD_VENEER_SIZE;
	memcpy(at, insn, 8);
	memcpy(at + 8, &target, 8);
	m->veneers++;
	s->veneer = (u64)at;
	s->veneer_target = target;
	return s->veneer;
}

static int relocate(struct module *m, struct mod_elf *e, unsigned int sec,
		    struct link_symbol *symbols, struct module *self)
{
	const struct elf64_shdr *s = &e->sh[sec];
	u64 base = e->addr[s->sh_info];
	struct elf64_rela r;
	unsigned int i;
	int ret;

	for (i = 0; i < s->sh_size / sizeof(r); i++) {
		struct link_symbol *l;
		u32 type, idx;
		void *place;
		u64 p;

		mod_elf_rela(e, sec, i, &r);
		type = ELF64_R_TYPE(r.r_info);
		idx = ELF64_R_SYM(r.r_info);
		if (type == R_AARCH64_NONE)
			continue;
		l = &symbols[idx];
		p = base + r.r_offset;
		place = s->sh_info == e->this_module ?
			(u8 *)self + r.r_offset : (void *)p;
		ret = mod_reloc(place, type, p, l->value, r.r_addend);
		if (ret == -ERANGE && (type == R_AARCH64_CALL26 ||
				       type == R_AARCH64_JUMP26)) {
			struct elf64_sym sym;

			mod_elf_sym(e, idx, &sym);
			if (sym.st_shndx == SHN_UNDEF) {
				u64 v = make_veneer(m, e, l, l->value +
						    (u64)r.r_addend);

				ret = mod_reloc(place, type, p, v, 0);
			}
		}
		if (ret) {
			mod_elf_refuse(e, "%s: relocation %u of type %u: %s",
				       mod_elf_section_name(e, sec), i, type,
				       ret == -ERANGE ? "out of range" :
							"misaligned");
			return -ENOEXEC;
		}
	}
	return 0;
}

/* Gives every symbol its address. */
static int resolve_all(struct module *m, struct mod_elf *e,
		       const u32 *versions, struct link_symbol *symbols)
{
	struct elf64_sym sym;
	unsigned int i;
	int ret;

	/* The first is none. */
	for (i = 1; i < e->nr_syms; i++) {
		mod_elf_sym(e, i, &sym);
		if (sym.st_shndx == SHN_ABS) {
			symbols[i].value = sym.st_value;
		} else if (sym.st_shndx != SHN_UNDEF) {
			symbols[i].value = e->addr[sym.st_shndx] +
					   sym.st_value;
		} else {
			ret = module_resolve(m, e, versions,
					     mod_elf_sym_name(e, &sym),
					     ELF64_ST_BIND(sym.st_info) ==
					     STB_WEAK, &symbols[i].value);
			if (ret)
				return ret;
		}
	}
	return 0;
}

int module_link(struct module *m, struct mod_elf *e, struct module *self)
{
	struct link_symbol *symbols;
	u32 *versions;
	unsigned int i;
	int ret;

	ret = module_sort_versions(e, &versions);
	if (ret)
		return ret;
	symbols = kvzalloc(((size_t)e->nr_syms + 1) * sizeof(*symbols),
			   GFP_KERNEL);
	if (!symbols) {
		mod_elf_refuse(e, "no memory");
		ret = -ENOMEM;
		goto out_free;
	}
	ret = module_check_layout(e, versions);
	if (!ret)
		ret = resolve_all(m, e, versions, symbols);
	for (i = 1; i < e->shnum && !ret; i++)
		if (mod_elf_is_rela(e, i))
			ret = relocate(m, e, i, symbols, self);

out_free:
	kvfree(symbols);
	kvfree(versions);
	return ret;
}
