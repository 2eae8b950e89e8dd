// SPDX-License-Identifier: MIT
/* Threads, time, deferred work. */
#include <completion.h>
#include <delay.h>
#include <err.h>
#include <ktap.h>
#include <kthread.h>
#include <ktime.h>
#include <mutex.h>
#include <timer.h>
#include <workqueue.h>
#include "test-core.h"

static DECLARE_COMPLETION(done);
static DEFINE_MUTEX(lock);
static int order[4], order_n;

static void note(int what)
{
	if (order_n < 4)
		order[order_n++] = what;
}

static int holder(void *data)
{
	mutex_lock(&lock);
	note(1);
	complete(&done);
	msleep(5);
	note(2);
	mutex_unlock(&lock);
	return 17;
}

static void test_kthread(void)
{
	struct task *t = kthread_run(holder, NULL, "holder");

	ktap_ok(!IS_ERR(t), "a thread starts");
	wait_for_completion(&done);
	mutex_lock(&lock);
	note(3);
	mutex_unlock(&lock);
	ktap_ok(order_n == 3 && order[0] == 1 && order[1] == 2 &&
		order[2] == 3, "a mutex keeps the second thread out");
	ktap_ok(kthread_stop(t) == 17, "kthread_stop gives the result");
}

static void test_sleep(void)
{
	u64 t0 = ktime_get_ns(), t1, t2;
	DECLARE_COMPLETION_ONSTACK(never);
	unsigned long left;

	msleep(10);
	t1 = ktime_get_ns();
	ktap_ok(t1 - t0 >= 10 * NSEC_PER_MSEC, "msleep sleeps long enough");
	udelay(100);
	t2 = ktime_get_ns();
	ktap_ok(t2 - t1 >= 100 * NSEC_PER_USEC, "udelay waits long enough");
	left = wait_for_completion_timeout(&never, 5);
	ktap_ok(!left && ktime_get_ns() - t2 >= 5 * NSEC_PER_MSEC,
		"a completion that does not come times out");
}

static int fired;

static void on_timer(struct timer_list *t)
{
	fired++;
	complete(&done);
}

static void test_timer(void)
{
	struct timer_list t, u;

	reinit_completion(&done);
	timer_setup(&t, on_timer, 0);
	timer_setup(&u, on_timer, 0);
	mod_timer(&u, jiffies + 50);
	mod_timer(&t, jiffies + 3);
	ktap_ok(wait_for_completion_timeout(&done, 1000) && fired == 1,
		"a timer fires");
	ktap_ok(del_timer(&u) && !del_timer(&t) && fired == 1,
		"a deleted timer does not fire");
}

/* A time that has come, and the limit of an interrupt that never ends. */
#define TOO_OFTEN	100000

static void on_time_that_has_come(struct timer_list *t)
{
	if (++fired < TOO_OFTEN)
		mod_timer(t, jiffies);
}

static void test_timer_again_at_once(void)
{
	struct timer_list t;

	fired = 0;
	timer_setup(&t, on_time_that_has_come, 0);
	mod_timer(&t, jiffies);
	msleep(5);
	del_timer_sync(&t);
	ktap_ok(fired > 1 && fired < TOO_OFTEN,
		"a timer that arms itself for now lets others run");
}

static int worked;

static void do_work(struct work_struct *w)
{
	msleep(2);
	worked++;
}

static void test_work(void)
{
	struct delayed_work late;
	struct work_struct w;
	int queued, i;

	INIT_WORK(&w, do_work);
	/* Another CPU may have begun it before it is queued again. */
	queued = schedule_work(&w);
	queued += schedule_work(&w);
	flush_work(&w);
	ktap_ok(queued && worked == queued,
		"work runs once for each time it was queued");
	INIT_DELAYED_WORK(&late, do_work);
	schedule_delayed_work(&late, 5);
	/* The CPU whose timer it is may be late. */
	for (i = 0; i < 1000 && READ_ONCE(worked) == queued; i++)
		msleep(5);
	flush_work(&late.work);
	ktap_ok(worked == queued + 1, "delayed work runs");
	schedule_delayed_work(&late, 100000);
	ktap_ok(cancel_delayed_work_sync(&late) && worked == queued + 1,
		"cancelled work does not run");
}

void test_thread(void)
{
	test_kthread();
	test_sleep();
	test_timer();
	test_timer_again_at_once();
	test_work();
}
