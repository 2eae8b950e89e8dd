// SPDX-License-Identifier: MIT
/* Cooperative threads on one CPU: round robin among those that can run. */
#include <arch.h>
#include <delay.h>
#include <export.h>
#include <irqflags.h>
#include <kernel.h>
#include <mm.h>
#include <mutex.h>
#include <sched.h>
#include <shell.h>
#include <slab.h>
#include <timer.h>
#include <wait.h>

void cpu_switch_to(struct cpu_context *prev, const struct cpu_context *next);
extern char thread_start[];
void thread_exit(void);

static struct task idle_task = { .name = "idle", .state = TASK_RUNNING };
static LIST_HEAD(run_queue);
static LIST_HEAD(all_tasks);
/* The dead cannot free the stack they end on: the next in line does. */
static struct task *reap;

struct task *current = &idle_task;
EXPORT_SYMBOL(current);

const char *task_name(const struct task *t)
{
	return t->name;
}
EXPORT_SYMBOL(task_name);

static void reap_dead(void)
{
	struct task *t = reap;

	if (!t)
		return;
	reap = NULL;
	stack_free(t->stack);
	t->stack = NULL;
}

void schedule(void)
{
	struct task *prev = current, *next;
	unsigned long flags;

	local_irq_save(flags);
	BUG_ON(in_interrupt());
	if (prev->state == TASK_RUNNING && prev != &idle_task &&
	    !prev->queued) {
		list_add_tail(&prev->run, &run_queue);
		prev->queued = true;
	}
	next = list_first_entry_or_null(&run_queue, struct task, run);
	if (next) {
		list_del_init(&next->run);
		next->queued = false;
	} else {
		next = &idle_task;
	}
	if (next != prev) {
		current = next;
		cpu_switch_to(&prev->ctx, &next->ctx);
	}
	reap_dead();
	local_irq_restore(flags);
}
EXPORT_SYMBOL(schedule);

void wake_up_process(struct task *t)
{
	unsigned long flags;

	local_irq_save(flags);
	if (t->state == TASK_WAITING) {
		t->state = TASK_RUNNING;
		if (!t->queued && t != current) {
			list_add_tail(&t->run, &run_queue);
			t->queued = true;
		}
	}
	local_irq_restore(flags);
}
EXPORT_SYMBOL(wake_up_process);

void __noreturn cpu_idle(void)
{
	for (;;) {
		/* Masked, so that no wake-up comes between look and sleep; a
		 * pending interrupt ends the WFI all the same.
		 */
		local_irq_disable();
		if (list_empty(&run_queue))
			wfi();
		local_irq_enable();
		schedule();
	}
}

struct sleeper {
	struct timer_list timer;
	struct task *task;
	bool late;
};

static void sleep_over(struct timer_list *t)
{
	struct sleeper *s = from_timer(s, t, timer);

	s->late = true;
	wake_up_process(s->task);
}

/* The caller has set TASK_WAITING, or wants to sleep till the time only. */
static bool sleep_until(u64 deadline_ns)
{
	struct sleeper s = { .task = current };

	if (deadline_ns != U64_MAX) {
		timer_setup(&s.timer, sleep_over, 0);
		mod_timer_ns(&s.timer, deadline_ns);
	}
	schedule();
	if (deadline_ns != U64_MAX)
		del_timer(&s.timer);
	return s.late;
}

bool schedule_until(u64 deadline_ns)
{
	return sleep_until(deadline_ns);
}
EXPORT_SYMBOL(schedule_until);

