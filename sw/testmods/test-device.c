// SPDX-License-Identifier: MIT
/* Driver core: matching, deferral, links, managed resources, unbinding. */
#include <kernel.h>
#include <kthread.h>
#include <ktap.h>
#include <platform_device.h>
#include <sched.h>
#include "test-core.h"

/* A bus on which a driver takes the devices whose bit is set in its mask. */
struct test_dev {
	struct device dev;
	unsigned int nr;
};

struct test_drv {
	struct device_driver drv;
	unsigned int mask;
	int probes, removes;
};

#define to_test_dev(d)	container_of(d, struct test_dev, dev)
#define to_test_drv(d)	container_of(d, struct test_drv, drv)

static int test_match(struct device *dev, struct device_driver *drv)
{
	return to_test_drv(drv)->mask >> to_test_dev(dev)->nr & 1;
}

static int configures, cleanups, configure_result;

static int test_dma_configure(struct device *dev)
{
	configures++;
	return configure_result;
}

static void test_dma_cleanup(struct device *dev)
{
	cleanups++;
}

static struct bus_type test_bus = {
	.name = "test",
	.match = test_match,
	.dma_configure = test_dma_configure,
	.dma_cleanup = test_dma_cleanup,
};

static void test_dev_release(struct device *dev)
{
	kfree(to_test_dev(dev));
}

static struct device *add_child(struct device *parent, unsigned int nr)
{
	struct test_dev *t = kzalloc(sizeof(*t), GFP_KERNEL);

	t->nr = nr;
	device_initialize(&t->dev);
	dev_set_name(&t->dev, "test%u", nr);
	t->dev.bus = &test_bus;
	t->dev.parent = parent;
	t->dev.release = test_dev_release;
	device_add(&t->dev);
	return &t->dev;
}

static struct device *add_device(unsigned int nr)
{
	return add_child(NULL, nr);
}

static int actions, order_ok;
static bool supplier_there;
static char prober[32];

static void first_action(void *data)
{
	/* Released last, because it was taken first. */
	order_ok = actions == 1;
	actions++;
}

static void second_action(void *data)
{
	actions++;
}

static int probe_consumer(struct device *dev)
{
	int ret;

	to_test_drv(dev->driver)->probes++;
	strscpy(prober, task_name(current), sizeof(prober));
	ret = devm_add_action_or_reset(dev, first_action, NULL);
	if (ret)
		return ret;
	if (!supplier_there)
		return dev_err_probe(dev, -EPROBE_DEFER, "no supplier yet\n");
	return devm_add_action_or_reset(dev, second_action, NULL);
}

static int probe_defers(struct device *dev)
{
	to_test_drv(dev->driver)->probes++;
	return -EPROBE_DEFER;
}

static int probe_well(struct device *dev)
{
	to_test_drv(dev->driver)->probes++;
	return 0;
}

static void count_remove(struct device *dev)
{
	to_test_drv(dev->driver)->removes++;
}

#define TEST_DRIVER(n, m, p, r)						\
	static struct test_drv n = {					\
		.drv = { .name = #n, .bus = &test_bus, .probe = p,	\
			 .remove = r },					\
		.mask = m,						\
	}

TEST_DRIVER(consumer, 1, probe_consumer, count_remove);

static void test_binding(void)
{
	struct device *c = add_device(0);

	ktap_ok(!c->driver, "a device without a driver stays unbound");
	driver_register(&consumer.drv);
	ktap_ok(consumer.probes == 1 && !c->driver && actions == 1,
		"a deferred probe leaves no resource behind");
	ktap_ok(device_is_deferred(c) && c->deferred_reason &&
		!strcmp(c->deferred_reason, "no supplier yet"),
		"a deferral keeps its reason");
	actions = 0;
	supplier_there = true;
	driver_deferred_probe_trigger();
	wait_for_device_probe();
	ktap_ok(c->driver == &consumer.drv && !device_is_deferred(c),
		"a deferred device binds once its supplier is there");
	ktap_ok(!strncmp(prober, "kworker/", 8),
		"a deferred probe runs on its own queue");
	ktap_ok(driver_register(&consumer.drv) == -EBUSY,
		"a driver registers once");
	driver_unregister(&consumer.drv);
	ktap_ok(!c->driver && consumer.removes == 1,
		"unregistering a driver unbinds its devices");
	ktap_ok(actions == 2 && order_ok,
		"managed resources go in reverse order");
	device_unregister(c);
}

