// SPDX-License-Identifier: MIT
/*
 * What /sys shows of buses, devices and drivers:
 *
 *	/sys/bus/BUS/devices/DEVICE/	modalias, driver -> its driver's folder
 *	/sys/bus/BUS/drivers/DRIVER/	DEVICE -> each device bound to it
 *
 * It is for people to look at: what cannot be shown, for want of memory or
 * because of a name that is there twice, works all the same.
 */
#include <kernel.h>
#include <sysfs.h>

#include "base.h"

static struct sysfs_node *folder(struct sysfs_node *parent, const char *name,
				 void *object)
{
	struct sysfs_node *dir;

	if (!parent)
		return NULL;
	dir = sysfs_create_dir(parent, name, object);
	return IS_ERR(dir) ? NULL : dir;
}

void bus_sysfs_add(struct bus_type *bus)
{
	bus->sysfs = folder(sysfs_top_dir("bus", NULL), bus->name, bus);
	bus->sysfs_devices = folder(bus->sysfs, "devices", bus);
	bus->sysfs_drivers = folder(bus->sysfs, "drivers", bus);
}

void bus_sysfs_remove(struct bus_type *bus)
{
	sysfs_remove(bus->sysfs);
}

static ssize_t modalias_show(void *object, char *buf)
{
	int n = device_modalias(object, buf, PAGE_SIZE - 1);

	if (n < 0)
		return n;
	n = min(n, (int)PAGE_SIZE - 2);
	buf[n] = '\n';
	return n + 1;
}

static const struct attribute device_attrs[] = {
	ATTRIBUTE("modalias", modalias_show),
	{ }
};

static const struct attribute_group device_group = { .attrs = device_attrs };

void device_sysfs_add(struct device *dev)
{
	const struct attribute_group *const *g = dev->bus->dev_groups;
	int ret;

	dev->sysfs = folder(dev->bus->sysfs_devices, dev_name(dev), dev);
	ret = dev->sysfs ? sysfs_create_group(dev->sysfs, &device_group) :
			   -ENOENT;
	for (; g && *g && !ret; g++)
		ret = sysfs_create_group(dev->sysfs, *g);
	if (ret)
		dev_dbg(dev, "is not, or not whole, in /sys\n");
}

void device_sysfs_remove(struct device *dev)
{
	sysfs_remove(dev->sysfs);
	dev->sysfs = NULL;
}

void driver_sysfs_add(struct device_driver *drv)
{
	drv->sysfs = folder(drv->bus->sysfs_drivers, drv->name, drv);
}

void driver_sysfs_remove(struct device_driver *drv)
{
	sysfs_remove(drv->sysfs);
	drv->sysfs = NULL;
}

void device_sysfs_bound(struct device *dev)
{
	sysfs_create_link(dev->sysfs, dev->driver->sysfs, "driver");
	sysfs_create_link(dev->driver->sysfs, dev->sysfs, dev_name(dev));
}

void device_sysfs_unbound(struct device *dev)
{
	sysfs_remove_name(dev->driver->sysfs, dev_name(dev));
	sysfs_remove_name(dev->sysfs, "driver");
}
