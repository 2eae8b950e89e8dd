// SPDX-License-Identifier: MIT
/* smmutest ranges, events: commands and records, without the SMMU's doing. */

#include "arm-smmu-v3-test.h"

#include <ktap.h>
#include <sizes.h>

struct span {
	const char *what;
	unsigned int granule_shift;
	u64 addr, size, leaf_size;
	bool leaf, ril;
	unsigned int commands;
	unsigned int ttl;
};

static const struct span spans[] = {
	{ "one page", 12, 0x5000, SZ_4K, SZ_4K, true, true, 1, 3 },
	{ "one page and tables", 12, 0x5000, SZ_4K, SZ_4K, false, true, 1, 0 },
	{ "31 pages", 12, 0x5000, 31 * SZ_4K, SZ_4K, true, true, 1, 3 },
	{ "33 pages", 12, 0x5000, 33 * SZ_4K, SZ_4K, true, true, 2, 3 },
	{ "33 pages and tables", 12, 0x5000, 33 * SZ_4K, SZ_4K, false, true, 2,
	  0 },
	{ "4095 pages", 12, 0x7000, 4095 * SZ_4K, SZ_4K, true, true, 3, 3 },
	{ "a block of 2 MiB", 12, 0x40000000, SZ_2M, SZ_2M, true, true, 1, 2 },
	{ "seven blocks of 1 GiB", 12, 0x40000000, 7ULL * SZ_1G, SZ_1G, true,
	  true, 1, 1 },
	{ "all of 48 bits", 12, 0, 1ULL << 48, SZ_4K, true, true, 2, 3 },
	{ "pages of 16 KiB", 14, 0x8000, 5 * SZ_16K, SZ_16K, true, true, 1, 3 },
	{ "a block of 32 MiB", 14, 0x4000000, SZ_32M, SZ_32M, true, true, 1, 2 },
	{ "pages of 64 KiB", 16, 0x30000, 3 * SZ_64K, SZ_64K, true, true, 1, 3 },
	{ "a block of 512 MiB", 16, 0x40000000, SZ_512M, SZ_512M, true, true, 1,
	  2 },
	{ "pages, one by one", 12, 0x5000, 5 * SZ_4K, SZ_4K, true, false, 5,
	  0 },
	{ "blocks, one by one", 12, 0x40000000, 3 * SZ_2M, SZ_2M, false, false,
	  3, 0 },
};

/* What a command is for by IHI 0070 4.4.1.1: bytes; 0 if it is illegal. */
static u64 bytes_of(const u64 *cmd, const struct span *s)
{
	static const unsigned int tg_shift[] = { 0, 12, 14, 16 };
	u64 num = FIELD_GET(CMD_TLBI_0_NUM, cmd[0]);
	u64 scale = FIELD_GET(CMD_TLBI_0_SCALE, cmd[0]);
	unsigned long ttl = FIELD_GET(CMD_TLBI_1_TTL, cmd[1]);
	unsigned long tg = FIELD_GET(CMD_TLBI_1_TG, cmd[1]);
	u64 addr = cmd[1] & CMD_TLBI_1_ADDR;

	if (!tg)
		return num || scale || ttl ? 0 : s->leaf_size;
	if (!s->ril || tg_shift[tg] != s->granule_shift ||
	    (!num && !scale && !ttl))
		return 0;
	if (ttl && addr & (s->leaf_size - 1))
		return 0;
	return (num + 1) << scale << s->granule_shift;
}

static bool test_span(const struct span *s)
{
	struct arm_smmu_tlbi_range range;
	u64 at = s->addr;
	unsigned int n = 0;

	arm_smmu_tlbi_init(&range, s->granule_shift, s->addr, s->size,
			   s->leaf_size, s->leaf, s->ril);
	while (range.size && n <= s->commands) {
		u64 cmd[CMD_DWORDS] = { CMD_TLBI_NH_VA, 0 };
		u64 bytes;

		arm_smmu_tlbi_next(&range, cmd);
		bytes = bytes_of(cmd, s);
		if (!bytes || (cmd[1] & CMD_TLBI_1_ADDR) != at ||
		    !!(cmd[1] & CMD_TLBI_1_LEAF) != s->leaf ||
		    FIELD_GET(CMD_TLBI_1_TTL, cmd[1]) != s->ttl) {
			ktap_diag("command %u: %#llx %#llx", n, cmd[0],
				  cmd[1]);
			return false;
		}
		at += bytes;
		n++;
	}
	if (at == s->addr + s->size && n == s->commands)
		return true;
	ktap_diag("%u commands up to %#llx", n, at);
	return false;
}

int smmutest_ranges(struct arm_smmu_device *smmu)
{
	unsigned int i, before = ktap_failures();

	(void)smmu;
	ktap_plan((unsigned int)ARRAY_SIZE(spans));
	for (i = 0; i < ARRAY_SIZE(spans); i++)
		ktap_ok(test_span(&spans[i]), "%s: %u commands, no byte more",
			spans[i].what, spans[i].commands);
	return ktap_failures() == before ? 0 : -EIO;
}

#define SID(s)	((u64)(s) << 32)
#define SSID(s)	(BIT(11) | (u64)(s) << 12)

