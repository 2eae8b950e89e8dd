// SPDX-License-Identifier: MIT
/* The command "oom": run a command again and again, and let its first, second,
 * third ... allocation fail, until it comes through. It must fail cleanly:
 * what was in use before is in use behind it.
 */
#include <errno.h>
#include <gfp.h>
#include <kernel.h>
#include <mm.h>
#include <module.h>
#include <shell.h>
#include <slab.h>

#define MAX_ROUNDS	2000

static bool same_use(size_t objects, size_t bytes, unsigned int round)
{
	size_t o, b;

	slab_usage(&o, &b);
	if (o == objects && b == bytes)
		return true;
	shell_printf("oom: allocation %u: %ld objects, %ld bytes left\n",
		     round, (long)(o - objects), (long)(b - bytes));
	return false;
}

static int join(char *buf, size_t size, int argc, char **argv)
{
	int i, n = 0;

	for (i = 0; i < argc; i++)
		n += scnprintf(buf + n, size - (size_t)n, "%s%s", i ? " " : "",
			       argv[i]);
	return n;
}

/* Each command between slashes. */
static void run_each(int argc, char **argv)
{
	char undo[128];
	int i, first = 0;

	for (i = 0; i <= argc; i++) {
		if (i < argc && strcmp(argv[i], "/"))
			continue;
		if (join(undo, sizeof(undo), i - first, argv + first))
			shell_run(undo);
		first = i + 1;
	}
}

/* oom COMMAND / UNDO...: each UNDO follows each time, and may fail. */
static int oom(int argc, char **argv)
{
	char command[128];
	unsigned int round, failed = 0, leaks = 0;
	size_t objects, bytes;
	int i = 1, ret;

	while (i < argc && strcmp(argv[i], "/"))
		i++;
	if (i == 1)
		return -EINVAL;
	join(command, sizeof(command), i - 1, argv + 1);
	for (round = 1; round < MAX_ROUNDS; round++) {
		bool reached;

		slab_usage(&objects, &bytes);
		alloc_fail_after(round);
		ret = shell_run(command);
		reached = !alloc_fail_left();
		alloc_fail_after(0);
		if (ret)
			failed++;
		if (i < argc)
			run_each(argc - i - 1, argv + i + 1);
		leaks += !same_use(objects, bytes, round);
		if (!reached)
			break;
	}
	shell_printf("oom: '%s': %u allocations, %u failures, %u leaks\n",
		     command, round - 1, failed, leaks);
	return leaks || round == MAX_ROUNDS ? -ENOMEM : 0;
}

static int __init test_oom_init(void)
{
	return register_shell_command("oom",
		"COMMAND... [/ UNDO...]... - let each allocation fail once", oom);
}
module_init(test_oom_init);

static void __exit test_oom_exit(void)
{
	unregister_shell_command("oom");
}
module_exit(test_oom_exit);

MODULE_LICENSE("Dual MIT/GPL");
