// SPDX-License-Identifier: MIT
/* dmatest: tests of translations that must not be there, or no longer. */

#include "testdev-dma-test.h"

#include <delay.h>

bool td_test_fault_read(const struct test_args *args)
{
	struct td_desc desc = {
		.flags = TD_OP_READ,
		.src = FREE_IOVA + 0x2345678,
		.length = 64,
	};

	return td_run_expect_fault(args->td, &desc, IOMMU_FAULT_TRANSLATION);
}

bool td_test_fault_write(const struct test_args *args)
{
	struct td_desc desc = {
		.flags = TD_OP_WRITE,
		.dst = FREE_IOVA + 0x3456000,
		.length = PAGE_SIZE,
	};

	return td_run_expect_fault(args->td, &desc, IOMMU_FAULT_TRANSLATION);
}

/* Good data up to a hole, a fault at the hole, and the right count. */
bool td_test_fault_midway(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct iommu_domain *domain = iommu_get_domain(td->dev);
	const size_t page = td_page_size(domain);
	struct td_desc desc = {
		.flags = TD_OP_READ,
		.src = FREE_IOVA,
		.length = 3 * page,
	};
	void *mem = alloc_pages_exact(page, GFP_KERNEL | __GFP_ZERO);
	bool ok = false;

	if (!mem || iommu_map(domain, FREE_IOVA, virt_to_phys(mem), page,
			      IOMMU_READ | IOMMU_CACHE)) {
		ktap_diag("not mapped");
		goto out_free;
	}
	td_arm_fault(td);
	ok = td_run_expect(td, &desc, TD_READ_ERROR) &&
	     td_expect_fault(td, IOMMU_FAULT_TRANSLATION, td_stream_id(td, 0),
			     FREE_IOVA + page, false);
	if (ok && desc.done != page) {
		ktap_diag("%llu bytes done, expected one page", desc.done);
		ok = false;
	}
	iommu_unmap(domain, FREE_IOVA, page);
out_free:
	free_pages_exact(mem, page);
	return ok;
}

bool td_test_fault_readonly(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct td_desc desc = {
		.flags = TD_OP_WRITE,
		.seed = td_next_seed(),
		.length = 256,
	};
	struct buffer b;
	bool ok;

	if (!td_buffer_map(td, &b, PAGE_SIZE, DMA_TO_DEVICE, 0))
		return false;
	desc.dst = b.dma + 0x100;
	ok = td_run_expect_fault(td, &desc, IOMMU_FAULT_PERMISSION);
	if (memchr_inv(b.mem, 0, b.size)) {
		ktap_diag("the write went through");
		ok = false;
	}
	td_buffer_unmap(td, &b);
	return ok;
}

bool td_test_fault_privileged(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct td_desc desc = { .flags = TD_OP_READ, .length = 64 };
	struct buffer b;
	bool ok;

	if (!td_buffer_map(td, &b, PAGE_SIZE, DMA_BIDIRECTIONAL,
			   DMA_ATTR_PRIVILEGED))
		return false;
	desc.src = b.dma;
	ok = td_run_expect_fault(td, &desc, IOMMU_FAULT_PERMISSION);
	if (ok && td->fault.priv) {
		ktap_diag("reported as privileged");
		ok = false;
	}
	desc.flags |= TD_FLAG_PRIV;
	ok = ok && td_run_expect(td, &desc, TD_OK);
	td_buffer_unmap(td, &b);
	return ok;
}

bool td_test_fault_exec(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct td_desc desc = {
		.flags = TD_OP_READ | TD_FLAG_INST,
		.length = 64,
	};
	struct buffer b;
	bool ok;

	if (!td_buffer_map(td, &b, PAGE_SIZE, DMA_TO_DEVICE, 0))
		return false;
	desc.src = b.dma;
	ok = td_run_expect_fault(td, &desc, IOMMU_FAULT_PERMISSION);
	if (ok && !td->fault.exec) {
		ktap_diag("not reported as an instruction fetch");
		ok = false;
	}
	desc.flags = TD_OP_READ;
	ok = ok && td_run_expect(td, &desc, TD_OK);
	td_buffer_unmap(td, &b);
	return ok;
}

