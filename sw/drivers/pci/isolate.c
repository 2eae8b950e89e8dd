// SPDX-License-Identifier: MIT
/*
 * Which functions can be told apart, and kept apart.
 *
 * A request says who sent it by its requester ID, and some bridges replace that
 * by their own: those are aliases. A request may also be answered on its way up,
 * by another function, before an IOMMU sees it; access control services (ACS,
 * Base 6.12) make it go all the way.
 */
#include <export.h>
#include <mutex.h>

#include "pci-internal.h"

/* Over acs_wanted, and what follows from it. */
static DEFINE_MUTEX(acs_lock);
static bool acs_wanted;

static void enable_acs(struct pci_dev *pdev)
{
	u16 cap, ctrl;

	if (!pdev->acs_cap)
		return;
	cap = pci_read_config_word(pdev, pdev->acs_cap + PCI_ACS_CAP);
	ctrl = pci_read_config_word(pdev, pdev->acs_cap + PCI_ACS_CTRL);
	ctrl |= cap & PCI_ACS_ISOLATION;
	pci_write_config_word(pdev, pdev->acs_cap + PCI_ACS_CTRL, ctrl);
}

void pci_acs_init(struct pci_dev *pdev)
{
	mutex_lock(&acs_lock);
	if (acs_wanted)
		enable_acs(pdev);
	mutex_unlock(&acs_lock);
}

static int enable_acs_of(struct pci_dev *pdev, void *data)
{
	(void)data;
	enable_acs(pdev);
	return 0;
}

/**
 * pci_request_acs - have whatever isolates functions turned on
 *
 * For IOMMU drivers, before they take in a device. It holds for hosts that are
 * there and for those that come, and for good: groups are made by it.
 */
void pci_request_acs(void)
{
	mutex_lock(&acs_lock);
	if (!acs_wanted) {
		acs_wanted = true;
		pci_for_each_dev(enable_acs_of, NULL);
	}
	mutex_unlock(&acs_lock);
}
EXPORT_SYMBOL_GPL(pci_request_acs);

/* Base 7.7.8.2: but for egress control, what a function does not say that it
 * has is either not needed or always done.
 */
static bool has_flags(const struct pci_dev *pdev, u16 flags)
{
	u16 cap, ctrl;

	if (!pdev->acs_cap)
		return false;
	cap = pci_read_config_word(pdev, pdev->acs_cap + PCI_ACS_CAP);
	ctrl = pci_read_config_word(pdev, pdev->acs_cap + PCI_ACS_CTRL);
	flags &= cap | PCI_ACS_EC;
	return (ctrl & flags) == flags;
}

/**
 * pci_acs_enabled - does a function do what access control asks?
 * @pdev: the function
 * @flags: PCI_ACS_*
 *
 * A port does it between its link and the other ports. A function with others
 * beside it does it between them; one that is alone has nothing to do. What is
 * conventional, on either side, cannot (Base 6.12.1).
 */
bool pci_acs_enabled(const struct pci_dev *pdev, u16 flags)
{
	if (!pci_is_pcie(pdev))
		return false;
	switch (pdev->pcie_type) {
	case PCI_EXP_TYPE_ROOT_PORT:
	case PCI_EXP_TYPE_DOWNSTREAM:
		return has_flags(pdev, flags);
	case PCI_EXP_TYPE_ENDPOINT:
	case PCI_EXP_TYPE_LEG_END:
	case PCI_EXP_TYPE_UPSTREAM:
	case PCI_EXP_TYPE_RC_END:
		return !pdev->multifunction || has_flags(pdev, flags);
	default:
		return false;
	}
}
EXPORT_SYMBOL_GPL(pci_acs_enabled);

/**
 * pci_acs_path_enabled - is access control done all the way up?
 * @pdev: a function
 * @end: the last one to be looked at, which is above; NULL: up to the host
 * @flags: PCI_ACS_*
 */
bool pci_acs_path_enabled(const struct pci_dev *pdev,
			  const struct pci_dev *end, u16 flags)
{
	for (; pdev; pdev = pdev->bus->self) {
		if (!pci_acs_enabled(pdev, flags))
			return false;
		if (pdev == end)
			return true;
	}
	return !end;
}
EXPORT_SYMBOL_GPL(pci_acs_path_enabled);

