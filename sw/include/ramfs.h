/* Files of the initramfs: read-only, where the boot loader put them. */
#ifndef _RAMFS_H
#define _RAMFS_H

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

/* Relative paths start at the root. NULL: there is none. */
const struct ramfs_file *ramfs_find(const char *path);
/* The files in the order of the archive; NULL starts, NULL ends. */
const struct ramfs_file *ramfs_next(const struct ramfs_file *f);

#endif
