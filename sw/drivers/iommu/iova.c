// SPDX-License-Identifier: MIT
/*
 * Allocator of addresses for devices: a tree of the ranges that are taken,
 * searched from the top for a gap.
 *
 * Below 4 GiB is tried first, also for devices that could do more. Drivers
 * promise more address bits than their devices drive, and a low address is one
 * that every device can send; the costs are those of one failed search, once,
 * after which the size is known not to fit until something is freed there.
 */
#include <iova.h>

#include <kernel.h>
#include <slab.h>

#define LOW_LAST	0xffffffffULL
enum { LOW, ANY };

struct iova_range {
	struct rb_node node;
	u64 start;
	u64 last;
	bool reserved;
};

static struct iova_range *to_range(struct rb_node *node)
{
	return rb_entry(node, struct iova_range, node);
}

/* Nothing is known of the gaps. */
static void reset_area(struct iova_area *area, u64 last)
{
	area->last = last;
	area->hint = last;
	area->too_large = IOVA_NONE;
}

/**
 * iova_init - make an address space in which nothing is taken
 * @iovad: the address space
 * @granule: the smallest page, a power of two
 * @start: first address that can be mapped; 0 is never handed out
 * @last: last byte that can be mapped
 */
void iova_init(struct iova_domain *iovad, u64 granule, u64 start, u64 last)
{
	spin_lock_init(&iovad->lock);
	iovad->granule = granule;
	/* One that is too high for alignment leaves nothing. */
	iovad->start = start > ~(granule - 1) ? IOVA_NONE :
		       max(ALIGN(start, granule), granule);
	iovad->last = last;
	iovad->ranges.node = NULL;
	reset_area(&iovad->areas[LOW], min(last, (u64)LOW_LAST));
	reset_area(&iovad->areas[ANY], last);
}

/**
 * iova_destroy - forget what is taken
 * @iovad: nobody uses it any more
 */
void iova_destroy(struct iova_domain *iovad)
{
	struct rb_node *node;

	while ((node = iovad->ranges.node)) {
		rb_erase(&iovad->ranges, node);
		kfree(to_range(node));
	}
}

/* The highest range that starts at or below @addr. */
static struct rb_node *at_or_below(const struct iova_domain *iovad, u64 addr)
{
	struct rb_node *node = iovad->ranges.node, *found = NULL;

	while (node) {
		if (to_range(node)->start <= addr) {
			found = node;
			node = node->right;
		} else {
			node = node->left;
		}
	}
	return found;
}

/* The highest place in [start, @last], aligned; all sizes are in reach. */
static u64 find_gap(const struct iova_domain *iovad, u64 size, u64 align,
		    u64 last)
{
	struct rb_node *node = at_or_below(iovad, last);

	while (last >= iovad->start) {
		struct iova_range *range = node ? to_range(node) : NULL;
		u64 floor = iovad->start, at;

		if (!range || range->last < last) {
			if (range)
				floor = range->last + 1;
			if (last - floor >= size - 1) {
				at = ALIGN_DOWN(last - (size - 1), align);
				if (at >= floor)
					return at;
			}
		}
		if (!range || !range->start)
			break;
		last = range->start - 1;
		node = rb_prev(node);
	}
	return IOVA_NONE;
}

static u64 find_in_area(struct iova_area *area,
			const struct iova_domain *iovad, u64 size, u64 align,
			u64 limit)
{
	u64 at;

	if (size >= area->too_large)
		return IOVA_NONE;
	limit = min(limit, area->last);
	at = find_gap(iovad, size, align, min(limit, area->hint));
	if (at == IOVA_NONE && area->hint < limit)
		at = find_gap(iovad, size, align, limit);
	if (at != IOVA_NONE)
		area->hint = at - 1;
	else if (limit == area->last)
		/* Larger ones are aligned more, so they fit no better. */
		area->too_large = size;
	return at;
}

static void insert(struct iova_domain *iovad, struct iova_range *range)
{
	struct rb_node **link = &iovad->ranges.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = range->start < to_range(parent)->start ?
		       &parent->left : &parent->right;
	}
	rb_insert(&iovad->ranges, &range->node, parent, link);
}

/**
 * iova_alloc - take a range of addresses
 * @iovad: the address space
 * @size: bytes; rounded up to the granule
 * @limit: last byte that the device can reach
 *
 * As high as it can be below 4 GiB, or else below @limit. It is aligned to the
 * power of two at or above its size, so that a driver may count on it, and the
 * largest pages fit.
 *
 * Return: the address, or IOVA_NONE: a @size of 0, or no room, or no memory.
 */
