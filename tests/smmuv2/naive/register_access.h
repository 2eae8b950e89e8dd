// SPDX-License-Identifier: MIT
//
// One configuration access, at one register. Sizes that a register does not take are RAZ/WI.
#pragma once

#include "bits.h"

namespace naive_smmuv2 {

struct Access {
  bool write = false;
  unsigned bytes = 4;
  bool upper = false;  ///< 4 bytes at the upper half of a 64-bit register
  uint64_t& value;     ///< what is written, or read

  void razwi() const {
    if (!write) value = 0;
  }

  /// Reads what the mask lets through, with `fixed` ones; writes the mask only.
  void rw32(uint32_t& reg, uint32_t mask, uint32_t fixed = 0) const {
    if (bytes != 4) return razwi();
    if (write) {
      reg = static_cast<uint32_t>(merge(reg, value, mask & ~fixed));
    } else {
      value = (reg & mask) | fixed;
    }
  }
  void rw64(uint64_t& reg, uint64_t mask) const {
    const unsigned shift = upper ? 32 : 0;
    const uint64_t part = bytes == 8 ? mask : mask & (ones(32) << shift);
    if (write) {
      reg = merge(reg, value << shift, part);
    } else {
      value = (reg & part) >> shift;
    }
  }
  void ro32(uint32_t what) const {
    if (bytes != 4) return razwi();
    if (!write) value = what;
  }
  /// Write one to clear
  void w1c32(uint32_t& reg, uint32_t mask, uint32_t shown) const {
    if (bytes != 4) return razwi();
    if (write) {
      reg &= ~(static_cast<uint32_t>(value) & mask);
    } else {
      value = shown;
    }
  }
  /// A write of 32 bits to a write-only register, or none
  [[nodiscard]] bool written32() const { return write && bytes == 4; }
  /// A write-only register of 64 bits: a word to the lower half is zero extended, one to the upper half is
  /// ignored
  [[nodiscard]] bool written64() const { return write && !upper; }
};

}  // namespace naive_smmuv2
