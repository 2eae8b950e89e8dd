// SPDX-License-Identifier: MIT
/* Several CPUs at once on everything that they share, with totals that come out
 * exactly or not at all. Works with one CPU too.
 */
#include <atomic.h>
#include <delay.h>
#include <errno.h>
#include <kernel.h>
#include <ktap.h>
#include <kthread.h>
#include <ktime.h>
#include <mm.h>
#include <module.h>
#include <mutex.h>
#include <percpu.h>
#include <sched.h>
#include <slab.h>
#include <spinlock.h>
#include <timer.h>
#include <workqueue.h>
#include "test-smp.h"

#define ROUNDS		200
/* Threads; more than CPUs, so that they wait for each other's CPU too. */
#define THREADS		(2 * NR_CPUS)

static atomic_t failures;
static DEFINE_PER_CPU(unsigned long, visits);

/* Runs @fn in @n threads, each with its number, and waits for them. */
static int run_threads(unsigned int n, int (*fn)(void *data))
{
	struct task *t[THREADS];
	unsigned int i;
	int ret = 0;

	for (i = 0; i < n; i++)
		t[i] = kthread_run(fn, (void *)(unsigned long)i, "smp/%u", i);
	for (i = 0; i < n; i++)
		if (IS_ERR(t[i]) || kthread_stop(t[i]))
			ret = -EIO;
	return ret;
}

/* ---- CPUs */

static void note_cpu(void *data)
{
	cpumask_t *mask = data;

	if (!irqs_disabled())
		atomic_inc(&failures);
	__atomic_fetch_or(mask, CPU_MASK(smp_processor_id()),
			  __ATOMIC_RELAXED);
}

static int pinned(void *data)
{
	unsigned int cpu = (unsigned int)(unsigned long)data;
	int i;

	for (i = 0; i < 20; i++) {
		if (smp_processor_id() != cpu)
			return -EIO;
		per_cpu(visits, cpu)++;
		if (i % 4)
			schedule();
		else
			msleep(1);
	}
	return 0;
}

static void test_cpus(void)
{
	struct task *t[NR_CPUS] = { NULL };
	cpumask_t called = 0, others = 0;
	unsigned int cpu;
	bool ok = true;

	on_each_cpu(note_cpu, &called);
	smp_call_function(note_cpu, &others);
	ktap_ok(called == cpu_online_mask &&
		hweight32(others) == num_online_cpus() - 1 &&
		!atomic_read(&failures),
		"a function runs once on each CPU, with interrupts disabled");
	called = 0;
	for_each_online_cpu(cpu) {
		called = 0;
		ok &= !smp_call_function_single(cpu, note_cpu, &called) &&
		      called == CPU_MASK(cpu);
	}
	ktap_ok(ok && smp_call_function_single(NR_CPUS, note_cpu, &called) ==
		      -ENXIO,
		"a function runs on the CPU that is named");
	for_each_online_cpu(cpu)
		t[cpu] = kthread_run_on_cpu(pinned,
					    (void *)(unsigned long)cpu, cpu,
					    "pinned/%u", cpu);
	ok = true;
	for_each_online_cpu(cpu)
		ok &= !IS_ERR(t[cpu]) && !kthread_stop(t[cpu]) &&
		      per_cpu(visits, cpu) == 20;
	ktap_ok(ok && IS_ERR(kthread_run_on_cpu(pinned, NULL, NR_CPUS, "no")),
		"a thread for one CPU stays on it");
}

/* ---- Locks */

static DEFINE_SPINLOCK(lock);
static DEFINE_MUTEX(mutex);
static unsigned long spun, owned;
static bool inside;

