/* SPDX-License-Identifier: MIT */
/* The guest is little-endian; device trees are not. */
#ifndef BYTEORDER_H
#define BYTEORDER_H

#include <types.h>

#define cpu_to_be32(x)	((__be32)__builtin_bswap32((u32)(x)))
#define be32_to_cpu(x)	((u32)__builtin_bswap32((__be32)(x)))

#endif
