// SPDX-License-Identifier: MIT
/*
 * Chains of jobs. Each slot has a queue, and the GPU gets one chain a slot at a
 * time.
 */
#include "panfrost.h"

#include <interrupt.h>

/* As others do: the middle of the range. */
#define PRIORITY		8

static void give(struct pan_slot *slot, struct pan_job *job)
{
	struct pan_device *pan = slot->pan;
	unsigned int n = slot->index;

	pan_write64(pan, JS_HEAD_NEXT_LO(n), job->resume);
	pan_write64(pan, JS_AFFINITY_NEXT_LO(n), pan->features.shader);
	pan_write(pan, JS_CONFIG_NEXT(n),
		  (u32)FIELD_PREP(JS_CONFIG_AS, job->as) |
		  JS_CONFIG_START_FLUSH_CLEAN_INVALIDATE |
		  JS_CONFIG_END_FLUSH_CLEAN_INVALIDATE |
		  JS_CONFIG_THREAD_PRI(PRIORITY));
	pan_write(pan, JS_COMMAND_NEXT(n), JS_COMMAND_START);
}

static void finish(struct pan_job *job, int result)
{
	struct pan_stats *stats = &job->client->pan->stats;

	if (!result)
		stats->done++;
	else if (result == -EIO)
		stats->failed++;
	else
		stats->stopped++;
	job->result = result;
	/* Its owner may take it away now. */
	complete_all(&job->done);
}

/* False: the one at the front of the queue has to wait, or there is none. */
static bool start(struct pan_slot *slot)
{
	struct pan_device *pan = slot->pan;
	struct pan_job *job;
	int as;

	if (!pan->bound || pan->lost || pan->hung || slot->running)
		return false;
	job = list_first_entry_or_null(&slot->queue, struct pan_job, node);
	if (!job)
		return false;
	as = pan_mmu_take(job->client);
	if (as == -EBUSY)
		return false;
	if (++job->starts > PAN_MAX_STARTS) {
		if (as >= 0)
			pan_mmu_release(pan, (unsigned int)as);
		list_del(&job->node);
		dev_err(pan->dev, "slot %u: a job of client %u is given up after %u starts\n",
			slot->index, job->client->id, PAN_MAX_STARTS);
		finish(job, -EIO);
		return true;
	}
	if (as < 0)
		return false;
	list_del(&job->node);
	job->as = (unsigned int)as;
	job->client->running++;
	slot->running = job;
	slot->stopping = false;
	pan_watch(slot, job->timeout_ms ? job->timeout_ms :
					  PAN_JOB_TIMEOUT_MS);
	give(slot, job);
	return true;
}

/* Behind one that is given up the next one gets its turn. */
static void start_slot(struct pan_slot *slot)
{
	while (slot->present && start(slot))
		;
}

/**
 * pan_job_start_all - give the GPU what it has room for
 * @pan: the GPU
 *
 * A job that has ended may be what the one of another slot has waited for.
 */
void pan_job_start_all(struct pan_device *pan)
{
	unsigned int n;

	lockdep_assert_held(&pan->lock);
	for (n = 0; n < PAN_MAX_SLOTS; n++)
		start_slot(&pan->slots[n]);
}

static struct pan_job *take_running(struct pan_slot *slot)
{
	struct pan_job *job = slot->running;

	slot->running = NULL;
	del_timer(&slot->timer);
	pan_mmu_release(slot->pan, job->as);
	job->client->running--;
	wake_up(&slot->pan->ended);
	return job;
}

/**
 * pan_job_end - the job that a slot runs has ended
 * @slot: which
 * @result: how
 */
void pan_job_end(struct pan_slot *slot, int result)
{
	lockdep_assert_held(&slot->pan->lock);
	finish(take_running(slot), result);
}

/**
 * pan_job_put_back - the job that a slot has run is the next one to run again
 * @slot: which; job->resume says from where on
 */
void pan_job_put_back(struct pan_slot *slot)
{
	lockdep_assert_held(&slot->pan->lock);
	list_add(&take_running(slot)->node, &slot->queue);
}

static void fail(struct pan_slot *slot, u32 status)
{
	struct pan_job *job = slot->running;

	job->status = status & 0xff;
	job->stopped_at = pan_read64(slot->pan, JS_TAIL_LO(slot->index));
	if (slot->stopping && job->status == PAN_EXC_TERMINATED) {
		pan_job_end(slot, slot->stop_result);
		return;
	}
	dev_err_ratelimited(slot->pan->dev,
			    "slot %u, client %u: %s %#x, job at %#llx of the chain at %#llx\n",
			    slot->index, job->client->id,
			    pan_exception_name(job->status), job->status,
			    job->stopped_at, job->head);
	pan_job_end(slot, -EIO);
}

/**
 * pan_job_collect - look whether the job of a slot has ended
 * @slot: which
 * @raw: JOB_INT_RAWSTAT
 *
 * Return: true when it has, or there is none. False of one that has been told
 * to stop in between, and goes on from job->resume.
 */
bool pan_job_collect(struct pan_slot *slot, u32 raw)
{
	struct pan_device *pan = slot->pan;
	struct pan_job *job = slot->running;
	unsigned int n = slot->index;
	u32 status = pan_read(pan, JS_STATUS(n));
	u64 tail = pan_read64(pan, JS_TAIL_LO(n));

	lockdep_assert_held(&pan->lock);
	raw &= (u32)(JOB_INT_DONE(n) | JOB_INT_FAIL(n));
	pan_write(pan, JOB_INT_CLEAR, raw);
	if (!job)
		return true;
	if (raw & JOB_INT_FAIL(n) && (status & 0xff) != PAN_EXC_STOPPED) {
		fail(slot, status);
		return true;
	}
	if (raw & JOB_INT_DONE(n)) {
		pan_job_end(slot, 0);
		return true;
	}
	if (tail)
		job->resume = tail;
	return false;
}

