/* Symbols of modules: exports, imports and names for back-traces. */
#define pr_fmt(fmt) "module: " fmt
#include <kallsyms.h>
#include <kernel.h>
#include <list.h>
#include <slab.h>
#include "internal.h"

extern const struct kernel_symbol __start___ksymtab[], __stop___ksymtab[];
extern const struct kernel_symbol __start___ksymtab_gpl[];
extern const struct kernel_symbol __stop___ksymtab_gpl[];
extern const u32 __start___kcrctab[], __start___kcrctab_gpl[];

static const char *symbol_name(const struct kernel_symbol *s)
{
	return (const char *)&s->name_offset + s->name_offset;
}

static unsigned long symbol_value(const struct kernel_symbol *s)
{
	return (unsigned long)&s->value_offset + (unsigned long)s->value_offset;
}

static bool search(const struct kernel_symbol *s, size_t n, const u32 *crcs,
		   const char *name, struct exported *out)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(symbol_name(&s[i]), name)) {
			out->value = symbol_value(&s[i]);
			out->crc = crcs[i];
			return true;
		}
	return false;
}

bool module_find_export(const char *name, struct exported *out)
{
	struct module *m;

	out->owner = NULL;
	out->gpl = false;
	if (search(__start___ksymtab,
		   (size_t)(__stop___ksymtab - __start___ksymtab),
		   __start___kcrctab, name, out))
		return true;
	out->gpl = true;
	if (search(__start___ksymtab_gpl,
		   (size_t)(__stop___ksymtab_gpl - __start___ksymtab_gpl),
		   __start___kcrctab_gpl, name, out))
		return true;
	list_for_each_entry(m, &modules, list) {
		if (m->state != MODULE_STATE_LIVE)
			continue;
		out->owner = m;
		out->gpl = false;
		if (search(m->syms, m->num_syms, m->crcs, name, out))
			return true;
		out->gpl = true;
		if (search(m->gpl_syms, m->num_gpl_syms, m->gpl_crcs, name,
			   out))
			return true;
	}
	return false;
}

/* The table itself, and each offset in it, must lie inside of the module. */
static int setup_table(struct module *m, struct mod_elf *e, const char *tab,
		       const char *crctab, const struct kernel_symbol **syms,
		       const u32 **crcs, unsigned int *num)
{
	unsigned int t = mod_elf_find(e, tab), c = mod_elf_find(e, crctab), i;
	unsigned int str = mod_elf_find(e, "__ksymtab_strings");
	const char *lo, *hi;
	struct exported x;

	if (!t)
		return 0;
	*num = (unsigned int)(e->sh[t].sh_size / sizeof(**syms));
	if (!c || e->sh[c].sh_size / sizeof(u32) != *num ||
	    e->sh[t].sh_size % sizeof(**syms) || !str ||
	    (e->addr[t] & 3) || (e->addr[c] & 3)) {
		mod_elf_refuse(e, "%s does not match its checksums", tab);
		return -ENOEXEC;
	}
	*syms = (const struct kernel_symbol *)e->addr[t];
	*crcs = (const u32 *)e->addr[c];
	lo = (const char *)e->addr[str];
	hi = lo + e->sh[str].sh_size;
	if (lo == hi || hi[-1]) {
		mod_elf_refuse(e, "__ksymtab_strings is not closed");
		return -ENOEXEC;
	}
	for (i = 0; i < *num; i++) {
		const char *name = symbol_name(&(*syms)[i]);
		unsigned long v = symbol_value(&(*syms)[i]);

		if (name < lo || name >= hi ||
		    v < (unsigned long)m->mem ||
		    v >= (unsigned long)m->mem + m->size) {
			mod_elf_refuse(e, "%s: entry %u lies outside of the module",
				       tab, i);
			return -ENOEXEC;
		}
		if (module_find_export(name, &x)) {
			mod_elf_refuse(e, "exports duplicate symbol %s (owned by %s)",
				       name, x.owner ? x.owner->name :
				       "kernel");
			return -ENOEXEC;
		}
	}
	return 0;
}

