// SPDX-License-Identifier: MIT
/*
 * atstest: a function that keeps translations, has address spaces by PASID and
 * asks for pages (docs/pcie.md, "ATS, PASID and PRI").
 */

#include "testdev-dma-test.h"

#include <pci-ats.h>
#include <shell.h>

#define TD_ATS_CTRL		0x044
#define TD_ATS_CTRL_FLUSH	0x2u
#define TD_ATS_CTRL_NO_COMPLETION 0x4u
#define TD_ATS_CTRL_GROUP(n)	((n) << 8)
#define TD_ATC_USED		0x04c
#define TD_PAGES_OUTSTANDING	0x050

#define PASID_A		5u
#define PASID_B		9u
#define RW		(IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE)
#define MANY		32u
#define MAX_PAGES	16u

static struct td_desc job(u32 op, u64 addr, u64 length, u32 pasid)
{
	struct td_desc desc = {
		.flags = op, .src = addr, .length = length,
	};

	if (op == TD_OP_WRITE) {
		desc.src = 0;
		desc.dst = addr;
	}
	if (pasid != IOMMU_NO_PASID) {
		desc.flags |= TD_FLAG_SSV;
		desc.substream = pasid;
	}
	return desc;
}

static bool run_job(struct testdev *td, struct td_desc desc, u32 status)
{
	return td_run_expect(td, &desc, status);
}

static bool check_page(struct testdev *td, u64 addr, u32 seed, u32 pasid,
		       u32 status)
{
	struct td_desc desc = job(TD_OP_CHECK, addr, PAGE_SIZE, pasid);

	desc.seed = seed;
	return td_run_expect(td, &desc, status);
}

static u32 atc_used(const struct testdev *td)
{
	return readl(td->base + TD_ATC_USED);
}

static void atc_flush(const struct testdev *td)
{
	writel(TD_ATS_CTRL_FLUSH, td->base + TD_ATS_CTRL);
}

/* A page of a pattern. */
static void *pattern_page(size_t size, u32 *seed)
{
	struct td_desc unused;

	return td_page(size, seed, 0, &unused);
}

/* ---- translations that are kept */

static bool test_translate(struct testdev *td)
{
	struct iommu_domain *domain = iommu_get_domain(td->dev);
	const size_t page = td_page_size(domain);
	struct td_desc desc = job(TD_OP_TRANSLATE, FREE_IOVA, 0,
				  IOMMU_NO_PASID);
	u32 seed;
	void *mem = pattern_page(page, &seed);
	bool ok;

	if (!mem)
		return false;
	ok = !iommu_map(domain, FREE_IOVA, virt_to_phys(mem), page,
			IOMMU_READ | IOMMU_CACHE) &&
	     td_run_expect(td, &desc, TD_OK);
	if (ok && ((desc.result & ~0xfffULL) != virt_to_phys(mem) ||
		   (desc.result & (TD_RESULT_R | TD_RESULT_W)) != TD_RESULT_R ||
		   desc.done != page)) {
		ktap_diag("the answer is %#llx, %#llx bytes", desc.result,
			  desc.done);
		ok = false;
	}
	/* And the address that it has got passes without another. */
	desc = job(TD_OP_CHECK, desc.result & ~0xfffULL, page, IOMMU_NO_PASID);
	desc.flags |= TD_TYPE_TRANSLATED;
	desc.seed = seed;
	ok = ok && td_run_expect(td, &desc, TD_OK);
	iommu_unmap(domain, FREE_IOVA, page);
	free_pages_exact(mem, page);
	return ok;
}

