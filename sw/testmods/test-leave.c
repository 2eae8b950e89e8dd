// SPDX-License-Identifier: MIT
/* Leaves behind what would call into it, and goes or fails to start. */
#include <delay.h>
#include <errno.h>
#include <kthread.h>
#include <module.h>
#include <platform_device.h>
#include <string.h>
#include <timer.h>
#include <workqueue.h>

static char *what;
module_param(what, charp, 0444);
MODULE_PARM_DESC(what, "driver, timer, work, running, delayed or thread");
static bool fail;
module_param(fail, bool, 0444);
MODULE_PARM_DESC(fail, "the init function fails");

static struct timer_list timer;
static struct work_struct work;
static struct delayed_work delayed;

static void on_timer(struct timer_list *t)
{
	printk("test_leave: its timer was called\n");
}

static void do_work(struct work_struct *w)
{
	msleep(20);
	printk("test_leave: its work has run\n");
}

static int run_on(void *data)
{
	msleep(20);
	printk("test_leave: its thread has run\n");
	return 0;
}

static int leave_probe(struct platform_device *pdev)
{
	return 0;
}

static struct platform_driver leave_driver = {
	.probe = leave_probe,
	.driver = { .name = "test-leave" },
};

static int leave(void)
{
	if (!strcmp(what, "driver"))
		return platform_driver_register(&leave_driver);
	if (!strcmp(what, "timer"))
		mod_timer(&timer, jiffies + 20);
	if (!strcmp(what, "work") || !strcmp(what, "running"))
		queue_work(system_wq, &work);
	if (!strcmp(what, "running"))
		msleep(5);
	if (!strcmp(what, "delayed"))
		queue_delayed_work(system_wq, &delayed, 20);
	if (!strcmp(what, "thread"))
		return PTR_ERR_OR_ZERO(kthread_run(run_on, NULL, "left-over"));
	return 0;
}

static int __init test_leave_init(void)
{
	int ret;

	timer_setup(&timer, on_timer, 0);
	INIT_WORK(&work, do_work);
	INIT_DELAYED_WORK(&delayed, do_work);
	ret = what ? leave() : -EINVAL;
	return ret ? ret : fail ? -EIO : 0;
}
module_init(test_leave_init);

static void __exit test_leave_exit(void)
{
}
module_exit(test_leave_exit);

MODULE_LICENSE("Dual MIT/GPL");
