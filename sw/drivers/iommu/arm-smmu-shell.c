// SPDX-License-Identifier: MIT
/* Shell command: what the SMMUs did. */

#include "arm-smmu.h"

#include <export.h>
#include <shell.h>

static LIST_HEAD(instances);
static DEFINE_MUTEX(instances_lock);

void smmu2_shell_add(struct smmu2_device *smmu)
{
	mutex_lock(&instances_lock);
	list_add_tail(&smmu->node, &instances);
	mutex_unlock(&instances_lock);
}

void smmu2_shell_remove(struct smmu2_device *smmu)
{
	mutex_lock(&instances_lock);
	list_del(&smmu->node);
	mutex_unlock(&instances_lock);
}

/* Of all instances, until @fn returns an error: that, or 0; -ENODEV when there
 * are none. None goes meanwhile.
 */
int smmu2_for_each(int (*fn)(struct smmu2_device *smmu))
{
	struct smmu2_device *smmu;
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
EXPORT_SYMBOL_GPL(smmu2_for_each);

static const char *type_name(const struct smmu2_regs *regs)
{
	switch (FIELD_GET(CBAR_TYPE, regs->cbar)) {
	case CBAR_TYPE_S2:
		return "stage 2";
	case CBAR_TYPE_S1_S2_BYPASS:
		return "stage 1";
	default:
		return "nested";
	}
}

static int status(struct smmu2_device *smmu)
{
	const u8 __iomem *gr0 = smmu2_gr0(smmu);
	unsigned int n;

	shell_printf("%s: CR0 %#x, GFSR %#x, %llu context faults, %llu of them answered by drivers, %llu global faults\n",
		     dev_name(smmu->dev), readl(gr0 + SMMU_CR0),
		     readl(gr0 + SMMU_GFSR), smmu->faults,
		     smmu->stalled_faults, smmu->global_faults);
	for (n = 0; n < smmu->num_streams; n++) {
		const struct smmu2_stream *s = &smmu->streams[n];

		if (s->users)
			shell_printf("%s: group %u: stream %#x mask %#x, S2CR %#x, %u users\n",
				     dev_name(smmu->dev), n,
				     smmu->stream_match ? s->id : n, s->mask,
				     readl(gr0 + SMMU_S2CR(n)), s->users);
	}
	for (n = 0; n < smmu->num_banks; n++) {
		const struct smmu2_bank *bank = &smmu->banks[n];

		if (bank->dom)
			shell_printf("%s: bank %u: %s, %s, SCTLR %#x, FSR %#x\n",
				     dev_name(smmu->dev), n,
				     type_name(&bank->regs),
				     smmu2_format_names[bank->dom->format],
				     readl(smmu2_cb(smmu, n) + SMMU_CB_SCTLR),
				     readl(smmu2_cb(smmu, n) + SMMU_CB_FSR));
	}
	return 0;
}

static int smmu_command(int argc, char **argv)
{
	if (argc != 2 || strcmp(argv[1], "status")) {
		shell_printf("usage: smmuv2 status\n");
		return -EINVAL;
	}
	if (smmu2_for_each(status) == -ENODEV)
		shell_printf("no SMMUv2\n");
	return 0;
}

int smmu2_shell_init(void)
{
	return register_shell_command("smmuv2", "status - state of each SMMUv2",
				      smmu_command);
}

void smmu2_shell_exit(void)
{
	unregister_shell_command("smmuv2");
}
