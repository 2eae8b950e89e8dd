/* SPDX-License-Identifier: MIT */
/* Bit searches and bit arrays. */
#ifndef BITOPS_H
#define BITOPS_H

#include <bits.h>
#include <compiler.h>
#include <types.h>

#define BIT_MASK(n)		(1UL << ((n) % BITS_PER_LONG))
#define BIT_WORD(n)		((n) / BITS_PER_LONG)
#define BITS_TO_LONGS(n)	(((n) + BITS_PER_LONG - 1) / BITS_PER_LONG)
#define DECLARE_BITMAP(name, bits) unsigned long name[BITS_TO_LONGS(bits)]

/* Index of the least significant set bit; undefined for 0. */
static inline unsigned int __ffs(unsigned long x)
{
	return (unsigned int)__builtin_ctzl(x);
}

/* Index of the most significant set bit; undefined for 0. */
static inline unsigned int __fls(unsigned long x)
{
	return 63 - (unsigned int)__builtin_clzl(x);
}

static inline unsigned int hweight64(u64 x)
{
	unsigned int n = 0;

	for (; x; x &= x - 1)
		n++;
	return n;
}

#define hweight32(x)	hweight64((u32)(x))

/* Atomic against other CPUs and interrupts; test_and_ variants return the
 * former value.
 */
void set_bit(unsigned int nr, unsigned long *addr);
void clear_bit(unsigned int nr, unsigned long *addr);
bool test_and_set_bit(unsigned int nr, unsigned long *addr);
bool test_and_clear_bit(unsigned int nr, unsigned long *addr);

static inline bool test_bit(unsigned int nr, const unsigned long *addr)
{
	return READ_ONCE(addr[BIT_WORD(nr)]) & BIT_MASK(nr);
}

static inline void __set_bit(unsigned int nr, unsigned long *addr)
{
	addr[BIT_WORD(nr)] |= BIT_MASK(nr);
}

static inline void __clear_bit(unsigned int nr, unsigned long *addr)
{
	addr[BIT_WORD(nr)] &= ~BIT_MASK(nr);
}

/* Each returns @size when there is none. */
unsigned long find_next_bit(const unsigned long *addr, unsigned long size,
			    unsigned long offset);
unsigned long find_next_zero_bit(const unsigned long *addr,
				 unsigned long size, unsigned long offset);
#define find_first_bit(a, s)		find_next_bit(a, s, 0)
#define find_first_zero_bit(a, s)	find_next_zero_bit(a, s, 0)

/* First run of @nr clear bits at or after @start whose index is a multiple of
 * @align_mask + 1; at or above @size when there is none.
 */
unsigned long bitmap_find_next_zero_area(const unsigned long *map,
					 unsigned long size,
					 unsigned long start, unsigned int nr,
					 unsigned long align_mask);
void bitmap_set(unsigned long *map, unsigned int start, unsigned int nr);
void bitmap_clear(unsigned long *map, unsigned int start, unsigned int nr);
unsigned long *bitmap_zalloc(unsigned int bits, gfp_t flags);
void bitmap_free(const unsigned long *map);

#endif
