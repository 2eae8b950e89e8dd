// SPDX-License-Identifier: MIT
/* The CPUs of the device tree: started one by one, told to do things, stopped.
 */
#define pr_fmt(fmt) "smp: " fmt
#include <arch.h>
#include <atomic.h>
#include <cacheflush.h>
#include <delay.h>
#include <export.h>
#include <init.h>
#include <irqflags.h>
#include <kernel.h>
#include <ktime.h>
#include <of.h>
#include <percpu.h>
#include <sched.h>
#include <shell.h>
#include "smp_internal.h"

/* How long a CPU may take from CPU_ON to its first C code, and to stop: long,
 * because the host of an emulated CPU may be busy.
 */
#define START_NS	(5 * NSEC_PER_SEC)
#define STOP_NS		NSEC_PER_SEC

enum cpu_state {
	CPU_ABSENT,
	CPU_STARTING,
	CPU_ONLINE,
	CPU_LOST,		/* it did not come in time */
	CPU_STOPPED,
};

cpumask_t cpu_online_mask = 1;
EXPORT_SYMBOL(cpu_online_mask);

static enum cpu_state cpu_states[NR_CPUS] = { CPU_ONLINE };
static u64 cpu_mpidr[NR_CPUS];
static const struct smp_ops *ops;

/* Read by head.S: the translation tables with the MMU off, the rest with it on.
 */
u64 secondary_ttbr1;
u64 secondary_stack[NR_CPUS];

void secondary_start(unsigned int cpu);

unsigned int num_online_cpus(void)
{
	return hweight32(READ_ONCE(cpu_online_mask));
}
EXPORT_SYMBOL(num_online_cpus);

bool cpu_online(unsigned int cpu)
{
	return cpu < NR_CPUS && (READ_ONCE(cpu_online_mask) & CPU_MASK(cpu));
}
EXPORT_SYMBOL(cpu_online);

unsigned int cpumask_next(cpumask_t mask, unsigned int from)
{
	mask = from < NR_CPUS ? mask & (CPU_MASK_ALL << from) : 0;
	return mask ? __ffs(mask) : NR_CPUS;
}
EXPORT_SYMBOL(cpumask_next);

void smp_set_ops(const struct smp_ops *o)
{
	ops = o;
}

/* ---- One CPU tells another */

struct call {
	void (*fn)(void *data);
	void *data;
};

/* One call at a time: who holds the lock owns both. */
static DEFINE_SPINLOCK(call_lock);
static struct call call;
static cpumask_t call_pending;

void smp_send_reschedule(unsigned int cpu)
{
	ops->send_ipi(cpu, IPI_RESCHEDULE);
}

static void handle_call(void)
{
	cpumask_t me = CPU_MASK(smp_processor_id());

	if (!(__atomic_load_n(&call_pending, __ATOMIC_ACQUIRE) & me))
		return;
	call.fn(call.data);
	__atomic_fetch_and(&call_pending, ~me, __ATOMIC_RELEASE);
}

void smp_call_function_many(cpumask_t mask, void (*fn)(void *data),
			    void *data)
{
	unsigned int cpu, self = smp_processor_id();

	mask &= READ_ONCE(cpu_online_mask) & ~CPU_MASK(self);
	if (!mask || WARN_ON(irqs_disabled() || in_interrupt()))
		return;
	spin_lock(&call_lock);
	call.fn = fn;
	call.data = data;
	__atomic_store_n(&call_pending, mask, __ATOMIC_RELEASE);
	for_each_cpu(cpu, mask)
		ops->send_ipi(cpu, IPI_CALL);
	while (__atomic_load_n(&call_pending, __ATOMIC_ACQUIRE))
		cpu_relax();
	spin_unlock(&call_lock);
}
EXPORT_SYMBOL(smp_call_function_many);

void on_each_cpu(void (*fn)(void *data), void *data)
{
	unsigned long flags;

	smp_call_function(fn, data);
	local_irq_save(flags);
	fn(data);
	local_irq_restore(flags);
}
EXPORT_SYMBOL(on_each_cpu);

