/* SPDX-License-Identifier: MIT */
/* Kernel threads: they run until they wait or yield, several at a time on as
 * many CPUs. A thread may go on on another CPU than the one it slept on.
 */
#ifndef KTHREAD_H
#define KTHREAD_H

#include <compiler.h>
#include <smp.h>
#include <types.h>

struct task;

/**
 * kthread_run() - Create and start a thread.
 * @fn: its body; the return value goes to kthread_stop()
 * Return: the thread, or ERR_PTR.
 */
struct task *kthread_run(int (*fn)(void *data), void *data,
			 const char *fmt, ...) __printf(3, 4);
/* The same, on one CPU only. Return: ERR_PTR(-ENXIO) when it is not on line. */
struct task *kthread_run_on_cpu(int (*fn)(void *data), void *data,
				unsigned int cpu, const char *fmt, ...)
	__printf(4, 5);
/* Ask it to end, wake it, and wait; returns what @fn returned. Needed to free
 * a thread, even one that has ended by itself.
 */
int kthread_stop(struct task *t);
/* The first whose function lies in [@start, @start + @size): false if none. */
bool kthread_in_range(const void *start, size_t size, char *name, size_t len);
bool kthread_should_stop(void);
void wake_up_process(struct task *t);
/* Let the others run. */
void schedule(void);
#define cond_resched()	schedule()

/* The thread that runs on this CPU. */
static inline struct task *get_current(void)
{
	unsigned long t;

	/* Not volatile: a thread is the same before and behind a switch. */
	__asm__("mrs %0, sp_el0" : "=r"(t));
	return (struct task *)t;
}

#define current		get_current()

const char *task_name(const struct task *t);

#endif
