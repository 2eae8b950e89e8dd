// SPDX-License-Identifier: MIT
/*
 * What remains to be done after a global error: memory, or what leads there,
 * did not take what the SMMU wrote (IHI 0070 7.2.2, 7.5, 8.2).
 */

#include "arm-smmu-v3.h"

/*
 * Of records that are lost some may have been of accesses that wait. Nobody
 * knows of them, so all end that may wait (IHI 0070 7.2.2).
 */
static void end_lost_stalls(struct arm_smmu_device *smmu)
{
	struct arm_smmu_master *master;
	unsigned long flags;

	spin_lock_irqsave(&smmu->evtq_lock, flags);
	list_for_each_entry(master, &smmu->masters, node)
		if (master->stalls)
			arm_smmu_stall_term(master);
	spin_unlock_irqrestore(&smmu->evtq_lock, flags);
}

static void recover(struct work_struct *work)
{
	struct arm_smmu_device *smmu =
		container_of(work, struct arm_smmu_device, recover_work);
	unsigned long flags;
	u32 errors;

	spin_lock_irqsave(&smmu->cmdq_lock, flags);
	errors = smmu->recover_errors;
	smmu->recover_errors = 0;
	spin_unlock_irqrestore(&smmu->cmdq_lock, flags);

	if (errors & (GERROR_EVENTQ_ABT_ERR | GERROR_MSI_EVENTQ_ABT))
		arm_smmu_evtq_drain(smmu);
	if (errors & GERROR_EVENTQ_ABT_ERR)
		end_lost_stalls(smmu);
	if (errors & GERROR_MSI_PRIQ_ABT)
		arm_smmu_priq_drain(smmu);
}

/**
 * arm_smmu_recover - do later what an error asks for
 * @smmu: the SMMU; with its cmdq_lock, so that nothing can be done now
 * @errors: global errors that are active
 *
 * A queue whose interrupt was lost is looked at: its next one comes when it
 * becomes non-empty, which it is.
 */
void arm_smmu_recover(struct arm_smmu_device *smmu, u32 errors)
{
	errors &= (u32)(GERROR_EVENTQ_ABT_ERR | GERROR_MSI_EVENTQ_ABT |
			GERROR_MSI_PRIQ_ABT);
	if (!errors)
		return;
	smmu->recover_errors |= errors;
	schedule_work(&smmu->recover_work);
}

void arm_smmu_recover_init(struct arm_smmu_device *smmu)
{
	INIT_WORK(&smmu->recover_work, recover);
}

/* Its interrupts are gone. */
void arm_smmu_recover_stop(struct arm_smmu_device *smmu)
{
	cancel_work_sync(&smmu->recover_work);
}
