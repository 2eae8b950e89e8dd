#pragma once
#include <stdlib.h>
#include <types.h>
#define GFP_KERNEL 0u
static inline void* kzalloc(size_t size, unsigned gfp) {
  (void)gfp;
  return calloc(1, size);
}
#define kfree(p) free(p)
