/* SPDX-License-Identifier: MIT */
/* What the GPU says went wrong. */
#ifndef PANFROST_FAULT_H
#define PANFROST_FAULT_H

#include <types.h>

enum pan_access {
	PAN_ACCESS_ATOMIC,
	PAN_ACCESS_EXECUTE,
	PAN_ACCESS_READ,
	PAN_ACCESS_WRITE,
};

/**
 * struct pan_fault - AS_FAULTSTATUS and AS_FAULTADDRESS, decoded
 * @as: the address space
 * @bus: MMU_INT told of a bus error, not of a page fault
 * @exception: what it was, PAN_EXC_*
 * @access: which access met it
 * @source: which unit of the GPU that came from
 * @addr: the address
 */
struct pan_fault {
	unsigned int as;
	bool bus;
	u32 exception;
	enum pan_access access;
	u32 source;
	u64 addr;
};

void pan_fault_decode(struct pan_fault *f, unsigned int as, bool bus,
		      u32 status, u64 addr);
bool pan_fault_is_hole(const struct pan_fault *f);
void pan_fault_format(char *buf, size_t size, const struct pan_fault *f);
const char *pan_exception_name(u32 exception);
/* Is @exception of a kind that stands for a level as well? */
bool pan_exception_is(u32 exception, u32 kind);

#endif
