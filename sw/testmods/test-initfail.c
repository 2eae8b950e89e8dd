// SPDX-License-Identifier: MIT
/* Fails to start, after it has taken things that the loader must return. */
#include <errno.h>
#include <module.h>
#include "test-export.h"

static int __init test_initfail_init(void)
{
	return test_export_add(0, -ENODEV);
}
module_init(test_initfail_init);

static void __exit test_initfail_exit(void)
{
}
module_exit(test_initfail_exit);

MODULE_LICENSE("Dual MIT/GPL");
