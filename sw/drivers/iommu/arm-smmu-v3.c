// SPDX-License-Identifier: MIT
/*
 * Arm SMMUv3 driver (Arm IHI 0070): how an SMMU is started and stopped. What it
 * can do is taken from its ID registers.
 */

#include "arm-smmu-v3.h"

#include <iopoll.h>
#include <module.h>
#include <pci.h>
#include <platform_device.h>
#include <slab.h>

void *arm_smmu_alloc(struct arm_smmu_device *smmu, size_t size)
{
	unsigned int order = (unsigned int)get_order(size);
	void *mem = (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, order);

	if (!mem)
		return NULL;
	if ((virt_to_phys(mem) + size - 1) >> smmu->oas) {
		dev_err(smmu->dev, "memory at %#llx is beyond its %u bits\n",
			virt_to_phys(mem), smmu->oas);
		free_pages((unsigned long)mem, order);
		return NULL;
	}
	arm_smmu_sync_for_device(smmu, mem, size);
	return mem;
}

void arm_smmu_free(void *mem, size_t size)
{
	if (mem)
		free_pages((unsigned long)mem, (unsigned int)get_order(size));
}

/* Write a register and wait until its acknowledgement equals it. */
static int write_and_ack(struct arm_smmu_device *smmu, const char *name,
			 u32 value, unsigned int reg, unsigned int ack)
{
	u32 got;
	int ret;

	writel(value, smmu->base + reg);
	ret = readl_poll_timeout_atomic(smmu->base + ack, got, got == value,
					0, ARM_SMMU_TIMEOUT_US);
	if (ret)
		dev_err(smmu->dev, "%s=%#x is not acknowledged: %#x\n", name,
			value, got);
	return ret;
}

static int write_cr0(struct arm_smmu_device *smmu, u32 value)
{
	return write_and_ack(smmu, "CR0", value, SMMU_CR0, SMMU_CR0ACK);
}

static int write_irq_ctrl(struct arm_smmu_device *smmu, u32 value)
{
	return write_and_ack(smmu, "IRQ_CTRL", value, SMMU_IRQ_CTRL,
			     SMMU_IRQ_CTRLACK);
}

/*
 * What becomes of accesses while SMMUEN is 0: refused, so that nothing passes
 * without translation before or after our time (IHI 0070 6.3.14.1).
 */
static int gbpa_abort(struct arm_smmu_device *smmu)
{
	u32 gbpa;
	int ret;

	ret = readl_poll_timeout_atomic(smmu->base + SMMU_GBPA, gbpa,
					!(gbpa & GBPA_UPDATE), 0,
					ARM_SMMU_TIMEOUT_US);
	if (ret)
		goto out_timeout;
	gbpa |= (u32)(GBPA_ABORT | GBPA_UPDATE);
	writel(gbpa, smmu->base + SMMU_GBPA);
	ret = readl_poll_timeout_atomic(smmu->base + SMMU_GBPA, gbpa,
					!(gbpa & GBPA_UPDATE), 0,
					ARM_SMMU_TIMEOUT_US);
	if (ret)
		goto out_timeout;
	if (!(gbpa & GBPA_ABORT))
		dev_warn(smmu->dev, "GBPA.ABORT does not stick\n");
	return 0;

out_timeout:
	dev_err(smmu->dev, "GBPA.Update stays set: %#x\n", gbpa);
	return ret;
}

static int queue_init(struct arm_smmu_device *smmu, struct arm_smmu_queue *q,
		      const char *name, unsigned int base_reg,
		      unsigned int prod_reg, size_t dwords)
{
	q->entry = dwords * sizeof(u64);
	q->prod_reg = prod_reg;
	q->prod = 0;
	q->cons = 0;
	q->base = arm_smmu_alloc(smmu, q->entry << q->log2size);
	if (!q->base) {
		dev_err(smmu->dev, "no memory for the %s queue\n", name);
		return -ENOMEM;
	}
	writeq(Q_BASE_RWA | virt_to_phys(q->base) |
	       FIELD_PREP(Q_BASE_LOG2SIZE, (u64)q->log2size),
	       smmu->base + base_reg);
	writel(0, smmu->base + prod_reg);
	writel(0, smmu->base + prod_reg + 4);
	return 0;
}

static void queue_free(struct arm_smmu_queue *q)
{
	arm_smmu_free(q->base, q->entry << q->log2size);
	q->base = NULL;
}

/* Nothing that an earlier user left cached may be used. */
static int invalidate_all(struct arm_smmu_device *smmu)
{
	u64 cmds[3 * CMD_DWORDS] = {
		CMD_CFGI_STE_RANGE,
		FIELD_PREP(CMD_CFGI_1_RANGE, CFGI_RANGE_ALL),
		CMD_TLBI_NSNH_ALL, 0,
		CMD_TLBI_EL2_ALL, 0,
	};

	/* Without Hyp the last one would be illegal (IHI 0070 4.4). */
	return arm_smmu_cmdq_issue(smmu, cmds, smmu->hyp ? 3 : 2, true);
}

