// SPDX-License-Identifier: MIT
/*
 * dmatest: stage 1 of somebody else's upon stage 2 of ours, as a virtual machine
 * and its hypervisor have it. The tables are built here, by Arm DDI 0487 D8.3
 * and IHI 0070 5.2 and 5.4.
 */

#include "testdev-dma-test.h"

#include <arm-smmu-v3-nested.h>

#define RW	(IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE)

/* Where the owner sees its memory, a page each. */
#define IPA	0x20000000UL
enum {
	P_CD, P_LEVEL2, P_LEVEL3, P_OTHER2, P_OTHER3, P_RING, P_ONE, P_TWO,
	P_NUM
};

#define IPA_OF(p) (IPA + (p) * PAGE_SIZE)

/* What the device sees: 25 bits, so that level 2 is the first one. */
#define VA_RING	0x1000UL
#define VA_DATA	0x2000UL
#define VA_HOLE	0x3000UL

#define TABLE	3ULL
/* nG, AF, SH, EL0: of the ASID. */
#define PAGE	(3ULL | 1 << 11 | 1 << 10 | 3 << 8 | 1 << 6)

/* T0SZ 39, Write-Back walks, EPD1, IPS 48 bits, AA64, R, A, ASET, ASID 1, V. */
#define CD_0	(39ULL | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 30 | 1ULL << 31 | \
		 5ULL << 32 | 1ULL << 41 | 1ULL << 45 | 1ULL << 46 | \
		 1ULL << 47 | 1ULL << 48)
#define CD_0_S	(1ULL << 44)
/* V, Config 0b101; S1CIR and S1COR Write-Back, S1CSH Inner Shareable. */
#define STE_0	(1ULL | 5 << 1)
#define STE_1	(1ULL << 2 | 1 << 4 | 3 << 6)

#define CMD_TLBI_NH_VA	0x12ULL
#define CMD_TLBI_NH_ASID 0x11ULL
#define CMD_CFGI_CD	0x05ULL

struct nest {
	struct testdev *td;
	struct iommu_domain *parent, *nested;
	u64 *pages[P_NUM];
	struct td_desc one, two;
};

static void fill_tables(struct nest *n, unsigned int level2,
			unsigned int level3, unsigned int data)
{
	n->pages[level2][0] = IPA_OF(level3) | TABLE;
	n->pages[level3][VA_RING / PAGE_SIZE] = IPA_OF(P_RING) | PAGE;
	n->pages[level3][VA_DATA / PAGE_SIZE] = IPA_OF(data) | PAGE;
}

static bool build(struct nest *n)
{
	phys_addr_t ring =
		iommu_iova_to_phys(iommu_get_domain(n->td->dev),
				   n->td->ring_dma) & ~(PAGE_SIZE - 1);
	unsigned int i;
	u32 seed;

	n->parent = iommu_domain_alloc(n->td->dev, IOMMU_DOMAIN_NEST_PARENT);
	if (IS_ERR(n->parent))
		return false;
	for (i = 0; i < P_NUM; i++) {
		if (i == P_ONE)
			n->pages[i] = td_page(&seed, VA_DATA, &n->one);
		else if (i == P_TWO)
			n->pages[i] = td_page(&seed, VA_DATA, &n->two);
		else if (i != P_RING)
			n->pages[i] = (u64 *)get_zeroed_page(GFP_KERNEL);
		if (i != P_RING && !n->pages[i])
			return false;
		if (iommu_map(n->parent, IPA_OF(i), i == P_RING ? ring :
			      virt_to_phys(n->pages[i]), PAGE_SIZE, RW))
			return false;
	}
	n->pages[P_CD][0] = CD_0;
	if (td_always_stalls(n->td))
		n->pages[P_CD][0] |= CD_0_S;
	n->pages[P_CD][1] = IPA_OF(P_LEVEL2);
	n->pages[P_CD][3] = 0xff;
	fill_tables(n, P_LEVEL2, P_LEVEL3, P_ONE);
	fill_tables(n, P_OTHER2, P_OTHER3, P_TWO);
	return true;
}

static void destroy(struct nest *n)
{
	unsigned int i;

	if (!IS_ERR_OR_NULL(n->nested))
		iommu_domain_free(n->nested);
	if (!IS_ERR_OR_NULL(n->parent)) {
		for (i = 0; i < P_NUM; i++)
			iommu_unmap(n->parent, IPA_OF(i), PAGE_SIZE);
		iommu_domain_free(n->parent);
	}
	for (i = 0; i < P_NUM; i++)
		if (n->pages[i])
			free_page((unsigned long)n->pages[i]);
}

static bool refuses(struct nest *n, u64 ste0, u64 ste1)
{
	const struct arm_smmu_nested_config bad = { { ste0, ste1 } };
	struct iommu_domain *d;

	d = iommu_domain_alloc_nested(n->td->dev, n->parent, &bad,
				      sizeof(bad));
	if (PTR_ERR(d) == -EINVAL)
		return true;
	ktap_diag("%#llx %#llx is taken", ste0, ste1);
	if (!IS_ERR(d))
		iommu_domain_free(d);
	return false;
}

