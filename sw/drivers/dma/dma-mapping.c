// SPDX-License-Identifier: MIT
/*
 * DMA API. Behind an IOMMU a device gets addresses from an allocator of its
 * own domain; without one, addresses are physical addresses.
 */
#define pr_fmt(fmt) "dma: " fmt

#include <dma-mapping.h>

#include <cacheflush.h>
#include <device.h>
#include <iommu.h>
#include <kernel.h>
#include <module.h>
#include <of.h>
#include <spinlock.h>

/* Addresses handed out lie below 4 GiB, whatever a device could reach: the
 * map of them stays small, and devices with 32 address bits are not special.
 */
#define IOVA_LIMIT	(1ULL << 32)
#define IOVA_BITS	((unsigned long)(IOVA_LIMIT >> PAGE_SHIFT))

/**
 * struct iova_map - addresses of a domain that are taken, one bit a page
 * @hint: no search above it finds anything, unless for the whole map
 *
 * Page 0 stays taken, so that 0 is no address.
 */
struct iova_map {
	spinlock_t lock;
	unsigned long hint;
	unsigned long bits[];
};

#define IOVA_MAP_BYTES \
	(sizeof(struct iova_map) + BITS_TO_LONGS(IOVA_BITS) * sizeof(long))

int iommu_dma_init_domain(struct iommu_domain *domain)
{
	struct iova_map *map = vzalloc(IOVA_MAP_BYTES);

	if (!map)
		return -ENOMEM;
	spin_lock_init(&map->lock);
	map->hint = IOVA_BITS;
	__set_bit(0, map->bits);
	domain->dma_cookie = map;
	return 0;
}

void iommu_dma_free_domain(struct iommu_domain *domain)
{
	vfree(domain->dma_cookie);
	domain->dma_cookie = NULL;
}

/* Top-down first fit in [0, end); 0 if there is none. */
static unsigned long find_range(const struct iova_map *map,
				unsigned long end, unsigned long pages,
				unsigned long align)
{
	unsigned long pos, taken;

	if (end < pages)
		return 0;
	pos = ALIGN_DOWN(end - pages, align);
	while (pos) {
		taken = find_next_bit(map->bits, pos + pages, pos);
		if (taken >= pos + pages)
			return pos;
		/* The range must end at or below the page that is taken. */
		if (taken < pages)
			return 0;
		pos = ALIGN_DOWN(taken - pages, align);
	}
	return 0;
}

static dma_addr_t iova_alloc(struct device *dev, struct iommu_domain *domain,
			     size_t size)
{
	struct iova_map *map = domain->dma_cookie;
	unsigned long pages = size >> PAGE_SHIFT;
	unsigned long sizes, align, end, flags, pos;
	u64 last = min(dev->dma_mask, domain->aperture_end);

	end = min(last, (u64)IOVA_LIMIT - 1) >> PAGE_SHIFT;
	end++;
	/* Aligned so that the largest leaf that fits the size may be used. */
	sizes = domain->pgsize_bitmap & GENMASK(__fls(size), 0);
	align = sizes ? (1UL << __fls(sizes)) >> PAGE_SHIFT : 1;

	spin_lock_irqsave(&map->lock, flags);
	pos = find_range(map, min(map->hint, end), pages, align);
	if (!pos)
		pos = find_range(map, end, pages, align);
	if (pos) {
		bitmap_set(map->bits, (unsigned int)pos, (unsigned int)pages);
		map->hint = pos;
	}
	spin_unlock_irqrestore(&map->lock, flags);
	return pos ? (dma_addr_t)pos << PAGE_SHIFT : DMA_MAPPING_ERROR;
}

static void iova_free(struct iommu_domain *domain, dma_addr_t addr,
		      size_t size)
{
	struct iova_map *map = domain->dma_cookie;
	unsigned long pages = size >> PAGE_SHIFT;
	unsigned long pos = addr >> PAGE_SHIFT;
	unsigned long flags;

	spin_lock_irqsave(&map->lock, flags);
	bitmap_clear(map->bits, (unsigned int)pos, (unsigned int)pages);
	if (map->hint < pos + pages)
		map->hint = pos + pages;
	spin_unlock_irqrestore(&map->lock, flags);
}

