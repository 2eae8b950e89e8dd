// SPDX-License-Identifier: MIT
/*
 * blktest: a list of results in KTAP for each disk. Writes go to the file
 * "scratch" of the archive on a disk, if it has one, and nowhere else.
 */
#include "virtio-blk.h"

#include <device.h>
#include <errno.h>
#include <kernel.h>
#include <kthread.h>
#include <ktap.h>
#include <math.h>
#include <shell.h>
#include <sizes.h>
#include <slab.h>
#include <string.h>

#define SCRATCH		"scratch"
#define THREADS		4u
#define READS		32u
#define WINDOW		SZ_128K	/* from the disk's start */
#define READ_MAX	SZ_16K

static void say(const char *what, const char *file)
{
	if (strcmp(what, "OK"))
		ktap_diag("%pE: %s", file, what);
}

static bool no_error(const char *what, int ret)
{
	if (ret)
		ktap_diag("%s: -%s", what, errname(ret));
	return !ret;
}

static void test_id(struct vblk *vb)
{
	struct scatterlist sg;
	char *id = kzalloc(VBLK_ID_BYTES + 1, GFP_KERNEL);
	int ret = -ENOMEM;

	if (id) {
		sg_set_buf(&sg, id, VBLK_ID_BYTES);
		ret = vblk_request(vb, VBLK_T_GET_ID, 0, &sg, 1);
	}
	ktap_ok(no_error("GET_ID", ret) && id[0], "%s id: it is named %pE",
		vb->name, ret ? "nothing" : id);
	kfree(id);
}

static void test_files(struct vblk *vb)
{
	struct vblk_sums sums;
	int ret = vblk_check_sums(vb, &sums, say);

	if (ret == -ENOENT || ret == -EINVAL) {
		ktap_skip("the disk is no tar archive with SHA256SUMS",
			  "%s files: each has the sum that the host gave it",
			  vb->name);
		return;
	}
	ktap_ok(no_error("reading", ret) && sums.right && !sums.wrong &&
		!sums.missing,
		"%s files: each of %u has the sum that the host gave it",
		vb->name, sums.right + sums.wrong + sums.missing);
}

static void test_ends(struct vblk *vb)
{
	u8 *buf = kmalloc(2 * VBLK_SECTOR, GFP_KERNEL);
	bool ok = buf &&
		  no_error("first", vblk_read(vb, 0, buf, VBLK_SECTOR)) &&
		  no_error("last", vblk_read(vb, vb->capacity - 1, buf,
					     VBLK_SECTOR));

	ok = ok && vblk_read(vb, vb->capacity, buf, VBLK_SECTOR) == -ERANGE &&
	     vblk_read(vb, vb->capacity - 1, buf, 2 * VBLK_SECTOR) ==
		     -ERANGE &&
	     vblk_read(vb, ~0ull, buf, VBLK_SECTOR) == -ERANGE &&
	     vblk_read(vb, 0, buf, VBLK_SECTOR - 1) == -EINVAL;
	ktap_ok(ok, "%s ends: first and last sector are there, and none behind",
		vb->name);
	kfree(buf);
}

/* The disk's first bytes, read sector by sector. */
static u8 *read_window(struct vblk *vb, size_t *size)
{
	u8 *window;
	size_t at;

	*size = (size_t)min((u64)WINDOW, vb->capacity * VBLK_SECTOR);
	window = alloc_pages_exact(WINDOW, GFP_KERNEL);
	for (at = 0; window && at < *size; at += VBLK_SECTOR)
		if (!no_error("a sector",
			      vblk_read(vb, at / VBLK_SECTOR, window + at,
					VBLK_SECTOR))) {
			free_pages_exact(window, WINDOW);
			return NULL;
		}
	return window;
}

/* As many pieces as there may be, of a sector each, in falling order. */
static bool read_scattered(struct vblk *vb, const u8 *window, size_t size)
{
	unsigned int n = min(vb->seg_max, (unsigned int)(size / VBLK_SECTOR));
	struct scatterlist *sg = kvmalloc(n * sizeof(*sg), GFP_KERNEL);
	u8 *buf = alloc_pages_exact(n * SZ_4K, GFP_KERNEL | __GFP_ZERO);
	bool ok = sg && buf;
	unsigned int i;

	for (i = 0; ok && i < n; i++)
		sg_set_buf(&sg[i], buf + (n - 1 - i) * SZ_4K + 8 * (i % 64),
			   VBLK_SECTOR);
	ok = ok && no_error("a request",
			    vblk_request(vb, VBLK_T_IN, 0, sg, n));
	for (i = 0; ok && i < n; i++)
		if (memcmp(buf + (n - 1 - i) * SZ_4K + 8 * (i % 64),
			   window + i * VBLK_SECTOR, VBLK_SECTOR)) {
			ktap_diag("piece %u of %u is wrong", i, n);
			ok = false;
		}
	if (buf)
		free_pages_exact(buf, n * SZ_4K);
	kvfree(sg);
	return ok;
}

struct reader {
	struct vblk *vb;
	const u8 *window;
	size_t size;
	struct rnd_state rnd;
};

