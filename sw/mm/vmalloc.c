// SPDX-License-Identifier: MIT
/* Virtually contiguous memory: ranges of kernel addresses, and pages in them.
 * A page after each range is left unmapped.
 */
#include <arch.h>
#include <export.h>
#include <irqflags.h>
#include <kernel.h>
#include <list.h>
#include <mm.h>
#include <sizes.h>
#include <slab.h>
#include <spinlock.h>

struct va_range {
	struct list_head node;
	unsigned long start;
	size_t size;
};

static DEFINE_SPINLOCK(range_lock);
static LIST_HEAD(ranges);	/* by address; under range_lock */

unsigned long va_alloc(unsigned long lo, unsigned long hi, size_t size,
		       size_t align)
{
	struct va_range *r, *n = kmalloc(sizeof(*n), GFP_KERNEL);
	unsigned long flags, at = ALIGN(lo, align);
	struct list_head *before = &ranges;

	if (!n)
		return 0;
	if (!size || size > hi - lo) {
		kfree(n);
		return 0;
	}
	spin_lock_irqsave(&range_lock, flags);
	list_for_each_entry(r, &ranges, node) {
		if (r->start + r->size + PAGE_SIZE <= at)
			continue;
		if (r->start >= at && r->start - at >= size + PAGE_SIZE) {
			before = &r->node;
			break;
		}
		at = ALIGN(r->start + r->size + PAGE_SIZE, align);
	}
	if (at >= hi || hi - at < size) {
		spin_unlock_irqrestore(&range_lock, flags);
		kfree(n);
		return 0;
	}
	n->start = at;
	n->size = size;
	list_add_tail(&n->node, before);
	spin_unlock_irqrestore(&range_lock, flags);
	return at;
}

static struct va_range *va_find(unsigned long addr)
{
	struct va_range *r;

	list_for_each_entry(r, &ranges, node)
		if (r->start == addr)
			return r;
	return NULL;
}

size_t va_size(unsigned long addr)
{
	struct va_range *r;
	unsigned long flags;
	size_t size;

	spin_lock_irqsave(&range_lock, flags);
	r = va_find(addr);
	size = r ? r->size : 0;
	spin_unlock_irqrestore(&range_lock, flags);
	return size;
}

void va_free(unsigned long addr)
{
	struct va_range *r;
	unsigned long flags;

	spin_lock_irqsave(&range_lock, flags);
	r = va_find(addr);
	if (r)
		list_del(&r->node);
	spin_unlock_irqrestore(&range_lock, flags);
	kfree(r);
}

static void unmap_pages(unsigned long va, size_t size)
{
	unsigned long a;

	for (a = va; a < va + size; a += PAGE_SIZE) {
		phys_addr_t pa = walk_kernel(a);

		if (pa == ~0ULL)
			continue;
		unmap_kernel(a, PAGE_SIZE);
		__free_page(phys_to_page(pa));
	}
}

static void *alloc_range(unsigned long lo, unsigned long hi, size_t size,
			 size_t align)
{
	unsigned long va, a;

	if (!size || size > hi - lo)
		return NULL;
	size = PAGE_ALIGN(size);
	va = va_alloc(lo, hi, size, align);
	if (!va)
		return NULL;
	for (a = va; a < va + size; a += PAGE_SIZE) {
		struct page *p = alloc_page(GFP_KERNEL);

		if (!p)
			goto out_unmap;
		if (map_kernel(a, page_to_phys(p), PAGE_SIZE, PROT_RW)) {
			__free_page(p);
			goto out_unmap;
		}
	}
	return (void *)va;

out_unmap:
	unmap_pages(va, size);
	va_free(va);
	return NULL;
}

void *vmalloc(size_t size)
{
	return alloc_range(VMALLOC_START, VMALLOC_END, size, PAGE_SIZE);
}
EXPORT_SYMBOL(vmalloc);

void *vzalloc(size_t size)
{
	void *p = vmalloc(size);

	return p ? memset(p, 0, PAGE_ALIGN(size)) : NULL;
}
EXPORT_SYMBOL(vzalloc);

void vfree(const void *addr)
{
	unsigned long start = (unsigned long)addr;
	size_t size;

	if (!addr)
		return;
	size = va_size(start);
	if (WARN(!size, "vfree of %p, which is no allocation\n", addr))
		return;
	/* The range goes last: nobody gets it while its pages are mapped. */
	unmap_pages(start, size);
	va_free(start);
}
EXPORT_SYMBOL(vfree);

bool is_vmalloc_addr(const void *addr)
{
	unsigned long a = (unsigned long)addr;

	return a >= VMALLOC_START && a < VMALLOC_END;
}
EXPORT_SYMBOL(is_vmalloc_addr);

void *module_alloc(size_t size)
{
	char buf[8];
	void *p = NULL;

	/* module_far puts modules out of a branch's reach: for testing. */
	if (!cmdline_get("module_far", buf, sizeof(buf)))
		p = alloc_range(MODULES_VADDR, MODULES_END, size, PAGE_SIZE);
	return p ? p : alloc_range(VMALLOC_START, VMALLOC_START + SZ_1G, size,
				   PAGE_SIZE);
}

void module_free(void *p)
{
	vfree(p);
}

void *stack_alloc(void)
{
	return alloc_range(VMALLOC_START, VMALLOC_END, THREAD_SIZE,
			   2 * THREAD_SIZE);
}

void stack_free(void *p)
{
	vfree(p);
}
