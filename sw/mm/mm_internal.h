/* SPDX-License-Identifier: MIT */
#ifndef MM_INTERNAL_H
#define MM_INTERNAL_H

#include <types.h>

/* page->flags */
#define PG_BUDDY	1	/* free, head of a block of page->order */
#define PG_SLAB		2	/* objects of page->slab_class */
#define PG_LARGE	4	/* kmalloc of page->private bytes */
#define PG_RESERVED	8

bool memblock_next_free(phys_addr_t *pos, phys_addr_t *base,
			phys_addr_t *end);
void *memblock_alloc(size_t size);

/* Counts an allocation; true: it has to fail. */
bool alloc_should_fail(void);

#endif
