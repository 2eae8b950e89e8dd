/* SPDX-License-Identifier: MIT */
/* Fields named by a constant mask: FIELD_PREP(mask, value), FIELD_GET. */
#ifndef BITFIELD_H
#define BITFIELD_H

#include <bits.h>
#include <types.h>

#define __bf_shf(x)		(__builtin_ffsll((long long)(x)) - 1)

#define FIELD_PREP(mask, val)	\
	((((__typeof__(mask))(val)) << __bf_shf(mask)) & (mask))
#define FIELD_GET(mask, reg)	\
	((__typeof__(mask))(((reg) & (mask)) >> __bf_shf(mask)))

#endif
