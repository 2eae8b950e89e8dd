// SPDX-License-Identifier: MIT
/*
 * The binding that arm,smmu had before "iommus": "mmu-masters" of an SMMU lists
 * its masters. A master does not know of it, so the operations of the platform
 * bus are set, and masters connected, when each enabled SMMU has either been
 * bound or failed; whichever comes last, and however it is loaded.
 */
#define pr_fmt(fmt) "arm-smmu: " fmt

#include "arm-smmu.h"

#include <mutex.h>
#include <of.h>
#include <pci.h>
#include <platform_device.h>
#include <slab.h>

/* On an SMMU: when its probe has ended none other is waited for. */
#define LAST_SMMU	"smmu-vp,last-smmu"

enum legacy_state {
	LEGACY_UNBOUND,		/* it may still come */
	LEGACY_BOUND,
	LEGACY_FAILED,
};

struct legacy_smmu {
	struct list_head node;
	struct device_node *np;
	enum legacy_state state;
};

/* All SMMUs of a tree that has "mmu-masters"; empty in any other. */
static LIST_HEAD(smmus);
static DEFINE_MUTEX(smmus_lock);
/* The tree has both bindings. */
static bool refused;

static bool is_list(const struct device_node *np)
{
	return of_find_property(np, "mmu-masters", NULL);
}

/* An SMMU of this driver that "iommus" or "iommu-map" of a device names. */
static struct device_node *named_by(const struct device_node *np,
				    const struct of_device_id *matches)
{
	struct of_phandle_iterator it;
	struct device_node *target;
	u32 phandle, i;

	of_phandle_iterator_init(&it, np, "iommus", "#iommu-cells");
	while (!of_phandle_iterator_next(&it))
		if (it.node && of_match_node(matches, it.node) &&
		    of_device_is_available(it.node))
			return it.node;
	for (i = 1; !of_property_read_u32_index(np, "iommu-map", i, &phandle);
	     i += 4) {
		target = of_find_node_by_phandle(phandle);
		if (target && of_match_node(matches, target) &&
		    of_device_is_available(target))
			return target;
	}
	return NULL;
}

/* True, and told, if devices are connected by the other binding as well. */
static bool is_mixed(const struct device_node *list,
		     const struct of_device_id *matches)
{
	const struct legacy_smmu *s;
	struct device_node *np = NULL;
	const struct device_node *smmu;

	list_for_each_entry(s, &smmus, node)
		if (is_list(s->np) &&
		    of_find_property(s->np, "#iommu-cells", NULL)) {
			pr_err("%pOF has mmu-masters and #iommu-cells: no SMMU of this device tree is used\n",
			       s->np);
			return true;
		}
	while ((np = of_find_all_nodes(np))) {
		smmu = of_device_is_available(np) ? named_by(np, matches) :
						    NULL;
		if (!smmu)
			continue;
		pr_err("%pOF has mmu-masters, and %pOF names %pOF by %s: no SMMU of this device tree is used\n",
		       list, np, smmu, of_find_property(np, "iommus", NULL) ?
		       "iommus" : "iommu-map");
		return true;
	}
	return false;
}

/**
 * smmu2_legacy_init - find out whether the device tree has "mmu-masters"
 * @matches: SMMUs that the driver serves
 *
 * Return: 0, or -ENOMEM.
 */
int smmu2_legacy_init(const struct of_device_id *matches)
{
	const struct device_node *list = NULL;
	struct device_node *np = NULL;
	struct legacy_smmu *s;

	while ((np = of_find_matching_node(np, matches))) {
		s = kzalloc(sizeof(*s), GFP_KERNEL);
		if (!s) {
			smmu2_legacy_exit();
			return -ENOMEM;
		}
		s->np = np;
		list_add_tail(&s->node, &smmus);
		if (!list && is_list(np))
			list = np;
	}
	if (!list)
		smmu2_legacy_exit();
	else
		refused = is_mixed(list, matches);
	return 0;
}

/* The driver is unregistered, or never was. */
void smmu2_legacy_exit(void)
{
	struct legacy_smmu *s, *n;

	if (!list_empty(&smmus)) {
		bus_expect_iommu(&platform_bus_type, NULL);
		bus_set_iommu(&platform_bus_type, NULL);
	}
	list_for_each_entry_safe(s, n, &smmus, node)
		kfree(s);
	INIT_LIST_HEAD(&smmus);
}

/**
 * smmu2_legacy_check - may an SMMU be used?
 * @dev: its device
 *
 * Return: 0; -EINVAL, told, for a tree with both bindings or a list that is
 * malformed.
 */
