/* SPDX-License-Identifier: MIT */
/* Devices that the device tree describes. */
#ifndef PLATFORM_DEVICE_H
#define PLATFORM_DEVICE_H

#include <device.h>
#include <kernel.h>
#include <module.h>

struct platform_device {
	const char *name;
	int id;
	struct device dev;
	unsigned int num_resources;
	struct resource *resource;
};

#define PLATFORM_DEVID_NONE	(-1)

struct platform_driver {
	int (*probe)(struct platform_device *pdev);
	void (*remove)(struct platform_device *pdev);
	struct device_driver driver;
};

#define to_platform_device(d)	container_of(d, struct platform_device, dev)
#define to_platform_driver(d)	container_of(d, struct platform_driver, driver)

extern struct bus_type platform_bus_type;

static inline void *platform_get_drvdata(const struct platform_device *p)
{
	return dev_get_drvdata(&p->dev);
}

static inline void platform_set_drvdata(struct platform_device *p, void *d)
{
	dev_set_drvdata(&p->dev, d);
}

int __platform_driver_register(struct platform_driver *drv,
			       struct module *owner);
void platform_driver_unregister(struct platform_driver *drv);
#define platform_driver_register(d) \
	__platform_driver_register(d, THIS_MODULE)

#define module_platform_driver(drv)				\
static int __init drv##_init(void)				\
{								\
	return platform_driver_register(&(drv));		\
}								\
module_init(drv##_init);					\
static void __exit drv##_exit(void)				\
{								\
	platform_driver_unregister(&(drv));			\
}								\
module_exit(drv##_exit)
#define builtin_platform_driver(drv)				\
static int __init drv##_init(void)				\
{								\
	return platform_driver_register(&(drv));		\
}								\
device_initcall(drv##_init)

struct resource *platform_get_resource(struct platform_device *pdev,
				       unsigned int type, unsigned int num);
struct resource *platform_get_resource_byname(struct platform_device *pdev,
					      unsigned int type,
					      const char *name);
/* The interrupt number, or an error (-ENXIO: there is none); it says so. */
int platform_get_irq(struct platform_device *pdev, unsigned int num);
/* Silent when there is none. */
int platform_get_irq_optional(struct platform_device *pdev, unsigned int num);
int platform_get_irq_byname(struct platform_device *pdev, const char *name);
int platform_get_irq_byname_optional(struct platform_device *pdev,
				     const char *name);
int platform_irq_count(struct platform_device *pdev);

struct platform_device *platform_device_alloc(const char *name, int id);
int platform_device_add(struct platform_device *pdev);
void platform_device_put(struct platform_device *pdev);
int platform_device_register(struct platform_device *pdev);
void platform_device_unregister(struct platform_device *pdev);
/* A device without a node, matched by name; ERR_PTR on failure. */
struct platform_device *platform_device_register_simple(const char *name,
							int id);

/* The device that stands for a node, or NULL. */
struct platform_device *of_find_device_by_node(struct device_node *np);

#endif
