/* SPDX-License-Identifier: MIT */
/* Between the parts of the DMA API. */
#ifndef DMA_INTERNAL_H
#define DMA_INTERNAL_H

#include <dma-mapping.h>

struct device;
struct iommu_domain;

/* The caller has seen to the caches, or nobody needs to. */
#define DMA_ATTR_SKIP_CPU_SYNC	(1UL << 31)

/* Where the device's addresses are allocated; NULL: they are physical ones. */
#ifdef CONFIG_IOMMU_SUPPORT
struct iommu_domain *dma_domain(const struct device *dev);
#else
/* With that the compiler drops each call of what follows. */
static inline struct iommu_domain *dma_domain(const struct device *dev)
{
	(void)dev;
	return NULL;
}
#endif

/* Behind an IOMMU. @dir and @attrs give the rights. */
dma_addr_t dma_iommu_map(struct device *dev, struct iommu_domain *domain,
			 phys_addr_t phys, size_t size,
			 enum dma_data_direction dir, unsigned long attrs);
void dma_iommu_unmap(struct device *dev, struct iommu_domain *domain,
		     dma_addr_t addr, size_t size);
/* The number of ranges, or 0, and then nothing is mapped and @sg as it was. */
unsigned int dma_iommu_map_sg(struct device *dev, struct iommu_domain *domain,
			      struct scatterlist *sg, unsigned int nents,
			      enum dma_data_direction dir);
void dma_iommu_unmap_sg(struct device *dev, struct iommu_domain *domain,
			const struct scatterlist *sg, unsigned int nents);

/* Without one, likewise; there is nothing to unmap. */
dma_addr_t dma_direct_map(struct device *dev, phys_addr_t phys, size_t size);
unsigned int dma_direct_map_sg(struct device *dev, struct scatterlist *sg,
			       unsigned int nents);

/* Element @i lies at @addr: it continues range @n - 1, or starts range @n. The
 * number of ranges from then on.
 */
unsigned int dma_add_range(struct scatterlist *sg, unsigned int n,
			   unsigned int i, dma_addr_t addr);

/*
 * Cache maintenance for a master that does not snoop: before it gets a buffer,
 * and once the CPU looks at it again.
 */
void dma_cache_for_device(void *mem, size_t size);
void dma_cache_for_cpu(void *mem, size_t size, enum dma_data_direction dir);

#endif
