// SPDX-License-Identifier: MIT
/*
 * The formats of Long descriptors: VMSAv8-64 (Arm DDI 0487, D8), the LPAE of
 * VMSAv8-32 (G5.5), and what Mali GPUs made of it, for which there is no public
 * document of Arm's: names and values as in the drivers' register headers.
 */
#include "io-pgtable-arm.h"

#include "io-pgtable-selftest.h"

#include <iommu.h>
#include <mm.h>
#include <module.h>
#include <moduleparam.h>
#include <sizes.h>

/* Attributes of a leaf, DDI 0487 D8.3.2. */
#define LEAF_ATTRINDX(i) ((u64)(i) << 2)
#define LEAF_MEMATTR(m)	((u64)(m) << 2)
#define LEAF_NS		(1UL << 5)
#define LEAF_AP_EL0	(1UL << 6)
#define LEAF_AP_RO	(1UL << 7)
#define LEAF_S2AP_READ	(1UL << 6)
#define LEAF_S2AP_WRITE	(1UL << 7)
#define LEAF_SH_OUTER	(2UL << 8)
#define LEAF_SH_INNER	(3UL << 8)
#define LEAF_AF		(1UL << 10)
#define LEAF_NG		(1UL << 11)
#define LEAF_PXN	(1UL << 53)
#define LEAF_UXN	(1UL << 54)	/* XN, where it is the only one */
#define LEAF_S2XN	(2UL << 53)	/* XN[1:0]: for both privileges */

/* MAIR_EL1 bytes, DDI 0487 D23.2.97, and where they are put. */
#define MAIR_NC		0x44UL
#define MAIR_WBRWA	0xffUL
#define MAIR_DEV_NGNRE	0x04UL
#define ATTRIDX_NC	0
#define ATTRIDX_CACHE	1
#define ATTRIDX_DEV	2

/* MemAttr[3:0] of stage 2, without FWB (D8.6). */
#define MEMATTR_DEV_NGNRE 0x1
#define MEMATTR_NC	0x5
#define MEMATTR_WB	0xf

/* TCR_EL1 and VTCR_EL2 */
#define TCR_SH_OUTER	2
#define TCR_SH_INNER	3
#define TCR_RGN_NC	0
#define TCR_RGN_WBWA	1

/* AS_TRANSTAB and bytes of AS_MEMATTR */
#define MALI_TRANSTAB_TABLE		3UL
#define MALI_TRANSTAB_READ_INNER	(1UL << 2)
#define MALI_TRANSTAB_SHARE_OUTER	(1UL << 4)
#define MALI_MEMATTR_IMP_DEF		0x88UL
#define MALI_MEMATTR_WRITE_ALLOC	0x8dUL

static unsigned int attr_index(int prot)
{
	if (prot & IOMMU_MMIO)
		return ATTRIDX_DEV;
	return prot & IOMMU_CACHE ? ATTRIDX_CACHE : ATTRIDX_NC;
}

static u64 shareability(int prot)
{
	return !(prot & IOMMU_MMIO) && (prot & IOMMU_CACHE) ? LEAF_SH_INNER :
							      LEAF_SH_OUTER;
}

static u64 s1_attributes(const struct io_pgtable_cfg *cfg, int prot)
{
	u64 attr = LEAF_AF | LEAF_NG | shareability(prot) |
		   LEAF_ATTRINDX(attr_index(prot));

	/* There is no write-only: AP knows read, and read and write. */
	if (!(prot & IOMMU_WRITE))
		attr |= LEAF_AP_RO;
	if (!(prot & IOMMU_PRIV))
		attr |= LEAF_AP_EL0;
	if (prot & IOMMU_NOEXEC)
		attr |= LEAF_UXN | LEAF_PXN;
	if (cfg->quirks & IO_PGTABLE_QUIRK_ARM_NS)
		attr |= LEAF_NS;
	return attr;
}

/* Stage 2 knows no privileges: IOMMU_PRIV changes nothing. */
static u64 s2_attributes(const struct io_pgtable_cfg *cfg, int prot)
{
	u64 attr = LEAF_AF | shareability(prot);

	if (prot & IOMMU_READ)
		attr |= LEAF_S2AP_READ;
	if (prot & IOMMU_WRITE)
		attr |= LEAF_S2AP_WRITE;
	if (prot & IOMMU_NOEXEC)
		attr |= LEAF_S2XN;
	if (prot & IOMMU_MMIO)
		return attr | LEAF_MEMATTR(MEMATTR_DEV_NGNRE);
	return attr | LEAF_MEMATTR(prot & IOMMU_CACHE ? MEMATTR_WB :
							MEMATTR_NC);
}

/*
 * Rights as of stage 2, AttrIndx and execution as of stage 1; no Access flag.
 * Inner are the GPU's own cores: whatever others share is Outer Shareable.
 */
