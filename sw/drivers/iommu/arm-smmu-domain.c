// SPDX-License-Identifier: MIT
/* Domains: address spaces, their tables, and the context banks they have. */

#include "arm-smmu.h"

#include <module.h>
#include <sizes.h>
#include <slab.h>

static void smmu_tlb_flush_all(void *cookie)
{
	smmu2_tlb_inv_domain(cookie);
}

static void smmu_tlb_flush_walk(unsigned long iova, size_t size,
				size_t granule, void *cookie)
{
	smmu2_tlb_inv_range(cookie, iova, size, granule, false);
}

static void smmu_tlb_add_page(struct iommu_iotlb_gather *gather,
			      unsigned long iova, size_t granule,
			      void *cookie)
{
	struct smmu2_domain *dom = cookie;

	iommu_iotlb_gather_add_page(&dom->domain, gather, iova, granule);
}

static const struct iommu_flush_ops smmu_flush_ops = {
	.tlb_flush_all = smmu_tlb_flush_all,
	.tlb_flush_walk = smmu_tlb_flush_walk,
	.tlb_add_page = smmu_tlb_add_page,
};

static const struct {
	const char *name;
	enum io_pgtable_fmt fmt;
} tables[2][SMMU2_NUM_FORMATS] = {
	{
		[SMMU2_AARCH64] = { "ARM_64_LPAE_S1", ARM_64_LPAE_S1 },
		[SMMU2_AARCH32_L] = { "ARM_32_LPAE_S1", ARM_32_LPAE_S1 },
		[SMMU2_AARCH32_S] = { "ARM_V7S", ARM_V7S },
	},
	{
		[SMMU2_AARCH64] = { "ARM_64_LPAE_S2", ARM_64_LPAE_S2 },
		[SMMU2_AARCH32_L] = { "ARM_32_LPAE_S2", ARM_32_LPAE_S2 },
	},
};

static void choose_cfg(const struct smmu2_domain *dom,
		       struct io_pgtable_cfg *cfg)
{
	const struct smmu2_device *smmu = dom->smmu;

	smmu2_format_bits(smmu, dom->format, dom->stage == SMMU2_STAGE_2,
			  &cfg->ias, &cfg->oas);
	switch (dom->format) {
	case SMMU2_AARCH64:
		cfg->pgsize_bitmap = smmu->pgsizes;
		break;
	case SMMU2_AARCH32_L:
		cfg->pgsize_bitmap = SZ_4K | SZ_2M | SZ_1G;
		break;
	default:
		cfg->pgsize_bitmap = SZ_4K | SZ_64K | SZ_1M | SZ_16M;
		break;
	}
}

static int make_tables(struct smmu2_domain *dom, struct device *dev)
{
	bool s2 = dom->stage == SMMU2_STAGE_2;
	struct io_pgtable_cfg cfg = {
		.coherent_walk = dom->smmu->coherent,
		.tlb = &smmu_flush_ops,
		.iommu_dev = dom->smmu->dev,
	};
	struct smmu2_regs regs;
	int ret;

	dom->format = s2 ? smmu2_stage2_format(dom->smmu) : dom->smmu->format;
	choose_cfg(dom, &cfg);
	if (dom->split)
		cfg.quirks |= IO_PGTABLE_QUIRK_ARM_TTBR1;
	ret = alloc_io_pgtable_ops(tables[s2][dom->format].fmt, &cfg, dom,
				   THIS_MODULE, &dom->pgtbl);
	if (ret == -ENOENT)
		return dev_err_probe(dev, -EPROBE_DEFER,
				     "page-table format %s is not registered: modprobe io-pgtable-fmt-%d\n",
				     tables[s2][dom->format].name,
				     tables[s2][dom->format].fmt);
	if (ret)
		return ret;
	dom->domain.pgsize_bitmap = cfg.pgsize_bitmap;
	dom->domain.aperture_end = (1ULL << cfg.ias) - 1;
	if (dom->split) {
		dom->domain.aperture_start = ~0ULL << cfg.ias;
		dom->domain.aperture_end = ~0ULL;
	}
	/* As many as there are banks: 8 bits hold them in every format. */
	dom->asid = s2 ? 0 : dom->bank->index + 1;
	if (s2)
		smmu2_describe_s2(dom, &cfg, &regs);
	else if (dom->split)
		smmu2_describe_split(dom, &cfg, NULL, 0, &regs);
	else
		smmu2_describe_s1(dom, &cfg, &regs);
	smmu2_bank_write(dom->bank, &regs);
	return 0;
}

