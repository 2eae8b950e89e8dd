/* What the kernel takes from the flattened device tree: RAM, command line and
 * initramfs early, then the tree of nodes.
 */
#define pr_fmt(fmt) "fdt: " fmt
#include <arch.h>
#include <kernel.h>
#include <mm.h>
#include <of.h>
#include <slab.h>
#include <sizes.h>
#include "fdt.h"

#define FDT_MAX_SIZE	SZ_2M
#define MAX_DEPTH	32

static struct fdt fdt;
static phys_addr_t fdt_base;
char boot_command_line[1024];

static u64 read_cells(const void *p, u32 cells)
{
	u64 v = 0;

	for (; cells; cells--, p = (const u8 *)p + 4)
		v = v << 32 | fdt_cell(p);
	return v;
}

static bool is_node(const char *name, const char *want)
{
	size_t n = strlen(want);

	return !strncmp(name, want, n) && (!name[n] || name[n] == '@');
}

static void prop_string(const struct fdt_token *t, char *buf, size_t size)
{
	size_t n = strnlen(t->value, min((size_t)t->len, size - 1));

	memcpy(buf, t->value, n);
	buf[n] = 0;
}

/* A node that has a reg: used at its end, when its status is known too. */
struct scan_node {
	const char *name;
	struct fdt_token reg;	/* len 0: none */
	bool disabled;		/* or a parent is */
};

struct scan {
	u32 addr_cells, size_cells;	/* of the root */
	phys_addr_t initrd_start, initrd_end;
	struct scan_node node[4];	/* by depth; the root has 1 */
};

static void scan_regs(const struct fdt_token *t, u32 ac, u32 sc,
		      void (*fn)(phys_addr_t base, u64 size))
{
	u32 entry = (ac + sc) * 4, i;

	if (ac < 1 || ac > 2 || sc < 1 || sc > 2)
		return;
	for (i = 0; i + entry <= t->len; i += entry) {
		const u8 *p = (const u8 *)t->value + i;

		fn(read_cells(p, ac), read_cells(p + ac * 4, sc));
	}
}

/* Devicetree Specification 0.4, 2.3.4. */
static bool is_okay(const struct fdt_token *t)
{
	return (t->len >= 5 && !memcmp(t->value, "okay", 5)) ||
	       (t->len >= 3 && !memcmp(t->value, "ok", 3));
}

static void scan_chosen(struct scan *s, const struct fdt_token *t)
{
	if (!strcmp(t->name, "bootargs"))
		prop_string(t, boot_command_line, sizeof(boot_command_line));
	else if (t->len != 4 && t->len != 8)
		return;
	else if (!strcmp(t->name, "linux,initrd-start"))
		s->initrd_start = read_cells(t->value, t->len / 4);
	else if (!strcmp(t->name, "linux,initrd-end"))
		s->initrd_end = read_cells(t->value, t->len / 4);
}

static void scan_prop(struct scan *s, int depth, const struct fdt_token *t)
{
	struct scan_node *n = &s->node[depth];

	if (!strcmp(t->name, "status"))
		n->disabled |= !is_okay(t);
	else if (!strcmp(t->name, "reg"))
		n->reg = *t;
	if (depth == 1 && t->len == 4) {
		if (!strcmp(t->name, "#address-cells"))
			s->addr_cells = fdt_cell(t->value);
		else if (!strcmp(t->name, "#size-cells"))
			s->size_cells = fdt_cell(t->value);
	} else if (depth == 2 && !strcmp(n->name, "chosen")) {
		scan_chosen(s, t);
	}
}

static void scan_begin(struct scan *s, int depth, const char *name)
{
	s->node[depth] = (struct scan_node) {
		.name = name,
		.disabled = s->node[depth - 1].disabled,
	};
}

static void scan_end(struct scan *s, int depth)
{
	struct scan_node *n = &s->node[depth];

	if (n->disabled || !n->reg.len)
		return;
	if (depth == 2 && is_node(n->name, "memory"))
		scan_regs(&n->reg, s->addr_cells, s->size_cells, memblock_add);
	else if (depth == 3 && is_node(s->node[2].name, "reserved-memory"))
		scan_regs(&n->reg, s->addr_cells, s->size_cells,
			  memblock_reserve);
}

static void scan_rsvmap(const struct fdt *f)
{
	u32 off = be32_to_cpu(((const struct fdt_header *)f->blob)->
			      off_mem_rsvmap);

	u64 base, size;

	while (fdt_next_reserve(f, &off, &base, &size))
		memblock_reserve(base, size);
}