int smmu2_legacy_check(struct device *dev)
{
	struct of_phandle_iterator it;
	int ret;

	if (refused) {
		dev_err(dev, "the device tree mixes mmu-masters and iommus\n");
		return -EINVAL;
	}
	of_phandle_iterator_init(&it, dev->of_node, "mmu-masters",
				 "#stream-id-cells");
	do {
		ret = of_phandle_iterator_next(&it);
	} while (!ret);
	if (ret == -ENOENT)
		return 0;
	dev_err(dev, "its mmu-masters is malformed in entry %d\n", it.index);
	return -EINVAL;
}

/* What no device stands for is never probed. */
static bool is_awaited(const struct legacy_smmu *s)
{
	return s->state == LEGACY_UNBOUND && s->np->dev;
}

static unsigned int count(enum legacy_state state)
{
	const struct legacy_smmu *s;
	unsigned int n = 0;

	list_for_each_entry(s, &smmus, node)
		n += s->state == state;
	return n;
}

/* With smmus_lock. */
static void update_bus(bool last)
{
	const struct legacy_smmu *s, *missing = NULL;
	struct bus_type *bus = &platform_bus_type;

	list_for_each_entry(s, &smmus, node)
		if (!missing && is_awaited(s))
			missing = s;
	bus_expect_iommu(bus, missing ? missing->np : NULL);
	if (!count(LEGACY_BOUND)) {
		bus_set_iommu(bus, NULL);
		return;
	}
	/* Once set they stay: others are behind those that are bound. */
	if ((missing && !last) || bus->iommu_ops)
		return;
	if (bus_set_iommu(bus, &smmu2_iommu_ops)) {
		pr_err("bus %s has IOMMU operations of another driver\n",
		       bus->name);
		return;
	}
	pr_info("bus %s has IOMMU operations: of %u SMMUs %u are bound, %u failed%s\n",
		bus->name, count(LEGACY_BOUND) + count(LEGACY_FAILED) +
		count(LEGACY_UNBOUND), count(LEGACY_BOUND),
		count(LEGACY_FAILED), missing ? "; " LAST_SMMU : "");
}

/* With smmus_lock. */
static void settle(struct legacy_smmu *s, struct device *dev, int ret)
{
	s->state = ret == -EPROBE_DEFER ? LEGACY_UNBOUND :
		   ret ? LEGACY_FAILED : LEGACY_BOUND;
	if (s->state == LEGACY_FAILED)
		dev_warn(dev, "is not bound (-%s): masters of other SMMUs do not wait for it\n",
			 errname(ret));
	update_bus(s->state != LEGACY_UNBOUND &&
		   of_property_read_bool(s->np, LAST_SMMU));
}

/**
 * smmu2_legacy_settle - the probe of an SMMU has ended
 * @dev: its device
 * @ret: what the probe returns; -EPROBE_DEFER: it has not ended. An SMMU that is
 *	 let go is deferred, too
 */
void smmu2_legacy_settle(struct device *dev, int ret)
{
	struct legacy_smmu *s;

	mutex_lock(&smmus_lock);
	list_for_each_entry(s, &smmus, node)
		if (s->np == dev->of_node)
			settle(s, dev, ret);
	mutex_unlock(&smmus_lock);
}

static int add_alias(struct pci_dev *pdev, u16 alias, void *data)
{
	struct device *dev = data;
	unsigned int i;

	for (i = 0; i < dev->iommu->num_ids; i++)
		if (dev->iommu->ids[i] == smmu2_spec(alias, 0))
			return 0;
	return smmu2_add_stream(dev, alias, 0);
}

/**
 * smmu2_legacy_ids - the streams that "mmu-masters" has for a device
 * @dev: in the middle of being configured
 *
 * Those of a PCI device are its requester IDs, whatever its host's entry says.
 *
 * Return: 0; -EINVAL, told, for a StreamID that is none; -ENODEV for a device
 * that is not in the list; -ENOMEM.
 */
int smmu2_legacy_ids(struct device *dev)
{
	struct of_phandle_iterator it;
	struct of_phandle_args args;
	int i, ret = 0;

	if (dev_is_pci(dev))
		return pci_for_each_dma_alias(to_pci_dev(dev), add_alias, dev);
	of_phandle_iterator_init(&it, dev->iommu->iommu->dev->of_node,
				 "mmu-masters", "#stream-id-cells");
	do {
		if (of_phandle_iterator_next(&it))
			return -ENODEV;
	} while (it.node != dev->of_node);
	of_phandle_iterator_args(&it, &args);
	for (i = 0; i < args.args_count && !ret; i++)
		ret = smmu2_add_stream(dev, args.args[i], 0);
	return ret;
}
