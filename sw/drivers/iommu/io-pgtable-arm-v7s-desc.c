// SPDX-License-Identifier: MIT
/* Short descriptors as values (Arm DDI 0487, G5.4.1). */
#include "io-pgtable-arm-v7s.h"

#include <iommu.h>
#include <sizes.h>

/* Level 1, G5.4.1. */
#define L1_TYPE_MASK	3U
#define L1_SECTION	(1U << 1)
#define L1_XN		(1U << 4)
#define L1_AP10(ap)	(((ap) & 3U) << 10)
#define L1_TEX(tex)	((tex) << 12)
#define L1_AP2(ap)	(((ap) >> 2 & 1U) << 15)
#define L1_S		(1U << 16)
#define L1_NG		(1U << 17)
#define L1_SUPER	(1U << 18)
#define L1_NS		(1U << 19)
#define SECTION_ADDR	0xfff00000U
#define SUPER_ADDR	0xff000000U

/* Level 2, G5.4.1. */
#define L2_LARGE	1U
#define L2_SMALL	(1U << 1)
#define L2_SMALL_XN	(1U << 0)
#define L2_AP10(ap)	(((ap) & 3U) << 4)
#define L2_SMALL_TEX(tex) ((tex) << 6)
#define L2_AP2(ap)	(((ap) >> 2 & 1U) << 9)
#define L2_S		(1U << 10)
#define L2_NG		(1U << 11)
#define L2_LARGE_TEX(tex) ((tex) << 12)
#define L2_LARGE_XN	(1U << 15)
#define SMALL_ADDR	0xfffff000U
#define LARGE_ADDR	0xffff0000U

/* Both levels: C and B at bits 3:2. */
#define LEAF_CB(cb)	((cb) << 2)

/* AP[2:0], G5.6.1. AP[0] is set, which is the Access flag with SCTLR.AFE. */
#define AP_AF		1U
#define AP_UNPRIV	2U
#define AP_RO		4U

const struct v7s_kind_info v7s_kinds[] = {
	[V7S_SMALL] = { SZ_4K, 2, 1 },
	[V7S_LARGE] = { SZ_64K, 2, 16 },
	[V7S_SECTION] = { SZ_1M, 1, 1 },
	[V7S_SUPER] = { SZ_16M, 1, 16 },
};

static const struct io_pgtable_field small_fields[] = {
	{ "nG", 11, 11 }, { "S", 10, 10 }, { "AP[2]", 9, 9 },
	{ "TEX[2:0]", 8, 6 }, { "AP[1:0]", 5, 4 }, { "C", 3, 3 },
	{ "B", 2, 2 }, { "XN", 0, 0 }, { }
};

static const struct io_pgtable_field large_fields[] = {
	{ "XN", 15, 15 }, { "TEX[2:0]", 14, 12 }, { "nG", 11, 11 },
	{ "S", 10, 10 }, { "AP[2]", 9, 9 }, { "AP[1:0]", 5, 4 },
	{ "C", 3, 3 }, { "B", 2, 2 }, { }
};

static const struct io_pgtable_field section_fields[] = {
	{ "nG", 17, 17 }, { "S", 16, 16 }, { "AP[2]", 15, 15 },
	{ "TEX[2:0]", 14, 12 }, { "AP[1:0]", 11, 10 }, { "XN", 4, 4 },
	{ "C", 3, 3 }, { "B", 2, 2 }, { }
};

const struct io_pgtable_field *const v7s_fields[] = {
	[V7S_SMALL] = small_fields,
	[V7S_LARGE] = large_fields,
	[V7S_SECTION] = section_fields,
	[V7S_SUPER] = section_fields,
};

enum v7s_kind v7s_l1_kind(u32 desc)
{
	if (desc & L1_SECTION)
		return desc & L1_SUPER ? V7S_SUPER : V7S_SECTION;
	return (desc & L1_TYPE_MASK) == L1_TABLE ? V7S_TABLE : V7S_NONE;
}

enum v7s_kind v7s_l2_kind(u32 desc)
{
	if (desc & L2_SMALL)
		return V7S_SMALL;
	return desc & L2_LARGE ? V7S_LARGE : V7S_NONE;
}

