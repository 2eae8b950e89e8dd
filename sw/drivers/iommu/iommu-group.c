// SPDX-License-Identifier: MIT
/* IOMMU core: groups of devices, domains, and who uses which. */
#define pr_fmt(fmt) "iommu: " fmt

#include "iommu-internal.h"

#include <device.h>
#include <kernel.h>
#include <module.h>
#include <slab.h>

LIST_HEAD(iommu_groups);

/* What an IOMMU's module is held for, besides a device behind it. */
#define DOMAIN	"domain"
#define GROUP	"group"

/* A PASID of every device in a group. */
struct group_pasid {
	struct list_head node;
	u32 pasid;
	struct iommu_domain *domain;
};

const char *const iommu_domain_type_names[IOMMU_NUM_DOMAIN_TYPES] = {
	[IOMMU_DOMAIN_BLOCKED] = "blocked",
	[IOMMU_DOMAIN_IDENTITY] = "identity",
	[IOMMU_DOMAIN_UNMANAGED] = "unmanaged",
	[IOMMU_DOMAIN_DMA] = "DMA",
	[IOMMU_DOMAIN_NEST_PARENT] = "nest-parent",
	[IOMMU_DOMAIN_NESTED] = "nested",
};

/* ---- domains */

static struct iommu_domain *domain_alloc(struct iommu_device *iommu,
					 enum iommu_domain_type type)
{
	struct iommu_domain *domain = iommu->ops->domain_alloc(iommu, type);

	if (IS_ERR(domain))
		return domain;
	domain->type = type;
	domain->iommu = iommu;
	domain->owner = NULL;
	list_add_tail(&domain->node, &iommu->domains);
	return domain;
}

/* With iommu_mutex. */
static void domain_free(struct iommu_domain *domain)
{
	list_del(&domain->node);
	if (domain->dma_cookie)
		iommu_dma_free_domain(domain);
	if (domain->parent)
		domain->parent->users--;
	domain->ops->free(domain);
}

/* For a domain whose IOMMU has gone: its memory is lost, its holder is not. */
static void orphan_free(struct iommu_domain *domain)
{
}

static int orphan_attach(struct iommu_domain *domain, struct device *dev)
{
	return -ENODEV;
}

static const struct iommu_domain_ops orphan_ops = {
	.attach_dev = orphan_attach,
	.free = orphan_free,
};

void iommu_orphan_domains(struct iommu_device *iommu)
{
	struct iommu_domain *domain, *n;

	list_for_each_entry_safe(domain, n, &iommu->domains, node) {
		WARN(true, "IOMMU %s goes, a domain (%s) is left\n",
		     dev_name(iommu->dev),
		     iommu_domain_type_names[domain->type]);
		list_del_init(&domain->node);
		domain->ops = &orphan_ops;
		domain->iommu = NULL;
	}
}

/* The module of whoever asks, and that of the IOMMU for it. */
static int hold(struct device *dev, struct module **user)
{
	*user = dev->driver ? dev->driver->owner : dev->iommu->user;
	return module_get_for(dev->iommu->iommu->ops->owner, *user, DOMAIN);
}

static struct iommu_domain *held(struct iommu_domain *domain,
				 struct device *dev, struct module *user)
{
	if (IS_ERR(domain)) {
		module_put_for(dev->iommu->iommu->ops->owner, user, DOMAIN);
	} else {
		domain->owner = dev->iommu->iommu->ops->owner;
		domain->user = user;
	}
	return domain;
}

/**
 * iommu_domain_alloc - make an address space
 * @dev: a device that will use it
 * @type: IOMMU_DOMAIN_DMA is the core's own, and refused here
 *
 * The domain holds the IOMMU's module in the name of the device's driver.
 *
 * Return: the domain, or ERR_PTR: -ENODEV without an IOMMU, -EINVAL,
 * -EOPNOTSUPP if the IOMMU has no such type, -ENOMEM.
 */
struct iommu_domain *iommu_domain_alloc(struct device *dev,
					enum iommu_domain_type type)
{
	struct iommu_domain *domain;
	struct module *user;
	int ret;