static int disable(struct arm_smmu_device *smmu)
{
	int ret = write_irq_ctrl(smmu, 0);

	return ret ? ret : write_cr0(smmu, 0);
}

/* From any state to one in which it uses no memory. */
static int stop(struct arm_smmu_device *smmu)
{
	int ret = gbpa_abort(smmu);

	return ret ? ret : disable(smmu);
}

static int start(struct arm_smmu_device *smmu)
{
	u32 cache = smmu->coherent ? CR1_CACHE_WB : CR1_CACHE_NC;
	u32 cr0 = 0;
	int ret;

	writel((u32)(FIELD_PREP(CR1_TABLE_SH, SH_ISH) |
		     FIELD_PREP(CR1_TABLE_OC, cache) |
		     FIELD_PREP(CR1_TABLE_IC, cache) |
		     FIELD_PREP(CR1_QUEUE_SH, SH_ISH) |
		     FIELD_PREP(CR1_QUEUE_OC, cache) |
		     FIELD_PREP(CR1_QUEUE_IC, cache)),
	       smmu->base + SMMU_CR1);
	/* Strange streams are worth an event. The CPU's TLB invalidations are
	 * none of this SMMU's business: PTM keeps them out.
	 */
	writel((u32)(CR2_RECINVSID | (smmu->btm ? CR2_PTM : 0) |
		     (smmu->ats_errors ? CR2_REC_CFG_ATS : 0)),
	       smmu->base + SMMU_CR2);

	ret = arm_smmu_strtab_init(smmu);
	if (ret)
		return ret;
	ret = queue_init(smmu, &smmu->cmdq, "command", SMMU_CMDQ_BASE,
			 SMMU_CMDQ_PROD, CMD_DWORDS);
	if (ret)
		return ret;
	ret = queue_init(smmu, &smmu->evtq, "event", SMMU_EVENTQ_BASE,
			 SMMU_EVENTQ_PROD, EVT_DWORDS);
	if (ret)
		return ret;
	if (smmu->pri)
		ret = queue_init(smmu, &smmu->priq, "PRI", SMMU_PRIQ_BASE,
				 SMMU_PRIQ_PROD, PRI_DWORDS);
	if (ret)
		return ret;

	/* Errors that were active before belong to nobody any more. */
	writel(readl(smmu->base + SMMU_GERROR), smmu->base + SMMU_GERRORN);

	cr0 |= CR0_CMDQEN;
	ret = write_cr0(smmu, cr0);
	if (ret)
		return ret;
	ret = invalidate_all(smmu);
	if (ret) {
		dev_err(smmu->dev, "does not process commands (%d)\n", ret);
		return ret;
	}
	cr0 |= CR0_EVENTQEN;
	ret = write_cr0(smmu, cr0);
	if (ret)
		return ret;
	ret = arm_smmu_setup_irqs(smmu);
	if (ret)
		return ret;
	/* Translated transactions are such only of streams that may: what is
	 * translated is not to be had by saying so (IHI 0070 6.3.9.2).
	 */
	if (smmu->ats)
		cr0 |= CR0_ATSCHK;
	if (smmu->pri)
		cr0 |= CR0_PRIQEN;
	ret = write_cr0(smmu, cr0);
	if (ret)
		return ret;
	ret = write_irq_ctrl(smmu, IRQ_CTRL_EVENTQ_IRQEN |
				   IRQ_CTRL_GERROR_IRQEN |
				   (smmu->pri ? IRQ_CTRL_PRIQ_IRQEN : 0));
	if (ret)
		return ret;
	cr0 |= CR0_SMMUEN;
	return write_cr0(smmu, cr0);
}

static void free_all(struct arm_smmu_device *smmu)
{
	queue_free(&smmu->cmdq);
	queue_free(&smmu->evtq);
	queue_free(&smmu->priq);
	arm_smmu_strtab_free(smmu);
	bitmap_free(smmu->asid_map);
	bitmap_free(smmu->vmid_map);
	smmu->asid_map = NULL;
	smmu->vmid_map = NULL;
}

static int alloc_tags(struct arm_smmu_device *smmu)
{
	if (smmu->s1p) {
		smmu->asid_map = bitmap_zalloc(1u << smmu->asid_bits,
					       GFP_KERNEL);
		if (!smmu->asid_map)
			return -ENOMEM;
	}
	if (smmu->s2p) {
		smmu->vmid_map = bitmap_zalloc(1u << smmu->vmid_bits,
					       GFP_KERNEL);
		if (!smmu->vmid_map)
			return -ENOMEM;
	}
	return 0;
}

