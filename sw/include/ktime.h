/* SPDX-License-Identifier: MIT */
/* Time since the counter started, and jiffies. */
#ifndef KTIME_H
#define KTIME_H

#include <types.h>

#define NSEC_PER_SEC	1000000000ULL
#define NSEC_PER_MSEC	1000000ULL
#define NSEC_PER_USEC	1000ULL

/* Jiffies are milliseconds of the counter; there is no periodic tick. */
#define jiffies		get_jiffies()

u64 ktime_get_ns(void);
unsigned long get_jiffies(void);
/* The virtual counter, and its frequency in Hz. */
u64 get_cycles(void);

#define msecs_to_jiffies(m)	((unsigned long)(m))

#endif
