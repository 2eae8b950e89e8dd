// SPDX-License-Identifier: MIT
/* msmtest: what processes cannot reach, and accesses that wait. */

#include "msm-test.h"

#include <delay.h>

#define HEAP_PAGES	64u
#define TOLD_MS		100

/* The last fault of a process was this. */
static bool was_fault(const struct msm_client *c, unsigned int count, u64 addr,
		      bool write, const char *why)
{
	const struct msm_fault *f = &c->p->last;

	if (c->p->faults == count && f->addr == addr && f->write == write &&
	    f->asid == c->p->asid && !f->priv &&
	    f->ttbr0 == c->p->cfg.arm_lpae_s1_cfg.ttbr && !strcmp(f->why, why))
		return true;
	ktap_diag("fault %u: %s of %#llx is %s, ASID %u; expected %u: %s of %#llx is %s, ASID %u",
		  c->p->faults, f->write ? "write" : "read", f->addr, f->why,
		  f->asid, count, write ? "write" : "read", addr, why,
		  c->p->asid);
	return false;
}

/* Where nothing stands: the whole buffer is as it was. */
static bool is_filled(const struct msm_bo *bo, u32 value)
{
	const volatile u32 *p = bo->cpu;
	size_t i;

	for (i = 0; i < bo->size / 4; i++)
		if (p[i] != value) {
			ktap_diag("word %zu is %#x", i, p[i]);
			return false;
		}
	return true;
}

static void fill(struct msm_bo *bo, u32 value)
{
	volatile u32 *p = bo->cpu;
	size_t i;

	for (i = 0; i < bo->size / 4; i++)
		p[i] = value;
}

/* The end of a client, and of more memory that it was given. */
static bool close_with(struct msm_gpu *gpu, struct msm_client *c,
		       struct msm_bo *bo)
{
	/* The GPU may still use it. */
	if (!msm_client_close(gpu, c))
		return false;
	msm_bo_free(gpu, bo);
	return true;
}

static bool try_others_memory(struct msm_client *a, struct msm_client *b,
			      struct msm_bo *secret, u64 iova)
{
	/* Its owner uses it right before, so that TLBs know the address. */
	msm_pkt_memcpy(msm_begin(b), DATA_IOVA, iova, 1);
	if (!msm_expect(b, 0) ||
	    !msm_is("the owner's copy", msm_data(b)[0], POISON))
		return false;
	msm_data(a)[0] = 1;
	msm_pkt_memcpy(msm_begin(a), DATA_IOVA, iova, 1);
	if (!msm_expect(a, -EFAULT) ||
	    !was_fault(a, 1, iova, false, "not mapped") ||
	    !msm_is("what was read", msm_data(a)[0], 0))
		return false;
	if (!msm_expect(b, 0))
		return false;
	msm_pkt_mem_write1(msm_begin(a), iova, 0x666);
	return msm_expect(a, -EFAULT) &&
	       was_fault(a, 2, iova, true, "not mapped") &&
	       is_filled(secret, POISON) && msm_is("faults of the owner",
						   b->p->faults, 0);
}

bool msm_test_isolation(struct msm_gpu *gpu, u64 seed)
{
	struct msm_client a, b;
	struct msm_bo secret;
	bool ok;

	(void)seed;
	if (!msm_client_open(gpu, &a))
		return false;
	if (!msm_client_open(gpu, &b))
		goto out_a;
	if (msm_bo_alloc(gpu, &secret, gpu->page))
		goto out_b;
	fill(&secret, POISON);
	ok = !msm_map(b.p, FREE_IOVA, &secret, IOMMU_READ | IOMMU_WRITE) &&
	     try_others_memory(&a, &b, &secret, FREE_IOVA);
	ok = close_with(gpu, &b, &secret) && ok;
	return msm_client_close(gpu, &a) && ok;

out_b:
	msm_client_close(gpu, &b);
out_a:
	msm_client_close(gpu, &a);
	return false;
}

