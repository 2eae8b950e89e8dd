/* SPDX-License-Identifier: MIT */
/* Sleeping locks; threads only. Waiters get the mutex in the order in which
 * they came.
 */
#ifndef MUTEX_H
#define MUTEX_H

#include <wait.h>

struct mutex {
	struct task *owner;	/* under wait.lock */
	wait_queue_head_t wait;
};

#define DEFINE_MUTEX(n) \
	struct mutex n = { NULL, __WAIT_QUEUE_HEAD_INIT((n).wait) }

void mutex_init(struct mutex *m);
void mutex_lock(struct mutex *m);
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);
bool mutex_is_locked(const struct mutex *m);
/* By this thread. */
bool mutex_is_held(const struct mutex *m);

#endif