/* What a GPU's driver allocated is TTBR1's, in the bank that the GPU knows. */
static int take_bank(struct smmu2_domain *dom, struct device *dev)
{
	if (dom->domain.type == IOMMU_DOMAIN_UNMANAGED &&
	    smmu2_is_gpu(dom->smmu, dev)) {
		if (smmu2_check_split(dom->smmu))
			return -EOPNOTSUPP;
		dom->split = true;
		dom->bank = smmu2_bank_take(dom->smmu, SMMU2_GPU_BANK);
		return dom->bank ? 0 : -EBUSY;
	}
	dom->bank = smmu2_bank_alloc(dom->smmu, dom->stage);
	return dom->bank ? 0 : -ENOSPC;
}

/**
 * smmu2_domain_finalise - a context bank, and tables, when a domain is first
 *			   used
 * @dom: a domain; done once, and only for those that translate
 * @dev: who wants it, for messages
 *
 * Return: 0; -EPROBE_DEFER without the page-table format; -ENOSPC; -ENOMEM; for
 * a GPU -EOPNOTSUPP, or -EBUSY if it has a domain already.
 */
int smmu2_domain_finalise(struct smmu2_domain *dom, struct device *dev)
{
	struct smmu2_regs regs;
	int ret;

	if (dom->bank || dom->stage == SMMU2_FAULT ||
	    dom->stage == SMMU2_BYPASS)
		return 0;
	ret = take_bank(dom, dev);
	if (ret)
		return ret;
	dom->bank->dom = dom;
	if (dom->stage == SMMU2_NESTED) {
		smmu2_nested_complete(dom, &regs);
		smmu2_bank_write(dom->bank, &regs);
	} else {
		ret = make_tables(dom, dev);
	}
	if (ret) {
		smmu2_bank_free(dom->bank);
		dom->bank = NULL;
	}
	return ret;
}

static int smmu_map_pages(struct iommu_domain *domain, unsigned long iova,
			  phys_addr_t paddr, size_t pgsize, size_t pgcount,
			  int prot, size_t *mapped)
{
	struct smmu2_domain *dom = to_smmu2_domain(domain);
	unsigned long flags;
	int ret;

	if (!dom->pgtbl)
		return -ENODEV;
	spin_lock_irqsave(&dom->lock, flags);
	ret = dom->pgtbl->map_pages(dom->pgtbl, iova, paddr, pgsize, pgcount,
				    prot, GFP_ATOMIC, mapped);
	spin_unlock_irqrestore(&dom->lock, flags);
	return ret;
}

static size_t smmu_unmap_pages(struct iommu_domain *domain,
			       unsigned long iova, size_t pgsize,
			       size_t pgcount,
			       struct iommu_iotlb_gather *gather)
{
	struct smmu2_domain *dom = to_smmu2_domain(domain);
	unsigned long flags;
	size_t ret;

	if (!dom->pgtbl)
		return 0;
	spin_lock_irqsave(&dom->lock, flags);
	ret = dom->pgtbl->unmap_pages(dom->pgtbl, iova, pgsize, pgcount,
				      gather);
	spin_unlock_irqrestore(&dom->lock, flags);
	return ret;
}

static void smmu_iotlb_sync(struct iommu_domain *domain,
			    struct iommu_iotlb_gather *gather)
{
	if (iommu_iotlb_gather_empty(gather))
		return;
	smmu2_tlb_inv_range(to_smmu2_domain(domain), gather->start,
			    gather->end - gather->start + 1, gather->pgsize,
			    true);
}

static phys_addr_t smmu_iova_to_phys(struct iommu_domain *domain,
				     unsigned long iova)
{
	struct smmu2_domain *dom = to_smmu2_domain(domain);
	unsigned long flags;
	phys_addr_t ret;

	if (!dom->pgtbl)
		return 0;
	spin_lock_irqsave(&dom->lock, flags);
	ret = dom->pgtbl->iova_to_phys(dom->pgtbl, iova);
	spin_unlock_irqrestore(&dom->lock, flags);
	return ret;
}

static void smmu_entry(struct iommu_domain *domain, unsigned long iova,
		       unsigned int depth, struct io_pgtable_entry *e)
{
	struct smmu2_domain *dom = to_smmu2_domain(domain);
	unsigned long flags;

	spin_lock_irqsave(&dom->lock, flags);
	dom->pgtbl->entry(dom->pgtbl, iova, depth, e);
	spin_unlock_irqrestore(&dom->lock, flags);
}

