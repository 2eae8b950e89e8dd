// SPDX-License-Identifier: MIT
/* Command queue and global errors (IHI 0070 chapter 4, 7.1, 7.5). */

#include "arm-smmu-v3.h"

#include <export.h>
#include <iopoll.h>

static const char *cerror_name(u32 err)
{
	switch (err) {
	case CERROR_NONE:
		return "CERROR_NONE";
	case CERROR_ILL:
		return "CERROR_ILL";
	case CERROR_ABT:
		return "CERROR_ABT";
	case CERROR_ATC_INV_SYNC:
		return "CERROR_ATC_INV_SYNC";
	default:
		return "unknown error";
	}
}

static u32 cmdq_read_cons(struct arm_smmu_device *smmu)
{
	return readl(smmu->base + SMMU_CMDQ_CONS);
}

/* A read that is aborted so often will not succeed. */
#define FETCH_TRIES	4

/*
 * The command at index @at could not be read (IHI 0070 7.1). It is read again
 * when the error is acknowledged: it may have been an error that passes.
 */
static bool cmdq_reads_again(struct arm_smmu_device *smmu, u32 at)
{
	if (at != smmu->cmdq_abort_at)
		smmu->cmdq_aborts = 0;
	smmu->cmdq_abort_at = at;
	return ++smmu->cmdq_aborts < FETCH_TRIES;
}

/*
 * The SMMU stopped at a command (IHI 0070 7.1). An illegal command becomes a
 * CMD_SYNC in place: CONS points to it, and the SMMU reads it again once the
 * error is acknowledged. Called with cmdq_lock held.
 */
static void cmdq_recover(struct arm_smmu_device *smmu)
{
	const u64 nop[CMD_DWORDS] = { CMD_SYNC, 0 };
	u32 cons = cmdq_read_cons(smmu);
	u32 err = FIELD_GET(CMDQ_CONS_ERR, cons);
	u64 *cmd = q_entry(&smmu->cmdq, cons);

	if (err == CERROR_ABT &&
	    cmdq_reads_again(smmu, cons & q_mask(&smmu->cmdq))) {
		dev_err(smmu->dev, "command queue: %s at index %#x; read again\n",
			cerror_name(err), cons & q_mask(&smmu->cmdq));
		return;
	}
	smmu->cmdq_errors++;
	switch (err) {
	case CERROR_ABT:
		dev_err(smmu->dev,
			"command queue: %s at index %#x: the queue cannot be read; no more commands\n",
			cerror_name(err), cons & q_mask(&smmu->cmdq));
		smmu->cmdq_dead = true;
		return;
	case CERROR_ATC_INV_SYNC:
		/* The CMD_SYNC is tried again, and promises less. */
		smmu->atc_losses++;
		dev_err(smmu->dev, "command queue: %s: a device has not completed an invalidation\n",
			cerror_name(err));
		return;
	default:
		dev_err(smmu->dev,
			"command queue: %s (%u) at index %#x: %#018llx %#018llx; skipped\n",
			cerror_name(err), err, cons & q_mask(&smmu->cmdq),
			cmd[0], cmd[1]);
		memcpy(cmd, nop, sizeof(nop));
		arm_smmu_sync_for_device(smmu, cmd, sizeof(nop));
	}
}

