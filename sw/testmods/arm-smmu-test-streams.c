// SPDX-License-Identifier: MIT
/*
 * smmuv2test streams: which mapping register groups devices get, by IHI 0062
 * 2.3 and 9.6.25: each StreamID matches the one that its device is to have, and
 * none twice.
 */
#include "arm-smmu-test.h"

#include <ktap.h>
#include <slab.h>

#define MAX_IDS		3u
#define MAX_DEVICES	4u

/* A device behind the SMMU in memory. */
struct client {
	struct device dev;
	struct smmu2_master *master;
	char name[4];
	bool in;
};

struct bench {
	struct smmu2_device *smmu;
	struct client clients[MAX_DEVICES];
};

/* Any address will do: groups are compared, not looked into. */
static char groups[MAX_DEVICES];

static bool set_up(struct bench *b)
{
	unsigned int i;

	memset(b, 0, sizeof(*b));
	b->smmu = smmuv2test_soft();
	for (i = 0; b->smmu && i < MAX_DEVICES; i++) {
		struct client *c = &b->clients[i];
		size_t size = sizeof(*c->dev.iommu) + MAX_IDS * sizeof(u32);

		snprintf(c->name, sizeof(c->name), "d%u", i);
		c->dev.name = c->name;
		c->dev.iommu = kzalloc(size, GFP_KERNEL);
		c->dev.iommu_group = (struct iommu_group *)&groups[i];
		c->master = kzalloc(sizeof(*c->master) + MAX_IDS, GFP_KERNEL);
		if (!c->dev.iommu || !c->master)
			return false;
		c->master->smmu = b->smmu;
		c->master->dev = &c->dev;
	}
	return b->smmu;
}

static void tear_down(struct bench *b)
{
	unsigned int i;

	for (i = 0; i < MAX_DEVICES; i++) {
		kfree(b->clients[i].dev.iommu);
		kfree(b->clients[i].master);
	}
	smmuv2test_soft_free(b->smmu);
}

/* Of streams, each an ID and a mask. */
static int add(struct bench *b, unsigned int n, const u32 *specs,
	       unsigned int count)
{
	struct client *c = &b->clients[n];
	int ret;

	c->dev.iommu->num_ids = count;
	memcpy(c->dev.iommu->ids, specs, count * sizeof(*specs));
	memset(c->master->groups, 0xff, count);
	list_add_tail(&c->master->node, &b->smmu->masters);
	ret = smmu2_streams_add(c->master);
	c->in = !ret;
	if (ret)
		list_del(&c->master->node);
	return ret;
}

static int add_one(struct bench *b, unsigned int n, u32 id, u32 mask)
{
	const u32 spec = smmu2_spec(id, mask);

	return add(b, n, &spec, 1);
}

static void drop(struct bench *b, unsigned int n)
{
	struct client *c = &b->clients[n];

	smmu2_streams_remove(c->master);
	list_del(&c->master->node);
	c->in = false;
}

static u32 smr(const struct bench *b, unsigned int n)
{
	return smmuv2test_gr0(b->smmu, 0x800 + 4 * n);
}

/* By the registers alone: how many groups match, and the last of them. */
static unsigned int matches(const struct bench *b, u32 id, unsigned int *group)
{
	unsigned int n, count = 0;

	for (n = 0; n < TEST_GROUPS; n++) {
		u32 v = smr(b, n), mask = v >> 16 & 0x7fff;

		if (!(v >> 31) || (v ^ id) & 0x7fff & ~mask)
			continue;
		*group = n;
		count++;
	}
	return count;
}

