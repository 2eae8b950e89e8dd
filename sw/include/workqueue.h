/* SPDX-License-Identifier: MIT */
/* Deferred work, run by a thread of the queue. */
#ifndef WORKQUEUE_H
#define WORKQUEUE_H

#include <compiler.h>
#include <timer.h>
#include <types.h>

struct workqueue_struct;
struct work_struct;

typedef void (*work_func_t)(struct work_struct *work);

struct work_struct {
	struct list_head entry;
	work_func_t func;
	struct workqueue_struct *wq;
	bool pending;
};

struct delayed_work {
	struct work_struct work;
	struct timer_list timer;
	struct workqueue_struct *wq;
};

#define INIT_WORK(w, f)					\
do {							\
	INIT_LIST_HEAD(&(w)->entry);			\
	(w)->func = (f);				\
	(w)->wq = NULL;					\
	(w)->pending = false;				\
} while (0)
#define DECLARE_WORK(n, f) \
	struct work_struct n = { { &n.entry, &n.entry }, (f), NULL, false }
void INIT_DELAYED_WORK(struct delayed_work *w, work_func_t f);
#define to_delayed_work(w) \
	((struct delayed_work *)((char *)(w) - \
				 offsetof(struct delayed_work, work)))

extern struct workqueue_struct *system_wq;

/* One thread a queue: works run in the order of queueing. NULL on failure. */
struct workqueue_struct *alloc_workqueue(const char *fmt, unsigned int flags,
					 int max_active, ...) __printf(1, 4);
#define alloc_ordered_workqueue(fmt, flags, args...) \
	alloc_workqueue(fmt, flags, 1, ##args)
void destroy_workqueue(struct workqueue_struct *wq);

/* False when it was queued already. Any context. */
bool queue_work(struct workqueue_struct *wq, struct work_struct *w);
bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *w,
			unsigned long delay);
#define schedule_work(w)		queue_work(system_wq, w)
#define schedule_delayed_work(w, d)	queue_delayed_work(system_wq, w, d)
bool flush_work(struct work_struct *w);
void flush_workqueue(struct workqueue_struct *wq);
bool cancel_work_sync(struct work_struct *w);
bool cancel_delayed_work_sync(struct delayed_work *w);

#endif
