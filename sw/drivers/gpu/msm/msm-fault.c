// SPDX-License-Identifier: MIT
/*
 * Faults of the GPU's accesses. Where the SMMU lets them wait, the process is
 * known by its tag in TTBR0, and memory of its heap is brought; else the fault
 * is over, and that of whoever has the job at hand.
 */
#include "msm.h"

#include <delay.h>

/* With gpu->lock. */
static struct msm_job *head_job(struct msm_gpu *gpu)
{
	return list_empty(&gpu->jobs) ? NULL :
	       list_first_entry(&gpu->jobs, struct msm_job, node);
}

/* With gpu->lock. What is privileged was the kernel's own access. */
static void blame(struct msm_gpu *gpu, struct msm_process *p,
		  const struct msm_fault *f)
{
	struct msm_job *job = head_job(gpu);

	if (!p || f->priv) {
		gpu->kernel_faults++;
		return;
	}
	p->faults++;
	p->last = *f;
	if (!job || job->proc != p)
		return;
	job->faults++;
	if (!job->status)
		job->status = -EFAULT;
}

static void show(struct msm_gpu *gpu, const struct msm_process *p,
		 const struct msm_fault *f)
{
	dev_err_ratelimited(gpu->dev, "%s%s of %#llx is %s: process %d, ASID %u, TTBR0 %#llx, IB1 %#llx, %u words left, FSR %#x FSYNR0 %#x RBBM_STATUS3 %#x\n",
			    f->priv ? "privileged " : "",
			    f->write ? "write" : "read", f->addr, f->why,
			    p ? (int)p->id : -1, f->asid, f->ttbr0,
			    msm_read64(gpu, CP_IB1_BASE),
			    msm_read(gpu, CP_IB1_REM_SIZE), f->fsr, f->fsynr0,
			    msm_read(gpu, RBBM_STATUS3));
}

/* In a thread; the access waits, and so does the GPU. */
static enum iommu_page_response
on_page_fault(struct device *dev, struct iommu_domain *domain,
	      const struct iommu_fault *fault, void *data)
{
	struct msm_gpu *gpu = data;
	struct adreno_smmu_fault regs;
	struct msm_process *p;
	struct msm_fault f;
	unsigned long flags;
	bool repaired;

	(void)domain, (void)fault;
	if (gpu->fault_delay_ms)
		msleep(gpu->fault_delay_ms);
	gpu->smmu->get_fault(dev, &regs);
	msm_decode_fault(&regs, &f);
	p = msm_process_get_by_asid(gpu, f.asid);
	repaired = p && f.missing && !f.kernel && !f.priv &&
		   msm_heap_grow(p, f.addr);
	if (repaired) {
		msm_progress(gpu);
	} else {
		spin_lock_irqsave(&gpu->lock, flags);
		blame(gpu, p, &f);
		spin_unlock_irqrestore(&gpu->lock, flags);
		show(gpu, p, &f);
	}
	msm_process_put(p);
	return repaired ? IOMMU_PAGE_RETRY : IOMMU_PAGE_ABORT;
}

/* In the SMMU's interrupt: it is over, and the GPU has gone on. */
static void on_fault(struct device *dev, const struct iommu_fault *fault,
		     void *data)
{
	struct msm_gpu *gpu = data;
	struct msm_fault f = {
		.why = fault->type == IOMMU_FAULT_TRANSLATION ?
		       "not mapped" : "refused",
		.addr = msm_canonical(fault->iova),
		.fsr = fault->raw_type,
		.write = fault->write,
		.priv = fault->priv,
		.kernel = fault->iova >> 48 & 1,
		.missing = fault->type == IOMMU_FAULT_TRANSLATION,
	};
	struct msm_process *p;
	struct msm_job *job;

	(void)dev;
	/* Interrupts are off, and stay so. */
	spin_lock(&gpu->lock);
	job = head_job(gpu);
	p = job ? job->proc : NULL;
	if (p) {
		f.asid = p->asid;
		f.ttbr0 = p->cfg.arm_lpae_s1_cfg.ttbr;
	}
	blame(gpu, p, &f);
	show(gpu, p, &f);
	spin_unlock(&gpu->lock);
}

/**
 * msm_set_stalling - let faults wait, or end them at once
 * @gpu: the GPU, at work or not
 * @on: wait
 *
 * Return: 0; -EOPNOTSUPP: the SMMU cannot; or -errno.
 */
int msm_set_stalling(struct msm_gpu *gpu, bool on)
{
	int ret;

	if (gpu->stalling == on)
		return 0;
	ret = iommu_set_page_fault_handler(gpu->dev, on ? on_page_fault : NULL,
					   gpu);
	if (!ret)
		gpu->stalling = on;
	return ret;
}

int msm_faults_init(struct msm_gpu *gpu)
{
	int ret = iommu_set_fault_handler(gpu->dev, on_fault, gpu);

	if (ret)
		return ret;
	ret = msm_set_stalling(gpu, true);
	if (ret == -EOPNOTSUPP) {
		dev_warn(gpu->dev, "faults do not wait: none is repaired, and who is to blame is a guess\n");
		ret = 0;
	}
	if (ret)
		iommu_set_fault_handler(gpu->dev, NULL, NULL);
	return ret;
}

void msm_faults_exit(struct msm_gpu *gpu)
{
	msm_set_stalling(gpu, false);
	iommu_set_fault_handler(gpu->dev, NULL, NULL);
}
