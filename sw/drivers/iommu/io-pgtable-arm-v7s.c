// SPDX-License-Identifier: MIT
/*
 * Tables of Short descriptors, VMSAv8-32 (Arm DDI 0487, G5.4): two levels,
 * 32-bit descriptors, tables below 4 GiB.
 *
 * Level 1 has an entry a MiB: a section, or a table of level 2 with an entry
 * every 4 KiB. Large pages and supersections are 16 equal entries. A table
 * of level 2 is 1 KiB: the tables of four MiB in a row share a page, of which
 * each has its quarter.
 */
#define pr_fmt(fmt) "io-pgtable-arm-v7s: " fmt

#include "io-pgtable-arm-v7s.h"

#include "io-pgtable-pages.h"
#include "io-pgtable-selftest.h"

#include <compiler.h>
#include <err.h>
#include <errno.h>
#include <iommu.h>
#include <mm.h>
#include <module.h>
#include <moduleparam.h>
#include <sizes.h>
#include <slab.h>

#define MIN_IAS		25	/* TTBCR.N is 0 to 7 */
#define MAX_IAS		32
#define MIN_OAS		32
#define MAX_OAS		40	/* of supersections; others have 32 bits */
#define TABLE_BITS	32	/* of the address in TTBR0 and of tables */

#define L1_SHIFT	20
#define L2_SHIFT	12
#define L2_ENTRIES	256UL
#define L2_SIZE		(L2_ENTRIES * sizeof(u32))
#define L2_A_PAGE	(PAGE_SIZE / L2_SIZE)

/* PRRR and NMRR, G8.2. */
#define PRRR_DEVICE(n)	(1U << (2 * (n)))
#define PRRR_NORMAL(n)	(2U << (2 * (n)))
#define PRRR_NS1	(1U << 19)	/* S=1: Normal memory is shareable */
#define PRRR_NOS(n)	(1U << (24 + (n)))	/* inner */
#define NMRR_WBWA(n)	(1U << (2 * (n)) | 1U << (16 + 2 * (n)))

/* TTBR0 with the Multiprocessing Extensions, and TTBCR, G8.2; the same in
 * SMMU_CBn_TTBR0 and SMMU_CBn_TCR, IHI 0062 16.5.
 */
#define TTBR_S		(1U << 1)
#define TTBR_RGN_WBWA	(1U << 3)
#define TTBR_NOS	(1U << 5)
#define TTBR_IRGN_WBWA	(1U << 6)
#define TTBCR_PD1	(1U << 5)

struct v7s {
	struct io_pgtable iop;
	size_t l1_size;
	u32 *l1;
};

static struct v7s *to_v7s(struct io_pgtable_ops *ops)
{
	return (struct v7s *)io_pgtable_ops_to_pgtable(ops);
}

static enum v7s_kind size_kind(size_t size)
{
	enum v7s_kind kind = V7S_SMALL;

	while (kind < V7S_SUPER && v7s_kinds[kind].size != size)
		kind++;
	return kind;
}

static u32 *l1_entry(struct v7s *data, unsigned long iova)
{
	return &data->l1[iova >> L1_SHIFT];
}

static u32 *l2_table(u32 desc)
{
	return phys_to_virt(desc & L1_TABLE_ADDR);
}

static u32 *l2_entry(u32 table, unsigned long iova)
{
	return &l2_table(table)[iova >> L2_SHIFT & (L2_ENTRIES - 1)];
}

/* Each by one store, which a walker sees as a whole. */
static void set_descs(struct v7s *data, u32 *ptr, u32 desc, unsigned long n)
{
	unsigned long i;

	for (i = 0; i < n; i++)
		WRITE_ONCE(ptr[i], desc);
	io_pgtable_sync(&data->iop.cfg, ptr, n * sizeof(*ptr));
}

/* Leaves of paddr, paddr + size, ... that fill n entries. */
static void fill_descs(struct v7s *data, u32 *ptr, enum v7s_kind kind,
		       phys_addr_t paddr, struct v7s_attr attr, unsigned long n)
{
	unsigned long i;

	for (i = 0; i < n; i++)
		WRITE_ONCE(ptr[i], v7s_make_leaf(&data->iop.cfg, kind,
					     paddr + i * v7s_kinds[kind].size,
					     attr));
	io_pgtable_sync(&data->iop.cfg, ptr, n * sizeof(*ptr));
}