static void handle_gerror_locked(struct arm_smmu_device *smmu)
{
	static const struct {
		u32 bit;
		const char *what;
	} others[] = {
		{ GERROR_EVENTQ_ABT_ERR,
		  "EVENTQ_ABT_ERR: event queue cannot be written, events were lost" },
		{ GERROR_PRIQ_ABT_ERR, "PRIQ_ABT_ERR" },
		{ GERROR_MSI_CMDQ_ABT, "MSI_CMDQ_ABT_ERR" },
		{ GERROR_MSI_EVENTQ_ABT, "MSI_EVENTQ_ABT_ERR" },
		{ GERROR_MSI_PRIQ_ABT, "MSI_PRIQ_ABT_ERR" },
		{ GERROR_MSI_GERROR_ABT, "MSI_GERROR_ABT_ERR" },
		{ GERROR_SFM_ERR,
		  "SFM_ERR: service failure mode, all traffic is stopped" },
	};
	u32 gerror = readl(smmu->base + SMMU_GERROR);
	u32 gerrorn = readl(smmu->base + SMMU_GERRORN);
	u32 active = (gerror ^ gerrorn) & GERROR_KNOWN;
	unsigned int i;

	if (!active)
		return;
	for (i = 0; i < ARRAY_SIZE(others); i++)
		if (active & others[i].bit)
			dev_err(smmu->dev, "global error: %s\n",
				others[i].what);
	if (active & GERROR_CMDQ_ERR)
		cmdq_recover(smmu);
	/* Whoever waits for one must not wait for ever. */
	if (active & GERROR_MSI_CMDQ_ABT)
		smmu->sync_msi = false;
	arm_smmu_recover(smmu, active);
	if (smmu->cmdq_dead)
		active &= ~(u32)GERROR_CMDQ_ERR;
	/* Acknowledge what was seen, and nothing that came since. */
	writel(gerrorn ^ active, smmu->base + SMMU_GERRORN);
}

/**
 * arm_smmu_handle_gerror - deal with global errors, if any are active
 * @smmu: the SMMU
 */
void arm_smmu_handle_gerror(struct arm_smmu_device *smmu)
{
	unsigned long flags;

	spin_lock_irqsave(&smmu->cmdq_lock, flags);
	handle_gerror_locked(smmu);
	spin_unlock_irqrestore(&smmu->cmdq_lock, flags);
}

/* Entries between CONS and index prod, both with their wrap bit. */
static u32 cmdq_used(struct arm_smmu_device *smmu, u32 prod)
{
	return (prod - cmdq_read_cons(smmu)) & q_mask(&smmu->cmdq);
}

/* A CMD_SYNC has overwritten itself: that was its MSI (IHI 0070 4.7.3). */
static bool sync_told(const struct arm_smmu_device *smmu, u32 prod)
{
	return !READ_ONCE(*(const u32 *)q_entry(&smmu->cmdq, prod - 1));
}

/*
 * Wait until the SMMU has at most `left` entries before prod to consume. It
 * may have stopped at an error, whose interrupt cannot come while this runs;
 * it sends no event then either, so CONS is polled rather than waited for by
 * WFE. With @by_msi the last command is a CMD_SYNC that tells by MSI; CONS is
 * not looked at, so that no MSI comes when its slot holds another command.
 */
static int cmdq_wait(struct arm_smmu_device *smmu, u32 prod, u32 left,
		     bool by_msi)
{
	u64 end = ktime_get_ns() + ARM_SMMU_TIMEOUT_US * NSEC_PER_USEC;
	u32 used;

	for (;;) {
		bool late = ktime_get_ns() > end;

		if (by_msi && smmu->sync_msi) {
			if (sync_told(smmu, prod)) {
				dma_rmb();
				return 0;
			}
			handle_gerror_locked(smmu);
			if (late || smmu->cmdq_dead)
				smmu->sync_msi = false;
			cpu_relax();
			continue;
		}
		used = cmdq_used(smmu, prod);
		if (used <= left)
			return 0;
		if (used > 1u << smmu->cmdq.log2size) {
			dev_err(smmu->dev,
				"command queue: CONS %#x is not between the commands and PROD %#x\n",
				cmdq_read_cons(smmu), prod);
			return -EIO;
		}
		handle_gerror_locked(smmu);
		if (smmu->cmdq_dead)
			return -EIO;
		if (late)
			break;
		cpu_relax();
	}
	dev_err(smmu->dev,
		"command queue: stuck with %u commands, PROD %#x CONS %#x GERROR %#x GERRORN %#x\n",
		used, prod, cmdq_read_cons(smmu),
		readl(smmu->base + SMMU_GERROR),
		readl(smmu->base + SMMU_GERRORN));
	return -ETIMEDOUT;
}

static void cmdq_publish(struct arm_smmu_device *smmu)
{
	/* IHI 0070 3.21.2: commands are observable before PROD says so. */
	wmb();
	writel(smmu->cmdq.prod, smmu->base + SMMU_CMDQ_PROD);
}

