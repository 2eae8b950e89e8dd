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
#define PATH_MAX	4096	/* with the null character, as Linux's */

/* Fields of eight hexadecimal digits behind the magic. */
enum { C_INO, C_MODE, C_UID, C_GID, C_NLINK, C_MTIME, C_FILESIZE, C_DEVMAJOR,
       C_DEVMINOR, C_RDEVMAJOR, C_RDEVMINOR, C_NAMESIZE, C_CHECK, C_FIELDS };

/* A file with several names. The data may come with any of them: cpio and
 * gen_init_cpio write it with the last one.
 *
 * A tree in which the key's bits, one a level, choose the child: an archive can
 * make no way in it longer than a key has bits.
 */
struct link {
	struct link *child[2];
	struct link *next;	/* of all of them */
	u32 key[4];		/* inode, archive, major, minor */
	const void *data;
	size_t size;
};

/* What the archive's reader knows of a file. */
struct entry {
	struct ramfs_file file;
	struct link *link;	/* NULL: a file with one name */
};

static LIST_HEAD(files);
static struct link *links, *all_links;

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

static bool link_bit(const struct link *l, unsigned int i)
{
	return l->key[i / 32] >> i % 32 & 1;
}

/* The file that a name of several belongs to. Numbers of an archive say nothing
 * in the next one, behind a trailer.
 */
static int find_link(u32 archive, const u32 *f, struct link **out)
{
	struct link wanted = { .key = { f[C_INO], archive, f[C_DEVMAJOR],
					f[C_DEVMINOR] } };
	struct link **at = &links;
	unsigned int depth = 0;

	*out = NULL;
	if (f[C_NLINK] < 2 || (f[C_MODE] & RAMFS_IFMT) != RAMFS_IFREG)
		return 0;
	while (*at) {
		if (!memcmp((*at)->key, wanted.key, sizeof(wanted.key))) {
			*out = *at;
			return 0;
		}
		at = &(*at)->child[link_bit(&wanted, depth++)];
	}
	*at = kzalloc(sizeof(**at), GFP_KERNEL);
	if (!*at)
		return -ENOMEM;
	memcpy((*at)->key, wanted.key, sizeof(wanted.key));
	(*at)->next = all_links;
	all_links = *at;
	*out = *at;
	return 0;
}

static int add_file(const char *name, const u32 *f, const void *data,
		    struct link *link)
{
	struct entry *e = kzalloc(sizeof(*e), GFP_KERNEL);

	if (!e)
		return -ENOMEM;
	while (str_has_prefix(name, "./"))
		name += 2;
	if (*name == '/')
		name++;
	e->file.path = kasprintf(GFP_KERNEL, "/%s", strcmp(name, ".") ? name :
				 "");
	if (!e->file.path) {
		kfree(e);
		return -ENOMEM;
	}
	e->file.data = data;
	e->file.size = f[C_FILESIZE];
	e->file.mode = f[C_MODE];
	e->link = link;
	list_add_tail(&e->file.node, &files);
	return 0;
}

/* Gives all names of a file its data, once everything has been read. */
static void settle_links(void)
{
	struct entry *e;
	struct link *l;

	list_for_each_entry(e, &files, file.node) {
		if (!e->link)
			continue;
		e->file.data = e->link->data;
		e->file.size = e->link->size;
		e->link = NULL;
	}
	while ((l = all_links)) {
		all_links = l->next;
		kfree(l);
	}
	links = NULL;
}

/* What is read of several archives behind each other. */
struct reader {
	u32 archive;
	size_t files, refused;
};

/* Reads the entry at @p; returns the bytes it takes. */
static ssize_t parse_entry(struct reader *r, const char *p, size_t left)
{
	const char *name = p + CPIO_HEADER;
	u32 f[C_FIELDS];
	struct link *link;
	size_t data;
	int ret;

	if (left < CPIO_HEADER)
		return -EINVAL;
	ret = parse_header(p, f);
	if (ret)
		return ret;
	if (!f[C_NAMESIZE] || f[C_NAMESIZE] > left - CPIO_HEADER ||
	    name[f[C_NAMESIZE] - 1])
		return -EINVAL;
	data = ALIGN(CPIO_HEADER + (size_t)f[C_NAMESIZE], 4);
	if (!strcmp(name, "TRAILER!!!")) {
		r->archive++;
		return (ssize_t)min(data, left);
	}
	if (data > left || f[C_FILESIZE] > left - data)
		return -EINVAL;
	ret = find_link(r->archive, f, &link);
	if (ret)
		return ret;
	if (link && f[C_FILESIZE]) {
		link->data = p + data;
		link->size = f[C_FILESIZE];
	}
	if (strlen(name) >= PATH_MAX) {
		pr_err("a name has %zu bytes, %d are allowed: '%.64s...' is left out\n",
		       strlen(name), PATH_MAX - 1, name);
		r->refused++;
	} else {
		ret = add_file(name, f, p + data, link);
		if (ret)
			return ret;
		r->files++;
	}
	return (ssize_t)min(ALIGN(data + f[C_FILESIZE], 4), left);
}

void __init initramfs_init(phys_addr_t start, u64 size)
{
	const char *base = phys_to_virt(start);
	struct reader r = { 0 };
	size_t at = 0;
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
		ret = parse_entry(&r, base + at, size - at);
		if (ret < 0) {
			pr_err("corrupt archive at byte %#zx of %#llx: -%s\n",
			       at, size, errname((int)ret));
			break;
		}
		at += (size_t)ret;
	}
	settle_links();
	pr_info("%zu files in %llu bytes\n", r.files, size);
	if (r.refused)
		pr_err("%zu files are left out\n", r.refused);
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