/* The page that the tables of iova's four MiB share, if one of them is. */
static char *l2_page(struct v7s *data, unsigned long iova)
{
	u32 *l1 = l1_entry(data, iova & ~(L2_A_PAGE * SZ_1M - 1));
	unsigned long i;

	for (i = 0; i < L2_A_PAGE; i++)
		if (v7s_l1_kind(l1[i]) == V7S_TABLE)
			return phys_to_virt(l1[i] & L1_TABLE_ADDR &
					    ~(u32)(PAGE_SIZE - 1));
	return NULL;
}

static u32 *alloc_l2(struct v7s *data, unsigned long iova, gfp_t gfp)
{
	unsigned long quarter = iova >> L1_SHIFT & (L2_A_PAGE - 1);
	char *page = l2_page(data, iova);
	u32 *table;

	if (!page) {
		page = io_pgtable_alloc_pages(&data->iop.cfg, PAGE_SIZE,
					      TABLE_BITS, gfp);
		return page ? (u32 *)(page + quarter * L2_SIZE) : NULL;
	}
	table = (u32 *)(page + quarter * L2_SIZE);
	set_descs(data, table, 0, L2_ENTRIES);
	return table;
}

static void set_table(struct v7s *data, unsigned long iova, const u32 *table)
{
	u32 desc = (u32)virt_to_phys(table) | L1_TABLE;

	if (data->iop.cfg.quirks & IO_PGTABLE_QUIRK_ARM_NS)
		desc |= L1_TABLE_NS;
	set_descs(data, l1_entry(data, iova), desc, 1);
}

/*
 * Take a table out. Its memory can serve again once the walker has let go of
 * it (break before make, DDI 0487 G5).
 */
static void remove_l2(struct v7s *data, unsigned long iova)
{
	u32 *l1 = l1_entry(data, iova);
	void *page = phys_to_virt(*l1 & L1_TABLE_ADDR & ~(u32)(PAGE_SIZE - 1));

	set_descs(data, l1, 0, 1);
	io_pgtable_tlb_flush_walk(&data->iop, iova & ~(SZ_1M - 1), SZ_1M,
				  SZ_4K);
	if (!l2_page(data, iova))
		io_pgtable_free_pages(page, PAGE_SIZE);
}

static bool l2_empty(u32 table)
{
	const u32 *l2 = l2_table(table);
	unsigned long i;

	for (i = 0; i < L2_ENTRIES; i++)
		if (l2[i])
			return false;
	return true;
}

static bool l2_full(u32 table)
{
	const u32 *l2 = l2_table(table);
	unsigned long i;

	for (i = 0; i < L2_ENTRIES; i++)
		if (!l2[i])
			return false;
	return true;
}

/* The entries where a leaf of that kind belongs, all of them free. */
static int make_room(struct v7s *data, unsigned long iova, enum v7s_kind kind,
		     gfp_t gfp, u32 **entries)
{
	u32 *l1 = l1_entry(data, iova), *l2;
	unsigned long i;

	if (v7s_kinds[kind].level == 1) {
		for (i = 0; i < v7s_kinds[kind].entries; i++)
			if (l1[i] && (v7s_l1_kind(l1[i]) != V7S_TABLE ||
				      !l2_empty(l1[i])))
				return -EEXIST;
		for (i = 0; i < v7s_kinds[kind].entries; i++)
			if (l1[i])
				remove_l2(data, iova + i * SZ_1M);
		*entries = l1;
		return 0;
	}
	if (!*l1) {
		l2 = alloc_l2(data, iova, gfp);
		if (!l2)
			return -ENOMEM;
		/* The walker sees it empty: it was synchronised before. */
		set_table(data, iova, l2);
	} else if (v7s_l1_kind(*l1) != V7S_TABLE) {
		return -EEXIST;
	}
	*entries = l2_entry(*l1, iova);
	for (i = 0; i < v7s_kinds[kind].entries; i++)
		if ((*entries)[i])
			return -EEXIST;
	return 0;
}

