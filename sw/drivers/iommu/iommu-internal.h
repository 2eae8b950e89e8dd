/* SPDX-License-Identifier: MIT */
/* Between the parts of the IOMMU core. */
#ifndef IOMMU_INTERNAL_H
#define IOMMU_INTERNAL_H

#include <atomic.h>
#include <iommu.h>
#include <mutex.h>

/**
 * struct iommu_group - devices that cannot be kept apart
 * @kref: one for each device in it, and for each iommu_group_get()
 * @node: among all groups, while a device is in it
 * @devices: struct group_device
 * @default_domain: what the devices use unless a driver says otherwise
 * @domain: what they use now
 * @pasids: struct group_pasid
 * @owner: module of the IOMMU's driver, which may go before the last reference
 * @sysfs, @sysfs_devices: its folders in /sys, NULL before its first device
 *
 * All but @kref is under iommu_mutex.
 */
struct iommu_group {
	struct kref kref;
	struct list_head node;
	struct list_head devices;
	unsigned int id;
	struct iommu_device *iommu;
	struct module *owner;
	struct iommu_domain *default_domain;
	struct iommu_domain *domain;
	struct list_head pasids;
	struct sysfs_node *sysfs;
	struct sysfs_node *sysfs_devices;
};

struct group_device {
	struct list_head node;
	struct device *dev;
};

/* Everything that connects, attaches and allocates; mapping takes it not. */
extern struct mutex iommu_mutex;
extern struct list_head iommu_groups;
extern struct list_head iommu_devices;

extern const char *const iommu_domain_type_names[IOMMU_NUM_DOMAIN_TYPES];

/* The node is of an IOMMU that this kernel has a driver for, loaded or not. */
bool iommu_is_known(const struct device_node *np);
/* The instance that stands for a node, or NULL. With iommu_mutex. */
struct iommu_device *iommu_find(const struct device_node *np);
/* Without it: what @property sends @dev to; false is told. */
bool iommu_is_iommu(struct device *dev, const struct device_node *np,
		    const char *property);
/* Connects @dev to the IOMMU of @np, by the IDs that @add_ids adds.
 * As iommu_configure_device(); @user is the module in whose name the IOMMU's
 * is held.
 */
int iommu_connect(struct device *dev, struct device_node *np,
		  struct module *user,
		  int (*add_ids)(struct device *dev, const void *arg),
		  const void *arg);
bool iommu_is_pci_host(const struct device_node *np);
int iommu_configure_legacy(struct device *dev, struct device_node *np);

/* With iommu_mutex. */
#ifdef CONFIG_PCI
/* May @dev, of PCI, be in @group? 0 or -EBUSY, which is told. */
int iommu_pci_check_group(struct device *dev,
			  const struct iommu_group *group);
#else
static inline int iommu_pci_check_group(struct device *dev,
					const struct iommu_group *group)
{
	return 0;
}
#endif
int iommu_group_add_device(struct device *dev);
void iommu_group_remove_device(struct device *dev);
void iommu_orphan_domains(struct iommu_device *iommu);
/* Without a reference on the IOMMU's module; ERR_PTR. */
struct iommu_domain *iommu_new_domain(struct iommu_device *iommu,
				      enum iommu_domain_type type);
void iommu_drop_domain(struct iommu_domain *domain);
/* Without iommu_mutex: on return no handler of the device runs. */
void iommu_drop_fault_handlers(struct device *dev);
/* Without iommu_mutex: what waited when it was called has been answered. */
void iommu_flush_page_faults(struct device *dev);
/* Its tables for [@first, @last], a line an entry, in the words of the host's
 * "smmu-vp decode pte". -ERANGE outside of its aperture, -ENOMEM.
 */
int iommu_dump_tables(struct iommu_domain *domain, unsigned long first,
		      unsigned long last,
		      void (*put)(void *to, const char *line), void *to);
void iommu_group_sysfs_add_device(struct iommu_group *group,
				  struct device *dev);
void iommu_group_sysfs_remove_device(struct iommu_group *group,
				     struct device *dev);
/* Before its default domain goes. */
void iommu_group_sysfs_remove(struct iommu_group *group);

#endif