static int lock_thread(void *data)
{
	unsigned long flags;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		spin_lock_irqsave(&lock, flags);
		/* Not one instruction: another's would be lost. */
		WRITE_ONCE(spun, READ_ONCE(spun) + 1);
		spin_unlock_irqrestore(&lock, flags);
		if (spin_trylock(&lock)) {
			if (!spin_is_held(&lock))
				return -EIO;
			WRITE_ONCE(spun, READ_ONCE(spun) + 1);
			spin_unlock(&lock);
		} else {
			spin_lock(&lock);
			WRITE_ONCE(spun, READ_ONCE(spun) + 1);
			spin_unlock(&lock);
		}
		mutex_lock(&mutex);
		if (inside)
			return -EIO;
		inside = true;
		/* Its holder may sleep, and come back on another CPU. */
		if (i % 16 == 0)
			schedule();
		owned++;
		inside = false;
		mutex_unlock(&mutex);
	}
	return 0;
}

static atomic_t entered;
static unsigned long counted;

/* Without a wait between, so that CPUs come at the same instant. */
static int trylock_thread(void *data)
{
	int i;

	for (i = 0; i < 40 * ROUNDS; i++) {
		if (!mutex_trylock(&mutex))
			continue;
		atomic_inc(&entered);
		WRITE_ONCE(counted, READ_ONCE(counted) + 1);
		mutex_unlock(&mutex);
	}
	return 0;
}

static void test_locks(void)
{
	int ret = run_threads(THREADS, lock_thread);

	ktap_ok(!ret && spun == 2UL * THREADS * ROUNDS,
		"a spin lock keeps all other CPUs out");
	ktap_ok(!ret && owned == (unsigned long)THREADS * ROUNDS,
		"a mutex keeps all other threads out");
	ret = run_threads(THREADS, trylock_thread);
	ktap_ok(!ret && counted == (unsigned long)atomic_read(&entered),
		"so does one that is tried");
	ktap_ok(!spin_is_locked(&lock) && !mutex_is_locked(&mutex),
		"locks are free behind that");
}

/* ---- Waiting: pairs of threads hand a ball to each other */

static DECLARE_WAIT_QUEUE_HEAD(table);
static int ball[THREADS / 2];
static struct completion served[THREADS / 2];

static int player(void *data)
{
	unsigned int me = (unsigned int)(unsigned long)data, pair = me / 2;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		wait_event(table, READ_ONCE(ball[pair]) == (int)(me & 1));
		WRITE_ONCE(ball[pair], !(me & 1));
		wake_up(&table);
	}
	return 0;
}

static int server(void *data)
{
	unsigned int me = (unsigned int)(unsigned long)data;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		if (me & 1)
			complete(&served[me / 2]);
		else
			wait_for_completion(&served[me / 2]);
	}
	return 0;
}

static void test_waiting(void)
{
	bool ok = true;
	unsigned int i;

	ktap_ok(!run_threads(THREADS, player),
		"no wake-up of a wait queue is lost");
	for (i = 0; i < THREADS / 2; i++)
		init_completion(&served[i]);
	ok = !run_threads(THREADS, server);
	for (i = 0; i < THREADS / 2; i++)
		ok &= !try_wait_for_completion(&served[i]);
	ktap_ok(ok, "completions are counted");
}

/* ---- Timers */

static atomic_t fired;

struct my_timer {
	struct timer_list timer;
	unsigned int left;
	struct completion end;
};

static void again(struct timer_list *t)
{
	struct my_timer *m = from_timer(m, t, timer);

	atomic_inc(&fired);
	if (--m->left)
		mod_timer_ns(t, ktime_get_ns() + 20 * NSEC_PER_USEC);
	else
		complete(&m->end);
}

static int timer_thread(void *data)
{
	unsigned int i, cancelled = 0;

	for (i = 0; i < ROUNDS / 10; i++) {
		struct my_timer m = { .left = 4 };

		init_completion(&m.end);
		timer_setup(&m.timer, again, 0);
		mod_timer_ns(&m.timer, ktime_get_ns() + 10 * NSEC_PER_USEC);
		wait_for_completion(&m.end);
		/* One that may fire just now. On this stack. */
		del_timer_sync(&m.timer);
		m.left = 1;
		mod_timer_ns(&m.timer,
			     ktime_get_ns() + (i % 8) * 10 * NSEC_PER_USEC);
		udelay(30);
		cancelled = del_timer_sync(&m.timer);
		if (m.left != cancelled)
			return -EIO;
		atomic_add((int)cancelled, &fired);
	}
	return 0;
}

