/* SPDX-License-Identifier: MIT */
/* Between the parts of smmutest. */
#ifndef ARM_SMMU_V3_TEST_H
#define ARM_SMMU_V3_TEST_H

#include "../drivers/iommu/arm-smmu-v3.h"

/* Each: a list of results; -EIO if one failed. */
int smmutest_entries(struct arm_smmu_device *smmu);
int smmutest_ranges(struct arm_smmu_device *smmu);
int smmutest_events(struct arm_smmu_device *smmu);
int smmutest_ats(struct arm_smmu_device *smmu);

#endif
