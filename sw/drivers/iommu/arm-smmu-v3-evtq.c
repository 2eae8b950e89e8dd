// SPDX-License-Identifier: MIT
/* Event queue (IHI 0070 7.2, 7.3). */

#include "arm-smmu-v3.h"

#include <ktime.h>

/* Fields that a kind of record has besides its StreamID. */
#define HAS_SSID	0x01	/* SubstreamID, valid with SSV */
#define HAS_SSID_ALWAYS	0x02	/* SubstreamID without SSV */
#define HAS_ACCESS	0x04	/* InputAddr, RnW, PnU, InD */
#define HAS_CLASS	0x08	/* S2, CLASS */
#define HAS_STALL	0x10	/* Stall, STAG */
#define HAS_FETCH	0x20	/* FetchAddr */
#define HAS_REASON	0x40	/* Reason, IMPLEMENTATION DEFINED */
#define HAS_IPA		0x80	/* IPA, valid with S2 */
#define HAS_ADDR	0x100	/* InputAddr alone */

#define FAULT	(HAS_SSID | HAS_ACCESS | HAS_CLASS | HAS_STALL | HAS_IPA)

static const struct event_kind {
	u8 id;
	const char *name;
	unsigned int has;
} kinds[] = {
	{ F_UUT, "F_UUT", HAS_SSID | HAS_ACCESS | HAS_REASON },
	{ C_BAD_STREAMID, "C_BAD_STREAMID", HAS_SSID },
	{ F_STE_FETCH, "F_STE_FETCH", HAS_SSID | HAS_FETCH | HAS_REASON },
	{ C_BAD_STE, "C_BAD_STE", HAS_SSID },
	{ F_BAD_ATS_TREQ, "F_BAD_ATS_TREQ", HAS_SSID | HAS_ADDR },
	{ F_STREAM_DISABLED, "F_STREAM_DISABLED", 0 },
	{ F_TRANSL_FORBIDDEN, "F_TRANSL_FORBIDDEN", HAS_ADDR },
	{ C_BAD_SUBSTREAMID, "C_BAD_SUBSTREAMID", HAS_SSID_ALWAYS },
	{ F_CD_FETCH, "F_CD_FETCH", HAS_SSID | HAS_FETCH | HAS_REASON },
	{ C_BAD_CD, "C_BAD_CD", HAS_SSID },
	{ F_WALK_EABT, "F_WALK_EABT", HAS_SSID | HAS_ACCESS | HAS_CLASS |
				      HAS_FETCH | HAS_REASON },
	{ F_TRANSLATION, "F_TRANSLATION", FAULT },
	{ F_ADDR_SIZE, "F_ADDR_SIZE", FAULT },
	{ F_ACCESS, "F_ACCESS", FAULT },
	{ F_PERMISSION, "F_PERMISSION", FAULT },
	{ F_TLB_CONFLICT, "F_TLB_CONFLICT", HAS_SSID | HAS_ACCESS |
					    HAS_REASON },
	{ F_CFG_CONFLICT, "F_CFG_CONFLICT", HAS_SSID | HAS_REASON },
	{ E_PAGE_REQUEST, "E_PAGE_REQUEST", HAS_SSID | HAS_ADDR },
	{ F_VMS_FETCH, "F_VMS_FETCH", HAS_SSID | HAS_FETCH | HAS_REASON },
};

static const struct event_kind *find_kind(u8 id)
{
	static const struct event_kind impdef = { 0, "IMPDEF_EVENT", 0 };
	static const struct event_kind unknown = { 0, "unknown event", 0 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].id == id)
			return &kinds[i];
	return id >= IMPDEF_EVENT_FIRST && id <= IMPDEF_EVENT_LAST ?
	       &impdef : &unknown;
}

static enum iommu_fault_type fault_type(u8 id)
{
	switch (id) {
	case F_TRANSLATION:
		return IOMMU_FAULT_TRANSLATION;
	case F_ADDR_SIZE:
		return IOMMU_FAULT_ADDR_SIZE;
	case F_ACCESS:
		return IOMMU_FAULT_ACCESS;
	case F_PERMISSION:
		return IOMMU_FAULT_PERMISSION;
	default:
		return IOMMU_FAULT_OTHER;
	}
}

bool arm_smmu_has_stream(const struct arm_smmu_master *master, u32 sid)
{
	const struct iommu_fwspec *fwspec = master->dev->iommu;
	unsigned int i;

	for (i = 0; i < fwspec->num_ids; i++)
		if (fwspec->ids[i] == sid)
			return true;
	return false;
}