struct slow_timer {
	struct timer_list timer;
	bool running;
	unsigned long runs;
};

static void slow(struct timer_list *t)
{
	struct slow_timer *s = from_timer(s, t, timer);

	WRITE_ONCE(s->running, true);
	udelay(50);
	s->runs++;
	WRITE_ONCE(s->running, false);
}

static void arm(void *data)
{
	struct slow_timer *s = data;

	mod_timer_ns(&s->timer, ktime_get_ns());
}

/* A handler that is at it on another CPU is waited for. */
static bool waits_for_handlers(void)
{
	unsigned int cpu;
	bool ok = true;
	int i;

	for_each_online_cpu(cpu)
		for (i = 0; i < 20; i++) {
			struct slow_timer s = { .runs = 0 };
			bool was;

			timer_setup(&s.timer, slow, 0);
			ok &= !smp_call_function_single(cpu, arm, &s);
			udelay((unsigned long)i * 5);
			was = del_timer_sync(&s.timer);
			ok &= !READ_ONCE(s.running) && s.runs == !was;
		}
	return ok;
}

static void test_timers(void)
{
	int ret = run_threads(THREADS, timer_thread);

	ktap_ok(waits_for_handlers(),
		"no handler of a timer that is deleted runs on");

	ktap_ok(!ret && atomic_read(&fired) == THREADS * (ROUNDS / 10) * 5,
		"each timer fires once for each time it was armed, or not at all");
}

/* ---- Memory */

static bool filled(const u8 *p, size_t n, u8 c)
{
	return !memchr_inv(p, c, n);
}

static int memory_thread(void *data)
{
	u8 mark = (u8)((unsigned long)data + 1);
	struct rnd_state r;
	u8 *p[16] = { NULL };
	size_t n[16] = { 0 };
	int i;

	prandom_seed_state(&r, mark);
	/* One size, so that CPUs come for the same list at the same instant. */
	for (i = 0; i < 150 * ROUNDS; i++) {
		u8 *one = kmalloc(64, GFP_KERNEL);

		if (!one)
			return -ENOMEM;
		*one = mark;
		barrier();
		if (*one != mark)
			return -EIO;
		kfree(one);
	}
	for (i = 0; i < 2 * ROUNDS; i++) {
		unsigned int k = prandom_u32_state(&r) % 16;

		if (p[k] && !filled(p[k], n[k], mark))
			return -EIO;
		if (k < 14)
			kfree(p[k]);
		else
			vfree(p[k]);
		n[k] = prandom_u32_state(&r) % (k < 14 ? 700 : 20000) + 1;
		p[k] = k < 14 ? kmalloc(n[k], GFP_KERNEL) : vmalloc(n[k]);
		if (!p[k])
			return -ENOMEM;
		memset(p[k], mark, n[k]);
		if (i % 64 == 0)
			schedule();
	}
	for (i = 0; i < 16; i++)
		if (i < 14)
			kfree(p[i]);
		else
			vfree(p[i]);
	return 0;
}

static void test_memory(void)
{
	size_t o0, b0, o1, b1;
	int ret;

	slab_usage(&o0, &b0);
	ret = run_threads(THREADS, memory_thread);
	slab_usage(&o1, &b1);
	ktap_ok(!ret && o0 == o1 && b0 == b1,
		"memory that CPUs allocate at once is disjoint, and all goes back");
}

/* ---- Works */

struct my_work {
	struct work_struct work;
	atomic_t runs;
	bool running;
};

static struct my_work works[NR_CPUS];
static atomic_t freed;

static void my_work_fn(struct work_struct *w)
{
	struct my_work *m = container_of(w, struct my_work, work);

	if (__atomic_exchange_n(&m->running, true, __ATOMIC_SEQ_CST))
		atomic_inc(&failures);
	atomic_inc(&m->runs);
	cpu_relax();
	__atomic_store_n(&m->running, false, __ATOMIC_SEQ_CST);
}

