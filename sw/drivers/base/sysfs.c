// SPDX-License-Identifier: MIT
/*
 * /sys: the tree, and how it is read while it changes.
 *
 * A node lives as long as somebody has a reference: the folder that it is in, a
 * link to it, a reader, or a node in it. A file's object lives less long: it
 * may go once sysfs_remove() has returned. So a reader counts itself in before
 * it calls show(), which it may not any more when the node is removed, and who
 * removes it waits until the last one has counted itself out.
 */
#include <sysfs.h>

#include <atomic.h>
#include <export.h>
#include <kernel.h>
#include <list.h>
#include <mutex.h>
#include <slab.h>
#include <wait.h>

/**
 * struct sysfs_node - a folder, file or link
 * @parent: with a reference; NULL: the root
 * @sibling, @children, @removed: under sysfs_lock, and what starts @readers
 * @seq: place among its siblings, never used twice
 * @object: a folder's, for the files in it; a file's, if it has one of its own
 * @attr: makes it a file
 * @target: makes it a link; with a reference
 * @readers: under way in @attr->show()
 */
struct sysfs_node {
	struct kref kref;
	struct sysfs_node *parent;
	struct list_head sibling;
	struct list_head children;
	u64 seq;
	void *object;
	const struct attribute *attr;
	struct sysfs_node *target;
	atomic_t readers;
	bool removed;
	char name[];
};

/* Links that are followed on one way. */
#define MAX_LINKS	8

static DEFINE_MUTEX(sysfs_lock);
static DECLARE_WAIT_QUEUE_HEAD(no_reader);

static struct sysfs_node root = {
	.kref = { REFCOUNT_INIT(1) },
	.sibling = LIST_HEAD_INIT(root.sibling),
	.children = LIST_HEAD_INIT(root.children),
	.name = "sys",
};

static void node_free(struct kref *kref)
{
	struct sysfs_node *node = container_of(kref, struct sysfs_node, kref);

	sysfs_put(node->parent);
	sysfs_put(node->target);
	kfree(node);
}

static struct sysfs_node *node_get(struct sysfs_node *node)
{
	if (node)
		kref_get(&node->kref);
	return node;
}

void sysfs_put(struct sysfs_node *node)
{
	if (node)
		kref_put(&node->kref, node_free);
}
EXPORT_SYMBOL(sysfs_put);

/* With sysfs_lock. */
static struct sysfs_node *find_child(struct sysfs_node *dir, const char *name,
				     size_t len)
{
	struct sysfs_node *node;

	list_for_each_entry(node, &dir->children, sibling)
		if (!strncmp(node->name, name, len) && !node->name[len])
			return node;
	return NULL;
}

static struct sysfs_node *create(struct sysfs_node *parent, const char *name,
				 void *object, const struct attribute *attr,
				 struct sysfs_node *target)
{
	static u64 last_seq;
	struct sysfs_node *node;
	int ret = 0;

	if (!*name || strchr(name, '/') || !strcmp(name, ".") ||
	    !strcmp(name, ".."))
		return ERR_PTR(-EINVAL);
	node = kzalloc(sizeof(*node) + strlen(name) + 1, GFP_KERNEL);
	if (!node)
		return ERR_PTR(-ENOMEM);
	kref_init(&node->kref);
	INIT_LIST_HEAD(&node->children);
	memcpy(node->name, name, strlen(name));
	node->object = object;
	node->attr = attr;
	node->target = node_get(target);
	node->parent = node_get(parent);
	mutex_lock(&sysfs_lock);
	if (parent->removed)
		ret = -ENOENT;
	else if (find_child(parent, name, strlen(name)))
		ret = -EEXIST;
	else
		list_add_tail(&node->sibling, &parent->children);
	node->seq = ++last_seq;
	mutex_unlock(&sysfs_lock);
	if (ret) {
		sysfs_put(node);
		return ERR_PTR(ret);
	}
	return node;
}

struct sysfs_node *sysfs_create_dir(struct sysfs_node *parent,
				    const char *name, void *object)
{
	return create(parent ? parent : &root, name, object, NULL, NULL);
}
EXPORT_SYMBOL(sysfs_create_dir);

static struct sysfs_node *find_or_create(struct sysfs_node *parent,
					 const char *name)
{
	struct sysfs_node *dir = sysfs_create_dir(parent, name, NULL);

	if (PTR_ERR(dir) == -EEXIST) {
		mutex_lock(&sysfs_lock);
		dir = find_child(parent, name, strlen(name));
		mutex_unlock(&sysfs_lock);
	}
	return IS_ERR(dir) ? NULL : dir;
}

