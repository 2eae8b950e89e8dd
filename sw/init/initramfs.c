// SPDX-License-Identifier: MIT
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
	struct entry *next;	/* while entries are sorted */
};

/* Written before there is a second thread to look at them. */
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

/* The next part of a path, of @n bytes; NULL at its end. What is empty or "."
 * leads nowhere else.
 */
static const char *next_part(const char **path, size_t *n)
{
	for (;;) {
		const char *part = *path + strspn(*path, "/");

		*n = strcspn(part, "/");
		*path = part + *n;
		if (!*n)
			return NULL;
		if (*n != 1 || *part != '.')
			return part;
	}
}

/* One spelling for all that name the same: "/a/b", and "/" for the root. */
static char *canonical_path(const char *path)
{
	char *out = kmalloc(strlen(path) + 2, GFP_KERNEL), *at = out;
	const char *part;
	size_t n;

	if (!out)
		return NULL;
	while ((part = next_part(&path, &n))) {
		*at++ = '/';
		memcpy(at, part, n);
		at += n;
	}
	if (at == out)
		*at++ = '/';
	*at = 0;
	return out;
}

static bool leads_upwards(const char *path)
{
	const char *part;
	size_t n;

	while ((part = next_part(&path, &n)))
		if (n == 2 && !memcmp(part, "..", 2))
			return true;
	return false;
}

/* What is left of @canonical behind @path; NULL: it does not begin so. */
static const char *behind(const char *canonical, const char *path)
{
	const char *part;
	size_t n;

	while ((part = next_part(&path, &n))) {
		if (*canonical != '/' || strncmp(canonical + 1, part, n))
			return NULL;
		canonical += n + 1;
	}
	return !*canonical || *canonical == '/' ? canonical : NULL;
}

static int add_file(const char *name, const u32 *f, const void *data,
		    struct link *link)
{
	struct entry *e = kzalloc(sizeof(*e), GFP_KERNEL);

	if (!e)
		return -ENOMEM;
	e->file.path = canonical_path(name);
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

static void drop_file(struct entry *e)
{
	list_del(&e->file.node);
	kfree(e->file.path);
	kfree(e);
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

static void leave_out(struct reader *r, const char *name, const char *why)
{
	char shown[65];
	bool cut = strscpy(shown, name, sizeof(shown)) < 0;

	pr_err("%s: '%pE%s' is left out\n", why, shown, cut ? "..." : "");
	r->refused++;
}

/* What is below a folder follows it: '/' comes before all other bytes. */
static unsigned int path_rank(char c)
{
	return c == '/' ? 1 : c ? (u8)c + 1u : 0;
}

static int compare_paths(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (int)path_rank(*a) - (int)path_rank(*b);
}

/* Merges two sorted chains; of what is equal, that of @a comes first. */
static struct entry *merge(struct entry *a, struct entry *b)
{
	struct entry *first = NULL, **end = &first;

	while (a && b) {
		struct entry **least = compare_paths(a->file.path,
						     b->file.path) <= 0 ?
				       &a : &b;

		*end = *least;
		*least = (*least)->next;
		end = &(*end)->next;
	}
	*end = a ? a : b;
	return first;
}

/* All files by path, those of one path in the order of the archive. */
static struct entry *sort_files(void)
{
	/* Chain i has 2^i entries, and comes before those of lower i. */
	struct entry *chain[64] = { NULL }, *e, *all = NULL;
	unsigned int i;

	list_for_each_entry(e, &files, file.node) {
		struct entry *carry = e;

		e->next = NULL;
		for (i = 0; chain[i]; i++) {
			carry = merge(chain[i], carry);
			chain[i] = NULL;
		}
		chain[i] = carry;
	}
	for (i = 0; i < ARRAY_SIZE(chain); i++)
		all = merge(chain[i], all);
	return all;
}

static bool is_folder(const struct entry *e)
{
	return (e->file.mode & RAMFS_IFMT) == RAMFS_IFDIR;
}

/* Of several entries with one path the last one stays, as it would if each were
 * unpacked over those before. Below what is no folder nothing can be.
 */
static void settle_paths(struct reader *r)
{
	const struct entry *file = NULL;
	struct entry *e, *next;

	for (e = sort_files(); e; e = next) {
		next = e->next;
		if (next && !strcmp(e->file.path, next->file.path)) {
			drop_file(e);
		} else if (file && behind(e->file.path, file->file.path)) {
			leave_out(r, e->file.path,
				  "a file is where its folder should be");
			drop_file(e);
		} else if (!strcmp(e->file.path, "/") && !is_folder(e)) {
			leave_out(r, e->file.path, "the root is no folder");
			drop_file(e);
		} else {
			r->files++;
			if (!is_folder(e))
				file = e;
		}
	}
}

/* Why a name of @size bytes, the last of which is 0, is none. */
static bool name_is_bad(struct reader *r, const char *name, size_t size)
{
	size_t n = strlen(name);
	char why[64];

	/* Zeros behind the name only pad it. */
	if (memchr_inv(name + n, 0, size - n)) {
		leave_out(r, name, "a name has a null character inside");
	} else if (n >= PATH_MAX) {
		snprintf(why, sizeof(why),
			 "a name has %zu bytes, %d are allowed", n,
			 PATH_MAX - 1);
		leave_out(r, name, why);
	} else if (leads_upwards(name)) {
		leave_out(r, name, "a name leads upwards by '..'");
	} else {
		return false;
	}
	return true;
}

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
	if (!name_is_bad(r, name, f[C_NAMESIZE])) {
		ret = add_file(name, f, p + data, link);
		if (ret)
			return ret;
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
	settle_paths(&r);
	pr_info("%zu files in %llu bytes\n", r.files, size);
	if (r.refused)
		pr_err("%zu files are left out\n", r.refused);
}

const struct ramfs_file *ramfs_find(const char *path)
{
	struct ramfs_file *f;

	list_for_each_entry(f, &files, node) {
		const char *rest = behind(f->path, path);

		if (rest && (!*rest || !f->path[1]))
			return f;
	}
	return NULL;
}
EXPORT_SYMBOL(ramfs_find);

const struct ramfs_file *ramfs_next(const struct ramfs_file *f)
{
	const struct list_head *n = f ? f->node.next : files.next;

	return n == &files ? NULL : list_entry(n, struct ramfs_file, node);
}
EXPORT_SYMBOL(ramfs_next);

bool ramfs_below(const struct ramfs_file *f, const char *path)
{
	return behind(f->path, path);
}
