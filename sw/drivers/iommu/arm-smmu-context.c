// SPDX-License-Identifier: MIT
/* What a context bank says of a set of page tables, by format and stage. */

#include "arm-smmu.h"

#include <export.h>

/* Neither changes what stage 1 made of memory (IHI 0062 2.4.2, 10.2.1). */
#define CBAR_S1	(FIELD_PREP(CBAR_TYPE, CBAR_TYPE_S1_S2_BYPASS) |		\
		 FIELD_PREP(CBAR_S1_BPSHCFG, CBAR_S1_BPSHCFG_NSH) |		\
		 FIELD_PREP(CBAR_S1_MEMATTR, CBAR_S1_MEMATTR_WB))

/* The VMID of a bank for stage 2: no two have the same, and 0 is that of
 * stage 1 alone (10.2.1).
 */
u32 smmu2_vmid(const struct smmu2_bank *bank)
{
	return bank->index + 1;
}

/* The registers of all long descriptors' walks. */
static u32 s1_walks(const struct io_pgtable_cfg *cfg)
{
	return (u32)(FIELD_PREP(TCR_SH0, (u64)cfg->arm_lpae_s1_cfg.tcr.sh) |
		     FIELD_PREP(TCR_ORGN0, (u64)cfg->arm_lpae_s1_cfg.tcr.orgn) |
		     FIELD_PREP(TCR_IRGN0, (u64)cfg->arm_lpae_s1_cfg.tcr.irgn) |
		     TCR_EPD1);
}

/* IHI 0062 16.5.38 to 16.5.40 */
static void describe_aarch64(const struct smmu2_domain *dom,
			     const struct io_pgtable_cfg *cfg,
			     struct smmu2_regs *regs)
{
	/* TG1 has other numbers, and T1SZ must be one that there is, although
	 * EPD1 keeps walks off.
	 */
	static const u8 tg1[] = { 2, 3, 1 };
	u64 tg0 = cfg->arm_lpae_s1_cfg.tcr.tg;
	u64 tsz = cfg->arm_lpae_s1_cfg.tcr.tsz;

	regs->va64 = true;
	regs->tcr = s1_walks(cfg) |
		    (u32)(FIELD_PREP(TCR_T0SZ, tsz) |
			  FIELD_PREP(TCR_T1SZ, tsz) |
			  FIELD_PREP(TCR_TG0, tg0) |
			  FIELD_PREP(TCR_TG1, (u64)tg1[tg0 % 3]));
	regs->tcr2 = (u32)(FIELD_PREP(TCR2_PASIZE,
				      (u64)cfg->arm_lpae_s1_cfg.tcr.ips) |
			   TCR2_AS |
			   FIELD_PREP(TCR2_SEP, TCR2_SEP_UPSTREAM));
}

static void describe_long_s1(const struct smmu2_domain *dom,
			     const struct io_pgtable_cfg *cfg,
			     struct smmu2_regs *regs)
{
	regs->ttbr[0] = cfg->arm_lpae_s1_cfg.ttbr |
			FIELD_PREP(TTBR_ASID, (u64)dom->asid);
	/* A1 is 0: the ASID is TTBR0's. */
	regs->ttbr[1] = FIELD_PREP(TTBR_ASID, (u64)dom->asid);
	regs->mair[0] = (u32)cfg->arm_lpae_s1_cfg.mair;
	regs->mair[1] = (u32)(cfg->arm_lpae_s1_cfg.mair >> 32);
	if (dom->format == SMMU2_AARCH64)
		describe_aarch64(dom, cfg, regs);
	else
		regs->tcr = (u32)TCR_EAE | s1_walks(cfg) |
			    cfg->arm_lpae_s1_cfg.tcr.tsz;
}

static void describe_short(const struct smmu2_domain *dom,
			   const struct io_pgtable_cfg *cfg,
			   struct smmu2_regs *regs)
{
	regs->tcr = cfg->arm_v7s_cfg.tcr;
	regs->ttbr[0] = cfg->arm_v7s_cfg.ttbr;
	/* Short descriptors have their ASID there (16.5.7). */
	regs->contextidr = dom->asid;
	regs->mair[0] = cfg->arm_v7s_cfg.prrr;
	regs->mair[1] = cfg->arm_v7s_cfg.nmrr;
}

/**
 * smmu2_describe_s1 - stage 1 with stage 2 bypass
 * @dom: with its format and ASID
 * @cfg: what the format of the tables says
 * @regs: filled
 */
void smmu2_describe_s1(const struct smmu2_domain *dom,
		       const struct io_pgtable_cfg *cfg,
		       struct smmu2_regs *regs)
{
	memset(regs, 0, sizeof(*regs));
	regs->cbar = (u32)CBAR_S1;
	/* Long descriptors are as if TRE and AFE were set (16.5.29). */
	regs->sctlr = (u32)(SCTLR_M | SCTLR_TRE | SCTLR_AFE |
			    SCTLR_S1_ASIDPNE);
	if (dom->format == SMMU2_AARCH32_S)
		describe_short(dom, cfg, regs);
	else
		describe_long_s1(dom, cfg, regs);
}
EXPORT_SYMBOL_GPL(smmu2_describe_s1);

/* TG0 and TG1 say the same in other numbers (16.5.38); by TG1. */
static u64 tg0_of(u32 tg1)
{
	static const u8 tg0[] = { 0, 2, 0, 1 };

	return tg0[tg1 & 3];
}

