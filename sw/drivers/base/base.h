/* SPDX-License-Identifier: MIT */
/* Between the parts of the driver core. */
#ifndef BASE_H
#define BASE_H

#include <device.h>

/*
 * Members of a bus by their place in the order of registration, with a
 * reference: the next one after @seq (0: the first), the one before it
 * (U64_MAX: the last). A walk by places holds no lock, and survives that
 * members come and go.
 */
struct device *bus_next_device(struct bus_type *bus, u64 seq);
struct device *bus_prev_device(struct bus_type *bus, u64 seq);
struct device_driver *bus_next_driver(struct bus_type *bus, u64 seq);
void bus_put_driver(struct device_driver *drv);

void bus_add_device(struct device *dev);
void bus_del_device(struct device *dev);
/* -EBUSY when its name is taken. */
int bus_add_driver(struct device_driver *drv);
/* On return no new attempt to bind finds it, and none is under way. */
void bus_del_driver(struct device_driver *drv);

/* The reason of an attempt that ends with -EPROBE_DEFER. */
void device_set_deferred_reason(struct device *dev, struct va_format *vf);
/* It goes: no attempt to bind it is made any more. */
void device_forget_deferred(struct device *dev);

/* What /sys shows of them. A bus before its devices and drivers, these before
 * they can be bound.
 */
void bus_sysfs_add(struct bus_type *bus);
void bus_sysfs_remove(struct bus_type *bus);
void device_sysfs_add(struct device *dev);
void device_sysfs_remove(struct device *dev);
void driver_sysfs_add(struct device_driver *drv);
void driver_sysfs_remove(struct device_driver *drv);
/* With the device's lock. */
void device_sysfs_bound(struct device *dev);
void device_sysfs_unbound(struct device *dev);

#endif
