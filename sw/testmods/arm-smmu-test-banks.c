// SPDX-License-Identifier: MIT
/* smmuv2test banks, formats, tlb: who gets which context bank, and what is
 * written there (IHI 0062 10.2, 16.5, 17.3), in numbers taken from there.
 */

#include "arm-smmu-test.h"

#include <arm-smmu-nested.h>
#include <ktap.h>
#include <sizes.h>
#include <slab.h>

#define CBAR(n)		(4 * (n))
#define CBA2R(n)	(0x800 + 4 * (n))

static bool test_stage2_banks(struct smmu2_device *smmu)
{
	unsigned int i;

	/* The first know stage 2 alone; the others serve when they are out. */
	for (i = 0; i < TEST_BANKS; i++)
		if (smmu2_bank_alloc(smmu, SMMU2_STAGE_2) != &smmu->banks[i])
			return false;
	return !smmu2_bank_alloc(smmu, SMMU2_STAGE_2);
}

static bool test_stage1_banks(struct smmu2_device *smmu)
{
	struct smmu2_bank *last = NULL;
	unsigned int i;

	for (i = TEST_S2_BANKS; i < TEST_BANKS; i++) {
		last = smmu2_bank_alloc(smmu, SMMU2_STAGE_1);
		if (last != &smmu->banks[i])
			return false;
	}
	if (smmu2_bank_alloc(smmu, SMMU2_NESTED))
		return false;
	smmu2_bank_free(last);
	return smmu2_bank_alloc(smmu, SMMU2_NESTED) == last &&
	       smmu2_bank_alloc(smmu, SMMU2_STAGE_2) == &smmu->banks[0];
}

static bool test_closed(struct smmu2_device *smmu)
{
	struct smmu2_bank *bank = smmu2_bank_alloc(smmu, SMMU2_STAGE_1);
	const struct smmu2_regs regs = { .cbar = 0x10000, .sctlr = 1 };
	u8 __iomem *cb = smmu2_cb(smmu, bank->index);
	unsigned int generation = bank->generation;

	smmu2_bank_write(bank, &regs);
	/* Stalled: SS and TF. */
	writel(0x40000002, cb + 0x58);
	writel(0xff, cb + 0x08);
	smmu2_bank_close(bank);
	return smmuv2test_is("SCTLR", readl(cb), 0) &&
	       smmuv2test_is("RESUME", readl(cb + 0x08), 1) &&
	       bank->generation != generation;
}

static bool test_stalls(struct smmu2_device *smmu)
{
	struct smmu2_bank *bank = smmu2_bank_alloc(smmu, SMMU2_STAGE_1);
	const struct smmu2_regs regs = { .cbar = 0x10000, .sctlr = 1 };
	unsigned int n = bank->index;

	smmu2_bank_write(bank, &regs);
	/* M, CFRE, CFIE and HUPCF; then CFCFG as well. */
	if (!smmuv2test_is("SCTLR", smmuv2test_cb(smmu, n, 0), 0x161))
		return false;
	smmu2_bank_set_stalls(bank, true);
	if (!smmuv2test_is("SCTLR", smmuv2test_cb(smmu, n, 0), 0x1e1))
		return false;
	smmu2_bank_set_stalls(bank, false);
	if (!smmuv2test_is("SCTLR", smmuv2test_cb(smmu, n, 0), 0x161))
		return false;
	smmu->stall_model = SMMU2_STALL_NONE;
	smmu2_bank_set_stalls(bank, true);
	return smmuv2test_is("SCTLR", smmuv2test_cb(smmu, n, 0), 0x161);
}