/* The translation was used, and cached; it must be gone after the unmap. */
bool td_test_unmap(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct td_desc desc = { .flags = TD_OP_READ, .length = 64 };
	struct buffer b;
	bool ok;

	if (!td_buffer_map(td, &b, PAGE_SIZE, DMA_TO_DEVICE, 0))
		return false;
	desc.src = b.dma + 0x40;
	ok = td_run_expect(td, &desc, TD_OK);
	td_buffer_unmap(td, &b);
	return ok && td_run_expect_fault(td, &desc, IOMMU_FAULT_TRANSLATION);
}

/* The same address leads elsewhere, by pages and then by a block. */
bool td_test_remap(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct iommu_domain *domain = iommu_get_domain(td->dev);
	const size_t page = td_page_size(domain);
	const size_t sizes[] = { page, page, SZ_2M, page };
	const int prot = IOMMU_READ | IOMMU_CACHE;
	bool ok = true;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes) && ok; i++) {
		u32 seed = td_next_seed();
		struct td_desc desc = {
			.flags = TD_OP_CHECK,
			.seed = seed,
			.src = FREE_IOVA,
			.length = sizes[i],
		};
		/* Kept until the end of the round: the next must differ. */
		void *mem = alloc_pages_exact(SZ_2M, GFP_KERNEL);
		phys_addr_t phys;

		if (!mem) {
			ktap_diag("no memory");
			return false;
		}
		phys = virt_to_phys(mem) + (i == 1 ? page : 0);
		td_fill(phys_to_virt(phys), sizes[i], seed * TD_PATTERN);
		if (iommu_map(domain, FREE_IOVA, phys, sizes[i], prot)) {
			ktap_diag("round %u: not mapped", i);
			ok = false;
		} else {
			ok = iommu_iova_to_phys(domain, FREE_IOVA) == phys &&
			     td_run_expect(td, &desc, TD_OK);
			ok = iommu_unmap(domain, FREE_IOVA, sizes[i]) ==
			     sizes[i] && ok;
		}
		free_pages_exact(mem, SZ_2M);
		if (!ok)
			ktap_diag("round %u, %zu bytes", i, sizes[i]);
	}
	return ok;
}

/* A page out of the middle of 2 MiB: it faults, its neighbours do not. */
bool td_test_split(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct iommu_domain *domain = iommu_get_domain(td->dev);
	const size_t page = td_page_size(domain);
	const size_t head = SZ_2M / 4 + page, end = head + page;
	const unsigned long hole = FREE_IOVA + head;
	u32 seed = td_next_seed();
	struct td_desc before = {
		.flags = TD_OP_CHECK,
		.seed = seed,
		.src = FREE_IOVA,
		.length = head,
	};
	struct td_desc after = {
		.flags = TD_OP_CHECK,
		.seed = seed + (u32)(end / 8),
		.src = hole + page,
		.length = SZ_2M - end,
	};
	struct td_desc in = {
		.flags = TD_OP_READ,
		.src = hole,
		.length = 8,
	};
	void *mem = alloc_pages_exact(SZ_2M, GFP_KERNEL);
	bool ok;

	if (!mem || iommu_map(domain, FREE_IOVA, virt_to_phys(mem), SZ_2M,
			      IOMMU_READ | IOMMU_CACHE)) {
		ktap_diag("not mapped");
		if (mem)
			free_pages_exact(mem, SZ_2M);
		return false;
	}
	td_fill(mem, SZ_2M, seed * TD_PATTERN);
	ok = td_run_expect(td, &in, TD_OK) &&
	     iommu_unmap(domain, hole, page) == page &&
	     td_run_expect_fault(td, &in, IOMMU_FAULT_TRANSLATION) &&
	     td_run_expect(td, &before, TD_OK) &&
	     td_run_expect(td, &after, TD_OK);
	iommu_unmap(domain, FREE_IOVA, head);
	iommu_unmap(domain, hole + page, SZ_2M - end);
	free_pages_exact(mem, SZ_2M);
	return ok;
}

#define STRESS_STEPS	400
#define WINDOWS		8u
#define WINDOW_SIZE	(2 * SZ_2M)

