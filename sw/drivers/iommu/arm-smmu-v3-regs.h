/* SPDX-License-Identifier: MIT */
/* SMMUv3 registers, structures, commands and events (Arm IHI 0070). */
#ifndef ARM_SMMU_V3_REGS_H
#define ARM_SMMU_V3_REGS_H

#include <bitfield.h>
#include <bits.h>

/* IHI 0070 6.3: registers of page 0 */
#define SMMU_IDR0		0x00
#define IDR0_S2P		BIT(0)
#define IDR0_S1P		BIT(1)
#define IDR0_TTF		GENMASK(3, 2)
#define IDR0_TTF_AARCH64	2
#define IDR0_TTF_BOTH		3
#define IDR0_COHACC		BIT(4)
#define IDR0_BTM		BIT(5)
#define IDR0_HYP		BIT(9)
#define IDR0_ATS		BIT(10)
#define IDR0_NS1ATS		BIT(11)
#define IDR0_ASID16		BIT(12)
#define IDR0_MSI		BIT(13)
#define IDR0_SEV		BIT(14)
#define IDR0_PRI		BIT(16)
#define IDR0_VMID16		BIT(18)
#define IDR0_CD2L		BIT(19)
#define IDR0_TTENDIAN		GENMASK(22, 21)
#define IDR0_TTENDIAN_MIXED	0
#define IDR0_TTENDIAN_LE	2
#define IDR0_ATSRECERR		BIT(23)
#define IDR0_STALL_MODEL	GENMASK(25, 24)
#define IDR0_STALL_BOTH		0
#define IDR0_STALL_NONE		1
#define IDR0_STALL_FORCED	2
#define IDR0_TERM_MODEL		BIT(26)
#define IDR0_ST_LEVEL		GENMASK(28, 27)
#define IDR0_ST_LEVEL_2		1

#define SMMU_IDR1		0x04
#define IDR1_SIDSIZE		GENMASK(5, 0)
#define IDR1_SSIDSIZE		GENMASK(10, 6)
#define IDR1_PRIQS		GENMASK(15, 11)
#define IDR1_EVENTQS		GENMASK(20, 16)
#define IDR1_CMDQS		GENMASK(25, 21)
#define IDR1_ATTR_TYPES_OVR	BIT(27)
#define IDR1_QUEUES_PRESET	BIT(29)
#define IDR1_TABLES_PRESET	BIT(30)

#define SMMU_IDR3		0x0c
#define IDR3_PPS		BIT(3)
#define IDR3_MPAM		BIT(7)
#define IDR3_RIL		BIT(10)

#define SMMU_IDR5		0x14
#define IDR5_OAS		GENMASK(2, 0)
#define IDR5_GRAN4K		BIT(4)
#define IDR5_GRAN16K		BIT(5)
#define IDR5_GRAN64K		BIT(6)

#define SMMU_IIDR		0x18
#define SMMU_AIDR		0x1c
#define AIDR_MINOR		GENMASK(3, 0)
#define AIDR_MAJOR		GENMASK(7, 4)

#define SMMU_CR0		0x20
#define SMMU_CR0ACK		0x24
#define CR0_SMMUEN		BIT(0)
#define CR0_PRIQEN		BIT(1)
#define CR0_EVENTQEN		BIT(2)
#define CR0_CMDQEN		BIT(3)
#define CR0_ATSCHK		BIT(4)

#define SMMU_CR1		0x28
#define CR1_QUEUE_IC		GENMASK(1, 0)
#define CR1_QUEUE_OC		GENMASK(3, 2)
#define CR1_QUEUE_SH		GENMASK(5, 4)
#define CR1_TABLE_IC		GENMASK(7, 6)
#define CR1_TABLE_OC		GENMASK(9, 8)
#define CR1_TABLE_SH		GENMASK(11, 10)
#define CR1_CACHE_NC		0
#define CR1_CACHE_WB		1

#define SMMU_CR2		0x2c
#define CR2_RECINVSID		BIT(1)
#define CR2_PTM			BIT(2)
#define CR2_REC_CFG_ATS		BIT(3)

#define SMMU_GBPA		0x44
#define GBPA_ABORT		BIT(20)
#define GBPA_UPDATE		BIT(31)

#define SMMU_IRQ_CTRL		0x50
#define SMMU_IRQ_CTRLACK	0x54
#define IRQ_CTRL_GERROR_IRQEN	BIT(0)
#define IRQ_CTRL_PRIQ_IRQEN	BIT(1)
#define IRQ_CTRL_EVENTQ_IRQEN	BIT(2)

