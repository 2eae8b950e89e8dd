// SPDX-License-Identifier: MIT
/*
 * IOMMU core: instances, and the devices behind them. IOMMU drivers may be
 * modules: a device whose IOMMU has no driver yet is deferred, and a device
 * that is bound keeps the IOMMU's module from leaving.
 */
#define pr_fmt(fmt) "iommu: " fmt

#include "iommu-internal.h"

#include <device.h>
#include <dma-mapping.h>
#include <kernel.h>
#include <module.h>
#include <of.h>
#include <platform_device.h>
#include <slab.h>

DEFINE_MUTEX(iommu_mutex);
LIST_HEAD(iommu_devices);

struct iommu_device *iommu_find(const struct device_node *np)
{
	struct iommu_device *iommu;

	list_for_each_entry(iommu, &iommu_devices, node)
		if (iommu->dev->of_node == np)
			return iommu;
	return NULL;
}

/**
 * iommu_device_register - make an IOMMU available
 * @iommu: the instance; the driver's, until it is unregistered
 * @ops: its driver
 * @dev: its device
 *
 * The last step of a probe: devices that wait for the IOMMU are tried at once.
 *
 * Return: 0, or -EINVAL.
 */
int iommu_device_register(struct iommu_device *iommu,
			  const struct iommu_ops *ops, struct device *dev)
{
	if (!ops || !dev || !ops->of_xlate || !ops->probe_device ||
	    !ops->release_device || !ops->domain_alloc)
		return -EINVAL;
	iommu->ops = ops;
	iommu->dev = dev;
	INIT_LIST_HEAD(&iommu->domains);
	mutex_lock(&iommu_mutex);
	list_add_tail(&iommu->node, &iommu_devices);
	mutex_unlock(&iommu_mutex);
	driver_deferred_probe_trigger();
	return 0;
}
EXPORT_SYMBOL_GPL(iommu_device_register);

/**
 * iommu_device_unregister - withdraw an IOMMU
 * @iommu: as registered
 *
 * Its module is held by whoever uses it, and devices behind it are unbound
 * before it is (device_link_add()). A domain that is left all the same leads
 * nowhere from now on.
 */
void iommu_device_unregister(struct iommu_device *iommu)
{
	mutex_lock(&iommu_mutex);
	list_del(&iommu->node);
	iommu_orphan_domains(iommu);
	mutex_unlock(&iommu_mutex);
	/* Whoever waits for something of it waits for it from now on. */
	driver_deferred_probe_trigger();
}
EXPORT_SYMBOL_GPL(iommu_device_unregister);

/**
 * iommu_fwspec_add_id - add a stream ID to a device
 * @dev: in the middle of being configured
 * @id: the stream ID
 *
 * Return: 0, -ENOMEM, or -ENODEV for a device that is not being configured.
 */
int iommu_fwspec_add_id(struct device *dev, u32 id)
{
	struct iommu_fwspec *fwspec = dev->iommu;
	size_t size;

	if (!fwspec)
		return -ENODEV;
	/* Room for a power of two, so that long lists are not copied for each. */
	if (!(fwspec->num_ids & (fwspec->num_ids - 1))) {
		size = sizeof(*fwspec) +
		       max(1u, 2 * fwspec->num_ids) * sizeof(u32);
		fwspec = krealloc(fwspec, size, GFP_KERNEL);
		if (!fwspec)
			return -ENOMEM;
	}
	fwspec->ids[fwspec->num_ids++] = id;
	dev->iommu = fwspec;
	return 0;
}
EXPORT_SYMBOL_GPL(iommu_fwspec_add_id);

static struct iommu_fwspec *fwspec_alloc(struct device *dev,
					 struct iommu_device *iommu,
					 struct module *user)
{
	struct iommu_fwspec *fwspec = kzalloc(sizeof(*fwspec), GFP_KERNEL);
	u32 bits;

	if (!fwspec)
		return NULL;
	fwspec->iommu = iommu;
	fwspec->user = user;
	/* Bindings/iommu: how many PASID bits the device drives. */
	if (dev->of_node &&
	    !of_property_read_u32(dev->of_node, "pasid-num-bits", &bits))
		fwspec->max_pasids = min(iommu->max_pasids,
					 1u << min(bits, 20u));
	/* And whether it waits for as long as a fault may take. */
	fwspec->can_stall = dev->of_node &&
			    of_property_read_bool(dev->of_node,
						  "dma-can-stall");
	return fwspec;
}

/* A device is connected by one IOMMU; ids come from the node or by hand. With
 * iommu_mutex, and the IOMMU's module held.
 */
