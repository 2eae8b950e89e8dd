// SPDX-License-Identifier: MIT
/* Interrupts (IHI 0070 3.18): by message where there is a controller for them. */

#include "arm-smmu-v3.h"

#include <interrupt.h>
#include <msi.h>
#include <platform_device.h>

static irqreturn_t evtq_irq(int irq, void *data)
{
	(void)irq;
	arm_smmu_evtq_drain(data);
	return IRQ_HANDLED;
}

static irqreturn_t gerror_irq(int irq, void *data)
{
	(void)irq;
	arm_smmu_handle_gerror(data);
	return IRQ_HANDLED;
}

static irqreturn_t priq_irq(int irq, void *data)
{
	(void)irq;
	arm_smmu_priq_drain(data);
	return IRQ_HANDLED;
}

static irqreturn_t combined_irq(int irq, void *data)
{
	(void)irq;
	arm_smmu_handle_gerror(data);
	arm_smmu_evtq_drain(data);
	arm_smmu_priq_drain(data);
	return IRQ_HANDLED;
}

/* There may be several SMMUs. */
static int request_label(struct arm_smmu_device *smmu, unsigned int irq,
			 const char *name, irq_handler_t handler)
{
	const char *label = devm_kasprintf(smmu->dev, GFP_KERNEL, "%s %s",
					   dev_name(smmu->dev), name);

	return label ? devm_request_irq(smmu->dev, irq, handler, 0, label,
					smmu) : -ENOMEM;
}

static int request_one(struct arm_smmu_device *smmu, const char *name,
		       irq_handler_t handler)
{
	struct platform_device *pdev = to_platform_device(smmu->dev);
	int irq = platform_get_irq_byname_optional(pdev, name);

	return irq < 0 ? irq :
			 request_label(smmu, (unsigned int)irq, name, handler);
}

static bool is_absent(int err)
{
	return err && err != -ENOMEM && err != -EPROBE_DEFER;
}

/* Address, data and attributes of each MSI. */
static const struct {
	unsigned int cfg0;
	const char *name;
	irq_handler_t handler;
} msis[] = {
	{ SMMU_EVENTQ_IRQ_CFG0, "eventq-msi", evtq_irq },
	{ SMMU_GERROR_IRQ_CFG0, "gerror-msi", gerror_irq },
	/* The last: not every SMMU has it. */
	{ SMMU_PRIQ_IRQ_CFG0, "priq-msi", priq_irq },
};

static unsigned int num_msis(const struct arm_smmu_device *smmu)
{
	return ARRAY_SIZE(msis) - !smmu->pri;
}

#define CFG1	(SMMU_GERROR_IRQ_CFG1 - SMMU_GERROR_IRQ_CFG0)
#define CFG2	(SMMU_GERROR_IRQ_CFG2 - SMMU_GERROR_IRQ_CFG0)

/* The registers are guarded by IRQ_CTRL, which is still 0 (IHI 0070 6.3.20). */
static void write_msi(struct msi_desc *desc, struct msi_msg *msg)
{
	struct arm_smmu_device *smmu =
		platform_get_drvdata(to_platform_device(desc->dev));
	u8 __iomem *regs = smmu->base + msis[desc->index].cfg0;

	writeq((u64)msg->address_hi << 32 | msg->address_lo, regs);
	writel(msg->data, regs + CFG1);
	writel((u32)FIELD_PREP(IRQ_CFG2_MEMATTR, MEMATTR_DEV_NGNRE),
	       regs + CFG2);
}

/* Address 0 is no MSI (IHI 0070 3.18): the wires are used. */
static void disable_msis(struct arm_smmu_device *smmu)
{
	unsigned int i;

	for (i = 0; i < num_msis(smmu); i++)
		writeq(0, smmu->base + msis[i].cfg0);
}

/* 1: they are in use; 0: there are none. */
static int setup_msis(struct arm_smmu_device *smmu)
{
	int ret;

	if (!smmu->msi)
		return 0;
	disable_msis(smmu);
	ret = platform_msi_domain_alloc_irqs(smmu->dev, num_msis(smmu),
					     write_msi);
	if (ret == -ENOMEM)
		return ret;
	if (ret) {
		/* -ENODEV: no msi-parent, which is nothing to wonder about. */
		if (ret != -ENODEV)
			dev_warn(smmu->dev, "no MSIs (-%s): the wires are used\n",
				 errname(ret));
		return 0;
	}
	while (smmu->msis < num_msis(smmu)) {
		unsigned int i = smmu->msis;

		ret = request_label(smmu, (unsigned int)msi_get_virq(smmu->dev,
								     i),
				    msis[i].name, msis[i].handler);
		if (ret) {
			arm_smmu_free_irqs(smmu);
			return ret;
		}
		smmu->msis++;
	}
	return 1;
}

/**
 * arm_smmu_free_irqs - give MSIs back; what is wired goes with the device
 * @smmu: its IRQ_CTRL is 0
 */
void arm_smmu_free_irqs(struct arm_smmu_device *smmu)
{
	if (!smmu->msi)
		return;
	disable_msis(smmu);
	while (smmu->msis) {
		smmu->msis--;
		devm_free_irq(smmu->dev,
			      (unsigned int)msi_get_virq(smmu->dev,
							 smmu->msis), smmu);
	}
	platform_msi_domain_free_irqs(smmu->dev);
}

/**
 * arm_smmu_setup_irqs - request interrupts, by MSI or by wire
 * @smmu: its IRQ_CTRL is 0
 *
 * Wires have the names of the binding arm,smmu-v3. Without an interrupt there
 * are no reports of faults, but translation works.
 *
 * Return: 0 or -errno.
 */
int arm_smmu_setup_irqs(struct arm_smmu_device *smmu)
{
	int ret = setup_msis(smmu);

	if (ret)
		return ret < 0 ? ret : 0;
	ret = request_one(smmu, "combined", combined_irq);
	if (!is_absent(ret))
		return ret;
	ret = request_one(smmu, "eventq", evtq_irq);
	if (is_absent(ret))
		dev_warn(smmu->dev, "no eventq interrupt: faults are not reported\n");
	else if (ret)
		return ret;
	ret = request_one(smmu, "gerror", gerror_irq);
	if (is_absent(ret))
		dev_warn(smmu->dev, "no gerror interrupt: global errors are seen late\n");
	else if (ret)
		return ret;
	if (!smmu->pri)
		return 0;
	ret = request_one(smmu, "priq", priq_irq);
	if (!is_absent(ret))
		return ret;
	/* A device that nobody answers would wait for ever. */
	dev_warn(smmu->dev, "no priq interrupt: devices may not ask for pages\n");
	smmu->pri = false;
	return 0;
}