static u64 mali_attributes(const struct io_pgtable_cfg *cfg, int prot)
{
	u64 attr = LEAF_SH_OUTER | LEAF_ATTRINDX(attr_index(prot));

	if (prot & IOMMU_READ)
		attr |= LEAF_S2AP_READ;
	if (prot & IOMMU_WRITE)
		attr |= LEAF_S2AP_WRITE;
	if (prot & IOMMU_NOEXEC)
		attr |= LEAF_UXN | LEAF_PXN;
	return attr;
}

/* IPS of TCR_EL1, PS of VTCR_EL2; lpae_alloc() lets no other sizes pass. */
static u32 encode_oas(unsigned int bits)
{
	switch (bits) {
	case 32:
		return 0;
	case 36:
		return 1;
	case 40:
		return 2;
	case 42:
		return 3;
	case 44:
		return 4;
	case 48:
		return 5;
	default:
		return 6;
	}
}

static u32 encode_tg0(const struct lpae *data)
{
	return data->granule_shift == 12 ? 0 :
	       data->granule_shift == 16 ? 1 : 2;
}

static u32 encode_tg1(const struct lpae *data)
{
	return data->granule_shift == 12 ? 2 :
	       data->granule_shift == 16 ? 3 : 1;
}

static u32 walk_shareability(const struct io_pgtable_cfg *cfg)
{
	return cfg->coherent_walk ? TCR_SH_INNER : TCR_SH_OUTER;
}

static u32 walk_cacheability(const struct io_pgtable_cfg *cfg)
{
	return cfg->coherent_walk ? TCR_RGN_WBWA : TCR_RGN_NC;
}

static void s1_outputs(const struct lpae *data, struct io_pgtable_cfg *cfg)
{
	cfg->arm_lpae_s1_cfg.ttbr = virt_to_phys(data->root);
	cfg->arm_lpae_s1_cfg.tcr.ips = 0;
	cfg->arm_lpae_s1_cfg.tcr.tg = 0;
	cfg->arm_lpae_s1_cfg.tcr.sh = walk_shareability(cfg);
	cfg->arm_lpae_s1_cfg.tcr.irgn = walk_cacheability(cfg);
	cfg->arm_lpae_s1_cfg.tcr.orgn =
		cfg->quirks & IO_PGTABLE_QUIRK_ARM_OUTER_WBWA ?
		TCR_RGN_WBWA : walk_cacheability(cfg);
	cfg->arm_lpae_s1_cfg.mair = MAIR_NC << (8 * ATTRIDX_NC) |
				    MAIR_WBRWA << (8 * ATTRIDX_CACHE) |
				    MAIR_DEV_NGNRE << (8 * ATTRIDX_DEV);
}

static void s1_64_outputs(const struct lpae *data, struct io_pgtable_cfg *cfg)
{
	s1_outputs(data, cfg);
	cfg->arm_lpae_s1_cfg.tcr.ips = encode_oas(cfg->oas);
	cfg->arm_lpae_s1_cfg.tcr.tg =
		cfg->quirks & IO_PGTABLE_QUIRK_ARM_TTBR1 ?
		encode_tg1(data) : encode_tg0(data);
	cfg->arm_lpae_s1_cfg.tcr.tsz = 64 - cfg->ias;
}

static void s1_32_outputs(const struct lpae *data, struct io_pgtable_cfg *cfg)
{
	s1_outputs(data, cfg);
	cfg->arm_lpae_s1_cfg.tcr.tsz = 32 - cfg->ias;
}

static void s2_outputs(const struct lpae *data, struct io_pgtable_cfg *cfg)
{
	cfg->arm_lpae_s2_cfg.vttbr = virt_to_phys(data->root);
	cfg->arm_lpae_s2_cfg.vtcr.sh = walk_shareability(cfg);
	cfg->arm_lpae_s2_cfg.vtcr.irgn = walk_cacheability(cfg);
	cfg->arm_lpae_s2_cfg.vtcr.orgn = walk_cacheability(cfg);
	/* SL0 counts from the lowest level that it can name. */
	cfg->arm_lpae_s2_cfg.vtcr.sl =
		(u32)((data->granule_shift == 12 ? 2 : 3) - data->start_level);
}

static void s2_64_outputs(const struct lpae *data, struct io_pgtable_cfg *cfg)
{
	s2_outputs(data, cfg);
	cfg->arm_lpae_s2_cfg.vtcr.ps = encode_oas(cfg->oas);
	cfg->arm_lpae_s2_cfg.vtcr.tg = encode_tg0(data);
	cfg->arm_lpae_s2_cfg.vtcr.tsz = 64 - cfg->ias;
}