static struct iommu_domain *dma_domain(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_dma_domain(dev);

	return domain && domain->dma_cookie ? domain : NULL;
}

static int dma_prot(const struct device *dev, enum dma_data_direction dir,
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

/* Cache maintenance for a master that does not snoop. */
static void sync_for_device(const struct device *dev, phys_addr_t phys,
			    size_t size, enum dma_data_direction dir)
{
	if (dev->dma_coherent)
		return;
	if (dir == DMA_TO_DEVICE)
		dcache_clean_poc(phys_to_virt(phys), size);
	else
		dcache_clean_inval_poc(phys_to_virt(phys), size);
}

static void sync_for_cpu(const struct device *dev, phys_addr_t phys,
			 size_t size, enum dma_data_direction dir)
{
	if (!dev->dma_coherent && dir != DMA_TO_DEVICE)
		dcache_clean_inval_poc(phys_to_virt(phys), size);
}

static phys_addr_t dma_to_phys(struct device *dev, dma_addr_t addr)
{
	struct iommu_domain *domain = dma_domain(dev);

	return domain ? iommu_iova_to_phys(domain, addr) : addr;
}

static dma_addr_t direct_map(struct device *dev, phys_addr_t phys,
			     size_t size)
{
	if (phys + size - 1 < phys || phys + size - 1 > dev->dma_mask) {
		dev_err(dev, "cannot reach %#llx, DMA mask %#llx\n",
			phys + size - 1, dev->dma_mask);
		return DMA_MAPPING_ERROR;
	}
	return phys;
}

/* Pages of a range, from the first byte's to the last one's. */
static size_t page_span(phys_addr_t phys, size_t size)
{
	return PAGE_ALIGN(offset_in_page(phys) + size);
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
	size_t span = page_span(phys, size);
	dma_addr_t addr;

	if (!size || span < size)
		return DMA_MAPPING_ERROR;
	if (!domain) {
		addr = direct_map(dev, phys, size);
	} else {
		addr = iova_alloc(dev, domain, span);
		if (addr == DMA_MAPPING_ERROR) {
			dev_err_ratelimited(dev,
					    "no room for %zu bytes of DMA\n",
					    span);
			return addr;
		}
		if (iommu_map(domain, addr, phys & PAGE_MASK, span,
			      dma_prot(dev, dir, attrs))) {
			iova_free(domain, addr, span);
			return DMA_MAPPING_ERROR;
		}
		addr += offset_in_page(phys);
	}
	if (addr != DMA_MAPPING_ERROR)
		sync_for_device(dev, phys, size, dir);
	return addr;
}
EXPORT_SYMBOL_GPL(dma_map_phys_attrs);

static void unmap_span(struct device *dev, struct iommu_domain *domain,
		       dma_addr_t addr, size_t span)
{
	size_t got = iommu_unmap(domain, addr, span);

	/* The rest stays taken: a device may still have a way to it. */
	if (WARN(got != span, "%s: %zu of %zu bytes at %#llx were mapped\n",
		 dev_name(dev), got, span, addr))
		return;
	iova_free(domain, addr, span);
}

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
	phys_addr_t phys = dma_to_phys(dev, addr);

	if (domain)
		unmap_span(dev, domain, addr & PAGE_MASK,
			   page_span(addr, size));
	if (phys)
		sync_for_cpu(dev, phys, size, dir);
}
EXPORT_SYMBOL_GPL(dma_unmap_phys);

