// SPDX-License-Identifier: MIT
/* An IOMMU in software: a driver like any, without a device to drive. */
#include <bits.h>
#include <device.h>
#include <kernel.h>
#include <module.h>
#include <of.h>
#include <platform_device.h>
#include <sizes.h>

#include "test-iommu.h"

#define PAGES	TEST_PAGES

struct test_domain {
	struct iommu_domain domain;
	phys_addr_t pages[PAGES];
};

struct iommu_domain *test_iommu_uses[TEST_STREAMS][TEST_PASIDS];
EXPORT_SYMBOL_GPL(test_iommu_uses);
int test_iommu_bad_stream = -1;
EXPORT_SYMBOL_GPL(test_iommu_bad_stream);
struct device_node test_iommu_node = {
	.name = "test-iommu",
	.full_name = "test-iommu",
};
EXPORT_SYMBOL_GPL(test_iommu_node);

u64 test_iommu_aperture = SZ_1M;
EXPORT_SYMBOL_GPL(test_iommu_aperture);

int test_iommu_stalls, test_iommu_answers[TEST_TAGS], test_iommu_invalidated;
EXPORT_SYMBOL_GPL(test_iommu_stalls);
EXPORT_SYMBOL_GPL(test_iommu_answers);
EXPORT_SYMBOL_GPL(test_iommu_invalidated);

static struct iommu_device instance = { .max_pasids = TEST_PASIDS };
static struct platform_device *pdev;
static struct device *masters[TEST_STREAMS];

static int set(struct iommu_domain *domain, struct device *dev, u32 pasid)
{
	const struct iommu_fwspec *fwspec = dev->iommu;
	unsigned int i;

	for (i = 0; i < fwspec->num_ids; i++) {
		if ((int)fwspec->ids[i] == test_iommu_bad_stream) {
			test_iommu_bad_stream = -1;
			return -EIO;
		}
		test_iommu_uses[fwspec->ids[i]][pasid] = domain;
	}
	return 0;
}

static int attach_dev(struct iommu_domain *domain, struct device *dev)
{
	int ret = set(domain, dev, IOMMU_NO_PASID);

	if (ret)
		return ret;
	if (!domain->pgsize_bitmap) {
		domain->aperture_start = test_iommu_aperture;
		domain->aperture_end = test_iommu_aperture + PAGES * SZ_4K - 1;
	}
	domain->pgsize_bitmap = SZ_4K | SZ_16K;
	return 0;
}

static phys_addr_t *page_of(struct iommu_domain *domain, unsigned long iova)
{
	struct test_domain *t = container_of(domain, struct test_domain,
					     domain);

	return &t->pages[(iova - domain->aperture_start) / SZ_4K];
}

static int map_pages(struct iommu_domain *domain, unsigned long iova,
		     phys_addr_t paddr, size_t pgsize, size_t pgcount,
		     int prot, size_t *mapped)
{
	for (; *mapped < pgsize * pgcount; *mapped += SZ_4K) {
		phys_addr_t *page = page_of(domain, iova + *mapped);

		if (*page)
			return -EEXIST;
		*page = (paddr + *mapped) | 1;
	}
	return 0;
}

static size_t unmap_pages(struct iommu_domain *domain, unsigned long iova,
			  size_t pgsize, size_t pgcount,
			  struct iommu_iotlb_gather *gather)
{
	size_t done;

	for (done = 0; done < pgsize * pgcount; done += SZ_4K) {
		phys_addr_t *page = page_of(domain, iova + done);

		if (!*page)
			break;
		*page = 0;
	}
	return done;
}

static void iotlb_sync(struct iommu_domain *domain,
		       struct iommu_iotlb_gather *gather)
{
}

static phys_addr_t iova_to_phys(struct iommu_domain *domain,
				unsigned long iova)
{
	phys_addr_t page = *page_of(domain, iova);

	return page ? (page & ~1ULL) + (iova & (SZ_4K - 1)) : 0;
}

static void domain_free(struct iommu_domain *domain)
{
	kfree(container_of(domain, struct test_domain, domain));
}

/* A command is an int; a negative one is none. */
static int cache_invalidate(struct iommu_domain *domain, const void *commands,
			    unsigned int count)
{
	const int *c = commands;
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (c[i] < 0)
			return -EINVAL;
		test_iommu_invalidated += c[i];
	}
	return 0;
}

static const struct iommu_domain_ops domain_ops = {
	.attach_dev = attach_dev,
	.set_dev_pasid = set,
	.map_pages = map_pages,
	.unmap_pages = unmap_pages,
	.iotlb_sync = iotlb_sync,
	.iova_to_phys = iova_to_phys,
	.free = domain_free,
};

