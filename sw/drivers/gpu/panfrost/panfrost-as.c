// SPDX-License-Identifier: MIT
/*
 * There are more clients than address spaces in the GPU. Who needs one and has
 * none takes a free one, or the one that was taken longest ago of those in
 * which no job runs.
 */
#include "panfrost-as.h"

#include <bitops.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "panfrost-regs.h"

/**
 * pan_as_init - begin with all address spaces free
 * @t: filled
 * @present: GPU_AS_PRESENT; bits behind PAN_MAX_AS are left out, as registers
 *	     and JS_CONFIG have no room for them
 */
void pan_as_init(struct pan_as_table *t, u32 present)
{
	memset(t, 0, sizeof(*t));
	t->present = present & (u32)GENMASK(PAN_MAX_AS - 1, 0);
}

/**
 * pan_as_find - the address space that has a client's tables
 * @t: the table
 * @owner: the client
 *
 * Return: its number, or -ENOENT.
 */
int pan_as_find(const struct pan_as_table *t, const void *owner)
{
	unsigned int n;

	for (n = 0; owner && n < PAN_MAX_AS; n++)
		if (t->as[n].owner == owner)
			return (int)n;
	return -ENOENT;
}

static int find_free(const struct pan_as_table *t)
{
	unsigned int n;
	int best = -EBUSY;

	for (n = 0; n < PAN_MAX_AS; n++) {
		if (!(t->present & BIT(n)) || t->as[n].users)
			continue;
		if (!t->as[n].owner)
			return (int)n;
		if (best < 0 || t->as[n].stamp < t->as[best].stamp)
			best = (int)n;
	}
	return best;
}

/**
 * pan_as_take - an address space for a job of a client
 * @t: the table
 * @owner: the client, not NULL
 * @evicted: who had it before and has none now; NULL: nobody. @owner itself
 *	     where it had it already: then the tables are in place
 *
 * Return: its number; -EBUSY when jobs of others run in all of them.
 */
int pan_as_take(struct pan_as_table *t, void *owner, void **evicted)
{
	int n = pan_as_find(t, owner);

	if (n < 0)
		n = find_free(t);
	if (n < 0)
		return n;
	*evicted = t->as[n].owner;
	t->as[n].owner = owner;
	t->as[n].users++;
	t->as[n].stamp = ++t->clock;
	return n;
}

/**
 * pan_as_release - a job in an address space has ended
 * @t: the table
 * @n: its number; it stays its owner's until another needs it
 */
void pan_as_release(struct pan_as_table *t, unsigned int n)
{
	if (n < PAN_MAX_AS && t->as[n].users)
		t->as[n].users--;
}

/**
 * pan_as_forget - a client goes, or the GPU has lost what it knew
 * @t: the table
 * @owner: the client; NULL: all of them
 */
void pan_as_forget(struct pan_as_table *t, const void *owner)
{
	unsigned int n;

	for (n = 0; n < PAN_MAX_AS; n++)
		if (!owner || t->as[n].owner == owner)
			memset(&t->as[n], 0, sizeof(t->as[n]));
}

/**
 * pan_lock_region - what AS_LOCKADDR takes for a range of addresses
 * @start: first byte
 * @size: in bytes, not 0; an end behind 2^64 - 1 counts as that
 *
 * A region is a power of two of at least 32 KiB, aligned to itself: the
 * smallest that has the range in it. Bits 5:0 are its logarithm less 1.
 *
 * Return: the value of the register.
 */
u64 pan_lock_region(u64 start, u64 size)
{
	u64 last, differ;
	unsigned int bits = LOCK_REGION_MIN_BITS;

	if (__builtin_add_overflow(start, size - 1, &last))
		last = U64_MAX;
	differ = start ^ last;
	if (differ)
		bits = max(bits, __fls(differ) + 1);
	return (start & ~GENMASK(bits - 1, 0)) | (bits - 1);
}
