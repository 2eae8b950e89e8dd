// SPDX-License-Identifier: MIT
/* Configuration space, and the lists of capabilities in it. */
#include <bitfield.h>
#include <export.h>

#include "pci-internal.h"

u32 pci_bus_read(const struct pci_bus *bus, u8 devfn, unsigned int where,
		 unsigned int size)
{
	return bus->host->ops->read(bus->host, bus->number, devfn, where,
				    size);
}

void pci_bus_write(const struct pci_bus *bus, u8 devfn, unsigned int where,
		   unsigned int size, u32 value)
{
	bus->host->ops->write(bus->host, bus->number, devfn, where, size,
			      value);
}

/* A place that is not one register would be read across two. */
static bool is_register(unsigned int where, unsigned int size)
{
	return where < PCI_CFG_SPACE_EXP_SIZE && !(where % size);
}

static u32 read_register(const struct pci_dev *pdev, unsigned int where,
			 unsigned int size)
{
	if (WARN_ON(!is_register(where, size)))
		return U32_MAX;
	return pci_bus_read(pdev->bus, pdev->devfn, where, size);
}

static void write_register(const struct pci_dev *pdev, unsigned int where,
			   unsigned int size, u32 value)
{
	if (!WARN_ON(!is_register(where, size)))
		pci_bus_write(pdev->bus, pdev->devfn, where, size, value);
}

/**
 * pci_read_config_byte - read a register of configuration space
 * @pdev: the function
 * @where: offset, a multiple of the size, below 4096
 *
 * Also pci_read_config_word() and pci_read_config_dword(). All ones where
 * nobody answers.
 */
u8 pci_read_config_byte(const struct pci_dev *pdev, unsigned int where)
{
	return (u8)read_register(pdev, where, 1);
}
EXPORT_SYMBOL(pci_read_config_byte);

u16 pci_read_config_word(const struct pci_dev *pdev, unsigned int where)
{
	return (u16)read_register(pdev, where, 2);
}
EXPORT_SYMBOL(pci_read_config_word);

u32 pci_read_config_dword(const struct pci_dev *pdev, unsigned int where)
{
	return read_register(pdev, where, 4);
}
EXPORT_SYMBOL(pci_read_config_dword);

/**
 * pci_write_config_byte - write a register of configuration space
 * @pdev: the function
 * @where: as pci_read_config_byte()
 * @v: the value
 *
 * Also pci_write_config_word() and pci_write_config_dword().
 */
void pci_write_config_byte(struct pci_dev *pdev, unsigned int where, u8 v)
{
	write_register(pdev, where, 1, v);
}
EXPORT_SYMBOL(pci_write_config_byte);

void pci_write_config_word(struct pci_dev *pdev, unsigned int where, u16 v)
{
	write_register(pdev, where, 2, v);
}
EXPORT_SYMBOL(pci_write_config_word);

void pci_write_config_dword(struct pci_dev *pdev, unsigned int where, u32 v)
{
	write_register(pdev, where, 4, v);
}
EXPORT_SYMBOL(pci_write_config_dword);

/* Behind the header, each at a multiple of 4, there is room for so many: a list
 * that is longer goes in circles.
 */
#define MAX_CAPS	((PCI_CFG_SPACE_SIZE - 0x40) / 4)
#define MAX_EXT_CAPS	((PCI_CFG_SPACE_EXP_SIZE - PCI_EXT_CAP_START) / 8)

/* Base 7.5.1.1.11: the low bits of a pointer are reserved, and none leads into
 * the header. 0: there is none; -ELOOP.
 */
static int find_cap(const struct pci_dev *pdev, u8 id)
{
	unsigned int left = MAX_CAPS, at;

	if (!(pci_read_config_word(pdev, PCI_STATUS) & PCI_STATUS_CAP_LIST))
		return 0;
	at = pci_read_config_byte(pdev, PCI_CAPABILITY_LIST) & ~3u;
	while (at >= 0x40) {
		u16 header = pci_read_config_word(pdev, at);

		if (header == 0xffff)
			break;
		if ((header & 0xff) == id)
			return (int)at;
		if (!left--)
			return -ELOOP;
		at = header >> 8 & ~3u;
	}
	return 0;
}

static int find_ext_cap(const struct pci_dev *pdev, u16 id)
{
	unsigned int left = MAX_EXT_CAPS, at = PCI_EXT_CAP_START;

	/* Conventional functions have none (Base 7.2). */
	if (!pdev->pcie_cap)
		return 0;
	while (at >= PCI_EXT_CAP_START) {
		u32 header = pci_read_config_dword(pdev, at);

		/* An empty list begins with zeroes (7.6.2). */
		if (!header || header == U32_MAX)
			break;
		if (PCI_EXT_CAP_ID(header) == id)
			return (int)at;
		if (!left--)
			return -ELOOP;
		at = PCI_EXT_CAP_NEXT(header);
	}
	return 0;
}

/**
 * pci_find_capability - look for a capability
 * @pdev: the function
 * @id: PCI_CAP_ID_*
 *
 * Return: its offset, or 0.
 */
u8 pci_find_capability(const struct pci_dev *pdev, u8 id)
{
	int at = find_cap(pdev, id);

	return at > 0 ? (u8)at : 0;
}
EXPORT_SYMBOL(pci_find_capability);

/**
 * pci_find_ext_capability - look for an extended capability
 * @pdev: the function; a conventional one has none
 * @id: PCI_EXT_CAP_ID_*
 *
 * Return: its offset, or 0.
 */
u16 pci_find_ext_capability(const struct pci_dev *pdev, u16 id)
{
	int at = find_ext_cap(pdev, id);

	return at > 0 ? (u16)at : 0;
}
EXPORT_SYMBOL(pci_find_ext_capability);

bool pci_read_capabilities(struct pci_dev *pdev)
{
	pdev->pcie_cap = pci_find_capability(pdev, PCI_CAP_ID_EXP);
	pdev->msi_cap = pci_find_capability(pdev, PCI_CAP_ID_MSI);
	pdev->msix_cap = pci_find_capability(pdev, PCI_CAP_ID_MSIX);
	if (pdev->pcie_cap)
		pdev->pcie_type = (u8)FIELD_GET(PCI_EXP_FLAGS_TYPE,
			pci_read_config_word(pdev,
				pdev->pcie_cap + PCI_EXP_FLAGS));
	pdev->acs_cap = pci_find_ext_capability(pdev, PCI_EXT_CAP_ID_ACS);
	pdev->ats_cap = pci_find_ext_capability(pdev, PCI_EXT_CAP_ID_ATS);
	pdev->pri_cap = pci_find_ext_capability(pdev, PCI_EXT_CAP_ID_PRI);
	pdev->pasid_cap = pci_find_ext_capability(pdev, PCI_EXT_CAP_ID_PASID);
	/* IDs that nothing has walk the lists to their ends. */
	return find_cap(pdev, 0xff) >= 0 && find_ext_cap(pdev, 0xffff) >= 0;
}