void usleep_range(unsigned long min_us, unsigned long max_us)
{
	u64 end = ktime_get_ns() + (u64)min_us * 1000;

	(void)max_us;
	do {
		current->state = TASK_WAITING;
		sleep_until(end);
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

	local_irq_save(flags);
	if (!e->task) {
		e->task = current;
		list_add_tail(&e->entry, &q->waiters);
	}
	current->state = TASK_WAITING;
	local_irq_restore(flags);
}
EXPORT_SYMBOL(prepare_to_wait);

void finish_wait(wait_queue_head_t *q, struct wait_queue_entry *e)
{
	unsigned long flags;

	(void)q;
	local_irq_save(flags);
	current->state = TASK_RUNNING;
	list_del_init(&e->entry);
	local_irq_restore(flags);
}
EXPORT_SYMBOL(finish_wait);

void wake_up(wait_queue_head_t *q)
{
	struct wait_queue_entry *e;
	unsigned long flags;

	local_irq_save(flags);
	list_for_each_entry(e, &q->waiters, entry)
		wake_up_process(e->task);
	local_irq_restore(flags);
}
EXPORT_SYMBOL(wake_up);

void complete(struct completion *c)
{
	unsigned long flags;

	local_irq_save(flags);
	if (c->done != UINT_MAX)
		c->done++;
	wake_up(&c->wait);
	local_irq_restore(flags);
}
EXPORT_SYMBOL(complete);

void complete_all(struct completion *c)
{
	unsigned long flags;

	local_irq_save(flags);
	c->done = UINT_MAX;
	wake_up(&c->wait);
	local_irq_restore(flags);
}
EXPORT_SYMBOL(complete_all);

bool try_wait_for_completion(struct completion *c)
{
	unsigned long flags;
	bool ok;

	local_irq_save(flags);
	ok = c->done;
	if (ok && c->done != UINT_MAX)
		c->done--;
	local_irq_restore(flags);
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
	if (m->owner)
		return false;
	m->owner = current;
	return true;
}
EXPORT_SYMBOL(mutex_trylock);

void mutex_lock(struct mutex *m)
{
	BUG_ON(m->owner == current);
	wait_event(m->wait, mutex_trylock(m));
}
EXPORT_SYMBOL(mutex_lock);

void mutex_unlock(struct mutex *m)
{
	WARN_ON(m->owner != current);
	m->owner = NULL;
	wake_up(&m->wait);
}
EXPORT_SYMBOL(mutex_unlock);

bool mutex_is_locked(const struct mutex *m)
{
	return m->owner;
}
EXPORT_SYMBOL(mutex_is_locked);

void __noreturn thread_exit(void)
{
	BUG();
}

static void thread_body(struct task *t)
{
	t->result = t->fn(t->data);
	local_irq_disable();
	list_del(&t->all);
	t->state = TASK_DEAD;
	complete_all(&t->exited);
	reap_dead();
	reap = t;
	schedule();
	BUG();
}

struct task *kthread_run(int (*fn)(void *data), void *data, const char *fmt,
			 ...)
{
	struct task *t = kzalloc(sizeof(*t), GFP_KERNEL);
	unsigned long flags;
	va_list ap;

	if (!t)
		return ERR_PTR(-ENOMEM);
	t->stack = stack_alloc();
	if (!t->stack) {
		kfree(t);
		return ERR_PTR(-ENOMEM);
	}
	va_start(ap, fmt);
	vsnprintf(t->name, sizeof(t->name), fmt, ap);
	va_end(ap);
	t->fn = fn;
	t->data = data;
	init_completion(&t->exited);
	t->ctx.x19_x28[0] = (u64)thread_body;
	t->ctx.x19_x28[1] = (u64)t;
	t->ctx.x30 = (u64)thread_start;
	t->ctx.sp = (u64)t->stack + THREAD_SIZE;
	t->state = TASK_RUNNING;
	t->queued = true;
	local_irq_save(flags);
	list_add_tail(&t->all, &all_tasks);
	list_add_tail(&t->run, &run_queue);
	local_irq_restore(flags);
	return t;
}
EXPORT_SYMBOL(kthread_run);

bool kthread_should_stop(void)
{
	return current->should_stop;
}
EXPORT_SYMBOL(kthread_should_stop);

int kthread_stop(struct task *t)
{
	int ret;

	t->should_stop = true;
	wake_up_process(t);
	wait_for_completion(&t->exited);
	/* Let it leave its stack. */
	while (t->stack)
		schedule();
	ret = t->result;
	kfree(t);
	return ret;
}
EXPORT_SYMBOL(kthread_stop);

bool kernel_stack_range(unsigned long sp, unsigned long *lo,
			unsigned long *hi)
{
	unsigned long s = (unsigned long)current->stack;

	if (!s)
		s = (unsigned long)boot_stack;
	*lo = s;
	*hi = s + THREAD_SIZE;
	return sp >= *lo && sp < *hi;
}

static const char *state_name(const struct task *t)
{
	if (t == current)
		return "running";
	return t->state == TASK_WAITING ? "waiting" : "ready";
}

void tasks_show(void)
{
	struct task *t;

	list_for_each_entry(t, &all_tasks, all)
		shell_printf("%-24s %s\n", t->name, state_name(t));
}
