// SPDX-License-Identifier: MIT
/* msmtest: jobs that stop the GPU, and what becomes of the others. */

#include "msm-test.h"

#include <delay.h>

/* Registers that a process would like to write. */
static const u32 registers[] = {
	CP_RB_BASE, CP_RB_WPTR, RBBM_SW_RESET_CMD, RBBM_INT_0_MASK,
	CP_PROTECT_CNTL, CP_APRIV_CNTL, CP_SQE_CNTL, CP_IB1_BASE,
};

/* The job ends so, for one reset; and the GPU works for the next. */
static bool ends_alone(struct msm_gpu *gpu, struct msm_client *c, int status)
{
	u64 before = gpu->recoveries;

	if (!msm_expect(c, status) ||
	    !msm_is("resets", gpu->recoveries, before + 1))
		return false;
	msm_data(c)[8] = 0;
	msm_pkt_mem_write1(msm_begin(c), DATA_IOVA + 32, 99);
	return msm_expect(c, 0) && msm_is("the next job", msm_data(c)[8], 99);
}

/* Something good, and one bad packet: the first @count of these words. */
static bool try_bad(struct msm_gpu *gpu, struct msm_client *c, const u32 *bad,
		    unsigned int count)
{
	unsigned int i;

	msm_data(c)[0] = 0;
	msm_data(c)[1] = 0;
	msm_pkt_mem_write1(msm_begin(c), DATA_IOVA, 1);
	for (i = 0; i < count; i++)
		msm_out(&c->s, bad[i]);
	msm_pkt_mem_write1(&c->s, DATA_IOVA + 4, 1);
	if (ends_alone(gpu, c, -EIO) &&
	    msm_is("what is before", msm_data(c)[0], 1) &&
	    msm_is("what is behind", msm_data(c)[1], 0))
		return true;
	ktap_diag("packet %#x", bad[0]);
	return false;
}

bool msm_test_bad_packet(struct msm_gpu *gpu, u64 seed)
{
	/* No type; parities of opcode, count, register; reserved bits. */
	const u32 headers[] = {
		0x00000000, 0xffffffff, 0x30000000,
		msm_type7(CP_NOP, 0) ^ 1u << 23,
		msm_type7(CP_NOP, 0) ^ 1u << 15,
		msm_type7(CP_NOP, 0) | 1u << 14,
		msm_type7(CP_NOP, 0) | 1u << 24,
		msm_type4(REG_WORD(CP_SCRATCH(0)), 0) ^ 1u << 27,
		msm_type4(REG_WORD(CP_SCRATCH(0)), 0) ^ 1u << 7,
		/* An opcode that is none, and counts that are none. */
		msm_type7(0x7f, 0), msm_type7(CP_INDIRECT_BUFFER, 0),
		msm_type7(CP_WAIT_REG_MEM, 0), msm_type7(CP_MEM_TO_MEM, 0),
	};
	/* FUNCTION 7 is reserved. */
	const u32 wait[] = { msm_type7(CP_WAIT_REG_MEM, 6), 7, 0, 0, 0, 0, 16 };
	struct msm_client c;
	unsigned int i;
	bool ok = true;

	(void)seed;
	if (!msm_client_open(gpu, &c))
		return false;
	for (i = 0; ok && i < ARRAY_SIZE(headers); i++)
		ok = try_bad(gpu, &c, &headers[i], 1);
	ok = ok && try_bad(gpu, &c, wait, ARRAY_SIZE(wait));
	/* One that ends behind its buffer. */
	msm_begin(&c);
	msm_out(&c.s, msm_type7(CP_NOP, 3));
	ok = ok && ends_alone(gpu, &c, -EIO);
	return msm_client_close(gpu, &c) && ok;
}

