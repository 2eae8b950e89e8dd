// SPDX-License-Identifier: MIT
/* msmtest: jobs, the ring, and switches between processes. */

#include "msm-test.h"

#include <kthread.h>

#define SWITCHERS	4
#define ROUNDS		100
#define RING_JOBS	1500
#define THREADS		3
#define THREAD_ROUNDS	60

bool msm_test_write(struct msm_gpu *gpu, u64 seed)
{
	const u32 values[] = { 0x01234567, 0x89abcdef, (u32)seed };
	struct msm_client c;
	bool ok;

	if (!msm_client_open(gpu, &c))
		return false;
	msm_pkt_mem_write(msm_begin(&c), DATA_IOVA + 8, values, 3);
	msm_pkt_mem_write1(&c.s, DATA_IOVA + 0x100, 7);
	ok = msm_expect(&c, 0) &&
	     msm_is("word 1", msm_data(&c)[1], 0) &&
	     msm_is("word 2", msm_data(&c)[2], 0x01234567) &&
	     msm_is("word 3", msm_data(&c)[3], 0x89abcdef) &&
	     msm_is("word 4", msm_data(&c)[4], (u32)seed) &&
	     msm_is("word 5", msm_data(&c)[5], 0) &&
	     msm_is("word 64", msm_data(&c)[64], 7);
	return msm_client_close(gpu, &c) && ok;
}

bool msm_test_copy(struct msm_gpu *gpu, u64 seed)
{
	struct msm_client c;
	bool ok = true;
	u32 i;

	if (!msm_client_open(gpu, &c))
		return false;
	for (i = 0; i < 200; i++)
		msm_data(&c)[i] = (u32)seed + i * 0x9e3779b9u;
	msm_pkt_memcpy(msm_begin(&c), DATA_IOVA + 0x804, DATA_IOVA, 199);
	ok = msm_expect(&c, 0) &&
	     msm_is("the word before", msm_data(&c)[0x200], 0) &&
	     msm_is("the word behind", msm_data(&c)[0x201 + 199], 0);
	for (i = 0; ok && i < 199; i++)
		ok = msm_is("a copied word", msm_data(&c)[0x201 + i],
			    (u32)seed + i * 0x9e3779b9u);
	return msm_client_close(gpu, &c) && ok;
}

bool msm_test_add(struct msm_gpu *gpu, u64 seed)
{
	volatile u64 *data;
	struct msm_client c;
	bool ok;

	if (!msm_client_open(gpu, &c))
		return false;
	data = c.data.cpu;
	data[1] = 0xfffffffff0000000ULL + seed;
	data[2] = 0x123456789ULL;
	msm_pkt_add64(msm_begin(&c), DATA_IOVA, DATA_IOVA + 8, DATA_IOVA + 16);
	ok = msm_expect(&c, 0) &&
	     msm_is("the sum", data[0],
		    0xfffffffff0000000ULL + seed + 0x123456789ULL);
	return msm_client_close(gpu, &c) && ok;
}

/* IB1 calls IB2 twice, and goes on behind it. */
bool msm_test_nested(struct msm_gpu *gpu, u64 seed)
{
	struct msm_client c;
	u32 callee, start;
	struct msm_job job;
	bool ok;

	if (!msm_client_open(gpu, &c))
		return false;
	((volatile u64 *)c.data.cpu)[1] = 5;
	msm_pkt_add64(msm_begin(&c), DATA_IOVA, DATA_IOVA, DATA_IOVA + 8);
	callee = c.s.at;
	start = c.s.at;
	msm_pkt_indirect_buffer(&c.s, CODE_IOVA, callee);
	msm_pkt_indirect_buffer(&c.s, CODE_IOVA, callee);
	msm_pkt_mem_write1(&c.s, DATA_IOVA + 0x40, (u32)seed);
	ok = !msm_run(c.p, &job, CODE_IOVA + 4 * start, c.s.at - start) &&
	     msm_is("the sum", ((volatile u64 *)c.data.cpu)[0], 10) &&
	     msm_is("what follows", msm_data(&c)[16], (u32)seed);
	return msm_client_close(gpu, &c) && ok;
}

