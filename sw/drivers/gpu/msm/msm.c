// SPDX-License-Identifier: MIT
/*
 * Driver of Adreno GPUs (docs/adreno.md): a command processor behind an SMMUv2
 * of its own, with two halves of addresses. It draws nothing: what it offers
 * are processes, memory and jobs, and msmtest uses them.
 */
#include "msm.h"

#include <module.h>
#include <of.h>
#include <platform_device.h>

static int find_smmu(struct msm_gpu *gpu)
{
	struct device *dev = gpu->dev;

	if (!device_iommu_mapped(dev)) {
		dev_err(dev, "no IOMMU translates for it: without one processes cannot be kept apart\n");
		return -ENODEV;
	}
	gpu->smmu = dev->iommu->iommu->ops->adreno;
	if (!gpu->smmu) {
		dev_err(dev, "IOMMU %s is no SMMUv2\n",
			dev_name(dev->iommu->iommu->dev));
		return -ENODEV;
	}
	return 0;
}

static int make_kernel_half(struct msm_gpu *gpu)
{
	struct iommu_domain *domain;
	int ret;

	domain = iommu_domain_alloc(gpu->dev, IOMMU_DOMAIN_UNMANAGED);
	if (IS_ERR(domain))
		return (int)PTR_ERR(domain);
	ret = iommu_attach_device(domain, gpu->dev);
	if (ret)
		goto out_free;
	ret = gpu->smmu->get_ttbr1_cfg(gpu->dev, &gpu->ttbr1);
	if (ret) {
		dev_err(gpu->dev, "its SMMU %s gives it no TTBR1: is it \"qcom,adreno-smmu\"?\n",
			dev_name(gpu->dev->iommu->iommu->dev));
		goto out_detach;
	}
	gpu->kernel = domain;
	gpu->page = gpu->ttbr1.pgsize_bitmap & -gpu->ttbr1.pgsize_bitmap;
	/* Nobody finds anything at the first address. */
	gpu->kernel_next = domain->aperture_start + gpu->page;
	return 0;

out_detach:
	iommu_detach_device(domain, gpu->dev);
out_free:
	iommu_domain_free(domain);
	return ret;
}

static void free_kernel_half(struct msm_gpu *gpu)
{
	iommu_detach_device(gpu->kernel, gpu->dev);
	iommu_domain_free(gpu->kernel);
}

static int make_ring(struct msm_gpu *gpu)
{
	int ret = msm_bo_alloc(gpu, &gpu->ring_bo, MSM_RING_WORDS * 4);

	if (ret)
		return ret;
	ret = msm_bo_alloc(gpu, &gpu->mem_bo, sizeof(*gpu->mem));
	if (ret)
		return ret;
	gpu->mem = gpu->mem_bo.cpu;
	ret = msm_kernel_map(gpu, &gpu->ring_bo, &gpu->ring_iova);
	return ret ? ret : msm_kernel_map(gpu, &gpu->mem_bo, &gpu->mem_iova);
}

/* Once the domain that they are mapped in has gone. */
static void free_ring(struct msm_gpu *gpu)
{
	msm_bo_free(gpu, &gpu->ring_bo);
	msm_bo_free(gpu, &gpu->mem_bo);
}

static int make_idle(struct msm_gpu *gpu)
{
	gpu->idle = msm_process_create(gpu);
	return PTR_ERR_OR_ZERO(gpu->idle);
}

/*
 * TTBR0 does not translate any more. What a GPU that has not stopped may still
 * reach is kept: the idle process, the ring, and the tables of the upper half.
 */
static void free_all(struct msm_gpu *gpu)
{
	gpu->smmu->set_ttbr0_cfg(gpu->dev, NULL, 0);
	msm_process_destroy(gpu->idle);
	if (gpu->dead) {
		dev_err(gpu->dev, "its ring and its tables are not freed\n");
		iommu_detach_device(gpu->kernel, gpu->dev);
		return;
	}
	free_kernel_half(gpu);
	free_ring(gpu);
}

static int start(struct msm_gpu *gpu)
{
	unsigned long flags;
	int ret = msm_gpu_reset(gpu);

	if (ret) {
		dev_err(gpu->dev, "does not get idle: RBBM_STATUS %#x\n",
			msm_read(gpu, RBBM_STATUS));
		return ret;
	}
	ret = gpu->smmu->set_ttbr0_cfg(gpu->dev, &gpu->idle->cfg,
				       gpu->idle->asid);
	if (ret)
		return ret;
	spin_lock_irqsave(&gpu->lock, flags);
	gpu->bound = true;
	msm_gpu_start(gpu);
	msm_ring_restart(gpu);
	spin_unlock_irqrestore(&gpu->lock, flags);
	/* It works on the ring. */
	return msm_turn_to(gpu->idle);
}

/*
 * From now on no job comes, and neither the watchdog nor a reset; then those
 * that there are end. The SMMU's faults are answered until the GPU is idle.
 */
