// SPDX-License-Identifier: MIT
/*
 * Who is there: functions are looked for from a host's first bus on, depth
 * first, and each bridge gives a number to the bus below it. What firmware may
 * have set up counts for nothing.
 */
#include <bitfield.h>
#include <slab.h>

#include "pci-internal.h"

static int scan_bus(struct pci_bus *bus);

static struct pci_bus *add_bus(struct pci_host *host, struct pci_dev *self,
			       u8 number)
{
	struct pci_bus *bus = kzalloc(sizeof(*bus), GFP_KERNEL);

	if (!bus)
		return NULL;
	bus->host = host;
	bus->self = self;
	bus->parent = self ? self->bus : NULL;
	bus->depth = self ? self->bus->depth + 1 : 0;
	bus->number = number;
	bus->last = number;
	INIT_LIST_HEAD(&bus->devices);
	list_add_tail(&bus->node, &host->buses);
	return bus;
}

/* Nobody: all ones. Zeroes, and halves of either, are what broken hosts give. */
static bool is_vendor(u32 id)
{
	return id && id != U32_MAX && id != 0xffff && id != 0xffff0000;
}

static void read_header(struct pci_dev *pdev)
{
	u32 id = pci_read_config_dword(pdev, PCI_VENDOR_ID);
	u32 class = pci_read_config_dword(pdev, PCI_CLASS_REVISION);

	pdev->vendor = (u16)id;
	pdev->device = (u16)(id >> 16);
	pdev->class = class >> 8;
	pdev->revision = (u8)class;
	pdev->pin = pci_read_config_byte(pdev, PCI_INTERRUPT_PIN);
	if (pdev->pin > 4)
		pdev->pin = 0;
	if (pdev->is_bridge)
		return;
	pdev->subsystem_vendor =
		pci_read_config_word(pdev, PCI_SUBSYSTEM_VENDOR_ID);
	pdev->subsystem_device = pci_read_config_word(pdev, PCI_SUBSYSTEM_ID);
}

/* Until its driver says otherwise it answers nowhere, sends nothing, and its
 * ROM is off.
 */
static void silence(struct pci_dev *pdev)
{
	u16 command = pci_read_config_word(pdev, PCI_COMMAND);

	command &= (u16)~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
			  PCI_COMMAND_MASTER);
	pci_write_config_word(pdev, PCI_COMMAND, command);
	pci_write_config_dword(pdev, pdev->is_bridge ? PCI_BRIDGE_ROM_ADDRESS :
						       PCI_ROM_ADDRESS, 0);
	if (pdev->is_bridge)
		pci_close_bridge(pdev);
	if (pdev->msi_cap)
		pci_write_config_word(pdev, pdev->msi_cap + PCI_MSI_FLAGS, 0);
	if (pdev->msix_cap)
		pci_write_config_word(pdev, pdev->msix_cap + PCI_MSIX_FLAGS,
				      0);
	pci_ats_silence(pdev);
}

/* 0 also for what is passed over. */
static int add_function(struct pci_bus *bus, u8 devfn, bool multifunction)
{
	u8 type = (u8)pci_bus_read(bus, devfn, PCI_HEADER_TYPE, 1) &
		  PCI_HEADER_TYPE_MASK;
	struct pci_dev *pdev;

	if (type != PCI_HEADER_TYPE_NORMAL && type != PCI_HEADER_TYPE_BRIDGE) {
		dev_warn(bus->host->dev, "%02x:%02x.%x has a header of type %#x, and is left alone\n",
			 bus->number, PCI_SLOT(devfn), PCI_FUNC(devfn), type);
		return 0;
	}
	pdev = pci_alloc_dev(bus, devfn);
	if (!pdev)
		return -ENOMEM;
	pdev->multifunction = multifunction;
	pdev->is_bridge = type == PCI_HEADER_TYPE_BRIDGE;
	if (!pci_read_capabilities(pdev))
		dev_warn(&pdev->dev, "its list of capabilities goes in circles\n");
	read_header(pdev);
	silence(pdev);
	pci_read_bars(pdev);
	list_add_tail(&pdev->node, &bus->host->devices);
	list_add_tail(&pdev->bus_node, &bus->devices);
	bus->host->num_devices++;
	return 0;
}

