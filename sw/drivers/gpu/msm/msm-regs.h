/* SPDX-License-Identifier: MIT */
/*
 * Registers of the GPU by byte offset, and fields (docs/adreno.md, which names
 * the public source of each).
 */
#ifndef MSM_REGS_H
#define MSM_REGS_H

#include <bits.h>

#define RBBM_INTERFACE_HANG_INT_CNTL	0x0007c
#define HANG_INT_CNTL_ENABLE		BIT(30)
#define HANG_INT_CNTL_CYCLES		GENMASK(29, 0)
#define RBBM_INT_CLEAR_CMD		0x000dc
#define RBBM_INT_0_MASK			0x000e0
#define RBBM_SW_RESET_CMD		0x0010c
#define RBBM_INT_0_STATUS		0x00804
#define INT_CP_AHB_ERROR		BIT(1)
#define INT_CP_HW_ERROR			BIT(9)
#define INT_CP_CACHE_FLUSH_TS		BIT(20)
#define INT_RBBM_HANG_DETECT		BIT(23)
#define RBBM_STATUS			0x00840
#define RBBM_STATUS3			0x0084c
#define STATUS3_SMMU_STALLED_ON_FAULT	BIT(24)
#define CP_RB_BASE			0x02000
#define CP_RB_CNTL			0x02008
#define RB_CNTL_BUFSZ			GENMASK(5, 0)
#define RB_CNTL_BLKSZ			GENMASK(13, 8)
#define CP_RB_RPTR_ADDR			0x02010
#define CP_RB_RPTR			0x02018
#define CP_RB_WPTR			0x0201c
#define CP_SQE_CNTL			0x02020
#define SQE_CNTL_RUN			BIT(0)
#define SQE_CNTL_HALT			BIT(1)
#define CP_HW_FAULT			0x02084
#define HW_FAULT_WRITE			BIT(0)
#define HW_FAULT_FETCH			BIT(1)
#define HW_FAULT_LEVEL			GENMASK(5, 4)
#define CP_INTERRUPT_STATUS		0x0208c
#define CP_OPCODE_ERROR			BIT(0)
#define CP_HW_FAULT_ERROR		BIT(2)
#define CP_REGISTER_PROTECTION_ERROR	BIT(4)
#define CP_AHB_ERROR			BIT(5)
#define CP_PROTECT_STATUS		0x02090
#define PROTECT_STATUS_REG		GENMASK(17, 0)
#define CP_ADDR_MODE_CNTL		0x02108
#define CP_APRIV_CNTL			0x02110
#define APRIV_RBFETCH			BIT(1)
#define APRIV_RBPRIVLEVEL		BIT(2)
#define APRIV_RBRPWB			BIT(3)
#define CP_PROTECT_CNTL			0x0213c
#define PROTECT_CNTL_ACCESS_PROT_EN	BIT(0)
#define PROTECT_CNTL_FAULT_ON_VIOL	BIT(1)
#define PROTECT_CNTL_LAST_INF_RANGE	BIT(3)
#define CP_PROTECT(n)			(0x02140 + 4 * (n))
#define PROTECT_FIRST			GENMASK(17, 0)
#define PROTECT_MORE			GENMASK(30, 18)
#define PROTECT_READ			BIT(31)
#define CP_PROTECT_LAST			47
#define CP_SCRATCH(n)			(0x0220c + 4 * (n))
#define CP_NUM_SCRATCH			8
#define CP_SQE_STAT_ADDR		0x02420
#define SQE_STAT_OPCODE			1
#define CP_SQE_STAT_DATA		0x02424
#define CP_IB1_BASE			0x024a0
#define CP_IB1_REM_SIZE			0x024a8
#define CP_IB2_BASE			0x024ac
#define CP_IB2_REM_SIZE			0x024b4

/* What packets name registers by: their words. */
#define REG_WORD(offset)		((offset) / 4u)

/* Of interrupts, what the driver looks at. */
#define INT_WANTED	(INT_CP_AHB_ERROR | INT_CP_HW_ERROR | \
			 INT_CP_CACHE_FLUSH_TS | INT_RBBM_HANG_DETECT)

#endif
