/* SPDX-License-Identifier: MIT */
/* Between the scheduler, the CPUs and the interrupt controller. */
#ifndef SMP_INTERNAL_H
#define SMP_INTERNAL_H

#include <compiler.h>
#include <smp.h>

/* Software-generated interrupts, by number. */
enum ipi {
	IPI_RESCHEDULE,
	IPI_CALL,
	IPI_STOP,
	NR_IPIS
};

/* What the root interrupt controller does for CPUs. */
struct smp_ops {
	/* On a CPU that has just come. */
	void (*init_cpu)(void);
	/* Memory written before is seen by the handler. */
	void (*send_ipi)(unsigned int cpu, enum ipi ipi);
};

void smp_set_ops(const struct smp_ops *ops);
/* Interrupt context. */
void handle_ipi(enum ipi ipi);
void smp_send_reschedule(unsigned int cpu);
/* Bounded; for the end of the machine. */
void smp_send_stop(void);
void __noreturn smp_stop_self(void);
/* A CPU ends the machine: it does not wait for locks that others hold. */
bool oops_in_progress(void);
/* Find the CPUs and start them. */
void smp_init(void);

/* State that has the thread sleep in schedule(), until it is woken. */
void set_waiting(void);

/* Each CPU's timer: its interrupt enabled here. */
void time_init_cpu(void);

#endif
