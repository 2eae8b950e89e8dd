/* SPDX-License-Identifier: MIT */
/* Threads, inside the kernel. */
#ifndef SCHED_H
#define SCHED_H

#include <completion.h>
#include <kthread.h>
#include <list.h>
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

struct task {
	struct cpu_context ctx;
	enum task_state state;
	bool queued;		/* on the run queue */
	bool should_stop;
	struct list_head run;
	struct list_head all;
	char name[TASK_NAME_LEN];
	void *stack;
	int (*fn)(void *data);
	void *data;
	int result;
	struct completion exited;
};

void tasks_show(void);

#endif
