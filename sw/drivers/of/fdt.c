// SPDX-License-Identifier: MIT
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
#include "of_internal.h"

#define FDT_MAX_SIZE	SZ_2M
#define MAX_DEPTH	32
#define MAX_NO_MAP	32
/* Behind all RAM: the linear map takes 47 bits. */
#define PHYS_END	BIT_ULL(47)

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

/* A node: used at its end, when all its properties are known. */
struct scan_node {
	const char *name;
	u32 addr_cells, size_cells;	/* of its children's reg (2.3.5) */
	struct fdt_token reg;		/* len 0: none */
	bool disabled;			/* or a parent is */
	bool no_map;
	bool has_size;
	bool has_ranges;		/* that translate */
};

/* Properties of a node come before its children (5.4.2), so a child sees what
 * its parent says.
 */
struct scan {
	phys_addr_t initrd_start, initrd_end;
	struct scan_node node[4];	/* by depth; the root has 1 */
};

/* What must not be mapped, until all RAM is known. */
static struct {
	phys_addr_t base;
	u64 size;
} no_map[MAX_NO_MAP] __initdata;
static unsigned int nr_no_map __initdata;

/* What reaches behind all RAM reserves up to there. */
static void reserve(phys_addr_t base, u64 size)
{
	if (base < PHYS_END)
		memblock_reserve(base, min(size, PHYS_END - base));
}

static void reserve_no_map(phys_addr_t base, u64 size)
{
	reserve(base, size);
	if (base >= PHYS_END)
		return;
	if (nr_no_map == MAX_NO_MAP) {
		pr_err("more than %d regions with no-map: %#llx is mapped\n",
		       MAX_NO_MAP, base);
		return;
	}
	no_map[nr_no_map].base = base;
	no_map[nr_no_map++].size = min(size, PHYS_END - base);
}

static void scan_regs(const struct scan_node *n,
		      void (*fn)(phys_addr_t base, u64 size))
{
	u32 ac = n[-1].addr_cells, sc = n[-1].size_cells;
	u32 entry, i;

	if (ac < 1 || ac > 2 || sc < 1 || sc > 2) {
		pr_err("%pE: its reg has %u address and %u size cells: 1 or 2 are possible\n",
		       n->name, ac, sc);
		return;
	}
	entry = (ac + sc) * 4;
	if (n->reg.len % entry) {
		pr_err("%pE: its reg of %u bytes is no list of %u address and %u size cells\n",
		       n->name, n->reg.len, ac, sc);
		return;
	}
	for (i = 0; i < n->reg.len; i += entry) {
		const u8 *p = (const u8 *)n->reg.value + i;

		fn(read_cells(p, ac), read_cells(p + ac * 4, sc));
	}
}

/* A child of /reserved-memory (3.5.2). */
static void scan_reservation(const struct scan_node *n)
{
	if (n[-1].has_ranges)
		pr_err("%pE: ignored, as ranges of /reserved-memory is not empty\n",
		       n->name);
	else if (n->reg.len)
		scan_regs(n, n->no_map ? reserve_no_map : reserve);
	else if (n->has_size)
		pr_warn("%pE: ignored, as it has a size and no reg: nobody asks for such memory here\n",
			n->name);
}

/* Devicetree Specification 0.4, 2.3.4. */
static bool is_okay(const struct fdt_token *t)
{
	return (t->len >= 5 && !memcmp(t->value, "okay", 5)) ||
	       (t->len >= 3 && !memcmp(t->value, "ok", 3));
}

static void scan_chosen(struct scan *s, const struct fdt_token *t)
{
	phys_addr_t *out;

	if (!strcmp(t->name, "bootargs")) {
		if (t->len > sizeof(boot_command_line))
			pr_warn("bootargs of %u bytes: the first %zu count\n",
				t->len, sizeof(boot_command_line) - 1);
		prop_string(t, boot_command_line, sizeof(boot_command_line));
		return;
	}
	if (!strcmp(t->name, "linux,initrd-start"))
		out = &s->initrd_start;
	else if (!strcmp(t->name, "linux,initrd-end"))
		out = &s->initrd_end;
	else
		return;
	if (t->len == 4 || t->len == 8)
		*out = read_cells(t->value, t->len / 4);
	else
		pr_err("%s of %u bytes: 4 or 8 are possible\n", t->name,
		       t->len);
}

