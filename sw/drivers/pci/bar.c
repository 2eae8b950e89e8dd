// SPDX-License-Identifier: MIT
/* What a function wants addresses for: base address registers (Base 7.5.1.2.1)
 * and the windows of bridges (7.5.1.3).
 */
#include "pci-internal.h"

static unsigned int bar_register(unsigned int i)
{
	return PCI_BASE_ADDRESS_0 + 4 * i;
}

/* What it reads as once all ones were written to it. */
static u32 ones(struct pci_dev *pdev, unsigned int i)
{
	u32 value;

	pci_write_config_dword(pdev, bar_register(i), U32_MAX);
	value = pci_read_config_dword(pdev, bar_register(i));
	pci_write_config_dword(pdev, bar_register(i), 0);
	return value;
}

/* The bits that can be written are one row up to the highest: the lowest of
 * them is the size.
 */
static u64 size_of_mask(u64 mask)
{
	u64 size = mask & -mask;

	return mask == -size ? size : 0;
}

void pci_read_bars(struct pci_dev *pdev)
{
	unsigned int num = pdev->is_bridge ? PCI_BRIDGE_NUM_BARS :
					     PCI_NUM_BARS;
	unsigned int i;

	for (i = 0; i < num; i++) {
		struct pci_bar *bar = &pdev->bars[i];
		unsigned int first = i;
		u32 low = ones(pdev, i);
		u64 mask;

		/* I/O space is not used. */
		if (!low || low & PCI_BAR_IO)
			continue;
		mask = 0xffffffff00000000 | (low & ~0xfu);
		if ((low & PCI_BAR_MEM_TYPE) == PCI_BAR_MEM_TYPE_64) {
			if (++i == num) {
				dev_warn(&pdev->dev, "BAR %u has 64 bits, and is the last\n",
					 first);
				break;
			}
			mask = (u64)ones(pdev, i) << 32 | (low & ~0xfu);
		} else if ((low & PCI_BAR_MEM_TYPE) != PCI_BAR_MEM_TYPE_32) {
			dev_warn(&pdev->dev, "BAR %u is of no known kind: %#x\n",
				 first, low & 0xf);
			continue;
		}
		bar->flags = low & 0xf;
		bar->size = size_of_mask(mask);
		if (!bar->size)
			dev_warn(&pdev->dev, "BAR %u takes the bits %#llx: that is no size\n",
				 first, mask);
	}
}

void pci_close_bridge(struct pci_dev *pdev)
{
	/* I/O, and windows whose limit is below their base. */
	pci_write_config_word(pdev, PCI_IO_BASE, 0x00f0);
	pci_write_config_dword(pdev, PCI_MEMORY_BASE, 0x0000fff0);
	pci_write_config_dword(pdev, PCI_PREF_MEMORY_BASE, 0x0000fff0);
	pci_write_config_dword(pdev, PCI_PREF_BASE_UPPER32, 0);
	pci_write_config_dword(pdev, PCI_PREF_LIMIT_UPPER32, 0);
}