static struct iommu_domain *domain_alloc(struct iommu_device *iommu,
					 enum iommu_domain_type type)
{
	struct test_domain *t = kzalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return ERR_PTR(-ENOMEM);
	t->domain.ops = &domain_ops;
	return &t->domain;
}

static void remove_dev_pasid(struct iommu_domain *domain, struct device *dev,
			     u32 pasid)
{
	unsigned int i;

	for (i = 0; i < dev->iommu->num_ids; i++)
		test_iommu_uses[dev->iommu->ids[i]][pasid] = NULL;
}

static int of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	return -EINVAL;
}

static int probe_device(struct device *dev)
{
	unsigned int i;

	for (i = 0; i < TEST_STREAMS; i++)
		if (!masters[i]) {
			masters[i] = dev;
			/* No property of a tree says it. */
			dev->iommu->max_pasids = TEST_PASIDS;
			dev->iommu->can_stall = i != 1;
			return 0;
		}
	return -ENOSPC;
}

static bool has_stream(const struct device *dev, u32 id)
{
	unsigned int i;

	for (i = 0; i < dev->iommu->num_ids; i++)
		if (dev->iommu->ids[i] == id)
			return true;
	return false;
}

static bool share(const struct device *a, const struct device *b)
{
	unsigned int i;

	for (i = 0; i < a->iommu->num_ids; i++)
		if (has_stream(b, a->iommu->ids[i]))
			return true;
	return false;
}

static void release_device(struct device *dev)
{
	unsigned int i, k;

	for (i = 0; i < TEST_STREAMS; i++)
		if (masters[i] == dev)
			masters[i] = NULL;
	for (i = 0; i < TEST_STREAMS; i++) {
		bool used = !has_stream(dev, i);

		for (k = 0; k < TEST_STREAMS; k++)
			used |= masters[k] && has_stream(masters[k], i);
		if (!used)
			memset(test_iommu_uses[i], 0,
			       sizeof(test_iommu_uses[i]));
	}
}

static struct iommu_group *device_group(struct device *dev)
{
	unsigned int i;

	for (i = 0; i < TEST_STREAMS; i++)
		if (masters[i] && masters[i] != dev && share(masters[i], dev))
			return iommu_group_ref(masters[i]);
	return iommu_group_alloc(&instance);
}

static const struct iommu_domain_ops nested_ops = {
	.attach_dev = attach_dev,
	.cache_invalidate = cache_invalidate,
	.free = domain_free,
};

/* @config: nothing, of no size. */
static struct iommu_domain *alloc_nested(struct iommu_domain *parent,
					 const void *config, size_t size)
{
	struct iommu_domain *domain;

	if (size)
		return ERR_PTR(-EINVAL);
	domain = domain_alloc(parent->iommu, IOMMU_DOMAIN_NESTED);
	if (!IS_ERR(domain))
		domain->ops = &nested_ops;
	return domain;
}

static int set_stall(struct device *dev, bool on)
{
	test_iommu_stalls += on ? 1 : -1;
	return 0;
}

static void page_response(struct device *dev, const struct iommu_fault *fault,
			  enum iommu_page_response response)
{
	if (fault->tag < TEST_TAGS)
		test_iommu_answers[fault->tag] = 1 + (int)response;
}

static const struct iommu_ops ops = {
	.owner = THIS_MODULE,
	.of_xlate = of_xlate,
	.probe_device = probe_device,
	.release_device = release_device,
	.device_group = device_group,
	.domain_alloc = domain_alloc,
	.domain_alloc_nested = alloc_nested,
	.remove_dev_pasid = remove_dev_pasid,
	.set_stall = set_stall,
	.page_response = page_response,
};

static int __init test_iommu_init(void)
{
	int ret;

	pdev = platform_device_register_simple("test-iommu", 0);
	if (IS_ERR(pdev))
		return (int)PTR_ERR(pdev);
	pdev->dev.of_node = &test_iommu_node;
	ret = iommu_device_register(&instance, &ops, &pdev->dev);
	if (ret)
		platform_device_unregister(pdev);
	return ret;
}
module_init(test_iommu_init);

static void __exit test_iommu_exit(void)
{
	iommu_device_unregister(&instance);
	pdev->dev.of_node = NULL;
	platform_device_unregister(pdev);
}
module_exit(test_iommu_exit);

MODULE_DESCRIPTION("IOMMU in software, for tests of the IOMMU core");
MODULE_LICENSE("Dual MIT/GPL");
