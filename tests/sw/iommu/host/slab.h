#pragma once
#include <types.h>
void* kzalloc(size_t size, gfp_t gfp);
void kfree(void* p);
