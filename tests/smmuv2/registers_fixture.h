// A register file as an instance has it, with nothing behind it.
#pragma once

#include <cstdint>

#include "smmuvp/smmuv2/registers.h"

namespace smmuvp::smmuv2 {

constexpr AccessSecurity NonSecure = AccessSecurity::NonSecure;
constexpr AccessSecurity Secure = AccessSecurity::Secure;

struct Registers {
  explicit Registers(const Features& f) : file(register_table(f), observer) { prepare(file, f); }
  std::uint64_t read(std::uint32_t offset, AccessSecurity s = NonSecure, unsigned bytes = 4) {
    std::uint64_t value = 0;
    file.read(offset, bytes, s, value);
    return value;
  }
  /// What is left after all ones are written.
  std::uint64_t write_ones(std::uint32_t offset, AccessSecurity s = NonSecure, unsigned bytes = 4) {
    file.write(offset, bytes, s, ~std::uint64_t{0});
    return read(offset, s, bytes);
  }
  RegisterObserver observer;
  RegisterFile file;
};

/// Two Security states, and an SSD_Index of 8 bits.
inline Features two_states() {
  Features f;
  f.SES = true;
  f.SSDTP = 1;
  f.NUMSSDNDXB = 8;
  return f;
}
}  // namespace smmuvp::smmuv2
