// SPDX-License-Identifier: MIT
/*
 * Memory and addresses: the kernel's half is the domain that the SMMU's driver
 * made; the half of a process are tables that io-pgtable made for us.
 */
#include "msm.h"

#include <module.h>
#include <slab.h>

int msm_bo_alloc(struct msm_gpu *gpu, struct msm_bo *bo, size_t size)
{
	bo->size = ALIGN(size, max(gpu->page, PAGE_SIZE));
	bo->cpu = dma_alloc_coherent(gpu->dev, bo->size, &bo->dma, GFP_KERNEL);
	/* The DMA API does not map for a GPU: this is where the memory is. */
	bo->phys = bo->dma;
	return bo->cpu ? 0 : -ENOMEM;
}

void msm_bo_free(struct msm_gpu *gpu, struct msm_bo *bo)
{
	dma_free_coherent(gpu->dev, bo->size, bo->cpu, bo->dma);
	bo->cpu = NULL;
}

static int with_cache(const struct msm_gpu *gpu, int prot)
{
	return gpu->dev->dma_coherent ? prot | IOMMU_CACHE : prot;
}

/**
 * msm_kernel_map - give memory an address in the kernel's half
 * @gpu: the GPU
 * @bo: the memory; it is there until the domain goes
 * @iova: filled
 *
 * What a process runs is not privileged, and cannot use it.
 *
 * Return: 0 or -errno.
 */
int msm_kernel_map(struct msm_gpu *gpu, const struct msm_bo *bo, u64 *iova)
{
	int prot = with_cache(gpu, IOMMU_READ | IOMMU_WRITE | IOMMU_NOEXEC |
				   IOMMU_PRIV);
	int ret = iommu_map(gpu->kernel, gpu->kernel_next, bo->phys, bo->size,
			    prot);

	if (ret)
		return ret;
	*iova = gpu->kernel_next;
	/* One page in between has nothing: what runs over is seen. */
	gpu->kernel_next += bo->size + gpu->page;
	return 0;
}

static void forget(struct msm_process *p)
{
	if (p->gpu->smmu->tlb_inv_asid(p->gpu->dev, p->asid))
		p->lost = true;
}

/*
 * The ASID is the process's alone, and dropping all that it has costs one
 * register: cheaper than to name pages.
 */
static void tlb_flush_all(void *cookie)
{
	forget(cookie);
}

static void tlb_flush_walk(unsigned long iova, size_t size, size_t granule,
			   void *cookie)
{
	(void)iova, (void)size, (void)granule;
	forget(cookie);
}

/* msm_unmap() drops them all together. */
static void tlb_add_page(struct iommu_iotlb_gather *gather,
			 unsigned long iova, size_t granule, void *cookie)
{
	(void)gather, (void)iova, (void)granule, (void)cookie;
}

static const struct iommu_flush_ops flush_ops = {
	.tlb_flush_all = tlb_flush_all,
	.tlb_flush_walk = tlb_flush_walk,
	.tlb_add_page = tlb_add_page,
};

static int make_tables(struct msm_process *p)
{
	const struct io_pgtable_cfg *ttbr1 = &p->gpu->ttbr1;
	int ret;

	p->cfg.quirks = ttbr1->quirks & ~IO_PGTABLE_QUIRK_ARM_TTBR1;
	p->cfg.pgsize_bitmap = ttbr1->pgsize_bitmap;
	p->cfg.ias = ttbr1->ias;
	p->cfg.oas = ttbr1->oas;
	p->cfg.coherent_walk = ttbr1->coherent_walk;
	p->cfg.iommu_dev = ttbr1->iommu_dev;
	p->cfg.tlb = &flush_ops;
	ret = alloc_io_pgtable_ops(ARM_64_LPAE_S1, &p->cfg, p, THIS_MODULE,
				   &p->tables);
	if (ret == -ENOENT)
		return dev_err_probe(p->gpu->dev, -EPROBE_DEFER,
				     "page-table format ARM_64_LPAE_S1 is not registered: modprobe io-pgtable-fmt-%d\n",
				     ARM_64_LPAE_S1);
	return ret;
}

/**
 * msm_process_create - make a process
 * @gpu: the GPU
 *
 * Return: the process, which has nothing mapped; ERR_PTR: -EPROBE_DEFER without
 * the page-table format, -ENOSPC when there is no tag left, -ENOMEM.
 */
