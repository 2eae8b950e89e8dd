// SPDX-License-Identifier: MIT
/* Shell command: who is behind which IOMMU. */

#include "iommu-internal.h"

#include <device.h>
#include <init.h>
#include <kernel.h>
#include <shell.h>

static void show_streams(const struct iommu_fwspec *fwspec)
{
	unsigned int i;

	for (i = 0; i < fwspec->num_ids; i++)
		shell_printf(" %#x", fwspec->ids[i]);
}

static int show_groups(void)
{
	const struct group_device *gd;
	const struct iommu_group *group;

	mutex_lock(&iommu_mutex);
	list_for_each_entry(group, &iommu_groups, node)
		list_for_each_entry(gd, &group->devices, node) {
			shell_printf("group %u: %s, domain %s, behind %s, streams",
				     group->id, dev_name(gd->dev),
				     iommu_domain_type_names[group->domain->type],
				     dev_name(group->iommu->dev));
			show_streams(gd->dev->iommu);
			shell_printf("\n");
		}
	if (list_empty(&iommu_groups))
		shell_printf("no iommu groups\n");
	mutex_unlock(&iommu_mutex);
	return 0;
}

static int show_devices(void)
{
	const struct iommu_device *iommu;

	mutex_lock(&iommu_mutex);
	list_for_each_entry(iommu, &iommu_devices, node)
		shell_printf("%s\n", dev_name(iommu->dev));
	if (list_empty(&iommu_devices))
		shell_printf("no iommus\n");
	mutex_unlock(&iommu_mutex);
	return 0;
}

static struct iommu_domain *domain_of(const char *name)
{
	const struct group_device *gd;
	const struct iommu_group *group;

	list_for_each_entry(group, &iommu_groups, node)
		list_for_each_entry(gd, &group->devices, node)
			if (!strcmp(dev_name(gd->dev), name))
				return group->domain;
	return NULL;
}

static void put(void *to, const char *line)
{
	shell_printf("%s", line);
}

/* Of the domain that the device uses now; of one address, the way to it. */
static int show_tables(const char *name, const char *address)
{
	unsigned long first = 0, last = ~0UL;
	struct iommu_domain *domain;
	int ret = 0;

	if (address && kstrtoul(address, 0, &first)) {
		shell_printf("iommu: %pE: no address\n", address);
		return -EINVAL;
	}
	if (address)
		last = first;
	mutex_lock(&iommu_mutex);
	domain = domain_of(name);
	if (!domain) {
		shell_printf("iommu: %pE: no device behind an IOMMU\n", name);
		ret = -ENODEV;
	} else {
		shell_printf("%s, domain %s:\n", name,
			     iommu_domain_type_names[domain->type]);
		ret = iommu_dump_tables(domain, first, last, put, NULL);
		if (ret == -ERANGE)
			shell_printf("iommu: %#lx: addresses are %#llx to %#llx\n",
				     first, domain->aperture_start,
				     domain->aperture_end);
	}
	mutex_unlock(&iommu_mutex);
	return ret;
}

static int iommu_command(int argc, char **argv)
{
	if ((argc == 3 || argc == 4) && !strcmp(argv[1], "tables"))
		return show_tables(argv[2], argc == 4 ? argv[3] : NULL);
	if (argc == 2 && !strcmp(argv[1], "groups"))
		return show_groups();
	if (argc == 2 && !strcmp(argv[1], "devices"))
		return show_devices();
	shell_printf("usage: iommu groups | devices | tables DEVICE [ADDRESS]\n");
	return -EINVAL;
}

static int __init iommu_init(void)
{
	return register_shell_command("iommu",
				      "groups | devices | tables DEVICE [ADDRESS] - who is behind which IOMMU, and what it makes of addresses",
				      iommu_command);
}
core_initcall(iommu_init);
