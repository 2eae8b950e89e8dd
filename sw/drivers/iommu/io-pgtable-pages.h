/* SPDX-License-Identifier: MIT */
/* Memory of tables, for the formats: each module has its own copy. */
#ifndef IO_PGTABLE_PAGES_H
#define IO_PGTABLE_PAGES_H

#include <io-pgtable.h>

#include <device.h>
#include <printk.h>

/* A refusal, in the name of whoever wanted the tables. */
#define io_pgtable_err(cfg, fmt, ...) do {				\
	if ((cfg)->iommu_dev)						\
		dev_err((cfg)->iommu_dev, pr_fmt(fmt), ##__VA_ARGS__);	\
	else								\
		pr_err(fmt, ##__VA_ARGS__);				\
} while (0)

/**
 * io_pgtable_alloc_pages - zeroed memory for tables, as the walker sees it
 * @cfg: whose tables
 * @size: bytes; the memory is aligned to the next power of two, a page at
 *	  least
 * @bits: address bits of what will point to it
 *
 * Return: the memory; NULL if there is none, or none in reach (told).
 */
void *io_pgtable_alloc_pages(const struct io_pgtable_cfg *cfg, size_t size,
			     unsigned int bits, gfp_t gfp);
void io_pgtable_free_pages(void *table, size_t size);

/* Pages that all tables of this module occupy. */
int io_pgtable_pages_held(void);

/**
 * io_pgtable_sync - descriptors that were written become visible to the walker
 * @cfg: whose tables
 * @descs: the first
 * @size: bytes
 *
 * Before whatever is written after this.
 */
void io_pgtable_sync(const struct io_pgtable_cfg *cfg, const void *descs,
		     size_t size);

#endif
