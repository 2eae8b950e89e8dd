// SPDX-License-Identifier: MIT
/* The architected virtual timer: time, one-shot timers, delays. */
#define pr_fmt(fmt) "timer: " fmt
#include <arch.h>
#include <delay.h>
#include <export.h>
#include <interrupt.h>
#include <kernel.h>
#include <list.h>
#include <of.h>
#include <percpu.h>
#include <spinlock.h>
#include <timer.h>
#include "smp_internal.h"

#define CNTV_ENABLE	BIT(0)

static u32 freq;
static int timer_irq;

/* The timers that interrupt a CPU: those that were armed on it. */
struct timer_base {
	struct list_head timers;	/* by time */
	struct timer_list *running;	/* its handler is called */
	void (*fn)(struct timer_list *t);	/* that handler */
	u64 now;			/* of the interrupt that calls it */
	bool ready;
};

/* Guards all of them, and every struct timer_list. */
static DEFINE_SPINLOCK(timer_lock);
static DEFINE_PER_CPU(struct timer_base, bases);

u64 get_cycles(void)
{
	u64 c;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(c) :: "memory");
	return c;
}
EXPORT_SYMBOL(get_cycles);

u64 ktime_get_ns(void)
{
	u64 c;

	if (!freq)
		return 0;
	c = get_cycles();
	return c / freq * NSEC_PER_SEC + c % freq * NSEC_PER_SEC / freq;
}
EXPORT_SYMBOL(ktime_get_ns);

static u64 ns_to_cycles(u64 ns)
{
	return ns / NSEC_PER_SEC * freq +
	       (ns % NSEC_PER_SEC * freq + NSEC_PER_SEC - 1) / NSEC_PER_SEC;
}

unsigned long get_jiffies(void)
{
	return ktime_get_ns() / NSEC_PER_MSEC;
}
EXPORT_SYMBOL(get_jiffies);

/* This CPU's next interrupt. A timer that another CPU takes off the list leaves
 * its interrupt behind, which finds nothing to do.
 */
static void program(struct timer_base *b)
{
	struct timer_list *t;
	u64 ctl = 0;

	if (!b->ready)
		return;
	t = list_first_entry_or_null(&b->timers, struct timer_list, entry);
	if (t) {
		u64 cval = ns_to_cycles(t->expires_ns);

		__asm__ volatile("msr cntv_cval_el0, %0" : : "r"(cval));
		ctl = CNTV_ENABLE;
	}
	__asm__ volatile("msr cntv_ctl_el0, %0" : : "r"(ctl));
	isb();
}

void timer_setup(struct timer_list *t, void (*fn)(struct timer_list *t),
		 unsigned int flags)
{
	(void)flags;
	INIT_LIST_HEAD(&t->entry);
	t->function = fn;
	t->pending = false;
}
EXPORT_SYMBOL(timer_setup);

bool mod_timer_ns(struct timer_list *t, u64 expires_ns)
{
	struct timer_base *b;
	struct list_head *at;
	struct timer_list *o;
	unsigned long flags;
	bool was;

	spin_lock_irqsave(&timer_lock, flags);
	b = this_cpu_ptr(bases);
	at = &b->timers;
	was = t->pending;
	if (was)
		list_del(&t->entry);
	/* A handler that arms for a time that has come would be called again
	 * and again in this very interrupt: it waits for the next tick.
	 */
	if (b->running && expires_ns <= b->now)
		expires_ns = b->now + NSEC_PER_MSEC;
	t->expires_ns = expires_ns;
	t->pending = true;
	list_for_each_entry(o, &b->timers, entry)
		if (o->expires_ns > expires_ns) {
			at = &o->entry;
			break;
		}
	list_add_tail(&t->entry, at);
	program(b);
	spin_unlock_irqrestore(&timer_lock, flags);
	return was;
}
EXPORT_SYMBOL(mod_timer_ns);

bool mod_timer(struct timer_list *t, unsigned long expires)
{
	return mod_timer_ns(t, (u64)expires * NSEC_PER_MSEC);
}
EXPORT_SYMBOL(mod_timer);

bool del_timer(struct timer_list *t)
{
	unsigned long flags;
	bool was;

	spin_lock_irqsave(&timer_lock, flags);
	was = t->pending;
	if (was) {
		list_del(&t->entry);
		t->pending = false;
		program(this_cpu_ptr(bases));
	}
	spin_unlock_irqrestore(&timer_lock, flags);
	return was;
}
EXPORT_SYMBOL(del_timer);

/* The CPU that is in the handler of @t, or NR_CPUS. */
static unsigned int handler_cpu(const struct timer_list *t)
{
	unsigned int cpu;
	unsigned long flags;

	spin_lock_irqsave(&timer_lock, flags);
	for (cpu = 0; cpu < NR_CPUS; cpu++)
		if (bases[cpu].running == t)
			break;
	spin_unlock_irqrestore(&timer_lock, flags);
	return cpu;
}