u64 iova_alloc(struct iova_domain *iovad, u64 size, u64 limit)
{
	struct iova_range *range;
	unsigned long flags;
	u64 align, at;

	if (!size || size > BIT_ULL(63))
		return IOVA_NONE;
	size = ALIGN(size, iovad->granule);
	if (size > BIT_ULL(63))
		return IOVA_NONE;
	align = roundup_pow_of_two(size);
	/* Before the lock, whose holder does not wait for memory. */
	range = kmalloc(sizeof(*range), GFP_ATOMIC);
	if (!range)
		return IOVA_NONE;

	spin_lock_irqsave(&iovad->lock, flags);
	at = find_in_area(&iovad->areas[LOW], iovad, size, align, limit);
	if (at == IOVA_NONE && min(limit, iovad->last) > LOW_LAST)
		at = find_in_area(&iovad->areas[ANY], iovad, size, align,
				  limit);
	if (at != IOVA_NONE) {
		range->start = at;
		range->last = at + (size - 1);
		range->reserved = false;
		insert(iovad, range);
	}
	spin_unlock_irqrestore(&iovad->lock, flags);
	if (at == IOVA_NONE)
		kfree(range);
	return at;
}

/* The lowest range that reaches @addr, or what is above. */
static struct iova_range *at_or_above(const struct iova_domain *iovad,
				      u64 addr)
{
	struct rb_node *node = iovad->ranges.node;
	struct iova_range *found = NULL;

	while (node) {
		if (to_range(node)->last >= addr) {
			found = to_range(node);
			node = node->left;
		} else {
			node = node->right;
		}
	}
	return found;
}

/* The part of [@start, last] up to the next range: its last byte in @last. With
 * the lock. False: something else is taken there.
 */
static bool reserve_part(struct iova_domain *iovad, struct iova_range *range,
			 u64 start, u64 *last)
{
	const struct iova_range *next = at_or_above(iovad, start);

	if (next && next->start <= *last) {
		if (next->start <= start) {
			*last = min(next->last, *last);
			return next->reserved;
		}
		*last = next->start - 1;
	}
	range->start = start;
	range->last = *last;
	range->reserved = true;
	insert(iovad, range);
	return true;
}

/**
 * iova_reserve - hand out nothing of a range
 * @iovad: the address space
 * @start: first address
 * @last: last byte; whole granules are reserved, and what is outside of the
 *	  address space needs not be
 *
 * Ranges may overlap. They stay until iova_destroy().
 *
 * Return: 0; -EBUSY if something of it is handed out, and -ENOMEM; then a part
 * may be reserved.
 */
int iova_reserve(struct iova_domain *iovad, u64 start, u64 last)
{
	start = max(ALIGN_DOWN(start, iovad->granule), iovad->start);
	last = min(last | (iovad->granule - 1), iovad->last);
	while (start <= last) {
		struct iova_range *range = kmalloc(sizeof(*range), GFP_ATOMIC);
		unsigned long flags;
		u64 end = last;
		bool ok;

		if (!range)
			return -ENOMEM;
		range->reserved = false;
		spin_lock_irqsave(&iovad->lock, flags);
		ok = reserve_part(iovad, range, start, &end);
		spin_unlock_irqrestore(&iovad->lock, flags);
		if (!range->reserved)
			kfree(range);
		if (!ok)
			return -EBUSY;
		if (end == last)
			break;
		start = end + 1;
	}
	return 0;
}

static void area_freed(struct iova_area *area, const struct iova_range *range)
{
	if (range->start > area->last)
		return;
	area->too_large = IOVA_NONE;
	if (area->hint < range->last)
		area->hint = min(range->last, area->last);
}

/**
 * iova_free - give a range back
 * @iovad: the address space
 * @addr: from iova_alloc()
 * @size: as it was given there
 *
 * Return: 0, or -ENOENT if nothing, or something else, is taken there; then
 * nothing has changed.
 */
int iova_free(struct iova_domain *iovad, u64 addr, u64 size)
{
	struct iova_range *range = NULL;
	struct rb_node *node;
	unsigned long flags;

	size = ALIGN(size, iovad->granule);
	spin_lock_irqsave(&iovad->lock, flags);
	node = at_or_below(iovad, addr);
	if (node && to_range(node)->start == addr &&
	    to_range(node)->last == addr + (size - 1) &&
	    !to_range(node)->reserved) {
		range = to_range(node);
		rb_erase(&iovad->ranges, node);
		area_freed(&iovad->areas[LOW], range);
		area_freed(&iovad->areas[ANY], range);
	}
	spin_unlock_irqrestore(&iovad->lock, flags);
	kfree(range);
	return range ? 0 : -ENOENT;
}
