// SPDX-License-Identifier: MIT
/*
 * Interrupts of a device: MSI-X and MSI (Base 7.7), which are writes to memory,
 * or one of the lines INTA to INTD, which bridges turn.
 */
#define pr_fmt(fmt) "pci: " fmt
#include <bitfield.h>
#include <export.h>
#include <interrupt.h>
#include <io.h>
#include <irq.h>
#include <msi.h>
#include <of.h>
#include <slab.h>

#include "pci-internal.h"

/**
 * struct pci_irqs - what a device has allocated
 * @kind: PCI_IRQ_*
 * @num: of the vectors
 * @intx: the interrupt number of PCI_IRQ_INTX
 * @table: of PCI_IRQ_MSIX
 */
struct pci_irqs {
	unsigned int kind;
	unsigned int num;
	unsigned int intx;
	u8 __iomem *table;
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

static void write_msix(struct msi_desc *desc, struct msi_msg *msg)
{
	struct pci_dev *pdev = to_pci_dev(desc->dev);
	u8 __iomem *entry = pdev->irqs->table +
			    desc->index * PCI_MSIX_ENTRY_SIZE;

	writel(msg->address_lo, entry + PCI_MSIX_ENTRY_ADDR_LO);
	writel(msg->address_hi, entry + PCI_MSIX_ENTRY_ADDR_HI);
	writel(msg->data, entry + PCI_MSIX_ENTRY_DATA);
	writel(0, entry + PCI_MSIX_ENTRY_CTRL);
}

/* The table lies in a BAR, all of it. */
static u8 __iomem *map_msix(struct pci_dev *pdev, unsigned int entries)
{
	u32 table = pci_read_config_dword(pdev,
					  pdev->msix_cap + PCI_MSIX_TABLE);
	unsigned int bir = (unsigned int)FIELD_GET(PCI_MSIX_TABLE_BIR, table);
	u64 offset = table & ~(u32)PCI_MSIX_TABLE_BIR;
	size_t size = entries * PCI_MSIX_ENTRY_SIZE;
	const struct pci_bar *bar;

	bar = bir < PCI_NUM_BARS ? &pdev->bars[bir] : NULL;
	if (!bar || !bar->assigned || offset + size > bar->size) {
		dev_warn(&pdev->dev, "its table of MSI-X is in no BAR\n");
		return NULL;
	}
	return ioremap(bar->cpu + offset, size);
}

static int alloc_msix(struct pci_dev *pdev, struct pci_irqs *irqs,
		      unsigned int min, unsigned int max)
{
	struct device_node *np = controller_of(pdev);
	unsigned int entries, i;
	u16 flags;
	int ret;

	if (!pdev->msix_cap)
		return -ENXIO;
	flags = pci_read_config_word(pdev, pdev->msix_cap + PCI_MSIX_FLAGS);
	entries = (unsigned int)FIELD_GET(PCI_MSIX_FLAGS_QSIZE, flags) + 1;
	if (entries < min)
		return -ENOSPC;
	irqs->table = map_msix(pdev, entries);
	if (!irqs->table)
		return -ENXIO;
	/* On before its table is written, and silent until it is. */
	pci_write_config_word(pdev, pdev->msix_cap + PCI_MSIX_FLAGS,
			      flags | PCI_MSIX_FLAGS_ENABLE |
			      PCI_MSIX_FLAGS_MASKALL);
	for (i = 0; i < entries; i++)
		writel(PCI_MSIX_ENTRY_MASKED,
		       irqs->table + i * PCI_MSIX_ENTRY_SIZE +
		       PCI_MSIX_ENTRY_CTRL);
	ret = -ENOSPC;
	for (i = min(entries, max); i >= min && ret == -ENOSPC; i--) {
		ret = msi_domain_alloc_irqs(&pdev->dev, np, i, false,
					    write_msix);
		irqs->num = i;
	}
	if (ret) {
		pci_write_config_word(pdev, pdev->msix_cap + PCI_MSIX_FLAGS,
				      0);
		iounmap(irqs->table);
		irqs->table = NULL;
		return ret;
	}
	pci_write_config_word(pdev, pdev->msix_cap + PCI_MSIX_FLAGS,
			      (flags & ~PCI_MSIX_FLAGS_MASKALL) |
			      PCI_MSIX_FLAGS_ENABLE);
	return 0;
}

/* ---- for drivers */

static int alloc_kind(struct pci_dev *pdev, struct pci_irqs *irqs,
		      unsigned int min, unsigned int max)
{
	switch (irqs->kind) {
	case PCI_IRQ_MSIX:
		return alloc_msix(pdev, irqs, min, max);
	case PCI_IRQ_MSI:
		return alloc_msi(pdev, irqs, min, max);
	default:
		return min > 1 ? -ENOSPC : alloc_intx(pdev, irqs);
	}
}

/* Behind free_irq() of each. */
static void release_irqs(struct device *dev, void *res)
{
	struct pci_dev *pdev = to_pci_dev(dev);
	struct pci_irqs *irqs = res;

	if (irqs->kind == PCI_IRQ_MSI)
		pci_write_config_word(pdev, pdev->msi_cap + PCI_MSI_FLAGS, 0);
	if (irqs->kind == PCI_IRQ_MSIX) {
		pci_write_config_word(pdev, pdev->msix_cap + PCI_MSIX_FLAGS,
				      0);
		iounmap(irqs->table);
	}
	if (irqs->kind != PCI_IRQ_INTX) {
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
 * @kinds: PCI_IRQ_*, of which the first that works is taken: MSI-X, MSI, INTx
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
	static const unsigned int order[] = {
		PCI_IRQ_MSIX, PCI_IRQ_MSI, PCI_IRQ_INTX,
	};
	struct pci_irqs *irqs;
	unsigned int i;
	int ret = -ENXIO, err = -ENXIO;

	if (!min || min > max)
		return -EINVAL;
	if (pdev->irqs)
		return -EBUSY;
	irqs = devres_alloc(release_irqs, sizeof(*irqs), GFP_KERNEL);
	if (!irqs)
		return -ENOMEM;
	pdev->irqs = irqs;
	for (i = 0; i < ARRAY_SIZE(order) && ret; i++) {
		if (!(kinds & order[i]))
			continue;
		irqs->kind = order[i];
		ret = alloc_kind(pdev, irqs, min, max);
		/* What there is none of says least. */
		if (ret && err == -ENXIO)
			err = ret;
	}
	if (ret) {
		pdev->irqs = NULL;
		devres_free(irqs);
		return err;
	}
	set_intx(pdev, irqs->kind == PCI_IRQ_INTX);
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
	if (pdev->irqs->kind == PCI_IRQ_INTX)
		return (int)pdev->irqs->intx;
	return msi_get_virq((struct device *)&pdev->dev, n);
}
EXPORT_SYMBOL(pci_irq_vector);

/**
 * pci_irq_is_message - are a device's interrupts MSI or MSI-X?
 * @pdev: the device
 */
bool pci_irq_is_message(const struct pci_dev *pdev)
{
	return pdev->irqs && pdev->irqs->kind != PCI_IRQ_INTX;
}
EXPORT_SYMBOL(pci_irq_is_message);
