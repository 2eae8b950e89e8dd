// SPDX-License-Identifier: MIT
/* What threads wait by: time, wait queues, completions, mutexes. */
#include <delay.h>
#include <export.h>
#include <kernel.h>
#include <mutex.h>
#include <sched.h>
#include <timer.h>
#include <wait.h>
#include "smp_internal.h"

struct sleeper {
	struct timer_list timer;
	struct task *task;
	bool late;
};

static void sleep_over(struct timer_list *t)
{
	struct sleeper *s = from_timer(s, t, timer);

	WRITE_ONCE(s->late, true);
	wake_up_process(s->task);
}

/* The caller has called set_waiting(). */
bool schedule_until(u64 deadline_ns)
{
	struct sleeper s = { .task = current };

	if (deadline_ns == U64_MAX) {
		schedule();
		return false;
	}
	timer_setup(&s.timer, sleep_over, 0);
	mod_timer_ns(&s.timer, deadline_ns);
	schedule();
	/* Its handler may run on another CPU, and uses this stack. */
	del_timer_sync(&s.timer);
	return s.late;
}
EXPORT_SYMBOL(schedule_until);

void usleep_range(unsigned long min_us, unsigned long max_us)
{
	u64 end = ktime_get_ns() + (u64)min_us * 1000;

	(void)max_us;
	do {
		set_waiting();
		schedule_until(end);
	} while (ktime_get_ns() < end);
}
EXPORT_SYMBOL(usleep_range);

void msleep(unsigned int ms)
{
	usleep_range((unsigned long)ms * 1000, (unsigned long)ms * 1000);
}
EXPORT_SYMBOL(msleep);

void prepare_to_wait(wait_queue_head_t *q, struct wait_queue_entry *e)
{
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	if (!e->task) {
		e->task = current;
		list_add_tail(&e->entry, &q->waiters);
	}
	set_waiting();
	spin_unlock_irqrestore(&q->lock, flags);
}
EXPORT_SYMBOL(prepare_to_wait);

void finish_wait(wait_queue_head_t *q, struct wait_queue_entry *e)
{
	unsigned long flags;

	WRITE_ONCE(current->state, TASK_RUNNING);
	spin_lock_irqsave(&q->lock, flags);
	list_del_init(&e->entry);
	spin_unlock_irqrestore(&q->lock, flags);
}
EXPORT_SYMBOL(finish_wait);

static void wake_up_locked(wait_queue_head_t *q)
{
	struct wait_queue_entry *e;

	list_for_each_entry(e, &q->waiters, entry)
		wake_up_process(e->task);
}

void wake_up(wait_queue_head_t *q)
{
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	wake_up_locked(q);
	spin_unlock_irqrestore(&q->lock, flags);
}
EXPORT_SYMBOL(wake_up);

/* The waiter of a completion may free it as soon as it sees it done: it sees
 * that under the lock only, and the unlocking is the last that is done to it
 * here.
 */
void complete(struct completion *c)
{
	unsigned long flags;

	spin_lock_irqsave(&c->wait.lock, flags);
	if (c->done != UINT_MAX)
		c->done++;
	wake_up_locked(&c->wait);
	spin_unlock_irqrestore(&c->wait.lock, flags);
}
EXPORT_SYMBOL(complete);

void complete_all(struct completion *c)
{
	unsigned long flags;

	spin_lock_irqsave(&c->wait.lock, flags);
	c->done = UINT_MAX;
	wake_up_locked(&c->wait);
	spin_unlock_irqrestore(&c->wait.lock, flags);
}
EXPORT_SYMBOL(complete_all);

bool try_wait_for_completion(struct completion *c)
{
	unsigned long flags;
	bool ok;

	spin_lock_irqsave(&c->wait.lock, flags);
	ok = c->done;
	if (ok && c->done != UINT_MAX)
		c->done--;
	spin_unlock_irqrestore(&c->wait.lock, flags);
	return ok;
}
EXPORT_SYMBOL(try_wait_for_completion);

void wait_for_completion(struct completion *c)
{
	wait_event(c->wait, try_wait_for_completion(c));
}
EXPORT_SYMBOL(wait_for_completion);

unsigned long wait_for_completion_timeout(struct completion *c,
					  unsigned long timeout)
{
	return (unsigned long)wait_event_timeout(c->wait,
						 try_wait_for_completion(c),
						 timeout);
}
EXPORT_SYMBOL(wait_for_completion_timeout);

void mutex_init(struct mutex *m)
{
	m->owner = NULL;
	init_waitqueue_head(&m->wait);
}
EXPORT_SYMBOL(mutex_init);

bool mutex_trylock(struct mutex *m)
{
	unsigned long flags;
	bool ok;

	spin_lock_irqsave(&m->wait.lock, flags);
	ok = !m->owner;
	if (ok)
		m->owner = current;
	spin_unlock_irqrestore(&m->wait.lock, flags);
	return ok;
}
EXPORT_SYMBOL(mutex_trylock);

/* Free, or handed over by mutex_unlock(). */
static bool mutex_got(struct mutex *m)
{
	return READ_ONCE(m->owner) == current || mutex_trylock(m);
}

void mutex_lock(struct mutex *m)
{
	if (mutex_is_held(m))
		panic("mutex %p: thread %s takes it twice, from %pS", m,
		      current->name, __builtin_return_address(0));
	wait_event(m->wait, mutex_got(m));
}
EXPORT_SYMBOL(mutex_lock);

/* To the first waiter, if there is one: a thread that takes the mutex again and
 * again does not keep others out. As with complete(), the next owner may free
 * the mutex.
 */
void mutex_unlock(struct mutex *m)
{
	struct wait_queue_entry *e;
	unsigned long flags;

	spin_lock_irqsave(&m->wait.lock, flags);
	WARN_ON(m->owner != current);
	e = list_first_entry_or_null(&m->wait.waiters,
				     struct wait_queue_entry, entry);
	WRITE_ONCE(m->owner, e ? e->task : NULL);
	if (e)
		wake_up_process(e->task);
	spin_unlock_irqrestore(&m->wait.lock, flags);
}
EXPORT_SYMBOL(mutex_unlock);

bool mutex_is_locked(const struct mutex *m)
{
	return READ_ONCE(m->owner);
}
EXPORT_SYMBOL(mutex_is_locked);

bool mutex_is_held(const struct mutex *m)
{
	return READ_ONCE(m->owner) == current;
}
EXPORT_SYMBOL(mutex_is_held);
