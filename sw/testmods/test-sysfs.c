// SPDX-License-Identifier: MIT
/* /sys: what is made, read and removed, also by several at once. */
#include <atomic.h>
#include <completion.h>
#include <kernel.h>
#include <ktap.h>
#include <kthread.h>
#include <module.h>
#include <slab.h>
#include <sysfs.h>

static char text[PAGE_SIZE];

static ssize_t text_show(void *object, char *buf)
{
	return sysfs_emit(buf, "%s\n", *(char **)object);
}

static ssize_t fail_show(void *object, char *buf)
{
	return -EIO;
}

static const struct attribute text_attr = ATTRIBUTE("text", text_show);
static const struct attribute two_attrs[] = {
	ATTRIBUTE("one", text_show),
	ATTRIBUTE("two", text_show),
	{ }
};
/* The second one is there already. */
static const struct attribute clash_attrs[] = {
	ATTRIBUTE("new", text_show),
	ATTRIBUTE("text", text_show),
	{ }
};
static const struct attribute_group two = { "group", two_attrs };
static const struct attribute_group clash = { NULL, clash_attrs };

/* Bytes in @buf, which is a page, or an error. */
static ssize_t cat(const char *path, char *buf)
{
	struct sysfs_node *node = sysfs_open(path, true);
	ssize_t ret;

	memset(buf, 0, PAGE_SIZE);
	if (IS_ERR(node))
		return PTR_ERR(node);
	ret = sysfs_read(node, buf);
	sysfs_put(node);
	return ret;
}

static bool reads(const char *path, char *buf, const char *expected)
{
	return cat(path, buf) == strlen(expected) && !strcmp(buf, expected);
}

static void test_tree(char *buf)
{
	char *object = "hello";
	struct sysfs_node *dir = sysfs_create_dir(NULL, "test", &object);
	const struct attribute bad = ATTRIBUTE("bad", fail_show);
	struct sysfs_node *other;

	ktap_ok(PTR_ERR(sysfs_create_dir(NULL, "test", NULL)) == -EEXIST &&
		PTR_ERR(sysfs_create_dir(NULL, "a/b", NULL)) == -EINVAL &&
		PTR_ERR(sysfs_create_dir(NULL, "..", NULL)) == -EINVAL &&
		PTR_ERR(sysfs_create_dir(NULL, "", NULL)) == -EINVAL,
		"a name is one, and is there once");
	ktap_ok(!sysfs_create_file(dir, &text_attr) &&
		reads("/sys/test/text", buf, "hello\n"),
		"a file shows its folder's object");
	ktap_ok(!sysfs_create_file(dir, &bad) && cat("/sys/test/bad", buf) ==
		-EIO && cat("/sys/test", buf) == -EISDIR &&
		cat("/sys/test/text/x", buf) == -ENOTDIR &&
		cat("/sys/test/tex", buf) == -ENOENT &&
		cat("/system", buf) == -ENOENT,
		"what cannot be read says why");
	ktap_ok(!sysfs_create_group(dir, &two) &&
		reads("/sys/test/group/two", buf, "hello\n"),
		"a group has a folder");
	ktap_ok(sysfs_create_group(dir, &clash) == -EEXIST &&
		cat("/sys/test/new", buf) == -ENOENT &&
		reads("/sys/test/text", buf, "hello\n"),
		"a group is made whole or not at all");
	other = sysfs_create_dir(dir, "other", NULL);
	ktap_ok(!sysfs_create_link(other, dir, "up") &&
		reads("/sys/test/other/up/other/up/text", buf, "hello\n") &&
		reads("/sys//test/./other/../text", buf, "hello\n"),
		"links and dots are followed");
	ktap_ok(PTR_ERR(sysfs_open("/sys/test/other/up/other/up/other/up/other/up/other/up/other/up/other/up/other/up/other/up",
				   true)) == -ELOOP, "but not for ever");
	memset(text, 'x', sizeof(text) - 1);
	object = text;
	ktap_ok(cat("/sys/test/text", buf) == PAGE_SIZE - 1,
		"a text that is too long is cut");
	sysfs_remove(dir);
	ktap_ok(cat("/sys/test/text", buf) == -ENOENT &&
		PTR_ERR(sysfs_open("/sys/test", false)) == -ENOENT,
		"a folder goes with all that is in it");
}

