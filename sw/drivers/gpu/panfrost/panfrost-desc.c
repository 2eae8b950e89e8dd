// SPDX-License-Identifier: MIT
/* Building jobs. */
#include "panfrost-desc.h"

#include <errno.h>
#include <string.h>

_Static_assert(sizeof(struct pan_desc) == PAN_DESC_SIZE, "a job has 64 bytes");

/**
 * pan_desc_init - a job without a payload, and with none behind it
 * @d: filled
 * @type: what it is
 * @index: its number in the chain, from 1 on; others may depend on it
 */
void pan_desc_init(struct pan_desc *d, enum pan_job_type type, u16 index)
{
	memset(d, 0, sizeof(*d));
	d->control = PAN_DESC_64 | (u32)type << PAN_DESC_TYPE_SHIFT |
		     (u32)index << PAN_DESC_INDEX_SHIFT;
}

/**
 * pan_desc_write_value - a job that writes a value
 * @d: filled
 * @index: as of pan_desc_init()
 * @addr: where to, aligned to the size of the value
 * @kind: which value
 * @value: of kinds 8 to 64 bits
 */
void pan_desc_write_value(struct pan_desc *d, u16 index, u64 addr,
			  enum pan_value_kind kind, u64 value)
{
	pan_desc_init(d, PAN_TYPE_WRITE_VALUE, index);
	d->payload[0] = addr;
	d->payload[1] = (u64)kind;
	d->payload[2] = value;
}

/**
 * pan_desc_copy - a job that moves data
 * @d: filled
 * @index: as of pan_desc_init()
 * @dst: where to, any alignment
 * @src: where from, any alignment
 * @size: in bytes
 *
 * Return: 0; -EINVAL for no byte, more than PAN_COPY_MAX, or a range that
 * would begin anew behind the last address.
 */
int pan_desc_copy(struct pan_desc *d, u16 index, u64 dst, u64 src, u64 size)
{
	if (!size || size > PAN_COPY_MAX || dst > U64_MAX - (size - 1) ||
	    src > U64_MAX - (size - 1))
		return -EINVAL;
	pan_desc_init(d, PAN_TYPE_COPY, index);
	d->payload[0] = src;
	d->payload[1] = dst;
	d->payload[2] = size;
	return 0;
}

/**
 * pan_desc_link - say which job follows
 * @d: a job
 * @next: address of the one behind it, 0: none
 *
 * It waits for this one.
 *
 * Return: 0; -EINVAL for an address at which no job can lie.
 */
int pan_desc_link(struct pan_desc *d, u64 next)
{
	if (next % PAN_DESC_SIZE)
		return -EINVAL;
	d->next = next;
	return 0;
}

/**
 * pan_value_size - how many bytes a kind of value has
 * @kind: which
 *
 * Return: 1 to 8; 0 for a kind that is none.
 */
unsigned int pan_value_size(enum pan_value_kind kind)
{
	switch (kind) {
	case PAN_VALUE_8:
		return 1;
	case PAN_VALUE_16:
		return 2;
	case PAN_VALUE_32:
	case PAN_VALUE_ZERO:
		return 4;
	case PAN_VALUE_64:
	case PAN_VALUE_CYCLES:
	case PAN_VALUE_TIME:
		return 8;
	}
	return 0;
}
