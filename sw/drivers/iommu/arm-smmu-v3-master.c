// SPDX-License-Identifier: MIT
/* Devices behind an SMMU: their streams, and which domains these use. */

#include "arm-smmu-v3.h"

#include <module.h>
#include <of.h>
#include <pci.h>
#include <slab.h>

static void ste_config(u64 *ste, u64 config)
{
	ste[0] |= STE_0_V | FIELD_PREP(STE_0_CONFIG, config);
}

/* Accesses that pass go on as shareable as they came (IHI 0070 5.2). */
static void ste_incoming(const struct arm_smmu_device *smmu, u64 *ste)
{
	if (smmu->attr_types_ovr)
		ste[1] |= FIELD_PREP(STE_1_SHCFG, (u64)STE_SHCFG_INCOMING);
}

/* Where a device may choose, one that does not ask for stalls gets none. */
static void ste_stall(const struct arm_smmu_master *master, u64 *ste)
{
	if (master->smmu->stall_model == IDR0_STALL_BOTH && !master->stalls)
		ste[1] |= STE_1_S1STALLD;
}

/* The table of CDs; @s1dss is for what comes without a SubstreamID. */
static void ste_s1(const struct arm_smmu_master *master, u64 s1dss, u64 *ste)
{
	ste_config(ste, STE_CONFIG_S1);
	ste_incoming(master->smmu, ste);
	ste_stall(master, ste);
	arm_smmu_cdtab_ste(master, master->pasids ? &master->cdtab : &master->cd,
			   ste);
	if (master->pasids)
		ste[1] |= FIELD_PREP(STE_1_S1DSS, s1dss);
}

/* What goes on between the SMMU and a device that knows ATS. */
static void ste_ats(const struct arm_smmu_master *master,
		    const struct arm_smmu_domain *dom, u64 *ste)
{
	if (arm_smmu_wants_ats(master, dom))
		ste[1] |= FIELD_PREP(STE_1_EATS, (u64)STE_EATS_FULL);
	/* As the device says it wants its answers (IHI 0070 8.1). */
	if (master->ppar)
		ste[1] |= STE_1_PPAR;
}

static void ste_s2(const struct arm_smmu_master *master,
		   const struct arm_smmu_domain *parent, u64 *ste)
{
	ste_incoming(master->smmu, ste);
	ste[2] = parent->ste[2];
	ste[3] = parent->ste[3];
	if (master->stalls)
		ste[2] |= STE_2_S2S;
}

/* IHI 0070 5.2. PASIDs go on whatever is done without one, as far as they can. */
static void build_ste(const struct arm_smmu_master *master,
		      const struct arm_smmu_domain *dom, u64 *ste)
{
	memset(ste, 0, STE_DWORDS * sizeof(*ste));
	switch (dom->stage) {
	case ARM_SMMU_ABORT:
		if (master->pasids)
			ste_s1(master, STE_S1DSS_TERMINATE, ste);
		else
			ste_config(ste, STE_CONFIG_ABORT);
		break;
	case ARM_SMMU_BYPASS:
		if (master->pasids) {
			ste_s1(master, STE_S1DSS_BYPASS, ste);
			break;
		}
		ste_config(ste, STE_CONFIG_BYPASS);
		ste_incoming(master->smmu, ste);
		break;
	case ARM_SMMU_STAGE_1:
		ste_s1(master, STE_S1DSS_SSID0, ste);
		break;
	case ARM_SMMU_STAGE_2:
		ste_config(ste, STE_CONFIG_S2);
		ste_s2(master, dom, ste);
		break;
	case ARM_SMMU_NESTED:
		ste[0] = dom->ste[0];
		if (!FIELD_GET(STE_0_CONFIG, ste[0]))
			break;
		ste[1] = dom->ste[1];
		if (FIELD_GET(STE_0_CONFIG, ste[0]) == STE_CONFIG_NESTED)
			ste_stall(master, ste);
		ste_s2(master, dom->parent, ste);
		break;
	}
	ste_ats(master, dom, ste);
}

static int write_stes(struct arm_smmu_master *master,
		      const struct arm_smmu_domain *dom)
{
	const struct iommu_fwspec *fwspec = master->dev->iommu;
	u64 ste[STE_DWORDS];
	unsigned int i;
	int ret;

	build_ste(master, dom, ste);
	for (i = 0; i < fwspec->num_ids; i++) {
		ret = arm_smmu_write_ste(master->smmu, fwspec->ids[i], ste);
		if (ret) {
			dev_err(master->dev, "stream %#x not configured (%d)\n",
				fwspec->ids[i], ret);
			return ret;
		}
	}
	return 0;
}

/* IHI 0070 3.9.2: a device keeps translations only while EATS allows it, and
 * none of another configuration.
 */
