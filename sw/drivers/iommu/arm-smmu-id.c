// SPDX-License-Identifier: MIT
/* ID registers (IHI 0062 9.6.1): what the driver makes of them. */

#include "arm-smmu.h"

#include <export.h>
#include <sizes.h>

const char *const smmu2_format_names[SMMU2_NUM_FORMATS] = {
	"aarch64", "aarch32-l", "aarch32-s",
};

/* IDR2.IAS and OAS; UBS differs where it says so. */
static unsigned int address_bits(u32 code)
{
	static const u8 bits[] = { 32, 36, 40, 42, 44, 48 };

	return code < ARRAY_SIZE(bits) ? bits[code] : 48;
}

/* Of TTBR0's half: a bus of 49 bits has the sign in the topmost (1.6.4). */
static unsigned int input_bits(u32 ubs)
{
	return ubs == IDR2_UBS_49 || ubs == IDR2_UBS_64 ? 48 :
							  address_bits(ubs);
}

static unsigned long aarch64_pgsizes(const struct smmu2_device *smmu, u32 idr2)
{
	unsigned long sizes = 0;

	/* SMMUv1 has no such bits; its product says what there is. */
	if (smmu->model->version == SMMU2_V1)
		return 0;
	if (smmu->model->version == SMMU2_V1_64K)
		return SZ_64K | SZ_512M;
	if (idr2 & IDR2_PTFSV8_4K)
		sizes |= SZ_4K | SZ_2M | SZ_1G;
	if (idr2 & IDR2_PTFSV8_16K)
		sizes |= SZ_16K | SZ_32M;
	if (idr2 & IDR2_PTFSV8_64K)
		sizes |= SZ_64K | SZ_512M;
	return sizes;
}

static void read_formats(struct smmu2_device *smmu, u32 idr0, u32 idr2)
{
	u32 ptfs = (u32)FIELD_GET(IDR0_PTFS, idr0);

	/* In SMMUv1 bit 25 is reserved. */
	if (smmu->model->version != SMMU2_V2)
		ptfs &= 1;
	smmu->pgsizes = aarch64_pgsizes(smmu, idr2);
	if (smmu->pgsizes)
		smmu->formats |= BIT(SMMU2_AARCH64);
	if (ptfs == IDR0_PTFS_V7S_V7L || ptfs == IDR0_PTFS_V7L)
		smmu->formats |= BIT(SMMU2_AARCH32_L);
	if (ptfs == IDR0_PTFS_V7S_V7L)
		smmu->formats |= BIT(SMMU2_AARCH32_S);
}

static int read_streams(struct smmu2_device *smmu, u32 idr0)
{
	unsigned int bits = (unsigned int)FIELD_GET(IDR0_NUMSIDB, idr0);

	smmu->stream_match = idr0 & IDR0_SMS;
	smmu->exid = smmu->stream_match && idr0 & IDR0_EXIDS &&
		     smmu->model->version == SMMU2_V2;
	if (smmu->exid)
		bits = 16;
	smmu->stream_ids = (1u << bits) - 1;
	/* 2.3.8: without stream matching the StreamID is the index. NUMSMRG
	 * is of the match table, which is not there: 0 says nothing.
	 */
	smmu->num_streams = (u32)FIELD_GET(IDR0_NUMSMRG, idr0);
	if (!smmu->stream_match)
		smmu->num_streams = min(1u << bits, smmu->num_streams ?
						    smmu->num_streams :
						    SMMU2_MAX_STREAMS);
	if (!smmu->num_streams) {
		dev_err(smmu->dev, "has no Stream mapping register groups (IDR0.NUMSMRG)\n");
		return -ENODEV;
	}
	smmu->num_streams = min(smmu->num_streams, SMMU2_MAX_STREAMS + 0u);
	return 0;
}

