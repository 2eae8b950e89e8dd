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

#define min(a, b)		({ __typeof__(a) _a = (a);		\
				   __typeof__(b) _b = (b);		\
				   _a < _b ? _a : _b; })
#define max(a, b)		({ __typeof__(a) _a = (a);		\
				   __typeof__(b) _b = (b);		\
				   _a > _b ? _a : _b; })
#define swap(a, b)					\
do {							\
	__typeof__(a) _t = (a);				\
	(a) = (b);					\
	(b) = _t;					\
} while (0)

/* Floor of the base-2 logarithm; the argument is not 0. */
#define ilog2(x)		((int)__fls((unsigned long)(x)))
#define order_base_2(x)		((x) > 1 ? ilog2((x) - 1) + 1 : 0)

static inline unsigned long roundup_pow_of_two(unsigned long n)
{
	return n > 1 ? 1UL << (__fls(n - 1) + 1) : 1;
}

static inline unsigned long rounddown_pow_of_two(unsigned long n)
{
	return 1UL << __fls(n);
}

#define check_add_overflow(a, b, d)	__builtin_add_overflow(a, b, d)
#define check_mul_overflow(a, b, d)	__builtin_mul_overflow(a, b, d)

#endif
