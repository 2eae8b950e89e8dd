// SPDX-License-Identifier: MIT
/* Domains: address spaces, what their STEs and CDs say, and their tables. */

#include "arm-smmu-v3.h"

#include <module.h>
#include <sizes.h>
#include <slab.h>

static void smmu_tlb_flush_all(void *cookie)
{
	arm_smmu_tlb_inv_domain(cookie);
}

static void smmu_tlb_flush_walk(unsigned long iova, size_t size,
				size_t granule, void *cookie)
{
	arm_smmu_tlb_inv_range(cookie, iova, size, granule, false);
}

static void smmu_tlb_add_page(struct iommu_iotlb_gather *gather,
			      unsigned long iova, size_t granule,
			      void *cookie)
{
	struct arm_smmu_domain *dom = cookie;

	iommu_iotlb_gather_add_page(&dom->domain, gather, iova, granule);
}

static const struct iommu_flush_ops smmu_flush_ops = {
	.tlb_flush_all = smmu_tlb_flush_all,
	.tlb_flush_walk = smmu_tlb_flush_walk,
	.tlb_add_page = smmu_tlb_add_page,
};

/* 0 stays free: a stray zero then invalidates nothing of use, and VMID 0 is
 * that of stage 1 alone.
 */
static int id_alloc(struct arm_smmu_device *smmu, unsigned long *map,
		    unsigned int bits, const char *name, u32 *id)
{
	unsigned long end = 1UL << bits;
	unsigned long bit = find_next_zero_bit(map, end, 1);

	if (bit >= end) {
		dev_err(smmu->dev, "all %u-bit %ss are taken\n", bits, name);
		return -ENOSPC;
	}
	__set_bit((unsigned int)bit, map);
	*id = (u32)bit;
	return 0;
}

/* IHI 0070 5.4 */
static void describe_s1(struct arm_smmu_domain *dom,
			const struct io_pgtable_cfg *cfg)
{
	u64 *cd = dom->cd;

	memset(cd, 0, sizeof(dom->cd));
	cd[3] = cfg->arm_lpae_s1_cfg.mair;
	cd[1] = cfg->arm_lpae_s1_cfg.ttbr & CD_1_TTB0;
	cd[0] = FIELD_PREP(CD_0_T0SZ, (u64)cfg->arm_lpae_s1_cfg.tcr.tsz) |
		FIELD_PREP(CD_0_TG0, (u64)cfg->arm_lpae_s1_cfg.tcr.tg) |
		FIELD_PREP(CD_0_IR0, (u64)cfg->arm_lpae_s1_cfg.tcr.irgn) |
		FIELD_PREP(CD_0_OR0, (u64)cfg->arm_lpae_s1_cfg.tcr.orgn) |
		FIELD_PREP(CD_0_SH0, (u64)cfg->arm_lpae_s1_cfg.tcr.sh) |
		FIELD_PREP(CD_0_IPS, (u64)cfg->arm_lpae_s1_cfg.tcr.ips) |
		CD_0_EPD1 | CD_0_AA64 | CD_0_R | CD_0_A | CD_0_ASET |
		FIELD_PREP(CD_0_ASID, (u64)dom->asid) | CD_0_V;
}

/* IHI 0070 5.2 */
static void describe_s2(struct arm_smmu_domain *dom,
			const struct io_pgtable_cfg *cfg)
{
	dom->ste[2] =
		FIELD_PREP(STE_2_S2VMID, (u64)dom->vmid) |
		FIELD_PREP(STE_2_S2T0SZ, (u64)cfg->arm_lpae_s2_cfg.vtcr.tsz) |
		FIELD_PREP(STE_2_S2SL0, (u64)cfg->arm_lpae_s2_cfg.vtcr.sl) |
		FIELD_PREP(STE_2_S2IR0, (u64)cfg->arm_lpae_s2_cfg.vtcr.irgn) |
		FIELD_PREP(STE_2_S2OR0, (u64)cfg->arm_lpae_s2_cfg.vtcr.orgn) |
		FIELD_PREP(STE_2_S2SH0, (u64)cfg->arm_lpae_s2_cfg.vtcr.sh) |
		FIELD_PREP(STE_2_S2TG, (u64)cfg->arm_lpae_s2_cfg.vtcr.tg) |
		FIELD_PREP(STE_2_S2PS, (u64)cfg->arm_lpae_s2_cfg.vtcr.ps) |
		STE_2_S2AA64 | STE_2_S2PTW | STE_2_S2R;
	dom->ste[3] = cfg->arm_lpae_s2_cfg.vttbr & STE_3_S2TTB;
}