	if (!dev->iommu)
		return ERR_PTR(-ENODEV);
	if (type == IOMMU_DOMAIN_DMA || type == IOMMU_DOMAIN_NESTED)
		return ERR_PTR(-EINVAL);
	ret = hold(dev, &user);
	if (ret)
		return ERR_PTR(ret);
	mutex_lock(&iommu_mutex);
	domain = held(domain_alloc(dev->iommu->iommu, type), dev, user);
	mutex_unlock(&iommu_mutex);
	return domain;
}
EXPORT_SYMBOL_GPL(iommu_domain_alloc);

/**
 * iommu_domain_alloc_nested - make an address space upon another
 * @dev: a device that will use it
 * @parent: of type IOMMU_DOMAIN_NEST_PARENT, of the same IOMMU; it stays until
 *	    the new one is freed
 * @config: what the IOMMU driver defines
 * @size: bytes of it
 *
 * Return: as iommu_domain_alloc(); -EINVAL also for a @config that is wrong.
 */
struct iommu_domain *iommu_domain_alloc_nested(struct device *dev,
					       struct iommu_domain *parent,
					       const void *config,
					       size_t size)
{
	struct iommu_domain *domain;
	struct iommu_device *iommu;
	struct module *user;
	int ret;

	if (!dev->iommu)
		return ERR_PTR(-ENODEV);
	iommu = dev->iommu->iommu;
	if (!iommu->ops->domain_alloc_nested)
		return ERR_PTR(-EOPNOTSUPP);
	if (parent->type != IOMMU_DOMAIN_NEST_PARENT ||
	    parent->iommu != iommu)
		return ERR_PTR(-EINVAL);
	ret = hold(dev, &user);
	if (ret)
		return ERR_PTR(ret);
	mutex_lock(&iommu_mutex);
	domain = held(iommu->ops->domain_alloc_nested(parent, config, size),
		      dev, user);
	if (!IS_ERR(domain)) {
		domain->type = IOMMU_DOMAIN_NESTED;
		domain->iommu = iommu;
		domain->parent = parent;
		parent->users++;
		list_add_tail(&domain->node, &iommu->domains);
	}
	mutex_unlock(&iommu_mutex);
	return domain;
}
EXPORT_SYMBOL_GPL(iommu_domain_alloc_nested);

/**
 * iommu_domain_free - free an address space
 * @domain: nothing uses it any more; one that is used is kept, with a warning
 */
void iommu_domain_free(struct iommu_domain *domain)
{
	struct module *owner = domain->owner, *user = domain->user;

	mutex_lock(&iommu_mutex);
	if (WARN(domain->users, "a domain (%s) that is used %u times is not freed\n",
		 iommu_domain_type_names[domain->type], domain->users)) {
		mutex_unlock(&iommu_mutex);
		return;
	}
	domain_free(domain);
	mutex_unlock(&iommu_mutex);
	module_put_for(owner, user, DOMAIN);
}
EXPORT_SYMBOL_GPL(iommu_domain_free);

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
	struct iommu_domain *domain = domain_alloc(group->iommu,
						   IOMMU_DOMAIN_DMA);
	int ret;

	if (IS_ERR(domain))
		return (int)PTR_ERR(domain);
	ret = domain->ops->attach_dev(domain, dev);
	if (!ret)
		ret = iommu_dma_init_domain(domain);
	if (ret) {
		/* No stream may use it when it is freed. */
		group->iommu->ops->release_device(dev);
		domain_free(domain);
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
		domain_free(group->default_domain);
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
	if (!gd)
		ret = -ENOMEM;
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

static struct group_pasid *find_pasid(struct iommu_group *group, u32 pasid)
{
	struct group_pasid *p;

	list_for_each_entry(p, &group->pasids, node)
		if (p->pasid == pasid)
			return p;
	return NULL;
}

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
 * @dev: the device; others in its group follow
 * @pasid: the PASID
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
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_detach_device_pasid);
