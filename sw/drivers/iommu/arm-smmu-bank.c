// SPDX-License-Identifier: MIT
/* Translation context banks (IHI 0062 2.6, 10, 16, 17): whose they are, and what
 * is written to them.
 */

#include "arm-smmu.h"

#include <export.h>

/* A bank in use tells its faults; others go on meanwhile (HUPCF): without that
 * one fault would end what every device in the bank does until it is cleared.
 */
static void write_sctlr(struct smmu2_bank *bank)
{
	u32 sctlr = bank->regs.sctlr | (u32)(SCTLR_CFRE | SCTLR_HUPCF);

	if (!bank->stalled)
		sctlr |= (u32)SCTLR_CFIE;
	if (bank->stalls)
		sctlr |= (u32)SCTLR_CFCFG;
	writel(sctlr, smmu2_cb(bank->smmu, bank->index) + SMMU_CB_SCTLR);
}

static struct smmu2_bank *take(struct smmu2_device *smmu, unsigned int n)
{
	struct smmu2_bank *bank = &smmu->banks[n];

	__set_bit(n, smmu->bank_map);
	bank->generation++;
	bank->stalls = smmu->stall_model == SMMU2_STALL_FORCED;
	bank->stalled = false;
	return bank;
}

/**
 * smmu2_bank_alloc - a bank that nobody uses
 * @smmu: the SMMU
 * @stage: SMMU2_STAGE_2 takes those first that know nothing else
 *
 * That of a GPU is for its own domain (smmu2_bank_take()).
 *
 * Return: the bank, disabled; NULL after a message.
 */
struct smmu2_bank *smmu2_bank_alloc(struct smmu2_device *smmu,
				    enum smmu2_stage stage)
{
	unsigned int from = stage == SMMU2_STAGE_2 ? 0 : smmu->num_s2_banks;
	unsigned long n;

	if (smmu->model->adreno)
		from = max(from, SMMU2_GPU_BANK + 1u);
	n = find_next_zero_bit(smmu->bank_map, smmu->num_banks, from);
	if (n >= smmu->num_banks) {
		dev_err(smmu->dev, "all %u context banks for stage %d are taken\n",
			smmu->num_banks - from,
			stage == SMMU2_STAGE_2 ? 2 : 1);
		return NULL;
	}
	return take(smmu, (unsigned int)n);
}
EXPORT_SYMBOL_GPL(smmu2_bank_alloc);

/**
 * smmu2_bank_take - a bank of a number
 * @smmu: the SMMU
 * @n: below num_banks
 *
 * Return: the bank, disabled; NULL if it is taken.
 */
struct smmu2_bank *smmu2_bank_take(struct smmu2_device *smmu, unsigned int n)
{
	if (find_next_zero_bit(smmu->bank_map, smmu->num_banks, n) != n)
		return NULL;
	return take(smmu, n);
}
EXPORT_SYMBOL_GPL(smmu2_bank_take);

void smmu2_bank_free(struct smmu2_bank *bank)
{
	bank->dom = NULL;
	__clear_bit(bank->index, bank->smmu->bank_map);
}
EXPORT_SYMBOL_GPL(smmu2_bank_free);

static bool is_stage2(const struct smmu2_regs *regs)
{
	return FIELD_GET(CBAR_TYPE, regs->cbar) == CBAR_TYPE_S2;
}

/* The VMID is in one of two registers (IHI 0062 2.6.2). */
static void write_attributes(struct smmu2_bank *bank)
{
	const struct smmu2_regs *regs = &bank->regs;
	struct smmu2_device *smmu = bank->smmu;
	u8 __iomem *gr1 = smmu2_gr1(smmu);
	u32 cbar = regs->cbar, cba2r = regs->va64 ? (u32)CBA2R_VA64 : 0;

	if (smmu->vmid16)
		cba2r |= (u32)FIELD_PREP(CBA2R_VMID16, (u64)regs->vmid);
	else
		cbar |= (u32)FIELD_PREP(CBAR_VMID, (u64)regs->vmid);
	/* What formats the others have is decided by these. */
	if (smmu->model->version != SMMU2_V1)
		writel(cba2r, gr1 + SMMU_CBA2R(bank->index));
	writel(cbar | smmu2_irptndx(bank), gr1 + SMMU_CBAR(bank->index));
}

/**
 * smmu2_bank_write - program a bank, and enable it
 * @bank: disabled
 * @regs: everything that it shall say
 *
 * Reset leaves a bank unknown (IHI 0062 16.2), and so does its last user: each
 * register is written that its stage has. TCR2.AS is there before the ASID is,
 * and SCTLR, which enables it, comes last.
 */
void smmu2_bank_write(struct smmu2_bank *bank, const struct smmu2_regs *regs)
{
	struct smmu2_device *smmu = bank->smmu;
	u8 __iomem *cb = smmu2_cb(smmu, bank->index);
	unsigned long flags;

	spin_lock_irqsave(&smmu->fault_lock, flags);
	bank->regs = *regs;
	writel(0, cb + SMMU_CB_SCTLR);
	writel((u32)FSR_FAULTS, cb + SMMU_CB_FSR);
	write_attributes(bank);
	if (!is_stage2(regs)) {
		if (smmu->model->version != SMMU2_V1)
			writel(regs->tcr2, cb + SMMU_CB_TCR2);
		writel(regs->tcr, cb + SMMU_CB_TCR);
		writel(regs->contextidr, cb + SMMU_CB_CONTEXTIDR);
		writeq(regs->ttbr[0], cb + SMMU_CB_TTBR0);
		writeq(regs->ttbr[1], cb + SMMU_CB_TTBR1);
		writel(regs->mair[0], cb + SMMU_CB_MAIR0);
		writel(regs->mair[1], cb + SMMU_CB_MAIR1);
	} else {
		writel(regs->tcr, cb + SMMU_CB_TCR);
		writeq(regs->ttbr[0], cb + SMMU_CB_TTBR0);
	}
	write_sctlr(bank);
	spin_unlock_irqrestore(&smmu->fault_lock, flags);
}
EXPORT_SYMBOL_GPL(smmu2_bank_write);

