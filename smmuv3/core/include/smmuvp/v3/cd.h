// Context descriptors (IHI 0070 5.4).
#pragma once

#include <array>
#include <cstdint>

#include "smmuvp/base/archive.h"
#include "smmuvp/pgtable/config.h"
#include "smmuvp/v3/features.h"

namespace smmuvp::v3 {

/// A Context Descriptor, decoded for a stage 1 stream of StreamWorld NS-EL1, the only one that is built.
struct Cd {
  std::array<std::uint64_t, 8> words{};
  bool valid = false;    ///< V, and not ILLEGAL
  const char* why = "";  ///< what makes it invalid, for diagnostics
  bool A = false;
  bool R = false;
  std::uint8_t ASET = 0;
  std::uint16_t ASID = 0;
  std::array<bool, 2> TBI{};
  pgtable::Config config;

  static Cd decode(const std::array<std::uint64_t, 8>& words, const Features& features);
  /// The address that tags TLB entries: with TBI the top byte is a copy of bit 55.
  std::uint64_t tag_address(std::uint64_t va) const {
    if (!TBI[(va >> 55) & 1]) return va;
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(va << 8) >> 8);
  }
  /// The words only: whoever loads them decodes them again.
  void visit(Archive& archive);
};

}  // namespace smmuvp::v3
