// SPDX-License-Identifier: MIT
/* Work queues: some threads each. */
#include <arch.h>
#include <export.h>
#include <kernel.h>
#include <kthread.h>
#include <list.h>
#include <slab.h>
#include <spinlock.h>
#include <wait.h>
#include <workqueue.h>

struct worker {
	struct workqueue_struct *wq;
	struct task *thread;
	/* Under wq_lock. The work may be gone: compared, never followed. */
	struct work_struct *running;
	work_func_t fn;
	u64 seq;		/* of the queueing that it runs for */
};

struct workqueue_struct {
	struct list_head node;
	struct list_head works;
	struct list_head delayed;	/* their timers run */
	wait_queue_head_t more;
	bool dying;
	char name[24];
	unsigned int nr_workers;
	struct worker workers[NR_CPUS];
};

/* Guards every queue and every work, so that a work which goes from a timer to
 * a queue to a thread is in one of them at any time. Timers are armed under it.
 */
static DEFINE_SPINLOCK(wq_lock);
static LIST_HEAD(workqueues);
static u64 last_seq;
/* Those that wait for works to end, of all queues. */
static DECLARE_WAIT_QUEUE_HEAD(done);

struct workqueue_struct *system_wq;
EXPORT_SYMBOL(system_wq);

/* ---- Who is where; under the lock */

static struct worker *worker_of(const struct work_struct *w)
{
	struct workqueue_struct *wq;
	unsigned int i;

	list_for_each_entry(wq, &workqueues, node)
		for (i = 0; i < wq->nr_workers; i++)
			if (wq->workers[i].running == w)
				return &wq->workers[i];
	return NULL;
}

/* The worker that this thread is, or NULL. */
static struct worker *this_worker(void)
{
	struct workqueue_struct *wq;
	unsigned int i;

	list_for_each_entry(wq, &workqueues, node)
		for (i = 0; i < wq->nr_workers; i++)
			if (wq->workers[i].thread == current)
				return &wq->workers[i];
	return NULL;
}

/* ---- Threads */

static bool take_work(struct worker *me, work_func_t *fn)
{
	struct workqueue_struct *wq = me->wq;
	struct work_struct *w;
	unsigned long flags;
	bool found = false;

	spin_lock_irqsave(&wq_lock, flags);
	list_for_each_entry(w, &wq->works, entry) {
		/* A work does not run beside itself: it has its turn when the
		 * other run ends.
		 */
		if (worker_of(w))
			continue;
		list_del_init(&w->entry);
		w->pending = false;
		w->wq = NULL;
		me->running = w;
		me->fn = w->func;
		me->seq = w->seq;
		*fn = w->func;
		found = true;
		break;
	}
	spin_unlock_irqrestore(&wq_lock, flags);
	return found;
}

static int worker(void *data)
{
	struct worker *me = data;
	unsigned long flags;
	work_func_t fn;
	bool work, more;

	for (;;) {
		wait_event(me->wq->more, (work = take_work(me, &fn)) ||
			   kthread_should_stop());
		if (!work)
			return 0;
		/* It may free its work_struct. */
		fn(me->running);
		spin_lock_irqsave(&wq_lock, flags);
		me->running = NULL;
		more = !list_empty(&me->wq->works);
		spin_unlock_irqrestore(&wq_lock, flags);
		wake_up(&done);
		/* One may have been passed over, because it ran here. */
		if (more)
			wake_up(&me->wq->more);
	}
}

static void stop_workers(struct workqueue_struct *wq)
{
	unsigned int i;

	for (i = 0; i < wq->nr_workers; i++)
		kthread_stop(wq->workers[i].thread);
}

