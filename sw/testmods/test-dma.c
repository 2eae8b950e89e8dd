// SPDX-License-Identifier: MIT
/* The DMA API: behind an IOMMU in software, and without one. */
#include <bits.h>
#include <device.h>
#include <dma-mapping.h>
#include <kernel.h>
#include <ktap.h>
#include <module.h>
#include <platform_device.h>
#include <sizes.h>

#include "test-iommu.h"

#define LOW	8	/* pages of the aperture below 4 GiB */

static struct platform_device *wide, *narrow, *alone;
static void *mem;	/* 16 KiB */

static dma_addr_t map(struct device *dev, size_t size)
{
	return dma_map_single(dev, mem, size, DMA_BIDIRECTIONAL);
}

static void unmap(struct device *dev, dma_addr_t addr, size_t size)
{
	dma_unmap_single(dev, addr, size, DMA_BIDIRECTIONAL);
}

static phys_addr_t reaches(struct device *dev, dma_addr_t addr)
{
	return iommu_iova_to_phys(iommu_get_domain(dev), addr);
}

static int connect(struct platform_device *pdev, u32 stream)
{
	return iommu_configure_device_ids(&pdev->dev, &test_iommu_node,
					  &stream, 1, THIS_MODULE);
}

/* The two devices share stream 1, and so their addresses. */
static void test_addresses(void)
{
	struct device *w = &wide->dev, *n = &narrow->dev;
	dma_addr_t low[LOW / 4], high, again;
	unsigned int i;
	bool ok = true;

	for (i = 0; i < ARRAY_SIZE(low); i++) {
		low[i] = map(w, SZ_16K);
		ok &= low[i] == SZ_4G - (i + 1) * SZ_16K &&
		      reaches(w, low[i]) == virt_to_phys(mem);
	}
	ktap_ok(ok, "addresses come from the top, below 4 GiB first");
	high = map(w, SZ_16K);
	ktap_ok(high == SZ_4G + (TEST_PAGES - LOW) * SZ_4K - SZ_16K &&
		reaches(w, high + 5) == virt_to_phys(mem) + 5,
		"addresses above 4 GiB follow when those below are used up");
	ktap_ok(map(n, PAGE_SIZE) == DMA_MAPPING_ERROR,
		"a device of 32 address bits gets none of these");
	unmap(w, low[1], SZ_16K);
	again = map(n, PAGE_SIZE);
	ktap_ok(again == SZ_4G - SZ_16K - PAGE_SIZE,
		"an address that is free again is found");
	unmap(n, again, PAGE_SIZE);
	unmap(w, low[0], SZ_16K);
	unmap(w, high, SZ_16K);
	ktap_ok(!reaches(w, low[0]) && !reaches(w, high),
		"what is unmapped is out of reach");
}

static void test_failures(void)
{
	struct device *w = &wide->dev;
	struct scatterlist sg[2];
	dma_addr_t addr;

	addr = dma_map_phys_attrs(w, ~0ULL - SZ_4K + 1, 2 * SZ_4K,
				  DMA_TO_DEVICE, 0);
	ktap_ok(addr == DMA_MAPPING_ERROR &&
		dma_map_phys_attrs(w, 0, 0, DMA_TO_DEVICE, 0) ==
		DMA_MAPPING_ERROR &&
		dma_map_phys_attrs(w, 1, ~0UL, DMA_TO_DEVICE, 0) ==
		DMA_MAPPING_ERROR, "what is no memory is not mapped");
	sg_set_buf(&sg[0], mem, SZ_4K);
	sg_set_buf(&sg[1], mem, SZ_4K);
	sg[1].phys = ~0ULL - SZ_4K + 1;
	sg[1].length = 2 * SZ_4K;
	ktap_ok(!dma_map_sg(w, sg, 2, DMA_TO_DEVICE) && !sg[0].dma_length &&
		!reaches(w, SZ_4G - 4 * SZ_4K),
		"a list that fails in the middle is mapped nowhere");
	addr = map(w, 3 * SZ_4K);
	ktap_ok(addr == SZ_4G - SZ_16K || addr == SZ_4G - 2 * SZ_16K,
		"and its addresses are free");
	unmap(w, addr, 3 * SZ_4K);
}

