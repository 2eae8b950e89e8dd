/* SPDX-License-Identifier: MIT */
/* An IOMMU in software, whose hands can be looked at. */
#ifndef TEST_IOMMU_H
#define TEST_IOMMU_H

#include <iommu.h>

struct device_node;

#define TEST_STREAMS	8
#define TEST_PASIDS	4
#define TEST_PAGES	64	/* of a domain */
#define TEST_TAGS	4	/* of faults that wait */

/* What each stream and PASID uses; NULL: refused. */
extern struct iommu_domain *test_iommu_uses[TEST_STREAMS][TEST_PASIDS];
/* The next attachment of this stream fails. */
extern int test_iommu_bad_stream;
/* Where the pages of a domain start that is attached to its first device. */
extern u64 test_iommu_aperture;
extern struct device_node test_iommu_node;

/* Devices whose faults wait; what each tag was answered, 1 + the response. The
 * second device that is connected cannot wait.
 */
extern int test_iommu_stalls, test_iommu_answers[TEST_TAGS];
/* The sum of all commands. */
extern int test_iommu_invalidated;

#endif
