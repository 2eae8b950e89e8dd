// SPDX-License-Identifier: MIT
/* Shell command: what the SMMUs did, and how they take what they refuse. */

#include "arm-smmu-v3.h"

#include <delay.h>
#include <ktap.h>
#include <module.h>
#include <shell.h>

/* Reserved in every version of the architecture so far (IHI 0070 4.1.3). */
#define CMD_RESERVED	0xff

static LIST_HEAD(instances);

void arm_smmu_shell_add(struct arm_smmu_device *smmu)
{
	list_add_tail(&smmu->node, &instances);
}

void arm_smmu_shell_remove(struct arm_smmu_device *smmu)
{
	list_del(&smmu->node);
}

static void status(struct arm_smmu_device *smmu)
{
	shell_printf("%s: CR0 %#x, commands PROD %#x CONS %#x, events PROD %#x CONS %#x, GERROR %#x GERRORN %#x\n",
		     dev_name(smmu->dev), readl(smmu->base + SMMU_CR0ACK),
		     readl(smmu->base + SMMU_CMDQ_PROD),
		     readl(smmu->base + SMMU_CMDQ_CONS),
		     readl(smmu->base + SMMU_EVENTQ_PROD),
		     readl(smmu->base + SMMU_EVENTQ_CONS),
		     readl(smmu->base + SMMU_GERROR),
		     readl(smmu->base + SMMU_GERRORN));
	shell_printf("%s: %llu events, %u overflows, %u commands refused\n",
		     dev_name(smmu->dev), smmu->events, smmu->overflows,
		     smmu->cmdq_errors);
}

/* More commands than the queue holds, so that it fills up and wraps. */
static bool test_wrap(struct arm_smmu_device *smmu)
{
	const u64 cmd[CMD_DWORDS] = { CMD_TLBI_NSNH_ALL, 0 };
	unsigned int i, n = 5u << smmu->cmdq.log2size;
	int ret = 0;

	for (i = 0; i < n && !ret; i++)
		ret = arm_smmu_cmdq_issue(smmu, cmd, 1, false);
	return !ret && !arm_smmu_cmdq_sync(smmu);
}

/* In the middle of others, found by the wait for the CMD_SYNC. */
static bool test_illegal_polled(struct arm_smmu_device *smmu)
{
	const u64 cmds[3 * CMD_DWORDS] = {
		CMD_TLBI_NSNH_ALL, 0,
		CMD_RESERVED, 0x1234567890abcdefULL,
		CMD_TLBI_NSNH_ALL, 0,
	};
	unsigned int before = smmu->cmdq_errors;

	return arm_smmu_cmdq_issue(smmu, cmds, 3, true) == -EIO &&
	       smmu->cmdq_errors == before + 1 &&
	       !arm_smmu_cmdq_sync(smmu);
}

/* With nobody waiting, the interrupt must tell. */
static bool test_illegal_interrupt(struct arm_smmu_device *smmu)
{
	const u64 cmd[CMD_DWORDS] = { CMD_RESERVED, 0 };
	unsigned int before = smmu->cmdq_errors;
	unsigned int ms;

	if (arm_smmu_cmdq_issue(smmu, cmd, 1, false))
		return false;
	for (ms = 0; ms < 100 && smmu->cmdq_errors == before; ms++)
		msleep(1);
	return smmu->cmdq_errors == before + 1 &&
	       !arm_smmu_cmdq_sync(smmu);
}

static int selftest(struct arm_smmu_device *smmu)
{
	unsigned int before = ktap_failures();

	ktap_plan(3);
	ktap_ok(test_wrap(smmu), "the command queue fills up and wraps");
	ktap_ok(test_illegal_polled(smmu),
		"an illegal command is skipped, those around it are not");
	ktap_ok(test_illegal_interrupt(smmu),
		"an illegal command raises the gerror interrupt");
	return ktap_failures() == before ? 0 : -EIO;
}

static int smmu_command(int argc, char **argv)
{
	struct arm_smmu_device *smmu;
	int ret = 0;

	if (argc != 2 || (strcmp(argv[1], "status") &&
			  strcmp(argv[1], "selftest"))) {
		shell_printf("usage: smmu status | smmu selftest\n");
		return -EINVAL;
	}
	if (list_empty(&instances))
		shell_printf("no SMMUv3\n");
	list_for_each_entry(smmu, &instances, node) {
		if (!strcmp(argv[1], "status"))
			status(smmu);
		else if (!ret)
			ret = selftest(smmu);
	}
	return ret;
}

int arm_smmu_shell_init(void)
{
	return register_shell_command("smmu",
				      "status|selftest - state of each SMMUv3; its answers to wrong commands",
				      smmu_command);
}

void arm_smmu_shell_exit(void)
{
	unregister_shell_command("smmu");
}
