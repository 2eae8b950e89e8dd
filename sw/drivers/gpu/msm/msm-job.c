// SPDX-License-Identifier: MIT
/*
 * The ring: jobs of processes one after the other. Between those of two
 * processes a packet turns TTBR0 to the tables of the next; behind each one a
 * fence is written and an interrupt raised.
 */
#include "msm.h"

/* CP_RB_RPTR as the GPU wrote it; if that is not enough, as it is. */
static u32 ring_room(struct msm_gpu *gpu)
{
	u32 room = msm_ring_room(MSM_RING_WORDS, READ_ONCE(gpu->mem->rptr),
				 gpu->ring.at);

	if (room >= MSM_RING_NEEDED)
		return room;
	return msm_ring_room(MSM_RING_WORDS, msm_read(gpu, CP_RB_RPTR),
			     gpu->ring.at);
}

static void ring_doorbell(struct msm_gpu *gpu)
{
	/* The packets are in memory before the GPU looks. */
	dma_wmb();
	msm_write(gpu, CP_RB_WPTR, gpu->ring.at);
}

/* With gpu->lock, and room for MSM_JOB_WORDS. */
static void emit(struct msm_gpu *gpu, const struct msm_job *job)
{
	struct msm_process *p = job->proc;

	gpu->ring.room = MSM_JOB_WORDS;
	if (gpu->in_ring != p) {
		msm_pkt_table_update(&gpu->ring, p->cfg.arm_lpae_s1_cfg.ttbr,
				     p->asid, 0);
		gpu->in_ring = p;
		gpu->switches++;
	}
	if (job->words)
		msm_pkt_indirect_buffer(&gpu->ring, job->iova, job->words);
	if (job->poke)
		msm_pkt_mem_write1(&gpu->ring, job->poke->iova,
				   job->poke->value);
	msm_pkt_fence(&gpu->ring,
		      gpu->mem_iova + offsetof(struct msm_memptrs, fence),
		      job->seqno);
	WARN_ON(gpu->ring.overflow);
}

/**
 * msm_ring_restart - begin at the start of the ring, with what was left over
 * @gpu: stopped; TTBR0 is gpu->idle's
 *
 * With gpu->lock. The jobs fitted before, and MSM_RING_SPARE words with them:
 * the start, and a packet that turns to the process of the first.
 */
void msm_ring_restart(struct msm_gpu *gpu)
{
	struct msm_job *job;

	msm_stream_init(&gpu->ring, gpu->ring_bo.cpu, MSM_RING_WORDS);
	gpu->mem->rptr = 0;
	gpu->in_ring = gpu->idle;
	gpu->head_since = jiffies;
	gpu->ring.room = MSM_JOB_WORDS;
	msm_out(&gpu->ring, msm_type7(CP_ME_INIT, 1));
	msm_out(&gpu->ring, 0);
	/* From here on processes do not reach what CP_PROTECT names. */
	msm_pkt_protected_mode(&gpu->ring, true);
	gpu->ring.room = 0;
	list_for_each_entry(job, &gpu->jobs, node)
		emit(gpu, job);
	ring_doorbell(gpu);
}

/* With gpu->lock: out of the ring, with the status that it has. */
void msm_job_finish(struct msm_gpu *gpu, struct msm_job *job)
{
	list_del(&job->node);
	job->proc->jobs--;
	gpu->jobs_done++;
	gpu->head_since = jiffies;
	complete(&job->done);
}

/* With gpu->lock. */
void msm_job_end_all(struct msm_gpu *gpu, int status)
{
	struct msm_job *job, *n;

	list_for_each_entry_safe(job, n, &gpu->jobs, node) {
		job->status = status;
		msm_job_finish(gpu, job);
	}
}

/**
 * msm_retire - finish the jobs whose fences are written
 * @gpu: the GPU
 *
 * Any context.
 */
