/* SPDX-License-Identifier: MIT */
/* What registers say of a fault or an error. Needs no kernel. */
#ifndef MSM_DECODE_H
#define MSM_DECODE_H

#include <types.h>

struct adreno_smmu_fault;

/**
 * struct msm_fault - a context fault of the GPU
 * @why: what refused it
 * @addr: as software writes it
 * @kernel: an address of the upper half, which is not a process's
 * @missing: nothing is mapped there: a driver may map something
 * @asid: tag of the process whose tables TTBR0 named
 * @ttbr0: address of these
 * @fsr, @fsynr0: the registers
 */
struct msm_fault {
	const char *why;
	u64 addr;
	u64 ttbr0;
	u32 asid;
	u32 fsr;
	u32 fsynr0;
	bool write;
	bool priv;
	bool kernel;
	bool missing;
	bool stalled;
};

u64 msm_canonical(u64 addr);
void msm_decode_fault(const struct adreno_smmu_fault *f,
		      struct msm_fault *fault);

/**
 * struct msm_error - why the command processor interrupted
 * @int_status: RBBM_INT_0_STATUS; the others as registers of their names
 * @stopped: it does nothing any more until it is reset
 * @why: in a word or two, or NULL: there was no error
 */
struct msm_error {
	u32 int_status;
	u32 interrupt_status;
	u32 hw_fault;
	u32 protect_status;
	u32 opcode;
	bool stopped;
	const char *why;
};

void msm_decode_error(struct msm_error *e);

#endif
