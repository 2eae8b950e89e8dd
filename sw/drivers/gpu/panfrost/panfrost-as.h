/* SPDX-License-Identifier: MIT */
/* Which client has which of the GPU's address spaces; regions to lock. */
#ifndef PANFROST_AS_H
#define PANFROST_AS_H

#include <types.h>

#define PAN_MAX_AS		16

/**
 * struct pan_as - one address space of the GPU
 * @owner: whose tables it has; NULL: nobody's
 * @users: jobs that run in it
 * @stamp: when it was taken last
 */
struct pan_as {
	void *owner;
	unsigned int users;
	u64 stamp;
};

/**
 * struct pan_as_table - all of them; the caller serialises
 * @present: those that the GPU has, one bit each
 * @clock: counts what was taken
 */
struct pan_as_table {
	u32 present;
	u64 clock;
	struct pan_as as[PAN_MAX_AS];
};

void pan_as_init(struct pan_as_table *t, u32 present);
int pan_as_find(const struct pan_as_table *t, const void *owner);
int pan_as_take(struct pan_as_table *t, void *owner, void **evicted);
void pan_as_release(struct pan_as_table *t, unsigned int n);
void pan_as_forget(struct pan_as_table *t, const void *owner);

u64 pan_lock_region(u64 start, u64 size);

#endif