static void test_direct(void)
{
	struct device *d = &alone->dev;
	struct scatterlist sg[3];

	sg_set_buf(&sg[0], mem, SZ_4K);
	sg_set_buf(&sg[1], (char *)mem + SZ_4K, 100);
	sg_set_buf(&sg[2], (char *)mem + SZ_8K, SZ_4K);
	ktap_ok(dma_map_sg(d, sg, 3, DMA_TO_DEVICE) == 2 &&
		sg[0].dma_address == virt_to_phys(mem) &&
		sg[0].dma_length == SZ_4K + 100 &&
		sg[1].dma_address == virt_to_phys(mem) + SZ_8K &&
		sg[1].dma_length == SZ_4K,
		"without an IOMMU pieces that touch are one range");
	dma_unmap_sg(d, sg, 3, DMA_TO_DEVICE);
	sg_set_buf(&sg[0], mem, SZ_4K);
	sg_set_buf(&sg[1], mem, SZ_4K);
	sg[1].phys = SZ_4G;
	ktap_ok(!dma_map_sg(d, sg, 2, DMA_TO_DEVICE) && !sg[0].dma_address &&
		!sg[0].dma_length,
		"a list that is out of reach in the middle is left as it was");
}

/* DDI 0487, PAR_EL1.ATTR: the memory type that the tables give an address; it
 * is written as in MAIR_EL1.
 */
static unsigned int memory_type(const void *addr)
{
	u64 par;

	__asm__ volatile("at s1e1r, %1\n\tisb\n\tmrs %0, par_el1"
			 : "=r"(par) : "r"(addr) : "memory");
	return par & 1 ? 0 : par >> 56;
}

static void test_coherent(void)
{
	struct device *d = &alone->dev;
	unsigned long before = nr_free_pages();
	dma_addr_t handle;
	bool zero = true;
	unsigned int i;
	u8 *p;

	d->dma_coherent = true;
	p = dma_alloc_coherent(d, 5000, &handle, GFP_KERNEL);
	ktap_ok(p && memory_type(p) == 0xff && handle == virt_to_phys(p),
		"a device that snoops shares memory that is cached");
	dma_free_coherent(d, 5000, p, handle);

	d->dma_coherent = false;
	p = dma_alloc_coherent(d, 5000, &handle, GFP_KERNEL);
	for (i = 0; p && i < 5000; i++)
		zero &= !p[i];
	ktap_ok(p && memory_type(p) == 0x44 && zero,
		"a device that does not snoop shares memory that is not cached");
	if (p)
		p[4999] = 77;
	ktap_ok(p && *(u8 *)phys_to_virt(handle + 4999) == 77,
		"which is the memory that its address names");
	dma_free_coherent(d, 5000, p, handle);
	ktap_ok(!dma_alloc_coherent(d, 0, &handle, GFP_KERNEL) &&
		!dma_alloc_coherent(d, ~0UL, &handle, GFP_KERNEL),
		"sizes that are none are refused");
	/* Tables of the kernel's may have been made for its address. */
	ktap_ok(before - nr_free_pages() <= 3, "and it is freed");
}

static struct platform_device *add(const char *name, unsigned int bits)
{
	struct platform_device *p = platform_device_register_simple(name, 0);

	if (!IS_ERR(p))
		dma_set_mask_and_coherent(&p->dev, DMA_BIT_MASK(bits));
	return p;
}

static void test_all(void)
{
	size_t o0, b0, o1, b1;

	slab_usage(&o0, &b0);
	test_iommu_aperture = SZ_4G - LOW * SZ_4K;
	ktap_ok(!connect(wide, 1) && !connect(narrow, 1),
		"devices are connected");
	test_addresses();
	test_failures();
	iommu_cleanup_device(&narrow->dev);
	iommu_cleanup_device(&wide->dev);
	test_iommu_aperture = SZ_1M;
	test_direct();
	test_coherent();
	slab_usage(&o1, &b1);
	ktap_ok(o1 == o0, "nothing is leaked by all that");
}

static int __init test_dma_init(void)
{
	int ret = -ENOMEM;

	mem = alloc_pages_exact(SZ_16K, GFP_KERNEL | GFP_DMA32);
	wide = add("test-wide", 64);
	narrow = add("test-narrow", 32);
	alone = add("test-alone", 32);
	if (mem && !IS_ERR(wide) && !IS_ERR(narrow) && !IS_ERR(alone)) {
		ktap_plan(17);
		test_all();
		ret = 0;
	}
	if (!IS_ERR(wide))
		platform_device_unregister(wide);
	if (!IS_ERR(narrow))
		platform_device_unregister(narrow);
	if (!IS_ERR(alone))
		platform_device_unregister(alone);
	if (mem)
		free_pages_exact(mem, SZ_16K);
	return ret;
}
module_init(test_dma_init);

static void __exit test_dma_exit(void)
{
}
module_exit(test_dma_exit);

MODULE_DESCRIPTION("Tests of the DMA API");
MODULE_LICENSE("Dual MIT/GPL");
