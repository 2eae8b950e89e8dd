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

/* All but func is under the work queues' lock. */
struct work_struct {
	struct list_head entry;
	work_func_t func;
	struct workqueue_struct *wq;	/* that it waits in, else NULL */
	u64 seq;			/* of its queueing */
	unsigned int cancels;		/* under way: it is not queued */
	bool pending;			/* it waits, for its turn or its time */
	bool delayed;			/* for its time */
};

struct delayed_work {
	struct work_struct work;
	struct timer_list timer;
};

#define __WORK_INIT(n, f) \
	{ { &(n).entry, &(n).entry }, (f), NULL, 0, 0, false, false }
#define INIT_WORK(w, f)					\
	(*(w) = (struct work_struct)__WORK_INIT(*(w), f))
#define DECLARE_WORK(n, f) \
	struct work_struct n = __WORK_INIT(n, f)
void INIT_DELAYED_WORK(struct delayed_work *w, work_func_t f);
#define to_delayed_work(w) \
	((struct delayed_work *)((char *)(w) - \
				 offsetof(struct delayed_work, work)))

/* Has a thread for each CPU. */
extern struct workqueue_struct *system_wq;

/**
 * alloc_workqueue() - Make a queue with threads of its own.
 * @max_active: how many works may run at a time, a CPU each; 0: as many as
 *	there are CPUs on line. With 1 they run in the order of queueing.
 *
 * A work runs once at a time, on whichever CPU. It may free its work_struct.
 *
 * Return: the queue, or NULL when memory is short.
 */
struct workqueue_struct *alloc_workqueue(const char *fmt, unsigned int flags,
					 int max_active, ...) __printf(1, 4);
#define alloc_ordered_workqueue(fmt, flags, args...) \
	alloc_workqueue(fmt, flags, 1, ##args)
/* Works that are queued run first; delayed ones whose time has not come are
 * taken off with a WARN, and what is queued meanwhile is refused. Not from a
 * work of the queue.
 */
void destroy_workqueue(struct workqueue_struct *wq);
/* Cancels works that lie in [@start, @start + @size), or run code of it, and
 * names them with a warning; those that run have ended.
 */
void workqueue_drop_range(const void *start, size_t size, const char *name);

/* False when it waits already, or is being cancelled. Any context. */
bool queue_work(struct workqueue_struct *wq, struct work_struct *w);
bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *w,
			unsigned long delay);
#define schedule_work(w)		queue_work(system_wq, w)
#define schedule_delayed_work(w, d)	queue_delayed_work(system_wq, w, d)

/* Threads only, and not with a lock held that the work takes. A work that waits
 * for itself, or for one behind it in a queue of one thread, would do so for
 * ever: each of these WARNs then, and does not wait.
 */
/* Until what was queued before has run. True when it had to wait. A delayed
 * work whose time has not come is not queued.
 */
bool flush_work(struct work_struct *w);
void flush_workqueue(struct workqueue_struct *wq);
/* It neither waits nor runs behind this, even if it queues itself. True when it
 * was waiting.
 */
bool cancel_work_sync(struct work_struct *w);
bool cancel_delayed_work_sync(struct delayed_work *w);

#endif
