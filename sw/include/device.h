/* SPDX-License-Identifier: MIT */
/*
 * Driver core: buses, devices, drivers, deferred probes, managed resources.
 *
 * Locks, in the order in which they nest: a device's lock (held over its probe
 * and remove), then a bus's lock, the links' or the deferred devices' (held
 * over list operations only). No caller of this file may hold a spin lock.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include <atomic.h>
#include <err.h>
#include <ioport.h>
#include <list.h>
#include <mod_devicetable.h>
#include <mutex.h>
#include <printk.h>
#include <slab.h>
#include <spinlock.h>
#include <types.h>

struct attribute_group;
struct device;
struct device_driver;
struct device_node;
struct dma_map_ops;
struct iommu_fwspec;
struct iommu_group;
struct iommu_ops;
struct module;
struct sysfs_node;

/**
 * struct bus_type - A kind of device and how its drivers are found.
 * @name: unique among the buses
 * @dev_groups: files that each device's folder in /sys gets, NULL behind the
 *	last, or NULL: none. Their object is the device
 * @match: non-zero when @drv can drive @dev; may be called without locks
 * @modalias: writes the name by which a module with a driver for @dev is
 *	found, as scnprintf(); returns the length it needs, or -ENODEV
 * @probe, @remove: called instead of the driver's when set
 * @dma_configure: before a probe: how @dev reaches memory; an error ends the
 *	attempt, -EPROBE_DEFER defers it
 * @dma_cleanup: after an unbind or a failed probe, once the devres are gone
 * @iommu_ops: of the IOMMU driver whose "mmu-masters" may be devices of this
 *	bus, by bus_set_iommu()
 * @iommu_missing: the node of the IOMMU for which these wait, if they do
 */
struct bus_type {
	const char *name;
	const struct attribute_group *const *dev_groups;
	int (*match)(struct device *dev, struct device_driver *drv);
	int (*modalias)(const struct device *dev, char *buf, size_t size);
	int (*probe)(struct device *dev);
	void (*remove)(struct device *dev);
	int (*dma_configure)(struct device *dev);
	void (*dma_cleanup)(struct device *dev);
	/* private: the IOMMU core's */
	const struct iommu_ops *iommu_ops;
	const struct device_node *iommu_missing;
	/* private: under @lock, by registration */
	struct mutex lock;
	struct list_head devices;
	struct list_head drivers;
	struct list_head node;
	u64 seq;
	atomic_t users;		/* walks over the buses that are at it */
	struct sysfs_node *sysfs;
	struct sysfs_node *sysfs_devices;
	struct sysfs_node *sysfs_drivers;
};

struct device_driver {
	const char *name;
	struct bus_type *bus;
	struct module *owner;
	const struct of_device_id *of_match_table;
	int (*probe)(struct device *dev);
	void (*remove)(struct device *dev);
	/* private */
	struct list_head bus_node;
	u64 seq;
	atomic_t users;		/* attempts to bind that look at it now */
	struct sysfs_node *sysfs;
};

struct device {
	struct kref kref;
	char *name;
	struct device *parent;
	struct bus_type *bus;
	struct device_driver *driver;	/* NULL: not bound */
	struct device_node *of_node;
	void *driver_data;
	void (*release)(struct device *dev);

	/* For the IOMMU and DMA layers. */
	struct iommu_group *iommu_group;
	struct iommu_fwspec *iommu;
	u64 dma_mask;
	u64 coherent_dma_mask;
	bool dma_coherent;

	struct sysfs_node *sysfs;	/* its folder, or NULL */

	/* private */
	struct mutex lock;		/* over probe and remove */
	struct list_head bus_node;
	u64 seq;			/* place in the bus's list */
	spinlock_t devres_lock;
	struct list_head devres;
	bool registered;
	struct list_head suppliers;	/* links, under the links' lock */
	struct list_head consumers;
	unsigned int unbinding;		/* so many unbind it: no new consumer */
	struct list_head deferred_node;	/* under the deferred devices' lock */
	bool deferred_retry;
	char *deferred_reason;
	int probe_error;		/* of the last probe, if it failed for good */
};

static inline const char *dev_name(const struct device *dev)
{
	return dev->name ? dev->name : "(unnamed)";
}

static inline void *dev_get_drvdata(const struct device *dev)
{
	return dev->driver_data;
}

static inline void dev_set_drvdata(struct device *dev, void *data)
{
	dev->driver_data = data;
}

/* 0, or -EEXIST for a name that is taken. */
int bus_register(struct bus_type *bus);
/* Its devices and drivers are gone. */
void bus_unregister(struct bus_type *bus);
/* Each bus, by registration, until @fn returns non-zero, which is returned. */
int bus_for_each(void *data, int (*fn)(struct bus_type *bus, void *data));
/* Each device behind @start (NULL: all), by registration, until @fn returns
 * non-zero, which is returned. No lock is held; devices may come and go.
 */
int bus_for_each_dev(struct bus_type *bus, struct device *start, void *data,
		     int (*fn)(struct device *dev, void *data));
/* The first that @match says yes to, with a reference, or NULL. */
struct device *bus_find_device(struct bus_type *bus, const void *data,
			       int (*match)(struct device *dev,
					    const void *data));
