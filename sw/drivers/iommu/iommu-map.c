// SPDX-License-Identifier: MIT
/* IOMMU core: mapping and unmapping in domains. */

#include <iommu.h>

#include <kernel.h>
#include <module.h>
#include <scatterlist.h>

/*
 * The largest leaf for the start of a range, and how many of it: up to the
 * place from which a larger one fits.
 */
static size_t best_pgsize(const struct iommu_domain *domain,
			  unsigned long iova, phys_addr_t paddr, size_t size,
			  size_t *count)
{
	unsigned long fits, larger;
	size_t pgsize, next;

	fits = domain->pgsize_bitmap & GENMASK(__fls(size), 0);
	if (iova | paddr)
		fits &= GENMASK(__ffs(iova | paddr), 0);
	if (!fits)
		return 0;
	pgsize = 1UL << __fls(fits);
	*count = size / pgsize;

	larger = domain->pgsize_bitmap & ~(pgsize | (pgsize - 1));
	if (!larger)
		return pgsize;
	next = larger & -larger;
	/* Where the larger one fits in both, it is worth a stop. */
	if (!((iova ^ paddr) & (next - 1))) {
		size_t offset = next - (iova & (next - 1));

		if (offset + next <= size)
			*count = offset / pgsize;
	}
	return pgsize;
}

static bool mappable(const struct iommu_domain *domain)
{
	return domain && domain->ops->map_pages &&
	       (domain->type == IOMMU_DOMAIN_DMA ||
		domain->type == IOMMU_DOMAIN_UNMANAGED ||
		domain->type == IOMMU_DOMAIN_NEST_PARENT);
}

static bool range_ok(const struct iommu_domain *domain, unsigned long iova,
		     size_t size)
{
	size_t granule = domain->pgsize_bitmap & -domain->pgsize_bitmap;

	return size && granule && !((iova | size) & (granule - 1)) &&
	       iova >= domain->aperture_start && iova + size - 1 >= iova &&
	       iova + size - 1 <= domain->aperture_end;
}

/**
 * iommu_map - map a physical range
 * @domain: IOMMU_DOMAIN_UNMANAGED or IOMMU_DOMAIN_NEST_PARENT, or the DMA API's
 *	    own
 * @iova: address for the device
 * @paddr: physical address
 * @size: bytes; all three are multiples of the smallest page
 * @prot: IOMMU_*
 *
 * Return: 0; -EINVAL for a range outside of the aperture, or not aligned;
 * -ERANGE for physical addresses that the tables cannot hold; -EEXIST if
 * something is mapped there; -ENOMEM. On failure nothing of the range is mapped.
 */
int iommu_map(struct iommu_domain *domain, unsigned long iova,
	      phys_addr_t paddr, size_t size, int prot)
{
	const unsigned long start = iova;
	int ret = 0;

	if (!mappable(domain))
		return -EINVAL;
	if (!range_ok(domain, iova, size))
		return -EINVAL;
	if (paddr + size - 1 < paddr)
		return -ERANGE;

	while (size) {
		size_t count, mapped = 0;
		size_t pgsize = best_pgsize(domain, iova, paddr, size,
					    &count);

		if (!pgsize) {
			ret = -EINVAL;
			break;
		}
		ret = domain->ops->map_pages(domain, iova, paddr, pgsize,
					     count, prot, &mapped);
		iova += mapped;
		paddr += mapped;
		size -= mapped;
		if (ret)
			break;
	}
	if (ret && iova != start)
		iommu_unmap(domain, start, iova - start);
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_map);

/**
 * iommu_unmap - remove a range, and wait until no device can reach it
 * @domain: as iommu_map()
 * @iova: address for the device
 * @size: bytes
 *
 * Return: bytes removed from the start of the range; less than @size at a
 * hole.
 */
size_t iommu_unmap(struct iommu_domain *domain, unsigned long iova,
		   size_t size)
{
	struct iommu_iotlb_gather gather;
	size_t unmapped = 0;

	if (!mappable(domain) || !range_ok(domain, iova, size))
		return 0;

	iommu_iotlb_gather_init(&gather);
	while (unmapped < size) {
		size_t count, got;
		size_t pgsize = best_pgsize(domain, iova, iova,
					    size - unmapped, &count);

		if (!pgsize)
			break;
		got = domain->ops->unmap_pages(domain, iova, pgsize, count,
					       &gather);
		unmapped += got;
		iova += got;
		if (got < pgsize * count)
			break;
	}
	domain->ops->iotlb_sync(domain, &gather);
	return unmapped;
}
EXPORT_SYMBOL_GPL(iommu_unmap);

/**
 * iommu_iotlb_gather_add_page - note a removed leaf
 * @domain: the domain
 * @gather: what is gathered so far; NULL invalidates at once
 * @iova: address of the leaf
 * @size: its size
 *
 * What does not continue the range gathered so far flushes that first.
 */
void iommu_iotlb_gather_add_page(struct iommu_domain *domain,
				 struct iommu_iotlb_gather *gather,
				 unsigned long iova, size_t size)
{
	struct iommu_iotlb_gather one;

	if (!gather) {
		one.start = iova;
		one.end = iova + size - 1;
		one.pgsize = size;
		domain->ops->iotlb_sync(domain, &one);
		return;
	}
	if (!iommu_iotlb_gather_empty(gather) &&
	    (gather->pgsize != size || iova > gather->end + 1 ||
	     iova + size < gather->start)) {
		domain->ops->iotlb_sync(domain, gather);
		iommu_iotlb_gather_init(gather);
	}
	gather->pgsize = size;
	if (iova < gather->start)
		gather->start = iova;
	if (iova + size - 1 > gather->end)
		gather->end = iova + size - 1;
}
EXPORT_SYMBOL_GPL(iommu_iotlb_gather_add_page);

/**
 * iommu_map_sg - map a list of physical segments as one range
 * @domain: as iommu_map()
 * @iova: address for the device
 * @sg: the segments, each a multiple of the smallest page in place and size
 * @nents: their number
 * @prot: IOMMU_*
 *
 * Segments that follow each other in memory are mapped together.
 *
 * Return: 0, or an error of iommu_map(); then nothing is mapped.
 */
int iommu_map_sg(struct iommu_domain *domain, unsigned long iova,
		 const struct scatterlist *sg, unsigned int nents, int prot)
{
	unsigned long addr = iova;
	unsigned int i = 0;

	while (i < nents) {
		phys_addr_t start = sg_phys(&sg[i]);
		size_t len = sg[i].length;
		int ret;

		for (i++; i < nents && sg_phys(&sg[i]) == start + len; i++)
			len += sg[i].length;
		ret = iommu_map(domain, addr, start, len, prot);
		if (ret) {
			if (addr != iova)
				iommu_unmap(domain, iova, addr - iova);
			return ret;
		}
		addr += len;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(iommu_map_sg);

/**
 * iommu_iova_to_phys - translate as a device's access would be
 * @domain: the domain
 * @iova: address for the device
 *
 * Return: the physical address, 0 if nothing is mapped there.
 */
phys_addr_t iommu_iova_to_phys(struct iommu_domain *domain,
			       unsigned long iova)
{
	if (domain->type == IOMMU_DOMAIN_IDENTITY)
		return iova;
	if (!mappable(domain) || iova < domain->aperture_start ||
	    iova > domain->aperture_end)
		return 0;
	return domain->ops->iova_to_phys(domain, iova);
}
EXPORT_SYMBOL_GPL(iommu_iova_to_phys);
