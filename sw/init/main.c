// SPDX-License-Identifier: MIT
/* From head.S to the first thread. */
#include <arch.h>
#include <device.h>
#include <init.h>
#include <kernel.h>
#include <kthread.h>
#include <mm.h>
#include <reboot.h>
#include <irqflags.h>
#include <version.h>
#include "../kernel/printk_internal.h"
#include "../kernel/smp_internal.h"

void start_kernel(phys_addr_t fdt, phys_addr_t text);

extern initcall_t __initcall_start[], __initcall_end[];

static phys_addr_t initrd_start;
static u64 initrd_size;

static void do_initcalls(void)
{
	initcall_t *fn;

	for (fn = __initcall_start; fn < __initcall_end; fn++) {
		int ret = (*fn)();

		if (ret && ret != -ENODEV)
			pr_warn("initcall %ps: -%s\n", (void *)*fn,
				errname(ret));
	}
}

static int init_thread(void *data)
{
	(void)data;
	smp_init();
	workqueue_init();
	of_platform_populate();
	do_initcalls();
	driver_init_done();
	initramfs_init(initrd_start, initrd_size);
	shell_main();
	machine_power_off(0);
}

static void __init early_params(void)
{
	char buf[16];
	int level;

	if (cmdline_get("loglevel", buf, sizeof(buf))) {
		if (kstrtoint(buf, 10, &level))
			pr_err("loglevel=%pE is no number\n", buf);
		else
			console_loglevel = level;
	}
	if (cmdline_get("debug", buf, sizeof(buf)))
		console_loglevel = 8;
}

void start_kernel(phys_addr_t fdt, phys_addr_t text)
{
	struct task *t;
	int ret;

	kernel_phys = text;
	time_early_init();
	pr_notice("%s\n", kernel_banner);
	ret = early_fdt_scan(fdt, &initrd_start, &initrd_size);
	if (ret)
		panic("no valid device tree at %pa: -%s", &fdt, errname(ret));
	early_params();
	if (!memblock_regions())
		panic("the device tree has no memory node that is okay and has a reg");
	memblock_reserve(text, (u64)(_end - _text));
	if (initrd_size && !memblock_is_ram(initrd_start, initrd_size)) {
		pr_err("initrd at %pa is not in RAM: ignored\n",
		       &initrd_start);
		initrd_size = 0;
	}
	memblock_reserve(initrd_start, initrd_size);
	if (!memblock_is_ram(text, (u64)(_end - _text)))
		panic("the kernel is outside of the RAM of the device tree: it is at %pa",
		      &text);
	/* The linear map is where it is read from later on. */
	if (!memblock_is_ram(fdt, 8))
		panic("the device tree, at %pa, is outside of the RAM that it tells of",
		      &fdt);
	paging_init();
	mem_init();
	slab_init();
	fdt_unflatten();
	psci_init();
	console_init();
	pr_info("Kernel command line: %pE\n", boot_command_line);
	irqchip_init();
	time_init();
	local_irq_enable();
	t = kthread_run(init_thread, NULL, "init");
	if (IS_ERR(t))
		panic("no memory for the first thread");
	cpu_idle();
}
