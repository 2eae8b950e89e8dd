// SPDX-License-Identifier: MIT
/*
 * A GPU that has stopped, or does not get on: it is reset, the job that it was
 * at ends with an error, and all others are done after all.
 */
#include "msm.h"

#include <module.h>
#include <moduleparam.h>

static unsigned int job_timeout_ms = 500;
module_param(job_timeout_ms, uint, 0444);
MODULE_PARM_DESC(job_timeout_ms, "a job that takes longer is ended (1 at least)");

/* What a hang is to the job is a time-out; the rest is its own mistake. */
static int status_of(const struct msm_error *e)
{
	return e->int_status & ~(u32)INT_RBBM_HANG_DETECT ? -EIO : -ETIMEDOUT;
}

/* With gpu->lock. */
static void finish_guilty(struct msm_gpu *gpu)
{
	struct msm_job *job;

	if (list_empty(&gpu->jobs))
		return;
	job = list_first_entry(&gpu->jobs, struct msm_job, node);
	/* It may have been done before the reset came. */
	if (job->seqno != gpu->guilty)
		return;
	dev_err(gpu->dev, "job %u of process %u (ASID %u) at %#llx ended\n",
		job->seqno, job->proc->id, job->proc->asid, job->iova);
	if (!job->status)
		job->status = status_of(&gpu->error);
	msm_job_finish(gpu, job);
}

/* With gpu->lock. */
static void give_up(struct msm_gpu *gpu)
{
	gpu->dead = true;
	msm_job_end_all(gpu, -EIO);
}

static void dump(struct msm_gpu *gpu)
{
	const struct msm_error *e = &gpu->error;

	dev_err(gpu->dev, "%s: RBBM_INT_0_STATUS %#x CP_INTERRUPT_STATUS %#x CP_HW_FAULT %#x CP_PROTECT_STATUS %#x packet %#x\n",
		e->why, e->int_status, e->interrupt_status, e->hw_fault,
		e->protect_status, e->opcode);
	msm_gpu_dump(gpu);
}

static void recover(struct work_struct *work)
{
	struct msm_gpu *gpu = container_of(work, struct msm_gpu, recover_work);
	unsigned long flags;
	bool busy;
	int ret;

	dump(gpu);
	ret = msm_gpu_reset(gpu);
	/* What was done until then is done. */
	msm_retire(gpu);
	/* Nobody's tables, until a packet says whose. */
	if (!ret)
		ret = gpu->smmu->set_ttbr0_cfg(gpu->dev, &gpu->idle->cfg,
					       gpu->idle->asid);
	spin_lock_irqsave(&gpu->lock, flags);
	gpu->recoveries++;
	finish_guilty(gpu);
	if (ret) {
		give_up(gpu);
	} else if (gpu->bound) {
		msm_gpu_start(gpu);
		msm_ring_restart(gpu);
	}
	gpu->recovering = false;
	busy = !list_empty(&gpu->jobs);
	spin_unlock_irqrestore(&gpu->lock, flags);
	if (ret)
		dev_err(gpu->dev, "out of order: a reset does not help (-%s)\n",
			errname(ret));
	wake_up(&gpu->event);
	if (busy)
		msm_watch(gpu);
}

/* With gpu->lock. */
static void begin(struct msm_gpu *gpu, const struct msm_error *e)
{
	if (gpu->recovering || gpu->dead || !gpu->bound)
		return;
	gpu->recovering = true;
	gpu->error = *e;
	gpu->guilty = list_empty(&gpu->jobs) ? 0 :
		list_first_entry(&gpu->jobs, struct msm_job, node)->seqno;
	queue_work(gpu->wq, &gpu->recover_work);
}

/**
 * msm_recover - reset the GPU, in a thread
 * @gpu: the GPU
 * @e: why
 *
 * Any context. The job at hand is the one to blame.
 */
void msm_recover(struct msm_gpu *gpu, const struct msm_error *e)
{
	unsigned long flags;

	spin_lock_irqsave(&gpu->lock, flags);
	begin(gpu, e);
	spin_unlock_irqrestore(&gpu->lock, flags);
}

static unsigned long job_timeout(void)
{
	return msecs_to_jiffies(max(job_timeout_ms, 1u));
}

static void watchdog(struct timer_list *t)
{
	struct msm_gpu *gpu = from_timer(gpu, t, watchdog);
	const struct msm_error late = { .stopped = true, .why = "too long" };
	unsigned long flags, deadline;

	spin_lock_irqsave(&gpu->lock, flags);
	if (!list_empty(&gpu->jobs) && !gpu->recovering && !gpu->dead &&
	    gpu->bound) {
		deadline = gpu->head_since + job_timeout();
		if ((long)(jiffies - deadline) >= 0)
			begin(gpu, &late);
		else
			mod_timer(t, deadline);
	}
	spin_unlock_irqrestore(&gpu->lock, flags);
}

/* There is a job: end it when it is time. */
void msm_watch(struct msm_gpu *gpu)
{
	unsigned long flags;

	spin_lock_irqsave(&gpu->lock, flags);
	if (!list_empty(&gpu->jobs) && gpu->bound && !gpu->watchdog.pending)
		mod_timer(&gpu->watchdog, gpu->head_since + job_timeout());
	spin_unlock_irqrestore(&gpu->lock, flags);
}

/* A job that is brought memory, page by page, is not one that hangs. */
void msm_progress(struct msm_gpu *gpu)
{
	unsigned long flags;

	spin_lock_irqsave(&gpu->lock, flags);
	gpu->head_since = jiffies;
	spin_unlock_irqrestore(&gpu->lock, flags);
}

int msm_recover_init(struct msm_gpu *gpu)
{
	INIT_WORK(&gpu->recover_work, recover);
	timer_setup(&gpu->watchdog, watchdog, 0);
	gpu->wq = alloc_ordered_workqueue("%s", 0, dev_name(gpu->dev));
	return gpu->wq ? 0 : -ENOMEM;
}

/* The GPU is not bound: neither comes again. */
void msm_recover_exit(struct msm_gpu *gpu)
{
	del_timer_sync(&gpu->watchdog);
	if (gpu->wq)
		destroy_workqueue(gpu->wq);
}
