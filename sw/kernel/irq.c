// SPDX-License-Identifier: MIT
/* Interrupt handlers, shared lines and threaded handlers. */
#define pr_fmt(fmt) "irq: " fmt
#include <arch.h>
#include <device.h>
#include <export.h>
#include <irq.h>
#include <kernel.h>
#include <kthread.h>
#include <sched.h>
#include <shell.h>
#include <wait.h>

struct irq_action {
	struct irq_action *next;
	unsigned int irq;
	irq_handler_t handler;
	irq_handler_t thread_fn;
	unsigned long flags;
	const char *name;
	void *dev_id;
	struct task *thread;
	wait_queue_head_t wait;
	unsigned int wakes;	/* not served by the thread yet */
	bool oneshot_masked;
};

struct irq_desc {
	struct irq_action *actions;
	unsigned int type;
	unsigned int depth;	/* of disable_irq() */
	unsigned int oneshot;	/* threads that keep it masked */
	unsigned int unhandled;
	u64 count;
};

static struct irq_desc descs[NR_IRQS];
static const struct irq_chip *chip;
static struct device_node *chip_node;
static void (*chip_handle)(void);
static unsigned int irq_nesting;

bool in_interrupt(void)
{
	return irq_nesting;
}
EXPORT_SYMBOL(in_interrupt);

int irq_set_chip(struct device_node *np, const struct irq_chip *c,
		 void (*handle)(void))
{
	if (chip)
		return -EBUSY;
	chip = c;
	chip_node = np;
	chip_handle = handle;
	return 0;
}

void handle_arch_irq(void)
{
	irq_nesting++;
	chip_handle();
	irq_nesting--;
}

static void update_mask(unsigned int irq)
{
	struct irq_desc *d = &descs[irq];

	if (!chip)
		return;
	if (!d->actions || d->depth || d->oneshot)
		chip->mask(irq);
	else
		chip->unmask(irq);
}

void generic_handle_irq(unsigned int irq)
{
	struct irq_action *a;
	struct irq_desc *d;
	bool handled = false;

	if (irq >= NR_IRQS)
		return;
	d = &descs[irq];
	d->count++;
	for (a = d->actions; a; a = a->next) {
		irqreturn_t r = a->handler ? a->handler((int)irq, a->dev_id) :
					     IRQ_WAKE_THREAD;

		if (r != IRQ_NONE)
			handled = true;
		if (r != IRQ_WAKE_THREAD || !a->thread_fn)
			continue;
		if ((a->flags & IRQF_ONESHOT) && !a->oneshot_masked) {
			a->oneshot_masked = true;
			d->oneshot++;
			update_mask(irq);
		}
		a->wakes++;
		wake_up(&a->wait);
	}
	if (handled) {
		d->unhandled = 0;
		return;
	}
	/* A line that nobody serves would stop everything. */
	if (++d->unhandled == 1000 || !d->actions) {
		pr_err("%u: nobody cared, line disabled\n", irq);
		d->depth++;
		chip->mask(irq);
	}
}

static int irq_thread(void *data)
{
	struct irq_action *a = data;
	unsigned long flags;

	for (;;) {
		wait_event(a->wait, a->wakes || kthread_should_stop());
		if (!a->wakes)
			return 0;
		local_irq_save(flags);
		a->wakes = 0;
		local_irq_restore(flags);
		a->thread_fn((int)a->irq, a->dev_id);
		local_irq_save(flags);
		if (a->oneshot_masked && !a->wakes) {
			a->oneshot_masked = false;
			descs[a->irq].oneshot--;
			update_mask(a->irq);
		}
		local_irq_restore(flags);
	}
}

int request_threaded_irq(unsigned int irq, irq_handler_t handler,
			 irq_handler_t thread_fn, unsigned long flags,
			 const char *name, void *dev_id)
{
	struct irq_action *a, **p;
	unsigned long irqflags;
	struct irq_desc *d;
	int ret;

	if (irq >= NR_IRQS || !chip || (!handler && !thread_fn))
		return -EINVAL;
	/* Without ONESHOT a level line would fire until the thread ran. */
	if (!handler && !(flags & IRQF_ONESHOT))
		return -EINVAL;
	if ((flags & IRQF_SHARED) && !dev_id)
		return -EINVAL;
	d = &descs[irq];
	if (d->actions && !(d->actions->flags & flags & IRQF_SHARED))
		return -EBUSY;
	a = kzalloc(sizeof(*a), GFP_KERNEL);
	if (!a)
		return -ENOMEM;
	a->irq = irq;
	a->handler = handler;
	a->thread_fn = thread_fn;
	a->flags = flags;
	a->name = name;
	a->dev_id = dev_id;
	init_waitqueue_head(&a->wait);
	if (thread_fn) {
		a->thread = kthread_run(irq_thread, a, "irq/%u-%s", irq, name);
		if (IS_ERR(a->thread)) {
			ret = (int)PTR_ERR(a->thread);
			kfree(a);
			return ret;
		}
	}
	local_irq_save(irqflags);
	if (!d->actions && chip->set_type) {
		unsigned int type = (unsigned int)flags & IRQF_TRIGGER_MASK;

		chip->set_type(irq, type ? type : d->type);
	}
	for (p = &d->actions; *p; p = &(*p)->next)
		;
	*p = a;
	update_mask(irq);
	local_irq_restore(irqflags);
	return 0;
}
EXPORT_SYMBOL(request_threaded_irq);

