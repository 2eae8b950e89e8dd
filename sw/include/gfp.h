/* SPDX-License-Identifier: MIT */
#ifndef GFP_H
#define GFP_H

#include <types.h>

/* Allocations never sleep and never retry; the flags differ in zeroing. */
#define GFP_KERNEL	0u
#define GFP_ATOMIC	0u
#define GFP_NOWAIT	0u
#define __GFP_ZERO	1u
#define __GFP_NOWARN	2u
/* Below 4 GiB (GFP_DMA32 of the Linux API). */
#define GFP_DMA32	4u

/* For tests: when it counts down to 0, that allocation fails (by page or by
 * kmalloc). 0: none fails.
 */
extern unsigned int alloc_fail_countdown;

static inline _Bool alloc_should_fail(void)
{
	return alloc_fail_countdown && --alloc_fail_countdown == 0;
}

#endif
