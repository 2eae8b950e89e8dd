// SPDX-License-Identifier: MIT
/* Hosts: how they come with all that is below, and go. */
#define pr_fmt(fmt) "pci: " fmt
#include <export.h>
#include <list.h>
#include <mutex.h>
#include <of.h>
#include <slab.h>

#include "pci-internal.h"

/* Over the list. A host that is on it is whole. */
static DEFINE_MUTEX(hosts_lock);
static LIST_HEAD(hosts);

int pci_for_each_host(int (*fn)(struct pci_host *host, void *data),
		      void *data)
{
	struct pci_host *host;
	int ret = 0;

	mutex_lock(&hosts_lock);
	list_for_each_entry(host, &hosts, node) {
		ret = fn(host, data);
		if (ret)
			break;
	}
	mutex_unlock(&hosts_lock);
	return ret;
}

struct each_dev {
	int (*fn)(struct pci_dev *pdev, void *data);
	void *data;
};

static int each_dev(struct pci_host *host, void *data)
{
	const struct each_dev *each = data;
	struct pci_dev *pdev;
	int ret = 0;

	list_for_each_entry(pdev, &host->devices, node) {
		ret = each->fn(pdev, each->data);
		if (ret)
			break;
	}
	return ret;
}

/**
 * pci_for_each_dev - call a function for each PCI function there is
 * @fn: a result that is not 0 ends it; it must not bind or unbind
 * @data: passed on
 *
 * Return: the last result.
 */
int pci_for_each_dev(int (*fn)(struct pci_dev *pdev, void *data), void *data)
{
	struct each_dev each = { fn, data };

	return pci_for_each_host(each_dev, &each);
}
EXPORT_SYMBOL(pci_for_each_dev);

static struct pci_host *find_domain(u32 domain)
{
	struct pci_host *host;

	list_for_each_entry(host, &hosts, node)
		if (host->domain == domain)
			return host;
	return NULL;
}

/* With the lock. The tree's number, or the lowest that is free. */
static int choose_domain(struct pci_host *host)
{
	const struct pci_host *other;

	host->domain = 0;
	if (of_property_read_u32(host->np, "linux,pci-domain",
				 &host->domain)) {
		while (find_domain(host->domain))
			host->domain++;
		return 0;
	}
	other = find_domain(host->domain);
	if (!other)
		return 0;
	dev_err(host->dev, "linux,pci-domain %u is that of %s\n", host->domain,
		dev_name(other->dev));
	return -EEXIST;
}

static void free_all(struct pci_host *host)
{
	struct pci_bus *bus, *nb;
	struct pci_dev *pdev, *nd;

	list_for_each_entry_safe(pdev, nd, &host->devices, node)
		put_device(&pdev->dev);
	list_for_each_entry_safe(bus, nb, &host->buses, node)
		kfree(bus);
	INIT_LIST_HEAD(&host->devices);
	INIT_LIST_HEAD(&host->buses);
}

/* No number may be taken by two, so a host has its own before it is whole. */
static int list_host(struct pci_host *host)
{
	int ret;

	mutex_lock(&hosts_lock);
	ret = choose_domain(host);
	if (!ret)
		ret = pci_scan_host(host);
	if (!ret)
		ret = pci_assign_host(host);
	if (!ret)
		list_add_tail(&host->node, &hosts);
	mutex_unlock(&hosts_lock);
	return ret;
}

/**
 * pci_host_probe - find all that is below a host, and make it known
 * @host: as pci_host_of_init() left it, with @ops set
 *
 * Drivers that are there are bound at once.
 *
 * Return: 0, -EEXIST for a domain that is taken, or -ENOMEM.
 */
int pci_host_probe(struct pci_host *host)
{
	struct pci_dev *pdev;
	int ret;

	INIT_LIST_HEAD(&host->buses);
	INIT_LIST_HEAD(&host->devices);
	host->num_devices = 0;
	ret = list_host(host);
	if (ret) {
		free_all(host);
		return ret;
	}
	list_for_each_entry(pdev, &host->devices, node)
		pci_acs_init(pdev);
	dev_info(host->dev, "domain %04x: buses %02x to %02x, %u functions\n",
		 host->domain, host->first_bus, host->highest_bus,
		 host->num_devices);
	list_for_each_entry(pdev, &host->devices, node)
		device_add(&pdev->dev);
	return 0;
}
EXPORT_SYMBOL_GPL(pci_host_probe);

/**
 * pci_host_remove - take away all that is below a host
 * @host: on return nobody uses its configuration space any more
 */
void pci_host_remove(struct pci_host *host)
{
	struct pci_dev *pdev;

	mutex_lock(&hosts_lock);
	list_del(&host->node);
	mutex_unlock(&hosts_lock);
	/* What is below goes before its bridge. */
	list_for_each_entry_reverse(pdev, &host->devices, node) {
		device_del(&pdev->dev);
		if (pdev->is_bridge) {
			pci_clear_master(pdev);
			pci_close_bridge(pdev);
		}
	}
	free_all(host);
}
EXPORT_SYMBOL_GPL(pci_host_remove);
