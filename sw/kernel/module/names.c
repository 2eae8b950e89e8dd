// SPDX-License-Identifier: MIT
/* Names of a module's functions, for back-traces. */
#define pr_fmt(fmt) "module: " fmt
#include <kallsyms.h>
#include <kernel.h>
#include <list.h>
#include <slab.h>
#include <sort.h>
#include "internal.h"

static bool is_code(const struct mod_elf *e, const struct elf64_sym *sym,
		    const char *name)
{
	const u64 code = SHF_ALLOC | SHF_EXECINSTR;

	return sym->st_shndx != SHN_UNDEF && sym->st_shndx < e->shnum &&
	       (e->sh[sym->st_shndx].sh_flags & code) == code &&
	       ELF64_ST_TYPE(sym->st_info) == STT_FUNC && *name;
}

static int cmp_symbols(const void *a, const void *b, const void *priv)
{
	const struct module_symbol *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	/* Of several names for one place, always the same one. */
	return x->name < y->name ? -1 : 1;
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
	for (i = 0, k = 0; i < e->nr_syms; i++) {
		const char *name;

		mod_elf_sym(e, i, &sym);
		name = mod_elf_sym_name(e, &sym);
		if (!is_code(e, &sym, name))
			continue;
		m->kallsyms[k].addr = e->addr[sym.st_shndx] + sym.st_value;
		m->kallsyms[k++].name = s;
		memcpy(s, name, strlen(name) + 1);
		s += strlen(s) + 1;
	}
	sort_r(m->kallsyms, n, sizeof(*m->kallsyms), cmp_symbols, NULL);
	m->num_kallsyms = n;
	return 0;
}

bool module_symbol_at(const struct module *m, unsigned long addr,
		      struct symbol_info *info)
{
	unsigned int lo = 0, hi = m->num_kallsyms;
	size_t n;

	/* The last that does not lie behind @addr. */
	while (lo < hi) {
		unsigned int mid = lo + (hi - lo) / 2;

		if (m->kallsyms[mid].addr <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return false;
	info->offset = addr - m->kallsyms[lo - 1].addr;
	info->size = (lo < m->num_kallsyms ? m->kallsyms[lo].addr :
		      (unsigned long)m->mem + m->text_size) -
		     m->kallsyms[lo - 1].addr;
	n = strscpy(info->copy, m->name, MODULE_NAME_LEN) + 1;
	info->module = info->copy;
	info->name = info->copy + n;
	strscpy(info->copy + n, m->kallsyms[lo - 1].name,
		sizeof(info->copy) - n);
	return true;
}