/**
 * smmu2_bank_set_ttbr0 - let TTBR0 of a bank translate, or not
 * @bank: of a GPU, enabled
 * @regs: what it shall say, different in TCR and TTBR0 alone
 * @on: TTBR0 translates; what it says is there before EPD0 is cleared, and after
 *	it is set
 */
void smmu2_bank_set_ttbr0(struct smmu2_bank *bank,
			  const struct smmu2_regs *regs, bool on)
{
	u8 __iomem *cb = smmu2_cb(bank->smmu, bank->index);
	unsigned long flags;

	spin_lock_irqsave(&bank->smmu->fault_lock, flags);
	bank->regs = *regs;
	if (on)
		writeq(regs->ttbr[0], cb + SMMU_CB_TTBR0);
	writel(regs->tcr, cb + SMMU_CB_TCR);
	if (!on)
		writeq(regs->ttbr[0], cb + SMMU_CB_TTBR0);
	spin_unlock_irqrestore(&bank->smmu->fault_lock, flags);
}
EXPORT_SYMBOL_GPL(smmu2_bank_set_ttbr0);

/**
 * smmu2_bank_close - disable a bank
 * @bank: no stream leads there any more
 *
 * What waits in it ends. What it translated before may go on until its TLB
 * entries are invalidated, and that is waited for (IHI 0062 16.5.29).
 */
void smmu2_bank_close(struct smmu2_bank *bank)
{
	u8 __iomem *cb = smmu2_cb(bank->smmu, bank->index);
	unsigned long flags;

	/* The faults of its users belong to them, not to the next. */
	smmu2_handle_bank(bank);
	spin_lock_irqsave(&bank->smmu->fault_lock, flags);
	writel(0, cb + SMMU_CB_SCTLR);
	/* An answer that comes now is for nobody. */
	bank->generation++;
	bank->stalled = false;
	if (readl(cb + SMMU_CB_FSR) & FSR_SS) {
		writel((u32)FSR_FAULTS, cb + SMMU_CB_FSR);
		writel(RESUME_TERMINATE, cb + SMMU_CB_RESUME);
	}
	spin_unlock_irqrestore(&bank->smmu->fault_lock, flags);
}
EXPORT_SYMBOL_GPL(smmu2_bank_close);

/**
 * smmu2_bank_set_stalls - let faults wait for an answer, or end them at once
 * @bank: in use
 * @on: wait
 *
 * An access that waits already does so until it is answered (16.5.28).
 */
void smmu2_bank_set_stalls(struct smmu2_bank *bank, bool on)
{
	unsigned long flags;

	/* Nobody would notice that one waits. */
	if (bank->smmu->stall_model != SMMU2_STALL_BOTH ||
	    (on && !smmu2_bank_has_irq(bank)))
		return;
	spin_lock_irqsave(&bank->smmu->fault_lock, flags);
	if (bank->stalls != on) {
		bank->stalls = on;
		write_sctlr(bank);
	}
	spin_unlock_irqrestore(&bank->smmu->fault_lock, flags);
}
EXPORT_SYMBOL_GPL(smmu2_bank_set_stalls);

/**
 * smmu2_bank_resume - answer the access that waits in a bank
 * @bank: its FSR is cleared, or the retry would count as a second fault
 * @tnr: RESUME_RETRY or RESUME_TERMINATE
 *
 * With fault_lock.
 */
void smmu2_bank_resume(struct smmu2_bank *bank, u32 tnr)
{
	writel(tnr, smmu2_cb(bank->smmu, bank->index) + SMMU_CB_RESUME);
	if (!bank->stalled)
		return;
	bank->stalled = false;
	write_sctlr(bank);
}
EXPORT_SYMBOL_GPL(smmu2_bank_resume);

/**
 * smmu2_probe_stalls - whether accesses can wait
 * @smmu: its banks are disabled; stall_model is filled
 *
 * No ID register says it, but CFCFG does not move without (IHI 0062 3.7.3).
 *
 * Return: 0, or -ENODEV after a message: there is no bank.
 */
int smmu2_probe_stalls(struct smmu2_device *smmu)
{
	u8 __iomem *cb = smmu2_cb(smmu, 0);
	bool on, off;

	if (!smmu->num_banks) {
		dev_err(smmu->dev, "has no context banks (IDR1.NUMCB)\n");
		return -ENODEV;
	}
	writel((u32)SCTLR_CFCFG, cb + SMMU_CB_SCTLR);
	on = readl(cb + SMMU_CB_SCTLR) & SCTLR_CFCFG;
	writel(0, cb + SMMU_CB_SCTLR);
	off = !(readl(cb + SMMU_CB_SCTLR) & SCTLR_CFCFG);
	smmu->stall_model = !on ? SMMU2_STALL_NONE :
			    off ? SMMU2_STALL_BOTH : SMMU2_STALL_FORCED;
	return 0;
}
EXPORT_SYMBOL_GPL(smmu2_probe_stalls);