/* A place for one mapping; memory of 2 MiB, of which a part is mapped. */
struct window {
	unsigned long iova;
	u8 *mem;
	size_t offset;
	size_t size;
	u32 seed;
};

/* Pages anywhere in the window, or all of the memory as a block. */
static bool window_map(struct iommu_domain *domain, struct window *w,
		       struct rnd_state *rnd)
{
	const size_t page = td_page_size(domain);

	if (prandom_u32_state(rnd) % 4) {
		w->size = (1 + prandom_u32_state(rnd) % 16) * page;
		w->offset = prandom_u32_state(rnd) % (SZ_2M / page - 16) *
			    page;
	} else {
		w->size = SZ_2M;
		w->offset = 0;
	}
	w->seed = td_next_seed();
	td_fill(w->mem + w->offset, w->size, w->seed * TD_PATTERN);
	return !iommu_map(domain, w->iova + w->offset,
			  virt_to_phys(w->mem + w->offset), w->size,
			  IOMMU_READ | IOMMU_CACHE);
}

static bool window_check(struct testdev *td, const struct window *w,
			 struct rnd_state *rnd)
{
	/* A part of it, from a whole word of the pattern on. */
	u64 from = prandom_u32_state(rnd) % w->size & ~7UL;
	struct td_desc desc = {
		.flags = TD_OP_CHECK,
		.seed = w->seed + (u32)(from / 8),
		.src = w->iova + w->offset + from,
		.length = 1 + prandom_u32_state(rnd) %
			      min(w->size - from, 8 * PAGE_SIZE),
	};

	return td_run_expect(td, &desc, TD_OK);
}

static bool window_unmap(struct testdev *td, struct window *w,
			 struct rnd_state *rnd)
{
	struct iommu_domain *domain = iommu_get_domain(td->dev);
	struct td_desc desc = {
		.flags = TD_OP_READ,
		.src = w->iova + w->offset +
		       (prandom_u32_state(rnd) % w->size),
		.length = 1,
	};
	bool ok = iommu_unmap(domain, w->iova + w->offset, w->size) ==
		  w->size;

	w->size = 0;
	return ok && td_run_expect_fault(td, &desc, IOMMU_FAULT_TRANSLATION);
}

bool td_test_stress(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct iommu_domain *domain = iommu_get_domain(td->dev);
	struct window windows[WINDOWS] = { 0 };
	struct rnd_state rnd;
	unsigned int i;
	bool ok = true;

	prandom_seed_state(&rnd, 1);
	for (i = 0; i < WINDOWS && ok; i++) {
		windows[i].iova = FREE_IOVA + i * WINDOW_SIZE;
		windows[i].mem = alloc_pages_exact(SZ_2M, GFP_KERNEL);
		ok = windows[i].mem;
	}
	for (i = 0; i < STRESS_STEPS && ok; i++) {
		struct window *w = &windows[prandom_u32_state(&rnd) % WINDOWS];

		if (!w->size)
			ok = window_map(domain, w, &rnd);
		else if (prandom_u32_state(&rnd) % 4)
			ok = window_check(td, w, &rnd);
		else
			ok = window_unmap(td, w, &rnd);
		if (!ok)
			ktap_diag("step %u, window %u, %zu bytes at %#lx", i,
				  (unsigned int)(w - windows), w->size,
				  w->iova + w->offset);
	}
	for (i = 0; i < WINDOWS; i++) {
		struct window *w = &windows[i];

		if (w->size)
			iommu_unmap(domain, w->iova + w->offset, w->size);
		if (w->mem)
			free_pages_exact(w->mem, SZ_2M);
	}
	return ok;
}

/* All streams of a device are in one group, and in its address space. */
bool td_test_streams(const struct test_args *args)
{
	struct testdev *td = args->td;
	u32 seed = td_next_seed();
	struct td_desc good = {
		.flags = TD_OP_CHECK,
		.stream = 1,
		.seed = seed,
		.length = PAGE_SIZE,
	};
	struct td_desc bad = {
		.flags = TD_OP_READ,
		.stream = 1,
		.src = FREE_IOVA,
		.length = 8,
	};
	struct buffer b;
	bool ok;

	if (!td_buffer_map(td, &b, PAGE_SIZE, DMA_TO_DEVICE, 0))
		return false;
	td_fill(b.mem, b.size, seed * TD_PATTERN);
	dma_sync_single_for_device(td->dev, b.dma, b.size, b.dir);
	good.src = b.dma;
	ok = td_run_expect(td, &good, TD_OK) &&
	     td_run_expect_fault(td, &bad, IOMMU_FAULT_TRANSLATION);
	td_buffer_unmap(td, &b);
	return ok;
}

