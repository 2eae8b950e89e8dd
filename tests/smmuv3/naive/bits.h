// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace naive_smmuv3 {

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
/// value<high:low> left where it stands, everything else zero
inline uint64_t keep(uint64_t value, unsigned high, unsigned low) { return bits(value, high, low) << low; }
/// value without its lowest n bits
inline uint64_t align_down(uint64_t value, unsigned n) { return n >= 64 ? 0 : (value >> n) << n; }
/// Does the value need more than n bits?
inline bool beyond(uint64_t value, unsigned n) { return n < 64 && (value >> n) != 0; }
inline uint64_t truncate(uint64_t value, unsigned n) {
  return n >= 64 ? value : value & ((uint64_t{1} << n) - 1);
}

/// Structures, queues and MSIs are little-endian (IHI 0070 chapter 5, 4.1.1, 7.3).
inline uint64_t little_endian(const std::vector<uint8_t>& bytes, size_t offset, size_t count) {
  uint64_t value = 0;
  for (size_t n = 0; n < count; n++) value |= uint64_t{bytes.at(offset + n)} << (8 * n);
  return value;
}
inline std::vector<uint8_t> little_endian_bytes(uint64_t value, size_t count) {
  std::vector<uint8_t> bytes;
  for (size_t n = 0; n < count; n++) bytes.push_back(static_cast<uint8_t>(value >> (8 * n)));
  return bytes;
}

}  // namespace naive_smmuv3
