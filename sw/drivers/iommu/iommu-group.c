// SPDX-License-Identifier: MIT
/* IOMMU core: groups of devices, and which domains they use. */
#define pr_fmt(fmt) "iommu: " fmt

#include "iommu-internal.h"

#include <device.h>
#include <kernel.h>
#include <module.h>
#include <slab.h>

LIST_HEAD(iommu_groups);

/* What an IOMMU's module is held for by who has a reference. */
#define GROUP	"group"

/* A PASID of every device in a group. */
struct group_pasid {
	struct list_head node;
	u32 pasid;
	struct iommu_domain *domain;
};

/* ---- groups */

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

/**
 * iommu_group_alloc - a group for a device that shares with no other
 * @iommu: its IOMMU
 *
 * For iommu_ops.device_group().
 *
 * Return: the group, or ERR_PTR(-ENOMEM).
 */
struct iommu_group *iommu_group_alloc(struct iommu_device *iommu)
{
	struct iommu_group *group = kzalloc(sizeof(*group), GFP_KERNEL);

	if (!group)
		return ERR_PTR(-ENOMEM);
	kref_init(&group->kref);
	INIT_LIST_HEAD(&group->devices);
	INIT_LIST_HEAD(&group->pasids);
	group->iommu = iommu;
	group->owner = iommu->ops->owner;
	group->id = lowest_free_group_id();
	list_add_tail(&group->node, &iommu_groups);
	return group;
}
EXPORT_SYMBOL_GPL(iommu_group_alloc);

/**
 * generic_device_group - a group for a device that shares with no other
 * @dev: a device that is being connected
 *
 * For iommu_ops.device_group(), of what is on no bus with rules of its own.
 *
 * Return: as iommu_group_alloc().
 */
struct iommu_group *generic_device_group(struct device *dev)
{
	return iommu_group_alloc(dev->iommu->iommu);
}
EXPORT_SYMBOL_GPL(generic_device_group);

static void group_free(struct kref *kref)
{
	kfree(container_of(kref, struct iommu_group, kref));
}

/**
 * iommu_group_ref - the group that a device is in
 * @dev: a device that another one shares with
 *
 * For iommu_ops.device_group().
 *
 * Return: the group with a reference.
 */
struct iommu_group *iommu_group_ref(struct device *dev)
{
	kref_get(&dev->iommu_group->kref);
	return dev->iommu_group;
}
EXPORT_SYMBOL_GPL(iommu_group_ref);

static void detach_all(struct iommu_group *group, struct device *dev)
{
	struct group_pasid *p;

	list_for_each_entry(p, &group->pasids, node)
		group->iommu->ops->remove_dev_pasid(p->domain, dev, p->pasid);
}

static int attach_all(struct iommu_group *group, struct device *dev)
{
	int ret = group->domain->ops->attach_dev(group->domain, dev);
	struct group_pasid *p;

	list_for_each_entry(p, &group->pasids, node)
		if (!ret)
			ret = p->domain->ops->set_dev_pasid(p->domain, dev,
							    p->pasid);
	if (ret)
		detach_all(group, dev);
	return ret;
}

static int init_default_domain(struct iommu_group *group, struct device *dev)
{
	const struct iommu_ops *ops = group->iommu->ops;
	enum iommu_domain_type type = ops->def_domain_type ?
		ops->def_domain_type(dev) : IOMMU_DOMAIN_DMA;
	struct iommu_domain *domain = iommu_new_domain(group->iommu, type);
	int ret;

	if (IS_ERR(domain))
		return (int)PTR_ERR(domain);
	ret = domain->ops->attach_dev(domain, dev);
	if (!ret && type == IOMMU_DOMAIN_DMA)
		ret = iommu_dma_init_domain(domain);
	if (ret) {
		/* No stream may use it when it is freed. */
		ops->release_device(dev);
		iommu_drop_domain(domain);
		return ret;
	}
	domain->users = 1;
	group->default_domain = domain;
	group->domain = domain;
	return 0;
}

