// Virtual Machine Structures (IHI 0070 5.6).
#pragma once

#include <array>
#include <cstdint>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmuv3/vms_fields.h"

namespace smmuvp::smmuv3 {

constexpr unsigned vms_size = VMS_structure.bytes;

/// What is built of a VMS: the map from the PARTIDs of a guest's CDs to those of the system.
struct Vms {
  std::array<std::uint64_t, 8> words{};
  static constexpr bool valid = true;  // no VMS is ILLEGAL

  /// @param index  CD.PARTID[4:0]
  std::uint16_t PARTID(unsigned index) const {
    return static_cast<std::uint16_t>(words[index / 4 % 8] >> (16 * (index % 4)));
  }
  void visit(Archive& archive) {
    for (std::uint64_t& word : words) archive.value("word", word);
  }
};

}  // namespace smmuvp::smmuv3
