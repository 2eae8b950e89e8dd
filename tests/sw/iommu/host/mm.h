#pragma once
#include <types.h>
#define PAGE_SIZE 4096UL
#define get_order(size) ((size) <= PAGE_SIZE ? 0 : 64 - __builtin_clzl(((size)-1) / PAGE_SIZE))
phys_addr_t virt_to_phys(const volatile void* addr);
void* phys_to_virt(phys_addr_t phys);
unsigned long __get_free_pages(gfp_t gfp, unsigned order);
void free_pages(unsigned long addr, unsigned order);
