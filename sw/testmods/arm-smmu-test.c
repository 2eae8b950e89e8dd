// SPDX-License-Identifier: MIT
/* Shell command smmuv2test: the parts of the SMMUv2 driver, on registers in
 * memory; and each SMMUv2.
 */

#include "arm-smmu-test.h"

#include <ktap.h>
#include <mm.h>
#include <module.h>
#include <shell.h>
#include <slab.h>

/* Pages of 4 KiB: as many for banks as for global registers. */
#define HALF		8u
#define WINDOW		(2 * HALF * PAGE_SIZE)

static const struct smmu2_model model = { SMMU2_V2, false };
static char soft_name[] = "soft";
static struct device soft_dev = { .name = soft_name };

struct smmu2_device *smmuv2test_soft(void)
{
	struct smmu2_device *smmu = kzalloc(sizeof(*smmu), GFP_KERNEL);
	unsigned int n;

	if (!smmu)
		return NULL;
	smmu->dev = &soft_dev;
	smmu->model = &model;
	smmu->page_shift = 12;
	smmu->cb_page = HALF;
	smmu->stage1 = true;
	smmu->stage2 = true;
	smmu->nested = true;
	smmu->stream_match = true;
	smmu->num_streams = TEST_GROUPS;
	smmu->stream_ids = 0x7fff;
	smmu->smr_mask = 0x7fff;
	smmu->num_banks = TEST_BANKS;
	smmu->num_s2_banks = TEST_S2_BANKS;
	smmu->num_context_irqs = TEST_BANKS;
	smmu->formats = BIT(SMMU2_AARCH64) | BIT(SMMU2_AARCH32_L) |
			BIT(SMMU2_AARCH32_S);
	smmu->stall_model = SMMU2_STALL_BOTH;
	spin_lock_init(&smmu->sync_lock);
	spin_lock_init(&smmu->fault_lock);
	INIT_LIST_HEAD(&smmu->masters);
	smmu->base = vzalloc(WINDOW);
	smmu->banks = kzalloc(TEST_BANKS * sizeof(*smmu->banks), GFP_KERNEL);
	if (!smmu->base || !smmu->banks) {
		smmuv2test_soft_free(smmu);
		return NULL;
	}
	for (n = 0; n < TEST_BANKS; n++) {
		smmu->banks[n].smmu = smmu;
		smmu->banks[n].index = n;
	}
	return smmu;
}

void smmuv2test_soft_free(struct smmu2_device *smmu)
{
	if (!smmu)
		return;
	vfree(smmu->base);
	kfree(smmu->banks);
	kfree(smmu);
}

/* By the clauses' own words, not by the driver's: pages 0, 1 and HALF + n. */
static void *at(const struct smmu2_device *smmu, size_t page,
		unsigned int offset)
{
	return smmu->base + page * PAGE_SIZE + offset;
}

u32 smmuv2test_gr0(const struct smmu2_device *smmu, unsigned int offset)
{
	return *(u32 *)at(smmu, 0, offset);
}

u32 smmuv2test_gr1(const struct smmu2_device *smmu, unsigned int offset)
{
	return *(u32 *)at(smmu, 1, offset);
}

u32 smmuv2test_cb(const struct smmu2_device *smmu, unsigned int n,
		  unsigned int offset)
{
	return *(u32 *)at(smmu, HALF + n, offset);
}

u64 smmuv2test_cb64(const struct smmu2_device *smmu, unsigned int n,
		    unsigned int offset)
{
	return *(u64 *)at(smmu, HALF + n, offset);
}

bool smmuv2test_is(const char *what, u64 value, u64 expected)
{
	if (value == expected)
		return true;
	ktap_diag("%s is %#llx, expected %#llx", what, value, expected);
	return false;
}

static const struct {
	const char *name;
	int (*soft)(void);
	int (*live)(struct smmu2_device *smmu);
} tests[] = {
	{ "streams", smmuv2test_streams, NULL },
	{ "banks", smmuv2test_banks, NULL },
	{ "formats", smmuv2test_formats, NULL },
	{ "tlb", smmuv2test_tlb, NULL },
	{ "text", smmuv2test_text, NULL },
	{ "live", NULL, smmuv2test_live },
};

static int smmuv2test(int argc, char **argv)
{
	unsigned int i;
	int ret;

	for (i = 0; argc == 2 && i < ARRAY_SIZE(tests); i++) {
		if (strcmp(argv[1], tests[i].name))
			continue;
		ret = tests[i].soft ? tests[i].soft() :
				      smmu2_for_each(tests[i].live);
		if (ret == -ENODEV)
			shell_printf("smmuv2test: no SMMUv2\n");
		return ret;
	}
	shell_printf("usage: smmuv2test streams|banks|formats|tlb|text|live\n");
	return -EINVAL;
}

static int __init smmuv2test_init(void)
{
	return register_shell_command("smmuv2test",
		"streams|banks|formats|tlb|text|live - test the SMMUv2 driver and each SMMUv2",
		smmuv2test);
}
module_init(smmuv2test_init);

static void __exit smmuv2test_exit(void)
{
	unregister_shell_command("smmuv2test");
}
module_exit(smmuv2test_exit);

MODULE_DESCRIPTION("Tests of the SMMUv2 driver");
MODULE_LICENSE("Dual MIT/GPL");