void msm_retire(struct msm_gpu *gpu)
{
	struct msm_job *job, *n;
	unsigned long flags;
	u32 fence;

	spin_lock_irqsave(&gpu->lock, flags);
	fence = READ_ONCE(gpu->mem->fence);
	dma_rmb();
	list_for_each_entry_safe(job, n, &gpu->jobs, node) {
		if ((s32)(fence - job->seqno) < 0)
			break;
		msm_job_finish(gpu, job);
	}
	spin_unlock_irqrestore(&gpu->lock, flags);
	wake_up(&gpu->event);
}

/* 0, -ENODEV, -EIO, or -EAGAIN: there is no room yet. */
static int try_submit(struct msm_gpu *gpu, struct msm_job *job)
{
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&gpu->lock, flags);
	if (!gpu->bound) {
		ret = -ENODEV;
	} else if (gpu->dead) {
		ret = -EIO;
	} else if (gpu->recovering || ring_room(gpu) < MSM_RING_NEEDED) {
		ret = -EAGAIN;
	} else {
		if (list_empty(&gpu->jobs))
			gpu->head_since = jiffies;
		/* 0 is what there is before the first. */
		if (!++gpu->seqno)
			gpu->seqno = 1;
		job->seqno = gpu->seqno;
		job->proc->jobs++;
		list_add_tail(&job->node, &gpu->jobs);
		emit(gpu, job);
		ring_doorbell(gpu);
	}
	spin_unlock_irqrestore(&gpu->lock, flags);
	return ret;
}

static int submit(struct msm_process *p, struct msm_job *job, u64 iova,
		  u32 words, const struct msm_poke *poke)
{
	struct msm_gpu *gpu = p->gpu;
	int ret;

	/* What CP_INDIRECT_BUFFER has bits for. */
	if (words > 0xfffff || iova & 3)
		return -EINVAL;
	job->proc = p;
	job->iova = iova;
	job->words = words;
	job->poke = poke;
	job->status = 0;
	job->faults = 0;
	init_completion(&job->done);
	while ((ret = try_submit(gpu, job)) == -EAGAIN)
		wait_event_timeout(gpu->event, gpu->dead || !gpu->bound ||
				   (!gpu->recovering &&
				    ring_room(gpu) >= MSM_RING_NEEDED),
				   msecs_to_jiffies(10));
	if (!ret)
		msm_watch(gpu);
	return ret;
}

/**
 * msm_submit - have the GPU work on packets of a process
 * @p: the process
 * @job: filled; the caller's until msm_wait() has returned
 * @iova: address of the packets; @words: their number, or 0
 *
 * Waits while the ring is full.
 *
 * Return: 0; -EIO: the GPU is out of order; -ENODEV: it is being unbound;
 * -EINVAL.
 */
int msm_submit(struct msm_process *p, struct msm_job *job, u64 iova,
	       u32 words)
{
	return submit(p, job, iova, words, NULL);
}

/**
 * msm_wait - wait until a job is done
 * @job: submitted
 *
 * It ends: a job that does not is ended by the watchdog, or with the GPU.
 *
 * Return: its status.
 */
int msm_wait(struct msm_job *job)
{
	wait_for_completion(&job->done);
	return job->status;
}

int msm_run(struct msm_process *p, struct msm_job *job, u64 iova, u32 words)
{
	int ret = msm_submit(p, job, iova, words);

	return ret ? ret : msm_wait(job);
}

/**
 * msm_turn_to - have the GPU use the tables of a process
 * @p: the process
 *
 * Return: 0: those of all others are out of use; or -errno.
 */
int msm_turn_to(struct msm_process *p)
{
	struct msm_job job;

	return msm_run(p, &job, 0, 0);
}

/**
 * msm_poke - have the ring write a word
 * @p: the process whose tables are in use meanwhile
 * @iova: of either half: the ring is privileged
 * @value: the word
 *
 * Return: 0, also if the access is refused: that is a fault of the kernel; or
 * -errno.
 */
int msm_poke(struct msm_process *p, u64 iova, u32 value)
{
	const struct msm_poke poke = { iova, value };
	struct msm_job job;
	int ret = submit(p, &job, 0, 0, &poke);

	return ret ? ret : msm_wait(&job);
}