/* What would reach beyond the owner's own is refused. */
static bool test_config(struct nest *n)
{
	const u64 cd = IPA_OF(P_CD);

	return refuses(n, STE_0 | cd | 2 << 1, STE_1) &&
	       refuses(n, STE_0 | cd, STE_1 | 1ULL << 28) &&
	       refuses(n, STE_0 | cd | 31ULL << 59, STE_1) &&
	       refuses(n, STE_0 | 0xffULL << 48, STE_1) &&
	       PTR_ERR(iommu_domain_alloc_nested(n->td->dev, n->parent, &cd,
						 sizeof(cd))) == -EINVAL;
}

static bool invalidate(struct nest *n, u64 dword0, u64 dword1)
{
	const u64 cmd[] = { dword0, dword1 };

	return !iommu_invalidate_nested(n->nested, cmd, 1);
}

/* The owner changes its table and says so; then its hypervisor does. */
static bool test_changes(struct nest *n)
{
	u64 *leaf = &n->pages[P_LEVEL3][VA_DATA / PAGE_SIZE];
	struct td_desc again = n->one;
	const u64 cfgi_ste[] = { 0x03, 0 };

	WRITE_ONCE(*leaf, IPA_OF(P_TWO) | PAGE);
	if (!invalidate(n, CMD_TLBI_NH_VA | 1ULL << 48 | 0xffffULL << 32,
			VA_DATA | 1) ||
	    !td_run_expect(n->td, &n->two, TD_OK))
		return false;
	if (iommu_invalidate_nested(n->nested, cfgi_ste, 1) != -EINVAL) {
		ktap_diag("a command for STEs is taken");
		return false;
	}
	/* Where the second page was, the first is now. */
	return iommu_unmap(n->parent, IPA_OF(P_TWO), PAGE_SIZE) == PAGE_SIZE &&
	       !iommu_map(n->parent, IPA_OF(P_TWO),
			  virt_to_phys(n->pages[P_ONE]), PAGE_SIZE, RW) &&
	       td_run_expect(n->td, &again, TD_OK);
}

static bool test_faults(struct nest *n)
{
	struct td_desc hole = n->one, gone = n->one;
	struct iommu_fault *f = &n->td->fault;

	hole.src = VA_HOLE;
	if (!td_run_expect_fault(n->td, &hole, IOMMU_FAULT_TRANSLATION))
		return false;
	if (f->stage2) {
		ktap_diag("a hole of stage 1 is told as one of stage 2");
		return false;
	}
	iommu_unmap(n->parent, IPA_OF(P_TWO), PAGE_SIZE);
	if (!td_run_expect_fault(n->td, &gone, IOMMU_FAULT_TRANSLATION))
		return false;
	if (f->stage2 && f->ipa == IPA_OF(P_TWO))
		return true;
	ktap_diag("stage %d, ipa %#llx", f->stage2 ? 2 : 1, f->ipa);
	return false;
}

/* A CD that leads to other tables does so when its owner says so. */
static bool turn_cd(struct nest *n, unsigned int level2,
		    const struct td_desc *check)
{
	struct td_desc desc = *check;

	WRITE_ONCE(n->pages[P_CD][1], IPA_OF(level2));
	return invalidate(n, CMD_CFGI_CD, 1) &&
	       invalidate(n, CMD_TLBI_NH_ASID | 1ULL << 48, 0) &&
	       td_run_expect(n->td, &desc, TD_OK);
}

static bool test_cd(struct nest *n)
{
	return turn_cd(n, P_OTHER2, &n->two) && turn_cd(n, P_LEVEL2, &n->one);
}

static bool run_nested(struct nest *n)
{
	const struct arm_smmu_nested_config config = {
		{ STE_0 | IPA_OF(P_CD), STE_1 },
	};
	u64 ring = VA_RING + (n->td->ring_dma & (PAGE_SIZE - 1));
	bool ok;

	n->nested = iommu_domain_alloc_nested(n->td->dev, n->parent, &config,
					      sizeof(config));
	if (IS_ERR(n->nested)) {
		ktap_diag("no nested domain (%ld)", PTR_ERR(n->nested));
		return false;
	}
	td_stop(n->td);
	ok = !iommu_attach_device(n->nested, n->td->dev);
	td_start(n->td, ok ? ring : n->td->ring_dma);
	if (!ok) {
		ktap_diag("not attached");
		return false;
	}
	ok = td_run_expect(n->td, &n->one, TD_OK) && test_cd(n) &&
	     test_changes(n) && test_faults(n);
	td_stop(n->td);
	if (iommu_detach_device(n->nested, n->td->dev)) {
		ktap_diag("not detached");
		ok = false;
	}
	td_start(n->td, n->td->ring_dma);
	return ok;
}

bool td_test_nested(const struct test_args *args)
{
	struct nest n = { .td = args->td };
	struct td_desc nop = { .flags = TD_OP_NOP };
	bool ok = build(&n) && test_config(&n) && run_nested(&n);

	destroy(&n);
	return td_run_expect(args->td, &nop, TD_OK) && ok;
}
