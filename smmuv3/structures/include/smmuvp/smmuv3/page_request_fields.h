// Fields of PRI queue entries (IHI 0070 chapter 8).
#pragma once

#include "smmuvp/smmuv3/field_values.h"

namespace smmuvp::smmuv3 {

namespace detail {
// Chapter 8 places them in a drawing only. Their places are those that Linux's driver reads (PRIQ_0_*,
// PRIQ_1_*); widths and order are those of the text.
constexpr Field pri(const char* name, std::uint16_t high, std::uint16_t low, const char* meaning) {
  return {name, high, low, "IHI 0070 8", meaning};
}
}  // namespace detail

inline constexpr Field PRI_StreamID = detail::pri("StreamID", 31, 0, "");
inline constexpr Field PRI_SubstreamID = detail::pri("SubstreamID", 51, 32, "");
inline constexpr Field PRI_Priv = detail::pri("Priv", 58, 58, "privileged access is asked for");
inline constexpr Field PRI_X = detail::pri("X", 59, 59, "execute permission is asked for");
inline constexpr Field PRI_R = detail::pri("R", 60, 60, "read permission is asked for");
inline constexpr Field PRI_W = detail::pri("W", 61, 61, "write permission is asked for");
inline constexpr Field PRI_Last = detail::pri("Last", 62, 62, "last of its Page Request Group");
inline constexpr Field PRI_SSV = detail::pri("SSV", 63, 63, "SubstreamID counts");
inline constexpr Field PRI_PRGIndex = detail::pri("PRGIndex", 72, 64, "Page Request Group");
inline constexpr Field PRI_PageAddress = detail::pri("Page address", 127, 76, "").address_from(12);

inline constexpr const Field* PRI_fields[] = {&PRI_StreamID, &PRI_SubstreamID, &PRI_Priv, &PRI_X,
                                              &PRI_R,        &PRI_W,           &PRI_Last, &PRI_SSV,
                                              &PRI_PRGIndex, &PRI_PageAddress};
inline constexpr StructureInfo PRI_structure{"page request", "PRI queue entry", "IHI 0070 8", 16, PRI_fields};

}  // namespace smmuvp::smmuv3
