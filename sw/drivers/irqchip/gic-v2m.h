/* SPDX-License-Identifier: MIT */
/* Message-signalled interrupts of a GICv2. */
#ifndef GIC_V2M_H
#define GIC_V2M_H

#include <irq.h>

/* The frames below the GIC's node. */
void gicv2m_init(struct device_node *gic, struct irq_domain *domain,
		 unsigned int nr_irqs);

#endif
