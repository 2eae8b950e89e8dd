// SPDX-License-Identifier: MIT
/* Files of the tar archive that a disk is, and their sums. */
#include "sha256.h"
#include "tar.h"
#include "virtio-blk.h"

#include <device.h>
#include <errno.h>
#include <kernel.h>
#include <shell.h>
#include <slab.h>
#include <string.h>

#define PAGES		32u	/* of one request */
#define LIST_NAME	"SHA256SUMS"
#define LIST_MAX	(1u << 20)

static u64 blocks_of(u64 bytes)
{
	return bytes / TAR_BLOCK + (bytes % TAR_BLOCK != 0);
}

int vblk_for_each_file(struct vblk *vb, void *data,
		       int (*fn)(struct vblk *vb, const struct vblk_file *f,
				 void *data))
{
	struct vblk_file *f = kmalloc(sizeof(*f), GFP_KERNEL);
	struct tar_header *h = kmalloc(sizeof(*h), GFP_KERNEL);
	u8 *block = kmalloc(TAR_BLOCK, GFP_KERNEL);
	u64 at = 0;
	int ret = f && h && block ? 0 : -ENOMEM;

	while (!ret && at < vb->capacity) {
		ret = vblk_read(vb, at, block, TAR_BLOCK);
		if (ret)
			break;
		ret = tar_parse(block, h);
		if (ret > 0 && blocks_of(h->size) > vb->capacity - at - 1)
			ret = -EINVAL;
		if (ret < 0) {
			shell_printf("%s: no tar archive, or a damaged one: sector %llu\n",
				     vb->name, at);
			break;
		}
		if (!ret)
			break;
		ret = 0;
		if (h->regular) {
			memcpy(f->name, h->name, sizeof(f->name));
			f->sector = at + 1;
			f->size = h->size;
			ret = fn(vb, f, data);
		}
		at += 1 + blocks_of(h->size);
		if (shell_interrupted())
			ret = -EINTR;
	}
	kfree(block);
	kfree(h);
	kfree(f);
	return ret;
}

/* Pages that lie wherever they do: one request reads them all. */
int vblk_read_file(struct vblk *vb, const struct vblk_file *f, void *data,
		   int (*fn)(const void *bytes, size_t n, void *data))
{
	const unsigned int most = min(PAGES, vb->seg_max);
	struct scatterlist *sg;
	void *page[PAGES];
	u64 done = 0;
	unsigned int i, n = 0;
	int ret = 0;

	sg = kmalloc(PAGES * sizeof(*sg), GFP_KERNEL);
	if (!sg)
		return -ENOMEM;
	for (n = 0; n < most; n++) {
		page[n] = (void *)__get_free_pages(GFP_KERNEL, 0);
		if (!page[n])
			break;
	}
	if (!n)
		ret = -ENOMEM;
	while (!ret && done < f->size) {
		u64 left = f->size - done;
		unsigned int used = 0;

		for (; used < n && left; used++) {
			u64 part = min(left, (u64)PAGE_SIZE);

			sg_set_buf(&sg[used], page[used],
				   ALIGN(part, VBLK_SECTOR));
			left -= part;
		}
		ret = vblk_request(vb, VBLK_T_IN,
				   f->sector + done / VBLK_SECTOR, sg, used);
		for (i = 0; !ret && i < used; i++) {
			size_t part = (size_t)min(f->size - done,
						  (u64)PAGE_SIZE);

			ret = fn(page[i], part, data);
			done += part;
		}
		if (shell_interrupted())
			ret = -EINTR;
	}
	for (i = 0; i < n; i++)
		free_pages((unsigned long)page[i], 0);
	kfree(sg);
	return ret;
}

static const char *plain(const char *name)
{
	while (*name == '/' || (name[0] == '.' && name[1] == '/'))
		name++;
	return name;
}

struct wanted {
	const char *name;
	struct vblk_file *file;
};

static int match_name(struct vblk *vb, const struct vblk_file *f, void *data)
{
	struct wanted *w = data;

	(void)vb;
	if (strcmp(plain(f->name), plain(w->name)))
		return 0;
	*w->file = *f;
	return 1;
}

int vblk_find_file(struct vblk *vb, const char *name, struct vblk_file *f)
{
	struct wanted w = { .name = name, .file = f };
	int ret = vblk_for_each_file(vb, &w, match_name);

	return ret < 0 ? ret : ret ? 0 : -ENOENT;
}

