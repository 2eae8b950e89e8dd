// SPDX-License-Identifier: MIT
/* kmalloc: one page a slab, a free list threaded through its objects. */
#include <arch.h>
#include <export.h>
#include <irqflags.h>
#include <kernel.h>
#include <list.h>
#include <mm.h>
#include <slab.h>
#include <spinlock.h>
#include "mm_internal.h"

#define MIN_SHIFT	3
#define MAX_SHIFT	11
#define NR_CLASSES	(MAX_SHIFT - MIN_SHIFT + 1)

/* Guards this file's variables, and the slab fields of struct page. */
static DEFINE_SPINLOCK(slab_lock);
/* Pages with a free object, a list each size. */
static struct list_head partial[NR_CLASSES];
static size_t used_objects, used_bytes;

/* What kmalloc(0) returns: never mapped, and kfree knows it. */
#define ZERO_SIZE_PTR	((void *)16)

static struct page *slab_new(unsigned int class)
{
	struct page *p = alloc_page(GFP_KERNEL);
	size_t size = 1UL << (class + MIN_SHIFT);
	char *base, *o;

	if (!p)
		return NULL;
	base = page_address(p);
	p->freelist = base;
	for (o = base; o + size < base + PAGE_SIZE; o += size)
		*(void **)o = o + size;
	*(void **)o = NULL;
	p->flags = PG_SLAB;
	p->slab_class = (u16)class;
	p->inuse = 0;
	list_add(&p->lru, &partial[class]);
	return p;
}

void *kmalloc(size_t size, gfp_t gfp)
{
	unsigned long flags;
	unsigned int class;
	struct page *p;
	void *o;

	if (!size)
		return ZERO_SIZE_PTR;
	if (alloc_should_fail())
		return NULL;
	if (size > PAGE_SIZE << MAX_ORDER)
		return NULL;
	if (size > 1UL << MAX_SHIFT) {
		p = alloc_pages(gfp, (unsigned int)get_order(size));
		if (!p)
			return NULL;
		p->flags = PG_LARGE;
		p->private = size;
		spin_lock_irqsave(&slab_lock, flags);
		used_objects++;
		used_bytes += PAGE_SIZE << p->order;
		spin_unlock_irqrestore(&slab_lock, flags);
		return page_address(p);
	}
	class = (unsigned int)order_base_2(max(size, 1UL << MIN_SHIFT)) -
		MIN_SHIFT;
	spin_lock_irqsave(&slab_lock, flags);
	p = list_first_entry_or_null(&partial[class], struct page, lru);
	if (!p)
		p = slab_new(class);
	if (!p) {
		spin_unlock_irqrestore(&slab_lock, flags);
		return NULL;
	}
	o = p->freelist;
	p->freelist = *(void **)o;
	p->inuse++;
	if (!p->freelist)
		list_del_init(&p->lru);
	used_objects++;
	used_bytes += 1UL << (class + MIN_SHIFT);
	spin_unlock_irqrestore(&slab_lock, flags);
	if (gfp & __GFP_ZERO)
		memset(o, 0, 1UL << (class + MIN_SHIFT));
	return o;
}
EXPORT_SYMBOL(kmalloc);

void kfree(const void *ptr)
{
	void *o = (void *)ptr;
	unsigned long flags;
	struct page *p;
	size_t size;

	if (!o || o == ZERO_SIZE_PTR)
		return;
	p = virt_to_page(o);
	if (WARN(!p || !(p->flags & (PG_SLAB | PG_LARGE)),
		 "kfree of %p, which is no allocation\n", o))
		return;
	spin_lock_irqsave(&slab_lock, flags);
	used_objects--;
	if (p->flags & PG_LARGE) {
		used_bytes -= PAGE_SIZE << p->order;
		spin_unlock_irqrestore(&slab_lock, flags);
		p->flags = 0;
		__free_pages(p, p->order);
		return;
	}
	size = 1UL << (p->slab_class + MIN_SHIFT);
	used_bytes -= size;
	if (WARN(((unsigned long)o & (size - 1)) || !p->inuse ||
		 o == p->freelist, "bad kfree of %p\n", o))
		goto out_unlock;
	if (!p->freelist)
		list_add(&p->lru, &partial[p->slab_class]);
	*(void **)o = p->freelist;
	p->freelist = o;
	/* One empty slab a size is kept, against giving pages to and fro. */
	if (--p->inuse == 0 &&
	    !list_is_last(&p->lru, &partial[p->slab_class])) {
		list_del(&p->lru);
		p->flags = 0;
		__free_pages(p, 0);
	}
out_unlock:
	spin_unlock_irqrestore(&slab_lock, flags);
}
EXPORT_SYMBOL(kfree);

size_t ksize(const void *ptr)
{
	struct page *p;

	if (!ptr || ptr == ZERO_SIZE_PTR)
		return 0;
	p = virt_to_page(ptr);
	if (p->flags & PG_LARGE)
		return PAGE_SIZE << p->order;
	return 1UL << (p->slab_class + MIN_SHIFT);
}
EXPORT_SYMBOL(ksize);

void *krealloc(const void *ptr, size_t size, gfp_t gfp)
{
	size_t old = ksize(ptr);
	void *n;

	if (ptr && size <= old && size)
		return (void *)ptr;
	n = kmalloc(size, gfp);
	if (n && ptr) {
		memcpy(n, ptr, min(old, size));
		kfree(ptr);
	}
	return n;
}
EXPORT_SYMBOL(krealloc);

void *kvmalloc(size_t size, gfp_t gfp)
{
	if (size <= PAGE_SIZE)
		return kmalloc(size, gfp);
	return gfp & __GFP_ZERO ? vzalloc(size) : vmalloc(size);
}
EXPORT_SYMBOL(kvmalloc);

void kvfree(const void *p)
{
	if (is_vmalloc_addr(p))
		vfree(p);
	else
		kfree(p);
}
EXPORT_SYMBOL(kvfree);

void slab_usage(size_t *objects, size_t *bytes)
{
	unsigned long flags;

	spin_lock_irqsave(&slab_lock, flags);
	*objects = used_objects;
	*bytes = used_bytes;
	spin_unlock_irqrestore(&slab_lock, flags);
}
EXPORT_SYMBOL(slab_usage);

void __init slab_init(void)
{
	unsigned int i;

	for (i = 0; i < NR_CLASSES; i++)
		INIT_LIST_HEAD(&partial[i]);
}