static irqreturn_t job_irq(int irq, void *data)
{
	struct pan_device *pan = data;

	if (!pan_read(pan, JOB_INT_STAT))
		return IRQ_NONE;
	pan_write(pan, JOB_INT_MASK, 0);
	return IRQ_WAKE_THREAD;
}

/* What comes while it runs raises the interrupt again. */
static irqreturn_t job_thread(int irq, void *data)
{
	struct pan_device *pan = data;
	unsigned int n;
	u32 raw;

	mutex_lock(&pan->lock);
	if (!pan->bound)
		goto out_unlock;
	raw = pan_read(pan, JOB_INT_RAWSTAT);
	for (n = 0; n < PAN_MAX_SLOTS; n++)
		if (pan->slots[n].present &&
		    raw & (JOB_INT_DONE(n) | JOB_INT_FAIL(n)) &&
		    !pan_job_collect(&pan->slots[n], raw))
			pan_job_put_back(&pan->slots[n]);
	pan_job_start_all(pan);
	pan_job_enable_irq(pan);
out_unlock:
	mutex_unlock(&pan->lock);
	return IRQ_HANDLED;
}

void pan_job_enable_irq(struct pan_device *pan)
{
	pan_write(pan, JOB_INT_MASK, pan->features.js_present |
				     pan->features.js_present << 16);
}

int pan_job_request_irq(struct pan_device *pan)
{
	return devm_request_threaded_irq(pan->dev, (unsigned int)pan->irq_job,
					 job_irq, job_thread, IRQF_SHARED,
					 "panfrost-job", pan);
}

/**
 * pan_job_init - the slots that the GPU has, all of them empty
 * @pan: the GPU, identified
 */
void pan_job_init(struct pan_device *pan)
{
	unsigned int n;

	for (n = 0; n < PAN_MAX_SLOTS; n++) {
		struct pan_slot *slot = &pan->slots[n];

		slot->pan = pan;
		slot->index = n;
		slot->present = pan->features.js_present & BIT(n);
		INIT_LIST_HEAD(&slot->queue);
	}
}

/**
 * pan_job_submit - queue a chain
 * @job: client, head, slot and timeout_ms are set, the rest is 0; it stays
 *	 until it has ended
 *
 * Return: 0; -EINVAL for a slot that there is not, or a head at which no job
 * can lie; -ENODEV once the GPU is gone.
 */
int pan_job_submit(struct pan_job *job)
{
	struct pan_device *pan = job->client->pan;
	int ret = -EINVAL;

	init_completion(&job->done);
	job->result = -EINPROGRESS;
	job->resume = job->head;
	mutex_lock(&pan->lock);
	if (!pan->bound || pan->lost) {
		ret = -ENODEV;
	} else if (job->slot < PAN_MAX_SLOTS && job->head &&
		   job->head % PAN_DESC_SIZE == 0 &&
		   pan->slots[job->slot].present) {
		list_add_tail(&job->node, &pan->slots[job->slot].queue);
		start_slot(&pan->slots[job->slot]);
		ret = 0;
	}
	mutex_unlock(&pan->lock);
	return ret;
}

/**
 * pan_job_wait - until a job has ended
 * @job: it was submitted
 *
 * What does not end by itself is ended, so that this does.
 *
 * Return: job->result.
 */
int pan_job_wait(struct pan_job *job)
{
	wait_for_completion(&job->done);
	return job->result;
}

/**
 * pan_job_run - submit a chain and wait
 * @c: the client
 * @head: first job
 * @slot: which
 * @job: filled with how it ended
 *
 * Return: as pan_job_submit(), or job->result.
 */
int pan_job_run(struct pan_client *c, u64 head, unsigned int slot,
		struct pan_job *job)
{
	int ret;

	memset(job, 0, sizeof(*job));
	job->client = c;
	job->head = head;
	job->slot = slot;
	ret = pan_job_submit(job);
	return ret ? ret : pan_job_wait(job);
}

/* Those that wait; of a client, or of all (NULL). */
static void drop_queued(struct pan_slot *slot, const struct pan_client *c,
			int result)
{
	struct pan_job *job, *next;

	list_for_each_entry_safe(job, next, &slot->queue, node) {
		if (c && job->client != c)
			continue;
		list_del(&job->node);
		finish(job, result);
	}
}

/**
 * pan_job_cancel - end the jobs of a client
 * @c: the client; none of its jobs waits or runs on return
 */
void pan_job_cancel(struct pan_client *c)
{
	struct pan_device *pan = c->pan;
	unsigned int n;

	mutex_lock(&pan->lock);
	for (n = 0; n < PAN_MAX_SLOTS; n++) {
		struct pan_slot *slot = &pan->slots[n];

		if (!slot->present)
			continue;
		drop_queued(slot, c, -ECANCELED);
		if (slot->running && slot->running->client == c)
			pan_stop(slot, -ECANCELED);
	}
	/* What was behind those that waited. */
	pan_job_start_all(pan);
	mutex_unlock(&pan->lock);
	wait_event(pan->ended, !READ_ONCE(c->running));
}

/**
 * pan_job_end_all - the end of every job
 * @pan: the GPU; it runs none of them any more
 * @result: what they are told
 */
void pan_job_end_all(struct pan_device *pan, int result)
{
	unsigned int n;

	lockdep_assert_held(&pan->lock);
	for (n = 0; n < PAN_MAX_SLOTS; n++) {
		struct pan_slot *slot = &pan->slots[n];

		if (!slot->present)
			continue;
		if (slot->running)
			pan_job_end(slot, result);
		drop_queued(slot, NULL, result);
	}
}
