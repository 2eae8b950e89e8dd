// SPDX-License-Identifier: MIT
/* dmatest: domains of a driver's own, while the device works on. */

#include "testdev-dma-test.h"

#include <kthread.h>

#define PASID		5u
#define RW		(IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE)
/* Of 64 KiB each; a change of domains takes less than one of them. */
#define CHECKS		TD_RING_SIZE
#define MIN_TURNS	8
#define MAX_BATCHES	16

size_t td_page_size(const struct iommu_domain *domain)
{
	unsigned long sizes = domain->pgsize_bitmap;

	return max(sizes & -sizes, PAGE_SIZE);
}

/* The ring is reached through the device's domain, whichever it is. */
static bool map_ring(struct testdev *td, struct iommu_domain *domain)
{
	size_t page = td_page_size(domain);
	unsigned long iova = td->ring_dma & ~(page - 1);
	phys_addr_t phys = iommu_iova_to_phys(iommu_get_domain(td->dev), iova);

	return !iommu_map(domain, iova, phys, page, RW);
}

static void unmap_ring(struct testdev *td, struct iommu_domain *domain)
{
	size_t page = td_page_size(domain);

	iommu_unmap(domain, td->ring_dma & ~(page - 1), page);
}

bool td_own_domain(struct testdev *td, struct iommu_domain **domain,
		   enum iommu_domain_type type)
{
	*domain = iommu_domain_alloc(td->dev, type);
	if (IS_ERR(*domain)) {
		ktap_diag("no domain (%ld)", PTR_ERR(*domain));
		return false;
	}
	/* What it can map is known from the first attachment on; a parent's
	 * is known before.
	 */
	if (!(*domain)->pgsize_bitmap) {
		td_stop(td);
		if (td_attach(td, *domain) ||
		    td_detach(td, *domain)) {
			ktap_diag("not attached");
			iommu_domain_free(*domain);
			td_start(td, td->ring_dma);
			return false;
		}
		td_start(td, td->ring_dma);
	}
	if (map_ring(td, *domain) && !iommu_map_msi(*domain, td->dev))
		return true;
	ktap_diag("the ring, or what its messages go to, is not mapped");
	iommu_domain_free(*domain);
	return false;
}

bool td_leave_domain(struct testdev *td, struct iommu_domain *domain)
{
	bool ok = iommu_get_domain(td->dev) != domain ||
		  !td_detach(td, domain);

	if (!ok) {
		ktap_diag("not detached");
		return false;
	}
	unmap_ring(td, domain);
	iommu_domain_free(domain);
	return true;
}

/* A page of data; *desc checks it at iova. */
void *td_page(size_t size, u32 *seed, u64 iova, struct td_desc *desc)
{
	void *mem = alloc_pages_exact(size, GFP_KERNEL);

	*seed = td_next_seed();
	if (mem)
		td_fill(mem, size, *seed * TD_PATTERN);
	*desc = (struct td_desc){
		.flags = TD_OP_CHECK, .seed = *seed, .src = iova,
		.length = size,
	};
	return mem;
}

/* Whether there are domains of stage 2 beside those that the core makes. */
static bool has_parents(struct testdev *td)
{
	struct iommu_domain *domain =
		iommu_domain_alloc(td->dev, IOMMU_DOMAIN_NEST_PARENT);

	if (IS_ERR(domain))
		return false;
	iommu_domain_free(domain);
	return true;
}

static const char *one_stage(const struct testdev *td)
{
	return td_by_kind(td, "the IOMMU has not both stages (IDR0.S1P, S2P)",
			  "the IOMMU has no stage 1 upon stage 2 (IDR0.S1TS, S2TS, NTS, IDR1.NUMS2CB)");
}

const char *td_skip_stage2(struct testdev *td)
{
	if (has_parents(td))
		return NULL;
	return td_uses_stage2(td) ?
	       "all domains are of stage 2: the other tests have it" :
	       one_stage(td);
}

const char *td_skip_nested(struct testdev *td)
{
	if (!has_parents(td))
		return one_stage(td);
	if (iommu_get_domain(td->dev)->pgsize_bitmap & PAGE_SIZE)
		return NULL;
	return td_by_kind(td, "the owner's tables are of 4 KiB (IDR5.GRAN4K)",
			  "the owner's tables are of 4 KiB (IDR2.PTFSv8_4kB)");
}

