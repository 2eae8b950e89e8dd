// SPDX-License-Identifier: MIT
/* Exports one symbol for everybody, and one for GPL modules. */
#define pr_fmt(fmt) "test_export: " fmt
#include <module.h>
#include <printk.h>
#include "test-export.h"

int test_export_add(int a, int b)
{
	return a + b;
}
EXPORT_SYMBOL(test_export_add);

int test_export_gpl(void)
{
	return 42;
}
EXPORT_SYMBOL_GPL(test_export_gpl);

static int __init test_export_init(void)
{
	pr_info("here\n");
	return 0;
}
module_init(test_export_init);

static void __exit test_export_exit(void)
{
	pr_info("gone\n");
}
module_exit(test_export_exit);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("Exports symbols to test-import");
