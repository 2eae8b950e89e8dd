// SPDX-License-Identifier: MIT
/* Threads that name code, hold a module and ask for one, again and again, while
 * a script loads and unloads others. `test-rest` lets the module go, so that it
 * can be unloaded; then they ask for it again.
 */
#define pr_fmt(fmt) "test_churn: " fmt
#include <atomic.h>
#include <err.h>
#include <errno.h>
#include <kernel.h>
#include <kthread.h>
#include <module.h>
#include <shell.h>

#define THREADS	4

static struct task *threads[THREADS];
static atomic_t rounds, bad;
static atomic_t resting;	/* threads start no round that holds */
static atomic_t holding;	/* threads that do now */

static void tell(const char *what)
{
	if (atomic_inc_return(&bad) == 1)
		pr_err("%s\n", what);
}

static noinline void one_round(unsigned long i)
{
	char name[64], why[24];
	int ret;

	/* Its own code is always found, what lies beside it now and then. */
	snprintf(name, sizeof(name), "%ps", (void *)(unsigned long)one_round);
	if (strcmp(name, "one_round [test_churn]"))
		tell(name);
	snprintf(name, sizeof(name), "%pS",
		 (char *)(unsigned long)one_round + i % 64 * 4096);
	snprintf(why, sizeof(why), "round %lu", i % 3);
	atomic_inc(&holding);
	if (!atomic_read(&resting)) {
		/* None is given once its exit waits for the threads. */
		ret = module_get_for(THIS_MODULE, NULL, why);
		if (!ret)
			module_put_for(THIS_MODULE, NULL, why);
		else if (ret != -ENOENT)
			tell("no reference");
	}
	atomic_dec(&holding);
	if (i % 8 == 0)
		request_module("test-export");
	atomic_inc(&rounds);
}

static int churn(void *data)
{
	unsigned long i = (unsigned long)data;

	while (!kthread_should_stop()) {
		one_round(i++);
		cond_resched();
	}
	return 0;
}

static int rest(int argc, char **argv)
{
	atomic_set(&resting, 1);
	while (!atomic_read(&rounds) || atomic_read(&holding))
		cond_resched();
	return 0;
}

static void stop(void)
{
	unsigned int i;

	for (i = 0; i < THREADS && threads[i]; i++)
		kthread_stop(threads[i]);
}

static int __init test_churn_init(void)
{
	unsigned long i;
	int ret;

	for (i = 0; i < THREADS; i++) {
		struct task *t = kthread_run(churn, (void *)i, "churn/%lu", i);

		if (IS_ERR(t)) {
			stop();
			return (int)PTR_ERR(t);
		}
		threads[i] = t;
	}
	ret = register_shell_command("test-rest", "- hold no module", rest);
	if (ret)
		stop();
	return ret;
}
module_init(test_churn_init);

static void __exit test_churn_exit(void)
{
	unregister_shell_command("test-rest");
	atomic_set(&resting, 0);
	stop();
	pr_info("%s rounds, %d bad\n", atomic_read(&rounds) ? "some" : "no",
		atomic_read(&bad));
}
module_exit(test_churn_exit);

MODULE_LICENSE("Dual MIT/GPL");
