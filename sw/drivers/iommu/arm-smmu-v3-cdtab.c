// SPDX-License-Identifier: MIT
/*
 * Context descriptors of a device (IHI 0070 5.3, 5.4): one, or a table of them,
 * indexed by SubstreamID, in one level or two.
 */

#include "arm-smmu-v3.h"

#include <slab.h>

#define CD_BYTES	(CD_DWORDS * sizeof(u64))
/* STE.S1Fmt 0b01: an L2 table is 64 CDs, 4 KiB. */
#define L2_BITS		6
#define L2_BYTES	(CD_BYTES << L2_BITS)
/* What a linear table has at most: 64 KiB. */
#define MAX_LINEAR_BITS	10
/* Without substreams: the CD in use, and the one that is written next. */
#define SINGLE_SLOTS	2

/**
 * arm_smmu_cdtab_bits - how many SubstreamID bits a device can have
 * @smmu: its SMMU
 * @max_pasids: PASIDs that the device drives; 0: none
 */
unsigned int arm_smmu_cdtab_bits(const struct arm_smmu_device *smmu,
				 u32 max_pasids)
{
	unsigned int bits = max_pasids > 1 ? __fls(max_pasids - 1) + 1u : 0;

	bits = min(bits, smmu->ssid_bits);
	return smmu->cd2l ? bits : min(bits, MAX_LINEAR_BITS + 0u);
}

/**
 * arm_smmu_cdtab_init - make a device's table, if it has none
 * @master: the device
 * @tab: a table of it; its @bits is set
 *
 * Return: 0 or -ENOMEM.
 */
int arm_smmu_cdtab_init(struct arm_smmu_master *master,
			struct arm_smmu_cdtab *tab)
{
	if (tab->base)
		return 0;
	tab->two_level = master->smmu->cd2l && tab->bits > L2_BITS;
	if (tab->two_level) {
		size_t n = 1UL << (tab->bits - L2_BITS);

		tab->l2 = kvzalloc(n * sizeof(*tab->l2), GFP_KERNEL);
		if (!tab->l2)
			return -ENOMEM;
		tab->bytes = max(n * sizeof(u64), (size_t)64);
	} else {
		tab->bytes = CD_BYTES << tab->bits;
		if (!tab->bits)
			tab->bytes *= SINGLE_SLOTS;
	}
	tab->base = arm_smmu_alloc(master->smmu, tab->bytes);
	if (tab->base)
		return 0;
	kvfree(tab->l2);
	tab->l2 = NULL;
	return -ENOMEM;
}

static void free_table(struct arm_smmu_cdtab *tab)
{
	size_t i;

	if (tab->l2)
		for (i = 0; i < 1UL << (tab->bits - L2_BITS); i++)
			arm_smmu_free(tab->l2[i], L2_BYTES);
	kvfree(tab->l2);
	arm_smmu_free(tab->base, tab->bytes);
	tab->l2 = NULL;
	tab->base = NULL;
}

/**
 * arm_smmu_cdtab_free - give a device's tables back
 * @master: no STE leads to them any more
 */
void arm_smmu_cdtab_free(struct arm_smmu_master *master)
{
	free_table(&master->cd);
	free_table(&master->cdtab);
}

/**
 * arm_smmu_cdtab_ste - the fields of an STE that lead to a device's table
 * @master: the device
 * @tab: a table of it that exists
 * @ste: completed
 */
void arm_smmu_cdtab_ste(const struct arm_smmu_master *master,
			const struct arm_smmu_cdtab *tab, u64 *ste)
{
	u64 cache = master->smmu->coherent ? STE_CACHE_WBRA : STE_CACHE_NC;

	ste[0] |= virt_to_phys(tab->base + tab->slot * CD_DWORDS) &
		  STE_0_S1CONTEXTPTR;
	if (tab->bits)
		ste[0] |= FIELD_PREP(STE_0_S1CDMAX, (u64)tab->bits) |
			  FIELD_PREP(STE_0_S1FMT, tab->two_level ?
				     STE_S1FMT_4K_L2 : STE_S1FMT_LINEAR);
	ste[1] |= FIELD_PREP(STE_1_S1CIR, cache) |
		  FIELD_PREP(STE_1_S1COR, cache) |
		  FIELD_PREP(STE_1_S1CSH, SH_ISH);
}

struct cd_ctx {
	struct arm_smmu_master *master;
	u32 ssid;
	bool leaf;
};

/* Of every stream: each may have a copy (IHI 0070 4.3.3). */
static int forget_cd(void *data)
{
	const struct cd_ctx *ctx = data;
	const struct iommu_fwspec *fwspec = ctx->master->dev->iommu;
	struct arm_smmu_device *smmu = ctx->master->smmu;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < fwspec->num_ids && !ret; i++) {
		const u64 cmd[CMD_DWORDS] = {
			CMD_CFGI_CD | FIELD_PREP(CMD_0_SSID, (u64)ctx->ssid) |
			FIELD_PREP(CMD_0_SID, (u64)fwspec->ids[i]),
			ctx->leaf ? CMD_CFGI_1_LEAF : 0,
		};

		ret = arm_smmu_cmdq_issue(smmu, cmd, 1,
					  i + 1 == fwspec->num_ids);
	}
	return ret;
}

