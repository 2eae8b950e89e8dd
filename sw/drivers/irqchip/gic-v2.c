// SPDX-License-Identifier: MIT
/* GICv2 (IHI 0048): distributor and CPU interfaces, Non-secure. */
#define pr_fmt(fmt) "gic: " fmt
#include <arch.h>
#include <bitfield.h>
#include <io.h>
#include <irq.h>
#include <kernel.h>
#include <percpu.h>
#include <sizes.h>
#include <spinlock.h>
#include "../../kernel/smp_internal.h"
#include "gic-v2m.h"

#define GICD_CTLR		0x000
#define GICD_TYPER		0x004
#define GICD_ISENABLER(n)	(0x100 + 4 * ((n) / 32))
#define GICD_ICENABLER(n)	(0x180 + 4 * ((n) / 32))
#define GICD_ISPENDR(n)		(0x200 + 4 * ((n) / 32))
#define GICD_ICPENDR(n)		(0x280 + 4 * ((n) / 32))
#define GICD_ICACTIVER(n)	(0x380 + 4 * ((n) / 32))
#define GICD_IPRIORITYR(n)	(0x400 + (n))
#define GICD_ITARGETSR(n)	(0x800 + (n))
#define GICD_ICFGR(n)		(0xc00 + 4 * ((n) / 16))
#define GICD_SGIR		0xf00

#define GICC_CTLR		0x000
#define GICC_PMR		0x004
#define GICC_IAR		0x00c
#define GICC_EOIR		0x010

#define TYPER_LINES		GENMASK(4, 0)
#define SGIR_TARGETS		GENMASK(23, 16)
#define SGIR_ID			GENMASK(3, 0)
#define IAR_ID			GENMASK(9, 0)
#define FIRST_PPI		16
#define FIRST_SPI		32
#define FIRST_SPECIAL		1020

static void __iomem *dist, *cpu_if;
static unsigned int nr_irqs;
/* Guards registers that several interrupts share a word of. */
static DEFINE_SPINLOCK(dist_lock);
/* The CPU interface of each CPU, as a bit: what targets are written by. */
static DEFINE_PER_CPU(u8, target);

static void gic_mask(struct irq_data *d)
{
	writel_relaxed(BIT(d->hwirq % 32), dist + GICD_ICENABLER(d->hwirq));
	/* Gone before the caller goes on. */
	readl(dist + GICD_CTLR);
}

static void gic_unmask(struct irq_data *d)
{
	writel(BIT(d->hwirq % 32), dist + GICD_ISENABLER(d->hwirq));
}

/* SPIs are active high or rising (IHI 0048, 4.3.13); of PPIs, the binding's
 * cell is how they are wired.
 */
static int gic_set_type(struct irq_data *d, unsigned int type)
{
	u32 bit = (u32)BIT(2 * (d->hwirq % 16) + 1), v;
	unsigned long flags;

	if (d->hwirq < FIRST_SPI)
		return 0;
	if (type & (IRQF_TRIGGER_FALLING | IRQF_TRIGGER_LOW)) {
		pr_err("%u: SPIs are triggered by a high level or a rising edge, not by %#x\n",
		       d->hwirq, type);
		return -EINVAL;
	}
	spin_lock_irqsave(&dist_lock, flags);
	v = readl_relaxed(dist + GICD_ICFGR(d->hwirq));
	v = type & IRQF_TRIGGER_RISING ? v | bit : v & ~bit;
	writel_relaxed(v, dist + GICD_ICFGR(d->hwirq));
	spin_unlock_irqrestore(&dist_lock, flags);
	return 0;
}

/* A byte each, which is its own access (4.3.12). */
static int gic_set_affinity(struct irq_data *d, unsigned int cpu)
{
	if (d->hwirq < FIRST_SPI)
		return -EINVAL;
	writeb(target[cpu], dist + GICD_ITARGETSR(d->hwirq));
	return 0;
}

static void gic_retrigger(struct irq_data *d)
{
	writel(BIT(d->hwirq % 32), dist + GICD_ISPENDR(d->hwirq));
}

static const struct irq_chip gic_chip = {
	.name = "GICv2",
	.mask = gic_mask,
	.unmask = gic_unmask,
	.set_type = gic_set_type,
	.set_affinity = gic_set_affinity,
	.retrigger = gic_retrigger,
};

/* Cells: 0 SPI or 1 PPI, number, trigger type (Linux's binding). */
static int gic_xlate(struct irq_domain *d, const struct of_phandle_args *args,
		     irq_hw_number_t *hwirq, unsigned int *type)
{
	(void)d;
	if (args->args_count != 3)
		return -EINVAL;
	if (args->args[0] == 0)
		*hwirq = args->args[1] + FIRST_SPI;
	else if (args->args[0] == 1 && args->args[1] < 16)
		*hwirq = args->args[1] + FIRST_PPI;
	else
		return -EINVAL;
	if (*hwirq < args->args[1] || *hwirq >= nr_irqs)
		return -EINVAL;
	*type = args->args[2] & IRQF_TRIGGER_MASK;
	return 0;
}

