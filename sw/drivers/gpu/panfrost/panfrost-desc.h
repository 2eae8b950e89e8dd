/* SPDX-License-Identifier: MIT */
/* Jobs as the GPU reads them (docs/mali.md, "Jobs"). */
#ifndef PANFROST_DESC_H
#define PANFROST_DESC_H

#include <types.h>

/* Size and alignment of a job. */
#define PAN_DESC_SIZE		64

enum pan_job_type {
	PAN_TYPE_NULL = 1,
	PAN_TYPE_WRITE_VALUE = 2,
	PAN_TYPE_CACHE_FLUSH = 3,
	PAN_TYPE_COPY = 31,	/* of this GPU model alone */
};

enum pan_value_kind {
	PAN_VALUE_CYCLES = 1,
	PAN_VALUE_TIME = 2,
	PAN_VALUE_ZERO = 3,
	PAN_VALUE_8 = 4,
	PAN_VALUE_16 = 5,
	PAN_VALUE_32 = 6,
	PAN_VALUE_64 = 7,
};

/**
 * struct pan_desc - a job
 * @status: written by the GPU: how it ended
 * @incomplete: written by the GPU: 0
 * @fault: written by the GPU: the address that failed
 * @control: type, width of @next, index
 * @dependencies: on two jobs of the chain, by index
 * @next: address of the next one, 0: none
 * @payload: by type
 */
struct pan_desc {
	u32 status;
	u32 incomplete;
	u64 fault;
	u32 control;
	u32 dependencies;
	u64 next;
	u64 payload[4];
};

#define PAN_DESC_64		1u
#define PAN_DESC_TYPE_SHIFT	1
#define PAN_DESC_INDEX_SHIFT	16

/* The longest copy. */
#define PAN_COPY_MAX		(1ULL << 32)

void pan_desc_init(struct pan_desc *d, enum pan_job_type type, u16 index);
void pan_desc_write_value(struct pan_desc *d, u16 index, u64 addr,
			  enum pan_value_kind kind, u64 value);
int pan_desc_copy(struct pan_desc *d, u16 index, u64 dst, u64 src, u64 size);
int pan_desc_link(struct pan_desc *d, u64 next);
unsigned int pan_value_size(enum pan_value_kind kind);

#endif