struct workqueue_struct *alloc_workqueue(const char *fmt, unsigned int flags,
					 int max_active, ...)
{
	struct workqueue_struct *wq = kzalloc(sizeof(*wq), GFP_KERNEL);
	unsigned int n = num_online_cpus(), i;
	unsigned long irqflags;
	va_list ap;

	(void)flags;
	if (!wq)
		return NULL;
	if (max_active > 0)
		n = min((unsigned int)max_active, n);
	va_start(ap, max_active);
	vsnprintf(wq->name, sizeof(wq->name), fmt, ap);
	va_end(ap);
	INIT_LIST_HEAD(&wq->works);
	INIT_LIST_HEAD(&wq->delayed);
	init_waitqueue_head(&wq->more);
	for (i = 0; i < n; i++) {
		struct worker *k = &wq->workers[i];

		k->wq = wq;
		k->thread = n == 1 ?
			kthread_run(worker, k, "kworker/%s", wq->name) :
			kthread_run(worker, k, "kworker/%s:%u", wq->name, i);
		if (IS_ERR(k->thread)) {
			stop_workers(wq);
			kfree(wq);
			return NULL;
		}
		wq->nr_workers++;
	}
	spin_lock_irqsave(&wq_lock, irqflags);
	list_add_tail(&wq->node, &workqueues);
	spin_unlock_irqrestore(&wq_lock, irqflags);
	return wq;
}
EXPORT_SYMBOL(alloc_workqueue);

/* ---- Queueing */

/* Under the lock. A work of the queue that queues itself while it dies has no
 * next turn; anybody else has been told that the queue goes.
 */
static bool may_queue(struct workqueue_struct *wq, struct work_struct *w)
{
	struct worker *me;

	if (w->pending || w->cancels)
		return false;
	if (!wq->dying)
		return true;
	me = in_interrupt() ? NULL : this_worker();
	WARN(!me || me->wq != wq, "work %ps is queued to %s, which ends\n",
	     (void *)w->func, wq->name);
	return false;
}

static void add_to_queue(struct workqueue_struct *wq, struct work_struct *w)
{
	w->pending = true;
	w->delayed = false;
	w->wq = wq;
	w->seq = ++last_seq;
	list_add_tail(&w->entry, &wq->works);
	wake_up(&wq->more);
}

bool queue_work(struct workqueue_struct *wq, struct work_struct *w)
{
	unsigned long flags;
	bool ok;

	spin_lock_irqsave(&wq_lock, flags);
	ok = may_queue(wq, w);
	if (ok)
		add_to_queue(wq, w);
	spin_unlock_irqrestore(&wq_lock, flags);
	return ok;
}
EXPORT_SYMBOL(queue_work);

static void delayed_work_due(struct timer_list *t)
{
	struct delayed_work *w = from_timer(w, t, timer);
	unsigned long flags;

	spin_lock_irqsave(&wq_lock, flags);
	/* Cancelled on another CPU while this began: nothing is to be done. */
	if (w->work.delayed) {
		list_del_init(&w->work.entry);
		add_to_queue(w->work.wq, &w->work);
	}
	spin_unlock_irqrestore(&wq_lock, flags);
}

void INIT_DELAYED_WORK(struct delayed_work *w, work_func_t f)
{
	INIT_WORK(&w->work, f);
	timer_setup(&w->timer, delayed_work_due, 0);
}
EXPORT_SYMBOL(INIT_DELAYED_WORK);

bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *w,
			unsigned long delay)
{
	unsigned long flags;
	bool ok;

	if (!delay)
		return queue_work(wq, &w->work);
	spin_lock_irqsave(&wq_lock, flags);
	ok = may_queue(wq, &w->work);
	if (ok) {
		w->work.pending = true;
		w->work.delayed = true;
		w->work.wq = wq;
		list_add_tail(&w->work.entry, &wq->delayed);
		mod_timer_ns(&w->timer,
			     ktime_get_ns() + delay * NSEC_PER_MSEC);
	}
	spin_unlock_irqrestore(&wq_lock, flags);
	return ok;
}
EXPORT_SYMBOL(queue_delayed_work);

/* ---- Waiting */

/* Under the lock: the queueing @seq of @w waits for its turn, or runs. Only
 * works that are on a list are followed.
 */
static bool in_flight(const struct work_struct *w, u64 seq)
{
	struct workqueue_struct *wq;
	struct work_struct *q;
	unsigned int i;

	list_for_each_entry(wq, &workqueues, node) {
		for (i = 0; i < wq->nr_workers; i++)
			if (wq->workers[i].running == w &&
			    wq->workers[i].seq <= seq)
				return true;
		list_for_each_entry(q, &wq->works, entry)
			if (q == w && q->seq <= seq)
				return true;
	}
	return false;
}

