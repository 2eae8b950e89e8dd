// SPDX-License-Identifier: MIT
/* Message-signalled interrupts of devices. */
#define pr_fmt(fmt) "msi: " fmt
#include <device.h>
#include <export.h>
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

static struct msi_controller *find_controller(const struct device *dev,
					      int *err)
{
	struct device_node *parent;
	struct msi_controller *c;

	*err = -ENODEV;
	/* Cells would follow it, for those that have #msi-cells; none are used. */
	parent = dev->of_node ? of_parse_phandle(dev->of_node, "msi-parent", 0) :
				NULL;
	if (!parent || !of_property_read_bool(parent, "msi-controller"))
		return NULL;
	*err = -EPROBE_DEFER;
	list_for_each_entry(c, &controllers, node)
		if (c->np == parent)
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

static int add_one(struct device *dev, struct msi_controller *c,
		   unsigned int index)
{
	unsigned long slot = find_first_zero_bit(c->used, c->num);
	struct msi_desc *d;
	int irq;

	if (slot >= c->num)
		return -ENOSPC;
	d = kzalloc(sizeof(*d), GFP_KERNEL);
	if (!d)
		return -ENOMEM;
	irq = c->map(c, (unsigned int)slot, &d->msg);
	if (irq < 0) {
		kfree(d);
		return irq;
	}
	d->dev = dev;
	d->index = index;
	d->irq = (unsigned int)irq;
	d->controller = c;
	d->slot = (unsigned int)slot;
	__set_bit(d->slot, c->used);
	list_add_tail(&d->node, &descs);
	return 0;
}

int platform_msi_domain_alloc_irqs(struct device *dev, unsigned int nvec,
				   irq_write_msi_msg_t write_msi_msg)
{
	struct msi_controller *c;
	unsigned int i;
	int ret;

	if (!nvec || !write_msi_msg)
		return -EINVAL;
	mutex_lock(&msi_mutex);
	c = find_controller(dev, &ret);
	if (!c)
		goto out_unlock;
	ret = find_desc(dev, 0) ? -EEXIST : 0;
	if (ret)
		goto out_unlock;
	for (i = 0; i < nvec && !ret; i++)
		ret = add_one(dev, c, i);
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
EXPORT_SYMBOL(platform_msi_domain_alloc_irqs);

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
