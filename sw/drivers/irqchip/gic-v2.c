// SPDX-License-Identifier: MIT
/* GICv2 (IHI 0048): distributor and CPU interface, one CPU, Non-secure. */
#define pr_fmt(fmt) "gic: " fmt
#include <arch.h>
#include <bitfield.h>
#include <io.h>
#include <irq.h>
#include <kernel.h>
#include <sizes.h>

#define GICD_CTLR		0x000
#define GICD_TYPER		0x004
#define GICD_ISENABLER(n)	(0x100 + 4 * ((n) / 32))
#define GICD_ICENABLER(n)	(0x180 + 4 * ((n) / 32))
#define GICD_ICPENDR(n)		(0x280 + 4 * ((n) / 32))
#define GICD_ICACTIVER(n)	(0x380 + 4 * ((n) / 32))
#define GICD_IPRIORITYR(n)	(0x400 + (n))
#define GICD_ITARGETSR(n)	(0x800 + (n))
#define GICD_ICFGR(n)		(0xc00 + 4 * ((n) / 16))

#define GICC_CTLR		0x000
#define GICC_PMR		0x004
#define GICC_IAR		0x00c
#define GICC_EOIR		0x010

#define TYPER_LINES		GENMASK(4, 0)
#define IAR_ID			GENMASK(9, 0)
#define FIRST_SPI		32
#define FIRST_SPECIAL		1020

static void __iomem *dist, *cpu;
static unsigned int nr_irqs;

static void gic_mask(unsigned int hwirq)
{
	writel_relaxed(BIT(hwirq % 32), dist + GICD_ICENABLER(hwirq));
	/* Gone before the caller goes on. */
	readl(dist + GICD_CTLR);
}

static void gic_unmask(unsigned int hwirq)
{
	writel(BIT(hwirq % 32), dist + GICD_ISENABLER(hwirq));
}

static int gic_set_type(unsigned int hwirq, unsigned int type)
{
	u32 bit = (u32)BIT(2 * (hwirq % 16) + 1), v;

	if (hwirq < FIRST_SPI)
		return 0;
	v = readl_relaxed(dist + GICD_ICFGR(hwirq));
	v = type & IRQF_TRIGGER_RISING ? v | bit : v & ~bit;
	writel_relaxed(v, dist + GICD_ICFGR(hwirq));
	return 0;
}

/* Cells: 0 SPI or 1 PPI, number, trigger type (Linux's binding). */
static int gic_xlate(const struct of_phandle_args *args, unsigned int *hwirq,
		     unsigned int *type)
{
	if (args->args_count != 3)
		return -EINVAL;
	if (args->args[0] == 0)
		*hwirq = args->args[1] + FIRST_SPI;
	else if (args->args[0] == 1 && args->args[1] < 16)
		*hwirq = args->args[1] + 16;
	else
		return -EINVAL;
	if (*hwirq < args->args[1] || *hwirq >= nr_irqs)
		return -EINVAL;
	*type = args->args[2] & IRQF_TRIGGER_MASK;
	return 0;
}

static void gic_handle(void)
{
	for (;;) {
		u32 iar = readl_relaxed(cpu + GICC_IAR);
		u32 id = (u32)FIELD_GET(IAR_ID, iar);

		if (id >= FIRST_SPECIAL)
			return;
		isb();
		if (id >= 16)
			generic_handle_irq(id);
		writel(iar, cpu + GICC_EOIR);
	}
}

static const struct irq_chip gic_chip = {
	.name = "GICv2",
	.mask = gic_mask,
	.unmask = gic_unmask,
	.set_type = gic_set_type,
	.xlate = gic_xlate,
};

static void find_v2m(struct device_node *np)
{
	struct device_node *c;
	struct resource res;

	for_each_child_of_node(np, c)
		if (of_device_is_compatible(c, "arm,gic-v2m-frame") &&
		    of_device_is_available(c) &&
		    !of_address_to_resource(c, 0, &res))
			pr_info("v2m frame at %pR, not used yet\n", &res);
}

void __init irqchip_init(void)
{
	static const struct of_device_id ids[] = {
		{ .compatible = "arm,gic-400" },
		{ .compatible = "arm,cortex-a15-gic" },
		{ .compatible = "arm,cortex-a9-gic" },
		{ }
	};
	struct device_node *np = of_find_matching_node(NULL, ids);
	struct resource d, c;
	unsigned int i;

	if (!np)
		panic("no GICv2 in the device tree, or it is disabled");
	if (of_address_to_resource(np, 0, &d) ||
	    of_address_to_resource(np, 1, &c))
		panic("GICv2 without two register ranges");
	dist = ioremap(d.start, resource_size(&d));
	cpu = ioremap(c.start, resource_size(&c));
	if (!dist || !cpu)
		panic("no memory for the GIC");
	writel(0, dist + GICD_CTLR);
	nr_irqs = 32 * ((u32)FIELD_GET(TYPER_LINES,
				       readl(dist + GICD_TYPER)) + 1);
	nr_irqs = min(nr_irqs, (unsigned int)FIRST_SPECIAL);
	for (i = 0; i < nr_irqs; i += 32) {
		writel_relaxed(U32_MAX, dist + GICD_ICENABLER(i));
		writel_relaxed(U32_MAX, dist + GICD_ICPENDR(i));
		writel_relaxed(U32_MAX, dist + GICD_ICACTIVER(i));
	}
	for (i = 0; i < nr_irqs; i += 4)
		writel_relaxed(0xa0a0a0a0, dist + GICD_IPRIORITYR(i));
	for (i = FIRST_SPI; i < nr_irqs; i += 4)
		writel_relaxed(0x01010101, dist + GICD_ITARGETSR(i));
	writel(1, dist + GICD_CTLR);
	writel(0xf0, cpu + GICC_PMR);
	writel(1, cpu + GICC_CTLR);
	irq_set_chip(np, &gic_chip, gic_handle);
	pr_info("GICv2 with %u interrupts at %pR\n", nr_irqs, &d);
	find_v2m(np);
}
