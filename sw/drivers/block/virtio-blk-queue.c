// SPDX-License-Identifier: MIT
/*
 * The split virtqueue of a disk (2.7 of the specification), and requests in
 * it (5.2.6). What the device could write is never believed: chains are kept
 * in memory of the driver's own, and an element that names none stops the
 * disk.
 */
#include "virtio-blk.h"

#include <barrier.h>
#include <device.h>
#include <ktime.h>
#include <sizes.h>
#include <string.h>

#define TIMEOUT_MS		30000u
#define REQUEST_MAX		SZ_1G

/* 2.7.5 */
struct virtq_desc {
	u64 addr;
	u32 len;
	u16 flags;
	u16 next;
};

#define VIRTQ_DESC_F_NEXT	1u
#define VIRTQ_DESC_F_WRITE	2u

/* 2.7.6 */
struct virtq_avail {
	u16 flags;
	u16 idx;
	u16 ring[];
};

/* 2.7.8 */
struct virtq_used {
	u16 flags;
	u16 idx;
	struct {
		u32 id;
		u32 len;
	} ring[];
};

/* 5.2.6: in front of the data, and the byte behind it */
struct vblk_header {
	u32 type;
	u32 reserved;
	u64 sector;
	u8 status;
	u8 unused[15];
};

#define VBLK_S_OK		0u
#define VBLK_S_IOERR		1u
#define VBLK_S_UNSUPP		2u
#define VBLK_S_NONE		0xffu

/* Under the disk's lock until it is done. */
struct vblk_request {
	struct completion done;
	bool ended;
	int error;
	unsigned int head;
	unsigned int descriptors;
};

/* In one allocation: 2.7 asks for 16, 2 and 4 bytes of alignment. */
static size_t avail_offset(const struct vblk *vb)
{
	return vb->size * sizeof(struct virtq_desc);
}

static size_t used_offset(const struct vblk *vb)
{
	return ALIGN(avail_offset(vb) + sizeof(struct virtq_avail) +
		     (vb->size + 1) * sizeof(u16), 4);
}

static size_t ring_bytes(const struct vblk *vb)
{
	return used_offset(vb) + sizeof(struct virtq_used) +
	       vb->size * sizeof(vb->used->ring[0]) + sizeof(u16);
}

int vblk_queue_init(struct vblk *vb)
{
	unsigned int i;

	vb->desc = dma_alloc_coherent(vb->dev, ring_bytes(vb), &vb->ring_dma,
				      GFP_KERNEL | __GFP_ZERO);
	if (!vb->desc)
		return -ENOMEM;
	vb->avail = (void *)((char *)vb->desc + avail_offset(vb));
	vb->used = (void *)((char *)vb->desc + used_offset(vb));
	vb->headers = dma_alloc_coherent(vb->dev,
					 vb->size * sizeof(*vb->headers),
					 &vb->headers_dma,
					 GFP_KERNEL | __GFP_ZERO);
	if (!vb->headers) {
		dma_free_coherent(vb->dev, ring_bytes(vb), vb->desc,
				  vb->ring_dma);
		return -ENOMEM;
	}
	for (i = 0; i < vb->size; i++)
		vb->next[i] = (u16)(i + 1);
	vb->free_head = 0;
	vb->num_free = vb->size;
	return 0;
}

void vblk_queue_free(struct vblk *vb)
{
	if (vb->silent) {
		dev_err(vb->dev, "%zu bytes of memory stay with the device\n",
			ring_bytes(vb) + vb->size * sizeof(*vb->headers));
		return;
	}
	dma_free_coherent(vb->dev, vb->size * sizeof(*vb->headers),
			  vb->headers, vb->headers_dma);
	dma_free_coherent(vb->dev, ring_bytes(vb), vb->desc, vb->ring_dma);
}

u64 vblk_desc_dma(const struct vblk *vb)
{
	return vb->ring_dma;
}

u64 vblk_avail_dma(const struct vblk *vb)
{
	return vb->ring_dma + avail_offset(vb);
}