struct sysfs_node *sysfs_top_dir(const char *a, const char *b)
{
	struct sysfs_node *dir = find_or_create(&root, a);

	return dir && b ? find_or_create(dir, b) : dir;
}
EXPORT_SYMBOL(sysfs_top_dir);

int sysfs_create_file_of(struct sysfs_node *dir, const struct attribute *attr,
			 void *object)
{
	return PTR_ERR_OR_ZERO(create(dir, attr->name, object, attr, NULL));
}
EXPORT_SYMBOL(sysfs_create_file_of);

int sysfs_create_file(struct sysfs_node *dir, const struct attribute *attr)
{
	return sysfs_create_file_of(dir, attr, NULL);
}
EXPORT_SYMBOL(sysfs_create_file);

int sysfs_create_group(struct sysfs_node *dir,
		       const struct attribute_group *group)
{
	const struct attribute *attr;
	struct sysfs_node *to = dir;
	int ret = 0;

	if (group->name) {
		to = sysfs_create_dir(dir, group->name, dir->object);
		if (IS_ERR(to))
			return (int)PTR_ERR(to);
	}
	for (attr = group->attrs; attr->name && !ret; attr++)
		ret = sysfs_create_file(to, attr);
	if (!ret)
		return 0;
	if (to != dir) {
		sysfs_remove(to);
		return ret;
	}
	/* The last one failed, and is perhaps somebody else's. */
	while (--attr > group->attrs)
		sysfs_remove_name(dir, attr[-1].name);
	return ret;
}
EXPORT_SYMBOL(sysfs_create_group);

int sysfs_create_link(struct sysfs_node *dir, struct sysfs_node *target,
		      const char *name)
{
	if (!dir || !target)
		return 0;
	return PTR_ERR_OR_ZERO(create(dir, name, NULL, NULL, target));
}
EXPORT_SYMBOL(sysfs_create_link);

/* @node has been taken out of its folder, and its reference with it. */
static void remove(struct sysfs_node *node)
{
	struct sysfs_node *child;

	for (;;) {
		mutex_lock(&sysfs_lock);
		child = list_first_entry_or_null(&node->children,
						 struct sysfs_node, sibling);
		if (child) {
			child->removed = true;
			list_del_init(&child->sibling);
		}
		mutex_unlock(&sysfs_lock);
		if (!child)
			break;
		/* The tree is as deep as the kernel makes it: a few steps. */
		remove(child);
	}
	wait_event(no_reader, !atomic_read(&node->readers));
	sysfs_put(node);
}

void sysfs_remove(struct sysfs_node *dir)
{
	bool mine;

	if (IS_ERR_OR_NULL(dir))
		return;
	mutex_lock(&sysfs_lock);
	mine = !dir->removed;
	dir->removed = true;
	if (mine)
		list_del_init(&dir->sibling);
	mutex_unlock(&sysfs_lock);
	if (mine)
		remove(dir);
}
EXPORT_SYMBOL(sysfs_remove);

void sysfs_remove_name(struct sysfs_node *dir, const char *name)
{
	struct sysfs_node *node;

	if (IS_ERR_OR_NULL(dir))
		return;
	mutex_lock(&sysfs_lock);
	node = find_child(dir, name, strlen(name));
	if (node) {
		node->removed = true;
		list_del_init(&node->sibling);
	}
	mutex_unlock(&sysfs_lock);
	if (node)
		remove(node);
}
EXPORT_SYMBOL(sysfs_remove_name);

ssize_t sysfs_emit(char *buf, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, PAGE_SIZE, fmt, ap);
	va_end(ap);
	return min(n, (int)PAGE_SIZE - 1);
}
EXPORT_SYMBOL(sysfs_emit);

/* ---- readers */

/* The child @name of @dir, which is given back; ERR_PTR. */
static struct sysfs_node *step(struct sysfs_node *dir, const char *name,
			       size_t len)
{
	struct sysfs_node *node = ERR_PTR(-ENOTDIR);

	mutex_lock(&sysfs_lock);
	if (len == 2 && !strncmp(name, "..", len))
		node = node_get(dir->parent ? dir->parent : dir);
	else if (sysfs_kind(dir) == SYSFS_DIR)
		node = node_get(find_child(dir, name, len));
	mutex_unlock(&sysfs_lock);
	sysfs_put(dir);
	return node ? node : ERR_PTR(-ENOENT);
}

