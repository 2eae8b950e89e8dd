// SPDX-License-Identifier: MIT
/*
 * atstest: a function that keeps translations, has address spaces by PASID and
 * asks for pages (docs/pcie.md, "ATS, PASID and PRI").
 */

#include "testdev-dma-ats.h"

#include <pci-ats.h>
#include <shell.h>

#define TD_ATS_CTRL_FLUSH	0x2u
#define TD_ATS_CTRL_NO_COMPLETION 0x4u
#define TD_ATC_USED		0x04c

#define MANY		32u

struct td_desc td_job(u32 op, u64 addr, u64 length, u32 pasid)
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

static bool check_page(struct testdev *td, u64 addr, u32 seed, u32 pasid,
		       u32 status)
{
	struct td_desc desc = td_job(TD_OP_CHECK, addr, PAGE_SIZE, pasid);

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
	struct td_desc desc = td_job(TD_OP_TRANSLATE, FREE_IOVA, 0,
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
	desc = td_job(TD_OP_CHECK, desc.result & ~0xfffULL, page,
		      IOMMU_NO_PASID);
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

/* ---- PASIDs */

/* An address space for a PASID; what it maps is known behind the attachment. */
struct iommu_domain *td_attach_pasid(struct testdev *td, u32 pasid)
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

void td_detach_pasid(struct testdev *td, struct iommu_domain *domain, u32 pasid)
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
	a = td_attach_pasid(td, PASID_A);
	b = td_attach_pasid(td, PASID_B);
	ok = a && b && run_isolation(td, a, b, mem, seed);
	td_detach_pasid(td, a, PASID_A);
	/* It is refused, and the other one is not. */
	ok = ok && check_page(td, FREE_IOVA + page, seed[1], PASID_A,
			      TD_TRANSLATION_ERROR) &&
	     check_page(td, FREE_IOVA, seed[1], PASID_B, TD_OK);
	td_detach_pasid(td, b, PASID_B);
	free_pages_exact(mem[0], page);
	free_pages_exact(mem[1], page);
	return ok;
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
	{ "pages come as they are asked for", td_test_paging, NEEDS_PRI },
	{ "pages come in groups", td_test_paging_group, NEEDS_PRI },
	{ "pages come into the address space of a PASID", td_test_paging_pasid,
	  NEEDS_PRI | NEEDS_PASID },
	{ "a page that is unmapped while it is kept is asked for again",
	  td_test_paging_again, NEEDS_PRI | NEEDS_PASID },
	{ "a page that is denied is invalid", td_test_paging_denied,
	  NEEDS_PRI },
	{ "a PASID is stopped by a marker", td_test_pasid_stop,
	  NEEDS_PRI | NEEDS_PASID },
	{ "markers do not keep pages away", td_test_markers,
	  NEEDS_PRI | NEEDS_PASID },
	{ "without a handler no page is asked for", td_test_paging_no_handler,
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