static int change_stes(struct arm_smmu_master *master,
		       const struct arm_smmu_domain *dom)
{
	bool wants = arm_smmu_wants_ats(master, dom);
	int ret;

	if (!wants)
		arm_smmu_ats_off(master);
	ret = write_stes(master, dom);
	if (ret || !wants)
		return ret;
	if (!master->ats_on)
		arm_smmu_ats_on(master);
	else if (arm_smmu_atc_inv_master(master, IOMMU_NO_PASID))
		dev_err(master->dev, "may still use translations of before\n");
	return 0;
}

static bool has_s2(const struct arm_smmu_domain *dom)
{
	return dom && (dom->stage == ARM_SMMU_STAGE_2 ||
		       dom->stage == ARM_SMMU_NESTED);
}

/* What accesses without a PASID use, where the STE leads to or will lead to. */
static int set_own_cd(struct arm_smmu_master *master,
		      const struct arm_smmu_domain *dom)
{
	struct arm_smmu_cdtab *tab = master->pasids ? &master->cdtab :
						      &master->cd;
	int ret = arm_smmu_cdtab_init(master, tab);

	return ret ? ret : arm_smmu_set_cd(master, tab, 0, dom->cd);
}

static bool uses_stage_1(const struct arm_smmu_master *master)
{
	return master->domain && master->domain->stage == ARM_SMMU_STAGE_1;
}

int arm_smmu_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	struct arm_smmu_domain *dom = to_smmu_domain(domain);
	struct arm_smmu_master *master = dev->iommu->priv;
	int ret;

	/* Their CDs would be taken for addresses at stage 2. */
	if (has_s2(dom) && master->pasids)
		return -EBUSY;
	ret = arm_smmu_domain_finalise(dom, dev);
	if (!ret)
		ret = arm_smmu_attachment_add(dom, master, IOMMU_NO_PASID);
	if (ret)
		return ret;
	if (dom->stage == ARM_SMMU_STAGE_1)
		ret = set_own_cd(master, dom);
	if (!ret)
		ret = change_stes(master, dom);
	arm_smmu_attachment_remove(ret ? dom : master->domain, master,
				   IOMMU_NO_PASID);
	if (ret)
		return ret;
	master->domain = dom;
	/* Its tables may go; without PASIDs nothing leads there. */
	if (dom->stage != ARM_SMMU_STAGE_1 && master->pasids)
		ret = arm_smmu_clear_cd(master, 0);
	return ret;
}

int arm_smmu_set_dev_pasid(struct iommu_domain *domain, struct device *dev,
			   u32 pasid)
{
	struct arm_smmu_domain *dom = to_smmu_domain(domain);
	struct arm_smmu_master *master = dev->iommu->priv;
	bool had = arm_smmu_has_cd(master, pasid);
	int ret;

	if (has_s2(master->domain))
		return -EBUSY;
	ret = arm_smmu_domain_finalise(dom, dev);
	if (!ret)
		ret = arm_smmu_cdtab_init(master, &master->cdtab);
	if (!ret)
		ret = arm_smmu_attachment_add(dom, master, pasid);
	if (ret)
		return ret;
	ret = arm_smmu_set_cd(master, &master->cdtab, pasid, dom->cd);
	if (ret)
		arm_smmu_attachment_remove(dom, master, pasid);
	if (ret || had)
		return ret;
	/* The first brings the table, the last takes it away. */
	master->pasids++;
	if (master->pasids > 1)
		return 0;
	if (uses_stage_1(master))
		ret = set_own_cd(master, master->domain);
	if (!ret && master->domain)
		ret = change_stes(master, master->domain);
	if (ret)
		arm_smmu_remove_dev_pasid(domain, dev, pasid);
	return ret;
}

void arm_smmu_remove_dev_pasid(struct iommu_domain *domain,
			       struct device *dev, u32 pasid)
{
	struct arm_smmu_master *master = dev->iommu->priv;
	int ret;

	if (!arm_smmu_has_cd(master, pasid))
		return;
	/* The SMMU finds its translations by the domain's ASID, which no CD of
	 * the PASID has any more; the device keeps them by PASID.
	 */
	if (arm_smmu_clear_cd(master, pasid) ||
	    arm_smmu_atc_inv_master(master, pasid)) {
		dev_err(dev, "PASID %u may still be translated\n", pasid);
		master->smmu->ste_lost = true;
	}
	arm_smmu_attachment_remove(to_smmu_domain(domain), master, pasid);
	master->pasids--;
	if (master->pasids || !master->domain)
		return;
	ret = uses_stage_1(master) ? set_own_cd(master, master->domain) : 0;
	if (!ret)
		ret = change_stes(master, master->domain);
	if (!ret)
		ret = arm_smmu_clear_cd(master, 0);
	/* The table stays, and so must what it leads to. */
	if (ret)
		master->smmu->ste_lost = true;
}

/**
 * arm_smmu_set_stall - let faults of a device wait, or end them at once
 * @dev: the device; one that can ask for pages may do so instead
 * @on: wait
 *
 * Stage 1 says so in its CDs, which an STE may forbid: it is illegal that one
 * says so where the other forbids it (IHI 0070 5.5).
 *
 * Return: 0; -EOPNOTSUPP if the SMMU cannot.
 */