static int cmdq_put(struct arm_smmu_device *smmu, const u64 *cmd)
{
	struct arm_smmu_queue *q = &smmu->cmdq;
	u64 *slot;
	int ret;

	if (cmdq_used(smmu, q->prod) >= 1u << q->log2size) {
		cmdq_publish(smmu);
		ret = cmdq_wait(smmu, q->prod, (1u << q->log2size) - 1,
				false);
		if (ret)
			return ret;
	}
	slot = q_entry(q, q->prod);
	memcpy(slot, cmd, CMD_DWORDS * sizeof(u64));
	if (!smmu->coherent)
		dcache_clean_poc(slot, CMD_DWORDS * sizeof(u64));
	q->prod = (q->prod + 1) & q_mask(q);
	return 0;
}

/*
 * A CMD_SYNC whose MSI is a zero over its own first word, where the CPU polls
 * without a read across the interconnect. The entry is the SMMU's till then.
 */
static void build_sync_msi(const struct arm_smmu_device *smmu, u64 *cmd)
{
	cmd[0] = CMD_SYNC | FIELD_PREP(CMD_SYNC_0_CS, (u64)CMD_SYNC_CS_IRQ) |
		 FIELD_PREP(CMD_SYNC_0_MSH, (u64)SH_ISH) |
		 FIELD_PREP(CMD_SYNC_0_MSIATTR, (u64)MEMATTR_OIWB);
	cmd[1] = virt_to_phys(q_entry(&smmu->cmdq, smmu->cmdq.prod)) &
		 CMD_SYNC_1_MSIADDR;
}

/**
 * arm_smmu_cmdq_issue - give commands to the SMMU
 * @smmu: the SMMU
 * @cmds: the commands, CMD_DWORDS doublewords each
 * @n: their number, any
 * @sync: follow them by a CMD_SYNC, and wait until it is consumed
 *
 * Return: 0; -EIO if the SMMU refused one of them, or cannot read its queue;
 * -ETIMEDOUT if it does not consume them.
 */
int arm_smmu_cmdq_issue(struct arm_smmu_device *smmu, const u64 *cmds,
			unsigned int n, bool sync)
{
	const u64 sync_cmd[CMD_DWORDS] = {
		CMD_SYNC | FIELD_PREP(CMD_SYNC_0_CS, smmu->sev ?
				      CMD_SYNC_CS_SEV : CMD_SYNC_CS_NONE),
		0,
	};
	u64 msi_cmd[CMD_DWORDS];
	unsigned int errors, i;
	unsigned long flags;
	bool by_msi;
	int ret = 0;

	spin_lock_irqsave(&smmu->cmdq_lock, flags);
	errors = smmu->cmdq_errors;
	if (smmu->cmdq_dead)
		ret = -EIO;
	for (i = 0; i < n && !ret; i++)
		ret = cmdq_put(smmu, &cmds[i * CMD_DWORDS]);
	by_msi = smmu->sync_msi;
	if (by_msi)
		build_sync_msi(smmu, msi_cmd);
	if (sync && !ret)
		ret = cmdq_put(smmu, by_msi ? msi_cmd : sync_cmd);
	if (!ret) {
		cmdq_publish(smmu);
		if (sync)
			ret = cmdq_wait(smmu, smmu->cmdq.prod, 0, by_msi);
		if (sync && !ret)
			smmu->cmdq_aborts = 0;
	}
	if (!ret && smmu->cmdq_errors != errors)
		ret = -EIO;
	spin_unlock_irqrestore(&smmu->cmdq_lock, flags);
	return ret;
}
EXPORT_SYMBOL_GPL(arm_smmu_cmdq_issue);

/**
 * arm_smmu_cmdq_sync - wait until all commands so far have taken effect
 * @smmu: the SMMU
 *
 * Return: as arm_smmu_cmdq_issue().
 */
int arm_smmu_cmdq_sync(struct arm_smmu_device *smmu)
{
	return arm_smmu_cmdq_issue(smmu, NULL, 0, true);
}
EXPORT_SYMBOL_GPL(arm_smmu_cmdq_sync);
