// SPDX-License-Identifier: MIT
/*
 * Interrupts of a device: MSI (Base 7.7.1), which are writes to memory, or one
 * of the lines INTA to INTD, which bridges turn.
 */
#define pr_fmt(fmt) "pci: " fmt
#include <bitfield.h>
#include <export.h>
#include <interrupt.h>
#include <irq.h>
#include <msi.h>
#include <of.h>

#include "pci-internal.h"

/**
 * struct pci_irqs - what a device has allocated
 * @messages: MSI
 * @num: of the vectors
 * @intx: the interrupt number of the line
 */
struct pci_irqs {
	bool messages;
	unsigned int num;
	unsigned int intx;
};

/* ---- INTx */

/*
 * On its way up to the host's bus each bridge turns the lines by the number of
 * the device (PCI-to-PCI Bridge 9.1); there interrupt-map has the rest (IEEE
 * 1275 PCI Bus Binding: the unit address, of which the function's place counts,
 * and the pin).
 */
int pci_intx(const struct pci_dev *pdev)
{
	struct of_phandle_args args;
	u32 address[3] = { 0 }, pin = pdev->pin;
	int ret;

	if (!pin)
		return -ENXIO;
	for (; pdev->bus->self; pdev = pdev->bus->self)
		pin = (pin - 1 + PCI_SLOT(pdev->devfn)) % 4 + 1;
	address[0] = (u32)PCI_RID(pdev->bus->number, pdev->devfn) << 8;
	if (!of_find_property(pdev->host->np, "interrupt-map", NULL))
		return -ENXIO;
	ret = of_irq_parse_raw(pdev->host->np, address, &pin, &args);
	return ret ? ret : irq_create_of_mapping(&args);
}

static int alloc_intx(struct pci_dev *pdev, struct pci_irqs *irqs)
{
	int irq = pci_intx(pdev);

	if (irq < 0)
		return irq;
	irqs->intx = (unsigned int)irq;
	irqs->num = 1;
	return 0;
}

static void set_intx(struct pci_dev *pdev, bool on)
{
	u16 command = pci_read_config_word(pdev, PCI_COMMAND);

	if (on)
		command &= (u16)~PCI_COMMAND_INTX_DISABLE;
	else
		command |= PCI_COMMAND_INTX_DISABLE;
	pci_write_config_word(pdev, PCI_COMMAND, command);
}

/* ---- messages */

static int last_alias(struct pci_dev *pdev, u16 alias, void *data)
{
	(void)pdev;
	*(u16 *)data = alias;
	return 0;
}

/* Whom the host names: msi-map, which goes by the requester ID that it sees
 * (binding pci/pci-msi), else msi-parent.
 */
static struct device_node *controller_of(struct pci_dev *pdev)
{
	struct device_node *host = pdev->host->np, *np = NULL;
	u16 rid = 0;
	u32 id;

	pci_for_each_dma_alias(pdev, last_alias, &rid);
	if (!of_find_property(host, "msi-map", NULL))
		return of_parse_phandle(host, "msi-parent", 0);
	if (of_map_id(host, rid, "msi-map", "msi-map-mask", &np, &id))
		return NULL;
	return np;
}

/* The first message says it for all: they differ in the low bits of the data. */
static void write_msi(struct msi_desc *desc, struct msi_msg *msg)
{
	struct pci_dev *pdev = to_pci_dev(desc->dev);
	unsigned int cap = pdev->msi_cap;
	u16 flags = pci_read_config_word(pdev, cap + PCI_MSI_FLAGS);

	if (desc->index)
		return;
	pci_write_config_dword(pdev, cap + PCI_MSI_ADDRESS_LO,
			       msg->address_lo);
	if (flags & PCI_MSI_FLAGS_64BIT) {
		pci_write_config_dword(pdev, cap + PCI_MSI_ADDRESS_HI,
				       msg->address_hi);
		pci_write_config_word(pdev, cap + PCI_MSI_DATA_64,
				      (u16)msg->data);
	} else {
		pci_write_config_word(pdev, cap + PCI_MSI_DATA_32,
				      (u16)msg->data);
	}
}

static unsigned int log2_below(unsigned int n)
{
	unsigned int log = 0;

	while (n >> (log + 1))
		log++;
	return log;
}

