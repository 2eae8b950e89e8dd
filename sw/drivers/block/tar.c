// SPDX-License-Identifier: MIT
/* Headers of tar archives. */
#include "tar.h"

#include <errno.h>
#include <string.h>

/* Where the fields are, and how long. */
#define NAME		0
#define NAME_LEN	100
#define SIZE		124
#define SIZE_LEN	12
#define CHKSUM		148
#define CHKSUM_LEN	8
#define TYPEFLAG	156
#define MAGIC		257
#define PREFIX		345
#define PREFIX_LEN	155

/* Octal digits, with blanks before and a blank or null character behind. */
static int octal(const u8 *p, unsigned int len, u64 *value)
{
	unsigned int i = 0, digits = 0;

	*value = 0;
	while (i < len && p[i] == ' ')
		i++;
	for (; i < len && p[i] >= '0' && p[i] <= '7'; i++, digits++)
		*value = *value << 3 | (p[i] - '0');
	return digits && (i == len || p[i] == ' ' || !p[i]) ? 0 : -EINVAL;
}

static bool checksum_is_right(const u8 *block)
{
	u64 sum = 0, said;
	unsigned int i;

	for (i = 0; i < TAR_BLOCK; i++)
		sum += i - CHKSUM < CHKSUM_LEN ? ' ' : block[i];
	return !octal(block + CHKSUM, CHKSUM_LEN, &said) && said == sum;
}

static bool is_zero(const u8 *block)
{
	return !memchr_inv(block, 0, TAR_BLOCK);
}

int tar_parse(const u8 *block, struct tar_header *h)
{
	size_t len = 0;

	if (is_zero(block))
		return 0;
	/* GNU's own format has a blank where POSIX has the null character. */
	if (memcmp(block + MAGIC, "ustar", 5) || !checksum_is_right(block) ||
	    octal(block + SIZE, SIZE_LEN, &h->size))
		return -EINVAL;
	if (!block[MAGIC + 5])
		len = strnlen((const char *)block + PREFIX, PREFIX_LEN);
	memcpy(h->name, block + PREFIX, len);
	if (len)
		h->name[len++] = '/';
	memcpy(h->name + len, block + NAME, NAME_LEN);
	h->name[len + NAME_LEN] = 0;
	h->regular = block[TYPEFLAG] == '0' || !block[TYPEFLAG];
	/* 1 to 6 are links, devices, folders, FIFOs: no data follows. */
	if (block[TYPEFLAG] >= '1' && block[TYPEFLAG] <= '6')
		h->size = 0;
	return 1;
}
