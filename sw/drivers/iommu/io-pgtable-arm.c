// SPDX-License-Identifier: MIT
/*
 * VMSAv8-64 stage 1 tables, 4 KiB granule (Arm DDI 0487, D8.3).
 *
 * A table is one page of 512 descriptors. Level 3 holds pages of 4 KiB,
 * level 2 may hold blocks of 2 MiB and level 1 blocks of 1 GiB. Where a walk
 * starts follows from the size of the input address.
 */
#define pr_fmt(fmt) "io-pgtable-arm: " fmt

#include "io-pgtable-arm.h"

#include <barrier.h>
#include <cacheflush.h>
#include <errno.h>
#include <iommu.h>
#include <mm.h>
#include <module.h>
#include <printk.h>
#include <slab.h>

#define GRANULE_SHIFT	12
#define GRANULE		(1UL << GRANULE_SHIFT)
#define LEVEL_BITS	9
#define ENTRIES		(1UL << LEVEL_BITS)
#define LAST_LEVEL	3

/* T0SZ is 16 to 39 without FEAT_TTST and FEAT_LPA2 (DDI 0487, D8.2). */
#define MIN_IAS		25
#define MAX_IAS		48
#define MAX_OAS		48

/* Descriptors, DDI 0487 D8.3.1: type in bits 1:0. */
#define DESC_VALID	(1UL << 0)
#define DESC_TYPE_MASK	3UL
#define DESC_BLOCK	1UL
#define DESC_TABLE	3UL
#define DESC_PAGE	3UL
#define DESC_ADDR	0x0000fffffffff000UL

/* Attributes of a stage 1 leaf, DDI 0487 D8.3.2. */
#define LEAF_ATTRINDX(i) ((u64)(i) << 2)
#define LEAF_AP_EL0	(1UL << 6)
#define LEAF_AP_RO	(1UL << 7)
#define LEAF_SH_OUTER	(2UL << 8)
#define LEAF_SH_INNER	(3UL << 8)
#define LEAF_AF		(1UL << 10)
#define LEAF_NG		(1UL << 11)
#define LEAF_PXN	(1UL << 53)
#define LEAF_UXN	(1UL << 54)

/* MAIR_EL1 bytes, DDI 0487 D23.2.97, and where they are put. */
#define MAIR_NC		0x44UL
#define MAIR_WBRWA	0xffUL
#define MAIR_DEV_NGNRE	0x04UL
#define ATTRIDX_NC	0
#define ATTRIDX_CACHE	1
#define ATTRIDX_DEV	2

/* TCR_EL1 encodings */
#define TCR_TG0_4K	0
#define TCR_SH_OUTER	2
#define TCR_SH_INNER	3
#define TCR_RGN_NC	0
#define TCR_RGN_WBWA	1

struct lpae {
	struct io_pgtable iop;
	int start_level;
	unsigned long nr_tables;
	u64 *root;
};

static struct lpae *to_lpae(struct io_pgtable_ops *ops)
{
	return (struct lpae *)io_pgtable_ops_to_pgtable(ops);
}

static unsigned int level_shift(int level)
{
	return GRANULE_SHIFT + LEVEL_BITS * (unsigned int)(LAST_LEVEL - level);
}

static size_t level_size(int level)
{
	return 1UL << level_shift(level);
}

static unsigned long level_index(unsigned long iova, int level)
{
	return (iova >> level_shift(level)) & (ENTRIES - 1);
}

/* The level whose leaves are of that size; 0 for a size that is none. */
static int size_level(size_t size)
{
	int level;

	for (level = LAST_LEVEL; level > 0; level--)
		if (level_size(level) == size)
			return level;
	return 0;
}

static bool desc_valid(u64 desc)
{
	return desc & DESC_VALID;
}

