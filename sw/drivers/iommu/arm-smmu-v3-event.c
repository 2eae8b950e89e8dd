// SPDX-License-Identifier: MIT
/* Event records (IHI 0070 7.3): what they say. */

#include "arm-smmu-v3.h"

#include <export.h>

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
#define HAS_TTRNW	0x200	/* TTRnW, valid with CLASS TT */
#define HAS_GPCF	0x400	/* GPCF */
#define HAS_PAGES	0x800	/* Span, and the rights that are asked for */
#define HAS_S2		0x1000	/* S2 without CLASS */

#define FAULT	(HAS_SSID | HAS_ACCESS | HAS_CLASS | HAS_STALL | HAS_IPA)

static const struct event_kind {
	u8 id;
	const char *name;
	unsigned int has;
} kinds[] = {
	{ F_UUT, "F_UUT", HAS_SSID | HAS_ACCESS | HAS_REASON },
	{ C_BAD_STREAMID, "C_BAD_STREAMID", HAS_SSID },
	{ F_STE_FETCH, "F_STE_FETCH", HAS_SSID | HAS_FETCH | HAS_REASON |
				      HAS_GPCF },
	{ C_BAD_STE, "C_BAD_STE", HAS_SSID },
	{ F_BAD_ATS_TREQ, "F_BAD_ATS_TREQ", HAS_SSID | HAS_ADDR },
	{ F_STREAM_DISABLED, "F_STREAM_DISABLED", 0 },
	{ F_TRANSL_FORBIDDEN, "F_TRANSL_FORBIDDEN", HAS_ADDR },
	{ C_BAD_SUBSTREAMID, "C_BAD_SUBSTREAMID", HAS_SSID_ALWAYS },
	{ F_CD_FETCH, "F_CD_FETCH", HAS_SSID | HAS_FETCH | HAS_REASON |
				    HAS_GPCF },
	{ C_BAD_CD, "C_BAD_CD", HAS_SSID },
	{ F_WALK_EABT, "F_WALK_EABT", HAS_SSID | HAS_ACCESS | HAS_CLASS |
				      HAS_FETCH | HAS_REASON | HAS_GPCF },
	{ F_TRANSLATION, "F_TRANSLATION", FAULT },
	{ F_ADDR_SIZE, "F_ADDR_SIZE", FAULT },
	{ F_ACCESS, "F_ACCESS", FAULT },
	{ F_PERMISSION, "F_PERMISSION", FAULT | HAS_TTRNW },
	{ F_TLB_CONFLICT, "F_TLB_CONFLICT", HAS_SSID | HAS_ACCESS | HAS_S2 |
					    HAS_REASON | HAS_IPA },
	{ F_CFG_CONFLICT, "F_CFG_CONFLICT", HAS_SSID | HAS_REASON },
	{ E_PAGE_REQUEST, "E_PAGE_REQUEST", HAS_SSID | HAS_ADDR | HAS_PAGES },
	{ F_VMS_FETCH, "F_VMS_FETCH", HAS_SSID | HAS_FETCH | HAS_REASON |
				      HAS_GPCF },
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

struct text {
	char *buf;
	size_t size;
	size_t used;
};

#define add(t, fmt...)							\
	((t)->used += (size_t)scnprintf((t)->buf + (t)->used,		\
					(t)->size - (t)->used, fmt))

static void add_pages(struct text *t, const u64 *evt)
{
	static const struct {
		u64 bit;
		const char *name;
	} rights[] = {
		{ BIT(35), "uR" }, { BIT(34), "uW" }, { BIT(33), "uX" },
		{ BIT(39), "pR" }, { BIT(38), "pW" }, { BIT(37), "pX" },
	};
	unsigned int i;

	add(t, " span %lu", FIELD_GET(EVT_1_SPAN, evt[1]));
	for (i = 0; i < ARRAY_SIZE(rights); i++)
		if (evt[1] & rights[i].bit)
			add(t, " %s", rights[i].name);
}

static void add_walk(struct text *t, const u64 *evt, unsigned int has)
{
	static const char *const classes[] = { "CD", "TT", "IN", "reserved" };
	unsigned long class = FIELD_GET(EVT_1_CLASS, evt[1]);
	bool s2 = evt[1] & EVT_1_S2;

	if (has & HAS_CLASS)
		add(t, " class %s", classes[class]);
	if (has & (HAS_CLASS | HAS_S2))
		add(t, " stage %u", s2 ? 2 : 1);
	/* Whether the walk of stage 1 wanted to write a descriptor. */
	if (has & HAS_TTRNW && s2 && class == EVT_CLASS_TT)
		add(t, " walk %s", evt[1] & EVT_1_TTRNW ? "read" : "write");
	if (has & HAS_IPA && s2)
		add(t, " ipa %#llx%s", evt[3] & EVT_3_IPA,
		    evt[1] & EVT_1_NSIPA ? " nsipa" : "");
}

/**
 * arm_smmu_format_event - an event record as text
 * @buf: filled
 * @size: of it
 * @evt: the record
 * @client: name of the device
 *
 * A kind that is not known is followed by its doublewords.
 */
void arm_smmu_format_event(char *buf, size_t size, const u64 *evt,
			   const char *client)
{
	const struct event_kind *kind =
		find_kind((u8)FIELD_GET(EVT_0_ID, evt[0]));
	struct text t = { buf, size, 0 };
	unsigned int has = kind->has;

	add(&t, "event: %s", kind->name);
	if (!kind->id)
		add(&t, " %#lx", FIELD_GET(EVT_0_ID, evt[0]));
	add(&t, " client %s sid %#lx", client, FIELD_GET(EVT_0_SID, evt[0]));
	if (has & HAS_SSID_ALWAYS || (has & HAS_SSID && evt[0] & EVT_0_SSV))
		add(&t, " ssid %#lx", FIELD_GET(EVT_0_SSID, evt[0]));
	else if (has & HAS_SSID)
		add(&t, " ssid none");
	if (has & (HAS_ACCESS | HAS_ADDR))
		add(&t, " iova %#llx", evt[2]);
	if (has & HAS_ACCESS)
		add(&t, " %s %s %s", evt[1] & EVT_1_RNW ? "read" : "write",
		    evt[1] & EVT_1_PNU ? "priv" : "unpriv",
		    evt[1] & EVT_1_IND ? "inst" : "data");
	add_walk(&t, evt, has);
	if (has & HAS_PAGES)
		add_pages(&t, evt);
	if (has & HAS_FETCH)
		add(&t, " fetch %#llx", evt[3] & EVT_3_FETCH);
	if (has & HAS_GPCF && evt[1] & EVT_1_GPCF)
		add(&t, " gpcf");
	if (has & HAS_REASON)
		add(&t, " reason %#lx", FIELD_GET(EVT_1_REASON, evt[1]));
	if (has & HAS_STALL && evt[1] & EVT_1_STALL)
		add(&t, " stalled stag %#lx", FIELD_GET(EVT_1_STAG, evt[1]));
	if (!kind->id)
		add(&t, " words %#llx %#llx %#llx %#llx", evt[0], evt[1],
		    evt[2], evt[3]);
}
EXPORT_SYMBOL_GPL(arm_smmu_format_event);

/**
 * arm_smmu_read_event - an event record as the IOMMU core knows faults
 * @evt: the record
 * @fault: filled
 */
void arm_smmu_read_event(const u64 *evt, struct iommu_fault *fault)
{
	const u8 id = (u8)FIELD_GET(EVT_0_ID, evt[0]);
	const struct event_kind *kind = find_kind(id);

	memset(fault, 0, sizeof(*fault));
	fault->type = fault_type(id);
	fault->raw_type = id;
	fault->sid = (u32)FIELD_GET(EVT_0_SID, evt[0]);
	if (kind->has & HAS_SSID_ALWAYS ||
	    (kind->has & HAS_SSID && evt[0] & EVT_0_SSV)) {
		fault->ssid_valid = true;
		fault->ssid = (u32)FIELD_GET(EVT_0_SSID, evt[0]);
	}
	if (kind->has & (HAS_ACCESS | HAS_ADDR))
		fault->iova = evt[2];
	if (kind->has & HAS_ACCESS) {
		fault->write = !(evt[1] & EVT_1_RNW);
		fault->priv = evt[1] & EVT_1_PNU;
		fault->exec = evt[1] & EVT_1_IND;
	}
	if (kind->has & (HAS_CLASS | HAS_S2) && evt[1] & EVT_1_S2) {
		fault->stage2 = true;
		fault->ipa = kind->has & HAS_IPA ? evt[3] & EVT_3_IPA : 0;
	}
	if (kind->has & HAS_STALL && evt[1] & EVT_1_STALL) {
		fault->stalled = true;
		fault->tag = (u32)FIELD_GET(EVT_1_STAG, evt[1]);
	}
}
EXPORT_SYMBOL_GPL(arm_smmu_read_event);
