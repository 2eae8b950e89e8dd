// SPDX-License-Identifier: MIT
/* How devices and drivers come together, come apart, and wait. */
#define pr_fmt(fmt) "deferred: " fmt
#include <arch.h>
#include <export.h>
#include <init.h>
#include <kernel.h>
#include <ktime.h>
#include <list.h>
#include <sched.h>
#include <wait.h>
#include <workqueue.h>

#include "base.h"

/* A consumer that is bound, or being bound, and what it cannot do without. */
struct device_link {
	struct device *supplier;
	struct device *consumer;
	struct list_head s_node;
	struct list_head c_node;
};

/* Over the links of all devices. */
static DEFINE_MUTEX(links_lock);

/*
 * Devices whose probe wants to be repeated. They stay listed until they are
 * bound or fail for good; deferred_retry says which are due. All of it, and
 * the reasons, is under deferred_lock.
 */
static LIST_HEAD(deferred);
static DEFINE_MUTEX(deferred_lock);

/* A probe under way. What it waits for, or another driver for the device, may
 * have come behind its back.
 */
struct attempt {
	struct list_head node;
	struct device *dev;
	bool missed;
	bool newcomer;
};

static LIST_HEAD(attempts);

static void deferred_probe_work(struct work_struct *work);
static DECLARE_WORK(deferred_work, deferred_probe_work);
static struct workqueue_struct *deferred_wq;

static bool init_done;
static bool timed_out;
static struct delayed_work timeout_work;

/* Probes under way, on whatever thread. */
static atomic_t probes = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(probes_over);

static void set_reason(struct device *dev, char *reason)
{
	mutex_lock(&deferred_lock);
	swap(dev->deferred_reason, reason);
	mutex_unlock(&deferred_lock);
	kfree(reason);
}

void device_set_deferred_reason(struct device *dev, struct va_format *vf)
{
	char *reason = kasprintf(GFP_KERNEL, "%pV", vf);

	if (reason)
		strim(reason);
	set_reason(dev, reason);
}

/* With deferred_lock. */
static void queue_retries(void)
{
	if (deferred_wq)
		queue_work(deferred_wq, &deferred_work);
}

/* With deferred_lock. */
static void enlist(struct device *dev, bool retry)
{
	if (list_empty(&dev->deferred_node))
		list_add_tail(&get_device(dev)->deferred_node, &deferred);
	if (retry) {
		dev->deferred_retry = true;
		queue_retries();
	}
}

static void begin(struct attempt *a, struct device *dev)
{
	a->dev = dev;
	a->missed = false;
	mutex_lock(&deferred_lock);
	/* Should this fail, what is due is not forgotten. */
	a->newcomer = dev->deferred_retry;
	list_add_tail(&a->node, &attempts);
	mutex_unlock(&deferred_lock);
}

/* With the device's lock. */
static void end(struct attempt *a)
{
	mutex_lock(&deferred_lock);
	list_del(&a->node);
	if (a->newcomer && !a->dev->driver)
		enlist(a->dev, true);
	mutex_unlock(&deferred_lock);
}

/* A driver for @dev has come while a thread has its lock. */
static void retry_later(struct device *dev)
{
	struct attempt *a;
	bool found = false;

	mutex_lock(&deferred_lock);
	list_for_each_entry(a, &attempts, node)
		if (a->dev == dev) {
			a->newcomer = true;
			found = true;
		}
	if (!found)
		enlist(dev, true);
	mutex_unlock(&deferred_lock);
}

static void defer(struct device *dev, const struct attempt *a)
{
	mutex_lock(&deferred_lock);
	enlist(dev, a->missed);
	if (!dev->deferred_reason)
		dev->deferred_reason =
			kasprintf(GFP_KERNEL, "%s tells no reason",
				  dev_driver_string(dev));
	mutex_unlock(&deferred_lock);
}

void device_forget_deferred(struct device *dev)
{
	char *reason = NULL;
	bool was;

	mutex_lock(&deferred_lock);
	was = !list_empty(&dev->deferred_node);
	list_del_init(&dev->deferred_node);
	dev->deferred_retry = false;
	swap(dev->deferred_reason, reason);
	mutex_unlock(&deferred_lock);
	kfree(reason);
	if (was)
		put_device(dev);
}

bool device_is_deferred(struct device *dev)
{
	return !list_empty(&dev->deferred_node);
}
EXPORT_SYMBOL(device_is_deferred);

/* @dev, or a supplier of it, and so on. With links_lock; there are no cycles. */
static bool needs(const struct device *dev, const struct device *what)
{
	const struct device_link *link;

	if (dev == what)
		return true;
	list_for_each_entry(link, &dev->suppliers, c_node)
		if (needs(link->supplier, what))
			return true;
	return false;
}