/* What the cache holds leads to the data, until it is unmapped. */
static bool test_atc_unmap(struct testdev *td)
{
	struct iommu_domain *domain = iommu_get_domain(td->dev);
	const size_t page = td_page_size(domain);
	u32 seed[2];
	void *mem[2];
	bool ok;

	mem[0] = pattern_page(page, &seed[0]);
	mem[1] = pattern_page(page, &seed[1]);
	if (!mem[0] || !mem[1])
		return false;
	atc_flush(td);
	ok = !iommu_map(domain, FREE_IOVA, virt_to_phys(mem[0]), page, RW) &&
	     check_page(td, FREE_IOVA, seed[0], IOMMU_NO_PASID, TD_OK);
	if (ok && !atc_used(td)) {
		ktap_diag("nothing is kept");
		ok = false;
	}
	ok = iommu_unmap(domain, FREE_IOVA, page) == page && ok;
	if (ok && atc_used(td)) {
		ktap_diag("%u translations are left", atc_used(td));
		ok = false;
	}
	ok = ok && check_page(td, FREE_IOVA, seed[0], IOMMU_NO_PASID,
			      TD_NO_RIGHTS) &&
	     !iommu_map(domain, FREE_IOVA, virt_to_phys(mem[1]), page, RW) &&
	     check_page(td, FREE_IOVA, seed[1], IOMMU_NO_PASID, TD_OK);
	iommu_unmap(domain, FREE_IOVA, page);
	free_pages_exact(mem[0], page);
	free_pages_exact(mem[1], page);
	return ok;
}

/* Some of many, of no size that an invalidation has: they go, the rest is. */
static bool test_atc_range(struct testdev *td)
{
	struct iommu_domain *domain = iommu_get_domain(td->dev);
	const size_t page = td_page_size(domain);
	const unsigned int first = 3, end = 16;
	u32 seed;
	void *mem = pattern_page(page, &seed);
	unsigned int i;
	bool ok = mem;

	for (i = 0; i < MANY && ok; i++)
		ok = !iommu_map(domain, FREE_IOVA + i * page,
				virt_to_phys(mem), page, RW) &&
		     check_page(td, FREE_IOVA + i * page, seed,
				IOMMU_NO_PASID, TD_OK);
	ok = ok && iommu_unmap(domain, FREE_IOVA + first * page,
			       (end - first) * page) == (end - first) * page;
	for (i = 0; i < MANY && ok; i++) {
		ok = check_page(td, FREE_IOVA + i * page, seed, IOMMU_NO_PASID,
				i >= first && i < end ? TD_NO_RIGHTS : TD_OK);
		if (!ok)
			ktap_diag("page %u", i);
	}
	for (i = 0; i < MANY; i++)
		iommu_unmap(domain, FREE_IOVA + i * page, page);
	if (mem)
		free_pages_exact(mem, page);
	return ok;
}

/* Where nothing is translated nothing is kept. */
static bool test_off_and_on(struct testdev *td)
{
	struct pci_dev *pdev = to_pci_dev(td->dev);
	phys_addr_t ring = iommu_iova_to_phys(iommu_get_domain(td->dev),
					      td->ring_dma);
	struct iommu_domain *identity =
		iommu_domain_alloc(td->dev, IOMMU_DOMAIN_IDENTITY);
	u32 seed;
	void *mem = pattern_page(PAGE_SIZE, &seed);
	bool ok;

	if (!mem || IS_ERR(identity))
		return false;
	td_stop(td);
	ok = !td_attach(td, identity) && !pdev->ats_enabled && !atc_used(td);
	td_start(td, ok ? ring : td->ring_dma);
	ok = ok && check_page(td, virt_to_phys(mem), seed, IOMMU_NO_PASID,
			      TD_OK);
	td_stop(td);
	ok = !td_detach(td, identity) && pdev->ats_enabled && ok;
	td_start(td, td->ring_dma);
	iommu_domain_free(identity);
	free_pages_exact(mem, PAGE_SIZE);
	return ok;
}

/* ---- PASIDs */

/* An address space for a PASID; what it maps is known behind the attachment. */
static struct iommu_domain *attach_new(struct testdev *td, u32 pasid)
{
	struct iommu_domain *domain =
		iommu_domain_alloc(td->dev, IOMMU_DOMAIN_UNMANAGED);
	int ret;

	if (IS_ERR(domain))
		return NULL;
	ret = iommu_attach_device_pasid(domain, td->dev, pasid);
	if (!ret)
		return domain;
	ktap_diag("PASID %u is not attached (%d)", pasid, ret);
	iommu_domain_free(domain);
	return NULL;
}

static void detach_free(struct testdev *td, struct iommu_domain *domain,
			u32 pasid)
{
	if (!domain)
		return;
	iommu_detach_device_pasid(domain, td->dev, pasid);
	iommu_domain_free(domain);
}

