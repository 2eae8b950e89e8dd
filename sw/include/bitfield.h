/* SPDX-License-Identifier: MIT */
/* Fields named by a constant mask: FIELD_PREP(mask, value), FIELD_GET. */
#ifndef BITFIELD_H
#define BITFIELD_H

#include <bits.h>
#include <types.h>

#define __bf_shf(x)		(__builtin_ffsll((long long)(x)) - 1)

/* All ones in the field: the largest value it takes. */
#define FIELD_MAX(mask)		((__typeof__(mask))((mask) >> __bf_shf(mask)))
#define FIELD_FIT(mask, val)	\
	(!((((__typeof__(mask))(val)) << __bf_shf(mask)) & ~(mask)))
#define FIELD_PREP(mask, val)	\
	((((__typeof__(mask))(val)) << __bf_shf(mask)) & (mask))
#define FIELD_GET(mask, reg)	\
	((__typeof__(mask))(((reg) & (mask)) >> __bf_shf(mask)))

#endif
