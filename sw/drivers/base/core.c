/* Buses, devices and drivers, and how they come together. */
#include <device.h>
#include <export.h>
#include <kernel.h>
#include <list.h>
#include <of.h>
#include <shell.h>

static LIST_HEAD(deferred);
/* Grows with every new driver and every bound device: a device that was
 * deferred while it grew is tried again.
 */
static unsigned int trigger_count;
static bool retrying;
static const struct device_dma_hooks *dma_hooks;

int device_set_dma_hooks(const struct device_dma_hooks *hooks)
{
	if (hooks && dma_hooks)
		return -EBUSY;
	dma_hooks = hooks;
	return 0;
}
EXPORT_SYMBOL(device_set_dma_hooks);

const char *dev_driver_string(const struct device *dev)
{
	if (dev->driver)
		return dev->driver->name;
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
	if (err == -EPROBE_DEFER) {
		kfree(dev->deferred_reason);
		dev->deferred_reason = kasprintf(GFP_KERNEL, "%pV", &vf);
		if (dev->deferred_reason)
			strim(dev->deferred_reason);
	} else {
		dev_err(dev, "error -%s: %pV", errname(err), &vf);
	}
	va_end(ap);
	return err;
}
EXPORT_SYMBOL(dev_err_probe);

int bus_register(struct bus_type *bus)
{
	if (!bus->devices.next)
		INIT_LIST_HEAD(&bus->devices);
	if (!bus->drivers.next)
		INIT_LIST_HEAD(&bus->drivers);
	return 0;
}
EXPORT_SYMBOL(bus_register);

void bus_unregister(struct bus_type *bus)
{
	WARN_ON(!list_empty(&bus->devices) || !list_empty(&bus->drivers));
}
EXPORT_SYMBOL(bus_unregister);

int bus_for_each_dev(struct bus_type *bus, struct device *start, void *data,
		     int (*fn)(struct device *dev, void *data))
{
	struct device *d, *n;
	bool on = !start;
	int ret;

	list_for_each_entry_safe(d, n, &bus->devices, bus_node) {
		if (!on) {
			on = d == start;
			continue;
		}
		ret = fn(d, data);
		if (ret)
			return ret;
	}
	return 0;
}
EXPORT_SYMBOL(bus_for_each_dev);

struct device *bus_find_device(struct bus_type *bus, const void *data,
			       int (*match)(struct device *dev,
					    const void *data))
{
	struct device *d;

	list_for_each_entry(d, &bus->devices, bus_node)
		if (match(d, data))
			return get_device(d);
	return NULL;
}
EXPORT_SYMBOL(bus_find_device);

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
	INIT_LIST_HEAD(&dev->bus_node);
	INIT_LIST_HEAD(&dev->deferred_node);
	INIT_LIST_HEAD(&dev->devres);
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

static void unbind_cleanup(struct device *dev)
{
	devres_release_all(dev);
	dev->driver = NULL;
	dev->driver_data = NULL;
	if (dma_hooks && dma_hooks->cleanup)
		dma_hooks->cleanup(dev);
}

static int really_probe(struct device *dev, struct device_driver *drv)
{
	unsigned int before = trigger_count;
	int ret = 0;

	dev->driver = drv;
	if (dma_hooks && dma_hooks->configure)
		ret = dma_hooks->configure(dev);
	if (!ret) {
		if (dev->bus->probe)
			ret = dev->bus->probe(dev);
		else if (drv->probe)
			ret = drv->probe(dev);
	}
	if (!ret) {
		list_del_init(&dev->deferred_node);
		kfree(dev->deferred_reason);
		dev->deferred_reason = NULL;
		driver_deferred_probe_trigger();
		return 0;
	}
	if (ret == -EPROBE_DEFER) {
		if (list_empty(&dev->deferred_node))
			list_add_tail(&dev->deferred_node, &deferred);
	} else {
		list_del_init(&dev->deferred_node);
		if (ret != -ENODEV && ret != -ENXIO)
			dev_warn(dev, "probe failed with error -%s\n",
				 errname(ret));
	}
	unbind_cleanup(dev);
	/* What it waited for may have come while it probed. */
	if (ret == -EPROBE_DEFER && before != trigger_count)
		driver_deferred_probe_trigger();
	return ret;
}

