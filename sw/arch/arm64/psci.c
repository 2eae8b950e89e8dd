// SPDX-License-Identifier: MIT
/* The end of a run: PSCI and semihosting. */
#include <arch.h>
#include <export.h>
#include <irqflags.h>
#include <kernel.h>
#include <of.h>
#include <reboot.h>

#define PSCI_SYSTEM_OFF		0x84000008UL	/* DEN0022, 5.9 */

/* Semihosting for AArch32 and AArch64, chapter 5. */
#define SYS_WRITE0			0x04UL
#define SYS_EXIT_EXTENDED		0x20UL
#define ADP_STOPPED_APPLICATION_EXIT	0x20026UL

static enum { PSCI_NONE, PSCI_HVC, PSCI_SMC } conduit;

/* While set, an undefined HLT is stepped over: nobody serves semihosting. */
volatile bool semihosting_probe;

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

	if (!np || of_property_read_string(np, "method", &method))
		return;
	if (!strcmp(method, "hvc"))
		conduit = PSCI_HVC;
	else if (!strcmp(method, "smc"))
		conduit = PSCI_SMC;
	else
		pr_err("psci: unknown method \"%s\"\n", method);
}

void psci_system_off(void)
{
	register unsigned long x0 __asm__("x0") = PSCI_SYSTEM_OFF;

	if (conduit == PSCI_HVC)
		__asm__ volatile("hvc #0" : "+r"(x0) : : "x1", "x2", "x3",
				 "memory");
	else if (conduit == PSCI_SMC)
		__asm__ volatile("smc #0" : "+r"(x0) : : "x1", "x2", "x3",
				 "memory");
}

static void semihosting_call(unsigned long op, const void *param)
{
	register unsigned long x0 __asm__("x0") = op;
	register unsigned long x1 __asm__("x1") = (unsigned long)param;

	semihosting_probe = true;
	__asm__ volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
	semihosting_probe = false;
}

void semihosting_exit(int status)
{
	u64 block[2] = { ADP_STOPPED_APPLICATION_EXIT, (u64)(s64)status };

	semihosting_call(SYS_EXIT_EXTENDED, block);
}

void semihosting_write(const char *s, size_t n)
{
	char buf[128];

	while (n) {
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
	if (status)
		semihosting_exit(status);
	psci_system_off();
	pr_emerg("nothing answers PSCI SYSTEM_OFF: halted\n");
	for (;;)
		wfi();
}
EXPORT_SYMBOL(machine_power_off);
