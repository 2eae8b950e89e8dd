// SPDX-License-Identifier: MIT
/*
 * From reset, or from whatever an earlier user left, to an SMMU that refuses
 * what nobody asked for, and back. Reset leaves nearly all of it unknown
 * (IHI 0062 2.3.10, 9.2, 16.2): everything that a transaction meets is written
 * before CR0.CLIENTPD lets it in.
 */
#include "arm-smmu.h"

#include <export.h>

static void write_cr0(struct smmu2_device *smmu, u32 value)
{
	writel(value, smmu2_gr0(smmu) + SMMU_CR0);
}

/*
 * Strange streams and conflicts fault, and are told. TLB invalidations of CPUs
 * are none of this SMMU's business: PTM and VMIDPNE keep them out, as far as
 * it can (1.6.5).
 */
static u32 cr0_flags(const struct smmu2_device *smmu)
{
	u32 cr0 = (u32)(CR0_GFRE | CR0_GCFGFRE | CR0_USFCFG | CR0_SMCFCFG |
			CR0_VMIDPNE | CR0_PTM);

	if (smmu->exid)
		cr0 |= (u32)CR0_EXIDENABLE;
	if (smmu->vmid16)
		cr0 |= (u32)CR0_VMID16EN;
	return cr0;
}

/* S2CRs first: what still matches must not find an old context. */
static void close_streams(struct smmu2_device *smmu)
{
	u8 __iomem *gr0 = smmu2_gr0(smmu);
	unsigned int n;

	for (n = 0; n < smmu->num_streams; n++)
		writel((u32)FIELD_PREP(S2CR_TYPE, S2CR_TYPE_FAULT),
		       gr0 + SMMU_S2CR(n));
	for (n = 0; n < smmu->num_streams && smmu->stream_match; n++)
		writel(0, gr0 + SMMU_SMR(n));
	memset(smmu->streams, 0, sizeof(smmu->streams));
}

/* An access that waits would do so for ever (16.5.28). */
static void close_banks(struct smmu2_device *smmu)
{
	unsigned int n;

	for (n = 0; n < smmu->num_banks; n++) {
		u8 __iomem *cb = smmu2_cb(smmu, n);
		u32 fsr;

		writel(0, cb + SMMU_CB_SCTLR);
		fsr = readl(cb + SMMU_CB_FSR);
		writel((u32)FSR_FAULTS, cb + SMMU_CB_FSR);
		if (fsr & FSR_SS)
			writel(RESUME_TERMINATE, cb + SMMU_CB_RESUME);
	}
}

/*
 * An MMU-500 from r2 on keeps its ACTLRs until ACR.CACHE_LOCK is cleared. Its
 * prefetch is off because of errata: that it is, is read back. Bypassed and
 * unmatched streams may take entries of the TLB.
 */
static void reset_mmu500(struct smmu2_device *smmu)
{
	u8 __iomem *gr0 = smmu2_gr0(smmu);
	u32 acr = readl(gr0 + SMMU_ACR);
	unsigned int n, stuck = 0;

	if (FIELD_GET(IDR7_MAJOR, readl(gr0 + SMMU_IDR7)) >= 2)
		acr &= ~(u32)MMU500_ACR_CACHE_LOCK;
	acr |= (u32)(MMU500_ACR_SMTNMB_TLBEN | MMU500_ACR_S2CRB_TLBEN);
	writel(acr, gr0 + SMMU_ACR);
	for (n = 0; n < smmu->num_banks; n++) {
		u8 __iomem *actlr = smmu2_cb(smmu, n) + SMMU_CB_ACTLR;

		writel(readl(actlr) & ~(u32)MMU500_ACTLR_CPRE, actlr);
		if (readl(actlr) & MMU500_ACTLR_CPRE)
			stuck++;
	}
	if (stuck)
		dev_warn(smmu->dev, "ACTLR.CPRE stays 1 in %u context banks: errata 841119 and 826419 may be met (ACR %#x)\n",
			 stuck, readl(gr0 + SMMU_ACR));
}