/* The same address in two address spaces, used in turns. */
bool td_test_isolation(const struct test_args *args)
{
	struct testdev *td[2] = { args->td, td_other(args->td) };
	u32 seeds[2] = { td_next_seed(), td_next_seed() };
	struct iommu_domain *domains[2] = {
		iommu_get_domain(td[0]->dev), iommu_get_domain(td[1]->dev),
	};
	/* Of the one a page, of the other a page or several. */
	const size_t page = max(td_page_size(domains[0]),
				td_page_size(domains[1]));
	void *mem[2] = { NULL };
	struct td_desc bad = {
		.flags = TD_OP_READ,
		.src = FREE_IOVA,
		.length = 8,
	};
	bool ok = true;
	unsigned int i;

	for (i = 0; i < 2 && ok; i++) {
		mem[i] = alloc_pages_exact(page, GFP_KERNEL);
		if (!mem[i] ||
		    iommu_map(domains[i], FREE_IOVA, virt_to_phys(mem[i]),
			      page, IOMMU_READ | IOMMU_CACHE)) {
			ktap_diag("not mapped");
			free_pages_exact(mem[i], page);
			mem[i] = NULL;
			ok = false;
			break;
		}
		td_fill(mem[i], page, seeds[i] * TD_PATTERN);
	}
	for (i = 0; i < 4 && ok; i++) {
		struct td_desc desc = {
			.flags = TD_OP_CHECK,
			.seed = seeds[i & 1],
			.src = FREE_IOVA,
			.length = page,
		};

		ok = td_run_expect(td[i & 1], &desc, TD_OK);
	}
	/* What one loses, the other keeps. */
	if (mem[0])
		iommu_unmap(domains[0], FREE_IOVA, page);
	if (ok) {
		struct td_desc kept = {
			.flags = TD_OP_CHECK,
			.seed = seeds[1],
			.src = FREE_IOVA,
			.length = page,
		};

		ok = td_run_expect_fault(td[0], &bad,
					 IOMMU_FAULT_TRANSLATION) &&
		     td_run_expect(td[1], &kept, TD_OK);
	}
	if (mem[1])
		iommu_unmap(domains[1], FREE_IOVA, page);
	for (i = 0; i < 2; i++)
		free_pages_exact(mem[i], page);
	return ok;
}

const char *td_skip_substream(struct testdev *td)
{
	if (td->plain)
		return "the device's requests name no substream";
	return td_iommu_is_smmuv3(td) ? NULL :
	       "the IOMMU knows no substreams: an SMMUv2";
}

/* No substreams are set up: an access that names one is refused. */
bool td_test_substream(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct td_desc desc = {
		.flags = TD_OP_READ | TD_FLAG_SSV,
		.substream = 5,
		.length = 8,
	};
	struct buffer b;
	bool ok;

	if (!td_buffer_map(td, &b, PAGE_SIZE, DMA_TO_DEVICE, 0))
		return false;
	desc.src = b.dma;
	td_arm_fault(td);
	ok = td_run_expect(td, &desc, TD_READ_ERROR);
	if (ok && (!td_wait_fault(td, FAULT_TIMEOUT_MS) ||
		   td->fault.type != IOMMU_FAULT_OTHER ||
		   td->fault.sid != td_stream_id(td, 0))) {
		ktap_diag("no such event, or another");
		ok = false;
	}
	td_buffer_unmap(td, &b);
	return ok;
}

const char *td_skip_exec(struct testdev *td)
{
	return td->plain ? "the device's requests are data, and unprivileged" :
			   NULL;
}

const char *td_skip_privileged(struct testdev *td)
{
	if (td->plain)
		return td_skip_exec(td);
	return td_uses_stage2(td) ? "stage 2 knows no privileges" : NULL;
}