static void stop(struct msm_gpu *gpu, unsigned int irq)
{
	unsigned long flags;
	bool dead;

	spin_lock_irqsave(&gpu->lock, flags);
	gpu->bound = false;
	spin_unlock_irqrestore(&gpu->lock, flags);
	wake_up(&gpu->event);
	msm_recover_exit(gpu);
	dead = msm_gpu_stop(gpu) != 0;
	devm_free_irq(gpu->dev, irq, gpu);
	/* What was done until then is done. */
	msm_retire(gpu);
	spin_lock_irqsave(&gpu->lock, flags);
	gpu->dead |= dead;
	gpu->stopped = true;
	msm_job_end_all(gpu, -ENODEV);
	spin_unlock_irqrestore(&gpu->lock, flags);
	wake_up(&gpu->event);
}

static void init_gpu(struct msm_gpu *gpu, struct device *dev)
{
	gpu->dev = dev;
	kref_init(&gpu->users);
	init_completion(&gpu->unused);
	spin_lock_init(&gpu->lock);
	mutex_init(&gpu->making);
	INIT_LIST_HEAD(&gpu->processes);
	INIT_LIST_HEAD(&gpu->jobs);
	init_waitqueue_head(&gpu->event);
}

static int msm_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct msm_gpu *gpu;
	int irq, ret;

	gpu = devm_kzalloc(dev, sizeof(*gpu), GFP_KERNEL);
	if (!gpu)
		return -ENOMEM;
	init_gpu(gpu, dev);
	platform_set_drvdata(pdev, gpu);
	gpu->base = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(gpu->base))
		return (int)PTR_ERR(gpu->base);
	irq = platform_get_irq(pdev, 0);
	if (irq < 0)
		return irq;
	ret = find_smmu(gpu);
	if (ret)
		return ret;
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(48));
	if (ret)
		return ret;
	ret = make_kernel_half(gpu);
	if (ret)
		return ret;
	ret = make_ring(gpu);
	if (!ret)
		ret = make_idle(gpu);
	if (ret)
		goto out_kernel;
	ret = msm_faults_init(gpu);
	if (ret)
		goto out_all;
	ret = msm_recover_init(gpu);
	if (ret)
		goto out_faults;
	msm_write(gpu, RBBM_INT_0_MASK, 0);
	ret = devm_request_irq(dev, (unsigned int)irq, msm_gpu_irq,
			       IRQF_SHARED, dev_name(dev), gpu);
	if (ret)
		goto out_recover;
	ret = start(gpu);
	if (ret)
		goto out_stop;
	msm_shell_add(gpu);
	dev_info(dev, "kernel at %#llx, processes below %#llx, pages of %zu bytes%s\n",
		 gpu->kernel->aperture_start, 1ULL << gpu->idle->cfg.ias,
		 gpu->page, gpu->stalling ? ", faults wait" : "");
	return 0;

out_stop:
	stop(gpu, (unsigned int)irq);
	goto out_faults;
out_recover:
	msm_recover_exit(gpu);
out_faults:
	msm_faults_exit(gpu);
out_all:
	free_all(gpu);
	return ret;
out_kernel:
	free_kernel_half(gpu);
	free_ring(gpu);
	return ret;
}

static void msm_remove(struct platform_device *pdev)
{
	struct msm_gpu *gpu = platform_get_drvdata(pdev);

	msm_shell_remove(gpu);
	stop(gpu, (unsigned int)platform_get_irq(pdev, 0));
	/*
	 * All that they wait for has ended, and what they ask for from now on
	 * is refused: they close their processes and go.
	 */
	msm_put(gpu);
	wait_for_completion(&gpu->unused);
	msm_faults_exit(gpu);
	free_all(gpu);
	dev_info(gpu->dev, "stopped after %llu jobs\n", gpu->jobs_done);
}

static const struct of_device_id msm_of_match[] = {
	{ .compatible = "qcom,adreno" },
	{ }
};
MODULE_DEVICE_TABLE(of, msm_of_match);

static struct platform_driver msm_driver = {
	.probe = msm_probe,
	.remove = msm_remove,
	.driver = {
		.name = "msm",
		.of_match_table = msm_of_match,
	},
};

static int __init msm_init(void)
{
	int ret = msm_shell_init();

	if (ret)
		return ret;
	ret = platform_driver_register(&msm_driver);
	if (ret)
		msm_shell_exit();
	return ret;
}
module_init(msm_init);

static void __exit msm_exit(void)
{
	platform_driver_unregister(&msm_driver);
	msm_shell_exit();
}
module_exit(msm_exit);

/* Its tables' format is found at run time, so no symbol says so. */
MODULE_SOFTDEP("pre: io-pgtable-arm");
MODULE_DESCRIPTION("Driver of Adreno GPUs");
MODULE_LICENSE("Dual MIT/GPL");