/**
 * early_fdt_scan() - Find RAM, the command line and the initramfs.
 * @fdt_phys: the blob; head.S has mapped it at FIXMAP_FDT
 */
int __init early_fdt_scan(phys_addr_t fdt_phys, phys_addr_t *initrd,
			  u64 *initrd_size)
{
	unsigned long va = FIXMAP_FDT + (fdt_phys & (SZ_2M - 1));
	struct scan s = { .addr_cells = 2, .size_cells = 1 };
	struct fdt_token t;
	int depth = 0, ret;
	u32 pos;

	if (fdt_phys & 7)
		return -EINVAL;
	ret = fdt_open(&fdt, (const void *)va, FDT_MAX_SIZE);
	if (ret)
		return ret;
	fdt_base = fdt_phys;
	pos = fdt.struct_off;
	do {
		ret = fdt_next(&fdt, &pos, &t);
		if (ret)
			return ret;
		if (t.tag == FDT_BEGIN_NODE) {
			if (++depth >= MAX_DEPTH)
				return -E2BIG;
			if (depth < 4)
				scan_begin(&s, depth, t.name);
		} else if (t.tag == FDT_END_NODE) {
			if (depth > 0 && depth < 4)
				scan_end(&s, depth);
			if (--depth < 0)
				return -EINVAL;
		} else if (t.tag == FDT_PROP && !depth) {
			return -EINVAL;		/* of no node */
		} else if (t.tag == FDT_PROP && depth < 4) {
			scan_prop(&s, depth, &t);
		}
	} while (t.tag != FDT_END && depth > 0);
	if (t.tag == FDT_END)
		return -EINVAL;		/* inside of a node, or there is none */
	scan_rsvmap(&fdt);
	memblock_reserve(fdt_phys, fdt.size);
	*initrd = s.initrd_start;
	*initrd_size = s.initrd_end > s.initrd_start ?
		       s.initrd_end - s.initrd_start : 0;
	return 0;
}

static struct property *make_prop(const struct fdt_token *t)
{
	struct property *p = kzalloc(sizeof(*p), GFP_KERNEL);

	if (!p)
		panic("no memory for the device tree");
	p->name = t->name;
	p->value = t->value;
	p->length = (int)t->len;
	return p;
}

static struct device_node *make_node(struct device_node *parent,
				     const char *full)
{
	struct device_node *np = kzalloc(sizeof(*np), GFP_KERNEL), **end;

	if (!np)
		panic("no memory for the device tree");
	np->parent = parent;
	np->full_name = full;
	np->name = kstrndup(full, strcspn(full, "@"), GFP_KERNEL);
	if (parent) {
		for (end = &parent->child; *end; end = &(*end)->sibling)
			;
		*end = np;
	}
	return np;
}

/* Builds the tree of nodes; early_fdt_scan() has walked the blob once. */
void __init fdt_unflatten(void)
{
	struct device_node *np = NULL;
	struct property **end;
	struct fdt_token t;
	u32 pos;

	/* The early mapping is gone: use the linear one. */
	if (fdt_open(&fdt, phys_to_virt(fdt_base), FDT_MAX_SIZE))
		panic("device tree changed under us");
	pos = fdt.struct_off;
	do {
		if (fdt_next(&fdt, &pos, &t))
			break;
		switch (t.tag) {
		case FDT_BEGIN_NODE:
			np = make_node(np, t.name);
			if (!of_root)
				of_root = np;
			break;
		case FDT_END_NODE:
			np = np->parent;
			break;
		case FDT_PROP:
			for (end = &np->properties; *end; end = &(*end)->next)
				;
			*end = make_prop(&t);
			if ((!strcmp(t.name, "phandle") ||
			     !strcmp(t.name, "linux,phandle")) && t.len == 4)
				np->phandle = fdt_cell(t.value);
			break;
		}
	} while (np && t.tag != FDT_END);
}

const char *cmdline_get(const char *name, char *buf, size_t size)
{
	const char *p = boot_command_line;
	size_t n = strlen(name);

	while (*p) {
		size_t len = strcspn(p, " ");

		if (len >= n && !strncmp(p, name, n) &&
		    (len == n || p[n] == '=')) {
			size_t v = len == n ? 0 : len - n - 1;

			v = min(v, size - 1);
			memcpy(buf, p + len - (len == n ? 0 : len - n - 1), v);
			buf[v] = 0;
			return buf;
		}
		p += len;
		p += strspn(p, " ");
	}
	return NULL;
}