struct msm_process *msm_process_create(struct msm_gpu *gpu)
{
	struct msm_process *p = kzalloc(sizeof(*p), GFP_KERNEL);
	unsigned long flags;
	int ret;

	if (!p)
		return ERR_PTR(-ENOMEM);
	p->gpu = gpu;
	spin_lock_init(&p->lock);
	mutex_lock(&gpu->making);
	ret = gpu->smmu->asid_alloc(gpu->dev);
	if (ret < 0)
		goto out_free;
	p->asid = (u32)ret;
	ret = make_tables(p);
	if (ret)
		goto out_asid;
	spin_lock_irqsave(&gpu->lock, flags);
	p->id = gpu->next_id++;
	list_add_tail(&p->node, &gpu->processes);
	spin_unlock_irqrestore(&gpu->lock, flags);
	mutex_unlock(&gpu->making);
	return p;

out_asid:
	gpu->smmu->asid_free(gpu->dev, p->asid);
out_free:
	mutex_unlock(&gpu->making);
	kfree(p);
	return ERR_PTR(ret);
}

static bool is_unused(struct msm_process *p)
{
	unsigned long flags;
	bool unused;

	spin_lock_irqsave(&p->gpu->lock, flags);
	unused = !p->jobs && !p->refs;
	spin_unlock_irqrestore(&p->gpu->lock, flags);
	return unused;
}

/* 0: the GPU does not use the tables of @p, whose jobs have ended. */
static int leave(struct msm_process *p)
{
	struct msm_gpu *gpu = p->gpu;
	int ret = p == gpu->idle ? 0 : msm_turn_to(gpu->idle);

	if (ret == -ENODEV) {
		/* It is unbound: either it stops, or it is lost. */
		wait_event(gpu->event, READ_ONCE(gpu->stopped));
		ret = 0;
	}
	return gpu->dead ? -EIO : ret;
}

static void free_heap(struct msm_process *p)
{
	unsigned int i;

	for (i = 0; i < p->heap_pages; i++)
		if (p->heap[i]) {
			msm_bo_free(p->gpu, p->heap[i]);
			kfree(p->heap[i]);
		}
	kvfree(p->heap);
}

/**
 * msm_process_destroy - end a process
 * @p: the process; nothing is submitted for it any more
 *
 * Waits for its jobs. Behind that the GPU has no way to its memory.
 *
 * Return: 0; -EIO or -ETIMEDOUT: the GPU or the SMMU may still use what it had,
 * which is never given back. Its memory is the caller's to keep, too.
 */
int msm_process_destroy(struct msm_process *p)
{
	struct msm_gpu *gpu = p->gpu;
	unsigned long flags;
	int ret;

	/* Each job ends: the watchdog sees to that, or the unbinding. */
	wait_event(gpu->event, is_unused(p));
	ret = leave(p);
	mutex_lock(&gpu->making);
	spin_lock_irqsave(&gpu->lock, flags);
	list_del(&p->node);
	spin_unlock_irqrestore(&gpu->lock, flags);
	/* The fault handler may have found it before. */
	wait_event(gpu->event, is_unused(p));
	forget(p);
	if (p->lost && !ret)
		ret = -ETIMEDOUT;
	if (ret) {
		dev_err(gpu->dev, "what process %u had is not freed\n", p->id);
	} else {
		free_io_pgtable_ops(p->tables);
		free_heap(p);
		gpu->smmu->asid_free(gpu->dev, p->asid);
		kfree(p);
	}
	mutex_unlock(&gpu->making);
	return ret;
}

static size_t unmap_locked(struct msm_process *p, u64 iova, size_t size)
{
	size_t page = p->gpu->page;

	return p->tables->unmap_pages(p->tables, iova, page, size / page,
				      NULL);
}

/* With p->lock. On failure nothing is mapped. */
static int map_locked(struct msm_process *p, u64 iova, phys_addr_t phys,
		      size_t size, int prot)
{
	size_t page = p->gpu->page, mapped = 0;
	int ret = p->tables->map_pages(p->tables, iova, phys, page,
				       size / page, with_cache(p->gpu, prot),
				       GFP_ATOMIC, &mapped);

	if (ret && mapped) {
		unmap_locked(p, iova, mapped);
		forget(p);
	}
	return ret;
}

/**
 * msm_map - give memory an address in a process
 * @p: the process
 * @iova: a multiple of the page, below the upper half
 * @bo: the memory, whole
 * @prot: IOMMU_READ, IOMMU_WRITE
 *
 * Return: 0, or an error of io_pgtable_ops.map_pages().
 */