/* Two devices that two drivers could drive, and both wait. */
TEST_DRIVER(waits_a, 3, probe_defers, NULL);
TEST_DRIVER(waits_b, 3, probe_defers, NULL);

static void test_two_drivers(void)
{
	struct device *d[2] = { add_device(0), add_device(1) };

	driver_register(&waits_a.drv);
	driver_register(&waits_b.drv);
	wait_for_device_probe();
	ktap_ok(d[0]->deferred_reason &&
		strstr(d[0]->deferred_reason, "tells no reason"),
		"a deferral without a reason names its driver");
	driver_unregister(&waits_a.drv);
	wait_for_device_probe();
	ktap_ok(device_is_deferred(d[0]) && device_is_deferred(d[1]),
		"devices that wait go to the driver that is left");
	driver_unregister(&waits_b.drv);
	wait_for_device_probe();
	ktap_ok(!device_is_deferred(d[0]) && !device_is_deferred(d[1]),
		"devices whose drivers are gone wait no longer");
	device_unregister(d[0]);
	device_unregister(d[1]);
}

/* What a removal triggers must not bring the driver back. */
static void remove_and_trigger(struct device *dev)
{
	count_remove(dev);
	driver_deferred_probe_trigger();
	wait_for_device_probe();
}

static int probe_first_only(struct device *dev)
{
	to_test_drv(dev->driver)->probes++;
	return to_test_dev(dev)->nr || to_test_drv(dev->driver)->removes ?
	       supplier_there ? 0 : -EPROBE_DEFER : 0;
}

TEST_DRIVER(leaving, 3, probe_first_only, NULL);

static void leaving_remove(struct device *dev)
{
	supplier_there = true;
	remove_and_trigger(dev);
}

static void test_leaving(void)
{
	struct device *d[2] = { add_device(0), add_device(1) };

	supplier_there = false;
	leaving.drv.remove = leaving_remove;
	driver_register(&leaving.drv);
	ktap_ok(d[0]->driver == &leaving.drv && device_is_deferred(d[1]),
		"one device is bound, another one waits");
	driver_unregister(&leaving.drv);
	wait_for_device_probe();
	ktap_ok(!d[0]->driver && !d[1]->driver && leaving.probes == 2 &&
		!device_is_deferred(d[1]),
		"a driver that is leaving is bound to nothing any more");
	device_unregister(d[0]);
	device_unregister(d[1]);
}

/* A probe that brings in another driver for the very device. */
TEST_DRIVER(inner, 1, probe_well, NULL);

static int probe_registers(struct device *dev)
{
	driver_register(&inner.drv);
	return -ENODEV;
}

TEST_DRIVER(outer, 1, probe_registers, NULL);

static void test_nested(void)
{
	struct device *d;

	driver_register(&outer.drv);
	d = add_device(0);
	ktap_ok(d->driver == &inner.drv && inner.probes == 1,
		"a driver that a probe brings in has its turn behind it");
	driver_unregister(&inner.drv);
	driver_unregister(&outer.drv);
	device_unregister(d);
}

/* Another thread brings a driver in for a device that is being probed, and the
 * probe waits for that thread, as for one that loads the module it asked for.
 */
TEST_DRIVER(second, 1, probe_well, NULL);

static int register_second(void *data)
{
	return driver_register(&second.drv);
}

static int probe_waits(struct device *dev)
{
	struct task *t = kthread_run(register_second, NULL, "second");

	return kthread_stop(t) ? -EIO : -ENODEV;
}

TEST_DRIVER(first, 1, probe_waits, NULL);

