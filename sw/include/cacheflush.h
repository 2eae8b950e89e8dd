/* SPDX-License-Identifier: MIT */
/* Data cache maintenance by address, to the point of coherency: for masters
 * that do not snoop (DDI 0487, D7.5).
 */
#ifndef CACHEFLUSH_H
#define CACHEFLUSH_H

#include <barrier.h>
#include <types.h>

/* Bytes in the smallest data cache line: CTR_EL0.DminLine is log2 words. */
static inline unsigned long dcache_line_size(void)
{
	unsigned long ctr;

	__asm__("mrs %0, ctr_el0" : "=r"(ctr));
	return 4UL << ((ctr >> 16) & 0xf);
}

/* What the CPU wrote becomes visible in memory. */
static inline void dcache_clean_poc(const void *addr, size_t size)
{
	unsigned long line = dcache_line_size();
	unsigned long a = (unsigned long)addr & ~(line - 1);

	for (; a < (unsigned long)addr + size; a += line)
		__asm__ volatile("dc cvac, %0" :: "r"(a) : "memory");
	dsb(sy);
}

/* The CPU reads what a master wrote, and what it had written itself is lost:
 * whole lines only.
 */
static inline void dcache_inval_poc(const void *addr, size_t size)
{
	unsigned long line = dcache_line_size();
	unsigned long a = (unsigned long)addr;

	for (; a < (unsigned long)addr + size; a += line)
		__asm__ volatile("dc ivac, %0" :: "r"(a) : "memory");
	dsb(sy);
}

/* Both, line by line: lines shared with other data keep that data, because
 * they are cleaned first.
 */
static inline void dcache_clean_inval_poc(const void *addr, size_t size)
{
	unsigned long line = dcache_line_size();
	unsigned long a = (unsigned long)addr & ~(line - 1);

	for (; a < (unsigned long)addr + size; a += line)
		__asm__ volatile("dc civac, %0" :: "r"(a) : "memory");
	dsb(sy);
}

#endif
