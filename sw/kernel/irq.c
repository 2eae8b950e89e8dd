// SPDX-License-Identifier: MIT
/* Interrupt handlers, shared lines and threaded handlers. */
#define pr_fmt(fmt) "irq: " fmt
#include <arch.h>
#include <export.h>
#include <kernel.h>
#include <kthread.h>
#include <percpu.h>
#include <sched.h>
#include <shell.h>
#include "irq_internal.h"

/* A line that so many interrupts in a row come from, and nobody takes, is off.
 */
#define MAX_UNHANDLED	1000

static DEFINE_PER_CPU(unsigned int, nesting);

bool in_interrupt(void)
{
	return this_cpu(nesting);
}
EXPORT_SYMBOL(in_interrupt);

void handle_arch_irq(void)
{
	this_cpu(nesting)++;
	irq_handle_root();
	this_cpu(nesting)--;
}

/* Under the lock. */
static void update_mask(struct irq_desc *d)
{
	if (d->percpu)
		return;
	if (!d->actions || d->depth || d->oneshot)
		d->chip->mask(&d->data);
	else
		d->chip->unmask(&d->data);
}

/* Under the lock: the thread has work, and a ONESHOT line waits for it. */
static void wake_thread(struct irq_desc *d, struct irq_action *a)
{
	if ((a->flags & IRQF_ONESHOT) && !a->oneshot_masked) {
		a->oneshot_masked = true;
		d->oneshot++;
		update_mask(d);
	}
	a->wakes++;
	wake_up(&a->wait);
}

/* Handlers run without the lock: free_irq() waits for inprogress before an
 * action goes.
 */
static bool run_handlers(struct irq_desc *d)
{
	struct irq_action *a;
	bool handled = false;

	for (a = READ_ONCE(d->actions); a; a = READ_ONCE(a->next)) {
		irqreturn_t r = IRQ_WAKE_THREAD;

		if (a->handler)
			r = a->handler((int)d->data.irq, a->dev_id);
		if (r != IRQ_NONE)
			handled = true;
		if (r != IRQ_WAKE_THREAD || !a->thread_fn)
			continue;
		spin_lock(&d->lock);
		wake_thread(d, a);
		spin_unlock(&d->lock);
	}
	return handled;
}

/* Under the lock. */
static void note_unhandled(struct irq_desc *d, bool handled)
{
	if (handled) {
		d->unhandled = 0;
		return;
	}
	if (++d->unhandled != MAX_UNHANDLED && d->actions)
		return;
	pr_err("%u: nobody cared, line disabled\n", d->data.irq);
	d->depth++;
	update_mask(d);
}

static void handle_percpu(struct irq_desc *d)
{
	struct irq_action *a = smp_load_acquire(&d->actions);

	if (a)
		a->handler((int)d->data.irq, a->dev_id);
	else
		d->chip->mask(&d->data);
}

void generic_handle_irq(unsigned int irq)
{
	struct irq_desc *d = irq_to_desc(irq);

	if (!d)
		return;
	d->count[smp_processor_id()]++;
	if (d->percpu) {
		handle_percpu(d);
		return;
	}
	spin_lock(&d->lock);
	/* Taken before it was disabled, or while another CPU is at it. */
	if (d->depth || d->inprogress) {
		d->pending = true;
		goto out_unlock;
	}
	d->inprogress = true;
	do {
		bool handled;

		d->pending = false;
		spin_unlock(&d->lock);
		handled = run_handlers(d);
		spin_lock(&d->lock);
		note_unhandled(d, handled);
	} while (d->pending && !d->depth);
	d->inprogress = false;
out_unlock:
	spin_unlock(&d->lock);
}
EXPORT_SYMBOL(generic_handle_irq);

/* The next round of a handler's thread; false: there is none now. */
static bool thread_begins(struct irq_action *a)
{
	struct irq_desc *d = a->desc;
	unsigned long flags;
	bool work;

	spin_lock_irqsave(&d->lock, flags);
	work = a->wakes;
	a->wakes = 0;
	a->thread_busy = work;
	spin_unlock_irqrestore(&d->lock, flags);
	return work;
}

