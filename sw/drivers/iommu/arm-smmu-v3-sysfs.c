// SPDX-License-Identifier: MIT
/* The files of an SMMU in /sys/class/iommu: what it is, and what it did. */

#include "arm-smmu-v3.h"

#include <kernel.h>
#include <sysfs.h>

static struct arm_smmu_device *to_smmu(void *object)
{
	return container_of(object, struct arm_smmu_device, iommu);
}

#define REGISTER(name, offset)						\
static ssize_t name##_show(void *object, char *buf)			\
{									\
	return sysfs_emit(buf, "%#010x\n",				\
			  readl(to_smmu(object)->base + (offset)));	\
}

REGISTER(idr0, SMMU_IDR0)
REGISTER(idr1, SMMU_IDR1)
REGISTER(idr3, SMMU_IDR3)
REGISTER(idr5, SMMU_IDR5)
REGISTER(iidr, SMMU_IIDR)
REGISTER(aidr, SMMU_AIDR)

#define NUMBER(name, format, value)					\
static ssize_t name##_show(void *object, char *buf)			\
{									\
	const struct arm_smmu_device *smmu = to_smmu(object);		\
									\
	return sysfs_emit(buf, format "\n", value);			\
}

NUMBER(output_bits, "%u", smmu->oas)
NUMBER(stream_bits, "%u", smmu->sid_bits)
NUMBER(substream_bits, "%u", smmu->ssid_bits)
NUMBER(asid_bits, "%u", smmu->asid_bits)
NUMBER(vmid_bits, "%u", smmu->s2p ? smmu->vmid_bits : 0)
NUMBER(stages, "%s", !smmu->s2p ? "1" : smmu->s1p ? "1 2" : "2")
NUMBER(coherent, "%d", smmu->coherent)
NUMBER(stream_table, "%s", smmu->strtab.two_level ? "two-level" : "linear")
NUMBER(events, "%llu", READ_ONCE(smmu->events))
NUMBER(ats, "%d", smmu->ats)
NUMBER(pri, "%d", smmu->pri)
NUMBER(page_requests, "%llu", READ_ONCE(smmu->page_requests))

/* IHI 0070 6.3.8, SMMU_AIDR. */
static ssize_t version_show(void *object, char *buf)
{
	u32 aidr = readl(to_smmu(object)->base + SMMU_AIDR);

	return sysfs_emit(buf, "SMMUv3.%u\n", (u32)FIELD_GET(AIDR_MINOR, aidr));
}

static const struct attribute attrs[] = {
	ATTRIBUTE("version", version_show),
	ATTRIBUTE("idr0", idr0_show),
	ATTRIBUTE("idr1", idr1_show),
	ATTRIBUTE("idr3", idr3_show),
	ATTRIBUTE("idr5", idr5_show),
	ATTRIBUTE("iidr", iidr_show),
	ATTRIBUTE("aidr", aidr_show),
	ATTRIBUTE("output_bits", output_bits_show),
	ATTRIBUTE("stream_bits", stream_bits_show),
	ATTRIBUTE("substream_bits", substream_bits_show),
	ATTRIBUTE("asid_bits", asid_bits_show),
	ATTRIBUTE("vmid_bits", vmid_bits_show),
	ATTRIBUTE("stages", stages_show),
	ATTRIBUTE("coherent", coherent_show),
	ATTRIBUTE("stream_table", stream_table_show),
	ATTRIBUTE("events", events_show),
	ATTRIBUTE("ats", ats_show),
	ATTRIBUTE("pri", pri_show),
	ATTRIBUTE("page_requests", page_requests_show),
	{ }
};

static const struct attribute_group group = { "arm-smmu-v3", attrs };
const struct attribute_group *const arm_smmu_sysfs_groups[] = {
	&group, NULL
};
