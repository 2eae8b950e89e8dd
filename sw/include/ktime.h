/* SPDX-License-Identifier: MIT */
/* Time since the counter started, and jiffies. */
#ifndef KTIME_H
#define KTIME_H

#include <types.h>

typedef s64 ktime_t;

#define NSEC_PER_SEC	1000000000ULL
#define NSEC_PER_MSEC	1000000ULL
#define NSEC_PER_USEC	1000ULL
#define USEC_PER_SEC	1000000UL
#define USEC_PER_MSEC	1000UL
#define MSEC_PER_SEC	1000UL

/* Jiffies are milliseconds of the counter; there is no periodic tick. */
#define HZ		1000UL
#define jiffies		get_jiffies()

u64 ktime_get_ns(void);
unsigned long get_jiffies(void);
/* The virtual counter, and its frequency in Hz. */
u64 get_cycles(void);
u32 get_cycles_freq(void);

static inline ktime_t ktime_get(void)
{
	return (ktime_t)ktime_get_ns();
}

static inline s64 ktime_to_ns(ktime_t t)
{
	return t;
}

static inline s64 ktime_to_us(ktime_t t)
{
	return t / 1000;
}

static inline s64 ktime_us_delta(ktime_t later, ktime_t earlier)
{
	return (later - earlier) / 1000;
}

#define ktime_add_us(t, us)	((t) + (s64)(us) * 1000)
#define ktime_add_ms(t, ms)	((t) + (s64)(ms) * 1000000)
#define ktime_sub(a, b)		((a) - (b))
#define ktime_after(a, b)	((a) > (b))
#define msecs_to_jiffies(m)	((unsigned long)(m))
#define usecs_to_jiffies(u)	(((unsigned long)(u) + 999) / 1000)
#define jiffies_to_msecs(j)	((unsigned int)(j))
#define time_after(a, b)	((long)((b) - (a)) < 0)
#define time_before(a, b)	time_after(b, a)

#endif