int device_link_add(struct device *consumer, struct device *supplier)
{
	struct device_link *link;
	int ret = 0;

	/* A link ends with a binding: without one it would stay. */
	if (WARN(!consumer->driver, "%s is linked to %s, and not bound\n",
		 dev_name(consumer), dev_name(supplier)))
		return -EINVAL;
	link = kzalloc(sizeof(*link), GFP_KERNEL);
	if (!link)
		return -ENOMEM;
	mutex_lock(&links_lock);
	if (needs(supplier, consumer)) {
		dev_err(consumer, "cannot wait for %s, which waits for it\n",
			dev_name(supplier));
		ret = -EINVAL;
	} else if (supplier->unbinding || !supplier->driver) {
		ret = -EPROBE_DEFER;
	} else {
		link->supplier = get_device(supplier);
		link->consumer = get_device(consumer);
		list_add_tail(&link->s_node, &supplier->consumers);
		list_add_tail(&link->c_node, &consumer->suppliers);
	}
	mutex_unlock(&links_lock);
	if (ret)
		kfree(link);
	return ret;
}
EXPORT_SYMBOL(device_link_add);

static void drop_links_to_suppliers(struct device *dev)
{
	struct device_link *link, *n;
	LIST_HEAD(gone);

	mutex_lock(&links_lock);
	list_splice_init(&dev->suppliers, &gone);
	list_for_each_entry(link, &gone, c_node)
		list_del(&link->s_node);
	mutex_unlock(&links_lock);
	list_for_each_entry_safe(link, n, &gone, c_node) {
		put_device(link->supplier);
		put_device(link->consumer);
		kfree(link);
	}
}

/* With the device's lock. */
static void unbind_cleanup(struct device *dev)
{
	device_sysfs_unbound(dev);
	devres_release_all(dev);
	WRITE_ONCE(dev->driver, NULL);
	dev->driver_data = NULL;
	if (dev->bus->dma_cleanup)
		dev->bus->dma_cleanup(dev);
	drop_links_to_suppliers(dev);
}

static int call_probe(struct device *dev, struct device_driver *drv)
{
	int ret = 0;

	if (dev->bus->dma_configure)
		ret = dev->bus->dma_configure(dev);
	if (ret)
		return ret;
	if (dev->bus->probe)
		return dev->bus->probe(dev);
	return drv->probe ? drv->probe(dev) : 0;
}

static bool is_above(const struct device *above, const struct device *dev)
{
	while (dev && dev != above)
		dev = dev->parent;
	return dev;
}

/* Something has come: @bound, or (NULL) what no device stands for. Those above
 * @bound do not wait for it. A probe that adds a device and is deferred, which
 * takes that device away again, would otherwise be repeated for ever.
 */
static void trigger(const struct device *bound)
{
	struct attempt *a;
	struct device *d;

	mutex_lock(&deferred_lock);
	list_for_each_entry(a, &attempts, node)
		if (!is_above(a->dev, bound))
			a->missed = true;
	list_for_each_entry(d, &deferred, deferred_node)
		if (!is_above(d, bound))
			d->deferred_retry = true;
	if (!list_empty(&deferred))
		queue_retries();
	mutex_unlock(&deferred_lock);
}

void driver_deferred_probe_trigger(void)
{
	trigger(NULL);
}
EXPORT_SYMBOL(driver_deferred_probe_trigger);

/* With the device's lock. */
static int really_probe(struct device *dev, struct device_driver *drv)
{
	struct attempt attempt;
	int ret;

	atomic_inc(&probes);
	begin(&attempt, dev);
	WRITE_ONCE(dev->driver, drv);
	dev->probe_error = 0;
	set_reason(dev, NULL);
	ret = call_probe(dev, drv);
	if (!ret) {
		device_sysfs_bound(dev);
		device_forget_deferred(dev);
		trigger(dev);
	} else if (ret == -EPROBE_DEFER) {
		defer(dev, &attempt);
		unbind_cleanup(dev);
	} else {
		if (ret != -ENODEV && ret != -ENXIO)
			dev_warn(dev, "probe failed with error -%s\n",
				 errname(ret));
		dev->probe_error = ret;
		unbind_cleanup(dev);
		device_forget_deferred(dev);
		/* Whoever waits for it has another reason from now on. */
		trigger(dev);
	}
	end(&attempt);
	if (atomic_dec_and_test(&probes))
		wake_up(&probes_over);
	return ret;
}

/* With the device's lock. */
static int bind_locked(struct device *dev, struct device_driver *drv)
{
	if (dev->driver)
		return 0;
	return dev->registered ? really_probe(dev, drv) : -ENODEV;
}