/* Each copies the number of the one before, and then writes its own. */
bool msm_test_order(struct msm_gpu *gpu, u64 seed)
{
	enum { JOBS = 20 };
	struct msm_job jobs[JOBS];
	struct msm_client c;
	unsigned int i, n = 0;
	bool ok = true;

	(void)seed;
	if (!msm_client_open(gpu, &c))
		return false;
	msm_begin(&c);
	for (i = 0; i < JOBS; i++) {
		u32 start = c.s.at;

		msm_pkt_memcpy(&c.s, DATA_IOVA + 4 * (i + 1), DATA_IOVA, 1);
		msm_pkt_mem_write1(&c.s, DATA_IOVA, i + 1);
		if (msm_submit(c.p, &jobs[i], CODE_IOVA + 4 * start,
			       c.s.at - start))
			break;
		n++;
	}
	for (i = 0; i < n; i++) {
		ok = msm_wait(&jobs[i]) == 0 && ok;
		/* The last may not come before the first. */
		ok = msm_is("a job's predecessor", msm_data(&c)[i + 1], i) &&
		     ok;
	}
	ok = msm_is("jobs", n, JOBS) && ok;
	return msm_client_close(gpu, &c) && ok;
}

/* @jobs of each client, one after the other, waiting only when they are in. */
static bool run_rounds(struct msm_client *clients, unsigned int n,
		       unsigned int rounds)
{
	struct msm_job *jobs = kvzalloc(n * rounds * sizeof(*jobs), GFP_KERNEL);
	unsigned int i, submitted = 0;
	bool ok = jobs != NULL;

	for (i = 0; ok && i < n * rounds; i++) {
		ok = msm_client_submit(&clients[i % n], &jobs[i]) == 0;
		submitted += ok;
	}
	for (i = 0; i < submitted; i++)
		ok = msm_wait(&jobs[i]) == 0 && ok;
	if (!ok)
		ktap_diag("%u of %u jobs are in, or one failed", submitted,
			  n * rounds);
	kvfree(jobs);
	return ok;
}

bool msm_test_ring(struct msm_gpu *gpu, u64 seed)
{
	struct msm_client c;
	bool ok;

	(void)seed;
	if (!msm_client_open(gpu, &c))
		return false;
	((volatile u64 *)c.data.cpu)[1] = 3;
	msm_pkt_add64(msm_begin(&c), DATA_IOVA, DATA_IOVA, DATA_IOVA + 8);
	ok = run_rounds(&c, 1, RING_JOBS) &&
	     msm_is("the sum", ((volatile u64 *)c.data.cpu)[0],
		    3 * RING_JOBS);
	return msm_client_close(gpu, &c) && ok;
}

/* Each adds its own number, at one and the same address. */
bool msm_test_switch(struct msm_gpu *gpu, u64 seed)
{
	struct msm_client c[SWITCHERS];
	u64 switches = gpu->switches;
	unsigned int i, n;
	bool ok = true;

	for (n = 0; n < SWITCHERS && ok; n++) {
		ok = msm_client_open(gpu, &c[n]);
		if (!ok)
			break;
		((volatile u64 *)c[n].data.cpu)[1] = seed + n + 1;
		msm_pkt_add64(msm_begin(&c[n]), DATA_IOVA, DATA_IOVA,
			      DATA_IOVA + 8);
	}
	ok = ok && run_rounds(c, n, ROUNDS);
	for (i = 0; i < n; i++)
		ok = msm_is("a sum", ((volatile u64 *)c[i].data.cpu)[0],
			    (seed + i + 1) * ROUNDS) && ok;
	if (gpu->switches - switches < SWITCHERS * ROUNDS) {
		ktap_diag("%llu switches", gpu->switches - switches);
		ok = false;
	}
	for (i = 0; i < n; i++)
		ok = msm_client_close(gpu, &c[i]) && ok;
	return ok;
}

