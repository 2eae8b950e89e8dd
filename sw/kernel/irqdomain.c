// SPDX-License-Identifier: MIT
/* Interrupt controllers, and the numbers of their interrupts. */
#define pr_fmt(fmt) "irq: " fmt
#include <export.h>
#include <kernel.h>
#include <list.h>
#include <mutex.h>
#include <slab.h>
#include "irq_internal.h"

struct irq_domain {
	struct list_head node;
	struct device_node *np;
	const struct irq_chip *chip;
	const struct irq_domain_ops *ops;
	void *host_data;
	unsigned int size;
	/* By hardware number: 0, or the interrupt number. */
	unsigned int *map;
};

/* Guards the list, and each map against writers. Interrupt handlers read maps
 * and descriptors without: an entry is set before its interrupt can come, and
 * cleared when it cannot any more.
 */
static DEFINE_MUTEX(domain_mutex);
static LIST_HEAD(domains);
static struct irq_desc *descs[NR_IRQS];
static struct irq_domain *root;

static struct irq_domain *find_locked(const struct device_node *np)
{
	struct irq_domain *d;

	list_for_each_entry(d, &domains, node)
		if (np && d->np == np)
			return d;
	return NULL;
}

struct irq_domain *irq_find_domain(const struct device_node *np)
{
	struct irq_domain *d;

	mutex_lock(&domain_mutex);
	d = find_locked(np);
	mutex_unlock(&domain_mutex);
	return d;
}
EXPORT_SYMBOL(irq_find_domain);

struct irq_domain *irq_domain_add(struct device_node *np, unsigned int size,
				  const struct irq_chip *chip,
				  const struct irq_domain_ops *ops,
				  void *host_data)
{
	struct irq_domain *d;

	d = kzalloc(sizeof(*d), GFP_KERNEL);
	if (!d)
		return NULL;
	d->map = kcalloc(size, sizeof(*d->map), GFP_KERNEL);
	if (!d->map)
		goto out_free;
	d->np = np;
	d->size = size;
	d->chip = chip;
	d->ops = ops;
	d->host_data = host_data;
	mutex_lock(&domain_mutex);
	if (find_locked(np)) {
		mutex_unlock(&domain_mutex);
		pr_err("%pOF has a domain already\n", np);
		kfree(d->map);
		goto out_free;
	}
	list_add_tail(&d->node, &domains);
	mutex_unlock(&domain_mutex);
	return d;

out_free:
	kfree(d);
	return NULL;
}
EXPORT_SYMBOL(irq_domain_add);

static void (*root_handle)(void);

struct irq_domain *irq_domain_add_root(struct device_node *np,
				       unsigned int size,
				       const struct irq_chip *chip,
				       const struct irq_domain_ops *ops,
				       void (*handle)(void))
{
	if (root)
		return NULL;
	root = irq_domain_add(np, min(size, (unsigned int)FIRST_MAPPED_IRQ),
			      chip, ops, NULL);
	root_handle = handle;
	return root;
}

void irq_handle_root(void)
{
	root_handle();
}

static struct irq_desc *make_desc(struct irq_domain *d, unsigned int irq,
				  irq_hw_number_t hwirq)
{
	struct irq_desc *desc = kzalloc(sizeof(*desc), GFP_KERNEL);

	if (!desc)
		return NULL;
	spin_lock_init(&desc->lock);
	desc->data.irq = irq;
	desc->data.hwirq = hwirq;
	desc->data.domain = d;
	desc->data.chip_data = d->host_data;
	desc->chip = d->chip;
	desc->percpu = d->ops && d->ops->percpu && d->ops->percpu(d, hwirq);
	d->map[hwirq] = irq;
	smp_store_release(&descs[irq], desc);
	return desc;
}

