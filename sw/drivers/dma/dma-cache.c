// SPDX-License-Identifier: MIT
/*
 * Cache maintenance for masters that do not snoop.
 *
 * While a device has a buffer the CPU may still read the memory around and,
 * speculatively, in it: lines may come into the cache at any time, but no line
 * of it becomes dirty.
 */
#include "dma-internal.h"

#include <cacheflush.h>
#include <kernel.h>

/*
 * What the CPU wrote goes to memory, whatever the device does: it reads that,
 * or the eviction of a line would overwrite what it has written, and what it
 * leaves alone in a buffer that it writes is as the CPU wrote it.
 */
void dma_cache_for_device(void *mem, size_t size)
{
	dcache_clean_poc(mem, size);
}

/*
 * Lines that came into the cache meanwhile are older than what the device
 * wrote. They are dropped; those at the ends are cleaned as well, because the
 * CPU may have written what shares them with the buffer.
 */
void dma_cache_for_cpu(void *mem, size_t size, enum dma_data_direction dir)
{
	unsigned long line = dcache_line_size();
	unsigned long start = (unsigned long)mem;
	unsigned long end = start + size;
	unsigned long first = ALIGN(start, line);
	unsigned long last = ALIGN_DOWN(end, line);

	if (dir == DMA_TO_DEVICE)
		return;
	if (start != first)
		dcache_clean_inval_poc(mem, 1);
	if (end != last && last >= first)
		dcache_clean_inval_poc((void *)last, 1);
	if (last > first)
		dcache_inval_poc((void *)first, last - first);
}
