// SPDX-License-Identifier: MIT
/*
 * Tables of Long descriptors: the operations, for every format that has them.
 *
 * A table is one granule of 64-bit descriptors, and each level of a lookup
 * takes as many address bits as index one (Arm DDI 0487, D8.2, G5.5). What
 * the formats do not share is in io-pgtable-arm-formats.c.
 */
#define pr_fmt(fmt) "io-pgtable-arm: " fmt

#include "io-pgtable-arm.h"

#include "io-pgtable-pages.h"

#include <compiler.h>
#include <err.h>
#include <errno.h>
#include <iommu.h>
#include <mm.h>
#include <sizes.h>
#include <slab.h>

/* Descriptors, DDI 0487 D8.3.1: type in bits 1:0. */
#define DESC_VALID	(1UL << 0)
#define DESC_TYPE_MASK	3UL
#define DESC_BLOCK	1UL
#define DESC_TABLE	3UL

/* 64 KiB granule, outputs of 52 bits: OA[51:48] lie here (D8.3.1). */
#define HIGH_SHIFT	12
#define HIGH_MASK	(0xfUL << HIGH_SHIFT)

static struct lpae *to_lpae(struct io_pgtable_ops *ops)
{
	return (struct lpae *)io_pgtable_ops_to_pgtable(ops);
}

static unsigned int level_shift(const struct lpae *data, int level)
{
	return data->granule_shift +
	       data->level_bits * (unsigned int)(LPAE_LAST_LEVEL - level);
}

static size_t level_size(const struct lpae *data, int level)
{
	return 1UL << level_shift(data, level);
}

static unsigned long level_entries(const struct lpae *data, int level)
{
	return 1UL << (level == data->start_level ? data->root_bits :
						    data->level_bits);
}

static unsigned long level_index(const struct lpae *data, unsigned long iova,
				 int level)
{
	return (iova >> level_shift(data, level)) &
	       (level_entries(data, level) - 1);
}

static size_t table_size(const struct lpae *data, int level)
{
	return level_entries(data, level) * sizeof(u64);
}

/* The level whose leaves are of that size. */
static int size_level(const struct lpae *data, size_t size)
{
	int level = LPAE_LAST_LEVEL;

	while (level > 0 && level_size(data, level) != size)
		level--;
	return level;
}

static u64 encode_address(const struct lpae *data, phys_addr_t paddr)
{
	return (paddr & 0x0000ffffffffffffUL) |
	       ((paddr >> 48) << HIGH_SHIFT & HIGH_MASK);
}

static phys_addr_t decode_address(const struct lpae *data, u64 desc)
{
	u64 mask = 0x0000ffffffffffffUL & ~((1UL << data->granule_shift) - 1);
	phys_addr_t paddr = desc & mask;

	if (data->iop.cfg.oas > 48)
		paddr |= (desc & HIGH_MASK) >> HIGH_SHIFT << 48;
	return paddr;
}

static bool desc_valid(u64 desc)
{
	return desc & DESC_VALID;
}

static u64 leaf_type(const struct lpae *data, int level)
{
	return level == LPAE_LAST_LEVEL ? data->format->page_type : DESC_BLOCK;
}

static bool desc_leaf(const struct lpae *data, u64 desc, int level)
{
	return (desc & DESC_TYPE_MASK) == leaf_type(data, level);
}

static u64 *desc_table(const struct lpae *data, u64 desc)
{
	return phys_to_virt(decode_address(data, desc));
}

/* One store, which a walker sees as a whole. */
static void set_desc(struct lpae *data, u64 *ptr, u64 desc)
{
	WRITE_ONCE(*ptr, desc);
	io_pgtable_sync(&data->iop.cfg, ptr, sizeof(*ptr));
}

static void set_table(struct lpae *data, u64 *ptr, const u64 *table)
{
	set_desc(data, ptr, encode_address(data, virt_to_phys(table)) |
			    data->table_bits | DESC_TABLE);
}

