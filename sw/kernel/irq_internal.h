/* SPDX-License-Identifier: MIT */
/* Interrupts: between handlers (irq.c) and controllers (irqdomain.c). */
#ifndef IRQ_INTERNAL_H
#define IRQ_INTERNAL_H

#include <irq.h>
#include <spinlock.h>
#include <wait.h>

struct irq_action {
	struct irq_action *next;
	struct irq_desc *desc;
	irq_handler_t handler;
	irq_handler_t thread_fn;
	unsigned long flags;
	const char *name;
	void *dev_id;
	struct task *thread;
	wait_queue_head_t wait;
	/* Under the descriptor's lock. */
	unsigned int wakes;	/* not served by the thread yet */
	bool thread_busy;
	bool oneshot_masked;
};

/* Made with the mapping; it goes with its domain, or never. */
struct irq_desc {
	spinlock_t lock;		/* all below */
	struct irq_data data;
	const struct irq_chip *chip;
	struct irq_action *actions;
	unsigned int type;
	unsigned int depth;		/* of disable_irq() */
	unsigned int oneshot;		/* threads that keep it masked */
	unsigned int unhandled;
	unsigned int affinity;
	bool percpu;
	bool inprogress;		/* a CPU is in its handlers */
	bool pending;			/* it came meanwhile */
	unsigned long count[NR_CPUS];
};

/* NULL: there is no such interrupt. Root numbers come into being here. */
struct irq_desc *irq_to_desc(unsigned int irq);
/* As it is: NULL where nothing is mapped. */
struct irq_desc *irq_find_desc(unsigned int irq);
/* The root controller takes what is there. */
void irq_handle_root(void);

#endif