static bool desc_leaf(u64 desc, int level)
{
	/* Level 3 knows pages only; the encoding 1 is reserved there. */
	if (level == LAST_LEVEL)
		return (desc & DESC_TYPE_MASK) == DESC_PAGE;
	return (desc & DESC_TYPE_MASK) == DESC_BLOCK;
}

static u64 *desc_table(u64 desc)
{
	return phys_to_virt(desc & DESC_ADDR);
}

/*
 * A walker that does not snoop reads memory behind the caches: what was
 * written must reach the point of coherency. One that snoops needs only that
 * the stores are observable before whatever makes it walk.
 */
static void sync_descs(struct lpae *data, u64 *desc, unsigned long count)
{
	if (!data->iop.cfg.coherent_walk)
		dcache_clean_poc(desc, count * sizeof(*desc));
	dma_wmb();
}

static void set_desc(struct lpae *data, u64 *ptr, u64 desc)
{
	WRITE_ONCE(*ptr, desc);
	sync_descs(data, ptr, 1);
}

static u64 *alloc_table(struct lpae *data)
{
	u64 *table = (u64 *)get_zeroed_page(GFP_KERNEL);

	if (!table)
		return NULL;
	/* The walker would raise an address size fault on the way down. */
	if (virt_to_phys(table) >> data->iop.cfg.oas) {
		pr_err("table at %#llx is beyond %u address bits\n",
		       (unsigned long long)virt_to_phys(table),
		       data->iop.cfg.oas);
		free_page((unsigned long)table);
		return NULL;
	}
	data->nr_tables++;
	sync_descs(data, table, ENTRIES);
	return table;
}

static void free_table(struct lpae *data, u64 *table, int level)
{
	unsigned long i;

	if (level < LAST_LEVEL) {
		for (i = 0; i < ENTRIES; i++)
			if (desc_valid(table[i]) && !desc_leaf(table[i], level))
				free_table(data, desc_table(table[i]),
					   level + 1);
	}
	data->nr_tables--;
	free_page((unsigned long)table);
}

static bool table_empty(const u64 *table, int level)
{
	unsigned long i;

	for (i = 0; i < ENTRIES; i++) {
		if (!desc_valid(table[i]))
			continue;
		if (level == LAST_LEVEL || desc_leaf(table[i], level) ||
		    !table_empty(desc_table(table[i]), level + 1))
			return false;
	}
	return true;
}

static bool table_full(const u64 *table, int level)
{
	unsigned long i;

	for (i = 0; i < ENTRIES; i++) {
		if (!desc_valid(table[i]))
			return false;
		if (!desc_leaf(table[i], level) &&
		    !table_full(desc_table(table[i]), level + 1))
			return false;
	}
	return true;
}

static u64 leaf_attributes(int prot)
{
	u64 attr = LEAF_AF | LEAF_NG;

	/* There is no write-only: AP knows read, and read and write. */
	if (!(prot & IOMMU_WRITE))
		attr |= LEAF_AP_RO;
	if (!(prot & IOMMU_PRIV))
		attr |= LEAF_AP_EL0;
	if (prot & IOMMU_NOEXEC)
		attr |= LEAF_UXN | LEAF_PXN;

	if (prot & IOMMU_MMIO)
		attr |= LEAF_ATTRINDX(ATTRIDX_DEV) | LEAF_SH_OUTER;
	else if (prot & IOMMU_CACHE)
		attr |= LEAF_ATTRINDX(ATTRIDX_CACHE) | LEAF_SH_INNER;
	else
		attr |= LEAF_ATTRINDX(ATTRIDX_NC) | LEAF_SH_OUTER;
	return attr;
}

static u64 leaf_type(int level)
{
	return level == LAST_LEVEL ? DESC_PAGE : DESC_BLOCK;
}

/* Walk to the table that holds level's entry for iova, making what is not
 * there. NULL and *err: -EEXIST below a block, -ENOMEM.
 */
