/* Kernel types on a host, for tests. */
#pragma once
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
typedef uint8_t u8;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef u64 phys_addr_t;
typedef unsigned gfp_t;
#define GFP_KERNEL 1u
#define GFP_ATOMIC 2u
#define GFP_DMA32 4u
#define __GFP_ZERO 8u
#define READ_ONCE(x) (*(const volatile __typeof__(x)*)&(x))
/* A walker may see such a store at once. */
void host_stored(const volatile void* p, size_t size);
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x)*)&(x) = (v), host_stored(&(x), sizeof(x)))