/* Stage 2 alone: data, its end by unmapping, other data, and a fault. */
bool td_test_stage2(const struct test_args *args)
{
	struct testdev *td = args->td;
	const size_t page = td_page_size(iommu_get_domain(td->dev));
	struct iommu_domain *domain;
	struct td_desc first, second, fault;
	u32 seed;
	void *a, *b;
	bool ok;

	a = td_page(page, &seed, FREE_IOVA, &first);
	b = td_page(page, &seed, FREE_IOVA, &second);
	if (!a || !b || !td_own_domain(td, &domain, IOMMU_DOMAIN_NEST_PARENT))
		return false;
	ok = !iommu_map(domain, FREE_IOVA, virt_to_phys(a), page, RW) &&
	     !td_attach(td, domain) &&
	     td_run_expect(td, &first, TD_OK);
	fault = first;
	ok = ok && iommu_unmap(domain, FREE_IOVA, page) == page &&
	     td_run_expect_fault(td, &fault, IOMMU_FAULT_TRANSLATION);
	if (ok && (!td->fault.stage2 || td->fault.ipa != FREE_IOVA)) {
		ktap_diag("stage 2 is not told: ipa %#llx", td->fault.ipa);
		ok = false;
	}
	ok = ok && !iommu_map(domain, FREE_IOVA, virt_to_phys(b), page,
			      IOMMU_READ | IOMMU_CACHE) &&
	     td_run_expect(td, &second, TD_OK);
	fault = (struct td_desc){
		.flags = TD_OP_WRITE, .dst = FREE_IOVA, .length = 64,
	};
	ok = ok && td_run_expect_fault(td, &fault, IOMMU_FAULT_PERMISSION);
	iommu_unmap(domain, FREE_IOVA, page);
	ok = td_leave_domain(td, domain) && ok;
	free_pages_exact(a, page);
	free_pages_exact(b, page);
	return ok;
}

const char *td_skip_switch(struct testdev *td)
{
	/* An SMMUv2 changes by one store to each S2CR, whatever the stage. */
	return td_iommu_is_smmuv3(td) && td_uses_stage2(td) ?
	       "stage 2 is in two doublewords of an STE" : NULL;
}

struct switcher {
	struct testdev *td;
	struct iommu_domain *domain;
	unsigned int turns;
	bool failed;
};

static int switch_domains(void *data)
{
	struct switcher *s = data;

	while (!kthread_should_stop()) {
		if (td_attach(s->td, s->domain) ||
		    td_detach(s->td, s->domain)) {
			s->failed = true;
			break;
		}
		s->turns++;
		schedule();
	}
	return 0;
}

static bool run_switched(struct testdev *td, struct iommu_domain *domain,
			 const struct td_desc *check)
{
	struct switcher s = { .td = td, .domain = domain };
	struct td_desc batch[CHECKS];
	struct task *task;
	unsigned int i, left = MAX_BATCHES;
	bool ok = true;

	td_arm_fault(td);
	task = kthread_run(switch_domains, &s, "td-switch");
	if (IS_ERR(task))
		return false;
	/* How many changes a batch sees is a matter of both sides' speed. */
	do {
		for (i = 0; i < CHECKS; i++)
			batch[i] = *check;
		ok = !td_run(td, batch, CHECKS);
		for (i = 0; i < CHECKS && ok; i++)
			ok = td_expect_status(&batch[i], TD_OK);
	} while (ok && READ_ONCE(s.turns) < MIN_TURNS && --left);
	kthread_stop(task);
	if (ok && !s.failed && s.turns >= MIN_TURNS && !td->faults)
		return true;
	ktap_diag("%u changes, %u faults, %s", s.turns, td->faults,
		  s.failed ? "a change failed" : "all changes done");
	return false;
}

/* Two domains lead to the same: no access notices which of them is in use. */
bool td_test_switch(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct iommu_domain *domain;
	struct buffer b;
	u32 seed = td_next_seed();
	struct td_desc check = { .flags = TD_OP_CHECK, .seed = seed };
	bool ok;

	if (!td_buffer_map(td, &b, SZ_64K, DMA_TO_DEVICE, 0))
		return false;
	if (!td_own_domain(td, &domain, IOMMU_DOMAIN_UNMANAGED)) {
		td_buffer_unmap(td, &b);
		return false;
	}
	td_fill(b.mem, b.size, seed * TD_PATTERN);
	dma_sync_single_for_device(td->dev, b.dma, b.size, DMA_TO_DEVICE);
	check.src = b.dma;
	check.length = b.size;
	ok = !iommu_map(domain, b.dma, virt_to_phys(b.mem), b.size, RW) &&
	     run_switched(td, domain, &check);
	if (iommu_get_domain(td->dev) == domain)
		td_detach(td, domain);
	iommu_unmap(domain, b.dma, b.size);
	ok = td_leave_domain(td, domain) && ok;
	td_buffer_unmap(td, &b);
	return ok;
}

