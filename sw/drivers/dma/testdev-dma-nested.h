/* SPDX-License-Identifier: MIT */
/* Between the test of nested domains and the kinds of IOMMUs. */
#ifndef TESTDEV_DMA_NESTED_H
#define TESTDEV_DMA_NESTED_H

#include "testdev-dma-test.h"

/* Where the owner sees its memory, a page each. */
#define IPA	0x20000000UL
enum {
	P_CD, P_LEVEL2, P_LEVEL3, P_OTHER2, P_OTHER3, P_RING, P_ONE, P_TWO,
	P_NUM
};

#define IPA_OF(p) (IPA + (p) * PAGE_SIZE)

struct nest_kind;

/**
 * struct nest - an owner and its hypervisor
 * @va64: of an SMMUv2: the owner's bank is of AArch64
 */
struct nest {
	struct testdev *td;
	const struct nest_kind *kind;
	struct iommu_domain *parent, *nested;
	u64 *pages[P_NUM];
	struct td_desc one, two;
	bool va64;
};

/**
 * struct nest_kind - what an owner says to one kind of IOMMU
 * @refuses_configs: what would reach beyond the owner's own is refused
 * @alloc: the owner's stage 1, with tables of 25 bits at P_LEVEL2
 * @turn: to tables at another level 2
 * @forget: what was made of a page
 * @refuses_commands: that are none of an owner's
 * @tells_ipa: of a fault at stage 2 the address there is known
 */
struct nest_kind {
	bool (*refuses_configs)(struct nest *n);
	struct iommu_domain *(*alloc)(struct nest *n);
	bool (*turn)(struct nest *n, unsigned int level2);
	bool (*forget)(struct nest *n, u64 va);
	bool (*refuses_commands)(struct nest *n);
	bool (*tells_ipa)(struct nest *n);
};

extern const struct nest_kind td_nest_smmuv3, td_nest_smmuv2;

#endif