/* The first or the next (after @prev) device of a stream; with evtq_lock. */
static struct arm_smmu_master *find_master(struct arm_smmu_device *smmu,
					   u32 sid,
					   struct arm_smmu_master *prev)
{
	struct arm_smmu_master *master;
	bool on = !prev;

	list_for_each_entry(master, &smmu->masters, node) {
		if (on && arm_smmu_has_stream(master, sid))
			return master;
		on |= master == prev;
	}
	return NULL;
}

/*
 * A device that faults all the time must not bury the console: so many events
 * are shown a second, and not too many of one visit to the queue.
 */
#define SHOWN_PER_SECOND	64
#define SHOWN_PER_VISIT		8

static bool may_show(struct arm_smmu_device *smmu)
{
	u64 now = ktime_get_ns();

	if (now - smmu->shown_since >= NSEC_PER_SEC) {
		smmu->shown_since = now;
		smmu->shown = 0;
	}
	if (smmu->shown >= SHOWN_PER_SECOND ||
	    smmu->shown_visit >= SHOWN_PER_VISIT) {
		smmu->hidden++;
		return false;
	}
	if (smmu->hidden)
		dev_err(smmu->dev, "%u events before this one not shown\n",
			smmu->hidden);
	smmu->hidden = 0;
	smmu->shown++;
	smmu->shown_visit++;
	return true;
}

static void print_event(struct arm_smmu_device *smmu, const u64 *evt,
			const struct event_kind *kind,
			const struct device *client)
{
	static const char *const classes[] = { "CD", "TT", "IN", "reserved" };
	char buf[256];
	size_t n, size = sizeof(buf);

	if (!may_show(smmu))
		return;
	n = (size_t)scnprintf(buf, size, "event: %s", kind->name);
	if (!kind->id)
		n += (size_t)scnprintf(buf + n, size - n, " %#lx",
				       FIELD_GET(EVT_0_ID, evt[0]));
	n += (size_t)scnprintf(buf + n, size - n, " client %s sid %#lx",
			       client ? dev_name(client) : "none",
			       FIELD_GET(EVT_0_SID, evt[0]));
	if (kind->has & HAS_SSID_ALWAYS ||
	    (kind->has & HAS_SSID && evt[0] & EVT_0_SSV))
		n += (size_t)scnprintf(buf + n, size - n, " ssid %#lx",
				       FIELD_GET(EVT_0_SSID, evt[0]));
	else if (kind->has & HAS_SSID)
		n += (size_t)scnprintf(buf + n, size - n, " ssid none");
	if (kind->has & (HAS_ACCESS | HAS_ADDR))
		n += (size_t)scnprintf(buf + n, size - n, " iova %#llx",
				       evt[2]);
	if (kind->has & HAS_ACCESS)
		n += (size_t)scnprintf(buf + n, size - n, " %s %s %s",
				       evt[1] & EVT_1_RNW ? "read" : "write",
				       evt[1] & EVT_1_PNU ? "priv" : "unpriv",
				       evt[1] & EVT_1_IND ? "inst" : "data");
	if (kind->has & HAS_CLASS)
		n += (size_t)scnprintf(buf + n, size - n,
				       " class %s stage %u",
				       classes[FIELD_GET(EVT_1_CLASS, evt[1])],
				       evt[1] & EVT_1_S2 ? 2 : 1);
	if (kind->has & HAS_IPA && evt[1] & EVT_1_S2)
		n += (size_t)scnprintf(buf + n, size - n, " ipa %#llx",
				       evt[3] & EVT_3_IPA);
	if (kind->has & HAS_FETCH)
		n += (size_t)scnprintf(buf + n, size - n, " fetch %#llx",
				       evt[3] & EVT_3_FETCH);
	if (kind->has & HAS_REASON)
		n += (size_t)scnprintf(buf + n, size - n, " reason %#lx",
				       FIELD_GET(EVT_1_REASON, evt[1]));
	if (kind->has & HAS_STALL && evt[1] & EVT_1_STALL)
		n += (size_t)scnprintf(buf + n, size - n, " stalled stag %#lx",
				       FIELD_GET(EVT_1_STAG, evt[1]));
	dev_err(smmu->dev, "%s\n", buf);
}

