// SPDX-License-Identifier: MIT
/* IOMMU core: PCI devices, which are known by their requester IDs. */
#define pr_fmt(fmt) "iommu: " fmt

#include "iommu-internal.h"

#include <device.h>
#include <kernel.h>
#include <module.h>
#include <of.h>
#include <pci.h>

/* Its own, and one of each bridge above. */
#define MAX_IDS		40

struct pci_streams {
	struct device_node *iommu;	/* NULL: no ID has one */
	u32 ids[MAX_IDS];
	unsigned int num;
	bool left_out;		/* an ID has none */
};

static bool has(const struct pci_streams *s, u32 id)
{
	unsigned int i;

	for (i = 0; i < s->num; i++)
		if (s->ids[i] == id)
			return true;
	return false;
}

/* Binding pci/pci-iommu. */
static int add_alias(struct pci_dev *pdev, u16 alias, void *data)
{
	struct pci_streams *s = data;
	struct device_node *np;
	u32 id;
	int ret = of_map_id(pdev->host->np, alias, "iommu-map",
			    "iommu-map-mask", &np, &id);

	/* An IOMMU that the firmware keeps off is not in the way. */
	if (ret == -ENODEV || (!ret && !of_device_is_available(np))) {
		s->left_out = true;
		return 0;
	}
	if (ret)
		return ret;
	if (s->iommu && s->iommu != np)
		return -EXDEV;
	s->iommu = np;
	if (has(s, id))
		return 0;
	if (s->num == MAX_IDS)
		return -ENOSPC;
	s->ids[s->num++] = id;
	return 0;
}

static int add_streams(struct device *dev, const void *arg)
{
	const struct pci_streams *s = arg;
	const struct iommu_ops *ops = dev->iommu->iommu->ops;
	struct of_phandle_args args = { .np = s->iommu, .args_count = 1 };
	unsigned int i;
	int ret = 0;

	for (i = 0; i < s->num && !ret; i++) {
		args.args[0] = s->ids[i];
		ret = ops->of_xlate(dev, &args);
	}
	return ret;
}

/* An address of the host's windows may be answered on its way up, by another
 * function.
 */
static int reserve_windows(struct pci_dev *pdev)
{
	const struct pci_host *host = pdev->host;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < host->num_windows && !ret; i++)
		ret = iommu_dma_reserve(&pdev->dev, host->windows[i].pci,
					host->windows[i].pci +
					(host->windows[i].size - 1));
	if (ret)
		iommu_cleanup_device(&pdev->dev);
	return ret;
}

/* The host's entry of "mmu-masters" stands for all that is below it. */
static int configure_legacy(struct pci_dev *pdev)
{
	int ret = iommu_configure_legacy(&pdev->dev, pdev->host->np);

	return ret || !pdev->dev.iommu ? ret : reserve_windows(pdev);
}

/**
 * iommu_configure_pci_device - connect a PCI device that is about to be probed
 * @pdev: the device
 *
 * It gets the stream of each requester ID that it may appear with, by
 * "iommu-map" of its host, or the requester IDs themselves where
 * "mmu-masters" names the host.
 *
 * Return: as iommu_configure_device().
 */
int iommu_configure_pci_device(struct pci_dev *pdev)
{
	struct device *dev = &pdev->dev;
	struct pci_streams s = { .iommu = NULL };
	int ret;

	if (dev->iommu)
		return 0;
	if (!of_find_property(pdev->host->np, "iommu-map", NULL))
		return configure_legacy(pdev);
	ret = pci_for_each_dma_alias(pdev, add_alias, &s);
	if (ret == -EXDEV || (!ret && s.num && s.left_out)) {
		dev_err(dev, "iommu-map of its host sends its requester IDs by different ways\n");
		return -EINVAL;
	}
	if (ret || !s.num)
		return ret;
	if (!iommu_is_iommu(dev, s.iommu, "iommu-map of its host"))
		return -EINVAL;
	ret = iommu_connect(dev, s.iommu,
			    dev->driver ? dev->driver->owner : NULL,
			    add_streams, &s);
	if (!ret)
		ret = reserve_windows(pdev);
	if (ret && ret != -EPROBE_DEFER)
		dev_err(dev, "not connected to its IOMMU: -%s\n",
			errname(ret));
	return ret;
}

/* A device that @pdev must share a group with, and that has one. */
static struct device *find_companion(struct pci_dev *pdev)
{
	const struct pci_dev *root = pci_isolation_root(pdev);
	struct pci_dev *other;

	list_for_each_entry(other, &pdev->host->devices, node)
		if (other != pdev && other->dev.iommu_group &&
		    pci_isolation_root(other) == root)
			return &other->dev;
	return NULL;
}

/**
 * pci_device_group - the group that a PCI device must be in
 * @dev: a PCI device that is being connected
 *
 * For iommu_ops.device_group(). It is with those that pci_isolation_root() does
 * not tell from it, in whatever order they come.
 *
 * Return: the group, with a reference; ERR_PTR(-ENOMEM).
 */
struct iommu_group *pci_device_group(struct device *dev)
{
	struct device *other = find_companion(to_pci_dev(dev));

	return other ? iommu_group_ref(other) : generic_device_group(dev);
}
EXPORT_SYMBOL_GPL(pci_device_group);

int iommu_pci_check_group(struct device *dev, const struct iommu_group *group)
{
	const struct device *other;

	if (!dev_is_pci(dev))
		return 0;
	other = find_companion(to_pci_dev(dev));
	if (group->iommu == dev->iommu->iommu &&
	    (!other || other->iommu_group == group))
		return 0;
	dev_err(dev, "cannot be kept apart from %s, which is behind another IOMMU or in another group\n",
		other ? dev_name(other) : "the rest of its group");
	return -EBUSY;
}
