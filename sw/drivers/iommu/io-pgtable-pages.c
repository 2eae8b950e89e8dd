// SPDX-License-Identifier: MIT
/* Memory of tables: in reach of the walker, counted, and clean. */
#define pr_fmt(fmt) "io-pgtable: " fmt

#include "io-pgtable-pages.h"

#include <atomic.h>
#include <barrier.h>
#include <cacheflush.h>
#include <mm.h>

static atomic_t pages_held = ATOMIC_INIT(0);

void *io_pgtable_alloc_pages(const struct io_pgtable_cfg *cfg, size_t size,
			     unsigned int bits, gfp_t gfp)
{
	unsigned int order = (unsigned int)get_order(size);
	phys_addr_t last;
	void *table;

	if (bits <= 32)
		gfp |= GFP_DMA32;
	table = (void *)__get_free_pages(gfp | __GFP_ZERO, order);
	if (!table)
		return NULL;
	last = virt_to_phys(table) + (PAGE_SIZE << order) - 1;
	if (last >> bits) {
		io_pgtable_err(cfg,
			       "no memory for tables below %u address bits: %#llx was offered\n",
			       bits, (unsigned long long)last);
		free_pages((unsigned long)table, order);
		return NULL;
	}
	atomic_add(1 << order, &pages_held);
	io_pgtable_sync(cfg, table, size);
	return table;
}

void io_pgtable_free_pages(void *table, size_t size)
{
	unsigned int order = (unsigned int)get_order(size);

	atomic_sub(1 << order, &pages_held);
	free_pages((unsigned long)table, order);
}

int io_pgtable_pages_held(void)
{
	return atomic_read(&pages_held);
}

/*
 * A walker that does not snoop reads memory behind the caches: what was
 * written must reach the point of coherency. One that snoops needs only that
 * the stores are observed in their order.
 */
void io_pgtable_sync(const struct io_pgtable_cfg *cfg, const void *descs,
		     size_t size)
{
	if (!cfg->coherent_walk)
		dcache_clean_poc(descs, size);
	dma_wmb();
}