/* Errors of a probe are the device's own business: it stays unbound. */
static int try_bind(struct device *dev, struct device_driver *drv)
{
	if (dev->driver || !dev->bus->match || !dev->bus->match(dev, drv))
		return -ENODEV;
	return really_probe(dev, drv);
}

int device_attach(struct device *dev)
{
	struct device_driver *drv;
	int ret;

	if (dev->driver)
		return 0;
	list_for_each_entry(drv, &dev->bus->drivers, bus_node) {
		ret = try_bind(dev, drv);
		if (!ret || ret == -EPROBE_DEFER)
			return ret;
	}
	return -ENODEV;
}
EXPORT_SYMBOL(device_attach);

void driver_deferred_probe_trigger(void)
{
	struct device *d;
	unsigned int seen;

	trigger_count++;
	/* A probe that ends in here is noticed by the loop that runs. */
	if (retrying)
		return;
	retrying = true;
	do {
		LIST_HEAD(todo);

		seen = trigger_count;
		list_splice_init(&deferred, &todo);
		while (!list_empty(&todo)) {
			d = list_first_entry(&todo, struct device,
					     deferred_node);
			list_del_init(&d->deferred_node);
			device_attach(d);
		}
	} while (seen != trigger_count && !list_empty(&deferred));
	retrying = false;
}
EXPORT_SYMBOL(driver_deferred_probe_trigger);

void driver_deferred_probe_show(void)
{
	struct device *d;

	list_for_each_entry(d, &deferred, deferred_node)
		shell_printf("%-24s %s\n", dev_name(d),
			     d->deferred_reason ? d->deferred_reason : "");
}

int device_add(struct device *dev)
{
	if (!dev->bus)
		return -EINVAL;
	list_add_tail(&dev->bus_node, &dev->bus->devices);
	dev->registered = true;
	get_device(dev);
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

void device_release_driver(struct device *dev)
{
	struct device_driver *drv = dev->driver;

	list_del_init(&dev->deferred_node);
	if (!drv)
		return;
	if (dev->bus->remove)
		dev->bus->remove(dev);
	else if (drv->remove)
		drv->remove(dev);
	unbind_cleanup(dev);
}
EXPORT_SYMBOL(device_release_driver);

void device_del(struct device *dev)
{
	device_release_driver(dev);
	list_del_init(&dev->bus_node);
	dev->registered = false;
	put_device(dev);
}
EXPORT_SYMBOL(device_del);

void device_unregister(struct device *dev)
{
	device_del(dev);
	put_device(dev);
}
EXPORT_SYMBOL(device_unregister);

int driver_register(struct device_driver *drv)
{
	struct device_driver *d;
	struct device *dev, *n;

	if (!drv->bus || !drv->name)
		return -EINVAL;
	list_for_each_entry(d, &drv->bus->drivers, bus_node)
		if (!strcmp(d->name, drv->name)) {
			pr_err("driver %s is registered already\n",
			       drv->name);
			return -EBUSY;
		}
	list_add_tail(&drv->bus_node, &drv->bus->drivers);
	list_for_each_entry_safe(dev, n, &drv->bus->devices, bus_node)
		try_bind(dev, drv);
	driver_deferred_probe_trigger();
	return 0;
}
EXPORT_SYMBOL(driver_register);

void driver_unregister(struct device_driver *drv)
{
	struct device *dev, *n;

	/* In reverse: later devices may use earlier ones. */
	list_for_each_entry_safe_reverse(dev, n, &drv->bus->devices, bus_node)
		if (dev->driver == drv)
			device_release_driver(dev);
	list_del(&drv->bus_node);
	/* What waited for this driver's probe has no driver any more. */
	list_for_each_entry_safe(dev, n, &deferred, deferred_node)
		if (dev->bus->match(dev, drv)) {
			list_del_init(&dev->deferred_node);
			device_attach(dev);
		}
}
EXPORT_SYMBOL(driver_unregister);