static u64 *find_cd(const struct arm_smmu_cdtab *tab, u32 ssid)
{
	u64 *l2;

	if (!tab->base || ssid >> tab->bits)
		return NULL;
	if (!tab->two_level)
		return tab->base + (size_t)(tab->slot + ssid) * CD_DWORDS;
	l2 = tab->l2[ssid >> L2_BITS];
	return l2 ? l2 + (ssid & ((1u << L2_BITS) - 1)) * CD_DWORDS : NULL;
}

static int cover(struct arm_smmu_master *master, struct arm_smmu_cdtab *tab,
		 u32 ssid)
{
	struct cd_ctx ctx = { master, ssid, false };
	u64 *l1cd, *l2;

	if (!tab->two_level || tab->l2[ssid >> L2_BITS])
		return 0;
	l2 = arm_smmu_alloc(master->smmu, L2_BYTES);
	if (!l2)
		return -ENOMEM;
	tab->l2[ssid >> L2_BITS] = l2;
	l1cd = &tab->base[ssid >> L2_BITS];
	WRITE_ONCE(*l1cd, virt_to_phys(l2) | L1CD_V);
	arm_smmu_sync_for_device(master->smmu, l1cd, sizeof(*l1cd));
	/* Not a leaf: the empty descriptor may be cached. */
	return forget_cd(&ctx);
}

static int write_cd(struct arm_smmu_master *master, u32 ssid, u64 *entry,
		    const u64 *cd)
{
	static const struct arm_smmu_entry_type type = {
		.valid = CD_0_V,
		.used = arm_smmu_cd_used,
		.forget = forget_cd,
	};
	struct cd_ctx ctx = { master, ssid, true };

	return arm_smmu_write_entry(master->smmu, &type, entry, cd, &ctx);
}

/**
 * arm_smmu_set_cd - make a SubstreamID of a device use an address space
 * @master: the device
 * @tab: a table of it that exists
 * @ssid: below the size of the table
 * @cd: the descriptor; S is added as the device wants it
 *
 * Where there are no substreams, the descriptor in use stays as it is, and the
 * other slot is filled: arm_smmu_cdtab_ste() leads to it from now on.
 *
 * Return: 0, -ENOMEM, or an error of the command queue.
 */
int arm_smmu_set_cd(struct arm_smmu_master *master, struct arm_smmu_cdtab *tab,
		    u32 ssid, const u64 *cd)
{
	u64 target[CD_DWORDS];
	int ret = cover(master, tab, ssid);

	if (ret)
		return ret;
	memcpy(target, cd, CD_BYTES);
	if (master->stalls)
		target[0] |= CD_0_S;
	if (!tab->bits)
		tab->slot = (tab->slot + 1) % SINGLE_SLOTS;
	ret = write_cd(master, ssid, find_cd(tab, ssid), target);
	/* The one in use must not be taken for the other. */
	if (ret && !tab->bits)
		tab->slot = (tab->slot + 1) % SINGLE_SLOTS;
	return ret;
}

/**
 * arm_smmu_clear_cd - refuse a SubstreamID of a device in its table
 * @master: the device
 * @ssid: any; one that has no descriptor is left alone
 *
 * Return: 0, or an error of the command queue.
 */
int arm_smmu_clear_cd(struct arm_smmu_master *master, u32 ssid)
{
	const u64 none[CD_DWORDS] = { 0 };
	u64 *entry = find_cd(&master->cdtab, ssid);

	return entry ? write_cd(master, ssid, entry, none) : 0;
}

/**
 * arm_smmu_has_cd - does a SubstreamID have a descriptor in a device's table?
 * @master: the device
 * @ssid: any
 */
bool arm_smmu_has_cd(const struct arm_smmu_master *master, u32 ssid)
{
	const u64 *entry = find_cd(&master->cdtab, ssid);

	return entry && entry[0] & CD_0_V;
}

static int restall(struct arm_smmu_master *master, struct arm_smmu_cdtab *tab)
{
	u64 target[CD_DWORDS];
	u64 *entry;
	u32 ssid;
	int ret = 0;

	for (ssid = 0; !(ssid >> tab->bits) && !ret; ssid++) {
		entry = find_cd(tab, ssid);
		/* There is no CD without its table of level 2. */
		if (!entry && tab->two_level)
			ssid |= (1u << L2_BITS) - 1;
		if (!entry || !(entry[0] & CD_0_V))
			continue;
		memcpy(target, entry, CD_BYTES);
		target[0] &= ~(u64)CD_0_S;
		if (master->stalls)
			target[0] |= CD_0_S;
		ret = write_cd(master, ssid, entry, target);
	}
	return ret;
}

/**
 * arm_smmu_restall_cds - give S in all descriptors the value it shall have
 * @master: the device
 *
 * Return: 0, or an error of the command queue.
 */
int arm_smmu_restall_cds(struct arm_smmu_master *master)
{
	int ret = restall(master, &master->cd);

	return ret ? ret : restall(master, &master->cdtab);
}
