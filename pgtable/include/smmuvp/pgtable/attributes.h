// Memory attributes of a translation, and how those of two stages combine.
#pragma once

#include <cstdint>

#include "smmuvp/pgtable/config.h"

namespace smmuvp::pgtable {

/// Memory attributes, as encoded by the architecture.
struct Attributes {
  /// A MAIR byte, Device-nGnRnE when 0. Of a walk never a Reserved value, see effective_memory; Mali: a
  /// MEMATTR byte as it is.
  std::uint8_t memory = 0;
  /// Stage 1 alone: as in the descriptor, see effective_shareability. With stage 2, and of v7s, whose
  /// descriptors have no SH: what takes effect.
  Shareability SH = Shareability::non_shareable;

  friend constexpr bool operator==(Attributes a, Attributes b) {
    return a.memory == b.memory && a.SH == b.SH;
  }
  friend constexpr bool operator!=(Attributes a, Attributes b) { return !(a == b); }
};

/// What a stage 2 leaf says of memory.
struct Stage2Attributes {
  std::uint8_t MemAttr = 0;  ///< MemAttr[3:0], read with FWB or without
  Shareability SH = Shareability::non_shareable;
  /// Bits [63:60] of the descriptor: WACFG and RACFG of an SMMUv2 (IHI 0062 2.7.1), see with_allocation().
  std::uint8_t allocation = 0;
};

/// Whether a MAIR byte is of a Device type (0b0000ddxx).
constexpr bool is_device(std::uint8_t memory) { return (memory & 0xf0U) == 0; }

/// What a MAIR byte means where its own value is Reserved: Device types ignore bits [1:0], an inner nibble of
/// zero in Normal memory is Write-Through Transient, read and write allocate (IHI 0070 5.4, CD.MAIR1).
constexpr std::uint8_t effective_memory(std::uint8_t MAIR_byte) {
  if (is_device(MAIR_byte)) return MAIR_byte & 0x0cU;
  return (MAIR_byte & 0x0fU) == 0 ? MAIR_byte | 0b0011U : MAIR_byte;
}

/// Shareability that takes effect: Device and Normal Non-cacheable memory are Outer Shareable whatever SH
/// says; the reserved value is Non-shareable (DDI 0487 D8.6, pseudocode EffectiveShareability and
/// DecodeShareability; unverified clause).
constexpr Shareability effective_shareability(Attributes attributes) {
  if (is_device(attributes.memory) || attributes.memory == 0x44) return Shareability::outer;
  return attributes.SH == Shareability::reserved ? Shareability::non_shareable : attributes.SH;
}

/// The same memory with the shareability that takes effect (IHI 0070 13.1.7).
constexpr Attributes effective(Attributes attributes) {
  return {attributes.memory, effective_shareability(attributes)};
}

/// Attributes of an access to tables or structures, as two-bit fields of registers give them: 0
/// Non-cacheable, 1 Write-Back Read- and Write-Allocate, 2 Write-Through Read-Allocate, 3 what `code3` says
/// as a nibble of a MAIR byte: by default Write-Back Read-Allocate, as in TCR.IRGN0 and CD.IR0 (IHI
/// 0070 5.4).
constexpr Attributes structure_attributes(WalkAttributes fields, unsigned code3 = 0b1110) {
  const unsigned nibbles[4] = {0b0100, 0b1111, 0b1010, code3};
  const unsigned memory = nibbles[fields.ORGN & 3] << 4 | nibbles[fields.IRGN & 3];
  return effective({static_cast<std::uint8_t>(memory), fields.SH});
}

/// Attributes of an access that stage 1 (or an SMMU's input) gave `stage1` and stage 2 gave `stage2`
/// (DDI 0487 D8.6, pseudocode S2CombineS1MemAttrs and AArch64.S2ApplyFWBMemAttrs). Reserved MAIR bytes, and
/// those that only FEAT_MTE and FEAT_XS give a meaning (0x40, 0xa0, 0xf0), are to be replaced before, as
/// SMMUs do (IHI 0070 5.4, CD.MAIR0).
Attributes combine(Attributes stage1, Stage2Attributes stage2, bool FWB);

/// The same of an access to a table or structure of stage 1, which `stage2` translates (IHI 0070 5.2,
/// STE.S2PTW).
/// @param PTWNNC  what stage 2 maps as Device is accessed as Normal Non-cacheable
Attributes combine_for_table(Attributes stage1, Stage2Attributes stage2, bool FWB, bool PTWNNC);

/// Cacheable levels allocate as WACFG and RACFG, bits [3:2] and [1:0] of `allocation`, say: 0b10 on writes,
/// or reads, 0b11 not; 0b00 and the Reserved 0b01 say nothing (IHI 0062 2.4.2, Combine_allocate, and Table
/// 2-4).
Attributes with_allocation(Attributes attributes, std::uint8_t allocation);

}  // namespace smmuvp::pgtable
