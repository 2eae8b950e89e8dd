/* SPDX-License-Identifier: MIT */
/* Pages and addresses: 4 KiB granule, 48-bit kernel addresses. */
#ifndef MM_H
#define MM_H

#include <compiler.h>
#include <gfp.h>
#include <math.h>
#include <types.h>

#define PAGE_SHIFT	12
#define PAGE_SIZE	(1UL << PAGE_SHIFT)
#define PAGE_MASK	(~(PAGE_SIZE - 1))
#define PAGE_ALIGN(x)	ALIGN((x), PAGE_SIZE)
#define offset_in_page(p)	((unsigned long)(p) & ~PAGE_MASK)
/* The largest block of pages is 2^(MAX_ORDER) pages: 16 MiB. */
#define MAX_ORDER	12

/* The kernel's address space, from low to high. */
#define PAGE_OFFSET	0xffff000000000000UL	/* all RAM, at its address */
#define LINEAR_END	0xffff800000000000UL
#define MODULES_VADDR	0xffff800000000000UL	/* 64 MiB below the kernel */
#define MODULES_END	0xffff800004000000UL
#define KIMAGE_VADDR	0xffff800004000000UL
#define FIXMAP_FDT	0xffff80003fc00000UL	/* device tree, early only */
#define VMALLOC_START	0xffff800040000000UL
#define VMALLOC_END	0xffff808040000000UL

/* One per page frame of RAM. */
struct page {
	struct list_head lru;
	u8 flags;
	u8 order;
	u16 slab_class;
	atomic_t refcount;
	union {
		void *freelist;
		unsigned long private;
	};
	unsigned int inuse;
};

/* Linear-map addresses only; virt_to_phys() also takes kernel-image ones. */
phys_addr_t virt_to_phys(const volatile void *addr);

static inline void *phys_to_virt(phys_addr_t phys)
{
	return (void *)(PAGE_OFFSET + phys);
}

#define __pa(x)			virt_to_phys((void *)(x))
#define PHYS_PFN(x)		((unsigned long)((x) >> PAGE_SHIFT))
#define PFN_PHYS(x)		((phys_addr_t)(x) << PAGE_SHIFT)

/* NULL when there is no RAM at that frame. */
struct page *pfn_to_page(unsigned long pfn);
unsigned long page_to_pfn(const struct page *page);
#define page_to_phys(p)		PFN_PHYS(page_to_pfn(p))
#define page_address(p)		phys_to_virt(page_to_phys(p))
#define virt_to_page(a)		pfn_to_page(PHYS_PFN(virt_to_phys(a)))
#define phys_to_page(p)		pfn_to_page(PHYS_PFN(p))

/**
 * alloc_pages() - Allocate 2^@order pages, physically contiguous, naturally
 * aligned.
 * @gfp: __GFP_ZERO clears them
 * Return: the first page, or NULL.
 */
struct page *alloc_pages(gfp_t gfp, unsigned int order);
void __free_pages(struct page *page, unsigned int order);
#define alloc_page(gfp)		alloc_pages(gfp, 0)
#define __free_page(p)		__free_pages(p, 0)

/* The same by linear-map address; 0 on failure. */
unsigned long __get_free_pages(gfp_t gfp, unsigned int order);
void free_pages(unsigned long addr, unsigned int order);
#define __get_free_page(g)	__get_free_pages(g, 0)
#define get_zeroed_page(g)	__get_free_pages((g) | __GFP_ZERO, 0)
#define free_page(a)		free_pages(a, 0)

static inline int get_order(size_t size)
{
	return size <= PAGE_SIZE ? 0 :
	       (int)__fls((size - 1) >> PAGE_SHIFT) + 1;
}

/* Exact sizes: the tail of the power of two is given back. NULL for none, and
 * for more than the largest block.
 */
void *alloc_pages_exact(size_t size, gfp_t gfp);
void free_pages_exact(void *addr, size_t size);

/* Pages in all and free now. */
unsigned long totalram_pages(void);
unsigned long nr_free_pages(void);

/* Virtually contiguous memory. */
void *vmalloc(size_t size);
void *vzalloc(size_t size);
void vfree(const void *addr);
bool is_vmalloc_addr(const void *addr);

/* Physically contiguous RAM (whole pages) under a second, uncached address, or
 * NULL. Its cacheable address stays: see DDI 0487, mismatched memory
 * attributes.
 */
void *vmap_nc(phys_addr_t phys, size_t size);
/* The physical address it had. */
phys_addr_t vunmap_nc(void *addr);

/* Access rights of a range of kernel addresses (whole pages). */
int set_memory_ro(unsigned long addr, int pages);
int set_memory_rox(unsigned long addr, int pages);

extern char _text[], _etext[], _end[];

#endif