/* No StreamID has two groups, and those of each device lead to its own. */
static bool consistent(const struct bench *b)
{
	unsigned int id, i, j, group = 0;

	for (id = 0; id < 0x400; id++)
		if (matches(b, id, &group) > 1) {
			ktap_diag("stream %#x matches twice", id);
			return false;
		}
	for (i = 0; i < MAX_DEVICES; i++) {
		const struct client *c = &b->clients[i];

		for (j = 0; c->in && j < c->dev.iommu->num_ids; j++)
			if (matches(b, smmu2_spec_id(c->dev.iommu->ids[j]),
				    &group) != 1 ||
			    group != c->master->groups[j]) {
				ktap_diag("entry %u of %s is in no group of its own",
					  j, c->name);
				return false;
			}
	}
	return true;
}

static unsigned int used(const struct bench *b)
{
	unsigned int n, count = 0;

	for (n = 0; n < TEST_GROUPS; n++)
		count += smr(b, n) >> 31;
	return count;
}

static bool test_relations(struct bench *b)
{
	(void)b;
	return smmu2_relate(smmu2_spec(5, 0), smmu2_spec(6, 0)) == SMMU2_APART &&
	       smmu2_relate(smmu2_spec(5, 0), smmu2_spec(5, 0)) == SMMU2_WITHIN &&
	       smmu2_relate(smmu2_spec(5, 0), smmu2_spec(4, 3)) == SMMU2_WITHIN &&
	       smmu2_relate(smmu2_spec(4, 3), smmu2_spec(5, 0)) == SMMU2_AROUND &&
	       smmu2_relate(smmu2_spec(4, 3), smmu2_spec(8, 3)) == SMMU2_APART &&
	       smmu2_relate(smmu2_spec(0, 3), smmu2_spec(0, 6)) ==
	       SMMU2_CROSSING;
}

static bool test_apart(struct bench *b)
{
	const u32 specs[] = { smmu2_spec(1, 0), smmu2_spec(0x10, 0xf) };

	return !add(b, 0, specs, 2) && !add_one(b, 1, 2, 0) && used(b) == 3 &&
	       consistent(b);
}

/* They fault until somebody says what becomes of them. */
static bool test_faults_first(struct bench *b)
{
	if (add_one(b, 0, 7, 0))
		return false;
	if (smmuv2test_gr0(b->smmu, 0xc00) >> 16 != 2)
		return false;
	smmu2_streams_point(b->clients[0].master, 0x10000);
	return smmuv2test_is("S2CR0", smmuv2test_gr0(b->smmu, 0xc00),
			     0x10000);
}

static bool test_shared(struct bench *b)
{
	if (add_one(b, 0, 0x20, 0xf) || add_one(b, 1, 0x23, 0) ||
	    used(b) != 1 || !consistent(b))
		return false;
	drop(b, 0);
	/* What is left needs less. */
	if (used(b) != 1 || !consistent(b) ||
	    !smmuv2test_is("SMR0", smr(b, 0), 1u << 31 | 0x23))
		return false;
	drop(b, 1);
	return !used(b);
}

static bool test_widened(struct bench *b)
{
	if (add_one(b, 0, 0x20, 0) || add_one(b, 1, 0x21, 0))
		return false;
	/* One address space cannot be two. */
	if (add_one(b, 2, 0x20, 0xf) != -EBUSY || used(b) != 2 ||
	    !consistent(b))
		return false;
	b->clients[1].dev.iommu_group = b->clients[0].dev.iommu_group;
	if (add_one(b, 2, 0x20, 0xf) || used(b) != 1 || !consistent(b))
		return false;
	drop(b, 0);
	drop(b, 1);
	if (used(b) != 1 || !consistent(b))
		return false;
	drop(b, 2);
	return !used(b);
}

static bool test_crossing(struct bench *b)
{
	return !add_one(b, 0, 0x40, 0x3) &&
	       add_one(b, 1, 0x40, 0x6) == -EINVAL && used(b) == 1 &&
	       consistent(b);
}

/* What was made for the first ID goes when the second is refused. */
static bool test_undone(struct bench *b)
{
	const u32 specs[] = { smmu2_spec(1, 0), smmu2_spec(0x8000, 0) };

	return add(b, 0, specs, 2) == -EINVAL && !used(b) &&
	       add_one(b, 0, 0, 0) == 0;
}

