/* SPDX-License-Identifier: MIT */
/* Masks. GENMASK(high, low) is unsigned long. */
#ifndef BITS_H
#define BITS_H

#define BIT(n)			(1UL << (n))
#define BIT_ULL(n)		(1ULL << (n))
#define GENMASK(h, l)		((~0UL << (l)) & (~0UL >> (63 - (h))))

#endif
