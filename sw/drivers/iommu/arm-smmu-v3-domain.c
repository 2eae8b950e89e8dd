// SPDX-License-Identifier: MIT
/* Domains: STEs, context descriptors, page tables and their TLB. */

#include "arm-smmu-v3.h"

#include <module.h>
#include <of.h>
#include <sizes.h>
#include <slab.h>

/* Above so many leaves, an address space is invalidated as a whole. */
#define MAX_TLBI_CMDS	128
#define BATCH		32

#define CD_BYTES	(CD_DWORDS * sizeof(u64))

static struct arm_smmu_domain *to_smmu_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct arm_smmu_domain, domain);
}

/* IHI 0070 4.4: translations of one ASID, in VMID 0. */
static void tlbi_asid(struct arm_smmu_domain *dom)
{
	const u64 cmd[CMD_DWORDS] = {
		CMD_TLBI_NH_ASID |
		FIELD_PREP(CMD_TLBI_0_ASID, (u64)dom->asid),
		0,
	};

	arm_smmu_cmdq_issue(dom->smmu, cmd, 1, true);
}

static void tlbi_range(struct arm_smmu_domain *dom, unsigned long iova,
		       size_t size, size_t granule, bool leaf)
{
	u64 cmds[BATCH * CMD_DWORDS];
	unsigned int n = 0;
	size_t done;

	if (!size || !granule)
		return;
	if (size / granule > MAX_TLBI_CMDS) {
		tlbi_asid(dom);
		return;
	}
	for (done = 0; done < size; done += granule) {
		cmds[n * CMD_DWORDS] = CMD_TLBI_NH_VA |
			FIELD_PREP(CMD_TLBI_0_ASID, (u64)dom->asid);
		cmds[n * CMD_DWORDS + 1] =
			((iova + done) & CMD_TLBI_1_ADDR) |
			(leaf ? CMD_TLBI_1_LEAF : 0);
		if (++n == BATCH) {
			arm_smmu_cmdq_issue(dom->smmu, cmds, n, false);
			n = 0;
		}
	}
	arm_smmu_cmdq_issue(dom->smmu, cmds, n, true);
}

static void smmu_tlb_flush_all(void *cookie)
{
	tlbi_asid(cookie);
}

