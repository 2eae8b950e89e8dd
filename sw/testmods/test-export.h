/* SPDX-License-Identifier: MIT */
#ifndef TEST_EXPORT_H
#define TEST_EXPORT_H

int test_export_add(int a, int b);
int test_export_gpl(void);

#endif
