/* SPDX-License-Identifier: MIT */
/* Memory barriers (DDI 0487, B2.3). */
#ifndef BARRIER_H
#define BARRIER_H

#include <compiler.h>

#define isb()		__asm__ volatile("isb" ::: "memory")
#define dmb(opt)	__asm__ volatile("dmb " #opt ::: "memory")
#define dsb(opt)	__asm__ volatile("dsb " #opt ::: "memory")

/* Against every observer, devices included. */
#define mb()		dsb(sy)
#define rmb()		dsb(ld)
#define wmb()		dsb(st)

/* Against masters that share coherent memory. */
#define dma_mb()	dmb(osh)
#define dma_rmb()	dmb(oshld)
#define dma_wmb()	dmb(oshst)

#define smp_mb()	dmb(ish)
#define smp_rmb()	dmb(ishld)
#define smp_wmb()	dmb(ishst)

#define smp_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define smp_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)

#define wfi()		__asm__ volatile("wfi" ::: "memory")
#define wfe()		__asm__ volatile("wfe" ::: "memory")
#define sev()		__asm__ volatile("sev" ::: "memory")
/* In every polling loop: gives an emulated machine's time to others. */
#define cpu_relax()	__asm__ volatile("yield" ::: "memory")

#endif
