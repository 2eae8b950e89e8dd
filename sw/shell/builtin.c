// SPDX-License-Identifier: MIT
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

#define USAGE_WIDTH	32

/* A line that says how it is called, and what it does. */
static void show_help(const struct shell_command *c)
{
	size_t n = shell_help_args(c->help);
	const char *what = c->help + n;
	int used = (int)(strlen(c->name) + 1 + n);

	what += *what == ' ' ? 1 : 0;
	shell_printf("%s %.*s", c->name, (int)n, c->help);
	if (used > USAGE_WIDTH) {
		shell_printf("\n");
		used = 0;
	}
	shell_printf("%*s%s\n", USAGE_WIDTH + 1 - used, "", what);
}

static int cmd_help(int argc, char **argv)
{
	struct shell_command *c;
	int ret = argc == 2 ? -ENOENT : 0;

	if (argc > 2)
		return shell_usage(argv[0]);
	mutex_lock(&shell_commands_lock);
	list_for_each_entry(c, &shell_commands, node)
		if (argc == 1 || !strcmp(c->name, argv[1])) {
			show_help(c);
			ret = 0;
		}
	mutex_unlock(&shell_commands_lock);
	if (ret)
		shell_printf("help: no command %pE\n", argv[1]);
	return ret;
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

/* The console shows messages as they come: those of every level, while somebody
 * looks.
 */
static int follow_messages(void)
{
	int level = console_loglevel;

	console_loglevel = 8;
	while (!console_sleep(1000))
		;
	console_loglevel = level;
	return -EINTR;
}

static int cmd_dmesg(int argc, char **argv)
{
	if (argc > 2 || (argc == 2 && strcmp(argv[1], "-w")))
		return shell_usage(argv[0]);
	dmesg_show();
	return argc == 2 ? follow_messages() : 0;
}
SHELL_COMMAND(dmesg, "dmesg",
	      "[-w] - show the kernel's messages; -w: and those to come, until Ctrl-C");

static int show_device(struct device *dev, void *data)
{
	const char *compat = "";

	if (dev->of_node)
		of_property_read_string(dev->of_node, "compatible", &compat);
	shell_printf("%-29s %-9s %-16s %pE\n", dev_name(dev), dev->bus->name,
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

static char type_letter(const struct ramfs_file *f)
{
	switch (f->mode & RAMFS_IFMT) {
	case RAMFS_IFREG:
		return '-';
	case RAMFS_IFDIR:
		return 'd';
	case RAMFS_IFLNK:
		return 'l';
	default:
		return '?';
	}
}

static int cmd_ls(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "/";
	const struct ramfs_file *f;
	int ret = argc > 1 ? -ENOENT : 0;

	if (argc > 2)
		return shell_usage(argv[0]);
	if (shell_in_sysfs(path))
		return shell_sysfs_ls(path);
	for (f = ramfs_next(NULL); f; f = ramfs_next(f)) {
		if (!ramfs_below(f, path))
			continue;
		shell_printf("%c %8zu %pE\n", type_letter(f), f->size,
			     f->path);
		ret = 0;
	}
	if (!strcmp(path, "/"))
		shell_printf("d %8u /sys\n", 0);
	if (ret)
		shell_printf("ls: %pE: no such file or directory\n", path);
	return ret;
}
SHELL_COMMAND(ls, "ls", "[PATH] - files of the initramfs, and in /sys");

static int cmd_cat(int argc, char **argv)
{
	int i;

	if (argc < 2)
		return shell_usage(argv[0]);
	for (i = 1; i < argc; i++) {
		const struct ramfs_file *f = ramfs_find(argv[i]);

		if (shell_in_sysfs(argv[i])) {
			int ret = shell_sysfs_cat(argv[i]);

			if (ret)
				return ret;
			continue;
		}
		if (!f) {
			shell_printf("cat: %pE: no such file\n", argv[i]);
			return -ENOENT;
		}
		if (!ramfs_is_regular(f)) {
			shell_printf("cat: %pE: not a regular file\n",
				     argv[i]);
			return -EISDIR;
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

	if (argc != 2 || kstrtouint(argv[1], 10, &ms))
		return shell_usage(argv[0]);
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

	if (argc > 2 || (argc == 2 && kstrtoint(argv[1], 0, &status)))
		return shell_usage(argv[0]);
	/* More bits are lost on the way, and 256 would be a success. */
	if (status < 0 || status > 255) {
		shell_printf("poweroff: status %d: 0 to 255 are possible\n",
			     status);
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

static bool is_command(const char *name)
{
	bool found;

	mutex_lock(&shell_commands_lock);
	found = shell_find_command(name);
	mutex_unlock(&shell_commands_lock);
	return found;
}

static int cmd_expect_fail(int argc, char **argv)
{
	int ret;

	/* Of itself: its own mistakes would be what is expected. */
	if (argc < 2 || !strcmp(argv[1], argv[0]))
		return shell_usage(argv[0]);
	/* A command that is not there has not failed as it should. */
	if (!is_command(argv[1])) {
		shell_printf("sh: %pE: command not found\n", argv[1]);
		return -ENOENT;
	}
	ret = shell_run_argv(argc - 1, argv + 1);
	if (shell_interrupted())
		return -EINTR;
	if (!ret) {
		shell_printf("expect-fail: %s succeeded\n", argv[1]);
		return -EPROTO;
	}
	return 0;
}
SHELL_COMMAND(expect_fail, "expect-fail",
	      "COMMAND... - succeed when the command fails");
