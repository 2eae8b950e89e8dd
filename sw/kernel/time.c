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
#include <timer.h>

#define CNTV_ENABLE	BIT(0)

static u32 freq;
static LIST_HEAD(timers);	/* by time */
static bool timer_ready;

u64 get_cycles(void)
{
	u64 c;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(c) :: "memory");
	return c;
}
EXPORT_SYMBOL(get_cycles);

u32 get_cycles_freq(void)
{
	return freq;
}
EXPORT_SYMBOL(get_cycles_freq);

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

static void program(void)
{
	struct timer_list *t = list_first_entry_or_null(&timers,
							struct timer_list,
							entry);
	u64 ctl = 0;

	if (!timer_ready)
		return;
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
	struct list_head *at = &timers;
	struct timer_list *o;
	unsigned long flags;
	bool was;

	local_irq_save(flags);
	was = t->pending;
	if (was)
		list_del(&t->entry);
	t->expires_ns = expires_ns;
	t->pending = true;
	list_for_each_entry(o, &timers, entry)
		if (o->expires_ns > expires_ns) {
			at = &o->entry;
			break;
		}
	list_add_tail(&t->entry, at);
	program();
	local_irq_restore(flags);
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

	local_irq_save(flags);
	was = t->pending;
	if (was) {
		list_del(&t->entry);
		t->pending = false;
		program();
	}
	local_irq_restore(flags);
	return was;
}
EXPORT_SYMBOL(del_timer);

bool del_timer_sync(struct timer_list *t)
{
	return del_timer(t);
}
EXPORT_SYMBOL(del_timer_sync);

static irqreturn_t timer_interrupt(int irq, void *data)
{
	u64 now = ktime_get_ns();

	(void)irq;
	(void)data;
	while (!list_empty(&timers)) {
		struct timer_list *t = list_first_entry(&timers,
							struct timer_list,
							entry);

		if (t->expires_ns > now)
			break;
		list_del(&t->entry);
		t->pending = false;
		t->function(t);
	}
	program();
	return IRQ_HANDLED;
}

static void spin_until(u64 end)
{
	while (ktime_get_ns() < end)
		cpu_relax();
}

void ndelay(unsigned long ns)
{
	spin_until(ktime_get_ns() + ns);
}
EXPORT_SYMBOL(ndelay);

void udelay(unsigned long us)
{
	spin_until(ktime_get_ns() + (u64)us * 1000);
}
EXPORT_SYMBOL(udelay);

void mdelay(unsigned long ms)
{
	spin_until(ktime_get_ns() + (u64)ms * NSEC_PER_MSEC);
}
EXPORT_SYMBOL(mdelay);

void __init time_early_init(void)
{
	u64 f;

	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(f));
	/* Firmware that forgot: any value keeps the arithmetic going. */
	freq = f ? (u32)f : 62500000;
}

void __init time_init(void)
{
	struct device_node *np;
	u32 hz;
	int irq;

	np = of_find_compatible_node(NULL, NULL, "arm,armv8-timer");
	if (!np)
		panic("no arm,armv8-timer in the device tree, or it is disabled");
	if (!of_property_read_u32(np, "clock-frequency", &hz) && hz)
		freq = hz;
	/* Entries: secure, non-secure, virtual, hypervisor. */
	irq = of_irq_get(np, 2);
	if (irq < 0)
		panic("virtual timer interrupt: %d", irq);
	if (request_irq((unsigned int)irq, timer_interrupt, 0, "timer", NULL))
		panic("timer interrupt is taken");
	timer_ready = true;
	program();
	pr_info("virtual timer at %u.%02u MHz, interrupt %d\n",
		freq / 1000000, freq / 10000 % 100, irq);
}
