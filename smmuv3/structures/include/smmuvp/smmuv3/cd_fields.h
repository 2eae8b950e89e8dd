// Context descriptors: fields of level 1 descriptors and of CDs (IHI 0070 5.3, 5.4).
#pragma once

#include "smmuvp/smmuv3/field_values.h"

namespace smmuvp::smmuv3 {

namespace detail {
constexpr Field l1cd(const char* name, std::uint16_t high, std::uint16_t low, const char* meaning) {
  return {name, high, low, "IHI 0070 5.3", meaning};
}
constexpr Field cd(const char* name, std::uint16_t high, std::uint16_t low, const char* meaning) {
  return {name, high, low, "IHI 0070 5.4", meaning};
}
constexpr Field cd(const char* name, std::uint16_t bit, const char* meaning) {
  return cd(name, bit, bit, meaning);
}
// What bits are for depends on the descriptor formats that the SMMU has.
constexpr const char* with_D128 = "SMMU_IDR5.D128 == 1";
constexpr const char* without_D128 = "SMMU_IDR5.D128 == 0";
}  // namespace detail

// ---- L1CD

inline constexpr Field L1CD_V = detail::l1cd("V", 0, 0, "L2Ptr is valid");
inline constexpr Field L1CD_L2Ptr =
    detail::l1cd("L2Ptr", 55, 12, "the level 2 table; an IPA with stage 2").address_from(12);

inline constexpr const Field* L1CD_fields[] = {&L1CD_V, &L1CD_L2Ptr};
inline constexpr StructureInfo L1CD_structure{"L1CD", "Level 1 Context Descriptor", "IHI 0070 5.3", 8,
                                              L1CD_fields};

// ---- CD

inline constexpr FieldValue CD_TG1_values[] = {
    {1, "16 KiB granule"},
    {2, "4 KiB granule"},
    {3, "64 KiB granule"},
};
inline constexpr FieldValue CD_ASET_values[] = {{0, "ASID is shared with processors"},
                                                {1, "ASID is the SMMU's own"}};
inline constexpr FieldValue CD_A_values[] = {{0, "terminated as RAZ/WI"}, {1, "terminated with an abort"}};
inline constexpr FieldValue CD_PII_values[] = {
    {0, "no access"},     {1, "read"},        {2, "execute"},
    {3, "read, execute"}, {5, "read, write"}, {7, "read, write, execute"},
};

inline constexpr Field CD_T0SZ = detail::cd("T0SZ", 5, 0, "").as(FieldUse::region_size);
inline constexpr Field CD_TG0 = detail::cd("TG0", 7, 6, "").one_of(granule_values);
inline constexpr Field CD_IR0 = detail::cd("IR0", 9, 8, "").one_of(walk_cacheability);
inline constexpr Field CD_OR0 = detail::cd("OR0", 11, 10, "").one_of(walk_cacheability);
inline constexpr Field CD_SH0 = detail::cd("SH0", 13, 12, "").one_of(shareability_values);
inline constexpr Field CD_EPD0 = detail::cd("EPD0", 14, "no walks through TTB0");
inline constexpr Field CD_ENDI = detail::cd("ENDI", 15, "").one_of(endianness_values);
inline constexpr Field CD_T1SZ = detail::cd("T1SZ", 21, 16, "").as(FieldUse::region_size);
inline constexpr Field CD_TG1 = detail::cd("TG1", 23, 22, "").one_of(CD_TG1_values);
inline constexpr Field CD_IR1 = detail::cd("IR1", 25, 24, "").one_of(walk_cacheability);
inline constexpr Field CD_OR1 = detail::cd("OR1", 27, 26, "").one_of(walk_cacheability);
inline constexpr Field CD_SH1 = detail::cd("SH1", 29, 28, "").one_of(shareability_values);
inline constexpr Field CD_EPD1 = detail::cd("EPD1", 30, "no walks through TTB1");
inline constexpr Field CD_V = detail::cd("V", 31, "valid");
inline constexpr Field CD_IPS = detail::cd("IPS", 34, 32, "").one_of(address_size_values);
inline constexpr Field CD_AFFD = detail::cd("AFFD", 35, "no Access flag faults");
inline constexpr Field CD_WXN = detail::cd("WXN", 36, "writable pages are not executable");
inline constexpr Field CD_UWXN =
    detail::cd("UWXN", 37, "pages writable unprivileged are not executable privileged; VMSAv8-32 only");
inline constexpr Field CD_TBI0 = detail::cd("TBI0", 38, "the top byte of TTB0's addresses is ignored");
inline constexpr Field CD_TBI1 = detail::cd("TBI1", 39, "the top byte of TTB1's addresses is ignored");
inline constexpr Field CD_PAN = detail::cd("PAN", 40, "no privileged data access to unprivileged pages");
inline constexpr Field CD_AA64 = detail::cd("AA64", 41, "").one_of(table_format_values);
inline constexpr Field CD_HD = detail::cd("HD", 42, "hardware updates dirty state");
inline constexpr Field CD_HA = detail::cd("HA", 43, "hardware updates Access flags");
inline constexpr Field CD_S = detail::cd("S", 44, "faults stall");
inline constexpr Field CD_R = detail::cd("R", 45, "faults are recorded");
inline constexpr Field CD_A = detail::cd("A", 46, "").one_of(CD_A_values, FieldUse::number);
inline constexpr Field CD_ASET = detail::cd("ASET", 47, "").one_of(CD_ASET_values, FieldUse::number);
inline constexpr Field CD_ASID = detail::cd("ASID", 63, 48, "address space of TLB entries");
inline constexpr Field CD_NSCFG0 =
    detail::cd("NSCFG0", 64, "NS of the first access through TTB0, Secure streams");
inline constexpr Field CD_DisCH0 =
    detail::cd("DisCH0", 65, "Contiguous is 0 at TTB0's first level").only_when(detail::with_D128);
inline constexpr Field CD_HAD0 =
    detail::cd("HAD0", 65, "no hierarchical attributes below TTB0").only_when(detail::without_D128);
inline constexpr Field CD_E0PD0 = detail::cd("E0PD0", 66, "unprivileged access through TTB0 faults");
inline constexpr Field CD_HAFT = detail::cd("HAFT", 67, "hardware updates Access flags of tables");
inline constexpr Field CD_TTB0 =
    detail::cd("TTB0", 119, 68, "translation table of the lower range").address_from(4);
inline constexpr Field CD_PnCH = detail::cd("PnCH", 122, "the Protected attribute is enabled");
inline constexpr Field CD_EPAN = detail::cd("EPAN", 123, "PAN heeds unprivileged execute permission too");
inline constexpr Field CD_HWU059 =
    detail::cd("HWU059", 124, "TTB0: descriptor bit 59 is for hardware (PBHA)");
inline constexpr Field CD_HWU060 =
    detail::cd("HWU060", 125, "TTB0: descriptor bit 60 is for hardware (PBHA)");
inline constexpr Field CD_SKL0 =
    detail::cd("SKL0", 127, 126, "").one_of(skip_level_values).only_when(detail::with_D128);
inline constexpr Field CD_HWU061 = detail::cd("HWU061", 126, "TTB0: descriptor bit 61 is for hardware (PBHA)")
                                       .only_when(detail::without_D128);
inline constexpr Field CD_HWU062 = detail::cd("HWU062", 127, "TTB0: descriptor bit 62 is for hardware (PBHA)")
                                       .only_when(detail::without_D128);
inline constexpr Field CD_NSCFG1 =
    detail::cd("NSCFG1", 128, "NS of the first access through TTB1, Secure streams");
inline constexpr Field CD_DisCH1 =
    detail::cd("DisCH1", 129, "Contiguous is 0 at TTB1's first level").only_when(detail::with_D128);
inline constexpr Field CD_HAD1 =
    detail::cd("HAD1", 129, "no hierarchical attributes below TTB1").only_when(detail::without_D128);
inline constexpr Field CD_E0PD1 = detail::cd("E0PD1", 130, "unprivileged access through TTB1 faults");
inline constexpr Field CD_AIE = detail::cd("AIE", 131, "attribute index extension");
inline constexpr Field CD_TTB1 =
    detail::cd("TTB1", 183, 132, "translation table of the upper range").address_from(4);
inline constexpr Field CD_DS = detail::cd("DS", 186, "52-bit addresses with granules of 4 and 16 KiB");
inline constexpr Field CD_PIE = detail::cd("PIE", 187, "Indirect Permission Scheme");
inline constexpr Field CD_HWU159 =
    detail::cd("HWU159", 188, "TTB1: descriptor bit 59 is for hardware (PBHA)");
inline constexpr Field CD_HWU160 =
    detail::cd("HWU160", 189, "TTB1: descriptor bit 60 is for hardware (PBHA)");
inline constexpr Field CD_SKL1 =
    detail::cd("SKL1", 191, 190, "").one_of(skip_level_values).only_when(detail::with_D128);
inline constexpr Field CD_HWU161 = detail::cd("HWU161", 190, "TTB1: descriptor bit 61 is for hardware (PBHA)")
                                       .only_when(detail::without_D128);
inline constexpr Field CD_HWU162 = detail::cd("HWU162", 191, "TTB1: descriptor bit 62 is for hardware (PBHA)")
                                       .only_when(detail::without_D128);
inline constexpr Field CD_MAIR0 = detail::cd("MAIR0", 223, 192, "").as(FieldUse::memory_types);
inline constexpr Field CD_MAIR1 = detail::cd("MAIR1", 255, 224, "").as(FieldUse::memory_types);
inline constexpr Field CD_AMAIR0 =
    detail::cd("AMAIR0", 287, 256, "auxiliary attributes").as(FieldUse::implementation_defined);
inline constexpr Field CD_AMAIR1 =
    detail::cd("AMAIR1", 319, 288, "auxiliary attributes").as(FieldUse::implementation_defined);
inline constexpr Field CD_impdef_320 =
    detail::cd("IMPLEMENTATION DEFINED", 351, 320, "").as(FieldUse::implementation_defined);
inline constexpr Field CD_PARTID = detail::cd("PARTID", 367, 352, "MPAM partition");
inline constexpr Field CD_PMG = detail::cd("PMG", 375, 368, "MPAM performance monitoring group");
inline constexpr Field CD_PIIU =
    detail::cd("PIIU", 431, 384, "unprivileged permissions by PIIndex").one_of(CD_PII_values).array_of(16);
inline constexpr Field CD_PIIP =
    detail::cd("PIIP", 495, 448, "privileged permissions by PIIndex").one_of(CD_PII_values).array_of(16);

inline constexpr const Field* CD_fields[] = {
    &CD_T0SZ,   &CD_TG0,    &CD_IR0,    &CD_OR0,        &CD_SH0,    &CD_EPD0,   &CD_ENDI,   &CD_T1SZ,
    &CD_TG1,    &CD_IR1,    &CD_OR1,    &CD_SH1,        &CD_EPD1,   &CD_V,      &CD_IPS,    &CD_AFFD,
    &CD_WXN,    &CD_UWXN,   &CD_TBI0,   &CD_TBI1,       &CD_PAN,    &CD_AA64,   &CD_HD,     &CD_HA,
    &CD_S,      &CD_R,      &CD_A,      &CD_ASET,       &CD_ASID,   &CD_NSCFG0, &CD_DisCH0, &CD_HAD0,
    &CD_E0PD0,  &CD_HAFT,   &CD_TTB0,   &CD_PnCH,       &CD_EPAN,   &CD_HWU059, &CD_HWU060, &CD_SKL0,
    &CD_HWU061, &CD_HWU062, &CD_NSCFG1, &CD_DisCH1,     &CD_HAD1,   &CD_E0PD1,  &CD_AIE,    &CD_TTB1,
    &CD_DS,     &CD_PIE,    &CD_HWU159, &CD_HWU160,     &CD_SKL1,   &CD_HWU161, &CD_HWU162, &CD_MAIR0,
    &CD_MAIR1,  &CD_AMAIR0, &CD_AMAIR1, &CD_impdef_320, &CD_PARTID, &CD_PMG,    &CD_PIIU,   &CD_PIIP,
};
inline constexpr StructureInfo CD_structure{"CD", "Context Descriptor", "IHI 0070 5.4", 64, CD_fields};

/// The fields of one range, TTB0's or TTB1's, side by side.
struct CdRangeFields {
  const Field *TxSZ, *TG, *IR, *OR, *SH, *EPD, *TBI, *HAD, *E0PD, *TTB, *NSCFG;
  const Field* HWU[4];  ///< of descriptor bits 59 to 62
};
inline constexpr CdRangeFields CD_range_fields[2] = {
    {&CD_T0SZ,
     &CD_TG0,
     &CD_IR0,
     &CD_OR0,
     &CD_SH0,
     &CD_EPD0,
     &CD_TBI0,
     &CD_HAD0,
     &CD_E0PD0,
     &CD_TTB0,
     &CD_NSCFG0,
     {&CD_HWU059, &CD_HWU060, &CD_HWU061, &CD_HWU062}},
    {&CD_T1SZ,
     &CD_TG1,
     &CD_IR1,
     &CD_OR1,
     &CD_SH1,
     &CD_EPD1,
     &CD_TBI1,
     &CD_HAD1,
     &CD_E0PD1,
     &CD_TTB1,
     &CD_NSCFG1,
     {&CD_HWU159, &CD_HWU160, &CD_HWU161, &CD_HWU162}},
};

}  // namespace smmuvp::smmuv3
