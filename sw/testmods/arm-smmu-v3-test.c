// SPDX-License-Identifier: MIT
/* Shell command smmutest: how each SMMUv3 takes commands, and refuses them; and
 * its driver's own parts.
 */

#include "arm-smmu-v3-test.h"

#include <delay.h>
#include <ktap.h>
#include <module.h>
#include <shell.h>

/* Reserved in every version of the architecture so far (IHI 0070 4.1.3). */
#define CMD_RESERVED	0xff

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

/* What makes a command legal in the Non-secure command queue. */
enum needs {
	ALWAYS,
	NEVER,
	S1P,
	S2P,
	HYP,
	ATS,
	PRI,
	STALL,
	MPAM,
};

#define CS(cs)	FIELD_PREP(CMD_SYNC_0_CS, (u64)(cs))

/* IHI 0070 4.2 to 4.7 */
static const struct {
	const char *name;
	u64 dword0;
	enum needs needs;
} commands[] = {
	{ "opcode 0", 0, NEVER },
	{ "CMD_PREFETCH_CONFIG", CMD_PREFETCH_CONFIG, ALWAYS },
	{ "CMD_CFGI_STE", CMD_CFGI_STE, ALWAYS },
	{ "CMD_CFGI_STE_RANGE", CMD_CFGI_STE_RANGE, ALWAYS },
	{ "CMD_CFGI_CD", CMD_CFGI_CD, S1P },
	{ "CMD_CFGI_CD_ALL", CMD_CFGI_CD_ALL, S1P },
	{ "CMD_CFGI_VMS_PIDM", CMD_CFGI_VMS_PIDM, MPAM },
	{ "CMD_TLBI_NH_ALL", CMD_TLBI_NH_ALL, S1P },
	{ "CMD_TLBI_NH_ASID", CMD_TLBI_NH_ASID, S1P },
	{ "CMD_TLBI_NH_VA", CMD_TLBI_NH_VA, S1P },
	{ "CMD_TLBI_NH_VAA", CMD_TLBI_NH_VAA, S1P },
	{ "CMD_TLBI_EL3_ALL", CMD_TLBI_EL3_ALL, NEVER },
	{ "CMD_TLBI_EL3_VA", CMD_TLBI_EL3_VA, NEVER },
	{ "CMD_TLBI_EL2_ALL", CMD_TLBI_EL2_ALL, HYP },
	{ "CMD_TLBI_EL2_VA", CMD_TLBI_EL2_VA, HYP },
	{ "CMD_TLBI_S12_VMALL", CMD_TLBI_S12_VMALL, S2P },
	{ "CMD_TLBI_S2_IPA", CMD_TLBI_S2_IPA, S2P },
	{ "CMD_TLBI_NSNH_ALL", CMD_TLBI_NSNH_ALL, ALWAYS },
	{ "CMD_ATC_INV", CMD_ATC_INV, ATS },
	{ "CMD_PRI_RESP", CMD_PRI_RESP, PRI },
	{ "CMD_RESUME", CMD_RESUME, STALL },
	{ "CMD_STALL_TERM", CMD_STALL_TERM, STALL },
	{ "CMD_SYNC, no signal", CMD_SYNC | CS(CMD_SYNC_CS_NONE), ALWAYS },
	{ "CMD_SYNC, interrupt", CMD_SYNC | CS(CMD_SYNC_CS_IRQ), ALWAYS },
	{ "CMD_SYNC, event", CMD_SYNC | CS(CMD_SYNC_CS_SEV), ALWAYS },
	{ "CMD_SYNC, reserved signal", CMD_SYNC | CS(CMD_SYNC_CS_RESERVED),
	  NEVER },
	{ "opcode 0xff", CMD_RESERVED, NEVER },
};

static bool is_legal(struct arm_smmu_device *smmu, enum needs needs)
{
	u32 idr0 = readl(smmu->base + SMMU_IDR0);

	switch (needs) {
	case ALWAYS:
		return true;
	case NEVER:
		return false;
	case S1P:
		return idr0 & IDR0_S1P;
	case S2P:
		return idr0 & IDR0_S2P;
	case HYP:
		return idr0 & IDR0_HYP;
	case ATS:
		return idr0 & IDR0_ATS;
	case PRI:
		return idr0 & IDR0_PRI;
	case STALL:
		return FIELD_GET(IDR0_STALL_MODEL, idr0) != IDR0_STALL_NONE;
	case MPAM:
		return readl(smmu->base + SMMU_IDR3) & IDR3_MPAM;
	}
	return false;
}

