#pragma once
#include <types.h>
void* kmalloc(size_t size, gfp_t gfp);
void kfree(const void* p);
#define kzalloc(size, gfp) kmalloc(size, (gfp) | __GFP_ZERO)
#define kvzalloc(size, gfp) kmalloc(size, (gfp) | __GFP_ZERO)
#define kvfree(p) kfree(p)
