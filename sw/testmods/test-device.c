/* Driver core: matching, deferral, managed resources, unbinding. */
#include <kernel.h>
#include <ktap.h>
#include <platform_device.h>
#include "test-core.h"

static bool supplier_there;
static int consumer_probes, consumer_removes, actions, order_ok;

static int supplier_probe(struct platform_device *pdev)
{
	supplier_there = true;
	return 0;
}

static int supplier_remove(struct platform_device *pdev)
{
	supplier_there = false;
	return 0;
}

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

static int consumer_probe(struct platform_device *pdev)
{
	int ret;

	consumer_probes++;
	ret = devm_add_action_or_reset(&pdev->dev, first_action, NULL);
	if (ret)
		return ret;
	if (!supplier_there)
		return dev_err_probe(&pdev->dev, -EPROBE_DEFER,
				     "no supplier yet\n");
	if (!devm_kzalloc(&pdev->dev, 100, GFP_KERNEL))
		return -ENOMEM;
	return devm_add_action_or_reset(&pdev->dev, second_action, NULL);
}

static int consumer_remove(struct platform_device *pdev)
{
	consumer_removes++;
	return 0;
}

static struct platform_driver supplier = {
	.probe = supplier_probe,
	.remove = supplier_remove,
	.driver = { .name = "test-supplier" },
};

static struct platform_driver consumer = {
	.probe = consumer_probe,
	.remove = consumer_remove,
	.driver = { .name = "test-consumer" },
};

static int hook_calls, hook_cleanups, hook_result;

static int hook_configure(struct device *dev)
{
	hook_calls++;
	return hook_result;
}

static void hook_cleanup(struct device *dev)
{
	hook_cleanups++;
}

static const struct device_dma_hooks hooks = {
	hook_configure, hook_cleanup
};

static void test_binding(void)
{
	struct platform_device *c, *s;
	size_t o0, b0, o1, b1;

	slab_usage(&o0, &b0);
	c = platform_device_register_simple("test-consumer", 0);
	s = platform_device_register_simple("test-supplier", 0);
	ktap_ok(!IS_ERR(c) && !IS_ERR(s) && !c->dev.driver,
		"a device without a driver stays unbound");
	platform_driver_register(&consumer);
	ktap_ok(consumer_probes >= 1 && !c->dev.driver && actions >= 1,
		"a deferred probe leaves no resource behind");
	actions = 0;
	platform_driver_register(&supplier);
	ktap_ok(s->dev.driver && c->dev.driver == &consumer.driver,
		"a deferred device binds once its supplier is there");
	ktap_ok(platform_driver_register(&consumer) == -EBUSY,
		"a driver registers once");
	platform_driver_unregister(&consumer);
	ktap_ok(!c->dev.driver && consumer_removes == 1,
		"unregistering a driver unbinds its devices");
	ktap_ok(actions == 2 && order_ok,
		"managed resources go in reverse order");
	platform_driver_unregister(&supplier);
	platform_device_unregister(c);
	platform_device_unregister(s);
	slab_usage(&o1, &b1);
	ktap_ok(o0 == o1 && b0 == b1, "nothing is leaked by all that");
}

static void test_hooks(void)
{
	struct platform_device *c;

	/* The IOMMU layer may be there: then these cannot be tried. */
	if (device_set_dma_hooks(&hooks)) {
		ktap_skip("an IOMMU layer has the hooks",
			  "a DMA hook can defer a probe");
		ktap_skip("an IOMMU layer has the hooks",
			  "a DMA hook is told of the end");
	} else {
		supplier_there = true;
		consumer_probes = 0;
		hook_result = -EPROBE_DEFER;
		c = platform_device_register_simple("test-consumer", 1);
		platform_driver_register(&consumer);
		ktap_ok(hook_calls >= 1 && !consumer_probes,
			"a DMA hook can defer a probe");
		hook_result = 0;
		driver_deferred_probe_trigger();
		ktap_ok(c->dev.driver && consumer_probes == 1 &&
			hook_cleanups == hook_calls - 1,
			"a DMA hook is told of the end");
		platform_driver_unregister(&consumer);
		platform_device_unregister(c);
		device_set_dma_hooks(NULL);
	}
	ktap_ok(request_mem_region(0x1000, 0x1000, "a") == 0 &&
		request_mem_region(0x1fff, 1, "b") == -EBUSY &&
		(release_mem_region(0x1000, 0x1000), true),
		"a range belongs to one device");
}

void test_device(void)
{
	test_binding();
	test_hooks();
}
