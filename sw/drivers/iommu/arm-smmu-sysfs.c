// SPDX-License-Identifier: MIT
/* The files of an SMMU in /sys/class/iommu: what it is, and what it did. */

#include "arm-smmu.h"

#include <kernel.h>
#include <sysfs.h>

static struct smmu2_device *to_smmu(void *object)
{
	return container_of(object, struct smmu2_device, iommu);
}

#define REGISTER(name, offset)						\
static ssize_t name##_show(void *object, char *buf)			\
{									\
	return sysfs_emit(buf, "%#010x\n",				\
			  readl(to_smmu(object)->base + (offset)));	\
}

REGISTER(idr0, SMMU_IDR0)
REGISTER(idr1, SMMU_IDR1)
REGISTER(idr2, SMMU_IDR2)
REGISTER(idr7, SMMU_IDR7)

#define NUMBER(name, format, value)					\
static ssize_t name##_show(void *object, char *buf)			\
{									\
	const struct smmu2_device *smmu = to_smmu(object);		\
									\
	return sysfs_emit(buf, format "\n", value);			\
}

static struct smmu2_bits bits_of(const struct smmu2_device *smmu)
{
	struct smmu2_bits bits;

	smmu2_bits_in_use(smmu, &bits);
	return bits;
}

NUMBER(version, "SMMUv%d", smmu->model->version == SMMU2_V2 ? 2 : 1)
NUMBER(stages, "%s", !smmu->stage2 ? "1" : smmu->stage1 ? "1 2" : "2")
NUMBER(format, "%s", smmu2_format_names[smmu->format])
NUMBER(input_bits, "%u", bits_of(smmu).input)
NUMBER(ipa_bits, "%u", bits_of(smmu).ipa)
NUMBER(output_bits, "%u", bits_of(smmu).output)
NUMBER(stream_groups, "%u", smmu->num_streams)
NUMBER(context_banks, "%u", smmu->num_banks)
NUMBER(coherent, "%d", smmu->coherent)
NUMBER(faults, "%llu", READ_ONCE(smmu->faults))
NUMBER(global_faults, "%llu", READ_ONCE(smmu->global_faults))

static const struct attribute attrs[] = {
	ATTRIBUTE("version", version_show),
	ATTRIBUTE("idr0", idr0_show),
	ATTRIBUTE("idr1", idr1_show),
	ATTRIBUTE("idr2", idr2_show),
	ATTRIBUTE("idr7", idr7_show),
	ATTRIBUTE("stages", stages_show),
	ATTRIBUTE("format", format_show),
	ATTRIBUTE("input_bits", input_bits_show),
	ATTRIBUTE("ipa_bits", ipa_bits_show),
	ATTRIBUTE("output_bits", output_bits_show),
	ATTRIBUTE("stream_groups", stream_groups_show),
	ATTRIBUTE("context_banks", context_banks_show),
	ATTRIBUTE("coherent", coherent_show),
	ATTRIBUTE("faults", faults_show),
	ATTRIBUTE("global_faults", global_faults_show),
	{ }
};

static const struct attribute_group group = { "arm-smmu", attrs };
const struct attribute_group *const smmu2_sysfs_groups[] = {
	&group, NULL
};