static bool test_full(struct bench *b)
{
	unsigned int i;

	for (i = 0; i < TEST_GROUPS - 1; i++)
		if (add_one(b, i, i, 0))
			return false;
	if (add(b, TEST_GROUPS - 1, (const u32[]){ 9, 10 }, 2) != -ENOSPC)
		return false;
	return !add_one(b, TEST_GROUPS - 1, 9, 0) && used(b) == TEST_GROUPS;
}

static bool test_mask_width(struct bench *b)
{
	b->smmu->smr_mask = 0xff;
	return add_one(b, 0, 0, 0x100) == -EINVAL && !used(b) &&
	       !add_one(b, 0, 0, 0xff);
}

/* EXIDENABLE: 16 bits of each, and VALID is in the S2CR (9.6.25). */
static bool test_exid(struct bench *b)
{
	b->smmu->exid = true;
	b->smmu->stream_ids = 0xffff;
	b->smmu->smr_mask = 0xffff;
	if (add_one(b, 0, 0x9000, 0x8) ||
	    !smmuv2test_is("SMR0", smr(b, 0), 0x00089000) ||
	    !smmuv2test_is("S2CR0", smmuv2test_gr0(b->smmu, 0xc00),
			   0x20400))
		return false;
	smmu2_streams_point(b->clients[0].master, 3);
	if (!smmuv2test_is("S2CR0", smmuv2test_gr0(b->smmu, 0xc00), 0x403))
		return false;
	drop(b, 0);
	return smmuv2test_is("S2CR0", smmuv2test_gr0(b->smmu, 0xc00),
			     0x20000);
}

/* SMS=0: the StreamID is the number of the S2CR (2.3.8). */
static bool test_indexing(struct bench *b)
{
	b->smmu->stream_match = false;
	b->smmu->smr_mask = 0;
	if (add_one(b, 0, TEST_GROUPS, 0) != -EINVAL ||
	    add_one(b, 0, 0, 1) != -EINVAL || add_one(b, 0, 2, 0) ||
	    add_one(b, 1, 2, 0))
		return false;
	smmu2_streams_point(b->clients[0].master, 1);
	drop(b, 0);
	if (!smmuv2test_is("S2CR2", smmuv2test_gr0(b->smmu, 0xc08), 1))
		return false;
	drop(b, 1);
	return smmuv2test_is("S2CR2", smmuv2test_gr0(b->smmu, 0xc08),
			     0x20000) && !used(b);
}

static const struct {
	bool (*run)(struct bench *b);
	const char *name;
} tests[] = {
	{ test_relations, "entries lie apart, within one another, or cross" },
	{ test_apart, "each entry has a group" },
	{ test_faults_first, "a stream faults until it is pointed somewhere" },
	{ test_shared, "an entry within another shares its group" },
	{ test_widened, "an entry around others of one IOMMU group takes theirs" },
	{ test_crossing, "entries that cross are refused" },
	{ test_undone, "a refused device leaves nothing behind" },
	{ test_full, "more entries than groups are refused" },
	{ test_mask_width, "a mask wider than SMRs have is refused" },
	{ test_exid, "extended StreamIDs have their VALID in the S2CR" },
	{ test_indexing, "without SMRs a StreamID is the number of its S2CR" },
};

int smmuv2test_streams(void)
{
	unsigned int i, before = ktap_failures();
	struct bench *b = kzalloc(sizeof(*b), GFP_KERNEL);

	ktap_plan((unsigned int)ARRAY_SIZE(tests));
	for (i = 0; b && i < ARRAY_SIZE(tests); i++) {
		ktap_ok(set_up(b) && tests[i].run(b), "%s", tests[i].name);
		tear_down(b);
	}
	kfree(b);
	return ktap_failures() == before ? 0 : -EIO;
}
