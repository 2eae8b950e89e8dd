// SPDX-License-Identifier: MIT
/*
 * Jobs that do not end. At its deadline a job is stopped; where that does not
 * help the GPU is reset. The jobs of others go on where they were: they are
 * stopped behind the job of their chain that runs, so that none runs twice.
 */
#include "panfrost.h"

#include <iopoll.h>
#include <module.h>
#include <moduleparam.h>

bool pan_may_stop = true;
module_param_named(stop, pan_may_stop, bool, 0444);
MODULE_PARM_DESC(stop, "stop a job that does not end before the GPU is reset");

/**
 * pan_watch - set a deadline for the job of a slot
 * @slot: which
 * @ms: from now
 */
void pan_watch(struct pan_slot *slot, unsigned int ms)
{
	slot->deadline = jiffies + msecs_to_jiffies(ms);
	mod_timer(&slot->timer, slot->deadline);
}

/**
 * pan_stop - have the GPU end the job of a slot
 * @slot: which; it runs one
 * @result: of the job, if that is what ends it
 */
void pan_stop(struct pan_slot *slot, int result)
{
	lockdep_assert_held(&slot->pan->lock);
	if (!slot->stopping)
		slot->stop_result = result;
	slot->stopping = true;
	if (pan_may_stop)
		pan_write(slot->pan, JS_COMMAND(slot->index),
			  JS_COMMAND_HARD_STOP);
	pan_watch(slot, pan_may_stop ? PAN_STOP_TIMEOUT_MS : 0);
}

/**
 * pan_want_reset - a reset is due, and nothing is started until then
 * @pan: the GPU
 * @why: for the log; kept
 */
void pan_want_reset(struct pan_device *pan, const char *why)
{
	pan->hung = why;
	if (pan->wq)
		queue_work(pan->wq, &pan->watchdog);
}

static u32 slots_that_run(const struct pan_device *pan)
{
	u32 mask = 0;
	unsigned int n;

	for (n = 0; n < PAN_MAX_SLOTS; n++)
		if (pan->slots[n].running && !pan->slots[n].stopping)
			mask |= (u32)BIT(n);
	return mask;
}

static u32 ended(const struct pan_device *pan)
{
	u32 raw = pan_read(pan, JOB_INT_RAWSTAT);

	return (raw | raw >> 16) & 0xffff;
}

/* The jobs of all but who is being stopped end, or are queued again. */
static void take_back(struct pan_device *pan)
{
	u32 others = slots_that_run(pan), value;
	unsigned int n;

	for (n = 0; n < PAN_MAX_SLOTS; n++)
		if (others & BIT(n))
			pan_write(pan, JS_COMMAND(n), JS_COMMAND_SOFT_STOP);
	/* One that does not stop loses what it has done of its job. */
	read_poll_timeout(ended, value, (value & others) == others, 10,
			  PAN_STOP_TIMEOUT_MS * 1000, pan);
	for (n = 0; n < PAN_MAX_SLOTS; n++) {
		struct pan_slot *slot = &pan->slots[n];

		if (!slot->running)
			continue;
		if (pan_job_collect(slot, pan_read(pan, JOB_INT_RAWSTAT)))
			continue;
		if (slot->stopping)
			pan_job_end(slot, slot->stop_result);
		else
			pan_job_put_back(slot);
	}
}

/**
 * pan_reset - reset the GPU, and go on
 * @pan: the GPU
 * @why: for the log
 */
void pan_reset(struct pan_device *pan, const char *why)
{
	lockdep_assert_held(&pan->lock);
	dev_warn(pan->dev, "reset: %s\n", why);
	pan->stats.resets++;
	pan->hung = NULL;
	pan_write(pan, JOB_INT_MASK, 0);
	pan_write(pan, MMU_INT_MASK, 0);
	take_back(pan);
	if (pan_gpu_reset(pan) || pan_gpu_power_on(pan)) {
		dev_err(pan->dev, "the GPU is lost\n");
		pan->lost = true;
		pan_job_end_all(pan, -ENODEV);
		return;
	}
	pan_as_forget(&pan->as, NULL);
	pan_job_enable_irq(pan);
	pan_mmu_enable_irq(pan);
	pan_job_start_all(pan);
}

/* True when it hangs. */
static bool check_slot(struct pan_slot *slot)
{
	if (!slot->running || (long)(jiffies - slot->deadline) < 0)
		return false;
	if (slot->stopping)
		return true;
	dev_err(slot->pan->dev, "slot %u: the chain at %#llx of client %u does not end, job at %#llx\n",
		slot->index, slot->running->head, slot->running->client->id,
		pan_read64(slot->pan, JS_TAIL_LO(slot->index)));
	pan_stop(slot, -ETIMEDOUT);
	return !pan_may_stop;
}

static void watchdog(struct work_struct *work)
{
	struct pan_device *pan = container_of(work, struct pan_device,
					      watchdog);
	unsigned int n;

	mutex_lock(&pan->lock);
	if (!pan->bound || pan->lost)
		goto out_unlock;
	for (n = 0; n < PAN_MAX_SLOTS; n++)
		if (check_slot(&pan->slots[n]))
			pan->hung = "a job does not stop";
	if (pan->hung)
		pan_reset(pan, pan->hung);
out_unlock:
	mutex_unlock(&pan->lock);
}

static void timer_ended(struct timer_list *t)
{
	struct pan_slot *slot = from_timer(slot, t, timer);

	queue_work(slot->pan->wq, &slot->pan->watchdog);
}

void pan_recover_init(struct pan_device *pan)
{
	unsigned int n;

	INIT_WORK(&pan->watchdog, watchdog);
	for (n = 0; n < PAN_MAX_SLOTS; n++)
		timer_setup(&pan->slots[n].timer, timer_ended, 0);
}

/* Nothing is started any more; not with the lock. */
void pan_recover_exit(struct pan_device *pan)
{
	unsigned int n;

	for (n = 0; n < PAN_MAX_SLOTS; n++)
		del_timer_sync(&pan->slots[n].timer);
	cancel_work_sync(&pan->watchdog);
}
