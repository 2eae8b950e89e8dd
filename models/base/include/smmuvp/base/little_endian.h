// Little-endian numbers in bytes.
#pragma once
#include <cstdint>

namespace smmuvp {

/// @param bytes  1 to 8
inline std::uint64_t load_little_endian(const std::uint8_t* from, unsigned bytes) {
  std::uint64_t v = 0;
  for (unsigned i = 0; i < bytes; ++i) v |= static_cast<std::uint64_t>(from[i]) << (8 * i);
  return v;
}

/// @param bytes  1 to 8
inline void store_little_endian(std::uint8_t* to, std::uint64_t v, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) to[i] = static_cast<std::uint8_t>(v >> (8 * i));
}

}  // namespace smmuvp