bool msm_test_protected(struct msm_gpu *gpu, u64 seed)
{
	struct msm_client c;
	u32 before, bad[2];
	unsigned int i;
	bool ok;

	if (!msm_client_open(gpu, &c))
		return false;
	/* Scratch registers are for everybody. */
	msm_pkt_reg_write(msm_begin(&c), REG_WORD(CP_SCRATCH(7)), (u32)seed);
	msm_pkt_reg_to_mem(&c.s, DATA_IOVA, REG_WORD(CP_SCRATCH(7)), 1);
	ok = msm_expect(&c, 0) &&
	     msm_is("CP_SCRATCH7", msm_data(&c)[0], (u32)seed);
	for (i = 0; ok && i < ARRAY_SIZE(registers); i++) {
		before = msm_read(gpu, registers[i]);
		bad[0] = msm_type4(REG_WORD(registers[i]), 1);
		bad[1] = 1;
		ok = try_bad(gpu, &c, bad, 2) &&
		     (registers[i] == CP_RB_WPTR ||
		      registers[i] == CP_IB1_BASE ||
		      msm_is("the register", msm_read(gpu, registers[i]),
			     before));
	}
	/* They are not read, either. */
	bad[0] = msm_type7(CP_REG_TO_MEM, 3);
	msm_pkt_reg_to_mem(msm_begin(&c), DATA_IOVA, REG_WORD(CP_RB_BASE), 1);
	ok = ok && ends_alone(gpu, &c, -EIO) &&
	     /* Nor is the protection switched off. */
	     (msm_pkt_protected_mode(msm_begin(&c), false),
	      ends_alone(gpu, &c, -EIO));
	return msm_client_close(gpu, &c) && ok;
}

/* That of another, who has a secret there; from a buffer of packets. */
bool msm_test_table_update(struct msm_gpu *gpu, u64 seed)
{
	struct msm_client a, b;
	bool ok;

	if (!msm_client_open(gpu, &a))
		return false;
	if (!msm_client_open(gpu, &b)) {
		msm_client_close(gpu, &a);
		return false;
	}
	msm_data(&b)[0] = (u32)seed;
	msm_pkt_table_update(msm_begin(&a), b.p->cfg.arm_lpae_s1_cfg.ttbr,
			     b.p->asid, 0);
	msm_pkt_mem_write1(&a.s, DATA_IOVA, 0x666);
	ok = ends_alone(gpu, &a, -EIO) &&
	     msm_is("the other's word", msm_data(&b)[0], (u32)seed) &&
	     msm_is("the other's page", msm_data(&b)[8], 0);
	ok = msm_client_close(gpu, &a) && ok;
	return msm_client_close(gpu, &b) && ok;
}

bool msm_test_bad_buffer(struct msm_gpu *gpu, u64 seed)
{
	u64 faults, before = gpu->recoveries;
	struct msm_client c;
	struct msm_job job;
	bool ok;

	(void)seed;
	if (!msm_client_open(gpu, &c))
		return false;
	ok = msm_run(c.p, &job, FREE_IOVA, 16) == -EFAULT &&
	     msm_is("resets", gpu->recoveries, before + 1) &&
	     msm_is("faults", c.p->faults, 1) &&
	     msm_is("the address", c.p->last.addr, FREE_IOVA);
	/* The reset has left nobody's tables behind: no packet says whose. */
	faults = gpu->kernel_faults;
	ok = ok && !msm_poke(gpu->idle, DATA_IOVA, POISON) &&
	     msm_is("the process's word", msm_data(&c)[0], 0) &&
	     msm_is("faults of the kernel", gpu->kernel_faults, faults + 1);
	/* The second level. */
	msm_pkt_indirect_buffer(msm_begin(&c), FREE_IOVA, 16);
	ok = ok && ends_alone(gpu, &c, -EFAULT);
	/* The kernel's ring is no buffer of a process. */
	ok = ok && msm_run(c.p, &job, gpu->ring_iova, 16) == -EFAULT &&
	     msm_submit(c.p, &job, CODE_IOVA + 2, 1) == -EINVAL &&
	     msm_submit(c.p, &job, CODE_IOVA, 0x100000) == -EINVAL;
	return msm_client_close(gpu, &c) && ok;
}

bool msm_test_hang(struct msm_gpu *gpu, u64 seed)
{
	struct msm_client c;
	bool ok;

	(void)seed;
	if (!msm_client_open(gpu, &c))
		return false;
	msm_pkt_wait_mem(msm_begin(&c), DATA_IOVA, MSM_EQUAL, 1, ~0u);
	ok = ends_alone(gpu, &c, -ETIMEDOUT);
	return msm_client_close(gpu, &c) && ok;
}

