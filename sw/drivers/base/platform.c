// SPDX-License-Identifier: MIT
/* The platform bus: devices that the device tree describes. */
#include <arch.h>
#include <dma-mapping.h>
#include <export.h>
#include <kernel.h>
#include <of.h>
#include <platform_device.h>
#include <sizes.h>

static int platform_match(struct device *dev, struct device_driver *drv)
{
	if (drv->of_match_table)
		return of_match_node(drv->of_match_table, dev->of_node) !=
		       NULL;
	return !strcmp(to_platform_device(dev)->name, drv->name);
}

static int platform_probe(struct device *dev)
{
	struct platform_driver *drv = to_platform_driver(dev->driver);

	return drv->probe ? drv->probe(to_platform_device(dev)) : 0;
}

static void platform_remove(struct device *dev)
{
	struct platform_driver *drv = to_platform_driver(dev->driver);

	if (drv->remove)
		drv->remove(to_platform_device(dev));
}

/* "of:NnameT(null)Ccompatible...", as match tables of modules expect, or
 * "platform:name".
 */
static int platform_modalias(const struct device *dev, char *buf, size_t size)
{
	const struct platform_device *pdev =
		container_of(dev, struct platform_device, dev);
	const char *s;
	int i, n;

	if (!dev->of_node)
		return snprintf(buf, size, "platform:%s", pdev->name);
	n = snprintf(buf, size, "of:N%sT(null)", dev->of_node->name);
	for (i = 0; !of_property_read_string_index(dev->of_node, "compatible",
						   i, &s); i++) {
		size_t at = min((size_t)n, size);

		n += snprintf(buf + at, size - at, "C%s", s);
	}
	return n;
}

struct bus_type platform_bus_type = {
	.name = "platform",
	.match = platform_match,
	.modalias = platform_modalias,
	.probe = platform_probe,
	.remove = platform_remove,
	.dma_configure = dma_configure,
	.dma_cleanup = dma_cleanup,
};
EXPORT_SYMBOL(platform_bus_type);

int __platform_driver_register(struct platform_driver *drv,
			       struct module *owner)
{
	drv->driver.owner = owner;
	drv->driver.bus = &platform_bus_type;
	return driver_register(&drv->driver);
}
EXPORT_SYMBOL(__platform_driver_register);

void platform_driver_unregister(struct platform_driver *drv)
{
	driver_unregister(&drv->driver);
}
EXPORT_SYMBOL(platform_driver_unregister);

struct resource *platform_get_resource(struct platform_device *pdev,
				       unsigned int type, unsigned int num)
{
	unsigned int i;

	for (i = 0; i < pdev->num_resources; i++)
		if (resource_type(&pdev->resource[i]) == type && !num--)
			return &pdev->resource[i];
	return NULL;
}
EXPORT_SYMBOL(platform_get_resource);

struct resource *platform_get_resource_byname(struct platform_device *pdev,
					      unsigned int type,
					      const char *name)
{
	unsigned int i;

	for (i = 0; i < pdev->num_resources; i++)
		if (resource_type(&pdev->resource[i]) == type &&
		    pdev->resource[i].name &&
		    !strcmp(pdev->resource[i].name, name))
			return &pdev->resource[i];
	return NULL;
}
EXPORT_SYMBOL(platform_get_resource_byname);

int platform_get_irq_optional(struct platform_device *pdev, unsigned int num)
{
	struct resource *r;

	if (pdev->dev.of_node)
		return of_irq_get(pdev->dev.of_node, (int)num);
	r = platform_get_resource(pdev, IORESOURCE_IRQ, num);
	return r ? (int)r->start : -ENXIO;
}
EXPORT_SYMBOL(platform_get_irq_optional);

int platform_get_irq(struct platform_device *pdev, unsigned int num)
{
	int irq = platform_get_irq_optional(pdev, num);

	if (irq < 0 && irq != -EPROBE_DEFER)
		dev_err(&pdev->dev, "interrupt %u: -%s\n", num, errname(irq));
	return irq;
}
EXPORT_SYMBOL(platform_get_irq);

int platform_get_irq_byname_optional(struct platform_device *pdev,
				     const char *name)
{
	struct resource *r;

	if (pdev->dev.of_node)
		return of_irq_get_byname(pdev->dev.of_node, name);
	r = platform_get_resource_byname(pdev, IORESOURCE_IRQ, name);
	return r ? (int)r->start : -ENXIO;
}
EXPORT_SYMBOL(platform_get_irq_byname_optional);

int platform_get_irq_byname(struct platform_device *pdev, const char *name)
{
	int irq = platform_get_irq_byname_optional(pdev, name);

	if (irq < 0 && irq != -EPROBE_DEFER)
		dev_err(&pdev->dev, "interrupt \"%s\": -%s\n", name,
			errname(irq));
	return irq;
}
EXPORT_SYMBOL(platform_get_irq_byname);

