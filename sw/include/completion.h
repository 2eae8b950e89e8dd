/* SPDX-License-Identifier: MIT */
/* One-time events that threads wait for. */
#ifndef COMPLETION_H
#define COMPLETION_H

#include <wait.h>

struct completion {
	unsigned int done;
	wait_queue_head_t wait;
};

#define DECLARE_COMPLETION(n) \
	struct completion n = { 0, { LIST_HEAD_INIT((n).wait.waiters) } }
#define DECLARE_COMPLETION_ONSTACK(n)	DECLARE_COMPLETION(n)

static inline void init_completion(struct completion *c)
{
	c->done = 0;
	init_waitqueue_head(&c->wait);
}

static inline void reinit_completion(struct completion *c)
{
	c->done = 0;
}

/* Any context. */
void complete(struct completion *c);
void complete_all(struct completion *c);
void wait_for_completion(struct completion *c);
/* @timeout in jiffies; 0 when it passed, else what remained. */
unsigned long wait_for_completion_timeout(struct completion *c,
					  unsigned long timeout);
bool try_wait_for_completion(struct completion *c);

#endif