struct v7s_attr v7s_make_attr(const struct io_pgtable_cfg *cfg, int prot)
{
	struct v7s_attr attr = { .ap = AP_AF, .texcb = ATTR_NC };

	if (prot & IOMMU_MMIO)
		attr.texcb = ATTR_DEV;
	else if (prot & IOMMU_CACHE)
		attr.texcb = ATTR_WBWA;
	if (cfg->quirks & IO_PGTABLE_QUIRK_NO_PERMS) {
		attr.ap |= AP_UNPRIV;
		return attr;
	}
	if (!(prot & IOMMU_PRIV))
		attr.ap |= AP_UNPRIV;
	if (!(prot & IOMMU_WRITE))
		attr.ap |= AP_RO;
	attr.xn = prot & IOMMU_NOEXEC;
	return attr;
}

static u32 make_section(const struct io_pgtable_cfg *cfg, phys_addr_t paddr,
			struct v7s_attr attr, bool super)
{
	u32 desc = L1_SECTION | L1_NG | L1_S | LEAF_CB(attr.texcb & 3) |
		   L1_TEX(attr.texcb >> 2) | L1_AP10(attr.ap) |
		   L1_AP2(attr.ap);

	if (attr.xn)
		desc |= L1_XN;
	if (cfg->quirks & IO_PGTABLE_QUIRK_ARM_NS)
		desc |= L1_NS;
	if (!super)
		return desc | ((u32)paddr & SECTION_ADDR);
	/* PA[35:32] and PA[39:36] lie apart. */
	return desc | L1_SUPER | ((u32)paddr & SUPER_ADDR) |
	       (u32)(paddr >> 32 & 0xf) << 20 |
	       (u32)(paddr >> 36 & 0xf) << 5;
}

static u32 make_page(phys_addr_t paddr, struct v7s_attr attr, bool large)
{
	u32 desc = L2_NG | L2_S | LEAF_CB(attr.texcb & 3) | L2_AP10(attr.ap) |
		   L2_AP2(attr.ap);

	if (large)
		return desc | L2_LARGE | L2_LARGE_TEX(attr.texcb >> 2) |
		       (attr.xn ? L2_LARGE_XN : 0) |
		       ((u32)paddr & LARGE_ADDR);
	return desc | L2_SMALL | L2_SMALL_TEX(attr.texcb >> 2) |
	       (attr.xn ? L2_SMALL_XN : 0) | ((u32)paddr & SMALL_ADDR);
}

u32 v7s_make_leaf(const struct io_pgtable_cfg *cfg, enum v7s_kind kind,
		  phys_addr_t paddr, struct v7s_attr attr)
{
	if (v7s_kinds[kind].level == 1)
		return make_section(cfg, paddr, attr, kind == V7S_SUPER);
	return make_page(paddr, attr, kind == V7S_LARGE);
}

struct v7s_attr v7s_leaf_attr(enum v7s_kind kind, u32 desc)
{
	struct v7s_attr attr = { .texcb = desc >> 2 & 3 };

	if (v7s_kinds[kind].level == 1) {
		attr.texcb |= (desc >> 12 & 7) << 2;
		attr.ap = (desc >> 10 & 3) | (desc >> 15 & 1) << 2;
		attr.xn = desc & L1_XN;
		return attr;
	}
	attr.ap = (desc >> 4 & 3) | (desc >> 9 & 1) << 2;
	attr.texcb |= (desc >> (kind == V7S_LARGE ? 12 : 6) & 7) << 2;
	attr.xn = desc & (kind == V7S_LARGE ? L2_LARGE_XN : L2_SMALL_XN);
	return attr;
}

phys_addr_t v7s_leaf_address(enum v7s_kind kind, u32 desc)
{
	switch (kind) {
	case V7S_SMALL:
		return desc & SMALL_ADDR;
	case V7S_LARGE:
		return desc & LARGE_ADDR;
	case V7S_SECTION:
		return desc & SECTION_ADDR;
	default:
		return (desc & SUPER_ADDR) |
		       (phys_addr_t)(desc >> 20 & 0xf) << 32 |
		       (phys_addr_t)(desc >> 5 & 0xf) << 36;
	}
}
