// SPDX-License-Identifier: MIT
/* dmatest: nested domains of an SMMUv2 (IHI 0062 10.2.1, 16.5). */

#include "testdev-dma-nested.h"

#include <arm-smmu-nested.h>
#include <of.h>

/* Write-Back walks, Inner Shareable, EPD1; 25 bits of input. */
#define TCR_WALKS	(1u << 8 | 1u << 10 | 3u << 12 | 1u << 23)
#define TCR_64		(TCR_WALKS | 39u | 39u << 16 | 2u << 30)
#define TCR_32		(TCR_WALKS | 7u | 1u << 31)
/* 48 bits, SEP 7. */
#define TCR2_64		(5u | 7u << 15)
/* M, TRE, AFE. */
#define SCTLR		7u
#define SCTLR_CFIE	0x40u
#define MAIR0_WB	0xffu
#define ASID		1ULL

#define CB_SCTLR	0x000u
#define CB_TTBR0	0x020u
#define CB_TLBIVA	0x600u
#define CB_TLBIASID	0x610u

static u64 ttbr(unsigned int level2)
{
	return IPA_OF(level2) | ASID << 48;
}

static struct smmu2_nested_config config_of(bool va64)
{
	return (struct smmu2_nested_config){
		.va64 = va64,
		.sctlr = SCTLR,
		.tcr = va64 ? TCR_64 : TCR_32,
		.tcr2 = va64 ? TCR2_64 : 0,
		.mair = { MAIR0_WB, 0 },
		.ttbr = { ttbr(P_LEVEL2), 0 },
	};
}

static bool refuses(struct nest *n, const struct smmu2_nested_config *bad,
		    size_t size)
{
	struct iommu_domain *d;

	d = iommu_domain_alloc_nested(n->td->dev, n->parent, bad, size);
	if (PTR_ERR(d) == -EINVAL)
		return true;
	ktap_diag("va64 %u, SCTLR %#x is taken", bad->va64, bad->sctlr);
	if (!IS_ERR(d))
		iommu_domain_free(d);
	return false;
}

static bool refuses_configs(struct nest *n)
{
	struct smmu2_nested_config bad = config_of(true);
	bool ok;

	ok = refuses(n, &bad, sizeof(bad) - 1);
	bad.sctlr |= SCTLR_CFIE;
	ok = ok && refuses(n, &bad, sizeof(bad));
	bad = config_of(true);
	bad.va64 = 2;
	return ok && refuses(n, &bad, sizeof(bad));
}

/* Long descriptors are the same in AArch32, where stage 2 is no more. */
static struct iommu_domain *alloc(struct nest *n)
{
	struct smmu2_nested_config config = config_of(true);
	struct iommu_domain *d;

	n->va64 = true;
	d = iommu_domain_alloc_nested(n->td->dev, n->parent, &config,
				      sizeof(config));
	if (PTR_ERR(d) != -EINVAL)
		return d;
	n->va64 = false;
	config = config_of(false);
	return iommu_domain_alloc_nested(n->td->dev, n->parent, &config,
					 sizeof(config));
}

static bool turn(struct nest *n, unsigned int level2)
{
	const struct smmu2_nested_command cmds[] = {
		{ .reg = CB_TTBR0, .value = ttbr(level2) },
		{ .reg = CB_TLBIASID, .value = ASID },
	};

	return !iommu_invalidate_nested(n->nested, cmds, ARRAY_SIZE(cmds));
}

static bool forget(struct nest *n, u64 va)
{
	const struct smmu2_nested_command cmd = {
		.reg = CB_TLBIVA,
		.value = n->va64 ? va >> 12 | ASID << 48 : va | ASID,
	};

	return !iommu_invalidate_nested(n->nested, &cmd, 1);
}

static bool refuses_commands(struct nest *n)
{
	const struct smmu2_nested_command cmd = { .reg = CB_SCTLR };

	if (iommu_invalidate_nested(n->nested, &cmd, 1) == -EINVAL)
		return true;
	ktap_diag("SCTLR is written");
	return false;
}

/* SMMUv1 has no IPAFAR (17.3.2). */
static bool tells_ipa(struct nest *n)
{
	static const char *const v1[] = {
		"arm,smmu-v1", "arm,mmu-400", "arm,mmu-401",
	};
	const struct device_node *np =
		n->td->dev->iommu->iommu->dev->of_node;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(v1); i++)
		if (of_device_is_compatible(np, v1[i]))
			return false;
	return true;
}

const struct nest_kind td_nest_smmuv2 = {
	.refuses_configs = refuses_configs,
	.alloc = alloc,
	.turn = turn,
	.forget = forget,
	.refuses_commands = refuses_commands,
	.tells_ipa = tells_ipa,
};
