/* SPDX-License-Identifier: MIT */
/* The CPUs: numbers, who is on line, and functions run on others. */
#ifndef SMP_H
#define SMP_H

#include <types.h>

/* What GICv2 serves (IHI 0048, 1.2.1). */
#define NR_CPUS		8

/* A set of CPUs, by number. */
typedef unsigned int cpumask_t;

#define CPU_MASK(cpu)	(1u << (cpu))
#define CPU_MASK_ALL	((1u << NR_CPUS) - 1)

/* This CPU's number: 0 is the one that started. A thread stays on its CPU until
 * it sleeps or calls schedule(), so the number holds till then.
 */
static inline unsigned int smp_processor_id(void)
{
	unsigned long id;

	__asm__ volatile("mrs %0, tpidr_el1" : "=r"(id));
	return (unsigned int)id;
}

/* CPUs that run threads. Bits are only added, until the machine stops. */
extern cpumask_t cpu_online_mask;

unsigned int num_online_cpus(void);
bool cpu_online(unsigned int cpu);
unsigned int cpumask_next(cpumask_t mask, unsigned int from);

#define for_each_cpu(cpu, mask)					\
	for ((cpu) = cpumask_next((mask), 0); (cpu) < NR_CPUS;	\
	     (cpu) = cpumask_next((mask), (cpu) + 1))
#define for_each_online_cpu(cpu)	for_each_cpu(cpu, cpu_online_mask)

/**
 * smp_call_function_many() - Run a function on other CPUs, and wait for it.
 * @mask: which; this CPU and those that are not on line are left out
 * @fn: called in interrupt context there
 *
 * Threads only, with interrupts enabled: two CPUs that call each other with
 * them disabled would wait for ever.
 */
void smp_call_function_many(cpumask_t mask, void (*fn)(void *data),
			    void *data);
#define smp_call_function(fn, data)	\
	smp_call_function_many(CPU_MASK_ALL, fn, data)
/* Here as well, with interrupts disabled. */
void on_each_cpu(void (*fn)(void *data), void *data);
/* 0, or -ENXIO when @cpu is not on line. */
int smp_call_function_single(unsigned int cpu, void (*fn)(void *data),
			     void *data);

#endif
