// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace naive_smmuv2 {

/// value<high:low>
inline uint64_t bits(uint64_t value, unsigned high, unsigned low) {
  const unsigned width = high - low + 1;
  const uint64_t shifted = value >> low;
  return width >= 64 ? shifted : shifted & ((uint64_t{1} << width) - 1);
}
inline unsigned field(uint64_t value, unsigned high, unsigned low) {
  return static_cast<unsigned>(bits(value, high, low));
}
inline bool bit(uint64_t value, unsigned n) { return ((value >> n) & 1) != 0; }
/// A value of n bits, all of them one
inline uint64_t ones(unsigned n) { return n >= 64 ? ~uint64_t{0} : (uint64_t{1} << n) - 1; }
/// value<high:low> left where it stands, everything else zero
inline uint64_t keep(uint64_t value, unsigned high, unsigned low) { return bits(value, high, low) << low; }
/// Does the value need more than n bits?
inline bool beyond(uint64_t value, unsigned n) { return n < 64 && (value >> n) != 0; }
inline uint64_t truncate(uint64_t value, unsigned n) { return value & ones(n); }
/// The value where mask is one, `old` elsewhere
inline uint64_t merge(uint64_t old, uint64_t value, uint64_t mask) { return (old & ~mask) | (value & mask); }
inline unsigned minimum(unsigned a, unsigned b) { return a < b ? a : b; }

}  // namespace naive_smmuv2