static void group_unlist_if_empty(struct iommu_group *group)
{
	struct group_pasid *p, *n;

	if (!list_empty(&group->devices))
		return;
	iommu_group_sysfs_remove(group);
	list_for_each_entry_safe(p, n, &group->pasids, node) {
		p->domain->users--;
		kfree(p);
	}
	INIT_LIST_HEAD(&group->pasids);
	if (group->domain)
		group->domain->users--;
	if (group->default_domain)
		iommu_drop_domain(group->default_domain);
	group->domain = NULL;
	group->default_domain = NULL;
	list_del(&group->node);
}

/* On failure the device uses nothing of the group. */
int iommu_group_add_device(struct device *dev)
{
	struct iommu_device *iommu = dev->iommu->iommu;
	struct iommu_group *group;
	struct group_device *gd;
	int ret;

	group = iommu->ops->device_group ? iommu->ops->device_group(dev) :
					   iommu_group_alloc(iommu);
	if (IS_ERR(group))
		return (int)PTR_ERR(group);
	gd = kzalloc(sizeof(*gd), GFP_KERNEL);
	ret = gd ? iommu_pci_check_group(dev, group) : -ENOMEM;
	if (ret)
		;	/* nothing of it is used */
	else if (!group->default_domain)
		ret = init_default_domain(group, dev);
	else if (group->domain != group->default_domain)
		/* One that knows nothing of that would lose its mappings. */
		ret = dev_err_probe(dev, -EPROBE_DEFER,
				    "IOMMU group %u uses a domain of its other devices' driver\n",
				    group->id);
	else
		ret = attach_all(group, dev);
	if (ret) {
		kfree(gd);
		group_unlist_if_empty(group);
		kref_put(&group->kref, group_free);
		return ret;
	}
	gd->dev = dev;
	list_add_tail(&gd->node, &group->devices);
	dev->iommu_group = group;
	iommu_group_sysfs_add_device(group, dev);
	dev_info(dev, "in iommu group %u\n", group->id);
	return 0;
}

/* The IOMMU refuses its streams already. */
void iommu_group_remove_device(struct device *dev)
{
	struct iommu_group *group = dev->iommu_group;
	struct group_device *gd, *n;

	iommu_group_sysfs_remove_device(group, dev);
	list_for_each_entry_safe(gd, n, &group->devices, node)
		if (gd->dev == dev) {
			list_del(&gd->node);
			kfree(gd);
		}
	dev->iommu_group = NULL;
	if (list_empty(&group->devices) &&
	    (group->domain != group->default_domain ||
	     !list_empty(&group->pasids)))
		dev_warn(dev, "its driver left a domain attached\n");
	group_unlist_if_empty(group);
	kref_put(&group->kref, group_free);
}

struct iommu_group *__iommu_group_get(struct device *dev,
				      struct module *user)
{
	struct iommu_group *group = NULL;

	mutex_lock(&iommu_mutex);
	if (dev->iommu_group &&
	    !module_get_for(dev->iommu_group->iommu->ops->owner, user, GROUP))
		group = iommu_group_ref(dev);
	mutex_unlock(&iommu_mutex);
	return group;
}
EXPORT_SYMBOL_GPL(__iommu_group_get);

void __iommu_group_put(struct iommu_group *group, struct module *user)
{
	struct module *owner;

	if (!group)
		return;
	/* The group may be gone behind this, and its IOMMU long before. */
	owner = group->owner;
	kref_put(&group->kref, group_free);
	module_put_for(owner, user, GROUP);
}
EXPORT_SYMBOL_GPL(__iommu_group_put);

/**
 * iommu_group_id - a group's number, as "iommu groups" shows it
 * @group: with a reference
 */
unsigned int iommu_group_id(const struct iommu_group *group)
{
	return group->id;
}
EXPORT_SYMBOL_GPL(iommu_group_id);

/**
 * iommu_group_for_each_dev - call a function for each device in a group
 * @group: with a reference
 * @data: passed on
 * @fn: a result that is not 0 ends it; it must not attach, connect or free
 *
 * Return: the last result.
 */
int iommu_group_for_each_dev(struct iommu_group *group, void *data,
			     int (*fn)(struct device *dev, void *data))
{
	struct group_device *gd;
	int ret = 0;

	mutex_lock(&iommu_mutex);
	list_for_each_entry(gd, &group->devices, node) {
		ret = fn(gd->dev, data);
		if (ret)
			break;
	}
	mutex_unlock(&iommu_mutex);
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_group_for_each_dev);

