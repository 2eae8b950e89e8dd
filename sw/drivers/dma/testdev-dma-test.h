/* SPDX-License-Identifier: MIT */
/* What the tests of dmatest share. */
#ifndef TESTDEV_DMA_TEST_H
#define TESTDEV_DMA_TEST_H

#include "testdev-dma.h"

#include <ktap.h>
#include <sizes.h>
#include <slab.h>

#define FAULT_TIMEOUT_MS	1000
/* No event comes: so long is enough to be sure. */
#define QUIET_MS		5
/* The DMA API works down from 4 GiB; here it does not come, and no window of a
 * PCI host of ours is here.
 */
#define FREE_IOVA		0x30000000UL

struct test_args {
	struct testdev *td;
	size_t size;
};

/* Each test has its own patterns, so stale data of another cannot pass. */
u32 td_next_seed(void);
/* The pattern from its word first / TD_PATTERN on; len is a multiple of 32. */
void td_fill(void *buf, size_t len, u64 first);
bool td_matches(const void *buf, size_t len, u64 first);
u8 td_pattern_byte(u32 seed, u64 i);

/* Run a descriptor; what is not as expected is a KTAP diagnostic. */
bool td_run_one(struct testdev *td, struct td_desc *desc);
bool td_expect_status(const struct td_desc *desc, u32 status);
bool td_run_expect(struct testdev *td, struct td_desc *desc, u32 status);
/* The IOMMU driver must report exactly this. */
bool td_expect_fault(struct testdev *td, enum iommu_fault_type type, u32 sid,
		     u64 iova, bool write);
/* Run a descriptor that must fail with a fault at its address. */
bool td_run_expect_fault(struct testdev *td, struct td_desc *desc,
			 enum iommu_fault_type type);

/* Contiguous memory and its mapping. */
struct buffer {
	void *mem;
	dma_addr_t dma;
	size_t size;
	enum dma_data_direction dir;
};

bool td_buffer_map(struct testdev *td, struct buffer *b, size_t size,
		   enum dma_data_direction dir, unsigned long attrs);
void td_buffer_unmap(struct testdev *td, struct buffer *b);

/* A domain that the ring is mapped in, and its end. */
bool td_own_domain(struct testdev *td, struct iommu_domain **domain,
		   enum iommu_domain_type type);
bool td_leave_domain(struct testdev *td, struct iommu_domain *domain);
/* The device, and those that it shares a group with: 0 or -errno. */
int td_attach(struct testdev *td, struct iommu_domain *domain);
int td_detach(struct testdev *td, struct iommu_domain *domain);
/* The smallest page that a domain has, of the CPU's size at least. */
size_t td_page_size(const struct iommu_domain *domain);
/* That much data, and a descriptor that checks it at an address. */
void *td_page(size_t size, u32 *seed, u64 iova, struct td_desc *desc);

bool td_test_copy(const struct test_args *args);
bool td_test_read(const struct test_args *args);
bool td_test_write(const struct test_args *args);
bool td_test_check(const struct test_args *args);
bool td_test_unaligned(const struct test_args *args);
bool td_test_ring(const struct test_args *args);
bool td_test_mask(const struct test_args *args);
bool td_test_bad_descriptor(const struct test_args *args);
bool td_test_fault_read(const struct test_args *args);
bool td_test_fault_write(const struct test_args *args);
bool td_test_fault_midway(const struct test_args *args);
bool td_test_fault_readonly(const struct test_args *args);
bool td_test_fault_privileged(const struct test_args *args);
bool td_test_fault_exec(const struct test_args *args);
bool td_test_unmap(const struct test_args *args);
bool td_test_remap(const struct test_args *args);
bool td_test_split(const struct test_args *args);
bool td_test_stress(const struct test_args *args);
bool td_test_streams(const struct test_args *args);
bool td_test_isolation(const struct test_args *args);
bool td_test_substream(const struct test_args *args);
bool td_test_overflow(const struct test_args *args);
bool td_test_blocked(const struct test_args *args);
bool td_test_identity(const struct test_args *args);
bool td_test_stage2(const struct test_args *args);
bool td_test_nested(const struct test_args *args);
bool td_test_switch(const struct test_args *args);
bool td_test_pasid(const struct test_args *args);
bool td_test_pasid_identity(const struct test_args *args);
bool td_test_page_fault(const struct test_args *args);
bool td_test_page_fault_stage2(const struct test_args *args);
bool td_test_page_fault_pasid(const struct test_args *args);

bool td_always_stalls(struct testdev *td);
bool td_uses_stage2(struct testdev *td);
bool td_iommu_is_smmuv3(const struct testdev *td);
/* What is said of an SMMUv3 in one way, and of an SMMUv2 in the other. */
const char *td_by_kind(const struct testdev *td, const char *v3,
		       const char *v2);

/* Why a test cannot run, or NULL. */
const char *td_skip_privileged(struct testdev *td);
const char *td_skip_exec(struct testdev *td);
const char *td_skip_substream(struct testdev *td);
const char *td_skip_overflow(struct testdev *td);
const char *td_skip_stage2(struct testdev *td);
const char *td_skip_nested(struct testdev *td);
const char *td_skip_switch(struct testdev *td);
const char *td_skip_pasid(struct testdev *td);
const char *td_skip_page_fault(struct testdev *td);
const char *td_skip_page_fault_stage2(struct testdev *td);
const char *td_skip_page_fault_pasid(struct testdev *td);

#endif
