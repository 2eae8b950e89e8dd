/* SPDX-License-Identifier: MIT */
/* Pieces of memory that make one buffer for a device. */
#ifndef SCATTERLIST_H
#define SCATTERLIST_H

#include <mm.h>
#include <types.h>

/**
 * struct scatterlist - one piece
 * @phys: where it is
 * @length: bytes
 * @dma_address: out, from dma_map_sg(): where the device finds it
 * @dma_length: out: bytes there
 */
struct scatterlist {
	phys_addr_t phys;
	size_t length;
	dma_addr_t dma_address;
	size_t dma_length;
};

static inline phys_addr_t sg_phys(const struct scatterlist *sg)
{
	return sg->phys;
}

static inline void sg_set_buf(struct scatterlist *sg, const void *buf,
			      size_t length)
{
	sg->phys = virt_to_phys(buf);
	sg->length = length;
	sg->dma_address = 0;
	sg->dma_length = 0;
}

#define sg_dma_address(sg)	((sg)->dma_address)
#define sg_dma_len(sg)		((sg)->dma_length)

#endif
