#pragma once
#include <stdlib.h>
#include <types.h>
#define GFP_ATOMIC 0u
/* Fails when the test says so, and counts what is not freed. */
void* kmalloc(size_t size, unsigned gfp);
void kfree(const void* p);
