// SPDX-License-Identifier: MIT
/*
 * Devices that no "iommus" connects, but "mmu-masters" of an IOMMU's node (the
 * binding that arm,smmu had before "iommus"): a list of phandles, each with as
 * many StreamIDs as "#stream-id-cells" of the device says. Nothing in a device's
 * own node says that it is one, so whether it may be probed is known when the
 * IOMMU driver has seen all IOMMUs: it then sets the operations of the bus.
 */
#define pr_fmt(fmt) "iommu: " fmt

#include "iommu-internal.h"

#include <device.h>
#include <init.h>
#include <kernel.h>
#include <of.h>

static void __init add_master(struct device_node *iommu,
			      struct device_node *master)
{
	if (iommu_is_known(master)) {
		/* It would wait for one that is to wait for it. */
		pr_err("mmu-masters of %pOF names %pOF, which is an IOMMU: ignored\n",
		       iommu, master);
	} else if (!master->legacy_iommu) {
		master->legacy_iommu = iommu;
	} else if (!master->legacy_second) {
		master->legacy_second = iommu;
		pr_err("%pOF is refused: mmu-masters of %pOF names it, and that of %pOF %s\n",
		       master, master->legacy_iommu, iommu,
		       iommu == master->legacy_iommu ? "again" : "as well");
	}
}

/* A list that is malformed counts up to there; its IOMMU's driver refuses it. */
static int __init iommu_legacy_init(void)
{
	struct of_phandle_iterator it;
	struct device_node *np = NULL;

	while ((np = of_find_all_nodes(np))) {
		if (!of_find_property(np, "mmu-masters", NULL) ||
		    !of_device_is_available(np))
			continue;
		of_phandle_iterator_init(&it, np, "mmu-masters",
					 "#stream-id-cells");
		while (!of_phandle_iterator_next(&it))
			if (it.node)
				add_master(np, it.node);
	}
	return 0;
}
core_initcall(iommu_legacy_init);

/**
 * bus_set_iommu - say whose "mmu-masters" the devices of a bus may be
 * @bus: the bus
 * @ops: of the IOMMU driver, which has seen all of its IOMMUs; NULL: of nobody
 *	 any more
 *
 * Devices that wait for it are tried again.
 *
 * Return: 0, or -EBUSY if those of another driver are set.
 */
int bus_set_iommu(struct bus_type *bus, const struct iommu_ops *ops)
{
	int ret = 0;

	mutex_lock(&iommu_mutex);
	if (ops && bus->iommu_ops && bus->iommu_ops != ops)
		ret = -EBUSY;
	else
		bus->iommu_ops = ops;
	mutex_unlock(&iommu_mutex);
	if (!ret && ops)
		driver_deferred_probe_trigger();
	return ret;
}
EXPORT_SYMBOL_GPL(bus_set_iommu);

/**
 * bus_expect_iommu - say for which IOMMU a bus waits to get operations
 * @bus: the bus
 * @iommu: the first that neither is bound nor has failed; NULL: none. Only told
 */
void bus_expect_iommu(struct bus_type *bus, const struct device_node *iommu)
{
	mutex_lock(&iommu_mutex);
	bus->iommu_missing = iommu;
	mutex_unlock(&iommu_mutex);
}
EXPORT_SYMBOL_GPL(bus_expect_iommu);

static int add_legacy_ids(struct device *dev, const void *arg)
{
	const struct iommu_ops *ops = dev->iommu->iommu->ops;

	(void)arg;
	return ops->legacy_ids ? ops->legacy_ids(dev) : -ENODEV;
}

/* 0: @bus has operations, or nothing will set them any more. */
static int wait_for_bus(struct device *dev, struct bus_type *bus,
			struct device_node *iommu)
{
	const struct device_node *missing;
	bool wait;

	mutex_lock(&iommu_mutex);
	/* An IOMMU that is absent is waited for as any other. */
	wait = iommu_find(iommu) && !bus->iommu_ops;
	missing = bus->iommu_missing;
	mutex_unlock(&iommu_mutex);
	if (!wait || driver_deferred_probe_check_state(dev, true) !=
			     -EPROBE_DEFER)
		return 0;
	if (missing)
		return dev_err_probe(dev, -EPROBE_DEFER,
				     "IOMMU %pOF, one of mmu-masters, is not bound yet\n",
				     missing);
	return dev_err_probe(dev, -EPROBE_DEFER,
			     "bus %s has no IOMMU operations yet\n",
			     bus->name);
}

/* Its entry is for what is below it: it accesses nothing itself. */
bool iommu_is_pci_host(const struct device_node *np)
{
	const char *type;

	return !of_property_read_string(np, "device_type", &type) &&
	       !strcmp(type, "pci");
}

/**
 * iommu_configure_legacy - connect a device that "mmu-masters" names
 * @dev: about to be probed; no "iommus" describes it
 * @np: its node, or that of the host bridge that its accesses go through
 *
 * Return: as iommu_configure_device().
 */
int iommu_configure_legacy(struct device *dev, struct device_node *np)
{
	struct device_node *iommu = np->legacy_iommu;
	int ret;

	if (!iommu)
		return 0;
	if (np->legacy_second) {
		dev_err(dev, "mmu-masters of %pOF and of %pOF names it: its StreamIDs are not known\n",
			iommu, np->legacy_second);
		return -EINVAL;
	}
	/* Of another kind than iommu_is_known(); it would wait for itself. */
	if (iommu == np) {
		dev_err(dev, "mmu-masters names the device itself\n");
		return -EINVAL;
	}
	/* What is below a host bridge is told of on the bridge's bus. */
	ret = wait_for_bus(dev, np->dev ? np->dev->bus : dev->bus, iommu);
	if (ret)
		return ret;
	return iommu_connect(dev, iommu, dev->driver ? dev->driver->owner : NULL,
			     add_legacy_ids, NULL);
}
