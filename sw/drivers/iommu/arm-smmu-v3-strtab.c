// SPDX-License-Identifier: MIT
/* Stream table (IHI 0070 3.3, 5.1, 5.2) and how it is changed (3.21.3). */

#include "arm-smmu-v3.h"

#include <export.h>
#include <slab.h>

/* With two levels, an L2 table resolves so many bits: 256 STEs, 16 KiB. */
#define SPLIT		8
/* What is covered at most: a level 1 of 1 MiB, a linear table of 4 MiB. */
#define MAX_2LEVEL_BITS	25
#define MAX_LINEAR_BITS	16
#define MIN_LINEAR_BITS	5

#define STE_BYTES	(STE_DWORDS * sizeof(u64))
#define L2_BYTES	(STE_BYTES << SPLIT)

/* A stream that nobody has claimed is refused, without an event each. */
static void fill_abort(u64 *ste, unsigned long count)
{
	unsigned long i;

	for (i = 0; i < count; i++)
		ste[i * STE_DWORDS] = STE_0_V |
			FIELD_PREP(STE_0_CONFIG, STE_CONFIG_ABORT);
}

static int init_linear(struct arm_smmu_device *smmu)
{
	struct arm_smmu_strtab *tab = &smmu->strtab;
	unsigned int bits = min(smmu->sid_bits, MAX_LINEAR_BITS + 0u);

	/* Less will do: most systems use small StreamIDs. */
	for (;; bits--) {
		tab->bytes = STE_BYTES << bits;
		tab->l1 = arm_smmu_alloc(smmu, tab->bytes);
		if (tab->l1 || bits <= MIN_LINEAR_BITS)
			break;
	}
	if (!tab->l1)
		return -ENOMEM;
	tab->log2size = bits;
	tab->split = 0;
	fill_abort(tab->l1, 1UL << bits);
	arm_smmu_sync_for_device(smmu, tab->l1, tab->bytes);
	return 0;
}

static int init_2level(struct arm_smmu_device *smmu)
{
	struct arm_smmu_strtab *tab = &smmu->strtab;
	unsigned int bits = min(smmu->sid_bits, MAX_2LEVEL_BITS + 0u);

	tab->split = SPLIT;
	/* Where memory is short, the lower streams are worth having. */
	for (; bits > SPLIT; bits--) {
		size_t entries = 1UL << (bits - SPLIT);

		tab->log2size = bits;
		tab->bytes = entries * sizeof(u64);
		tab->l1 = arm_smmu_alloc(smmu, tab->bytes);
		tab->l2 = kvzalloc(entries * sizeof(*tab->l2), GFP_KERNEL);
		if (tab->l1 && tab->l2)
			return 0;
		arm_smmu_strtab_free(smmu);
	}
	return -ENOMEM;
}

/* Small StreamIDs need no second level. */
bool arm_smmu_strtab_wants_2level(const struct arm_smmu_device *smmu)
{
	return smmu->sid_bits > SPLIT;
}

/**
 * arm_smmu_strtab_init - make the stream table and tell the SMMU of it
 * @smmu: not enabled yet
 *
 * Return: 0 or -ENOMEM.
 */
int arm_smmu_strtab_init(struct arm_smmu_device *smmu)
{
	struct arm_smmu_strtab *tab = &smmu->strtab;
	int ret;

	ret = tab->two_level ? init_2level(smmu) : init_linear(smmu);
	if (ret) {
		dev_err(smmu->dev, "no memory for the stream table\n");
		return ret;
	}
	writeq(STRTAB_BASE_RA | virt_to_phys(tab->l1),
	       smmu->base + SMMU_STRTAB_BASE);
	writel((u32)(FIELD_PREP(STRTAB_CFG_FMT, tab->two_level ?
				STRTAB_FMT_2LEVEL : STRTAB_FMT_LINEAR) |
		     FIELD_PREP(STRTAB_CFG_SPLIT, tab->split) |
		     FIELD_PREP(STRTAB_CFG_LOG2SIZE, tab->log2size)),
	       smmu->base + SMMU_STRTAB_BASE_CFG);
	return 0;
}

void arm_smmu_strtab_free(struct arm_smmu_device *smmu)
{
	struct arm_smmu_strtab *tab = &smmu->strtab;
	size_t i;

	if (tab->l2)
		for (i = 0; i < tab->bytes / sizeof(u64); i++)
			arm_smmu_free(tab->l2[i], L2_BYTES);
	kvfree(tab->l2);
	arm_smmu_free(tab->l1, tab->bytes);
	tab->l1 = NULL;
	tab->l2 = NULL;
}

