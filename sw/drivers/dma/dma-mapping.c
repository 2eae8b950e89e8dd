// SPDX-License-Identifier: MIT
/*
 * DMA API: buffers that devices read and write. Behind an IOMMU a device gets
 * addresses from an allocator of its own domain; without one, addresses are
 * physical addresses.
 */
#include "dma-internal.h"

#include <device.h>
#include <iommu.h>
#include <kernel.h>
#include <module.h>
#include <of.h>

static void sync_for_device(const struct device *dev, phys_addr_t phys,
			    size_t size)
{
	if (!dev->dma_coherent)
		dma_cache_for_device(phys_to_virt(phys), size);
}

static void sync_for_cpu(const struct device *dev, phys_addr_t phys,
			 size_t size, enum dma_data_direction dir)
{
	if (!dev->dma_coherent)
		dma_cache_for_cpu(phys_to_virt(phys), size, dir);
}

/* 0: nothing is mapped there. */
static phys_addr_t dma_to_phys(const struct device *dev, dma_addr_t addr)
{
	struct iommu_domain *domain = dma_domain(dev);

	return domain ? iommu_iova_to_phys(domain, addr) : addr;
}

/**
 * dma_map_phys_attrs - let a device reach a piece of RAM
 * @dev: the device
 * @phys: physical address, any alignment
 * @size: bytes, not 0
 * @dir: what the device does with it
 * @attrs: DMA_ATTR_*
 *
 * The device reaches the rest of the first and the last page as well.
 *
 * Return: the address for the device, to be tested by dma_mapping_error().
 */
dma_addr_t dma_map_phys_attrs(struct device *dev, phys_addr_t phys,
			      size_t size, enum dma_data_direction dir,
			      unsigned long attrs)
{
	struct iommu_domain *domain = dma_domain(dev);
	dma_addr_t addr;

	if (!size)
		return DMA_MAPPING_ERROR;
	addr = domain ? dma_iommu_map(dev, domain, phys, size, dir, attrs) :
			dma_direct_map(dev, phys, size);
	if (addr != DMA_MAPPING_ERROR && !(attrs & DMA_ATTR_SKIP_CPU_SYNC))
		sync_for_device(dev, phys, size);
	return addr;
}
EXPORT_SYMBOL_GPL(dma_map_phys_attrs);

/**
 * dma_unmap_phys - end a mapping
 * @dev: the device
 * @addr: from dma_map_phys_attrs() or one of its short forms
 * @size: as mapped
 * @dir: as mapped
 *
 * On return the device can no longer reach it.
 */
void dma_unmap_phys(struct device *dev, dma_addr_t addr, size_t size,
		    enum dma_data_direction dir)
{
	struct iommu_domain *domain = dma_domain(dev);
	phys_addr_t phys = dev->dma_coherent ? 0 : dma_to_phys(dev, addr);

	if (domain)
		dma_iommu_unmap(dev, domain, addr, size);
	if (phys)
		sync_for_cpu(dev, phys, size, dir);
}
EXPORT_SYMBOL_GPL(dma_unmap_phys);

unsigned int dma_add_range(struct scatterlist *sg, unsigned int n,
			   unsigned int i, dma_addr_t addr)
{
	if (n && sg[n - 1].dma_address + sg[n - 1].dma_length == addr) {
		sg[n - 1].dma_length += sg[i].length;
		return n;
	}
	sg[n].dma_address = addr;
	sg[n].dma_length = sg[i].length;
	return n + 1;
}

/**
 * dma_map_sg - let a device reach the pieces of a buffer
 * @dev: the device
 * @sg: the pieces
 * @nents: their number
 * @dir: what the device does with them
 *
 * Behind an IOMMU, pieces whose seams lie on page boundaries become one range
 * for the device.
 *
 * Return: the number of ranges, in dma_address and dma_length of the first
 * that many elements; 0 on failure, and then nothing has changed.
 */
int dma_map_sg(struct device *dev, struct scatterlist *sg,
	       unsigned int nents, enum dma_data_direction dir)
{
	struct iommu_domain *domain = dma_domain(dev);
	unsigned int i, n;

	for (i = 0; i < nents; i++)
		if (!sg[i].length)
			return 0;
	n = domain ? dma_iommu_map_sg(dev, domain, sg, nents, dir) :
		     dma_direct_map_sg(dev, sg, nents);
	for (i = 0; n && i < nents; i++)
		sync_for_device(dev, sg[i].phys, sg[i].length);
	return (int)n;
}
EXPORT_SYMBOL_GPL(dma_map_sg);

/**
 * dma_unmap_sg - end the mapping of a list
 * @dev: the device
 * @sg: as mapped
 * @nents: the number of pieces, not of ranges
 * @dir: as mapped
 */
void dma_unmap_sg(struct device *dev, struct scatterlist *sg,
		  unsigned int nents, enum dma_data_direction dir)
{
	struct iommu_domain *domain = dma_domain(dev);
	unsigned int i;

	if (domain && nents)
		dma_iommu_unmap_sg(dev, domain, sg, nents);
	for (i = 0; i < nents; i++)
		sync_for_cpu(dev, sg[i].phys, sg[i].length, dir);
}
EXPORT_SYMBOL_GPL(dma_unmap_sg);

/**
 * dma_sync_single_for_device - hand a mapped buffer to the device again
 * @dev: the device
 * @addr: within one mapping
 * @size: bytes
 * @dir: as mapped
 */
void dma_sync_single_for_device(struct device *dev, dma_addr_t addr,
				size_t size, enum dma_data_direction dir)
{
	phys_addr_t phys;

	if (dev->dma_coherent)
		return;
	phys = dma_to_phys(dev, addr);
	if (phys)
		sync_for_device(dev, phys, size);
}
EXPORT_SYMBOL_GPL(dma_sync_single_for_device);

/**
 * dma_sync_single_for_cpu - look at a mapped buffer
 * @dev: the device
 * @addr: within one mapping
 * @size: bytes
 * @dir: as mapped
 */
void dma_sync_single_for_cpu(struct device *dev, dma_addr_t addr,
			     size_t size, enum dma_data_direction dir)
{
	phys_addr_t phys;

	if (dev->dma_coherent)
		return;
	phys = dma_to_phys(dev, addr);
	if (phys)
		sync_for_cpu(dev, phys, size, dir);
}
EXPORT_SYMBOL_GPL(dma_sync_single_for_cpu);

/**
 * dma_set_mask_and_coherent - say which addresses a device can send
 * @dev: the device
 * @mask: all ones in the bits that it drives
 *
 * Return: 0, or -EIO for a mask that leaves no whole page.
 */
int dma_set_mask_and_coherent(struct device *dev, u64 mask)
{
	if (mask < 2 * PAGE_SIZE - 1)
		return -EIO;
	dev->dma_mask = mask;
	dev->coherent_dma_mask = mask;
	return 0;
}
EXPORT_SYMBOL_GPL(dma_set_mask_and_coherent);

/* Before a probe: 32 address bits until the driver says more. */
int dma_configure(struct device *dev)
{
	dev->dma_mask = DMA_BIT_MASK(32);
	dev->coherent_dma_mask = DMA_BIT_MASK(32);
	if (dev->of_node)
		dev->dma_coherent = of_dma_is_coherent(dev->of_node);
	return iommu_configure_device(dev);
}

void dma_cleanup(struct device *dev)
{
	iommu_cleanup_device(dev);
}
