/* The flattened device tree (Devicetree Specification 0.4, chapter 5). The
 * blob is not trusted: every offset and length is checked against its size.
 */
#define pr_fmt(fmt) "fdt: " fmt
#include <arch.h>
#include <kernel.h>
#include <mm.h>
#include <of.h>
#include <slab.h>
#include <sizes.h>

#define FDT_MAGIC	0xd00dfeed
#define FDT_BEGIN_NODE	1
#define FDT_END_NODE	2
#define FDT_PROP	3
#define FDT_NOP		4
#define FDT_END		9

#define FDT_MAX_SIZE	SZ_2M
#define MAX_DEPTH	32

struct fdt_header {
	__be32 magic, totalsize, off_dt_struct, off_dt_strings;
	__be32 off_mem_rsvmap, version, last_comp_version, boot_cpuid_phys;
	__be32 size_dt_strings, size_dt_struct;
};

struct fdt {
	const u8 *blob;
	u32 size;
	u32 struct_off, struct_end;
	u32 strings_off, strings_size;
};

/* Events of a walk over the structure block. */
struct fdt_token {
	u32 tag;
	const char *name;	/* of the node or property */
	const void *value;
	u32 len;
};

static struct fdt fdt;
static phys_addr_t fdt_base;
char boot_command_line[1024];

static u32 cell(const void *p)
{
	return be32_to_cpu(*(const __be32 *)p);
}

static int fdt_open(struct fdt *f, const void *blob, u32 limit)
{
	const struct fdt_header *h = blob;
	u32 size_struct;

	if (limit < sizeof(*h) || be32_to_cpu(h->magic) != FDT_MAGIC)
		return -EINVAL;
	f->blob = blob;
	f->size = be32_to_cpu(h->totalsize);
	if (f->size < sizeof(*h) || f->size > limit ||
	    be32_to_cpu(h->last_comp_version) > 17 ||
	    be32_to_cpu(h->version) < 17)
		return -EINVAL;
	f->struct_off = be32_to_cpu(h->off_dt_struct);
	size_struct = be32_to_cpu(h->size_dt_struct);
	f->strings_off = be32_to_cpu(h->off_dt_strings);
	f->strings_size = be32_to_cpu(h->size_dt_strings);
	if ((f->struct_off & 3) || f->struct_off > f->size ||
	    size_struct > f->size - f->struct_off ||
	    f->strings_off > f->size ||
	    f->strings_size > f->size - f->strings_off)
		return -EINVAL;
	f->struct_end = f->struct_off + size_struct;
	return 0;
}

/* The token at *@pos, which moves behind it; negative when it is corrupt. */
static int fdt_next(const struct fdt *f, u32 *pos, struct fdt_token *t)
{
	u32 p = *pos, n, off;

	do {
		if (p > f->struct_end || f->struct_end - p < 4)
			return -EINVAL;
		t->tag = cell(f->blob + p);
		p += 4;
	} while (t->tag == FDT_NOP);
	switch (t->tag) {
	case FDT_BEGIN_NODE:
		t->name = (const char *)f->blob + p;
		n = (u32)strnlen(t->name, f->struct_end - p);
		if (n == f->struct_end - p)
			return -EINVAL;
		p = ALIGN(p + n + 1, 4);
		break;
	case FDT_PROP:
		if (f->struct_end - p < 8)
			return -EINVAL;
		t->len = cell(f->blob + p);
		off = cell(f->blob + p + 4);
		p += 8;
		if (t->len > f->struct_end - p || off >= f->strings_size)
			return -EINVAL;
		t->value = f->blob + p;
		t->name = (const char *)f->blob + f->strings_off + off;
		if (strnlen(t->name, f->strings_size - off) ==
		    f->strings_size - off)
			return -EINVAL;
		p = ALIGN(p + t->len, 4);
		break;
	case FDT_END_NODE:
	case FDT_END:
		break;
	default:
		return -EINVAL;
	}
	*pos = p;
	return 0;
}

static u64 read_cells(const void *p, u32 cells)
{
	u64 v = 0;

	for (; cells; cells--, p = (const u8 *)p + 4)
		v = v << 32 | cell(p);
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

struct scan {
	u32 addr_cells, size_cells;	/* of the root */
	phys_addr_t initrd_start, initrd_end;
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

static void scan_prop(struct scan *s, int depth, const char *node,
		      bool in_reserved, const struct fdt_token *t)
{
	if (depth == 1 && t->len == 4) {
		if (!strcmp(t->name, "#address-cells"))
			s->addr_cells = cell(t->value);
		else if (!strcmp(t->name, "#size-cells"))
			s->size_cells = cell(t->value);
	} else if (depth == 2 && is_node(node, "memory")) {
		if (!strcmp(t->name, "reg"))
			scan_regs(t, s->addr_cells, s->size_cells,
				  memblock_add);
	} else if (depth == 3 && in_reserved) {
		if (!strcmp(t->name, "reg"))
			scan_regs(t, s->addr_cells, s->size_cells,
				  memblock_reserve);
	} else if (depth == 2 && !strcmp(node, "chosen")) {
		if (!strcmp(t->name, "bootargs"))
			prop_string(t, boot_command_line,
				    sizeof(boot_command_line));
		else if (t->len != 4 && t->len != 8)
			return;
		else if (!strcmp(t->name, "linux,initrd-start"))
			s->initrd_start = read_cells(t->value, t->len / 4);
		else if (!strcmp(t->name, "linux,initrd-end"))
			s->initrd_end = read_cells(t->value, t->len / 4);
	}
}

static void scan_rsvmap(const struct fdt *f)
{
	u32 off = be32_to_cpu(((const struct fdt_header *)f->blob)->
			      off_mem_rsvmap);

	while ((off & 7) == 0 && off <= f->size && f->size - off >= 16) {
		u64 base = read_cells(f->blob + off, 2);
		u64 size = read_cells(f->blob + off + 8, 2);

		if (!base && !size)
			return;
		memblock_reserve(base, size);
		off += 16;
	}
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
	const char *node[4] = { "", "", "", "" };
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
				node[depth] = t.name;
		} else if (t.tag == FDT_END_NODE) {
			if (--depth < 0)
				return -EINVAL;
		} else if (t.tag == FDT_PROP && depth > 0 && depth < 4) {
			scan_prop(&s, depth, node[depth], depth == 3 &&
				  is_node(node[2], "reserved-memory"), &t);
		}
	} while (t.tag != FDT_END && depth > 0);
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
				np->phandle = cell(t.value);
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
