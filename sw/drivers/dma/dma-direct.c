// SPDX-License-Identifier: MIT
/* DMA without an IOMMU: addresses are physical addresses. */
#include "dma-internal.h"

#include <device.h>
#include <kernel.h>

dma_addr_t dma_direct_map(struct device *dev, phys_addr_t phys, size_t size)
{
	phys_addr_t last = phys + size - 1;

	if (last < phys || last > dev->dma_mask) {
		dev_err_ratelimited(dev, "cannot reach %#llx, DMA mask %#llx: its memory must lie below, or it needs an IOMMU\n",
				    last, dev->dma_mask);
		return DMA_MAPPING_ERROR;
	}
	return phys;
}

unsigned int dma_direct_map_sg(struct device *dev, struct scatterlist *sg,
			       unsigned int nents)
{
	unsigned int i, n = 0;

	/* All of it or nothing. */
	for (i = 0; i < nents; i++)
		if (dma_direct_map(dev, sg[i].phys, sg[i].length) ==
		    DMA_MAPPING_ERROR)
			return 0;
	for (i = 0; i < nents; i++)
		n = dma_add_range(sg, n, i, sg[i].phys);
	return n;
}
