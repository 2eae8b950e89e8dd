// SPDX-License-Identifier: MIT
/* Cooperative threads: round robin among those that can run, one queue for all
 * CPUs. A thread runs until it sleeps; threads on different CPUs run at the
 * same time.
 */
#include <arch.h>
#include <export.h>
#include <irqflags.h>
#include <kernel.h>
#include <mm.h>
#include <percpu.h>
#include <sched.h>
#include <shell.h>
#include <slab.h>
#include <spinlock.h>
#include "smp_internal.h"

/* The registers are what a task begins with. */
void cpu_switch_to(struct task *prev, const struct task *next);
extern char thread_start[];
void thread_exit(void);

/* CPU 0's is the one that start_kernel() runs in: head.S makes it current. */
struct task idle_tasks[NR_CPUS] = {
	{ .name = "idle/0", .state = TASK_RUNNING, .running = true },
};

/* Guards both lists, the idle CPUs, and what struct task says. Held across a
 * switch, so that nobody takes up a thread whose registers are not saved yet.
 */
static DEFINE_SPINLOCK(rq_lock);
static LIST_HEAD(run_queue);
static LIST_HEAD(all_tasks);
static cpumask_t idle_cpus;
/* The dead cannot free the stack they end on: the next in line does. */
static DEFINE_PER_CPU(struct task *, reap);

/* For head.S. */
extern const u64 sizeof_task;
const u64 sizeof_task = sizeof(struct task);

static_assert(!offsetof(struct task, ctx), "cpu_switch_to() counts on it");

const char *task_name(const struct task *t)
{
	return t->name;
}
EXPORT_SYMBOL(task_name);

/* The CPU to be woken for @t, else NR_CPUS. Each is woken once. */
static unsigned int pick_idle(const struct task *t)
{
	cpumask_t mask = idle_cpus & t->allowed;
	unsigned int cpu = smp_processor_id();

	if (!mask)
		return NR_CPUS;
	/* An interrupt of an idle CPU: that looks at the queue anyway. */
	if (!(mask & CPU_MASK(cpu)))
		cpu = cpumask_next(mask, 0);
	idle_cpus &= ~CPU_MASK(cpu);
	return cpu == smp_processor_id() ? NR_CPUS : cpu;
}

static void enqueue(struct task *t)
{
	list_add_tail(&t->run, &run_queue);
	t->queued = true;
}

static void kick(unsigned int cpu)
{
	if (cpu < NR_CPUS)
		smp_send_reschedule(cpu);
}

static struct task *first_for(unsigned int cpu)
{
	struct task *t;

	list_for_each_entry(t, &run_queue, run)
		if (t->allowed & CPU_MASK(cpu))
			return t;
	return NULL;
}

void finish_switch(void)
{
	struct task *dead = this_cpu(reap);

	this_cpu(reap) = NULL;
	spin_unlock(&rq_lock);
	if (!dead)
		return;
	stack_free(dead->stack);
	dead->stack = NULL;
	/* kthread_stop() frees it. */
	complete_all(&dead->exited);
}

void schedule(void)
{
	unsigned int cpu;
	struct task *prev, *next;
	unsigned long flags;

	local_irq_save(flags);
	prev = current;
	cpu = smp_processor_id();
	BUG_ON(in_interrupt());
	if (spin_depth())
		panic("thread %s sleeps with %u spin locks held on CPU %u, from %pS",
		      prev->name, spin_depth(), cpu,
		      __builtin_return_address(0));
	spin_lock(&rq_lock);
	if (prev->state == TASK_RUNNING && prev != &idle_tasks[cpu])
		enqueue(prev);
	next = first_for(cpu);
	if (next) {
		list_del_init(&next->run);
		next->queued = false;
	} else {
		next = &idle_tasks[cpu];
	}
	if (next != prev) {
		if (prev->queued)
			kick(pick_idle(prev));
		prev->running = false;
		next->running = true;
		next->cpu = cpu;
		if (prev->state == TASK_DEAD)
			this_cpu(reap) = prev;
		cpu_switch_to(prev, next);
		finish_switch();
	} else {
		spin_unlock(&rq_lock);
	}
	local_irq_restore(flags);
}
EXPORT_SYMBOL(schedule);

void wake_up_process(struct task *t)
{
	unsigned int wake = NR_CPUS;
	unsigned long flags;

	/* What the thread waits for is seen before its state is looked at:
	 * with the barrier of set_waiting(), one of both sees the other.
	 */
	smp_mb();
	spin_lock_irqsave(&rq_lock, flags);
	if (t->state == TASK_WAITING) {
		t->state = TASK_RUNNING;
		/* Still on its way to sleep: schedule() sees the state. */
		if (!t->queued && !t->running) {
			enqueue(t);
			wake = pick_idle(t);
		}
	}
	spin_unlock(&rq_lock);
	kick(wake);
	local_irq_restore(flags);
}
EXPORT_SYMBOL(wake_up_process);

void set_waiting(void)
{
	WRITE_ONCE(current->state, TASK_WAITING);
	smp_mb();
}

