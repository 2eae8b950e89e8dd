/* Kernel types on a host, for tests. */
#pragma once
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef u64 phys_addr_t;
typedef u64 dma_addr_t;
typedef unsigned gfp_t;
#define U64_MAX (~0ULL)
#define GFP_KERNEL 0u
#define __GFP_ZERO 1u
#define __iomem
struct list_head {
  struct list_head *next, *prev;
};
#ifndef EPROBE_DEFER
#define EPROBE_DEFER 517
#endif
