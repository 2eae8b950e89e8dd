// SPDX-License-Identifier: MIT
/*
 * Arm SMMUv2 driver (Arm IHI 0062): how an SMMU is taken into use and left.
 * What it can do is taken from its ID registers, and from "compatible" where
 * they do not say it.
 */
#include "arm-smmu.h"

#include <module.h>
#include <moduleparam.h>
#include <of.h>
#include <pci.h>
#include <platform_device.h>
#include <slab.h>

static char *format;
module_param(format, charp, 0444);
MODULE_PARM_DESC(format, "translation scheme: aarch64, aarch32-l or aarch32-s");

/* The parameter, or "smmu-vp,format" of the node. */
static const char *wanted_format(const struct smmu2_device *smmu)
{
	const char *name = NULL;

	if (format && *format)
		return format;
	of_property_read_string(smmu->dev->of_node, "smmu-vp,format", &name);
	return name;
}

static int init_banks(struct smmu2_device *smmu)
{
	unsigned int n;

	smmu->banks = devm_kzalloc(smmu->dev, max(smmu->num_banks, 1u) *
				   sizeof(*smmu->banks), GFP_KERNEL);
	if (!smmu->banks)
		return -ENOMEM;
	for (n = 0; n < smmu->num_banks; n++) {
		smmu->banks[n].smmu = smmu;
		smmu->banks[n].index = n;
	}
	return 0;
}

static int find_out(struct smmu2_device *smmu, size_t window)
{
	int ret = smmu2_read_features(smmu, window);

	if (!ret)
		ret = smmu2_choose_format(smmu, wanted_format(smmu));
	if (!ret)
		ret = init_banks(smmu);
	if (ret)
		return ret;
	if (smmu->coherent != smmu->dev->dma_coherent)
		dev_warn(smmu->dev, "IDR0.CTTW is %d, dma-coherent says %d; IDR0 is believed\n",
			 smmu->coherent, smmu->dev->dma_coherent);
	of_property_read_u32(smmu->dev->of_node, "stream-match-mask",
			     &smmu->extra_mask);
	return 0;
}

static int take_into_use(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct smmu2_device *smmu;
	struct resource *res;
	int ret;

	smmu = devm_kzalloc(dev, sizeof(*smmu), GFP_KERNEL);
	if (!smmu)
		return -ENOMEM;
	smmu->dev = dev;
	smmu->model = of_device_get_match_data(dev);
	spin_lock_init(&smmu->sync_lock);
	spin_lock_init(&smmu->fault_lock);
	INIT_LIST_HEAD(&smmu->masters);
	platform_set_drvdata(pdev, smmu);

	smmu->base = devm_platform_get_and_ioremap_resource(pdev, 0, &res);
	if (IS_ERR(smmu->base))
		return (int)PTR_ERR(smmu->base);
	if (!smmu->model || resource_size(res) < 0x1000) {
		dev_err(dev, "%#llx bytes of registers are none of an SMMU\n",
			resource_size(res));
		return -EINVAL;
	}
	ret = find_out(smmu, (size_t)resource_size(res));
	if (ret)
		return ret;
	ret = smmu2_reset(smmu);
	if (ret)
		return ret;
	smmu2_show_features(smmu);
	ret = smmu2_setup_irqs(smmu);
	if (!ret)
		ret = smmu2_enable(smmu);
	if (ret)
		goto out_close;
	ret = iommu_device_sysfs_add(&smmu->iommu, dev, smmu2_sysfs_groups,
				     "smmu.%#018llx", res->start);
	if (ret)
		goto out_close;
	smmu2_shell_add(smmu);
	ret = iommu_device_register(&smmu->iommu, &smmu2_iommu_ops, dev);
	if (!ret)
		return 0;
	smmu2_shell_remove(smmu);
	iommu_device_sysfs_remove(&smmu->iommu);
out_close:
	smmu2_close(smmu);
	return ret;
}

static int smmu2_probe(struct platform_device *pdev)
{
	int ret = smmu2_legacy_check(&pdev->dev);

	if (!ret)
		ret = take_into_use(pdev);
	smmu2_legacy_settle(&pdev->dev, ret);
	return ret;
}

static void smmu2_remove(struct platform_device *pdev)
{
	struct smmu2_device *smmu = platform_get_drvdata(pdev);

	smmu2_legacy_settle(&pdev->dev, -EPROBE_DEFER);
	iommu_device_unregister(&smmu->iommu);
	iommu_device_sysfs_remove(&smmu->iommu);
	smmu2_shell_remove(smmu);
	smmu2_handle_global(smmu);
	if (smmu2_close(smmu))
		return;
	dev_info(smmu->dev, "stopped; %llu context faults and %llu global faults seen\n",
		 smmu->faults, smmu->global_faults);
}

static const struct smmu2_model smmu_v1 = { SMMU2_V1, false };
static const struct smmu2_model mmu401 = { SMMU2_V1_64K, false };
static const struct smmu2_model smmu_v2 = { SMMU2_V2, false };
static const struct smmu2_model mmu500 = { SMMU2_V2, true };
static const struct smmu2_model adreno = { SMMU2_V2, false, true };

static const struct of_device_id smmu2_of_match[] = {
	{ .compatible = "arm,mmu-500", .data = &mmu500 },
	{ .compatible = "arm,mmu-401", .data = &mmu401 },
	{ .compatible = "arm,mmu-400", .data = &smmu_v1 },
	{ .compatible = "qcom,adreno-smmu", .data = &adreno },
	{ .compatible = "arm,smmu-v2", .data = &smmu_v2 },
	{ .compatible = "arm,smmu-v1", .data = &smmu_v1 },
	{ }
};
MODULE_DEVICE_TABLE(of, smmu2_of_match);

static struct platform_driver smmu2_driver = {
	.probe = smmu2_probe,
	.remove = smmu2_remove,
	.driver = {
		.name = "arm-smmu",
		.of_match_table = smmu2_of_match,
	},
};

static int __init smmu2_init(void)
{
	int ret = smmu2_legacy_init(smmu2_of_match);

	if (ret)
		return ret;
	/* What is told apart by streams is to be kept apart as well. */
	pci_request_acs();
	ret = smmu2_shell_init();
	if (ret)
		goto out_legacy;
	ret = platform_driver_register(&smmu2_driver);
	if (!ret)
		return 0;
	smmu2_shell_exit();
out_legacy:
	smmu2_legacy_exit();
	return ret;
}

static void __exit smmu2_exit(void)
{
	platform_driver_unregister(&smmu2_driver);
	smmu2_shell_exit();
	smmu2_legacy_exit();
}

module_init(smmu2_init);
module_exit(smmu2_exit);

/* Page-table formats are found at run time, so no symbol says so. */
MODULE_SOFTDEP("pre: io-pgtable-arm io-pgtable-arm-v7s");
MODULE_DESCRIPTION("Arm SMMUv2 driver");
MODULE_LICENSE("Dual MIT/GPL");
