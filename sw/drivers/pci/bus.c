// SPDX-License-Identifier: MIT
/* The bus "pci" of the driver core: devices, and which driver is for which. */
#define pr_fmt(fmt) "pci: " fmt
#include <dma-mapping.h>
#include <export.h>
#include <init.h>
#include <io.h>
#include <iommu.h>
#include <slab.h>

#include "pci-internal.h"

static bool id_fits(u32 id, u32 wanted)
{
	return wanted == PCI_ANY_ID || wanted == id;
}

static const struct pci_device_id *match_id(const struct pci_device_id *id,
					    const struct pci_dev *pdev)
{
	for (; id && (id->vendor || id->subvendor || id->class_mask); id++)
		if (id_fits(pdev->vendor, id->vendor) &&
		    id_fits(pdev->device, id->device) &&
		    id_fits(pdev->subsystem_vendor, id->subvendor) &&
		    id_fits(pdev->subsystem_device, id->subdevice) &&
		    !((pdev->class ^ id->class) & id->class_mask))
			return id;
	return NULL;
}

static int pci_match(struct device *dev, struct device_driver *drv)
{
	return match_id(to_pci_driver(drv)->id_table, to_pci_dev(dev)) !=
	       NULL;
}

/* As match tables of modules expect it: scripts/modpost.py. */
static int pci_modalias(const struct device *dev, char *buf, size_t size)
{
	const struct pci_dev *pdev = container_of(dev, struct pci_dev, dev);

	return snprintf(buf, size,
			"pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X",
			pdev->vendor, pdev->device, pdev->subsystem_vendor,
			pdev->subsystem_device, pdev->class >> 16,
			pdev->class >> 8 & 0xff, pdev->class & 0xff);
}

static int pci_probe(struct device *dev)
{
	struct pci_driver *drv = to_pci_driver(dev->driver);
	struct pci_dev *pdev = to_pci_dev(dev);

	return drv->probe(pdev, match_id(drv->id_table, pdev));
}

static void pci_remove(struct device *dev)
{
	struct pci_driver *drv = to_pci_driver(dev->driver);

	if (drv->remove)
		drv->remove(to_pci_dev(dev));
	/* Nothing of what it still had under way reaches memory. */
	pci_clear_master(to_pci_dev(dev));
}

int pci_dma_configure(struct device *dev)
{
	struct pci_dev *pdev = to_pci_dev(dev);

	dev->dma_mask = DMA_BIT_MASK(32);
	dev->coherent_dma_mask = DMA_BIT_MASK(32);
	dev->dma_coherent = pdev->host->dma_coherent;
	return iommu_configure_pci_device(pdev);
}

struct bus_type pci_bus_type = {
	.name = "pci",
	.dev_groups = pci_dev_groups,
	.match = pci_match,
	.modalias = pci_modalias,
	.probe = pci_probe,
	.remove = pci_remove,
	.dma_configure = pci_dma_configure,
	.dma_cleanup = dma_cleanup,
};
EXPORT_SYMBOL(pci_bus_type);

static int __init pci_bus_init(void)
{
	return bus_register(&pci_bus_type);
}
core_initcall(pci_bus_init);

int __pci_register_driver(struct pci_driver *drv, struct module *owner)
{
	if (!drv->id_table || !drv->probe)
		return -EINVAL;
	drv->driver.name = drv->name;
	drv->driver.owner = owner;
	drv->driver.bus = &pci_bus_type;
	return driver_register(&drv->driver);
}
EXPORT_SYMBOL(__pci_register_driver);

void pci_unregister_driver(struct pci_driver *drv)
{
	driver_unregister(&drv->driver);
}
EXPORT_SYMBOL(pci_unregister_driver);

static void pci_release(struct device *dev)
{
	kfree(to_pci_dev(dev));
}

/* Not on a list yet. */
struct pci_dev *pci_alloc_dev(struct pci_bus *bus, u8 devfn)
{
	struct pci_dev *pdev = kzalloc(sizeof(*pdev), GFP_KERNEL);
	struct pci_host *host = bus->host;

	if (!pdev)
		return NULL;
	device_initialize(&pdev->dev);
	pdev->dev.bus = &pci_bus_type;
	pdev->dev.release = pci_release;
	pdev->dev.parent = bus->self ? &bus->self->dev : host->dev;
	pdev->host = host;
	pdev->bus = bus;
	pdev->devfn = devfn;
	if (dev_set_name(&pdev->dev, "%04x:%02x:%02x.%x", host->domain,
			 bus->number, PCI_SLOT(devfn), PCI_FUNC(devfn))) {
		put_device(&pdev->dev);
		return NULL;
	}
	return pdev;
}

static void set_command(struct pci_dev *pdev, u16 clear, u16 set)
{
	u16 command = pci_read_config_word(pdev, PCI_COMMAND);

	pci_write_config_word(pdev, PCI_COMMAND,
			      (u16)((command & ~clear) | set));
}

static void disable_device(void *data)
{
	set_command(data, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
}

/**
 * pci_enable_device - have a device answer at its BARs
 * @pdev: the device, which is being probed; it is disabled when it is unbound
 *
 * Return: 0 or -ENOMEM.
 */
int pci_enable_device(struct pci_dev *pdev)
{
	int ret = devm_add_action(&pdev->dev, disable_device, pdev);

	if (!ret)
		set_command(pdev, 0, PCI_COMMAND_MEMORY);
	return ret;
}
EXPORT_SYMBOL(pci_enable_device);

/**
 * pci_set_master - let a device access memory, and send messages
 * @pdev: the device, enabled; until pci_clear_master(), or it is unbound
 */
void pci_set_master(struct pci_dev *pdev)
{
	set_command(pdev, 0, PCI_COMMAND_MASTER);
}
EXPORT_SYMBOL(pci_set_master);

void pci_clear_master(struct pci_dev *pdev)
{
	set_command(pdev, PCI_COMMAND_MASTER, 0);
}
EXPORT_SYMBOL(pci_clear_master);

/**
 * pcim_iomap - map a BAR
 * @pdev: the device, which is being probed; unmapped when it is unbound
 * @bar: its number; of one of 64 bits the lower
 * @size: the first so many bytes; 0: all
 *
 * Return: the registers, or ERR_PTR: -ENODEV for a BAR that is not there, has
 * no address, or is smaller; -ENOMEM.
 */
void __iomem *pcim_iomap(struct pci_dev *pdev, unsigned int bar, size_t size)
{
	const struct pci_bar *b = bar < PCI_NUM_BARS ? &pdev->bars[bar] : NULL;
	void __iomem *regs;

	if (!b || !b->assigned || size > b->size) {
		dev_err(&pdev->dev, "BAR %u is not there, or not of %#zx bytes\n",
			bar, size);
		return (void __iomem *)ERR_PTR(-ENODEV);
	}
	regs = devm_ioremap(&pdev->dev, b->cpu, size ? size : b->size);
	return regs ? regs : (void __iomem *)ERR_PTR(-ENOMEM);
}
EXPORT_SYMBOL(pcim_iomap);