static void test_newcomer(void)
{
	struct device *d = add_device(0);

	driver_register(&first.drv);
	wait_for_device_probe();
	ktap_ok(d->driver == &second.drv && second.probes == 1 &&
		!device_is_deferred(d),
		"a driver does not wait for a probe that waits for it");
	driver_unregister(&second.drv);
	driver_unregister(&first.drv);
	device_unregister(d);
}

/* The retry is on its way before the failed probe has been cleaned up. */
static void await_retry(void *data)
{
	struct device *dev = data;

	while (READ_ONCE(dev->deferred_retry))
		schedule();
}

static int probe_late(struct device *dev)
{
	int ret;

	if (to_test_drv(dev->driver)->probes++)
		return 0;
	ret = devm_add_action(dev, await_retry, dev);
	driver_deferred_probe_trigger();
	return ret ? ret : -EPROBE_DEFER;
}

TEST_DRIVER(late, 1, probe_late, NULL);

static void test_early_retry(void)
{
	struct device *d = add_device(0);

	driver_register(&late.drv);
	wait_for_device_probe();
	ktap_ok(d->driver == &late.drv && late.probes == 2,
		"a retry that comes before the device is free is not lost");
	driver_unregister(&late.drv);
	device_unregister(d);
}

/* A probe that binds a child, and then waits for something else. */
#define IN_A_LOOP	100

static int probe_parent(struct device *dev)
{
	if (++to_test_drv(dev->driver)->probes == IN_A_LOOP)
		return -ENODEV;
	device_unregister(add_child(dev, 1));
	return dev_err_probe(dev, -EPROBE_DEFER, "waits for another\n");
}

TEST_DRIVER(parent, 1, probe_parent, NULL);
TEST_DRIVER(child, 2, probe_well, NULL);

static void test_children(void)
{
	struct device *d = add_device(0);

	driver_register(&child.drv);
	driver_register(&parent.drv);
	wait_for_device_probe();
	ktap_ok(parent.probes == 1 && child.probes == 1 &&
		device_is_deferred(d),
		"a device does not wait for its own children");
	driver_deferred_probe_trigger();
	wait_for_device_probe();
	ktap_ok(parent.probes == 2 && device_is_deferred(d),
		"but for what comes from elsewhere");
	driver_unregister(&parent.drv);
	driver_unregister(&child.drv);
	device_unregister(d);
}

/* Device 1 uses device 0. */
static struct device *the_supplier;
static int supplier_users = -1;

static void supplier_remove(struct device *dev)
{
	supplier_users = !list_empty(&dev->consumers);
}

static int probe_user(struct device *dev)
{
	int ret = device_link_add(dev, the_supplier);

	return ret == -EPROBE_DEFER ?
	       dev_err_probe(dev, ret, "waits for test0\n") : ret;
}

TEST_DRIVER(supplier, 1, probe_well, supplier_remove);
TEST_DRIVER(user, 2, probe_user, count_remove);

static void test_links(void)
{
	struct device *u;

	the_supplier = add_device(0);
	u = add_device(1);
	driver_register(&user.drv);
	ktap_ok(device_is_deferred(u), "a consumer waits for its supplier");
	driver_register(&supplier.drv);
	wait_for_device_probe();
	ktap_ok(u->driver == &user.drv, "a supplier brings its consumers in");
	ktap_ok(device_link_add(the_supplier, u) == -EINVAL &&
		device_link_add(u, u) == -EINVAL,
		"nobody waits in a circle");
	driver_unregister(&supplier.drv);
	wait_for_device_probe();
	ktap_ok(user.removes == 1 && supplier_users == 0 &&
		device_is_deferred(u),
		"a supplier goes after its consumers, which wait again");
	driver_register(&supplier.drv);
	wait_for_device_probe();
	ktap_ok(u->driver == &user.drv, "they come back with it");
	device_unregister(the_supplier);
	ktap_ok(!u->driver && user.removes == 2,
		"a supplier that is pulled out takes its consumers along");
	device_unregister(u);
	driver_unregister(&user.drv);
	driver_unregister(&supplier.drv);
}

/* While device 0 is unbound, one thread waits to bind it again, and behind that
 * another one waits to unbind it again.
 */
