/* The initramfs: a cpio archive in the "new ASCII" format. Not trusted. */
#define pr_fmt(fmt) "initramfs: " fmt
#include <arch.h>
#include <export.h>
#include <kernel.h>
#include <list.h>
#include <mm.h>
#include <ramfs.h>
#include <slab.h>

#define CPIO_HEADER	110
#define MAX_PATH	256

/* Fields of eight hexadecimal digits behind the magic. */
enum { C_INO, C_MODE, C_UID, C_GID, C_NLINK, C_MTIME, C_FILESIZE, C_DEVMAJOR,
       C_DEVMINOR, C_RDEVMAJOR, C_RDEVMINOR, C_NAMESIZE, C_CHECK, C_FIELDS };

static LIST_HEAD(files);

static int parse_header(const char *p, u32 *f)
{
	int i, k;

	/* The variant with checksums differs in its magic only. */
	if (memcmp(p, "070701", 6) && memcmp(p, "070702", 6))
		return -EINVAL;
	p += 6;
	for (i = 0; i < C_FIELDS; i++) {
		f[i] = 0;
		for (k = 0; k < 8; k++, p++) {
			char c = (char)tolower(*p);

			if (c >= '0' && c <= '9')
				f[i] = f[i] << 4 | (u32)(c - '0');
			else if (c >= 'a' && c <= 'f')
				f[i] = f[i] << 4 | (u32)(c - 'a' + 10);
			else
				return -EINVAL;
		}
	}
	return 0;
}

static int add_file(const char *name, const u32 *f, const void *data)
{
	struct ramfs_file *file = kzalloc(sizeof(*file), GFP_KERNEL);

	if (!file)
		return -ENOMEM;
	while (str_has_prefix(name, "./"))
		name += 2;
	if (*name == '/')
		name++;
	file->path = kasprintf(GFP_KERNEL, "/%s", strcmp(name, ".") ? name :
			       "");
	if (!file->path) {
		kfree(file);
		return -ENOMEM;
	}
	file->data = data;
	file->size = f[C_FILESIZE];
	file->mode = f[C_MODE];
	list_add_tail(&file->node, &files);
	return 0;
}

/* Reads the entry at @p; returns the bytes it takes, 0 at the end. */
static ssize_t parse_entry(const char *p, size_t left)
{
	u32 f[C_FIELDS];
	size_t data;
	int ret;

	if (left < CPIO_HEADER)
		return -EINVAL;
	ret = parse_header(p, f);
	if (ret)
		return ret;
	if (!f[C_NAMESIZE] || f[C_NAMESIZE] > MAX_PATH ||
	    f[C_NAMESIZE] > left - CPIO_HEADER ||
	    p[CPIO_HEADER + f[C_NAMESIZE] - 1])
		return -EINVAL;
	if (!strcmp(p + CPIO_HEADER, "TRAILER!!!"))
		return 0;
	data = ALIGN(CPIO_HEADER + (size_t)f[C_NAMESIZE], 4);
	if (data > left || f[C_FILESIZE] > left - data)
		return -EINVAL;
	ret = add_file(p + CPIO_HEADER, f, p + data);
	if (ret)
		return ret;
	return (ssize_t)min(ALIGN(data + f[C_FILESIZE], 4), left);
}

void __init initramfs_init(phys_addr_t start, u64 size)
{
	const char *base = phys_to_virt(start);
	size_t at = 0, n = 0;
	ssize_t ret;

	if (!size) {
		pr_info("none\n");
		return;
	}
	for (;;) {
		/* Archives may follow each other, padded with zeros. */
		while (at < size && !base[at])
			at++;
		if (at == size)
			break;
		ret = parse_entry(base + at, size - at);
		if (ret < 0) {
			pr_err("corrupt archive at byte %#zx of %#llx: -%s\n",
			       at, size, errname((int)ret));
			break;
		}
		if (!ret) {
			at = min((size_t)size,
				 at + ALIGN(CPIO_HEADER + 11UL, 4));
			continue;
		}
		at += (size_t)ret;
		n++;
	}
	pr_info("%zu files in %llu bytes\n", n, size);
}

const struct ramfs_file *ramfs_find(const char *path)
{
	struct ramfs_file *f;

	while (*path == '/')
		path++;
	/* Later entries replace earlier ones. */
	list_for_each_entry_reverse(f, &files, node)
		if (!strcmp(f->path + 1, path))
			return f;
	return NULL;
}
EXPORT_SYMBOL(ramfs_find);

const struct ramfs_file *ramfs_next(const struct ramfs_file *f)
{
	const struct list_head *n = f ? f->node.next : files.next;

	return n == &files ? NULL : list_entry(n, struct ramfs_file, node);
}
EXPORT_SYMBOL(ramfs_next);
