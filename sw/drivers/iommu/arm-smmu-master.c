// SPDX-License-Identifier: MIT
/* Devices behind an SMMU: their streams, and which domains these use. */

#include "arm-smmu.h"

#include <module.h>
#include <of.h>
#include <pci.h>
#include <slab.h>

bool smmu2_has_stream(const struct smmu2_master *master, u32 sid)
{
	const struct iommu_fwspec *fwspec = master->dev->iommu;
	unsigned int i;

	for (i = 0; i < fwspec->num_ids; i++)
		if (!((smmu2_spec_id(fwspec->ids[i]) ^ sid) &
		      ~(u32)smmu2_spec_mask(fwspec->ids[i]) & 0xffff))
			return true;
	return false;
}

static bool uses(const struct smmu2_master *master,
		 const struct smmu2_domain *dom)
{
	return master->domain && (master->domain == dom ||
				  master->domain->parent == dom);
}

/* A bank stalls as long as one of its users wants to. */
static void update_stalls(struct smmu2_domain *dom)
{
	const struct smmu2_master *m;
	bool on = false;

	if (!dom || !dom->bank)
		return;
	list_for_each_entry(m, &dom->smmu->masters, node)
		on |= m->stalls && uses(m, dom);
	smmu2_bank_set_stalls(dom->bank, on);
	update_stalls(dom->parent);
}

int smmu2_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	struct smmu2_domain *dom = to_smmu2_domain(domain);
	struct smmu2_master *master = dev->iommu->priv;
	struct smmu2_domain *old = master->domain;
	int ret = smmu2_domain_finalise(dom, dev);

	if (ret)
		return ret;
	master->domain = dom;
	update_stalls(dom);
	smmu2_streams_point(master, smmu2_s2cr(dom));
	update_stalls(old);
	return 0;
}

/**
 * smmu2_set_stall - let faults of a device wait, or end them at once
 * @dev: the device
 * @on: wait
 *
 * Context banks say so, not devices: where a domain has several, a fault of
 * one that does not ask to wait is ended by the handler.
 *
 * Return: 0; -EOPNOTSUPP if the SMMU cannot, or the bank has no interrupt.
 */
static int smmu2_set_stall(struct device *dev, bool on)
{
	struct smmu2_master *master = dev->iommu->priv;
	struct smmu2_domain *dom = master->domain;

	if (master->smmu->stall_model == SMMU2_STALL_NONE ||
	    (dom && dom->bank && !smmu2_bank_has_irq(dom->bank)))
		return -EOPNOTSUPP;
	master->stalls = on;
	update_stalls(dom);
	return 0;
}

/**
 * smmu2_add_stream - add a stream to a device that is being configured
 * @dev: the device
 * @id: a StreamID
 * @mask: bits of it that do not count
 *
 * Return: 0; -EINVAL, told, for more than 16 bits; -ENOMEM.
 */
int smmu2_add_stream(struct device *dev, u32 id, u32 mask)
{
	if (id > 0xffff || mask > 0xffff) {
		dev_err(dev, "stream %#x under mask %#x: they have 16 bits\n",
			id, mask);
		return -EINVAL;
	}
	/* Bits that are masked out are 0, so that equal entries look equal. */
	return iommu_fwspec_add_id(dev, smmu2_spec(id & ~mask, mask));
}

static int smmu_of_xlate(struct device *dev,
			 const struct of_phandle_args *args)
{
	const struct smmu2_device *smmu =
		container_of(dev->iommu->iommu, struct smmu2_device, iommu);
	u32 mask = smmu->extra_mask;

	if (args->args_count != 1 && args->args_count != 2) {
		dev_err(dev, "an SMMUv2 stream is named by a StreamID, or that and a mask, not by %d cells\n",
			args->args_count);
		return -EINVAL;
	}
	if (args->args_count == 2)
		mask = args->args[1];
	return smmu2_add_stream(dev, args->args[0], mask);
}

