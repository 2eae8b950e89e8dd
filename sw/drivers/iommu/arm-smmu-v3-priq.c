// SPDX-License-Identifier: MIT
/* The queue of page requests (IHI 0070 chapter 8), and answers to them (4.5.2). */

#include "arm-smmu-v3.h"

#include <delay.h>
#include <export.h>
#include <pci-ats.h>

/* How long a device may take for its last requests. */
#define STOP_MS		1000

/**
 * arm_smmu_read_page_request - an entry of the PRI queue as the core knows it
 * @entry: the entry, two doublewords
 * @fault: filled
 */
void arm_smmu_read_page_request(const u64 *entry, struct iommu_fault *fault)
{
	memset(fault, 0, sizeof(*fault));
	fault->type = IOMMU_FAULT_TRANSLATION;
	fault->page_request = true;
	fault->sid = (u32)FIELD_GET(PRI_0_SID, entry[0]);
	fault->ssid_valid = entry[0] & PRI_0_SSV;
	if (fault->ssid_valid)
		fault->ssid = (u32)FIELD_GET(PRI_0_SSID, entry[0]);
	fault->last = entry[0] & PRI_0_LAST;
	fault->write = entry[0] & PRI_0_W;
	fault->exec = entry[0] & PRI_0_X;
	fault->priv = entry[0] & PRI_0_PRIV;
	fault->tag = (u32)FIELD_GET(PRI_1_PRGI, entry[1]);
	fault->iova = entry[1] & PRI_1_ADDR;
}
EXPORT_SYMBOL_GPL(arm_smmu_read_page_request);

/* Last, without R and W, of a PASID: the device uses it no more, and expects no
 * answer.
 */
static bool is_stop_marker(const u64 *entry)
{
	return (entry[0] & (PRI_0_LAST | PRI_0_R | PRI_0_W | PRI_0_SSV)) ==
	       (PRI_0_LAST | PRI_0_SSV);
}

static void respond(struct arm_smmu_device *smmu,
		    const struct iommu_fault *fault, bool with_pasid,
		    enum iommu_page_response response)
{
	static const u8 codes[] = {
		[IOMMU_PAGE_RETRY] = PRI_RESP_SUCCESS,
		[IOMMU_PAGE_ABORT] = PRI_RESP_INVALID,
		[IOMMU_PAGE_FAILURE] = PRI_RESP_FAILURE,
	};
	u64 cmd[CMD_DWORDS] = {
		CMD_PRI_RESP | FIELD_PREP(CMD_0_SID, (u64)fault->sid),
		FIELD_PREP(CMD_PRI_RESP_1_PRGI, (u64)fault->tag) |
		FIELD_PREP(CMD_PRI_RESP_1_RESP, (u64)codes[response]),
	};

	if (with_pasid && fault->ssid_valid)
		cmd[0] |= CMD_0_SSV | FIELD_PREP(CMD_0_SSID, (u64)fault->ssid);
	arm_smmu_cmdq_issue(smmu, cmd, 1, false);
}

/**
 * arm_smmu_page_request_response - answer a group of page requests
 * @master: the device
 * @fault: the last of the group
 * @response: what became of it
 */
void arm_smmu_page_request_response(struct arm_smmu_master *master,
				    const struct iommu_fault *fault,
				    enum iommu_page_response response)
{
	struct arm_smmu_device *smmu = master->smmu;
	unsigned long flags;

	spin_lock_irqsave(&smmu->priq_lock, flags);
	smmu->page_responses++;
	spin_unlock_irqrestore(&smmu->priq_lock, flags);
	respond(smmu, fault, master->ppar, response);
}

/* With priq_lock. Only the last of a group waits for an answer. */
static void handle_entry(struct arm_smmu_device *smmu, const u64 *entry)
{
	struct arm_smmu_master *master;
	struct iommu_fault fault;
	unsigned long flags;

	smmu->page_requests++;
	if (is_stop_marker(entry))
		return;
	arm_smmu_read_page_request(entry, &fault);
	spin_lock_irqsave(&smmu->evtq_lock, flags);
	master = arm_smmu_find_master(smmu, fault.sid, NULL);
	if (!(master && iommu_report_page_fault(master->dev, &fault)) &&
	    fault.last) {
		/* It may not ask, and should not again. */
		smmu->page_responses++;
		respond(smmu, &fault, master && master->ppar,
			IOMMU_PAGE_FAILURE);
	}
	spin_unlock_irqrestore(&smmu->evtq_lock, flags);
}

/* IHI 0070 8.1.1: of groups whose last request was lost the SMMU has answered
 * that, and their indices may come again.
 */
static void forget_partial_groups(struct arm_smmu_device *smmu)
{
	struct arm_smmu_master *master;
	unsigned long flags;

	spin_lock_irqsave(&smmu->evtq_lock, flags);
	list_for_each_entry(master, &smmu->masters, node)
		iommu_discard_page_requests(master->dev);
	spin_unlock_irqrestore(&smmu->evtq_lock, flags);
}

/* What is there, and one store that says so: with it an overflow ends (8.1). */
static bool drain_some(struct arm_smmu_device *smmu, unsigned int *budget)
{
	struct arm_smmu_queue *q = &smmu->priq;
	u64 entry[PRI_DWORDS];
	bool sane, overflow;
	u32 prod, used;

	sane = arm_smmu_queue_used(smmu, q, "PRI queue", &prod, &used);
	overflow = arm_smmu_queue_overflowed(q, prod);
	if (sane && !used && !overflow)
		return false;
	for (; used && *budget; used--, --*budget) {
		arm_smmu_queue_take(smmu, q, entry);
		handle_entry(smmu, entry);
	}
	if (overflow && !used) {
		smmu->priq_overflows++;
		dev_err_ratelimited(smmu->dev,
				    "PRI queue overflowed, the SMMU answers; %llu requests seen so far\n",
				    smmu->page_requests);
		forget_partial_groups(smmu);
		arm_smmu_queue_end_overflow(q, prod);
	}
	arm_smmu_queue_write_cons(smmu, q);
	return *budget;
}

/**
 * arm_smmu_priq_drain - handle every entry in the PRI queue
 * @smmu: the SMMU
 *
 * Its interrupt comes when the queue stops being empty, so it must be empty
 * when this returns.
 */
void arm_smmu_priq_drain(struct arm_smmu_device *smmu)
{
	/* Devices that never stop asking must not keep the CPU. */
	unsigned int budget = 16u << smmu->priq.log2size;
	unsigned long flags;

	if (!smmu->priq.base)
		return;
	spin_lock_irqsave(&smmu->priq_lock, flags);
	while (drain_some(smmu, &budget))
		;
	spin_unlock_irqrestore(&smmu->priq_lock, flags);
	if (!budget)
		dev_err_ratelimited(smmu->dev,
				    "PRI queue: more requests than are handled at a time\n");
}

/* iommu_ops.drain_page_requests() */
void arm_smmu_drain_page_requests(struct device *dev)
{
	struct arm_smmu_master *master = dev->iommu->priv;
	struct pci_dev *pdev = to_pci_dev(dev);
	unsigned int ms;

	for (ms = 0; ms < STOP_MS; ms++) {
		arm_smmu_priq_drain(master->smmu);
		if (pci_pri_stopped(pdev))
			return;
		msleep(1);
	}
	dev_err(dev, "has page requests outstanding that do not come; they are given up\n");
	pci_reset_pri(pdev);
}
