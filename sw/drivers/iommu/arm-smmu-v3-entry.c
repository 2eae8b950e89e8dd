// SPDX-License-Identifier: MIT
/*
 * Change of an STE or a CD under the eyes of the SMMU (IHI 0070 3.21.3).
 *
 * It reads an entry at any moment, doubleword by doubleword in any order, and
 * may keep what it read. A field that no other field of the same entry makes
 * it look at may be stored at any time; fields of one doubleword change
 * together. So an entry goes over from one meaning to another in one store if
 * all that differs and is looked at, before or behind, lies in one doubleword.
 */

#include "arm-smmu-v3.h"

#include <export.h>

/**
 * arm_smmu_ste_used - the bits that the SMMU looks at
 * @ste: the entry
 * @used: filled, STE_DWORDS doublewords
 *
 * IHI 0070 5.2. What this driver never sets counts as looked at. MEV and PPAR ask
 * for nothing that could go wrong: they are no reason to make an entry invalid.
 * EATS is for streams that are translated.
 */
void arm_smmu_ste_used(const u64 *ste, u64 *used)
{
	unsigned long config = FIELD_GET(STE_0_CONFIG, ste[0]);

	memset(used, 0, STE_DWORDS * sizeof(*used));
	used[0] = STE_0_V;
	if (!(ste[0] & STE_0_V))
		return;
	used[0] |= STE_0_CONFIG;
	if (!(config & STE_CONFIG_BYPASS))
		return;
	/* Attributes of transactions, in the upper half. */
	used[1] = ~(u64)(STE_1_MEV | STE_1_PPAR | STE_1_EATS | GENMASK(7, 0) |
			 STE_1_S1STALLD);
	memset(&used[4], 0xff, 4 * sizeof(*used));
	if (config & STE_CONFIG_S1_BIT) {
		used[0] |= STE_0_S1FMT | STE_0_S1CONTEXTPTR | STE_0_S1CDMAX;
		used[1] |= GENMASK(7, 0) | STE_1_S1STALLD;
		/* It chooses among the CDs of a table. */
		if (!FIELD_GET(STE_0_S1CDMAX, ste[0]))
			used[1] &= ~(u64)STE_1_S1DSS;
		used[2] |= STE_2_S2VMID;
	}
	if (config & STE_CONFIG_S2_BIT) {
		used[2] = ~0ULL;
		used[3] = ~0ULL;
	}
	if (config & (STE_CONFIG_S1_BIT | STE_CONFIG_S2_BIT))
		used[1] |= STE_1_EATS;
}
EXPORT_SYMBOL_GPL(arm_smmu_ste_used);

/**
 * arm_smmu_cd_used - the bits that the SMMU looks at
 * @cd: the entry
 * @used: filled, CD_DWORDS doublewords
 *
 * IHI 0070 5.4.
 */
void arm_smmu_cd_used(const u64 *cd, u64 *used)
{
	memset(used, 0, CD_DWORDS * sizeof(*used));
	if (!(cd[0] & CD_0_V)) {
		used[0] = CD_0_V;
		return;
	}
	memset(used, 0xff, CD_DWORDS * sizeof(*used));
	if (cd[0] & CD_0_EPD0) {
		used[0] &= ~(u64)(CD_0_T0SZ | CD_0_TG0 | CD_0_IR0 | CD_0_OR0 |
				  CD_0_SH0);
		used[1] &= ~(u64)CD_1_TTB0;
	}
	if (cd[0] & CD_0_EPD1) {
		used[0] &= ~(u64)CD_0_RANGE1;
		used[2] &= ~(u64)CD_2_TTB1;
	}
}
EXPORT_SYMBOL_GPL(arm_smmu_cd_used);

/* Doublewords but those of @except; then the SMMU forgets what it has read. */
static int store(struct arm_smmu_device *smmu,
		 const struct arm_smmu_entry_type *type, u64 *entry,
		 const u64 *values, unsigned int except, void *ctx)
{
	bool stored = false;
	unsigned int i;

	for (i = 0; i < ARM_SMMU_ENTRY_DWORDS; i++) {
		if (except & (1u << i) || entry[i] == values[i])
			continue;
		WRITE_ONCE(entry[i], values[i]);
		stored = true;
	}
	if (!stored)
		return 0;
	arm_smmu_sync_for_device(smmu, entry,
				 ARM_SMMU_ENTRY_DWORDS * sizeof(u64));
	return type->forget(ctx);
}

/* IHI 0070 3.21.3.1: invalid, filled, valid. Accesses are refused meanwhile. */
static int store_by_invalid(struct arm_smmu_device *smmu,
			    const struct arm_smmu_entry_type *type,
			    u64 *entry, const u64 *target, void *ctx)
{
	u64 values[ARM_SMMU_ENTRY_DWORDS];
	int ret;

	memcpy(values, entry, sizeof(values));
	values[0] &= ~type->valid;
	ret = store(smmu, type, entry, values, 0, ctx);
	if (ret)
		return ret;
	memcpy(values, target, sizeof(values));
	values[0] &= ~type->valid;
	ret = store(smmu, type, entry, values, 0, ctx);
	return ret ? ret : store(smmu, type, entry, target, 0, ctx);
}

/**
 * arm_smmu_write_entry - change an entry to another
 * @smmu: the SMMU
 * @type: what kind of entry
 * @entry: the entry, in memory
 * @target: what it shall be
 * @ctx: for type->forget()
 *
 * Between any two stores the entry means what it meant or what it shall, if
 * there is such a way; else it is invalid in between.
 *
 * Return: 0, or an error of type->forget(): the entry is in between.
 */
int arm_smmu_write_entry(struct arm_smmu_device *smmu,
			 const struct arm_smmu_entry_type *type, u64 *entry,
			 const u64 *target, void *ctx)
{
	u64 now[ARM_SMMU_ENTRY_DWORDS], then[ARM_SMMU_ENTRY_DWORDS];
	u64 values[ARM_SMMU_ENTRY_DWORDS];
	unsigned int i, turning = 0;
	int ret;

	type->used(entry, now);
	type->used(target, then);
	for (i = 0; i < ARM_SMMU_ENTRY_DWORDS; i++) {
		/* All of the target that nobody looks at yet. */
		values[i] = (entry[i] & now[i]) | (target[i] & ~now[i]);
		if ((values[i] ^ target[i]) & then[i])
			turning |= 1u << i;
	}
	if (turning & (turning - 1))
		return store_by_invalid(smmu, type, entry, target, ctx);

	ret = store(smmu, type, entry, values, turning, ctx);
	/* The one that turns it into the other. */
	if (!ret)
		ret = store(smmu, type, entry, target, ~turning, ctx);
	/* What was looked at before, and is no longer. */
	return ret ? ret : store(smmu, type, entry, target, 0, ctx);
}
EXPORT_SYMBOL_GPL(arm_smmu_write_entry);