/* The whole list at consecutive pages, pieces that touch by one call. */
static int map_pieces(struct device *dev, struct iommu_domain *domain,
		      dma_addr_t base, const struct scatterlist *sg,
		      unsigned int nents, int prot)
{
	dma_addr_t addr = base;
	unsigned int i = 0;
	int ret = 0;

	(void)dev;
	while (i < nents && !ret) {
		phys_addr_t start = sg[i].phys & PAGE_MASK;
		size_t span = page_span(sg[i].phys, sg[i].length);

		for (i++; i < nents && sg[i].phys == start + span; i++)
			span += page_span(sg[i].phys, sg[i].length);
		ret = iommu_map(domain, addr, start, span, prot);
		if (!ret)
			addr += span;
	}
	if (ret && addr != base)
		iommu_unmap(domain, base, addr - base);
	return ret;
}

static size_t sg_span(const struct scatterlist *sg, unsigned int nents)
{
	size_t span = 0;
	unsigned int i;

	for (i = 0; i < nents; i++) {
		if (!sg[i].length)
			return 0;
		span += page_span(sg[i].phys, sg[i].length);
	}
	return span;
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
 * that many elements; 0 on failure.
 */
int dma_map_sg(struct device *dev, struct scatterlist *sg,
	       unsigned int nents, enum dma_data_direction dir)
{
	struct iommu_domain *domain = dma_domain(dev);
	size_t span = sg_span(sg, nents);
	unsigned int i, out = 0;
	dma_addr_t base = 0;

	if (!span)
		return 0;
	if (domain) {
		base = iova_alloc(dev, domain, span);
		if (base == DMA_MAPPING_ERROR)
			return 0;
		if (map_pieces(dev, domain, base, sg, nents,
			       dma_prot(dev, dir, 0))) {
			iova_free(domain, base, span);
			return 0;
		}
	}

	for (i = 0; i < nents; i++) {
		dma_addr_t addr;

		if (domain) {
			addr = base + offset_in_page(sg[i].phys);
			base += page_span(sg[i].phys, sg[i].length);
		} else {
			addr = direct_map(dev, sg[i].phys, sg[i].length);
			if (addr == DMA_MAPPING_ERROR)
				return 0;
		}
		sync_for_device(dev, sg[i].phys, sg[i].length, dir);
		if (out && sg[out - 1].dma_address +
			   sg[out - 1].dma_length == addr) {
			sg[out - 1].dma_length += sg[i].length;
			continue;
		}
		sg[out].dma_address = addr;
		sg[out].dma_length = sg[i].length;
		out++;
	}
	return (int)out;
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
	size_t span = sg_span(sg, nents);
	unsigned int i;

	if (!span)
		return;
	if (domain)
		unmap_span(dev, domain, sg[0].dma_address & PAGE_MASK, span);
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
		sync_for_device(dev, phys, size, dir);
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
 * dma_alloc_coherent - memory that the CPU and a device both see at once
 * @dev: the device
 * @size: bytes
 * @handle: the address for the device
 * @gfp: GFP_*
 *
 * For devices that snoop only: the kernel has no uncached mappings of RAM.
 *
 * Return: cleared memory, page-aligned, or NULL.
 */
void *dma_alloc_coherent(struct device *dev, size_t size,
			 dma_addr_t *handle, gfp_t gfp)
{
	void *mem;

	if (!dev->dma_coherent) {
		dev_err(dev, "is not dma-coherent: no coherent memory for it\n");
		return NULL;
	}
	mem = alloc_pages_exact(PAGE_ALIGN(size), gfp | __GFP_ZERO);
	if (!mem)
		return NULL;
	*handle = dma_map_single(dev, mem, size, DMA_BIDIRECTIONAL);
	if (dma_mapping_error(dev, *handle)) {
		free_pages_exact(mem, PAGE_ALIGN(size));
		return NULL;
	}
	return mem;
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
	if (!cpu_addr)
		return;
	dma_unmap_single(dev, handle, size, DMA_BIDIRECTIONAL);
	free_pages_exact(cpu_addr, PAGE_ALIGN(size));
}
EXPORT_SYMBOL_GPL(dma_free_coherent);

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