struct worker {
	struct msm_client c;
	struct msm_bo bo;
	u64 step;
	int ret;
	struct completion done;
};

/* Whoever comes between, the sum moves on through an address that comes and
 * goes.
 */
static int work(struct worker *w)
{
	struct msm_job job;
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < THREAD_ROUNDS; i++) {
		u64 iova = FREE_IOVA + i % 7 * 2 * w->bo.size;

		ret = msm_map(w->c.p, iova, &w->bo, IOMMU_READ | IOMMU_WRITE);
		if (ret)
			break;
		msm_pkt_add64(msm_begin(&w->c), iova, iova, DATA_IOVA);
		ret = msm_client_run(&w->c, &job);
		if (!ret)
			ret = msm_unmap(w->c.p, iova, w->bo.size);
	}
	return ret;
}

static int worker(void *data)
{
	struct worker *w = data;

	w->ret = work(w);
	complete(&w->done);
	return 0;
}

static bool start_worker(struct msm_gpu *gpu, struct worker *w, u64 step)
{
	if (!msm_client_open(gpu, &w->c))
		return false;
	if (msm_bo_alloc(gpu, &w->bo, gpu->page))
		goto out_client;
	w->step = step;
	*(volatile u64 *)w->c.data.cpu = step;
	init_completion(&w->done);
	if (!IS_ERR(kthread_run(worker, w, "msmtest")))
		return true;
	msm_bo_free(gpu, &w->bo);
out_client:
	msm_client_close(gpu, &w->c);
	return false;
}

bool msm_test_threads(struct msm_gpu *gpu, u64 seed)
{
	struct worker w[THREADS];
	unsigned int i, n;
	bool ok = true;

	for (n = 0; n < THREADS; n++)
		if (!start_worker(gpu, &w[n], seed + n + 1))
			break;
	for (i = 0; i < n; i++) {
		wait_for_completion(&w[i].done);
		ok = msm_is("a thread's error", (u64)-w[i].ret, 0) &&
		     msm_is("its sum", *(volatile u64 *)w[i].bo.cpu,
			    w[i].step * THREAD_ROUNDS) && ok;
		/* If not, the GPU may still use it. */
		if (msm_client_close(gpu, &w[i].c))
			msm_bo_free(gpu, &w[i].bo);
		else
			ok = false;
	}
	return ok && n == THREADS;
}

bool msm_test_same_addresses(struct msm_gpu *gpu, u64 seed)
{
	struct msm_client a, b;
	bool ok;

	if (!msm_client_open(gpu, &a))
		return false;
	if (!msm_client_open(gpu, &b)) {
		msm_client_close(gpu, &a);
		return false;
	}
	msm_pkt_mem_write1(msm_begin(&a), DATA_IOVA, 0xaaaa0000u + (u32)seed);
	msm_pkt_mem_write1(msm_begin(&b), DATA_IOVA, 0xbbbb0000u + (u32)seed);
	/* What one has left in TLBs is none of the other's. */
	ok = msm_expect(&a, 0) && msm_expect(&b, 0) && msm_expect(&a, 0) &&
	     msm_is("one's", msm_data(&a)[0], 0xaaaa0000u + (u32)seed) &&
	     msm_is("the other's", msm_data(&b)[0], 0xbbbb0000u + (u32)seed);
	/* And each reads its own. */
	msm_pkt_memcpy(msm_begin(&a), DATA_IOVA + 4, DATA_IOVA, 1);
	msm_pkt_memcpy(msm_begin(&b), DATA_IOVA + 4, DATA_IOVA, 1);
	ok = ok && msm_expect(&b, 0) && msm_expect(&a, 0) &&
	     msm_is("one's", msm_data(&a)[1], 0xaaaa0000u + (u32)seed) &&
	     msm_is("the other's", msm_data(&b)[1], 0xbbbb0000u + (u32)seed);
	ok = msm_client_close(gpu, &a) && ok;
	return msm_client_close(gpu, &b) && ok;
}
