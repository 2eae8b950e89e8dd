// SPDX-License-Identifier: MIT
/* The GPU's registers: reset, start, interrupt, dump. */

#include "msm.h"

#include <iopoll.h>

#define RESET_TIMEOUT_US	1000000
#define RESET_POLL_US		20
/* Clock cycles without progress that are a hang: as many as fit 22 bits. */
#define HANG_CYCLES		0x3fffff

/*
 * What packets of a process may write are the scratch registers: with others
 * they could move the ring, or switch its protection off. The registers up to
 * there, and all behind them.
 */
static void protect(struct msm_gpu *gpu)
{
	const u32 first = REG_WORD(CP_SCRATCH(0));
	const u32 behind = REG_WORD(CP_SCRATCH(CP_NUM_SCRATCH));

	msm_write(gpu, CP_PROTECT(0), (u32)(
		FIELD_PREP(PROTECT_FIRST, 0) |
		FIELD_PREP(PROTECT_MORE, first - 1) | PROTECT_READ));
	msm_write(gpu, CP_PROTECT(CP_PROTECT_LAST), (u32)(
		FIELD_PREP(PROTECT_FIRST, behind) | PROTECT_READ));
	msm_write(gpu, CP_PROTECT_CNTL, (u32)(
		PROTECT_CNTL_ACCESS_PROT_EN | PROTECT_CNTL_FAULT_ON_VIOL |
		PROTECT_CNTL_LAST_INF_RANGE));
}

/**
 * msm_gpu_reset - stop everything, and forget it
 * @gpu: the GPU
 *
 * Threads only.
 *
 * Return: 0; -ETIMEDOUT: it does not get idle.
 */
int msm_gpu_reset(struct msm_gpu *gpu)
{
	u32 status;

	msm_write(gpu, RBBM_SW_RESET_CMD, 1);
	/* It is there before it is taken back. */
	msm_read(gpu, RBBM_SW_RESET_CMD);
	msm_write(gpu, RBBM_SW_RESET_CMD, 0);
	/* An access may wait for our answer, which another thread gives. */
	return readl_poll_timeout(gpu->base + RBBM_STATUS, status, !status,
				  RESET_POLL_US, RESET_TIMEOUT_US);
}

/**
 * msm_gpu_start - have it work on the ring from its start
 * @gpu: after a reset; msm_ring_restart() follows
 */
void msm_gpu_start(struct msm_gpu *gpu)
{
	msm_write(gpu, CP_ADDR_MODE_CNTL, 1);
	msm_write(gpu, CP_APRIV_CNTL, (u32)(APRIV_RBFETCH | APRIV_RBPRIVLEVEL |
					    APRIV_RBRPWB));
	protect(gpu);
	msm_write64(gpu, CP_RB_BASE, gpu->ring_iova);
	msm_write64(gpu, CP_RB_RPTR_ADDR,
		    gpu->mem_iova + offsetof(struct msm_memptrs, rptr));
	msm_write(gpu, CP_RB_CNTL, (u32)(
		FIELD_PREP(RB_CNTL_BUFSZ, MSM_RING_BUFSZ) |
		FIELD_PREP(RB_CNTL_BLKSZ, MSM_RING_BLKSZ)));
	msm_write(gpu, RBBM_INTERFACE_HANG_INT_CNTL,
		  (u32)HANG_INT_CNTL_ENABLE | HANG_CYCLES);
	msm_write(gpu, RBBM_INT_CLEAR_CMD, ~0u);
	msm_write(gpu, RBBM_INT_0_MASK, (u32)INT_WANTED);
	msm_write(gpu, CP_SQE_CNTL, (u32)SQE_CNTL_RUN);
}

/**
 * msm_gpu_stop - nothing interrupts from now on, and nothing happens
 * @gpu: the GPU; its faults are answered meanwhile
 *
 * Return: 0; -ETIMEDOUT: it stays busy.
 */
int msm_gpu_stop(struct msm_gpu *gpu)
{
	int ret;

	msm_write(gpu, RBBM_INT_0_MASK, 0);
	ret = msm_gpu_reset(gpu);
	if (ret)
		dev_err(gpu->dev, "stays busy: RBBM_STATUS %#x\n",
			msm_read(gpu, RBBM_STATUS));
	return ret;
}

static void read_error(struct msm_gpu *gpu, struct msm_error *e)
{
	e->interrupt_status = 0;
	e->hw_fault = 0;
	e->protect_status = 0;
	e->opcode = 0;
	if (!(e->int_status & INT_CP_HW_ERROR))
		return;
	/* A read clears it. */
	e->interrupt_status = msm_read(gpu, CP_INTERRUPT_STATUS);
	e->hw_fault = msm_read(gpu, CP_HW_FAULT);
	e->protect_status = msm_read(gpu, CP_PROTECT_STATUS);
	msm_write(gpu, CP_SQE_STAT_ADDR, SQE_STAT_OPCODE);
	e->opcode = msm_read(gpu, CP_SQE_STAT_DATA);
}

irqreturn_t msm_gpu_irq(int irq, void *data)
{
	struct msm_gpu *gpu = data;
	struct msm_error e;

	(void)irq;
	e.int_status = msm_read(gpu, RBBM_INT_0_STATUS) & (u32)INT_WANTED;
	if (!e.int_status)
		return IRQ_NONE;
	msm_write(gpu, RBBM_INT_CLEAR_CMD, e.int_status);
	gpu->interrupts++;
	read_error(gpu, &e);
	msm_decode_error(&e);
	/* What is done is done before what comes next is to blame. */
	msm_retire(gpu);
	if (e.int_status & INT_RBBM_HANG_DETECT &&
	    msm_read(gpu, RBBM_STATUS3) & STATUS3_SMMU_STALLED_ON_FAULT &&
	    e.int_status == INT_RBBM_HANG_DETECT) {
		/* It waits for us; if that takes too long, so the watchdog. */
		gpu->hangs++;
		return IRQ_HANDLED;
	}
	if (e.stopped)
		msm_recover(gpu, &e);
	else if (e.why)
		gpu->access_errors++;
	return IRQ_HANDLED;
}

/* Where it is. */
void msm_gpu_dump(struct msm_gpu *gpu)
{
	dev_err(gpu->dev, "RBBM_STATUS %#x STATUS3 %#x ring %u of %u fence %u of %u\n",
		msm_read(gpu, RBBM_STATUS), msm_read(gpu, RBBM_STATUS3),
		msm_read(gpu, CP_RB_RPTR), msm_read(gpu, CP_RB_WPTR),
		READ_ONCE(gpu->mem->fence), gpu->seqno);
	dev_err(gpu->dev, "IB1 %#llx, %u words left; IB2 %#llx, %u words left\n",
		msm_read64(gpu, CP_IB1_BASE), msm_read(gpu, CP_IB1_REM_SIZE),
		msm_read64(gpu, CP_IB2_BASE), msm_read(gpu, CP_IB2_REM_SIZE));
}