const char *td_skip_pasid(struct testdev *td)
{
	const struct iommu_fwspec *fwspec = td->dev->iommu;

	if (!fwspec->iommu->max_pasids)
		return td_by_kind(td,
				  "the IOMMU has no substreams (IDR1.SSIDSIZE)",
				  "the IOMMU knows no substreams: an SMMUv2");
	return fwspec->max_pasids <= PASID ?
	       "the device has too few PASIDs (pasid-num-bits)" : NULL;
}

static bool expect_refused(struct testdev *td, const struct td_desc *desc)
{
	struct td_desc d = *desc;

	td_arm_fault(td);
	if (!td_run_expect(td, &d, TD_READ_ERROR))
		return false;
	if (td_wait_fault(td, FAULT_TIMEOUT_MS) &&
	    td->fault.type == IOMMU_FAULT_OTHER && td->fault.ssid_valid &&
	    td->fault.ssid == PASID)
		return true;
	ktap_diag("fault %u (%#x), ssid %#x", td->fault.type,
		  td->fault.raw_type, td->fault.ssid);
	return false;
}

/* One address, and what is there with a PASID and without. */
static bool run_pasid(struct testdev *td, struct iommu_domain *own,
		      struct td_desc *with, struct td_desc *without)
{
	struct td_desc fault = *with;

	with->flags |= TD_FLAG_SSV;
	with->substream = PASID;
	fault.flags |= TD_FLAG_SSV;
	fault.substream = PASID;
	fault.src += with->length;
	if (iommu_attach_device_pasid(own, td->dev, PASID)) {
		ktap_diag("the PASID is not attached");
		return false;
	}
	if (!td_run_expect(td, with, TD_OK) ||
	    !td_run_expect(td, without, TD_OK) ||
	    !td_run_expect_fault(td, &fault, IOMMU_FAULT_TRANSLATION))
		return false;
	if (!td->fault.ssid_valid || td->fault.ssid != PASID) {
		ktap_diag("the fault's ssid is %#x", td->fault.ssid);
		return false;
	}
	return true;
}

bool td_test_pasid(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct iommu_domain *dma = iommu_get_domain(td->dev);
	const size_t page = td_page_size(dma);
	struct td_desc with, without;
	struct iommu_domain *own;
	u32 seed;
	void *a, *b;
	bool ok;

	a = td_page(page, &seed, FREE_IOVA, &with);
	b = td_page(page, &seed, FREE_IOVA, &without);
	if (!a || !b || !td_own_domain(td, &own, IOMMU_DOMAIN_UNMANAGED))
		return false;
	ok = !iommu_map(own, FREE_IOVA, virt_to_phys(a), page, RW) &&
	     !iommu_map(dma, FREE_IOVA, virt_to_phys(b), page, RW) &&
	     run_pasid(td, own, &with, &without);
	iommu_detach_device_pasid(own, td->dev, PASID);
	ok = ok && expect_refused(td, &with);
	iommu_unmap(dma, FREE_IOVA, page);
	iommu_unmap(own, FREE_IOVA, page);
	ok = td_leave_domain(td, own) && ok;
	free_pages_exact(a, page);
	free_pages_exact(b, page);
	return ok;
}

/* Without a PASID addresses pass as they are, with one they are translated. */
bool td_test_pasid_identity(const struct test_args *args)
{
	struct testdev *td = args->td;
	phys_addr_t ring = iommu_iova_to_phys(iommu_get_domain(td->dev),
					      td->ring_dma);
	const size_t page = td_page_size(iommu_get_domain(td->dev));
	struct iommu_domain *identity =
		iommu_domain_alloc(td->dev, IOMMU_DOMAIN_IDENTITY);
	struct td_desc with, without;
	struct iommu_domain *own;
	u32 seed;
	void *a, *b;
	bool ok;

	a = td_page(page, &seed, FREE_IOVA, &with);
	b = td_page(page, &seed, 0, &without);
	if (!a || !b || IS_ERR(identity) ||
	    !td_own_domain(td, &own, IOMMU_DOMAIN_UNMANAGED))
		return false;
	without.src = virt_to_phys(b);
	td_stop(td);
	ok = !iommu_map(own, FREE_IOVA, virt_to_phys(a), page, RW) &&
	     !td_attach(td, identity);
	td_start(td, ok ? ring : td->ring_dma);
	ok = ok && run_pasid(td, own, &with, &without);
	iommu_detach_device_pasid(own, td->dev, PASID);
	td_stop(td);
	td_detach(td, identity);
	td_start(td, td->ring_dma);
	iommu_unmap(own, FREE_IOVA, page);
	ok = td_leave_domain(td, own) && ok;
	iommu_domain_free(identity);
	free_pages_exact(a, page);
	free_pages_exact(b, page);
	return ok;
}

