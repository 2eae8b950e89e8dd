// SPDX-License-Identifier: MIT
/*
 * Nested domains: stage 1 of somebody else, such as the driver in a virtual
 * machine, upon stage 2 of a parent (IHI 0070 4.3.7, 5.2). It gives us its STE
 * and its invalidations; what they may touch is its own VMID and streams.
 */

#include "arm-smmu-v3.h"

#include <arm-smmu-v3-nested.h>
#include <slab.h>

/* What of an STE is its owner's; the rest says how the machine is built. */
#define OWNER_0	(STE_0_V | STE_0_CONFIG | STE_0_S1FMT | STE_0_S1CONTEXTPTR | \
		 STE_0_S1CDMAX)
#define OWNER_1	(STE_1_S1DSS | STE_1_S1CIR | STE_1_S1COR | STE_1_S1CSH | \
		 STE_1_MEV | STE_1_S1STALLD)

/* Commands that go on at a time. */
#define BATCH	16

static int check_s1(const struct arm_smmu_device *smmu, const u64 *ste)
{
	unsigned long cdmax = FIELD_GET(STE_0_S1CDMAX, ste[0]);
	unsigned long fmt = FIELD_GET(STE_0_S1FMT, ste[0]);

	if (FIELD_GET(STE_0_S1CONTEXTPTR, ste[0]) >> (smmu->oas - 6))
		return -EINVAL;
	if (cdmax > smmu->ssid_bits)
		return -EINVAL;
	if (cdmax && fmt != STE_S1FMT_LINEAR && !smmu->cd2l)
		return -EINVAL;
	if (ste[1] & STE_1_S1STALLD && smmu->stall_model != IDR0_STALL_BOTH)
		return -EINVAL;
	return 0;
}

/**
 * arm_smmu_nested_init - take over what an owner wants
 * @dom: the nested domain
 * @parent: of stage 2, with its tables
 * @config: struct arm_smmu_nested_config
 * @size: of that
 *
 * Return: 0, or -EINVAL.
 */
int arm_smmu_nested_init(struct arm_smmu_domain *dom,
			 struct arm_smmu_domain *parent, const void *config,
			 size_t size)
{
	const struct arm_smmu_nested_config *want = config;
	u64 cfg;

	if (!want || size != sizeof(*want))
		return -EINVAL;
	if (want->ste[0] & ~(u64)OWNER_0 || want->ste[1] & ~(u64)OWNER_1)
		return -EINVAL;
	dom->parent = parent;
	/* Not valid is not said by an event of ours, whatever it is of its. */
	cfg = want->ste[0] & STE_0_V ?
	      FIELD_GET(STE_0_CONFIG, want->ste[0]) : STE_CONFIG_ABORT;
	switch (cfg) {
	case STE_CONFIG_ABORT:
		dom->ste[0] = STE_0_V;
		return 0;
	case STE_CONFIG_BYPASS:
		dom->ste[0] = STE_0_V | FIELD_PREP(STE_0_CONFIG,
						   (u64)STE_CONFIG_S2);
		return 0;
	case STE_CONFIG_S1:
		dom->ste[0] = (want->ste[0] & ~(u64)STE_0_CONFIG) |
			FIELD_PREP(STE_0_CONFIG, (u64)STE_CONFIG_NESTED);
		dom->ste[1] = want->ste[1];
		return check_s1(dom->smmu, want->ste);
	default:
		return -EINVAL;
	}
}


