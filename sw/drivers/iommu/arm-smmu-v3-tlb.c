// SPDX-License-Identifier: MIT
/* Invalidation of translations (IHI 0070 4.4). */

#include "arm-smmu-v3.h"

#include <export.h>

/* Above so many commands, an address space is invalidated as a whole. */
#define MAX_TLBI_CMDS	128
#define BATCH		32
#define MAX_SCALE	31

/**
 * arm_smmu_tlbi_next - the command that begins the invalidation of a range
 * @range: what is left; shortened by what the command covers
 * @cmd: completed: the opcode with its ASID and VMID is there
 *
 * Where the SMMU knows ranges, a command covers up to 31 << SCALE granules from
 * any address on, where SCALE is the largest that the number of granules is a
 * multiple of (IHI 0070 4.4.1.1). A single granule without a level is no legal
 * range: it is an address, for any granule.
 */
void arm_smmu_tlbi_next(struct arm_smmu_tlbi_range *range, u64 *cmd)
{
	u64 granules = range->size >> range->granule_shift;
	unsigned int scale;
	u64 num;

	cmd[1] = range->addr & CMD_TLBI_1_ADDR;
	if (range->leaf)
		cmd[1] |= CMD_TLBI_1_LEAF;
	if (!range->ril) {
		range->addr += range->step;
		range->size -= min(range->size, range->step);
		return;
	}
	scale = min((unsigned int)__ffs(granules), MAX_SCALE + 0u);
	num = min((granules >> scale) & 31, (u64)31);
	/* At the largest scale it need not be odd. */
	if (!num)
		num = 31;
	if (range->ttl || scale || num > 1) {
		cmd[0] |= FIELD_PREP(CMD_TLBI_0_NUM, num - 1) |
			  FIELD_PREP(CMD_TLBI_0_SCALE, (u64)scale);
		cmd[1] |= FIELD_PREP(CMD_TLBI_1_TTL, (u64)range->ttl) |
			  FIELD_PREP(CMD_TLBI_1_TG,
				     (range->granule_shift - 10ULL) / 2);
	}
	range->addr += num << (scale + range->granule_shift);
	range->size -= num << (scale + range->granule_shift);
}
EXPORT_SYMBOL_GPL(arm_smmu_tlbi_next);

/**
 * arm_smmu_tlbi_init - describe a range for arm_smmu_tlbi_next()
 * @range: filled
 * @granule_shift: log2 of the page tables' granule
 * @addr: first address
 * @size: bytes; both are multiples of @leaf_size
 * @leaf_size: size of the leaves
 * @leaf: leaves alone, and all are of that size; else tables too, and leaves of
 *	  any size
 * @ril: whether the SMMU knows ranges
 */
void arm_smmu_tlbi_init(struct arm_smmu_tlbi_range *range,
			unsigned int granule_shift, u64 addr, u64 size,
			u64 leaf_size, bool leaf, bool ril)
{
	unsigned int level_bits = granule_shift - 3;

	range->granule_shift = granule_shift;
	range->addr = addr;
	range->size = size;
	range->step = leaf_size;
	range->leaf = leaf;
	range->ril = ril;
	/* The level as a hint, from 1 to 3; there is none for level 0. */
	range->ttl = 0;
	if (ril && leaf) {
		unsigned int above = ((unsigned int)__fls(leaf_size) -
				      granule_shift) / level_bits;

		range->ttl = above < 3 ? 3 - above : 0;
	}
}
EXPORT_SYMBOL_GPL(arm_smmu_tlbi_init);

static u64 opcode_of(const struct arm_smmu_domain *dom)
{
	return dom->stage == ARM_SMMU_STAGE_2 ?
	       CMD_TLBI_S2_IPA | FIELD_PREP(CMD_TLBI_0_VMID, (u64)dom->vmid) :
	       CMD_TLBI_NH_VA | FIELD_PREP(CMD_TLBI_0_ASID, (u64)dom->asid);
}

/**
 * arm_smmu_tlb_inv_combined - forget what nested domains made of a parent
 * @dom: the parent
 *
 * What stage 1 made of stage 2 is kept under the VMID, and no command finds it
 * by IPA (IHI 0070 4.4.3.1). It goes behind what it was made of.
 */
void arm_smmu_tlb_inv_combined(struct arm_smmu_domain *dom)
{
	const u64 cmd[CMD_DWORDS] = {
		CMD_TLBI_NH_ALL | FIELD_PREP(CMD_TLBI_0_VMID, (u64)dom->vmid),
		0,
	};

	if (dom->nest_parent)
		arm_smmu_cmdq_issue(dom->smmu, cmd, 1, true);
}

/**
 * arm_smmu_tlb_inv_domain - forget all translations of a domain, and wait
 * @dom: of stage 1, under its ASID and VMID 0; or of stage 2, under its VMID
 */
void arm_smmu_tlb_inv_domain(struct arm_smmu_domain *dom)
{
	u64 cmd[CMD_DWORDS] = { 0 };

	/* S12_VMALL takes what both stages made along (IHI 0070 4.4.3.2). */
	cmd[0] = dom->stage == ARM_SMMU_STAGE_2 ?
		 CMD_TLBI_S12_VMALL |
		 FIELD_PREP(CMD_TLBI_0_VMID, (u64)dom->vmid) :
		 CMD_TLBI_NH_ASID |
		 FIELD_PREP(CMD_TLBI_0_ASID, (u64)dom->asid);
	arm_smmu_cmdq_issue(dom->smmu, cmd, 1, true);
	arm_smmu_atc_inv_domain(dom, 0, 0);
}

/**
 * arm_smmu_tlb_inv_range - forget translations of a range, and wait
 * @dom: as arm_smmu_tlb_inv_domain()
 * @addr: first address
 * @size: bytes
 * @leaf_size: size of the leaves
 * @leaf: leaves alone
 */
void arm_smmu_tlb_inv_range(struct arm_smmu_domain *dom, u64 addr, u64 size,
			    u64 leaf_size, bool leaf)
{
	struct arm_smmu_tlbi_range range;
	u64 cmds[BATCH * CMD_DWORDS];
	unsigned int n = 0;

	if (!size || !leaf_size)
		return;
	if (!dom->smmu->ril && size / leaf_size > MAX_TLBI_CMDS) {
		arm_smmu_tlb_inv_domain(dom);
		return;
	}
	arm_smmu_tlbi_init(&range, dom->granule_shift, addr, size, leaf_size,
			   leaf, dom->smmu->ril);
	while (range.size) {
		cmds[n * CMD_DWORDS] = opcode_of(dom);
		arm_smmu_tlbi_next(&range, &cmds[n * CMD_DWORDS]);
		if (++n == BATCH) {
			arm_smmu_cmdq_issue(dom->smmu, cmds, n, false);
			n = 0;
		}
	}
	arm_smmu_cmdq_issue(dom->smmu, cmds, n, true);
	if (dom->stage == ARM_SMMU_STAGE_2)
		arm_smmu_tlb_inv_combined(dom);
	/* Devices keep what the SMMU has told: behind its CMD_SYNC (4.5.1). */
	arm_smmu_atc_inv_domain(dom, addr, size);
}
