// SPDX-License-Identifier: MIT
/* Uses the symbols of test-export. */
#define pr_fmt(fmt) "test_import: " fmt
#include <errno.h>
#include <module.h>
#include <printk.h>
#include "test-export.h"

static int __init test_import_init(void)
{
	int sum = test_export_add(40, 2);

	pr_info("sum %d, gpl %d\n", sum, test_export_gpl());
	return sum == 42 ? 0 : -EINVAL;
}
module_init(test_import_init);

static void __exit test_import_exit(void)
{
	pr_info("gone\n");
}
module_exit(test_import_exit);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_ALIAS("test-alias-*");
MODULE_DESCRIPTION("Imports symbols from test-export");
