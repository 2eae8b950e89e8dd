// SPDX-License-Identifier: MIT
/*
 * The guest's reader of tar archives, compiled for the host with the guest's
 * headers, on a disk in memory.
 */
#include <errno.h>
#include <kernel.h>
#include <slab.h>
#include <string.h>
#include "../../../sw/drivers/block/virtio-blk.h"

/* What the check found, or a negative error. */
int archive_fuzz_one(const u8 *disk, size_t sectors, unsigned int found[5]);
void *malloc(size_t size);
void *aligned_alloc(size_t alignment, size_t size);
void free(void *p);
void abort(void);

static const u8 *disk_bytes;

void *kmalloc(size_t size, gfp_t gfp)
{
	void *p = malloc(size ? size : 1);

	if (gfp & __GFP_ZERO)
		memset(p, 0, size);
	return p;
}

void kfree(const void *p)
{
	free((void *)p);
}

void *kvmalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp);
}

void kvfree(const void *p)
{
	free((void *)p);
}

unsigned long __get_free_pages(gfp_t gfp, unsigned int order)
{
	void *p = aligned_alloc(PAGE_SIZE, PAGE_SIZE << order);

	(void)gfp;
	memset(p, 0xa5, PAGE_SIZE << order);
	return (unsigned long)p;
}

void free_pages(unsigned long addr, unsigned int order)
{
	(void)order;
	free((void *)addr);
}

phys_addr_t virt_to_phys(const volatile void *p)
{
	return (phys_addr_t)p;
}

int shell_printf(const char *fmt, ...)
{
	(void)fmt;
	return 0;
}

bool shell_interrupted(void)
{
	return false;
}

int vblk_request(struct vblk *vb, u32 type, u64 sector,
		 struct scatterlist *sg, unsigned int nents)
{
	unsigned int i;

	if (type != VBLK_T_IN || !nents || nents > vb->seg_max)
		abort();
	for (i = 0; i < nents; i++) {
		u64 n = sg[i].length / VBLK_SECTOR;

		/* A reader that goes beyond the end is to be found. */
		if (!n || sg[i].length % VBLK_SECTOR ||
		    sector > vb->capacity || n > vb->capacity - sector)
			abort();
		memcpy((void *)sg[i].phys,
		       disk_bytes + sector * VBLK_SECTOR, sg[i].length);
		sector += n;
	}
	return 0;
}

int vblk_read(struct vblk *vb, u64 sector, void *buf, size_t bytes)
{
	if (sector + bytes / VBLK_SECTOR > vb->capacity)
		abort();
	memcpy(buf, disk_bytes + sector * VBLK_SECTOR, bytes);
	return 0;
}

static void say(const char *what, const char *file)
{
	if (!what[0] || strlen(file) >= 4096)
		abort();
}

int archive_fuzz_one(const u8 *disk, size_t sectors, unsigned int found[5])
{
	struct vblk vb = { .capacity = sectors, .seg_max = 5, .name = "vda" };
	struct vblk_sums sums;
	int ret;

	disk_bytes = disk;
	ret = vblk_check_sums(&vb, &sums, say);
	found[0] = sums.files;
	found[1] = sums.right;
	found[2] = sums.wrong;
	found[3] = sums.missing;
	found[4] = sums.unlisted;
	return ret;
}