static u64 *find_ste(struct arm_smmu_device *smmu, u32 sid)
{
	struct arm_smmu_strtab *tab = &smmu->strtab;
	u64 *l2;

	if ((u64)sid >> tab->log2size)
		return NULL;
	if (!tab->two_level)
		return tab->l1 + (size_t)sid * STE_DWORDS;
	l2 = tab->l2[sid >> tab->split];
	return l2 ? l2 + (sid & ((1u << SPLIT) - 1)) * STE_DWORDS : NULL;
}

static void cmd_cfgi_ste(u64 *cmd, u32 sid, bool leaf)
{
	cmd[0] = CMD_CFGI_STE | FIELD_PREP(CMD_0_SID, (u64)sid);
	cmd[1] = leaf ? CMD_CFGI_1_LEAF : 0;
}

/**
 * arm_smmu_strtab_cover - make sure that a stream has an STE
 * @smmu: the SMMU
 * @sid: the stream
 *
 * Return: 0; -ERANGE beyond the stream table; -ENOMEM.
 */
int arm_smmu_strtab_cover(struct arm_smmu_device *smmu, u32 sid)
{
	struct arm_smmu_strtab *tab = &smmu->strtab;
	u64 cmd[CMD_DWORDS];
	u64 *l1std, *l2;

	if ((u64)sid >> tab->log2size) {
		dev_err(smmu->dev,
			"stream %#x is beyond the stream table of %u bits\n",
			sid, tab->log2size);
		return -ERANGE;
	}
	if (!tab->two_level || tab->l2[sid >> tab->split])
		return 0;

	l2 = arm_smmu_alloc(smmu, L2_BYTES);
	if (!l2)
		return -ENOMEM;
	fill_abort(l2, 1UL << SPLIT);
	arm_smmu_sync_for_device(smmu, l2, L2_BYTES);
	tab->l2[sid >> tab->split] = l2;

	/* Span n stands for 2^(n-1) STEs (IHI 0070 5.1). */
	l1std = &tab->l1[sid >> tab->split];
	WRITE_ONCE(*l1std, virt_to_phys(l2) |
			   FIELD_PREP(L1STD_SPAN, SPLIT + 1UL));
	arm_smmu_sync_for_device(smmu, l1std, sizeof(*l1std));

	/* Not a leaf: the empty descriptor may be cached. */
	cmd_cfgi_ste(cmd, sid, false);
	return arm_smmu_cmdq_issue(smmu, cmd, 1, true);
}

struct ste_ctx {
	struct arm_smmu_device *smmu;
	u32 sid;
};

static int forget_ste(void *data)
{
	const struct ste_ctx *ctx = data;
	u64 cmd[CMD_DWORDS];

	cmd_cfgi_ste(cmd, ctx->sid, true);
	return arm_smmu_cmdq_issue(ctx->smmu, cmd, 1, true);
}

/**
 * arm_smmu_write_ste - change a stream's configuration
 * @smmu: the SMMU
 * @sid: a stream that is covered
 * @ste: the STE, with V set
 *
 * Return: 0, -ERANGE, or an error of the command queue.
 */
int arm_smmu_write_ste(struct arm_smmu_device *smmu, u32 sid,
		       const u64 *ste)
{
	static const struct arm_smmu_entry_type type = {
		.valid = STE_0_V,
		.used = arm_smmu_ste_used,
		.forget = forget_ste,
	};
	struct ste_ctx ctx = { smmu, sid };
	u64 *entry = find_ste(smmu, sid);

	return entry ? arm_smmu_write_entry(smmu, &type, entry, ste, &ctx) :
		       -ERANGE;
}

/**
 * arm_smmu_read_ste - a stream's configuration, as it is in memory
 * @smmu: the SMMU
 * @sid: any stream
 * @ste: filled
 *
 * Return: 0; -ERANGE for a stream that has none.
 */
int arm_smmu_read_ste(struct arm_smmu_device *smmu, u32 sid, u64 *ste)
{
	const u64 *entry = find_ste(smmu, sid);

	if (!entry)
		return -ERANGE;
	memcpy(ste, entry, STE_BYTES);
	return 0;
}
EXPORT_SYMBOL_GPL(arm_smmu_read_ste);
