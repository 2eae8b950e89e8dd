// SPDX-License-Identifier: MIT
/* Buses, and the lists of what is on them. */
#include <export.h>
#include <kernel.h>
#include <list.h>
#include <wait.h>

#include "base.h"

static LIST_HEAD(buses);
static DEFINE_MUTEX(buses_lock);
/* For those who wait until nobody looks at a bus or a driver. */
static DECLARE_WAIT_QUEUE_HEAD(idle);

/* Places in the order of registration, never used twice. */
static u64 next_seq(void)
{
	static u64 last;

	return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

int bus_register(struct bus_type *bus)
{
	struct bus_type *b;
	int ret = 0;

	mutex_lock(&buses_lock);
	list_for_each_entry(b, &buses, node)
		if (!strcmp(b->name, bus->name))
			ret = -EEXIST;
	if (!ret) {
		mutex_init(&bus->lock);
		INIT_LIST_HEAD(&bus->devices);
		INIT_LIST_HEAD(&bus->drivers);
		atomic_set(&bus->users, 0);
		bus->seq = next_seq();
		bus_sysfs_add(bus);
		list_add_tail(&bus->node, &buses);
	}
	mutex_unlock(&buses_lock);
	return ret;
}
EXPORT_SYMBOL(bus_register);

void bus_unregister(struct bus_type *bus)
{
	mutex_lock(&buses_lock);
	list_del(&bus->node);
	mutex_unlock(&buses_lock);
	wait_event(idle, !atomic_read(&bus->users));
	WARN(!list_empty(&bus->devices) || !list_empty(&bus->drivers),
	     "bus %s is not empty\n", bus->name);
	bus_sysfs_remove(bus);
}
EXPORT_SYMBOL(bus_unregister);

static struct bus_type *next_bus(u64 seq)
{
	struct bus_type *b, *found = NULL;

	mutex_lock(&buses_lock);
	list_for_each_entry(b, &buses, node)
		if (b->seq > seq) {
			atomic_inc(&b->users);
			found = b;
			break;
		}
	mutex_unlock(&buses_lock);
	return found;
}

int bus_for_each(void *data, int (*fn)(struct bus_type *bus, void *data))
{
	struct bus_type *bus;
	u64 seq = 0;
	int ret = 0;

	while (!ret && (bus = next_bus(seq))) {
		seq = bus->seq;
		ret = fn(bus, data);
		if (atomic_dec_and_test(&bus->users))
			wake_up(&idle);
	}
	return ret;
}
EXPORT_SYMBOL(bus_for_each);

struct device *bus_next_device(struct bus_type *bus, u64 seq)
{
	struct device *d, *found = NULL;

	mutex_lock(&bus->lock);
	list_for_each_entry(d, &bus->devices, bus_node)
		if (d->seq > seq) {
			found = get_device(d);
			break;
		}
	mutex_unlock(&bus->lock);
	return found;
}

struct device *bus_prev_device(struct bus_type *bus, u64 seq)
{
	struct device *d, *found = NULL;

	mutex_lock(&bus->lock);
	list_for_each_entry_reverse(d, &bus->devices, bus_node)
		if (d->seq < seq) {
			found = get_device(d);
			break;
		}
	mutex_unlock(&bus->lock);
	return found;
}

struct device_driver *bus_next_driver(struct bus_type *bus, u64 seq)
{
	struct device_driver *d, *found = NULL;

	mutex_lock(&bus->lock);
	list_for_each_entry(d, &bus->drivers, bus_node)
		if (d->seq > seq) {
			atomic_inc(&d->users);
			found = d;
			break;
		}
	mutex_unlock(&bus->lock);
	return found;
}

void bus_put_driver(struct device_driver *drv)
{
	/* Afterwards it may be gone. */
	if (atomic_dec_and_test(&drv->users))
		wake_up(&idle);
}

void bus_add_device(struct device *dev)
{
	struct bus_type *bus = dev->bus;

	mutex_lock(&bus->lock);
	dev->seq = next_seq();
	list_add_tail(&get_device(dev)->bus_node, &bus->devices);
	dev->registered = true;
	mutex_unlock(&bus->lock);
}

void bus_del_device(struct device *dev)
{
	mutex_lock(&dev->bus->lock);
	list_del_init(&dev->bus_node);
	mutex_unlock(&dev->bus->lock);
	put_device(dev);
}

int bus_add_driver(struct device_driver *drv)
{
	struct bus_type *bus = drv->bus;
	struct device_driver *d;
	int ret = 0;

	mutex_lock(&bus->lock);
	list_for_each_entry(d, &bus->drivers, bus_node)
		if (!strcmp(d->name, drv->name))
			ret = -EBUSY;
	if (!ret) {
		drv->seq = next_seq();
		atomic_set(&drv->users, 0);
		list_add_tail(&drv->bus_node, &bus->drivers);
	}
	mutex_unlock(&bus->lock);
	return ret;
}

void bus_del_driver(struct device_driver *drv)
{
	mutex_lock(&drv->bus->lock);
	list_del_init(&drv->bus_node);
	mutex_unlock(&drv->bus->lock);
	wait_event(idle, !atomic_read(&drv->users));
}

int bus_for_each_dev(struct bus_type *bus, struct device *start, void *data,
		     int (*fn)(struct device *dev, void *data))
{
	u64 seq = start ? start->seq : 0;
	struct device *dev;
	int ret = 0;

	while (!ret && (dev = bus_next_device(bus, seq))) {
		seq = dev->seq;
		ret = fn(dev, data);
		put_device(dev);
	}
	return ret;
}
EXPORT_SYMBOL(bus_for_each_dev);

struct device *bus_find_device(struct bus_type *bus, const void *data,
			       int (*match)(struct device *dev,
					    const void *data))
{
	struct device *dev = NULL;
	u64 seq = 0;

	while ((dev = bus_next_device(bus, seq))) {
		seq = dev->seq;
		if (match(dev, data))
			break;
		put_device(dev);
	}
	return dev;
}
EXPORT_SYMBOL(bus_find_device);

struct leaver {
	const void *start;
	size_t size;
	const struct module *owner;
	struct device_driver *found;
};

static int find_left(struct bus_type *bus, void *data)
{
	struct leaver *l = data;
	struct device_driver *drv;
	u64 seq = 0;

	while (!l->found && (drv = bus_next_driver(bus, seq))) {
		seq = drv->seq;
		if (drv->owner == l->owner ||
		    (size_t)((const char *)drv - (const char *)l->start) <
			    l->size)
			l->found = drv;
		bus_put_driver(drv);
	}
	return !!l->found;
}

void driver_drop_range(const void *start, size_t size,
		       const struct module *owner, const char *name)
{
	struct leaver l = { start, size, owner, NULL };

	while (bus_for_each(&l, find_left)) {
		printk(KERN_WARNING "%s leaves the driver %s registered: unregistered\n",
		       name, l.found->name);
		driver_unregister(l.found);
		l.found = NULL;
	}
}