void free_irq(unsigned int irq, void *dev_id)
{
	struct irq_action *a, **p;
	unsigned long flags;

	if (WARN_ON(irq >= NR_IRQS))
		return;
	local_irq_save(flags);
	for (p = &descs[irq].actions; *p; p = &(*p)->next)
		if ((*p)->dev_id == dev_id)
			break;
	a = *p;
	if (a) {
		*p = a->next;
		if (a->oneshot_masked)
			descs[irq].oneshot--;
		a->oneshot_masked = false;
		update_mask(irq);
	}
	local_irq_restore(flags);
	if (WARN(!a, "free_irq of %u, which is not requested\n", irq))
		return;
	if (a->thread)
		kthread_stop(a->thread);
	kfree(a);
}
EXPORT_SYMBOL(free_irq);

struct irq_devres {
	unsigned int irq;
	void *dev_id;
};

static void devm_irq_release(struct device *dev, void *res)
{
	struct irq_devres *r = res;

	(void)dev;
	free_irq(r->irq, r->dev_id);
}

static int devm_irq_match(struct device *dev, void *res, void *data)
{
	struct irq_devres *a = res, *b = data;

	(void)dev;
	return a->irq == b->irq && a->dev_id == b->dev_id;
}

int devm_request_threaded_irq(struct device *dev, unsigned int irq,
			      irq_handler_t handler, irq_handler_t thread_fn,
			      unsigned long flags, const char *name,
			      void *dev_id)
{
	struct irq_devres *r;
	int ret;

	r = devres_alloc(devm_irq_release, sizeof(*r), GFP_KERNEL);
	if (!r)
		return -ENOMEM;
	ret = request_threaded_irq(irq, handler, thread_fn, flags,
				   name ? name : dev_name(dev), dev_id);
	if (ret) {
		devres_free(r);
		return ret;
	}
	r->irq = irq;
	r->dev_id = dev_id;
	devres_add(dev, r);
	return 0;
}
EXPORT_SYMBOL(devm_request_threaded_irq);

void devm_free_irq(struct device *dev, unsigned int irq, void *dev_id)
{
	struct irq_devres match = { irq, dev_id };

	WARN_ON(devres_release(dev, devm_irq_release, devm_irq_match,
			       &match));
}
EXPORT_SYMBOL(devm_free_irq);

void disable_irq_nosync(unsigned int irq)
{
	unsigned long flags;

	if (WARN_ON(irq >= NR_IRQS))
		return;
	local_irq_save(flags);
	descs[irq].depth++;
	update_mask(irq);
	local_irq_restore(flags);
}
EXPORT_SYMBOL(disable_irq_nosync);

void disable_irq(unsigned int irq)
{
	disable_irq_nosync(irq);
	synchronize_irq(irq);
}
EXPORT_SYMBOL(disable_irq);

void enable_irq(unsigned int irq)
{
	unsigned long flags;

	if (WARN_ON(irq >= NR_IRQS || !descs[irq].depth))
		return;
	local_irq_save(flags);
	descs[irq].depth--;
	update_mask(irq);
	local_irq_restore(flags);
}
EXPORT_SYMBOL(enable_irq);

void synchronize_irq(unsigned int irq)
{
	struct irq_action *a;

	if (irq >= NR_IRQS)
		return;
	for (a = descs[irq].actions; a; a = a->next)
		while (a->thread && a->thread != current && a->wakes)
			schedule();
}
EXPORT_SYMBOL(synchronize_irq);

int irq_create_of_mapping(const struct of_phandle_args *args)
{
	unsigned int hwirq, type;
	int ret;

	if (!chip || args->np != chip_node)
		return -EPROBE_DEFER;
	ret = chip->xlate(args, &hwirq, &type);
	if (ret)
		return ret;
	if (hwirq >= NR_IRQS)
		return -EINVAL;
	descs[hwirq].type = type;
	return (int)hwirq;
}

void irq_show(void)
{
	unsigned int i;

	for (i = 0; i < NR_IRQS; i++) {
		struct irq_action *a = descs[i].actions;

		if (!a)
			continue;
		shell_printf("%4u: %10llu  %s  %s", i, descs[i].count,
			     descs[i].type & IRQF_TRIGGER_RISING ? "edge " :
								   "level",
			     a->name);
		for (a = a->next; a; a = a->next)
			shell_printf(", %s", a->name);
		shell_printf("\n");
	}
}
