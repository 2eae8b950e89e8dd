// SPDX-License-Identifier: MIT
/* disk: what disks there are, and the files of the archive on one. */
#include "virtio-blk.h"

#include <device.h>
#include <errno.h>
#include <kernel.h>
#include <shell.h>
#include <slab.h>
#include <string.h>

static int list_disks(void)
{
	struct vblk *vb = NULL;
	bool any = false;

	while ((vb = vblk_get_next(vb))) {
		any = true;
		shell_printf("%s: %s, %llu KiB%s, %llu requests, up to %u at a time%s\n",
			     vb->name, dev_name(vb->dev), vb->capacity / 2,
			     vb->read_only ? ", read-only" : "", vb->requests,
			     vb->most_in_flight,
			     READ_ONCE(vb->broken) ? ", broken" : "");
	}
	if (!any)
		shell_printf("no disks\n");
	return 0;
}

static int show_file(struct vblk *vb, const struct vblk_file *f, void *data)
{
	(void)vb;
	(void)data;
	shell_printf("- %10llu %pE\n", f->size, f->name);
	return 0;
}

static int print_bytes(const void *bytes, size_t n, void *data)
{
	(void)data;
	shell_write(bytes, n);
	return 0;
}

static int cat(struct vblk *vb, const char *name)
{
	struct vblk_file *f = kmalloc(sizeof(*f), GFP_KERNEL);
	int ret = f ? vblk_find_file(vb, name, f) : -ENOMEM;

	if (ret == -ENOENT)
		shell_printf("disk: %pE: no such file on %s\n", name,
			     vb->name);
	if (!ret)
		ret = vblk_read_file(vb, f, NULL, print_bytes);
	kfree(f);
	return ret;
}

static void say(const char *what, const char *file)
{
	shell_printf("%pE: %s\n", file, what);
}

static int check(struct vblk *vb)
{
	struct vblk_sums sums;
	int ret = vblk_check_sums(vb, &sums, say);

	if (ret == -ENOENT)
		shell_printf("disk: %s has no file SHA256SUMS\n", vb->name);
	if (ret)
		return ret;
	shell_printf("%s: %u files, %u as SHA256SUMS says, %u wrong, %u missing, %u without a sum\n",
		     vb->name, sums.files, sums.right, sums.wrong,
		     sums.missing, sums.unlisted);
	return sums.wrong || sums.missing ? -EIO : 0;
}

static int usage(void)
{
	shell_printf("usage: disk [ls | cat FILE | check] [--disk NAME]\n");
	return -EINVAL;
}

int vblk_cmd_disk(int argc, char **argv)
{
	const char *disk = NULL, *what[2] = { NULL, NULL };
	unsigned int words = 0;
	struct vblk *vb;
	int i, ret;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--disk")) {
			if (++i == argc)
				return usage();
			disk = argv[i];
		} else if (words < 2) {
			what[words++] = argv[i];
		} else {
			return usage();
		}
	}
	if (!words && !disk)
		return list_disks();
	if (!words || (strcmp(what[0], "ls") && strcmp(what[0], "check") &&
		       strcmp(what[0], "cat")) ||
	    (words == 2) != !strcmp(what[0], "cat"))
		return usage();
	vb = vblk_get(disk);
	if (!vb) {
		shell_printf("disk: no disk%s%pE\n", disk ? " " : "",
			     disk ? disk : "");
		return -ENODEV;
	}
	if (!strcmp(what[0], "ls"))
		ret = vblk_for_each_file(vb, NULL, show_file);
	else if (!strcmp(what[0], "cat"))
		ret = cat(vb, what[1]);
	else
		ret = check(vb);
	vblk_put(vb);
	return ret;
}
