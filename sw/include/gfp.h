/* SPDX-License-Identifier: MIT */
#ifndef GFP_H
#define GFP_H

#include <types.h>

/* Allocations never sleep and never retry; the flags differ in zeroing. */
#define GFP_KERNEL	0u
#define GFP_ATOMIC	0u
#define __GFP_ZERO	1u
/* Below 4 GiB (GFP_DMA32 of the Linux API). */
#define GFP_DMA32	4u

/* For tests: the @n-th allocation of this thread from now on (by page or by
 * kmalloc) fails. 0: none.
 */
void alloc_fail_after(unsigned int n);
/* Those that are still to come; 0 once one has failed. */
unsigned int alloc_fail_left(void);

#endif
