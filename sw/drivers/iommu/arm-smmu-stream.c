// SPDX-License-Identifier: MIT
/*
 * Stream mapping (IHI 0062 2.3): which mapping register group a StreamID has,
 * and what that leads to. One StreamID must not match two groups (9.6.25):
 * what lies in another entry shares its group, and what crosses one is refused.
 */

#include "arm-smmu.h"

#include <export.h>

#define NO_GROUP	0xff

static u32 s2cr_fault(void)
{
	return (u32)FIELD_PREP(S2CR_TYPE, S2CR_TYPE_FAULT);
}

/* What a group says is complete before it matches anything. */
static void open_group(struct smmu2_device *smmu, unsigned int n)
{
	const struct smmu2_stream *s = &smmu->streams[n];
	u8 __iomem *gr0 = smmu2_gr0(smmu);

	if (!smmu->stream_match) {
		writel(s->s2cr, gr0 + SMMU_S2CR(n));
	} else if (smmu->exid) {
		writel((u32)(FIELD_PREP(SMR_EXMASK, (u64)s->mask) | s->id),
		       gr0 + SMMU_SMR(n));
		writel(s->s2cr | (u32)S2CR_EXIDVALID, gr0 + SMMU_S2CR(n));
	} else {
		writel(s->s2cr, gr0 + SMMU_S2CR(n));
		writel((u32)(SMR_VALID | FIELD_PREP(SMR_MASK, (u64)s->mask) |
			     s->id), gr0 + SMMU_SMR(n));
	}
}

static void close_group(struct smmu2_device *smmu, unsigned int n)
{
	u8 __iomem *gr0 = smmu2_gr0(smmu);

	memset(&smmu->streams[n], 0, sizeof(smmu->streams[n]));
	if (smmu->stream_match && !smmu->exid)
		writel(0, gr0 + SMMU_SMR(n));
	writel(s2cr_fault(), gr0 + SMMU_S2CR(n));
	if (smmu->exid)
		writel(0, gr0 + SMMU_SMR(n));
}

/**
 * smmu2_relate - how the StreamIDs of two entries lie to each other
 * @a: as by smmu2_spec()
 * @b: likewise
 */
enum smmu2_relation smmu2_relate(u32 a, u32 b)
{
	u16 mask_a = smmu2_spec_mask(a), mask_b = smmu2_spec_mask(b);
	u16 differ = smmu2_spec_id(a) ^ smmu2_spec_id(b);

	if (differ & ~(mask_a | mask_b))
		return SMMU2_APART;
	if (!(mask_a & ~mask_b))
		return SMMU2_WITHIN;
	if (!(mask_b & ~mask_a))
		return SMMU2_AROUND;
	return SMMU2_CROSSING;
}
EXPORT_SYMBOL_GPL(smmu2_relate);

static u32 group_spec(const struct smmu2_device *smmu, unsigned int n)
{
	return smmu2_spec(smmu->streams[n].id, smmu->streams[n].mask);
}

/* The first device that uses a group. */
static struct smmu2_master *user_of(struct smmu2_device *smmu, unsigned int n)
{
	struct smmu2_master *m;
	unsigned int i;

	list_for_each_entry(m, &smmu->masters, node)
		for (i = 0; i < m->dev->iommu->num_ids; i++)
			if (m->groups[i] == n)
				return m;
	return NULL;
}

static void replace_group(struct smmu2_device *smmu, unsigned int from,
			  unsigned int to)
{
	struct smmu2_master *m;
	unsigned int i;

	list_for_each_entry(m, &smmu->masters, node)
		for (i = 0; i < m->dev->iommu->num_ids; i++)
			if (m->groups[i] == from)
				m->groups[i] = (u8)to;
}

static void set_group(struct smmu2_device *smmu, unsigned int n, u32 spec)
{
	smmu->streams[n].id = smmu2_spec_id(spec);
	smmu->streams[n].mask = smmu2_spec_mask(spec);
	open_group(smmu, n);
}

