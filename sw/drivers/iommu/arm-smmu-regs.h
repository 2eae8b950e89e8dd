/* SPDX-License-Identifier: MIT */
/* SMMUv2 registers (Arm IHI 0062): offsets in their page, and fields. */
#ifndef ARM_SMMU_REGS_H
#define ARM_SMMU_REGS_H

#include <bitfield.h>
#include <bits.h>

/* 8.2: pages of the global address space; banks begin with its second half. */
#define SMMU_GR0_PAGE		0
#define SMMU_GR1_PAGE		1

/* 9.1: Global Register Space 0 */
#define SMMU_CR0		0x000
#define CR0_CLIENTPD		BIT(0)
#define CR0_GFRE		BIT(1)
#define CR0_GFIE		BIT(2)
#define CR0_EXIDENABLE		BIT(3)
#define CR0_GCFGFRE		BIT(4)
#define CR0_GCFGFIE		BIT(5)
#define CR0_STALLD		BIT(8)
#define CR0_GSE			BIT(9)
#define CR0_USFCFG		BIT(10)
#define CR0_VMIDPNE		BIT(11)
#define CR0_PTM			BIT(12)
#define CR0_SMCFCFG		BIT(21)
#define CR0_HYPMODE		BIT(30)
#define CR0_VMID16EN		BIT(31)

#define SMMU_CR2		0x008
#define SMMU_ACR		0x010

#define SMMU_IDR0		0x020
#define IDR0_NUMSMRG		GENMASK(7, 0)
#define IDR0_EXIDS		BIT(8)
#define IDR0_NUMSIDB		GENMASK(12, 9)
#define IDR0_BTM		BIT(13)
#define IDR0_CTTW		BIT(14)
#define IDR0_NUMIRPT		GENMASK(23, 16)
#define IDR0_PTFS		GENMASK(25, 24)
#define IDR0_PTFS_V7S_V7L	0
#define IDR0_PTFS_V7L		1
#define IDR0_PTFS_NONE		2
#define IDR0_SMS		BIT(27)
#define IDR0_NTS		BIT(28)
#define IDR0_S2TS		BIT(29)
#define IDR0_S1TS		BIT(30)

#define SMMU_IDR1		0x024
#define IDR1_NUMCB		GENMASK(7, 0)
#define IDR1_NUMS2CB		GENMASK(23, 16)
#define IDR1_NUMPAGENDXB	GENMASK(30, 28)
#define IDR1_PAGESIZE		BIT(31)

#define SMMU_IDR2		0x028
#define IDR2_IAS		GENMASK(3, 0)
#define IDR2_OAS		GENMASK(7, 4)
#define IDR2_UBS		GENMASK(11, 8)
#define IDR2_UBS_49		5
#define IDR2_UBS_64		15
#define IDR2_PTFSV8_4K		BIT(12)
#define IDR2_PTFSV8_16K		BIT(13)
#define IDR2_PTFSV8_64K		BIT(14)
#define IDR2_VMID16S		BIT(15)

#define SMMU_IDR7		0x03c
#define IDR7_MINOR		GENMASK(3, 0)
#define IDR7_MAJOR		GENMASK(7, 4)

#define SMMU_GFAR		0x040
#define SMMU_GFSR		0x048
#define GFSR_ICF		BIT(0)
#define GFSR_USF		BIT(1)
#define GFSR_SMCF		BIT(2)
#define GFSR_UCBF		BIT(3)
#define GFSR_UCIF		BIT(4)
#define GFSR_CAF		BIT(5)
#define GFSR_EF			BIT(6)
#define GFSR_PF			BIT(7)
#define GFSR_UUT		BIT(8)
#define GFSR_MULTI		BIT(31)
#define SMMU_GFSRRESTORE	0x04c
#define SMMU_GFSYNR0		0x050
#define GFSYNR0_NESTED		BIT(0)
#define GFSYNR0_WNR		BIT(1)
#define GFSYNR0_PNU		BIT(2)
#define GFSYNR0_IND		BIT(3)
#define GFSYNR0_ATS		BIT(6)
#define SMMU_GFSYNR1		0x054
#define GFSYNR1_STREAMID	GENMASK(15, 0)

#define SMMU_TLBIVMID		0x064
#define SMMU_TLBIALLNSNH	0x068
#define SMMU_TLBIALLH		0x06c
#define SMMU_TLBGSYNC		0x070
#define SMMU_TLBGSTATUS		0x074
#define TLBGSTATUS_GSACTIVE	BIT(0)
#define SMMU_TLBIVMIDS1		0x0b8

/* 9.6.25 */
#define SMMU_SMR(n)		(0x800 + 4 * (n))
#define SMR_ID			GENMASK(14, 0)
#define SMR_MASK		GENMASK(30, 16)
#define SMR_VALID		BIT(31)
#define SMR_EXID		GENMASK(15, 0)
#define SMR_EXMASK		GENMASK(31, 16)

/* 9.6.23 */
#define SMMU_S2CR(n)		(0xc00 + 4 * (n))
#define S2CR_CBNDX		GENMASK(7, 0)
#define S2CR_EXIDVALID		BIT(10)
#define S2CR_TYPE		GENMASK(17, 16)
#define S2CR_TYPE_TRANS		0
#define S2CR_TYPE_BYPASS	1
#define S2CR_TYPE_FAULT		2