/*
 * A bridge from Express to PCI sends what comes from below as function 0 of
 * device 0 of its secondary bus (PCI Express to PCI/PCI-X Bridge 1.0, 2.3); one
 * with a PCI bus above, as itself. Ports leave requests alone. False: that.
 */
static bool bridge_alias(const struct pci_dev *bridge, u16 *alias)
{
	if (!pci_is_pcie(bridge) ||
	    bridge->pcie_type == PCI_EXP_TYPE_PCIE_BRIDGE) {
		*alias = PCI_RID(bridge->bus->number, bridge->devfn);
		return true;
	}
	if (bridge->pcie_type != PCI_EXP_TYPE_PCI_BRIDGE)
		return false;
	*alias = PCI_RID(bridge->subordinate->number, 0);
	return true;
}

/**
 * pci_for_each_dma_alias - each requester ID that a function's requests may have
 * @pdev: the function
 * @fn: called with its own first, and then with that of each bridge above that
 *	takes its place, and the bridge; a result that is not 0 ends it
 * @data: passed on
 *
 * Return: the last result.
 */
int pci_for_each_dma_alias(struct pci_dev *pdev,
			   int (*fn)(struct pci_dev *pdev, u16 alias,
				     void *data),
			   void *data)
{
	struct pci_dev *bridge;
	u16 alias;
	int ret;

	ret = fn(pdev, PCI_RID(pdev->bus->number, pdev->devfn), data);
	for (bridge = pdev->bus->self; bridge && !ret;
	     bridge = bridge->bus->self)
		if (bridge_alias(bridge, &alias))
			ret = fn(bridge, alias, data);
	return ret;
}
EXPORT_SYMBOL_GPL(pci_for_each_dma_alias);

static bool is_downstream(const struct pci_dev *pdev)
{
	return pci_is_pcie(pdev) &&
	       pdev->pcie_type == PCI_EXP_TYPE_DOWNSTREAM;
}

/* The first downstream port of a switch one of whose downstream ports may send
 * what comes up on to another; NULL: none does.
 */
static const struct pci_dev *leaky_switch(const struct pci_bus *inner)
{
	const struct pci_dev *pdev, *first = NULL;
	bool leaks = false;

	for_each_pci_dev_on(pdev, inner)
		if (is_downstream(pdev)) {
			first = first ? first : pdev;
			leaks |= !pci_acs_enabled(pdev, PCI_ACS_ISOLATION);
		}
	return leaks ? first : NULL;
}

/* What comes from below @bridge may be answered by another than the host. */
static bool leaks(const struct pci_dev *bridge)
{
	return !pci_acs_enabled(bridge, PCI_ACS_ISOLATION) ||
	       (is_downstream(bridge) && leaky_switch(bridge->bus));
}

/**
 * pci_isolation_root - the function that stands for all that cannot be isolated
 * @pdev: a function
 *
 * Two functions of a host have the same if and only if they must share an IOMMU
 * group: they have a requester ID in common, or requests of one may reach the
 * other without passing the host. That goes by what is turned on now.
 *
 * Return: a bridge above, the first of several functions or ports, or @pdev.
 */
const struct pci_dev *pci_isolation_root(const struct pci_dev *pdev)
{
	const struct pci_dev *bridge, *other;

	/* The highest bridge that does not isolate: it is with all below it.
	 * Bridges that replace requester IDs never do.
	 */
	for (bridge = pdev->bus->self; bridge; bridge = bridge->bus->self)
		if (leaks(bridge))
			pdev = bridge;
	if (is_downstream(pdev)) {
		other = leaky_switch(pdev->bus);
		return other ? other : pdev;
	}
	if (!pdev->multifunction || pci_acs_enabled(pdev, PCI_ACS_ISOLATION))
		return pdev;
	/* Functions without isolation reach each other; the rest does not. */
	for_each_pci_dev_on(other, pdev->bus)
		if (PCI_SLOT(other->devfn) == PCI_SLOT(pdev->devfn) &&
		    !pci_acs_enabled(other, PCI_ACS_ISOLATION))
			return other;
	return pdev;
}
EXPORT_SYMBOL_GPL(pci_isolation_root);