static bool work_is_done(const struct work_struct *w, u64 seq)
{
	unsigned long flags;
	bool busy;

	spin_lock_irqsave(&wq_lock, flags);
	busy = in_flight(w, seq);
	spin_unlock_irqrestore(&wq_lock, flags);
	return !busy;
}

/* Under the lock: the thread is what @w waits for. */
static bool waits_for_itself(const struct work_struct *w)
{
	struct worker *me = this_worker();

	if (!me)
		return false;
	return me->running == w || (w->pending && !w->delayed &&
				    w->wq == me->wq &&
				    me->wq->nr_workers == 1);
}

bool flush_work(struct work_struct *w)
{
	unsigned long flags;
	bool self, busy;
	u64 seq;

	might_sleep();
	spin_lock_irqsave(&wq_lock, flags);
	seq = last_seq;
	busy = in_flight(w, seq);
	self = busy && waits_for_itself(w);
	spin_unlock_irqrestore(&wq_lock, flags);
	if (WARN(self, "flush_work of %ps would wait for itself\n",
		 (void *)w->func))
		return false;
	if (busy)
		wait_event(done, work_is_done(w, seq));
	return busy;
}
EXPORT_SYMBOL(flush_work);

/* What was queued up to @seq has run. */
static bool queue_is_done(struct workqueue_struct *wq, u64 seq)
{
	struct work_struct *w;
	unsigned long flags;
	bool busy = false;
	unsigned int i;

	spin_lock_irqsave(&wq_lock, flags);
	for (i = 0; i < wq->nr_workers; i++)
		busy |= wq->workers[i].running && wq->workers[i].seq <= seq;
	list_for_each_entry(w, &wq->works, entry)
		busy |= w->seq <= seq;
	spin_unlock_irqrestore(&wq_lock, flags);
	return !busy;
}

static bool is_worker_of(struct workqueue_struct *wq)
{
	unsigned long flags;
	struct worker *me;

	spin_lock_irqsave(&wq_lock, flags);
	me = this_worker();
	spin_unlock_irqrestore(&wq_lock, flags);
	return me && me->wq == wq;
}

void flush_workqueue(struct workqueue_struct *wq)
{
	unsigned long flags;
	u64 seq;

	if (WARN(is_worker_of(wq),
		 "a work of %s flushes it, which would wait for itself\n",
		 wq->name))
		return;
	spin_lock_irqsave(&wq_lock, flags);
	seq = last_seq;
	spin_unlock_irqrestore(&wq_lock, flags);
	wait_event(done, queue_is_done(wq, seq));
}
EXPORT_SYMBOL(flush_workqueue);

/* Under the lock. True when it waited, for its turn or its time. */
static bool take_off(struct work_struct *w)
{
	if (!w->pending)
		return false;
	list_del_init(&w->entry);
	w->pending = false;
	w->delayed = false;
	w->wq = NULL;
	return true;
}

static bool cancel(struct work_struct *w, struct timer_list *timer)
{
	unsigned long flags;
	bool was, self;

	might_sleep();
	spin_lock_irqsave(&wq_lock, flags);
	self = worker_of(w) && worker_of(w) == this_worker();
	w->cancels++;
	was = take_off(w);
	spin_unlock_irqrestore(&wq_lock, flags);
	if (timer)
		del_timer_sync(timer);
	if (!WARN(self, "work %ps cancels itself and would wait for that\n",
		  (void *)w->func))
		wait_event(done, work_is_done(w, U64_MAX));
	spin_lock_irqsave(&wq_lock, flags);
	w->cancels--;
	spin_unlock_irqrestore(&wq_lock, flags);
	return was;
}

bool cancel_work_sync(struct work_struct *w)
{
	return cancel(w, NULL);
}
EXPORT_SYMBOL(cancel_work_sync);

bool cancel_delayed_work_sync(struct delayed_work *w)
{
	return cancel(&w->work, &w->timer);
}
EXPORT_SYMBOL(cancel_delayed_work_sync);

/* ---- The end of a queue */

