// SPDX-License-Identifier: MIT
/* SHA-256 (FIPS 180-4), by the letter: 4.1.2, 4.2.2, 5.1.1, 5.3.3, 6.2.2. */
#include "sha256.h"

#include <string.h>

/* 4.2.2: of the cube roots of the first primes */
static const u32 K[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* 5.3.3: of the square roots of the first primes */
static const u32 initial[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static u32 rotr(u32 x, unsigned int n)
{
	return x >> n | x << (32 - n);
}

static void add_block(struct sha256 *s, const u8 *m)
{
	u32 w[64], v[8];
	unsigned int t;

	for (t = 0; t < 16; t++)
		w[t] = (u32)m[4 * t] << 24 | (u32)m[4 * t + 1] << 16 |
		       (u32)m[4 * t + 2] << 8 | m[4 * t + 3];
	for (; t < 64; t++) {
		u32 a = w[t - 15], b = w[t - 2];

		w[t] = w[t - 16] + w[t - 7] +
		       (rotr(a, 7) ^ rotr(a, 18) ^ a >> 3) +
		       (rotr(b, 17) ^ rotr(b, 19) ^ b >> 10);
	}
	memcpy(v, s->h, sizeof(v));
	for (t = 0; t < 64; t++) {
		u32 a = v[0], e = v[4], t1, t2;

		t1 = v[7] + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) +
		     ((e & v[5]) ^ (~e & v[6])) + K[t] + w[t];
		t2 = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) +
		     ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
		memmove(v + 1, v, 7 * sizeof(*v));
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (t = 0; t < 8; t++)
		s->h[t] += v[t];
}

void sha256_init(struct sha256 *s)
{
	memcpy(s->h, initial, sizeof(s->h));
	s->bytes = 0;
}

void sha256_update(struct sha256 *s, const void *data, size_t n)
{
	const u8 *p = data;

	while (n) {
		size_t used = s->bytes % 64, part = 64 - used;

		if (part > n)
			part = n;
		if (part == 64) {
			add_block(s, p);
		} else {
			memcpy(s->block + used, p, part);
			if (used + part == 64)
				add_block(s, s->block);
		}
		s->bytes += part;
		p += part;
		n -= part;
	}
}

void sha256_final(struct sha256 *s, u8 digest[SHA256_BYTES])
{
	const u64 bits = 8 * s->bytes;
	u8 last[8], pad = 0x80;
	unsigned int i;

	/* 5.1.1: a one, zeros, and the length at a block's end */
	do {
		sha256_update(s, &pad, 1);
		pad = 0;
	} while (s->bytes % 64 != 56);
	for (i = 0; i < 8; i++)
		last[i] = (u8)(bits >> (56 - 8 * i));
	sha256_update(s, last, sizeof(last));
	for (i = 0; i < SHA256_BYTES; i++)
		digest[i] = (u8)(s->h[i / 4] >> (24 - 8 * (i % 4)));
}