static int smmu_probe_device(struct device *dev)
{
	struct iommu_fwspec *fwspec = dev->iommu;
	struct smmu2_device *smmu =
		container_of(fwspec->iommu, struct smmu2_device, iommu);
	struct smmu2_master *master;
	unsigned long flags;
	int ret;

	if (!fwspec->num_ids)
		return -EINVAL;
	master = kzalloc(sizeof(*master) + fwspec->num_ids, GFP_KERNEL);
	if (!master)
		return -ENOMEM;
	master->smmu = smmu;
	master->dev = dev;
	master->stalls = smmu->stall_model == SMMU2_STALL_FORCED;
	memset(master->groups, 0xff, fwspec->num_ids);
	/* It waits for its SMMU by nature; its binding has no word for that. */
	if (smmu2_is_gpu(smmu, dev))
		fwspec->can_stall = true;
	/* The fault handler goes through the list. */
	spin_lock_irqsave(&smmu->fault_lock, flags);
	list_add_tail(&master->node, &smmu->masters);
	spin_unlock_irqrestore(&smmu->fault_lock, flags);
	ret = smmu2_streams_add(master);
	if (!ret) {
		fwspec->priv = master;
		return 0;
	}
	spin_lock_irqsave(&smmu->fault_lock, flags);
	list_del(&master->node);
	spin_unlock_irqrestore(&smmu->fault_lock, flags);
	kfree(master);
	return ret;
}

/* A GPU has a domain of its own sooner or later, and nothing to do till then. */
static enum iommu_domain_type smmu_def_domain_type(struct device *dev)
{
	const struct smmu2_master *master = dev->iommu->priv;

	return smmu2_is_gpu(master->smmu, dev) ? IOMMU_DOMAIN_BLOCKED :
						 IOMMU_DOMAIN_DMA;
}

static bool share_group(const struct smmu2_master *a,
			const struct smmu2_master *b)
{
	unsigned int i, j;

	for (i = 0; i < a->dev->iommu->num_ids; i++)
		for (j = 0; j < b->dev->iommu->num_ids; j++)
			if (a->groups[i] == b->groups[j])
				return true;
	return false;
}

/* Devices that share a mapping register group share what it leads to. The list
 * changes only in what the IOMMU core serialises, of which this is a part.
 */
static struct iommu_group *smmu_device_group(struct device *dev)
{
	const struct smmu2_master *master = dev->iommu->priv;
	const struct smmu2_master *m;
	struct device *other = NULL;

	list_for_each_entry(m, &master->smmu->masters, node) {
		if (m == master || !m->dev->iommu_group ||
		    !share_group(m, master))
			continue;
		if (other && other->iommu_group != m->dev->iommu_group) {
			dev_err(dev, "has streams of %s and of %s, which are in different IOMMU groups\n",
				dev_name(other), dev_name(m->dev));
			return ERR_PTR(-EBUSY);
		}
		other = m->dev;
	}
	if (other)
		return iommu_group_ref(other);
	return dev_is_pci(dev) ? pci_device_group(dev) :
				 generic_device_group(dev);
}

static void smmu_release_device(struct device *dev)
{
	struct iommu_fwspec *fwspec = dev->iommu;
	struct smmu2_master *master = fwspec->priv;
	struct smmu2_domain *dom;
	unsigned long flags;

	if (!master)
		return;
	dom = master->domain;
	smmu2_streams_remove(master);
	/* Faults of the past belong to this device, not to the next. */
	if (dom && dom->bank)
		smmu2_handle_bank(dom->bank);
	if (dom && dom->parent)
		smmu2_handle_bank(dom->parent->bank);
	smmu2_handle_global(master->smmu);

	spin_lock_irqsave(&master->smmu->fault_lock, flags);
	list_del(&master->node);
	spin_unlock_irqrestore(&master->smmu->fault_lock, flags);
	update_stalls(dom);
	fwspec->priv = NULL;
	kfree(master);
}

const struct iommu_ops smmu2_iommu_ops = {
	.owner = THIS_MODULE,
	.of_xlate = smmu_of_xlate,
	.legacy_ids = smmu2_legacy_ids,
	.probe_device = smmu_probe_device,
	.release_device = smmu_release_device,
	.device_group = smmu_device_group,
	.def_domain_type = smmu_def_domain_type,
	.domain_alloc = smmu2_domain_alloc,
	.domain_alloc_nested = smmu2_domain_alloc_nested,
	.set_stall = smmu2_set_stall,
	.page_response = smmu2_page_response,
	.adreno = &smmu2_adreno_ops,
};