/* VTCR, G8.2: T0SZ is -8 to 7, and S repeats its sign. */
static void s2_32_outputs(const struct lpae *data, struct io_pgtable_cfg *cfg)
{
	s2_outputs(data, cfg);
	cfg->arm_lpae_s2_cfg.vtcr.ps = 0;
	cfg->arm_lpae_s2_cfg.vtcr.tg = 0;
	cfg->arm_lpae_s2_cfg.vtcr.tsz = (32 - cfg->ias) & 0x1f;
}

static void mali_outputs(const struct lpae *data, struct io_pgtable_cfg *cfg)
{
	cfg->arm_mali_lpae_cfg.transtab = virt_to_phys(data->root) |
		MALI_TRANSTAB_TABLE | MALI_TRANSTAB_READ_INNER |
		(cfg->coherent_walk ? MALI_TRANSTAB_SHARE_OUTER : 0);
	cfg->arm_mali_lpae_cfg.memattr =
		MALI_MEMATTR_IMP_DEF << (8 * ATTRIDX_NC) |
		MALI_MEMATTR_WRITE_ALLOC << (8 * ATTRIDX_CACHE) |
		MALI_MEMATTR_IMP_DEF << (8 * ATTRIDX_DEV);
}

/* What leaves say, for people; names as in DDI 0487, D8.3.2 and G5.5.3. */
static const struct io_pgtable_field s1_64_fields[] = {
	{ "UXN", 54, 54 }, { "PXN", 53, 53 }, { "nG", 11, 11 },
	{ "AF", 10, 10 }, { "SH[1:0]", 9, 8 }, { "AP[2:1]", 7, 6 },
	{ "AttrIndx[2:0]", 4, 2 }, { }
};

static const struct io_pgtable_field s1_32_fields[] = {
	{ "XN", 54, 54 }, { "PXN", 53, 53 }, { "nG", 11, 11 },
	{ "AF", 10, 10 }, { "SH[1:0]", 9, 8 }, { "AP[2:1]", 7, 6 },
	{ "AttrIndx[2:0]", 4, 2 }, { }
};

static const struct io_pgtable_field s2_fields[] = {
	{ "XN", 54, 54 }, { "AF", 10, 10 }, { "SH[1:0]", 9, 8 },
	{ "S2AP[1:0]", 7, 6 }, { "MemAttr[3:0]", 5, 2 }, { }
};

static const struct io_pgtable_field mali_fields[] = {
	{ "XN", 54, 53 }, { "SH[1:0]", 9, 8 }, { "access", 7, 6 },
	{ "AttrIndx[2:0]", 4, 2 }, { }
};

/* Inputs: TxSZ is 16 to 39 without FEAT_TTST, and from 12 with FEAT_LVA, of
 * which tables know only the 64 KiB granule's (D8.2). Stage 2 has up to 16
 * tables side by side.
 */
static const struct lpae_format s1_64 = {
	.min_ias = 25,
	.max_ias = 48,
	.max_oas = 48,
	.wide_bits = 52,
	.granules = SZ_4K | SZ_16K | SZ_64K,
	.page_type = 3,
	.quirks = IO_PGTABLE_QUIRK_ARM_NS | IO_PGTABLE_QUIRK_ARM_TTBR1 |
		  IO_PGTABLE_QUIRK_ARM_OUTER_WBWA,
	.name = "lpae64-s1",
	.fields = s1_64_fields,
	.attributes = s1_attributes,
	.outputs = s1_64_outputs,
};

static const struct lpae_format s2_64 = {
	.min_ias = 25,
	.max_ias = 48,
	.max_oas = 48,
	.wide_bits = 52,
	.granules = SZ_4K | SZ_16K | SZ_64K,
	.concat = 4,
	.page_type = 3,
	.name = "lpae64-s2",
	.fields = s2_fields,
	.attributes = s2_attributes,
	.outputs = s2_64_outputs,
};

static const struct lpae_format s1_32 = {
	.min_ias = 25,
	.max_ias = 32,
	.max_oas = 40,
	.granules = SZ_4K,
	.page_type = 3,
	.quirks = IO_PGTABLE_QUIRK_ARM_NS | IO_PGTABLE_QUIRK_ARM_OUTER_WBWA,
	.name = "lpae32-s1",
	.fields = s1_32_fields,
	.attributes = s1_attributes,
	.outputs = s1_32_outputs,
};

static const struct lpae_format s2_32 = {
	.min_ias = 25,
	.max_ias = 40,
	.max_oas = 40,
	.granules = SZ_4K,
	.concat = 4,
	.page_type = 3,
	.name = "lpae32-s2",
	.fields = s2_fields,
	.attributes = s2_attributes,
	.outputs = s2_32_outputs,
};

