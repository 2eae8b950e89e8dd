/* SPDX-License-Identifier: MIT */
/* What the tests of atstest share. */
#ifndef TESTDEV_DMA_ATS_H
#define TESTDEV_DMA_ATS_H

#include "testdev-dma-test.h"

#define TD_ATS_CTRL		0x044

#define PASID_A		5u
#define PASID_B		9u
#define RW		(IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE)

/* A job at an address of a PASID, or of none: IOMMU_NO_PASID. */
struct td_desc td_job(u32 op, u64 addr, u64 length, u32 pasid);
/* An address space for a PASID; NULL if there is none, and it is told why. */
struct iommu_domain *td_attach_pasid(struct testdev *td, u32 pasid);
void td_detach_pasid(struct testdev *td, struct iommu_domain *domain,
		     u32 pasid);

/* testdev-dma-pri.c */
bool td_test_paging(struct testdev *td);
bool td_test_paging_group(struct testdev *td);
bool td_test_paging_pasid(struct testdev *td);
bool td_test_paging_again(struct testdev *td);
bool td_test_paging_denied(struct testdev *td);
bool td_test_paging_no_handler(struct testdev *td);
bool td_test_pasid_stop(struct testdev *td);
bool td_test_markers(struct testdev *td);

#endif