static u64 *walk_alloc(struct lpae *data, unsigned long iova, int level,
		       int *err)
{
	u64 *table = data->root;
	int l;

	for (l = data->start_level; l < level; l++) {
		u64 *ptr = &table[level_index(iova, l)];
		u64 desc = READ_ONCE(*ptr);

		if (!desc_valid(desc)) {
			u64 *next = alloc_table(data);

			if (!next) {
				*err = -ENOMEM;
				return NULL;
			}
			/* Filled with zeroes above, and now reachable. */
			set_desc(data, ptr,
				 virt_to_phys(next) | DESC_TABLE);
			table = next;
			continue;
		}
		if (desc_leaf(desc, l)) {
			*err = -EEXIST;
			return NULL;
		}
		table = desc_table(desc);
	}
	return table;
}

/*
 * A table that lost its last leaf may stand where a block is wanted. Break
 * before make (DDI 0487, D8.17.1): the walker must have let go of the table
 * before the block appears, and before its memory is used again.
 */
static int replace_empty_table(struct lpae *data, u64 *ptr,
			       unsigned long iova, int level)
{
	u64 *table = desc_table(*ptr);

	if (!table_empty(table, level + 1))
		return -EEXIST;
	set_desc(data, ptr, 0);
	io_pgtable_tlb_flush_walk(&data->iop, iova, level_size(level),
				  GRANULE);
	free_table(data, table, level + 1);
	return 0;
}

static int check_range(struct lpae *data, unsigned long iova, size_t pgsize,
		       size_t pgcount)
{
	unsigned long last;

	if (!pgcount || !(data->iop.cfg.pgsize_bitmap & pgsize) ||
	    (pgsize & (pgsize - 1)) || (iova & (pgsize - 1)))
		return -EINVAL;
	if (pgcount > (1UL << MAX_IAS) / pgsize)
		return -ERANGE;
	last = iova + pgsize * pgcount - 1;
	if (last < iova || last >> data->iop.cfg.ias)
		return -ERANGE;
	return 0;
}

