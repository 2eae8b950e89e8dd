/* SPDX-License-Identifier: MIT */
/* Sleeping locks; threads only. */
#ifndef MUTEX_H
#define MUTEX_H

#include <wait.h>

struct mutex {
	struct task *owner;
	wait_queue_head_t wait;
};

#define DEFINE_MUTEX(n) \
	struct mutex n = { NULL, { LIST_HEAD_INIT((n).wait.waiters) } }

void mutex_init(struct mutex *m);
void mutex_lock(struct mutex *m);
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);
bool mutex_is_locked(const struct mutex *m);
#define mutex_destroy(m)	do { (void)(m); } while (0)

#endif
