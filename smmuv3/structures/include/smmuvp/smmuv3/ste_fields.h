// Stream table: fields of level 1 descriptors and of entries (IHI 0070 5.1, 5.2).
#pragma once

#include "smmuvp/smmuv3/field_values.h"

namespace smmuvp::smmuv3 {

namespace detail {
constexpr Field l1std(const char* name, std::uint16_t high, std::uint16_t low, const char* meaning) {
  return {name, high, low, "IHI 0070 5.1", meaning};
}
constexpr Field ste(const char* name, std::uint16_t high, std::uint16_t low, const char* meaning) {
  return {name, high, low, "IHI 0070 5.2", meaning};
}
constexpr Field ste(const char* name, std::uint16_t bit, const char* meaning) {
  return ste(name, bit, bit, meaning);
}
constexpr Field ste_impdef(std::uint16_t high, std::uint16_t low) {
  return ste("IMPLEMENTATION DEFINED", high, low, "").as(FieldUse::implementation_defined);
}
}  // namespace detail

// ---- L1STD

inline constexpr FieldValue L1STD_Span_values[] = {
    {0, "no level 2: these StreamIDs are invalid"},
    {1, "level 2 has 1 STE"},
    {2, "level 2 has 2 STEs"},
    {3, "level 2 has 4 STEs"},
    {4, "level 2 has 8 STEs"},
    {5, "level 2 has 16 STEs"},
    {6, "level 2 has 32 STEs"},
    {7, "level 2 has 64 STEs"},
    {8, "level 2 has 128 STEs"},
    {9, "level 2 has 256 STEs"},
    {10, "level 2 has 512 STEs"},
    {11, "level 2 has 1024 STEs"},
};
inline constexpr Field L1STD_Span =
    detail::l1std("Span", 4, 0, "").one_of(L1STD_Span_values, FieldUse::number);
inline constexpr Field L1STD_L2Ptr =
    detail::l1std("L2Ptr", 55, 6, "the level 2 array, aligned to its size").address_from(6);

inline constexpr const Field* L1STD_fields[] = {&L1STD_Span, &L1STD_L2Ptr};
inline constexpr StructureInfo L1STD_structure{"L1STD", "Level 1 Stream Table Descriptor", "IHI 0070 5.1", 8,
                                               L1STD_fields};

// ---- STE: stage 1 and the stream

inline constexpr FieldValue STE_Config_values[] = {
    {0, "abort, no event"},
    {1, "Reserved, behaves as 0b000", true},
    {2, "Reserved, behaves as 0b000", true},
    {3, "Reserved, behaves as 0b000", true},
    {4, "bypass both stages"},
    {5, "stage 1 translates, stage 2 bypasses"},
    {6, "stage 1 bypasses, stage 2 translates"},
    {7, "both stages translate"},
};
inline constexpr FieldValue STE_S1Fmt_values[] = {
    {0, "linear table of CDs"},
    {1, "two levels, leaf tables of 4 KiB"},
    {2, "two levels, leaf tables of 64 KiB"},
    {3, "Reserved, behaves as 0b00", true},
};
inline constexpr FieldValue STE_S1DSS_values[] = {
    {0, "without a SubstreamID: terminate"},
    {1, "without a SubstreamID: bypass stage 1"},
    {2, "without a SubstreamID: use CD 0"},
    {3, "Reserved, behaves as 0b00", true},
};
inline constexpr FieldValue STE_EATS_values[] = {
    {0, "ATS requests are refused"},
    {1, "full ATS"},
    {2, "split-stage ATS"},
    {3, "full ATS with DPT checks; Reserved without SMMU_IDR3.DPT"},
};
inline constexpr FieldValue STE_STRW_values[] = {
    {0, "EL1 (Secure: the StreamWorld Secure)"},
    {1, "EL3, of Secure streams only"},
    {2, "EL2, or EL2-E2H with CR2.E2H"},
};
inline constexpr FieldValue STE_MTCFG_values[] = {{0, "incoming memory type"}, {1, "memory type of MemAttr"}};
inline constexpr FieldValue STE_ALLOCCFG_values[] = {
    {0, "incoming hints"},
    {1, "incoming hints"},
    {2, "incoming hints"},
    {3, "incoming hints"},
    {4, "incoming hints"},
    {5, "incoming hints"},
    {6, "incoming hints"},
    {7, "incoming hints"},
    {8, "no allocation"},
    {9, "no allocation, Transient"},
    {10, "Write-Allocate"},
    {11, "Write-Allocate, Transient"},
    {12, "Read-Allocate"},
    {13, "Read-Allocate, Transient"},
    {14, "Read-Allocate, Write-Allocate"},
    {15, "Read-Allocate, Write-Allocate, Transient"},
};
inline constexpr FieldValue STE_SHCFG_values[] = {
    {0, "Non-shareable"}, {1, "incoming shareability"}, {2, "Outer Shareable"}, {3, "Inner Shareable"}};
inline constexpr FieldValue STE_NSCFG_values[] = {
    {0, "incoming NS"},
    {1, "Realm with SMMU_R_IDR3.XT: check incoming NS; else Reserved, behaves as 0b00"},
    {2, "Secure, or Realm"},
    {3, "Non-secure"}};
inline constexpr FieldValue STE_PRIVCFG_values[] = {{0, "incoming privilege"},
                                                    {1, "Reserved, behaves as 0b00", true},
                                                    {2, "Unprivileged"},
                                                    {3, "Privileged"}};
inline constexpr FieldValue STE_INSTCFG_values[] = {{0, "incoming Instruction or Data"},
                                                    {1, "Reserved, behaves as 0b00", true},
                                                    {2, "Data"},
                                                    {3, "Instruction"}};

inline constexpr Field STE_V = detail::ste("V", 0, "valid");
inline constexpr Field STE_Config = detail::ste("Config", 3, 1, "").one_of(STE_Config_values);
inline constexpr Field STE_S1Fmt = detail::ste("S1Fmt", 5, 4, "").one_of(STE_S1Fmt_values);
inline constexpr Field STE_S1ContextPtr =
    detail::ste("S1ContextPtr", 55, 6, "the CD, or the table of CDs; an IPA with stage 2").address_from(6);
inline constexpr Field STE_S1CDMax =
    detail::ste("S1CDMax", 63, 59, "CDs that it points to").as(FieldUse::log2);
inline constexpr Field STE_S1DSS = detail::ste("S1DSS", 65, 64, "").one_of(STE_S1DSS_values);
inline constexpr Field STE_S1CIR = detail::ste("S1CIR", 67, 66, "").one_of(cd_cacheability);
inline constexpr Field STE_S1COR = detail::ste("S1COR", 69, 68, "").one_of(cd_cacheability);
inline constexpr Field STE_S1CSH = detail::ste("S1CSH", 71, 70, "").one_of(shareability_values);
inline constexpr Field STE_S2HWU59 = detail::ste("S2HWU59", 72, "descriptor bit 59 is for hardware (PBHA)");
inline constexpr Field STE_S2HWU60 = detail::ste("S2HWU60", 73, "descriptor bit 60 is for hardware (PBHA)");
inline constexpr Field STE_S2HWU61 = detail::ste("S2HWU61", 74, "descriptor bit 61 is for hardware (PBHA)");
inline constexpr Field STE_S2HWU62 = detail::ste("S2HWU62", 75, "descriptor bit 62 is for hardware (PBHA)");
inline constexpr Field STE_DRE = detail::ste("DRE", 76, "destructive reads are permitted");
inline constexpr Field STE_CONT =
    detail::ste("CONT", 80, 77, "neighbouring STEs that are the same").as(FieldUse::log2);
inline constexpr Field STE_DCP = detail::ste("DCP", 81, "directed cache prefetch is permitted");
inline constexpr Field STE_PPAR = detail::ste("PPAR", 82, "automatic PRI responses carry a PASID");
inline constexpr Field STE_MEV = detail::ste("MEV", 83, "similar events may be merged");
inline constexpr Field STE_SW_RESERVED =
    detail::ste("SW_RESERVED", 87, 84, "free for software").as(FieldUse::software);
inline constexpr Field STE_S1PIE = detail::ste("S1PIE", 88, "CDs may enable permission indirection");
inline constexpr Field STE_S2FWB = detail::ste("S2FWB", 89, "stage 2 can force the memory type (FEAT_S2FWB)");
inline constexpr Field STE_S1MPAM = detail::ste("S1MPAM", 90, "PARTID and PMG come from the CD");
inline constexpr Field STE_S1STALLD = detail::ste("S1STALLD", 91, "CDs must not enable stalls");
inline constexpr Field STE_EATS = detail::ste("EATS", 93, 92, "").one_of(STE_EATS_values);
inline constexpr Field STE_STRW = detail::ste("STRW", 95, 94, "").one_of(STE_STRW_values);
inline constexpr Field STE_MemAttr =
    detail::ste("MemAttr", 99, 96, "memory type for MTCFG, as in stage 2").as(FieldUse::code);
inline constexpr Field STE_MTCFG = detail::ste("MTCFG", 100, "").one_of(STE_MTCFG_values);
inline constexpr Field STE_ALLOCCFG = detail::ste("ALLOCCFG", 104, 101, "").one_of(STE_ALLOCCFG_values);
inline constexpr Field STE_SHCFG = detail::ste("SHCFG", 109, 108, "").one_of(STE_SHCFG_values);
inline constexpr Field STE_NSCFG = detail::ste("NSCFG", 111, 110, "").one_of(STE_NSCFG_values);
inline constexpr Field STE_PRIVCFG = detail::ste("PRIVCFG", 113, 112, "").one_of(STE_PRIVCFG_values);
inline constexpr Field STE_INSTCFG = detail::ste("INSTCFG", 115, 114, "").one_of(STE_INSTCFG_values);
inline constexpr Field STE_impdef_116 = detail::ste_impdef(127, 116);

// ---- STE: stage 2

inline constexpr FieldValue STE_DPT_VMATCH_values[] = {
    {0, "S2VMID must match, or the DPT entry has AC 0b10"},
    {1, "S2VMID must match, or the DPT entry has AC 0b01 or 0b10"},
    {2, "S2VMID need not match"},
    {3, "Reserved, behaves as 0b00", true},
};
inline constexpr FieldValue STE_S2POI_values[] = {
    {0, "no access"}, {2, "MRO"},    {3, "MRO-TL1"}, {4, "WO"},      {6, "MRO-TL0"},
    {7, "MRO-TL01"},  {8, "RO"},     {9, "RO+uX"},   {10, "RO+pX"},  {11, "RO+puX"},
    {12, "RW"},       {13, "RW+uX"}, {14, "RW+pX"},  {15, "RW+puX"},
};

inline constexpr Field STE_S2VMID = detail::ste("S2VMID", 143, 128, "VMID of TLB entries");
inline constexpr Field STE_impdef_144 = detail::ste_impdef(159, 144);
inline constexpr Field STE_S2T0SZ = detail::ste("S2T0SZ", 165, 160, "").as(FieldUse::region_size);
inline constexpr Field STE_S2SL0 =
    detail::ste("S2SL0", 167, 166, "level at which walks start, by granule").as(FieldUse::code);
inline constexpr Field STE_S2IR0 = detail::ste("S2IR0", 169, 168, "").one_of(walk_cacheability);
inline constexpr Field STE_S2OR0 = detail::ste("S2OR0", 171, 170, "").one_of(walk_cacheability);
inline constexpr Field STE_S2SH0 = detail::ste("S2SH0", 173, 172, "").one_of(shareability_values);
inline constexpr Field STE_S2TG = detail::ste("S2TG", 175, 174, "").one_of(granule_values);
inline constexpr Field STE_S2PS = detail::ste("S2PS", 178, 176, "").one_of(address_size_values);
inline constexpr Field STE_S2AA64 = detail::ste("S2AA64", 179, "").one_of(table_format_values);
inline constexpr Field STE_S2ENDI = detail::ste("S2ENDI", 180, "").one_of(endianness_values);
inline constexpr Field STE_S2AFFD = detail::ste("S2AFFD", 181, "no Access flag faults");
inline constexpr Field STE_S2PTW =
    detail::ste("S2PTW", 182, "walks and CD fetches through Device pages fault");
inline constexpr Field STE_S2HD = detail::ste("S2HD", 183, "hardware updates dirty state");
inline constexpr Field STE_S2HA = detail::ste("S2HA", 184, "hardware updates Access flags");
inline constexpr Field STE_S2S = detail::ste("S2S", 185, "faults stall");
inline constexpr Field STE_S2R = detail::ste("S2R", 186, "faults are recorded");
inline constexpr Field STE_S2HAFT = detail::ste("S2HAFT", 187, "hardware updates Access flags of tables");
inline constexpr Field STE_S2PIE = detail::ste("S2PIE", 188, "Indirect Permission Scheme");
inline constexpr Field STE_S2POE = detail::ste("S2POE", 189, "permission overlays apply");
inline constexpr Field STE_DPT_VMATCH = detail::ste("DPT_VMATCH", 191, 190, "").one_of(STE_DPT_VMATCH_values);
inline constexpr Field STE_S2NSW =
    detail::ste("S2NSW", 192, "NS of walks, Non-secure IPAs of Secure streams");
inline constexpr Field STE_S2NSA =
    detail::ste("S2NSA", 193, "NS of output, Non-secure IPAs of Secure streams");
inline constexpr Field STE_S2SL0_2 = detail::ste("S2SL0_2", 194, "bit 2 of S2SL0");
inline constexpr Field STE_S2DS = detail::ste("S2DS", 195, "52-bit addresses with granules of 4 and 16 KiB");
inline constexpr Field STE_S2TTB =
    detail::ste("S2TTB", 247, 196, "stage 2 translation table").address_from(4);
inline constexpr Field STE_S2SKL = detail::ste("S2SKL", 254, 253, "").one_of(skip_level_values);
inline constexpr Field STE_impdef_256 = detail::ste_impdef(271, 256);
inline constexpr Field STE_PARTID = detail::ste("PARTID", 287, 272, "MPAM partition");
inline constexpr Field STE_S_S2T0SZ = detail::ste("S_S2T0SZ", 293, 288, "").as(FieldUse::region_size);
inline constexpr Field STE_S_S2SL0 =
    detail::ste("S_S2SL0", 295, 294, "as S2SL0, for Secure IPAs").as(FieldUse::code);
inline constexpr Field STE_S_S2TG = detail::ste("S_S2TG", 303, 302, "").one_of(granule_values);
inline constexpr Field STE_MECID =
    detail::ste("MECID", 319, 304, "memory encryption context of Realm streams");
inline constexpr Field STE_PMG = detail::ste("PMG", 327, 320, "MPAM performance monitoring group");
inline constexpr Field STE_MPAM_NS = detail::ste("MPAM_NS", 328, "PARTIDs are of the Non-secure space");
inline constexpr Field STE_AssuredOnly = detail::ste("AssuredOnly", 329, "AssuredOnly checks");
inline constexpr Field STE_TL0 = detail::ste("TL0", 330, "TopLevel 0 checks");
inline constexpr Field STE_TL1 = detail::ste("TL1", 331, "TopLevel 1 checks");
inline constexpr Field STE_VMSPtr =
    detail::ste("VMSPtr", 375, 332, "Virtual Machine Structure").address_from(12);
inline constexpr Field STE_S2SW = detail::ste("S2SW", 384, "NS of walks, Secure IPAs");
inline constexpr Field STE_S2SA = detail::ste("S2SA", 385, "NS of output, Secure IPAs");
inline constexpr Field STE_S_S2SL0_2 = detail::ste("S_S2SL0_2", 386, "bit 2 of S_S2SL0");
inline constexpr Field STE_S_S2TTB =
    detail::ste("S_S2TTB", 439, 388, "stage 2 translation table of Secure IPAs").address_from(4);
inline constexpr Field STE_S_S2SKL = detail::ste("S_S2SKL", 446, 445, "").one_of(skip_level_values);
inline constexpr Field STE_S2POI =
    detail::ste("S2POI", 511, 448, "permission overlays").one_of(STE_S2POI_values).array_of(16);

inline constexpr const Field* STE_fields[] = {
    &STE_V,           &STE_Config,  &STE_S1Fmt,       &STE_S1ContextPtr, &STE_S1CDMax,    &STE_S1DSS,
    &STE_S1CIR,       &STE_S1COR,   &STE_S1CSH,       &STE_S2HWU59,      &STE_S2HWU60,    &STE_S2HWU61,
    &STE_S2HWU62,     &STE_DRE,     &STE_CONT,        &STE_DCP,          &STE_PPAR,       &STE_MEV,
    &STE_SW_RESERVED, &STE_S1PIE,   &STE_S2FWB,       &STE_S1MPAM,       &STE_S1STALLD,   &STE_EATS,
    &STE_STRW,        &STE_MemAttr, &STE_MTCFG,       &STE_ALLOCCFG,     &STE_SHCFG,      &STE_NSCFG,
    &STE_PRIVCFG,     &STE_INSTCFG, &STE_impdef_116,  &STE_S2VMID,       &STE_impdef_144, &STE_S2T0SZ,
    &STE_S2SL0,       &STE_S2IR0,   &STE_S2OR0,       &STE_S2SH0,        &STE_S2TG,       &STE_S2PS,
    &STE_S2AA64,      &STE_S2ENDI,  &STE_S2AFFD,      &STE_S2PTW,        &STE_S2HD,       &STE_S2HA,
    &STE_S2S,         &STE_S2R,     &STE_S2HAFT,      &STE_S2PIE,        &STE_S2POE,      &STE_DPT_VMATCH,
    &STE_S2NSW,       &STE_S2NSA,   &STE_S2SL0_2,     &STE_S2DS,         &STE_S2TTB,      &STE_S2SKL,
    &STE_impdef_256,  &STE_PARTID,  &STE_S_S2T0SZ,    &STE_S_S2SL0,      &STE_S_S2TG,     &STE_MECID,
    &STE_PMG,         &STE_MPAM_NS, &STE_AssuredOnly, &STE_TL0,          &STE_TL1,        &STE_VMSPtr,
    &STE_S2SW,        &STE_S2SA,    &STE_S_S2SL0_2,   &STE_S_S2TTB,      &STE_S_S2SKL,    &STE_S2POI,
};
inline constexpr StructureInfo STE_structure{"STE", "Stream Table Entry", "IHI 0070 5.2", 64, STE_fields};

}  // namespace smmuvp::smmuv3