/* One whose time has not come, counted as being cancelled, or NULL. */
static struct delayed_work *take_delayed(struct workqueue_struct *wq)
{
	struct work_struct *w;
	unsigned long flags;

	spin_lock_irqsave(&wq_lock, flags);
	w = list_first_entry_or_null(&wq->delayed, struct work_struct, entry);
	if (w) {
		take_off(w);
		w->cancels++;
	}
	spin_unlock_irqrestore(&wq_lock, flags);
	return w ? to_delayed_work(w) : NULL;
}

void destroy_workqueue(struct workqueue_struct *wq)
{
	struct delayed_work *w;
	unsigned long flags;

	if (WARN(is_worker_of(wq), "a work of %s destroys it\n", wq->name))
		return;
	spin_lock_irqsave(&wq_lock, flags);
	wq->dying = true;
	spin_unlock_irqrestore(&wq_lock, flags);
	while ((w = take_delayed(wq))) {
		WARN(true, "%s ends, and delayed work %ps waits in it\n",
		     wq->name, (void *)w->work.func);
		del_timer_sync(&w->timer);
		spin_lock_irqsave(&wq_lock, flags);
		w->work.cancels--;
		spin_unlock_irqrestore(&wq_lock, flags);
	}
	flush_workqueue(wq);
	stop_workers(wq);
	spin_lock_irqsave(&wq_lock, flags);
	list_del(&wq->node);
	spin_unlock_irqrestore(&wq_lock, flags);
	kfree(wq);
}
EXPORT_SYMBOL(destroy_workqueue);

/* ---- What a module leaves */

static bool in_range(const void *p, const void *start, size_t size)
{
	return (size_t)((const char *)p - (const char *)start) < size;
}

static struct work_struct *first_left(struct list_head *works,
				      const void *start, size_t size)
{
	struct work_struct *w;

	list_for_each_entry(w, works, entry)
		if (in_range(w, start, size) ||
		    in_range((const void *)w->func, start, size))
			return w;
	return NULL;
}

/* One that waits, counted as being cancelled, or NULL. */
static struct work_struct *take_left(const void *start, size_t size,
				     bool *delayed)
{
	struct workqueue_struct *wq;
	struct work_struct *w = NULL;
	unsigned long flags;

	spin_lock_irqsave(&wq_lock, flags);
	list_for_each_entry(wq, &workqueues, node) {
		w = first_left(&wq->works, start, size);
		*delayed = !w;
		if (!w)
			w = first_left(&wq->delayed, start, size);
		if (w)
			break;
	}
	if (w) {
		take_off(w);
		w->cancels++;
	}
	spin_unlock_irqrestore(&wq_lock, flags);
	return w;
}

static bool none_runs(const void *start, size_t size)
{
	struct workqueue_struct *wq;
	unsigned long flags;
	bool busy = false;
	unsigned int i;

	spin_lock_irqsave(&wq_lock, flags);
	list_for_each_entry(wq, &workqueues, node)
		for (i = 0; i < wq->nr_workers; i++)
			busy |= wq->workers[i].running &&
				(in_range(wq->workers[i].running, start,
					  size) ||
				 in_range((const void *)wq->workers[i].fn,
					  start, size));
	spin_unlock_irqrestore(&wq_lock, flags);
	return !busy;
}

void workqueue_drop_range(const void *start, size_t size, const char *name)
{
	struct work_struct *w;
	unsigned long flags;
	bool delayed;

	/* One that runs may queue itself again. */
	do {
		while ((w = take_left(start, size, &delayed))) {
			pr_warn("%s leaves work %ps queued: cancelled\n", name,
				(void *)w->func);
			if (delayed)
				del_timer_sync(&to_delayed_work(w)->timer);
			spin_lock_irqsave(&wq_lock, flags);
			w->cancels--;
			spin_unlock_irqrestore(&wq_lock, flags);
		}
		if (none_runs(start, size))
			break;
		pr_warn("%s leaves a work that runs: waiting for it\n", name);
		wait_event(done, none_runs(start, size));
	} while (true);
}

void __init workqueue_init(void)
{
	system_wq = alloc_workqueue("events", 0, 0);
	if (!system_wq)
		panic("no memory for the system work queue");
}
