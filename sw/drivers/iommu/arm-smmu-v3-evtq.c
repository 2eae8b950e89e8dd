// SPDX-License-Identifier: MIT
/* Event queue (IHI 0070 7.2), and answers to what stalls (3.12.2, 4.7.1). */

#include "arm-smmu-v3.h"

#include <ktime.h>

bool arm_smmu_has_stream(const struct arm_smmu_master *master, u32 sid)
{
	const struct iommu_fwspec *fwspec = master->dev->iommu;
	unsigned int i;

	for (i = 0; i < fwspec->num_ids; i++)
		if (fwspec->ids[i] == sid)
			return true;
	return false;
}

/* The first or the next (after @prev) device of a stream; with evtq_lock. */
struct arm_smmu_master *arm_smmu_find_master(struct arm_smmu_device *smmu,
					     u32 sid,
					     struct arm_smmu_master *prev)
{
	struct arm_smmu_master *master;
	bool on = !prev;

	list_for_each_entry(master, &smmu->masters, node) {
		if (on && arm_smmu_has_stream(master, sid))
			return master;
		on |= master == prev;
	}
	return NULL;
}

/*
 * A device that faults all the time must not bury the console: so many events
 * are shown a second, and not too many of one visit to the queue.
 */
#define SHOWN_PER_SECOND	64
#define SHOWN_PER_VISIT		8

static bool may_show(struct arm_smmu_device *smmu)
{
	u64 now = ktime_get_ns();

	if (now - smmu->shown_since >= NSEC_PER_SEC) {
		smmu->shown_since = now;
		smmu->shown = 0;
	}
	if (smmu->shown >= SHOWN_PER_SECOND ||
	    smmu->shown_visit >= SHOWN_PER_VISIT) {
		smmu->hidden++;
		return false;
	}
	if (smmu->hidden)
		dev_err(smmu->dev, "%u events before this one not shown\n",
			smmu->hidden);
	smmu->hidden = 0;
	smmu->shown++;
	smmu->shown_visit++;
	return true;
}

static void print_event(struct arm_smmu_device *smmu, const u64 *evt,
			const struct arm_smmu_master *master)
{
	char buf[256];

	if (!may_show(smmu))
		return;
	arm_smmu_format_event(buf, sizeof(buf), evt,
			      master ? dev_name(master->dev) : "none");
	dev_err(smmu->dev, "%s\n", buf);
}

static void resume(struct arm_smmu_device *smmu,
		   const struct iommu_fault *fault, u64 action)
{
	const u64 cmd[CMD_DWORDS] = {
		CMD_RESUME | action | FIELD_PREP(CMD_0_SID, (u64)fault->sid),
		FIELD_PREP(CMD_RESUME_1_STAG, (u64)fault->tag),
	};

	/* It has its effect when it is consumed: no CMD_SYNC (4.7.3). */
	arm_smmu_cmdq_issue(smmu, cmd, 1, false);
}

/* iommu_ops.page_response() */
void arm_smmu_page_response(struct device *dev,
			    const struct iommu_fault *fault,
			    enum iommu_page_response response)
{
	struct arm_smmu_master *master = dev->iommu->priv;

	if (fault->page_request) {
		arm_smmu_page_request_response(master, fault, response);
		return;
	}
	resume(master->smmu, fault, response == IOMMU_PAGE_RETRY ?
	       CMD_RESUME_0_RETRY : CMD_RESUME_0_ABORT);
}

/*
 * What the SMMU has read is not what is meant: it may have been damaged on its
 * way, and the SMMU may keep it (IHI 0070 3.21.3). No CMD_SYNC, which would
 * wait for records that there is no room for while this holds the queue.
 */
static void forget_configuration(struct arm_smmu_device *smmu, u32 sid)
{
	const u64 cmds[2 * CMD_DWORDS] = {
		CMD_CFGI_STE | FIELD_PREP(CMD_0_SID, (u64)sid),
		CMD_CFGI_1_LEAF,
		CMD_CFGI_CD_ALL | FIELD_PREP(CMD_0_SID, (u64)sid),
		0,
	};

	arm_smmu_cmdq_issue(smmu, cmds, 2, false);
}

static void handle_event(struct arm_smmu_device *smmu, const u64 *evt)
{
	struct arm_smmu_master *master;
	struct iommu_fault fault;

	arm_smmu_read_event(evt, &fault);
	master = arm_smmu_find_master(smmu, fault.sid, NULL);
	/* Whoever takes it may repair it: then it is none worth a line. */
	if (fault.stalled)
		for (; master;
		     master = arm_smmu_find_master(smmu, fault.sid, master))
			if (iommu_report_page_fault(master->dev, &fault)) {
				smmu->stalls++;
				return;
			}

	master = arm_smmu_find_master(smmu, fault.sid, NULL);
	print_event(smmu, evt, master);
	/* A stream may be shared: its devices are one group. */
	for (; master; master = arm_smmu_find_master(smmu, fault.sid, master))
		iommu_report_device_fault(master->dev, &fault);
	if (fault.raw_type == C_BAD_STE || fault.raw_type == C_BAD_CD)
		forget_configuration(smmu, fault.sid);
	if (fault.stalled)
		resume(smmu, &fault, CMD_RESUME_0_ABORT);
}

/**
 * arm_smmu_evtq_drain - handle every record in the event queue
 * @smmu: the SMMU
 *
 * Its interrupt comes when the queue stops being empty, so it must be empty
 * when this returns.
 */
void arm_smmu_evtq_drain(struct arm_smmu_device *smmu)
{
	struct arm_smmu_queue *q = &smmu->evtq;
	/* An SMMU that never stops producing must not keep the CPU. */
	unsigned int budget = 16u << q->log2size;
	u64 evt[EVT_DWORDS];
	u32 prod, used;
	unsigned long flags;

	if (!q->base)
		return;
	/* The interrupt may come while a thread is here. */
	spin_lock_irqsave(&smmu->evtq_lock, flags);
	smmu->shown_visit = 0;
	for (;;) {
		if (!arm_smmu_queue_used(smmu, q, "event queue", &prod, &used))
			continue;
		if (!used || !budget)
			break;
		arm_smmu_queue_take(smmu, q, evt);
		arm_smmu_queue_write_cons(smmu, q);
		smmu->events++;
		budget--;
		handle_event(smmu, evt);
	}
	if (!budget)
		dev_err_ratelimited(smmu->dev,
				    "event queue: more records than are handled at a time\n");
	if (arm_smmu_queue_overflowed(q, prod)) {
		smmu->overflows++;
		dev_err_ratelimited(smmu->dev,
				    "event queue overflowed, records were lost; %llu seen so far\n",
				    smmu->events);
		arm_smmu_queue_end_overflow(q, prod);
		arm_smmu_queue_write_cons(smmu, q);
	}
	spin_unlock_irqrestore(&smmu->evtq_lock, flags);
}
