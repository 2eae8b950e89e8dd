/* SPDX-License-Identifier: MIT */
/* Nested domains of an SMMUv2: what their owner says. */
#ifndef ARM_SMMU_NESTED_H
#define ARM_SMMU_NESTED_H

#include <types.h>

/**
 * struct smmu2_nested_config - for iommu_domain_alloc_nested()
 * @va64: CBA2R.VA64 of the owner's context bank
 * @sctlr: of SMMU_CBn_SCTLR M, TRE, AFE, AFFD, E, WXN, UWXN and UCI; other bits
 *	   are 0
 * @tcr, @tcr2, @contextidr, @mair, @ttbr: as the registers of that bank (Arm
 *	IHI 0062 16.5); mair is PRRR and NMRR of short descriptors. Addresses
 *	are those of stage 2.
 */
struct smmu2_nested_config {
	u32 va64;
	u32 sctlr;
	u32 tcr;
	u32 tcr2;
	u32 contextidr;
	u32 mair[2];
	u32 reserved;
	u64 ttbr[2];
};

/**
 * struct smmu2_nested_command - for iommu_invalidate_nested()
 * @reg: offset of a register of the owner's bank: TLBIVA, TLBIVAA, TLBIVAL,
 *	 TLBIVAAL, TLBIASID or TLBIALL, or TTBR0, TTBR1 or CONTEXTIDR, which
 *	 it may change while it is in use
 * @value: as the owner would write it
 *
 * Whatever VMID the owner's bank has, the domain's is meant. On return all of
 * them are complete.
 */
struct smmu2_nested_command {
	u32 reg;
	u32 reserved;
	u64 value;
};

#endif
