// Fields of the registers of translation context banks (IHI 0062 16.5, 17.3). PAR is in global_fields.h.
#pragma once

#include "smmuvp/smmuv2/field_values.h"

namespace smmuvp::smmuv2 {

// Both formats of SCTLR. In stage 2, AFE and TRE are fixed.
inline constexpr Field SCTLR_M{"M", 0, 0, "IHI 0062 16.5.29", "the context bank translates"};
inline constexpr Field SCTLR_TRE{"TRE", 1, 1, "IHI 0062 16.5.29", "TEX remap; only short descriptors"};
inline constexpr Field SCTLR_AFE{"AFE", 2, 2, "IHI 0062 16.5.29",
                                 "AP[0] is the Access flag; only short descriptors"};
inline constexpr Field SCTLR_AFFD{"AFFD", 3, 3, "IHI 0062 16.5.29", "no Access flag faults"};
inline constexpr Field SCTLR_E{"E", 4, 4, "IHI 0062 16.5.29", "big-endian tables"};
inline constexpr Field SCTLR_CFRE{"CFRE", 5, 5, "IHI 0062 16.5.29", "context faults abort"};
inline constexpr Field SCTLR_CFIE{"CFIE", 6, 6, "IHI 0062 16.5.29", "context faults interrupt"};
inline constexpr Field SCTLR_CFCFG{"CFCFG", 7, 7, "IHI 0062 16.5.29", "context faults stall"};
inline constexpr Field SCTLR_HUPCF{"HUPCF", 8, 8, "IHI 0062 16.5.29",
                                   "transactions go on beside an outstanding fault"};
inline constexpr Field SCTLR_WXN{"WXN", 9, 9, "IHI 0062 16.5.29", "writable memory is not executable"};
inline constexpr Field SCTLR_UWXN{"UWXN", 10, 10, "IHI 0062 16.5.29",
                                  "memory that unprivileged accesses may write is not executable"};
inline constexpr Field SCTLR_ASIDPNE{"ASIDPNE", 12, 12, "IHI 0062 16.5.29",
                                     "ASIDs are a private namespace: a hint"};
inline constexpr Field SCTLR_PTW{"PTW", 13, 13, "IHI 0062 17.3.3", "stage 1 walks from Device memory fault"};
inline constexpr Field SCTLR_TRANSIENTCFG =
    Field{"TRANSIENTCFG", 15, 14, "IHI 0062 16.5.29", ""}.one_of(transient_values);
inline constexpr Field SCTLR_BSU = Field{"BSU", 15, 14, "IHI 0062 17.3.3", ""}.one_of(barrier_values);
inline constexpr Field SCTLR_MemAttr =
    Field{"MemAttr", 19, 16, "IHI 0062 16.5.29", "of transactions that are not translated"}.as(
        FieldUse::code);
inline constexpr Field SCTLR_MTCFG{"MTCFG", 20, 20, "IHI 0062 16.5.29", "MemAttr counts"};
inline constexpr Field SCTLR_FB{"FB", 21, 21, "IHI 0062 17.3.3",
                                "maintenance is broadcast to the Inner Shareable domain"};
inline constexpr Field SCTLR_SHCFG =
    Field{"SHCFG", 23, 22, "IHI 0062 16.5.29", ""}.one_of(shareability_values);
inline constexpr Field SCTLR_SHCFG_stage2 =
    Field{"SHCFG", 23, 22, "IHI 0062 17.3.3", ""}.one_of(stage2_shareability_values);
inline constexpr Field SCTLR_RACFG =
    Field{"RACFG", 25, 24, "IHI 0062 16.5.29", ""}.one_of(read_allocate_values);
inline constexpr Field SCTLR_WACFG =
    Field{"WACFG", 27, 26, "IHI 0062 16.5.29", ""}.one_of(write_allocate_values);
inline constexpr Field SCTLR_NSCFG = Field{"NSCFG", 29, 28, "IHI 0062 16.5.29", ""}.one_of(non_secure_values);
inline constexpr Field SCTLR_UCI{"UCI", 30, 30, "IHI 0062 16.5.29",
                                 "unprivileged cache maintenance; only AArch64"};
inline constexpr const Field* SCTLR_stage1_fields[] = {
    &SCTLR_M,     &SCTLR_TRE,     &SCTLR_AFE,          &SCTLR_AFFD,    &SCTLR_E,
    &SCTLR_CFRE,  &SCTLR_CFIE,    &SCTLR_CFCFG,        &SCTLR_HUPCF,   &SCTLR_WXN,
    &SCTLR_UWXN,  &SCTLR_ASIDPNE, &SCTLR_TRANSIENTCFG, &SCTLR_MemAttr, &SCTLR_MTCFG,
    &SCTLR_SHCFG, &SCTLR_RACFG,   &SCTLR_WACFG,        &SCTLR_NSCFG,   &SCTLR_UCI};
inline constexpr StructureInfo SCTLR_stage1_format{"SMMU_CBn_SCTLR", "System Control Register, stage 1",
                                                   "IHI 0062 16.5.29", 4, SCTLR_stage1_fields};
inline constexpr const Field* SCTLR_stage2_fields[] = {
    &SCTLR_M,    &SCTLR_TRE,          &SCTLR_AFE,   &SCTLR_AFFD, &SCTLR_E,   &SCTLR_CFRE,
    &SCTLR_CFIE, &SCTLR_CFCFG,        &SCTLR_HUPCF, &SCTLR_PTW,  &SCTLR_BSU, &SCTLR_MemAttr,
    &SCTLR_FB,   &SCTLR_SHCFG_stage2, &SCTLR_RACFG, &SCTLR_WACFG};
inline constexpr StructureInfo SCTLR_stage2_format{"SMMU_CBn_SCTLR", "System Control Register, stage 2",
                                                   "IHI 0062 17.3.3", 4, SCTLR_stage2_fields};
// MMU-500 (ARM DDI 0517 3.7.1)
inline constexpr Field ACTLR_CMTLB{"CMTLB", 0, 0, "IHI 0062 16.5.1", "macro TLB"};
inline constexpr Field ACTLR_CPRE{"CPRE", 1, 1, "IHI 0062 16.5.1", "prefetch"};
inline constexpr const Field* ACTLR_mmu500_fields[] = {&ACTLR_CMTLB, &ACTLR_CPRE};
inline constexpr StructureInfo ACTLR_mmu500_format{"SMMU_CBn_ACTLR", "Auxiliary Control Register of MMU-500",
                                                   "IHI 0062 16.5.1", 4, ACTLR_mmu500_fields};
inline constexpr Field RESUME_TnR{"TnR", 0, 0, "IHI 0062 16.5.28", "terminate; 0: retry"};
inline constexpr const Field* RESUME_fields[] = {&RESUME_TnR};
inline constexpr StructureInfo RESUME_format{"SMMU_CBn_RESUME", "Transaction Resume register",
                                             "IHI 0062 16.5.28", 4, RESUME_fields};

// All formats of TCR; a name without more is that of the AArch64 format, or of several.
inline constexpr Field TCR_T0SZ_short{"T0SZ", 2, 0, "IHI 0062 16.5.38", ""};
inline constexpr Field TCR_T0SZ = Field{"T0SZ", 5, 0, "IHI 0062 16.5.38", ""}.as(FieldUse::region_size);
inline constexpr Field TCR_T0SZ_stage2_32{"T0SZ", 3, 0, "IHI 0062 17.3.8",
                                          "signed: inputs of 32 - T0SZ bits"};
inline constexpr Field TCR_PD0{"PD0", 4, 4, "IHI 0062 16.5.38", "no walks of TTBR0"};
inline constexpr Field TCR_PD1{"PD1", 5, 5, "IHI 0062 16.5.38", "no walks of TTBR1"};
inline constexpr Field TCR_SL0 =
    Field{"SL0", 7, 6, "IHI 0062 17.3.8", "start level, by granule"}.as(FieldUse::code);
inline constexpr Field TCR_EPD0{"EPD0", 7, 7, "IHI 0062 16.5.38", "no walks of TTBR0"};
inline constexpr Field TCR_IRGN0 =
    Field{"IRGN0", 9, 8, "IHI 0062 16.5.38", ""}.one_of(walk_cacheability_values);
inline constexpr Field TCR_ORGN0 =
    Field{"ORGN0", 11, 10, "IHI 0062 16.5.38", ""}.one_of(walk_cacheability_values);
inline constexpr Field TCR_SH0 =
    Field{"SH0", 13, 12, "IHI 0062 16.5.38", ""}.one_of(walk_shareability_values);
inline constexpr Field TCR_NSCFG0{"NSCFG0", 14, 14, "IHI 0062 16.5.38",
                                  "walks of TTBR0 are Non-secure; of a Secure context bank"};
inline constexpr Field TCR_TG0 = Field{"TG0", 15, 14, "IHI 0062 16.5.38", ""}.one_of(TG0_values);
inline constexpr Field TCR_PASize =
    Field{"PASize", 18, 16, "IHI 0062 17.3.8", ""}.one_of(address_size_values);
inline constexpr Field TCR_T1SZ_long{"T1SZ", 18, 16, "IHI 0062 16.5.38", ""};
inline constexpr Field TCR_T1SZ = Field{"T1SZ", 21, 16, "IHI 0062 16.5.38", ""}.as(FieldUse::region_size);
inline constexpr Field TCR_HA{"HA", 21, 21, "IHI 0062 17.3.8", "hardware updates the Access flag"};
inline constexpr Field TCR_HD{"HD", 22, 22, "IHI 0062 17.3.8", "hardware updates dirty state"};
inline constexpr Field TCR_A1{"A1", 22, 22, "IHI 0062 16.5.38", "the ASID is that of TTBR1"};
inline constexpr Field TCR_EPD1{"EPD1", 23, 23, "IHI 0062 16.5.38", "no walks of TTBR1"};
inline constexpr Field TCR_IRGN1 =
    Field{"IRGN1", 25, 24, "IHI 0062 16.5.38", ""}.one_of(walk_cacheability_values);
inline constexpr Field TCR_ORGN1 =
    Field{"ORGN1", 27, 26, "IHI 0062 16.5.38", ""}.one_of(walk_cacheability_values);
inline constexpr Field TCR_SH1 =
    Field{"SH1", 29, 28, "IHI 0062 16.5.38", ""}.one_of(walk_shareability_values);
inline constexpr Field TCR_NSCFG1{"NSCFG1", 30, 30, "IHI 0062 16.5.38",
                                  "walks of TTBR1 are Non-secure; of a Secure context bank"};
inline constexpr Field TCR_EAE{"EAE", 31, 31, "IHI 0062 16.5.38", "long descriptors"};
inline constexpr Field TCR_TG1 = Field{"TG1", 31, 30, "IHI 0062 16.5.38", ""}.one_of(TG1_values);
inline constexpr const Field* TCR_short_fields[] = {&TCR_T0SZ_short, &TCR_PD0,    &TCR_PD1,
                                                    &TCR_NSCFG0,     &TCR_NSCFG1, &TCR_EAE};
inline constexpr StructureInfo TCR_short_format{"SMMU_CBn_TCR",
                                                "Translation Control Register, short descriptors",
                                                "IHI 0062 16.5.38", 4, TCR_short_fields};
inline constexpr const Field* TCR_long_fields[] = {
    &TCR_T0SZ_short, &TCR_EPD0, &TCR_IRGN0, &TCR_ORGN0, &TCR_SH0, &TCR_NSCFG0, &TCR_T1SZ_long,
    &TCR_A1,         &TCR_EPD1, &TCR_IRGN1, &TCR_ORGN1, &TCR_SH1, &TCR_NSCFG1, &TCR_EAE};
inline constexpr StructureInfo TCR_long_format{"SMMU_CBn_TCR",
                                               "Translation Control Register, AArch32 long descriptors",
                                               "IHI 0062 16.5.38", 4, TCR_long_fields};
inline constexpr const Field* TCR_64_fields[] = {&TCR_T0SZ,  &TCR_EPD0, &TCR_IRGN0, &TCR_ORGN0, &TCR_SH0,
                                                 &TCR_TG0,   &TCR_T1SZ, &TCR_A1,    &TCR_EPD1,  &TCR_IRGN1,
                                                 &TCR_ORGN1, &TCR_SH1,  &TCR_TG1};
inline constexpr StructureInfo TCR_64_format{"SMMU_CBn_TCR", "Translation Control Register, AArch64",
                                             "IHI 0062 16.5.38", 4, TCR_64_fields};
inline constexpr const Field* TCR_stage2_32_fields[] = {&TCR_T0SZ_stage2_32, &TCR_SL0, &TCR_IRGN0,
                                                        &TCR_ORGN0,          &TCR_SH0, &TCR_EAE};
inline constexpr StructureInfo TCR_stage2_32_format{"SMMU_CBn_TCR",
                                                    "Translation Control Register, stage 2, AArch32",
                                                    "IHI 0062 17.3.8", 4, TCR_stage2_32_fields};
inline constexpr const Field* TCR_stage2_64_fields[] = {
    &TCR_T0SZ, &TCR_SL0, &TCR_IRGN0, &TCR_ORGN0, &TCR_SH0, &TCR_TG0, &TCR_PASize, &TCR_HA, &TCR_HD};
inline constexpr StructureInfo TCR_stage2_64_format{"SMMU_CBn_TCR",
                                                    "Translation Control Register, stage 2, AArch64",
                                                    "IHI 0062 17.3.8", 4, TCR_stage2_64_fields};
inline constexpr Field TCR2_PASize =
    Field{"PASize", 2, 0, "IHI 0062 16.5.39", ""}.one_of(address_size_values);
inline constexpr Field TCR2_AS{"AS", 4, 4, "IHI 0062 16.5.39", "16-bit ASIDs"};
inline constexpr Field TCR2_TBI0{"TBI0", 5, 5, "IHI 0062 16.5.39", "the top byte does not count, with TTBR0"};
inline constexpr Field TCR2_TBI1{"TBI1", 6, 6, "IHI 0062 16.5.39", "the top byte does not count, with TTBR1"};
inline constexpr Field TCR2_HAD0{"HAD0", 8, 8, "IHI 0062 16.5.39", "no hierarchical attributes, with TTBR0"};
inline constexpr Field TCR2_HAD1{"HAD1", 9, 9, "IHI 0062 16.5.39", "no hierarchical attributes, with TTBR1"};
inline constexpr Field TCR2_HA{"HA", 10, 10, "IHI 0062 16.5.39", "hardware updates the Access flag"};
inline constexpr Field TCR2_HD{"HD", 11, 11, "IHI 0062 16.5.39", "hardware updates dirty state"};
inline constexpr Field TCR2_NSCFG0{"NSCFG0", 14, 14, "IHI 0062 16.5.39",
                                   "walks of TTBR0 are Non-secure; of a Secure context bank"};
inline constexpr Field TCR2_SEP = Field{"SEP", 17, 15, "IHI 0062 16.5.39", ""}.one_of(SEP_values);
inline constexpr Field TCR2_NSCFG1{"NSCFG1", 30, 30, "IHI 0062 16.5.39",
                                   "walks of TTBR1 are Non-secure; of a Secure context bank"};
inline constexpr const Field* TCR2_fields[] = {&TCR2_PASize, &TCR2_AS,   &TCR2_TBI0,  &TCR2_TBI1,
                                               &TCR2_HAD0,   &TCR2_HAD1, &TCR2_HA,    &TCR2_HD,
                                               &TCR2_NSCFG0, &TCR2_SEP,  &TCR2_NSCFG1};
inline constexpr StructureInfo TCR2_format{"SMMU_CBn_TCR2", "Translation Control Register 2",
                                           "IHI 0062 16.5.39", 4, TCR2_fields};

// All formats of TTBR0 and TTBR1.
inline constexpr Field TTBR_IRGN1{"IRGN[1]", 0, 0, "IHI 0062 16.5.40", "inner cacheability, high bit"};
inline constexpr Field TTBR_S{"S", 1, 1, "IHI 0062 16.5.40", "Shareable"};
inline constexpr Field TTBR_IMP =
    Field{"IMP", 2, 2, "IHI 0062 16.5.40", ""}.as(FieldUse::implementation_defined);
inline constexpr Field TTBR_RGN = Field{"RGN", 4, 3, "IHI 0062 16.5.40", ""}.one_of(walk_cacheability_values);
inline constexpr Field TTBR_NOS{"NOS", 5, 5, "IHI 0062 16.5.40", "not Outer Shareable"};
inline constexpr Field TTBR_IRGN0{"IRGN[0]", 6, 6, "IHI 0062 16.5.40", "inner cacheability, low bit"};
inline constexpr Field TTBR_base_short =
    Field{"Translation table base address", 31, 7, "IHI 0062 16.5.40", "tables, from bit 14 - N on"}
        .address_from(7);
inline constexpr Field TTBR_base =
    Field{"Base address", 47, 3, "IHI 0062 16.5.40", "tables; bits below their size do not count"}
        .address_from(3);
inline constexpr Field TTBR_ASID_long =
    Field{"ASID", 55, 48, "IHI 0062 16.5.40", ""}.as(FieldUse::identifier);
inline constexpr Field TTBR_ASID =
    Field{"ASID", 63, 48, "IHI 0062 16.5.40", "with TCR2.AS 0, bits [55:48]"}.as(FieldUse::identifier);
inline constexpr const Field* TTBR_short_fields[] = {&TTBR_IRGN1, &TTBR_S,     &TTBR_IMP,       &TTBR_RGN,
                                                     &TTBR_NOS,   &TTBR_IRGN0, &TTBR_base_short};
inline constexpr StructureInfo TTBR_short_format{"SMMU_CBn_TTBRm",
                                                 "Translation Table Base Registers, short descriptors",
                                                 "IHI 0062 16.5.40", 8, TTBR_short_fields};
inline constexpr const Field* TTBR_long_fields[] = {&TTBR_base, &TTBR_ASID_long};
inline constexpr StructureInfo TTBR_long_format{"SMMU_CBn_TTBRm",
                                                "Translation Table Base Registers, AArch32 long descriptors",
                                                "IHI 0062 16.5.40", 8, TTBR_long_fields};
inline constexpr const Field* TTBR_64_fields[] = {&TTBR_base, &TTBR_ASID};
inline constexpr StructureInfo TTBR_64_format{"SMMU_CBn_TTBRm", "Translation Table Base Registers, AArch64",
                                              "IHI 0062 16.5.40", 8, TTBR_64_fields};
inline constexpr const Field* TTBR0_stage2_fields[] = {&TTBR_base};
inline constexpr StructureInfo TTBR0_stage2_format{
    "SMMU_CBn_TTBR0", "Translation Table Base Register, stage 2", "IHI 0062 17.3.9", 8, TTBR0_stage2_fields};

inline constexpr Field MAIR0_Attr =
    Field{"Attr0 to Attr3", 31, 0, "IHI 0062 16.5.12", "memory attributes 0 to 3"}.as(FieldUse::memory_types);
inline constexpr const Field* MAIR0_fields[] = {&MAIR0_Attr};
inline constexpr StructureInfo MAIR0_format{"SMMU_CBn_MAIR0", "Memory Attribute Indirection Register 0",
                                            "IHI 0062 16.5.12", 4, MAIR0_fields};
inline constexpr Field MAIR1_Attr =
    Field{"Attr4 to Attr7", 31, 0, "IHI 0062 16.5.12", "memory attributes 4 to 7"}.as(FieldUse::memory_types);
inline constexpr const Field* MAIR1_fields[] = {&MAIR1_Attr};
inline constexpr StructureInfo MAIR1_format{"SMMU_CBn_MAIR1", "Memory Attribute Indirection Register 1",
                                            "IHI 0062 16.5.12", 4, MAIR1_fields};
inline constexpr Field PRRR_TR =
    Field{"TR", 15, 0, "IHI 0062 16.5.27", "memory type by TEX[0], C, B"}.one_of(TR_values).array_of(8);
inline constexpr Field PRRR_DS0{"DS0", 16, 16, "IHI 0062 16.5.27", "Device memory with S 0 is Shareable"};
inline constexpr Field PRRR_DS1{"DS1", 17, 17, "IHI 0062 16.5.27", "Device memory with S 1 is Shareable"};
inline constexpr Field PRRR_NS0{"NS0", 18, 18, "IHI 0062 16.5.27", "Normal memory with S 0 is Shareable"};
inline constexpr Field PRRR_NS1{"NS1", 19, 19, "IHI 0062 16.5.27", "Normal memory with S 1 is Shareable"};
inline constexpr Field PRRR_NOS =
    Field{"NOS", 31, 24, "IHI 0062 16.5.27", "not Outer Shareable by TEX[0], C, B"}
        .one_of(NOS_values)
        .array_of(8);
inline constexpr const Field* PRRR_fields[] = {&PRRR_TR,  &PRRR_DS0, &PRRR_DS1,
                                               &PRRR_NS0, &PRRR_NS1, &PRRR_NOS};
inline constexpr StructureInfo PRRR_format{"SMMU_CBn_PRRR", "Primary Region Remap Register",
                                           "IHI 0062 16.5.27", 4, PRRR_fields};
inline constexpr Field NMRR_IR = Field{"IR", 15, 0, "IHI 0062 16.5.13", "inner cacheability by TEX[0], C, B"}
                                     .one_of(walk_cacheability_values)
                                     .array_of(8);
inline constexpr Field NMRR_OR = Field{"OR", 31, 16, "IHI 0062 16.5.13", "outer cacheability by TEX[0], C, B"}
                                     .one_of(walk_cacheability_values)
                                     .array_of(8);
inline constexpr const Field* NMRR_fields[] = {&NMRR_IR, &NMRR_OR};
inline constexpr StructureInfo NMRR_format{"SMMU_CBn_NMRR", "Normal Memory Remap Register",
                                           "IHI 0062 16.5.13", 4, NMRR_fields};
inline constexpr Field CONTEXTIDR_ASID = Field{"ASID", 7, 0, "IHI 0062 16.5.7", ""}.as(FieldUse::identifier);
inline constexpr Field CONTEXTIDR_PROCID_short =
    Field{"PROCID", 31, 8, "IHI 0062 16.5.7", ""}.as(FieldUse::software);
inline constexpr Field CONTEXTIDR_PROCID =
    Field{"PROCID", 31, 0, "IHI 0062 16.5.7", ""}.as(FieldUse::software);
inline constexpr const Field* CONTEXTIDR_short_fields[] = {&CONTEXTIDR_ASID, &CONTEXTIDR_PROCID_short};
inline constexpr StructureInfo CONTEXTIDR_short_format{"SMMU_CBn_CONTEXTIDR",
                                                       "Context Identification Register, short descriptors",
                                                       "IHI 0062 16.5.7", 4, CONTEXTIDR_short_fields};
inline constexpr const Field* CONTEXTIDR_long_fields[] = {&CONTEXTIDR_PROCID};
inline constexpr StructureInfo CONTEXTIDR_long_format{
    "SMMU_CBn_CONTEXTIDR", "Context Identification Register, long descriptors and AArch64", "IHI 0062 16.5.7",
    4, CONTEXTIDR_long_fields};

inline constexpr Field ATS1_Addr =
    Field{"Addr", 63, 12, "IHI 0062 16.5.2", "input address; in SMMUv1 up to bit 31"}.address_from(12);
inline constexpr const Field* ATS1_fields[] = {&ATS1_Addr};
inline constexpr StructureInfo ATS1_format{"SMMU_CBn_ATS1", "Address Translation Stage 1", "IHI 0062 16.5.2",
                                           8, ATS1_fields};
inline constexpr Field ATSR_ACTIVE{"ACTIVE", 0, 0, "IHI 0062 16.5.6", "PAR is yet to be written"};
inline constexpr const Field* ATSR_fields[] = {&ATSR_ACTIVE};
inline constexpr StructureInfo ATSR_format{"SMMU_CBn_ATSR", "Address Translation Status Register",
                                           "IHI 0062 16.5.6", 4, ATSR_fields};

inline constexpr Field FSR_TF{"TF", 1, 1, "IHI 0062 16.5.9", "translation fault"};
inline constexpr Field FSR_AFF{"AFF", 2, 2, "IHI 0062 16.5.9", "Access flag fault"};
inline constexpr Field FSR_PF{"PF", 3, 3, "IHI 0062 16.5.9", "permission fault"};
inline constexpr Field FSR_EF{"EF", 4, 4, "IHI 0062 16.5.9", "external fault"};
inline constexpr Field FSR_TLBMCF{"TLBMCF", 5, 5, "IHI 0062 16.5.9", "TLB match conflict fault"};
inline constexpr Field FSR_TLBLKF{"TLBLKF", 6, 6, "IHI 0062 16.5.9", "TLB lock fault"};
inline constexpr Field FSR_ASF{"ASF", 7, 7, "IHI 0062 16.5.9", "address size fault"};
inline constexpr Field FSR_UUT{"UUT", 8, 8, "IHI 0062 16.5.9", "unsupported upstream transaction"};
inline constexpr Field FSR_Format = Field{"Format", 10, 9, "IHI 0062 16.5.9", ""}.one_of(scheme_values);
inline constexpr Field FSR_SS{"SS", 30, 30, "IHI 0062 16.5.9", "the context is stalled"};
inline constexpr Field FSR_MULTI{"MULTI", 31, 31, "IHI 0062 16.5.9", "a fault while FSR was not 0"};
inline constexpr const Field* FSR_fields[] = {&FSR_TF,     &FSR_AFF,    &FSR_PF,   &FSR_EF,
                                              &FSR_TLBMCF, &FSR_TLBLKF, &FSR_ASF,  &FSR_UUT,
                                              &FSR_Format, &FSR_SS,     &FSR_MULTI};
inline constexpr StructureInfo FSR_format{"SMMU_CBn_FSR", "Fault Status Register", "IHI 0062 16.5.9", 4,
                                          FSR_fields};
// Both formats of FSYNR0: what stage 2 has alone is at 17.3.1.
inline constexpr Field FSYNR0_PLVL{"PLVL", 1, 0, "IHI 0062 16.5.11", "level"};
inline constexpr Field FSYNR0_NESTED{"NESTED", 2, 2, "IHI 0062 17.3.1", "of stage 1 followed by stage 2"};
inline constexpr Field FSYNR0_S1PTWF{"S1PTWF", 3, 3, "IHI 0062 17.3.1", "in a walk of stage 1"};
inline constexpr Field FSYNR0_WNR{"WNR", 4, 4, "IHI 0062 16.5.11", "a write"};
inline constexpr Field FSYNR0_PNU{"PNU", 5, 5, "IHI 0062 16.5.11", "privileged"};
inline constexpr Field FSYNR0_IND{"IND", 6, 6, "IHI 0062 16.5.11", "an instruction fetch"};
inline constexpr Field FSYNR0_NSATTR{"NSATTR", 8, 8, "IHI 0062 16.5.11", "with the Non-secure attribute"};
inline constexpr Field FSYNR0_ATOF{"ATOF", 9, 9, "IHI 0062 17.3.1", "in an address translation operation"};
inline constexpr Field FSYNR0_PTWF{"PTWF", 10, 10, "IHI 0062 16.5.11", "an external fault in a walk"};
inline constexpr Field FSYNR0_AFR{"AFR", 11, 11, "IHI 0062 16.5.11", "recorded asynchronously"};
inline constexpr Field FSYNR0_S1CBNDX{"S1CBNDX", 23, 16, "IHI 0062 17.3.1", "context bank of stage 1"};
inline constexpr const Field* FSYNR0_stage1_fields[] = {
    &FSYNR0_PLVL, &FSYNR0_WNR, &FSYNR0_PNU, &FSYNR0_IND, &FSYNR0_NSATTR, &FSYNR0_PTWF, &FSYNR0_AFR};
inline constexpr StructureInfo FSYNR0_stage1_format{"SMMU_CBn_FSYNR0", "Fault Syndrome Register 0, stage 1",
                                                    "IHI 0062 16.5.11", 4, FSYNR0_stage1_fields};
inline constexpr const Field* FSYNR0_stage2_fields[] = {
    &FSYNR0_PLVL,   &FSYNR0_NESTED, &FSYNR0_S1PTWF, &FSYNR0_WNR, &FSYNR0_PNU,    &FSYNR0_IND,
    &FSYNR0_NSATTR, &FSYNR0_ATOF,   &FSYNR0_PTWF,   &FSYNR0_AFR, &FSYNR0_S1CBNDX};
inline constexpr StructureInfo FSYNR0_stage2_format{"SMMU_CBn_FSYNR0", "Fault Syndrome Register 0, stage 2",
                                                    "IHI 0062 17.3.1", 4, FSYNR0_stage2_fields};

/// # Also TLBIVAL; without the ASID TLBIVAA and TLBIVAAL.
inline constexpr Field TLBIVA_Address =
    Field{"Address", 43, 0, "IHI 0062 16.5.32", "virtual address, extended from bit 55"}.address_from(12);
inline constexpr Field TLBIVA_ASID = Field{"ASID", 63, 48, "IHI 0062 16.5.32", ""}.as(FieldUse::identifier);
inline constexpr Field TLBIVA_VA =
    Field{"VA", 31, 12, "IHI 0062 16.5.32", "virtual address"}.address_from(12);
inline constexpr Field TLBIVA_ASID_32 = Field{"ASID", 7, 0, "IHI 0062 16.5.32", ""}.as(FieldUse::identifier);
inline constexpr const Field* TLBIVA_64_fields[] = {&TLBIVA_Address, &TLBIVA_ASID};
inline constexpr StructureInfo TLBIVA_64_format{"SMMU_CBn_TLBIVA", "TLB Invalidate by VA, AArch64",
                                                "IHI 0062 16.5.32", 8, TLBIVA_64_fields};
inline constexpr const Field* TLBIVA_32_fields[] = {&TLBIVA_ASID_32, &TLBIVA_VA};
inline constexpr StructureInfo TLBIVA_32_format{"SMMU_CBn_TLBIVA", "TLB Invalidate by VA, AArch32",
                                                "IHI 0062 16.5.32", 8, TLBIVA_32_fields};
inline constexpr const Field* TLBIVAA_64_fields[] = {&TLBIVA_Address};
inline constexpr StructureInfo TLBIVAA_64_format{
    "SMMU_CBn_TLBIVAA", "TLB Invalidate by VA, all ASIDs, AArch64", "IHI 0062 16.5.33", 8, TLBIVAA_64_fields};
inline constexpr const Field* TLBIVAA_32_fields[] = {&TLBIVA_VA};
inline constexpr StructureInfo TLBIVAA_32_format{
    "SMMU_CBn_TLBIVAA", "TLB Invalidate by VA, all ASIDs, AArch32", "IHI 0062 16.5.33", 8, TLBIVAA_32_fields};
inline constexpr Field TLBIASID_ASID =
    Field{"ASID", 15, 0, "IHI 0062 16.5.31", "with AArch32 and in SMMUv1 bits [7:0]"}.as(
        FieldUse::identifier);
inline constexpr const Field* TLBIASID_fields[] = {&TLBIASID_ASID};
inline constexpr StructureInfo TLBIASID_format{"SMMU_CBn_TLBIASID", "TLB Invalidate by ASID",
                                               "IHI 0062 16.5.31", 4, TLBIASID_fields};
/// # Also TLBIIPAS2L.
inline constexpr Field TLBIIPAS2_Address =
    Field{"Address", 35, 0, "IHI 0062 17.3.4", "intermediate physical address; with AArch32 up to bit 39"}
        .address_from(12);
inline constexpr const Field* TLBIIPAS2_fields[] = {&TLBIIPAS2_Address};
inline constexpr StructureInfo TLBIIPAS2_format{"SMMU_CBn_TLBIIPAS2", "Invalidate TLB by IPA",
                                                "IHI 0062 17.3.4", 8, TLBIIPAS2_fields};
inline constexpr Field TLBSTATUS_SACTIVE{"SACTIVE", 0, 0, "IHI 0062 16.5.36", "a synchronisation is active"};
inline constexpr const Field* TLBSTATUS_fields[] = {&TLBSTATUS_SACTIVE};
inline constexpr StructureInfo TLBSTATUS_format{"SMMU_CBn_TLBSTATUS", "TLB Status", "IHI 0062 16.5.36", 4,
                                                TLBSTATUS_fields};

}  // namespace smmuvp::smmuv2