static int lpae_map_pages(struct io_pgtable_ops *ops, unsigned long iova,
			  phys_addr_t paddr, size_t pgsize, size_t pgcount,
			  int prot, size_t *mapped)
{
	struct lpae *data = to_lpae(ops);
	int level = size_level(pgsize);
	u64 attr;
	int ret;

	*mapped = 0;
	ret = check_range(data, iova, pgsize, pgcount);
	if (ret)
		return ret;
	if (paddr & (pgsize - 1) || !(prot & (IOMMU_READ | IOMMU_WRITE)))
		return -EINVAL;
	if ((paddr + pgsize * pgcount - 1) >> data->iop.cfg.oas)
		return -ERANGE;
	attr = leaf_attributes(prot) | leaf_type(level);

	while (pgcount) {
		unsigned long first = level_index(iova, level), i = first;
		u64 *table = walk_alloc(data, iova, level, &ret);

		if (!table)
			return ret;
		for (; pgcount && i < ENTRIES; i++) {
			u64 desc = READ_ONCE(table[i]);

			ret = 0;
			if (desc_valid(desc))
				ret = desc_leaf(desc, level) ? -EEXIST :
				      replace_empty_table(data, &table[i],
							  iova, level);
			if (ret)
				break;
			WRITE_ONCE(table[i], paddr | attr);
			iova += pgsize;
			paddr += pgsize;
			pgcount--;
			*mapped += pgsize;
		}
		if (i > first)
			sync_descs(data, &table[first], i - first);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * Part of a block goes: put a table of equal entries in its place. Between
 * break and make, accesses to the whole block fault; a device that uses the
 * rest of it at this moment must not, so callers unmap what they mapped.
 */
static int split_block(struct lpae *data, u64 *ptr, unsigned long iova,
		       int level)
{
	u64 desc = *ptr;
	u64 addr = desc & DESC_ADDR & ~(level_size(level) - 1);
	u64 attr = desc & ~(DESC_ADDR | DESC_TYPE_MASK);
	u64 *table = alloc_table(data);
	unsigned long i;

	if (!table)
		return -ENOMEM;
	for (i = 0; i < ENTRIES; i++)
		table[i] = (addr + i * level_size(level + 1)) | attr |
			   leaf_type(level + 1);
	sync_descs(data, table, ENTRIES);

	set_desc(data, ptr, 0);
	io_pgtable_tlb_flush_walk(&data->iop,
				  iova & ~(level_size(level) - 1),
				  level_size(level), level_size(level));
	set_desc(data, ptr, virt_to_phys(table) | DESC_TABLE);
	return 0;
}

/* As walk_alloc(), but makes nothing except by splitting a block. */
static u64 *walk_split(struct lpae *data, unsigned long iova, int level)
{
	u64 *table = data->root;
	int l;

	for (l = data->start_level; l < level; l++) {
		u64 *ptr = &table[level_index(iova, l)];

		if (!desc_valid(*ptr))
			return NULL;
		if (desc_leaf(*ptr, l) && split_block(data, ptr, iova, l))
			return NULL;
		table = desc_table(*ptr);
	}
	return table;
}

static size_t lpae_unmap_pages(struct io_pgtable_ops *ops,
			       unsigned long iova, size_t pgsize,
			       size_t pgcount,
			       struct iommu_iotlb_gather *gather)
{
	struct lpae *data = to_lpae(ops);
	int level = size_level(pgsize);
	size_t unmapped = 0;

	if (check_range(data, iova, pgsize, pgcount))
		return 0;

	while (pgcount) {
		u64 *table = walk_split(data, iova, level);
		unsigned long i;

		if (!table)
			return unmapped;
		for (i = level_index(iova, level); pgcount && i < ENTRIES;
		     i++) {
			u64 desc = READ_ONCE(table[i]);

			if (!desc_valid(desc))
				return unmapped;
			if (desc_leaf(desc, level)) {
				set_desc(data, &table[i], 0);
				io_pgtable_tlb_add_page(&data->iop, gather,
							iova, pgsize);
			} else {
				u64 *next = desc_table(desc);

				if (!table_full(next, level + 1))
					return unmapped;
				set_desc(data, &table[i], 0);
				io_pgtable_tlb_flush_walk(&data->iop, iova,
							  pgsize, GRANULE);
				free_table(data, next, level + 1);
			}
			iova += pgsize;
			pgcount--;
			unmapped += pgsize;
		}
	}
	return unmapped;
}

static phys_addr_t lpae_iova_to_phys(struct io_pgtable_ops *ops,
				     unsigned long iova)
{
	struct lpae *data = to_lpae(ops);
	u64 *table = data->root;
	int level;

	if (iova >> data->iop.cfg.ias)
		return 0;
	for (level = data->start_level; level <= LAST_LEVEL; level++) {
		u64 desc = READ_ONCE(table[level_index(iova, level)]);

		if (!desc_valid(desc))
			return 0;
		if (desc_leaf(desc, level)) {
			size_t mask = level_size(level) - 1;

			return (desc & DESC_ADDR & ~mask) | (iova & mask);
		}
		table = desc_table(desc);
	}
	return 0;
}

/* TCR_EL1.IPS and CD.IPS; -1 for a size that has no encoding. */
static int ips_encoding(unsigned int bits)
{
	static const u8 sizes[] = { 32, 36, 40, 42, 44, 48 };
	unsigned int i;

	for (i = 0; i < sizeof(sizes); i++)
		if (sizes[i] == bits)
			return (int)i;
	return -1;
}

static struct io_pgtable *lpae_alloc_s1(struct io_pgtable_cfg *cfg,
					void *cookie)
{
	unsigned long sizes = GRANULE;
	struct lpae *data;
	int levels, ips;

	if (cfg->oas > MAX_OAS)
		cfg->oas = MAX_OAS;
	ips = ips_encoding(cfg->oas);
	if (cfg->ias < MIN_IAS || cfg->ias > MAX_IAS || ips < 0) {
		pr_err("no tables of %u input and %u output address bits\n",
		       cfg->ias, cfg->oas);
		return NULL;
	}
	if (!(cfg->pgsize_bitmap & GRANULE)) {
		pr_err("only the 4 KiB granule is built, page sizes %#lx offered\n",
		       cfg->pgsize_bitmap);
		return NULL;
	}

	data = kzalloc(sizeof(*data), GFP_KERNEL);
	if (!data)
		return NULL;
	levels = (int)((cfg->ias - GRANULE_SHIFT + LEVEL_BITS - 1) /
		       LEVEL_BITS);
	data->start_level = LAST_LEVEL + 1 - levels;
	if (data->start_level <= 2)
		sizes |= level_size(2);
	if (data->start_level <= 1)
		sizes |= level_size(1);
	cfg->pgsize_bitmap &= sizes;

	data->iop.cfg = *cfg;
	data->iop.cookie = cookie;
	data->root = alloc_table(data);
	if (!data->root)
		goto out_free;

	data->iop.ops.map_pages = lpae_map_pages;
	data->iop.ops.unmap_pages = lpae_unmap_pages;
	data->iop.ops.iova_to_phys = lpae_iova_to_phys;

	cfg->arm_lpae_s1_cfg.ttbr = virt_to_phys(data->root);
	cfg->arm_lpae_s1_cfg.tcr.ips = (u32)ips;
	cfg->arm_lpae_s1_cfg.tcr.tg = TCR_TG0_4K;
	cfg->arm_lpae_s1_cfg.tcr.tsz = 64 - cfg->ias;
	cfg->arm_lpae_s1_cfg.tcr.sh = cfg->coherent_walk ?
				      TCR_SH_INNER : TCR_SH_OUTER;
	cfg->arm_lpae_s1_cfg.tcr.irgn = cfg->coherent_walk ?
					TCR_RGN_WBWA : TCR_RGN_NC;
	cfg->arm_lpae_s1_cfg.tcr.orgn = cfg->arm_lpae_s1_cfg.tcr.irgn;
	cfg->arm_lpae_s1_cfg.mair = MAIR_NC << (8 * ATTRIDX_NC) |
				    MAIR_WBRWA << (8 * ATTRIDX_CACHE) |
				    MAIR_DEV_NGNRE << (8 * ATTRIDX_DEV);
	return &data->iop;

out_free:
	kfree(data);
	return NULL;
}

static void lpae_free(struct io_pgtable *iop)
{
	struct lpae *data = to_lpae(&iop->ops);

	free_table(data, data->root, data->start_level);
	if (data->nr_tables)
		pr_err("%lu tables leaked\n", data->nr_tables);
	kfree(data);
}

unsigned long io_pgtable_arm_nr_tables(struct io_pgtable_ops *ops)
{
	return to_lpae(ops)->nr_tables;
}

static struct io_pgtable_init_fns_node lpae_s1_node = {
	.fmt = ARM_64_LPAE_S1,
	.alloc = lpae_alloc_s1,
	.free = lpae_free,
	.owner = THIS_MODULE,
};

static int __init io_pgtable_arm_init(void)
{
	int ret = io_pgtable_register_format(&lpae_s1_node);

	if (ret)
		return ret;
	ret = io_pgtable_arm_selftest(&lpae_s1_node);
	if (ret)
		io_pgtable_unregister_format(&lpae_s1_node);
	return ret;
}

static void __exit io_pgtable_arm_exit(void)
{
	io_pgtable_unregister_format(&lpae_s1_node);
}

module_init(io_pgtable_arm_init);
module_exit(io_pgtable_arm_exit);
MODULE_DESCRIPTION("Arm VMSAv8-64 stage 1 I/O page tables");
MODULE_LICENSE("Dual MIT/GPL");
