#pragma once
#include <types.h>
#define container_of(ptr, type, member) ((type*)((char*)(ptr)-offsetof(type, member)))
#define BIT_ULL(n) (1ULL << (n))
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a)-1))
#define ALIGN(x, a) ALIGN_DOWN((x) + ((__typeof__(x))(a)-1), a)
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
static inline u64 roundup_pow_of_two(u64 n) { return n > 1 ? 1ULL << (64 - __builtin_clzll(n - 1)) : 1; }
