// SPDX-License-Identifier: MIT
/* Devices: names, messages, lives. */
#include <export.h>
#include <kernel.h>
#include <list.h>

#include "base.h"

const char *dev_driver_string(const struct device *dev)
{
	const struct device_driver *drv = READ_ONCE(dev->driver);

	if (drv)
		return drv->name;
	return dev->bus ? dev->bus->name : "device";
}
EXPORT_SYMBOL(dev_driver_string);

void dev_printk(const char *level, const struct device *dev, const char *fmt,
		...)
{
	struct va_format vf;
	va_list ap;

	va_start(ap, fmt);
	vf.fmt = fmt;
	vf.va = &ap;
	if (dev)
		printk("%s%s %s: %pV", level, dev_driver_string(dev),
		       dev_name(dev), &vf);
	else
		printk("%s(no device): %pV", level, &vf);
	va_end(ap);
}
EXPORT_SYMBOL(dev_printk);

int dev_err_probe(struct device *dev, int err, const char *fmt, ...)
{
	struct va_format vf;
	va_list ap;

	va_start(ap, fmt);
	vf.fmt = fmt;
	vf.va = &ap;
	if (err == -EPROBE_DEFER)
		device_set_deferred_reason(dev, &vf);
	else
		dev_err(dev, "error -%s: %pV", errname(err), &vf);
	va_end(ap);
	return err;
}
EXPORT_SYMBOL(dev_err_probe);

static void device_free(struct kref *kref)
{
	struct device *dev = container_of(kref, struct device, kref);

	kfree(dev->name);
	kfree(dev->deferred_reason);
	dev->name = NULL;
	dev->deferred_reason = NULL;
	if (dev->release)
		dev->release(dev);
}

struct device *get_device(struct device *dev)
{
	if (dev)
		kref_get(&dev->kref);
	return dev;
}
EXPORT_SYMBOL(get_device);

void put_device(struct device *dev)
{
	if (dev)
		kref_put(&dev->kref, device_free);
}
EXPORT_SYMBOL(put_device);

void device_initialize(struct device *dev)
{
	kref_init(&dev->kref);
	mutex_init(&dev->lock);
	INIT_LIST_HEAD(&dev->bus_node);
	INIT_LIST_HEAD(&dev->deferred_node);
	spin_lock_init(&dev->devres_lock);
	INIT_LIST_HEAD(&dev->devres);
	INIT_LIST_HEAD(&dev->suppliers);
	INIT_LIST_HEAD(&dev->consumers);
}
EXPORT_SYMBOL(device_initialize);

int dev_set_name(struct device *dev, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	kfree(dev->name);
	dev->name = kvasprintf(GFP_KERNEL, fmt, ap);
	va_end(ap);
	return dev->name ? 0 : -ENOMEM;
}
EXPORT_SYMBOL(dev_set_name);

int device_modalias(const struct device *dev, char *buf, size_t size)
{
	if (!dev->bus || !dev->bus->modalias)
		return -ENODEV;
	return dev->bus->modalias(dev, buf, size);
}
EXPORT_SYMBOL(device_modalias);

int device_add(struct device *dev)
{
	if (!dev->bus)
		return -EINVAL;
	device_sysfs_add(dev);
	bus_add_device(dev);
	device_attach(dev);
	return 0;
}
EXPORT_SYMBOL(device_add);

int device_register(struct device *dev)
{
	device_initialize(dev);
	return device_add(dev);
}
EXPORT_SYMBOL(device_register);

void device_del(struct device *dev)
{
	/* Nobody binds it again from here on. */
	mutex_lock(&dev->lock);
	dev->registered = false;
	mutex_unlock(&dev->lock);
	device_forget_deferred(dev);
	device_release_driver(dev);
	device_sysfs_remove(dev);
	bus_del_device(dev);
}
EXPORT_SYMBOL(device_del);

void device_unregister(struct device *dev)
{
	device_del(dev);
	put_device(dev);
}
EXPORT_SYMBOL(device_unregister);
