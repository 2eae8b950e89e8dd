// SPDX-License-Identifier: MIT
/* smmuv2test text: what fault registers say (IHI 0062 3.7, 3.8). */

#include "arm-smmu-test.h"

#include <ktap.h>

static const struct {
	struct smmu2_context_fault f;
	const char *text;
} contexts[] = {
	{ { 2, false, 0x402, 0x13, 0x123, 0x12345678, 0 },
	  "context fault: TF client c sid 0x123 bank 2 stage 1 iova 0x12345678 write unpriv data level 3 fsr 0x402 fsynr0 0x13" },
	{ { 0, true, 0x408, 0x62, 7, 0x5000, 0x5000 },
	  "context fault: PF client c sid 0x7 bank 0 stage 2 iova 0x5000 read priv inst level 2 fsr 0x408 fsynr0 0x62" },
	{ { 1, true, 0x40000402, 0x3000c, 7, 0x5000, 0x9000 },
	  "context fault: TF SS client c sid 0x7 bank 1 stage 2 iova 0x5000 nested in bank 3 walk of stage 1 ipa 0x9000 read unpriv data level 0 fsr 0x40000402 fsynr0 0x3000c" },
	{ { 3, false, 0x800001f0, 0xc01, 1, 0x10, 0 },
	  "context fault: EF TLBMCF TLBLKF ASF UUT MULTI client c sid 0x1 bank 3 stage 1 iova 0x10 read unpriv data level 1 PTWF AFR fsr 0x800001f0 fsynr0 0xc01" },
};

static const struct {
	struct smmu2_global_fault f;
	const char *text;
} globals[] = {
	{ { 0x2, 0x2, 0x456, 0x1000 },
	  "global fault: USF client c sid 0x456 iova 0x1000 write unpriv data gfsr 0x2 gfsynr0 0x2" },
	{ { 0x80000009, 0xd, 0x1, 0x2000 },
	  "global fault: ICF UCBF MULTI client c sid 0x1 iova 0x2000 read priv inst nested gfsr 0x80000009 gfsynr0 0xd" },
	{ { 0x20, 0x2, 0x1, 0x4 },
	  "global fault: CAF register 0x4 write unpriv data gfsr 0x20 gfsynr0 0x2" },
	{ { 0x40, 0x2, 0x1, 0x4 },
	  "global fault: EF gfsr 0x40 gfsynr0 0x2" },
};

static bool test_facts(void)
{
	const struct smmu2_context_fault f = {
		1, true, 0x40000402, 0x20074, 0x33, 0x7123, 0x5678,
	};
	struct iommu_fault fault;

	smmu2_read_context_fault(&f, &fault);
	return fault.type == IOMMU_FAULT_TRANSLATION &&
	       fault.raw_type == 0x40000402 && fault.sid == 0x33 &&
	       fault.iova == 0x7123 && fault.write && fault.priv &&
	       fault.exec && fault.stage2 && fault.stalled &&
	       fault.ipa == 0x5000 && !fault.ssid_valid;
}

/* Alone, stage 2 has its input in FAR; nested, IPAFAR is told of some. */
static bool test_ipa(void)
{
	struct smmu2_context_fault f = { 0, true, 0x408, 0, 0, 0x7123, 0 };
	struct iommu_fault fault;
	bool ok;

	smmu2_read_context_fault(&f, &fault);
	ok = fault.ipa == 0x7000;
	f.fsynr0 = 4;
	f.ipafar = 0x9000;
	smmu2_read_context_fault(&f, &fault);
	ok = ok && !fault.ipa;
	f.fsynr0 = 0xc;
	smmu2_read_context_fault(&f, &fault);
	return ok && fault.ipa == 0x9000;
}

static bool test_types(void)
{
	static const struct {
		u32 fsr;
		enum iommu_fault_type type;
	} types[] = {
		{ 0x2, IOMMU_FAULT_TRANSLATION }, { 0x4, IOMMU_FAULT_ACCESS },
		{ 0x8, IOMMU_FAULT_PERMISSION }, { 0x10, IOMMU_FAULT_OTHER },
		{ 0x20, IOMMU_FAULT_OTHER }, { 0x40, IOMMU_FAULT_OTHER },
		{ 0x80, IOMMU_FAULT_ADDR_SIZE }, { 0x100, IOMMU_FAULT_OTHER },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		const struct smmu2_context_fault f = { .fsr = types[i].fsr };
		struct iommu_fault fault;

		smmu2_read_context_fault(&f, &fault);
		if (!smmuv2test_is("type", fault.type, types[i].type))
			return false;
	}
	return true;
}

int smmuv2test_text(void)
{
	unsigned int i, before = ktap_failures();
	char buf[256];

	ktap_plan((unsigned int)(ARRAY_SIZE(contexts) + ARRAY_SIZE(globals) +
				 3));
	for (i = 0; i < ARRAY_SIZE(contexts); i++) {
		smmu2_format_context_fault(buf, sizeof(buf), &contexts[i].f,
					   "c");
		if (!ktap_ok(!strcmp(buf, contexts[i].text), "%s",
			     contexts[i].text))
			ktap_diag("%s", buf);
	}
	for (i = 0; i < ARRAY_SIZE(globals); i++) {
		smmu2_format_global_fault(buf, sizeof(buf), &globals[i].f,
					  "c");
		if (!ktap_ok(!strcmp(buf, globals[i].text), "%s",
			     globals[i].text))
			ktap_diag("%s", buf);
	}
	ktap_ok(test_facts(), "a context fault has all its facts");
	ktap_ok(test_ipa(), "the IPA is told where it is known");
	ktap_ok(test_types(), "each bit of FSR is a kind of fault");
	return ktap_failures() == before ? 0 : -EIO;
}
