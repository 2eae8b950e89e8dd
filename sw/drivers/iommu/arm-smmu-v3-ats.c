// SPDX-License-Identifier: MIT
/*
 * Devices with a cache of translations of their own (IHI 0070 3.9, 4.5.1): who
 * may have one, and what is taken out of it.
 */

#include "arm-smmu-v3.h"

#include <export.h>
#include <pci-ats.h>
#include <slab.h>

/* Page requests of a device at a time: the PRI queue holds those of several, or
 * at least of one.
 */
#define PAGE_REQUESTS	32

/**
 * arm_smmu_atc_span - the part of CMD_ATC_INV that says which addresses
 * @addr: first address
 * @size: bytes; 0: all addresses
 * @min_shift: log2 of the smallest translation that a device has
 * @cmd: doubleword 1 is completed
 *
 * A command is for a power of two that is aligned to itself (IHI 0070 4.5.1):
 * the smallest that holds the range begins where first and last page have all
 * bits above in common.
 */
void arm_smmu_atc_span(u64 addr, u64 size, unsigned int min_shift, u64 *cmd)
{
	u64 first = addr >> 12, last = (addr + (size - 1)) >> 12;
	unsigned int log2 = first != last ? __fls(first ^ last) + 1u : 0;

	if (!size) {
		cmd[1] = ATC_INV_SIZE_ALL;
		return;
	}
	log2 = max(log2, min_shift - 12);
	cmd[1] = FIELD_PREP(CMD_ATC_INV_1_SIZE, (u64)log2);
	if (log2 < ATC_INV_SIZE_ALL)
		cmd[1] |= (first >> log2 << log2) << 12;
}
EXPORT_SYMBOL_GPL(arm_smmu_atc_span);

/* What was asked for without a PASID is found without one, whatever S1DSS makes
 * of it (IHI 0070 4.5.1).
 */
static void atc_inv(struct arm_smmu_master *master, u32 ssid, u64 addr,
		    u64 size)
{
	const struct iommu_fwspec *fwspec = master->dev->iommu;
	struct arm_smmu_device *smmu = master->smmu;
	u64 cmd[CMD_DWORDS];
	unsigned int i;

	for (i = 0; i < fwspec->num_ids; i++) {
		cmd[0] = CMD_ATC_INV |
			 FIELD_PREP(CMD_0_SID, (u64)fwspec->ids[i]);
		if (ssid != IOMMU_NO_PASID)
			cmd[0] |= CMD_0_SSV |
				  FIELD_PREP(CMD_0_SSID, (u64)ssid);
		arm_smmu_atc_span(addr, size,
				  (unsigned int)__ffs(smmu->pgsizes), cmd);
		arm_smmu_cmdq_issue(smmu, cmd, 1, false);
	}
}

/**
 * arm_smmu_atc_inv_domain - have devices forget translations of a range
 * @dom: the domain; the SMMU has forgotten them, and that has been waited for
 * @addr: first address
 * @size: bytes; 0: all
 *
 * In any context. A device that does not answer is told of by the command
 * queue's error.
 */
void arm_smmu_atc_inv_domain(struct arm_smmu_domain *dom, u64 addr, u64 size)
{
	struct arm_smmu_attachment *a;
	bool any = false;
	unsigned long flags;

	if (!dom->smmu->ats)
		return;
	spin_lock_irqsave(&dom->attached_lock, flags);
	list_for_each_entry(a, &dom->attached, node) {
		if (!READ_ONCE(a->master->ats_on))
			continue;
		atc_inv(a->master, a->ssid, addr, size);
		any = true;
	}
	spin_unlock_irqrestore(&dom->attached_lock, flags);
	if (any)
		arm_smmu_cmdq_sync(dom->smmu);
}

/**
 * arm_smmu_atc_inv_master - have a device forget all of a PASID
 * @master: the device
 * @ssid: the PASID, or IOMMU_NO_PASID
 *
 * Return: 0, or an error of the command queue: it may not have.
 */
int arm_smmu_atc_inv_master(struct arm_smmu_master *master, u32 ssid)
{
	if (!master->ats_on)
		return 0;
	atc_inv(master, ssid, 0, 0);
	return arm_smmu_cmdq_sync(master->smmu);
}

/**
 * arm_smmu_attachment_add - note that a device uses a domain
 * @dom: the domain
 * @master: the device
 * @ssid: its PASID, or IOMMU_NO_PASID
 *
 * Before it does: what is unmapped from then on is invalidated for it.
 *
 * Return: 0 or -ENOMEM.
 */
int arm_smmu_attachment_add(struct arm_smmu_domain *dom,
			    struct arm_smmu_master *master, u32 ssid)
{
	struct arm_smmu_attachment *a = kzalloc(sizeof(*a), GFP_KERNEL);
	unsigned long flags;

	if (!a)
		return -ENOMEM;
	a->dom = dom;
	a->master = master;
	a->ssid = ssid;
	list_add_tail(&a->master_node, &master->attachments);
	spin_lock_irqsave(&dom->attached_lock, flags);
	list_add_tail(&a->node, &dom->attached);
	spin_unlock_irqrestore(&dom->attached_lock, flags);
	return 0;
}

static void remove(struct arm_smmu_attachment *a)
{
	unsigned long flags;

	spin_lock_irqsave(&a->dom->attached_lock, flags);
	list_del(&a->node);
	spin_unlock_irqrestore(&a->dom->attached_lock, flags);
	list_del(&a->master_node);
	kfree(a);
}