/* ---- who uses which */

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

static struct group_pasid *find_pasid(struct iommu_group *group, u32 pasid)
{
	struct group_pasid *p;

	list_for_each_entry(p, &group->pasids, node)
		if (p->pasid == pasid)
			return p;
	return NULL;
}

/**
 * iommu_get_domain_pasid - the domain that a PASID of a device uses now
 * @dev: the device
 * @pasid: the PASID; IOMMU_NO_PASID: as iommu_get_domain()
 *
 * Return: the domain, NULL if it uses none.
 */
struct iommu_domain *iommu_get_domain_pasid(const struct device *dev,
					    u32 pasid)
{
	struct iommu_domain *domain;
	struct group_pasid *p;

	mutex_lock(&iommu_mutex);
	domain = iommu_get_domain(dev);
	if (domain && pasid != IOMMU_NO_PASID) {
		p = find_pasid(dev->iommu_group, pasid);
		domain = p ? p->domain : NULL;
	}
	mutex_unlock(&iommu_mutex);
	return domain;
}
EXPORT_SYMBOL_GPL(iommu_get_domain_pasid);

/**
 * iommu_get_dma_domain - the domain that the DMA API maps in
 * @dev: the device
 *
 * Return: the default domain of its group, NULL without an IOMMU.
 */
struct iommu_domain *iommu_get_dma_domain(const struct device *dev)
{
	return dev->iommu_group ? dev->iommu_group->default_domain : NULL;
}

/* All devices, or none. */
static int set_domain(struct iommu_group *group, struct iommu_domain *domain)
{
	struct group_device *gd, *back;
	int ret = 0;

	list_for_each_entry(gd, &group->devices, node) {
		ret = domain->ops->attach_dev(domain, gd->dev);
		if (ret)
			goto out_back;
	}
	group->domain->users--;
	domain->users++;
	group->domain = domain;
	return 0;

out_back:
	/* What failed may have changed some of its streams. */
	list_for_each_entry(back, &group->devices, node) {
		WARN_ON(group->domain->ops->attach_dev(group->domain,
						       back->dev));
		if (back == gd)
			break;
	}
	return ret;
}

static int attach_locked(struct iommu_domain *domain,
			 struct iommu_group *group)
{
	if (list_empty(&group->devices))
		return -ENODEV;
	if (domain->iommu != group->iommu)
		return -EINVAL;
	if (group->domain != group->default_domain)
		return -EBUSY;
	return set_domain(group, domain);
}

static int detach_locked(struct iommu_domain *domain,
			 struct iommu_group *group)
{
	if (group->domain != domain || domain == group->default_domain)
		return -EINVAL;
	return set_domain(group, group->default_domain);
}

/**
 * iommu_attach_group - make every device of a group use a domain
 * @domain: of the group's IOMMU
 * @group: mappings of the DMA API are out of reach of its devices until
 *	   iommu_detach_group()
 *
 * Return: 0; -ENODEV for a group without devices; -EINVAL for a domain of
 * another IOMMU; -EBUSY if the group does not use its default domain;
 * -EPROBE_DEFER if what the domain needs may still come; or the IOMMU driver's
 * error. On an error nothing has changed.
 */
int iommu_attach_group(struct iommu_domain *domain,
		       struct iommu_group *group)
{
	int ret;

	mutex_lock(&iommu_mutex);
	ret = attach_locked(domain, group);
	mutex_unlock(&iommu_mutex);
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_attach_group);

/**
 * iommu_detach_group - make every device of a group use its default domain
 * @domain: the domain that they use
 * @group: the group
 *
 * Return: 0, -EINVAL if the group does not use @domain, or the IOMMU driver's
 * error.
 */
int iommu_detach_group(struct iommu_domain *domain,
		       struct iommu_group *group)
{
	int ret;

	mutex_lock(&iommu_mutex);
	ret = detach_locked(domain, group);
	mutex_unlock(&iommu_mutex);
	/* Devices that wait to join may do so now. */
	if (!ret)
		driver_deferred_probe_trigger();
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_detach_group);

static bool is_alone(const struct device *dev)
{
	const struct list_head *devices = &dev->iommu_group->devices;

	return devices->next->next == devices;
}

