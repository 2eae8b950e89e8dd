/* SPDX-License-Identifier: MIT */
/* Between the parts of the PCI core. */
#ifndef PCI_INTERNAL_H
#define PCI_INTERNAL_H

#include <pci.h>

/* Bridges below each other; what is deeper is left out. */
#define PCI_MAX_DEPTH	32

#define for_each_pci_dev_on(pdev, bus)					\
	list_for_each_entry(pdev, &(bus)->devices, bus_node)

/* 0xffff.. for what is not there. */
u32 pci_bus_read(const struct pci_bus *bus, u8 devfn, unsigned int where,
		 unsigned int size);
void pci_bus_write(const struct pci_bus *bus, u8 devfn, unsigned int where,
		   unsigned int size, u32 value);

/* All capabilities that the core knows; false: the list goes in circles. */
bool pci_read_capabilities(struct pci_dev *pdev);
void pci_read_bars(struct pci_dev *pdev);
/* Has the bridge @pdev no window, or lose what was in it. */
void pci_close_bridge(struct pci_dev *pdev);

/* Fill @host->buses and @host->devices, which are empty: 0 or -ENOMEM, and then
 * what is there is not all. Gives bus numbers; no device is known to the driver
 * core yet.
 */
int pci_scan_host(struct pci_host *host);
struct pci_dev *pci_alloc_dev(struct pci_bus *bus, u8 devfn);
/* Give BARs and bridges addresses, and open the bridges. */
int pci_assign_host(struct pci_host *host);

/* Turn off ATS, page requests and PASIDs, whoever has turned them on. */
void pci_ats_silence(struct pci_dev *pdev);

/* Turn on what isolates, once somebody has asked. */
void pci_acs_init(struct pci_dev *pdev);

int pci_dma_configure(struct device *dev);
/* INTx of @pdev: an interrupt number, or an error. */
int pci_intx(const struct pci_dev *pdev);

extern const struct attribute_group *const pci_dev_groups[];

/* One host after the other; none goes while @fn runs. */
int pci_for_each_host(int (*fn)(struct pci_host *host, void *data),
		      void *data);

#endif
