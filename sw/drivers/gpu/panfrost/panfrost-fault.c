// SPDX-License-Identifier: MIT
/* Names of exceptions and faults (docs/mali.md). */
#include "panfrost-fault.h"

#include <kernel.h>

#include "panfrost-regs.h"

/* Those of jobs and of the GPU; @mask leaves out what is a level. */
static const struct {
	u8 exception;
	u8 mask;
	const char *name;
} names[] = {
	{ 0x00, 0xff, "NOT_STARTED" },
	{ 0x01, 0xff, "DONE" },
	{ 0x02, 0xff, "INTERRUPTED" },
	{ 0x03, 0xff, "STOPPED" },
	{ 0x04, 0xff, "TERMINATED" },
	{ 0x08, 0xff, "ACTIVE" },
	{ 0x40, 0xff, "JOB_CONFIG_FAULT" },
	{ 0x41, 0xff, "JOB_POWER_FAULT" },
	{ 0x42, 0xff, "JOB_READ_FAULT" },
	{ 0x43, 0xff, "JOB_WRITE_FAULT" },
	{ 0x44, 0xff, "JOB_AFFINITY_FAULT" },
	{ 0x48, 0xff, "JOB_BUS_FAULT" },
	{ 0x58, 0xff, "DATA_INVALID_FAULT" },
	{ 0x59, 0xff, "TILE_RANGE_FAULT" },
	{ 0x5a, 0xff, "ADDR_RANGE_FAULT" },
	{ 0x60, 0xff, "OUT_OF_MEMORY" },
	{ 0x80, 0xff, "DELAYED_BUS_FAULT" },
	{ 0x88, 0xff, "SHAREABILITY_FAULT" },
	{ 0xc7, 0xff, "TRANSLATION_FAULT_IDENTITY" },
	{ 0xc0, 0xf8, "TRANSLATION_FAULT" },
	{ 0xc8, 0xf8, "PERMISSION_FAULT" },
	{ 0xd0, 0xf8, "TRANSTAB_BUS_FAULT" },
	{ 0xd8, 0xf8, "ACCESS_FLAG_FAULT" },
	{ 0xe0, 0xfc, "ADDRESS_SIZE_FAULT_IN" },
	{ 0xe4, 0xfc, "ADDRESS_SIZE_FAULT_OUT" },
	{ 0xe8, 0xfc, "MEMORY_ATTRIBUTES_FAULT" },
	{ 0xec, 0xfc, "MEMORY_ATTRIBUTES_NONCACHEABLE" },
};

/**
 * pan_exception_name - an exception's name
 * @exception: the lower 8 bits of a status; others are not looked at
 *
 * Return: the name without a level, or "UNKNOWN".
 */
const char *pan_exception_name(u32 exception)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if ((exception & names[i].mask) == names[i].exception)
			return names[i].name;
	return "UNKNOWN";
}

bool pan_exception_is(u32 exception, u32 kind)
{
	return (exception & PAN_EXC_LEVEL_MASK) == kind;
}

/**
 * pan_fault_decode - what the registers of a fault say
 * @f: filled
 * @as: number of the address space
 * @bus: which half of MMU_INT told of it
 * @status: AS_FAULTSTATUS
 * @addr: AS_FAULTADDRESS
 */
void pan_fault_decode(struct pan_fault *f, unsigned int as, bool bus,
		      u32 status, u64 addr)
{
	f->as = as;
	f->bus = bus;
	f->exception = (u32)FIELD_GET(FAULTSTATUS_EXCEPTION, status);
	f->access = (enum pan_access)FIELD_GET(FAULTSTATUS_ACCESS, status);
	f->source = (u32)FIELD_GET(FAULTSTATUS_SOURCE, status);
	f->addr = addr;
}

/**
 * pan_fault_is_hole - would the access have met a page if one had been mapped?
 * @f: the fault
 *
 * Return: true of those that a growing buffer repairs.
 */
bool pan_fault_is_hole(const struct pan_fault *f)
{
	return !f->bus && f->exception != 0xc7 &&
	       pan_exception_is(f->exception, PAN_EXC_TRANSLATION_FAULT);
}

/**
 * pan_fault_format - a fault as text, for the log
 * @buf: filled
 * @size: of it
 * @f: the fault
 */
void pan_fault_format(char *buf, size_t size, const struct pan_fault *f)
{
	static const char *const access[] = {
		[PAN_ACCESS_ATOMIC] = "atomic",
		[PAN_ACCESS_EXECUTE] = "execute",
		[PAN_ACCESS_READ] = "read",
		[PAN_ACCESS_WRITE] = "write",
	};

	scnprintf(buf, size, "%s: %s %#x, %s of %#llx by source %#x",
		  f->bus ? "bus error" : "page fault",
		  pan_exception_name(f->exception), f->exception,
		  access[f->access], f->addr, f->source);
}