static int read_banks(struct smmu2_device *smmu, u32 idr1, size_t window)
{
	unsigned int pages;
	size_t bytes;

	smmu->page_shift = idr1 & IDR1_PAGESIZE ? 16 : 12;
	/* 8.1: as many pages for banks as for global registers. */
	pages = 2u << FIELD_GET(IDR1_NUMPAGENDXB, idr1);
	smmu->cb_page = pages;
	bytes = (size_t)2 * pages << smmu->page_shift;
	if (window < bytes) {
		dev_err(smmu->dev, "%#zx bytes of registers, but IDR1 (NUMPAGENDXB, PAGESIZE) says %#zx\n",
			window, bytes);
		return -EINVAL;
	}
	if (window > bytes)
		dev_warn(smmu->dev, "%#zx bytes of registers, IDR1 (NUMPAGENDXB, PAGESIZE) says %#zx\n",
			 window, bytes);

	smmu->num_banks = (u32)FIELD_GET(IDR1_NUMCB, idr1);
	smmu->num_s2_banks = (u32)FIELD_GET(IDR1_NUMS2CB, idr1);
	if (smmu->num_s2_banks > smmu->num_banks ||
	    smmu->num_banks > min(SMMU2_MAX_BANKS + 0u, pages)) {
		dev_err(smmu->dev, "%u context banks, %u of them for stage 2 alone, in %u pages\n",
			smmu->num_banks, smmu->num_s2_banks, pages);
		return -ENODEV;
	}
	/* The field counts only where there is stage 2. */
	if (!smmu->stage2)
		smmu->num_s2_banks = 0;
	if (smmu->stage1 && smmu->num_banks &&
	    smmu->num_s2_banks == smmu->num_banks) {
		dev_warn(smmu->dev, "all context banks are for stage 2 alone (IDR1.NUMS2CB): there is no stage 1\n");
		smmu->stage1 = false;
		smmu->nested = false;
	}
	return 0;
}

static void read_sizes(struct smmu2_device *smmu, u32 idr2)
{
	smmu->ipa_bits = address_bits((u32)FIELD_GET(IDR2_IAS, idr2));
	smmu->pa_bits = address_bits((u32)FIELD_GET(IDR2_OAS, idr2));
	if (smmu->model->version == SMMU2_V2) {
		smmu->va_bits = input_bits((u32)FIELD_GET(IDR2_UBS, idr2));
		smmu->vmid16 = idr2 & IDR2_VMID16S;
		return;
	}
	/* SMMUv1: 1.1.4, and UBS is reserved. */
	smmu->va_bits = smmu->model->version == SMMU2_V1 ? 32 : smmu->ipa_bits;
}

/**
 * smmu2_read_features - what the SMMU is, and whether that is enough
 * @smmu: its device, registers and model are there; the rest is filled, as far
 *	  as the ID registers say it
 * @window: bytes of registers that the device tree gives
 *
 * Return: 0; -ENODEV or -EINVAL after a message.
 */