void device_initialize(struct device *dev);
int dev_set_name(struct device *dev, const char *fmt, ...) __printf(2, 3);
int device_add(struct device *dev);
int device_register(struct device *dev);
void device_del(struct device *dev);
void device_unregister(struct device *dev);
struct device *get_device(struct device *dev);
void put_device(struct device *dev);
/* The name by which a module for @dev is found; as bus_type.modalias. */
int device_modalias(const struct device *dev, char *buf, size_t size);

/* Registration probes every device that matches; -EPROBE_DEFER of a probe is
 * kept for later. Unregistration unbinds. -EBUSY for a name that is taken.
 */
int driver_register(struct device_driver *drv);
void driver_unregister(struct device_driver *drv);
/* Unregisters those whose structure lies in [@start, @start + @size), or that
 * belong to it as @owner, and names them with a warning.
 */
void driver_drop_range(const void *start, size_t size,
		       const struct module *owner, const char *name);
/* 0 when @dev is bound (now or before), -EPROBE_DEFER, or -ENODEV. */
int device_attach(struct device *dev);
/**
 * device_bind_driver_name() - Bind a device to the driver of its bus that has
 *	this name.
 * Return: 0; -ENOENT: no such driver; -ENODEV: it does not match; -EBUSY:
 * another driver has the device; -EPROBE_DEFER, or an error of the probe.
 */
int device_bind_driver_name(struct device *dev, const char *name);
/* Unbinds what uses it, then itself. */
void device_release_driver(struct device *dev);

/**
 * device_link_add() - @consumer, which is being probed, uses @supplier.
 *
 * As long as @consumer is bound @supplier stays bound: it is unbound after
 * its consumers, which are then deferred until it is back. The link ends with
 * the consumer's binding.
 * Return: 0, -ENOMEM, -EPROBE_DEFER when @supplier is not bound, or -EINVAL when
 * @supplier needs @consumer.
 */
int device_link_add(struct device *consumer, struct device *supplier);

/* Try the deferred devices again, on their own queue: a supplier that is no
 * device calls it. Any thread.
 */
void driver_deferred_probe_trigger(void);
/* Until no attempt is under way or due. Not from a probe. */
void wait_for_device_probe(void);
/* The initcalls are through: what is built in has been tried. */
void driver_init_done(void);
/**
 * driver_deferred_probe_check_state() - Is it worth to wait for a supplier?
 * @dev: the device that waits
 * @may_be_module: the supplier's driver may still come as a module
 * Return: -EPROBE_DEFER: yes; -ENODEV: initialisation has ended, and it cannot
 * come any more; -ETIMEDOUT: "deferred_probe_timeout" has passed.
 */
int driver_deferred_probe_check_state(struct device *dev, bool may_be_module);
/* Each deferred device and why it waits, by the time since when. No lock that
 * a probe takes is taken by @fn.
 */
void driver_deferred_for_each(void *data,
			      void (*fn)(struct device *dev, const char *why,
					 void *data));
bool device_is_deferred(struct device *dev);

/* Managed resources: released in reverse order at unbind. */
typedef void (*dr_release_t)(struct device *dev, void *res);
typedef int (*dr_match_t)(struct device *dev, void *res, void *match_data);

void *devres_alloc(dr_release_t release, size_t size, gfp_t gfp);
void devres_free(void *res);
void devres_add(struct device *dev, void *res);
void *devres_find(struct device *dev, dr_release_t release, dr_match_t match,
		  void *match_data);
/* Unlinks and releases one; -ENOENT. */
int devres_release(struct device *dev, dr_release_t release, dr_match_t match,
		   void *match_data);
/* Unlinks and frees one without releasing; -ENOENT. */
int devres_destroy(struct device *dev, dr_release_t release,
		   dr_match_t match, void *match_data);
int devres_release_all(struct device *dev);
/* Calls @action(@data) at unbind. On failure it is not called. */
int devm_add_action(struct device *dev, void (*action)(void *), void *data);
/* On failure it is called at once. */
int devm_add_action_or_reset(struct device *dev, void (*action)(void *),
			     void *data);

/* "driver device: message" */
const char *dev_driver_string(const struct device *dev);
void dev_printk(const char *level, const struct device *dev, const char *fmt,
		...) __printf(3, 4);
/* Says why, and returns @err. Of -EPROBE_DEFER the reason is kept, and shown by
 * "deferred"; nothing is printed.
 */
int dev_err_probe(struct device *dev, int err, const char *fmt, ...)
	__printf(3, 4);

#define dev_err(d, fmt, ...)	dev_printk(KERN_ERR, d, fmt, ##__VA_ARGS__)
#define dev_warn(d, fmt, ...)	dev_printk(KERN_WARNING, d, fmt, ##__VA_ARGS__)
#define dev_info(d, fmt, ...)	dev_printk(KERN_INFO, d, fmt, ##__VA_ARGS__)
#define dev_dbg(d, fmt, ...)	dev_printk(KERN_DEBUG, d, fmt, ##__VA_ARGS__)

#define __dev_ratelimited(fn, d, fmt, ...)			\
do {								\
	static struct ratelimit_state _rs;			\
	if (__ratelimit(&_rs, __func__))			\
		fn(d, fmt, ##__VA_ARGS__);			\
} while (0)
#define dev_err_ratelimited(d, fmt, ...) \
	__dev_ratelimited(dev_err, d, fmt, ##__VA_ARGS__)

#endif
