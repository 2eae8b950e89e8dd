// SPDX-License-Identifier: MIT
/* Fault registers: what they say (IHI 0062 3.7, 3.8, 9.6.15, 16.5.9, 17.3.1). */

#include "arm-smmu.h"

#include <export.h>

struct text {
	char *buf;
	size_t size;
	size_t used;
};

#define add(t, fmt...)							\
	((t)->used += (size_t)scnprintf((t)->buf + (t)->used,		\
					(t)->size - (t)->used, fmt))

struct name {
	u32 bit;
	const char *name;
};

static const struct name fsr_names[] = {
	{ (u32)FSR_TF, "TF" }, { (u32)FSR_AFF, "AFF" }, { (u32)FSR_PF, "PF" },
	{ (u32)FSR_EF, "EF" }, { (u32)FSR_TLBMCF, "TLBMCF" },
	{ (u32)FSR_TLBLKF, "TLBLKF" }, { (u32)FSR_ASF, "ASF" },
	{ (u32)FSR_UUT, "UUT" }, { (u32)FSR_SS, "SS" },
	{ (u32)FSR_MULTI, "MULTI" },
};

static const struct name gfsr_names[] = {
	{ (u32)GFSR_ICF, "ICF" }, { (u32)GFSR_USF, "USF" },
	{ (u32)GFSR_SMCF, "SMCF" }, { (u32)GFSR_UCBF, "UCBF" },
	{ (u32)GFSR_UCIF, "UCIF" }, { (u32)GFSR_CAF, "CAF" },
	{ (u32)GFSR_EF, "EF" }, { (u32)GFSR_PF, "PF" },
	{ (u32)GFSR_UUT, "UUT" }, { (u32)GFSR_MULTI, "MULTI" },
};

static void add_names(struct text *t, u32 value, const struct name *names,
		      size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (value & names[i].bit)
			add(t, " %s", names[i].name);
}

/* 17.3.2: of which faults of stage 2 IPAFAR is told. */
static bool has_ipa(const struct smmu2_context_fault *f)
{
	const u32 walk = (u32)(FSYNR0_S2_NESTED | FSYNR0_S2_S1PTWF);

	if (!f->stage2)
		return false;
	if (f->fsr & (FSR_TF | FSR_AFF | FSR_EF | FSR_ASF))
		return true;
	return f->fsr & FSR_PF && (f->fsynr0 & walk) == walk;
}

/* Of a nested fault FAR is the VA; alone, stage 2 has an IPA as its input. */
static u64 ipa_of(const struct smmu2_context_fault *f)
{
	if (!(f->fsynr0 & FSYNR0_S2_NESTED))
		return f->far;
	return has_ipa(f) ? f->ipafar : 0;
}

/**
 * smmu2_format_context_fault - the fault registers of a context bank as text
 * @buf: filled
 * @size: of it
 * @f: the registers
 * @client: name of the device
 */
void smmu2_format_context_fault(char *buf, size_t size,
				const struct smmu2_context_fault *f,
				const char *client)
{
	struct text t = { buf, size, 0 };

	add(&t, "context fault:");
	add_names(&t, f->fsr, fsr_names, ARRAY_SIZE(fsr_names));
	add(&t, " client %s sid %#lx bank %u stage %d iova %#llx", client,
	    FIELD_GET(CBFRSYNRA_STREAMID, f->cbfrsynra), f->bank,
	    f->stage2 ? 2 : 1, f->far);
	if (f->stage2 && f->fsynr0 & FSYNR0_S2_NESTED) {
		add(&t, " nested in bank %lu",
		    FIELD_GET(FSYNR0_S2_S1CBNDX, f->fsynr0));
		if (f->fsynr0 & FSYNR0_S2_S1PTWF)
			add(&t, " walk of stage 1");
		if (has_ipa(f))
			add(&t, " ipa %#llx", f->ipafar);
	}
	add(&t, " %s %s %s level %lu", f->fsynr0 & FSYNR0_WNR ? "write" : "read",
	    f->fsynr0 & FSYNR0_PNU ? "priv" : "unpriv",
	    f->fsynr0 & FSYNR0_IND ? "inst" : "data",
	    FIELD_GET(FSYNR0_PLVL, f->fsynr0));
	if (f->fsynr0 & FSYNR0_PTWF)
		add(&t, " PTWF");
	if (f->fsynr0 & FSYNR0_AFR)
		add(&t, " AFR");
	add(&t, " fsr %#x fsynr0 %#x", f->fsr, f->fsynr0);
}
EXPORT_SYMBOL_GPL(smmu2_format_context_fault);

