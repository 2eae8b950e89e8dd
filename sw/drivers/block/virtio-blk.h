/* SPDX-License-Identifier: MIT */
/*
 * Block devices of Virtio 1.2 ("the specification" below; OASIS, Committee
 * Specification 01) on its MMIO transport: one disk, its queue, its requests.
 */
#ifndef VIRTIO_BLK_H
#define VIRTIO_BLK_H

#include "tar.h"

#include <completion.h>
#include <dma-mapping.h>
#include <list.h>
#include <mutex.h>
#include <scatterlist.h>
#include <spinlock.h>
#include <types.h>
#include <wait.h>

#define VBLK_SECTOR		512u
#define VBLK_QUEUE_MAX		128u
#define VBLK_ID_BYTES		20u

/* 5.2.6: what a request is */
#define VBLK_T_IN		0u
#define VBLK_T_OUT		1u
#define VBLK_T_FLUSH		4u
#define VBLK_T_GET_ID		8u

struct virtq_desc;
struct virtq_avail;
struct virtq_used;
struct vblk_request;
struct vblk_header;

/**
 * struct vblk - a disk
 * @dev: its device
 * @base: its registers
 * @name: "vda"
 * @capacity: in sectors
 * @blk_size: the block size that the device says is best, bytes
 * @seg_max: pieces of memory in one request, at most
 * @read_only, @has_flush: of the feature bits
 *
 * Under @lock:
 * @desc, @avail, @used: the queue, of @size descriptors
 * @next: the chains, which the device cannot alter here
 * @owner: the request of each chain's first descriptor
 * @free_head, @num_free: descriptors of no chain
 * @last_used: so many used elements have been seen
 * @made_available: so many chains have been given to the device
 * @headers: for each descriptor, what its chain begins and ends with
 * @broken: why nothing moves any more: 0 or -errno
 * @room: threads that wait for descriptors
 *
 * Under @stop_lock:
 * @stopped: the device was reset after it broke; @silent: it did not answer,
 *	and may still write what it was given
 */
struct vblk {
	struct list_head node;		/* of all disks, under their mutex */
	unsigned int users;		/* likewise */
	struct device *dev;
	void *base;
	char name[8];
	u64 capacity;
	u32 blk_size;
	unsigned int seg_max;
	bool read_only;
	bool has_flush;

	spinlock_t lock;
	unsigned int size;
	struct virtq_desc *desc;
	struct virtq_avail *avail;
	struct virtq_used *used;
	dma_addr_t ring_dma;
	struct vblk_header *headers;
	dma_addr_t headers_dma;
	u16 next[VBLK_QUEUE_MAX];
	struct vblk_request *owner[VBLK_QUEUE_MAX];
	unsigned int free_head;
	unsigned int num_free;
	u16 last_used;
	u16 made_available;
	int broken;
	unsigned int in_flight;
	unsigned int most_in_flight;
	u64 requests;
	wait_queue_head_t room;

	struct mutex stop_lock;
	bool stopped;
	bool silent;
};

/* virtio-blk-queue.c */
int vblk_queue_init(struct vblk *vb);
/* Where the device finds its three parts. */
u64 vblk_desc_dma(const struct vblk *vb);
u64 vblk_avail_dma(const struct vblk *vb);
u64 vblk_used_dma(const struct vblk *vb);
/* Behind vblk_stop(). */
void vblk_queue_free(struct vblk *vb);
/* What the device has given back. In its interrupt. */
void vblk_queue_interrupt(struct vblk *vb);
/* Each request under way, and each to come, ends with @error. Any context. */
void vblk_break(struct vblk *vb, int error);
/* The device moves nothing any more: false if it does not say so. */
bool vblk_stop(struct vblk *vb);
/**
 * vblk_request() - Have the disk do something, and wait for its end.
 * @vb: the disk
 * @type: VBLK_T_*
 * @sector: the first, of VBLK_T_IN and VBLK_T_OUT
 * @sg, @nents: memory, 1 to @vb->seg_max pieces; none for VBLK_T_FLUSH
 *
 * Any number of threads may call it at a time.
 *
 * Return: 0; -EIO and -EOPNOTSUPP as the disk says; -ENOMEM where the memory
 * cannot be mapped; -EINVAL; -ETIMEDOUT, -ENODEV or -EIO of a disk that has
 * stopped.
 */
int vblk_request(struct vblk *vb, u32 type, u64 sector,
		 struct scatterlist *sg, unsigned int nents);

/* virtio-blk.c */
/* Status is 0 again, or -ETIMEDOUT. */
int vblk_reset_device(struct vblk *vb);
bool vblk_needs_reset(struct vblk *vb);
void vblk_notify(struct vblk *vb);
/* By its name or that of its device, or the first: with a reference, or NULL. */
struct vblk *vblk_get(const char *name);
/* The next one behind @vb (NULL: the first), which is given back. */
struct vblk *vblk_get_next(struct vblk *vb);
void vblk_put(struct vblk *vb);

/* A piece of linear memory, of whole sectors. -ERANGE beyond the disk's end. */
int vblk_read(struct vblk *vb, u64 sector, void *buf, size_t bytes);
int vblk_write(struct vblk *vb, u64 sector, const void *buf, size_t bytes);

/* virtio-blk-archive.c, virtio-blk-shell.c, virtio-blk-test.c */
int vblk_cmd_disk(int argc, char **argv);
int vblk_cmd_test(int argc, char **argv);

/**
 * struct vblk_file - a file of the archive on a disk
 * @name: with its folders
 * @sector: where its data begins
 * @size: bytes
 */
struct vblk_file {
	char name[TAR_NAME_SIZE];
	u64 sector;
	u64 size;
};

/* Each regular file, in the archive's order, until @fn returns non-zero, which
 * is returned. -EINVAL for what is no archive; it says so.
 */
int vblk_for_each_file(struct vblk *vb, void *data,
		       int (*fn)(struct vblk *vb, const struct vblk_file *f,
				 void *data));
/* Its bytes, in order. */
int vblk_read_file(struct vblk *vb, const struct vblk_file *f, void *data,
		   int (*fn)(const void *bytes, size_t n, void *data));
/* -ENOENT; a leading "/" or "./" does not matter. */
int vblk_find_file(struct vblk *vb, const char *name, struct vblk_file *f);

/**
 * struct vblk_sums - what checking an archive against its sums found
 * @files: in the archive, regular, the list itself not counted
 * @right, @wrong: whose sum is, and is not, that of the list
 * @missing: in the list, and not in the archive
 * @unlisted: in the archive, and not in the list
 */
struct vblk_sums {
	unsigned int files;
	unsigned int right;
	unsigned int wrong;
	unsigned int missing;
	unsigned int unlisted;
};

/* 0, or why the archive or its list, the file SHA256SUMS, cannot be read. Each
 * file is told by @say. -EINTR after Ctrl-C.
 */
int vblk_check_sums(struct vblk *vb, struct vblk_sums *sums,
		    void (*say)(const char *what, const char *file));
#endif
