// SPDX-License-Identifier: MIT
/* Opens bytes as a module file, places, links and names it, as the loader does:
 * the guest's own code, compiled for the host with the guest's headers. The
 * kernel's side is a table of the symbols that the undamaged file wants.
 */
#include <errno.h>
#include <kallsyms.h>
#include <kernel.h>
#include <list.h>
#include <module.h>
#include <slab.h>
#include "../../sw/kernel/module/internal.h"

int module_fuzz_one(const u8 *data, size_t size);
/* Makes the kernel's table from an undamaged file. */
int module_fuzz_kernel(const u8 *data, size_t size);
void *malloc(size_t size);
void __asan_poison_memory_region(void const volatile *addr, size_t size);
void __asan_unpoison_memory_region(void const volatile *addr, size_t size);
void free(void *p);

LIST_HEAD(modules);
struct mutex module_mutex;
struct module_exports kernel_exports[2];

void *kmalloc(size_t size, gfp_t gfp)
{
	void *p = malloc(size ? size : 1);

	if (gfp & __GFP_ZERO)
		memset(p, 0, size);
	return p;
}

void kfree(const void *p)
{
	free((void *)p);
}

void *kvmalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp);
}

void kvfree(const void *p)
{
	free((void *)p);
}

void mutex_lock(struct mutex *m)
{
}

void mutex_unlock(struct mutex *m)
{
}

int module_wait(const char *name)
{
	__builtin_trap();	/* nobody else loads anything */
}

int module_add_dependency(struct module *owner, struct module *m)
{
	__builtin_trap();	/* all symbols are the kernel's */
}

ssize_t strscpy(char *dst, const char *src, size_t size)
{
	size_t n = strnlen(src, size - 1);

	memcpy(dst, src, n);
	dst[n] = 0;
	return (ssize_t)n;
}

int printk(const char *fmt, ...)
{
	return 0;
}

int parse_args(const struct param_set *set, const char *args, char *reason,
	       size_t reason_size)
{
	unsigned int i;

	/* Each may be written, and its name read. */
	for (i = 0; i < set->num; i++) {
		static const size_t sizes[] = { sizeof(bool), sizeof(int),
						sizeof(int), sizeof(long),
						sizeof(char *) };

		memset(set->params[i].var, 0, sizes[set->params[i].type]);
		if (strlen(set->params[i].name) +
		    strlen(set->params[i].module) > SIZE_MAX - 1)
			return -EINVAL;
	}
	return 0;
}

/* Symbols, names and checksums lie close to each other: offsets are small. */
struct kernel_table {
	u32 crcs[1024];
	struct kernel_symbol syms[1024];
	char names[1024][MODULE_NAME_LEN];
};

int module_fuzz_kernel(const u8 *data, size_t size)
{
	struct module_exports *x = &kernel_exports[0];
	static struct kernel_table table, *t = &table;
	const struct elf64_shdr *v;
	struct mod_elf e;
	unsigned int i;

	if (mod_elf_open(&e, data, size, sizeof(struct module)))
		return 0;
	v = &e.sh[mod_elf_find(&e, "__versions")];
	x->num = (unsigned int)(v->sh_size / 64);
	for (i = 0; i < x->num && i < 1024; i++) {
		const u8 *entry = data + v->sh_offset + i * 64;

		memcpy(&t->crcs[i], entry, 4);
		memcpy(t->names[i], entry + 8, MODULE_NAME_LEN);
		/* Of eight bytes: data may be loaded from there. */
		t->syms[i].value_offset = 64 +
			(s32)(-(u64)&t->syms[i].value_offset & 7);
		t->syms[i].name_offset = (s32)(t->names[i] -
			(char *)&t->syms[i].name_offset);
	}
	x->syms = t->syms;
	x->crcs = t->crcs;
	kvfree(x->order);
	mod_elf_close(&e);
	return !module_sort_exports(x);
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

static void place(struct mod_elf *e, u8 *mem)
{
	unsigned int i;

	memset(mem, 0, e->total);
	for (i = 1; i < e->shnum; i++) {
		const struct elf64_shdr *s = &e->sh[i];

		if (!(s->sh_flags & SHF_ALLOC))
			continue;
		e->addr[i] += (u64)mem;
		if (s->sh_type != SHT_NOBITS)
			memcpy((void *)e->addr[i], e->image + s->sh_offset,
			       s->sh_size);
	}
}

static void look_up_names(const struct module *m)
{
	struct symbol_info info;
	size_t at;

	for (at = 0; at < m->size; at += 4096 + 36)
		if (module_symbol_at(m, (unsigned long)m->mem + at, &info) &&
		    strlen(info.name) + strlen(info.module) >=
		    sizeof(info.copy))
			__builtin_trap();
}

static int link_and_name(struct mod_elf *e, struct module *m,
			 struct module *self)
{
	struct exported x;
	int ret = module_link(m, e, self);

	if (!ret)
		ret = module_setup_kallsyms(m, e);
	if (!ret)
		ret = module_setup_params(m, e);
	if (!ret)
		ret = module_apply_params(m, e, "");
	if (!ret)
		ret = module_setup_exports(m, e);
	if (ret)
		return ret;
	look_up_names(m);
	m->state = MODULE_STATE_LIVE;
	list_add_tail(&m->list, &modules);
	module_find_export("test_export_gpl", &x);
	list_del(&m->list);
	return 0;
}

/*
 * Memory for a module: beside the kernel's table, as a module's code reaches
 * the kernel's data only there. It ends where the arena does, and what is in
 * front of it is poisoned: a byte too far is seen on either side.
 */
static u8 *module_memory(size_t size)
{
	static u8 arena[1024 * 1024] __aligned(MOD_PAGE);
	u8 *mem = arena + sizeof(arena) - size;

	if (size > sizeof(arena))
		return NULL;
	__asan_poison_memory_region(arena, sizeof(arena) - size);
	__asan_unpoison_memory_region(mem, size);
	return mem;
}

static int load(struct mod_elf *e)
{
	u8 *mem = module_memory(e->total);
	struct module *m, *self = malloc(sizeof(*self));
	int ret;

	if (!mem) {
		mod_elf_refuse(e, "no memory");
		free(self);
		return -ENOMEM;
	}
	place(e, mem);
	m = (struct module *)e->addr[e->this_module];
	memcpy(self, m, sizeof(*m));
	memset(m, 0, sizeof(*m));
	strscpy(m->name, "fuzzed", sizeof(m->name));
	m->mem = mem;
	m->size = e->total;
	m->text_size = e->region_size[MOD_TEXT];
	m->gpl = true;
	ret = link_and_name(e, m, self);
	module_free_exports(m);
	kvfree(m->kallsyms);
	kvfree(m->strtab);
	free(self);
	return ret;
}

/* True when the file was accepted. */
int module_fuzz_one(const u8 *data, size_t size)
{
	struct mod_elf e;
	int ret = mod_elf_open(&e, data, size, sizeof(struct module));

	if (!ret) {
		read_all(&e);
		ret = load(&e);
	}
	/* A refusal says why. */
	if (ret && !e.reason[0])
		__builtin_trap();
	mod_elf_close(&e);
	return !ret;
}
