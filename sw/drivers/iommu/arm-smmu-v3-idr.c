// SPDX-License-Identifier: MIT
/* ID registers (IHI 0070 6.3.1 to 6.3.8): what the driver makes of them. */

#include "arm-smmu-v3.h"

#include <sizes.h>

/* Queues need not be large: events are handled as they come. */
#define CMDQ_LOG2SIZE	8
#define EVTQ_LOG2SIZE	7
#define PRIQ_LOG2SIZE	7

static const char *find_missing(u32 idr0, u32 idr1, u32 idr5)
{
	unsigned long ttf = FIELD_GET(IDR0_TTF, idr0);
	unsigned long endian = FIELD_GET(IDR0_TTENDIAN, idr0);

	if (!(idr0 & (IDR0_S1P | IDR0_S2P)))
		return "a stage of translation (IDR0.S1P, S2P)";
	if (ttf != IDR0_TTF_AARCH64 && ttf != IDR0_TTF_BOTH)
		return "VMSAv8-64 tables (IDR0.TTF)";
	if (endian != IDR0_TTENDIAN_MIXED && endian != IDR0_TTENDIAN_LE)
		return "little-endian tables (IDR0.TTENDIAN)";
	if (!(idr5 & (IDR5_GRAN4K | IDR5_GRAN16K | IDR5_GRAN64K)))
		return "a granule (IDR5.GRAN4K, GRAN16K, GRAN64K)";
	if (idr1 & (IDR1_TABLES_PRESET | IDR1_QUEUES_PRESET))
		return "tables and queues in memory (IDR1.TABLES_PRESET, QUEUES_PRESET)";
	return NULL;
}

/* The page-table format takes the smallest granule of them. */
static unsigned long page_sizes(u32 idr5)
{
	unsigned long sizes = 0;

	if (idr5 & IDR5_GRAN4K)
		sizes |= SZ_4K | SZ_2M | SZ_1G;
	if (idr5 & IDR5_GRAN16K)
		sizes |= SZ_16K | SZ_32M;
	if (idr5 & IDR5_GRAN64K)
		sizes |= SZ_64K | SZ_512M;
	return sizes;
}

static void show_features(const struct arm_smmu_device *smmu, u32 aidr)
{
	dev_info(smmu->dev,
		 "SMMUv3.%u, %u-bit output, %u-bit StreamIDs, %u-bit ASIDs, %s, %s table, queues of %u commands and %u events\n",
		 (u32)FIELD_GET(AIDR_MINOR, aidr), smmu->oas, smmu->sid_bits,
		 smmu->asid_bits, smmu->coherent ? "coherent" : "not coherent",
		 smmu->strtab.two_level ? "two-level" : "linear",
		 1u << smmu->cmdq.log2size, 1u << smmu->evtq.log2size);
	dev_info(smmu->dev, "%s%s%s, %u-bit SubstreamIDs%s%s%s%s%s%s\n",
		 smmu->s1p ? "stage 1" : "",
		 smmu->s1p && smmu->s2p ? ", " : "",
		 smmu->s2p ? "stage 2" : "", smmu->ssid_bits,
		 smmu->cd2l ? " in two levels" : "",
		 smmu->ril ? ", ranges" : "",
		 smmu->stall_model == IDR0_STALL_NONE ? "" : ", stalls",
		 smmu->msi ? ", MSIs" : "", smmu->ats ? ", ATS" : "",
		 smmu->pri ? ", page requests" : "");
}

/**
 * arm_smmu_read_features - what the SMMU is, and whether that is enough
 * @smmu: filled, as far as its ID registers say it (IHI 0070 6.3.1 to 6.3.6)
 *
 * Return: 0; -ENODEV after a message.
 */
int arm_smmu_read_features(struct arm_smmu_device *smmu)
{
	/* IDR5.OAS to bits; 52 and 56 are not used, descriptors hold 48. */
	static const u8 oas_bits[] = { 32, 36, 40, 42, 44, 48, 48, 48 };
	u32 idr0 = readl(smmu->base + SMMU_IDR0);
	u32 idr1 = readl(smmu->base + SMMU_IDR1);
	u32 idr3 = readl(smmu->base + SMMU_IDR3);
	u32 idr5 = readl(smmu->base + SMMU_IDR5);
	u32 aidr = readl(smmu->base + SMMU_AIDR);
	const char *missing = find_missing(idr0, idr1, idr5);

	if (missing) {
		dev_err(smmu->dev, "not usable without %s\n", missing);
		return -ENODEV;
	}

	smmu->coherent = idr0 & IDR0_COHACC;
	if (smmu->coherent != smmu->dev->dma_coherent)
		dev_warn(smmu->dev, "IDR0.COHACC is %d, dma-coherent says %d; IDR0 is believed\n",
			 smmu->coherent, smmu->dev->dma_coherent);
	smmu->s1p = idr0 & IDR0_S1P;
	smmu->s2p = idr0 & IDR0_S2P;
	smmu->cd2l = idr0 & IDR0_CD2L;
	smmu->ril = idr3 & IDR3_RIL;
	smmu->attr_types_ovr = idr1 & IDR1_ATTR_TYPES_OVR;
	smmu->hyp = idr0 & IDR0_HYP;
	smmu->btm = idr0 & IDR0_BTM;
	smmu->sev = idr0 & IDR0_SEV;
	smmu->msi = idr0 & IDR0_MSI;
	smmu->ats = idr0 & IDR0_ATS;
	smmu->ats_errors = smmu->ats && idr0 & IDR0_ATSRECERR;
	/* Pages are asked for where translations are (6.3.1). */
	smmu->pri = smmu->ats && idr0 & IDR0_PRI;
	smmu->stall_model = (unsigned int)FIELD_GET(IDR0_STALL_MODEL, idr0);
	/* The SMMU writes where the CPU polls: into its cache. */
	smmu->sync_msi = smmu->msi && smmu->coherent;
	smmu->asid_bits = idr0 & IDR0_ASID16 ? 16 : 8;
	smmu->vmid_bits = idr0 & IDR0_VMID16 ? 16 : 8;
	smmu->ssid_bits = smmu->s1p ? min(20u, (u32)FIELD_GET(IDR1_SSIDSIZE,
							      idr1)) : 0;
	smmu->sid_bits = (unsigned int)FIELD_GET(IDR1_SIDSIZE, idr1);
	smmu->strtab.two_level =
		FIELD_GET(IDR0_ST_LEVEL, idr0) == IDR0_ST_LEVEL_2 &&
		arm_smmu_strtab_wants_2level(smmu);
	smmu->pgsizes = page_sizes(idr5);
	smmu->oas = oas_bits[FIELD_GET(IDR5_OAS, idr5)];
	smmu->cmdq.log2size = min(CMDQ_LOG2SIZE + 0u,
				  (u32)FIELD_GET(IDR1_CMDQS, idr1));
	smmu->evtq.log2size = min(EVTQ_LOG2SIZE + 0u,
				  (u32)FIELD_GET(IDR1_EVENTQS, idr1));
	smmu->priq.log2size = min(PRIQ_LOG2SIZE + 0u,
				  (u32)FIELD_GET(IDR1_PRIQS, idr1));
	if (smmu->sid_bits > 32) {
		dev_err(smmu->dev, "IDR1.SIDSIZE is %u\n", smmu->sid_bits);
		return -ENODEV;
	}

	show_features(smmu, aidr);
	return 0;
}