static bool fits(struct device *dev, struct device_driver *drv)
{
	return dev->bus->match && dev->bus->match(dev, drv);
}

/* -ENODEV: they do not fit. */
static int bind(struct device *dev, struct device_driver *drv)
{
	int ret;

	if (!fits(dev, drv))
		return -ENODEV;
	/* Its probe brought this driver in: should that fail, the driver's
	 * turn comes behind it.
	 */
	if (dev->lock.owner == current)
		return -EBUSY;
	mutex_lock(&dev->lock);
	ret = bind_locked(dev, drv);
	mutex_unlock(&dev->lock);
	return ret;
}

/* For a driver that has just come. It does not wait for a thread that is at the
 * device: that may be in a probe which asked for the very module whose init
 * registers the driver, and wait for it.
 */
static void offer(struct device *dev, struct device_driver *drv)
{
	if (!fits(dev, drv))
		return;
	if (!mutex_trylock(&dev->lock)) {
		retry_later(dev);
		return;
	}
	bind_locked(dev, drv);
	mutex_unlock(&dev->lock);
}

int device_attach(struct device *dev)
{
	struct device_driver *drv;
	int ret = -ENODEV;
	u64 seq = 0;

	/* A driver that it has now may be about to be deferred, so this waits
	 * for its lock: a retry that took it for bound would be lost.
	 */
	while ((drv = bus_next_driver(dev->bus, seq))) {
		seq = drv->seq;
		ret = bind(dev, drv);
		bus_put_driver(drv);
		if (!ret || ret == -EPROBE_DEFER)
			return ret;
	}
	return -ENODEV;
}
EXPORT_SYMBOL(device_attach);

int device_bind_driver_name(struct device *dev, const char *name)
{
	struct device_driver *drv;
	int ret = -ENOENT;
	u64 seq = 0;

	while (ret == -ENOENT && (drv = bus_next_driver(dev->bus, seq))) {
		seq = drv->seq;
		if (!strcmp(drv->name, name)) {
			ret = bind(dev, drv);
			if (!ret && READ_ONCE(dev->driver) != drv)
				ret = -EBUSY;
		}
		bus_put_driver(drv);
	}
	return ret;
}

static struct device *next_retry(void)
{
	struct device *d, *found = NULL;

	mutex_lock(&deferred_lock);
	list_for_each_entry(d, &deferred, deferred_node)
		if (d->deferred_retry) {
			d->deferred_retry = false;
			found = get_device(d);
			break;
		}
	mutex_unlock(&deferred_lock);
	return found;
}

static bool has_match(struct device *dev)
{
	struct device_driver *drv;
	bool found = false;
	u64 seq = 0;

	while (!found && (drv = bus_next_driver(dev->bus, seq))) {
		seq = drv->seq;
		found = fits(dev, drv);
		bus_put_driver(drv);
	}
	return found;
}

/* Nothing is left to wait for when it is bound, or goes, or its driver has gone.
 * A driver that comes meanwhile is seen here, or has its turn, and may defer,
 * behind this.
 */
static void forget_if_settled(struct device *dev)
{
	mutex_lock(&dev->lock);
	if (dev->driver || !dev->registered || !has_match(dev))
		device_forget_deferred(dev);
	mutex_unlock(&dev->lock);
}

static void deferred_probe_work(struct work_struct *work)
{
	struct device *dev;

	while ((dev = next_retry())) {
		if (device_attach(dev) != -EPROBE_DEFER)
			forget_if_settled(dev);
		put_device(dev);
	}
}

void wait_for_device_probe(void)
{
	bool busy;

	do {
		busy = flush_work(&deferred_work);
		if (atomic_read(&probes)) {
			wait_event(probes_over, !atomic_read(&probes));
			busy = true;
		}
	} while (busy);
}
EXPORT_SYMBOL(wait_for_device_probe);

int driver_deferred_probe_check_state(struct device *dev, bool may_be_module)
{
	if (timed_out)
		return -ETIMEDOUT;
	if (may_be_module || !init_done)
		return -EPROBE_DEFER;
	return -ENODEV;
}
EXPORT_SYMBOL(driver_deferred_probe_check_state);

static const char *reason_of(const struct device *dev)
{
	if (dev->deferred_retry || !dev->deferred_reason)
		return "is being tried again";
	return dev->deferred_reason;
}

void driver_deferred_for_each(void *data,
			      void (*fn)(struct device *dev, const char *why,
					 void *data))
{
	struct device *d;

	mutex_lock(&deferred_lock);
	list_for_each_entry(d, &deferred, deferred_node)
		fn(d, reason_of(d), data);
	mutex_unlock(&deferred_lock);
}