/*
 * Which bits of SMRs there are (9.6.25). The entry matches nothing meanwhile:
 * VALID is 0, or is that of its S2CR. Masks of less than all StreamID bits are
 * taken as they are.
 */
static void probe_smrs(struct smmu2_device *smmu)
{
	u8 __iomem *smr = smmu2_gr0(smmu) + SMMU_SMR(0);

	smmu->smr_mask = 0;
	if (!smmu->stream_match)
		return;
	writel(smmu->stream_ids, smr);
	smmu->stream_ids &= readl(smr);
	writel(smmu->stream_ids << 16, smr);
	smmu->smr_mask = readl(smr) >> 16 & smmu->stream_ids;
	writel(0, smr);
}

/**
 * smmu2_reset - close everything, and find out what no ID register says
 * @smmu: its features are known; stall_model, stream_ids and smr_mask are
 *	  filled
 *
 * Whether transactions are let in stays as it was: CLIENTPD, where it is 1,
 * stays so until smmu2_enable().
 *
 * Return: 0, -ENODEV, or -ETIMEDOUT, after a message.
 */
int smmu2_reset(struct smmu2_device *smmu)
{
	u8 __iomem *gr0 = smmu2_gr0(smmu);
	u32 clientpd = readl(gr0 + SMMU_CR0) & (u32)CR0_CLIENTPD;
	int ret;

	close_streams(smmu);
	close_banks(smmu);
	/* Neither extended nor compressed matching; no VMID of bypass. */
	writel(0, gr0 + SMMU_CR2);
	if (smmu->model->mmu500)
		reset_mmu500(smmu);
	/* EXIDENABLE turns when no group is valid in either way (9.6.3). */
	write_cr0(smmu, clientpd | cr0_flags(smmu));
	writel(readl(gr0 + SMMU_GFSR), gr0 + SMMU_GFSR);
	/* Any value will do (9.6.28, 9.6.29). */
	writel(~0u, gr0 + SMMU_TLBIALLH);
	writel(~0u, gr0 + SMMU_TLBIALLNSNH);
	ret = smmu2_tlb_sync_global(smmu);
	if (ret)
		return ret;
	probe_smrs(smmu);
	return smmu2_probe_stalls(smmu);
}
EXPORT_SYMBOL_GPL(smmu2_reset);

/**
 * smmu2_enable - let transactions in, and interrupts out
 * @smmu: after smmu2_reset(), with its handlers
 *
 * Return: 0; -EIO after a message: CLIENTPD stays 1.
 */
int smmu2_enable(struct smmu2_device *smmu)
{
	u8 __iomem *gr0 = smmu2_gr0(smmu);

	write_cr0(smmu, cr0_flags(smmu) | (u32)(CR0_GFIE | CR0_GCFGFIE));
	if (!(readl(gr0 + SMMU_CR0) & CR0_CLIENTPD))
		return 0;
	dev_err(smmu->dev, "CR0.CLIENTPD stays 1: nothing is translated\n");
	return -EIO;
}
EXPORT_SYMBOL_GPL(smmu2_enable);

/**
 * smmu2_close - refuse everything from now on
 * @smmu: nobody uses it any more
 *
 * Nothing passes without translation when the driver has gone.
 *
 * Return: 0, or -ETIMEDOUT after a message: it may still use memory.
 */
int smmu2_close(struct smmu2_device *smmu)
{
	u8 __iomem *gr0 = smmu2_gr0(smmu);

	close_streams(smmu);
	close_banks(smmu);
	write_cr0(smmu, cr0_flags(smmu));
	writel(~0u, gr0 + SMMU_TLBIALLH);
	writel(~0u, gr0 + SMMU_TLBIALLNSNH);
	return smmu2_tlb_sync_global(smmu);
}
EXPORT_SYMBOL_GPL(smmu2_close);
