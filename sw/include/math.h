/* SPDX-License-Identifier: MIT */
/* Rounding, minima, logarithms and division. */
#ifndef MATH_H
#define MATH_H

#include <bitops.h>
#include <types.h>

#define ALIGN(x, a)		(((x) + ((__typeof__(x))(a) - 1)) & \
				 ~((__typeof__(x))(a) - 1))
#define ALIGN_DOWN(x, a)	((x) & ~((__typeof__(x))(a) - 1))
#define IS_ALIGNED(x, a)	(((x) & ((__typeof__(x))(a) - 1)) == 0)
#define PTR_ALIGN(p, a)		((__typeof__(p))ALIGN((unsigned long)(p), a))
#define round_up(x, y)		ALIGN(x, y)
#define round_down(x, y)	ALIGN_DOWN(x, y)
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define roundup(x, y)		(DIV_ROUND_UP(x, y) * (y))
#define rounddown(x, y)		((x) - (x) % (y))

#define min(a, b)		({ __typeof__(a) _a = (a);		\
				   __typeof__(b) _b = (b);		\
				   _a < _b ? _a : _b; })
#define max(a, b)		({ __typeof__(a) _a = (a);		\
				   __typeof__(b) _b = (b);		\
				   _a > _b ? _a : _b; })
#define min_t(t, a, b)		min((t)(a), (t)(b))
#define max_t(t, a, b)		max((t)(a), (t)(b))
#define clamp(v, lo, hi)	min(max(v, lo), hi)
#define clamp_t(t, v, lo, hi)	min_t(t, max_t(t, v, lo), hi)
#define swap(a, b)					\
do {							\
	__typeof__(a) _t = (a);				\
	(a) = (b);					\
	(b) = _t;					\
} while (0)
#define abs(x)			({ __typeof__(x) _x = (x); \
				   _x < 0 ? -_x : _x; })

/* Floor of the base-2 logarithm; the argument is not 0. */
#define ilog2(x)		((int)__fls((unsigned long)(x)))
#define order_base_2(x)		((x) > 1 ? ilog2((x) - 1) + 1 : 0)

static inline bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

static inline unsigned long roundup_pow_of_two(unsigned long n)
{
	return n > 1 ? 1UL << (__fls(n - 1) + 1) : 1;
}

static inline unsigned long rounddown_pow_of_two(unsigned long n)
{
	return 1UL << __fls(n);
}

static inline u64 div_u64(u64 dividend, u32 divisor)
{
	return dividend / divisor;
}

#define upper_32_bits(n)	((u32)((u64)(n) >> 32))
#define lower_32_bits(n)	((u32)(n))

#define check_add_overflow(a, b, d)	__builtin_add_overflow(a, b, d)
#define check_sub_overflow(a, b, d)	__builtin_sub_overflow(a, b, d)
#define check_mul_overflow(a, b, d)	__builtin_mul_overflow(a, b, d)

#endif
