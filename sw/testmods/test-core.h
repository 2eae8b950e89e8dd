/* SPDX-License-Identifier: MIT */
#ifndef TEST_CORE_H
#define TEST_CORE_H

/* Each gives this many results. */
#define TESTS_MEMORY	10
#define TESTS_TEXT	8
#define TESTS_THREAD	12
#define TESTS_DEVICE	33
#define TESTS_IRQ	5

void test_memory(void);
void test_text(void);
void test_thread(void);
void test_device(void);
void test_irq(void);

#endif