/* Each command is taken or refused as the ID registers say. */
static int test_commands(struct arm_smmu_device *smmu)
{
	unsigned int i, before = ktap_failures();

	ktap_plan((unsigned int)ARRAY_SIZE(commands));
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		const u64 cmd[CMD_DWORDS] = { commands[i].dword0, 0 };
		bool legal = is_legal(smmu, commands[i].needs);
		unsigned int errors = smmu->cmdq_errors;
		int ret = arm_smmu_cmdq_issue(smmu, cmd, 1, true);

		ktap_ok(ret == (legal ? 0 : -EIO) &&
			smmu->cmdq_errors == errors + !legal,
			"%s is %s", commands[i].name,
			legal ? "taken" : "refused");
	}
	return ktap_failures() == before ? 0 : -EIO;
}

/* The CMD_SYNC of the last command told by a write over itself. */
static bool test_sync_msi(struct arm_smmu_device *smmu)
{
	const u64 *last;

	if (arm_smmu_cmdq_sync(smmu))
		return false;
	last = q_entry(&smmu->cmdq, smmu->cmdq.prod - 1);
	return !(u32)last[0] && smmu->sync_msi;
}

/* The registers hold an address, and an interrupt comes from there. */
static bool test_gerror_msi(struct arm_smmu_device *smmu)
{
	return readq(smmu->base + SMMU_GERROR_IRQ_CFG0) &&
	       readq(smmu->base + SMMU_EVENTQ_IRQ_CFG0) &&
	       test_illegal_interrupt(smmu);
}

/* IHI 0070 3.18 */
static int test_msi(struct arm_smmu_device *smmu)
{
	static const char by_sync[] = "a CMD_SYNC tells by MSI";
	static const char by_gerror[] = "an error tells by MSI";
	unsigned int before = ktap_failures();

	ktap_plan(2);
	if (!smmu->msi)
		ktap_skip("IDR0.MSI is 0", by_sync);
	else if (!smmu->coherent)
		ktap_skip("IDR0.COHACC is 0", by_sync);
	else
		ktap_ok(test_sync_msi(smmu), by_sync);
	if (!smmu->msi)
		ktap_skip("IDR0.MSI is 0", by_gerror);
	else if (!smmu->msis)
		ktap_skip("there is no msi-parent", by_gerror);
	else
		ktap_ok(test_gerror_msi(smmu), by_gerror);
	return ktap_failures() == before ? 0 : -EIO;
}

static const struct {
	const char *name;
	int (*fn)(struct arm_smmu_device *smmu);
} tests[] = {
	{ "selftest", selftest },
	{ "commands", test_commands },
	{ "entries", smmutest_entries },
	{ "ranges", smmutest_ranges },
	{ "events", smmutest_events },
	{ "msi", test_msi },
	{ "ats", smmutest_ats },
};

static int smmutest(int argc, char **argv)
{
	unsigned int i;
	int ret;

	for (i = 0; argc == 2 && i < ARRAY_SIZE(tests); i++) {
		if (strcmp(argv[1], tests[i].name))
			continue;
		ret = arm_smmu_for_each(tests[i].fn);
		if (ret == -ENODEV)
			shell_printf("smmutest: no SMMUv3\n");
		return ret;
	}
	shell_printf("usage: smmutest selftest|commands|entries|ranges|events|msi|ats\n");
	return -EINVAL;
}

static int __init smmutest_init(void)
{
	return register_shell_command("smmutest",
		"selftest|commands|entries|ranges|events|msi|ats - test each SMMUv3 and its driver",
		smmutest);
}
module_init(smmutest_init);

static void __exit smmutest_exit(void)
{
	unregister_shell_command("smmutest");
}
module_exit(smmutest_exit);

MODULE_DESCRIPTION("Tests of the SMMUv3 driver");
MODULE_LICENSE("Dual MIT/GPL");