/* The list: lines of sha256sum, 64 digits, a blank, a blank or "*", a name. */
struct list {
	char *text;
	size_t size, used;
	struct sums_line {
		const char *name;
		u8 digest[SHA256_BYTES];
		bool found;
	} *line;
	unsigned int lines;
	struct vblk_sums *sums;
	void (*say)(const char *what, const char *file);
};

static int take_text(const void *bytes, size_t n, void *data)
{
	struct list *l = data;

	memcpy(l->text + l->used, bytes, n);
	l->used += n;
	return 0;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_line(char *line, struct sums_line *s)
{
	unsigned int i;

	for (i = 0; i < SHA256_BYTES; i++) {
		int high = digit(line[2 * i]);
		int low = high < 0 ? -1 : digit(line[2 * i + 1]);

		if (low < 0)
			return -EINVAL;
		s->digest[i] = (u8)(high << 4 | low);
	}
	line += 2 * SHA256_BYTES;
	if (line[0] != ' ' || (line[1] != ' ' && line[1] != '*') || !line[2])
		return -EINVAL;
	s->name = plain(line + 2);
	s->found = false;
	return 0;
}

static int parse_list(struct list *l)
{
	size_t i, begin = 0, lines = 0;

	for (i = 0; i < l->used; i++)
		lines += l->text[i] == '\n';
	l->line = kvmalloc((lines + 1) * sizeof(*l->line), GFP_KERNEL);
	if (!l->line)
		return -ENOMEM;
	for (i = 0; i <= l->used; i++) {
		if (i < l->used && l->text[i] != '\n')
			continue;
		l->text[i] = 0;
		if (i != begin) {
			if (parse_line(l->text + begin, &l->line[l->lines])) {
				shell_printf("%s: line %u is no sum and name\n",
					     LIST_NAME, l->lines + 1);
				return -EINVAL;
			}
			l->lines++;
		}
		begin = i + 1;
	}
	return 0;
}

static int add_bytes(const void *bytes, size_t n, void *data)
{
	sha256_update(data, bytes, n);
	return 0;
}

static int check_file(struct vblk *vb, const struct vblk_file *f, void *data)
{
	u8 digest[SHA256_BYTES];
	struct list *l = data;
	struct sums_line *s = NULL;
	struct sha256 sum;
	unsigned int i;
	int ret;

	if (!strcmp(plain(f->name), LIST_NAME))
		return 0;
	l->sums->files++;
	for (i = 0; i < l->lines && !s; i++)
		if (!strcmp(l->line[i].name, plain(f->name)))
			s = &l->line[i];
	if (!s) {
		l->sums->unlisted++;
		return 0;
	}
	s->found = true;
	sha256_init(&sum);
	ret = vblk_read_file(vb, f, &sum, add_bytes);
	if (ret)
		return ret;
	sha256_final(&sum, digest);
	if (memcmp(digest, s->digest, sizeof(digest))) {
		l->sums->wrong++;
		l->say("is not what its sum says", f->name);
	} else {
		l->sums->right++;
		l->say("OK", f->name);
	}
	return 0;
}

int vblk_check_sums(struct vblk *vb, struct vblk_sums *sums,
		    void (*say)(const char *what, const char *file))
{
	struct list l = { .sums = sums, .say = say };
	struct vblk_file *f = kmalloc(sizeof(*f), GFP_KERNEL);
	unsigned int i;
	int ret;

	memset(sums, 0, sizeof(*sums));
	if (!f)
		return -ENOMEM;
	ret = vblk_find_file(vb, LIST_NAME, f);
	if (ret)
		goto out;
	if (f->size > LIST_MAX) {
		ret = -E2BIG;
		goto out;
	}
	l.size = (size_t)f->size + 1;
	l.text = kvmalloc(l.size, GFP_KERNEL);
	ret = l.text ? vblk_read_file(vb, f, &l, take_text) : -ENOMEM;
	if (!ret)
		ret = parse_list(&l);
	if (!ret)
		ret = vblk_for_each_file(vb, &l, check_file);
	for (i = 0; !ret && i < l.lines; i++)
		if (!l.line[i].found) {
			sums->missing++;
			say("is not in the archive", l.line[i].name);
		}
out:
	kvfree(l.line);
	kvfree(l.text);
	kfree(f);
	return ret;
}
