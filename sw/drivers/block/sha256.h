/* SPDX-License-Identifier: MIT */
/* SHA-256 (FIPS 180-4). */
#ifndef SHA256_H
#define SHA256_H

#include <types.h>

#define SHA256_BYTES	32u

struct sha256 {
	u32 h[8];
	u8 block[64];
	u64 bytes;
};

void sha256_init(struct sha256 *s);
void sha256_update(struct sha256 *s, const void *data, size_t n);
void sha256_final(struct sha256 *s, u8 digest[SHA256_BYTES]);

#endif
