/* The guest's readers of what a boot loader hands over, for the host. */
#include "../../sw/drivers/of/fdt.h"
/* Brings the archive's reader with its static functions. */
#include "../../sw/init/initramfs.c"

int fdt_fuzz_one(const u8 *data, size_t size);
int cpio_fuzz_one(const u8 *data, size_t size);
void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void free(void *p);
int vasprintf(char **out, const char *fmt, va_list ap);

void *kmalloc(size_t size, gfp_t gfp)
{
	return gfp & __GFP_ZERO ? calloc(1, size ? size : 1) :
				  malloc(size ? size : 1);
}

void kfree(const void *p)
{
	free((void *)p);
}

char *kasprintf(gfp_t flags, const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	if (vasprintf(&p, fmt, ap) < 0)
		p = NULL;
	va_end(ap);
	return p;
}

bool str_has_prefix(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

const char *errname(int err)
{
	return "E";
}

int printk(const char *fmt, ...)
{
	return 0;
}

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

/* True when a file was found. */
int cpio_fuzz_one(const u8 *data, size_t size)
{
	struct entry *f, *n;
	size_t s = 0;
	int found = 0;

	initramfs_init((u64)data - PAGE_OFFSET, size);
	list_for_each_entry_safe(f, n, &files, file.node) {
		s += strlen(f->file.path) + sum(f->file.data, f->file.size);
		found = 1;
		list_del(&f->file.node);
		kfree(f->file.path);
		kfree(f);
	}
	__asm__ volatile("" : : "r"(s));
	return found;
}