#define SMMU_GERROR		0x60
#define SMMU_GERRORN		0x64
#define GERROR_CMDQ_ERR		BIT(0)
#define GERROR_EVENTQ_ABT_ERR	BIT(2)
#define GERROR_PRIQ_ABT_ERR	BIT(3)
#define GERROR_MSI_CMDQ_ABT	BIT(4)
#define GERROR_MSI_EVENTQ_ABT	BIT(5)
#define GERROR_MSI_PRIQ_ABT	BIT(6)
#define GERROR_MSI_GERROR_ABT	BIT(7)
#define GERROR_SFM_ERR		BIT(8)
#define GERROR_KNOWN		(BIT(0) | GENMASK(8, 2))

/* Of each interrupt: MSI address, data, memory attributes (3.18) */
#define SMMU_GERROR_IRQ_CFG0	0x68
#define SMMU_GERROR_IRQ_CFG1	0x70
#define SMMU_GERROR_IRQ_CFG2	0x74
#define IRQ_CFG2_MEMATTR	GENMASK(3, 0)

#define SMMU_STRTAB_BASE	0x80
#define STRTAB_BASE_RA		BIT(62)
#define SMMU_STRTAB_BASE_CFG	0x88
#define STRTAB_CFG_LOG2SIZE	GENMASK(5, 0)
#define STRTAB_CFG_SPLIT	GENMASK(10, 6)
#define STRTAB_CFG_FMT		GENMASK(17, 16)
#define STRTAB_FMT_LINEAR	0
#define STRTAB_FMT_2LEVEL	1

#define SMMU_CMDQ_BASE		0x90
#define SMMU_CMDQ_PROD		0x98
#define SMMU_CMDQ_CONS		0x9c
#define CMDQ_CONS_ERR		GENMASK(30, 24)
#define CERROR_NONE		0
#define CERROR_ILL		1
#define CERROR_ABT		2
#define CERROR_ATC_INV_SYNC	3
#define Q_BASE_RWA		BIT(62)
#define Q_BASE_LOG2SIZE		GENMASK(4, 0)

#define SMMU_EVENTQ_BASE	0xa0
#define SMMU_EVENTQ_IRQ_CFG0	0xb0
#define SMMU_EVENTQ_IRQ_CFG1	0xb8
#define SMMU_EVENTQ_IRQ_CFG2	0xbc
/* The indices of the event queue are in page 1. */
#define SMMU_EVENTQ_PROD	0x100a8
#define SMMU_EVENTQ_CONS	0x100ac

#define SMMU_PRIQ_BASE		0xc0
#define SMMU_PRIQ_IRQ_CFG0	0xd0
#define SMMU_PRIQ_IRQ_CFG1	0xd8
#define SMMU_PRIQ_IRQ_CFG2	0xdc
/* Likewise those of the PRI queue. */
#define SMMU_PRIQ_PROD		0x100c8
#define SMMU_PRIQ_CONS		0x100cc
/* Of PROD and CONS of either. */
#define QUEUE_OVFLG		BIT(31)

#define SMMU_REGS_SIZE		0x20000

/* IHI 0070 5.2: STE, eight doublewords. Bit n of the entry is bit n % 64 of
 * doubleword n / 64.
 */
#define STE_DWORDS		8
#define STE_0_V			BIT(0)
#define STE_0_CONFIG		GENMASK(3, 1)
#define STE_CONFIG_ABORT	0
#define STE_CONFIG_S1_BIT	1	/* stage 1 translates */
#define STE_CONFIG_S2_BIT	2	/* stage 2 translates */
#define STE_CONFIG_BYPASS	4
#define STE_CONFIG_S1		(STE_CONFIG_BYPASS | STE_CONFIG_S1_BIT)
#define STE_CONFIG_S2		(STE_CONFIG_BYPASS | STE_CONFIG_S2_BIT)
#define STE_CONFIG_NESTED	(STE_CONFIG_S1 | STE_CONFIG_S2_BIT)
#define STE_0_S1FMT		GENMASK(5, 4)
#define STE_S1FMT_LINEAR	0
#define STE_S1FMT_4K_L2		1
#define STE_0_S1CONTEXTPTR	GENMASK(55, 6)
#define STE_0_S1CDMAX		GENMASK(63, 59)
#define STE_1_S1DSS		GENMASK(1, 0)
#define STE_S1DSS_TERMINATE	0
#define STE_S1DSS_BYPASS	1
#define STE_S1DSS_SSID0		2
#define STE_1_S1CIR		GENMASK(3, 2)
#define STE_1_S1COR		GENMASK(5, 4)
#define STE_1_S1CSH		GENMASK(7, 6)
#define STE_CACHE_NC		0
#define STE_CACHE_WBRA		1
#define STE_1_PPAR		BIT(18)
#define STE_1_MEV		BIT(19)
#define STE_1_S1STALLD		BIT(27)
#define STE_1_EATS		GENMASK(29, 28)
#define STE_EATS_FULL		1
#define STE_1_SHCFG		GENMASK(45, 44)
#define STE_SHCFG_INCOMING	1
#define STE_2_S2VMID		GENMASK(15, 0)
#define STE_2_S2T0SZ		GENMASK(37, 32)
#define STE_2_S2SL0		GENMASK(39, 38)
#define STE_2_S2IR0		GENMASK(41, 40)
#define STE_2_S2OR0		GENMASK(43, 42)
#define STE_2_S2SH0		GENMASK(45, 44)
#define STE_2_S2TG		GENMASK(47, 46)
#define STE_2_S2PS		GENMASK(50, 48)
#define STE_2_S2AA64		BIT(51)
#define STE_2_S2PTW		BIT(54)
#define STE_2_S2S		BIT(57)
#define STE_2_S2R		BIT(58)
#define STE_3_S2TTB		GENMASK(51, 4)

