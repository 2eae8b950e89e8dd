/* SPDX-License-Identifier: MIT */
/*
 * /sys: what the kernel has, as folders, files that a function fills when they
 * are read, and links. Read only.
 *
 * Everything here may sleep. The tree has a lock of its own, which nests in any
 * other; it is not held while a file is filled. Whoever removes a file waits
 * until nobody is filling it: it must hold no lock that its show() takes.
 */
#ifndef SYSFS_H
#define SYSFS_H

#include <compiler.h>
#include <mm.h>
#include <types.h>

struct sysfs_node;

/* Takes text for a reader; @to is the reader's. */
typedef void (*sysfs_put_t)(void *to, const char *text);

/**
 * struct attribute - a file
 * @show: writes at most PAGE_SIZE bytes to @buf, by sysfs_emit(), and returns
 *	their number or -errno. @object is that of the folder, and stays
 *	until the folder is removed
 * @stream: instead of @show, for what may be longer: gives it to @put, piece by
 *	piece, and returns 0 or -errno
 */
struct attribute {
	const char *name;
	ssize_t (*show)(void *object, char *buf);
	int (*stream)(void *object, sysfs_put_t put, void *to);
};

#define ATTRIBUTE(attr_name, show_fn) \
	{ .name = (attr_name), .show = (show_fn) }
#define ATTRIBUTE_STREAM(attr_name, stream_fn) \
	{ .name = (attr_name), .stream = (stream_fn) }

/**
 * struct attribute_group - several files
 * @name: of a folder that they get, NULL: none
 * @attrs: ends with one that has no name
 */
struct attribute_group {
	const char *name;
	const struct attribute *attrs;
};

/*
 * A folder in @parent, NULL: in /sys. It is the caller's until sysfs_remove().
 * ERR_PTR: -EEXIST, -ENOMEM, -ENOENT when @parent is removed, -EINVAL for a
 * name with a '/' or none.
 */
struct sysfs_node *sysfs_create_dir(struct sysfs_node *parent,
				    const char *name, void *object);
/* The folder /sys/@a or, with @b, /sys/@a/@b, made when it is not there; it
 * stays for good. NULL without memory.
 */
struct sysfs_node *sysfs_top_dir(const char *a, const char *b);
/* @attr outlives the folder. */
int sysfs_create_file(struct sysfs_node *dir, const struct attribute *attr);
/* The same, of an object of its own, which outlives the folder, too. */
int sysfs_create_file_of(struct sysfs_node *dir, const struct attribute *attr,
			 void *object);
/* All of it or nothing. */
int sysfs_create_group(struct sysfs_node *dir,
		       const struct attribute_group *group);
/* A link in @dir to @target; when @target is removed it leads nowhere. Where
 * one of both is NULL, because it could not be made, there is no link, and no
 * error.
 */
int sysfs_create_link(struct sysfs_node *dir, struct sysfs_node *target,
		      const char *name);
/* A folder with all that is in it, folders too: those are gone. NULL and
 * ERR_PTR do nothing.
 */
void sysfs_remove(struct sysfs_node *dir);
/* A file, link or folder in @dir, which may be NULL; it need not be there. */
void sysfs_remove_name(struct sysfs_node *dir, const char *name);

/* Appends nothing: one call a show(). Longer texts are cut. */
ssize_t sysfs_emit(char *buf, const char *fmt, ...) __printf(2, 3);

/* For readers. */

enum sysfs_kind { SYSFS_DIR, SYSFS_FILE, SYSFS_LINK };

/* An absolute path from "/sys" on; links in it are followed, but @follow says
 * so for the last part. A reference, for sysfs_put(); ERR_PTR: -ENOENT,
 * -ENOTDIR, -ELOOP.
 */
struct sysfs_node *sysfs_open(const char *path, bool follow);
void sysfs_put(struct sysfs_node *node);
enum sysfs_kind sysfs_kind(const struct sysfs_node *node);
const char *sysfs_name(const struct sysfs_node *node);
/* The target of a link, with a reference. */
struct sysfs_node *sysfs_target(struct sysfs_node *link);
/* "/sys/...", cut to @size bytes. */
void sysfs_path(const struct sysfs_node *node, char *buf, size_t size);
/* Fills @buf, of PAGE_SIZE bytes: their number, -EISDIR, -ENOENT for a file
 * that is removed, or -EFBIG for one that only sysfs_stream() reads.
 */
ssize_t sysfs_read(struct sysfs_node *file, char *buf);
/* Gives all of it to @put: 0, or as sysfs_read(), or -ENOMEM. */
int sysfs_stream(struct sysfs_node *file, sysfs_put_t put, void *to);
/* The member of @dir behind the place *@seq (0: the first), with a reference,
 * or NULL; *@seq becomes its place.
 */
struct sysfs_node *sysfs_next(struct sysfs_node *dir, u64 *seq);

#endif
