/* SPDX-License-Identifier: MIT */
/* Nested domains of an SMMUv3: what their owner says. */
#ifndef ARM_SMMU_V3_NESTED_H
#define ARM_SMMU_V3_NESTED_H

#include <types.h>

/**
 * struct arm_smmu_nested_config - for iommu_domain_alloc_nested()
 * @ste: doublewords 0 and 1 of the owner's STE (Arm IHI 0070 5.2). Of the
 *	 first V, Config (abort, bypass or stage 1), S1Fmt, S1ContextPtr and
 *	 S1CDMax, of the second S1DSS, S1CIR, S1COR, S1CSH, MEV and S1STALLD;
 *	 other bits are 0. S1ContextPtr is an address at stage 2.
 *
 * iommu_invalidate_nested() takes commands of two doublewords, as the owner
 * would give them to its SMMU: CMD_TLBI_NH_*, CMD_TLBI_NSNH_ALL, CMD_CFGI_CD and
 * CMD_CFGI_CD_ALL. Whatever VMID and StreamID they name, the domain's are meant.
 */
struct arm_smmu_nested_config {
	u64 ste[2];
};

#endif
