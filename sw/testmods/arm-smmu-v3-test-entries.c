// SPDX-License-Identifier: MIT
/*
 * smmutest entries: an STE or CD that is changed means, whatever doublewords the
 * SMMU reads from before and which from behind a store, what it meant or what
 * it shall mean, or nothing.
 */

#include "arm-smmu-v3-test.h"

#include <ktap.h>

#define DWORDS	ARM_SMMU_ENTRY_DWORDS

#define SHCFG	FIELD_PREP(STE_1_SHCFG, (u64)STE_SHCFG_INCOMING)
#define CONFIG(c) (STE_0_V | FIELD_PREP(STE_0_CONFIG, (u64)(c)))
#define VMID(v)	FIELD_PREP(STE_2_S2VMID, (u64)(v))
#define TTB	0x80001000ULL

static const u64 invalid[DWORDS];
static const u64 ste_abort[DWORDS] = { CONFIG(STE_CONFIG_ABORT) };
static const u64 ste_bypass[DWORDS] = { CONFIG(STE_CONFIG_BYPASS), SHCFG };
static const u64 ste_s1[DWORDS] = {
	CONFIG(STE_CONFIG_S1) | 0x40000000, SHCFG | 0x54,
};
static const u64 ste_s1_other[DWORDS] = {
	CONFIG(STE_CONFIG_S1) | 0x40000040, SHCFG | 0x54,
};
static const u64 ste_s1_stalls_not[DWORDS] = {
	CONFIG(STE_CONFIG_S1) | 0x40000000, SHCFG | 0x54 | STE_1_S1STALLD,
};
#define EATS	(FIELD_PREP(STE_1_EATS, (u64)STE_EATS_FULL) | STE_1_PPAR)
static const u64 ste_s1_ats[DWORDS] = {
	CONFIG(STE_CONFIG_S1) | 0x40000000, SHCFG | EATS | 0x54,
};
static const u64 ste_substreams_ats[DWORDS] = {
	CONFIG(STE_CONFIG_S1) | 0x50000000 | FIELD_PREP(STE_0_S1CDMAX, 4ULL),
	SHCFG | EATS | 0x54 | STE_S1DSS_SSID0,
};
static const u64 ste_s2_ats[DWORDS] = {
	CONFIG(STE_CONFIG_S2), SHCFG | EATS, VMID(3) | STE_2_S2AA64 | STE_2_S2R,
	TTB,
};
static const u64 ste_substreams[DWORDS] = {
	CONFIG(STE_CONFIG_S1) | 0x50000000 | FIELD_PREP(STE_0_S1CDMAX, 4ULL),
	SHCFG | 0x54 | STE_S1DSS_BYPASS,
};
static const u64 ste_s2[DWORDS] = {
	CONFIG(STE_CONFIG_S2), SHCFG, VMID(3) | STE_2_S2AA64 | STE_2_S2R, TTB,
};
static const u64 ste_s2_other[DWORDS] = {
	CONFIG(STE_CONFIG_S2), SHCFG, VMID(3) | STE_2_S2AA64 | STE_2_S2R,
	TTB + 0x1000,
};
static const u64 ste_nested[DWORDS] = {
	CONFIG(STE_CONFIG_NESTED) | 0x1000, SHCFG | 0x54,
	VMID(3) | STE_2_S2AA64 | STE_2_S2R, TTB,
};

#define CD	(CD_0_V | CD_0_AA64 | CD_0_A | CD_0_R | CD_0_EPD1)
#define ASID(a)	FIELD_PREP(CD_0_ASID, (u64)(a))

static const u64 cd_one[DWORDS] = { CD | ASID(1) | 16, 0x40000000, 0, 0xff44 };
static const u64 cd_stalls[DWORDS] = {
	CD | ASID(1) | 16 | CD_0_S, 0x40000000, 0, 0xff44,
};
static const u64 cd_two[DWORDS] = { CD | ASID(2) | 16, 0x50000000, 0, 0xff44 };
static const u64 cd_closed[DWORDS] = { CD | ASID(1) | CD_0_EPD0, 0, 0, 0xff44 };
static const u64 cd_junk[DWORDS] = {
	CD | ASID(1) | CD_0_EPD0 | 25, 0x7777000, 0x8888000, 0xff44,
};

