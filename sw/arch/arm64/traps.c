// SPDX-License-Identifier: MIT
/* Exceptions: oops, back-trace, halt. Syndromes are DDI 0487, D17.2.37. */
#include <arch.h>
#include <atomic.h>
#include <export.h>
#include <irqflags.h>
#include <kallsyms.h>
#include <kernel.h>
#include <kthread.h>
#include <mm.h>
#include <reboot.h>
#include <bitfield.h>
#include <smp.h>
#include "../../kernel/printk_internal.h"
#include "../../kernel/smp_internal.h"

#define ESR_EC		GENMASK(31, 26)
#define ESR_WNR		BIT(6)
#define ESR_FSC		GENMASK(5, 0)
#define ESR_FNV		BIT(10)

#define EC_UNKNOWN	0x00
#define EC_ILLEGAL	0x0e
#define EC_BRK		0x3c
#define EC_IABT_SAME	0x21
#define EC_PC_ALIGN	0x22
#define EC_DABT_SAME	0x25
#define EC_SP_ALIGN	0x26

/* What a run ends with after an oops or a panic. */
#define OOPS_STATUS	2

unsigned int warn_count;
EXPORT_SYMBOL(warn_count);

/* The CPU that ends the machine; -1: none does. */
static int dying_cpu = -1;

bool oops_in_progress(void)
{
	return READ_ONCE(dying_cpu) >= 0;
}

/* The first CPU to come here stops the others, and goes on alone. True when it
 * comes a second time: then what it wants to tell has its own errors.
 */
static bool start_dying(void)
{
	int cpu = (int)smp_processor_id(), was;

	local_irq_disable();
	was = cmpxchg(&dying_cpu, -1, cpu);
	if (was == cpu)
		return true;
	if (was >= 0)
		smp_stop_self();
	smp_send_stop();
	return false;
}

static const char *ec_name(unsigned int ec)
{
	switch (ec) {
	case EC_UNKNOWN: return "undefined instruction";
	case 0x07: return "FP/SIMD access";
	case EC_ILLEGAL: return "illegal execution state";
	case 0x15: return "SVC";
	case 0x16: return "HVC";
	case 0x17: return "SMC";
	case 0x18: return "trapped system instruction";
	case EC_IABT_SAME: return "instruction abort";
	case EC_PC_ALIGN: return "PC alignment fault";
	case EC_DABT_SAME: return "data abort";
	case EC_SP_ALIGN: return "SP alignment fault";
	case 0x2f: return "SError";
	case EC_BRK: return "BRK";
	default: return "unexpected exception";
	}
}

static void fsc_name(unsigned int fsc, char *buf, size_t size)
{
	static const char *const kinds[] = {
		"address size fault", "translation fault", "access flag fault",
		"permission fault"
	};

	if (fsc < 16) {
		snprintf(buf, size, "level %u %s", fsc & 3, kinds[fsc >> 2]);
		return;
	}
	if (fsc >= 0x14 && fsc <= 0x17) {
		snprintf(buf, size, "external abort on table walk, level %u",
			 fsc & 3);
		return;
	}
	snprintf(buf, size, "%s", fsc == 0x10 ? "synchronous external abort" :
		 fsc == 0x21 ? "alignment fault" :
		 fsc == 0x30 ? "TLB conflict" : "unknown fault");
}

static void print_frame(unsigned long pc)
{
	pr_emerg(" %pS\n", (void *)pc);
}

static void walk_frames(unsigned long fp, unsigned long sp)
{
	unsigned long lo, hi;
	unsigned int n;

	if (!kernel_stack_range(sp, &lo, &hi) &&
	    !kernel_stack_range(fp, &lo, &hi))
		return;
	for (n = 0; n < 32; n++) {
		unsigned long next, pc;

		if (fp < lo || fp > hi - 16 || (fp & 7))
			return;
		next = ((unsigned long *)fp)[0];
		pc = ((unsigned long *)fp)[1];
		if (!pc)
			return;
		/* A return address is behind the call it names. */
		print_frame(pc - 4);
		if (next <= fp)
			return;
		fp = next;
	}
}

static void dump_backtrace(const struct pt_regs *regs)
{
	struct symbol_info pc, lr;

	pr_emerg("Call trace:\n");
	if (!regs) {
		walk_frames((unsigned long)__builtin_frame_address(0),
			    (unsigned long)__builtin_frame_address(0));
		return;
	}
	print_frame(regs->pc);
	/* A function that has no frame yet, or a jump into nowhere, leaves its
	 * caller in the link register only.
	 */
	if (!kallsyms_lookup(regs->pc, &pc) &&
	    kallsyms_lookup(regs->regs[30] - 4, &lr))
		print_frame(regs->regs[30] - 4);
	walk_frames(regs->regs[29], regs->sp);
}

static void show_code(unsigned long pc)
{
	int i;

	if ((pc & 3) || walk_kernel(pc) == ~0ULL ||
	    walk_kernel(pc - 16) == ~0ULL)
		return;
	pr_emerg("Code:");
	for (i = -4; i < 0; i++)
		pr_cont(" %08x", ((const u32 *)pc)[i]);
	pr_cont(" (%08x)\n", *(const u32 *)pc);
}