int smmu2_read_features(struct smmu2_device *smmu, size_t window)
{
	/* Page 0 is first, whatever the size of pages. */
	u32 idr0 = readl(smmu->base + SMMU_IDR0);
	u32 idr1 = readl(smmu->base + SMMU_IDR1);
	u32 idr2 = readl(smmu->base + SMMU_IDR2);
	int ret;

	smmu->stage1 = idr0 & IDR0_S1TS;
	smmu->stage2 = idr0 & IDR0_S2TS;
	smmu->nested = smmu->stage1 && smmu->stage2 && idr0 & IDR0_NTS;
	if (!smmu->stage1 && !smmu->stage2) {
		dev_err(smmu->dev, "not usable without a stage of translation (IDR0.S1TS, S2TS)\n");
		return -ENODEV;
	}
	smmu->coherent = idr0 & IDR0_CTTW;
	smmu->btm = idr0 & IDR0_BTM;
	/* 3.6.2: 1 says in SMMUv2 that each bank has an interrupt. */
	smmu->numirpt = (u32)FIELD_GET(IDR0_NUMIRPT, idr0);
	if (smmu->model->version == SMMU2_V2 && smmu->numirpt <= 1)
		smmu->numirpt = 0;
	ret = read_streams(smmu, idr0);
	if (!ret)
		ret = read_banks(smmu, idr1, window);
	if (ret)
		return ret;
	read_sizes(smmu, idr2);
	read_formats(smmu, idr0, idr2);
	if (!smmu->formats) {
		dev_err(smmu->dev, "not usable without a translation scheme (IDR0.PTFS, IDR2.PTFSv8)\n");
		return -ENODEV;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(smmu2_read_features);

/* Stage 2 has no short descriptors (IHI 0062 17.1), but it has the long ones
 * wherever there are any.
 */
enum smmu2_format smmu2_stage2_format(const struct smmu2_device *smmu)
{
	if (smmu->format != SMMU2_AARCH32_S)
		return smmu->format;
	return smmu->formats & BIT(SMMU2_AARCH32_L) ? SMMU2_AARCH32_L :
						      SMMU2_AARCH64;
}

/**
 * smmu2_format_bits - the addresses of one stage
 * @smmu: its features are known
 * @format: of that stage
 * @s2: stage 2
 * @ias: bits of its input
 * @oas: of its output; of short descriptors that of supersections
 */
void smmu2_format_bits(const struct smmu2_device *smmu,
		       enum smmu2_format format, bool s2,
		       unsigned int *ias, unsigned int *oas)
{
	*ias = s2 ? smmu->ipa_bits : smmu->va_bits;
	/* Without stage 2 an IPA is an output address (1.6.1, Table 3-3). */
	*oas = s2 ? smmu->pa_bits : min(smmu->ipa_bits, smmu->pa_bits);
	if (format == SMMU2_AARCH64)
		return;
	*ias = min(*ias, s2 ? 40u : 32u);
	*oas = min(*oas, 40u);
}

/**
 * smmu2_bits_in_use - the addresses of the formats in use
 * @smmu: its format is chosen
 * @bits: filled
 */
void smmu2_bits_in_use(const struct smmu2_device *smmu,
		       struct smmu2_bits *bits)
{
	smmu2_format_bits(smmu, smmu->format, !smmu->stage1, &bits->input,
			  &bits->output);
	bits->ipa = smmu->stage1 ? bits->output : bits->input;
	if (smmu->stage1 && smmu->stage2)
		smmu2_format_bits(smmu, smmu2_stage2_format(smmu), true,
				  &bits->ipa, &bits->output);
}

/**
 * smmu2_choose_format - the translation scheme of stage 1
 * @smmu: its features are known
 * @wanted: a name, or NULL or "": the first that it has
 *
 * Stage 2 has no short descriptors: it takes the first of the others, which is
 * the format where there is no stage 1.
 *
 * Return: 0; -EINVAL after a message: there is none of that name, or the SMMU
 * has not got it.
 */
int smmu2_choose_format(struct smmu2_device *smmu, const char *wanted)
{
	unsigned int f;

	for (f = 0; f < SMMU2_NUM_FORMATS; f++) {
		if (wanted && *wanted && strcmp(wanted, smmu2_format_names[f]))
			continue;
		if (smmu->formats & BIT(f)) {
			smmu->format = (enum smmu2_format)f;
			if (!smmu->stage1)
				smmu->format = smmu2_stage2_format(smmu);
			return 0;
		}
	}
	dev_err(smmu->dev, "format %s: the SMMU has%s%s%s\n", wanted,
		smmu->formats & BIT(SMMU2_AARCH64) ? " aarch64" : "",
		smmu->formats & BIT(SMMU2_AARCH32_L) ? " aarch32-l" : "",
		smmu->formats & BIT(SMMU2_AARCH32_S) ? " aarch32-s" : "");
	return -EINVAL;
}
EXPORT_SYMBOL_GPL(smmu2_choose_format);

void smmu2_show_features(const struct smmu2_device *smmu)
{
	struct smmu2_bits bits;

	smmu2_bits_in_use(smmu, &bits);
	dev_info(smmu->dev, "SMMUv%d, %s%s%s%s, %u context banks (%u for stage 2 alone), %u %s, %s%s\n",
		 smmu->model->version == SMMU2_V2 ? 2 : 1,
		 smmu->stage1 ? "stage 1" : "",
		 smmu->stage1 && smmu->stage2 ? ", " : "",
		 smmu->stage2 ? "stage 2" : "",
		 smmu->nested ? ", nested" : "", smmu->num_banks,
		 smmu->num_s2_banks, smmu->num_streams,
		 smmu->stream_match ? "stream mapping groups" :
				      "indexed streams",
		 smmu->coherent ? "coherent" : "not coherent",
		 smmu->stall_model == SMMU2_STALL_NONE ? "" : ", stalls");
	dev_info(smmu->dev, "%s, StreamIDs %#x under masks %#x, input %u, intermediate %u, output %u bits\n",
		 smmu2_format_names[smmu->format], smmu->stream_ids,
		 smmu->smr_mask, bits.input, bits.ipa, bits.output);
}