static int arm_smmu_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct arm_smmu_device *smmu;
	struct resource *res;
	int ret;

	smmu = devm_kzalloc(dev, sizeof(*smmu), GFP_KERNEL);
	if (!smmu)
		return -ENOMEM;
	smmu->dev = dev;
	spin_lock_init(&smmu->cmdq_lock);
	spin_lock_init(&smmu->evtq_lock);
	spin_lock_init(&smmu->priq_lock);
	arm_smmu_recover_init(smmu);
	INIT_LIST_HEAD(&smmu->masters);
	platform_set_drvdata(pdev, smmu);

	smmu->base = devm_platform_get_and_ioremap_resource(pdev, 0, &res);
	if (IS_ERR(smmu->base))
		return (int)PTR_ERR(smmu->base);
	if (resource_size(res) < SMMU_REGS_SIZE) {
		dev_err(dev, "%#llx bytes of registers, %#x are needed\n",
			resource_size(res), SMMU_REGS_SIZE);
		return -EINVAL;
	}

	ret = arm_smmu_read_features(smmu);
	if (ret)
		return ret;
	ret = alloc_tags(smmu);
	if (ret)
		goto out_free;
	ret = stop(smmu);
	if (ret)
		goto out_free;
	ret = start(smmu);
	if (ret)
		goto out_stop;
	ret = iommu_device_sysfs_add(&smmu->iommu, dev, arm_smmu_sysfs_groups,
				     "smmu3.%#018llx", res->start);
	if (ret)
		goto out_stop;
	arm_smmu_shell_add(smmu);
	smmu->iommu.max_pasids = smmu->ssid_bits ? 1u << smmu->ssid_bits : 0;
	ret = iommu_device_register(&smmu->iommu, &arm_smmu_iommu_ops, dev);
	if (!ret)
		return 0;
	arm_smmu_shell_remove(smmu);
	iommu_device_sysfs_remove(&smmu->iommu);

out_stop:
	/* Memory that it may still use is not given back. */
	if (stop(smmu))
		return ret;
	arm_smmu_free_irqs(smmu);
	arm_smmu_recover_stop(smmu);
out_free:
	free_all(smmu);
	return ret;
}

static void arm_smmu_remove(struct platform_device *pdev)
{
	struct arm_smmu_device *smmu = platform_get_drvdata(pdev);
	const u32 queues = CR0_CMDQEN | CR0_EVENTQEN;
	int ret;

	iommu_device_unregister(&smmu->iommu);
	iommu_device_sysfs_remove(&smmu->iommu);
	arm_smmu_shell_remove(smmu);
	/*
	 * Translation off first, while the queues run: a CMD_SYNC then makes
	 * the last events visible (IHI 0070 4.7.3), and they are reported.
	 */
	ret = gbpa_abort(smmu);
	if (!ret)
		ret = write_cr0(smmu, queues);
	if (!ret)
		arm_smmu_cmdq_sync(smmu);
	arm_smmu_evtq_drain(smmu);
	arm_smmu_priq_drain(smmu);
	arm_smmu_handle_gerror(smmu);

	if (ret || disable(smmu)) {
		dev_err(smmu->dev, "does not stop; its memory is not freed\n");
		return;
	}
	arm_smmu_free_irqs(smmu);
	arm_smmu_recover_stop(smmu);
	dev_info(smmu->dev, "stopped; %llu events seen, %u overflows, %u commands refused\n",
		 smmu->events, smmu->overflows,
		 smmu->cmdq_errors - smmu->atc_losses);
	free_all(smmu);
}

static const struct of_device_id arm_smmu_of_match[] = {
	{ .compatible = "arm,smmu-v3" },
	{ }
};
MODULE_DEVICE_TABLE(of, arm_smmu_of_match);

static struct platform_driver arm_smmu_driver = {
	.probe = arm_smmu_probe,
	.remove = arm_smmu_remove,
	.driver = {
		.name = "arm-smmu-v3",
		.of_match_table = arm_smmu_of_match,
	},
};

static int __init arm_smmu_init(void)
{
	int ret = arm_smmu_shell_init();

	if (ret)
		return ret;
	/* What is told apart by streams is to be kept apart as well. */
	pci_request_acs();
	ret = platform_driver_register(&arm_smmu_driver);
	if (ret)
		arm_smmu_shell_exit();
	return ret;
}

static void __exit arm_smmu_exit(void)
{
	platform_driver_unregister(&arm_smmu_driver);
	arm_smmu_shell_exit();
}

module_init(arm_smmu_init);
module_exit(arm_smmu_exit);

/* The page-table format is found at run time, so no symbol says so. */
MODULE_SOFTDEP("pre: io-pgtable-arm");
MODULE_DESCRIPTION("Arm SMMUv3 driver");
MODULE_LICENSE("Dual MIT/GPL");