static void show_regs(const struct pt_regs *regs)
{
	int i;

	pr_emerg("pc : %pS\n", (void *)regs->pc);
	pr_emerg("lr : %pS\n", (void *)regs->regs[30]);
	pr_emerg("sp : %016llx pstate: %08llx\n", regs->sp, regs->pstate);
	for (i = 29; i >= 0; i -= 3)
		pr_emerg("x%-2d: %016llx x%-2d: %016llx x%-2d: %016llx\n", i,
			 regs->regs[i], i - 1, regs->regs[i - 1], i - 2,
			 regs->regs[i - 2]);
}

static void __noreturn die_halt(void)
{
	pr_emerg("---[ halted ]---\n");
	machine_power_off(OOPS_STATUS);
}

static void show_thread(void)
{
	pr_emerg("CPU: %u thread: %s%s\n", smp_processor_id(),
		 task_name(current), in_interrupt() ? " (in interrupt)" : "");
}

/* Behind start_dying(). */
static void __noreturn die(const char *what, struct pt_regs *regs, u64 esr)
{
	pr_emerg("Internal error: %s: %016llx\n", what, esr);
	show_thread();
	show_regs(regs);
	show_code(regs->pc);
	dump_backtrace(regs);
	die_halt();
}

static bool has_far(unsigned int ec, u64 esr)
{
	return ((ec == EC_IABT_SAME || ec == EC_DABT_SAME) &&
		!(esr & ESR_FNV)) || ec == EC_PC_ALIGN;
}

void handle_sync(struct pt_regs *regs, u64 esr, u64 far);
void handle_bad_vector(struct pt_regs *regs, u64 reason);
void handle_stack_overflow(struct pt_regs *regs, u64 esr, u64 far);

void handle_sync(struct pt_regs *regs, u64 esr, u64 far)
{
	unsigned int ec = (unsigned int)FIELD_GET(ESR_EC, esr);
	bool abort = ec == EC_IABT_SAME || ec == EC_DABT_SAME;
	char fault[64] = "";

	if (ec == EC_UNKNOWN && regs->pc == (u64)semihosting_call) {
		semihosting_absent = true;
		regs->pc += 4;
		return;
	}
	if (start_dying())
		machine_power_off(OOPS_STATUS);
	if (abort) {
		fsc_name((unsigned int)(esr & ESR_FSC), fault, sizeof(fault));
		pr_emerg("Unable to handle kernel %s at virtual address %016llx\n",
			 far < PAGE_SIZE ? "NULL pointer dereference" :
			 ec == EC_IABT_SAME ? "execution" :
			 esr & ESR_WNR ? "write" : "read", far);
	}
	pr_emerg("  ESR = %#010llx: %s%s%s%s\n", esr, ec_name(ec),
		 abort ? ", " : "", fault,
		 ec != EC_DABT_SAME ? "" : esr & ESR_WNR ? ", write" :
							   ", read");
	if (has_far(ec, esr))
		pr_emerg("  FAR = %#018llx\n", far);
	die("Oops", regs, esr);
}

void handle_bad_vector(struct pt_regs *regs, u64 reason)
{
	static const char *const names[] = {
		"exception on SP_EL0", "FIQ", "SError",
		"exception from a lower level"
	};
	u64 esr;

	__asm__ volatile("mrs %0, esr_el1" : "=r"(esr));
	if (start_dying())
		machine_power_off(OOPS_STATUS);
	pr_emerg("Unexpected %s, ESR = %#010llx\n", names[reason & 3], esr);
	die("Oops - bad mode", regs, esr);
}

void handle_stack_overflow(struct pt_regs *regs, u64 esr, u64 far)
{
	unsigned long lo, hi;

	if (start_dying())
		machine_power_off(OOPS_STATUS);
	kernel_stack_range(0, &lo, &hi);
	pr_emerg("Insufficient stack space to handle exception!\n");
	pr_emerg("  ESR = %#010llx: %s\n", esr,
		 ec_name((unsigned int)FIELD_GET(ESR_EC, esr)));
	pr_emerg("  FAR = %#018llx\n", far);
	pr_emerg("Thread stack: [%#018lx..%#018lx]\n", lo, hi);
	die("Oops - stack overflow", regs, esr);
}

void __noreturn __bug(const char *file, int line, const char *cond)
{
	bool again = start_dying();

	pr_emerg("kernel BUG at %s:%d: %s\n", file, line, cond);
	if (!again) {
		show_thread();
		dump_backtrace(NULL);
	}
	die_halt();
}
EXPORT_SYMBOL(__bug);

void __noreturn panic(const char *fmt, ...)
{
	struct va_format vf;
	va_list ap;
	bool again = start_dying();

	va_start(ap, fmt);
	vf.fmt = fmt;
	vf.va = &ap;
	pr_emerg("Kernel panic: %pV\n", &vf);
	va_end(ap);
	if (!again) {
		show_thread();
		dump_backtrace(NULL);
	}
	die_halt();
}
EXPORT_SYMBOL(panic);

void __warn(const char *file, int line, const char *cond, const char *fmt,
	    ...)
{
	__atomic_fetch_add(&warn_count, 1, __ATOMIC_RELAXED);
	pr_warn("WARNING: at %s:%d%s%s\n", file, line, cond ? ": " : "",
		cond ? cond : "");
	if (fmt) {
		va_list ap;

		va_start(ap, fmt);
		vprintk(fmt, ap);
		va_end(ap);
	}
	dump_backtrace(NULL);
}
EXPORT_SYMBOL(__warn);