static struct device *the_user;
static struct task *binder, *unbinder;
static bool first_is_over;

static unsigned int waiters(struct device *dev)
{
	struct wait_queue_entry *e;
	unsigned long flags;
	unsigned int n = 0;

	spin_lock_irqsave(&dev->lock.wait.lock, flags);
	list_for_each_entry(e, &dev->lock.wait.waiters, entry)
		n++;
	spin_unlock_irqrestore(&dev->lock.wait.lock, flags);
	return n;
}

static int bind_again(void *dev)
{
	return device_attach(dev);
}

static int unbind_again(void *dev)
{
	device_release_driver(dev);
	return 0;
}

static int probe_contested(struct device *dev)
{
	if (!to_test_drv(dev->driver)->probes++)
		return 0;
	while (!READ_ONCE(first_is_over))
		schedule();
	device_attach(the_user);
	return 0;
}

static void contested_remove(struct device *dev)
{
	if (to_test_drv(dev->driver)->removes++) {
		supplier_remove(dev);
		return;
	}
	binder = kthread_run(bind_again, dev, "bind");
	while (waiters(dev) < 1)
		schedule();
	unbinder = kthread_run(unbind_again, dev, "unbind");
	while (waiters(dev) < 2)
		schedule();
}

TEST_DRIVER(contested, 1, probe_contested, contested_remove);

static void test_unbinding_twice(void)
{
	supplier_users = -1;
	the_supplier = add_device(0);
	the_user = add_device(1);
	driver_register(&contested.drv);
	driver_register(&user.drv);
	device_release_driver(the_supplier);
	WRITE_ONCE(first_is_over, true);
	kthread_stop(binder);
	kthread_stop(unbinder);
	ktap_ok(contested.removes == 2 && !the_supplier->driver &&
		supplier_users == 0 && device_is_deferred(the_user),
		"a supplier that two unbind gets no consumer in between");
	device_attach(the_supplier);
	wait_for_device_probe();
	ktap_ok(the_user->driver == &user.drv,
		"its consumers come back all the same");
	device_unregister(the_user);
	driver_unregister(&user.drv);
	driver_unregister(&contested.drv);
	device_unregister(the_supplier);
}

static void test_dma(void)
{
	struct device *c;

	supplier_there = true;
	consumer.probes = configures = cleanups = 0;
	configure_result = -EPROBE_DEFER;
	c = add_device(0);
	driver_register(&consumer.drv);
	ktap_ok(configures == 1 && cleanups == 1 && !consumer.probes,
		"the bus can defer a probe for its DMA");
	configure_result = 0;
	driver_deferred_probe_trigger();
	wait_for_device_probe();
	ktap_ok(c->driver && consumer.probes == 1 && configures == 2 &&
		cleanups == 1, "DMA is set up once, before the probe");
	driver_unregister(&consumer.drv);
	ktap_ok(cleanups == 2, "and given back behind the removal");
	device_unregister(c);
}

static int count_bus(struct bus_type *bus, void *data)
{
	*(int *)data += bus == &test_bus || bus == &platform_bus_type;
	return 0;
}

void test_device(void)
{
	size_t o0, b0, o1, b1;
	int buses = 0;

	slab_usage(&o0, &b0);
	ktap_ok(!bus_register(&test_bus) && bus_register(&test_bus) == -EEXIST,
		"a bus registers once");
	bus_for_each(&buses, count_bus);
	ktap_ok(buses == 2, "buses are listed alike");
	test_binding();
	test_two_drivers();
	test_leaving();
	test_nested();
	test_newcomer();
	test_early_retry();
	test_children();
	test_links();
	test_unbinding_twice();
	test_dma();
	ktap_ok(request_mem_region(0x1000, 0x1000, "a") == 0 &&
		request_mem_region(0x1fff, 1, "b") == -EBUSY &&
		(release_mem_region(0x1000, 0x1000), true),
		"a range belongs to one device");
	bus_unregister(&test_bus);
	slab_usage(&o1, &b1);
	ktap_ok(o0 == o1 && b0 == b1, "nothing is leaked by all that");
}
