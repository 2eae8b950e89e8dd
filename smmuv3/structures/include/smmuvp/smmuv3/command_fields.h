// Fields of commands (IHI 0070 chapter 4).
#pragma once

#include "smmuvp/smmuv3/field_values.h"

namespace smmuvp::smmuv3 {

namespace detail {
constexpr Field cmd(const char* name, std::uint16_t high, std::uint16_t low, const char* clause,
                    const char* meaning) {
  return {name, high, low, clause, meaning};
}
constexpr Field cmd(const char* name, std::uint16_t bit, const char* clause, const char* meaning) {
  return {name, bit, bit, clause, meaning};
}
constexpr const char* with_RIL = "SMMU_IDR3.RIL == 1";
}  // namespace detail

// ---- common (4.1.1, 4.1.6)

inline constexpr FieldValue CMD_Leaf_values[] = {{0, "all levels"}, {1, "the last level only"}};

inline constexpr Field CMD_Opcode =
    detail::cmd("Opcode", 7, 0, "IHI 0070 4.1.1", "").as(FieldUse::identifier);
inline constexpr Field CMD_SSec = detail::cmd("SSec", 10, "IHI 0070 4.1.6", "StreamID is Secure");
inline constexpr Field CMD_SSV = detail::cmd("SSV", 11, "IHI 0070 4.1.6", "SubstreamID counts");
inline constexpr Field CMD_SubstreamID = detail::cmd("SubstreamID", 31, 12, "IHI 0070 4.1.6", "");
inline constexpr Field CMD_StreamID = detail::cmd("StreamID", 63, 32, "IHI 0070 4.1.6", "");
inline constexpr Field CMD_VMID = detail::cmd("VMID", 47, 32, "IHI 0070 4.4", "");
inline constexpr Field CMD_ASID = detail::cmd("ASID", 63, 48, "IHI 0070 4.4", "");
inline constexpr Field CMD_Leaf =
    detail::cmd("Leaf", 64, "IHI 0070 4.3, 4.4", "").one_of(CMD_Leaf_values, FieldUse::number);
/// A virtual address.
inline constexpr Field CMD_Address = detail::cmd("Address", 127, 76, "IHI 0070 4.1.6", "").address_from(12);
/// An intermediate physical or physical address.
inline constexpr Field CMD_PhysicalAddress =
    detail::cmd("Address", 119, 76, "IHI 0070 4.1.6", "").address_from(12);

// ---- prefetch (4.2.2)

inline constexpr Field CMD_Size =
    detail::cmd("Size", 68, 64, "IHI 0070 4.2.2", "translations").as(FieldUse::log2);
inline constexpr Field CMD_Stride =
    detail::cmd("Stride", 73, 69, "IHI 0070 4.2.2", "distance, in units of 4 KiB").as(FieldUse::log2);
inline constexpr Field CMD_PREFETCH_ADDR_NS =
    detail::cmd("NS", 75, "IHI 0070 4.2.2", "input to Secure stage 2").only_when("SMMU_S_IDR1.SEL2 == 1");

// ---- configuration (4.3)

inline constexpr Field CMD_Range =
    detail::cmd("Range", 68, 64, "IHI 0070 4.3.2", "2^(Range + 1) StreamIDs; 31 is all of them");

// ---- TLB (4.4.1.1, 4.4.3.3)

inline constexpr FieldValue CMD_TG_values[] = {{0, "any granule, no range, no hint"},
                                               {1, "4 KiB granule"},
                                               {2, "16 KiB granule"},
                                               {3, "64 KiB granule"}};
inline constexpr FieldValue CMD_TTL_values[] = {{0, "entries of any level"},
                                                {1, "entries of level 1"},
                                                {2, "entries of level 2"},
                                                {3, "entries of level 3"}};

inline constexpr Field CMD_NUM =
    detail::cmd("NUM", 16, 12, "IHI 0070 4.4.1.1", "range: (NUM + 1) * 2^SCALE granules")
        .only_when(detail::with_RIL);
inline constexpr Field CMD_SCALE =
    detail::cmd("SCALE", 25, 20, "IHI 0070 4.4.1.1", "").only_when(detail::with_RIL);
inline constexpr Field CMD_TTL128 =
    detail::cmd("TTL128", 71, "IHI 0070 4.4.1.1", "TTL is of 128-bit descriptors")
        .only_when("SMMU_IDR5.D128 == 1");
inline constexpr Field CMD_TTL =
    detail::cmd("TTL", 73, 72, "IHI 0070 4.4.1.1", "").one_of(CMD_TTL_values).only_when(detail::with_RIL);
inline constexpr Field CMD_TG =
    detail::cmd("TG", 75, 74, "IHI 0070 4.4.1.1", "").one_of(CMD_TG_values).only_when(detail::with_RIL);
inline constexpr Field CMD_TLBI_NS =
    detail::cmd("NS", 127, "IHI 0070 4.4.3.3", "Address is a Non-secure IPA");

// ---- ATS, PRI, DPT (4.5, 4.6)

inline constexpr FieldValue CMD_Resp_values[] = {
    {0, "ResponseFailure"}, {1, "InvalidRequest"}, {2, "Success"}, {3, "Reserved, ILLEGAL", true}};

inline constexpr Field CMD_Global = detail::cmd("Global", 9, "IHI 0070 4.5.1", "for all PASIDs");
inline constexpr Field CMD_ATC_INV_Size =
    detail::cmd("Size", 69, 64, "IHI 0070 4.5.1", "span, in units of 4 KiB").as(FieldUse::log2);
inline constexpr Field CMD_PRGIndex = detail::cmd("PRGIndex", 72, 64, "IHI 0070 4.5.2", "page request group");
inline constexpr Field CMD_Resp = detail::cmd("Resp", 77, 76, "IHI 0070 4.5.2", "").one_of(CMD_Resp_values);
inline constexpr Field CMD_DPTI_SIZE_low =
    detail::cmd("(SIZE)", 63, 8, "IHI 0070 4.6.2", "its place is in a drawing only").as(FieldUse::unplaced);
inline constexpr Field CMD_DPTI_SIZE_high =
    detail::cmd("(SIZE)", 75, 65, "IHI 0070 4.6.2", "its place is in a drawing only").as(FieldUse::unplaced);

// ---- faults and synchronisation (4.7)

inline constexpr FieldValue CMD_Action_values[] = {{0, "terminate"}, {1, "retry"}};
inline constexpr FieldValue CMD_Abort_values[] = {{0, "terminated as RAZ/WI"},
                                                  {1, "terminated with an abort"}};
inline constexpr FieldValue CMD_CS_values[] = {
    {0, "SIG_NONE"}, {1, "SIG_IRQ"}, {2, "SIG_SEV"}, {3, "Reserved, CERROR_ILL", true}};

inline constexpr Field CMD_Action =
    detail::cmd("Action", 12, "IHI 0070 4.7.1", "").one_of(CMD_Action_values, FieldUse::number);
inline constexpr Field CMD_Abort =
    detail::cmd("Abort", 13, "IHI 0070 4.7.1", "").one_of(CMD_Abort_values, FieldUse::number);
inline constexpr Field CMD_STAG = detail::cmd("STAG", 79, 64, "IHI 0070 4.7.1", "of the event that stalls");
inline constexpr Field CMD_CS = detail::cmd("CS", 13, 12, "IHI 0070 4.7.3", "").one_of(CMD_CS_values);
inline constexpr Field CMD_MSH = detail::cmd("MSH", 23, 22, "IHI 0070 4.7.3", "").one_of(shareability_values);
inline constexpr Field CMD_MSIAttr =
    detail::cmd("MSIAttr", 27, 24, "IHI 0070 4.7.3", "as STE.MemAttr").as(FieldUse::code);
inline constexpr Field CMD_MSIData = detail::cmd("MSIData", 63, 32, "IHI 0070 4.7.3", "");
inline constexpr Field CMD_MSIAddress =
    detail::cmd("MSIAddress", 119, 66, "IHI 0070 4.7.3", "0: no MSI").address_from(2);
inline constexpr Field CMD_MSI_NS =
    detail::cmd("MSI_NS", 127, "IHI 0070 4.7.3", "Non-secure address").only_when("a Realm Command queue");

}  // namespace smmuvp::smmuv3
