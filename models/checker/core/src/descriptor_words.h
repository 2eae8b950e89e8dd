// What of a descriptor the checker compares: VMSAv8-64 and VMSAv8-32 LPAE (DDI 0487 D8.3).
#pragma once

#include <cstdint>
#include <optional>

#include "smmuvp/checker/rules.h"

namespace smmuvp::checker {

inline bool is_valid(std::uint64_t descriptor) { return (descriptor & 1) != 0; }
inline bool is_table(std::uint64_t descriptor, unsigned level) { return level < 3 && (descriptor & 3) == 3; }
/// Address bits, also those of 52-bit forms, which lie elsewhere, as long as those do not change alone.
inline std::uint64_t address_of(std::uint64_t descriptor) { return descriptor & 0x0000'ffff'ffff'f000; }

/// Which rule a change of a live descriptor breaks, where it is made without break-before-make (DDI 0487
/// D8.16.1); none: it may be made so.
/// @param bbml  IDR3.BBML: from 1 on the size of what is mapped may change, and the Contiguous bit
std::optional<RuleId> needs_break(std::uint64_t before, std::uint64_t after, unsigned stage, unsigned level,
                                  unsigned bbml);

}  // namespace smmuvp::checker
