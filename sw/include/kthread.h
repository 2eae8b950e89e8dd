/* SPDX-License-Identifier: MIT */
/* Kernel threads: cooperative, they run until they wait or yield. */
#ifndef KTHREAD_H
#define KTHREAD_H

#include <compiler.h>
#include <types.h>

struct task;

/**
 * kthread_run() - Create and start a thread.
 * @fn: its body; the return value goes to kthread_stop()
 * Return: the thread, or ERR_PTR.
 */
struct task *kthread_run(int (*fn)(void *data), void *data,
			 const char *fmt, ...) __printf(3, 4);
/* Ask it to end, wake it, and wait; returns what @fn returned. Needed to free
 * a thread, even one that has ended by itself.
 */
int kthread_stop(struct task *t);
bool kthread_should_stop(void);
void wake_up_process(struct task *t);
/* Let the others run. */
void schedule(void);
#define cond_resched()	schedule()

extern struct task *current;
const char *task_name(const struct task *t);

#endif
