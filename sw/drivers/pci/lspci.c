// SPDX-License-Identifier: MIT
/* Shell command: the functions of PCI, as a tree. */
#include <init.h>
#include <iommu.h>
#include <shell.h>

#include "pci-internal.h"

static const char *kind_of(const struct pci_dev *pdev)
{
	static const char *const types[] = {
		[PCI_EXP_TYPE_ENDPOINT] = "endpoint",
		[PCI_EXP_TYPE_LEG_END] = "legacy endpoint",
		[PCI_EXP_TYPE_ROOT_PORT] = "root port",
		[PCI_EXP_TYPE_UPSTREAM] = "upstream port",
		[PCI_EXP_TYPE_DOWNSTREAM] = "downstream port",
		[PCI_EXP_TYPE_PCI_BRIDGE] = "bridge to PCI",
		[PCI_EXP_TYPE_PCIE_BRIDGE] = "bridge from PCI",
		[PCI_EXP_TYPE_RC_END] = "integrated endpoint",
		[PCI_EXP_TYPE_RC_EC] = "event collector",
	};

	if (!pci_is_pcie(pdev))
		return pdev->is_bridge ? "PCI bridge" : "PCI";
	if (pdev->pcie_type < ARRAY_SIZE(types) && types[pdev->pcie_type])
		return types[pdev->pcie_type];
	return "PCI Express";
}

static void show_group(struct pci_dev *pdev)
{
#ifdef CONFIG_IOMMU_SUPPORT
	struct iommu_group *group = iommu_group_get(&pdev->dev);

	if (group)
		shell_printf(", group %u", iommu_group_id(group));
	iommu_group_put(group);
#endif
}

static void show_bars(const struct pci_dev *pdev)
{
	unsigned int i;

	for (i = 0; i < PCI_NUM_BARS; i++) {
		const struct pci_bar *b = &pdev->bars[i];

		if (!b->size)
			continue;
		shell_printf("%*s  BAR %u: ", (int)pdev->bus->depth * 2, "", i);
		if (b->assigned)
			shell_printf("%#llx, ", b->cpu);
		else
			shell_printf("no address, ");
		shell_printf("%#llx bytes, %s bits%s\n", b->size,
			     b->flags & PCI_BAR_MEM_TYPE_64 ? "64" : "32",
			     b->flags & PCI_BAR_MEM_PREFETCH ?
			     ", prefetchable" : "");
	}
}

static void show(struct pci_dev *pdev)
{
	const struct device_driver *drv = READ_ONCE(pdev->dev.driver);

	shell_printf("%*s%s %04x:%04x class %06x %s",
		     (int)pdev->bus->depth * 2, "", pci_name(pdev),
		     pdev->vendor, pdev->device, pdev->class, kind_of(pdev));
	if (pdev->subordinate)
		shell_printf(" to %02x-%02x", pdev->subordinate->number,
			     pdev->subordinate->last);
	if (pdev->acs_cap)
		shell_printf(", ACS %s",
			     pci_acs_enabled(pdev, PCI_ACS_ISOLATION) ?
			     "on" : "off");
	if (pdev->ats_cap)
		shell_printf(", ATS %s", pdev->ats_enabled ? "on" : "off");
	if (pdev->pasid_cap)
		shell_printf(", PASID %s", pdev->pasid_enabled ? "on" : "off");
	if (pdev->pri_cap)
		shell_printf(", PRI %s", pdev->pri_enabled ? "on" : "off");
	if (drv)
		shell_printf(", %s", drv->name);
	show_group(pdev);
	shell_printf("\n");
	show_bars(pdev);
}

/* No deeper than PCI_MAX_DEPTH. */
static void show_bus(const struct pci_bus *bus)
{
	struct pci_dev *pdev;

	for_each_pci_dev_on(pdev, bus) {
		show(pdev);
		if (pdev->subordinate)
			show_bus(pdev->subordinate);
	}
}

static int show_host(struct pci_host *host, void *data)
{
	(void)data;
	show_bus(list_first_entry(&host->buses, struct pci_bus, node));
	return 0;
}

static int lspci(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return pci_for_each_host(show_host, NULL);
}

static int __init lspci_init(void)
{
	return register_shell_command("lspci",
				      "- the functions of PCI: kind, driver, IOMMU group, BARs",
				      lspci);
}
core_initcall(lspci_init);