static bool run_isolation(struct testdev *td, struct iommu_domain *a,
			  struct iommu_domain *b, void *const *mem,
			  const u32 *seed)
{
	const size_t page = td_page_size(a);
	const u64 alone = FREE_IOVA + page;

	return !iommu_map(a, FREE_IOVA, virt_to_phys(mem[0]), page, RW) &&
	       !iommu_map(b, FREE_IOVA, virt_to_phys(mem[1]), page, RW) &&
	       !iommu_map(a, alone, virt_to_phys(mem[1]), page, RW) &&
	       check_page(td, FREE_IOVA, seed[0], PASID_A, TD_OK) &&
	       check_page(td, FREE_IOVA, seed[1], PASID_B, TD_OK) &&
	       check_page(td, FREE_IOVA, seed[0], PASID_A, TD_OK) &&
	       check_page(td, alone, seed[1], PASID_A, TD_OK) &&
	       check_page(td, alone, seed[1], PASID_B, TD_NO_RIGHTS) &&
	       check_page(td, FREE_IOVA, seed[0], IOMMU_NO_PASID,
			  TD_NO_RIGHTS) &&
	       /* One that goes leaves that of the other alone. */
	       iommu_unmap(a, FREE_IOVA, page) == page &&
	       check_page(td, FREE_IOVA, seed[0], PASID_A, TD_NO_RIGHTS) &&
	       check_page(td, FREE_IOVA, seed[1], PASID_B, TD_OK);
}

static bool test_two_pasids(struct testdev *td)
{
	const size_t page = td_page_size(iommu_get_domain(td->dev));
	struct iommu_domain *a, *b;
	u32 seed[2];
	void *mem[2];
	bool ok;

	mem[0] = pattern_page(page, &seed[0]);
	mem[1] = pattern_page(page, &seed[1]);
	if (!mem[0] || !mem[1])
		return false;
	a = attach_new(td, PASID_A);
	b = attach_new(td, PASID_B);
	ok = a && b && run_isolation(td, a, b, mem, seed);
	detach_free(td, a, PASID_A);
	/* It is refused, and the other one is not. */
	ok = ok && check_page(td, FREE_IOVA + page, seed[1], PASID_A,
			      TD_TRANSLATION_ERROR) &&
	     check_page(td, FREE_IOVA, seed[1], PASID_B, TD_OK);
	detach_free(td, b, PASID_B);
	free_pages_exact(mem[0], page);
	free_pages_exact(mem[1], page);
	return ok;
}

/* ---- page requests */

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
	struct td_desc write = job(TD_OP_WRITE, FREE_IOVA, n * page, p->pasid);
	struct td_desc check = job(TD_OP_CHECK, FREE_IOVA, n * page, p->pasid);

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
		domain = attach_new(td, p->pasid);
		ok = domain;
	}
	ok = ok && fn(td, p);
	ok = !iommu_set_page_fault_handler(td->dev, NULL, NULL) && ok;
	if (ok && to_pci_dev(td->dev)->pri_enabled) {
		ktap_diag("page requests are left on");
		ok = false;
	}
	free_paging(p);
	detach_free(td, domain, p->pasid);
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

static bool test_paging(struct testdev *td)
{
	struct paging p = { .pasid = IOMMU_NO_PASID };

	return with_paging(td, &p, page_by_page);
}

static bool test_paging_group(struct testdev *td)
{
	struct paging p = { .pasid = IOMMU_NO_PASID };

	return with_paging(td, &p, group_by_group);
}

static bool test_paging_pasid(struct testdev *td)
{
	struct paging p = { .pasid = PASID_A };

	return with_paging(td, &p, group_by_group);
}

/* What is there before is written, and the rest is told to be invalid. */
static bool one_page_and_a_denied_one(struct testdev *td, struct paging *p)
{
	const size_t page = td_page_size(iommu_get_domain(td->dev));
	struct td_desc desc = job(TD_OP_WRITE, FREE_IOVA, 2 * page, p->pasid);

	desc.flags |= TD_FLAG_PAGES;
	if (!td_run_expect(td, &desc, TD_PAGE_INVALID))
		return false;
	if (desc.done == page && p->asked == 2 && p->denied == 1 && !p->wrong)
		return true;
	ktap_diag("%#llx bytes are written, %u pages asked for", desc.done,
		  p->asked);
	return false;
}