static void freeing_fn(struct work_struct *w)
{
	kfree(container_of(w, struct my_work, work));
	atomic_inc(&freed);
}

static atomic_t queued[NR_CPUS];

static int work_thread(void *data)
{
	unsigned int me = (unsigned int)(unsigned long)data, i;

	for (i = 0; i < ROUNDS; i++) {
		unsigned int k = (me + i) % NR_CPUS;
		struct my_work *own;

		if (schedule_work(&works[k].work))
			atomic_inc(&queued[k]);
		if (i % 16 == 0)
			flush_work(&works[k].work);
		if (i % 8)
			continue;
		own = kzalloc(sizeof(*own), GFP_KERNEL);
		if (!own)
			return -ENOMEM;
		INIT_WORK(&own->work, freeing_fn);
		if (!schedule_work(&own->work))
			return -EIO;
	}
	return 0;
}

static void test_works(void)
{
	bool ok = true;
	unsigned int i;
	int ret;

	for (i = 0; i < NR_CPUS; i++)
		INIT_WORK(&works[i].work, my_work_fn);
	ret = run_threads(THREADS, work_thread);
	flush_workqueue(system_wq);
	for (i = 0; i < NR_CPUS; i++)
		ok &= atomic_read(&works[i].runs) == atomic_read(&queued[i]);
	ktap_ok(!ret && ok && !atomic_read(&failures),
		"a work runs once for each queueing, and never beside itself");
	ktap_ok(atomic_read(&freed) == THREADS * (ROUNDS / 8),
		"a work may free itself");
}

static atomic_t requeued;
static struct workqueue_struct *own_wq;

static void endless_fn(struct work_struct *w)
{
	atomic_inc(&requeued);
	queue_work(own_wq, w);
}

static void endless_delayed_fn(struct work_struct *w)
{
	atomic_inc(&requeued);
	queue_delayed_work(own_wq, to_delayed_work(w), 1);
}

static void test_cancelling(void)
{
	struct delayed_work late;
	struct work_struct w;
	bool ok = true;
	int i, n;

	own_wq = alloc_workqueue("smp-test", 0, 0);
	if (!ktap_ok(own_wq, "a queue is made"))
		return;
	INIT_DELAYED_WORK(&late, endless_delayed_fn);
	for (i = 0; i < 50; i++) {
		INIT_WORK(&w, endless_fn);
		queue_work(own_wq, &w);
		udelay((unsigned long)i * 3);
		cancel_work_sync(&w);
		n = atomic_read(&requeued);
		udelay(20);
		ok &= n == atomic_read(&requeued) && !flush_work(&w);
	}
	ktap_ok(ok, "a work that queues itself is cancelled for good");
	for (i = 0; i < 20; i++) {
		queue_delayed_work(own_wq, &late, 1);
		udelay(900 + (unsigned long)i * 10);
		if (i % 4 == 0)
			msleep(3);
		cancel_delayed_work_sync(&late);
		n = atomic_read(&requeued);
		msleep(2);
		ok &= n == atomic_read(&requeued);
	}
	ktap_ok(ok, "so is a delayed one, between its timer and its turn");
	INIT_WORK(&w, endless_fn);
	queue_work(own_wq, &w);
	destroy_workqueue(own_wq);
	ktap_ok(!flush_work(&w) && !cancel_work_sync(&w),
		"a work may be flushed when its queue is gone");
}

static int __init test_smp_init(void)
{
	ktap_plan(18);
	test_cpus();
	test_locks();
	test_waiting();
	test_timers();
	test_memory();
	test_works();
	test_cancelling();
	return 0;
}

static int __init test_smp_all_init(void)
{
	int ret = test_smp_register_faults();

	return ret ? ret : test_smp_init();
}
module_init(test_smp_all_init);

static void __exit test_smp_exit(void)
{
	test_smp_unregister_faults();
}
module_exit(test_smp_exit);

MODULE_LICENSE("Dual MIT/GPL");