/* What an STE says, in the words of IHI 0070 5.2: fields that count. */
static void ste_meaning(const u64 *e, u64 *m)
{
	unsigned long config = FIELD_GET(STE_0_CONFIG, e[0]);

	memset(m, 0, DWORDS * sizeof(*m));
	if (!(e[0] & 1))
		return;
	m[0] = 1 + (config & 4 ? config : 0);
	if (!(config & 4))
		return;
	m[1] = e[1] >> 32;
	if (config & 1) {
		m[2] = e[0] >> 4;
		m[3] = (e[1] & 0xfc) | (e[1] & STE_1_S1STALLD);
		if (e[0] & STE_0_S1CDMAX)
			m[3] |= e[1] & STE_1_S1DSS;
	}
	/* EATS is for what is translated; PPAR has its time (5.2, 8.1). */
	if (config & 3)
		m[7] = e[1] & STE_1_EATS;
	if (config & 3)
		m[4] = e[2] & 0xffff;
	if (config & 2) {
		m[5] = e[2] >> 16;
		m[6] = e[3];
	}
}

/* Likewise a CD, 5.4: of a half that is not walked its fields count not. */
static void cd_meaning(const u64 *e, u64 *m)
{
	memset(m, 0, DWORDS * sizeof(*m));
	if (!(e[0] & CD_0_V))
		return;
	m[0] = e[0] >> 30 | (e[0] & CD_0_EPD0) << 40 | 1ULL << 63;
	if (!(e[0] & CD_0_EPD0)) {
		m[1] = e[1];
		m[2] = e[0] & 0x3fff;
	}
	if (!(e[0] & CD_0_EPD1)) {
		m[3] = e[2];
		m[4] = e[0] >> 16 & 0x3fff;
	}
	m[5] = e[3];
	m[6] = (e[0] >> 15 & 1) | e[1] >> 52;
}

static const struct change {
	const char *from_name, *to_name;
	const u64 *from, *to;
	bool is_cd;
	bool hitless;
} changes[] = {
	{ "abort", "bypass", ste_abort, ste_bypass, false, true },
	{ "bypass", "abort", ste_bypass, ste_abort, false, true },
	{ "abort", "stage 1", ste_abort, ste_s1, false, true },
	{ "stage 1", "abort", ste_s1, ste_abort, false, true },
	{ "bypass", "stage 1", ste_bypass, ste_s1, false, true },
	{ "stage 1", "another CD", ste_s1, ste_s1_other, false, true },
	{ "stage 1", "stage 1 that may not stall", ste_s1, ste_s1_stalls_not,
	  false, true },
	{ "bypass", "substreams", ste_bypass, ste_substreams, false, true },
	{ "substreams", "bypass", ste_substreams, ste_bypass, false, true },
	{ "stage 1", "substreams", ste_s1, ste_substreams, false, true },
	{ "substreams", "stage 1", ste_substreams, ste_s1, false, true },
	{ "abort", "stage 2", ste_abort, ste_s2, false, true },
	{ "bypass", "stage 2", ste_bypass, ste_s2, false, true },
	{ "stage 2", "stage 2 elsewhere", ste_s2, ste_s2_other, false, true },
	{ "bypass", "stage 1 with ATS", ste_bypass, ste_s1_ats, false, true },
	{ "stage 1 with ATS", "bypass", ste_s1_ats, ste_bypass, false, true },
	{ "abort", "stage 2 with ATS", ste_abort, ste_s2_ats, false, true },
	{ "stage 1", "stage 1 with ATS", ste_s1, ste_s1_ats, false, true },
	{ "stage 1 with ATS", "substreams with ATS", ste_s1_ats,
	  ste_substreams_ats, false, true },
	{ "substreams with ATS", "stage 1 with ATS", ste_substreams_ats,
	  ste_s1_ats, false, true },
	{ "stage 1", "stage 2", ste_s1, ste_s2, false, false },
	{ "stage 2", "nested", ste_s2, ste_nested, false, true },
	{ "nested", "stage 2", ste_nested, ste_s2, false, true },
	{ "nothing", "nested", invalid, ste_nested, false, true },
	{ "no CD", "a CD", invalid, cd_one, true, true },
	{ "a CD", "no CD", cd_one, invalid, true, true },
	{ "a CD", "one that stalls", cd_one, cd_stalls, true, true },
	{ "a CD", "a closed CD", cd_one, cd_closed, true, true },
	{ "a closed CD", "a CD", cd_closed, cd_one, true, true },
	{ "a CD", "a closed CD with more in it", cd_one, cd_junk, true, true },
	{ "a CD", "another CD", cd_one, cd_two, true, false },
};