/* Of the GPU's own means nothing is left, until it is started anew. */
bool msm_test_watchdog(struct msm_gpu *gpu, u64 seed)
{
	struct msm_client c;
	u64 hung;
	bool ok;

	(void)seed;
	if (!msm_client_open(gpu, &c))
		return false;
	msm_write(gpu, RBBM_INTERFACE_HANG_INT_CNTL, 0);
	msm_pkt_wait_mem(msm_begin(&c), DATA_IOVA, MSM_EQUAL, 1, ~0u);
	ok = ends_alone(gpu, &c, -ETIMEDOUT);
	hung = msm_read(gpu, RBBM_INTERFACE_HANG_INT_CNTL);
	ok = msm_is("HANG_INT_CNTL.ENABLE", hung >> 30 & 1, 1) && ok;
	return msm_client_close(gpu, &c) && ok;
}

/*
 * The access is before the SMMU for longer than the reset takes. First it is
 * refused, then memory comes after all.
 */
bool msm_test_reset_in_fault(struct msm_gpu *gpu, u64 seed)
{
	const struct msm_error e = { .stopped = true, .why = "asked for" };
	u64 before = gpu->recoveries;
	struct msm_client c;
	struct msm_job job;
	bool ok;

	(void)seed;
	if (!msm_client_open(gpu, &c))
		return false;
	ok = !msm_process_heap(c.p, HEAP_IOVA, 1);
	gpu->fault_delay_ms = 50;
	msm_pkt_mem_write1(msm_begin(&c), FREE_IOVA, 1);
	if (ok && !msm_client_submit(&c, &job)) {
		msleep(10);
		msm_recover(gpu, &e);
		ok = msm_is("status", (u64)-msm_wait(&job), EFAULT) &&
		     msm_is("faults", c.p->faults, 1);
	}
	msm_pkt_mem_write1(msm_begin(&c), HEAP_IOVA, POISON);
	if (ok && !msm_client_submit(&c, &job)) {
		msleep(10);
		msm_recover(gpu, &e);
		ok = msm_is("status", (u64)-msm_wait(&job), ETIMEDOUT) &&
		     msm_is("pages", c.p->grown, 1);
	}
	gpu->fault_delay_ms = 0;
	ok = ok && msm_is("resets", gpu->recoveries, before + 2) &&
	     msm_expect(&c, 0) &&
	     msm_is("the word", *(volatile u32 *)c.p->heap[0]->cpu, POISON);
	return msm_client_close(gpu, &c) && ok;
}

/* One waits for ever; behind it are jobs of others, and of its own process. */
bool msm_test_others(struct msm_gpu *gpu, u64 seed)
{
	enum { CLIENTS = 3, JOBS = 12 };
	struct msm_job bad, jobs[JOBS];
	struct msm_client c[CLIENTS];
	u32 start[CLIENTS];
	unsigned int i, n = 0, in = 0;
	u64 before = gpu->recoveries;
	bool ok = true;

	for (i = 0; i < CLIENTS && ok; i++) {
		ok = msm_client_open(gpu, &c[i]);
		n += ok;
	}
	if (!ok)
		goto out;
	msm_pkt_wait_mem(msm_begin(&c[0]), DATA_IOVA + 64, MSM_EQUAL, 1, ~0u);
	ok = !msm_client_submit(&c[0], &bad);
	if (!ok)
		goto out;
	for (i = 0; i < CLIENTS; i++) {
		/* Of the first they are behind the bad ones. */
		start[i] = c[i].s.at;
		((volatile u64 *)c[i].data.cpu)[1] = seed + i;
		msm_pkt_add64(&c[i].s, DATA_IOVA, DATA_IOVA, DATA_IOVA + 8);
	}
	for (i = 0; ok && i < JOBS; i++) {
		unsigned int k = i % CLIENTS;

		ok = !msm_submit(c[k].p, &jobs[i], CODE_IOVA + 4 * start[k],
				 c[k].s.at - start[k]);
		in += ok;
	}
	ok = msm_wait(&bad) == -ETIMEDOUT && ok;
	for (i = 0; i < in; i++)
		ok = msm_wait(&jobs[i]) == 0 && ok;
	for (i = 0; i < CLIENTS; i++)
		ok = msm_is("a sum", ((volatile u64 *)c[i].data.cpu)[0],
			    (seed + i) * (JOBS / CLIENTS)) && ok;
	ok = msm_is("resets", gpu->recoveries, before + 1) && ok;
out:
	for (i = 0; i < n; i++)
		ok = msm_client_close(gpu, &c[i]) && ok;
	return ok;
}
