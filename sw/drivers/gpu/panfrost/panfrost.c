// SPDX-License-Identifier: MIT
/*
 * Arm Mali GPUs with a job manager (docs/mali.md): how one is taken into use
 * and left.
 */
#include "panfrost.h"

#include <dma-mapping.h>
#include <iommu.h>
#include <module.h>
#include <of.h>
#include <platform_device.h>
#include <shell.h>

static LIST_HEAD(gpus);
static DEFINE_MUTEX(gpus_lock);

static void release(struct kref *kref)
{
	struct pan_device *pan = container_of(kref, struct pan_device, kref);

	put_device(pan->dev);
	kfree(pan);
}

void pan_put(struct pan_device *pan)
{
	kref_put(&pan->kref, release);
}

/* The binding's reference: behind the interrupts, which are given back first.
 */
static void put_last(void *data)
{
	pan_put(data);
}

/**
 * pan_get - find a GPU
 * @name: of its device; NULL: the first
 *
 * Return: the GPU, for pan_put(), or NULL.
 */
struct pan_device *pan_get(const char *name)
{
	struct pan_device *pan, *found = NULL;

	mutex_lock(&gpus_lock);
	list_for_each_entry(pan, &gpus, node)
		if (!found && (!name || !strcmp(name, dev_name(pan->dev))))
			found = pan;
	if (found)
		kref_get(&found->kref);
	mutex_unlock(&gpus_lock);
	return found;
}

static int find_irqs(struct platform_device *pdev, struct pan_device *pan)
{
	pan->irq_job = platform_get_irq_byname(pdev, "job");
	if (pan->irq_job < 0)
		return pan->irq_job;
	pan->irq_mmu = platform_get_irq_byname(pdev, "mmu");
	if (pan->irq_mmu < 0)
		return pan->irq_mmu;
	pan->irq_gpu = platform_get_irq_byname(pdev, "gpu");
	return min(pan->irq_gpu, 0);
}

static int check_features(const struct pan_device *pan)
{
	const struct pan_features *f = &pan->features;

	if (f->as_present && f->js_present && f->shader && f->l2 &&
	    f->va_bits >= 33 && f->va_bits <= 48 &&
	    f->pa_bits >= 32 && f->pa_bits <= 52)
		return 0;
	dev_err(pan->dev, "AS_PRESENT %#x, JS_PRESENT %#x, SHADER_PRESENT %#llx, L2_PRESENT %#llx, addresses of %u and %u bits: no GPU that can work\n",
		f->as_present, f->js_present, f->shader, f->l2, f->va_bits,
		f->pa_bits);
	return -ENODEV;
}

static int request_irqs(struct pan_device *pan)
{
	int ret = pan_gpu_request_irq(pan);

	if (!ret)
		ret = pan_mmu_request_irq(pan);
	return ret ? ret : pan_job_request_irq(pan);
}

/* What the GPU must find ready before the first job. */
static int start(struct pan_device *pan)
{
	int ret = pan_gpu_reset(pan);

	if (ret)
		return ret;
	pan_gpu_identify(pan);
	ret = check_features(pan);
	if (!ret)
		ret = dma_set_mask_and_coherent(
			pan->dev, DMA_BIT_MASK(pan->features.pa_bits));
	if (ret)
		return ret;
	pan_as_init(&pan->as, pan->features.as_present);
	pan_job_init(pan);
	pan->kernel = pan_client_new(pan);
	if (IS_ERR(pan->kernel))
		return (int)PTR_ERR(pan->kernel);
	ret = pan_gpu_power_on(pan);
	if (!ret)
		ret = request_irqs(pan);
	if (ret) {
		pan_gpu_power_off(pan);
		mutex_lock(&pan->lock);
		pan_client_free(pan->kernel);
		mutex_unlock(&pan->lock);
	}
	return ret;
}

static void init_device(struct pan_device *pan, struct device *dev)
{
	kref_init(&pan->kref);
	pan->dev = get_device(dev);
	mutex_init(&pan->lock);
	INIT_LIST_HEAD(&pan->clients);
	init_waitqueue_head(&pan->ended);
	pan_recover_init(pan);
}

