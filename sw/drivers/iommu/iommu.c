// SPDX-License-Identifier: MIT
/*
 * IOMMU core. IOMMU drivers may be modules: a device whose IOMMU has no
 * driver yet is deferred, and a device that is bound keeps the IOMMU's module
 * from leaving.
 */
#define pr_fmt(fmt) "iommu: " fmt

#include <iommu.h>

#include <device.h>
#include <dma-mapping.h>
#include <kernel.h>
#include <module.h>
#include <of.h>
#include <shell.h>
#include <slab.h>
#include <spinlock.h>

/**
 * struct iommu_group - devices that cannot be kept apart
 *
 * Each device is a group of its own: a device's streams are told apart by the
 * IOMMU, but its driver drives them all.
 */
struct iommu_group {
	struct list_head node;
	unsigned int id;
	struct device *dev;
	struct iommu_domain *default_domain;
	struct iommu_domain *domain;
};

static LIST_HEAD(iommu_devices);
static LIST_HEAD(iommu_groups);
static DEFINE_SPINLOCK(iommu_lock);

static const char *const type_names[] = {
	[IOMMU_DOMAIN_BLOCKED] = "blocked",
	[IOMMU_DOMAIN_IDENTITY] = "identity",
	[IOMMU_DOMAIN_UNMANAGED] = "unmanaged",
	[IOMMU_DOMAIN_DMA] = "DMA",
};

static struct iommu_device *find_iommu(const struct device_node *np)
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
 * Devices that wait for it are probed once the caller's own probe is done.
 *
 * Return: 0, or -EINVAL.
 */
int iommu_device_register(struct iommu_device *iommu,
			  const struct iommu_ops *ops, struct device *dev)
{
	unsigned long flags;

	if (!ops || !dev || !ops->of_xlate || !ops->probe_device ||
	    !ops->release_device || !ops->domain_alloc)
		return -EINVAL;
	iommu->ops = ops;
	iommu->dev = dev;
	spin_lock_irqsave(&iommu_lock, flags);
	list_add_tail(&iommu->node, &iommu_devices);
	spin_unlock_irqrestore(&iommu_lock, flags);
	return 0;
}
EXPORT_SYMBOL_GPL(iommu_device_register);

/**
 * iommu_device_unregister - withdraw an IOMMU
 * @iommu: as registered
 *
 * Return: 0, or -EBUSY while a device uses it. Not reached by unloading a
 * module, which those devices hold.
 */
int iommu_device_unregister(struct iommu_device *iommu)
{
	struct iommu_group *group;
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&iommu_lock, flags);
	list_for_each_entry(group, &iommu_groups, node)
		if (group->dev->iommu->iommu == iommu)
			ret = -EBUSY;
	if (!ret)
		list_del(&iommu->node);
	spin_unlock_irqrestore(&iommu_lock, flags);
	return ret;
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
	size = sizeof(*fwspec) + (fwspec->num_ids + 1) * sizeof(u32);
	fwspec = krealloc(fwspec, size, GFP_KERNEL);
	if (!fwspec)
		return -ENOMEM;
	fwspec->ids[fwspec->num_ids++] = id;
	dev->iommu = fwspec;
	return 0;
}
EXPORT_SYMBOL_GPL(iommu_fwspec_add_id);

static unsigned int lowest_free_group_id(void)
{
	struct iommu_group *group;
	unsigned int id = 0;

again:
	list_for_each_entry(group, &iommu_groups, node) {
		if (group->id == id) {
			id++;
			goto again;
		}
	}
	return id;
}

static struct iommu_domain *domain_alloc(struct iommu_device *iommu,
					 enum iommu_domain_type type)
{
	struct iommu_domain *domain = iommu->ops->domain_alloc(iommu, type);

	if (!domain)
		return NULL;
	domain->type = type;
	domain->iommu = iommu;
	return domain;
}

static int attach(struct iommu_group *group, struct iommu_domain *domain)
{
	int ret = domain->ops->attach_dev(domain, group->dev);

	if (ret)
		return ret;
	group->domain = domain;
	return 0;
}

/* On failure the IOMMU has let go of the device. */
static int group_create(struct device *dev)
{
	struct iommu_device *iommu = dev->iommu->iommu;
	struct iommu_group *group;
	unsigned long flags;
	int ret = -ENOMEM;

	group = kzalloc(sizeof(*group), GFP_KERNEL);
	if (!group)
		goto out_free;
	group->dev = dev;
	group->default_domain = domain_alloc(iommu, IOMMU_DOMAIN_DMA);
	if (!group->default_domain)
		goto out_free;
	ret = attach(group, group->default_domain);
	if (ret)
		goto out_release;
	ret = iommu_dma_init_domain(group->default_domain);
	if (ret)
		goto out_release;

	spin_lock_irqsave(&iommu_lock, flags);
	group->id = lowest_free_group_id();
	list_add_tail(&group->node, &iommu_groups);
	dev->iommu_group = group;
	spin_unlock_irqrestore(&iommu_lock, flags);
	dev_info(dev, "in iommu group %u\n", group->id);
	return 0;

out_release:
	/* No stream may use the domain when it is freed. */
	iommu->ops->release_device(dev);
	iommu_domain_free(group->default_domain);
	kfree(group);
	return ret;
out_free:
	iommu->ops->release_device(dev);
	kfree(group);
	return ret;
}