static bool gic_percpu(struct irq_domain *d, irq_hw_number_t hwirq)
{
	(void)d;
	return hwirq < FIRST_SPI;
}

static const struct irq_domain_ops gic_ops = {
	.xlate = gic_xlate,
	.percpu = gic_percpu,
};

static void gic_handle(void)
{
	for (;;) {
		u32 iar = readl_relaxed(cpu_if + GICC_IAR);
		u32 id = (u32)FIELD_GET(IAR_ID, iar);

		if (id >= FIRST_SPECIAL)
			return;
		isb();
		if (id >= FIRST_PPI) {
			generic_handle_irq(id);
			writel(iar, cpu_if + GICC_EOIR);
			continue;
		}
		/* The end first: IPI_STOP does not come back. The sender's
		 * data is read behind the acknowledgement.
		 */
		writel(iar, cpu_if + GICC_EOIR);
		dmb(ish);
		handle_ipi((enum ipi)id);
	}
}

/* What is banked: this CPU's SGIs, PPIs and interface. */
static void gic_init_cpu(void)
{
	unsigned int i;
	u32 v = 0;

	writel_relaxed(U32_MAX, dist + GICD_ICENABLER(0));
	writel_relaxed(U32_MAX, dist + GICD_ICPENDR(0));
	writel_relaxed(U32_MAX, dist + GICD_ICACTIVER(0));
	for (i = 0; i < FIRST_SPI; i += 4)
		writel_relaxed(0xa0a0a0a0, dist + GICD_IPRIORITYR(i));
	writel(GENMASK(NR_IPIS - 1, 0), dist + GICD_ISENABLER(0));
	/* Its own bit is what a CPU reads there; with one CPU, 0 (4.3.12). */
	for (i = 0; i < FIRST_SPI && !v; i += 4)
		v = readl_relaxed(dist + GICD_ITARGETSR(i));
	v |= v >> 16;
	v |= v >> 8;
	this_cpu(target) = v & 0xff ? (u8)v : 1;
	writel(0xf0, cpu_if + GICC_PMR);
	writel(1, cpu_if + GICC_CTLR);
}

static void gic_send_ipi(unsigned int cpu, enum ipi ipi)
{
	/* What was written before is seen by who takes it. */
	dmb(ishst);
	writel((u32)(FIELD_PREP(SGIR_TARGETS, (u32)target[cpu]) |
		     FIELD_PREP(SGIR_ID, (u32)ipi)), dist + GICD_SGIR);
}

static const struct smp_ops gic_smp_ops = {
	.init_cpu = gic_init_cpu,
	.send_ipi = gic_send_ipi,
};

void __init irqchip_init(void)
{
	static const struct of_device_id ids[] = {
		{ .compatible = "arm,gic-400" },
		{ .compatible = "arm,cortex-a15-gic" },
		{ .compatible = "arm,cortex-a9-gic" },
		{ }
	};
	struct device_node *np = of_find_matching_node(NULL, ids);
	struct irq_domain *domain;
	struct resource d, c;
	unsigned int i;

	if (!np)
		panic("no GICv2 in the device tree, or it is disabled");
	if (of_address_to_resource(np, 0, &d) ||
	    of_address_to_resource(np, 1, &c))
		panic("GICv2 without two register ranges");
	dist = ioremap(d.start, resource_size(&d));
	cpu_if = ioremap(c.start, resource_size(&c));
	if (!dist || !cpu_if)
		panic("no memory for the GIC");
	writel(0, dist + GICD_CTLR);
	nr_irqs = 32 * ((u32)FIELD_GET(TYPER_LINES,
				       readl(dist + GICD_TYPER)) + 1);
	nr_irqs = min(nr_irqs, (unsigned int)FIRST_SPECIAL);
	for (i = FIRST_SPI; i < nr_irqs; i += 32) {
		writel_relaxed(U32_MAX, dist + GICD_ICENABLER(i));
		writel_relaxed(U32_MAX, dist + GICD_ICPENDR(i));
		writel_relaxed(U32_MAX, dist + GICD_ICACTIVER(i));
	}
	for (i = FIRST_SPI; i < nr_irqs; i += 4)
		writel_relaxed(0xa0a0a0a0, dist + GICD_IPRIORITYR(i));
	gic_init_cpu();
	for (i = FIRST_SPI; i < nr_irqs; i += 4)
		writel_relaxed(0x01010101 * this_cpu(target),
			       dist + GICD_ITARGETSR(i));
	writel(1, dist + GICD_CTLR);
	smp_set_ops(&gic_smp_ops);
	domain = irq_domain_add_root(np, nr_irqs, &gic_chip, &gic_ops,
				     gic_handle);
	if (!domain)
		panic("no memory for the GIC");
	pr_info("GICv2 with %u interrupts at %pR\n", nr_irqs, &d);
	gicv2m_init(np, domain, nr_irqs);
}
