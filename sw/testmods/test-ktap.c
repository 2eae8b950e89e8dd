// SPDX-License-Identifier: MIT
/* Shell command ktap: results as a script has them. */
#include <errno.h>
#include <kernel.h>
#include <ktap.h>
#include <module.h>
#include <shell.h>

static int ktap(int argc, char **argv)
{
	unsigned int n;

	if (argc == 3 && !strcmp(argv[1], "plan") &&
	    !kstrtouint(argv[2], 10, &n)) {
		ktap_plan(n);
	} else if (argc == 3 && !strcmp(argv[1], "ok")) {
		ktap_ok(true, "%s", argv[2]);
	} else if (argc == 3 && !strcmp(argv[1], "fail")) {
		ktap_ok(false, "%s", argv[2]);
	} else if (argc == 4 && !strcmp(argv[1], "skip")) {
		ktap_skip(argv[2], "%s", argv[3]);
	} else if (argc == 2 && !strcmp(argv[1], "lines")) {
		ktap_ok(true, "two\nok 2 - lines");
		ktap_diag("two\nok 3 - lines");
	} else {
		shell_printf("usage: ktap plan N|ok NAME|fail NAME|skip WHY NAME|lines\n");
		return -EINVAL;
	}
	return 0;
}

static int __init test_ktap_init(void)
{
	if (register_shell_command("not one word", "", ktap) != -EINVAL ||
	    register_shell_command("a\033b", "", ktap) != -EINVAL ||
	    register_shell_command("", "", ktap) != -EINVAL)
		return -EPROTO;
	return register_shell_command("ktap",
		"plan N|ok NAME|fail NAME|skip WHY NAME|lines - print results",
		ktap);
}
module_init(test_ktap_init);

static void __exit test_ktap_exit(void)
{
	unregister_shell_command("ktap");
}
module_exit(test_ktap_exit);

MODULE_DESCRIPTION("Results for the tests of KTAP");
MODULE_LICENSE("Dual MIT/GPL");