int msm_map(struct msm_process *p, u64 iova, const struct msm_bo *bo, int prot)
{
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&p->lock, flags);
	ret = map_locked(p, iova, bo->phys, bo->size, prot);
	spin_unlock_irqrestore(&p->lock, flags);
	return ret;
}

/**
 * msm_unmap - take an address away
 * @p: the process
 * @iova: as mapped
 * @size: bytes
 *
 * Return: 0: no access of the GPU uses it any more; -EINVAL: not all of it was
 * mapped; -ETIMEDOUT: the SMMU may still use the memory.
 */
int msm_unmap(struct msm_process *p, u64 iova, size_t size)
{
	unsigned long flags;
	size_t got;

	spin_lock_irqsave(&p->lock, flags);
	got = unmap_locked(p, iova, size);
	forget(p);
	spin_unlock_irqrestore(&p->lock, flags);
	if (p->lost)
		return -ETIMEDOUT;
	return got == size ? 0 : -EINVAL;
}

/**
 * msm_process_heap - addresses that get memory when the GPU first uses them
 * @p: the process, which has no heap yet
 * @iova: the first address
 * @pages: of gpu->page
 *
 * Return: 0, -EBUSY, -EINVAL, -ENOMEM; -EOPNOTSUPP: faults do not wait.
 */
int msm_process_heap(struct msm_process *p, u64 iova, unsigned int pages)
{
	struct msm_bo **heap;
	unsigned long flags;

	if (!p->gpu->stalling)
		return -EOPNOTSUPP;
	if (p->heap)
		return -EBUSY;
	if (!pages || iova & (p->gpu->page - 1))
		return -EINVAL;
	heap = kvzalloc(pages * sizeof(*heap), GFP_KERNEL);
	if (!heap)
		return -ENOMEM;
	spin_lock_irqsave(&p->lock, flags);
	p->heap_iova = iova;
	p->heap_pages = pages;
	p->heap = heap;
	spin_unlock_irqrestore(&p->lock, flags);
	return 0;
}

/**
 * msm_heap_grow - let a page of the heap be there
 * @p: the process
 * @addr: what the GPU wanted to use, and has to wait for
 *
 * In a thread.
 *
 * Return: true if it is there now.
 */
bool msm_heap_grow(struct msm_process *p, u64 addr)
{
	struct msm_gpu *gpu = p->gpu;
	u64 n = (addr - p->heap_iova) / gpu->page;
	struct msm_bo *bo;
	unsigned long flags;
	int ret;

	if (addr < p->heap_iova || n >= p->heap_pages)
		return false;
	bo = kzalloc(sizeof(*bo), GFP_KERNEL);
	if (!bo || msm_bo_alloc(gpu, bo, gpu->page)) {
		kfree(bo);
		return false;
	}
	spin_lock_irqsave(&p->lock, flags);
	if (p->heap[n])
		ret = -EEXIST;
	else
		ret = map_locked(p, p->heap_iova + n * gpu->page, bo->phys,
				 gpu->page, IOMMU_READ | IOMMU_WRITE);
	if (!ret) {
		p->heap[n] = bo;
		p->grown++;
	}
	spin_unlock_irqrestore(&p->lock, flags);
	if (!ret)
		return true;
	msm_bo_free(gpu, bo);
	kfree(bo);
	/* It came meanwhile: then it was too late for this access alone. */
	return ret == -EEXIST;
}

/**
 * msm_process_get_by_asid - the process whose tables TTBR0 names
 * @gpu: the GPU
 * @asid: their tag
 *
 * Return: the process, until msm_process_put(); NULL.
 */
struct msm_process *msm_process_get_by_asid(struct msm_gpu *gpu, u32 asid)
{
	struct msm_process *p, *found = NULL;
	unsigned long flags;

	spin_lock_irqsave(&gpu->lock, flags);
	list_for_each_entry(p, &gpu->processes, node)
		if (p->asid == asid)
			found = p;
	if (found)
		found->refs++;
	spin_unlock_irqrestore(&gpu->lock, flags);
	return found;
}

void msm_process_put(struct msm_process *p)
{
	struct msm_gpu *gpu;
	unsigned long flags;

	if (!p)
		return;
	gpu = p->gpu;
	spin_lock_irqsave(&gpu->lock, flags);
	p->refs--;
	spin_unlock_irqrestore(&gpu->lock, flags);
	wake_up(&gpu->event);
}
