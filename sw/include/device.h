/* Driver core: buses, devices, drivers, managed resources. */
#ifndef _DEVICE_H
#define _DEVICE_H

#include <atomic.h>
#include <err.h>
#include <ioport.h>
#include <list.h>
#include <mod_devicetable.h>
#include <mutex.h>
#include <printk.h>
#include <slab.h>
#include <types.h>

struct device;
struct device_driver;
struct device_node;
struct dma_map_ops;
struct iommu_fwspec;
struct iommu_group;
struct module;

/**
 * struct bus_type - A kind of device and how its drivers are found.
 * @match: non-zero when @drv can drive @dev
 * @probe, @remove: called instead of the driver's when set
 */
struct bus_type {
	const char *name;
	int (*match)(struct device *dev, struct device_driver *drv);
	int (*probe)(struct device *dev);
	void (*remove)(struct device *dev);
	/* private */
	struct list_head devices;
	struct list_head drivers;
	struct list_head node;
};

struct device_driver {
	const char *name;
	struct bus_type *bus;
	struct module *owner;
	const struct of_device_id *of_match_table;
	int (*probe)(struct device *dev);
	void (*remove)(struct device *dev);
	bool suppress_bind_attrs;
	/* private */
	struct list_head bus_node;
};

struct device {
	struct kref kref;
	const char *init_name;
	char *name;
	struct device *parent;
	struct bus_type *bus;
	struct device_driver *driver;	/* NULL: not bound */
	struct device_node *of_node;
	void *platform_data;
	void *driver_data;
	void (*release)(struct device *dev);

	/* For the IOMMU and DMA layers. */
	struct iommu_group *iommu_group;
	struct iommu_fwspec *iommu;
	const struct dma_map_ops *dma_ops;
	void *dma_private;
	u64 dma_mask;
	u64 coherent_dma_mask;
	bool dma_coherent;

	/* private */
	struct list_head bus_node;
	struct list_head deferred_node;
	struct list_head devres;
	char *deferred_reason;
	bool registered;
};

static inline const char *dev_name(const struct device *dev)
{
	return dev->name ? dev->name :
	       dev->init_name ? dev->init_name : "(unnamed)";
}

static inline void *dev_get_drvdata(const struct device *dev)
{
	return dev->driver_data;
}

static inline void dev_set_drvdata(struct device *dev, void *data)
{
	dev->driver_data = data;
}

int bus_register(struct bus_type *bus);
void bus_unregister(struct bus_type *bus);
int bus_for_each_dev(struct bus_type *bus, struct device *start, void *data,
		     int (*fn)(struct device *dev, void *data));
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

/* Registration probes every device that matches; -EPROBE_DEFER of a probe is
 * kept for later. Unregistration unbinds.
 */
int driver_register(struct device_driver *drv);
void driver_unregister(struct device_driver *drv);
int device_attach(struct device *dev);
void device_release_driver(struct device *dev);
/* Try the deferred devices again: a supplier that is no device calls it. */
void driver_deferred_probe_trigger(void);
/* Devices whose probe is deferred, one line each, to the console. */
void driver_deferred_probe_show(void);

/**
 * struct device_dma_hooks - What the IOMMU and DMA layer adds to binding.
 * @configure: before a probe; an error ends it, -EPROBE_DEFER defers it
 * @cleanup: after an unbind or a failed probe, once the devres are gone
 */
struct device_dma_hooks {
	int (*configure)(struct device *dev);
	void (*cleanup)(struct device *dev);
};

/* NULL removes them. -EBUSY when there are some already. */
int device_set_dma_hooks(const struct device_dma_hooks *hooks);

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
/* Says why, quietly for -EPROBE_DEFER, and returns @err. */
int dev_err_probe(struct device *dev, int err, const char *fmt, ...)
	__printf(3, 4);

#define dev_err(d, fmt, ...)	dev_printk(KERN_ERR, d, fmt, ##__VA_ARGS__)
#define dev_warn(d, fmt, ...)	dev_printk(KERN_WARNING, d, fmt, ##__VA_ARGS__)
#define dev_notice(d, fmt, ...)	dev_printk(KERN_NOTICE, d, fmt, ##__VA_ARGS__)
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
#define dev_warn_ratelimited(d, fmt, ...) \
	__dev_ratelimited(dev_warn, d, fmt, ##__VA_ARGS__)
#define dev_info_ratelimited(d, fmt, ...) \
	__dev_ratelimited(dev_info, d, fmt, ##__VA_ARGS__)

#endif