/* Of a waiting access the interrupt is off; the answer brings it back. */
static bool test_resume(struct smmu2_device *smmu)
{
	struct smmu2_bank *bank = smmu2_bank_alloc(smmu, SMMU2_STAGE_1);
	const struct smmu2_regs regs = { .cbar = 0x10000, .sctlr = 1 };
	u8 __iomem *cb = smmu2_cb(smmu, bank->index);

	smmu2_bank_write(bank, &regs);
	smmu2_bank_set_stalls(bank, true);
	bank->stalled = true;
	smmu2_bank_set_stalls(bank, false);
	if (!smmuv2test_is("SCTLR", readl(cb), 0x121))
		return false;
	writel(0xff, cb + 0x08);
	smmu2_bank_resume(bank, 0);
	return smmuv2test_is("RESUME", readl(cb + 0x08), 0) &&
	       smmuv2test_is("SCTLR", readl(cb), 0x161) && !bank->stalled;
}

struct test {
	bool (*run)(struct smmu2_device *smmu);
	const char *name;
};

static int run_all(const struct test *tests, size_t count)
{
	unsigned int before = ktap_failures();
	size_t i;

	ktap_plan((unsigned int)count);
	for (i = 0; i < count; i++) {
		struct smmu2_device *smmu = smmuv2test_soft();

		ktap_ok(smmu && tests[i].run(smmu), "%s", tests[i].name);
		smmuv2test_soft_free(smmu);
	}
	return ktap_failures() == before ? 0 : -EIO;
}

static const struct smmu2_model adreno_model = { SMMU2_V2, false, true };

/* Bank 0 is the GPU's, whoever else asks. */
static bool test_gpu_bank(struct smmu2_device *smmu)
{
	struct smmu2_bank *bank;
	unsigned int i;

	smmu->model = &adreno_model;
	smmu->num_s2_banks = 0;
	for (i = 1; i < TEST_BANKS; i++)
		if (smmu2_bank_alloc(smmu, i % 2 ? SMMU2_STAGE_1 :
					   SMMU2_STAGE_2) != &smmu->banks[i])
			return false;
	if (smmu2_bank_alloc(smmu, SMMU2_STAGE_2))
		return false;
	bank = smmu2_bank_take(smmu, SMMU2_GPU_BANK);
	if (bank != &smmu->banks[0] || smmu2_bank_take(smmu, SMMU2_GPU_BANK))
		return false;
	smmu2_bank_free(bank);
	return smmu2_bank_take(smmu, SMMU2_GPU_BANK) == bank;
}

int smmuv2test_banks(void)
{
	static const struct test tests[] = {
		{ test_stage2_banks, "stage 2 takes banks that know nothing else first" },
		{ test_stage1_banks, "stage 1 takes banks that know it, and those that are free again" },
		{ test_closed, "a bank that is closed ends what waits in it" },
		{ test_stalls, "a bank stalls when it is asked to, where it can" },
		{ test_resume, "a bank tells faults again when the access that waits is answered" },
		{ test_gpu_bank, "bank 0 of a GPU's SMMU is for the GPU's domain" },
	};

	return run_all(tests, ARRAY_SIZE(tests));
}

static struct smmu2_domain *new_domain(struct smmu2_device *smmu,
				       enum smmu2_stage stage,
				       enum smmu2_format format)
{
	struct smmu2_domain *dom = kzalloc(sizeof(*dom), GFP_KERNEL);

	if (!dom)
		return NULL;
	dom->smmu = smmu;
	dom->stage = stage;
	dom->format = format;
	dom->bank = smmu2_bank_alloc(smmu, stage);
	dom->asid = stage == SMMU2_STAGE_1 ? 0x33 : 0;
	return dom;
}

static bool write_domain(struct smmu2_domain *dom,
			 const struct io_pgtable_cfg *cfg)
{
	struct smmu2_regs regs;

	if (dom->stage == SMMU2_STAGE_2)
		smmu2_describe_s2(dom, cfg, &regs);
	else
		smmu2_describe_s1(dom, cfg, &regs);
	smmu2_bank_write(dom->bank, &regs);
	return true;
}

