// SPDX-License-Identifier: MIT
/* dmatest: nested domains of an SMMUv3 (IHI 0070 4.4, 5.2, 5.4). */

#include "testdev-dma-nested.h"

#include <arm-smmu-v3-nested.h>

/* T0SZ 39, Write-Back walks, EPD1, IPS 48 bits, AA64, R, A, ASET, ASID 1, V. */
#define CD_0	(39ULL | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 30 | 1ULL << 31 | \
		 5ULL << 32 | 1ULL << 41 | 1ULL << 45 | 1ULL << 46 | \
		 1ULL << 47 | 1ULL << 48)
#define CD_0_S	(1ULL << 44)
/* V, Config 0b101; S1CIR and S1COR Write-Back, S1CSH Inner Shareable. */
#define STE_0	(1ULL | 5 << 1)
#define STE_1	(1ULL << 2 | 1 << 4 | 3 << 6)

#define CMD_TLBI_NH_VA	0x12ULL
#define CMD_TLBI_NH_ASID 0x11ULL
#define CMD_CFGI_CD	0x05ULL

static bool refuses(struct nest *n, u64 ste0, u64 ste1)
{
	const struct arm_smmu_nested_config bad = { { ste0, ste1 } };
	struct iommu_domain *d;

	d = iommu_domain_alloc_nested(n->td->dev, n->parent, &bad,
				      sizeof(bad));
	if (PTR_ERR(d) == -EINVAL)
		return true;
	ktap_diag("%#llx %#llx is taken", ste0, ste1);
	if (!IS_ERR(d))
		iommu_domain_free(d);
	return false;
}

static bool refuses_configs(struct nest *n)
{
	const u64 cd = IPA_OF(P_CD);

	return refuses(n, STE_0 | cd | 2 << 1, STE_1) &&
	       refuses(n, STE_0 | cd, STE_1 | 1ULL << 28) &&
	       refuses(n, STE_0 | cd | 31ULL << 59, STE_1) &&
	       refuses(n, STE_0 | 0xffULL << 48, STE_1) &&
	       PTR_ERR(iommu_domain_alloc_nested(n->td->dev, n->parent, &cd,
						 sizeof(cd))) == -EINVAL;
}

static struct iommu_domain *alloc(struct nest *n)
{
	const struct arm_smmu_nested_config config = {
		{ STE_0 | IPA_OF(P_CD), STE_1 },
	};

	n->pages[P_CD][0] = CD_0;
	if (td_always_stalls(n->td))
		n->pages[P_CD][0] |= CD_0_S;
	n->pages[P_CD][1] = IPA_OF(P_LEVEL2);
	n->pages[P_CD][3] = 0xff;
	return iommu_domain_alloc_nested(n->td->dev, n->parent, &config,
					 sizeof(config));
}

static bool invalidate(struct nest *n, u64 dword0, u64 dword1)
{
	const u64 cmd[] = { dword0, dword1 };

	return !iommu_invalidate_nested(n->nested, cmd, 1);
}

/* A CD that leads to other tables does so when its owner says so. */
static bool turn(struct nest *n, unsigned int level2)
{
	WRITE_ONCE(n->pages[P_CD][1], IPA_OF(level2));
	return invalidate(n, CMD_CFGI_CD, 1) &&
	       invalidate(n, CMD_TLBI_NH_ASID | 1ULL << 48, 0);
}

/* Whatever VMID it names. */
static bool forget(struct nest *n, u64 va)
{
	return invalidate(n, CMD_TLBI_NH_VA | 1ULL << 48 | 0xffffULL << 32,
			  va | 1);
}

static bool refuses_commands(struct nest *n)
{
	const u64 cfgi_ste[] = { 0x03, 0 };

	if (iommu_invalidate_nested(n->nested, cfgi_ste, 1) == -EINVAL)
		return true;
	ktap_diag("a command for STEs is taken");
	return false;
}

static bool tells_ipa(struct nest *n)
{
	(void)n;
	return true;
}

const struct nest_kind td_nest_smmuv3 = {
	.refuses_configs = refuses_configs,
	.alloc = alloc,
	.turn = turn,
	.forget = forget,
	.refuses_commands = refuses_commands,
	.tells_ipa = tells_ipa,
};
