// Virtual Machine Structure: its fields (IHI 0070 5.6).
#pragma once

#include "smmuvp/base/fields.h"

namespace smmuvp::smmuv3 {

namespace detail {
constexpr Field vms(const char* name, std::uint16_t index) {
  return Field{name, static_cast<std::uint16_t>(16U * index + 15U), static_cast<std::uint16_t>(16U * index),
               "IHI 0070 5.6", "PARTID that the memory system gets"}
      .as(FieldUse::identifier);
}
}  // namespace detail

inline constexpr Field VMS_PARTID_MAP[32] = {
    detail::vms("PARTID_MAP[0]", 0),   detail::vms("PARTID_MAP[1]", 1),   detail::vms("PARTID_MAP[2]", 2),
    detail::vms("PARTID_MAP[3]", 3),   detail::vms("PARTID_MAP[4]", 4),   detail::vms("PARTID_MAP[5]", 5),
    detail::vms("PARTID_MAP[6]", 6),   detail::vms("PARTID_MAP[7]", 7),   detail::vms("PARTID_MAP[8]", 8),
    detail::vms("PARTID_MAP[9]", 9),   detail::vms("PARTID_MAP[10]", 10), detail::vms("PARTID_MAP[11]", 11),
    detail::vms("PARTID_MAP[12]", 12), detail::vms("PARTID_MAP[13]", 13), detail::vms("PARTID_MAP[14]", 14),
    detail::vms("PARTID_MAP[15]", 15), detail::vms("PARTID_MAP[16]", 16), detail::vms("PARTID_MAP[17]", 17),
    detail::vms("PARTID_MAP[18]", 18), detail::vms("PARTID_MAP[19]", 19), detail::vms("PARTID_MAP[20]", 20),
    detail::vms("PARTID_MAP[21]", 21), detail::vms("PARTID_MAP[22]", 22), detail::vms("PARTID_MAP[23]", 23),
    detail::vms("PARTID_MAP[24]", 24), detail::vms("PARTID_MAP[25]", 25), detail::vms("PARTID_MAP[26]", 26),
    detail::vms("PARTID_MAP[27]", 27), detail::vms("PARTID_MAP[28]", 28), detail::vms("PARTID_MAP[29]", 29),
    detail::vms("PARTID_MAP[30]", 30), detail::vms("PARTID_MAP[31]", 31),
};

/// The structure has 4 KiB, of which the rest is RES0.
inline constexpr const Field* VMS_fields[] = {
    &VMS_PARTID_MAP[0],  &VMS_PARTID_MAP[1],  &VMS_PARTID_MAP[2],  &VMS_PARTID_MAP[3],  &VMS_PARTID_MAP[4],
    &VMS_PARTID_MAP[5],  &VMS_PARTID_MAP[6],  &VMS_PARTID_MAP[7],  &VMS_PARTID_MAP[8],  &VMS_PARTID_MAP[9],
    &VMS_PARTID_MAP[10], &VMS_PARTID_MAP[11], &VMS_PARTID_MAP[12], &VMS_PARTID_MAP[13], &VMS_PARTID_MAP[14],
    &VMS_PARTID_MAP[15], &VMS_PARTID_MAP[16], &VMS_PARTID_MAP[17], &VMS_PARTID_MAP[18], &VMS_PARTID_MAP[19],
    &VMS_PARTID_MAP[20], &VMS_PARTID_MAP[21], &VMS_PARTID_MAP[22], &VMS_PARTID_MAP[23], &VMS_PARTID_MAP[24],
    &VMS_PARTID_MAP[25], &VMS_PARTID_MAP[26], &VMS_PARTID_MAP[27], &VMS_PARTID_MAP[28], &VMS_PARTID_MAP[29],
    &VMS_PARTID_MAP[30], &VMS_PARTID_MAP[31]};
inline constexpr StructureInfo VMS_structure{"VMS", "Virtual Machine Structure, its PARTID_MAP",
                                             "IHI 0070 5.6", 64, VMS_fields};

}  // namespace smmuvp::smmuv3
