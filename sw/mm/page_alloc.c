// SPDX-License-Identifier: MIT
/* Page allocator: binary buddies, one free list an order. */
#include <arch.h>
#include <atomic.h>
#include <export.h>
#include <irqflags.h>
#include <kernel.h>
#include <list.h>
#include <mm.h>
#include <sched.h>
#include <spinlock.h>
#include "mm_internal.h"

#define MAX_BANKS	64

struct bank {
	unsigned long start, end;
	struct page *map;
};

static struct bank banks[MAX_BANKS];
static unsigned int nr_banks;
/* Guards the free lists, and the flags of free pages. */
static DEFINE_SPINLOCK(zone_lock);
static struct list_head free_area[MAX_ORDER + 1];
static unsigned long nr_free, nr_total;

/* Counts the allocations of the thread that asked for it alone: what other CPUs
 * and interrupts allocate meanwhile does not make a test's result vary.
 */
void alloc_fail_after(unsigned int n)
{
	current->fail_alloc = n;
}
EXPORT_SYMBOL(alloc_fail_after);

unsigned int alloc_fail_left(void)
{
	return current->fail_alloc;
}
EXPORT_SYMBOL(alloc_fail_left);

bool alloc_should_fail(void)
{
	return current->fail_alloc && !in_interrupt() &&
	       --current->fail_alloc == 0;
}

static struct bank *pfn_bank(unsigned long pfn)
{
	unsigned int i;

	for (i = 0; i < nr_banks; i++)
		if (pfn >= banks[i].start && pfn < banks[i].end)
			return &banks[i];
	return NULL;
}

struct page *pfn_to_page(unsigned long pfn)
{
	struct bank *b = pfn_bank(pfn);

	return b ? &b->map[pfn - b->start] : NULL;
}
EXPORT_SYMBOL(pfn_to_page);

unsigned long page_to_pfn(const struct page *page)
{
	unsigned int i;

	for (i = 0; i < nr_banks; i++)
		if (page >= banks[i].map &&
		    page < banks[i].map + (banks[i].end - banks[i].start))
			return banks[i].start +
			       (unsigned long)(page - banks[i].map);
	BUG();
}
EXPORT_SYMBOL(page_to_pfn);

static void free_block(unsigned long pfn, unsigned int order)
{
	struct bank *b = pfn_bank(pfn);
	struct page *p;

	nr_free += 1UL << order;
	while (order < MAX_ORDER) {
		unsigned long buddy = pfn ^ (1UL << order);

		if (buddy < b->start || buddy + (1UL << order) > b->end)
			break;
		p = &b->map[buddy - b->start];
		if (!(p->flags & PG_BUDDY) || p->order != order)
			break;
		list_del(&p->lru);
		p->flags = 0;
		pfn &= ~(1UL << order);
		order++;
	}
	p = &b->map[pfn - b->start];
	p->flags = PG_BUDDY;
	p->order = (u8)order;
	list_add(&p->lru, &free_area[order]);
}

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	struct page *p = NULL, *q;
	unsigned long flags;
	unsigned int o;

	if (order > MAX_ORDER || alloc_should_fail())
		return NULL;
	spin_lock_irqsave(&zone_lock, flags);
	for (o = order; o <= MAX_ORDER; o++) {
		list_for_each_entry(q, &free_area[o], lru) {
			if ((gfp & GFP_DMA32) &&
			    page_to_phys(q) + (PAGE_SIZE << order) > BIT(32))
				continue;
			p = q;
			break;
		}
		if (p)
			break;
	}
	if (!p) {
		spin_unlock_irqrestore(&zone_lock, flags);
		return NULL;
	}
	list_del(&p->lru);
	p->flags = 0;
	while (o > order) {
		o--;
		q = p + (1UL << o);
		q->flags = PG_BUDDY;
		q->order = (u8)o;
		list_add(&q->lru, &free_area[o]);
	}
	p->order = (u8)order;
	nr_free -= 1UL << order;
	spin_unlock_irqrestore(&zone_lock, flags);
	atomic_set(&p->refcount, 1);
	if (gfp & __GFP_ZERO)
		memset(page_address(p), 0, PAGE_SIZE << order);
	return p;
}
EXPORT_SYMBOL(alloc_pages);

