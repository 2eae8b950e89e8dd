// SPDX-License-Identifier: MIT
/* ls and cat in /sys. */
#include <arch.h>
#include <kernel.h>
#include <mm.h>
#include <slab.h>
#include <sysfs.h>
#include "internal.h"

#define MAX_PATH	256

/* As with files of the initramfs, relative paths start at the root. */
static bool absolute(const char *path, char *buf, size_t size)
{
	while (*path == '/')
		path++;
	snprintf(buf, size, "/%s", path);
	return str_has_prefix(buf, "/sys") && (!buf[4] || buf[4] == '/');
}

bool shell_in_sysfs(const char *path)
{
	char buf[8];

	return absolute(path, buf, sizeof(buf));
}

static void tell(const char *command, const char *path, int err)
{
	const char *why = errname(err);

	if (err == -ENOENT)
		why = "no such file or directory";
	else if (err == -EISDIR)
		why = "is a directory";
	else if (err == -ENOTDIR)
		why = "is not a directory";
	shell_printf("%s: %pE: %s\n", command, path, why);
}

static void show(struct sysfs_node *node)
{
	struct sysfs_node *target;
	char path[MAX_PATH];

	sysfs_path(node, path, sizeof(path));
	switch (sysfs_kind(node)) {
	case SYSFS_DIR:
		shell_printf("d %8u %pE\n", 0, path);
		break;
	case SYSFS_FILE:
		shell_printf("- %8lu %pE\n", PAGE_SIZE, path);
		break;
	case SYSFS_LINK:
		shell_printf("l %8u %pE -> ", 0, path);
		target = sysfs_target(node);
		sysfs_path(target, path, sizeof(path));
		sysfs_put(target);
		shell_printf("%pE\n", path);
		break;
	}
}

int shell_sysfs_ls(const char *path)
{
	struct sysfs_node *dir, *node;
	char buf[MAX_PATH];
	u64 seq = 0;

	absolute(path, buf, sizeof(buf));
	dir = sysfs_open(buf, true);
	if (IS_ERR(dir)) {
		tell("ls", path, (int)PTR_ERR(dir));
		return (int)PTR_ERR(dir);
	}
	if (sysfs_kind(dir) == SYSFS_FILE)
		show(dir);
	while ((node = sysfs_next(dir, &seq))) {
		show(node);
		sysfs_put(node);
	}
	sysfs_put(dir);
	return 0;
}

static void put(void *to, const char *text)
{
	console_write(text, strlen(text));
}

int shell_sysfs_cat(const char *path)
{
	struct sysfs_node *file;
	char name[MAX_PATH];
	int ret;

	absolute(path, name, sizeof(name));
	file = sysfs_open(name, true);
	ret = PTR_ERR_OR_ZERO(file);
	if (!ret) {
		ret = sysfs_stream(file, put, NULL);
		sysfs_put(file);
	}
	if (ret)
		tell("cat", path, ret);
	return ret;
}