static void thread_ends(struct irq_action *a)
{
	struct irq_desc *d = a->desc;
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	a->thread_busy = false;
	if (a->oneshot_masked && !a->wakes) {
		a->oneshot_masked = false;
		d->oneshot--;
		update_mask(d);
	}
	spin_unlock_irqrestore(&d->lock, flags);
}

static int irq_thread(void *data)
{
	struct irq_action *a = data;
	bool work;

	for (;;) {
		wait_event(a->wait, (work = thread_begins(a)) ||
			   kthread_should_stop());
		if (!work)
			return 0;
		a->thread_fn((int)a->desc->data.irq, a->dev_id);
		thread_ends(a);
	}
}

/* Under the lock. */
static int add_action(struct irq_desc *d, struct irq_action *a)
{
	unsigned int type = (unsigned int)a->flags & IRQF_TRIGGER_MASK;
	struct irq_action **p;
	int ret;

	if (d->actions && !(d->actions->flags & a->flags & IRQF_SHARED))
		return -EBUSY;
	/* Who shares a line has to mean the same by it. */
	if (d->actions && type && d->type && type != d->type)
		return -EBUSY;
	if (!d->actions && d->chip->set_type) {
		if (type)
			d->type = type;
		ret = d->chip->set_type(&d->data, d->type);
		if (ret)
			return ret;
	}
	for (p = &d->actions; *p; p = &(*p)->next)
		;
	smp_store_release(p, a);
	update_mask(d);
	return 0;
}

int request_threaded_irq(unsigned int irq, irq_handler_t handler,
			 irq_handler_t thread_fn, unsigned long flags,
			 const char *name, void *dev_id)
{
	struct irq_desc *d = irq_to_desc(irq);
	struct irq_action *a;
	unsigned long irqflags;
	int ret;

	if (!d || d->percpu || (!handler && !thread_fn))
		return -EINVAL;
	/* Without ONESHOT a level line would fire until the thread ran. */
	if (!handler && !(flags & IRQF_ONESHOT))
		return -EINVAL;
	if ((flags & IRQF_SHARED) && !dev_id)
		return -EINVAL;
	a = kzalloc(sizeof(*a), GFP_KERNEL);
	if (!a)
		return -ENOMEM;
	a->desc = d;
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
			goto out_free;
		}
	}
	spin_lock_irqsave(&d->lock, irqflags);
	ret = add_action(d, a);
	spin_unlock_irqrestore(&d->lock, irqflags);
	if (!ret)
		return 0;
	if (a->thread)
		kthread_stop(a->thread);
out_free:
	kfree(a);
	return ret;
}
EXPORT_SYMBOL(request_threaded_irq);

/* Until no CPU is in its handlers; the caller has the interrupt masked, or does
 * not mind that it goes on to come.
 */
static void wait_for_handlers(const struct irq_desc *d)
{
	while (smp_load_acquire(&d->inprogress))
		cpu_relax();
}

void free_irq(unsigned int irq, void *dev_id)
{
	struct irq_desc *d = irq_to_desc(irq);
	struct irq_action *a, **p;
	unsigned long flags;

	if (WARN_ON(!d || d->percpu || in_interrupt()))
		return;
	spin_lock_irqsave(&d->lock, flags);
	for (p = &d->actions; *p; p = &(*p)->next)
		if ((*p)->dev_id == dev_id)
			break;
	a = *p;
	if (a) {
		WRITE_ONCE(*p, a->next);
		if (a->oneshot_masked)
			d->oneshot--;
		a->oneshot_masked = false;
		/* Handlers that are at it must not mask it any more. */
		a->flags &= ~(unsigned long)IRQF_ONESHOT;
		update_mask(d);
	}
	spin_unlock_irqrestore(&d->lock, flags);
	if (WARN(!a, "free_irq of %u, which is not requested\n", irq))
		return;
	wait_for_handlers(d);
	if (a->thread)
		kthread_stop(a->thread);
	kfree(a);
}
EXPORT_SYMBOL(free_irq);

