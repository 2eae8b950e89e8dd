// Bit fields of registers, structures and commands.
#pragma once

#include <cstdint>

namespace smmuvp::v3 {

/// Bits [n-1:0].
constexpr std::uint64_t low_bits(unsigned n) { return n >= 64 ? ~0ULL : (1ULL << n) - 1; }
/// The value of word[high:low].
constexpr std::uint64_t bits(std::uint64_t word, unsigned high, unsigned low) {
  return (word >> low) & low_bits(high - low + 1);
}
constexpr bool bit(std::uint64_t word, unsigned at) { return ((word >> at) & 1) != 0; }

}  // namespace smmuvp::v3
