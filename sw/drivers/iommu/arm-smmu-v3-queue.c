// SPDX-License-Identifier: MIT
/* Queues that the SMMU writes: events and page requests (IHI 0070 3.5, 7.4). */

#include "arm-smmu-v3.h"

/*
 * How many entries there are. False, and @q is empty as the SMMU has it, if
 * PROD is nowhere ahead of CONS. With the queue's lock.
 */
bool arm_smmu_queue_used(struct arm_smmu_device *smmu,
			 struct arm_smmu_queue *q, const char *name, u32 *prod,
			 u32 *used)
{
	*prod = readl(smmu->base + q->prod_reg);
	*used = (*prod - q->cons) & q_mask(q);
	if (*used <= 1u << q->log2size)
		return true;
	dev_err_ratelimited(smmu->dev,
			    "%s: PROD %#x is not ahead of CONS %#x; resynchronised\n",
			    name, *prod, q->cons);
	q->cons = (*prod & q_mask(q)) | (q->cons & (u32)QUEUE_OVFLG);
	arm_smmu_queue_write_cons(smmu, q);
	*used = 0;
	return false;
}

/* Copies the oldest entry; its slot stays ours until CONS is written. */
void arm_smmu_queue_take(struct arm_smmu_device *smmu,
			 struct arm_smmu_queue *q, u64 *entry)
{
	/* Not before the index that says it is there. */
	dma_rmb();
	if (!smmu->coherent)
		dcache_clean_inval_poc(q_entry(q, q->cons), q->entry);
	memcpy(entry, q_entry(q, q->cons), q->entry);
	q->cons = ((q->cons + 1) & q_mask(q)) | (q->cons & (u32)QUEUE_OVFLG);
}

void arm_smmu_queue_write_cons(struct arm_smmu_device *smmu,
			       const struct arm_smmu_queue *q)
{
	/* The slots are the SMMU's again once they were read. */
	mb();
	writel(q->cons, smmu->base + q->prod_reg + 4);
}

/* Whether entries were lost, of which nobody has been told. */
bool arm_smmu_queue_overflowed(const struct arm_smmu_queue *q, u32 prod)
{
	return (prod ^ q->cons) & (u32)QUEUE_OVFLG;
}

/* CONS is still to be written. */
void arm_smmu_queue_end_overflow(struct arm_smmu_queue *q, u32 prod)
{
	q->cons = (q->cons & q_mask(q)) | (prod & (u32)QUEUE_OVFLG);
}