static int read_at_random(void *data)
{
	struct reader *r = data;
	u8 *buf = alloc_pages_exact(READ_MAX, GFP_KERNEL);
	const u32 sectors = (u32)(r->size / VBLK_SECTOR);
	unsigned int i;
	int ret = buf ? 0 : -ENOMEM;

	for (i = 0; !ret && i < READS; i++) {
		u32 first = prandom_u32_state(&r->rnd) % sectors;
		u32 most = min(sectors - first,
			       (u32)(READ_MAX / VBLK_SECTOR));
		u32 n = 1 + prandom_u32_state(&r->rnd) % most;

		ret = vblk_read(r->vb, first, buf, n * VBLK_SECTOR);
		if (!ret && memcmp(buf, r->window + first * VBLK_SECTOR,
				   n * VBLK_SECTOR))
			ret = -EIO;
	}
	if (buf)
		free_pages_exact(buf, READ_MAX);
	return ret;
}

static bool read_in_parallel(struct vblk *vb, const u8 *window, size_t size)
{
	struct reader *readers = kzalloc(THREADS * sizeof(*readers),
					 GFP_KERNEL);
	struct task *thread[THREADS];
	bool ok = readers;
	unsigned int i;

	for (i = 0; readers && i < THREADS; i++) {
		readers[i].vb = vb;
		readers[i].window = window;
		readers[i].size = size;
		prandom_seed_state(&readers[i].rnd, 1 + i);
		thread[i] = kthread_run(read_at_random, &readers[i],
					"blktest/%u", i);
		ok = ok && !IS_ERR(thread[i]);
	}
	for (i = 0; readers && i < THREADS; i++)
		if (!IS_ERR(thread[i]))
			ok = no_error("a thread", kthread_stop(thread[i])) && ok;
	kfree(readers);
	return ok;
}

/* Every second KiB is written, flushed, and all is read as it should be. */
static bool write_scratch(struct vblk *vb, const struct vblk_file *f)
{
	const size_t size = (size_t)min(f->size, (u64)SZ_64K) / SZ_1K * SZ_1K;
	u8 *want = alloc_pages_exact(SZ_64K, GFP_KERNEL);
	u8 *have = alloc_pages_exact(SZ_64K, GFP_KERNEL | __GFP_ZERO);
	bool ok = want && have &&
		  no_error("read", vblk_read(vb, f->sector, want, size));
	size_t at, i;

	for (at = 0; ok && at < size; at += 2 * SZ_1K) {
		for (i = 0; i < SZ_1K; i++)
			want[at + i] = (u8)((at + i) * 0x9e3779b1u >> 13);
		ok = no_error("write",
			      vblk_write(vb, f->sector + at / VBLK_SECTOR,
					 want + at, SZ_1K));
	}
	if (vb->has_flush)
		ok = ok && no_error("flush", vblk_request(vb, VBLK_T_FLUSH, 0,
							  NULL, 0));
	ok = ok && no_error("read", vblk_read(vb, f->sector, have, size)) &&
	     !memcmp(want, have, size);
	if (have)
		free_pages_exact(have, SZ_64K);
	if (want)
		free_pages_exact(want, SZ_64K);
	return ok;
}

static void test_write(struct vblk *vb)
{
	static const char what[] =
		"write: what is written is read again, what is beside it stays";
	struct vblk_file *f = kmalloc(sizeof(*f), GFP_KERNEL);

	if (vb->read_only)
		ktap_skip("the disk is read-only", "%s %s", vb->name, what);
	else if (!f || vblk_find_file(vb, SCRATCH, f) || f->size < SZ_2K)
		ktap_skip("no file scratch of 2 KiB or more", "%s %s",
			  vb->name, what);
	else
		ktap_ok(write_scratch(vb, f), "%s %s", vb->name, what);
	kfree(f);
}

static void test_read_only(struct vblk *vb)
{
	static const char what[] = "read-only: a write is refused";
	u8 *buf = kzalloc(VBLK_SECTOR, GFP_KERNEL);

	if (!vb->read_only)
		ktap_skip("the disk can be written", "%s %s", vb->name, what);
	else
		ktap_ok(buf && vblk_write(vb, 0, buf, VBLK_SECTOR) == -EROFS,
			"%s %s", vb->name, what);
	kfree(buf);
}

static void test_disk(struct vblk *vb)
{
	u8 *window;
	size_t size;

	ktap_plan(7);
	test_id(vb);
	test_files(vb);
	test_ends(vb);
	window = read_window(vb, &size);
	ktap_ok(window && read_scattered(vb, window, size),
		"%s scattered: one request fills as many pieces as it may have",
		vb->name);
	ktap_ok(window && read_in_parallel(vb, window, size),
		"%s parallel: requests of %u threads are told apart",
		vb->name, THREADS);
	if (window)
		free_pages_exact(window, WINDOW);
	test_write(vb);
	test_read_only(vb);
}

int vblk_cmd_test(int argc, char **argv)
{
	const char *name = argc == 3 && !strcmp(argv[1], "--disk") ?
				   argv[2] : NULL;
	const unsigned int before = ktap_failures();
	struct vblk *vb = NULL;
	bool any = false;

	if (argc != 1 && !name) {
		shell_printf("usage: blktest [--disk NAME]\n");
		return -EINVAL;
	}
	while ((vb = vblk_get_next(vb))) {
		if (name && strcmp(name, vb->name))
			continue;
		any = true;
		test_disk(vb);
	}
	if (!any) {
		shell_printf("blktest: no disk%s%pE\n", name ? " " : "",
			     name ? name : "");
		return -ENODEV;
	}
	return ktap_failures() == before ? 0 : -EIO;
}