int arm_smmu_set_stall(struct device *dev, bool on)
{
	struct arm_smmu_master *master = dev->iommu->priv;
	int ret = 0;

	if (dev->iommu->can_request)
		return arm_smmu_set_page_requests(master, on);
	if (master->smmu->stall_model == IDR0_STALL_NONE)
		return -EOPNOTSUPP;
	if (master->smmu->stall_model == IDR0_STALL_FORCED)
		return 0;
	master->stalls = on;
	if (on && master->domain)
		ret = change_stes(master, master->domain);
	if (!ret)
		ret = arm_smmu_restall_cds(master);
	if (!on && !ret && master->domain)
		ret = change_stes(master, master->domain);
	return ret;
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
	INIT_LIST_HEAD(&master->attachments);
	master->stalls = smmu->stall_model == IDR0_STALL_FORCED;
	arm_smmu_ats_probe(master);
	master->cdtab.bits = arm_smmu_cdtab_bits(smmu, fwspec->max_pasids);
	if (fwspec->max_pasids)
		fwspec->max_pasids = master->cdtab.bits ?
				     1u << master->cdtab.bits : 0;
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
	if (other)
		return iommu_group_ref(other);
	return dev_is_pci(dev) ? pci_device_group(dev) :
				 generic_device_group(dev);
}

/* Another device that has one of the streams keeps it alive. */
static struct arm_smmu_master *
find_sharer(const struct arm_smmu_master *master, u32 sid)
{
	struct arm_smmu_master *m;

	list_for_each_entry(m, &master->smmu->masters, node)
		if (m != master && m->domain && arm_smmu_has_stream(m, sid))
			return m;
	return NULL;
}

/* The stream's table of CDs goes with the device: it is handed on, or ends. */
static void release_stream(struct arm_smmu_master *master, u32 sid)
{
	const struct arm_smmu_master *heir = find_sharer(master, sid);
	u64 ste[STE_DWORDS] = {
		STE_0_V | FIELD_PREP(STE_0_CONFIG, STE_CONFIG_ABORT),
	};

	if (heir)
		build_ste(heir, heir->domain, ste);
	if (!arm_smmu_write_ste(master->smmu, sid, ste))
		return;
	dev_err(master->dev, "stream %#x may still be translated\n", sid);
	master->smmu->ste_lost = true;
}

static void stall_term(struct arm_smmu_device *smmu, u32 sid)
{
	const u64 cmd[CMD_DWORDS] = {
		CMD_STALL_TERM | FIELD_PREP(CMD_0_SID, (u64)sid),
	};

	arm_smmu_cmdq_issue(smmu, cmd, 1, true);
}

/**
 * arm_smmu_stall_term - end the accesses of a device that wait
 * @master: the device
 */
void arm_smmu_stall_term(struct arm_smmu_master *master)
{
	const struct iommu_fwspec *fwspec = master->dev->iommu;
	unsigned int i;

	for (i = 0; i < fwspec->num_ids; i++)
		stall_term(master->smmu, fwspec->ids[i]);
}

/* New ones end at once: those that wait end now (IHI 0070 4.7.2.1). */
static void end_stalls(struct arm_smmu_master *master)
{
	const struct iommu_fwspec *fwspec = master->dev->iommu;
	unsigned int i;

	for (i = 0; master->stalls && i < fwspec->num_ids; i++)
		if (!find_sharer(master, fwspec->ids[i]))
			stall_term(master->smmu, fwspec->ids[i]);
}

static void smmu_release_device(struct device *dev)
{
	struct iommu_fwspec *fwspec = dev->iommu;
	struct arm_smmu_master *master = fwspec->priv;
	unsigned long flags;
	unsigned int i;

	if (!master)
		return;
	arm_smmu_ats_release(master);
	for (i = 0; i < fwspec->num_ids; i++)
		release_stream(master, fwspec->ids[i]);
	end_stalls(master);
	/* Faults of the past belong to this device, not to the next. */
	arm_smmu_evtq_drain(master->smmu);
	arm_smmu_priq_drain(master->smmu);

	spin_lock_irqsave(&master->smmu->evtq_lock, flags);
	list_del(&master->node);
	spin_unlock_irqrestore(&master->smmu->evtq_lock, flags);
	fwspec->priv = NULL;
	if (!master->smmu->ste_lost)
		arm_smmu_cdtab_free(master);
	kfree(master);
}

const struct iommu_ops arm_smmu_iommu_ops = {
	.owner = THIS_MODULE,
	.of_xlate = smmu_of_xlate,
	.probe_device = smmu_probe_device,
	.release_device = smmu_release_device,
	.device_group = smmu_device_group,
	.domain_alloc = arm_smmu_domain_alloc,
	.domain_alloc_nested = arm_smmu_domain_alloc_nested,
	.remove_dev_pasid = arm_smmu_remove_dev_pasid,
	.set_stall = arm_smmu_set_stall,
	.page_response = arm_smmu_page_response,
	.drain_page_requests = arm_smmu_drain_page_requests,
};
