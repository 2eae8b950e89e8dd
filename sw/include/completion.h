/* SPDX-License-Identifier: MIT */
/* One-time events that threads wait for. */
#ifndef COMPLETION_H
#define COMPLETION_H

#include <wait.h>

struct completion {
	unsigned int done;	/* under wait.lock */
	wait_queue_head_t wait;
};

#define DECLARE_COMPLETION(n) \
	struct completion n = { 0, __WAIT_QUEUE_HEAD_INIT((n).wait) }
#define DECLARE_COMPLETION_ONSTACK(n)	DECLARE_COMPLETION(n)

static inline void init_completion(struct completion *c)
{
	c->done = 0;
	init_waitqueue_head(&c->wait);
}

/* While nobody waits. */
static inline void reinit_completion(struct completion *c)
{
	WRITE_ONCE(c->done, 0);
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
