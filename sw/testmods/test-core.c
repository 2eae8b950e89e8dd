// SPDX-License-Identifier: MIT
/* Tests of the kernel's own services, run when the module is loaded. */
#include <ktap.h>
#include <module.h>
#include "test-core.h"

static int __init test_core_init(void)
{
	ktap_plan(TESTS_MEMORY + TESTS_TEXT + TESTS_THREAD + TESTS_DEVICE +
		  TESTS_IRQ);
	test_memory();
	test_text();
	test_thread();
	test_device();
	test_irq();
	return 0;
}
module_init(test_core_init);

static void __exit test_core_exit(void)
{
}
module_exit(test_core_exit);

MODULE_LICENSE("Dual MIT/GPL");
