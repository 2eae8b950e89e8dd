/* Commands about the machine and the files. */
#include <arch.h>
#include <device.h>
#include <init.h>
#include <irq.h>
#include <kernel.h>
#include <ktime.h>
#include <mm.h>
#include <module.h>
#include <of.h>
#include <ramfs.h>
#include <reboot.h>
#include <sched.h>
#include <slab.h>
#include "../kernel/printk_internal.h"
#include "internal.h"

static int cmd_help(int argc, char **argv)
{
	struct shell_command *c;

	if (argc > 1) {
		c = shell_find_command(argv[1]);
		if (!c) {
			shell_printf("help: no command %s\n", argv[1]);
			return -ENOENT;
		}
		shell_printf("%s %s\n", c->name, c->help);
		return 0;
	}
	list_for_each_entry(c, &shell_commands, node)
		shell_printf("%-12s %s\n", c->name, c->help);
	return 0;
}
SHELL_COMMAND(help, "help", "[COMMAND] - list the commands");

static int cmd_echo(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		shell_printf("%s%s", i > 1 ? " " : "", argv[i]);
	shell_printf("\n");
	return 0;
}
SHELL_COMMAND(echo, "echo", "TEXT... - print");

static int cmd_dmesg(int argc, char **argv)
{
	dmesg_show();
	return 0;
}
SHELL_COMMAND(dmesg, "dmesg", "- show the kernel's messages");

static int show_device(struct device *dev, void *data)
{
	const char *compat = "";

	if (dev->of_node)
		of_property_read_string(dev->of_node, "compatible", &compat);
	shell_printf("%-29s %-9s %-16s %s\n", dev_name(dev), dev->bus->name,
		     dev->driver ? dev->driver->name :
		     device_is_deferred(dev) ? "(deferred)" : "-", compat);
	return 0;
}

static int show_bus(struct bus_type *bus, void *data)
{
	return bus_for_each_dev(bus, NULL, data, show_device);
}

static int cmd_devices(int argc, char **argv)
{
	shell_printf("%-29s %-9s %-16s %s\n", "Device", "Bus", "Driver",
		     "Compatible");
	return bus_for_each(NULL, show_bus);
}
SHELL_COMMAND(devices, "devices", "- devices and their drivers");

static int cmd_deferred(int argc, char **argv)
{
	driver_deferred_probe_show();
	return 0;
}
SHELL_COMMAND(deferred, "deferred", "- devices that wait for another");

static int cmd_ls(int argc, char **argv)
{
	const char *dir = argc > 1 ? argv[1] : "";
	const struct ramfs_file *f;
	unsigned int n = 0;
	size_t len;

	while (*dir == '/')
		dir++;
	len = strlen(dir);
	while (len && dir[len - 1] == '/')
		len--;
	for (f = ramfs_next(NULL); f; f = ramfs_next(f)) {
		const char *p = f->path + 1;

		if (strncmp(p, dir, len) ||
		    (len && p[len] && p[len] != '/'))
			continue;
		shell_printf("%c %8zu %s\n",
			     (f->mode & RAMFS_IFMT) == RAMFS_IFDIR ? 'd' :
								     '-',
			     f->size, f->path);
		n++;
	}
	if (!n && len) {
		shell_printf("ls: %s: no such file or directory\n", argv[1]);
		return -ENOENT;
	}
	return 0;
}
SHELL_COMMAND(ls, "ls", "[PATH] - files of the initramfs");

static int cmd_cat(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		const struct ramfs_file *f = ramfs_find(argv[i]);

		if (!f) {
			shell_printf("cat: %s: no such file\n", argv[i]);
			return -ENOENT;
		}
		console_write(f->data, f->size);
	}
	return 0;
}
SHELL_COMMAND(cat, "cat", "FILE... - print files");

static int cmd_free(int argc, char **argv)
{
	size_t objects, bytes;

	slab_usage(&objects, &bytes);
	shell_printf("RAM     %8lu KiB, %lu KiB free\n", totalram_pages() << 2,
		     nr_free_pages() << 2);
	shell_printf("kmalloc %8zu KiB in %zu objects\n", bytes >> 10,
		     objects);
	return 0;
}
SHELL_COMMAND(free, "free", "- memory in use");

static int cmd_uptime(int argc, char **argv)
{
	u64 us = ktime_get_ns() / 1000;

	shell_printf("up %llu.%06llu s\n", us / 1000000, us % 1000000);
	return 0;
}
SHELL_COMMAND(uptime, "uptime", "- time since the counter started");

static int cmd_sleep(int argc, char **argv)
{
	unsigned int ms;

	if (argc != 2 || kstrtouint(argv[1], 10, &ms)) {
		shell_printf("usage: sleep MILLISECONDS\n");
		return -EINVAL;
	}
	return console_sleep(ms) ? -EINTR : 0;
}
SHELL_COMMAND(sleep, "sleep", "MILLISECONDS - wait; Ctrl-C ends it");

static int cmd_interrupts(int argc, char **argv)
{
	irq_show();
	return 0;
}
SHELL_COMMAND(interrupts, "interrupts", "- interrupts in use");

static int cmd_ps(int argc, char **argv)
{
	tasks_show();
	return 0;
}
SHELL_COMMAND(ps, "ps", "- threads");

static int cmd_poweroff(int argc, char **argv)
{
	int status = 0;

	if (argc > 2 || (argc == 2 && kstrtoint(argv[1], 0, &status))) {
		shell_printf("usage: poweroff [STATUS]\n");
		return -EINVAL;
	}
	if (shell_script_stop())
		return 0;
	if (argc == 1)
		status = shell_verdict();
	pr_info("Power down, status %d\n", status);
	machine_power_off(status);
}
SHELL_COMMAND(poweroff, "poweroff",
	      "[STATUS] - end the run; without STATUS: 1 if anything failed");

static int cmd_expect_fail(int argc, char **argv)
{
	int ret;

	if (argc < 2) {
		shell_printf("usage: expect-fail COMMAND...\n");
		return -EINVAL;
	}
	/* A command that is not there has not failed as it should. */
	if (!shell_find_command(argv[1])) {
		shell_printf("sh: %s: command not found\n", argv[1]);
		return -ENOENT;
	}
	ret = shell_run_argv(argc - 1, argv + 1);
	if (!ret) {
		shell_printf("expect-fail: %s succeeded\n", argv[1]);
		return -EPROTO;
	}
	return 0;
}
SHELL_COMMAND(expect_fail, "expect-fail",
	      "COMMAND... - succeed when the command fails");