int request_percpu_irq(unsigned int irq, irq_handler_t handler,
		       const char *name, void *dev_id)
{
	struct irq_desc *d = irq_to_desc(irq);
	struct irq_action *a;
	unsigned long flags;
	int ret = 0;

	if (!d || !d->percpu || !handler)
		return -EINVAL;
	a = kzalloc(sizeof(*a), GFP_KERNEL);
	if (!a)
		return -ENOMEM;
	a->desc = d;
	a->handler = handler;
	a->name = name;
	a->dev_id = dev_id;
	spin_lock_irqsave(&d->lock, flags);
	if (d->actions)
		ret = -EBUSY;
	else
		smp_store_release(&d->actions, a);
	spin_unlock_irqrestore(&d->lock, flags);
	if (ret)
		kfree(a);
	return ret;
}
EXPORT_SYMBOL(request_percpu_irq);

void enable_percpu_irq(unsigned int irq)
{
	struct irq_desc *d = irq_to_desc(irq);
	unsigned long flags;

	if (WARN_ON(!d || !d->percpu))
		return;
	spin_lock_irqsave(&d->lock, flags);
	if (d->chip->set_type)
		d->chip->set_type(&d->data, d->type);
	d->chip->unmask(&d->data);
	spin_unlock_irqrestore(&d->lock, flags);
}
EXPORT_SYMBOL(enable_percpu_irq);

void disable_percpu_irq(unsigned int irq)
{
	struct irq_desc *d = irq_to_desc(irq);
	unsigned long flags;

	if (WARN_ON(!d || !d->percpu))
		return;
	spin_lock_irqsave(&d->lock, flags);
	d->chip->mask(&d->data);
	spin_unlock_irqrestore(&d->lock, flags);
}
EXPORT_SYMBOL(disable_percpu_irq);

static void disable_here(void *irq)
{
	disable_percpu_irq((unsigned int)(unsigned long)irq);
}

void free_percpu_irq(unsigned int irq)
{
	struct irq_desc *d = irq_to_desc(irq);
	struct irq_action *a;
	unsigned long flags;

	if (WARN_ON(!d || !d->percpu || !d->actions))
		return;
	/* In interrupt context on each CPU: none is in the handler behind it.
	 */
	on_each_cpu(disable_here, (void *)(unsigned long)irq);
	spin_lock_irqsave(&d->lock, flags);
	a = d->actions;
	WRITE_ONCE(d->actions, NULL);
	spin_unlock_irqrestore(&d->lock, flags);
	kfree(a);
}
EXPORT_SYMBOL(free_percpu_irq);

void disable_irq_nosync(unsigned int irq)
{
	struct irq_desc *d = irq_to_desc(irq);
	unsigned long flags;

	if (WARN_ON(!d || d->percpu))
		return;
	spin_lock_irqsave(&d->lock, flags);
	d->depth++;
	update_mask(d);
	spin_unlock_irqrestore(&d->lock, flags);
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
	struct irq_desc *d = irq_to_desc(irq);
	unsigned long flags;

	if (WARN_ON(!d || d->percpu))
		return;
	spin_lock_irqsave(&d->lock, flags);
	if (!WARN_ON(!d->depth)) {
		d->depth--;
		update_mask(d);
		if (!d->depth && d->pending && d->actions) {
			d->pending = false;
			if (d->chip->retrigger)
				d->chip->retrigger(&d->data);
		}
	}
	spin_unlock_irqrestore(&d->lock, flags);
}
EXPORT_SYMBOL(enable_irq);

/* True while a thread of @d has something to do, this thread apart. */
static bool threads_busy(struct irq_desc *d)
{
	struct irq_action *a;
	unsigned long flags;
	bool busy = false;

	spin_lock_irqsave(&d->lock, flags);
	for (a = d->actions; a; a = a->next)
		if (a->thread && a->thread != current &&
		    (a->wakes || a->thread_busy))
			busy = true;
	spin_unlock_irqrestore(&d->lock, flags);
	return busy;
}