static u64 *alloc_table(const struct lpae *data, int level, gfp_t gfp)
{
	/* The walker would raise an address size fault on the way down. */
	return io_pgtable_alloc_pages(&data->iop.cfg, table_size(data, level),
				      data->iop.cfg.oas, gfp);
}

static void free_table(struct lpae *data, u64 *table, int level)
{
	unsigned long i;

	if (level < LPAE_LAST_LEVEL) {
		for (i = 0; i < level_entries(data, level); i++)
			if (desc_valid(table[i]) &&
			    !desc_leaf(data, table[i], level))
				free_table(data, desc_table(data, table[i]),
					   level + 1);
	}
	io_pgtable_free_pages(table, table_size(data, level));
}

static bool table_empty(const struct lpae *data, const u64 *table, int level)
{
	unsigned long i;

	for (i = 0; i < level_entries(data, level); i++) {
		if (!desc_valid(table[i]))
			continue;
		if (desc_leaf(data, table[i], level) ||
		    !table_empty(data, desc_table(data, table[i]), level + 1))
			return false;
	}
	return true;
}

static bool table_full(const struct lpae *data, const u64 *table, int level)
{
	unsigned long i;

	for (i = 0; i < level_entries(data, level); i++) {
		if (!desc_valid(table[i]))
			return false;
		if (!desc_leaf(data, table[i], level) &&
		    !table_full(data, desc_table(data, table[i]), level + 1))
			return false;
	}
	return true;
}

/*
 * Walk to the table that holds level's entry for iova, making what is not
 * there. NULL and *err: -EEXIST below a block, -ENOMEM.
 */