static int check_range(const struct v7s *data, unsigned long iova,
		       size_t pgsize, size_t pgcount)
{
	unsigned int ias = data->iop.cfg.ias;

	if (!pgcount || !(data->iop.cfg.pgsize_bitmap & pgsize) ||
	    (pgsize & (pgsize - 1)) || (iova & (pgsize - 1)))
		return -EINVAL;
	if (iova >> ias || pgcount > (1UL << ias) / pgsize ||
	    (iova + pgsize * pgcount - 1) >> ias)
		return -ERANGE;
	return 0;
}

static int v7s_map_pages(struct io_pgtable_ops *ops, unsigned long iova,
			 phys_addr_t paddr, size_t pgsize, size_t pgcount,
			 int prot, gfp_t gfp, size_t *mapped)
{
	struct v7s *data = to_v7s(ops);
	enum v7s_kind kind = size_kind(pgsize);
	unsigned int oas = kind == V7S_SUPER ? data->iop.cfg.oas : 32;
	struct v7s_attr attr = v7s_make_attr(&data->iop.cfg, prot);
	int ret;

	*mapped = 0;
	ret = check_range(data, iova, pgsize, pgcount);
	if (ret)
		return ret;
	if (paddr & (pgsize - 1) || !(prot & (IOMMU_READ | IOMMU_WRITE)))
		return -EINVAL;
	if (paddr >> oas || (paddr + pgsize * pgcount - 1) >> oas)
		return -ERANGE;

	while (pgcount) {
		u32 *entries;

		ret = make_room(data, iova, kind, gfp, &entries);
		if (ret)
			return ret;
		set_descs(data, entries,
			  v7s_make_leaf(&data->iop.cfg, kind, paddr, attr),
			  v7s_kinds[kind].entries);
		iova += pgsize;
		paddr += pgsize;
		pgcount--;
		*mapped += pgsize;
	}
	return 0;
}

/*
 * Part of a leaf goes: leaves of the next smaller kind take its place, small
 * pages that of a section. Between break and make, accesses to all of it
 * fault, as with the other formats.
 */
static bool split(struct v7s *data, u32 *entries, enum v7s_kind kind,
		  unsigned long iova)
{
	phys_addr_t paddr = v7s_leaf_address(kind, *entries);
	struct v7s_attr attr = v7s_leaf_attr(kind, *entries);
	size_t size = v7s_kinds[kind].size;
	u32 *l2 = NULL;

	iova &= ~(size - 1);
	/* Sections and pages have 32 bits of address. */
	if (paddr >> 32)
		return false;
	if (kind == V7S_SECTION) {
		l2 = alloc_l2(data, iova, GFP_ATOMIC);
		if (!l2)
			return false;
		fill_descs(data, l2, V7S_SMALL, paddr, attr, L2_ENTRIES);
	}
	set_descs(data, entries, 0, v7s_kinds[kind].entries);
	io_pgtable_tlb_flush_walk(&data->iop, iova, size, size);
	if (l2)
		set_table(data, iova, l2);
	else
		fill_descs(data, entries,
			   kind == V7S_SUPER ? V7S_SECTION : V7S_SMALL, paddr,
			   attr, v7s_kinds[kind].entries);
	return true;
}

/* The leaf at iova: its kind, and its first entry. */
static enum v7s_kind find(struct v7s *data, unsigned long iova, u32 **entry)
{
	enum v7s_kind kind;

	*entry = l1_entry(data, iova);
	kind = v7s_l1_kind(**entry);
	if (kind == V7S_SUPER)
		*entry = l1_entry(data, iova & ~(SZ_16M - 1));
	if (kind != V7S_TABLE)
		return kind;
	*entry = l2_entry(**entry, iova);
	kind = v7s_l2_kind(**entry);
	if (kind == V7S_LARGE)
		*entry = l2_entry(*l1_entry(data, iova),
				  iova & ~(SZ_64K - 1));
	return kind;
}

static size_t remove_some(struct v7s *data, unsigned long iova, size_t left,
			  struct iommu_iotlb_gather *gather)
{
	u32 *l1 = l1_entry(data, iova), *entry;
	enum v7s_kind kind;
	size_t size;