int smp_call_function_single(unsigned int cpu, void (*fn)(void *data),
			     void *data)
{
	unsigned long flags;

	if (!cpu_online(cpu))
		return -ENXIO;
	if (cpu != smp_processor_id()) {
		smp_call_function_many(CPU_MASK(cpu), fn, data);
		return 0;
	}
	local_irq_save(flags);
	fn(data);
	local_irq_restore(flags);
	return 0;
}
EXPORT_SYMBOL(smp_call_function_single);

/* ---- The end */

void __noreturn smp_stop_self(void)
{
	local_irq_disable();
	smp_store_release(&cpu_states[smp_processor_id()], CPU_STOPPED);
	for (;;)
		wfi();
}

static cpumask_t running_others(void)
{
	cpumask_t mask = 0;
	unsigned int cpu;

	for (cpu = 0; cpu < NR_CPUS; cpu++)
		if (cpu != smp_processor_id() &&
		    smp_load_acquire(&cpu_states[cpu]) == CPU_ONLINE)
			mask |= CPU_MASK(cpu);
	return mask;
}

void smp_send_stop(void)
{
	cpumask_t mask = running_others();
	unsigned int cpu;
	u64 end;

	if (!mask)
		return;
	for_each_cpu(cpu, mask)
		ops->send_ipi(cpu, IPI_STOP);
	end = ktime_get_ns() + STOP_NS;
	while (running_others() && ktime_get_ns() < end)
		cpu_relax();
	mask = running_others();
	for_each_cpu(cpu, mask) {
		pr_emerg("CPU %u does not stop\n", cpu);
		cpu_states[cpu] = CPU_LOST;
	}
}

void handle_ipi(enum ipi ipi)
{
	switch (ipi) {
	case IPI_RESCHEDULE:
		/* That it came is all: the idle loop looks at the queue. */
		break;
	case IPI_CALL:
		handle_call();
		break;
	case IPI_STOP:
		smp_stop_self();
	default:
		break;
	}
}

/* ---- Start */

/* The first C code of a CPU that CPU_ON started. */
void secondary_start(unsigned int cpu)
{
	int starting = CPU_STARTING;

	/* Given up meanwhile: nobody counts on this CPU. */
	if (!__atomic_compare_exchange_n((int *)&cpu_states[cpu], &starting,
					 CPU_ONLINE, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED)) {
		local_irq_disable();
		psci_cpu_off();
		for (;;)
			wfi();
	}
	ops->init_cpu();
	time_init_cpu();
	__atomic_fetch_or(&cpu_online_mask, CPU_MASK(cpu), __ATOMIC_RELEASE);
	local_irq_enable();
	cpu_idle();
}