int platform_irq_count(struct platform_device *pdev)
{
	return pdev->dev.of_node ? of_irq_count(pdev->dev.of_node) : 0;
}
EXPORT_SYMBOL(platform_irq_count);

static void platform_release(struct device *dev)
{
	struct platform_device *pdev = to_platform_device(dev);

	if (dev->of_node && dev->of_node->dev == dev)
		dev->of_node->dev = NULL;
	kfree(pdev->resource);
	kfree(pdev->name);
	kfree(pdev);
}

struct platform_device *platform_device_alloc(const char *name, int id)
{
	struct platform_device *pdev = kzalloc(sizeof(*pdev), GFP_KERNEL);

	if (!pdev)
		return NULL;
	device_initialize(&pdev->dev);
	pdev->dev.release = platform_release;
	pdev->dev.bus = &platform_bus_type;
	pdev->dev.dma_mask = U32_MAX;
	pdev->dev.coherent_dma_mask = U32_MAX;
	pdev->id = id;
	pdev->name = kstrdup(name, GFP_KERNEL);
	if (!pdev->name) {
		put_device(&pdev->dev);
		return NULL;
	}
	return pdev;
}
EXPORT_SYMBOL(platform_device_alloc);

int platform_device_add(struct platform_device *pdev)
{
	int ret = 0;

	if (!pdev->dev.name)
		ret = pdev->id == PLATFORM_DEVID_NONE ?
		      dev_set_name(&pdev->dev, "%s", pdev->name) :
		      dev_set_name(&pdev->dev, "%s.%d", pdev->name, pdev->id);
	return ret ? ret : device_add(&pdev->dev);
}
EXPORT_SYMBOL(platform_device_add);

void platform_device_put(struct platform_device *pdev)
{
	if (pdev)
		put_device(&pdev->dev);
}
EXPORT_SYMBOL(platform_device_put);

int platform_device_register(struct platform_device *pdev)
{
	device_initialize(&pdev->dev);
	pdev->dev.bus = &platform_bus_type;
	return platform_device_add(pdev);
}
EXPORT_SYMBOL(platform_device_register);

void platform_device_unregister(struct platform_device *pdev)
{
	if (pdev)
		device_unregister(&pdev->dev);
}
EXPORT_SYMBOL(platform_device_unregister);

struct platform_device *platform_device_register_simple(const char *name,
							int id)
{
	struct platform_device *pdev = platform_device_alloc(name, id);
	int ret;

	if (!pdev)
		return ERR_PTR(-ENOMEM);
	ret = platform_device_add(pdev);
	if (ret) {
		platform_device_put(pdev);
		return ERR_PTR(ret);
	}
	return pdev;
}
EXPORT_SYMBOL(platform_device_register_simple);

struct platform_device *of_find_device_by_node(struct device_node *np)
{
	if (!np || !np->dev || np->dev->bus != &platform_bus_type)
		return NULL;
	return to_platform_device(get_device(np->dev));
}
EXPORT_SYMBOL(of_find_device_by_node);

/* "9000000.pl011", or the plain name without a usable address. */
static int name_device(struct platform_device *pdev, struct device_node *np)
{
	if (pdev->num_resources)
		return dev_set_name(&pdev->dev, "%llx.%pE",
				    pdev->resource[0].start, np->name);
	return dev_set_name(&pdev->dev, "%pE", np->name);
}

static int create_device(struct device_node *np, struct device *parent)
{
	struct platform_device *pdev;
	struct resource r;
	unsigned int n = 0;
	int ret = -ENOMEM;

	while (!of_address_to_resource(np, (int)n, &r))
		n++;
	pdev = platform_device_alloc(np->name, PLATFORM_DEVID_NONE);
	if (!pdev)
		return -ENOMEM;
	pdev->resource = kcalloc(n, sizeof(r), GFP_KERNEL);
	if (!pdev->resource)
		goto out_put;
	for (; pdev->num_resources < n; pdev->num_resources++)
		of_address_to_resource(np, (int)pdev->num_resources,
				       &pdev->resource[pdev->num_resources]);
	pdev->dev.parent = parent;
	pdev->dev.of_node = np;
	pdev->dev.dma_coherent = of_dma_is_coherent(np);
	np->dev = &pdev->dev;
	ret = name_device(pdev, np);
	if (ret)
		goto out_put;
	ret = platform_device_add(pdev);
	if (!ret)
		return 0;

out_put:
	platform_device_put(pdev);
	return ret;
}

static void populate(struct device_node *parent, struct device *dev)
{
	struct device_node *np;

	for_each_child_of_node(parent, np) {
		if (!of_find_property(np, "compatible", NULL) ||
		    !of_device_is_available(np))
			continue;
		if (create_device(np, dev)) {
			pr_err("no memory for device %pOF\n", np);
			continue;
		}
		if (of_device_is_compatible(np, "simple-bus"))
			populate(np, np->dev);
	}
}

void __init of_platform_populate(void)
{
	if (bus_register(&platform_bus_type))
		panic("the platform bus is not registered");
	populate(of_root, NULL);
}
