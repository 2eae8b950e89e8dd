/* SPDX-License-Identifier: MIT */
/* One-shot timers; handlers run in interrupt context, on the CPU that armed the
 * timer.
 */
#ifndef TIMER_H
#define TIMER_H

#include <ktime.h>
#include <types.h>

struct timer_list {
	struct list_head entry;
	u64 expires_ns;
	void (*function)(struct timer_list *t);
	bool pending;
};

#define from_timer(var, cb, field) \
	((__typeof__(var))((char *)(cb) - offsetof(__typeof__(*var), field)))

void timer_setup(struct timer_list *t, void (*fn)(struct timer_list *t),
		 unsigned int flags);
/* (Re)arm at an absolute time in jiffies. True when it was pending. */
bool mod_timer(struct timer_list *t, unsigned long expires);
bool mod_timer_ns(struct timer_list *t, u64 expires_ns);
/* True when it was pending. Its handler may still run on another CPU. */
bool del_timer(struct timer_list *t);
/* The handler does not run any more, and does not use @t. Not from the handler,
 * nor with a lock held that it takes.
 */
bool del_timer_sync(struct timer_list *t);
/* Takes away timers that lie in [@start, @start + @size), or call code of it,
 * and names them with a warning; handlers that run have ended.
 */
void timer_drop_range(const void *start, size_t size, const char *name);

#endif
