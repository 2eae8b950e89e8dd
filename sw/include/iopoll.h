/* SPDX-License-Identifier: MIT */
/* Polling of a register with a time-out (simulated time). */
#ifndef IOPOLL_H
#define IOPOLL_H

#include <barrier.h>
#include <delay.h>
#include <errno.h>
#include <io.h>
#include <ktime.h>

/**
 * read_poll_timeout() - Read by @op(args) until @cond.
 * @val: where each value goes
 * @sleep_us: 0: spin with YIELD; else sleep so long between reads
 * @timeout_us: 0: never give up
 * Return: 0 or -ETIMEDOUT (@val is then the last value read).
 */
#define read_poll_timeout(op, val, cond, sleep_us, timeout_us, args...)	\
({									\
	u64 _end = ktime_get_ns() + (u64)(timeout_us) * 1000;		\
	int _ret;							\
									\
	for (;;) {							\
		(val) = op(args);					\
		if (cond) {						\
			_ret = 0;					\
			break;						\
		}							\
		if ((timeout_us) && ktime_get_ns() > _end) {		\
			(val) = op(args);				\
			_ret = (cond) ? 0 : -ETIMEDOUT;			\
			break;						\
		}							\
		if (sleep_us)						\
			usleep_range(sleep_us, sleep_us);		\
		else							\
			cpu_relax();					\
	}								\
	_ret;								\
})

#define readl_poll_timeout(a, v, c, s, t) \
	read_poll_timeout(readl, v, c, s, t, a)
/* For callers that must not sleep. */
#define readl_poll_timeout_atomic(a, v, c, d, t) \
	read_poll_timeout(readl, v, c, 0, t, a)

#endif
