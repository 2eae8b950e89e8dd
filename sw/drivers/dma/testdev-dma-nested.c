// SPDX-License-Identifier: MIT
/*
 * dmatest: stage 1 of somebody else's upon stage 2 of ours, as a virtual machine
 * and its hypervisor have it. The tables are built here, by Arm DDI 0487 D8.3;
 * how an IOMMU is told of them is a file of its own for each kind of it.
 */

#include "testdev-dma-nested.h"

#include <of.h>

#define RW	(IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE)

/* What the device sees: 25 bits, so that level 2 is the first one. */
#define VA_RING	0x1000UL
#define VA_DATA	0x2000UL
#define VA_HOLE	0x3000UL

#define TABLE	3ULL
/* nG, AF, SH, EL0: of the ASID. */
#define PAGE	(3ULL | 1 << 11 | 1 << 10 | 3 << 8 | 1 << 6)

bool td_iommu_is_smmuv3(const struct testdev *td)
{
	const struct device_node *np = td->dev->iommu->iommu->dev->of_node;

	return np && of_device_is_compatible(np, "arm,smmu-v3");
}

const char *td_by_kind(const struct testdev *td, const char *v3,
		       const char *v2)
{
	return td_iommu_is_smmuv3(td) ? v3 : v2;
}

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
			n->pages[i] = td_page(PAGE_SIZE, &seed, VA_DATA,
					      &n->one);
		else if (i == P_TWO)
			n->pages[i] = td_page(PAGE_SIZE, &seed, VA_DATA,
					      &n->two);
		else if (i != P_RING)
			n->pages[i] = (u64 *)get_zeroed_page(GFP_KERNEL);
		if (i != P_RING && !n->pages[i])
			return false;
		if (iommu_map(n->parent, IPA_OF(i), i == P_RING ? ring :
			      virt_to_phys(n->pages[i]), PAGE_SIZE, RW))
			return false;
	}
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

/* The owner changes its table and says so; then its hypervisor does. */
static bool test_changes(struct nest *n)
{
	u64 *leaf = &n->pages[P_LEVEL3][VA_DATA / PAGE_SIZE];
	struct td_desc again = n->one;

	/* Break before make. */
	WRITE_ONCE(*leaf, 0);
	if (!n->kind->forget(n, VA_DATA))
		return false;
	WRITE_ONCE(*leaf, IPA_OF(P_TWO) | PAGE);
	if (!td_run_expect(n->td, &n->two, TD_OK) ||
	    !n->kind->refuses_commands(n))
		return false;
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
	if (f->stage2 && f->ipa == (n->kind->tells_ipa(n) ? IPA_OF(P_TWO) : 0))
		return true;
	ktap_diag("stage %d, ipa %#llx", f->stage2 ? 2 : 1, f->ipa);
	return false;
}

/* The owner turns to other tables, and says so. */
static bool turn_to(struct nest *n, unsigned int level2,
		    const struct td_desc *check)
{
	struct td_desc desc = *check;

	return n->kind->turn(n, level2) && td_run_expect(n->td, &desc, TD_OK);
}

static bool test_turns(struct nest *n)
{
	return turn_to(n, P_OTHER2, &n->two) && turn_to(n, P_LEVEL2, &n->one);
}

static bool run_nested(struct nest *n)
{
	u64 ring = VA_RING + (n->td->ring_dma & (PAGE_SIZE - 1));
	bool ok;

	n->nested = n->kind->alloc(n);
	if (IS_ERR(n->nested)) {
		ktap_diag("no nested domain (%ld)", PTR_ERR(n->nested));
		return false;
	}
	td_stop(n->td);
	ok = !td_attach(n->td, n->nested);
	td_start(n->td, ok ? ring : n->td->ring_dma);
	if (!ok) {
		ktap_diag("not attached");
		return false;
	}
	ok = td_run_expect(n->td, &n->one, TD_OK) && test_turns(n) &&
	     test_changes(n) && test_faults(n);
	td_stop(n->td);
	if (td_detach(n->td, n->nested)) {
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
	bool ok;

	n.kind = td_iommu_is_smmuv3(args->td) ? &td_nest_smmuv3 :
						&td_nest_smmuv2;
	ok = build(&n) && n.kind->refuses_configs(&n) && run_nested(&n);

	destroy(&n);
	return td_run_expect(args->td, &nop, TD_OK) && ok;
}
