// SPDX-License-Identifier: MIT
/* Invalidation of translations, and the wait for it (IHI 0062 5.4). */

#include "arm-smmu.h"

#include <export.h>
#include <iopoll.h>

/* Above so many leaves an address space is invalidated as a whole. */
#define MAX_LEAVES	128

/* TLBIVA and TLBIIPAS2 count in 4 KiB, whatever the granule. */
#define TLBI_SHIFT	12
#define TLBIVA_ADDRESS	GENMASK(43, 0)
#define TLBIVA_ASID	GENMASK(63, 48)
#define TLBIVAA_ADDRESS	GENMASK(43, 0)
#define TLBIVA32_VA	GENMASK(31, 12)
#define TLBIIPAS2_ADDRESS GENMASK(35, 0)

static int wait_idle(struct smmu2_device *smmu, const void __iomem *status,
		     u32 active)
{
	u32 value;

	return readl_poll_timeout_atomic(status, value, !(value & active), 0,
					 SMMU2_TIMEOUT_US);
}

/**
 * smmu2_tlb_sync_global - wait for all invalidations, and what they are for
 * @smmu: the SMMU
 *
 * Return: 0; -ETIMEDOUT after a message: memory that translations lead to may
 * still be in use, and none is freed any more.
 */
int smmu2_tlb_sync_global(struct smmu2_device *smmu)
{
	u8 __iomem *gr0 = smmu2_gr0(smmu);
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&smmu->sync_lock, flags);
	writel(0, gr0 + SMMU_TLBGSYNC);
	ret = wait_idle(smmu, gr0 + SMMU_TLBGSTATUS,
			(u32)TLBGSTATUS_GSACTIVE);
	spin_unlock_irqrestore(&smmu->sync_lock, flags);
	if (ret) {
		smmu->lost = true;
		dev_err(smmu->dev, "TLBGSYNC does not end: TLBGSTATUS.GSACTIVE stays 1\n");
	}
	return ret;
}
EXPORT_SYMBOL_GPL(smmu2_tlb_sync_global);

/* In SMMUv1 banks of stage 2 have no registers for it (IHI 0062 17.3.7). */
int smmu2_tlb_sync_bank(struct smmu2_bank *bank)
{
	struct smmu2_device *smmu = bank->smmu;
	u8 __iomem *cb = smmu2_cb(smmu, bank->index);
	unsigned long flags;
	int ret;

	if (smmu->model->version != SMMU2_V2)
		return smmu2_tlb_sync_global(smmu);
	spin_lock_irqsave(&smmu->sync_lock, flags);
	writel(0, cb + SMMU_CB_TLBSYNC);
	ret = wait_idle(smmu, cb + SMMU_CB_TLBSTATUS, (u32)TLBSTATUS_SACTIVE);
	spin_unlock_irqrestore(&smmu->sync_lock, flags);
	if (ret) {
		smmu->lost = true;
		dev_err(smmu->dev, "TLBSYNC of context bank %u does not end: TLBSTATUS.SACTIVE stays 1\n",
			bank->index);
	}
	return ret;
}
EXPORT_SYMBOL_GPL(smmu2_tlb_sync_bank);

/**
 * smmu2_tlb_inv_combined - forget what nested domains made of a parent
 * @dom: the parent
 *
 * An entry of both stages need not know its IPA, so that no operation by IPA
 * finds it: what stage 1 made goes by VMID, behind the stage 2 that it was
 * made of (IHI 0062 17.3.4).
 */
void smmu2_tlb_inv_combined(struct smmu2_domain *dom)
{
	struct smmu2_device *smmu = dom->smmu;

	if (!dom->nest_parent)
		return;
	writel(smmu2_vmid(dom->bank), smmu2_gr0(smmu) + SMMU_TLBIVMIDS1);
	smmu2_tlb_sync_global(smmu);
}
EXPORT_SYMBOL_GPL(smmu2_tlb_inv_combined);

/**
 * smmu2_tlb_inv_domain - forget all translations of a domain, and wait
 * @dom: of stage 1, under its ASID, of a GPU, under any; of stage 2, under its
 *	 VMID, with what nested domains made of it; or a nested one, under its
 *	 parent's VMID
 */