/* Fields that ours would refuse are as if they were not there. */
static void sanitise(const struct arm_smmu_device *smmu, u64 opcode, u64 *cmd)
{
	u64 range0 = CMD_TLBI_0_NUM | CMD_TLBI_0_SCALE;
	u64 range1 = CMD_TLBI_1_TTL | CMD_TLBI_1_TG;

	if (opcode != CMD_TLBI_NH_VA && opcode != CMD_TLBI_NH_VAA) {
		cmd[0] &= CMD_0_OPCODE | CMD_TLBI_0_ASID;
		cmd[1] = 0;
		return;
	}
	cmd[0] &= CMD_0_OPCODE | CMD_TLBI_0_ASID | range0;
	cmd[1] &= CMD_TLBI_1_LEAF | CMD_TLBI_1_ADDR | range1;
	/* IHI 0070 4.4.1.1: of one granule a range says nothing but the level,
	 * and 16 KiB have no level 1.
	 */
	if (FIELD_GET(CMD_TLBI_1_TG, cmd[1]) == 2 &&
	    FIELD_GET(CMD_TLBI_1_TTL, cmd[1]) == 1)
		cmd[1] &= ~(u64)CMD_TLBI_1_TTL;
	if (!smmu->ril || !(cmd[1] & CMD_TLBI_1_TG) ||
	    (!(cmd[0] & range0) && !(cmd[1] & CMD_TLBI_1_TTL))) {
		cmd[0] &= ~range0;
		cmd[1] &= ~range1;
	}
}

/* False for a command that an owner may not give. */
static bool translate(const struct arm_smmu_domain *dom, const u64 *in,
		      u64 *out)
{
	u64 opcode = FIELD_GET(CMD_0_OPCODE, in[0]);

	out[0] = in[0];
	out[1] = in[1];
	switch (opcode) {
	case CMD_TLBI_NSNH_ALL:
		/* All that it calls its own is one VMID. */
		opcode = CMD_TLBI_NH_ALL;
		out[0] = CMD_TLBI_NH_ALL;
		break;
	case CMD_TLBI_NH_ALL:
	case CMD_TLBI_NH_ASID:
	case CMD_TLBI_NH_VA:
	case CMD_TLBI_NH_VAA:
		break;
	default:
		return false;
	}
	sanitise(dom->smmu, opcode, out);
	out[0] |= FIELD_PREP(CMD_TLBI_0_VMID, (u64)dom->parent->vmid);
	return true;
}

/* CDs: of every stream that uses the domain, whatever it calls them. */
static int forget_cds(struct arm_smmu_domain *dom)
{
	struct arm_smmu_master *master;
	int ret = 0;

	list_for_each_entry(master, &dom->smmu->masters, node) {
		const struct iommu_fwspec *fwspec = master->dev->iommu;
		unsigned int i;

		if (master->domain != dom)
			continue;
		for (i = 0; i < fwspec->num_ids && !ret; i++) {
			const u64 cmd[CMD_DWORDS] = {
				CMD_CFGI_CD_ALL |
				FIELD_PREP(CMD_0_SID, (u64)fwspec->ids[i]),
			};

			ret = arm_smmu_cmdq_issue(dom->smmu, cmd, 1, false);
		}
	}
	return ret;
}

/* iommu_domain_ops.cache_invalidate() */
int arm_smmu_nested_invalidate(struct iommu_domain *domain, const void *cmds,
			       unsigned int count)
{
	struct arm_smmu_domain *dom = to_smmu_domain(domain);
	const u64 *in = cmds;
	u64 out[BATCH * CMD_DWORDS];
	unsigned int n = 0;
	int ret = 0;

	for (; count && !ret; count--, in += CMD_DWORDS) {
		u64 opcode = FIELD_GET(CMD_0_OPCODE, in[0]);

		if (opcode == CMD_CFGI_CD || opcode == CMD_CFGI_CD_ALL)
			ret = forget_cds(dom);
		else if (translate(dom, in, &out[n * CMD_DWORDS]))
			n++;
		else
			ret = -EINVAL;
		if (n == BATCH && !ret) {
			ret = arm_smmu_cmdq_issue(dom->smmu, out, n, false);
			n = 0;
		}
	}
	/* Those before a wrong one have their effect. */
	if (n) {
		int last = arm_smmu_cmdq_issue(dom->smmu, out, n, false);

		ret = ret ? ret : last;
	}
	if (arm_smmu_cmdq_sync(dom->smmu) && !ret)
		ret = -EIO;
	return ret;
}