	/* A table of which nothing stays goes as one. */
	if (!(iova & (SZ_1M - 1)) && left >= SZ_1M &&
	    v7s_l1_kind(*l1) == V7S_TABLE && l2_full(*l1)) {
		remove_l2(data, iova);
		return SZ_1M;
	}
	for (;;) {
		kind = find(data, iova, &entry);
		if (kind == V7S_NONE)
			return 0;
		size = v7s_kinds[kind].size;
		if (!(iova & (size - 1)) && left >= size)
			break;
		if (!split(data, entry, kind, iova))
			return 0;
	}
	set_descs(data, entry, 0, v7s_kinds[kind].entries);
	io_pgtable_tlb_add_page(&data->iop, gather, iova, size);
	return size;
}

static size_t v7s_unmap_pages(struct io_pgtable_ops *ops, unsigned long iova,
			      size_t pgsize, size_t pgcount,
			      struct iommu_iotlb_gather *gather)
{
	struct v7s *data = to_v7s(ops);
	size_t left = pgsize * pgcount;
	size_t removed = 0;

	if (check_range(data, iova, pgsize, pgcount))
		return 0;
	while (left) {
		size_t n = remove_some(data, iova, left, gather);

		if (!n)
			break;
		iova += n;
		left -= n;
		removed += n;
	}
	return removed;
}

static void v7s_entry(struct io_pgtable_ops *ops, unsigned long iova,
		      unsigned int depth, struct io_pgtable_entry *e)
{
	static const char *const names[] = {
		[V7S_SMALL] = "small page",
		[V7S_LARGE] = "large page",
		[V7S_SECTION] = "section",
		[V7S_SUPER] = "supersection",
	};
	struct v7s *data = to_v7s(ops);
	u32 desc = READ_ONCE(*l1_entry(data, iova));
	enum v7s_kind kind = v7s_l1_kind(desc);

	e->level = 1;
	e->size = SZ_1M;
	if (depth && kind == V7S_TABLE) {
		desc = READ_ONCE(*l2_entry(desc, iova));
		kind = v7s_l2_kind(desc);
		e->level = 2;
		e->size = SZ_4K;
	}
	e->table = !depth && kind == V7S_TABLE;
	e->leaf = kind < V7S_TABLE && e->level == 1 + (int)depth;
	e->format = "v7s";
	e->granule = NULL;
	e->digits = 8;
	e->value = desc;
	e->paddr = desc & L1_TABLE_ADDR;
	if (e->leaf) {
		e->what = names[kind];
		e->size = v7s_kinds[kind].size;
		e->paddr = v7s_leaf_address(kind, desc);
		e->fields = v7s_fields[kind];
	}
	e->iova = iova & ~(e->size - 1);
}

static phys_addr_t v7s_iova_to_phys(struct io_pgtable_ops *ops,
				    unsigned long iova)
{
	struct v7s *data = to_v7s(ops);
	enum v7s_kind kind;
	u32 *entry;

	if (iova >> data->iop.cfg.ias)
		return 0;
	kind = find(data, iova, &entry);
	if (kind == V7S_NONE)
		return 0;
	return v7s_leaf_address(kind, *entry) |
	       (iova & (v7s_kinds[kind].size - 1));
}

static int check_cfg(struct io_pgtable_cfg *cfg)
{
	const unsigned long quirks = IO_PGTABLE_QUIRK_ARM_NS |
				     IO_PGTABLE_QUIRK_NO_PERMS;

	if (cfg->oas > MAX_OAS)
		cfg->oas = MAX_OAS;
	if (cfg->ias < MIN_IAS || cfg->ias > MAX_IAS || cfg->oas < MIN_OAS) {
		io_pgtable_err(cfg,
			       "no tables of %u input and %u output address bits: inputs have %d to %d, outputs %d to %d\n",
			       cfg->ias, cfg->oas, MIN_IAS, MAX_IAS, MIN_OAS,
			       MAX_OAS);
		return -EINVAL;
	}
	if (!(cfg->pgsize_bitmap & SZ_4K)) {
		io_pgtable_err(cfg,
			       "page sizes %#lx are without the 4 KiB of small pages\n",
			       cfg->pgsize_bitmap);
		return -EINVAL;
	}
	if (cfg->quirks & ~quirks) {
		io_pgtable_err(cfg, "quirks %#lx are not of this format\n",
			       cfg->quirks & ~quirks);
		return -EINVAL;
	}
	return 0;
}

static struct io_pgtable *v7s_alloc(struct io_pgtable_cfg *cfg, void *cookie)
{
	struct v7s *data;
	int ret;

