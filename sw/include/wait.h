/* SPDX-License-Identifier: MIT */
/* Wait queues: threads wait, interrupts and threads wake. */
#ifndef WAIT_H
#define WAIT_H

#include <ktime.h>
#include <list.h>
#include <spinlock.h>
#include <types.h>

struct task;

typedef struct wait_queue_head {
	spinlock_t lock;
	struct list_head waiters;	/* under lock */
} wait_queue_head_t;

struct wait_queue_entry {
	struct list_head entry;
	struct task *task;
};

#define __WAIT_QUEUE_HEAD_INIT(n) \
	{ __SPIN_LOCK_UNLOCKED, LIST_HEAD_INIT((n).waiters) }
#define DECLARE_WAIT_QUEUE_HEAD(n) \
	wait_queue_head_t n = __WAIT_QUEUE_HEAD_INIT(n)

static inline void init_waitqueue_head(wait_queue_head_t *q)
{
	spin_lock_init(&q->lock);
	INIT_LIST_HEAD(&q->waiters);
}

void prepare_to_wait(wait_queue_head_t *q, struct wait_queue_entry *e);
void finish_wait(wait_queue_head_t *q, struct wait_queue_entry *e);
/* Wake every waiter; any context. */
void wake_up(wait_queue_head_t *q);
/* Sleep until woken or the absolute time; true when the time came. */
bool schedule_until(u64 deadline_ns);

#define wait_event(wq, cond)						\
do {									\
	struct wait_queue_entry _e = { .task = NULL };			\
									\
	while (1) {							\
		prepare_to_wait(&(wq), &_e);				\
		if (cond)						\
			break;						\
		schedule_until(U64_MAX);				\
	}								\
	finish_wait(&(wq), &_e);					\
} while (0)

/* @timeout in jiffies. 0 when it passed, else what remained (at least 1). */
#define wait_event_timeout(wq, cond, timeout) ({			\
	struct wait_queue_entry _e = { .task = NULL };			\
	u64 _dl = ktime_get_ns() + (u64)(timeout) * NSEC_PER_MSEC;	\
	long _left = 0;							\
									\
	while (1) {							\
		bool _late = ktime_get_ns() >= _dl;			\
									\
		prepare_to_wait(&(wq), &_e);				\
		if (cond) {						\
			u64 _now = ktime_get_ns();			\
									\
			_left = 1 + (_now < _dl ? (long)((_dl - _now) /	\
					NSEC_PER_MSEC) : 0);		\
			break;						\
		}							\
		if (_late)						\
			break;						\
		schedule_until(_dl);					\
	}								\
	finish_wait(&(wq), &_e);					\
	_left; })

#endif