static const struct io_pgtable_cfg s1_cfg = {
	.arm_lpae_s1_cfg = {
		.ttbr = 0x41234000,
		.tcr = { .ips = 4, .tg = 1, .sh = 3, .orgn = 1, .irgn = 1,
			 .tsz = 16 },
		.mair = 0x1122334404ff44ULL,
	},
};

static bool test_s1_64(struct smmu2_device *smmu)
{
	struct smmu2_domain *dom = new_domain(smmu, SMMU2_STAGE_1,
					      SMMU2_AARCH64);
	bool ok = dom && write_domain(dom, &s1_cfg) &&
		smmuv2test_is("CBA2R", smmuv2test_gr1(smmu, CBA2R(2)), 1) &&
		/* Stage 1, stage 2 bypass: MemAttr 15, BPSHCFG 3, VMID 0. */
		smmuv2test_is("CBAR", smmuv2test_gr1(smmu, CBAR(2)),
			      0x1f300) &&
		/* SEP 7, AS, 44 bits. */
		smmuv2test_is("TCR2", smmuv2test_cb(smmu, 2, 0x10), 0x38014) &&
		/* TG1 64 KiB, EPD1, T1SZ; TG0, SH, ORGN, IRGN, T0SZ. */
		smmuv2test_is("TCR", smmuv2test_cb(smmu, 2, 0x30),
			      0xc0907510) &&
		smmuv2test_is("TTBR0", smmuv2test_cb64(smmu, 2, 0x20),
			      0x0033000041234000ULL) &&
		smmuv2test_is("MAIR0", smmuv2test_cb(smmu, 2, 0x38),
			      0x4404ff44) &&
		smmuv2test_is("MAIR1", smmuv2test_cb(smmu, 2, 0x3c),
			      0x00112233) &&
		/* ASIDPNE, HUPCF, CFIE, CFRE, AFE, TRE, M. */
		smmuv2test_is("SCTLR", smmuv2test_cb(smmu, 2, 0), 0x1167);

	kfree(dom);
	return ok;
}

static bool test_s1_32l(struct smmu2_device *smmu)
{
	struct io_pgtable_cfg cfg = s1_cfg;
	struct smmu2_domain *dom = new_domain(smmu, SMMU2_STAGE_1,
					      SMMU2_AARCH32_L);
	bool ok;

	cfg.arm_lpae_s1_cfg.tcr.ips = 0;
	cfg.arm_lpae_s1_cfg.tcr.tg = 0;
	cfg.arm_lpae_s1_cfg.tcr.tsz = 3;
	ok = dom && write_domain(dom, &cfg) &&
	     smmuv2test_is("CBA2R", smmuv2test_gr1(smmu, CBA2R(2)), 0) &&
	     smmuv2test_is("CBAR", smmuv2test_gr1(smmu, CBAR(2)), 0x1f300) &&
	     /* EAE, EPD1, SH, ORGN, IRGN, T0SZ. */
	     smmuv2test_is("TCR", smmuv2test_cb(smmu, 2, 0x30), 0x80803503) &&
	     smmuv2test_is("TTBR0", smmuv2test_cb64(smmu, 2, 0x20),
			   0x0033000041234000ULL);
	kfree(dom);
	return ok;
}

static bool test_s1_32s(struct smmu2_device *smmu)
{
	const struct io_pgtable_cfg cfg = {
		.arm_v7s_cfg = {
			.ttbr = 0x4123406a, .tcr = 0x20, .nmrr = 0x44e048e0,
			.prrr = 0xff0a89a8,
		},
	};
	struct smmu2_domain *dom = new_domain(smmu, SMMU2_STAGE_1,
					      SMMU2_AARCH32_S);
	bool ok = dom && write_domain(dom, &cfg) &&
		smmuv2test_is("CBA2R", smmuv2test_gr1(smmu, CBA2R(2)), 0) &&
		smmuv2test_is("TCR", smmuv2test_cb(smmu, 2, 0x30), 0x20) &&
		smmuv2test_is("TTBR0", smmuv2test_cb64(smmu, 2, 0x20),
			      0x4123406a) &&
		smmuv2test_is("CONTEXTIDR", smmuv2test_cb(smmu, 2, 0x34),
			      0x33) &&
		smmuv2test_is("PRRR", smmuv2test_cb(smmu, 2, 0x38),
			      0xff0a89a8) &&
		smmuv2test_is("NMRR", smmuv2test_cb(smmu, 2, 0x3c),
			      0x44e048e0) &&
		smmuv2test_is("SCTLR", smmuv2test_cb(smmu, 2, 0), 0x1167);

	kfree(dom);
	return ok;
}

