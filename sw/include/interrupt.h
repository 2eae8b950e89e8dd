/* SPDX-License-Identifier: MIT */
/* Interrupt handlers. */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <irqflags.h>
#include <types.h>

struct device;

typedef enum {
	IRQ_NONE,
	IRQ_HANDLED,
	IRQ_WAKE_THREAD,
} irqreturn_t;

typedef irqreturn_t (*irq_handler_t)(int irq, void *dev_id);

#define IRQF_TRIGGER_RISING	0x1u
#define IRQF_TRIGGER_FALLING	0x2u
#define IRQF_TRIGGER_HIGH	0x4u
#define IRQF_TRIGGER_LOW	0x8u
#define IRQF_TRIGGER_MASK	0xfu
#define IRQF_SHARED		0x80u
/* Stays masked until the threaded handler is done. */
#define IRQF_ONESHOT		0x2000u

/**
 * request_threaded_irq() - Install a handler and enable the line.
 * @irq: from platform_get_irq()
 * @handler: in interrupt context; NULL means "wake the thread"
 * @thread_fn: in a thread of its own, may sleep; NULL for none
 * @flags: IRQF_*; the trigger type comes from the device tree
 * @name: kept by reference
 * @dev_id: given to the handlers; not NULL for shared lines
 * Return: 0, -EINVAL, -EBUSY or -ENOMEM.
 */
int request_threaded_irq(unsigned int irq, irq_handler_t handler,
			 irq_handler_t thread_fn, unsigned long flags,
			 const char *name, void *dev_id);

static inline int request_irq(unsigned int irq, irq_handler_t handler,
			      unsigned long flags, const char *name,
			      void *dev_id)
{
	return request_threaded_irq(irq, handler, NULL, flags, name, dev_id);
}

/* No handler of it runs any more behind this. */
void free_irq(unsigned int irq, void *dev_id);

int devm_request_threaded_irq(struct device *dev, unsigned int irq,
			      irq_handler_t handler, irq_handler_t thread_fn,
			      unsigned long flags, const char *name,
			      void *dev_id);

static inline int devm_request_irq(struct device *dev, unsigned int irq,
				   irq_handler_t handler, unsigned long flags,
				   const char *name, void *dev_id)
{
	return devm_request_threaded_irq(dev, irq, handler, NULL, flags, name,
					 dev_id);
}

void devm_free_irq(struct device *dev, unsigned int irq, void *dev_id);

/* Interrupts that each CPU has its own of (GICv2's PPIs): one handler, enabled
 * on the CPU that asks.
 */
int request_percpu_irq(unsigned int irq, irq_handler_t handler,
		       const char *name, void *dev_id);
/* On every CPU. Threads only. */
void free_percpu_irq(unsigned int irq);
void enable_percpu_irq(unsigned int irq);
void disable_percpu_irq(unsigned int irq);

/**
 * irq_set_affinity() - Have an interrupt go to one CPU; to start with, 0.
 * Return: 0; -EINVAL: no such interrupt or CPU; -EOPNOTSUPP: the controller
 *	cannot.
 */
int irq_set_affinity(unsigned int irq, unsigned int cpu);

/* Nested. disable_irq() waits for the handlers and their threads, free_irq()
 * and synchronize_irq() too: threads only, and not with a lock that they take.
 */
void disable_irq(unsigned int irq);
void disable_irq_nosync(unsigned int irq);
void enable_irq(unsigned int irq);
void synchronize_irq(unsigned int irq);

#endif
