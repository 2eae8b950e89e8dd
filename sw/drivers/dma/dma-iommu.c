// SPDX-License-Identifier: MIT
/*
 * DMA behind an IOMMU: addresses are allocated in the domain of the device's
 * group, and mapped there.
 */
#include "dma-internal.h"

#include <device.h>
#include <iommu.h>
#include <iova.h>
#include <kernel.h>
#include <module.h>
#include <msi.h>
#include <slab.h>

static int reserve_doorbell(phys_addr_t doorbell, void *data)
{
	return iova_reserve(data, doorbell, doorbell);
}

int iommu_dma_init_domain(struct iommu_domain *domain)
{
	unsigned long granule = domain->pgsize_bitmap & -domain->pgsize_bitmap;
	struct iova_domain *iovad;
	int ret;

	if (!granule)
		return -EINVAL;
	iovad = kzalloc(sizeof(*iovad), GFP_KERNEL);
	if (!iovad)
		return -ENOMEM;
	iova_init(iovad, max(granule, PAGE_SIZE), domain->aperture_start,
		  domain->aperture_end);
	/* Messages go to themselves in every domain. */
	ret = msi_for_each_doorbell(reserve_doorbell, iovad);
	if (ret) {
		iova_destroy(iovad);
		kfree(iovad);
		return ret;
	}
	domain->dma_cookie = iovad;
	return 0;
}

void iommu_dma_free_domain(struct iommu_domain *domain)
{
	iova_destroy(domain->dma_cookie);
	kfree(domain->dma_cookie);
	domain->dma_cookie = NULL;
}

struct iommu_domain *dma_domain(const struct device *dev)
{
	struct iommu_domain *domain = iommu_get_dma_domain(dev);

	return domain && domain->dma_cookie ? domain : NULL;
}

/**
 * iommu_dma_reserve - keep the DMA API from addresses of a device
 * @dev: the device; without an IOMMU nothing is done
 * @start: first address
 * @last: last byte
 *
 * Return: 0, -EBUSY if something is mapped there, or -ENOMEM.
 */
int iommu_dma_reserve(struct device *dev, u64 start, u64 last)
{
	struct iommu_domain *domain = dma_domain(dev);

	return domain ? iova_reserve(domain->dma_cookie, start, last) : 0;
}

static int map_doorbell(struct iommu_domain *domain, phys_addr_t doorbell)
{
	unsigned long granule = domain->pgsize_bitmap & -domain->pgsize_bitmap;
	phys_addr_t page;

	if (!granule)
		return -EINVAL;
	page = ALIGN_DOWN(doorbell, granule);
	if (iommu_iova_to_phys(domain, page) == page)
		return 0;
	return iommu_map(domain, page, page, granule,
			 IOMMU_WRITE | IOMMU_NOEXEC | IOMMU_MMIO);
}

int iommu_dma_map_msi(struct device *dev, phys_addr_t doorbell)
{
	struct iommu_domain *domain = dma_domain(dev);

	return domain ? map_doorbell(domain, doorbell) : 0;
}

static int map_doorbell_in(phys_addr_t doorbell, void *data)
{
	return map_doorbell(data, doorbell);
}

/**
 * iommu_map_msi - let a device send its messages in a domain of a driver's own
 * @domain: something was attached to it, and nothing else is mapped at the
 *	    addresses that messages go to
 * @dev: a device with message-signalled interrupts, or without
 *
 * In the DMA domain they are mapped when they are allocated.
 *
 * Return: 0, or iommu_map()'s error.
 */
int iommu_map_msi(struct iommu_domain *domain, struct device *dev)
{
	return msi_for_each_doorbell_of(dev, map_doorbell_in, domain);
}
EXPORT_SYMBOL_GPL(iommu_map_msi);

static size_t granule_of(const struct iommu_domain *domain)
{
	return ((const struct iova_domain *)domain->dma_cookie)->granule;
}

/* The granules of a range, from the first byte's to the last one's; 0 when
 * they are more than addresses can count.
 */
static size_t span_of(size_t granule, u64 addr, size_t size)
{
	size_t span = ALIGN((addr & (granule - 1)) + size, granule);

	return span < size ? 0 : span;
}

static int prot_of(const struct device *dev, enum dma_data_direction dir,
		   unsigned long attrs)
{
	int prot = IOMMU_NOEXEC;

	if (dir != DMA_FROM_DEVICE)
		prot |= IOMMU_READ;
	if (dir != DMA_TO_DEVICE)
		prot |= IOMMU_WRITE;
	if (dev->dma_coherent)
		prot |= IOMMU_CACHE;
	if (attrs & DMA_ATTR_PRIVILEGED)
		prot |= IOMMU_PRIV;
	return prot;
}

