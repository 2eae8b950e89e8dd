/* SPDX-License-Identifier: MIT */
/*
 * Headers of tar archives (POSIX.1-2017, pax, "ustar Interchange Format").
 * Names and sizes of pax and GNU extensions are not read.
 */
#ifndef TAR_H
#define TAR_H

#include <types.h>

#define TAR_BLOCK	512u
/* prefix, "/", name, and a null character */
#define TAR_NAME_SIZE	(155 + 1 + 100 + 1)

struct tar_header {
	char name[TAR_NAME_SIZE];
	u64 size;		/* of the data in the blocks that follow */
	bool regular;		/* a file; else something that has only a name */
};

/**
 * tar_parse() - Read one header.
 * @block: of TAR_BLOCK bytes
 * @h: what it says
 * Return: 1; 0 for a block of zeros, which ends an archive; -EINVAL for one
 * that is no header: another magic, a checksum or size that is wrong.
 */
int tar_parse(const u8 *block, struct tar_header *h);

#endif
