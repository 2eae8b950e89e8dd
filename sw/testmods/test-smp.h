/* SPDX-License-Identifier: MIT */
#ifndef TEST_SMP_H
#define TEST_SMP_H

/* The command "smp". */
int test_smp_register_faults(void);
void test_smp_unregister_faults(void);

#endif
