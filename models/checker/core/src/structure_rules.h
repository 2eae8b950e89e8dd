// What of an STE or CD counts, for rules about its changes.
#pragma once

#include <array>
#include <cstdint>

#include "smmuvp/checker/look.h"

namespace smmuvp::checker {

using StructureWords = std::array<std::uint64_t, 8>;

/// V of a structure, in its first word.
bool is_valid(Look::Kind kind, std::uint64_t word0);
/// Bits of a word that a valid STE or CD, with what its first word says, is used by (IHI 0070 5.2, 5.4).
std::uint64_t used_bits(Look::Kind kind, const StructureWords& words, unsigned word);
/// Bits that are set and belong to no field; the first word with some is `word`.
struct ReservedBits {
  unsigned word = 0;
  std::uint64_t bits = 0;
};
ReservedBits reserved_bits(Look::Kind kind, const StructureWords& words, unsigned count);

}  // namespace smmuvp::checker