static bool test_denied(struct testdev *td)
{
	const size_t page = td_page_size(iommu_get_domain(td->dev));
	struct paging p = {
		.pasid = IOMMU_NO_PASID, .limit = FREE_IOVA + page,
	};

	return with_paging(td, &p, one_page_and_a_denied_one);
}

/* The device is held to answer what it never does, and all else goes on. */
static bool test_no_completion(struct testdev *td)
{
	struct iommu_domain *domain = iommu_get_domain(td->dev);
	const size_t page = td_page_size(domain);
	u32 seed;
	void *mem = pattern_page(page, &seed);
	bool ok;

	if (!mem)
		return false;
	ok = !iommu_map(domain, FREE_IOVA, virt_to_phys(mem), page, RW) &&
	     check_page(td, FREE_IOVA, seed, IOMMU_NO_PASID, TD_OK);
	writel(TD_ATS_CTRL_NO_COMPLETION, td->base + TD_ATS_CTRL);
	ok = iommu_unmap(domain, FREE_IOVA, page) == page && ok;
	writel(0, td->base + TD_ATS_CTRL);
	ok = ok && check_page(td, FREE_IOVA, seed, IOMMU_NO_PASID,
			      TD_NO_RIGHTS) &&
	     !iommu_map(domain, FREE_IOVA, virt_to_phys(mem), page, RW) &&
	     check_page(td, FREE_IOVA, seed, IOMMU_NO_PASID, TD_OK);
	iommu_unmap(domain, FREE_IOVA, page);
	free_pages_exact(mem, page);
	return ok;
}

static bool no_handler(struct testdev *td)
{
	struct td_desc desc = job(TD_OP_WRITE, FREE_IOVA, 64, IOMMU_NO_PASID);

	desc.flags |= TD_FLAG_PAGES;
	return td_run_expect(td, &desc, TD_NO_RIGHTS);
}

/* An unmapped page that the cache held is asked for again. */
static bool twice(struct testdev *td, struct paging *p)
{
	const size_t page = td_page_size(iommu_get_domain(td->dev));
	struct iommu_domain *domain = iommu_get_domain_pasid(td->dev,
							     p->pasid);
	struct td_desc desc = job(TD_OP_WRITE, FREE_IOVA, page, p->pasid);

	desc.flags |= TD_FLAG_PAGES;
	return run_job(td, desc, TD_OK) &&
	       iommu_unmap(domain, FREE_IOVA, page) == page &&
	       run_job(td, desc, TD_OK) && p->asked == 2;
}

static bool test_paging_again(struct testdev *td)
{
	struct paging p = { .pasid = PASID_A };

	return with_paging(td, &p, twice);
}

/* The device gives its PASID up, with a marker that nobody answers. */
static bool stop_pasid(struct testdev *td, struct paging *p)
{
	struct td_desc stop = job(TD_OP_PASID_STOP, 0, 0, p->pasid);

	stop.flags |= TD_FLAG_MARKER;
	return run_paging(td, p, 3, 1) && td_run_expect(td, &stop, TD_OK) &&
	       !readl(td->base + TD_PAGES_OUTSTANDING);
}

static bool test_stop(struct testdev *td)
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
		stops[i] = job(TD_OP_PASID_STOP, 0, 0, p->pasid);
		stops[i].flags |= TD_FLAG_MARKER;
	}
	if (td_run(td, stops, ARRAY_SIZE(stops)))
		return false;
	for (i = 0; i < ARRAY_SIZE(stops); i++)
		if (!td_expect_status(&stops[i], TD_OK))
			return false;
	return run_paging(td, p, 3, 1);
}

static bool test_markers(struct testdev *td)
{
	struct paging p = { .pasid = PASID_B };

	return with_paging(td, &p, many_markers);
}

/* ---- the command */

/* An extra test breaks rules, which a model may hold against the guest. */
enum { NEEDS_PASID = 1, NEEDS_PRI = 2, IS_EXTRA = 4 };