/**
 * iommu_attach_device - make a device use a domain
 * @domain: as iommu_attach_group()
 * @dev: the device
 *
 * Return: as iommu_attach_group(); -EINVAL also for a device that is not alone
 * in its group.
 */
int iommu_attach_device(struct iommu_domain *domain, struct device *dev)
{
	int ret = -ENODEV;

	mutex_lock(&iommu_mutex);
	if (dev->iommu_group)
		ret = is_alone(dev) ?
		      attach_locked(domain, dev->iommu_group) : -EINVAL;
	mutex_unlock(&iommu_mutex);
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_attach_device);

/**
 * iommu_detach_device - make a device use its default domain again
 * @domain: the domain it uses
 * @dev: the device
 *
 * Return: as iommu_detach_group().
 */
int iommu_detach_device(struct iommu_domain *domain, struct device *dev)
{
	struct iommu_group *group = dev->iommu_group;

	return group ? iommu_detach_group(domain, group) : -EINVAL;
}
EXPORT_SYMBOL_GPL(iommu_detach_device);

static int attach_pasid(struct iommu_domain *domain, struct device *dev,
			u32 pasid)
{
	struct iommu_group *group = dev->iommu_group;
	struct group_device *gd, *back;
	struct group_pasid *p;
	int ret;

	if (!group)
		return -ENODEV;
	if (!domain->ops->set_dev_pasid || !group->iommu->ops->remove_dev_pasid)
		return -EOPNOTSUPP;
	if (domain->iommu != group->iommu || pasid == IOMMU_NO_PASID)
		return -EINVAL;
	list_for_each_entry(gd, &group->devices, node)
		if (pasid >= gd->dev->iommu->max_pasids)
			return -EINVAL;
	if (find_pasid(group, pasid))
		return -EBUSY;
	p = kzalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		return -ENOMEM;
	list_for_each_entry(gd, &group->devices, node) {
		ret = domain->ops->set_dev_pasid(domain, gd->dev, pasid);
		if (ret)
			goto out_back;
	}
	p->pasid = pasid;
	p->domain = domain;
	domain->users++;
	list_add_tail(&p->node, &group->pasids);
	return 0;

out_back:
	list_for_each_entry(back, &group->devices, node) {
		if (back == gd)
			break;
		group->iommu->ops->remove_dev_pasid(domain, back->dev, pasid);
	}
	kfree(p);
	return ret;
}

/**
 * iommu_attach_device_pasid - make a PASID of a device use a domain
 * @domain: of the device's IOMMU
 * @dev: the device; others in its group follow
 * @pasid: from 1 to below the number that the device and the IOMMU have
 *
 * Return: 0, -ENODEV, -EOPNOTSUPP, -EINVAL, -EBUSY if the PASID is used,
 * -ENOMEM, or the IOMMU driver's error.
 */
int iommu_attach_device_pasid(struct iommu_domain *domain,
			      struct device *dev, u32 pasid)
{
	int ret;

	mutex_lock(&iommu_mutex);
	ret = attach_pasid(domain, dev, pasid);
	mutex_unlock(&iommu_mutex);
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_attach_device_pasid);

/**
 * iommu_detach_device_pasid - refuse a PASID again
 * @domain: what it uses
 * @dev: the device, which has stopped using it; others in its group follow
 * @pasid: the PASID
 *
 * It must not be called by a page fault handler.
 *
 * Return: 0, or -EINVAL if the PASID does not use @domain.
 */
int iommu_detach_device_pasid(struct iommu_domain *domain,
			      struct device *dev, u32 pasid)
{
	struct iommu_group *group;
	struct group_device *gd;
	struct group_pasid *p;
	int ret = -EINVAL;

	mutex_lock(&iommu_mutex);
	group = dev->iommu_group;
	p = group ? find_pasid(group, pasid) : NULL;
	if (p && p->domain == domain) {
		list_for_each_entry(gd, &group->devices, node)
			group->iommu->ops->remove_dev_pasid(domain, gd->dev,
							    pasid);
		list_del(&p->node);
		domain->users--;
		kfree(p);
		ret = 0;
	}
	mutex_unlock(&iommu_mutex);
	/* A handler that has found the domain lets go of it. */
	if (!ret)
		iommu_flush_page_faults(dev);
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_detach_device_pasid);