static void scan_cells(const struct scan_node *n, const struct fdt_token *t,
		       u32 *cells)
{
	if (t->len == 4)
		*cells = fdt_cell(t->value);
	else
		pr_err("%pE: %s of %u bytes, it has 4\n",
		       *n->name ? n->name : "/", t->name, t->len);
}

static void scan_prop(struct scan *s, int depth, const struct fdt_token *t)
{
	struct scan_node *n = &s->node[depth];

	if (!strcmp(t->name, "status"))
		n->disabled |= !is_okay(t);
	else if (!strcmp(t->name, "reg"))
		n->reg = *t;
	else if (!strcmp(t->name, "no-map"))
		n->no_map = true;
	else if (!strcmp(t->name, "size"))
		n->has_size = true;
	else if (!strcmp(t->name, "ranges"))
		n->has_ranges = t->len;
	else if (!strcmp(t->name, "#address-cells"))
		scan_cells(n, t, &n->addr_cells);
	else if (!strcmp(t->name, "#size-cells"))
		scan_cells(n, t, &n->size_cells);
	if (depth == 2 && !strcmp(n->name, "chosen"))
		scan_chosen(s, t);
}

static void scan_begin(struct scan *s, int depth, const char *name)
{
	struct scan_node *n = &s->node[depth];

	*n = (struct scan_node) {
		.name = name,
		.disabled = n[-1].disabled,
		.addr_cells = 2,
		.size_cells = 1,
	};
	/* Its cells are said to be those of the root (3.5.1): without any of
	 * its own, that is what is meant.
	 */
	if (depth == 2 && is_node(name, "reserved-memory")) {
		n->addr_cells = n[-1].addr_cells;
		n->size_cells = n[-1].size_cells;
	}
}

static void scan_end(struct scan *s, int depth)
{
	struct scan_node *n = &s->node[depth];

	if (n->disabled)
		return;
	if (depth == 2 && is_node(n->name, "memory"))
		scan_regs(n, memblock_add);
	else if (depth == 3 && is_node(s->node[2].name, "reserved-memory"))
		scan_reservation(n);
}

/* The memory reservation block (5.3). */
static void scan_rsvmap(const struct fdt *f)
{
	u32 off = be32_to_cpu(((const struct fdt_header *)f->blob)->
			      off_mem_rsvmap);
	/* What is not read stays so, and is no end of the list. */
	u64 base = 1, size = 1;

	while (fdt_next_reserve(f, &off, &base, &size))
		reserve(base, size);
	if (base || size)
		pr_err("the list of reservations has no end: byte %#x of %#x\n",
		       off, f->size);
}

/* Nothing of RAM that is used already may go. */
static void __init apply_no_map(void)
{
	phys_addr_t fdt_end = fdt_base + fdt.size;
	unsigned int i;

	for (i = 0; i < nr_no_map; i++)
		if (no_map[i].base < PAGE_ALIGN(fdt_end) &&
		    no_map[i].base + no_map[i].size > (fdt_base & PAGE_MASK))
			pr_err("no-map at %#llx: ignored, as the device tree is there\n",
			       no_map[i].base);
		else
			memblock_remove(no_map[i].base, no_map[i].size);
}

/* The structure block: one tree, and all of it whole. */
static int scan_tree(struct scan *s)
{
	struct fdt_token t = { 0 };
	u32 pos = fdt.struct_off, last;
	int depth = 0, ret;

	do {
		last = t.tag;
		ret = fdt_next(&fdt, &pos, &t);
		if (ret)
			return ret;
		if (t.tag == FDT_BEGIN_NODE) {
			if (++depth >= MAX_DEPTH)
				return -E2BIG;
			if (depth < 4)
				scan_begin(s, depth, t.name);
		} else if (t.tag == FDT_END_NODE) {
			if (depth > 0 && depth < 4)
				scan_end(s, depth);
			if (--depth < 0)
				return -EINVAL;
		} else if (t.tag == FDT_PROP &&
			   (!depth || last == FDT_END_NODE)) {
			/* Of no node, or behind its children. */
			return -EINVAL;
		} else if (t.tag == FDT_PROP && depth < 4) {
			scan_prop(s, depth, &t);
		}
	} while (t.tag != FDT_END && depth > 0);
	/* Inside of a node, or there is none. */
	return t.tag == FDT_END ? -EINVAL : 0;
}

