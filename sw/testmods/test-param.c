// SPDX-License-Identifier: MIT
/* Shows its parameters, of every type. */
#define pr_fmt(fmt) "test_param: " fmt
#include <module.h>
#include <printk.h>

static bool flag;
module_param(flag, bool, 0444);
MODULE_PARM_DESC(flag, "On or off");

static int level = -1;
module_param(level, int, 0444);
MODULE_PARM_DESC(level, "How far, from -10: to 10");

static unsigned int count = 7;
module_param(count, uint, 0444);
MODULE_PARM_DESC(count, "How often");

static unsigned long room = 1UL << 32;
module_param(room, ulong, 0444);
MODULE_PARM_DESC(room, "How large");

static char *text = "(none)";
module_param(text, charp, 0444);
MODULE_PARM_DESC(text, "What to say");

/* Without a description. */
static unsigned int bare_number;
module_param(bare_number, uint, 0);

static int __init test_param_init(void)
{
	pr_info("flag %d, level %d, count %u, room %#lx, text '%s', bare %u\n",
		flag, level, count, room, text, bare_number);
	return 0;
}
module_init(test_param_init);

static void __exit test_param_exit(void)
{
	/* The value is still there. */
	pr_info("gone, text '%s'\n", text);
}
module_exit(test_param_exit);

MODULE_LICENSE("Dual MIT/GPL");
