// SPDX-License-Identifier: MIT
/* Work queues: one thread each. */
#include <arch.h>
#include <export.h>
#include <irqflags.h>
#include <kernel.h>
#include <kthread.h>
#include <list.h>
#include <slab.h>
#include <wait.h>
#include <workqueue.h>

struct workqueue_struct {
	struct list_head works;
	wait_queue_head_t more;
	wait_queue_head_t done;
	struct work_struct *running;
	struct task *thread;
};

struct workqueue_struct *system_wq;
EXPORT_SYMBOL(system_wq);

static int worker(void *data)
{
	struct workqueue_struct *wq = data;
	unsigned long flags;

	for (;;) {
		struct work_struct *w;

		wait_event(wq->more, !list_empty(&wq->works) ||
			   kthread_should_stop());
		local_irq_save(flags);
		w = list_first_entry_or_null(&wq->works, struct work_struct,
					     entry);
		if (!w) {
			local_irq_restore(flags);
			return 0;
		}
		list_del_init(&w->entry);
		w->pending = false;
		wq->running = w;
		local_irq_restore(flags);
		/* It may free its work_struct. */
		w->func(w);
		wq->running = NULL;
		wake_up(&wq->done);
	}
}

struct workqueue_struct *alloc_workqueue(const char *fmt, unsigned int flags,
					 int max_active, ...)
{
	struct workqueue_struct *wq = kzalloc(sizeof(*wq), GFP_KERNEL);
	char name[24];
	va_list ap;

	if (!wq)
		return NULL;
	va_start(ap, max_active);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	INIT_LIST_HEAD(&wq->works);
	init_waitqueue_head(&wq->more);
	init_waitqueue_head(&wq->done);
	wq->thread = kthread_run(worker, wq, "kworker/%s", name);
	if (IS_ERR(wq->thread)) {
		kfree(wq);
		return NULL;
	}
	return wq;
}
EXPORT_SYMBOL(alloc_workqueue);

void destroy_workqueue(struct workqueue_struct *wq)
{
	flush_workqueue(wq);
	kthread_stop(wq->thread);
	kfree(wq);
}
EXPORT_SYMBOL(destroy_workqueue);

bool queue_work(struct workqueue_struct *wq, struct work_struct *w)
{
	unsigned long flags;

	local_irq_save(flags);
	if (w->pending) {
		local_irq_restore(flags);
		return false;
	}
	w->pending = true;
	w->wq = wq;
	list_add_tail(&w->entry, &wq->works);
	wake_up(&wq->more);
	local_irq_restore(flags);
	return true;
}
EXPORT_SYMBOL(queue_work);

static void delayed_work_due(struct timer_list *t)
{
	struct delayed_work *w = from_timer(w, t, timer);

	w->work.pending = false;
	queue_work(w->wq, &w->work);
}

void INIT_DELAYED_WORK(struct delayed_work *w, work_func_t f)
{
	INIT_WORK(&w->work, f);
	timer_setup(&w->timer, delayed_work_due, 0);
	w->wq = NULL;
}
EXPORT_SYMBOL(INIT_DELAYED_WORK);

bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *w,
			unsigned long delay)
{
	unsigned long flags;

	if (!delay)
		return queue_work(wq, &w->work);
	local_irq_save(flags);
	if (w->work.pending) {
		local_irq_restore(flags);
		return false;
	}
	w->work.pending = true;
	w->wq = wq;
	mod_timer_ns(&w->timer, ktime_get_ns() + delay * NSEC_PER_MSEC);
	local_irq_restore(flags);
	return true;
}
EXPORT_SYMBOL(queue_delayed_work);

static bool work_idle(const struct work_struct *w)
{
	return !w->pending && (!w->wq || w->wq->running != w);
}

bool flush_work(struct work_struct *w)
{
	if (work_idle(w))
		return false;
	wait_event(w->wq->done, work_idle(w));
	return true;
}
EXPORT_SYMBOL(flush_work);

void flush_workqueue(struct workqueue_struct *wq)
{
	wait_event(wq->done, list_empty(&wq->works) && !wq->running);
}
EXPORT_SYMBOL(flush_workqueue);

bool cancel_work_sync(struct work_struct *w)
{
	unsigned long flags;
	bool was;

	local_irq_save(flags);
	was = w->pending;
	if (was) {
		list_del_init(&w->entry);
		w->pending = false;
	}
	local_irq_restore(flags);
	flush_work(w);
	return was;
}
EXPORT_SYMBOL(cancel_work_sync);

bool cancel_delayed_work_sync(struct delayed_work *w)
{
	if (del_timer(&w->timer)) {
		w->work.pending = false;
		return true;
	}
	return cancel_work_sync(&w->work);
}
EXPORT_SYMBOL(cancel_delayed_work_sync);

void __init workqueue_init(void)
{
	system_wq = alloc_workqueue("events", 0, 0);
	if (!system_wq)
		panic("no memory for the system work queue");
}