static bool wait_for_cpu(unsigned int cpu)
{
	u64 end = ktime_get_ns() + START_NS;
	int starting = CPU_STARTING;

	while (!cpu_online(cpu)) {
		if (ktime_get_ns() < end) {
			cpu_relax();
			continue;
		}
		if (__atomic_compare_exchange_n((int *)&cpu_states[cpu],
						&starting, CPU_LOST, false,
						__ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
			return false;
		/* It is here, and has only its own devices to set up. */
		end = U64_MAX;
	}
	return true;
}

static void __init start_cpu(unsigned int cpu, const struct device_node *np)
{
	struct task *idle = &idle_tasks[cpu];
	const char *method;
	int ret;

	if (of_property_read_string(np, "enable-method", &method) ||
	    strcmp(method, "psci")) {
		pr_err("%pOF: left off, enable-method is not \"psci\"\n", np);
		return;
	}
	idle->stack = stack_alloc();
	if (!idle->stack) {
		pr_err("%pOF: left off, no memory\n", np);
		return;
	}
	snprintf(idle->name, sizeof(idle->name), "idle/%u", cpu);
	idle->state = TASK_RUNNING;
	idle->running = true;
	idle->cpu = cpu;
	secondary_stack[cpu] = (u64)idle->stack + THREAD_SIZE;
	smp_store_release(&cpu_states[cpu], CPU_STARTING);
	ret = psci_cpu_on(cpu_mpidr[cpu], cpu);
	if (!ret && wait_for_cpu(cpu))
		return;
	if (ret) {
		cpu_states[cpu] = CPU_LOST;
		stack_free(idle->stack);
		pr_err("%pOF: left off, PSCI CPU_ON of %#llx: -%s\n", np,
		       cpu_mpidr[cpu], errname(ret));
	} else {
		/* Its stack stays, for should it come after all. */
		pr_err("%pOF: left off, it did not come within %llu ms of CPU_ON\n",
		       np, START_NS / NSEC_PER_MSEC);
	}
	idle->stack = NULL;
}

/* -EINVAL: no CPU's node. */
static int __init read_mpidr(const struct device_node *np, u64 *mpidr)
{
	u32 v[2];

	switch (of_n_addr_cells(np)) {
	case 1:
		v[0] = 0;
		if (of_property_read_u32(np, "reg", &v[1]))
			return -EINVAL;
		break;
	case 2:
		if (of_property_read_u32_array(np, "reg", v, 2))
			return -EINVAL;
		break;
	default:
		return -EINVAL;
	}
	*mpidr = (u64)v[0] << 32 | v[1];
	return 0;
}

static bool __init is_cpu(const struct device_node *np)
{
	const char *type;

	return !of_property_read_string(np, "device_type", &type) &&
	       !strcmp(type, "cpu");
}

static unsigned int __init max_cpus(void)
{
	unsigned int n = NR_CPUS;
	char buf[16];

	if (cmdline_get("maxcpus", buf, sizeof(buf)) &&
	    (kstrtouint(buf, 10, &n) || n > NR_CPUS)) {
		pr_warn("maxcpus=%s: a number up to %d is possible\n", buf,
			NR_CPUS);
		n = NR_CPUS;
	}
	if (cmdline_get("nosmp", buf, sizeof(buf)))
		n = 1;
	return max(n, 1U);
}

static bool __init seen(u64 mpidr, unsigned int n)
{
	while (n--)
		if (cpu_mpidr[n] == mpidr)
			return true;
	return false;
}

/* CPU 0 is the one that runs; the others count in the order of the tree
 * (Devicetree Specification 0.4, 3.8).
 */
void __init smp_init(void)
{
	struct device_node *cpus = of_find_node_by_path("/cpus"), *np;
	unsigned int n = 1, limit = max_cpus(), left = 0;
	u64 mpidr;

	__asm__ volatile("mrs %0, mpidr_el1" : "=r"(mpidr));
	cpu_mpidr[0] = mpidr & MPIDR_AFFINITY;
	secondary_ttbr1 = swapper_phys();
	dcache_clean_poc(&secondary_ttbr1, sizeof(secondary_ttbr1));
	for_each_child_of_node(cpus, np) {
		if (!is_cpu(np) || !of_device_is_available(np))
			continue;
		if (read_mpidr(np, &mpidr) || (mpidr & ~MPIDR_AFFINITY)) {
			pr_err("%pOF: left off, reg is no affinity of MPIDR_EL1\n",
			       np);
			continue;
		}
		if (mpidr == cpu_mpidr[0])
			continue;
		if (seen(mpidr, n)) {
			pr_err("%pOF: left off, another node has its reg\n",
			       np);
			continue;
		}
		if (n == limit) {
			left++;
			continue;
		}
		cpu_mpidr[n] = mpidr;
		start_cpu(n, np);
		n++;
	}
	if (left)
		pr_info("CPUs left off: %u, as the limit is %u\n", left, limit);
	pr_info("CPUs on line: %u\n", num_online_cpus());
}

static int cmd_cpus(int argc, char **argv)
{
	static const char *const names[] = {
		"absent", "starting", "on line", "lost", "stopped"
	};
	unsigned int cpu;

	shell_printf("CPU MPIDR        State\n");
	for (cpu = 0; cpu < NR_CPUS; cpu++)
		if (cpu_states[cpu] != CPU_ABSENT)
			shell_printf("%3u 0x%-10llx %s\n", cpu, cpu_mpidr[cpu],
				     names[cpu_states[cpu]]);
	return 0;
}

static int __init smp_commands(void)
{
	return __register_shell_command("cpus", "- the CPUs", cmd_cpus, NULL);
}
device_initcall(smp_commands);