/**
 * arm_smmu_attachment_remove - the opposite, behind the last use
 * @dom: the domain; NULL: none
 * @master: the device
 * @ssid: as it was added; once, where it was added twice
 */
void arm_smmu_attachment_remove(struct arm_smmu_domain *dom,
				struct arm_smmu_master *master, u32 ssid)
{
	struct arm_smmu_attachment *a;

	list_for_each_entry(a, &master->attachments, master_node)
		if (a->dom == dom && a->ssid == ssid) {
			remove(a);
			return;
		}
}

/**
 * arm_smmu_wants_ats - shall a device keep translations of a domain?
 * @master: the device, with the PASIDs that it has
 * @dom: what it does without a PASID uses
 *
 * Not where nothing is translated; nor in a nested domain, whose owner does not
 * invalidate what devices keep. At stage 2 a fault that stalls rules it out
 * (IHI 0070 5.2, EATS).
 */
bool arm_smmu_wants_ats(const struct arm_smmu_master *master,
			const struct arm_smmu_domain *dom)
{
	if (!master->ats)
		return false;
	switch (dom->stage) {
	case ARM_SMMU_STAGE_1:
		return true;
	case ARM_SMMU_STAGE_2:
		return !master->stalls;
	case ARM_SMMU_ABORT:
	case ARM_SMMU_BYPASS:
		return master->pasids;
	default:
		return false;
	}
}

/**
 * arm_smmu_ats_on - let a device keep translations
 * @master: the device; EATS of its STE allows it (IHI 0070 3.9.2)
 */
void arm_smmu_ats_on(struct arm_smmu_master *master)
{
	struct pci_dev *pdev = to_pci_dev(master->dev);
	int ret;

	/* Whoever unmaps from now on looks after its cache. */
	WRITE_ONCE(master->ats_on, true);
	mb();
	ret = pci_enable_ats(pdev,
			     (unsigned int)__ffs(master->smmu->pgsizes));
	if (!ret)
		return;
	WRITE_ONCE(master->ats_on, false);
	dev_warn(master->dev, "ATS is not turned on (-%s)\n", errname(ret));
}

/**
 * arm_smmu_ats_off - have a device keep no translation
 * @master: the device; its STE is as it was, and may change behind this
 *
 * IHI 0070 3.9.2: at the endpoint first; then its cache, and a CMD_SYNC for what
 * was under way. One that does not answer is stopped by EATS and CR0.ATSCHK.
 */
void arm_smmu_ats_off(struct arm_smmu_master *master)
{
	struct arm_smmu_attachment *a;

	if (!master->ats_on)
		return;
	pci_disable_ats(to_pci_dev(master->dev));
	atc_inv(master, IOMMU_NO_PASID, 0, 0);
	list_for_each_entry(a, &master->attachments, master_node)
		if (a->ssid != IOMMU_NO_PASID)
			atc_inv(master, a->ssid, 0, 0);
	if (arm_smmu_cmdq_sync(master->smmu))
		dev_err(master->dev, "may still use translations that it keeps\n");
	WRITE_ONCE(master->ats_on, false);
}

/**
 * arm_smmu_ats_probe - what of a PCI device the SMMU can make use of
 * @master: the device, which is being connected
 *
 * PASIDs are turned on before ATS ever is.
 */
void arm_smmu_ats_probe(struct arm_smmu_master *master)
{
	struct iommu_fwspec *fwspec = master->dev->iommu;
	struct arm_smmu_device *smmu = master->smmu;
	struct pci_dev *pdev;
	int features;

	/* A stream of several devices does not tell whose cache it is. */
	if (!dev_is_pci(master->dev) || fwspec->num_ids != 1)
		return;
	pdev = to_pci_dev(master->dev);
	features = pci_pasid_features(pdev);
	if (smmu->ssid_bits && features >= 0 &&
	    !pci_enable_pasid(pdev, features))
		fwspec->max_pasids = min(1u << smmu->ssid_bits,
					 (u32)pci_max_pasids(pdev));
	master->ats = smmu->ats && pci_ats_supported(pdev);
	fwspec->can_request = master->ats && smmu->pri &&
			      pci_pri_supported(pdev);
	master->ppar = fwspec->can_request && smmu->ssid_bits &&
		       pci_prg_resp_pasid_required(pdev);
}

/**
 * arm_smmu_ats_release - the opposite, before the device's streams end
 * @master: the device
 */
void arm_smmu_ats_release(struct arm_smmu_master *master)
{
	struct arm_smmu_attachment *a, *n;
	struct pci_dev *pdev;

	if (dev_is_pci(master->dev)) {
		pdev = to_pci_dev(master->dev);
		pci_disable_pri(pdev);
		arm_smmu_ats_off(master);
		pci_disable_pasid(pdev);
	}
	list_for_each_entry_safe(a, n, &master->attachments, master_node)
		remove(a);
}

/**
 * arm_smmu_set_page_requests - let a device ask for pages, or no longer
 * @master: a device that can
 * @on: whether it may
 *
 * Return: 0 or -errno.
 */
int arm_smmu_set_page_requests(struct arm_smmu_master *master, bool on)
{
	struct pci_dev *pdev = to_pci_dev(master->dev);
	int ret;

	if (!on) {
		pci_disable_pri(pdev);
		return 0;
	}
	ret = pci_reset_pri(pdev);
	return ret ? ret : pci_enable_pri(pdev,
		min(PAGE_REQUESTS + 0u, 1u << master->smmu->priq.log2size));
}
