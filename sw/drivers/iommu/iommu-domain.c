// SPDX-License-Identifier: MIT
/* IOMMU core: address spaces, and who holds their IOMMU's module. */
#define pr_fmt(fmt) "iommu: " fmt

#include "iommu-internal.h"

#include <device.h>
#include <kernel.h>
#include <module.h>

/* What an IOMMU's module is held for by who has a domain. */
#define DOMAIN	"domain"

const char *const iommu_domain_type_names[IOMMU_NUM_DOMAIN_TYPES] = {
	[IOMMU_DOMAIN_BLOCKED] = "blocked",
	[IOMMU_DOMAIN_IDENTITY] = "identity",
	[IOMMU_DOMAIN_UNMANAGED] = "unmanaged",
	[IOMMU_DOMAIN_DMA] = "DMA",
	[IOMMU_DOMAIN_NEST_PARENT] = "nest-parent",
	[IOMMU_DOMAIN_NESTED] = "nested",
};

struct iommu_domain *iommu_new_domain(struct iommu_device *iommu,
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

void iommu_drop_domain(struct iommu_domain *domain)
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
	domain = held(iommu_new_domain(dev->iommu->iommu, type), dev, user);
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
 * iommu_invalidate_nested - forget what was made of a nested domain's tables
 * @domain: of iommu_domain_alloc_nested()
 * @commands: what the IOMMU driver defines
 * @count: their number
 *
 * Return: 0; -EOPNOTSUPP for another domain; -EINVAL for a command that is none,
 * behind which nothing is done; or the IOMMU driver's error.
 */
int iommu_invalidate_nested(struct iommu_domain *domain, const void *commands,
			    unsigned int count)
{
	int ret = -EOPNOTSUPP;

	mutex_lock(&iommu_mutex);
	if (domain->ops->cache_invalidate)
		ret = domain->ops->cache_invalidate(domain, commands, count);
	mutex_unlock(&iommu_mutex);
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_invalidate_nested);

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
	iommu_drop_domain(domain);
	mutex_unlock(&iommu_mutex);
	module_put_for(owner, user, DOMAIN);
}
EXPORT_SYMBOL_GPL(iommu_domain_free);
