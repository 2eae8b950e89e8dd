// SPDX-License-Identifier: MIT
/*
 * What /sys shows of IOMMUs and groups:
 *
 *	/sys/class/iommu/IOMMU/		files of its driver, device -> its device
 *	/sys/class/iommu/IOMMU/devices/	DEVICE -> each device behind it
 *	/sys/kernel/iommu_groups/N/	type: the default domain's; domain, tables:
 *					of the one in use
 *	/sys/kernel/iommu_groups/N/devices/	DEVICE -> each device in it
 *
 * and, in the folder of a device behind one, iommu and iommu_group, which lead
 * there. Folders go with iommu_mutex held, and wait for their readers: what
 * fills a file here must not take it.
 */
#include "iommu-internal.h"

#include <device.h>
#include <init.h>
#include <kernel.h>
#include <module.h>
#include <slab.h>
#include <sysfs.h>

/* NULL without memory: nothing is shown. */
static struct sysfs_node *class_dir, *groups_dir;

static int __init iommu_sysfs_init(void)
{
	class_dir = sysfs_top_dir("class", "iommu");
	groups_dir = sysfs_top_dir("kernel", "iommu_groups");
	return class_dir && groups_dir ? 0 : -ENOMEM;
}
core_initcall(iommu_sysfs_init);

static int add_groups(struct sysfs_node *dir,
		      const struct attribute_group *const *groups)
{
	int ret = 0;

	for (; groups && *groups && !ret; groups++)
		ret = sysfs_create_group(dir, *groups);
	return ret;
}

/**
 * iommu_device_sysfs_add - show an IOMMU in /sys/class/iommu
 * @iommu: the instance; before iommu_device_register()
 * @parent: its device
 * @groups: the driver's files, NULL behind the last, or NULL: none. Their
 *	    object is @iommu, and what fills them takes no lock of the core
 * @fmt: its name there
 *
 * Return: 0, -ENOMEM, or -EEXIST for a name that is taken.
 */
int iommu_device_sysfs_add(struct iommu_device *iommu, struct device *parent,
			   const struct attribute_group *const *groups,
			   const char *fmt, ...)
{
	struct sysfs_node *dir;
	char *name;
	va_list ap;
	int ret;

	va_start(ap, fmt);
	name = kvasprintf(GFP_KERNEL, fmt, ap);
	va_end(ap);
	if (!name || !class_dir) {
		kfree(name);
		return -ENOMEM;
	}
	dir = sysfs_create_dir(class_dir, name, iommu);
	kfree(name);
	if (IS_ERR(dir))
		return (int)PTR_ERR(dir);
	iommu->sysfs_devices = sysfs_create_dir(dir, "devices", iommu);
	ret = PTR_ERR_OR_ZERO(iommu->sysfs_devices);
	if (!ret)
		ret = sysfs_create_link(dir, parent->sysfs, "device");
	if (!ret)
		ret = add_groups(dir, groups);
	if (ret) {
		iommu->sysfs_devices = NULL;
		sysfs_remove(dir);
		return ret;
	}
	iommu->sysfs = dir;
	return 0;
}
EXPORT_SYMBOL_GPL(iommu_device_sysfs_add);

/**
 * iommu_device_sysfs_remove - undo iommu_device_sysfs_add()
 * @iommu: after iommu_device_unregister(); on return nobody is in the driver's
 *	   files
 */
void iommu_device_sysfs_remove(struct iommu_device *iommu)
{
	sysfs_remove(iommu->sysfs);
	iommu->sysfs = NULL;
	iommu->sysfs_devices = NULL;
}
EXPORT_SYMBOL_GPL(iommu_device_sysfs_remove);

/**
 * iommu_device_link - show that a device is behind an IOMMU
 * @iommu: the IOMMU; without iommu_device_sysfs_add() nothing is shown
 * @dev: the device
 *
 * The core does it for each device that it connects.
 *
 * Return: 0, -ENOMEM, or -EEXIST; then nothing is shown.
 */
