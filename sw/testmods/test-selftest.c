// SPDX-License-Identifier: MIT
/* Three tests of a module, which "selftest" runs; they do as they are told. */
#include <errno.h>
#include <kernel.h>
#include <ktap.h>
#include <module.h>
#include <shell.h>

static char *how = "";
module_param(how, charp, 0444);
MODULE_PARM_DESC(how, "what test-self-2 does: fail, miss, return; else it passes");

static int self_1(int argc, char **argv)
{
	ktap_plan(1);
	ktap_ok(argc == 1, "the first is called without arguments");
	return 0;
}

static int self_2(int argc, char **argv)
{
	ktap_plan(1);
	if (strcmp(how, "miss"))
		ktap_ok(strcmp(how, "fail"), "the second does as it is told");
	return strcmp(how, "return") ? 0 : -ENODEV;
}

static int self_3(int argc, char **argv)
{
	ktap_plan(1);
	ktap_ok(true, "the third comes last");
	return 0;
}

static int __init test_selftest_init(void)
{
	register_shell_selftest("test-self-3", "- the third", self_3);
	register_shell_selftest("test-self-1", "[WORD] - the first", self_1);
	return register_shell_selftest("test-self-2", "- the second", self_2);
}
module_init(test_selftest_init);

static void __exit test_selftest_exit(void)
{
	unregister_shell_command("test-self-1");
	unregister_shell_command("test-self-2");
	unregister_shell_command("test-self-3");
}
module_exit(test_selftest_exit);

MODULE_DESCRIPTION("Tests for the tests of selftest");
MODULE_LICENSE("Dual MIT/GPL");