static int map_locked(struct irq_domain *d, irq_hw_number_t hwirq)
{
	unsigned int irq = hwirq;

	if (hwirq >= d->size)
		return -EINVAL;
	if (d->map[hwirq])
		return (int)d->map[hwirq];
	if (d != root)
		for (irq = FIRST_MAPPED_IRQ; irq < NR_IRQS; irq++)
			if (!descs[irq])
				break;
	if (irq == NR_IRQS)
		return -ENOSPC;
	return make_desc(d, irq, hwirq) ? (int)irq : -ENOMEM;
}

int irq_create_mapping(struct irq_domain *d, irq_hw_number_t hwirq,
		       unsigned int type)
{
	unsigned long flags;
	int irq;

	mutex_lock(&domain_mutex);
	irq = map_locked(d, hwirq);
	mutex_unlock(&domain_mutex);
	if (irq > 0 && type) {
		struct irq_desc *desc = descs[irq];

		spin_lock_irqsave(&desc->lock, flags);
		/* Who has it meanwhile has set its type. */
		if (!desc->actions)
			desc->type = type;
		spin_unlock_irqrestore(&desc->lock, flags);
	}
	return irq;
}
EXPORT_SYMBOL(irq_create_mapping);

struct irq_desc *irq_find_desc(unsigned int irq)
{
	return irq < NR_IRQS ? smp_load_acquire(&descs[irq]) : NULL;
}

struct irq_desc *irq_to_desc(unsigned int irq)
{
	struct irq_desc *d = irq_find_desc(irq);

	if (d || !root || irq >= root->size || in_interrupt())
		return d;
	irq_create_mapping(root, irq, 0);
	return descs[irq];
}

static void free_left(struct irq_desc *desc)
{
	while (desc->actions) {
		pr_warn("%u (%s): still requested at the end of its controller, freed\n",
			desc->data.irq, desc->actions->name);
		if (desc->percpu)
			free_percpu_irq(desc->data.irq);
		else
			free_irq(desc->data.irq, desc->actions->dev_id);
	}
}

void irq_dispose_mapping(unsigned int irq)
{
	struct irq_desc *desc = irq < NR_IRQS ? descs[irq] : NULL;

	/* Descriptors of the root may be in use by an interrupt that comes. */
	if (!desc || desc->data.domain == root)
		return;
	free_left(desc);
	mutex_lock(&domain_mutex);
	desc->data.domain->map[desc->data.hwirq] = 0;
	descs[irq] = NULL;
	mutex_unlock(&domain_mutex);
	kfree(desc);
}
EXPORT_SYMBOL(irq_dispose_mapping);

void irq_domain_remove(struct irq_domain *d)
{
	unsigned int i;

	if (WARN_ON(!d || d == root))
		return;
	mutex_lock(&domain_mutex);
	list_del(&d->node);
	mutex_unlock(&domain_mutex);
	for (i = 0; i < d->size; i++)
		if (d->map[i])
			irq_dispose_mapping(d->map[i]);
	kfree(d->map);
	kfree(d);
}
EXPORT_SYMBOL(irq_domain_remove);

int generic_handle_domain_irq(struct irq_domain *d, irq_hw_number_t hwirq)
{
	unsigned int irq = hwirq < d->size ? READ_ONCE(d->map[hwirq]) : 0;

	if (!irq)
		return -EINVAL;
	generic_handle_irq(irq);
	return 0;
}
EXPORT_SYMBOL(generic_handle_domain_irq);

int irq_create_of_mapping(const struct of_phandle_args *args)
{
	struct irq_domain *d = irq_find_domain(args->np);
	irq_hw_number_t hwirq;
	unsigned int type;
	int ret;

	if (!d)
		return -EPROBE_DEFER;
	if (!d->ops || !d->ops->xlate)
		return -EINVAL;
	ret = d->ops->xlate(d, args, &hwirq, &type);
	return ret ? ret : irq_create_mapping(d, hwirq, type);
}
EXPORT_SYMBOL(irq_create_of_mapping);