/* The ring's packets use that page all the time, but are privileged. */
bool msm_test_kernel(struct msm_gpu *gpu, u64 seed)
{
	volatile u32 *word = (volatile u32 *)gpu->mem_bo.cpu + 512;
	u64 iova = gpu->mem_iova + 4 * 512;
	struct msm_client c;
	bool ok;

	(void)seed;
	if (!msm_client_open(gpu, &c))
		return false;
	*word = POISON;
	msm_data(&c)[0] = 1;
	msm_pkt_memcpy(msm_begin(&c), DATA_IOVA, iova, 1);
	ok = msm_expect(&c, -EFAULT) &&
	     was_fault(&c, 1, iova, false, "not permitted") &&
	     msm_is("what was read", msm_data(&c)[0], 0);
	msm_pkt_mem_write1(msm_begin(&c), iova, 1);
	ok = ok && msm_expect(&c, -EFAULT) &&
	     was_fault(&c, 2, iova, true, "not permitted") &&
	     msm_is("the kernel's word", *word, POISON);
	/* Behind what is mapped. */
	msm_pkt_mem_write1(msm_begin(&c), gpu->kernel_next, 1);
	ok = ok && msm_expect(&c, -EFAULT) &&
	     was_fault(&c, 3, gpu->kernel_next, true, "not mapped") &&
	     c.p->last.kernel;
	return msm_client_close(gpu, &c) && ok;
}

/*
 * The ring's own accesses are under the tag of the process that it has turned
 * to, and nothing but the unmapping forgets what they left: no switch between.
 */
bool msm_test_kernel_unmap(struct msm_gpu *gpu, u64 seed)
{
	u64 faults, iova, next = gpu->kernel_next;
	struct msm_client c;
	struct msm_bo bo;
	bool ok;

	if (!msm_client_open(gpu, &c))
		return false;
	if (msm_bo_alloc(gpu, &bo, gpu->page)) {
		msm_client_close(gpu, &c);
		return false;
	}
	ok = !msm_turn_to(c.p) && !msm_kernel_map(gpu, &bo, &iova);
	faults = gpu->kernel_faults;
	if (ok) {
		ok = !msm_poke(c.p, iova, (u32)seed) &&
		     msm_is("the word", *(volatile u32 *)bo.cpu, (u32)seed) &&
		     msm_is("bytes unmapped",
			    iommu_unmap(gpu->kernel, iova, bo.size), bo.size);
		fill(&bo, POISON);
		ok = ok && !msm_poke(c.p, iova, (u32)seed) &&
		     is_filled(&bo, POISON) &&
		     msm_is("faults of the kernel", gpu->kernel_faults,
			    faults + 1) &&
		     msm_is("faults of the process", c.p->faults, 0);
		gpu->kernel_next = next;
	}
	return close_with(gpu, &c, &bo) && ok;
}

bool msm_test_readonly(struct msm_gpu *gpu, u64 seed)
{
	struct msm_client c;
	struct msm_bo bo;
	bool ok;

	if (!msm_client_open(gpu, &c))
		return false;
	if (msm_bo_alloc(gpu, &bo, gpu->page)) {
		msm_client_close(gpu, &c);
		return false;
	}
	fill(&bo, (u32)seed);
	msm_pkt_memcpy(msm_begin(&c), DATA_IOVA, FREE_IOVA, 1);
	ok = !msm_map(c.p, FREE_IOVA, &bo, IOMMU_READ) && msm_expect(&c, 0) &&
	     msm_is("the copy", msm_data(&c)[0], (u32)seed);
	msm_pkt_mem_write1(msm_begin(&c), FREE_IOVA, ~(u32)seed);
	ok = ok && msm_expect(&c, -EFAULT) &&
	     was_fault(&c, 1, FREE_IOVA, true, "not permitted") &&
	     is_filled(&bo, (u32)seed);
	return close_with(gpu, &c, &bo) && ok;
}

bool msm_test_unmap(struct msm_gpu *gpu, u64 seed)
{
	struct msm_client c;
	struct msm_bo bo;
	bool ok;

	(void)seed;
	if (!msm_client_open(gpu, &c))
		return false;
	if (msm_bo_alloc(gpu, &bo, gpu->page)) {
		msm_client_close(gpu, &c);
		return false;
	}
	msm_pkt_mem_write1(msm_begin(&c), FREE_IOVA, 1);
	ok = !msm_map(c.p, FREE_IOVA, &bo, IOMMU_READ | IOMMU_WRITE) &&
	     msm_expect(&c, 0) && msm_expect(&c, 0) &&
	     msm_is("what was written", *(volatile u32 *)bo.cpu, 1) &&
	     !msm_unmap(c.p, FREE_IOVA, bo.size);
	fill(&bo, POISON);
	ok = ok && msm_expect(&c, -EFAULT) &&
	     was_fault(&c, 1, FREE_IOVA, true, "not mapped") &&
	     is_filled(&bo, POISON) &&
	     /* Nor is it gone for ever. */
	     !msm_map(c.p, FREE_IOVA, &bo, IOMMU_READ | IOMMU_WRITE) &&
	     msm_expect(&c, 0) &&
	     msm_is("what was written", *(volatile u32 *)bo.cpu, 1) &&
	     msm_unmap(c.p, FREE_IOVA + bo.size, bo.size) == -EINVAL;
	return close_with(gpu, &c, &bo) && ok;
}