bool del_timer_sync(struct timer_list *t)
{
	bool was = false;
	unsigned int cpu;

	for (;;) {
		was |= del_timer(t);
		cpu = handler_cpu(t);
		if (cpu == NR_CPUS)
			break;
		if (WARN(cpu == smp_processor_id() && in_interrupt(),
			 "del_timer_sync in the timer's own handler\n"))
			break;
		cpu_relax();
	}
	return was;
}
EXPORT_SYMBOL(del_timer_sync);

static bool in_range(const void *p, const void *start, size_t size)
{
	return (size_t)((const char *)p - (const char *)start) < size;
}

/* Takes one off, and tells its handler; or says whether one is running. */
static bool drop_one(const void *start, size_t size, void **fn)
{
	struct timer_list *t;
	unsigned long flags;
	bool busy = false;
	unsigned int cpu;

	*fn = NULL;
	spin_lock_irqsave(&timer_lock, flags);
	for (cpu = 0; cpu < NR_CPUS && !*fn; cpu++) {
		struct timer_base *b = &bases[cpu];

		busy |= b->running && (in_range(b->running, start, size) ||
				       in_range((const void *)b->fn, start,
						size));
		list_for_each_entry(t, &b->timers, entry) {
			if (!in_range(t, start, size) &&
			    !in_range((const void *)t->function, start, size))
				continue;
			list_del(&t->entry);
			t->pending = false;
			*fn = (void *)t->function;
			break;
		}
	}
	spin_unlock_irqrestore(&timer_lock, flags);
	return *fn || busy;
}

void timer_drop_range(const void *start, size_t size, const char *name)
{
	void *fn;

	while (drop_one(start, size, &fn)) {
		if (fn)
			pr_warn("%s leaves a timer of %ps: taken away\n", name,
				fn);
		cpu_relax();
	}
}

static irqreturn_t timer_interrupt(int irq, void *data)
{
	struct timer_base *b = this_cpu_ptr(bases);
	u64 now = ktime_get_ns();

	(void)irq;
	(void)data;
	spin_lock(&timer_lock);
	b->now = now;
	while (!list_empty(&b->timers)) {
		struct timer_list *t = list_first_entry(&b->timers,
							struct timer_list,
							entry);
		void (*fn)(struct timer_list *t) = t->function;

		if (t->expires_ns > now)
			break;
		list_del(&t->entry);
		t->pending = false;
		b->running = t;
		b->fn = fn;
		spin_unlock(&timer_lock);
		/* It may free its timer, or arm it again. */
		fn(t);
		spin_lock(&timer_lock);
		b->running = NULL;
	}
	program(b);
	spin_unlock(&timer_lock);
	return IRQ_HANDLED;
}

static void spin_until(u64 end)
{
	while (ktime_get_ns() < end)
		cpu_relax();
}

void udelay(unsigned long us)
{
	spin_until(ktime_get_ns() + (u64)us * 1000);
}
EXPORT_SYMBOL(udelay);

void __init time_early_init(void)
{
	unsigned int cpu;
	u64 f;

	for (cpu = 0; cpu < NR_CPUS; cpu++)
		INIT_LIST_HEAD(&bases[cpu].timers);
	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(f));
	/* Firmware that forgot: any value keeps the arithmetic going. */
	freq = f ? (u32)f : 62500000;
}

void __init time_init(void)
{
	struct device_node *np;
	u32 hz;
	unsigned int irq;
	int ret;

	np = of_find_compatible_node(NULL, NULL, "arm,armv8-timer");
	if (!np)
		panic("no arm,armv8-timer in the device tree, or it is disabled");
	if (!of_property_read_u32(np, "clock-frequency", &hz) && hz)
		freq = hz;
	/* Entries: secure, non-secure, virtual, hypervisor. */
	timer_irq = of_irq_get(np, 2);
	if (timer_irq < 0)
		panic("virtual timer interrupt: -%s", errname(timer_irq));
	irq = (unsigned int)timer_irq;
	ret = request_percpu_irq(irq, timer_interrupt, "timer", NULL);
	if (ret)
		panic("virtual timer interrupt %u: -%s", irq, errname(ret));
	time_init_cpu();
	pr_info("virtual timer at %u.%02u MHz, interrupt %u\n",
		freq / 1000000, freq / 10000 % 100, irq);
}

void time_init_cpu(void)
{
	struct timer_base *b = this_cpu_ptr(bases);
	unsigned long flags;

	enable_percpu_irq((unsigned int)timer_irq);
	spin_lock_irqsave(&timer_lock, flags);
	b->ready = true;
	program(b);
	spin_unlock_irqrestore(&timer_lock, flags);
}
