// SPDX-License-Identifier: MIT
/* Wants test-cycle-b first, which wants this one first. */
#include <module.h>

static int __init test_cycle_a_init(void)
{
	return 0;
}
module_init(test_cycle_a_init);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_SOFTDEP("pre: test-cycle-b");
