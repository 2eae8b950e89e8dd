/* SPDX-License-Identifier: MIT */
/*
 * Registers of a Mali GPU with a job manager (docs/mali.md), by the names of
 * that sheet. Each is 32 bits wide; _LO and _HI are halves of one value.
 */
#ifndef PANFROST_REGS_H
#define PANFROST_REGS_H

#include <bitfield.h>

/* GPU control */
#define GPU_ID			0x000
#define GPU_ID_PRODUCT		GENMASK(31, 16)
#define GPU_ID_MAJOR		GENMASK(15, 12)
#define GPU_ID_MINOR		GENMASK(11, 4)
#define GPU_ID_STATUS		GENMASK(3, 0)
#define GPU_MMU_FEATURES	0x014
#define MMU_FEATURES_VA_BITS	GENMASK(7, 0)
#define MMU_FEATURES_PA_BITS	GENMASK(15, 8)
#define GPU_AS_PRESENT		0x018
#define GPU_JS_PRESENT		0x01c
#define GPU_INT_RAWSTAT		0x020
#define GPU_INT_CLEAR		0x024
#define GPU_INT_MASK		0x028
#define GPU_INT_STAT		0x02c
#define GPU_IRQ_FAULT		BIT(0)
#define GPU_IRQ_MULTIPLE_FAULT	BIT(7)
#define GPU_IRQ_RESET_COMPLETED	BIT(8)
#define GPU_IRQ_CLEAN_CACHES_COMPLETED BIT(17)
#define GPU_CMD			0x030
#define GPU_CMD_SOFT_RESET	1u
#define GPU_CMD_HARD_RESET	2u
#define GPU_CMD_CYCLE_COUNT_START 5u
#define GPU_CMD_CYCLE_COUNT_STOP 6u
#define GPU_CMD_CLEAN_INV_CACHES 8u
#define GPU_STATUS		0x034
#define GPU_FAULT_STATUS	0x03c
#define GPU_FAULT_ADDRESS_LO	0x040
#define GPU_FAULT_ADDRESS_HI	0x044

#define GPU_TIMESTAMP_LO	0x098
#define GPU_JS_FEATURES(n)	(0x0c0u + (n) * 4u)	/* bit t: jobs of type t */

/* Power: a bit for each core. The register of another kind of core lies as far
 * from PRESENT, READY, PWRON, PWROFF and PWRTRANS alike.
 */
#define PWR_SHADER		0x000
#define PWR_TILER		0x010
#define PWR_L2			0x020
#define PWR_PRESENT_LO		0x100
#define PWR_PRESENT_HI		0x104
#define PWR_READY_LO		0x140
#define PWR_READY_HI		0x144
#define PWR_ON_LO		0x180
#define PWR_ON_HI		0x184
#define PWR_OFF_LO		0x1c0
#define PWR_OFF_HI		0x1c4
#define PWR_TRANS_LO		0x200
#define PWR_TRANS_HI		0x204

/* Job control. Of the interrupts the lower half is done, the upper failed. */
#define JOB_INT_RAWSTAT		0x1000
#define JOB_INT_CLEAR		0x1004
#define JOB_INT_MASK		0x1008
#define JOB_INT_STAT		0x100c
#define JOB_INT_DONE(n)		BIT(n)
#define JOB_INT_FAIL(n)		BIT((n) + 16)

#define JS(n)			(0x1800u + (n) * 0x80u)
#define JS_HEAD_LO(n)		(JS(n) + 0x00)
#define JS_HEAD_HI(n)		(JS(n) + 0x04)
#define JS_TAIL_LO(n)		(JS(n) + 0x08)
#define JS_TAIL_HI(n)		(JS(n) + 0x0c)
#define JS_CONFIG(n)		(JS(n) + 0x18)
#define JS_COMMAND(n)		(JS(n) + 0x20)
#define JS_STATUS(n)		(JS(n) + 0x24)
#define JS_HEAD_NEXT_LO(n)	(JS(n) + 0x40)
#define JS_HEAD_NEXT_HI(n)	(JS(n) + 0x44)
#define JS_AFFINITY_NEXT_LO(n)	(JS(n) + 0x50)
#define JS_AFFINITY_NEXT_HI(n)	(JS(n) + 0x54)
#define JS_CONFIG_NEXT(n)	(JS(n) + 0x58)
#define JS_COMMAND_NEXT(n)	(JS(n) + 0x60)

