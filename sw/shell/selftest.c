// SPDX-License-Identifier: MIT
/* selftest: the tests that loaded modules bring along. */
#include <init.h>
#include <kernel.h>
#include <ktap.h>
#include <module.h>
#include <slab.h>
#include "internal.h"

/* The name of the first one behind @last, NULL: of the first; it is the
 * caller's. NULL: none, or no memory, which *@ret tells.
 */
static char *next_selftest(const char *last, int *ret)
{
	struct shell_command *c;
	char *name = NULL;

	mutex_lock(&shell_commands_lock);
	list_for_each_entry(c, &shell_commands, node)
		if (c->selftest && (!last || strcmp(c->name, last) > 0)) {
			name = kstrdup(c->name, GFP_KERNEL);
			if (!name)
				*ret = -ENOMEM;
			break;
		}
	mutex_unlock(&shell_commands_lock);
	return name;
}

/* Runs one, which has failed as well when one of its results has. */
static int run_selftest(char *name)
{
	unsigned int before = ktap_failures() + ktap_missing();
	char *argv[] = { name, NULL };
	int ret;

	shell_printf("# selftest: %s\n", name);
	ret = shell_run_argv(1, argv);
	if (!ret && ktap_failures() + ktap_missing() != before)
		ret = -EIO;
	if (ret)
		shell_printf("# selftest: %s failed: %s\n", name,
			     ret < 0 ? errname(ret) : "non-zero");
	return ret;
}

/* What one test comes to is no reason to leave out the next. */
static int cmd_selftest(int argc, char **argv)
{
	char *name, *next;
	bool any = false;
	int err = 0, ret;

	for (name = next_selftest(NULL, &err); name; name = next) {
		any = true;
		ret = run_selftest(name);
		err = err ? err : ret;
		next = shell_interrupted() ? NULL : next_selftest(name, &err);
		kfree(name);
	}
	if (shell_interrupted())
		return -EINTR;
	if (!any && !err) {
		shell_printf("selftest: no loaded module has one\n");
		if (IS_ENABLED(CONFIG_KTAP))
			ktap_plan(0);
	}
	return err;
}
SHELL_COMMAND(selftest, "selftest",
	      "- run the tests that loaded modules bring along");