static int check_spec(struct smmu2_master *master, u32 spec)
{
	struct smmu2_device *smmu = master->smmu;
	u16 id = smmu2_spec_id(spec), mask = smmu2_spec_mask(spec);

	if (id & ~smmu->stream_ids ||
	    (!smmu->stream_match && id >= smmu->num_streams)) {
		dev_err(master->dev, "stream %#x is none of %s, which has StreamIDs up to %#x\n",
			id, dev_name(smmu->dev), smmu->stream_match ?
			smmu->stream_ids : smmu->num_streams - 1);
		return -EINVAL;
	}
	if (mask & ~smmu->smr_mask) {
		dev_err(master->dev, "stream %#x under mask %#x: %s has mask bits %#x\n",
			id, mask, dev_name(smmu->dev), smmu->smr_mask);
		return -EINVAL;
	}
	return 0;
}

/*
 * Groups that lie in @spec become one with it, if their devices are in one
 * IOMMU group: they get one address space. -ENOENT: there is no such group.
 */
static int widen(struct smmu2_master *master, u32 spec)
{
	struct smmu2_device *smmu = master->smmu;
	const struct smmu2_master *first = NULL, *m;
	unsigned int n, into = NO_GROUP;

	for (n = 0; n < smmu->num_streams; n++) {
		if (!smmu->streams[n].users ||
		    smmu2_relate(group_spec(smmu, n), spec) != SMMU2_WITHIN)
			continue;
		m = user_of(smmu, n);
		if (first && m->dev->iommu_group != first->dev->iommu_group) {
			dev_err(master->dev, "stream %#x under mask %#x has streams of %s and of %s, which are in different IOMMU groups\n",
				smmu2_spec_id(spec), smmu2_spec_mask(spec),
				dev_name(first->dev), dev_name(m->dev));
			return -EBUSY;
		}
		first = first ? first : m;
	}
	for (n = 0; n < smmu->num_streams; n++) {
		if (!smmu->streams[n].users ||
		    smmu2_relate(group_spec(smmu, n), spec) != SMMU2_WITHIN)
			continue;
		if (into == NO_GROUP) {
			into = n;
			continue;
		}
		/* Gone before the other grows over it. */
		smmu->streams[into].users += smmu->streams[n].users;
		close_group(smmu, n);
		replace_group(smmu, n, into);
	}
	if (into == NO_GROUP)
		return -ENOENT;
	set_group(smmu, into, spec);
	return (int)into;
}

/* A group that has the streams of @spec: its number, or an error. */
static int find_or_make(struct smmu2_master *master, u32 spec)
{
	struct smmu2_device *smmu = master->smmu;
	unsigned int n, unused = NO_GROUP;
	int ret;

	for (n = 0; n < smmu->num_streams; n++) {
		const struct smmu2_master *other;

		if (!smmu->streams[n].users) {
			unused = min(unused, n);
			continue;
		}
		switch (smmu2_relate(spec, group_spec(smmu, n))) {
		case SMMU2_WITHIN:
			return (int)n;
		case SMMU2_CROSSING:
			other = user_of(smmu, n);
			dev_err(master->dev, "stream %#x under mask %#x crosses stream %#x under mask %#x of %s: some StreamIDs would match twice\n",
				smmu2_spec_id(spec), smmu2_spec_mask(spec),
				smmu->streams[n].id, smmu->streams[n].mask,
				dev_name(other->dev));
			return -EINVAL;
		default:
			break;
		}
	}
	ret = widen(master, spec);
	if (ret != -ENOENT)
		return ret;
	if (unused == NO_GROUP) {
		dev_err(master->dev, "all %u Stream mapping register groups of %s are taken\n",
			smmu->num_streams, dev_name(smmu->dev));
		return -ENOSPC;
	}
	smmu->streams[unused].s2cr = s2cr_fault();
	set_group(smmu, unused, spec);
	return (int)unused;
}

/* Of a widened group only what its users that are left need, if one of their
 * entries is around the others.
 */