static int connect_held(struct device *dev, struct iommu_device *iommu,
			struct module *user,
			int (*add_ids)(struct device *dev, const void *arg),
			const void *arg)
{
	int ret;

	/* A device without a driver is connected by hand, and let go so. */
	if (dev->driver) {
		ret = device_link_add(dev, iommu->dev);
		if (ret == -EPROBE_DEFER)
			return dev_err_probe(dev, ret,
					     "IOMMU %s is on its way out or in\n",
					     dev_name(iommu->dev));
		if (ret)
			return ret;
	}
	dev->iommu = fwspec_alloc(dev, iommu, user);
	if (!dev->iommu)
		return -ENOMEM;
	ret = add_ids(dev, arg);
	if (ret)
		goto out_fwspec;
	ret = iommu->ops->probe_device(dev);
	if (ret)
		goto out_fwspec;
	ret = iommu_group_add_device(dev);
	if (ret)
		goto out_release;
	/* Only to be looked at. */
	iommu_device_link(iommu, dev);
	return 0;

out_release:
	iommu->ops->release_device(dev);
out_fwspec:
	kfree(dev->iommu);
	dev->iommu = NULL;
	return ret;
}

/* IOMMUs whose drivers this configuration knows; others may come from outside. */
static const struct {
	const char *compatible;
	bool modular;
} known[] = {
	{ "arm,smmu-v3", IS_MODULE(CONFIG_ARM_SMMU_V3) },
	{ "arm,smmu-v2", IS_MODULE(CONFIG_ARM_SMMU) },
	{ "arm,smmu-v1", IS_MODULE(CONFIG_ARM_SMMU) },
	{ "arm,mmu-500", IS_MODULE(CONFIG_ARM_SMMU) },
	{ "arm,mmu-401", IS_MODULE(CONFIG_ARM_SMMU) },
	{ "arm,mmu-400", IS_MODULE(CONFIG_ARM_SMMU) },
};

bool iommu_is_known(const struct device_node *np)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (of_device_is_compatible(np, known[i].compatible))
			return true;
	return false;
}

/* As long as there is no instance for @np. */
static int wait_for_iommu(struct device *dev, struct device_node *np)
{
	bool may_be_module = true;
	struct platform_device *pdev = of_find_device_by_node(np);
	const char *why = "has no driver yet";
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (of_device_is_compatible(np, known[i].compatible))
			may_be_module = known[i].modular;
	/* Its own turn may come: whatever that waits for decides. */
	if (pdev && device_is_deferred(&pdev->dev)) {
		may_be_module = true;
		why = "is deferred itself";
	} else if (pdev && pdev->dev.driver) {
		why = "is being probed";
	} else if (pdev && pdev->dev.probe_error) {
		why = "has failed to probe";
	}
	ret = driver_deferred_probe_check_state(dev, may_be_module);
	if (ret == -EPROBE_DEFER)
		dev_err_probe(dev, ret, "IOMMU %s %s\n",
			      pdev ? dev_name(&pdev->dev) : np->full_name, why);
	else
		dev_warn(dev, "IOMMU %s %s, and %s: DMA is not translated\n",
			 pdev ? dev_name(&pdev->dev) : np->full_name, why,
			 ret == -ETIMEDOUT ?
			 "deferred_probe_timeout has passed" :
			 "none can come any more");
	platform_device_put(pdev);
	return ret == -EPROBE_DEFER ? ret : 0;
}

int iommu_connect(struct device *dev, struct device_node *np,
		  struct module *user,
		  int (*add_ids)(struct device *dev, const void *arg),
		  const void *arg)
{
	struct iommu_device *iommu;
	int ret;

	mutex_lock(&iommu_mutex);
	iommu = iommu_find(np);
	if (!iommu) {
		mutex_unlock(&iommu_mutex);
		return wait_for_iommu(dev, np);
	}
	ret = module_get_for(iommu->ops->owner, user, dev_name(dev));
	if (ret == -ENOENT)
		ret = dev_err_probe(dev, -EPROBE_DEFER,
				    "the driver of IOMMU %s is being unloaded\n",
				    dev_name(iommu->dev));
	if (!ret) {
		ret = connect_held(dev, iommu, user, add_ids, arg);
		if (ret)
			module_put_for(iommu->ops->owner, user,
				       dev_name(dev));
	}
	mutex_unlock(&iommu_mutex);
	return ret;
}

static int add_of_ids(struct device *dev, const void *arg)
{
	const struct iommu_ops *ops = dev->iommu->iommu->ops;
	struct device_node *np = dev->iommu->iommu->dev->of_node;
	struct of_phandle_iterator it;
	struct of_phandle_args args;
	int ret;

	(void)arg;
	of_phandle_iterator_init(&it, dev->of_node, "iommus", "#iommu-cells");
	while (!(ret = of_phandle_iterator_next(&it))) {
		ret = of_phandle_iterator_args(&it, &args);
		if (ret)
			break;
		if (args.np != np) {
			dev_err(dev, "iommus names more than one IOMMU\n");
			return -EINVAL;
		}
		ret = ops->of_xlate(dev, &args);
		if (ret)
			return ret;
	}
	return ret == -ENOENT ? 0 : ret;
}

