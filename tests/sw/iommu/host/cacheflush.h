#pragma once
#include <types.h>
/* Recorded, so that a test sees what reaches a walker that does not snoop. */
void dcache_clean_poc(const void* addr, size_t size);
