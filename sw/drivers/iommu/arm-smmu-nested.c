// SPDX-License-Identifier: MIT
/*
 * Nested domains: stage 1 of somebody else, such as the driver in a virtual
 * machine, upon stage 2 of a parent (IHI 0062 10.2.1, TYPE 0b11). It gives us
 * what it would write to a context bank; what it may reach is its own VMID.
 */
#include "arm-smmu.h"

#include <arm-smmu-nested.h>
#include <export.h>

/* What of SCTLR is its owner's: the rest says how faults are told. */
#define OWNER_SCTLR	(SCTLR_M | SCTLR_TRE | SCTLR_AFE | SCTLR_AFFD | \
			 SCTLR_E | SCTLR_WXN | SCTLR_UWXN | SCTLR_UCI)

/**
 * smmu2_nested_init - take over what an owner wants
 * @dom: the nested domain; its parent has a bank
 * @config: struct smmu2_nested_config
 * @size: of that
 *
 * Return: 0, or -EINVAL.
 */
int smmu2_nested_init(struct smmu2_domain *dom, const void *config,
		      size_t size)
{
	const struct smmu2_nested_config *want = config;
	const struct smmu2_device *smmu = dom->smmu;
	struct smmu2_regs *regs = &dom->want;

	if (!want || size != sizeof(*want) || want->va64 > 1 ||
	    want->reserved || want->sctlr & ~(u32)OWNER_SCTLR)
		return -EINVAL;
	/* AArch64 upon AArch32 is an invalid context (3.8). */
	if (want->va64 && !dom->parent->bank->regs.va64)
		return -EINVAL;
	if (want->va64)
		dom->format = SMMU2_AARCH64;
	else
		dom->format = want->tcr & TCR_EAE ? SMMU2_AARCH32_L :
						    SMMU2_AARCH32_S;
	if (!(smmu->formats & BIT(dom->format)))
		return -EINVAL;
	regs->va64 = want->va64;
	regs->sctlr = want->sctlr | (u32)SCTLR_S1_ASIDPNE;
	regs->tcr = want->tcr;
	regs->tcr2 = want->tcr2;
	regs->contextidr = want->contextidr;
	regs->mair[0] = want->mair[0];
	regs->mair[1] = want->mair[1];
	regs->ttbr[0] = want->ttbr[0];
	regs->ttbr[1] = want->ttbr[1];
	return 0;
}
EXPORT_SYMBOL_GPL(smmu2_nested_init);

/* Both banks have one VMID, or what they do is unpredictable (10.2.1). */
void smmu2_nested_complete(const struct smmu2_domain *dom,
			   struct smmu2_regs *regs)
{
	*regs = dom->want;
	regs->vmid = smmu2_vmid(dom->parent->bank);
	regs->cbar = (u32)(FIELD_PREP(CBAR_TYPE, CBAR_TYPE_S1_S2_TRANS) |
			   FIELD_PREP(CBAR_CBNDX, dom->parent->bank->index));
}
EXPORT_SYMBOL_GPL(smmu2_nested_complete);

/* Registers that an owner may write, and how wide they are. */
static const struct {
	u16 reg;
	bool wide;
	bool control;
} owners[] = {
	{ SMMU_CB_TTBR0, true, true },
	{ SMMU_CB_TTBR1, true, true },
	{ SMMU_CB_CONTEXTIDR, false, true },
	{ SMMU_CB_TLBIVA, true, false },
	{ SMMU_CB_TLBIVAA, true, false },
	{ SMMU_CB_TLBIVAL, true, false },
	{ SMMU_CB_TLBIVAAL, true, false },
	{ SMMU_CB_TLBIASID, false, false },
	{ SMMU_CB_TLBIALL, false, false },
};

static int find_register(u32 reg)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(owners); i++)
		if (owners[i].reg == reg)
			return (int)i;
	return -EINVAL;
}

/* What comes before the first attachment is for the bank that it will have. */
static void keep(struct smmu2_regs *regs, u32 reg, u64 value)
{
	if (reg == SMMU_CB_TTBR0)
		regs->ttbr[0] = value;
	else if (reg == SMMU_CB_TTBR1)
		regs->ttbr[1] = value;
	else if (reg == SMMU_CB_CONTEXTIDR)
		regs->contextidr = (u32)value;
}

/* iommu_domain_ops.cache_invalidate(): none is done if one is refused. */
int smmu2_nested_invalidate(struct iommu_domain *domain, const void *commands,
			    unsigned int count)
{
	struct smmu2_domain *dom = to_smmu2_domain(domain);
	const struct smmu2_nested_command *c = commands;
	u8 __iomem *cb;
	unsigned int i;
	int n;

	for (i = 0; i < count; i++)
		if (c[i].reserved || find_register(c[i].reg) < 0)
			return -EINVAL;
	for (i = 0; i < count; i++)
		keep(&dom->want, c[i].reg, c[i].value);
	if (!dom->bank)
		return 0;
	cb = smmu2_cb(dom->smmu, dom->bank->index);
	for (i = 0; i < count; i++) {
		n = find_register(c[i].reg);
		/* Of AArch32 the TLBI registers have 32 bits (16.5.32). */
		if (owners[n].wide && (owners[n].control || dom->want.va64))
			writeq(c[i].value, cb + c[i].reg);
		else
			writel((u32)c[i].value, cb + c[i].reg);
	}
	return smmu2_tlb_sync_bank(dom->bank);
}