int module_setup_exports(struct module *m, struct mod_elf *e)
{
	int ret = setup_table(m, e, "__ksymtab", "__kcrctab", &m->syms,
			      &m->crcs, &m->num_syms);

	return ret ? ret : setup_table(m, e, "__ksymtab_gpl",
				       "__kcrctab_gpl", &m->gpl_syms,
				       &m->gpl_crcs, &m->num_gpl_syms);
}

/* An entry of the section __versions. */
struct version_entry {
	u64 crc;
	char name[MODULE_NAME_LEN];
};

static int check_version(struct mod_elf *e, const char *name, u32 crc)
{
	unsigned int v = mod_elf_find(e, "__versions"), i;
	const u8 *base;

	if (!v || e->sh[v].sh_type != SHT_PROGBITS) {
		mod_elf_refuse(e, "no symbol versions");
		return -ENOEXEC;
	}
	base = e->image + e->sh[v].sh_offset;
	for (i = 0; i < e->sh[v].sh_size / sizeof(struct version_entry);
	     i++) {
		struct version_entry ve;

		memcpy(&ve, base + i * sizeof(ve), sizeof(ve));
		ve.name[sizeof(ve.name) - 1] = 0;
		if (strcmp(ve.name, name))
			continue;
		if (ve.crc == crc)
			return 0;
		mod_elf_refuse(e, "disagrees about version of symbol %s (has %#010llx, wants %#010x)",
			       name, ve.crc, crc);
		return -ENOEXEC;
	}
	mod_elf_refuse(e, "no version for symbol %s", name);
	return -ENOEXEC;
}

int module_check_layout(struct mod_elf *e)
{
	struct exported x;

	if (!module_find_export("module_layout", &x))
		return 0;
	return check_version(e, "module_layout", x.crc);
}

static int resolve(struct module *self, const struct module *draft,
		   struct mod_elf *e, const char *name, u64 *value)
{
	struct exported x;
	int ret;

	if (!module_find_export(name, &x)) {
		mod_elf_refuse(e, "unknown symbol %s", name);
		return -ENOENT;
	}
	if (x.gpl && !draft->gpl) {
		mod_elf_refuse(e, "GPL-only symbol %s, but the licence is not GPL compatible",
			       name);
		return -ENOENT;
	}
	ret = check_version(e, name, x.crc);
	if (ret)
		return ret;
	*value = x.value;
	return x.owner ? module_add_dependency(x.owner, self) : 0;
}

/* ldr x16, #8; br x16; the address. Reaches everything. */
static u64 make_veneer(struct module *m, struct mod_elf *e, u64 target)
{
	u8 *base = (u8 *)m->mem + e->veneers;
	u32 insn[2] = { 0x58000050, 0xd61f0200 };
	unsigned int i;
	u64 t;

	for (i = 0; i < m->veneers; i++) {
		memcpy(&t, base + i * MOD_VENEER_SIZE + 8, 8);
		if (t == target)
			return (u64)base + i * MOD_VENEER_SIZE;
	}
	/* There is room for one each call: see nr_calls. */
	memcpy(base + i * MOD_VENEER_SIZE, insn, 8);
	memcpy(base + i * MOD_VENEER_SIZE + 8, &target, 8);
	m->veneers++;
	return (u64)base + i * MOD_VENEER_SIZE;
}