u64 vblk_used_dma(const struct vblk *vb)
{
	return vb->ring_dma + used_offset(vb);
}

/* With the lock. */
static void end_request(struct vblk *vb, struct vblk_request *r, int error)
{
	unsigned int last = r->head, i;

	vb->owner[r->head] = NULL;
	for (i = 1; i < r->descriptors; i++)
		last = vb->next[last];
	vb->next[last] = (u16)vb->free_head;
	vb->free_head = r->head;
	vb->num_free += r->descriptors;
	vb->in_flight--;
	r->error = error;
	r->ended = true;
	complete(&r->done);
	wake_up(&vb->room);
}

/* With the lock. */
static void break_locked(struct vblk *vb, int error)
{
	unsigned int i;

	if (!vb->broken)
		WRITE_ONCE(vb->broken, error);
	for (i = 0; i < vb->size; i++)
		if (vb->owner[i])
			end_request(vb, vb->owner[i], error);
	wake_up(&vb->room);
}

void vblk_break(struct vblk *vb, int error)
{
	unsigned long flags;

	spin_lock_irqsave(&vb->lock, flags);
	break_locked(vb, error);
	spin_unlock_irqrestore(&vb->lock, flags);
}

bool vblk_stop(struct vblk *vb)
{
	mutex_lock(&vb->stop_lock);
	if (!vb->stopped) {
		vb->silent = vblk_reset_device(vb) != 0;
		if (vb->silent)
			dev_err(vb->dev, "the device does not end its reset\n");
		vb->stopped = true;
	}
	mutex_unlock(&vb->stop_lock);
	return !vb->silent;
}

static int status_error(u8 status)
{
	switch (status) {
	case VBLK_S_OK:
		return 0;
	case VBLK_S_UNSUPP:
		return -EOPNOTSUPP;
	default:
		return -EIO;
	}
}

void vblk_queue_interrupt(struct vblk *vb)
{
	unsigned long flags;
	u16 idx, given;

	spin_lock_irqsave(&vb->lock, flags);
	idx = READ_ONCE(vb->used->idx);
	given = (u16)(idx - vb->last_used);
	dma_rmb();
	if (!vb->broken && given > vb->in_flight) {
		dev_err(vb->dev, "the device gives back %u requests, and has %u\n",
			given, vb->in_flight);
		break_locked(vb, -EIO);
	}
	while (!vb->broken && vb->last_used != idx) {
		u32 id = READ_ONCE(vb->used->ring[vb->last_used %
						  vb->size].id);

		vb->last_used++;
		if (id >= vb->size || !vb->owner[id]) {
			dev_err(vb->dev, "the device gives back request %u, which it does not have\n",
				id);
			break_locked(vb, -EIO);
			break;
		}
		end_request(vb, vb->owner[id],
			    status_error(READ_ONCE(vb->headers[id].status)));
	}
	spin_unlock_irqrestore(&vb->lock, flags);
}

static void set_desc(struct vblk *vb, unsigned int i, u64 addr, u32 len,
		     unsigned int flags)
{
	vb->desc[i].addr = addr;
	vb->desc[i].len = len;
	vb->desc[i].flags = (u16)flags;
	vb->desc[i].next = vb->next[i];
}

