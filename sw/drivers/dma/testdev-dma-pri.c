// SPDX-License-Identifier: MIT
/* Tests of atstest: a function that asks for pages, and gives up PASIDs. */

#include "testdev-dma-ats.h"

#include <pci.h>

#define TD_ATS_CTRL_GROUP(n)	((n) << 8)
#define TD_PAGES_OUTSTANDING	0x050

#define MAX_PAGES	16u

/**
 * struct paging - memory that comes when it is asked for
 * @limit: addresses from here on are denied
 * @asked: page requests; @denied: those of them
 * @wrong: one that was not as it should be
 */
struct paging {
	u32 pasid;
	u64 limit;
	unsigned int asked;
	unsigned int denied;
	bool wrong;
	unsigned int num;
	struct {
		struct iommu_domain *domain;
		u64 iova;
		size_t size;
		void *mem;
	} pages[MAX_PAGES];
};

static enum iommu_page_response bring_page(struct device *dev,
					   struct iommu_domain *domain,
					   const struct iommu_fault *fault,
					   void *data)
{
	const size_t page = td_page_size(domain);
	const u64 iova = fault->iova & ~(u64)(page - 1);
	struct paging *p = data;
	void *mem;

	(void)dev;
	p->asked++;
	p->wrong |= !fault->page_request ||
		    (fault->ssid_valid ? fault->ssid : IOMMU_NO_PASID) !=
		    p->pasid;
	if (iova >= p->limit || p->num == MAX_PAGES) {
		p->denied++;
		return IOMMU_PAGE_ABORT;
	}
	mem = alloc_pages_exact(page, GFP_KERNEL | __GFP_ZERO);
	if (!mem)
		return IOMMU_PAGE_ABORT;
	if (iommu_map(domain, iova, virt_to_phys(mem), page, RW)) {
		free_pages_exact(mem, page);
		return IOMMU_PAGE_ABORT;
	}
	p->pages[p->num].domain = domain;
	p->pages[p->num].iova = iova;
	p->pages[p->num].size = page;
	p->pages[p->num++].mem = mem;
	return IOMMU_PAGE_RETRY;
}

static void free_paging(struct paging *p)
{
	while (p->num) {
		p->num--;
		iommu_unmap(p->pages[p->num].domain, p->pages[p->num].iova,
			    p->pages[p->num].size);
		free_pages_exact(p->pages[p->num].mem, p->pages[p->num].size);
	}
}

/* Write pages of nothing, and see that it is there. */
static bool run_paging(struct testdev *td, struct paging *p, unsigned int n,
		       unsigned int group)
{
	const size_t page = td_page_size(iommu_get_domain(td->dev));
	struct td_desc write = td_job(TD_OP_WRITE, FREE_IOVA, n * page,
				      p->pasid);
	struct td_desc check = td_job(TD_OP_CHECK, FREE_IOVA, n * page,
				      p->pasid);

	write.flags |= TD_FLAG_PAGES;
	write.seed = td_next_seed();
	check.seed = write.seed;
	writel(TD_ATS_CTRL_GROUP(group), td->base + TD_ATS_CTRL);
	if (!td_run_expect(td, &write, TD_OK) ||
	    !td_run_expect(td, &check, TD_OK))
		return false;
	if (p->asked == n && !p->denied && !p->wrong &&
	    !readl(td->base + TD_PAGES_OUTSTANDING))
		return true;
	ktap_diag("%u of %u pages were asked for, %u outstanding%s", p->asked,
		  n, readl(td->base + TD_PAGES_OUTSTANDING),
		  p->wrong ? ", as another" : "");
	return false;
}

/* With a handler, in an address space where nothing is. */
static bool with_paging(struct testdev *td, struct paging *p,
			bool (*fn)(struct testdev *td, struct paging *p))
{
	struct iommu_domain *domain = NULL;
	bool ok = true;
	int ret;

	p->limit = p->limit ? p->limit : ~0ULL;
	ret = iommu_set_page_fault_handler(td->dev, bring_page, p);
	if (ret) {
		ktap_diag("no handler (%d)", ret);
		return false;
	}
	if (p->pasid != IOMMU_NO_PASID) {
		domain = td_attach_pasid(td, p->pasid);
		ok = domain;
	}
	ok = ok && fn(td, p);
	ok = !iommu_set_page_fault_handler(td->dev, NULL, NULL) && ok;
	if (ok && to_pci_dev(td->dev)->pri_enabled) {
		ktap_diag("page requests are left on");
		ok = false;
	}
	free_paging(p);
	td_detach_pasid(td, domain, p->pasid);
	writel(0, td->base + TD_ATS_CTRL);
	return ok;
}