/* Nobody would end those that wait. */
const char *td_skip_overflow(struct testdev *td)
{
	return td_always_stalls(td) ? "every fault waits for the driver" :
				      NULL;
}

/*
 * More faults than an event queue or a fault register holds, with nobody to
 * take them: some are lost, and that is survived.
 */
bool td_test_overflow(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct td_desc batch[TD_RING_SIZE];
	struct td_desc desc = {
		.flags = TD_OP_READ,
		.src = FREE_IOVA,
		.length = 8,
	};
	const unsigned int rounds = 6;
	unsigned int i, sent = rounds * TD_RING_SIZE;
	unsigned long flags;
	bool ok = true;

	for (i = 0; i < TD_RING_SIZE; i++)
		batch[i] = desc;
	td_arm_fault(td);
	/* Whichever CPU takes the first fault waits for the lock with it. */
	spin_lock_irqsave(&td->fault_lock, flags);
	for (i = 0; i < rounds && ok; i++)
		ok = !td_run_polled(td, batch, TD_RING_SIZE);
	spin_unlock_irqrestore(&td->fault_lock, flags);
	if (!ok) {
		ktap_diag("the device did not finish");
		return false;
	}
	if (!td_wait_fault(td, FAULT_TIMEOUT_MS)) {
		ktap_diag("no fault was reported");
		return false;
	}
	msleep(QUIET_MS);
	ktap_diag("%u of %u faults were reported", td->faults, sent);
	if (td->faults >= sent) {
		ktap_diag("all were recorded: none was lost");
		return false;
	}
	return td_run_expect_fault(td, &desc, IOMMU_FAULT_TRANSLATION);
}

/* Blocked: nothing passes, and nothing is reported. */
bool td_test_blocked(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct iommu_domain *domain =
		iommu_domain_alloc(td->dev, IOMMU_DOMAIN_BLOCKED);
	struct td_desc desc = { .flags = TD_OP_NOP };
	bool ok;
	int ret;

	if (IS_ERR(domain)) {
		ktap_diag("no domain");
		return false;
	}
	if (td_attach(td, domain)) {
		ktap_diag("not attached");
		iommu_domain_free(domain);
		return false;
	}
	td_arm_fault(td);
	/* The ring itself is out of reach. */
	ret = td_run(td, &desc, 1);
	ok = ret == -EIO;
	if (!ok)
		ktap_diag("the ring could be read (%d)", ret);
	if (td_wait_fault(td, QUIET_MS)) {
		ktap_diag("fault %#x was reported", td->fault.raw_type);
		ok = false;
	}
	if (td_detach(td, domain)) {
		ktap_diag("not detached");
		return false;
	}
	iommu_domain_free(domain);
	td_start(td, td->ring_dma);
	return td_run_expect(td, &desc, TD_OK) && ok;
}

/* Identity: physical addresses, without any mapping. */
bool td_test_identity(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct iommu_domain *domain =
		iommu_domain_alloc(td->dev, IOMMU_DOMAIN_IDENTITY);
	u32 seed = td_next_seed();
	struct td_desc desc = {
		.flags = TD_OP_CHECK,
		.seed = seed,
		.length = PAGE_SIZE,
	};
	struct td_desc nop = { .flags = TD_OP_NOP };
	void *mem = (void *)__get_free_page(GFP_KERNEL);
	/* The CPU's address of it need not be in the linear map. */
	phys_addr_t ring = iommu_iova_to_phys(iommu_get_domain(td->dev),
					      td->ring_dma);
	bool ok = false;

	if (!mem || IS_ERR(domain) || td_attach(td, domain)) {
		ktap_diag("not attached");
		goto out_free;
	}
	td_fill(mem, PAGE_SIZE, seed * TD_PATTERN);
	desc.src = virt_to_phys(mem);
	td_start(td, ring);
	ok = td_run_expect(td, &desc, TD_OK);
	td_stop(td);
	if (td_detach(td, domain)) {
		ktap_diag("not detached");
		return false;
	}
	td_start(td, td->ring_dma);
	ok = td_run_expect(td, &nop, TD_OK) && ok;
out_free:
	if (!IS_ERR(domain))
		iommu_domain_free(domain);
	if (mem)
		free_page((unsigned long)mem);
	return ok;
}