static u64 *walk_alloc(struct lpae *data, unsigned long iova, int level,
		       gfp_t gfp, int *err)
{
	u64 *table = data->root;
	int l;

	for (l = data->start_level; l < level; l++) {
		u64 *ptr = &table[level_index(data, iova, l)];
		u64 desc = *ptr;

		if (desc_valid(desc) && desc_leaf(data, desc, l)) {
			*err = -EEXIST;
			return NULL;
		}
		if (desc_valid(desc)) {
			table = desc_table(data, desc);
			continue;
		}
		table = alloc_table(data, l + 1, gfp);
		if (!table) {
			*err = -ENOMEM;
			return NULL;
		}
		/* The walker sees it empty: it was synchronised before. */
		set_table(data, ptr, table);
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
	u64 *table = desc_table(data, *ptr);

	if (!table_empty(data, table, level + 1))
		return -EEXIST;
	set_desc(data, ptr, 0);
	io_pgtable_tlb_flush_walk(&data->iop, iova, level_size(data, level),
				  1UL << data->granule_shift);
	free_table(data, table, level + 1);
	return 0;
}

/* The input size is at most 52 bits: no sum below overflows. */
static int check_range(const struct lpae *data, unsigned long iova,
		       size_t pgsize, size_t pgcount)
{
	unsigned int ias = data->iop.cfg.ias;
	unsigned long offset = iova - data->base;

	if (!pgcount || !(data->iop.cfg.pgsize_bitmap & pgsize) ||
	    (pgsize & (pgsize - 1)) || (iova & (pgsize - 1)))
		return -EINVAL;
	if (offset >> ias || pgcount > (1UL << ias) / pgsize ||
	    (offset + pgsize * pgcount - 1) >> ias)
		return -ERANGE;
	return 0;
}

static int lpae_map_pages(struct io_pgtable_ops *ops, unsigned long iova,
			  phys_addr_t paddr, size_t pgsize, size_t pgcount,
			  int prot, gfp_t gfp, size_t *mapped)
{
	struct lpae *data = to_lpae(ops);
	int level = size_level(data, pgsize);
	u64 attr;
	int ret;

	*mapped = 0;
	ret = check_range(data, iova, pgsize, pgcount);
	if (ret)
		return ret;
	if (paddr & (pgsize - 1) || !(prot & (IOMMU_READ | IOMMU_WRITE)))
		return -EINVAL;
	if (paddr >> data->iop.cfg.oas ||
	    (paddr + pgsize * pgcount - 1) >> data->iop.cfg.oas)
		return -ERANGE;
	attr = data->format->attributes(&data->iop.cfg, prot) |
	       leaf_type(data, level);

	while (pgcount) {
		unsigned long first = level_index(data, iova, level), i;
		u64 *table = walk_alloc(data, iova, level, gfp, &ret);

		if (!table)
			return ret;
		for (i = first; pgcount && i < level_entries(data, level);
		     i++) {
			u64 desc = table[i];

			ret = 0;
			if (desc_valid(desc))
				ret = desc_leaf(data, desc, level) ? -EEXIST :
				      replace_empty_table(data, &table[i],
							  iova, level);
			if (ret)
				break;
			WRITE_ONCE(table[i],
				   encode_address(data, paddr) | attr);
			iova += pgsize;
			paddr += pgsize;
			pgcount--;
			*mapped += pgsize;
		}
		if (i > first)
			io_pgtable_sync(&data->iop.cfg, &table[first],
					(i - first) * sizeof(u64));
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
static u64 *split_block(struct lpae *data, u64 *ptr, unsigned long iova,
			int level)
{
	size_t size = level_size(data, level);
	phys_addr_t paddr = decode_address(data, *ptr) & ~(size - 1);
	u64 attr = *ptr & ~(encode_address(data, ~0UL & ~(size - 1)) |
			    DESC_TYPE_MASK);
	u64 *table = alloc_table(data, level + 1, GFP_ATOMIC);
	unsigned long i;

	if (!table)
		return NULL;
	attr |= leaf_type(data, level + 1);
	for (i = 0; i < level_entries(data, level + 1); i++) {
		table[i] = encode_address(data, paddr) | attr;
		paddr += level_size(data, level + 1);
	}
	io_pgtable_sync(&data->iop.cfg, table, table_size(data, level + 1));

	set_desc(data, ptr, 0);
	io_pgtable_tlb_flush_walk(&data->iop, iova & ~(size - 1), size, size);
	set_table(data, ptr, table);
	return table;
}

/* Remove leaves that lie side by side in a table, up to the first hole. */
static size_t remove_leaves(struct lpae *data, u64 *ptr, unsigned long iova,
			    int level, size_t left,
			    struct iommu_iotlb_gather *gather)
{
	unsigned long max = level_entries(data, level) -
			    level_index(data, iova, level);
	size_t size = level_size(data, level);
	unsigned long n = 0, i;

	while (n < max && (n + 1) * size <= left && desc_valid(ptr[n]) &&
	       desc_leaf(data, ptr[n], level)) {
		WRITE_ONCE(ptr[n], 0);
		n++;
	}
	io_pgtable_sync(&data->iop.cfg, ptr, n * sizeof(*ptr));
	for (i = 0; i < n; i++)
		io_pgtable_tlb_add_page(&data->iop, gather, iova + i * size,
					size);
	return n * size;
}

/*
 * Remove what begins at iova and one step can take: a table of which nothing
 * stays, or leaves of one table. 0: nothing is mapped there, or a block that
 * reaches out of the range cannot be split.
 */
static size_t remove_some(struct lpae *data, unsigned long iova, size_t left,
			  struct iommu_iotlb_gather *gather)
{
	u64 *table = data->root;
	int level;

	for (level = data->start_level; ; level++) {
		u64 *ptr = &table[level_index(data, iova, level)];
		size_t size = level_size(data, level);
		bool whole = !(iova & (size - 1)) && left >= size;
		u64 desc = *ptr;

		if (!desc_valid(desc))
			return 0;
		if (desc_leaf(data, desc, level)) {
			if (whole)
				return remove_leaves(data, ptr, iova, level,
						     left, gather);
			table = split_block(data, ptr, iova, level);
			if (!table)
				return 0;
			continue;
		}
		table = desc_table(data, desc);
		if (whole && table_full(data, table, level + 1)) {
			set_desc(data, ptr, 0);
			io_pgtable_tlb_flush_walk(&data->iop, iova, size,
						  1UL << data->granule_shift);
			free_table(data, table, level + 1);
			return size;
		}
	}
}

static size_t lpae_unmap_pages(struct io_pgtable_ops *ops,
			       unsigned long iova, size_t pgsize,
			       size_t pgcount,
			       struct iommu_iotlb_gather *gather)
{
	struct lpae *data = to_lpae(ops);
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

static phys_addr_t lpae_iova_to_phys(struct io_pgtable_ops *ops,
				     unsigned long iova)
{
	struct lpae *data = to_lpae(ops);
	u64 *table = data->root;
	int level;

	if ((iova - data->base) >> data->iop.cfg.ias)
		return 0;
	for (level = data->start_level; level <= LPAE_LAST_LEVEL; level++) {
		u64 desc = READ_ONCE(table[level_index(data, iova, level)]);

		if (!desc_valid(desc))
			return 0;
		if (desc_leaf(data, desc, level)) {
			size_t mask = level_size(data, level) - 1;

			return (decode_address(data, desc) & ~mask) |
			       (iova & mask);
		}
		table = desc_table(data, desc);
	}
	return 0;
}

static const char *granule_name(const struct lpae *data)
{
	return data->granule_shift == 12 ? "4 KiB granule" :
	       data->granule_shift == 14 ? "16 KiB granule" :
					   "64 KiB granule";
}

static void lpae_entry(struct io_pgtable_ops *ops, unsigned long iova,
		       unsigned int depth, struct io_pgtable_entry *e)
{
	struct lpae *data = to_lpae(ops);
	u64 *table = data->root;
	int level = data->start_level;
	u64 desc;

	for (;; level++, depth--) {
		desc = READ_ONCE(table[level_index(data, iova, level)]);
		if (!depth || !desc_valid(desc) ||
		    desc_leaf(data, desc, level))
			break;
		table = desc_table(data, desc);
	}
	e->leaf = !depth && desc_valid(desc) && desc_leaf(data, desc, level);
	e->table = !depth && desc_valid(desc) && !e->leaf;
	e->format = data->format->name;
	e->granule = data->format->granules == SZ_4K ? NULL :
						      granule_name(data);
	e->what = level == LPAE_LAST_LEVEL ? "page" : "block";
	e->level = level;
	e->digits = 16;
	e->value = desc;
	e->size = level_size(data, level);
	e->iova = iova & ~(e->size - 1);
	e->paddr = decode_address(data, desc);
	if (e->leaf)
		e->paddr &= ~(e->size - 1);
	e->fields = data->format->fields;
}

/*
 * The lookup starts where one table holds what is left of the address; of
 * stage 2 one level lower where few enough tables side by side do, so that
 * no start level is used that small outputs forbid (DDI 0487, D8.2).
 */
static void set_geometry(struct lpae *data, unsigned int ias)
{
	const struct lpae_format *format = data->format;
	/* With 4 KiB, no registers of ours can say level 3. */
	int level = data->granule_shift == 12 ? 2 : LPAE_LAST_LEVEL;

	while (level > 0 && ias > level_shift(data, level) +
				  data->level_bits + format->concat)
		level--;
	if (format->four_levels)
		level = 0;
	data->start_level = level;
	data->root_bits = format->four_levels ? data->level_bits :
			  ias - level_shift(data, level);
}

static int check_cfg(const struct lpae_format *format,
		     struct io_pgtable_cfg *cfg, unsigned int granule_shift)
{
	static const u8 oas[] = { 32, 36, 40, 42, 44, 48, 52 };
	unsigned int max_ias = format->max_ias, max_oas = format->max_oas, i;

	if (format->wide_bits && granule_shift == 16)
		max_ias = max_oas = format->wide_bits;
	if (cfg->oas > max_oas)
		cfg->oas = max_oas;
	for (i = 0; i < sizeof(oas) && oas[i] != cfg->oas; i++)
		;
	if (cfg->ias < format->min_ias || cfg->ias > max_ias ||
	    i == sizeof(oas)) {
		io_pgtable_err(cfg,
			       "no tables of %u input and %u output address bits: inputs have %u to %u, outputs 32, 36, 40, 42, 44, 48 or 52\n",
			       cfg->ias, cfg->oas, format->min_ias, max_ias);
		return -EINVAL;
	}
	if (cfg->quirks & ~format->quirks) {
		io_pgtable_err(cfg, "quirks %#lx are not of this format\n",
			       cfg->quirks & ~format->quirks);
		return -EINVAL;
	}
	if (cfg->coherent_walk &&
	    (cfg->quirks & IO_PGTABLE_QUIRK_ARM_OUTER_WBWA)) {
		io_pgtable_err(cfg,
			       "a walker that snoops needs no outer cache of its own: leave out the quirk ARM_OUTER_WBWA\n");
		return -EINVAL;
	}
	return 0;
}

/* Leaves of the levels that can have them; level 0 has none (D8.3.1), and
 * level 1 of the 64 KiB granule only with outputs of 52 bits. A lookup can
 * start above what the input fills.
 */
static unsigned long leaf_sizes(const struct lpae *data,
				const struct io_pgtable_cfg *cfg)
{
	unsigned long sizes = level_size(data, 3);

	if (data->start_level <= 2)
		sizes |= level_size(data, 2);
	if (data->start_level <= 1 &&
	    (data->granule_shift == 12 || cfg->oas == 52))
		sizes |= level_size(data, 1);
	return sizes & ((2UL << cfg->ias) - 1);
}

struct io_pgtable *lpae_alloc(const struct lpae_format *format,
			      struct io_pgtable_cfg *cfg, void *cookie)
{
	unsigned long granules = cfg->pgsize_bitmap & format->granules;
	struct lpae *data;
	int ret;

	if (!granules) {
		io_pgtable_err(cfg,
			       "page sizes %#lx have no granule of %#lx among them\n",
			       cfg->pgsize_bitmap, format->granules);
		return ERR_PTR(-EINVAL);
	}
	ret = check_cfg(format, cfg,
			(unsigned int)__builtin_ctzl(granules));
	if (ret)
		return ERR_PTR(ret);

	data = kzalloc(sizeof(*data), GFP_KERNEL);
	if (!data)
		return ERR_PTR(-ENOMEM);
	data->format = format;
	data->granule_shift = (unsigned int)__builtin_ctzl(granules);
	data->level_bits = data->granule_shift - 3;
	set_geometry(data, cfg->ias);
	if (cfg->quirks & IO_PGTABLE_QUIRK_ARM_TTBR1)
		data->base = ~0UL << cfg->ias;
	if (cfg->quirks & IO_PGTABLE_QUIRK_ARM_NS)
		data->table_bits = 1UL << 63;	/* NSTable, D8.3.2 */
	cfg->pgsize_bitmap &= leaf_sizes(data, cfg);

	data->iop.cfg = *cfg;
	data->root = alloc_table(data, data->start_level, GFP_KERNEL);
	if (!data->root) {
		kfree(data);
		return ERR_PTR(-ENOMEM);
	}
	format->outputs(data, cfg);
	data->iop.cfg = *cfg;
	data->iop.cookie = cookie;
	data->iop.ops.map_pages = lpae_map_pages;
	data->iop.ops.unmap_pages = lpae_unmap_pages;
	data->iop.ops.iova_to_phys = lpae_iova_to_phys;
	data->iop.ops.entry = lpae_entry;
	return &data->iop;
}

void lpae_free(struct io_pgtable *iop)
{
	struct lpae *data = to_lpae(&iop->ops);

	free_table(data, data->root, data->start_level);
	kfree(data);
}