/**
 * smmu2_format_global_fault - the global fault registers as text
 * @buf: filled
 * @size: of it
 * @f: the registers
 * @client: name of the device
 *
 * A configuration access fault has no StreamID: GFAR is an offset in the
 * SMMU's registers (9.6.14). Of an external fault GFSR alone counts (3.8.1).
 */
void smmu2_format_global_fault(char *buf, size_t size,
			       const struct smmu2_global_fault *f,
			       const char *client)
{
	struct text t = { buf, size, 0 };

	add(&t, "global fault:");
	add_names(&t, f->gfsr, gfsr_names, ARRAY_SIZE(gfsr_names));
	if (f->gfsr & GFSR_CAF)
		add(&t, " register %#llx", f->gfar);
	else if (!(f->gfsr & GFSR_EF))
		add(&t, " client %s sid %#lx iova %#llx", client,
		    FIELD_GET(GFSYNR1_STREAMID, f->gfsynr1), f->gfar);
	if (!(f->gfsr & GFSR_EF))
		add(&t, " %s %s %s%s%s",
		    f->gfsynr0 & GFSYNR0_WNR ? "write" : "read",
		    f->gfsynr0 & GFSYNR0_PNU ? "priv" : "unpriv",
		    f->gfsynr0 & GFSYNR0_IND ? "inst" : "data",
		    f->gfsynr0 & GFSYNR0_NESTED ? " nested" : "",
		    f->gfsynr0 & GFSYNR0_ATS ? " ATS" : "");
	add(&t, " gfsr %#x gfsynr0 %#x", f->gfsr, f->gfsynr0);
}
EXPORT_SYMBOL_GPL(smmu2_format_global_fault);

static enum iommu_fault_type fault_type(u32 fsr)
{
	if (fsr & FSR_TF)
		return IOMMU_FAULT_TRANSLATION;
	if (fsr & FSR_ASF)
		return IOMMU_FAULT_ADDR_SIZE;
	if (fsr & FSR_AFF)
		return IOMMU_FAULT_ACCESS;
	if (fsr & FSR_PF)
		return IOMMU_FAULT_PERMISSION;
	return IOMMU_FAULT_OTHER;
}

/**
 * smmu2_read_context_fault - a context fault as the IOMMU core knows it
 * @f: the registers
 * @fault: filled, but for what answers it
 */
void smmu2_read_context_fault(const struct smmu2_context_fault *f,
			      struct iommu_fault *fault)
{
	memset(fault, 0, sizeof(*fault));
	fault->type = fault_type(f->fsr);
	fault->raw_type = f->fsr;
	fault->sid = (u32)FIELD_GET(CBFRSYNRA_STREAMID, f->cbfrsynra);
	fault->iova = f->far;
	fault->write = f->fsynr0 & FSYNR0_WNR;
	fault->priv = f->fsynr0 & FSYNR0_PNU;
	fault->exec = f->fsynr0 & FSYNR0_IND;
	fault->stage2 = f->stage2;
	if (f->stage2)
		/* Low bits are unknown, whatever they read (17.3.2). */
		fault->ipa = ipa_of(f) & ~0xfffULL;
	fault->stalled = f->fsr & FSR_SS;
}
EXPORT_SYMBOL_GPL(smmu2_read_context_fault);

/**
 * smmu2_read_global_fault - a global fault as the IOMMU core knows it
 * @f: the registers, of a fault that has a StreamID
 * @fault: filled
 */
void smmu2_read_global_fault(const struct smmu2_global_fault *f,
			     struct iommu_fault *fault)
{
	memset(fault, 0, sizeof(*fault));
	fault->type = IOMMU_FAULT_OTHER;
	fault->raw_type = f->gfsr;
	fault->sid = (u32)FIELD_GET(GFSYNR1_STREAMID, f->gfsynr1);
	fault->iova = f->gfar;
	fault->write = f->gfsynr0 & GFSYNR0_WNR;
	fault->priv = f->gfsynr0 & GFSYNR0_PNU;
	fault->exec = f->gfsynr0 & GFSYNR0_IND;
	fault->stage2 = f->gfsynr0 & GFSYNR0_NESTED;
}
EXPORT_SYMBOL_GPL(smmu2_read_global_fault);
