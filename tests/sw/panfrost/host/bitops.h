#pragma once
#include <bits.h>
#include <math.h>
#include <types.h>
static inline unsigned __ffs(unsigned long x) { return (unsigned)__builtin_ctzl(x); }
static inline unsigned __fls(unsigned long x) { return 63 - (unsigned)__builtin_clzl(x); }
static inline unsigned hweight64(u64 x) { return (unsigned)__builtin_popcountll(x); }
#define hweight32(x) hweight64((u32)(x))
