/* The guest's readers of what a boot loader hands over, for the host. */
#include "guest_host.h"
#include "../../sw/drivers/of/fdt.h"
/* Brings the archive's reader with its static functions. */
#include "../../sw/init/initramfs.c"

int fdt_fuzz_one(const u8 *data, size_t size);
int cpio_fuzz_one(const u8 *data, size_t size);

static size_t sum(const void *p, size_t n)
{
	const u8 *b = p;
	size_t s = 0;

	while (n--)
		s += *b++;
	return s;
}

/* True when the whole tree could be walked. */
int fdt_fuzz_one(const u8 *data, size_t size)
{
	struct fdt_token t;
	struct fdt f;
	u64 base, len;
	size_t s = 0;
	int depth = 0;
	u32 pos;

	if (fdt_open(&f, data, (u32)size))
		return 0;
	pos = be32_to_cpu(((const struct fdt_header *)data)->off_mem_rsvmap);
	while (fdt_next_reserve(&f, &pos, &base, &len))
		s += base + len;
	pos = f.struct_off;
	do {
		u32 before = pos;

		if (fdt_next(&f, &pos, &t))
			return 0;
		if (pos <= before)
			__builtin_trap();	/* would never end */
		if (t.tag == FDT_BEGIN_NODE) {
			depth++;
			s += strlen(t.name);
		} else if (t.tag == FDT_END_NODE) {
			depth--;
		} else if (t.tag == FDT_PROP) {
			s += strlen(t.name) + sum(t.value, t.len);
		}
	} while (t.tag != FDT_END && depth > 0);
	__asm__ volatile("" : : "r"(s));
	return t.tag == FDT_END_NODE;
}

/* A path has one spelling, leads nowhere else, and finds its file. */
static void check_path(const struct ramfs_file *f)
{
	const char *p = f->path;

	if (*p != '/' || ramfs_find(p) != f || ramfs_find(p + 1) != f ||
	    !ramfs_below(f, p) || !ramfs_below(f, "/"))
		__builtin_trap();
	if (p[1] && (strstr(p, "//") || strstr(p, "/./") ||
		     p[strlen(p) - 1] == '/' || leads_upwards(p)))
		__builtin_trap();
}

/* True when a file was found. */
int cpio_fuzz_one(const u8 *data, size_t size)
{
	const struct ramfs_file *file;
	u64 mark = host_mark();
	struct entry *f, *n;
	size_t s = 0;
	int found = 0;

	initramfs_init((u64)data - PAGE_OFFSET, size);
	for (file = ramfs_next(NULL); file; file = ramfs_next(file))
		check_path(file);
	list_for_each_entry_safe(f, n, &files, file.node) {
		s += strlen(f->file.path) + sum(f->file.data, f->file.size);
		found = 1;
		drop_file(f);
	}
	if (host_free_since(mark))
		__builtin_trap();	/* a leak */
	__asm__ volatile("" : : "r"(s));
	return found;
}