static const struct {
	u64 evt[EVT_DWORDS];
	const char *text;
} events[] = {
	{ { 0x01 | SID(9), 0x7ULL << 33 | 5, 0x1234 },
	  "event: F_UUT client c sid 0x9 ssid none iova 0x1234 read priv inst reason 0x5" },
	{ { 0x02 | SID(0xfffffffe) },
	  "event: C_BAD_STREAMID client c sid 0xfffffffe ssid none" },
	{ { 0x03 | SID(1), BIT(16) | 2, 0, 0x80001238 },
	  "event: F_STE_FETCH client c sid 0x1 ssid none fetch 0x80001238 gpcf reason 0x2" },
	{ { 0x04 | SID(1) | SSID(0x12345) },
	  "event: C_BAD_STE client c sid 0x1 ssid 0x12345" },
	{ { 0x05 | SID(1), 0, 0x5000 },
	  "event: F_BAD_ATS_TREQ client c sid 0x1 ssid none iova 0x5000" },
	{ { 0x06 | SID(1) }, "event: F_STREAM_DISABLED client c sid 0x1" },
	{ { 0x07 | SID(1), 0, 0x6000 },
	  "event: F_TRANSL_FORBIDDEN client c sid 0x1 iova 0x6000" },
	{ { 0x08 | SID(1) | 0x3ULL << 12 },
	  "event: C_BAD_SUBSTREAMID client c sid 0x1 ssid 0x3" },
	{ { 0x09 | SID(1), 0, 0, 0x40 },
	  "event: F_CD_FETCH client c sid 0x1 ssid none fetch 0x40 reason 0" },
	{ { 0x0a | SID(1) | SSID(0) },
	  "event: C_BAD_CD client c sid 0x1 ssid 0" },
	{ { 0x0b | SID(1), 1ULL << 40 | BIT(39) | BIT(35), 0x7000, 0x9000 },
	  "event: F_WALK_EABT client c sid 0x1 ssid none iova 0x7000 read unpriv data class TT stage 2 fetch 0x9000 reason 0" },
	{ { 0x10 | SID(0x100), 2ULL << 40 | BIT(31) | 0x55, 0x10000abc },
	  "event: F_TRANSLATION client c sid 0x100 ssid none iova 0x10000abc write unpriv data class IN stage 1 stalled stag 0x55" },
	{ { 0x11 | SID(1), 2ULL << 40 | BIT(39), 0x1000, 0xfedcb000 },
	  "event: F_ADDR_SIZE client c sid 0x1 ssid none iova 0x1000 write unpriv data class IN stage 2 ipa 0xfedcb000" },
	{ { 0x12 | SID(1), 0, 0x1000 },
	  "event: F_ACCESS client c sid 0x1 ssid none iova 0x1000 write unpriv data class CD stage 1" },
	{ { 0x13 | SID(1), 1ULL << 40 | BIT(39) | BIT(38), 0x1000, 0x2000 },
	  "event: F_PERMISSION client c sid 0x1 ssid none iova 0x1000 write unpriv data class TT stage 2 walk write ipa 0x2000 nsipa" },
	{ { 0x20 | SID(1), BIT(39), 0x1000, 0x3000 },
	  "event: F_TLB_CONFLICT client c sid 0x1 ssid none iova 0x1000 write unpriv data stage 2 ipa 0x3000 reason 0" },
	{ { 0x21 | SID(1), 4 },
	  "event: F_CFG_CONFLICT client c sid 0x1 ssid none reason 0x4" },
	{ { 0x24 | SID(1) | SSID(2), 3ULL << 44 | BIT(35) | BIT(38), 0x4000 },
	  "event: E_PAGE_REQUEST client c sid 0x1 ssid 0x2 iova 0x4000 span 3 uR pW" },
	{ { 0x25 | SID(1), 1, 0, 0x5000 },
	  "event: F_VMS_FETCH client c sid 0x1 ssid none fetch 0x5000 reason 0x1" },
	{ { 0xe3 | SID(1), 1, 2, 3 },
	  "event: IMPDEF_EVENT 0xe3 client c sid 0x1 words 0x1000000e3 0x1 0x2 0x3" },
	{ { 0x99 | SID(1), 1, 2, 3 },
	  "event: unknown event 0x99 client c sid 0x1 words 0x100000099 0x1 0x2 0x3" },
};

static bool test_fault(void)
{
	const u64 evt[EVT_DWORDS] = {
		0x13 | SID(7) | SSID(5),
		2ULL << 40 | BIT(39) | BIT(31) | BIT(33) | 0xabc, 0x1234,
		0x7000,
	};
	struct iommu_fault f;

	arm_smmu_read_event(evt, &f);
	return f.type == IOMMU_FAULT_PERMISSION && f.sid == 7 &&
	       f.ssid_valid && f.ssid == 5 && f.write && f.priv && !f.exec &&
	       f.stalled && f.tag == 0xabc && f.iova == 0x1234 && f.stage2 &&
	       f.ipa == 0x7000;
}

int smmutest_events(struct arm_smmu_device *smmu)
{
	unsigned int i, before = ktap_failures();
	char buf[256];

	(void)smmu;
	ktap_plan((unsigned int)ARRAY_SIZE(events) + 1);
	for (i = 0; i < ARRAY_SIZE(events); i++) {
		arm_smmu_format_event(buf, sizeof(buf), events[i].evt, "c");
		if (!ktap_ok(!strcmp(buf, events[i].text), "%s",
			     events[i].text))
			ktap_diag("%s", buf);
	}
	ktap_ok(test_fault(), "a record becomes a fault with all its facts");
	return ktap_failures() == before ? 0 : -EIO;
}