/* A device is connected by one IOMMU; ids come from the node or by hand. */
static int connect(struct device *dev, struct device_node *np,
		   struct module *user,
		   int (*add_ids)(struct device *dev, const void *arg),
		   const void *arg)
{
	struct iommu_device *iommu;
	int ret;

	iommu = find_iommu(np);
	if (!iommu)
		return -EPROBE_DEFER;
	/* On its way out, or not there yet: either way, later. */
	if (module_get_by(iommu->ops->owner, user))
		return -EPROBE_DEFER;

	ret = -ENOMEM;
	dev->iommu = kzalloc(sizeof(*dev->iommu), GFP_KERNEL);
	if (!dev->iommu)
		goto out_put;
	dev->iommu->iommu = iommu;
	dev->iommu->user = user;

	ret = add_ids(dev, arg);
	if (ret)
		goto out_fwspec;
	ret = iommu->ops->probe_device(dev);
	if (ret)
		goto out_fwspec;
	ret = group_create(dev);
	if (ret)
		goto out_fwspec;
	return 0;

out_fwspec:
	kfree(dev->iommu);
	dev->iommu = NULL;
out_put:
	module_put_by(iommu->ops->owner, user);
	return ret;
}

static int add_of_ids(struct device *dev, const void *arg)
{
	const struct iommu_ops *ops = dev->iommu->iommu->ops;
	struct device_node *np = dev->iommu->iommu->dev->of_node;
	struct of_phandle_args args;
	int i, ret;

	(void)arg;
	for (i = 0;; i++) {
		ret = of_parse_phandle_with_args(dev->of_node, "iommus",
						 "#iommu-cells", i, &args);
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

/**
 * iommu_configure_device - connect a device that is about to be probed
 * @dev: the device
 *
 * Return: 0, also without an IOMMU; -EPROBE_DEFER while the IOMMU has no
 * driver, which may be a module that comes any time; another error if the
 * device cannot be connected.
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
		return 0;
	if (ret) {
		dev_err(dev, "malformed iommus property\n");
		return ret;
	}
	/* An IOMMU that the firmware keeps off is not in the way. */
	if (!of_device_is_available(args.np))
		return 0;
	ret = connect(dev, args.np, dev->driver ? dev->driver->owner : NULL,
		      add_of_ids, NULL);
	if (ret && ret != -EPROBE_DEFER)
		dev_err(dev, "not connected to its IOMMU (%d)\n", ret);
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
	return connect(dev, iommu, user, add_listed_ids, &list);
}
EXPORT_SYMBOL_GPL(iommu_configure_device_ids);

/**
 * iommu_cleanup_device - undo iommu_configure_device()
 * @dev: no driver is bound to it any more
 */
void iommu_cleanup_device(struct device *dev)
{
	struct iommu_fwspec *fwspec = dev->iommu;
	struct iommu_group *group = dev->iommu_group;
	const struct iommu_ops *ops;
	unsigned long flags;

	if (!fwspec)
		return;
	ops = fwspec->iommu->ops;
	fwspec->fault_handler = NULL;
	ops->release_device(dev);

	spin_lock_irqsave(&iommu_lock, flags);
	list_del(&group->node);
	dev->iommu_group = NULL;
	dev->iommu = NULL;
	spin_unlock_irqrestore(&iommu_lock, flags);

	if (group->domain != group->default_domain)
		dev_warn(dev, "its driver left a domain attached\n");
	iommu_domain_free(group->default_domain);
	kfree(group);
	module_put_by(ops->owner, fwspec->user);
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

/**
 * iommu_set_fault_handler - be told of a device's faults
 * @dev: behind an IOMMU
 * @handler: called in interrupt context; NULL to stop
 * @data: passed to it
 *
 * Return: 0, -ENODEV without an IOMMU, -EBUSY if there is a handler.
 */
int iommu_set_fault_handler(struct device *dev,
			    iommu_fault_handler_t handler, void *data)
{
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&iommu_lock, flags);
	if (!dev->iommu) {
		ret = -ENODEV;
	} else if (handler && dev->iommu->fault_handler) {
		ret = -EBUSY;
	} else {
		dev->iommu->fault_data = data;
		dev->iommu->fault_handler = handler;
	}
	spin_unlock_irqrestore(&iommu_lock, flags);
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_set_fault_handler);

/**
 * iommu_report_device_fault - tell a device's driver of a fault
 * @dev: the device that the fault's stream belongs to
 * @fault: all that is known
 */
void iommu_report_device_fault(struct device *dev,
			       const struct iommu_fault *fault)
{
	struct iommu_fwspec *fwspec = dev->iommu;

	if (fwspec && fwspec->fault_handler)
		fwspec->fault_handler(dev, fault, fwspec->fault_data);
}
EXPORT_SYMBOL_GPL(iommu_report_device_fault);

/**
 * iommu_domain_alloc - make an address space
 * @dev: a device that will use it
 * @type: IOMMU_DOMAIN_DMA is the core's own, and refused here
 *
 * Return: the domain, or NULL.
 */
struct iommu_domain *iommu_domain_alloc(struct device *dev,
					enum iommu_domain_type type)
{
	if (!dev->iommu || type == IOMMU_DOMAIN_DMA)
		return NULL;
	return domain_alloc(dev->iommu->iommu, type);
}
EXPORT_SYMBOL_GPL(iommu_domain_alloc);

/**
 * iommu_domain_free - free an address space
 * @domain: nothing is attached to it any more
 */
void iommu_domain_free(struct iommu_domain *domain)
{
	if (domain->dma_cookie)
		iommu_dma_free_domain(domain);
	domain->ops->free(domain);
}
EXPORT_SYMBOL_GPL(iommu_domain_free);

/**
 * iommu_get_domain - the domain that a device uses now
 * @dev: the device
 *
 * Return: the domain, NULL without an IOMMU.
 */
struct iommu_domain *iommu_get_domain(const struct device *dev)
{
	return dev->iommu_group ? dev->iommu_group->domain : NULL;
}
EXPORT_SYMBOL_GPL(iommu_get_domain);

/**
 * iommu_get_dma_domain - the domain that the DMA API maps in
 * @dev: the device
 *
 * Return: the device's default domain, NULL without an IOMMU.
 */
struct iommu_domain *iommu_get_dma_domain(const struct device *dev)
{
	return dev->iommu_group ? dev->iommu_group->default_domain : NULL;
}

/**
 * iommu_attach_device - make a device use a domain
 * @domain: of the device's IOMMU
 * @dev: the device; its DMA API mappings are out of reach until
 *	 iommu_detach_device()
 *
 * Return: 0, -ENODEV, -EINVAL for a domain of another IOMMU, -EBUSY if the
 * device does not use its default domain, or the IOMMU driver's error.
 */
int iommu_attach_device(struct iommu_domain *domain, struct device *dev)
{
	struct iommu_group *group = dev->iommu_group;

	if (!group)
		return -ENODEV;
	if (domain->iommu != dev->iommu->iommu)
		return -EINVAL;
	if (group->domain != group->default_domain)
		return -EBUSY;
	return attach(group, domain);
}
EXPORT_SYMBOL_GPL(iommu_attach_device);

/**
 * iommu_detach_device - make a device use its default domain again
 * @domain: the domain it uses
 * @dev: the device
 *
 * Return: 0, -EINVAL if the device does not use @domain, or the IOMMU
 * driver's error.
 */
int iommu_detach_device(struct iommu_domain *domain, struct device *dev)
{
	struct iommu_group *group = dev->iommu_group;

	if (!group || group->domain != domain ||
	    domain == group->default_domain)
		return -EINVAL;
	return attach(group, group->default_domain);
}
EXPORT_SYMBOL_GPL(iommu_detach_device);

static int show_groups(void)
{
	struct iommu_group *group;
	unsigned int i, n = 0;

	list_for_each_entry(group, &iommu_groups, node) {
		const struct iommu_fwspec *fwspec = group->dev->iommu;

		shell_printf("group %u: %s, domain %s, behind %s, streams",
			     group->id, dev_name(group->dev),
			     type_names[group->domain->type],
			     dev_name(fwspec->iommu->dev));
		for (i = 0; i < fwspec->num_ids; i++)
			shell_printf(" %#x", fwspec->ids[i]);
		shell_printf("\n");
		n++;
	}
	if (!n)
		shell_printf("no iommu groups\n");
	return 0;
}

static int show_devices(void)
{
	struct iommu_device *iommu;
	unsigned int n = 0;

	list_for_each_entry(iommu, &iommu_devices, node) {
		shell_printf("%s\n", dev_name(iommu->dev));
		n++;
	}
	if (!n)
		shell_printf("no iommus\n");
	return 0;
}

static int iommu_command(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "groups"))
		return show_groups();
	if (argc == 2 && !strcmp(argv[1], "devices"))
		return show_devices();
	shell_printf("usage: iommu groups | iommu devices\n");
	return -EINVAL;
}

static const struct device_dma_hooks iommu_hooks = {
	.configure = dma_configure,
	.cleanup = dma_cleanup,
};

static int __init iommu_init(void)
{
	int ret = device_set_dma_hooks(&iommu_hooks);

	if (ret)
		return ret;
	return register_shell_command("iommu",
				      "groups|devices - who is behind which IOMMU",
				      iommu_command);
}
core_initcall(iommu_init);
