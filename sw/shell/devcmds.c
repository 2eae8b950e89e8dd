// SPDX-License-Identifier: MIT
/* Commands about devices and the drivers that they have, or wait for. */
#include <device.h>
#include <init.h>
#include <kernel.h>
#include <module.h>
#include "internal.h"

static void show_deferred(struct device *dev, const char *why, void *data)
{
	shell_printf("%-29s %s\n", dev_name(dev), why);
}

static int cmd_deferred(int argc, char **argv)
{
	shell_printf("%-29s %s\n", "Device", "Why it waits");
	driver_deferred_for_each(NULL, show_deferred);
	return 0;
}
SHELL_COMMAND(deferred, "deferred", "- devices that wait for another");

struct search {
	const char *name;
	struct device *found;
};

static int has_name(struct device *dev, const void *name)
{
	return !strcmp(dev_name(dev), name);
}

static int find_on_bus(struct bus_type *bus, void *data)
{
	struct search *s = data;

	s->found = bus_find_device(bus, s->name, has_name);
	return !!s->found;
}

/* The first of that name on any bus, with a reference; a missing one is told. */
static struct device *find_device(const char *command, const char *name)
{
	struct search s = { name, NULL };

	bus_for_each(&s, find_on_bus);
	if (!s.found)
		shell_printf("%s: %pE: no such device\n", command, name);
	return s.found;
}

static int cmd_bind(int argc, char **argv)
{
	const char *why;
	struct device *dev;
	int ret;

	if (argc != 3)
		return shell_usage("bind");
	dev = find_device("bind", argv[2]);
	if (!dev)
		return -ENODEV;
	ret = device_bind_driver_name(dev, argv[1]);
	switch (ret) {
	case -ENOENT:
		why = "its bus has no such driver";
		break;
	case -ENODEV:
		why = "that driver is not for it";
		break;
	case -EBUSY:
		why = "it has another driver";
		break;
	case -EPROBE_DEFER:
		why = "it is deferred";
		break;
	default:
		why = errname(ret);
	}
	if (ret)
		shell_printf("bind: %pE to %pE: %s\n", argv[2], argv[1], why);
	put_device(dev);
	return ret;
}
SHELL_COMMAND(bind, "bind", "DRIVER DEVICE - bind a device to a driver of its bus");

static int cmd_unbind(int argc, char **argv)
{
	struct device *dev;
	int ret = 0;

	if (argc != 2)
		return shell_usage("unbind");
	dev = find_device("unbind", argv[1]);
	if (!dev)
		return -ENODEV;
	if (READ_ONCE(dev->driver)) {
		device_release_driver(dev);
	} else {
		shell_printf("unbind: %pE: it has no driver\n", argv[1]);
		ret = -ENXIO;
	}
	put_device(dev);
	return ret;
}
SHELL_COMMAND(unbind, "unbind",
	      "DEVICE - take a device, and those that need it, from their drivers");
