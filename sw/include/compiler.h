/* SPDX-License-Identifier: MIT */
/* Compiler attributes and single accesses. */
#ifndef COMPILER_H
#define COMPILER_H

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define barrier()	__asm__ volatile("" ::: "memory")

#define __aligned(x)	__attribute__((aligned(x)))
#define __printf(a, b)	__attribute__((format(printf, a, b)))
#define __noreturn	__attribute__((noreturn))
#define __maybe_unused	__attribute__((unused))
#define __used		__attribute__((used))
#define __section(s)	__attribute__((section(s)))
#define noinline	__attribute__((noinline))
#define fallthrough	__attribute__((fallthrough))

/* Address-space marks: for the reader only. */
#define __iomem

/* Code and data that only start-up needs. */
#define __init		__section(".init.text")
#define __initdata	__section(".init.data")
#define __exit		__section(".exit.text")

#define READ_ONCE(x)	(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v)				\
do {							\
	*(volatile __typeof__(x) *)&(x) = (v);		\
} while (0)

#define __CONCAT1(a, b)		a##b
#define __CONCAT2(a, b)		__CONCAT1(a, b)
#define __UNIQUE_ID(p)		__CONCAT2(__CONCAT2(__uid_, p), __COUNTER__)

#define static_assert		_Static_assert
#define BUILD_BUG_ON(c)		static_assert(!(c), "BUILD_BUG_ON: " #c)

#endif