struct watch {
	const struct change *change;
	void (*meaning)(const u64 *e, u64 *m);
	const u64 *entry;
	u64 seen[DWORDS];	/* at the last CMD_SYNC */
	unsigned int syncs;
	bool was_invalid;
	bool bad;
};

static void judge(struct watch *w, const u64 *e)
{
	u64 is[DWORDS], from[DWORDS], to[DWORDS];

	w->meaning(e, is);
	w->meaning(w->change->from, from);
	w->meaning(w->change->to, to);
	if (!memcmp(is, from, sizeof(is)) || !memcmp(is, to, sizeof(is)))
		return;
	if (is[0])
		w->bad = true;
	w->was_invalid = true;
}

/* Any of what was stored since the last one may be seen, or not. */
static int forget(void *ctx)
{
	struct watch *w = ctx;
	u64 mix[DWORDS];
	unsigned int set, i;

	for (set = 0; set < 1u << DWORDS; set++) {
		for (i = 0; i < DWORDS; i++)
			mix[i] = set & (1u << i) ? w->entry[i] : w->seen[i];
		judge(w, mix);
	}
	memcpy(w->seen, w->entry, sizeof(w->seen));
	w->syncs++;
	return 0;
}

static bool test_change(struct arm_smmu_device *smmu,
			const struct change *change)
{
	const struct arm_smmu_entry_type type = {
		.valid = change->is_cd ? (u64)CD_0_V : (u64)STE_0_V,
		.used = change->is_cd ? arm_smmu_cd_used : arm_smmu_ste_used,
		.forget = forget,
	};
	u64 entry[DWORDS];
	struct watch w = {
		.change = change,
		.meaning = change->is_cd ? cd_meaning : ste_meaning,
		.entry = entry,
	};
	int ret;

	memcpy(entry, change->from, sizeof(entry));
	memcpy(w.seen, entry, sizeof(entry));
	ret = arm_smmu_write_entry(smmu, &type, entry, change->to, &w);
	if (!ret && !w.bad && w.was_invalid == !change->hitless &&
	    !memcmp(entry, change->to, sizeof(entry)) &&
	    !memcmp(w.seen, entry, sizeof(entry)) && w.syncs <= 3)
		return true;
	ktap_diag("%d, %s%s, %u steps", ret, w.bad ? "a third meaning, " : "",
		  w.was_invalid ? "invalid in between" : "never invalid",
		  w.syncs);
	return false;
}

/* An error of the first step is passed on, and nothing is done behind it. */
static int refuse(void *ctx)
{
	++*(unsigned int *)ctx;
	return -EIO;
}

int smmutest_entries(struct arm_smmu_device *smmu)
{
	const struct arm_smmu_entry_type type = {
		STE_0_V, arm_smmu_ste_used, refuse,
	};
	unsigned int i, calls = 0, before = ktap_failures();
	u64 entry[DWORDS];

	ktap_plan((unsigned int)ARRAY_SIZE(changes) + 1);
	for (i = 0; i < ARRAY_SIZE(changes); i++)
		ktap_ok(test_change(smmu, &changes[i]), "%s becomes %s%s",
			changes[i].from_name, changes[i].to_name,
			changes[i].hitless ? ", and is nothing else in between" :
			" by way of invalid");
	memcpy(entry, ste_bypass, sizeof(entry));
	ktap_ok(arm_smmu_write_entry(smmu, &type, entry, ste_s1, &calls) ==
		-EIO && calls == 1 && FIELD_GET(STE_0_CONFIG, entry[0]) ==
		STE_CONFIG_BYPASS, "an SMMU that does not answer ends a change");
	return ktap_failures() == before ? 0 : -EIO;
}