#define JS_CONFIG_AS		GENMASK(3, 0)
#define JS_CONFIG_START_FLUSH_CLEAN_INVALIDATE (3u << 8)
#define JS_CONFIG_END_FLUSH_CLEAN_INVALIDATE (3u << 12)
#define JS_CONFIG_THREAD_PRI(n)	((u32)(n) << 16)

#define JS_COMMAND_NOP		0u
#define JS_COMMAND_START	1u
#define JS_COMMAND_SOFT_STOP	2u
#define JS_COMMAND_HARD_STOP	3u

/* MMU. Of the interrupts the lower half is page faults, the upper bus errors.
 */
#define MMU_INT_RAWSTAT		0x2000
#define MMU_INT_CLEAR		0x2004
#define MMU_INT_MASK		0x2008
#define MMU_INT_STAT		0x200c
#define MMU_INT_PAGE(n)		BIT(n)
#define MMU_INT_BUS(n)		BIT((n) + 16)

#define AS(n)			(0x2400u + (n) * 0x40u)
#define AS_TRANSTAB_LO(n)	(AS(n) + 0x00)
#define AS_TRANSTAB_HI(n)	(AS(n) + 0x04)
#define AS_MEMATTR_LO(n)	(AS(n) + 0x08)
#define AS_MEMATTR_HI(n)	(AS(n) + 0x0c)
#define AS_LOCKADDR_LO(n)	(AS(n) + 0x10)
#define AS_LOCKADDR_HI(n)	(AS(n) + 0x14)
#define AS_COMMAND(n)		(AS(n) + 0x18)
#define AS_COMMAND_NOP		0u
#define AS_COMMAND_UPDATE	1u
#define AS_COMMAND_LOCK		2u
#define AS_COMMAND_UNLOCK	3u
#define AS_COMMAND_FLUSH_PT	4u
#define AS_COMMAND_FLUSH_MEM	5u
#define AS_FAULTSTATUS(n)	(AS(n) + 0x1c)
#define FAULTSTATUS_EXCEPTION	GENMASK(7, 0)
#define FAULTSTATUS_ACCESS	GENMASK(9, 8)
#define FAULTSTATUS_SOURCE	GENMASK(31, 16)
#define AS_FAULTADDRESS_LO(n)	(AS(n) + 0x20)
#define AS_FAULTADDRESS_HI(n)	(AS(n) + 0x24)
#define AS_STATUS(n)		(AS(n) + 0x28)
#define AS_STATUS_ACTIVE	BIT(0)

/* The smallest region that can be locked, as its logarithm. */
#define LOCK_REGION_MIN_BITS	15

#define PAN_REGISTERS_SIZE	0x4000u

/* Exceptions: JS_STATUS, and the first words of job headers and faults. */
#define PAN_EXC_NOT_STARTED	0x00u
#define PAN_EXC_DONE		0x01u
#define PAN_EXC_STOPPED		0x03u
#define PAN_EXC_TERMINATED	0x04u
#define PAN_EXC_ACTIVE		0x08u
#define PAN_EXC_JOB_CONFIG_FAULT 0x40u
#define PAN_EXC_JOB_READ_FAULT	0x42u
#define PAN_EXC_JOB_WRITE_FAULT	0x43u
#define PAN_EXC_JOB_BUS_FAULT	0x48u
#define PAN_EXC_DATA_INVALID_FAULT 0x58u
#define PAN_EXC_TRANSLATION_FAULT 0xc0u	/* and a level in the lower bits */
#define PAN_EXC_TRANSLATION_MASK 0xf8u
#define PAN_EXC_PERMISSION_FAULT 0xc8u
#define PAN_EXC_LEVEL_MASK	0xf8u

#endif
