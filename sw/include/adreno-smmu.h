/* SPDX-License-Identifier: MIT */
/*
 * What the driver of an Adreno GPU asks of the SMMU before it.
 *
 * Such a GPU has one context bank with two halves (IHI 0062, AArch64 stage 1):
 * TTBR1's tables are the domain that the GPU's driver attaches, for what all
 * its work needs; TTBR0's are of a process, and the command processor of the
 * GPU writes TTBR0 itself whenever the process changes. So tables of TTBR0 are
 * the GPU driver's, and their tags (ASIDs) come from here.
 */
#ifndef ADRENO_SMMU_H
#define ADRENO_SMMU_H

#include <types.h>

struct device;
struct io_pgtable_cfg;

/**
 * struct adreno_smmu_fault - the GPU's last context fault
 * @ttbr0: as it was when the fault was handled, ASID included: exact if the
 *	   access waits, since the GPU does not go on
 * @contextidr: CBn_CONTEXTIDR, likewise
 * @far, @fsr, @fsynr0, @cbfrsynra: as recorded, before FSR was cleared
 * @count: faults of the GPU so far; 0: the rest is 0
 */
struct adreno_smmu_fault {
	u64 ttbr0;
	u64 far;
	u64 count;
	u32 contextidr;
	u32 fsr;
	u32 fsynr0;
	u32 cbfrsynra;
};

/**
 * struct adreno_smmu_ops - operations on the GPU's context bank
 * @get_ttbr1_cfg: what the tables of the attached domain were agreed to be:
 *		   those of TTBR0 must be like them. -EOPNOTSUPP if @gpu is
 *		   none, or its SMMU not of a kind that serves one; -ENODEV if
 *		   no domain with TTBR1 is attached
 * @set_ttbr0_cfg: let TTBR0 translate by tables of @cfg under @asid; NULL: it
 *		   shall not (EPD0), which is how it starts. What TLBs hold of
 *		   the tables before is not forgotten by that. -EINVAL for
 *		   tables that differ from TTBR1's in more than their place
 * @asid_alloc: a tag that no other tables behind the SMMU have; or -ENOSPC
 * @asid_free: give one back, when nothing of it is in TLBs any more
 * @tlb_inv_asid: forget translations of one, and wait until no access uses
 *		  them; any context. -ETIMEDOUT: memory that they led to, and
 *		  the tables, may still be in use, and the SMMU's driver has
 *		  said so
 * @get_fault: the last fault of the GPU; any context but the handler of
 *	       iommu_set_fault_handler()
 *
 * Each but the last two in a thread, not at the same time as an attachment.
 * A GPU's accesses wait for iommu_set_page_fault_handler(), whether or not its
 * node says dma-can-stall.
 */
struct adreno_smmu_ops {
	int (*get_ttbr1_cfg)(struct device *gpu, struct io_pgtable_cfg *cfg);
	int (*set_ttbr0_cfg)(struct device *gpu,
			     const struct io_pgtable_cfg *cfg, u32 asid);
	int (*asid_alloc)(struct device *gpu);
	void (*asid_free)(struct device *gpu, u32 asid);
	int (*tlb_inv_asid)(struct device *gpu, u32 asid);
	void (*get_fault)(struct device *gpu, struct adreno_smmu_fault *fault);
};

#endif
