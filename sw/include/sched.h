/* SPDX-License-Identifier: MIT */
/* Threads, inside the kernel. */
#ifndef SCHED_H
#define SCHED_H

#include <completion.h>
#include <kthread.h>
#include <list.h>
#include <smp.h>
#include <types.h>

struct cpu_context {
	u64 x19_x28[10];
	u64 x29, x30, sp;
};

enum task_state {
	TASK_RUNNING,
	TASK_WAITING,
	TASK_DEAD,
};

#define TASK_NAME_LEN	24

/* state, queued, running, cpu and allowed are under the run queue's lock; the
 * thread itself also writes its own state on its way to sleep.
 */
struct task {
	struct cpu_context ctx;
	enum task_state state;
	bool queued;		/* on the run queue */
	bool running;		/* on CPU cpu */
	bool should_stop;
	unsigned int cpu;	/* where it runs or ran */
	cpumask_t allowed;
	/* For tests: when it counts down to 0, that allocation fails. */
	unsigned int fail_alloc;
	struct list_head run;
	struct list_head all;
	char name[TASK_NAME_LEN];
	void *stack;
	int (*fn)(void *data);
	void *data;
	int result;
	struct completion exited;
};

/* The threads that each CPU idles in. */
extern struct task idle_tasks[NR_CPUS];

/* Behind cpu_switch_to(), on the stack of who goes on. */
void finish_switch(void);
void tasks_show(void);

#endif