static const struct io_pgtable_cfg s2_cfg = {
	.arm_lpae_s2_cfg = {
		.vttbr = 0x45678000,
		.vtcr = { .ps = 5, .tg = 2, .sh = 2, .orgn = 0, .irgn = 0,
			  .sl = 1, .tsz = 24 },
	},
};

static bool test_s2_64(struct smmu2_device *smmu)
{
	struct smmu2_domain *dom = new_domain(smmu, SMMU2_STAGE_2,
					      SMMU2_AARCH64);
	bool ok = dom && write_domain(dom, &s2_cfg) &&
		smmuv2test_is("CBA2R", smmuv2test_gr1(smmu, CBA2R(0)), 1) &&
		/* TYPE 0, and a VMID that is not stage 1's. */
		smmuv2test_is("CBAR", smmuv2test_gr1(smmu, CBAR(0)), 1) &&
		/* PASize, TG0, SH0, SL0, T0SZ. */
		smmuv2test_is("TCR", smmuv2test_cb(smmu, 0, 0x30), 0x5a058) &&
		smmuv2test_is("TTBR0", smmuv2test_cb64(smmu, 0, 0x20),
			      0x45678000) &&
		/* Of stage 2 there is no TCR2 and no MAIR. */
		smmuv2test_is("TCR2", smmuv2test_cb(smmu, 0, 0x10), 0) &&
		smmuv2test_is("SCTLR", smmuv2test_cb(smmu, 0, 0), 0x167);

	kfree(dom);
	return ok;
}

static bool test_s2_32l(struct smmu2_device *smmu)
{
	struct io_pgtable_cfg cfg = s2_cfg;
	struct smmu2_domain *dom = new_domain(smmu, SMMU2_STAGE_2,
					      SMMU2_AARCH32_L);
	bool ok;

	cfg.arm_lpae_s2_cfg.vtcr.ps = 0;
	cfg.arm_lpae_s2_cfg.vtcr.tg = 0;
	/* 40 bits: -8, and its sign again in bit 4. */
	cfg.arm_lpae_s2_cfg.vtcr.tsz = 0x18;
	ok = dom && write_domain(dom, &cfg) &&
	     smmuv2test_is("CBA2R", smmuv2test_gr1(smmu, CBA2R(0)), 0) &&
	     smmuv2test_is("TCR", smmuv2test_cb(smmu, 0, 0x30), 0x80002058);
	kfree(dom);
	return ok;
}

static bool test_vmid16(struct smmu2_device *smmu)
{
	struct smmu2_domain *dom = new_domain(smmu, SMMU2_STAGE_2,
					      SMMU2_AARCH64);
	bool ok;

	smmu->vmid16 = true;
	ok = dom && write_domain(dom, &s2_cfg) &&
	     smmuv2test_is("CBA2R", smmuv2test_gr1(smmu, CBA2R(0)),
			   0x10001) &&
	     smmuv2test_is("CBAR", smmuv2test_gr1(smmu, CBAR(0)), 0);
	kfree(dom);
	return ok;
}

