// SPDX-License-Identifier: MIT
/* Message-signalled interrupts of devices. */
#define pr_fmt(fmt) "msi: " fmt
#include <device.h>
#include <export.h>
#include <iommu.h>
#include <kernel.h>
#include <list.h>
#include <msi.h>
#include <mutex.h>
#include <of.h>
#include <slab.h>

/* Guards all of this. */
static DEFINE_MUTEX(msi_mutex);
static LIST_HEAD(controllers);
static LIST_HEAD(descs);

int msi_controller_add(struct msi_controller *c)
{
	c->used = bitmap_zalloc(c->num, GFP_KERNEL);
	if (!c->used)
		return -ENOMEM;
	mutex_lock(&msi_mutex);
	list_add_tail(&c->node, &controllers);
	mutex_unlock(&msi_mutex);
	return 0;
}
EXPORT_SYMBOL(msi_controller_add);

int msi_for_each_doorbell(int (*fn)(phys_addr_t doorbell, void *data),
			  void *data)
{
	struct msi_controller *c;
	int ret = 0;

	mutex_lock(&msi_mutex);
	list_for_each_entry(c, &controllers, node) {
		ret = fn(c->doorbell, data);
		if (ret)
			break;
	}
	mutex_unlock(&msi_mutex);
	return ret;
}
EXPORT_SYMBOL(msi_for_each_doorbell);

static struct msi_controller *find_controller(const struct device_node *np,
					      int *err)
{
	struct msi_controller *c;

	*err = -ENODEV;
	if (!np || !of_property_read_bool(np, "msi-controller"))
		return NULL;
	*err = -EPROBE_DEFER;
	list_for_each_entry(c, &controllers, node)
		if (c->np == np)
			return c;
	return NULL;
}

static struct msi_desc *find_desc(const struct device *dev,
				  unsigned int index)
{
	struct msi_desc *d;

	list_for_each_entry(d, &descs, node)
		if (d->dev == dev && d->index == index)
			return d;
	return NULL;
}

static void free_locked(struct device *dev)
{
	struct msi_desc *d, *n;

	list_for_each_entry_safe(d, n, &descs, node) {
		if (d->dev != dev)
			continue;
		list_del(&d->node);
		__clear_bit(d->slot, d->controller->used);
		kfree(d);
	}
}

/* Where @n slots are free; @row: such that their data count up in the low bits
 * alone. c->num: nowhere.
 */
static unsigned int find_slots(const struct msi_controller *c, unsigned int n,
			       bool row)
{
	unsigned int slot, i;

	for (slot = 0; slot < c->num && n <= c->num - slot; slot++) {
		if (row && (c->first_data + slot) & (n - 1))
			continue;
		for (i = 0; i < n && !test_bit(slot + i, c->used); i++)
			;
		if (i == n)
			return slot;
	}
	return c->num;
}

static int add_one(struct device *dev, struct msi_controller *c,
		   unsigned int index, unsigned int slot)
{
	struct msi_desc *d;
	int irq;

	if (slot >= c->num)
		return -ENOSPC;
	d = kzalloc(sizeof(*d), GFP_KERNEL);
	if (!d)
		return -ENOMEM;
	irq = c->map(c, slot);
	if (irq < 0) {
		kfree(d);
		return irq;
	}
	d->dev = dev;
	d->index = index;
	d->irq = (unsigned int)irq;
	d->msg.address_lo = (u32)c->doorbell;
	d->msg.address_hi = (u32)(c->doorbell >> 32);
	d->msg.data = c->first_data + slot;
	d->controller = c;
	d->slot = slot;
	__set_bit(slot, c->used);
	list_add_tail(&d->node, &descs);
	return 0;
}

static int add_all(struct device *dev, struct msi_controller *c,
		   unsigned int nvec, bool row)
{
	unsigned int i, slot = row ? find_slots(c, nvec, true) : 0;
	int ret = 0;

	for (i = 0; i < nvec && !ret; i++)
		ret = add_one(dev, c, i, row ? slot + i :
					       find_slots(c, 1, false));
	return ret;
}

int msi_domain_alloc_irqs(struct device *dev, struct device_node *controller,
			  unsigned int nvec, bool row,
			  irq_write_msi_msg_t write_msi_msg)
{
	struct msi_controller *c;
	unsigned int i;
	int ret;

	if (!nvec || !write_msi_msg || (row && nvec & (nvec - 1)))
		return -EINVAL;
	mutex_lock(&msi_mutex);
	c = find_controller(controller, &ret);
	if (!c)
		goto out_unlock;
	ret = find_desc(dev, 0) ? -EEXIST : 0;
	if (!ret)
		ret = iommu_dma_map_msi(dev, c->doorbell);
	if (ret)
		goto out_unlock;
	ret = add_all(dev, c, nvec, row);
	if (ret) {
		free_locked(dev);
		goto out_unlock;
	}
	for (i = 0; i < nvec; i++) {
		struct msi_desc *d = find_desc(dev, i);

		write_msi_msg(d, &d->msg);
	}

out_unlock:
	mutex_unlock(&msi_mutex);
	return ret;
}
EXPORT_SYMBOL(msi_domain_alloc_irqs);

int platform_msi_domain_alloc_irqs(struct device *dev, unsigned int nvec,
				   irq_write_msi_msg_t write_msi_msg)
{
	/* Cells would follow it, for those that have #msi-cells; none are used. */
	struct device_node *parent = dev->of_node ?
		of_parse_phandle(dev->of_node, "msi-parent", 0) : NULL;

	return msi_domain_alloc_irqs(dev, parent, nvec, false, write_msi_msg);
}
EXPORT_SYMBOL(platform_msi_domain_alloc_irqs);

int msi_for_each_doorbell_of(const struct device *dev,
			     int (*fn)(phys_addr_t doorbell, void *data),
			     void *data)
{
	struct msi_desc *d;
	int ret = 0;

	mutex_lock(&msi_mutex);
	list_for_each_entry(d, &descs, node) {
		if (d->dev == dev)
			ret = fn(d->controller->doorbell, data);
		if (ret)
			break;
	}
	mutex_unlock(&msi_mutex);
	return ret;
}
EXPORT_SYMBOL(msi_for_each_doorbell_of);

void platform_msi_domain_free_irqs(struct device *dev)
{
	mutex_lock(&msi_mutex);
	free_locked(dev);
	mutex_unlock(&msi_mutex);
}
EXPORT_SYMBOL(platform_msi_domain_free_irqs);

int msi_get_virq(struct device *dev, unsigned int index)
{
	struct msi_desc *d;
	int irq;

	mutex_lock(&msi_mutex);
	d = find_desc(dev, index);
	irq = d ? (int)d->irq : -ENOENT;
	mutex_unlock(&msi_mutex);
	return irq;
}
EXPORT_SYMBOL(msi_get_virq);
