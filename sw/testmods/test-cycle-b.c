// SPDX-License-Identifier: MIT
/* Wants test-cycle-a first, which wants this one first. */
#include <module.h>

static int __init test_cycle_b_init(void)
{
	return 0;
}
module_init(test_cycle_b_init);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_SOFTDEP("pre: test-cycle-a");
