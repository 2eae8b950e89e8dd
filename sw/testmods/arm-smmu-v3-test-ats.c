// SPDX-License-Identifier: MIT
/*
 * smmutest ats: which addresses a CMD_ATC_INV is for, against a search for the
 * smallest span that will do, and what entries of the PRI queue say.
 */

#include "arm-smmu-v3-test.h"

#include <ktap.h>

static bool holds(u64 addr, unsigned int log2, u64 first, u64 last)
{
	return addr >> log2 == first >> log2 && addr >> log2 == last >> log2;
}

/* IHI 0070 4.5.1: Address is aligned to the span, 4096 times 2 to the Size. */
static bool test_span(u64 addr, u64 size, unsigned int min_shift)
{
	u64 cmd[CMD_DWORDS] = { 0 }, got;
	unsigned int log2 = min_shift;

	while (log2 < 64 && !holds(addr, log2, addr, addr + (size - 1)))
		log2++;
	arm_smmu_atc_span(addr, size, min_shift, cmd);
	got = cmd[1] & CMD_ATC_INV_1_SIZE;
	if (cmd[1] & 0xfc0)
		return false;
	return log2 >= 64 ? got == ATC_INV_SIZE_ALL :
	       got == log2 - 12 && !((cmd[1] & CMD_ATC_INV_1_ADDR) &
				     (BIT(log2) - 1)) &&
	       (cmd[1] & CMD_ATC_INV_1_ADDR) >> log2 == addr >> log2;
}

static bool test_spans(void)
{
	static const u64 places[] = {
		0, 0x1000, 0x7000, 0x1ff000, 0x200000, 0xffffe000,
		0xfffffff000, 0x7fffffffe000, 0xfffffffff0000000,
	};
	unsigned int i, shift, pages;

	for (i = 0; i < ARRAY_SIZE(places); i++)
		for (shift = 12; shift <= 16; shift += 2)
			for (pages = 1; pages < 100; pages++) {
				u64 at = places[i] & ~(BIT(shift) - 1);

				if (test_span(at, (u64)pages << shift, shift))
					continue;
				ktap_diag("%u pages of %lu at %#llx", pages,
					  BIT(shift), at);
				return false;
			}
	return true;
}

static bool test_all(void)
{
	u64 cmd[CMD_DWORDS] = { 0 };

	arm_smmu_atc_span(0x123000, 0, 12, cmd);
	return cmd[1] == ATC_INV_SIZE_ALL && test_span(0, BIT(63), 12) &&
	       test_span(BIT(63) - 0x1000, 0x2000, 12);
}

/* IHI 0070 chapter 8 */
static bool test_entry(void)
{
	const u64 entry[PRI_DWORDS] = {
		0x89abcdefULL | 0x54321ULL << 32 | BIT(63) | BIT(62) |
		BIT(61) | BIT(58), 0xfedcba9876543000ULL | 0x1a5,
	};
	struct iommu_fault f;

	arm_smmu_read_page_request(entry, &f);
	return f.page_request && !f.stalled && f.last && f.write && f.priv &&
	       !f.exec && f.ssid_valid && f.ssid == 0x54321 &&
	       f.sid == 0x89abcdef && f.tag == 0x1a5 &&
	       f.iova == 0xfedcba9876543000ULL;
}

static bool test_entry_plain(void)
{
	const u64 entry[PRI_DWORDS] = {
		7 | 0x54321ULL << 32 | BIT(60) | BIT(59), 0x1000 | 0x1ff,
	};
	struct iommu_fault f;

	arm_smmu_read_page_request(entry, &f);
	return !f.last && !f.write && f.exec && !f.priv && !f.ssid_valid &&
	       !f.ssid && f.sid == 7 && f.tag == 0x1ff && f.iova == 0x1000;
}

int smmutest_ats(struct arm_smmu_device *smmu)
{
	unsigned int before = ktap_failures();

	(void)smmu;
	ktap_plan(4);
	ktap_ok(test_spans(), "an invalidation is for the smallest span that holds the range");
	ktap_ok(test_all(), "what no span holds is invalidated as a whole");
	ktap_ok(test_entry(), "a page request has all that its entry says");
	ktap_ok(test_entry_plain(), "a page request without a PASID has none");
	return ktap_failures() == before ? 0 : -EIO;
}
