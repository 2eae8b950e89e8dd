// SPDX-License-Identifier: MIT
/* Firmware: PSCI turns CPUs and the machine on and off; semihosting ends a run
 * with a status, and carries text where there is no console.
 */
#include <arch.h>
#include <export.h>
#include <irqflags.h>
#include <kernel.h>
#include <mm.h>
#include <of.h>
#include <reboot.h>
#include "../../kernel/printk_internal.h"
#include "../../kernel/smp_internal.h"

/* Arm DEN0022, 5.1. */
#define PSCI_CPU_OFF		0x84000002UL
#define PSCI_CPU_ON		0xc4000003UL
#define PSCI_SYSTEM_OFF		0x84000008UL

/* DEN0022, 5.2.2. */
#define PSCI_NOT_SUPPORTED	(-1)
#define PSCI_INVALID_PARAMETERS	(-2)
#define PSCI_DENIED		(-3)
#define PSCI_ALREADY_ON		(-4)
#define PSCI_ON_PENDING		(-5)
#define PSCI_INVALID_ADDRESS	(-9)

/* Semihosting for AArch32 and AArch64, chapter 5. */
#define SYS_WRITE0			0x04UL
#define SYS_EXIT_EXTENDED		0x20UL
#define ADP_STOPPED_APPLICATION_EXIT	0x20026UL

static enum { PSCI_NONE, PSCI_HVC, PSCI_SMC } conduit;
/* PSCI 0.1 has no fixed numbers: its node gives them. */
static unsigned long cpu_on_id = PSCI_CPU_ON, cpu_off_id = PSCI_CPU_OFF;

bool semihosting_absent;

void __init psci_init(void)
{
	static const struct of_device_id ids[] = {
		{ .compatible = "arm,psci" },
		{ .compatible = "arm,psci-0.2" },
		{ .compatible = "arm,psci-1.0" },
		{ }
	};
	struct device_node *np = of_find_matching_node(NULL, ids);
	const char *method;
	u32 id;

	if (!np || of_property_read_string(np, "method", &method))
		return;
	if (!strcmp(method, "hvc"))
		conduit = PSCI_HVC;
	else if (!strcmp(method, "smc"))
		conduit = PSCI_SMC;
	else
		pr_err("psci: unknown method \"%s\"\n", method);
	if (of_device_is_compatible(np, "arm,psci-0.2") ||
	    of_device_is_compatible(np, "arm,psci-1.0"))
		return;
	cpu_on_id = of_property_read_u32(np, "cpu_on", &id) ? 0 : id;
	cpu_off_id = of_property_read_u32(np, "cpu_off", &id) ? 0 : id;
}

static long psci_call(unsigned long id, u64 a1, u64 a2, u64 a3)
{
	register unsigned long x0 __asm__("x0") = id;
	register unsigned long x1 __asm__("x1") = a1;
	register unsigned long x2 __asm__("x2") = a2;
	register unsigned long x3 __asm__("x3") = a3;

	if (conduit == PSCI_NONE || !id)
		return PSCI_NOT_SUPPORTED;
	/* SMCCC (Arm DEN0028) lets a call change x0 to x17. */
	if (conduit == PSCI_HVC)
		__asm__ volatile("hvc #0"
				 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : :
				 "x4", "x5", "x6", "x7", "x8", "x9", "x10",
				 "x11", "x12", "x13", "x14", "x15", "x16",
				 "x17", "memory");
	else
		__asm__ volatile("smc #0"
				 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : :
				 "x4", "x5", "x6", "x7", "x8", "x9", "x10",
				 "x11", "x12", "x13", "x14", "x15", "x16",
				 "x17", "memory");
	/* The results are 32 bits (DEN0022, 5.2.1). */
	return (s32)x0;
}

int psci_cpu_on(u64 mpidr, unsigned long context)
{
	phys_addr_t entry = virt_to_phys(secondary_entry);

	switch (psci_call(cpu_on_id, mpidr, entry, context)) {
	case 0: return 0;
	case PSCI_NOT_SUPPORTED: return -EOPNOTSUPP;
	case PSCI_INVALID_PARAMETERS: return -EINVAL;
	case PSCI_DENIED: return -EPERM;
	case PSCI_ALREADY_ON: return -EBUSY;
	case PSCI_ON_PENDING: return -EAGAIN;
	case PSCI_INVALID_ADDRESS: return -EFAULT;
	default: return -EIO;
	}
}

void psci_cpu_off(void)
{
	psci_call(cpu_off_id, 0, 0, 0);
}

void psci_system_off(void)
{
	psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
}

void semihosting_exit(int status)
{
	u64 block[2] = { ADP_STOPPED_APPLICATION_EXIT, (u64)(s64)status };

	if (!semihosting_absent)
		semihosting_call(SYS_EXIT_EXTENDED, block);
}

void semihosting_write(const char *s, size_t n)
{
	char buf[128];

	while (n && !semihosting_absent) {
		size_t k = min(n, sizeof(buf) - 1);

		memcpy(buf, s, k);
		buf[k] = 0;
		semihosting_call(SYS_WRITE0, buf);
		s += k;
		n -= k;
	}
}

void __noreturn machine_power_off(int status)
{
	local_irq_disable();
	smp_send_stop();
	/* Without a console, a failure would leave no word of why. */
	if (status && !console_ready)
		log_read(semihosting_write);
	if (status)
		semihosting_exit(status);
	psci_system_off();
	pr_emerg("nothing answers PSCI SYSTEM_OFF: halted\n");
	for (;;)
		wfi();
}
EXPORT_SYMBOL(machine_power_off);
