/* SPDX-License-Identifier: MIT */
/* Masking of interrupts on this CPU. */
#ifndef IRQFLAGS_H
#define IRQFLAGS_H

#include <types.h>

#define PSR_I_BIT	0x80UL

static inline void local_irq_enable(void)
{
	__asm__ volatile("msr daifclr, #2" ::: "memory");
}

static inline void local_irq_disable(void)
{
	__asm__ volatile("msr daifset, #2" ::: "memory");
}

static inline unsigned long __local_save_flags(void)
{
	unsigned long f;

	__asm__ volatile("mrs %0, daif" : "=r"(f) :: "memory");
	return f;
}

static inline bool irqs_disabled(void)
{
	return __local_save_flags() & PSR_I_BIT;
}

#define local_irq_save(f)				\
do {							\
	(f) = __local_save_flags();			\
	local_irq_disable();				\
} while (0)

static inline void local_irq_restore(unsigned long f)
{
	if (!(f & PSR_I_BIT))
		local_irq_enable();
}

/* True while an interrupt handler runs. */
bool in_interrupt(void);

#endif
