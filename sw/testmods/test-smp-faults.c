// SPDX-License-Identifier: MIT
/* The command "smp": what the core has to refuse, or to end the machine for. */
#include <atomic.h>
#include <delay.h>
#include <errno.h>
#include <interrupt.h>
#include <kernel.h>
#include <kthread.h>
#include <mutex.h>
#include <shell.h>
#include <smp.h>
#include <spinlock.h>
#include <workqueue.h>
#include <module.h>
#include "test-smp.h"

static DEFINE_SPINLOCK(lock);
static DEFINE_MUTEX(mutex);
/* Threads that have their CPU. */
static atomic_t there;

static struct work_struct bad_work;
static struct workqueue_struct *bad_wq;

static void flush_self(struct work_struct *w)
{
	flush_work(w);
}

static void flush_queue(struct work_struct *w)
{
	flush_workqueue(bad_wq);
}

static void cancel_self(struct work_struct *w)
{
	cancel_work_sync(w);
}

static void destroy_own(struct work_struct *w)
{
	destroy_workqueue(bad_wq);
}

static void nothing(struct work_struct *w)
{
}

static int run_bad(work_func_t fn)
{
	struct work_struct probe;

	bad_wq = alloc_ordered_workqueue("bad", 0);
	if (!bad_wq)
		return -ENOMEM;
	INIT_WORK(&bad_work, fn);
	INIT_WORK(&probe, nothing);
	queue_work(bad_wq, &bad_work);
	flush_work(&bad_work);
	queue_work(bad_wq, &probe);
	flush_work(&probe);
	destroy_workqueue(bad_wq);
	return 0;
}

static int destroy_with_delayed(void)
{
	struct delayed_work late;

	bad_wq = alloc_ordered_workqueue("bad", 0);
	if (!bad_wq)
		return -ENOMEM;
	INIT_DELAYED_WORK(&late, nothing);
	queue_delayed_work(bad_wq, &late, 100000);
	destroy_workqueue(bad_wq);
	return cancel_delayed_work_sync(&late) ? -EIO : 0;
}

static int oops_thread(void *data)
{
	*(volatile int *)data = 1;
	return 0;
}

static int on_last_cpu(int (*fn)(void *data))
{
	unsigned int cpu, last = 0;
	struct task *t;

	for_each_online_cpu(cpu)
		last = cpu;
	t = kthread_run_on_cpu(fn, (void *)8, last, "victim");
	return IS_ERR(t) ? (int)PTR_ERR(t) : kthread_stop(t);
}

static int deaf_thread(void *data)
{
	local_irq_disable();
	atomic_inc(&there);
	for (;;)
		barrier();
	return 0;
}

static int busy_thread(void *data)
{
	atomic_inc(&there);
	while (!kthread_should_stop())
		udelay(1);
	return 0;
}

static int bug_thread(void *data)
{
	BUG();
	return 0;
}

static int panic_thread(void *data)
{
	while (atomic_read(&there) < (int)(unsigned long)data)
		cpu_relax();
	panic("as asked");
}

static irqreturn_t left_handler(int irq, void *data)
{
	return IRQ_HANDLED;
}

static int cmd_smp(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	unsigned int cpu;

	if (!strcmp(how, "recursion")) {
		spin_lock(&lock);
		spin_lock(&lock);
	} else if (!strcmp(how, "sleep")) {
		spin_lock(&lock);
		msleep(1);
	} else if (!strcmp(how, "unlock")) {
		spin_unlock(&lock);
	} else if (!strcmp(how, "mutex")) {
		mutex_lock(&mutex);
		mutex_lock(&mutex);
	} else if (!strcmp(how, "held")) {
		lockdep_assert_held(&lock);
		lockdep_assert_held(&mutex);
	} else if (!strcmp(how, "flush-self")) {
		return run_bad(flush_self);
	} else if (!strcmp(how, "flush-queue")) {
		return run_bad(flush_queue);
	} else if (!strcmp(how, "cancel-self")) {
		return run_bad(cancel_self);
	} else if (!strcmp(how, "destroy-own")) {
		return run_bad(destroy_own);
	} else if (!strcmp(how, "destroy-delayed")) {
		return destroy_with_delayed();
	} else if (!strcmp(how, "oops")) {
		return on_last_cpu(oops_thread);
	} else if (!strcmp(how, "bug")) {
		return on_last_cpu(bug_thread);
	} else if (!strcmp(how, "deaf")) {
		/* A CPU that takes no interrupt, and a panic on another. */
		kthread_run_on_cpu(panic_thread, (void *)1, 0, "panic");
		on_last_cpu(deaf_thread);
	} else if (!strcmp(how, "busy-panic")) {
		/* On all CPUs but this thread's. */
		kthread_run_on_cpu(panic_thread,
				   (void *)(num_online_cpus() - 1UL), 0,
				   "panic");
		for_each_online_cpu(cpu)
			kthread_run(busy_thread, NULL, "busy/%u", cpu);
		msleep(100000);
	} else if (!strcmp(how, "leave-irq")) {
		unsigned int irq;

		return argc == 3 && !kstrtouint(argv[2], 10, &irq) ?
		       request_irq(irq, left_handler, 0, "left", NULL) : -EINVAL;
	} else {
		return -EINVAL;
	}
	return 0;
}

int test_smp_register_faults(void)
{
	return register_shell_command("smp", "HOW - a fault", cmd_smp);
}

void test_smp_unregister_faults(void)
{
	unregister_shell_command("smp");
}
