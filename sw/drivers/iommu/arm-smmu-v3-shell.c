// SPDX-License-Identifier: MIT
/* Shell command: what the SMMUs did. */

#include "arm-smmu-v3.h"

#include <export.h>
#include <shell.h>

static LIST_HEAD(instances);
static DEFINE_MUTEX(instances_lock);

void arm_smmu_shell_add(struct arm_smmu_device *smmu)
{
	mutex_lock(&instances_lock);
	list_add_tail(&smmu->node, &instances);
	mutex_unlock(&instances_lock);
}

void arm_smmu_shell_remove(struct arm_smmu_device *smmu)
{
	mutex_lock(&instances_lock);
	list_del(&smmu->node);
	mutex_unlock(&instances_lock);
}

/* Of all instances, until @fn returns an error: that, or 0; -ENODEV when there
 * are none. None goes meanwhile.
 */
int arm_smmu_for_each(int (*fn)(struct arm_smmu_device *smmu))
{
	struct arm_smmu_device *smmu;
	int ret = -ENODEV;

	mutex_lock(&instances_lock);
	list_for_each_entry(smmu, &instances, node) {
		ret = fn(smmu);
		if (ret)
			break;
	}
	mutex_unlock(&instances_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(arm_smmu_for_each);

static int status(struct arm_smmu_device *smmu)
{
	shell_printf("%s: CR0 %#x, commands PROD %#x CONS %#x, events PROD %#x CONS %#x, GERROR %#x GERRORN %#x\n",
		     dev_name(smmu->dev), readl(smmu->base + SMMU_CR0ACK),
		     readl(smmu->base + SMMU_CMDQ_PROD),
		     readl(smmu->base + SMMU_CMDQ_CONS),
		     readl(smmu->base + SMMU_EVENTQ_PROD),
		     readl(smmu->base + SMMU_EVENTQ_CONS),
		     readl(smmu->base + SMMU_GERROR),
		     readl(smmu->base + SMMU_GERRORN));
	shell_printf("%s: %llu events, %llu of them answered by drivers, %u overflows, %u commands refused\n",
		     dev_name(smmu->dev), smmu->events, smmu->stalls,
		     smmu->overflows, smmu->cmdq_errors - smmu->atc_losses);
	if (smmu->pri)
		shell_printf("%s: PRI queue PROD %#x CONS %#x, %llu page requests, %llu answers, %u overflows\n",
			     dev_name(smmu->dev),
			     readl(smmu->base + SMMU_PRIQ_PROD),
			     readl(smmu->base + SMMU_PRIQ_CONS),
			     smmu->page_requests, smmu->page_responses,
			     smmu->priq_overflows);
	if (smmu->ats)
		shell_printf("%s: %u invalidations not completed by devices\n",
			     dev_name(smmu->dev), smmu->atc_losses);
	return 0;
}

static int smmu_command(int argc, char **argv)
{
	if (argc != 2 || strcmp(argv[1], "status")) {
		shell_printf("usage: smmu status\n");
		return -EINVAL;
	}
	if (arm_smmu_for_each(status) == -ENODEV)
		shell_printf("no SMMUv3\n");
	return 0;
}

int arm_smmu_shell_init(void)
{
	return register_shell_command("smmu", "status - state of each SMMUv3",
				      smmu_command);
}

void arm_smmu_shell_exit(void)
{
	unregister_shell_command("smmu");
}