void synchronize_irq(unsigned int irq)
{
	struct irq_desc *d = irq_to_desc(irq);

	if (!d || d->percpu || WARN_ON(in_interrupt()))
		return;
	wait_for_handlers(d);
	while (threads_busy(d))
		schedule();
}
EXPORT_SYMBOL(synchronize_irq);

int irq_set_affinity(unsigned int irq, unsigned int cpu)
{
	struct irq_desc *d = irq_to_desc(irq);
	unsigned long flags;
	int ret;

	if (!d || d->percpu || !cpu_online(cpu))
		return -EINVAL;
	if (!d->chip->set_affinity)
		return -EOPNOTSUPP;
	spin_lock_irqsave(&d->lock, flags);
	ret = d->chip->set_affinity(&d->data, cpu);
	if (!ret)
		d->affinity = cpu;
	spin_unlock_irqrestore(&d->lock, flags);
	return ret;
}
EXPORT_SYMBOL(irq_set_affinity);

static bool lies_in(const void *fn, const void *start, size_t size)
{
	return (unsigned long)fn - (unsigned long)start < size;
}

/* An action whose code or name is in the range, or NULL. */
static struct irq_action *action_in(struct irq_desc *d, const void *start,
				    size_t size)
{
	struct irq_action *a;
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	for (a = d->actions; a; a = a->next)
		if (lies_in(a->handler, start, size) ||
		    lies_in(a->thread_fn, start, size))
			break;
	spin_unlock_irqrestore(&d->lock, flags);
	return a;
}

void irq_drop_range(const void *start, size_t size, const char *name)
{
	struct irq_action *a;
	struct irq_desc *d;
	unsigned int irq;

	for (irq = 0; irq < NR_IRQS; irq++) {
		d = irq_find_desc(irq);
		while (d && (a = action_in(d, start, size))) {
			pr_warn("%s leaves interrupt %u (%s) requested: freed\n",
				name, irq, a->name);
			if (d->percpu)
				free_percpu_irq(irq);
			else
				free_irq(irq, a->dev_id);
		}
	}
}

/* Names, and the type: copied, because the console is too slow to hold the lock
 * for. False: nobody has requested it.
 */
static bool copy_names(struct irq_desc *d, char *buf, size_t size, bool *edge)
{
	struct irq_action *a;
	unsigned long flags;
	size_t n = 0;

	*buf = 0;
	spin_lock_irqsave(&d->lock, flags);
	for (a = d->actions; a; a = a->next)
		n += (size_t)scnprintf(buf + n, size - n, "%s%s",
				       n ? ", " : "", a->name);
	*edge = d->type & (IRQF_TRIGGER_RISING | IRQF_TRIGGER_FALLING);
	a = d->actions;
	spin_unlock_irqrestore(&d->lock, flags);
	return a;
}

static void show_one(struct irq_desc *d)
{
	char names[128];
	unsigned int cpu;
	bool edge;

	if (!copy_names(d, names, sizeof(names), &edge))
		return;
	shell_printf("%4u:", d->data.irq);
	for_each_online_cpu(cpu)
		shell_printf(" %10lu", d->count[cpu]);
	shell_printf("  %-8s %4u %-6s", d->chip->name, d->data.hwirq,
		     edge ? "edge" : "level");
	if (d->percpu)
		shell_printf(" each ");
	else
		shell_printf(" CPU%u ", d->affinity);
	shell_printf(" %s\n", names);
}

void irq_show(void)
{
	unsigned int i, cpu;

	shell_printf(" IRQ ");
	for_each_online_cpu(cpu)
		shell_printf("       CPU%u", cpu);
	shell_printf("  %-8s %4s %-6s %s\n", "Chip", "HW", "Type", "To    Name");
	for (i = 0; i < NR_IRQS; i++) {
		struct irq_desc *d = irq_find_desc(i);

		if (d)
			show_one(d);
	}
}