static const struct {
	const char *name;
	bool (*run)(struct testdev *td);
	unsigned int needs;
} tests[] = {
	{ "a translation leads to the page, with its rights", test_translate },
	{ "an unmapped page is not kept", test_atc_unmap },
	{ "unmapped pages go out of many, and no others do", test_atc_range },
	{ "where nothing is translated nothing is kept", test_off_and_on },
	{ "two PASIDs do not see each other's pages", test_two_pasids,
	  NEEDS_PASID },
	{ "pages come as they are asked for", test_paging, NEEDS_PRI },
	{ "pages come in groups", test_paging_group, NEEDS_PRI },
	{ "pages come into the address space of a PASID", test_paging_pasid,
	  NEEDS_PRI | NEEDS_PASID },
	{ "a page that is unmapped while it is kept is asked for again",
	  test_paging_again, NEEDS_PRI | NEEDS_PASID },
	{ "a page that is denied is invalid", test_denied, NEEDS_PRI },
	{ "a PASID is stopped by a marker", test_stop,
	  NEEDS_PRI | NEEDS_PASID },
	{ "markers do not keep pages away", test_markers,
	  NEEDS_PRI | NEEDS_PASID },
	{ "without a handler no page is asked for", no_handler,
	  NEEDS_PRI | IS_EXTRA },
	{ "an invalidation that is never completed ends", test_no_completion,
	  IS_EXTRA },
};

static const char *why_not(const struct testdev *td, unsigned int needs)
{
	const struct pci_dev *pdev = to_pci_dev(td->dev);
	const struct iommu_fwspec *fwspec = td->dev->iommu;

	if (!pdev->host->ats_supported)
		return "its host is not ats-supported";
	if (!fwspec)
		return "it is behind no IOMMU";
	if (!pdev->ats_enabled)
		return "its IOMMU knows no ATS";
	if (needs & NEEDS_PASID && !pdev->pasid_cap)
		return "it has no PASIDs";
	if (needs & NEEDS_PASID && fwspec->max_pasids <= PASID_B)
		return "it has too few PASIDs with its IOMMU";
	if (needs & NEEDS_PRI && !pdev->pri_cap)
		return "it cannot ask for pages";
	if (needs & NEEDS_PRI && !fwspec->can_request)
		return "its IOMMU takes no page requests";
	return NULL;
}

static void run_tests(struct testdev *td, bool all)
{
	unsigned int i, planned = 0;

	shell_printf("# function %s\n", dev_name(td->dev));
	for (i = 0; i < ARRAY_SIZE(tests); i++)
		planned += all || !(tests[i].needs & IS_EXTRA);
	ktap_plan(planned);
	td->via_atc = true;
	for (i = 0; i < ARRAY_SIZE(tests) && !shell_interrupted(); i++) {
		const char *why = why_not(td, tests[i].needs);

		if (!all && tests[i].needs & IS_EXTRA)
			continue;
		if (why)
			ktap_skip(why, "%s", tests[i].name);
		else
			ktap_ok(tests[i].run(td), "%s", tests[i].name);
	}
	td->via_atc = false;
}

static bool has_ats(const struct testdev *td)
{
	return dev_is_pci(td->dev) && to_pci_dev(td->dev)->ats_cap;
}

int td_atstest(int argc, char **argv)
{
	bool all = argc > 1 && !strcmp(argv[1], "--all"), any = false;
	const char *name = argc > 1 + all ? argv[1 + all] : NULL;
	unsigned int before = ktap_failures();
	struct testdev *td;

	if (argc > 2 + all) {
		shell_printf("usage: atstest [--all] [FUNCTION]\n");
		return -EINVAL;
	}
	for (td = td_next(NULL); td && !shell_interrupted(); td = td_next(td))
		if (has_ats(td) && (!name || !strcmp(name, dev_name(td->dev)))) {
			run_tests(td, all);
			any = true;
		}
	if (!any && name) {
		shell_printf("atstest: %s is no testdev with ATS\n", name);
		return -ENODEV;
	}
	if (!any) {
		ktap_plan(1);
		ktap_skip("no testdev has ATS", "translations that devices keep");
	}
	if (shell_interrupted())
		return -EINTR;
	return ktap_failures() == before ? 0 : -EIO;
}

bool td_ats_enabled(const struct testdev *td)
{
	return dev_is_pci(td->dev) && to_pci_dev(td->dev)->ats_enabled;
}