static dma_addr_t alloc_span(struct device *dev, struct iommu_domain *domain,
			     size_t span)
{
	u64 addr = iova_alloc(domain->dma_cookie, span, dev->dma_mask);

	if (addr != IOVA_NONE)
		return addr;
	dev_err_ratelimited(dev, "no %zu bytes of DMA addresses are free up to %#llx\n",
			    span, min(dev->dma_mask, domain->aperture_end));
	return DMA_MAPPING_ERROR;
}

dma_addr_t dma_iommu_map(struct device *dev, struct iommu_domain *domain,
			 phys_addr_t phys, size_t size,
			 enum dma_data_direction dir, unsigned long attrs)
{
	size_t granule = granule_of(domain);
	size_t span = span_of(granule, phys, size);
	phys_addr_t offset = phys & (granule - 1);
	dma_addr_t addr;

	if (!span)
		return DMA_MAPPING_ERROR;
	addr = alloc_span(dev, domain, span);
	if (addr == DMA_MAPPING_ERROR)
		return addr;
	if (iommu_map(domain, addr, phys - offset, span,
		      prot_of(dev, dir, attrs))) {
		iova_free(domain->dma_cookie, addr, span);
		return DMA_MAPPING_ERROR;
	}
	return addr + offset;
}

static void unmap_span(struct device *dev, struct iommu_domain *domain,
		       dma_addr_t addr, size_t span)
{
	size_t got = iommu_unmap(domain, addr, span);

	/* The rest stays taken: a device may still have a way to it. */
	if (WARN(got != span, "%s: %zu of %zu bytes at %#llx were mapped\n",
		 dev_name(dev), got, span, addr))
		return;
	WARN(iova_free(domain->dma_cookie, addr, span),
	     "%s: unmaps %zu bytes at %#llx, which are not one mapping\n",
	     dev_name(dev), span, addr);
}

void dma_iommu_unmap(struct device *dev, struct iommu_domain *domain,
		     dma_addr_t addr, size_t size)
{
	size_t granule = granule_of(domain);

	unmap_span(dev, domain, ALIGN_DOWN(addr, granule),
		   span_of(granule, addr, size));
}

/* 0 for a list that cannot be one range. */
static size_t sg_span(size_t granule, const struct scatterlist *sg,
		      unsigned int nents)
{
	size_t total = 0, span;
	unsigned int i;

	for (i = 0; i < nents; i++) {
		span = span_of(granule, sg[i].phys, sg[i].length);
		if (!span || check_add_overflow(total, span, &total))
			return 0;
	}
	return total;
}

/* The whole list at consecutive granules, pieces that touch by one call. */
static int map_pieces(struct iommu_domain *domain, dma_addr_t base,
		      const struct scatterlist *sg, unsigned int nents,
		      int prot)
{
	size_t granule = granule_of(domain);
	dma_addr_t addr = base;
	unsigned int i = 0;
	int ret = 0;

	while (i < nents && !ret) {
		phys_addr_t start = ALIGN_DOWN(sg[i].phys, granule);
		size_t span = span_of(granule, sg[i].phys, sg[i].length);

		for (i++; i < nents && sg[i].phys == start + span; i++)
			span += span_of(granule, sg[i].phys, sg[i].length);
		ret = iommu_map(domain, addr, start, span, prot);
		if (!ret)
			addr += span;
	}
	if (ret && addr != base)
		iommu_unmap(domain, base, addr - base);
	return ret;
}

unsigned int dma_iommu_map_sg(struct device *dev, struct iommu_domain *domain,
			      struct scatterlist *sg, unsigned int nents,
			      enum dma_data_direction dir)
{
	size_t granule = granule_of(domain);
	size_t span = sg_span(granule, sg, nents);
	unsigned int i, n = 0;
	dma_addr_t addr;

	if (!span)
		return 0;
	addr = alloc_span(dev, domain, span);
	if (addr == DMA_MAPPING_ERROR)
		return 0;
	if (map_pieces(domain, addr, sg, nents, prot_of(dev, dir, 0))) {
		iova_free(domain->dma_cookie, addr, span);
		return 0;
	}
	for (i = 0; i < nents; i++) {
		n = dma_add_range(sg, n, i,
				  addr + (sg[i].phys & (granule - 1)));
		addr += span_of(granule, sg[i].phys, sg[i].length);
	}
	return n;
}

void dma_iommu_unmap_sg(struct device *dev, struct iommu_domain *domain,
			const struct scatterlist *sg, unsigned int nents)
{
	size_t granule = granule_of(domain);

	unmap_span(dev, domain, ALIGN_DOWN(sg[0].dma_address, granule),
		   sg_span(granule, sg, nents));
}
