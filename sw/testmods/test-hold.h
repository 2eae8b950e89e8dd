/* SPDX-License-Identifier: MIT */
#ifndef TEST_HOLD_H
#define TEST_HOLD_H

struct module;

/* Holds @m until the shell command test-release. */
int test_hold(struct module *m, const char *why);

#endif