static const struct lpae_format mali = {
	.min_ias = 25,
	.max_ias = 48,
	.max_oas = 40,
	.granules = SZ_4K,
	.four_levels = true,
	.page_type = 1,
	.name = "mali",
	.fields = mali_fields,
	.attributes = mali_attributes,
	.outputs = mali_outputs,
};

#define LPAE_FNS(format)						\
static struct io_pgtable *format##_alloc(struct io_pgtable_cfg *cfg,	\
					 void *cookie)			\
{									\
	return lpae_alloc(&(format), cfg, cookie);			\
}									\
static const struct io_pgtable_init_fns format##_fns = {		\
	.alloc = format##_alloc,					\
	.free = lpae_free,						\
}

LPAE_FNS(s1_64);
LPAE_FNS(s2_64);
LPAE_FNS(s1_32);
LPAE_FNS(s2_32);
LPAE_FNS(mali);

#define NODE(format, its_fns) {						\
	.fmt = format,							\
	.name = #format,						\
	.fns = &(its_fns),						\
	.owner = THIS_MODULE,						\
}

static const struct io_pgtable_init_fns_node nodes[] = {
	NODE(ARM_64_LPAE_S1, s1_64_fns),
	NODE(ARM_64_LPAE_S2, s2_64_fns),
	NODE(ARM_32_LPAE_S1, s1_32_fns),
	NODE(ARM_32_LPAE_S2, s2_32_fns),
	NODE(ARM_MALI_LPAE, mali_fns),
};

#define NUM_NODES	(sizeof(nodes) / sizeof(nodes[0]))

static const unsigned int bits[] = { 32, 36, 40, 42, 44, 48, 0 };
static const unsigned int bits_wide[] = { 52, 0 };
static const unsigned int bits_small[] = { 25, 30, 39, 0 };
static const unsigned int bits_36[] = { 36, 0 };
static const unsigned int bits_32[] = { 25, 30, 31, 32, 0 };
static const unsigned int bits_to_40[] = { 32, 36, 40, 0 };
static const unsigned long sizes[] = {
	SZ_4K | SZ_2M | SZ_1G, SZ_4K | SZ_2M, SZ_4K, SZ_16K | SZ_32M,
	SZ_64K | SZ_512M, 0
};
static const unsigned long sizes_4k[] = {
	SZ_4K | SZ_2M | SZ_1G, SZ_4K | SZ_2M, SZ_4K, 0
};
static const unsigned long sizes_64k[] = {
	SZ_64K | SZ_512M | (1UL << 42), SZ_64K, 0
};

#define CASES(n, i, o, s, q) {						\
	.format = &nodes[n], .ias = (i), .oas = (o), .pgsizes = (s),	\
	.quirks = (q),							\
}

static const struct io_pgtable_selftest_case cases[] = {
	CASES(0, bits, bits, sizes, 0),
	/* The smallest tables, which have no room for 1 GiB leaves. */
	CASES(0, bits_small, bits_36, sizes, 0),
	CASES(0, bits_wide, bits_wide, sizes_64k, 0),
	CASES(0, bits, bits_36, sizes, IO_PGTABLE_QUIRK_ARM_TTBR1),
	CASES(1, bits, bits, sizes, 0),
	CASES(1, bits_small, bits_36, sizes, 0),
	CASES(1, bits_wide, bits_wide, sizes_64k, 0),
	CASES(2, bits_32, bits_to_40, sizes_4k, 0),
	CASES(3, bits_32, bits_to_40, sizes_4k, 0),
	CASES(3, bits_to_40, bits_to_40, sizes_4k, 0),
	CASES(4, bits, bits_to_40, sizes_4k, 0),
};

static bool selftest;
module_param(selftest, bool, 0444);
MODULE_PARM_DESC(selftest, "check the formats before they are registered");

static int __init io_pgtable_arm_init(void)
{
	if (selftest) {
		int ret = io_pgtable_selftest(cases,
					      sizeof(cases) / sizeof(cases[0]));

		if (ret)
			return ret;
	}
	return io_pgtable_register_formats(nodes, NUM_NODES);
}

static void __exit io_pgtable_arm_exit(void)
{
	io_pgtable_unregister_formats(nodes, NUM_NODES);
}

module_init(io_pgtable_arm_init);
module_exit(io_pgtable_arm_exit);
MODULE_ALIAS_IO_PGTABLE(ARM_32_LPAE_S1, 0);
MODULE_ALIAS_IO_PGTABLE(ARM_32_LPAE_S2, 1);
MODULE_ALIAS_IO_PGTABLE(ARM_64_LPAE_S1, 2);
MODULE_ALIAS_IO_PGTABLE(ARM_64_LPAE_S2, 3);
MODULE_ALIAS_IO_PGTABLE(ARM_MALI_LPAE, 5);
MODULE_DESCRIPTION("Arm Long-descriptor I/O page tables");
MODULE_LICENSE("Dual MIT/GPL");
