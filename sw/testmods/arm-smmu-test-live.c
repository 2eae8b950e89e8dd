// SPDX-License-Identifier: MIT
/*
 * smmuv2test live: registers, faults and stalls of an SMMU, in a context bank
 * that is free. Faults come from FSRRESTORE, which interrupts as they do
 * (IHI 0062 3.6.3).
 */
#include "arm-smmu-test.h"

#include <delay.h>
#include <ktap.h>
#include <slab.h>

#define TIMEOUT_MS	100

struct live {
	struct smmu2_device *smmu;
	struct smmu2_domain dom;
	u8 __iomem *cb;
};

static bool wait_count(const u64 *count, u64 expected)
{
	unsigned int ms;

	for (ms = 0; ms < TIMEOUT_MS && READ_ONCE(*count) < expected; ms++)
		msleep(1);
	return smmuv2test_is("faults", READ_ONCE(*count), expected);
}

/* Any tables will do: no stream leads there. */
static bool set_up(struct live *l, struct smmu2_device *smmu)
{
	const struct io_pgtable_cfg cfg = { .ias = 32 };
	struct smmu2_regs regs;
	bool s2 = smmu->num_s2_banks == smmu->num_banks || !smmu->stage1;

	memset(l, 0, sizeof(*l));
	l->smmu = smmu;
	l->dom.smmu = smmu;
	l->dom.stage = s2 ? SMMU2_STAGE_2 : SMMU2_STAGE_1;
	l->dom.format = smmu->format;
	l->dom.bank = smmu2_bank_alloc(smmu, l->dom.stage);
	if (!l->dom.bank)
		return false;
	l->dom.bank->dom = &l->dom;
	l->cb = smmu2_cb(smmu, l->dom.bank->index);
	if (s2)
		smmu2_describe_s2(&l->dom, &cfg, &regs);
	else
		smmu2_describe_s1(&l->dom, &cfg, &regs);
	smmu2_bank_write(l->dom.bank, &regs);
	return true;
}

static void tear_down(struct live *l)
{
	smmu2_bank_close(l->dom.bank);
	smmu2_tlb_inv_domain(&l->dom);
	smmu2_bank_free(l->dom.bank);
}

static bool test_written(struct live *l)
{
	const struct smmu2_bank *bank = l->dom.bank;
	/* Of stage 2 EAE is fixed, or reserved (17.3.8). */
	const u32 fixed = l->dom.stage == SMMU2_STAGE_2 ? 1u << 31 : 0;
	u32 cba2r = readl(smmu2_gr1(l->smmu) + 0x800 + 4 * bank->index);

	return smmuv2test_is("CBAR.TYPE",
			     readl(smmu2_gr1(l->smmu) + 4 * bank->index) >> 16 &
			     3, l->dom.stage == SMMU2_STAGE_1) &&
	       smmuv2test_is("CBA2R.VA64", cba2r & 1,
			     l->dom.format == SMMU2_AARCH64) &&
	       smmuv2test_is("TCR", readl(l->cb + 0x30) | fixed,
			     bank->regs.tcr | fixed) &&
	       smmuv2test_is("SCTLR.M", readl(l->cb) & 1, 1) &&
	       smmuv2test_is("FSR", readl(l->cb + 0x58) & 0x800001fe, 0);
}

static bool test_bank_fault(struct live *l)
{
	u64 before = l->smmu->faults;

	/* FSRRESTORE: TF. */
	writel(0x2, l->cb + 0x5c);
	return wait_count(&l->smmu->faults, before + 1) &&
	       smmuv2test_is("FSR", readl(l->cb + 0x58) & 0x800001fe, 0);
}

/* 3.6.3: any bit but SS and Format. */
static bool test_every_bit(struct live *l)
{
	u64 before = l->smmu->faults;
	unsigned int bit, n = 0;

	for (bit = 1; bit <= 8; bit++) {
		writel(1u << bit, l->cb + 0x5c);
		/* An SMMU may lack some of them (16.5.9). */
		if (readl(l->cb + 0x58) & 0x800001fe ||
		    READ_ONCE(l->smmu->faults) == before + n + 1)
			n++;
		if (!wait_count(&l->smmu->faults, before + n))
			return false;
	}
	writel(1u << 31, l->cb + 0x5c);
	return wait_count(&l->smmu->faults, before + n + 1) && n >= 4;
}

static bool test_global_fault(struct live *l)
{
	u64 before = l->smmu->global_faults;

	/* GFSRRESTORE: SMCF, then CAF, whose interrupt is another. */
	writel(0x4, l->smmu->base + 0x4c);
	if (!wait_count(&l->smmu->global_faults, before + 1))
		return false;
	writel(0x20, l->smmu->base + 0x4c);
	if (readl(l->smmu->base + 0x48) ||
	    READ_ONCE(l->smmu->global_faults) > before + 1)
		if (!wait_count(&l->smmu->global_faults, before + 2))
			return false;
	return smmuv2test_is("GFSR", readl(l->smmu->base + 0x48), 0);
}

static bool test_stalls(struct live *l)
{
	smmu2_bank_set_stalls(l->dom.bank, true);
	if (!smmuv2test_is("SCTLR.CFCFG", readl(l->cb) >> 7 & 1, 1))
		return false;
	/* Nothing waits: an answer is for nobody (16.5.28). */
	writel(0, l->cb + 0x08);
	smmu2_bank_set_stalls(l->dom.bank, false);
	return smmuv2test_is("SCTLR.CFCFG", readl(l->cb) >> 7 & 1, 0) &&
	       smmuv2test_is("FSR.SS", readl(l->cb + 0x58) >> 30 & 1, 0);
}

static bool test_sync(struct live *l)
{
	return !smmu2_tlb_sync_bank(l->dom.bank) &&
	       !smmu2_tlb_sync_global(l->smmu) && !l->smmu->lost;
}

int smmuv2test_live(struct smmu2_device *smmu)
{
	static const char stalls[] = "a bank stalls when it is asked to";
	unsigned int before = ktap_failures();
	struct live *l = kzalloc(sizeof(*l), GFP_KERNEL);

	ktap_plan(6);
	if (!l || !set_up(l, smmu)) {
		ktap_diag("no context bank is free");
		kfree(l);
		return -EIO;
	}
	ktap_ok(test_written(l), "a bank holds what was written");
	ktap_ok(test_bank_fault(l), "a context fault is told and cleared");
	ktap_ok(test_every_bit(l), "each kind of context fault is told");
	ktap_ok(test_global_fault(l), "a global fault is told and cleared");
	if (smmu->stall_model == SMMU2_STALL_BOTH)
		ktap_ok(test_stalls(l), stalls);
	else
		ktap_skip("SCTLR.CFCFG does not move", stalls);
	ktap_ok(test_sync(l), "TLBSYNC and TLBGSYNC end");
	tear_down(l);
	kfree(l);
	return ktap_failures() == before ? 0 : -EIO;
}