void __noreturn cpu_idle(void)
{
	unsigned int cpu = smp_processor_id();

	for (;;) {
		bool work;

		/* Masked, so that no wake-up comes between look and sleep; a
		 * pending interrupt ends the WFI all the same, and the one
		 * that another CPU sends for what it queues is one.
		 */
		local_irq_disable();
		spin_lock(&rq_lock);
		work = first_for(cpu);
		if (!work)
			idle_cpus |= CPU_MASK(cpu);
		spin_unlock(&rq_lock);
		if (!work)
			wfi();
		local_irq_enable();
		/* The interrupt is taken here. */
		isb();
		if (!work) {
			local_irq_disable();
			spin_lock(&rq_lock);
			idle_cpus &= ~CPU_MASK(cpu);
			spin_unlock(&rq_lock);
			local_irq_enable();
		}
		schedule();
	}
}

void __noreturn thread_exit(void)
{
	BUG();
}

static void thread_body(struct task *t)
{
	t->result = t->fn(t->data);
	/* Interrupts stay disabled: nobody gets this thread any more. */
	local_irq_disable();
	spin_lock(&rq_lock);
	list_del(&t->all);
	t->state = TASK_DEAD;
	spin_unlock(&rq_lock);
	schedule();
	BUG();
}

static struct task *create(int (*fn)(void *data), void *data,
			   cpumask_t allowed, const char *fmt, va_list ap)
{
	struct task *t = kzalloc(sizeof(*t), GFP_KERNEL);
	unsigned long flags;
	unsigned int wake;

	if (!t)
		return ERR_PTR(-ENOMEM);
	t->stack = stack_alloc();
	if (!t->stack) {
		kfree(t);
		return ERR_PTR(-ENOMEM);
	}
	vsnprintf(t->name, sizeof(t->name), fmt, ap);
	t->fn = fn;
	t->data = data;
	t->allowed = allowed;
	init_completion(&t->exited);
	t->ctx.x19_x28[0] = (u64)thread_body;
	t->ctx.x19_x28[1] = (u64)t;
	t->ctx.x30 = (u64)thread_start;
	t->ctx.sp = (u64)t->stack + THREAD_SIZE;
	t->state = TASK_RUNNING;
	spin_lock_irqsave(&rq_lock, flags);
	list_add_tail(&t->all, &all_tasks);
	enqueue(t);
	wake = pick_idle(t);
	spin_unlock(&rq_lock);
	kick(wake);
	local_irq_restore(flags);
	return t;
}

struct task *kthread_run(int (*fn)(void *data), void *data, const char *fmt,
			 ...)
{
	struct task *t;
	va_list ap;

	va_start(ap, fmt);
	t = create(fn, data, CPU_MASK_ALL, fmt, ap);
	va_end(ap);
	return t;
}
EXPORT_SYMBOL(kthread_run);

struct task *kthread_run_on_cpu(int (*fn)(void *data), void *data,
				unsigned int cpu, const char *fmt, ...)
{
	struct task *t;
	va_list ap;

	if (!cpu_online(cpu))
		return ERR_PTR(-ENXIO);
	va_start(ap, fmt);
	t = create(fn, data, CPU_MASK(cpu), fmt, ap);
	va_end(ap);
	return t;
}
EXPORT_SYMBOL(kthread_run_on_cpu);

bool kthread_should_stop(void)
{
	return READ_ONCE(current->should_stop);
}
EXPORT_SYMBOL(kthread_should_stop);

int kthread_stop(struct task *t)
{
	int ret;

	WRITE_ONCE(t->should_stop, true);
	wake_up_process(t);
	wait_for_completion(&t->exited);
	ret = t->result;
	kfree(t);
	return ret;
}
EXPORT_SYMBOL(kthread_stop);

bool kernel_stack_range(unsigned long sp, unsigned long *lo,
			unsigned long *hi)
{
	unsigned long s = (unsigned long)current->stack;

	if (!s)
		s = (unsigned long)boot_stack;
	*lo = s;
	*hi = s + THREAD_SIZE;
	return sp >= *lo && sp < *hi;
}

bool kthread_in_range(const void *start, size_t size, char *name, size_t len)
{
	unsigned long flags;
	bool found = false;
	struct task *t;

	spin_lock_irqsave(&rq_lock, flags);
	list_for_each_entry(t, &all_tasks, all)
		if ((size_t)((const char *)t->fn - (const char *)start) <
		    size) {
			strscpy(name, t->name, len);
			found = true;
			break;
		}
	spin_unlock_irqrestore(&rq_lock, flags);
	return found;
}

/* What ps shows of one thread. */
struct task_line {
	char name[TASK_NAME_LEN];
	const char *state;
	unsigned int cpu;
};

/* Thread @n, copied, because the console is too slow to hold the lock for. */
static bool get_line(unsigned int n, struct task_line *line)
{
	unsigned long flags;
	bool found = false;
	struct task *t;

	spin_lock_irqsave(&rq_lock, flags);
	list_for_each_entry(t, &all_tasks, all) {
		if (n--)
			continue;
		memcpy(line->name, t->name, sizeof(line->name));
		line->state = t->running ? "running" :
			      t->state == TASK_WAITING ? "waiting" : "ready";
		line->cpu = t->cpu;
		found = true;
		break;
	}
	spin_unlock_irqrestore(&rq_lock, flags);
	return found;
}

void tasks_show(void)
{
	struct task_line line;
	unsigned int n;

	shell_printf("%-24s %-8s %s\n", "Thread", "State", "CPU");
	for (n = 0; get_line(n, &line); n++)
		shell_printf("%-24s %-8s %u\n", line.name, line.state,
			     line.cpu);
}
