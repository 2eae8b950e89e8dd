// MPAM: which PARTIDs and PMGs a space has (IHI 0070 6.3.41, 17.7).
#pragma once

#include <cstdint>

#include "smmuvp/smmu/access.h"
#include "smmuvp/smmuv3/features.h"

namespace smmuvp::smmuv3 {

/// What MPAMIDR or S_MPAMIDR say of the space that accesses of a Security state have their PARTIDs of.
struct MpamSpace {
  std::uint16_t PARTID_MAX = 0;
  std::uint8_t PMG_MAX = 0;
  smmu::AddressSpace space = smmu::AddressSpace::non_secure;

  /// @param MPAM_NS  the field of that name beside PARTID and PMG; RES0 without HAS_MPAM_NS
  static MpamSpace of(const Features& features, SecSid sec_sid, bool MPAM_NS);
  bool has(std::uint16_t PARTID, std::uint8_t PMG) const { return PARTID <= PARTID_MAX && PMG <= PMG_MAX; }
  /// Larger values are UNKNOWN (5.2, 5.4, 5.6, 6.3.42, 6.3.43): each is 0 here, which every memory has.
  smmu::MpamLabel label(std::uint16_t PARTID, std::uint8_t PMG) const {
    return {PMG <= PMG_MAX ? PMG : std::uint8_t{0}, space, PARTID <= PARTID_MAX ? PARTID : std::uint16_t{0}};
  }
};

/// The bits that a value of at most `max` has (6.3.41).
constexpr std::uint32_t mpam_bits(std::uint32_t max) {
  std::uint32_t bits = 0;
  while (bits < max) bits = bits << 1 | 1;
  return bits;
}

}  // namespace smmuvp::smmuv3