/* IHI 0070 5.1: L1STD */
#define L1STD_SPAN		GENMASK(4, 0)
#define L1STD_L2PTR		GENMASK(55, 6)

/* IHI 0070 5.3: L1CD */
#define L1CD_V			BIT(0)
#define L1CD_L2PTR		GENMASK(55, 12)

/* IHI 0070 5.4: CD, eight doublewords */
#define CD_DWORDS		8
#define CD_0_T0SZ		GENMASK(5, 0)
#define CD_0_TG0		GENMASK(7, 6)
#define CD_0_IR0		GENMASK(9, 8)
#define CD_0_OR0		GENMASK(11, 10)
#define CD_0_SH0		GENMASK(13, 12)
#define CD_0_EPD0		BIT(14)
#define CD_0_RANGE1		GENMASK(29, 16)	/* T1SZ to SH1 */
#define CD_0_EPD1		BIT(30)
#define CD_0_V			BIT(31)
#define CD_0_IPS		GENMASK(34, 32)
#define CD_0_AA64		BIT(41)
#define CD_0_S			BIT(44)
#define CD_0_R			BIT(45)
#define CD_0_A			BIT(46)
#define CD_0_ASET		BIT(47)
#define CD_0_ASID		GENMASK(63, 48)
#define CD_1_TTB0		GENMASK(51, 4)
#define CD_2_TTB1		GENMASK(51, 4)

/* Shareability, in STE, CD, CR1 and commands alike */
#define SH_NSH			0
#define SH_OSH			2
#define SH_ISH			3

/* IHI 0070 chapter 4: commands, two doublewords, opcode in bits 7:0 */
#define CMD_DWORDS		2
#define CMD_PREFETCH_CONFIG	0x01
#define CMD_CFGI_STE		0x03
#define CMD_CFGI_STE_RANGE	0x04
#define CMD_CFGI_CD		0x05
#define CMD_CFGI_CD_ALL		0x06
#define CMD_CFGI_VMS_PIDM	0x07
#define CMD_TLBI_NH_ALL		0x10
#define CMD_TLBI_NH_ASID	0x11
#define CMD_TLBI_NH_VA		0x12
#define CMD_TLBI_NH_VAA		0x13
#define CMD_TLBI_EL3_ALL	0x18
#define CMD_TLBI_EL3_VA		0x1a
#define CMD_TLBI_EL2_ALL	0x20
#define CMD_TLBI_EL2_ASID	0x21
#define CMD_TLBI_EL2_VA		0x22
#define CMD_TLBI_EL2_VAA	0x23
#define CMD_TLBI_S12_VMALL	0x28
#define CMD_TLBI_S2_IPA		0x2a
#define CMD_TLBI_NSNH_ALL	0x30
#define CMD_ATC_INV		0x40
#define CMD_PRI_RESP		0x41
#define CMD_RESUME		0x44
#define CMD_STALL_TERM		0x45
#define CMD_SYNC		0x46
#define CMD_0_OPCODE		GENMASK(7, 0)
#define CMD_0_SSID		GENMASK(31, 12)
#define CMD_0_SID		GENMASK(63, 32)
#define CMD_CFGI_1_LEAF		BIT(0)
#define CMD_CFGI_1_RANGE	GENMASK(4, 0)
#define CFGI_RANGE_ALL		31
#define CMD_TLBI_0_NUM		GENMASK(16, 12)
#define CMD_TLBI_0_SCALE	GENMASK(24, 20)
#define CMD_TLBI_0_VMID		GENMASK(47, 32)
#define CMD_TLBI_0_ASID		GENMASK(63, 48)
#define CMD_TLBI_1_LEAF		BIT(0)
#define CMD_TLBI_1_TTL		GENMASK(9, 8)
#define CMD_TLBI_1_TG		GENMASK(11, 10)
#define CMD_TLBI_1_ADDR		GENMASK(63, 12)
#define CMD_TLBI_1_IPA		GENMASK(55, 12)
#define CMD_0_SSV		BIT(11)
#define CMD_ATC_INV_1_SIZE	GENMASK(5, 0)
#define ATC_INV_SIZE_ALL	52
#define CMD_ATC_INV_1_ADDR	GENMASK(63, 12)
#define CMD_PRI_RESP_1_PRGI	GENMASK(8, 0)
#define CMD_PRI_RESP_1_RESP	GENMASK(13, 12)
#define PRI_RESP_FAILURE	0
#define PRI_RESP_INVALID	1
#define PRI_RESP_SUCCESS	2
#define CMD_RESUME_0_RETRY	BIT(12)
#define CMD_RESUME_0_ABORT	BIT(13)
#define CMD_RESUME_1_STAG	GENMASK(15, 0)
#define CMD_SYNC_0_CS		GENMASK(13, 12)
#define CMD_SYNC_CS_NONE	0
#define CMD_SYNC_CS_IRQ		1
#define CMD_SYNC_CS_SEV		2
#define CMD_SYNC_CS_RESERVED	3
#define CMD_SYNC_0_MSH		GENMASK(23, 22)
#define CMD_SYNC_0_MSIATTR	GENMASK(27, 24)
#define CMD_SYNC_0_MSIDATA	GENMASK(63, 32)
#define CMD_SYNC_1_MSIADDR	GENMASK(55, 2)