	ret = check_cfg(cfg);
	if (ret)
		return ERR_PTR(ret);
	cfg->pgsize_bitmap &= SZ_4K | SZ_64K | SZ_1M | SZ_16M;

	data = kzalloc(sizeof(*data), GFP_KERNEL);
	if (!data)
		return ERR_PTR(-ENOMEM);
	/* TTBR0 wants it aligned to its size, as these pages are. */
	data->l1_size = sizeof(u32) << (cfg->ias - L1_SHIFT);
	data->l1 = io_pgtable_alloc_pages(cfg, data->l1_size, TABLE_BITS,
					  GFP_KERNEL);
	if (!data->l1) {
		kfree(data);
		return ERR_PTR(-ENOMEM);
	}
	data->iop.ops.map_pages = v7s_map_pages;
	data->iop.ops.unmap_pages = v7s_unmap_pages;
	data->iop.ops.iova_to_phys = v7s_iova_to_phys;
	data->iop.ops.entry = v7s_entry;

	cfg->arm_v7s_cfg.ttbr = (u32)virt_to_phys(data->l1);
	if (cfg->coherent_walk)
		cfg->arm_v7s_cfg.ttbr |= TTBR_S | TTBR_NOS | TTBR_RGN_WBWA |
					 TTBR_IRGN_WBWA;
	/* N leaves out the upper addresses, which have no tables. */
	cfg->arm_v7s_cfg.tcr = TTBCR_PD1 | (MAX_IAS - cfg->ias);
	cfg->arm_v7s_cfg.prrr = PRRR_DEVICE(ATTR_DEV) | PRRR_NORMAL(ATTR_NC) |
				PRRR_NORMAL(ATTR_WBWA) | PRRR_NS1 |
				PRRR_NOS(ATTR_WBWA);
	cfg->arm_v7s_cfg.nmrr = NMRR_WBWA(ATTR_WBWA);
	data->iop.cfg = *cfg;
	data->iop.cookie = cookie;
	return &data->iop;
}

static void v7s_free(struct io_pgtable *iop)
{
	struct v7s *data = to_v7s(&iop->ops);
	unsigned long iova;

	for (iova = 0; iova >> data->iop.cfg.ias == 0;
	     iova += L2_A_PAGE * SZ_1M) {
		char *page = l2_page(data, iova);

		if (page)
			io_pgtable_free_pages(page, PAGE_SIZE);
	}
	io_pgtable_free_pages(data->l1, data->l1_size);
	kfree(data);
}

static const struct io_pgtable_init_fns v7s_fns = {
	.alloc = v7s_alloc,
	.free = v7s_free,
};

static const struct io_pgtable_init_fns_node v7s_node = {
	.fmt = ARM_V7S,
	.name = "ARM_V7S",
	.fns = &v7s_fns,
	.owner = THIS_MODULE,
};

static const unsigned int inputs[] = { 25, 28, 31, 32, 0 };
static const unsigned int outputs[] = { 32, 36, 40, 0 };
static const unsigned long page_sizes[] = {
	SZ_4K | SZ_64K | SZ_1M | SZ_16M, SZ_4K | SZ_64K | SZ_1M,
	SZ_4K | SZ_1M, SZ_4K, 0
};

static const struct io_pgtable_selftest_case cases[] = {
	{
		.format = &v7s_node,
		.ias = inputs,
		.oas = outputs,
		.pgsizes = page_sizes,
		.small_oas = 32,
	},
};

static bool selftest;
module_param(selftest, bool, 0444);
MODULE_PARM_DESC(selftest, "check the format before it is registered");

static int __init io_pgtable_arm_v7s_init(void)
{
	if (selftest) {
		int ret = io_pgtable_selftest(cases, 1);

		if (ret)
			return ret;
	}
	return io_pgtable_register_formats(&v7s_node, 1);
}

static void __exit io_pgtable_arm_v7s_exit(void)
{
	io_pgtable_unregister_formats(&v7s_node, 1);
}

module_init(io_pgtable_arm_v7s_init);
module_exit(io_pgtable_arm_v7s_exit);
MODULE_ALIAS_IO_PGTABLE(ARM_V7S, 4);
MODULE_DESCRIPTION("Arm Short-descriptor I/O page tables");
MODULE_LICENSE("Dual MIT/GPL");