static int relocate(struct module *m, struct mod_elf *e, unsigned int sec,
		    const u64 *values)
{
	const struct elf64_shdr *s = &e->sh[sec];
	u64 base = e->addr[s->sh_info];
	struct elf64_rela r;
	unsigned int i;
	int ret;

	for (i = 0; i < s->sh_size / sizeof(r); i++) {
		u32 type, idx;
		u64 p, v;

		mod_elf_rela(e, sec, i, &r);
		type = ELF64_R_TYPE(r.r_info);
		idx = ELF64_R_SYM(r.r_info);
		if (type == R_AARCH64_NONE)
			continue;
		p = base + r.r_offset;
		v = values[idx];
		ret = mod_reloc((void *)p, type, p, v, r.r_addend);
		if (ret == -ERANGE && (type == R_AARCH64_CALL26 ||
				       type == R_AARCH64_JUMP26)) {
			struct elf64_sym sym;

			mod_elf_sym(e, idx, &sym);
			if (sym.st_shndx == SHN_UNDEF) {
				v = make_veneer(m, e, v + (u64)r.r_addend);
				ret = mod_reloc((void *)p, type, p, v, 0);
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

/* Gives every symbol its address, and applies the relocations. */
int module_link_symbols(struct module *self, struct module *draft,
			struct mod_elf *e)
{
	u64 *values = kvmalloc(((size_t)e->nr_syms + 1) * sizeof(u64),
			       GFP_KERNEL);
	struct elf64_sym sym;
	unsigned int i;
	int ret = 0;

	if (!values) {
		mod_elf_refuse(e, "no memory");
		return -ENOMEM;
	}
	for (i = 0; i < e->nr_syms; i++) {
		mod_elf_sym(e, i, &sym);
		if (sym.st_shndx == SHN_ABS) {
			values[i] = sym.st_value;
		} else if (sym.st_shndx != SHN_UNDEF) {
			values[i] = e->addr[sym.st_shndx] + sym.st_value;
		} else if (i == 0 || (ELF64_ST_BIND(sym.st_info) == STB_WEAK)) {
			values[i] = 0;
		} else {
			ret = resolve(self, draft, e,
				      mod_elf_sym_name(e, &sym), &values[i]);
			if (ret)
				goto out_free;
		}
	}
	for (i = 1; i < e->shnum && !ret; i++)
		if (mod_elf_is_rela(e, i))
			ret = relocate(draft, e, i, values);

out_free:
	kvfree(values);
	return ret;
}

static bool is_code(const struct mod_elf *e, const struct elf64_sym *sym,
		    const char *name)
{
	return sym->st_shndx != SHN_UNDEF && sym->st_shndx < e->shnum &&
	       (e->sh[sym->st_shndx].sh_flags & SHF_EXECINSTR) &&
	       ELF64_ST_TYPE(sym->st_info) == STT_FUNC && *name;
}

int module_setup_kallsyms(struct module *m, struct mod_elf *e)
{
	struct elf64_sym sym;
	unsigned int i, n = 0, k;
	size_t bytes = 0;
	char *s;

	for (i = 0; i < e->nr_syms; i++) {
		const char *name;

		mod_elf_sym(e, i, &sym);
		name = mod_elf_sym_name(e, &sym);
		if (is_code(e, &sym, name)) {
			n++;
			bytes += strlen(name) + 1;
		}
	}
	m->kallsyms = kvmalloc(n * sizeof(*m->kallsyms), GFP_KERNEL);
	m->strtab = kvmalloc(bytes, GFP_KERNEL);
	if (!m->kallsyms || !m->strtab) {
		mod_elf_refuse(e, "no memory");
		return -ENOMEM;
	}
	s = m->strtab;
	for (i = 0; i < e->nr_syms; i++) {
		struct module_symbol ms;
		const char *name;

		mod_elf_sym(e, i, &sym);
		name = mod_elf_sym_name(e, &sym);
		if (!is_code(e, &sym, name))
			continue;
		ms.addr = e->addr[sym.st_shndx] + sym.st_value;
		ms.name = s;
		s = (char *)memcpy(s, name, strlen(name) + 1) +
		    strlen(name) + 1;
		for (k = m->num_kallsyms++;
		     k && m->kallsyms[k - 1].addr > ms.addr; k--)
			m->kallsyms[k] = m->kallsyms[k - 1];
		m->kallsyms[k] = ms;
	}
	return 0;
}

bool module_lookup_symbol(unsigned long addr, struct symbol_info *info)
{
	struct module *m = module_of_address(addr);
	const struct module_symbol *best = NULL;
	unsigned long end;
	unsigned int i;

	if (!m || !m->num_kallsyms)
		return false;
	end = (unsigned long)m->mem + m->text_size;
	for (i = 0; i < m->num_kallsyms; i++) {
		if (m->kallsyms[i].addr > addr) {
			end = m->kallsyms[i].addr;
			break;
		}
		best = &m->kallsyms[i];
	}
	if (!best)
		return false;
	info->name = best->name;
	info->offset = addr - best->addr;
	info->size = end - best->addr;
	info->module = m->name;
	return true;
}