static enum iommu_page_response map_it(struct device *dev,
				       struct iommu_domain *domain,
				       const struct iommu_fault *fault,
				       void *data)
{
	const size_t page = td_page_size(domain);
	unsigned long iova = fault->iova & ~(page - 1);
	void **pages = data;

	/* The second is another one's business. */
	if (iova != FREE_IOVA)
		return IOMMU_PAGE_ABORT;
	return iommu_map(domain, iova, virt_to_phys(pages[0]), page, RW) ?
	       IOMMU_PAGE_ABORT : IOMMU_PAGE_RETRY;
}

const char *td_skip_page_fault(struct testdev *td)
{
	int ret;

	if (!td->dev->iommu->can_stall)
		return "the device cannot wait (dma-can-stall)";
	ret = iommu_set_page_fault_handler(td->dev, map_it, NULL);
	if (!ret)
		iommu_set_page_fault_handler(td->dev, NULL, NULL);
	return ret == -EOPNOTSUPP ?
	       td_by_kind(td,
			  "the IOMMU cannot hold an access (IDR0.STALL_MODEL)",
			  "the IOMMU cannot hold an access (SCTLR.CFCFG), or not tell of it") :
	       NULL;
}

const char *td_skip_page_fault_stage2(struct testdev *td)
{
	const char *why = td_skip_page_fault(td);

	return why ? why : td_skip_stage2(td);
}

/* What is not mapped in the domain in use is mapped while the access waits. */
static bool run_page_fault(struct testdev *td, struct iommu_domain *domain,
			   u32 pasid)
{
	const size_t page = td_page_size(domain);
	struct td_desc check, fault, after;
	u32 seed;
	void *mem = td_page(page, &seed, FREE_IOVA, &check);
	bool ok;

	if (!mem)
		return false;
	if (pasid != IOMMU_NO_PASID)
		check.flags |= TD_FLAG_SSV;
	check.substream = pasid;
	fault = check;
	fault.src += page;
	after = fault;
	if (iommu_set_page_fault_handler(td->dev, map_it, &mem)) {
		ktap_diag("no handler");
		free_pages_exact(mem, page);
		return false;
	}
	td_arm_fault(td);
	ok = td_run_expect(td, &check, TD_OK) &&
	     td_run_expect(td, &fault, TD_READ_ERROR);
	if (td_wait_fault(td, QUIET_MS)) {
		ktap_diag("a fault that waited was told as one that is over");
		ok = false;
	}
	iommu_unmap(domain, FREE_IOVA, page);
	/* Without the handler nothing waits. */
	if (iommu_set_page_fault_handler(td->dev, NULL, NULL))
		ok = false;
	ok = ok && td_run_expect_fault(td, &after, IOMMU_FAULT_TRANSLATION);
	free_pages_exact(mem, page);
	return ok;
}

bool td_test_page_fault(const struct test_args *args)
{
	return run_page_fault(args->td, iommu_get_domain(args->td->dev),
			      IOMMU_NO_PASID);
}

bool td_test_page_fault_stage2(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct iommu_domain *domain;
	bool ok;

	if (!td_own_domain(td, &domain, IOMMU_DOMAIN_NEST_PARENT))
		return false;
	ok = !td_attach(td, domain) &&
	     run_page_fault(td, domain, IOMMU_NO_PASID);
	return td_leave_domain(td, domain) && ok;
}

const char *td_skip_page_fault_pasid(struct testdev *td)
{
	const char *why = td_skip_page_fault(td);

	return why ? why : td_skip_pasid(td);
}

bool td_test_page_fault_pasid(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct iommu_domain *domain;
	bool ok;

	if (!td_own_domain(td, &domain, IOMMU_DOMAIN_UNMANAGED))
		return false;
	ok = !iommu_attach_device_pasid(domain, td->dev, PASID) &&
	     run_page_fault(td, domain, PASID);
	iommu_detach_device_pasid(domain, td->dev, PASID);
	return td_leave_domain(td, domain) && ok;
}