/* What a boot loader gets wrong, told apart; fdt_open() knows the rest. */
static int check_head(phys_addr_t phys, const struct fdt_header *h)
{
	if (!phys) {
		pr_err("x0 is 0, it should be the address of the device tree\n");
		return -ENODEV;
	}
	if (phys & 7 || phys >> 48) {
		pr_err("x0 is %pa, it should be a physical address that 8 divides\n",
		       &phys);
		return -EINVAL;
	}
	if (be32_to_cpu(h->magic) != FDT_MAGIC) {
		pr_err("the magic number is %#x, it should be %#x\n",
		       be32_to_cpu(h->magic), FDT_MAGIC);
		return -EINVAL;
	}
	if (be32_to_cpu(h->totalsize) > FDT_MAX_SIZE) {
		pr_err("it has %u bytes, %u are possible\n",
		       be32_to_cpu(h->totalsize), (u32)FDT_MAX_SIZE);
		return -E2BIG;
	}
	return 0;
}

/**
 * early_fdt_scan() - Find RAM, the command line and the initramfs.
 * @fdt_phys: the blob; head.S has mapped it at FIXMAP_FDT
 */
int __init early_fdt_scan(phys_addr_t fdt_phys, phys_addr_t *initrd,
			  u64 *initrd_size)
{
	unsigned long va = FIXMAP_FDT + (fdt_phys & (SZ_2M - 1));
	struct scan s = { .node[0].name = "" };
	int ret;

	ret = check_head(fdt_phys, (const struct fdt_header *)va);
	if (ret)
		return ret;
	ret = fdt_open(&fdt, (const void *)va, FDT_MAX_SIZE);
	if (ret)
		return ret;
	fdt_base = fdt_phys;
	ret = scan_tree(&s);
	if (ret)
		return ret;
	scan_rsvmap(&fdt);
	memblock_reserve(fdt_phys, fdt.size);
	apply_no_map();
	if (s.initrd_end < s.initrd_start)
		pr_err("linux,initrd-end is before linux,initrd-start: no initramfs\n");
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
	struct device_node *np = kzalloc(sizeof(*np), GFP_KERNEL);

	if (np)
		np->name = kstrndup(full, strcspn(full, "@"), GFP_KERNEL);
	if (!np || !np->name)
		panic("no memory for the device tree");
	np->parent = parent;
	np->full_name = full;
	return np;
}

static void scan_phandle(struct device_node *np, const struct fdt_token *t)
{
	if (strcmp(t->name, "phandle") && strcmp(t->name, "linux,phandle"))
		return;
	if (t->len == 4)
		of_add_phandle(np, fdt_cell(t->value));
	else
		pr_err("%pOF: %s of %u bytes, it has 4\n", np, t->name,
		       t->len);
}

/* Builds the tree of nodes; early_fdt_scan() has walked the blob once. */
void __init fdt_unflatten(void)
{
	/* Where the next node of each depth goes: many children, and many
	 * properties, make nothing slow.
	 */
	struct device_node **child[MAX_DEPTH] = { &of_root };
	struct property **prop = NULL;
	struct device_node *np = NULL;
	struct fdt_token t;
	int depth = 0;
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
			*child[depth] = np;
			child[depth] = &np->sibling;
			child[++depth] = &np->child;
			prop = &np->properties;
			break;
		case FDT_END_NODE:
			np = np->parent;
			depth--;
			break;
		case FDT_PROP:
			*prop = make_prop(&t);
			prop = &(*prop)->next;
			scan_phandle(np, &t);
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
