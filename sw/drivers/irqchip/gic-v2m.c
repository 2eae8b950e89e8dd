// SPDX-License-Identifier: MIT
/* GICv2m (Arm Server Base System Architecture, DEN0029, appendix E): a write of
 * an SPI's number to MSI_SETSPI_NS raises it.
 */
#define pr_fmt(fmt) "gicv2m: " fmt
#include <bitfield.h>
#include <io.h>
#include <kernel.h>
#include <list.h>
#include <msi.h>
#include <slab.h>
#include "gic-v2m.h"

#define MSI_TYPER	0x008
#define MSI_SETSPI_NS	0x040

#define TYPER_BASE	GENMASK(25, 16)
#define TYPER_NUM	GENMASK(9, 0)
#define FIRST_SPI	32

struct gicv2m {
	struct msi_controller msi;
	struct irq_domain *domain;
	u32 base, num;
};

static int v2m_map(struct msi_controller *c, unsigned int n)
{
	struct gicv2m *v = container_of(c, struct gicv2m, msi);

	return irq_create_mapping(v->domain, v->base + n, IRQF_TRIGGER_RISING);
}

static int __init add_frame(struct device_node *np, struct irq_domain *domain,
			    unsigned int nr_irqs)
{
	void __iomem *regs;
	struct gicv2m *v;
	struct resource res;
	u32 typer;
	int ret;

	ret = of_address_to_resource(np, 0, &res);
	if (ret)
		return ret;
	v = kzalloc(sizeof(*v), GFP_KERNEL);
	regs = ioremap(res.start, resource_size(&res));
	if (!v || !regs) {
		kfree(v);
		return -ENOMEM;
	}
	typer = readl(regs + MSI_TYPER);
	iounmap(regs);
	v->base = (u32)FIELD_GET(TYPER_BASE, typer);
	v->num = (u32)FIELD_GET(TYPER_NUM, typer);
	/* For hardware that says it wrongly (Linux's binding). */
	of_property_read_u32(np, "arm,msi-base-spi", &v->base);
	of_property_read_u32(np, "arm,msi-num-spis", &v->num);
	if (v->base < FIRST_SPI || !v->num || v->base >= nr_irqs ||
	    v->num > nr_irqs - v->base) {
		pr_err("%pOF: interrupts %u to %u + %u are no SPIs of the GIC\n",
		       np, v->base, v->base, v->num);
		kfree(v);
		return -EINVAL;
	}
	v->domain = domain;
	v->msi.np = np;
	v->msi.num = v->num;
	v->msi.doorbell = res.start + MSI_SETSPI_NS;
	v->msi.first_data = v->base;
	v->msi.map = v2m_map;
	ret = msi_controller_add(&v->msi);
	if (ret) {
		kfree(v);
		return ret;
	}
	pr_info("%pOF: MSIs on interrupts %u to %u\n", np, v->base,
		v->base + v->num - 1);
	return 0;
}

void __init gicv2m_init(struct device_node *gic, struct irq_domain *domain,
			unsigned int nr_irqs)
{
	struct device_node *np;
	int ret;

	for_each_child_of_node(gic, np) {
		if (!of_device_is_compatible(np, "arm,gic-v2m-frame") ||
		    !of_device_is_available(np))
			continue;
		ret = add_frame(np, domain, nr_irqs);
		if (ret)
			pr_err("%pOF: not used: -%s\n", np, errname(ret));
	}
}