static int alloc_msi(struct pci_dev *pdev, struct pci_irqs *irqs,
		     unsigned int min, unsigned int max)
{
	struct device_node *np = controller_of(pdev);
	unsigned int log;
	u16 flags;
	int ret;

	if (!pdev->msi_cap)
		return -ENXIO;
	flags = pci_read_config_word(pdev, pdev->msi_cap + PCI_MSI_FLAGS);
	log = (unsigned int)FIELD_GET(PCI_MSI_FLAGS_QMASK, flags);
	log = min(log, log2_below(max));
	/* As many as there are in a row. */
	for (;; log--) {
		if (1u << log < min)
			return -ENOSPC;
		ret = msi_domain_alloc_irqs(&pdev->dev, np, 1u << log, true,
					    write_msi);
		if (!ret)
			break;
		if (ret != -ENOSPC || !log)
			return ret;
	}
	irqs->num = 1u << log;
	flags &= (u16)~PCI_MSI_FLAGS_QSIZE;
	flags |= (u16)FIELD_PREP(PCI_MSI_FLAGS_QSIZE, log);
	pci_write_config_word(pdev, pdev->msi_cap + PCI_MSI_FLAGS,
			      flags | PCI_MSI_FLAGS_ENABLE);
	return 0;
}

/* ---- for drivers */

/* Behind free_irq() of each. */
static void release_irqs(struct device *dev, void *res)
{
	struct pci_dev *pdev = to_pci_dev(dev);
	struct pci_irqs *irqs = res;

	if (irqs->messages) {
		pci_write_config_word(pdev, pdev->msi_cap + PCI_MSI_FLAGS, 0);
		platform_msi_domain_free_irqs(dev);
		set_intx(pdev, true);
	}
	pdev->irqs = NULL;
}

/**
 * pci_alloc_irq_vectors - get interrupts for a device
 * @pdev: the device, enabled; it has none yet
 * @min: at least so many
 * @max: at most so many
 * @kinds: PCI_IRQ_*: MSI is tried first
 *
 * Messages need pci_set_master() as well. They go back by
 * pci_free_irq_vectors(), or when the device is unbound, behind what
 * devm_request_irq() was given later.
 *
 * Return: their number; -EINVAL, -EBUSY, -ENOMEM, -ENOSPC: there are not so
 * many; -ENXIO: it has none of that kind; -EPROBE_DEFER: their controller is
 * not there yet.
 */
int pci_alloc_irq_vectors(struct pci_dev *pdev, unsigned int min,
			  unsigned int max, unsigned int kinds)
{
	struct pci_irqs *irqs;
	int ret = -ENXIO;

	if (!min || min > max)
		return -EINVAL;
	if (pdev->irqs)
		return -EBUSY;
	irqs = devres_alloc(release_irqs, sizeof(*irqs), GFP_KERNEL);
	if (!irqs)
		return -ENOMEM;
	if (kinds & PCI_IRQ_MSI)
		ret = alloc_msi(pdev, irqs, min, max);
	irqs->messages = !ret;
	/* Why there are no messages says more than that there is no line. */
	if (ret && kinds & PCI_IRQ_INTX && min == 1 &&
	    !alloc_intx(pdev, irqs))
		ret = 0;
	if (ret) {
		devres_free(irqs);
		return ret;
	}
	set_intx(pdev, !irqs->messages);
	pdev->irqs = irqs;
	devres_add(&pdev->dev, irqs);
	return (int)irqs->num;
}
EXPORT_SYMBOL(pci_alloc_irq_vectors);

/**
 * pci_free_irq_vectors - give interrupts back
 * @pdev: the device; each is freed, and it may have none
 */
void pci_free_irq_vectors(struct pci_dev *pdev)
{
	devres_release(&pdev->dev, release_irqs, NULL, NULL);
}
EXPORT_SYMBOL(pci_free_irq_vectors);

/**
 * pci_irq_vector - the interrupt number of a vector
 * @pdev: the device
 * @n: from 0
 *
 * Return: what request_irq() takes, or -EINVAL. A line is shared:
 * IRQF_SHARED.
 */
int pci_irq_vector(const struct pci_dev *pdev, unsigned int n)
{
	if (!pdev->irqs || n >= pdev->irqs->num)
		return -EINVAL;
	if (!pdev->irqs->messages)
		return (int)pdev->irqs->intx;
	return msi_get_virq((struct device *)&pdev->dev, n);
}
EXPORT_SYMBOL(pci_irq_vector);

/**
 * pci_irq_is_message - are a device's interrupts messages?
 * @pdev: the device
 */
bool pci_irq_is_message(const struct pci_dev *pdev)
{
	return pdev->irqs && pdev->irqs->messages;
}
EXPORT_SYMBOL(pci_irq_is_message);