static int pan_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct pan_device *pan;
	struct resource *res;
	int ret;

	/* Tables of the GPU hold physical addresses. */
	if (device_iommu_mapped(dev)) {
		dev_err(dev, "a GPU behind an IOMMU is not supported\n");
		return -EINVAL;
	}
	pan = kzalloc(sizeof(*pan), GFP_KERNEL);
	if (!pan)
		return -ENOMEM;
	init_device(pan, dev);
	ret = devm_add_action_or_reset(dev, put_last, pan);
	if (ret)
		return ret;
	platform_set_drvdata(pdev, pan);
	pan->base = devm_platform_get_and_ioremap_resource(pdev, 0, &res);
	if (IS_ERR(pan->base))
		return (int)PTR_ERR(pan->base);
	if (resource_size(res) < PAN_REGISTERS_SIZE) {
		dev_err(dev, "%#llx bytes of registers are none of a GPU\n",
			resource_size(res));
		return -EINVAL;
	}
	ret = find_irqs(pdev, pan);
	if (ret)
		return ret;
	pan->wq = alloc_ordered_workqueue("panfrost", 0);
	if (!pan->wq)
		return -ENOMEM;
	ret = start(pan);
	if (ret) {
		destroy_workqueue(pan->wq);
		return ret;
	}
	mutex_lock(&pan->lock);
	pan->bound = true;
	pan_job_enable_irq(pan);
	pan_mmu_enable_irq(pan);
	mutex_unlock(&pan->lock);
	mutex_lock(&gpus_lock);
	list_add_tail(&pan->node, &gpus);
	mutex_unlock(&gpus_lock);
	pan_gpu_show(pan);
	return 0;
}

/* The GPU has nothing of the clients any more, or is lost. */
static void quiesce(struct pan_device *pan)
{
	struct pan_client *c;
	bool reset = false;
	unsigned int n;

	if (pan->lost)
		return;
	for (n = 0; n < PAN_MAX_SLOTS; n++)
		reset |= pan->slots[n].running != NULL;
	list_for_each_entry(c, &pan->clients, node)
		reset = reset || pan_mmu_leave(c);
	/* What jobs were at, or a command that hangs, ends with a reset, which
	 * takes the power too.
	 */
	if (reset && pan_gpu_reset(pan))
		pan->lost = true;
	pan_as_forget(&pan->as, NULL);
}

/* The GPU forgets everything, and has no power. Open clients have nothing
 * behind them from now on.
 */
static void stop(struct pan_device *pan)
{
	struct pan_client *c;

	pan_write(pan, JOB_INT_MASK, 0);
	pan_write(pan, MMU_INT_MASK, 0);
	quiesce(pan);
	pan->bound = false;
	pan_job_end_all(pan, -ENODEV);
	list_for_each_entry(c, &pan->clients, node)
		pan_client_lose(c);
	pan_client_free(pan->kernel);
	pan_gpu_power_off(pan);
}

static void pan_remove(struct platform_device *pdev)
{
	struct pan_device *pan = platform_get_drvdata(pdev);
	struct pan_stats *s = &pan->stats;

	mutex_lock(&gpus_lock);
	list_del(&pan->node);
	mutex_unlock(&gpus_lock);
	mutex_lock(&pan->lock);
	stop(pan);
	mutex_unlock(&pan->lock);
	pan_recover_exit(pan);
	destroy_workqueue(pan->wq);
	pan->wq = NULL;
	dev_info(pan->dev, "powered down; %llu jobs done, %llu failed, %llu stopped, %llu resets\n",
		 s->done, s->failed, s->stopped, s->resets);
}

static const struct of_device_id pan_of_match[] = {
	{ .compatible = "arm,mali-t604" },
	{ .compatible = "arm,mali-t624" },
	{ .compatible = "arm,mali-t628" },
	{ .compatible = "arm,mali-t720" },
	{ .compatible = "arm,mali-t760" },
	{ .compatible = "arm,mali-t820" },
	{ .compatible = "arm,mali-t830" },
	{ .compatible = "arm,mali-t860" },
	{ .compatible = "arm,mali-t880" },
	{ }
};
MODULE_DEVICE_TABLE(of, pan_of_match);

static struct platform_driver pan_driver = {
	.probe = pan_probe,
	.remove = pan_remove,
	.driver = {
		.name = "panfrost",
		.of_match_table = pan_of_match,
	},
};

static int __init pan_init(void)
{
	int ret = platform_driver_register(&pan_driver);

	if (ret)
		return ret;
	ret = pan_shell_init();
	if (ret)
		platform_driver_unregister(&pan_driver);
	return ret;
}

static void __exit pan_exit(void)
{
	pan_shell_exit();
	platform_driver_unregister(&pan_driver);
}

module_init(pan_init);
module_exit(pan_exit);

/* The page-table format is found at run time, so no symbol says so. */
MODULE_SOFTDEP("pre: io-pgtable-arm");
MODULE_DESCRIPTION("Arm Mali GPUs with a job manager");
MODULE_LICENSE("Dual MIT/GPL");