void __free_pages(struct page *page, unsigned int order)
{
	unsigned long flags;

	if (!page)
		return;
	if (WARN_ON(page->flags & (PG_BUDDY | PG_SLAB | PG_RESERVED)))
		return;
	spin_lock_irqsave(&zone_lock, flags);
	page->flags = 0;
	free_block(page_to_pfn(page), order);
	spin_unlock_irqrestore(&zone_lock, flags);
}
EXPORT_SYMBOL(__free_pages);

unsigned long __get_free_pages(gfp_t gfp, unsigned int order)
{
	struct page *p = alloc_pages(gfp, order);

	return p ? (unsigned long)page_address(p) : 0;
}
EXPORT_SYMBOL(__get_free_pages);

void free_pages(unsigned long addr, unsigned int order)
{
	struct page *p;

	if (!addr)
		return;
	p = virt_to_page((void *)addr);
	if (!WARN_ON(!p))
		__free_pages(p, order);
}
EXPORT_SYMBOL(free_pages);

static void free_range(unsigned long pfn, unsigned long end)
{
	while (pfn < end) {
		unsigned int o = pfn ? (unsigned int)__ffs(pfn) : MAX_ORDER;

		o = min(o, (unsigned int)MAX_ORDER);
		while (pfn + (1UL << o) > end)
			o--;
		free_block(pfn, o);
		pfn += 1UL << o;
	}
}

void *alloc_pages_exact(size_t size, gfp_t gfp)
{
	unsigned long addr, flags, pfn;
	unsigned int order;

	if (!size || size > PAGE_SIZE << MAX_ORDER)
		return NULL;
	order = (unsigned int)get_order(size);
	addr = __get_free_pages(gfp, order);
	if (!addr)
		return NULL;
	pfn = PHYS_PFN(__pa(addr));
	spin_lock_irqsave(&zone_lock, flags);
	free_range(pfn + (PAGE_ALIGN(size) >> PAGE_SHIFT),
		   pfn + (1UL << order));
	spin_unlock_irqrestore(&zone_lock, flags);
	return (void *)addr;
}
EXPORT_SYMBOL(alloc_pages_exact);

void free_pages_exact(void *addr, size_t size)
{
	unsigned long flags, pfn;

	if (!addr)
		return;
	pfn = PHYS_PFN(virt_to_phys(addr));
	spin_lock_irqsave(&zone_lock, flags);
	free_range(pfn, pfn + (PAGE_ALIGN(size) >> PAGE_SHIFT));
	spin_unlock_irqrestore(&zone_lock, flags);
}
EXPORT_SYMBOL(free_pages_exact);

unsigned long totalram_pages(void)
{
	return nr_total;
}
EXPORT_SYMBOL(totalram_pages);

unsigned long nr_free_pages(void)
{
	return nr_free;
}
EXPORT_SYMBOL(nr_free_pages);

void __init mem_init(void)
{
	phys_addr_t pos = 0, b, e;
	unsigned int i;

	for (i = 0; i <= MAX_ORDER; i++)
		INIT_LIST_HEAD(&free_area[i]);
	for (i = 0; i < memblock_regions(); i++) {
		struct bank *bank = &banks[i];

		memblock_region(i, &b, &e);
		bank->start = PHYS_PFN(b);
		bank->end = PHYS_PFN(e);
		bank->map = memblock_alloc((bank->end - bank->start) *
					   sizeof(struct page));
		nr_total += bank->end - bank->start;
	}
	nr_banks = memblock_regions();
	while (memblock_next_free(&pos, &b, &e))
		free_range(PHYS_PFN(b), PHYS_PFN(e));
	pr_info("Memory: %luK/%luK available (%luK kernel)\n",
		nr_free << 2, nr_total << 2,
		(unsigned long)(_end - _text) >> 10);
}