static bool test_nested(struct smmu2_device *smmu)
{
	struct smmu2_nested_config want = {
		.va64 = 1, .sctlr = 1, .tcr = 0x80803519, .tcr2 = 5,
		.mair = { 0xff, 0 }, .ttbr = { 0x1000, 0 },
	};
	struct smmu2_domain *up = new_domain(smmu, SMMU2_STAGE_2,
					     SMMU2_AARCH64);
	struct smmu2_domain *dom = kzalloc(sizeof(*dom), GFP_KERNEL);
	struct smmu2_regs regs;
	bool ok;

	if (!up || !dom)
		return false;
	up->nest_parent = true;
	write_domain(up, &s2_cfg);
	dom->smmu = smmu;
	dom->stage = SMMU2_NESTED;
	dom->parent = up;
	ok = !smmu2_nested_init(dom, &want, sizeof(want));
	dom->bank = smmu2_bank_alloc(smmu, SMMU2_NESTED);
	smmu2_nested_complete(dom, &regs);
	smmu2_bank_write(dom->bank, &regs);
	/* PTW: tables in device registers are a fault of stage 2. */
	ok = ok && smmuv2test_is("parent's SCTLR", smmuv2test_cb(smmu, 0, 0),
				 0x2167) &&
	     /* TYPE 3, bank 0 above, and one VMID for both. */
	     smmuv2test_is("CBAR", smmuv2test_gr1(smmu, CBAR(2)), 0x30001) &&
	     smmuv2test_is("TCR", smmuv2test_cb(smmu, 2, 0x30), 0x80803519) &&
	     smmuv2test_is("TTBR0", smmuv2test_cb64(smmu, 2, 0x20), 0x1000) &&
	     smmuv2test_is("SCTLR", smmuv2test_cb(smmu, 2, 0), 0x1161);
	/* How faults are told is none of an owner's business. */
	want.sctlr |= 0x40;
	ok = ok && smmu2_nested_init(dom, &want, sizeof(want)) == -EINVAL;
	want.sctlr = 1;
	up->bank->regs.va64 = false;
	ok = ok && smmu2_nested_init(dom, &want, sizeof(want)) == -EINVAL;
	kfree(dom);
	kfree(up);
	return ok;
}

static struct smmu2_domain *gpu_domain(struct smmu2_device *smmu)
{
	struct smmu2_domain *dom = kzalloc(sizeof(*dom), GFP_KERNEL);

	if (!dom)
		return NULL;
	smmu->model = &adreno_model;
	smmu->num_s2_banks = 0;
	dom->smmu = smmu;
	dom->stage = SMMU2_STAGE_1;
	dom->format = SMMU2_AARCH64;
	dom->split = true;
	dom->asid = 0x33;
	dom->bank = smmu2_bank_take(smmu, SMMU2_GPU_BANK);
	return dom;
}

/* IHI 0062 16.5.38: what EPD0, A1 and the fields of TTBR1 say. */
static bool test_split(struct smmu2_device *smmu)
{
	struct smmu2_domain *dom = gpu_domain(smmu);
	struct io_pgtable_cfg ttbr1 = s1_cfg, ttbr0 = s1_cfg;
	struct smmu2_regs regs;
	bool ok;

	if (!dom)
		return false;
	/* TG1: 4 KiB; TG0: 4 KiB, not shareable, not cached. */
	ttbr1.arm_lpae_s1_cfg.tcr.tg = 2;
	ttbr0.arm_lpae_s1_cfg.ttbr = 0x45678000;
	ttbr0.arm_lpae_s1_cfg.tcr.tg = 0;
	ttbr0.arm_lpae_s1_cfg.tcr.sh = 0;
	ttbr0.arm_lpae_s1_cfg.tcr.orgn = 0;
	ttbr0.arm_lpae_s1_cfg.tcr.irgn = 0;
	ttbr0.arm_lpae_s1_cfg.tcr.tsz = 25;
	smmu2_describe_split(dom, &ttbr1, NULL, 0, &regs);
	smmu2_bank_write(dom->bank, &regs);
	ok = smmuv2test_is("CBA2R", smmuv2test_gr1(smmu, CBA2R(0)), 1) &&
	     smmuv2test_is("CBAR", smmuv2test_gr1(smmu, CBAR(0)), 0x1f300) &&
	     smmuv2test_is("TCR2", smmuv2test_cb(smmu, 0, 0x10), 0x38014) &&
	     /* TG1, SH1, ORGN1, IRGN1, T1SZ; EPD0, TG0, T0SZ. */
	     smmuv2test_is("TCR", smmuv2test_cb(smmu, 0, 0x30), 0xb5100090) &&
	     smmuv2test_is("TTBR0", smmuv2test_cb64(smmu, 0, 0x20),
			   0x33ULL << 48) &&
	     smmuv2test_is("TTBR1", smmuv2test_cb64(smmu, 0, 0x28),
			   0x41234000) &&
	     smmuv2test_is("SCTLR", smmuv2test_cb(smmu, 0, 0), 0x1167);
	smmu2_describe_split(dom, &ttbr1, &ttbr0, 0x1ff, &regs);
	smmu2_bank_set_ttbr0(dom->bank, &regs, true);
	ok = ok &&
	     smmuv2test_is("TCR", smmuv2test_cb(smmu, 0, 0x30), 0xb5100019) &&
	     smmuv2test_is("TTBR0", smmuv2test_cb64(smmu, 0, 0x20),
			   0x01ff000045678000ULL) &&
	     smmuv2test_is("TTBR1", smmuv2test_cb64(smmu, 0, 0x28),
			   0x41234000);
	kfree(dom);
	return ok;
}

