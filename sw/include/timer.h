/* SPDX-License-Identifier: MIT */
/* One-shot timers; callbacks run in interrupt context. */
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
bool del_timer(struct timer_list *t);
bool del_timer_sync(struct timer_list *t);

#endif
