// SPDX-License-Identifier: MIT
/*
 * Memory that the CPU and a device both see at once. For a device that snoops
 * it is any memory. For one that does not the CPU uses it uncached, under
 * another address.
 */
#include "dma-internal.h"

#include <cacheflush.h>
#include <device.h>
#include <kernel.h>
#include <module.h>

/*
 * The page stays in the linear map, cacheable. Nobody writes it there from now
 * on; what has been written must not be evicted over what the device writes,
 * and what is cached must not be found by the accesses that are not cached
 * (DDI 0487, mismatched memory attributes).
 */
static void *uncached(void *mem, size_t size)
{
	dcache_clean_inval_poc(mem, size);
	return vmap_nc(virt_to_phys(mem), size);
}

/**
 * dma_alloc_coherent - memory that the CPU and a device both see at once
 * @dev: the device
 * @size: bytes
 * @handle: the address for the device
 * @gfp: GFP_*
 *
 * Return: cleared memory, page-aligned, or NULL.
 */
void *dma_alloc_coherent(struct device *dev, size_t size,
			 dma_addr_t *handle, gfp_t gfp)
{
	size_t bytes = PAGE_ALIGN(size);
	void *mem, *cpu_addr;

	if (!size || bytes < size)
		return NULL;
	if (!dma_domain(dev) && dev->coherent_dma_mask <= DMA_BIT_MASK(32))
		gfp |= GFP_DMA32;
	mem = alloc_pages_exact(bytes, gfp | __GFP_ZERO);
	if (!mem)
		return NULL;
	cpu_addr = dev->dma_coherent ? mem : uncached(mem, bytes);
	if (!cpu_addr)
		goto out_pages;
	*handle = dma_map_phys_attrs(dev, virt_to_phys(mem), size,
				     DMA_BIDIRECTIONAL,
				     DMA_ATTR_SKIP_CPU_SYNC);
	if (dma_mapping_error(dev, *handle))
		goto out_vmap;
	return cpu_addr;

out_vmap:
	if (cpu_addr != mem)
		vunmap_nc(cpu_addr);
out_pages:
	free_pages_exact(mem, bytes);
	return NULL;
}
EXPORT_SYMBOL_GPL(dma_alloc_coherent);

/**
 * dma_free_coherent - free what dma_alloc_coherent() gave
 * @dev: the device
 * @size: as allocated
 * @cpu_addr: the memory, or NULL
 * @handle: the address for the device
 */
void dma_free_coherent(struct device *dev, size_t size, void *cpu_addr,
		       dma_addr_t handle)
{
	void *mem = cpu_addr;

	if (!cpu_addr)
		return;
	/* Its memory is mapped only so; nothing of it is in the caches. */
	dma_unmap_phys(dev, handle, size, DMA_TO_DEVICE);
	if (!dev->dma_coherent)
		mem = phys_to_virt(vunmap_nc(cpu_addr));
	free_pages_exact(mem, PAGE_ALIGN(size));
}
EXPORT_SYMBOL_GPL(dma_free_coherent);
