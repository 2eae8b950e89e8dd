// SPDX-License-Identifier: MIT
/* What registers say of a fault or an error. */

#include "msm-decode.h"

#include "msm-regs.h"

#include <adreno-smmu.h>
#include <bitfield.h>

/* IHI 0062 16.5.9 and 16.5.10 */
#define FSR_TF		BIT(1)
#define FSR_AFF		BIT(2)
#define FSR_PF		BIT(3)
#define FSR_EF		BIT(4)
#define FSR_ASF		BIT(7)
#define FSR_SS		BIT(30)
#define FSYNR0_WNR	BIT(4)
#define FSYNR0_PNU	BIT(5)
/* 16.5.35 */
#define TTBR0_ASID	GENMASK(63, 48)
#define TTBR0_ADDRESS	GENMASK(47, 0)

/* A GPU address has 49 bits, and the topmost chooses the half. */
#define ADDRESS_SIGN	BIT(48)

static const struct {
	u32 bit;
	const char *why;
} reasons[] = {
	{ (u32)FSR_TF, "not mapped" },
	{ (u32)FSR_PF, "not permitted" },
	{ (u32)FSR_AFF, "without Access flag" },
	{ (u32)FSR_ASF, "beyond the address size" },
	{ (u32)FSR_EF, "a table could not be read" },
};

/**
 * msm_canonical - an address as software writes it
 * @addr: of 49 bits, as the GPU and FAR have it; the sign, in all bits above
 *	  it, may be there or not
 */
u64 msm_canonical(u64 addr)
{
	return addr & ADDRESS_SIGN ? addr | ~(ADDRESS_SIGN - 1) :
				     addr & (ADDRESS_SIGN - 1);
}

/**
 * msm_decode_fault - what a context fault was
 * @f: as recorded
 * @fault: filled
 */
void msm_decode_fault(const struct adreno_smmu_fault *f,
		      struct msm_fault *fault)
{
	unsigned int i;

	fault->why = "unknown";
	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (f->fsr & reasons[i].bit) {
			fault->why = reasons[i].why;
			break;
		}
	fault->fsr = f->fsr;
	fault->fsynr0 = f->fsynr0;
	fault->addr = msm_canonical(f->far);
	fault->ttbr0 = f->ttbr0 & TTBR0_ADDRESS;
	fault->asid = (u32)FIELD_GET(TTBR0_ASID, f->ttbr0);
	fault->write = f->fsynr0 & FSYNR0_WNR;
	fault->priv = f->fsynr0 & FSYNR0_PNU;
	fault->kernel = f->far & ADDRESS_SIGN;
	fault->missing = f->fsr & FSR_TF;
	fault->stalled = f->fsr & FSR_SS;
}

/**
 * msm_decode_error - whether it goes on, and what was wrong
 * @e: its registers are there; the rest is filled
 *
 * What a packet reads or writes in vain does not stop it; packets that cannot
 * be read do (docs/adreno.md, "Interrupts").
 */
void msm_decode_error(struct msm_error *e)
{
	u32 status = e->int_status & INT_CP_HW_ERROR ? e->interrupt_status : 0;

	e->stopped = true;
	if (status & CP_OPCODE_ERROR) {
		e->why = "bad packet";
	} else if (status & CP_REGISTER_PROTECTION_ERROR) {
		e->why = "protected register";
	} else if (status & CP_AHB_ERROR || e->int_status & INT_CP_AHB_ERROR) {
		e->why = "SMMU registers";
	} else if (status & CP_HW_FAULT_ERROR) {
		e->stopped = e->hw_fault & HW_FAULT_FETCH;
		e->why = e->stopped ? "packets could not be read" :
				      "memory access";
	} else if (e->int_status & INT_RBBM_HANG_DETECT) {
		e->why = "hang";
	} else {
		e->stopped = false;
		e->why = NULL;
	}
}