/* MemAttr (IHI 0070 13.1.5), in IRQ_CFG2 and CMD_SYNC */
#define MEMATTR_DEV_NGNRE	0x1
#define MEMATTR_OIWB		0xf

/* IHI 0070 7.3: event records, four doublewords */
#define EVT_DWORDS		4
#define EVT_0_ID		GENMASK(7, 0)
#define EVT_0_SSV		BIT(11)
#define EVT_0_SSID		GENMASK(31, 12)
#define EVT_0_SID		GENMASK(63, 32)
#define EVT_1_STAG		GENMASK(15, 0)
#define EVT_1_REASON		GENMASK(15, 0)
#define EVT_1_STALL		BIT(31)
#define EVT_1_PNU		BIT(33)
#define EVT_1_IND		BIT(34)
#define EVT_1_RNW		BIT(35)
#define EVT_1_NSIPA		BIT(38)
#define EVT_1_S2		BIT(39)
#define EVT_1_CLASS		GENMASK(41, 40)
#define EVT_CLASS_CD		0
#define EVT_CLASS_TT		1
#define EVT_CLASS_IN		2
#define EVT_1_TTRNW		BIT(44)
#define EVT_1_GPCF		BIT(16)
#define EVT_1_SPAN		GENMASK(51, 44)
#define EVT_3_FETCH		GENMASK(55, 3)
#define EVT_3_IPA		GENMASK(55, 12)

/* IHI 0070 8: entries of the PRI queue, two doublewords */
#define PRI_DWORDS		2
#define PRI_0_SID		GENMASK(31, 0)
#define PRI_0_SSID		GENMASK(51, 32)
#define PRI_0_PRIV		BIT(58)
#define PRI_0_X			BIT(59)
#define PRI_0_R			BIT(60)
#define PRI_0_W			BIT(61)
#define PRI_0_LAST		BIT(62)
#define PRI_0_SSV		BIT(63)
#define PRI_1_PRGI		GENMASK(8, 0)
#define PRI_1_ADDR		GENMASK(63, 12)

#define F_UUT			0x01
#define C_BAD_STREAMID		0x02
#define F_STE_FETCH		0x03
#define C_BAD_STE		0x04
#define F_BAD_ATS_TREQ		0x05
#define F_STREAM_DISABLED	0x06
#define F_TRANSL_FORBIDDEN	0x07
#define C_BAD_SUBSTREAMID	0x08
#define F_CD_FETCH		0x09
#define C_BAD_CD		0x0a
#define F_WALK_EABT		0x0b
#define F_TRANSLATION		0x10
#define F_ADDR_SIZE		0x11
#define F_ACCESS		0x12
#define F_PERMISSION		0x13
#define F_TLB_CONFLICT		0x20
#define F_CFG_CONFLICT		0x21
#define E_PAGE_REQUEST		0x24
#define F_VMS_FETCH		0x25
#define IMPDEF_EVENT_FIRST	0xe0
#define IMPDEF_EVENT_LAST	0xef

#endif
