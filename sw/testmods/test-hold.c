// SPDX-License-Identifier: MIT
/* Holds another module for a reason, until the command test-release. */
#include <errno.h>
#include <module.h>
#include <shell.h>
#include <string.h>
#include "test-hold.h"

static struct module *held;
static char reason[64];

int test_hold(struct module *m, const char *why)
{
	int ret = module_get_for(m, THIS_MODULE, why);

	if (!ret) {
		held = m;
		strscpy(reason, why, sizeof(reason));
	}
	return ret;
}
EXPORT_SYMBOL(test_hold);

static int release(int argc, char **argv)
{
	module_put_for(held, THIS_MODULE, reason);
	held = NULL;
	return 0;
}

static int __init test_hold_init(void)
{
	return register_shell_command("test-release",
				      "- let the held module go", release);
}
module_init(test_hold_init);

static void __exit test_hold_exit(void)
{
	unregister_shell_command("test-release");
}
module_exit(test_hold_exit);

MODULE_LICENSE("Dual MIT/GPL");