int smmuv2test_formats(void)
{
	static const struct test tests[] = {
		{ test_s1_64, "stage 1, AArch64" },
		{ test_s1_32l, "stage 1, AArch32 long descriptors" },
		{ test_s1_32s, "stage 1, AArch32 short descriptors" },
		{ test_s2_64, "stage 2, AArch64" },
		{ test_s2_32l, "stage 2, AArch32 long descriptors" },
		{ test_vmid16, "VMIDs of 16 bits are in CBA2R" },
		{ test_nested, "an owner's stage 1 upon stage 2" },
		{ test_split, "a GPU's two halves of stage 1" },
	};

	return run_all(tests, ARRAY_SIZE(tests));
}

static bool test_tlbi_64(struct smmu2_device *smmu)
{
	struct smmu2_domain *dom = new_domain(smmu, SMMU2_STAGE_1,
					      SMMU2_AARCH64);
	bool ok;

	if (!dom)
		return false;
	/* The last page of three is what the register holds. */
	smmu2_tlb_inv_range(dom, 0xffff00000000, 3 * SZ_4K, SZ_4K, true);
	ok = smmuv2test_is("TLBIVAL", smmuv2test_cb64(smmu, 2, 0x620),
			   0xffff00002ULL | 0x33ULL << 48) &&
	     smmuv2test_is("TLBIVA", smmuv2test_cb64(smmu, 2, 0x600), 0);
	smmu2_tlb_inv_range(dom, 0x200000, SZ_2M, SZ_2M, false);
	ok = ok && smmuv2test_is("TLBIVA", smmuv2test_cb64(smmu, 2, 0x600),
				 0x200 | 0x33ULL << 48);
	smmu2_tlb_inv_range(dom, 0, SZ_2M, SZ_4K, true);
	ok = ok && smmuv2test_is("TLBIASID", smmuv2test_cb(smmu, 2, 0x610),
				 0x33);
	kfree(dom);
	return ok;
}

static bool test_tlbi_32(struct smmu2_device *smmu)
{
	struct smmu2_domain *dom = new_domain(smmu, SMMU2_STAGE_1,
					      SMMU2_AARCH32_S);
	bool ok;

	if (!dom)
		return false;
	smmu2_tlb_inv_range(dom, 0xabcde000, SZ_4K, SZ_4K, true);
	ok = smmuv2test_is("TLBIVAL", smmuv2test_cb64(smmu, 2, 0x620),
			   0xabcde033);
	kfree(dom);
	return ok;
}