/* Functions above 0 are there only if 0 is, and says so (Base 7.5.1.1.9). */
static int scan_slot(struct pci_bus *bus, unsigned int slot)
{
	bool multifunction = false;
	unsigned int fn;
	int ret;

	for (fn = 0; fn < 8; fn++) {
		u8 devfn = PCI_DEVFN(slot, fn);

		if (!is_vendor(pci_bus_read(bus, devfn, PCI_VENDOR_ID, 4))) {
			if (!fn)
				return 0;
			continue;
		}
		if (!fn)
			multifunction = pci_bus_read(bus, devfn,
						     PCI_HEADER_TYPE, 1) &
					PCI_HEADER_TYPE_MULTI;
		ret = add_function(bus, devfn, multifunction);
		if (ret || !multifunction)
			return ret;
	}
	return 0;
}

/* A link has one device, number 0 (Base 7.3.1); what answers to others may be
 * the same once more.
 */
static bool is_link(const struct pci_bus *bus)
{
	return bus->self && bus->self->pcie_cap &&
	       (bus->self->pcie_type == PCI_EXP_TYPE_ROOT_PORT ||
		bus->self->pcie_type == PCI_EXP_TYPE_DOWNSTREAM);
}

/* Primary, secondary and subordinate number, in one store; the latency timer
 * beside them stays. False: they are not kept.
 */
static bool set_buses(struct pci_dev *bridge, u8 primary, u8 secondary,
		      u8 subordinate)
{
	u32 value = (u32)primary | (u32)secondary << 8 |
		    (u32)subordinate << 16;
	u32 old = pci_read_config_dword(bridge, PCI_PRIMARY_BUS);

	pci_write_config_dword(bridge, PCI_PRIMARY_BUS,
			       (old & 0xff000000) | value);
	return (pci_read_config_dword(bridge, PCI_PRIMARY_BUS) & 0xffffff) ==
	       value;
}

static int scan_bridge(struct pci_dev *bridge)
{
	struct pci_host *host = bridge->host;
	struct pci_bus *bus;
	u8 number;
	int ret;

	if (host->highest_bus == host->last_bus) {
		dev_warn(&bridge->dev, "no bus number is left for what is below it\n");
		return 0;
	}
	if (bridge->bus->depth == PCI_MAX_DEPTH) {
		dev_warn(&bridge->dev, "what is below more than %d bridges is left out\n",
			 PCI_MAX_DEPTH);
		return 0;
	}
	number = host->highest_bus + 1;
	/* All that may come is below it, until that is known. */
	if (!set_buses(bridge, bridge->bus->number, number, host->last_bus)) {
		dev_warn(&bridge->dev, "does not keep its bus numbers; what is below it is left out\n");
		set_buses(bridge, 0, 0, 0);
		return 0;
	}
	bus = add_bus(host, bridge, number);
	if (!bus)
		return -ENOMEM;
	bridge->subordinate = bus;
	host->highest_bus = number;
	ret = scan_bus(bus);
	if (!set_buses(bridge, bridge->bus->number, number,
		       host->highest_bus)) {
		dev_warn(&bridge->dev, "takes all bus numbers behind its own\n");
		host->highest_bus = host->last_bus;
	}
	bus->last = host->highest_bus;
	return ret;
}

static int scan_bus(struct pci_bus *bus)
{
	unsigned int slots = is_link(bus) ? 1 : 32, slot;
	struct pci_dev *pdev;
	int ret = 0;

	for (slot = 0; slot < slots && !ret; slot++)
		ret = scan_slot(bus, slot);
	/* None may answer for the bus of another. */
	for_each_pci_dev_on(pdev, bus)
		if (pdev->is_bridge)
			set_buses(pdev, 0, 0, 0);
	for_each_pci_dev_on(pdev, bus)
		if (pdev->is_bridge && !ret)
			ret = scan_bridge(pdev);
	return ret;
}

int pci_scan_host(struct pci_host *host)
{
	struct pci_bus *root = add_bus(host, NULL, host->first_bus);
	int ret;

	if (!root)
		return -ENOMEM;
	host->highest_bus = host->first_bus;
	ret = scan_bus(root);
	root->last = host->highest_bus;
	return ret;
}
