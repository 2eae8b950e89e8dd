/* SPDX-License-Identifier: MIT */
/* Between the parts of smmuv2test. */
#ifndef ARM_SMMU_TEST_H
#define ARM_SMMU_TEST_H

#include "../drivers/iommu/arm-smmu.h"

#define TEST_GROUPS	4u
#define TEST_BANKS	6u
#define TEST_S2_BANKS	2u

/* An SMMU whose registers are memory: what is written can be read there, and
 * it is never busy.
 */
struct smmu2_device *smmuv2test_soft(void);
void smmuv2test_soft_free(struct smmu2_device *smmu);

u32 smmuv2test_gr0(const struct smmu2_device *smmu, unsigned int offset);
u32 smmuv2test_gr1(const struct smmu2_device *smmu, unsigned int offset);
u32 smmuv2test_cb(const struct smmu2_device *smmu, unsigned int n,
		  unsigned int offset);
u64 smmuv2test_cb64(const struct smmu2_device *smmu, unsigned int n,
		    unsigned int offset);
/* A value is as expected, or a diagnostic says what it is. */
bool smmuv2test_is(const char *what, u64 value, u64 expected);

/* Each: a list of results; -EIO if one failed. */
int smmuv2test_streams(void);
int smmuv2test_banks(void);
int smmuv2test_formats(void);
int smmuv2test_tlb(void);
int smmuv2test_text(void);
int smmuv2test_live(struct smmu2_device *smmu);

#endif