static bool page_by_page(struct testdev *td, struct paging *p)
{
	return run_paging(td, p, 8, 1);
}

static bool group_by_group(struct testdev *td, struct paging *p)
{
	return run_paging(td, p, 13, 4);
}

bool td_test_paging(struct testdev *td)
{
	struct paging p = { .pasid = IOMMU_NO_PASID };

	return with_paging(td, &p, page_by_page);
}

bool td_test_paging_group(struct testdev *td)
{
	struct paging p = { .pasid = IOMMU_NO_PASID };

	return with_paging(td, &p, group_by_group);
}

bool td_test_paging_pasid(struct testdev *td)
{
	struct paging p = { .pasid = PASID_A };

	return with_paging(td, &p, group_by_group);
}

/* What is there before is written, and the rest is told to be invalid. */
static bool one_page_and_a_denied_one(struct testdev *td, struct paging *p)
{
	const size_t page = td_page_size(iommu_get_domain(td->dev));
	struct td_desc desc = td_job(TD_OP_WRITE, FREE_IOVA, 2 * page,
				     p->pasid);

	desc.flags |= TD_FLAG_PAGES;
	if (!td_run_expect(td, &desc, TD_PAGE_INVALID))
		return false;
	if (desc.done == page && p->asked == 2 && p->denied == 1 && !p->wrong)
		return true;
	ktap_diag("%#llx bytes are written, %u pages asked for", desc.done,
		  p->asked);
	return false;
}

bool td_test_paging_denied(struct testdev *td)
{
	const size_t page = td_page_size(iommu_get_domain(td->dev));
	struct paging p = {
		.pasid = IOMMU_NO_PASID, .limit = FREE_IOVA + page,
	};

	return with_paging(td, &p, one_page_and_a_denied_one);
}

bool td_test_paging_no_handler(struct testdev *td)
{
	struct td_desc desc = td_job(TD_OP_WRITE, FREE_IOVA, 64,
				     IOMMU_NO_PASID);

	desc.flags |= TD_FLAG_PAGES;
	return td_run_expect(td, &desc, TD_NO_RIGHTS);
}

/* An unmapped page that the cache held is asked for again. */
static bool twice(struct testdev *td, struct paging *p)
{
	const size_t page = td_page_size(iommu_get_domain(td->dev));
	struct iommu_domain *domain = iommu_get_domain_pasid(td->dev,
							     p->pasid);
	struct td_desc desc = td_job(TD_OP_WRITE, FREE_IOVA, page, p->pasid);

	desc.flags |= TD_FLAG_PAGES;
	return td_run_expect(td, &desc, TD_OK) &&
	       iommu_unmap(domain, FREE_IOVA, page) == page &&
	       td_run_expect(td, &desc, TD_OK) && p->asked == 2;
}

bool td_test_paging_again(struct testdev *td)
{
	struct paging p = { .pasid = PASID_A };

	return with_paging(td, &p, twice);
}

/* The device gives its PASID up, with a marker that nobody answers. */
static bool stop_pasid(struct testdev *td, struct paging *p)
{
	struct td_desc stop = td_job(TD_OP_PASID_STOP, 0, 0, p->pasid);

	stop.flags |= TD_FLAG_MARKER;
	return run_paging(td, p, 3, 1) && td_run_expect(td, &stop, TD_OK) &&
	       !readl(td->base + TD_PAGES_OUTSTANDING);
}

bool td_test_pasid_stop(struct testdev *td)
{
	struct paging p = { .pasid = PASID_B };

	return with_paging(td, &p, stop_pasid);
}

/* More of them than the IOMMU may have room for, and then pages again. */
static bool many_markers(struct testdev *td, struct paging *p)
{
	struct td_desc stops[TD_RING_SIZE - 1];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(stops); i++) {
		stops[i] = td_job(TD_OP_PASID_STOP, 0, 0, p->pasid);
		stops[i].flags |= TD_FLAG_MARKER;
	}
	if (td_run(td, stops, ARRAY_SIZE(stops)))
		return false;
	for (i = 0; i < ARRAY_SIZE(stops); i++)
		if (!td_expect_status(&stops[i], TD_OK))
			return false;
	return run_paging(td, p, 3, 1);
}

bool td_test_markers(struct testdev *td)
{
	struct paging p = { .pasid = PASID_B };

	return with_paging(td, &p, many_markers);
}