static int tag_alloc(struct arm_smmu_domain *dom)
{
	struct arm_smmu_device *smmu = dom->smmu;

	return dom->stage == ARM_SMMU_STAGE_2 ?
	       id_alloc(smmu, smmu->vmid_map, smmu->vmid_bits, "VMID",
			&dom->vmid) :
	       id_alloc(smmu, smmu->asid_map, smmu->asid_bits, "ASID",
			&dom->asid);
}

static void tag_free(struct arm_smmu_domain *dom)
{
	if (dom->stage == ARM_SMMU_STAGE_2)
		__clear_bit(dom->vmid, dom->smmu->vmid_map);
	else
		__clear_bit(dom->asid, dom->smmu->asid_map);
}

/**
 * arm_smmu_domain_finalise - tables and a tag, when a domain is first used
 * @dom: a domain; done once, and only for those that have tables
 * @dev: who wants it, for messages
 *
 * Return: 0; -EPROBE_DEFER without the page-table format; -ENOSPC; -ENOMEM.
 */
int arm_smmu_domain_finalise(struct arm_smmu_domain *dom, struct device *dev)
{
	struct arm_smmu_device *smmu = dom->smmu;
	bool s2 = dom->stage == ARM_SMMU_STAGE_2;
	struct io_pgtable_cfg cfg = {
		.pgsize_bitmap = smmu->pgsizes,
		/* Without VAX 48 bits of VA (IHI 0070 3.4.1); IPAs are as
		 * wide as physical addresses (3.4).
		 */
		.ias = s2 ? smmu->oas : 48,
		.oas = smmu->oas,
		.coherent_walk = smmu->coherent,
		.tlb = &smmu_flush_ops,
		.iommu_dev = smmu->dev,
	};
	enum io_pgtable_fmt fmt = s2 ? ARM_64_LPAE_S2 : ARM_64_LPAE_S1;
	int ret;

	if (dom->pgtbl ||
	    (dom->stage != ARM_SMMU_STAGE_1 && dom->stage != ARM_SMMU_STAGE_2))
		return 0;
	ret = tag_alloc(dom);
	if (ret)
		return ret;
	ret = alloc_io_pgtable_ops(fmt, &cfg, dom, THIS_MODULE, &dom->pgtbl);
	if (ret == -ENOENT)
		ret = dev_err_probe(dev, -EPROBE_DEFER,
				    "page-table format ARM_64_LPAE_S%d is not registered: modprobe io-pgtable-fmt-%d\n",
				    s2 ? 2 : 1, fmt);
	if (ret) {
		tag_free(dom);
		return ret;
	}
	dom->granule_shift = (unsigned int)__ffs(cfg.pgsize_bitmap);
	dom->domain.pgsize_bitmap = cfg.pgsize_bitmap;
	dom->domain.aperture_end = (1ULL << cfg.ias) - 1;
	if (s2)
		describe_s2(dom, &cfg);
	else
		describe_s1(dom, &cfg);
	return 0;
}

static int smmu_map_pages(struct iommu_domain *domain, unsigned long iova,
			  phys_addr_t paddr, size_t pgsize, size_t pgcount,
			  int prot, size_t *mapped)
{
	struct arm_smmu_domain *dom = to_smmu_domain(domain);
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
	struct arm_smmu_domain *dom = to_smmu_domain(domain);
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
	arm_smmu_tlb_inv_range(to_smmu_domain(domain), gather->start,
			       gather->end - gather->start + 1,
			       gather->pgsize, true);
}

static phys_addr_t smmu_iova_to_phys(struct iommu_domain *domain,
				     unsigned long iova)
{
	struct arm_smmu_domain *dom = to_smmu_domain(domain);
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
	struct arm_smmu_domain *dom = to_smmu_domain(domain);
	unsigned long flags;

	spin_lock_irqsave(&dom->lock, flags);
	dom->pgtbl->entry(dom->pgtbl, iova, depth, e);
	spin_unlock_irqrestore(&dom->lock, flags);
}

static void smmu_domain_free(struct iommu_domain *domain)
{
	struct arm_smmu_domain *dom = to_smmu_domain(domain);

	if (dom->pgtbl && dom->smmu->ste_lost) {
		dev_err(dom->smmu->dev, "tables that it may still walk are not freed\n");
		return;
	}
	if (dom->pgtbl) {
		/* Invalidates the tag, which may be handed out again. */
		free_io_pgtable_ops(dom->pgtbl);
		tag_free(dom);
	}
	/* The next upon this parent may use the same ASIDs. */
	if (dom->parent)
		arm_smmu_tlb_inv_combined(dom->parent);
	kfree(dom);
}