static void smmu_domain_free(struct iommu_domain *domain)
{
	struct smmu2_domain *dom = to_smmu2_domain(domain);

	if (dom->bank) {
		/* Off, then forgotten: the next has the same tags. */
		smmu2_bank_close(dom->bank);
		smmu2_tlb_inv_domain(dom);
		if (dom->smmu->lost) {
			dev_err(dom->smmu->dev, "tables that it may still walk are not freed\n");
			return;
		}
		if (dom->pgtbl)
			free_io_pgtable_ops(dom->pgtbl);
		smmu2_bank_free(dom->bank);
	}
	kfree(dom);
}

static const struct iommu_domain_ops paging_ops = {
	.attach_dev = smmu2_attach_dev,
	.map_pages = smmu_map_pages,
	.unmap_pages = smmu_unmap_pages,
	.iotlb_sync = smmu_iotlb_sync,
	.iova_to_phys = smmu_iova_to_phys,
	.entry = smmu_entry,
	.free = smmu_domain_free,
};

static const struct iommu_domain_ops plain_ops = {
	.attach_dev = smmu2_attach_dev,
	.free = smmu_domain_free,
};

static const struct iommu_domain_ops nested_ops = {
	.attach_dev = smmu2_attach_dev,
	.cache_invalidate = smmu2_nested_invalidate,
	.free = smmu_domain_free,
};

static struct smmu2_domain *new_domain(struct smmu2_device *smmu,
				       enum smmu2_stage stage,
				       const struct iommu_domain_ops *ops)
{
	struct smmu2_domain *dom = kzalloc(sizeof(*dom), GFP_KERNEL);

	if (!dom)
		return NULL;
	dom->smmu = smmu;
	dom->stage = stage;
	dom->domain.ops = ops;
	spin_lock_init(&dom->lock);
	return dom;
}

/* As a device uses it, where banks can do both. */
static enum smmu2_stage paging_stage(const struct smmu2_device *smmu)
{
	return smmu->stage1 && smmu->num_s2_banks < smmu->num_banks ?
	       SMMU2_STAGE_1 : SMMU2_STAGE_2;
}

struct iommu_domain *smmu2_domain_alloc(struct iommu_device *iommu,
					enum iommu_domain_type type)
{
	struct smmu2_device *smmu =
		container_of(iommu, struct smmu2_device, iommu);
	struct smmu2_domain *dom;
	int ret;

	switch (type) {
	case IOMMU_DOMAIN_IDENTITY:
		dom = new_domain(smmu, SMMU2_BYPASS, &plain_ops);
		break;
	case IOMMU_DOMAIN_BLOCKED:
		dom = new_domain(smmu, SMMU2_FAULT, &plain_ops);
		break;
	case IOMMU_DOMAIN_DMA:
	case IOMMU_DOMAIN_UNMANAGED:
		dom = new_domain(smmu, paging_stage(smmu), &paging_ops);
		break;
	case IOMMU_DOMAIN_NEST_PARENT:
		if (!smmu->nested)
			return ERR_PTR(-EOPNOTSUPP);
		dom = new_domain(smmu, SMMU2_STAGE_2, &paging_ops);
		break;
	default:
		return ERR_PTR(-EOPNOTSUPP);
	}
	if (!dom)
		return ERR_PTR(-ENOMEM);
	if (type == IOMMU_DOMAIN_NEST_PARENT) {
		/* Something is mapped before a nested domain can be used. */
		dom->nest_parent = true;
		ret = smmu2_domain_finalise(dom, smmu->dev);
		if (ret) {
			kfree(dom);
			return ERR_PTR(ret);
		}
	}
	return &dom->domain;
}

struct iommu_domain *smmu2_domain_alloc_nested(struct iommu_domain *parent,
					       const void *config,
					       size_t size)
{
	struct smmu2_domain *up = to_smmu2_domain(parent);
	struct smmu2_domain *dom;
	int ret;

	dom = new_domain(up->smmu, SMMU2_NESTED, &nested_ops);
	if (!dom)
		return ERR_PTR(-ENOMEM);
	dom->parent = up;
	ret = smmu2_nested_init(dom, config, size);
	if (ret) {
		kfree(dom);
		return ERR_PTR(ret);
	}
	return &dom->domain;
}
