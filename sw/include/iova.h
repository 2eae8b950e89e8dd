/* SPDX-License-Identifier: MIT */
/*
 * Addresses of a device's address space: which are taken. Any context; the
 * functions lock for themselves.
 */
#ifndef IOVA_H
#define IOVA_H

#include <rbtree.h>
#include <spinlock.h>
#include <types.h>

/* No address: it is the last byte of all, so no page starts there. */
#define IOVA_NONE	(~0ULL)

/**
 * struct iova_domain - the addresses of one address space
 * @lock: over the rest, but what iova_init() sets
 * @granule: all addresses and sizes are multiples of it
 * @start: first address that may be handed out; never 0
 * @last: last byte that may be
 * @ranges: struct iova_range, by address
 * @areas: below 4 GiB, and everywhere:
 *	   @hint: the search starts below it, what is free above is small
 *	   @too_large: this size was not found since something was freed
 */
struct iova_domain {
	spinlock_t lock;
	u64 granule;
	u64 start;
	u64 last;
	struct rb_root ranges;
	struct iova_area {
		u64 last;
		u64 hint;
		u64 too_large;
	} areas[2];
};

void iova_init(struct iova_domain *iovad, u64 granule, u64 start, u64 last);
void iova_destroy(struct iova_domain *iovad);
u64 iova_alloc(struct iova_domain *iovad, u64 size, u64 limit);
int iova_reserve(struct iova_domain *iovad, u64 start, u64 last);
int iova_free(struct iova_domain *iovad, u64 addr, u64 size);

#endif