/**
 * smmu2_describe_split - stage 1 whose TTBR1 is the domain's
 * @dom: of a GPU
 * @ttbr1: its tables, of the upper half
 * @ttbr0: tables of the lower half; NULL: there is none (EPD0)
 * @asid: of the lower half; without one, the domain's is used
 * @regs: filled
 *
 * The ASID is TTBR0's for both halves (A1 is 0), since the GPU writes no other
 * register when it turns to another process.
 */
void smmu2_describe_split(const struct smmu2_domain *dom,
			  const struct io_pgtable_cfg *ttbr1,
			  const struct io_pgtable_cfg *ttbr0, u32 asid,
			  struct smmu2_regs *regs)
{
	u64 tg1 = ttbr1->arm_lpae_s1_cfg.tcr.tg;
	u64 tsz = ttbr1->arm_lpae_s1_cfg.tcr.tsz;

	memset(regs, 0, sizeof(*regs));
	regs->va64 = true;
	regs->cbar = (u32)CBAR_S1;
	regs->sctlr = (u32)(SCTLR_M | SCTLR_TRE | SCTLR_AFE |
			    SCTLR_S1_ASIDPNE);
	regs->mair[0] = (u32)ttbr1->arm_lpae_s1_cfg.mair;
	regs->mair[1] = (u32)(ttbr1->arm_lpae_s1_cfg.mair >> 32);
	regs->tcr2 = (u32)(FIELD_PREP(TCR2_PASIZE,
				      (u64)ttbr1->arm_lpae_s1_cfg.tcr.ips) |
			   TCR2_AS |
			   FIELD_PREP(TCR2_SEP, TCR2_SEP_UPSTREAM));
	regs->tcr = (u32)(
		FIELD_PREP(TCR_T1SZ, tsz) | FIELD_PREP(TCR_TG1, tg1) |
		FIELD_PREP(TCR_SH1, (u64)ttbr1->arm_lpae_s1_cfg.tcr.sh) |
		FIELD_PREP(TCR_ORGN1, (u64)ttbr1->arm_lpae_s1_cfg.tcr.orgn) |
		FIELD_PREP(TCR_IRGN1, (u64)ttbr1->arm_lpae_s1_cfg.tcr.irgn));
	regs->ttbr[1] = ttbr1->arm_lpae_s1_cfg.ttbr;
	if (!ttbr0) {
		/* Size and granule must be ones that there are. */
		regs->tcr |= (u32)(TCR_EPD0 | FIELD_PREP(TCR_T0SZ, tsz) |
				   FIELD_PREP(TCR_TG0, tg0_of((u32)tg1)));
		regs->ttbr[0] = FIELD_PREP(TTBR_ASID, (u64)dom->asid);
		return;
	}
	regs->tcr |= s1_walks(ttbr0) & ~(u32)TCR_EPD1;
	regs->tcr |= (u32)(
		FIELD_PREP(TCR_T0SZ, (u64)ttbr0->arm_lpae_s1_cfg.tcr.tsz) |
		FIELD_PREP(TCR_TG0, (u64)ttbr0->arm_lpae_s1_cfg.tcr.tg));
	regs->ttbr[0] = ttbr0->arm_lpae_s1_cfg.ttbr |
			FIELD_PREP(TTBR_ASID, (u64)asid);
}
EXPORT_SYMBOL_GPL(smmu2_describe_split);

/**
 * smmu2_describe_s2 - stage 2
 * @dom: with its format and bank
 * @cfg: what the format of the tables says
 * @regs: filled
 */
void smmu2_describe_s2(const struct smmu2_domain *dom,
		       const struct io_pgtable_cfg *cfg,
		       struct smmu2_regs *regs)
{
	memset(regs, 0, sizeof(*regs));
	regs->vmid = smmu2_vmid(dom->bank);
	regs->cbar = (u32)FIELD_PREP(CBAR_TYPE, CBAR_TYPE_S2);
	regs->ttbr[0] = cfg->arm_lpae_s2_cfg.vttbr;
	/* Tables of stage 1 in device registers are a mistake (17.3.3). */
	regs->sctlr = (u32)(SCTLR_M | SCTLR_TRE | SCTLR_AFE);
	if (dom->nest_parent)
		regs->sctlr |= (u32)SCTLR_S2_PTW;
	regs->tcr = (u32)(
		FIELD_PREP(TCR_S2_SL0, (u64)cfg->arm_lpae_s2_cfg.vtcr.sl) |
		FIELD_PREP(TCR_IRGN0, (u64)cfg->arm_lpae_s2_cfg.vtcr.irgn) |
		FIELD_PREP(TCR_ORGN0, (u64)cfg->arm_lpae_s2_cfg.vtcr.orgn) |
		FIELD_PREP(TCR_SH0, (u64)cfg->arm_lpae_s2_cfg.vtcr.sh) |
		FIELD_PREP(TCR_T0SZ, (u64)cfg->arm_lpae_s2_cfg.vtcr.tsz));
	if (dom->format == SMMU2_AARCH64) {
		regs->va64 = true;
		regs->tcr |= (u32)(
			FIELD_PREP(TCR_TG0,
				   (u64)cfg->arm_lpae_s2_cfg.vtcr.tg) |
			FIELD_PREP(TCR_S2_PASIZE,
				   (u64)cfg->arm_lpae_s2_cfg.vtcr.ps));
	} else {
		regs->tcr |= (u32)TCR_EAE;
	}
}
EXPORT_SYMBOL_GPL(smmu2_describe_s2);
