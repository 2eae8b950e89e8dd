#pragma once
#include <slab.h>
#define PAGE_SIZE 4096UL
#define PAGE_MASK (~(PAGE_SIZE - 1))
void* alloc_pages_exact(size_t size, gfp_t gfp);
void free_pages_exact(void* addr, size_t size);
phys_addr_t virt_to_phys(const volatile void* addr);
