#pragma once
#include <types.h>
phys_addr_t virt_to_phys(const volatile void* addr);
void* phys_to_virt(phys_addr_t phys);
unsigned long get_zeroed_page(unsigned gfp);
void free_page(unsigned long addr);
