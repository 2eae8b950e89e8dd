/* SPDX-License-Identifier: MIT */
/* Ranges that devices use. */
#ifndef IOPORT_H
#define IOPORT_H

#include <types.h>

struct resource {
	resource_size_t start;
	resource_size_t end;	/* inclusive */
	const char *name;
	unsigned long flags;
};

#define IORESOURCE_MEM	0x00000200
#define IORESOURCE_IRQ	0x00000400

static inline resource_size_t resource_size(const struct resource *r)
{
	return r->end - r->start + 1;
}

static inline unsigned long resource_type(const struct resource *r)
{
	return r->flags & (IORESOURCE_MEM | IORESOURCE_IRQ);
}

/* Claims; -EBUSY when any part is taken. @name is kept by reference. */
int request_mem_region(resource_size_t start, resource_size_t size,
		       const char *name);
void release_mem_region(resource_size_t start, resource_size_t size);

#endif
