// SPDX-License-Identifier: MIT
/* Asks for modules while it is being loaded, and may fail behind that. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <delay.h>
#include <errno.h>
#include <kernel.h>
#include <module.h>
#include "test-hold.h"

static char *ask;
module_param(ask, charp, 0);
MODULE_PARM_DESC(ask, "Module to load, and wait for");

static char *later;
module_param(later, charp, 0);
MODULE_PARM_DESC(later, "Module to load on the work queue");

static unsigned int sleep_ms;
module_param(sleep_ms, uint, 0);
MODULE_PARM_DESC(sleep_ms, "How long to sleep between the two");

static char *hold;
module_param(hold, charp, 0);
MODULE_PARM_DESC(hold, "Let test-hold hold this module for this reason");

static bool fail;
module_param(fail, bool, 0);
MODULE_PARM_DESC(fail, "Fail in the end");

static int __init test_request_init(void)
{
	int ret;

	if (later)
		pr_info("%s later: -%s\n", later,
			errname(request_module_nowait("%s", later)));
	if (sleep_ms)
		msleep(sleep_ms);
	if (ask) {
		ret = request_module("%s", ask);
		pr_info("%s: %s\n", ask, ret ? errname(ret) : "here");
	}
	if (hold) {
		ret = test_hold(THIS_MODULE, hold);
		if (ret)
			return ret;
	}
	return fail ? -ENODEV : 0;
}
module_init(test_request_init);

static void __exit test_request_exit(void)
{
}
module_exit(test_request_exit);

MODULE_LICENSE("Dual MIT/GPL");