/* The end of a chain of links that starts at @node, which is given back. */
static struct sysfs_node *follow_links(struct sysfs_node *node,
				       unsigned int *links)
{
	while (!IS_ERR(node) && node->target) {
		struct sysfs_node *target = ERR_PTR(-ELOOP);

		if (++*links <= MAX_LINKS)
			target = READ_ONCE(node->target->removed) ?
				 ERR_PTR(-ENOENT) : node_get(node->target);
		sysfs_put(node);
		node = target;
	}
	return node;
}

struct sysfs_node *sysfs_open(const char *path, bool follow)
{
	struct sysfs_node *node = node_get(&root);
	unsigned int links = 0;

	if (!str_has_prefix(path, "/sys") || (path[4] && path[4] != '/')) {
		sysfs_put(node);
		return ERR_PTR(-ENOENT);
	}
	path += 4;
	for (;;) {
		size_t len;

		while (*path == '/')
			path++;
		if (!*path)
			break;
		node = follow_links(node, &links);
		if (IS_ERR(node))
			return node;
		for (len = 0; path[len] && path[len] != '/'; len++)
			;
		if (len != 1 || *path != '.')
			node = step(node, path, len);
		if (IS_ERR(node))
			return node;
		path += len;
	}
	return follow ? follow_links(node, &links) : node;
}
EXPORT_SYMBOL(sysfs_open);

enum sysfs_kind sysfs_kind(const struct sysfs_node *node)
{
	return node->attr ? SYSFS_FILE : node->target ? SYSFS_LINK : SYSFS_DIR;
}
EXPORT_SYMBOL(sysfs_kind);

const char *sysfs_name(const struct sysfs_node *node)
{
	return node->name;
}
EXPORT_SYMBOL(sysfs_name);

struct sysfs_node *sysfs_target(struct sysfs_node *link)
{
	return node_get(link->target);
}
EXPORT_SYMBOL(sysfs_target);

void sysfs_path(const struct sysfs_node *node, char *buf, size_t size)
{
	const struct sysfs_node *n;
	char *at = buf + size;

	*--at = '\0';
	/* From its end. */
	for (n = node; n; n = n->parent) {
		size_t len = strlen(n->name);

		if ((size_t)(at - buf) < len + 1)
			break;
		at -= len;
		memcpy(at, n->name, len);
		*--at = '/';
	}
	memmove(buf, at, (size_t)(buf + size - at));
}
EXPORT_SYMBOL(sysfs_path);

/* Counts a reader in, or says why not. */
static int begin_reading(struct sysfs_node *file)
{
	int ret = 0;

	if (!file->attr)
		return -EISDIR;
	mutex_lock(&sysfs_lock);
	if (file->removed)
		ret = -ENOENT;
	else
		atomic_inc(&file->readers);
	mutex_unlock(&sysfs_lock);
	return ret;
}

/* Its own, or its folder's. */
static void *object_of(const struct sysfs_node *file)
{
	return file->object ? file->object : file->parent->object;
}

static void end_reading(struct sysfs_node *file)
{
	if (atomic_dec_and_test(&file->readers))
		wake_up(&no_reader);
}

ssize_t sysfs_read(struct sysfs_node *file, char *buf)
{
	ssize_t ret = begin_reading(file);

	if (ret)
		return ret;
	ret = -EFBIG;
	if (file->attr->show)
		ret = file->attr->show(object_of(file), buf);
	end_reading(file);
	return ret;
}
EXPORT_SYMBOL(sysfs_read);

int sysfs_stream(struct sysfs_node *file, sysfs_put_t put, void *to)
{
	ssize_t ret = begin_reading(file);
	char *buf;

	if (ret)
		return (int)ret;
	if (file->attr->stream) {
		ret = file->attr->stream(object_of(file), put, to);
		end_reading(file);
		return (int)ret;
	}
	buf = (char *)get_zeroed_page(GFP_KERNEL);
	ret = buf ? file->attr->show(object_of(file), buf) : -ENOMEM;
	end_reading(file);
	if (ret > 0) {
		buf[min(ret, (ssize_t)PAGE_SIZE - 1)] = '\0';
		put(to, buf);
		ret = 0;
	}
	free_page((unsigned long)buf);
	return (int)ret;
}
EXPORT_SYMBOL(sysfs_stream);

struct sysfs_node *sysfs_next(struct sysfs_node *dir, u64 *seq)
{
	struct sysfs_node *node, *found = NULL;

	mutex_lock(&sysfs_lock);
	list_for_each_entry(node, &dir->children, sibling)
		if (node->seq > *seq) {
			found = node_get(node);
			*seq = node->seq;
			break;
		}
	mutex_unlock(&sysfs_lock);
	return found;
}
EXPORT_SYMBOL(sysfs_next);