static void shrink(struct smmu2_device *smmu, unsigned int n)
{
	const struct smmu2_master *m;
	u32 widest = 0;
	bool any = false;
	unsigned int i;

	list_for_each_entry(m, &smmu->masters, node)
		for (i = 0; i < m->dev->iommu->num_ids; i++) {
			u32 spec = m->dev->iommu->ids[i];

			if (m->groups[i] != n)
				continue;
			if (!any || smmu2_relate(widest, spec) == SMMU2_WITHIN)
				widest = spec;
			else if (smmu2_relate(spec, widest) != SMMU2_WITHIN)
				return;
			any = true;
		}
	if (any && widest != group_spec(smmu, n))
		set_group(smmu, n, widest);
}

/**
 * smmu2_streams_remove - let the streams of a device go
 * @master: in the list of its SMMU; its streams are refused from now on, unless
 *	    another device has them
 */
void smmu2_streams_remove(struct smmu2_master *master)
{
	struct smmu2_device *smmu = master->smmu;
	unsigned int i, n;

	for (i = 0; i < master->dev->iommu->num_ids; i++) {
		n = master->groups[i];
		if (n == NO_GROUP)
			continue;
		master->groups[i] = NO_GROUP;
		if (--smmu->streams[n].users)
			shrink(smmu, n);
		else
			close_group(smmu, n);
	}
}
EXPORT_SYMBOL_GPL(smmu2_streams_remove);

/**
 * smmu2_streams_add - give the streams of a device mapping register groups
 * @master: in the list of its SMMU, its device has its IDs
 *
 * They fault until smmu2_streams_point(), unless they share a group.
 *
 * Return: 0; after a message -EINVAL for a StreamID or mask that the SMMU has
 * not, or that crosses another; -EBUSY for one around several IOMMU groups;
 * -ENOSPC.
 */
int smmu2_streams_add(struct smmu2_master *master)
{
	const struct iommu_fwspec *fwspec = master->dev->iommu;
	struct smmu2_device *smmu = master->smmu;
	unsigned int i;
	int n;

	memset(master->groups, NO_GROUP, fwspec->num_ids);
	for (i = 0; i < fwspec->num_ids; i++) {
		u32 spec = fwspec->ids[i];

		n = check_spec(master, spec);
		if (!n)
			n = smmu->stream_match ? find_or_make(master, spec) :
						 (int)smmu2_spec_id(spec);
		if (n < 0) {
			smmu2_streams_remove(master);
			return n;
		}
		if (!smmu->streams[n].users++ && !smmu->stream_match)
			smmu->streams[n].s2cr = s2cr_fault();
		master->groups[i] = (u8)n;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(smmu2_streams_add);

/* What S2CRs say of streams that use a domain (IHI 0062 9.6.23). */
u32 smmu2_s2cr(const struct smmu2_domain *dom)
{
	switch (dom->stage) {
	case SMMU2_FAULT:
		return s2cr_fault();
	case SMMU2_BYPASS:
		return (u32)FIELD_PREP(S2CR_TYPE, S2CR_TYPE_BYPASS);
	default:
		return (u32)(FIELD_PREP(S2CR_TYPE, S2CR_TYPE_TRANS) |
			     FIELD_PREP(S2CR_CBNDX, dom->bank->index));
	}
}
EXPORT_SYMBOL_GPL(smmu2_s2cr);

/**
 * smmu2_streams_point - say what becomes of accesses of a device
 * @master: with groups
 * @s2cr: by smmu2_s2cr()
 *
 * One register says it all: an access finds what was, or what is to be.
 */
void smmu2_streams_point(struct smmu2_master *master, u32 s2cr)
{
	struct smmu2_device *smmu = master->smmu;
	unsigned int i, n;

	for (i = 0; i < master->dev->iommu->num_ids; i++) {
		n = master->groups[i];
		smmu->streams[n].s2cr = s2cr;
		writel(s2cr | (smmu->exid ? (u32)S2CR_EXIDVALID : 0),
		       smmu2_gr0(smmu) + SMMU_S2CR(n));
	}
}
EXPORT_SYMBOL_GPL(smmu2_streams_point);
