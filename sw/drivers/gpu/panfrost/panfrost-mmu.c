// SPDX-License-Identifier: MIT
/*
 * Address spaces of the GPU, and the faults in them.
 *
 * An access that faults waits in the GPU until its address space is flushed or
 * updated; then it is tried again. So a buffer may get its memory when the GPU
 * first touches it. What nobody can answer ends with the address space: it is
 * unmapped, and the jobs in it fail.
 */
#include "panfrost.h"

#include <interrupt.h>
#include <iopoll.h>

static int wait_idle(struct pan_device *pan, unsigned int as)
{
	u32 status;

	if (!readl_poll_timeout_atomic(pan->base + AS_STATUS(as), status,
				       !(status & AS_STATUS_ACTIVE), 0,
				       PAN_TIMEOUT_US))
		return 0;
	dev_err_ratelimited(pan->dev, "a command of address space %u does not end: AS_STATUS %#x\n",
			    as, status);
	pan_want_reset(pan, "a command of an address space does not end");
	return -ETIMEDOUT;
}

/* One command, and until it is done. */
static int command(struct pan_device *pan, unsigned int as, u32 cmd)
{
	int ret = wait_idle(pan, as);

	if (ret)
		return ret;
	pan_write(pan, AS_COMMAND(as), cmd);
	return wait_idle(pan, as);
}

static int flush(struct pan_device *pan, unsigned int as, u64 start, u64 size,
		 u32 cmd)
{
	int ret = wait_idle(pan, as);

	if (ret)
		return ret;
	pan_write64(pan, AS_LOCKADDR_LO(as), pan_lock_region(start, size));
	ret = command(pan, as, AS_COMMAND_LOCK);
	return ret ? ret : command(pan, as, cmd);
}

static int update(struct pan_device *pan, unsigned int as, u64 transtab,
		  u64 memattr)
{
	int ret = wait_idle(pan, as);

	if (ret)
		return ret;
	pan_write64(pan, AS_TRANSTAB_LO(as), transtab);
	pan_write64(pan, AS_MEMATTR_LO(as), memattr);
	return command(pan, as, AS_COMMAND_UPDATE);
}

/*
 * Unmapped first, so that an access which waits does not find a reason to wait
 * again when the flush lets it go.
 */
static int unmap(struct pan_device *pan, unsigned int as)
{
	int ret = update(pan, as, 0, 0);

	return ret ? ret : flush(pan, as, 0, U64_MAX, AS_COMMAND_FLUSH_MEM);
}

/**
 * pan_mmu_flush - have the GPU forget what it knows of a range
 * @c: the client whose tables have changed
 * @start: first address
 * @size: bytes, not 0
 * @cmd: AS_COMMAND_FLUSH_PT, or AS_COMMAND_FLUSH_MEM where accesses on their
 *	 way have to have ended, and their data to be in memory
 *
 * Where the client has no address space the GPU knows nothing of it, unless the
 * command hangs by which another was to get that.
 *
 * Return: 0, or -ETIMEDOUT after a message.
 */
int pan_mmu_flush(struct pan_client *c, u64 start, u64 size, u32 cmd)
{
	struct pan_device *pan = c->pan;
	int as;

	lockdep_assert_held(&pan->lock);
	as = pan_as_find(&pan->as, c);
	if (as < 0)
		return pan->hung ? -ETIMEDOUT : 0;
	return flush(pan, (unsigned int)as, start, size, cmd);
}

static void flush_all(void *cookie)
{
	pan_mmu_flush(cookie, 0, U64_MAX, AS_COMMAND_FLUSH_PT);
}

static void flush_walk(unsigned long iova, size_t size, size_t granule,
		       void *cookie)
{
	(void)granule;
	pan_mmu_flush(cookie, iova, size, AS_COMMAND_FLUSH_PT);
}

/* Leaves are flushed by who removes them, as one range. */
const struct iommu_flush_ops pan_flush_ops = {
	.tlb_flush_all = flush_all,
	.tlb_flush_walk = flush_walk,
};

static int enable(struct pan_client *c, unsigned int as)
{
	struct pan_device *pan = c->pan;
	int ret = unmap(pan, as);

	/* What was told of the one before is nobody's now. */
	pan_write(pan, MMU_INT_CLEAR,
		  (u32)(MMU_INT_PAGE(as) | MMU_INT_BUS(as)));
	if (!ret)
		ret = update(pan, as, c->transtab, c->memattr);
	if (!ret)
		c->faulted = false;
	return ret;
}

/**
 * pan_mmu_take - get an address space for a job
 * @c: the job's client
 *
 * Return: its number, with the client's tables in place; -EBUSY when jobs have
 * to end first; -ETIMEDOUT, after a message, when the GPU hangs.
 */