static void smmu_tlb_flush_walk(unsigned long iova, size_t size,
				size_t granule, void *cookie)
{
	tlbi_range(cookie, iova, size, granule, false);
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

static int asid_alloc(struct arm_smmu_device *smmu, u32 *asid)
{
	unsigned long bits = 1UL << smmu->asid_bits, bit;

	/* 0 stays free: a stray zero then invalidates nothing of use. */
	bit = find_next_zero_bit(smmu->asid_map, bits, 1);
	if (bit < bits)
		__set_bit((unsigned int)bit, smmu->asid_map);
	*asid = (u32)bit;
	return bit < bits ? 0 : -ENOSPC;
}

/* IHI 0070 5.4. Nothing points to the CD yet, so it is written in one go. */
static void write_cd(struct arm_smmu_domain *dom,
		     const struct io_pgtable_cfg *cfg)
{
	u64 *cd = dom->cd;

	cd[3] = cfg->arm_lpae_s1_cfg.mair;
	cd[2] = 0;
	cd[1] = cfg->arm_lpae_s1_cfg.ttbr & CD_1_TTB0;
	cd[0] = FIELD_PREP(CD_0_T0SZ, (u64)cfg->arm_lpae_s1_cfg.tcr.tsz) |
		FIELD_PREP(CD_0_TG0, (u64)cfg->arm_lpae_s1_cfg.tcr.tg) |
		FIELD_PREP(CD_0_IR0, (u64)cfg->arm_lpae_s1_cfg.tcr.irgn) |
		FIELD_PREP(CD_0_OR0, (u64)cfg->arm_lpae_s1_cfg.tcr.orgn) |
		FIELD_PREP(CD_0_SH0, (u64)cfg->arm_lpae_s1_cfg.tcr.sh) |
		FIELD_PREP(CD_0_IPS, (u64)cfg->arm_lpae_s1_cfg.tcr.ips) |
		CD_0_EPD1 | CD_0_AA64 | CD_0_R | CD_0_A | CD_0_ASET |
		FIELD_PREP(CD_0_ASID, (u64)dom->asid) | CD_0_V;
	if (dom->smmu->stall_forced)
		cd[0] |= CD_0_S;
	arm_smmu_sync_for_device(dom->smmu, cd, CD_BYTES);
}

/* Tables, ASID and CD, once the domain is used for the first time. */
static int finalise(struct arm_smmu_domain *dom, struct device *dev)
{
	struct arm_smmu_device *smmu = dom->smmu;
	struct io_pgtable_cfg cfg = {
		.pgsize_bitmap = SZ_4K | SZ_2M | SZ_1G,
		/* As many as SMMUv3.0 has without VAX (IHI 0070 3.4.1). */
		.ias = 48,
		.oas = smmu->oas,
		.coherent_walk = smmu->coherent,
		.tlb = &smmu_flush_ops,
		.iommu_dev = smmu->dev,
	};
	int ret;

	ret = asid_alloc(smmu, &dom->asid);
	if (ret) {
		dev_err(smmu->dev, "all %u-bit ASIDs are taken\n",
			smmu->asid_bits);
		return ret;
	}
	ret = -ENOMEM;
	dom->cd = arm_smmu_alloc(smmu, CD_BYTES);
	if (!dom->cd)
		goto out_asid;
	ret = alloc_io_pgtable_ops(ARM_64_LPAE_S1, &cfg, dom, THIS_MODULE,
				   &dom->pgtbl);
	if (ret == -ENOENT)
		ret = dev_err_probe(dev, -EPROBE_DEFER,
				    "page-table format ARM_64_LPAE_S1 is not registered: modprobe io-pgtable-fmt-%d\n",
				    ARM_64_LPAE_S1);
	if (ret)
		goto out_cd;

	dom->domain.pgsize_bitmap = cfg.pgsize_bitmap;
	dom->domain.aperture_end = (1ULL << cfg.ias) - 1;
	write_cd(dom, &cfg);
	return 0;

out_cd:
	arm_smmu_free(dom->cd, CD_BYTES);
	dom->cd = NULL;
out_asid:
	__clear_bit(dom->asid, smmu->asid_map);
	return ret;
}

static bool translates(const struct arm_smmu_domain *dom)
{
	return dom->domain.type == IOMMU_DOMAIN_DMA ||
	       dom->domain.type == IOMMU_DOMAIN_UNMANAGED;
}

/* IHI 0070 5.2. */
static void build_ste(const struct arm_smmu_domain *dom, u64 *ste)
{
	u64 cache;

	memset(ste, 0, STE_DWORDS * sizeof(*ste));
	switch (dom->domain.type) {
	case IOMMU_DOMAIN_IDENTITY:
		ste[0] = STE_0_V | FIELD_PREP(STE_0_CONFIG, STE_CONFIG_BYPASS);
		ste[1] = FIELD_PREP(STE_1_SHCFG, STE_SHCFG_INCOMING);
		break;
	case IOMMU_DOMAIN_BLOCKED:
		ste[0] = STE_0_V | FIELD_PREP(STE_0_CONFIG, STE_CONFIG_ABORT);
		break;
	default:
		cache = dom->smmu->coherent ? STE_CACHE_WBRA : STE_CACHE_NC;
		ste[0] = STE_0_V | FIELD_PREP(STE_0_CONFIG, STE_CONFIG_S1) |
			 (virt_to_phys(dom->cd) & STE_0_S1CONTEXTPTR);
		ste[1] = FIELD_PREP(STE_1_S1CIR, cache) |
			 FIELD_PREP(STE_1_S1COR, cache) |
			 FIELD_PREP(STE_1_S1CSH, SH_ISH) |
			 FIELD_PREP(STE_1_SHCFG, STE_SHCFG_INCOMING);
	}
}

static int smmu_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	struct arm_smmu_domain *dom = to_smmu_domain(domain);
	const struct iommu_fwspec *fwspec = dev->iommu;
	u64 ste[STE_DWORDS];
	unsigned int i;
	int ret;

	if (translates(dom) && !dom->pgtbl) {
		ret = finalise(dom, dev);
		if (ret)
			return ret;
	}
	build_ste(dom, ste);
	for (i = 0; i < fwspec->num_ids; i++) {
		ret = arm_smmu_write_ste(dom->smmu, fwspec->ids[i], ste);
		if (ret) {
			dev_err(dev, "stream %#x not configured (%d)\n",
				fwspec->ids[i], ret);
			return ret;
		}
	}
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
	tlbi_range(to_smmu_domain(domain), gather->start,
		   gather->end - gather->start + 1, gather->pgsize, true);
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

static void smmu_domain_free(struct iommu_domain *domain)
{
	struct arm_smmu_domain *dom = to_smmu_domain(domain);

	if (dom->pgtbl && dom->smmu->ste_lost) {
		dev_err(dom->smmu->dev, "tables that it may still walk are not freed\n");
		return;
	}
	if (dom->pgtbl) {
		/* Invalidates the ASID, which may be handed out again. */
		free_io_pgtable_ops(dom->pgtbl);
		arm_smmu_free(dom->cd, CD_BYTES);
		__clear_bit(dom->asid, dom->smmu->asid_map);
	}
	kfree(dom);
}

static const struct iommu_domain_ops paging_ops = {
	.attach_dev = smmu_attach_dev,
	.map_pages = smmu_map_pages,
	.unmap_pages = smmu_unmap_pages,
	.iotlb_sync = smmu_iotlb_sync,
	.iova_to_phys = smmu_iova_to_phys,
	.free = smmu_domain_free,
};

static const struct iommu_domain_ops plain_ops = {
	.attach_dev = smmu_attach_dev,
	.free = smmu_domain_free,
};

static struct iommu_domain *smmu_domain_alloc(struct iommu_device *iommu,
					      enum iommu_domain_type type)
{
	struct arm_smmu_domain *dom;

	switch (type) {
	case IOMMU_DOMAIN_NEST_PARENT:
	case IOMMU_DOMAIN_NESTED:
		return ERR_PTR(-EOPNOTSUPP);
	default:
		break;
	}
	dom = kzalloc(sizeof(*dom), GFP_KERNEL);
	if (!dom)
		return ERR_PTR(-ENOMEM);
	dom->smmu = container_of(iommu, struct arm_smmu_device, iommu);
	spin_lock_init(&dom->lock);
	dom->domain.ops = type == IOMMU_DOMAIN_DMA ||
			  type == IOMMU_DOMAIN_UNMANAGED ?
			  &paging_ops : &plain_ops;
	return &dom->domain;
}

static int smmu_of_xlate(struct device *dev,
			 const struct of_phandle_args *args)
{
	if (args->args_count != 1) {
		dev_err(dev, "an SMMUv3 stream is named by one cell, not %d\n",
			args->args_count);
		return -EINVAL;
	}
	return iommu_fwspec_add_id(dev, args->args[0]);
}

static int smmu_probe_device(struct device *dev)
{
	struct iommu_fwspec *fwspec = dev->iommu;
	struct arm_smmu_device *smmu =
		container_of(fwspec->iommu, struct arm_smmu_device, iommu);
	struct arm_smmu_master *master;
	unsigned long flags;
	unsigned int i;
	int ret;

	if (!fwspec->num_ids)
		return -EINVAL;
	for (i = 0; i < fwspec->num_ids; i++) {
		ret = arm_smmu_strtab_cover(smmu, fwspec->ids[i]);
		if (ret)
			return ret;
	}
	master = kzalloc(sizeof(*master), GFP_KERNEL);
	if (!master)
		return -ENOMEM;
	master->smmu = smmu;
	master->dev = dev;
	fwspec->priv = master;
	/* The event handler goes through the list. */
	spin_lock_irqsave(&smmu->evtq_lock, flags);
	list_add_tail(&master->node, &smmu->masters);
	spin_unlock_irqrestore(&smmu->evtq_lock, flags);
	return 0;
}

/* Devices that share a stream share what it translates to. The list changes
 * only in what the IOMMU core serialises, of which this is a part.
 */
static struct iommu_group *smmu_device_group(struct device *dev)
{
	const struct iommu_fwspec *fwspec = dev->iommu;
	struct arm_smmu_device *smmu =
		container_of(fwspec->iommu, struct arm_smmu_device, iommu);
	struct device *other = NULL;
	struct arm_smmu_master *m;
	unsigned int i;

	list_for_each_entry(m, &smmu->masters, node)
		for (i = 0; i < fwspec->num_ids && m->dev != dev; i++) {
			if (!arm_smmu_has_stream(m, fwspec->ids[i]))
				continue;
			if (other && other->iommu_group != m->dev->iommu_group) {
				dev_err(dev, "has streams of %s and of %s, which are in different IOMMU groups\n",
					dev_name(other), dev_name(m->dev));
				return ERR_PTR(-EBUSY);
			}
			other = m->dev;
		}
	return other ? iommu_group_ref(other) :
		       iommu_group_alloc(&smmu->iommu);
}

/* Another device that has one of the streams keeps it alive. */
static bool is_shared(const struct arm_smmu_master *master, u32 sid)
{
	const struct arm_smmu_master *m;

	list_for_each_entry(m, &master->smmu->masters, node)
		if (m != master && arm_smmu_has_stream(m, sid))
			return true;
	return false;
}

static void smmu_release_device(struct device *dev)
{
	const u64 ste[STE_DWORDS] = {
		STE_0_V | FIELD_PREP(STE_0_CONFIG, STE_CONFIG_ABORT),
	};
	struct iommu_fwspec *fwspec = dev->iommu;
	struct arm_smmu_master *master = fwspec->priv;
	unsigned long flags;
	unsigned int i;

	if (!master)
		return;
	for (i = 0; i < fwspec->num_ids; i++)
		if (!is_shared(master, fwspec->ids[i]) &&
		    arm_smmu_write_ste(master->smmu, fwspec->ids[i], ste)) {
			dev_err(dev, "stream %#x may still be translated\n",
				fwspec->ids[i]);
			master->smmu->ste_lost = true;
		}
	/* Faults of the past belong to this device, not to the next. */
	arm_smmu_evtq_drain(master->smmu);

	spin_lock_irqsave(&master->smmu->evtq_lock, flags);
	list_del(&master->node);
	spin_unlock_irqrestore(&master->smmu->evtq_lock, flags);
	fwspec->priv = NULL;
	kfree(master);
}

const struct iommu_ops arm_smmu_iommu_ops = {
	.owner = THIS_MODULE,
	.of_xlate = smmu_of_xlate,
	.probe_device = smmu_probe_device,
	.release_device = smmu_release_device,
	.device_group = smmu_device_group,
	.domain_alloc = smmu_domain_alloc,
};
