// What of a descriptor the checker compares: VMSAv8-64 and VMSAv8-32 LPAE (DDI 0487 D8.3).
#pragma once

#include <cstdint>
#include <optional>

#include "smmuvp/checker/rules.h"

namespace smmuvp::checker {

inline bool is_valid(std::uint64_t descriptor) { return (descriptor & 1) != 0; }
inline bool is_table(std::uint64_t descriptor, unsigned level) { return level < 3 && (descriptor & 3) == 3; }
/// Of a leaf of stage 1: nG.
inline bool is_global(std::uint64_t descriptor) { return (descriptor & (1U << 11)) == 0; }
/// Address bits, also those of 52-bit forms, which lie elsewhere, as long as those do not change alone.
inline std::uint64_t address_of(std::uint64_t descriptor) { return descriptor & 0x0000'ffff'ffff'f000; }

/// The Contiguous bit, how many descriptors a run of them has (D8.7.1), and bits that are the same in all.
constexpr std::uint64_t contiguous_bit = std::uint64_t{1} << 52;
inline std::uint64_t run_length(unsigned granule, unsigned level) {
  if (granule == 12) return 16;
  if (granule == 14) return level == 3 ? 128 : 32;
  return 32;
}
// Validity and type, AttrIndx or MemAttr but its uppermost bit, AP[1], SH, nG, GP, Contiguous, PXN, XN. AP[2]
// and the Access flag are updated by hardware, one by one.
constexpr std::uint64_t alike_in_run = 0x0074'0000'0000'0b5f;
/// The output address of a leaf of 2^shift bytes.
inline std::uint64_t output_of(std::uint64_t descriptor, unsigned shift) {
  return (descriptor & 0x0000'ffff'ffff'f000) >> shift << shift;
}

/// Which rule a change of a live descriptor breaks, where it is made without break-before-make (DDI 0487
/// D8.17.1); none: it may be made so.
/// @param bbml  IDR3.BBML: from 1 on the size of what is mapped may change, and the Contiguous bit
std::optional<RuleId> needs_break(std::uint64_t before, std::uint64_t after, unsigned stage, unsigned level,
                                  unsigned bbml);

}  // namespace smmuvp::checker
