/* SPDX-License-Identifier: MIT */
/*
 * DMA API: memory for devices, through their IOMMU where they have one.
 */
#ifndef DMA_MAPPING_H
#define DMA_MAPPING_H

#include <gfp.h>
#include <mm.h>
#include <scatterlist.h>
#include <types.h>

struct device;

enum dma_data_direction {
	DMA_BIDIRECTIONAL,
	DMA_TO_DEVICE,		/* the device reads */
	DMA_FROM_DEVICE,	/* the device writes */
};

/* Attributes of a mapping */
#define DMA_ATTR_PRIVILEGED	(1UL << 0)	/* privileged accesses only */

#define DMA_MAPPING_ERROR	(~(dma_addr_t)0)
#define DMA_BIT_MASK(n)		((n) == 64 ? ~0ULL : (1ULL << (n)) - 1)

static inline int dma_mapping_error(struct device *dev, dma_addr_t addr)
{
	(void)dev;
	return addr == DMA_MAPPING_ERROR;
}

int dma_set_mask_and_coherent(struct device *dev, u64 mask);

void *dma_alloc_coherent(struct device *dev, size_t size,
			 dma_addr_t *handle, gfp_t gfp);
void dma_free_coherent(struct device *dev, size_t size, void *cpu_addr,
		       dma_addr_t handle);

dma_addr_t dma_map_phys_attrs(struct device *dev, phys_addr_t phys,
			      size_t size, enum dma_data_direction dir,
			      unsigned long attrs);
void dma_unmap_phys(struct device *dev, dma_addr_t addr, size_t size,
		    enum dma_data_direction dir);
int dma_map_sg(struct device *dev, struct scatterlist *sg,
	       unsigned int nents, enum dma_data_direction dir);
void dma_unmap_sg(struct device *dev, struct scatterlist *sg,
		  unsigned int nents, enum dma_data_direction dir);
void dma_sync_single_for_device(struct device *dev, dma_addr_t addr,
				size_t size, enum dma_data_direction dir);
void dma_sync_single_for_cpu(struct device *dev, dma_addr_t addr,
			     size_t size, enum dma_data_direction dir);

/* @ptr: linear-map memory, as of kmalloc() and the page allocator */
static inline dma_addr_t dma_map_single_attrs(struct device *dev, void *ptr,
					      size_t size,
					      enum dma_data_direction dir,
					      unsigned long attrs)
{
	return dma_map_phys_attrs(dev, virt_to_phys(ptr), size, dir, attrs);
}

static inline dma_addr_t dma_map_single(struct device *dev, void *ptr,
					size_t size,
					enum dma_data_direction dir)
{
	return dma_map_phys_attrs(dev, virt_to_phys(ptr), size, dir, 0);
}

static inline dma_addr_t dma_map_page(struct device *dev, struct page *page,
				      size_t offset, size_t size,
				      enum dma_data_direction dir)
{
	return dma_map_phys_attrs(dev, page_to_phys(page) + offset, size,
				  dir, 0);
}

#define dma_unmap_single(d, a, s, r)	dma_unmap_phys(d, a, s, r)
#define dma_unmap_page(d, a, s, r)	dma_unmap_phys(d, a, s, r)

/* Around each probe, for the driver core */
int dma_configure(struct device *dev);
void dma_cleanup(struct device *dev);

#endif
