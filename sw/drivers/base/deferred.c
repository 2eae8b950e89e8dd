// SPDX-License-Identifier: MIT
/* /sys/kernel/devices_deferred: a line for each device that waits: its name, a
 * tab, and what for.
 */
#include <init.h>
#include <kernel.h>
#include <sysfs.h>

#include "base.h"

struct text {
	char *buf;
	size_t used;
};

static void add_line(struct device *dev, const char *why, void *data)
{
	struct text *t = data;

	t->used += (size_t)scnprintf(t->buf + t->used, PAGE_SIZE - t->used,
				     "%s\t%s\n", dev_name(dev), why);
}

/* Of a very long list the rest is left out. */
static ssize_t show_deferred(void *object, char *buf)
{
	struct text t = { buf, 0 };

	driver_deferred_for_each(&t, add_line);
	return (ssize_t)t.used;
}

static const struct attribute devices_deferred =
	ATTRIBUTE("devices_deferred", show_deferred);

static int __init deferred_sysfs_init(void)
{
	struct sysfs_node *dir = sysfs_top_dir("kernel", NULL);

	return dir ? sysfs_create_file(dir, &devices_deferred) : -ENOMEM;
}
core_initcall(deferred_sysfs_init);
