/* SPDX-License-Identifier: MIT */
/* Interrupt controllers and the core behind interrupt.h. */
#ifndef IRQ_H
#define IRQ_H

#include <interrupt.h>
#include <of.h>

#define NR_IRQS		1024

/**
 * struct irq_chip - An interrupt controller.
 * @xlate: decode a specifier; gives the hardware number and trigger type
 */
struct irq_chip {
	const char *name;
	void (*mask)(unsigned int hwirq);
	void (*unmask)(unsigned int hwirq);
	int (*set_type)(unsigned int hwirq, unsigned int type);
	int (*xlate)(const struct of_phandle_args *args, unsigned int *hwirq,
		     unsigned int *type);
};

/* The root controller. Interrupt numbers are its hardware numbers. */
int irq_set_chip(struct device_node *np, const struct irq_chip *chip,
		 void (*handle)(void));
/* Called by the controller for each hardware number it took. */
void generic_handle_irq(unsigned int irq);
/* Called by the exception entry. */
void handle_arch_irq(void);
/* Decode a specifier and set the trigger; a number, or an error. */
int irq_create_of_mapping(const struct of_phandle_args *args);
/* Table of interrupts in use, to the console. */
void irq_show(void);

#endif
