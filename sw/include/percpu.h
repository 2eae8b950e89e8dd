/* SPDX-License-Identifier: MIT */
/* Data that each CPU has its own copy of: an array by CPU number. What one CPU
 * alone touches needs no lock, but interrupts off where a handler touches it.
 */
#ifndef PERCPU_H
#define PERCPU_H

#include <smp.h>

#define DEFINE_PER_CPU(type, name)	__typeof__(type) name[NR_CPUS]

#define per_cpu(name, cpu)		((name)[cpu])
#define per_cpu_ptr(name, cpu)		(&(name)[cpu])
#define this_cpu_ptr(name)		per_cpu_ptr(name, smp_processor_id())
#define this_cpu(name)			per_cpu(name, smp_processor_id())

#endif
