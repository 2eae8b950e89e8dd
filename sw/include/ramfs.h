/* SPDX-License-Identifier: MIT */
/* Files of the initramfs: read-only, where the boot loader put them. */
#ifndef RAMFS_H
#define RAMFS_H

#include <list.h>
#include <types.h>

struct ramfs_file {
	struct list_head node;
	char *path;		/* absolute, "/init" */
	const void *data;
	size_t size;
	u32 mode;		/* as in struct stat */
};

#define RAMFS_IFMT	0170000
#define RAMFS_IFDIR	0040000
#define RAMFS_IFREG	0100000
#define RAMFS_IFLNK	0120000

/* Relative paths start at the root; empty parts and "." mean nothing, and no
 * file has "..". NULL: there is none.
 */
const struct ramfs_file *ramfs_find(const char *path);
/* The files in the order of the archive, one for each path; NULL starts, NULL
 * ends.
 */
const struct ramfs_file *ramfs_next(const struct ramfs_file *f);
/* Is @f what @path names, or below it? */
bool ramfs_below(const struct ramfs_file *f, const char *path);

static inline bool ramfs_is_regular(const struct ramfs_file *f)
{
	return (f->mode & RAMFS_IFMT) == RAMFS_IFREG;
}

#endif