/* 10.1: Global Register Space 1 */
#define SMMU_CBAR(n)		(0x000 + 4 * (n))
#define CBAR_VMID		GENMASK(7, 0)
#define CBAR_S1_BPSHCFG		GENMASK(9, 8)
#define CBAR_S1_BPSHCFG_NSH	3
#define CBAR_S1_MEMATTR		GENMASK(15, 12)
#define CBAR_S1_MEMATTR_WB	15
#define CBAR_CBNDX		GENMASK(15, 8)
#define CBAR_TYPE		GENMASK(17, 16)
#define CBAR_TYPE_S2		0
#define CBAR_TYPE_S1_S2_BYPASS	1
#define CBAR_TYPE_S1_S2_TRANS	3
#define CBAR_IRPTNDX		GENMASK(31, 24)
#define SMMU_CBFRSYNRA(n)	(0x400 + 4 * (n))
#define CBFRSYNRA_STREAMID	GENMASK(15, 0)
#define SMMU_CBA2R(n)		(0x800 + 4 * (n))
#define CBA2R_VA64		BIT(0)
#define CBA2R_VMID16		GENMASK(31, 16)

/* 16.1, 17.2: a context bank */
#define SMMU_CB_SCTLR		0x000
#define SCTLR_M			BIT(0)
#define SCTLR_TRE		BIT(1)
#define SCTLR_AFE		BIT(2)
#define SCTLR_AFFD		BIT(3)
#define SCTLR_E			BIT(4)
#define SCTLR_CFRE		BIT(5)
#define SCTLR_CFIE		BIT(6)
#define SCTLR_CFCFG		BIT(7)
#define SCTLR_HUPCF		BIT(8)
#define SCTLR_WXN		BIT(9)
#define SCTLR_UWXN		BIT(10)
#define SCTLR_S1_ASIDPNE	BIT(12)
#define SCTLR_S2_PTW		BIT(13)
#define SCTLR_UCI		BIT(30)
#define SMMU_CB_ACTLR		0x004
#define SMMU_CB_RESUME		0x008
#define RESUME_RETRY		0
#define RESUME_TERMINATE	1
#define SMMU_CB_TCR2		0x010
#define TCR2_PASIZE		GENMASK(2, 0)
#define TCR2_AS			BIT(4)
#define TCR2_SEP		GENMASK(17, 15)
#define TCR2_SEP_UPSTREAM	7
#define SMMU_CB_TTBR0		0x020
#define SMMU_CB_TTBR1		0x028
#define TTBR_ASID		GENMASK(63, 48)
#define SMMU_CB_TCR		0x030
#define TCR_T0SZ		GENMASK(5, 0)
#define TCR_EPD0		BIT(7)
#define TCR_S2_SL0		GENMASK(7, 6)
#define TCR_IRGN0		GENMASK(9, 8)
#define TCR_ORGN0		GENMASK(11, 10)
#define TCR_SH0			GENMASK(13, 12)
#define TCR_TG0			GENMASK(15, 14)
#define TCR_T1SZ		GENMASK(21, 16)
#define TCR_S2_PASIZE		GENMASK(18, 16)
#define TCR_A1			BIT(22)
#define TCR_EPD1		BIT(23)
#define TCR_IRGN1		GENMASK(25, 24)
#define TCR_ORGN1		GENMASK(27, 26)
#define TCR_SH1			GENMASK(29, 28)
#define TCR_TG1			GENMASK(31, 30)
#define TCR_EAE			BIT(31)
#define SMMU_CB_CONTEXTIDR	0x034
#define SMMU_CB_MAIR0		0x038	/* PRRR of short descriptors */
#define SMMU_CB_MAIR1		0x03c	/* NMRR */
#define SMMU_CB_FSR		0x058
#define FSR_TF			BIT(1)
#define FSR_AFF			BIT(2)
#define FSR_PF			BIT(3)
#define FSR_EF			BIT(4)
#define FSR_TLBMCF		BIT(5)
#define FSR_TLBLKF		BIT(6)
#define FSR_ASF			BIT(7)
#define FSR_UUT			BIT(8)
#define FSR_SS			BIT(30)
#define FSR_MULTI		BIT(31)
/* All but Format, which is no fault, and SS, which RESUME clears. */
#define FSR_FAULTS		(GENMASK(8, 1) | FSR_MULTI)
#define SMMU_CB_FSRRESTORE	0x05c
#define SMMU_CB_FAR		0x060
#define SMMU_CB_FSYNR0		0x068
#define FSYNR0_PLVL		GENMASK(1, 0)
#define FSYNR0_S2_NESTED	BIT(2)
#define FSYNR0_S2_S1PTWF	BIT(3)
#define FSYNR0_WNR		BIT(4)
#define FSYNR0_PNU		BIT(5)
#define FSYNR0_IND		BIT(6)
#define FSYNR0_PTWF		BIT(10)
#define FSYNR0_AFR		BIT(11)
#define FSYNR0_S2_S1CBNDX	GENMASK(23, 16)
#define SMMU_CB_IPAFAR		0x070
#define SMMU_CB_TLBIVA		0x600
#define SMMU_CB_TLBIVAA		0x608
#define SMMU_CB_TLBIASID	0x610
#define SMMU_CB_TLBIALL		0x618
#define SMMU_CB_TLBIVAL		0x620
#define SMMU_CB_TLBIVAAL	0x628
#define SMMU_CB_TLBIIPAS2	0x630
#define SMMU_CB_TLBIIPAS2L	0x638
#define SMMU_CB_TLBSYNC		0x7f0
#define SMMU_CB_TLBSTATUS	0x7f4
#define TLBSTATUS_SACTIVE	BIT(0)

/* IMPLEMENTATION DEFINED: of an MMU-500 (its Technical Reference Manual). */
#define MMU500_ACR_SMTNMB_TLBEN	BIT(8)
#define MMU500_ACR_S2CRB_TLBEN	BIT(10)
#define MMU500_ACR_CACHE_LOCK	BIT(26)
#define MMU500_ACTLR_CPRE	BIT(1)

#endif