/* Nobody waits any longer for what may still come. */
static void deferred_timeout(struct work_struct *work)
{
	struct device *d;

	timed_out = true;
	driver_deferred_probe_trigger();
	wait_for_device_probe();
	mutex_lock(&deferred_lock);
	list_for_each_entry(d, &deferred, deferred_node)
		dev_warn(d, "still deferred: %s\n", reason_of(d));
	mutex_unlock(&deferred_lock);
}

void __init driver_init_done(void)
{
	char buf[16];
	unsigned int seconds;

	wait_for_device_probe();
	init_done = true;
	driver_deferred_probe_trigger();
	wait_for_device_probe();
	if (!cmdline_get("deferred_probe_timeout", buf, sizeof(buf)))
		return;
	if (kstrtouint(buf, 10, &seconds)) {
		pr_err("deferred_probe_timeout=%s is no number of seconds\n",
		       buf);
		return;
	}
	INIT_DELAYED_WORK(&timeout_work, deferred_timeout);
	schedule_delayed_work(&timeout_work, msecs_to_jiffies(seconds * 1000));
}

static int __init deferred_probe_init(void)
{
	deferred_wq = alloc_ordered_workqueue("probe", 0);
	if (!deferred_wq)
		panic("no memory for the queue of deferred probes");
	/* Something may have come before. */
	driver_deferred_probe_trigger();
	return 0;
}
core_initcall(deferred_probe_init);

/* Takes no new consumer until it is unbound, and has none any more. */
static void unbind_consumers(struct device *dev)
{
	struct device_link *link;
	struct device *consumer;

	mutex_lock(&links_lock);
	/* Several may be at it: the last one lets consumers come again. */
	dev->unbinding++;
	while ((link = list_first_entry_or_null(&dev->consumers,
						struct device_link,
						s_node))) {
		consumer = get_device(link->consumer);
		mutex_unlock(&links_lock);
		device_release_driver(consumer);
		/* It may come back when its supplier does. */
		device_attach(consumer);
		put_device(consumer);
		mutex_lock(&links_lock);
	}
	mutex_unlock(&links_lock);
}

/* From @drv only, unless that is NULL: another may have come meanwhile. */
static void release_driver(struct device *dev, const struct device_driver *drv)
{
	bool bound, gone = false;

	unbind_consumers(dev);
	mutex_lock(&dev->lock);
	if (dev->driver && (!drv || dev->driver == drv)) {
		gone = true;
		if (dev->bus->remove)
			dev->bus->remove(dev);
		else if (dev->driver->remove)
			dev->driver->remove(dev);
		unbind_cleanup(dev);
	}
	bound = dev->driver;
	mutex_lock(&links_lock);
	dev->unbinding--;
	mutex_unlock(&links_lock);
	mutex_unlock(&dev->lock);
	/* Its consumers were turned away meanwhile, or saw it go, and have
	 * another reason to wait now that it has gone.
	 */
	if (bound || gone)
		trigger(dev);
}

void device_release_driver(struct device *dev)
{
	release_driver(dev, NULL);
}
EXPORT_SYMBOL(device_release_driver);

int driver_register(struct device_driver *drv)
{
	struct device *dev;
	u64 seq = 0;
	int ret;

	if (!drv->bus || !drv->name)
		return -EINVAL;
	driver_sysfs_add(drv);
	ret = bus_add_driver(drv);
	if (ret) {
		driver_sysfs_remove(drv);
		pr_err("driver %s is registered already\n", drv->name);
		return ret;
	}
	while ((dev = bus_next_device(drv->bus, seq))) {
		seq = dev->seq;
		offer(dev, drv);
		put_device(dev);
	}
	return 0;
}
EXPORT_SYMBOL(driver_register);

/* Devices that wait for this driver's probe look for another, or for none. */
static void retry_deferred_of(struct device_driver *drv)
{
	struct device *d;

	mutex_lock(&deferred_lock);
	list_for_each_entry(d, &deferred, deferred_node)
		if (d->bus == drv->bus && drv->bus->match(d, drv))
			d->deferred_retry = true;
	queue_retries();
	mutex_unlock(&deferred_lock);
}

void driver_unregister(struct device_driver *drv)
{
	struct device *dev;
	u64 seq = U64_MAX;

	bus_del_driver(drv);
	/* In reverse: later devices may use earlier ones. */
	while ((dev = bus_prev_device(drv->bus, seq))) {
		seq = dev->seq;
		if (READ_ONCE(dev->driver) == drv)
			release_driver(dev, drv);
		put_device(dev);
	}
	driver_sysfs_remove(drv);
	retry_deferred_of(drv);
}
EXPORT_SYMBOL(driver_unregister);
