/* SPDX-License-Identifier: MIT */
/* Reading of a flattened device tree (Devicetree Specification 0.4, chapter 5),
 * apart from what the kernel does with it: no offset and no length is used
 * before it is checked against the blob. Builds on the host as well, for
 * fuzzing.
 */
#ifndef FDT_H
#define FDT_H

#include <byteorder.h>
#include <types.h>

#define FDT_MAGIC	0xd00dfeed
#define FDT_BEGIN_NODE	1
#define FDT_END_NODE	2
#define FDT_PROP	3
#define FDT_NOP		4
#define FDT_END		9

struct fdt_header {
	__be32 magic, totalsize, off_dt_struct, off_dt_strings;
	__be32 off_mem_rsvmap, version, last_comp_version, boot_cpuid_phys;
	__be32 size_dt_strings, size_dt_struct;
};

struct fdt {
	const u8 *blob;
	u32 size;
	u32 struct_off, struct_end;
	u32 strings_off, strings_size;
};

/* Events of a walk over the structure block. */
struct fdt_token {
	u32 tag;
	const char *name;	/* of the node or property */
	const void *value;
	u32 len;
};

static inline u32 fdt_cell(const void *p)
{
	return be32_to_cpu(*(const __be32 *)p);
}

/**
 * fdt_open() - Check the header of a blob of at most @limit bytes.
 * @blob: aligned to 8 bytes
 * Return: 0 or -EINVAL.
 */
int fdt_open(struct fdt *f, const void *blob, u32 limit);
/* The token at *@pos, which moves behind it; -EINVAL when it is corrupt.
 * Start at @f->struct_off.
 */
int fdt_next(const struct fdt *f, u32 *pos, struct fdt_token *t);
/* The reservation at *@off (start at off_mem_rsvmap); false at the end. */
bool fdt_next_reserve(const struct fdt *f, u32 *off, u64 *base, u64 *size);

#endif