/* A word on each page, and then all of them back. */
bool msm_test_heap(struct msm_gpu *gpu, u64 seed)
{
	struct msm_client c;
	unsigned int i;
	bool ok;

	if (!msm_client_open(gpu, &c))
		return false;
	ok = !msm_process_heap(c.p, HEAP_IOVA, HEAP_PAGES);
	msm_begin(&c);
	for (i = 0; i < HEAP_PAGES; i++)
		msm_pkt_mem_write1(&c.s, HEAP_IOVA + i * gpu->page + 4 * i,
				   (u32)seed + i);
	ok = ok && msm_expect(&c, 0) &&
	     msm_is("pages", c.p->grown, HEAP_PAGES) &&
	     msm_is("faults", c.p->faults, 0);
	msm_begin(&c);
	for (i = 0; i < HEAP_PAGES; i++)
		msm_pkt_memcpy(&c.s, DATA_IOVA + 4 * i,
			       HEAP_IOVA + i * gpu->page + 4 * i, 1);
	ok = ok && msm_expect(&c, 0) &&
	     msm_is("pages", c.p->grown, HEAP_PAGES);
	for (i = 0; ok && i < HEAP_PAGES; i++)
		ok = msm_is("a word", msm_data(&c)[i], (u32)seed + i);
	/* It ends somewhere. */
	msm_pkt_mem_write1(msm_begin(&c), HEAP_IOVA + HEAP_PAGES * gpu->page,
			   1);
	ok = ok && msm_expect(&c, -EFAULT) &&
	     was_fault(&c, 1, HEAP_IOVA + HEAP_PAGES * gpu->page, true,
		       "not mapped");
	return msm_client_close(gpu, &c) && ok;
}

/* What follows an access that is ended is done. */
bool msm_test_terminate(struct msm_gpu *gpu, u64 seed)
{
	u64 before = gpu->recoveries;
	struct msm_client c;
	struct msm_job job;
	bool ok;

	if (!msm_client_open(gpu, &c))
		return false;
	msm_pkt_mem_write1(msm_begin(&c), FREE_IOVA, 1);
	msm_pkt_mem_write1(&c.s, DATA_IOVA, (u32)seed);
	msm_pkt_mem_write1(&c.s, FREE_IOVA + 0x10000, 1);
	msm_pkt_memcpy(&c.s, DATA_IOVA + 4, FREE_IOVA + 0x20000, 1);
	msm_pkt_mem_write1(&c.s, DATA_IOVA + 8, ~(u32)seed);
	ok = msm_is("status", (u64)(-msm_client_run(&c, &job)), EFAULT) &&
	     msm_is("its faults", job.faults, 3) &&
	     was_fault(&c, 3, FREE_IOVA + 0x20000, false, "not mapped") &&
	     c.p->last.stalled &&
	     msm_is("what is between", msm_data(&c)[0], (u32)seed) &&
	     msm_is("what is behind", msm_data(&c)[2], ~(u32)seed) &&
	     msm_is("resets", gpu->recoveries, before);
	return msm_client_close(gpu, &c) && ok;
}

/* The job is at hand until the CPU says so: the fault is its own. */
bool msm_test_no_stall(struct msm_gpu *gpu, u64 seed)
{
	unsigned int ms;
	struct msm_client c;
	struct msm_job job;
	bool ok;

	(void)seed;
	if (!msm_client_open(gpu, &c))
		return false;
	ok = !msm_set_stalling(gpu, false);
	msm_pkt_mem_write1(msm_begin(&c), FREE_IOVA, 1);
	msm_pkt_wait_mem(&c.s, DATA_IOVA, MSM_EQUAL, 1, ~0u);
	if (ok && !msm_client_submit(&c, &job)) {
		for (ms = 0; ms < TOLD_MS && !READ_ONCE(c.p->faults); ms++)
			msleep(1);
		msm_data(&c)[0] = 1;
		ok = msm_wait(&job) == -EFAULT &&
		     was_fault(&c, 1, FREE_IOVA, true, "not mapped") &&
		     !c.p->last.stalled;
	}
	/* From now on they wait again. */
	ok = !msm_set_stalling(gpu, true) && ok;
	msm_pkt_mem_write1(msm_begin(&c), FREE_IOVA + 4, 1);
	ok = ok && msm_expect(&c, -EFAULT) &&
	     was_fault(&c, 2, FREE_IOVA + 4, true, "not mapped") &&
	     c.p->last.stalled;
	return msm_client_close(gpu, &c) && ok;
}