int pan_mmu_take(struct pan_client *c)
{
	struct pan_device *pan = c->pan;
	void *evicted;
	int as, ret;

	lockdep_assert_held(&pan->lock);
	as = pan_as_find(&pan->as, c);
	/* The other jobs of an address space that is off end by that. */
	if (as >= 0 && c->faulted && pan->as.as[as].users)
		return -EBUSY;
	as = pan_as_take(&pan->as, c, &evicted);
	if (as < 0 || (evicted == c && !c->faulted))
		return as;
	if (evicted && evicted != c)
		pan->stats.evictions++;
	ret = enable(c, (unsigned int)as);
	if (!ret)
		return as;
	pan_as_forget(&pan->as, c);
	return ret;
}

/**
 * pan_mmu_release - a job has ended
 * @pan: the GPU
 * @as: what pan_mmu_take() gave for it
 *
 * A fault that is told and not handled yet was of a job that has been stopped:
 * it must not end the next one.
 */
void pan_mmu_release(struct pan_device *pan, unsigned int as)
{
	lockdep_assert_held(&pan->lock);
	pan_as_release(&pan->as, as);
	if (!pan->as.as[as].users)
		pan_write(pan, MMU_INT_CLEAR,
			  (u32)(MMU_INT_PAGE(as) | MMU_INT_BUS(as)));
}

/**
 * pan_mmu_leave - the tables of a client go
 * @c: no job of it runs
 *
 * Return: 0; -ETIMEDOUT: the GPU may have them still, until it is reset.
 */
int pan_mmu_leave(struct pan_client *c)
{
	struct pan_device *pan = c->pan;
	int as;

	lockdep_assert_held(&pan->lock);
	as = pan_as_find(&pan->as, c);
	if (as >= 0) {
		unmap(pan, (unsigned int)as);
		pan_as_forget(&pan->as, c);
	}
	/* An earlier command may be the one by which another was to get its
	 * address space.
	 */
	return pan->hung ? -ETIMEDOUT : 0;
}

static void end_by_fault(struct pan_client *c, const struct pan_fault *f)
{
	struct pan_device *pan = c->pan;
	char text[128];

	if (!c->faulted) {
		pan_fault_format(text, sizeof(text), f);
		dev_err_ratelimited(pan->dev, "client %u, address space %u: %s\n",
				    c->id, f->as, text);
		c->fault = *f;
		c->faults++;
	}
	c->faulted = true;
	unmap(pan, f->as);
}

/* With the lock. The bit is cleared last: it keeps the registers as they are.
 * The next fault, of another job, is told then.
 */
static void handle_fault(struct pan_device *pan, unsigned int as, bool bus)
{
	struct pan_client *c = pan->as.as[as].owner;
	struct pan_fault f;
	int ret = -ENOENT;

	pan_fault_decode(&f, as, bus, pan_read(pan, AS_FAULTSTATUS(as)),
			 pan_read64(pan, AS_FAULTADDRESS_LO(as)));
	pan->stats.faults++;
	if (c && !c->faulted && pan_fault_is_hole(&f))
		ret = pan_buffer_grow(c, &f);
	pan_write(pan, MMU_INT_CLEAR,
		  (u32)(bus ? MMU_INT_BUS(as) : MMU_INT_PAGE(as)));
	if (!ret) {
		pan->stats.grown++;
		pan_mmu_flush(c, f.addr & PAGE_MASK, PAGE_SIZE,
			      AS_COMMAND_FLUSH_PT);
	} else if (c) {
		end_by_fault(c, &f);
	} else {
		unmap(pan, as);
	}
}

static irqreturn_t mmu_irq(int irq, void *data)
{
	struct pan_device *pan = data;

	if (!pan_read(pan, MMU_INT_STAT))
		return IRQ_NONE;
	pan_write(pan, MMU_INT_MASK, 0);
	return IRQ_WAKE_THREAD;
}

/* What comes while it runs raises the interrupt again. */
static irqreturn_t mmu_thread(int irq, void *data)
{
	struct pan_device *pan = data;
	unsigned int as;
	u32 raw;

	mutex_lock(&pan->lock);
	raw = pan->bound ? pan_read(pan, MMU_INT_RAWSTAT) : 0;
	for (as = 0; as < PAN_MAX_AS; as++) {
		if (!(pan->as.present & BIT(as)))
			continue;
		if (raw & MMU_INT_BUS(as))
			handle_fault(pan, as, true);
		if (raw & MMU_INT_PAGE(as))
			handle_fault(pan, as, false);
	}
	if (pan->bound)
		pan_mmu_enable_irq(pan);
	mutex_unlock(&pan->lock);
	return IRQ_HANDLED;
}

void pan_mmu_enable_irq(struct pan_device *pan)
{
	pan_write(pan, MMU_INT_MASK, pan->as.present | pan->as.present << 16);
}

int pan_mmu_request_irq(struct pan_device *pan)
{
	return devm_request_threaded_irq(pan->dev, (unsigned int)pan->irq_mmu,
					 mmu_irq, mmu_thread, IRQF_SHARED,
					 "panfrost-mmu", pan);
}