/* With the lock, and room. Header, data, status: 5.2.6 */
static void put_request(struct vblk *vb, struct vblk_request *r, u32 type,
			u64 sector, const struct scatterlist *sg,
			unsigned int pieces)
{
	const unsigned int data = VIRTQ_DESC_F_NEXT |
		(type == VBLK_T_OUT ? 0 : VIRTQ_DESC_F_WRITE);
	unsigned int at = vb->free_head, i;
	struct vblk_header *h = &vb->headers[at];
	const u64 header_dma = vb->headers_dma + at * sizeof(*h);

	r->head = at;
	r->descriptors = pieces + 2;
	h->type = type;
	h->reserved = 0;
	h->sector = sector;
	h->status = VBLK_S_NONE;
	set_desc(vb, at, header_dma, offsetof(struct vblk_header, status),
		 VIRTQ_DESC_F_NEXT);
	for (i = 0; i < pieces; i++) {
		at = vb->next[at];
		set_desc(vb, at, sg_dma_address(&sg[i]),
			 (u32)sg_dma_len(&sg[i]), data);
	}
	at = vb->next[at];
	set_desc(vb, at, header_dma + offsetof(struct vblk_header, status), 1,
		 VIRTQ_DESC_F_WRITE);
	vb->free_head = vb->next[at];
	vb->num_free -= r->descriptors;
	vb->owner[r->head] = r;
	vb->requests++;
	if (++vb->in_flight > vb->most_in_flight)
		vb->most_in_flight = vb->in_flight;

	WRITE_ONCE(vb->avail->ring[vb->made_available++ % vb->size],
		   (u16)r->head);
	/* 2.7.13: the index behind what it counts, the notification behind it. */
	dma_wmb();
	WRITE_ONCE(vb->avail->idx, vb->made_available);
	mb();
	vblk_notify(vb);
}

static int submit(struct vblk *vb, struct vblk_request *r, u32 type,
		  u64 sector, const struct scatterlist *sg,
		  unsigned int pieces)
{
	unsigned long flags;
	int ret;

	for (;;) {
		spin_lock_irqsave(&vb->lock, flags);
		ret = vb->broken;
		if (ret || vb->num_free >= pieces + 2)
			break;
		spin_unlock_irqrestore(&vb->lock, flags);
		wait_event(vb->room, READ_ONCE(vb->broken) ||
			   READ_ONCE(vb->num_free) >= pieces + 2);
	}
	if (!ret)
		put_request(vb, r, type, sector, sg, pieces);
	spin_unlock_irqrestore(&vb->lock, flags);
	return ret;
}

/* Whether the device is through with it, the memory included. */
static bool wait_for_end(struct vblk *vb, struct vblk_request *r)
{
	unsigned long flags;
	bool broken;

	if (!wait_for_completion_timeout(&r->done,
					 msecs_to_jiffies(TIMEOUT_MS))) {
		spin_lock_irqsave(&vb->lock, flags);
		if (!r->ended) {
			dev_err(vb->dev, "no answer within %u ms\n",
				TIMEOUT_MS);
			break_locked(vb, -ETIMEDOUT);
		}
		spin_unlock_irqrestore(&vb->lock, flags);
	}
	/* Who ended it did so with the lock; now it looks at it no more. */
	spin_lock_irqsave(&vb->lock, flags);
	broken = vb->broken != 0;
	spin_unlock_irqrestore(&vb->lock, flags);
	return !broken || vblk_stop(vb);
}

int vblk_request(struct vblk *vb, u32 type, u64 sector,
		 struct scatterlist *sg, unsigned int nents)
{
	const enum dma_data_direction dir =
		type == VBLK_T_OUT ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
	struct vblk_request r = { .ended = false };
	unsigned int pieces = 0, i;
	size_t bytes = 0;
	bool back = true;
	int ret;

	for (i = 0; i < nents && bytes <= REQUEST_MAX; i++)
		bytes += sg[i].length;
	if (nents > vb->seg_max || bytes > REQUEST_MAX ||
	    (nents == 0) != (type == VBLK_T_FLUSH))
		return -EINVAL;
	init_completion(&r.done);
	if (nents) {
		pieces = (unsigned int)dma_map_sg(vb->dev, sg, nents, dir);
		if (!pieces)
			return -ENOMEM;
	}
	ret = submit(vb, &r, type, sector, sg, pieces);
	if (!ret) {
		back = wait_for_end(vb, &r);
		ret = r.error;
	}
	/* What a device may still write stays mapped: it is nobody else's. */
	if (nents && back)
		dma_unmap_sg(vb->dev, sg, nents, dir);
	return ret;
}