void smmu2_tlb_inv_domain(struct smmu2_domain *dom)
{
	struct smmu2_device *smmu = dom->smmu;
	u8 __iomem *cb;

	if (!dom->bank)
		return;
	cb = smmu2_cb(smmu, dom->bank->index);
	if (dom->stage == SMMU2_STAGE_2) {
		writel(smmu2_vmid(dom->bank), smmu2_gr0(smmu) + SMMU_TLBIVMID);
		smmu2_tlb_sync_global(smmu);
		return;
	}
	if (dom->stage == SMMU2_NESTED || dom->split)
		writel(0, cb + SMMU_CB_TLBIALL);
	else
		writel(dom->asid, cb + SMMU_CB_TLBIASID);
	smmu2_tlb_sync_bank(dom->bank);
}
EXPORT_SYMBOL_GPL(smmu2_tlb_inv_domain);

/**
 * smmu2_tlb_inv_asid - forget what a process of a GPU had, and wait
 * @dom: the GPU's
 * @asid: of the process
 *
 * Return: 0; -ETIMEDOUT after a message.
 */
int smmu2_tlb_inv_asid(struct smmu2_domain *dom, u32 asid)
{
	writel(asid, smmu2_cb(dom->smmu, dom->bank->index) +
	       SMMU_CB_TLBIASID);
	return smmu2_tlb_sync_bank(dom->bank);
}
EXPORT_SYMBOL_GPL(smmu2_tlb_inv_asid);

/* Of a GPU's kernel half, whoever's ASID was there when it was used. */
static void inv_vaa(const struct smmu2_domain *dom, u64 addr, bool leaf)
{
	writeq(addr >> TLBI_SHIFT & TLBIVAA_ADDRESS,
	       smmu2_cb(dom->smmu, dom->bank->index) +
	       (leaf ? SMMU_CB_TLBIVAAL : SMMU_CB_TLBIVAA));
}

static void inv_va(const struct smmu2_domain *dom, u64 addr, bool leaf)
{
	u8 __iomem *reg = smmu2_cb(dom->smmu, dom->bank->index) +
			  (leaf ? SMMU_CB_TLBIVAL : SMMU_CB_TLBIVA);

	/* CBA2R.VA64 chooses between two formats (IHI 0062 16.5.32). */
	if (dom->format == SMMU2_AARCH64)
		writeq((addr >> TLBI_SHIFT & TLBIVA_ADDRESS) |
		       FIELD_PREP(TLBIVA_ASID, (u64)dom->asid), reg);
	else
		writel((u32)(addr & TLBIVA32_VA) | dom->asid, reg);
}

static void inv_ipa(const struct smmu2_domain *dom, u64 addr, bool leaf)
{
	writeq(addr >> TLBI_SHIFT & TLBIIPAS2_ADDRESS,
	       smmu2_cb(dom->smmu, dom->bank->index) +
	       (leaf ? SMMU_CB_TLBIIPAS2L : SMMU_CB_TLBIIPAS2));
}

/**
 * smmu2_tlb_inv_range - forget translations of a range, and wait
 * @dom: of stage 1 or 2
 * @addr: first address
 * @size: bytes
 * @leaf_size: size of the leaves
 * @leaf: leaves alone; else tables too, and leaves of any size
 */
void smmu2_tlb_inv_range(struct smmu2_domain *dom, u64 addr, u64 size,
			 u64 leaf_size, bool leaf)
{
	bool s2 = dom->stage == SMMU2_STAGE_2;
	u64 left;

	if (!size || !leaf_size || !dom->bank)
		return;
	/* SMMUv1 knows no invalidation by IPA (IHI 0062 1.1.4). */
	if (size / leaf_size > MAX_LEAVES ||
	    (s2 && dom->smmu->model->version != SMMU2_V2)) {
		smmu2_tlb_inv_domain(dom);
		return;
	}
	/* By what is left: the end of a GPU's half is that of all addresses. */
	for (left = (size - 1) / leaf_size + 1; left; left--, addr += leaf_size) {
		if (s2)
			inv_ipa(dom, addr, leaf);
		else if (dom->split)
			inv_vaa(dom, addr, leaf);
		else
			inv_va(dom, addr, leaf);
	}
	smmu2_tlb_sync_bank(dom->bank);
	if (s2)
		smmu2_tlb_inv_combined(dom);
}
EXPORT_SYMBOL_GPL(smmu2_tlb_inv_range);
