// Fields of event records (IHI 0070 7.3).
#pragma once

#include "smmuvp/smmuv3/field_values.h"

namespace smmuvp::smmuv3 {

namespace detail {
constexpr Field evt(const char* name, std::uint16_t high, std::uint16_t low, const char* meaning,
                    const char* clause = "IHI 0070 7.3") {
  return {name, high, low, clause, meaning};
}
constexpr Field evt_unplaced(const char* names, std::uint16_t high, std::uint16_t low, const char* clause) {
  return Field{names, high, low, clause, "their places are in a drawing only"}.as(FieldUse::unplaced);
}
}  // namespace detail

inline constexpr FieldValue EVT_RnW_values[] = {{0, "write"}, {1, "read"}};
inline constexpr FieldValue EVT_PnU_values[] = {{0, "unprivileged"}, {1, "privileged"}};
inline constexpr FieldValue EVT_InD_values[] = {{0, "data"}, {1, "instruction"}};
inline constexpr FieldValue EVT_S2_values[] = {{0, "fault of stage 1"}, {1, "fault of stage 2"}};
inline constexpr FieldValue EVT_CLASS_values[] = {
    {0, "CD: fetch of a CD"}, {1, "TTD: fetch of a stage 1 descriptor"}, {2, "IN: the input address"}};
inline constexpr FieldValue EVT_Stall_values[] = {{0, "terminated"}, {1, "stalled, waits for CMD_RESUME"}};

inline constexpr Field EVT_Number = detail::evt("Event number", 7, 0, "").as(FieldUse::identifier);
inline constexpr Field EVT_SSV = detail::evt("SSV", 11, 11, "SubstreamID counts");
inline constexpr Field EVT_SubstreamID = detail::evt("SubstreamID", 31, 12, "");
inline constexpr Field EVT_StreamID = detail::evt("StreamID", 63, 32, "");
inline constexpr Field EVT_Reason = detail::evt("Reason", 79, 64, "").as(FieldUse::implementation_defined);
inline constexpr Field EVT_STAG = detail::evt("STAG", 79, 64, "token for CMD_RESUME");
inline constexpr Field EVT_GPCF = detail::evt("GPCF", 80, 80, "granule protection check fault");
inline constexpr Field EVT_Stall =
    detail::evt("Stall", 95, 95, "").one_of(EVT_Stall_values, FieldUse::number);
inline constexpr Field EVT_PnU = detail::evt("PnU", 97, 97, "").one_of(EVT_PnU_values, FieldUse::number);
inline constexpr Field EVT_InD = detail::evt("InD", 98, 98, "").one_of(EVT_InD_values, FieldUse::number);
inline constexpr Field EVT_RnW = detail::evt("RnW", 99, 99, "").one_of(EVT_RnW_values, FieldUse::number);
inline constexpr Field EVT_NSIPA = detail::evt("NSIPA", 102, 102, "the IPA is Non-secure; Secure queue only");
inline constexpr Field EVT_S2 = detail::evt("S2", 103, 103, "").one_of(EVT_S2_values, FieldUse::number);
inline constexpr Field EVT_CLASS = detail::evt("CLASS", 105, 104, "").one_of(EVT_CLASS_values);
inline constexpr Field EVT_TTRnW = detail::evt("TTRnW", 108, 108, "of the table walk", "IHI 0070 7.3.16")
                                       .one_of(EVT_RnW_values, FieldUse::number);
inline constexpr Field EVT_impdef_112 =
    detail::evt("IMPLEMENTATION DEFINED", 127, 112, "").as(FieldUse::implementation_defined);
inline constexpr Field EVT_InputAddr = detail::evt("InputAddr", 191, 128, "").address_from(0);
inline constexpr Field EVT_InputAddr_page = detail::evt("InputAddr", 191, 140, "").address_from(12);
inline constexpr Field EVT_IPA = detail::evt("IPA", 247, 204, "").address_from(12);
inline constexpr Field EVT_FetchAddr = detail::evt("FetchAddr", 247, 195, "physical").address_from(3);

// 7.3.6 names Span, R, W, X and PRIV, 7.3.16 three flags more.
inline constexpr Field EVT_TREQ_unplaced_64 =
    detail::evt_unplaced("(Span, R, W, X, PRIV)", 127, 64, "IHI 0070 7.3.6");
inline constexpr Field EVT_TREQ_unplaced_128 =
    detail::evt_unplaced("(Span, R, W, X, PRIV)", 139, 128, "IHI 0070 7.3.6");
inline constexpr Field EVT_PERMISSION_unplaced_106 =
    detail::evt_unplaced("(AssuredOnly, Overlay, DirtyBit)", 107, 106, "IHI 0070 7.3.16");
inline constexpr Field EVT_PERMISSION_unplaced_109 =
    detail::evt_unplaced("(AssuredOnly, Overlay, DirtyBit)", 111, 109, "IHI 0070 7.3.16");

// 7.3.19
inline constexpr Field EVT_uX = detail::evt("uX", 97, 97, "unprivileged execute", "IHI 0070 7.3.19");
inline constexpr Field EVT_uW = detail::evt("uW", 98, 98, "unprivileged write", "IHI 0070 7.3.19");
inline constexpr Field EVT_uR = detail::evt("uR", 99, 99, "unprivileged read", "IHI 0070 7.3.19");
inline constexpr Field EVT_pX = detail::evt("pX", 101, 101, "privileged execute", "IHI 0070 7.3.19");
inline constexpr Field EVT_pW = detail::evt("pW", 102, 102, "privileged write", "IHI 0070 7.3.19");
inline constexpr Field EVT_pR = detail::evt("pR", 103, 103, "privileged read", "IHI 0070 7.3.19");
inline constexpr Field EVT_Span = detail::evt("Span", 115, 108, "units of 4 KiB", "IHI 0070 7.3.19");

}  // namespace smmuvp::smmuv3
