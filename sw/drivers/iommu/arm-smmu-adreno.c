// SPDX-License-Identifier: MIT
/*
 * The SMMU of an Adreno GPU ("qcom,adreno-smmu"): the GPU's domain is TTBR1's,
 * in the one context bank whose registers the GPU's command processor knows;
 * TTBR0 belongs to the GPU's driver.
 */
#include "arm-smmu.h"

#include <adreno-smmu.h>
#include <export.h>
#include <of.h>

/**
 * smmu2_is_gpu - whether a device is a GPU that switches TTBR0 itself
 * @smmu: its SMMU
 * @dev: the device
 */
bool smmu2_is_gpu(const struct smmu2_device *smmu, const struct device *dev)
{
	return smmu->model->adreno &&
	       of_device_is_compatible(dev->of_node, "qcom,adreno");
}

/**
 * smmu2_check_split - whether addresses can have a sign
 * @smmu: of a GPU
 *
 * The half is chosen by the topmost bit of the bus (TCR2.SEP), which is above
 * the 48 bits of input only if there are 49 or more (IHI 0062 1.6.4).
 *
 * Return: 0; -EOPNOTSUPP after a message.
 */
int smmu2_check_split(const struct smmu2_device *smmu)
{
	if (smmu->stage1 && smmu->format == SMMU2_AARCH64 &&
	    smmu->va_bits == 48 && !smmu->num_s2_banks)
		return 0;
	dev_err(smmu->dev, "a GPU needs AArch64 stage 1 in context bank 0, and 49 bits of input: %s, %u bits, %u banks for stage 2 alone\n",
		smmu2_format_names[smmu->format], smmu->va_bits,
		smmu->num_s2_banks);
	return -EOPNOTSUPP;
}

static struct smmu2_domain *split_domain(struct device *gpu)
{
	struct smmu2_master *master = gpu->iommu ? gpu->iommu->priv : NULL;

	return master && master->domain && master->domain->split ?
	       master->domain : NULL;
}

static int find_domain(struct device *gpu, struct smmu2_domain **dom)
{
	struct smmu2_master *master = gpu->iommu ? gpu->iommu->priv : NULL;

	if (!master || !smmu2_is_gpu(master->smmu, gpu))
		return -EOPNOTSUPP;
	*dom = split_domain(gpu);
	return *dom ? 0 : -ENODEV;
}

static int get_ttbr1_cfg(struct device *gpu, struct io_pgtable_cfg *cfg)
{
	struct smmu2_domain *dom;
	int ret = find_domain(gpu, &dom);

	if (!ret)
		*cfg = io_pgtable_ops_to_pgtable(dom->pgtbl)->cfg;
	return ret;
}

/* What both halves have one register for. */
static bool alike(const struct io_pgtable_cfg *a,
		  const struct io_pgtable_cfg *b)
{
	return a->arm_lpae_s1_cfg.mair == b->arm_lpae_s1_cfg.mair &&
	       a->arm_lpae_s1_cfg.tcr.ips == b->arm_lpae_s1_cfg.tcr.ips;
}

static int set_ttbr0_cfg(struct device *gpu, const struct io_pgtable_cfg *cfg,
			 u32 asid)
{
	struct io_pgtable_cfg ttbr1;
	struct smmu2_domain *dom;
	struct smmu2_regs regs;
	int ret = find_domain(gpu, &dom);

	if (ret)
		return ret;
	ttbr1 = io_pgtable_ops_to_pgtable(dom->pgtbl)->cfg;
	if (cfg && (cfg->quirks & IO_PGTABLE_QUIRK_ARM_TTBR1 ||
		    !alike(cfg, &ttbr1) || asid != (asid & 0xffff)))
		return -EINVAL;
	smmu2_describe_split(dom, &ttbr1, cfg, asid, &regs);
	smmu2_bank_set_ttbr0(dom->bank, &regs, cfg != NULL);
	return 0;
}

static int asid_alloc(struct device *gpu)
{
	struct smmu2_domain *dom;
	unsigned long n;
	int ret = find_domain(gpu, &dom);

	if (ret)
		return ret;
	n = find_next_zero_bit(dom->smmu->asid_map, SMMU2_GPU_ASIDS, 0);
	if (n >= SMMU2_GPU_ASIDS)
		return -ENOSPC;
	__set_bit((unsigned int)n, dom->smmu->asid_map);
	return (int)(SMMU2_FIRST_GPU_ASID + n);
}

static void asid_free(struct device *gpu, u32 asid)
{
	struct smmu2_master *master = gpu->iommu->priv;

	if (asid >= SMMU2_FIRST_GPU_ASID &&
	    asid < SMMU2_FIRST_GPU_ASID + SMMU2_GPU_ASIDS)
		__clear_bit(asid - SMMU2_FIRST_GPU_ASID,
			    master->smmu->asid_map);
}

static int tlb_inv_asid(struct device *gpu, u32 asid)
{
	struct smmu2_domain *dom;
	int ret = find_domain(gpu, &dom);

	return ret ? ret : smmu2_tlb_inv_asid(dom, asid);
}

static void get_fault(struct device *gpu, struct adreno_smmu_fault *fault)
{
	struct smmu2_domain *dom = split_domain(gpu);
	unsigned long flags;

	memset(fault, 0, sizeof(*fault));
	if (!dom)
		return;
	spin_lock_irqsave(&dom->smmu->fault_lock, flags);
	*fault = dom->last;
	spin_unlock_irqrestore(&dom->smmu->fault_lock, flags);
}

/* With fault_lock, before FSR is cleared. */
void smmu2_note_gpu_fault(struct smmu2_domain *dom,
			  const struct smmu2_context_fault *f)
{
	u8 __iomem *cb = smmu2_cb(dom->smmu, f->bank);
	struct adreno_smmu_fault *last = &dom->last;

	last->ttbr0 = readq(cb + SMMU_CB_TTBR0);
	last->contextidr = readl(cb + SMMU_CB_CONTEXTIDR);
	last->far = f->far;
	last->fsr = f->fsr;
	last->fsynr0 = f->fsynr0;
	last->cbfrsynra = f->cbfrsynra;
	last->count++;
}

const struct adreno_smmu_ops smmu2_adreno_ops = {
	.get_ttbr1_cfg = get_ttbr1_cfg,
	.set_ttbr0_cfg = set_ttbr0_cfg,
	.asid_alloc = asid_alloc,
	.asid_free = asid_free,
	.tlb_inv_asid = tlb_inv_asid,
	.get_fault = get_fault,
};