static const struct iommu_domain_ops s1_ops = {
	.attach_dev = arm_smmu_attach_dev,
	.set_dev_pasid = arm_smmu_set_dev_pasid,
	.map_pages = smmu_map_pages,
	.unmap_pages = smmu_unmap_pages,
	.iotlb_sync = smmu_iotlb_sync,
	.iova_to_phys = smmu_iova_to_phys,
	.entry = smmu_entry,
	.free = smmu_domain_free,
};

/* A substream has stage 1 of its own, and no stage 2. */
static const struct iommu_domain_ops s2_ops = {
	.attach_dev = arm_smmu_attach_dev,
	.map_pages = smmu_map_pages,
	.unmap_pages = smmu_unmap_pages,
	.iotlb_sync = smmu_iotlb_sync,
	.iova_to_phys = smmu_iova_to_phys,
	.entry = smmu_entry,
	.free = smmu_domain_free,
};

static const struct iommu_domain_ops plain_ops = {
	.attach_dev = arm_smmu_attach_dev,
	.free = smmu_domain_free,
};

static const struct iommu_domain_ops nested_ops = {
	.attach_dev = arm_smmu_attach_dev,
	.cache_invalidate = arm_smmu_nested_invalidate,
	.free = smmu_domain_free,
};

static struct arm_smmu_domain *new_domain(struct arm_smmu_device *smmu,
					  enum arm_smmu_stage stage,
					  const struct iommu_domain_ops *ops)
{
	struct arm_smmu_domain *dom = kzalloc(sizeof(*dom), GFP_KERNEL);

	if (!dom)
		return NULL;
	dom->smmu = smmu;
	dom->stage = stage;
	dom->domain.ops = ops;
	spin_lock_init(&dom->lock);
	spin_lock_init(&dom->attached_lock);
	INIT_LIST_HEAD(&dom->attached);
	return dom;
}

/* As a device uses it, where the SMMU has both. */
static struct arm_smmu_domain *new_paging(struct arm_smmu_device *smmu,
					  bool stage2)
{
	return stage2 ? new_domain(smmu, ARM_SMMU_STAGE_2, &s2_ops) :
			new_domain(smmu, ARM_SMMU_STAGE_1, &s1_ops);
}

struct iommu_domain *arm_smmu_domain_alloc(struct iommu_device *iommu,
					   enum iommu_domain_type type)
{
	struct arm_smmu_device *smmu =
		container_of(iommu, struct arm_smmu_device, iommu);
	struct arm_smmu_domain *dom;
	int ret;

	switch (type) {
	case IOMMU_DOMAIN_IDENTITY:
		dom = new_domain(smmu, ARM_SMMU_BYPASS, &plain_ops);
		break;
	case IOMMU_DOMAIN_BLOCKED:
		dom = new_domain(smmu, ARM_SMMU_ABORT, &plain_ops);
		break;
	case IOMMU_DOMAIN_DMA:
	case IOMMU_DOMAIN_UNMANAGED:
		dom = new_paging(smmu, !smmu->s1p);
		break;
	case IOMMU_DOMAIN_NEST_PARENT:
		if (!smmu->s1p || !smmu->s2p)
			return ERR_PTR(-EOPNOTSUPP);
		dom = new_paging(smmu, true);
		break;
	default:
		return ERR_PTR(-EOPNOTSUPP);
	}
	if (!dom)
		return ERR_PTR(-ENOMEM);
	if (type == IOMMU_DOMAIN_NEST_PARENT) {
		/* Something is mapped before a nested domain can be used. */
		dom->nest_parent = true;
		ret = arm_smmu_domain_finalise(dom, smmu->dev);
		if (ret) {
			kfree(dom);
			return ERR_PTR(ret);
		}
	}
	return &dom->domain;
}

struct iommu_domain *arm_smmu_domain_alloc_nested(struct iommu_domain *parent,
						  const void *config,
						  size_t size)
{
	struct arm_smmu_domain *up = to_smmu_domain(parent);
	struct arm_smmu_domain *dom;
	int ret;

	dom = new_domain(up->smmu, ARM_SMMU_NESTED, &nested_ops);
	if (!dom)
		return ERR_PTR(-ENOMEM);
	ret = arm_smmu_nested_init(dom, up, config, size);
	if (ret) {
		kfree(dom);
		return ERR_PTR(ret);
	}
	return &dom->domain;
}
