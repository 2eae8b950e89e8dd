// SPDX-License-Identifier: MIT
/* The command "crash": ways to die. */
#include <bug.h>
#include <errno.h>
#include <kthread.h>
#include <mm.h>
#include <module.h>
#include <shell.h>
#include <string.h>

static noinline void crash_null(void)
{
	volatile int *p = NULL;

	/* The compiler must not see that it is NULL. */
	__asm__("" : "+r"(p));
	p[4] = 1;
}

static noinline void crash_jump(void)
{
	void (*fn)(void) = (void (*)(void))0x1000;

	__asm__("" : "+r"(fn));
	fn();
}

static noinline void crash_text(void)
{
	u32 *p = (u32 *)(unsigned long)crash_null;

	__asm__("" : "+r"(p));
	*(volatile u32 *)p = 0;
}

static noinline void crash_data(void)
{
	static u32 code[] = { 0xd65f03c0 };	/* ret */
	void (*fn)(void) = (void (*)(void))(unsigned long)code;

	__asm__("" : "+r"(fn));
	fn();
}

static noinline void crash_kernel_text(void)
{
	*(volatile u32 *)KIMAGE_VADDR = 0;
}

/* The same bytes through the map of all RAM. */
static noinline void crash_alias(void)
{
	*(volatile u32 *)phys_to_virt(virt_to_phys((void *)KIMAGE_VADDR)) = 0;
}

static noinline int crash_stack(int n)
{
	volatile char big[512];

	big[0] = (char)n;
	return n ? crash_stack(n + 1) + big[0] : 0;
}

static int crash(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";

	if (!strcmp(how, "null"))
		crash_null();
	else if (!strcmp(how, "jump"))
		crash_jump();
	else if (!strcmp(how, "text"))
		crash_text();
	else if (!strcmp(how, "data"))
		crash_data();
	else if (!strcmp(how, "kernel-text"))
		crash_kernel_text();
	else if (!strcmp(how, "alias"))
		crash_alias();
	else if (!strcmp(how, "stack"))
		crash_stack(1);
	else if (!strcmp(how, "undefined"))
		__asm__ volatile("udf #0");
	else if (!strcmp(how, "bug"))
		BUG();
	else if (!strcmp(how, "hang"))
		for (;;)
			__asm__ volatile("" ::: "memory");
	else if (!strcmp(how, "warn"))
		WARN(true, "as asked\n");
	else
		goto usage;
	return 0;

usage:
	shell_printf("usage: crash null|jump|text|data|kernel-text|alias|stack|undefined|bug|hang|warn\n");
	return -EINVAL;
}

static int __init test_oops_init(void)
{
	return register_shell_command("crash", "HOW - die", crash);
}
module_init(test_oops_init);

static void __exit test_oops_exit(void)
{
	unregister_shell_command("crash");
}
module_exit(test_oops_exit);

MODULE_LICENSE("Dual MIT/GPL");