static void handle_event(struct arm_smmu_device *smmu, const u64 *evt)
{
	const u8 id = (u8)FIELD_GET(EVT_0_ID, evt[0]);
	const struct event_kind *kind = find_kind(id);
	const u32 sid = (u32)FIELD_GET(EVT_0_SID, evt[0]);
	struct arm_smmu_master *master = find_master(smmu, sid, NULL);
	struct iommu_fault fault = {
		.type = fault_type(id),
		.raw_type = id,
		.sid = sid,
	};

	print_event(smmu, evt, kind, master ? master->dev : NULL);

	if (kind->has & HAS_SSID && evt[0] & EVT_0_SSV) {
		fault.ssid_valid = true;
		fault.ssid = (u32)FIELD_GET(EVT_0_SSID, evt[0]);
	}
	if (kind->has & (HAS_ACCESS | HAS_ADDR))
		fault.iova = evt[2];
	if (kind->has & HAS_ACCESS) {
		fault.write = !(evt[1] & EVT_1_RNW);
		fault.priv = evt[1] & EVT_1_PNU;
		fault.exec = evt[1] & EVT_1_IND;
	}
	/* A stream may be shared: its devices are one group. */
	for (; master; master = find_master(smmu, sid, master))
		iommu_report_device_fault(master->dev, &fault);

	/* Nobody repairs mappings here: a stalled access gets its abort. */
	if (kind->has & HAS_STALL && evt[1] & EVT_1_STALL) {
		const u64 cmd[CMD_DWORDS] = {
			CMD_RESUME | CMD_RESUME_0_ABORT |
			FIELD_PREP(CMD_0_SID, (u64)sid),
			FIELD_PREP(CMD_RESUME_1_STAG,
				   FIELD_GET(EVT_1_STAG, evt[1])),
		};

		arm_smmu_cmdq_issue(smmu, cmd, 1, false);
	}
}

/**
 * arm_smmu_evtq_drain - handle every record in the event queue
 * @smmu: the SMMU
 *
 * Its interrupt comes when the queue stops being empty, so it must be empty
 * when this returns.
 */
void arm_smmu_evtq_drain(struct arm_smmu_device *smmu)
{
	struct arm_smmu_queue *q = &smmu->evtq;
	/* An SMMU that never stops producing must not keep the CPU. */
	unsigned int budget = 16u << q->log2size;
	u64 evt[EVT_DWORDS];
	u32 prod, ovflg, used;
	unsigned long flags;

	if (!q->base)
		return;
	/* The interrupt may come while a thread is here. */
	spin_lock_irqsave(&smmu->evtq_lock, flags);
	smmu->shown_visit = 0;
	for (;;) {
		prod = readl(smmu->base + SMMU_EVENTQ_PROD);
		ovflg = prod & (u32)EVENTQ_OVFLG;
		used = (prod - q->cons) & q_mask(q);
		if (used > 1u << q->log2size) {
			dev_err_ratelimited(smmu->dev,
					    "event queue: PROD %#x is not ahead of CONS %#x; resynchronised\n",
					    prod, q->cons);
			q->cons = (prod & q_mask(q)) |
				  (q->cons & (u32)EVENTQ_OVFLG);
			writel(q->cons, smmu->base + SMMU_EVENTQ_CONS);
			continue;
		}
		if (!used || !budget)
			break;

		/* Not before the index that says it is there. */
		dma_rmb();
		if (!smmu->coherent)
			dcache_clean_inval_poc(q_entry(q, q->cons), q->entry);
		memcpy(evt, q_entry(q, q->cons), sizeof(evt));
		q->cons = ((q->cons + 1) & q_mask(q)) |
			  (q->cons & (u32)EVENTQ_OVFLG);
		/* The slot is the SMMU's again once it was read. */
		mb();
		writel(q->cons, smmu->base + SMMU_EVENTQ_CONS);

		smmu->events++;
		budget--;
		handle_event(smmu, evt);
	}
	if (!budget)
		dev_err_ratelimited(smmu->dev,
				    "event queue: more records than are handled at a time\n");
	if (ovflg != (q->cons & (u32)EVENTQ_OVFLG)) {
		smmu->overflows++;
		dev_err_ratelimited(smmu->dev,
				    "event queue overflowed, records were lost; %llu seen so far\n",
				    smmu->events);
		q->cons = (q->cons & q_mask(q)) | ovflg;
		writel(q->cons, smmu->base + SMMU_EVENTQ_CONS);
	}
	spin_unlock_irqrestore(&smmu->evtq_lock, flags);
}