static bool test_tlbi_s2(struct smmu2_device *smmu)
{
	struct smmu2_domain *dom = new_domain(smmu, SMMU2_STAGE_2,
					      SMMU2_AARCH64);
	bool ok;

	if (!dom)
		return false;
	smmu2_tlb_inv_range(dom, 0x123456789000, SZ_4K, SZ_4K, true);
	ok = smmuv2test_is("TLBIIPAS2L", smmuv2test_cb64(smmu, 0, 0x638),
			   0x123456789) &&
	     smmuv2test_is("TLBIVMIDS1", smmuv2test_gr0(smmu, 0xb8), 0);
	/* 17.3.4: what stage 1 made of it goes by VMID. */
	dom->nest_parent = true;
	smmu2_tlb_inv_range(dom, 0x1000, SZ_4K, SZ_4K, false);
	ok = ok && smmuv2test_is("TLBIIPAS2",
				 smmuv2test_cb64(smmu, 0, 0x630), 1) &&
	     smmuv2test_is("TLBIVMIDS1", smmuv2test_gr0(smmu, 0xb8), 1);
	smmu2_tlb_inv_domain(dom);
	ok = ok && smmuv2test_is("TLBIVMID", smmuv2test_gr0(smmu, 0x64), 1);
	kfree(dom);
	return ok;
}

/* A process by its ASID; what all share by address, whatever the ASID was. */
static bool test_tlbi_split(struct smmu2_device *smmu)
{
	struct smmu2_domain *dom = gpu_domain(smmu);
	bool ok;

	if (!dom)
		return false;
	/* The last pages that there are. */
	smmu2_tlb_inv_range(dom, 0ULL - 3 * SZ_4K, 3 * SZ_4K, SZ_4K, true);
	ok = smmuv2test_is("TLBIVAAL", smmuv2test_cb64(smmu, 0, 0x628),
			   0xfffffffffffULL) &&
	     smmuv2test_is("TLBIVAL", smmuv2test_cb64(smmu, 0, 0x620), 0);
	smmu2_tlb_inv_range(dom, 0xffff000000200000, SZ_2M, SZ_2M, false);
	ok = ok && smmuv2test_is("TLBIVAA", smmuv2test_cb64(smmu, 0, 0x608),
				 0xff000000200ULL);
	ok = ok && !smmu2_tlb_inv_asid(dom, 0x1fe) &&
	     smmuv2test_is("TLBIASID", smmuv2test_cb(smmu, 0, 0x610), 0x1fe);
	writel(0xff, smmu2_cb(smmu, 0) + 0x618);
	smmu2_tlb_inv_domain(dom);
	ok = ok && smmuv2test_is("TLBIALL", smmuv2test_cb(smmu, 0, 0x618), 0);
	kfree(dom);
	return ok;
}

/* An SMMU that never gets done is told once, and keeps what it may use. */
static bool test_timeout(struct smmu2_device *smmu)
{
	struct smmu2_bank *bank = smmu2_bank_alloc(smmu, SMMU2_STAGE_1);

	writel(1, smmu2_cb(smmu, bank->index) + 0x7f4);
	if (smmu2_tlb_sync_bank(bank) != -ETIMEDOUT || !smmu->lost)
		return false;
	smmu->lost = false;
	writel(1, smmu->base + 0x74);
	return smmu2_tlb_sync_global(smmu) == -ETIMEDOUT && smmu->lost;
}

int smmuv2test_tlb(void)
{
	static const struct test tests[] = {
		{ test_tlbi_64, "AArch64: by address with ASID, else by ASID" },
		{ test_tlbi_32, "AArch32: by address with ASID, in 32 bits" },
		{ test_tlbi_s2, "stage 2: by IPA, and by VMID what stage 1 made of it" },
		{ test_tlbi_split, "a GPU: by ASID; its kernel's half by address without one" },
		{ test_timeout, "the wait for an SMMU that is busy for ever ends" },
	};

	return run_all(tests, ARRAY_SIZE(tests));
}
