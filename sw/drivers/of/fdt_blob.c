// SPDX-License-Identifier: MIT
/* Reading of a flattened device tree: see fdt.h. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include "fdt.h"

int fdt_open(struct fdt *f, const void *blob, u32 limit)
{
	const struct fdt_header *h = blob;
	u32 size_struct;

	if (limit < sizeof(*h) || be32_to_cpu(h->magic) != FDT_MAGIC)
		return -EINVAL;
	f->blob = blob;
	f->size = be32_to_cpu(h->totalsize);
	if (f->size < sizeof(*h) || f->size > limit ||
	    be32_to_cpu(h->last_comp_version) > 17 ||
	    be32_to_cpu(h->version) < 17)
		return -EINVAL;
	f->struct_off = be32_to_cpu(h->off_dt_struct);
	size_struct = be32_to_cpu(h->size_dt_struct);
	f->strings_off = be32_to_cpu(h->off_dt_strings);
	f->strings_size = be32_to_cpu(h->size_dt_strings);
	if ((f->struct_off & 3) || f->struct_off > f->size ||
	    size_struct > f->size - f->struct_off ||
	    f->strings_off > f->size ||
	    f->strings_size > f->size - f->strings_off)
		return -EINVAL;
	f->struct_end = f->struct_off + size_struct;
	return 0;
}

int fdt_next(const struct fdt *f, u32 *pos, struct fdt_token *t)
{
	u32 p = *pos, n, off;

	do {
		if (p > f->struct_end || f->struct_end - p < 4)
			return -EINVAL;
		t->tag = fdt_cell(f->blob + p);
		p += 4;
	} while (t->tag == FDT_NOP);
	switch (t->tag) {
	case FDT_BEGIN_NODE:
		t->name = (const char *)f->blob + p;
		n = (u32)strnlen(t->name, f->struct_end - p);
		if (n == f->struct_end - p)
			return -EINVAL;
		p = ALIGN(p + n + 1, 4);
		break;
	case FDT_PROP:
		if (f->struct_end - p < 8)
			return -EINVAL;
		t->len = fdt_cell(f->blob + p);
		off = fdt_cell(f->blob + p + 4);
		p += 8;
		if (t->len > f->struct_end - p || off >= f->strings_size)
			return -EINVAL;
		t->value = f->blob + p;
		t->name = (const char *)f->blob + f->strings_off + off;
		if (strnlen(t->name, f->strings_size - off) ==
		    f->strings_size - off)
			return -EINVAL;
		p = ALIGN(p + t->len, 4);
		break;
	case FDT_END_NODE:
	case FDT_END:
		break;
	default:
		return -EINVAL;
	}
	*pos = p;
	return 0;
}

bool fdt_next_reserve(const struct fdt *f, u32 *off, u64 *base, u64 *size)
{
	const u8 *p = f->blob + *off;

	if ((*off & 7) || *off > f->size || f->size - *off < 16)
		return false;
	*base = (u64)fdt_cell(p) << 32 | fdt_cell(p + 4);
	*size = (u64)fdt_cell(p + 8) << 32 | fdt_cell(p + 12);
	*off += 16;
	return *base || *size;
}
