/* SPDX-License-Identifier: MIT */
/* Interrupt controllers and the core behind interrupt.h.
 *
 * Each controller has a domain: the device-tree node that specifiers name, and
 * its hardware numbers. The core gives each hardware number in use an interrupt
 * number. The root controller's are its hardware numbers; others get what is
 * free from FIRST_MAPPED_IRQ on.
 */
#ifndef IRQ_H
#define IRQ_H

#include <interrupt.h>
#include <of.h>
#include <smp.h>

#define NR_IRQS			1536
#define FIRST_MAPPED_IRQ	1024

struct irq_domain;

/* What a chip's functions are told. */
struct irq_data {
	unsigned int irq;
	irq_hw_number_t hwirq;
	struct irq_domain *domain;
	void *chip_data;	/* domain->host_data */
};

/**
 * struct irq_chip - An interrupt controller.
 * @mask, @unmask: with the interrupt's lock held
 * @set_type: IRQF_TRIGGER_*; NULL: it has one type
 * @set_affinity: where it goes; NULL: -EOPNOTSUPP
 * @retrigger: make it pending again; NULL: what came while it was disabled is
 *	lost where the controller does not keep it
 */
struct irq_chip {
	const char *name;
	void (*mask)(struct irq_data *d);
	void (*unmask)(struct irq_data *d);
	int (*set_type)(struct irq_data *d, unsigned int type);
	int (*set_affinity)(struct irq_data *d, unsigned int cpu);
	void (*retrigger)(struct irq_data *d);
};

/**
 * struct irq_domain_ops - How a domain reads the device tree.
 * @xlate: decode a specifier; gives the hardware number and trigger type
 * @percpu: true for a number that each CPU has its own of; NULL: none is
 */
struct irq_domain_ops {
	int (*xlate)(struct irq_domain *d, const struct of_phandle_args *args,
		     irq_hw_number_t *hwirq, unsigned int *type);
	bool (*percpu)(struct irq_domain *d, irq_hw_number_t hwirq);
};

/**
 * irq_domain_add() - Make a controller known.
 * @np: its node; NULL: the device tree does not name it
 * @size: its hardware numbers are below
 * Return: the domain, or NULL when memory is short or @np has one already.
 */
struct irq_domain *irq_domain_add(struct device_node *np, unsigned int size,
				  const struct irq_chip *chip,
				  const struct irq_domain_ops *ops,
				  void *host_data);
/* The first controller, which the CPUs take their interrupts from. */
struct irq_domain *irq_domain_add_root(struct device_node *np,
				       unsigned int size,
				       const struct irq_chip *chip,
				       const struct irq_domain_ops *ops,
				       void (*handle)(void));
/* Behind the end of what calls generic_handle_domain_irq(). What is requested
 * of it still is freed, with a warning.
 */
void irq_domain_remove(struct irq_domain *d);
struct irq_domain *irq_find_domain(const struct device_node *np);

/* The interrupt number of a hardware number, made when there is none; -errno.
 */
int irq_create_mapping(struct irq_domain *d, irq_hw_number_t hwirq,
		       unsigned int type);
void irq_dispose_mapping(unsigned int irq);

/* Called by the root controller for each hardware number it took, and by a chip
 * behind another in its handler; interrupts are disabled.
 */
void generic_handle_irq(unsigned int irq);
/* -EINVAL: nothing is mapped there. */
int generic_handle_domain_irq(struct irq_domain *d, irq_hw_number_t hwirq);
/* Called by the exception entry. */
void handle_arch_irq(void);
/* Decode a specifier and set the trigger; a number, or an error: -EPROBE_DEFER
 * while the controller is not known.
 */
int irq_create_of_mapping(const struct of_phandle_args *args);
/* Table of interrupts in use, to the console. */
void irq_show(void);
/* Free what a module that leaves has forgotten, and say so. */
void irq_drop_range(const void *start, size_t size, const char *name);

#endif
