// SPDX-License-Identifier: MIT
/* What the device tree says of a host (binding pci/host-generic-pci; IEEE 1275
 * PCI Bus Binding 2.1, 2.2.1.1 of addresses).
 */
#include <bitfield.h>
#include <export.h>
#include <of.h>

#include "pci-internal.h"

#define SPACE		GENMASK(25, 24)
#define SPACE_IO	1
#define SPACE_MEM32	2
#define SPACE_MEM64	3
#define PREFETCHABLE	BIT(30)
#define PCI_CELLS	3
#define SIZE_CELLS	2

static u64 cells(const struct property *p, int at, int n)
{
	const __be32 *cell = p->value;
	u64 value = 0;

	while (n--)
		value = value << 32 | be32_to_cpu(cell[at++]);
	return value;
}

static bool overlaps(const struct pci_host *host, u64 pci, u64 size)
{
	unsigned int i;

	for (i = 0; i < host->num_windows; i++) {
		const struct pci_window *w = &host->windows[i];

		if (pci <= w->pci + (w->size - 1) &&
		    w->pci <= pci + (size - 1))
			return true;
	}
	return false;
}

static void add_window(struct pci_host *host, u32 flags, u64 pci, u64 cpu,
		       u64 size)
{
	struct pci_window *w = &host->windows[host->num_windows];
	u32 space = (u32)FIELD_GET(SPACE, flags);

	if (space != SPACE_MEM32 && space != SPACE_MEM64)
		return;
	if (!size || pci + size < pci ||
	    of_translate_address(host->np, &cpu, size) ||
	    cpu + (size - 1) < cpu || overlaps(host, pci, size)) {
		dev_warn(host->dev, "ranges: %#llx bytes at %#llx cannot be, and are not used\n",
			 size, pci);
		return;
	}
	if (host->num_windows == PCI_MAX_WINDOWS) {
		dev_warn(host->dev, "ranges has more than %d entries of memory\n",
			 PCI_MAX_WINDOWS);
		return;
	}
	*w = (struct pci_window){
		.pci = pci, .cpu = cpu, .size = size,
		.prefetch = flags & PREFETCHABLE,
	};
	host->num_windows++;
}

static int read_ranges(struct pci_host *host)
{
	struct property *p = of_find_property(host->np, "ranges", NULL);
	int pac = of_n_addr_cells(host->np), entry, i;

	if (!p || pac < 1 || pac > 2)
		return -EINVAL;
	entry = PCI_CELLS + pac + SIZE_CELLS;
	if (p->length % (entry * 4))
		return -EINVAL;
	for (i = 0; i < p->length / 4; i += entry)
		add_window(host, (u32)cells(p, i, 1), cells(p, i + 1, 2),
			   cells(p, i + PCI_CELLS, pac),
			   cells(p, i + PCI_CELLS + pac, SIZE_CELLS));
	return 0;
}

static int read_buses(struct pci_host *host)
{
	u32 range[2] = { 0, 0xff };

	if (of_find_property(host->np, "bus-range", NULL) &&
	    of_property_read_u32_array(host->np, "bus-range", range, 2))
		return -EINVAL;
	if (range[0] > range[1] || range[1] > 0xff)
		return -EINVAL;
	host->first_bus = (u8)range[0];
	host->last_bus = (u8)range[1];
	return 0;
}

/**
 * pci_host_of_init - read what the device tree says of a host
 * @host: zeroed
 * @dev: its device, with a node
 *
 * Return: 0, or -EINVAL, which is told.
 */
int pci_host_of_init(struct pci_host *host, struct device *dev)
{
	u32 address = 0, size = 0;

	host->dev = dev;
	host->np = dev->of_node;
	host->dma_coherent = of_dma_is_coherent(host->np);
	host->ats_supported = of_property_read_bool(host->np, "ats-supported");
	of_property_read_u32(host->np, "#address-cells", &address);
	of_property_read_u32(host->np, "#size-cells", &size);
	if (address != PCI_CELLS || size != SIZE_CELLS) {
		dev_err(dev, "addresses of PCI have %d cells and sizes %d, not %u and %u\n",
			PCI_CELLS, SIZE_CELLS, address, size);
		return -EINVAL;
	}
	if (read_buses(host)) {
		dev_err(dev, "bus-range is no range of bus numbers\n");
		return -EINVAL;
	}
	if (read_ranges(host)) {
		dev_err(dev, "ranges is not there, or no list of windows\n");
		return -EINVAL;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(pci_host_of_init);
