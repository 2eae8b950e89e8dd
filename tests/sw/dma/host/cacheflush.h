#pragma once
#include <types.h>
/* A cache of the test's. */
unsigned long dcache_line_size(void);
void dcache_clean_poc(const void* addr, size_t size);
void dcache_inval_poc(const void* addr, size_t size);
void dcache_clean_inval_poc(const void* addr, size_t size);