bool iommu_is_iommu(struct device *dev, const struct device_node *np,
		    const char *property)
{
	/* Else it would be waited for for ever. */
	if (of_find_property(np, "#iommu-cells", NULL))
		return true;
	dev_err(dev, "%s names %s, which is no IOMMU: no #iommu-cells\n",
		property, np->full_name);
	return false;
}

/**
 * iommu_configure_device - connect a device that is about to be probed
 * @dev: the device
 *
 * Return: 0, also without an IOMMU; -EPROBE_DEFER, with a reason, while the
 * IOMMU has no driver and one may still come; another error if the device
 * cannot be connected.
 */
int iommu_configure_device(struct device *dev)
{
	struct of_phandle_args args;
	int ret;

	if (!dev->of_node || dev->iommu)
		return 0;
	ret = of_parse_phandle_with_args(dev->of_node, "iommus",
					 "#iommu-cells", 0, &args);
	if (ret == -ENOENT)
		return iommu_is_pci_host(dev->of_node) ? 0 :
		       iommu_configure_legacy(dev, dev->of_node);
	if (ret) {
		dev_err(dev, "malformed iommus property\n");
		return ret;
	}
	if (dev->of_node->legacy_iommu) {
		dev_err(dev, "iommus names %pOF, and mmu-masters of %pOF names the device\n",
			args.np, dev->of_node->legacy_iommu);
		return -EINVAL;
	}
	/* An IOMMU that the firmware keeps off is not in the way. */
	if (!of_device_is_available(args.np))
		return 0;
	/* It would be waited for for ever. */
	if (args.np == dev->of_node) {
		dev_err(dev, "iommus names the device itself\n");
		return -EINVAL;
	}
	if (!iommu_is_iommu(dev, args.np, "iommus"))
		return -EINVAL;
	ret = iommu_connect(dev, args.np,
			    dev->driver ? dev->driver->owner : NULL,
			    add_of_ids, NULL);
	if (ret && ret != -EPROBE_DEFER)
		dev_err(dev, "not connected to its IOMMU: -%s\n",
			errname(ret));
	return ret;
}

struct id_list {
	const u32 *ids;
	unsigned int num_ids;
};

static int add_listed_ids(struct device *dev, const void *arg)
{
	const struct id_list *list = arg;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < list->num_ids && !ret; i++)
		ret = iommu_fwspec_add_id(dev, list->ids[i]);
	return ret;
}

/**
 * iommu_configure_device_ids - connect a device by hand
 * @dev: a device that no "iommus" property describes
 * @iommu: node of the IOMMU
 * @ids: its stream IDs
 * @num_ids: their number
 * @user: module in whose name the IOMMU's module is held
 *
 * Return: as iommu_configure_device(); -EBUSY if it is connected already.
 */
int iommu_configure_device_ids(struct device *dev, struct device_node *iommu,
			       const u32 *ids, unsigned int num_ids,
			       struct module *user)
{
	const struct id_list list = { ids, num_ids };

	if (dev->iommu)
		return -EBUSY;
	return iommu_connect(dev, iommu, user, add_listed_ids, &list);
}
EXPORT_SYMBOL_GPL(iommu_configure_device_ids);

/**
 * iommu_cleanup_device - undo iommu_configure_device()
 * @dev: no driver is bound to it any more
 */
void iommu_cleanup_device(struct device *dev)
{
	struct iommu_fwspec *fwspec = dev->iommu;
	const struct iommu_ops *ops;

	if (!fwspec)
		return;
	ops = fwspec->iommu->ops;
	iommu_drop_fault_handlers(dev);
	mutex_lock(&iommu_mutex);
	iommu_device_unlink(fwspec->iommu, dev);
	ops->release_device(dev);
	iommu_group_remove_device(dev);
	dev->iommu = NULL;
	mutex_unlock(&iommu_mutex);
	module_put_for(ops->owner, fwspec->user, dev_name(dev));
	kfree(fwspec->requests);
	kfree(fwspec);
}
EXPORT_SYMBOL_GPL(iommu_cleanup_device);

/**
 * device_iommu_mapped - does an IOMMU translate for the device?
 * @dev: the device
 */
bool device_iommu_mapped(const struct device *dev)
{
	return dev->iommu_group != NULL;
}
EXPORT_SYMBOL_GPL(device_iommu_mapped);