static void test_references(char *buf)
{
	struct sysfs_node *a = sysfs_create_dir(NULL, "a", NULL);
	struct sysfs_node *b = sysfs_create_dir(NULL, "b", NULL);
	struct sysfs_node *file;

	sysfs_create_link(b, a, "link");
	sysfs_create_file(a, &text_attr);
	file = sysfs_open("/sys/b/link/text", true);
	sysfs_remove(a);
	ktap_ok(!strcmp(sysfs_name(file), "text") &&
		sysfs_read(file, buf) == -ENOENT,
		"a reader keeps a file that is gone, and cannot read it");
	sysfs_put(file);
	ktap_ok(cat("/sys/b/link/text", buf) == -ENOENT &&
		PTR_ERR(sysfs_open("/sys/b/link", true)) == -ENOENT,
		"a link to what is gone leads nowhere");
	a = sysfs_create_dir(NULL, "a", NULL);
	ktap_ok(!IS_ERR(a), "a name is free again");
	sysfs_remove(a);
	sysfs_remove(b);
}

/* One thread reads, another one removes what it reads. */
static DECLARE_COMPLETION(inside);
static DECLARE_COMPLETION(let_go);
static DECLARE_COMPLETION(removed);
static bool over;

static ssize_t slow_show(void *object, char *buf)
{
	complete(&inside);
	wait_for_completion(&let_go);
	WRITE_ONCE(over, true);
	return sysfs_emit(buf, "%d\n", *(int *)object);
}

static const struct attribute slow_attr = ATTRIBUTE("slow", slow_show);
static ssize_t slow_ret;

static int reader(void *data)
{
	slow_ret = cat("/sys/race/slow", data);
	complete(&inside);
	return 0;
}

static bool removed_before_over;

static int remover(void *data)
{
	sysfs_remove(data);
	removed_before_over = !READ_ONCE(over);
	complete(&removed);
	return 0;
}

static void test_race(char *buf, char *other)
{
	int object = 42;
	struct sysfs_node *dir = sysfs_create_dir(NULL, "race", &object);

	sysfs_create_file(dir, &slow_attr);
	kthread_run(reader, buf, "reader");
	wait_for_completion(&inside);
	kthread_run(remover, dir, "remover");
	/* The folder is out of sight at once, whoever still reads in it. */
	while (cat("/sys/race", other) != -ENOENT)
		schedule();
	ktap_ok(!READ_ONCE(over), "a removal waits for a reader");
	complete(&let_go);
	wait_for_completion(&removed);
	wait_for_completion(&inside);
	ktap_ok(!removed_before_over && slow_ret == 3 && !strcmp(buf, "42\n"),
		"who reads to the end what is being removed");
}

static int __init test_sysfs_init(void)
{
	char *buf = (char *)__get_free_page(GFP_KERNEL);
	char *other = (char *)__get_free_page(GFP_KERNEL);
	size_t o0, b0, o1, b1;

	if (!buf || !other) {
		free_page((unsigned long)buf);
		free_page((unsigned long)other);
		return -ENOMEM;
	}
	ktap_plan(15);
	slab_usage(&o0, &b0);
	test_tree(buf);
	test_references(buf);
	slab_usage(&o1, &b1);
	ktap_ok(o0 == o1 && b0 == b1, "nothing is leaked by all that");
	test_race(buf, other);
	free_page((unsigned long)buf);
	free_page((unsigned long)other);
	return 0;
}
module_init(test_sysfs_init);

static void __exit test_sysfs_exit(void)
{
}
module_exit(test_sysfs_exit);

MODULE_DESCRIPTION("Tests of /sys");
MODULE_LICENSE("Dual MIT/GPL");