int iommu_device_link(struct iommu_device *iommu, struct device *dev)
{
	int ret = sysfs_create_link(iommu->sysfs_devices, dev->sysfs,
				    dev_name(dev));

	if (ret)
		return ret;
	ret = sysfs_create_link(dev->sysfs, iommu->sysfs, "iommu");
	if (ret)
		sysfs_remove_name(iommu->sysfs_devices, dev_name(dev));
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_device_link);

/**
 * iommu_device_unlink - undo iommu_device_link()
 * @iommu: the IOMMU
 * @dev: the device; it need not be shown
 */
void iommu_device_unlink(struct iommu_device *iommu, struct device *dev)
{
	sysfs_remove_name(dev->sysfs, "iommu");
	sysfs_remove_name(iommu->sysfs_devices, dev_name(dev));
}
EXPORT_SYMBOL_GPL(iommu_device_unlink);

/* ---- groups */

/* The default domain is there before the file, and goes after it. */
static ssize_t type_show(void *object, char *buf)
{
	const struct iommu_group *group = object;
	enum iommu_domain_type type = READ_ONCE(group->default_domain)->type;

	return sysfs_emit(buf, "%s\n", iommu_domain_type_names[type]);
}

/*
 * Of the domain that the group uses now, which iommu_mutex keeps in place. Who
 * has the mutex may be about to remove this very file, and waits for its
 * readers: they do not wait for it.
 */
static ssize_t domain_show(void *object, char *buf)
{
	const struct iommu_group *group = object;
	const struct iommu_domain *d;
	ssize_t ret;

	if (!mutex_trylock(&iommu_mutex))
		return -EBUSY;
	d = group->domain;
	if (d->pgsize_bitmap)
		ret = sysfs_emit(buf, "%s\naddresses %#llx to %#llx\npages %#lx\n",
				 iommu_domain_type_names[d->type],
				 d->aperture_start, d->aperture_end,
				 d->pgsize_bitmap);
	else
		ret = sysfs_emit(buf, "%s\naddresses none of its own\n",
				 iommu_domain_type_names[d->type]);
	mutex_unlock(&iommu_mutex);
	return ret;
}

static int tables_stream(void *object, sysfs_put_t put, void *to)
{
	const struct iommu_group *group = object;
	int ret;

	if (!mutex_trylock(&iommu_mutex))
		return -EBUSY;
	ret = iommu_dump_tables(group->domain, 0, ~0UL, put, to);
	mutex_unlock(&iommu_mutex);
	return ret;
}

static const struct attribute_group group_files = {
	.attrs = (const struct attribute[]) {
		ATTRIBUTE("type", type_show),
		ATTRIBUTE("domain", domain_show),
		ATTRIBUTE_STREAM("tables", tables_stream),
		{ }
	},
};

static void group_add(struct iommu_group *group)
{
	struct sysfs_node *dir;
	char name[16];

	if (!groups_dir)
		return;
	snprintf(name, sizeof(name), "%u", group->id);
	dir = sysfs_create_dir(groups_dir, name, group);
	if (IS_ERR(dir))
		return;
	group->sysfs_devices = sysfs_create_dir(dir, "devices", group);
	if (IS_ERR(group->sysfs_devices) ||
	    sysfs_create_group(dir, &group_files)) {
		group->sysfs_devices = NULL;
		sysfs_remove(dir);
		return;
	}
	group->sysfs = dir;
}

/* What cannot be shown works all the same. */
void iommu_group_sysfs_add_device(struct iommu_group *group,
				  struct device *dev)
{
	if (!group->sysfs)
		group_add(group);
	sysfs_create_link(group->sysfs_devices, dev->sysfs, dev_name(dev));
	sysfs_create_link(dev->sysfs, group->sysfs, "iommu_group");
}

void iommu_group_sysfs_remove_device(struct iommu_group *group,
				     struct device *dev)
{
	sysfs_remove_name(dev->sysfs, "iommu_group");
	sysfs_remove_name(group->sysfs_devices, dev_name(dev));
}

void iommu_group_sysfs_remove(struct iommu_group *group)
{
	sysfs_remove(group->sysfs);
	group->sysfs = NULL;
	group->sysfs_devices = NULL;
}
