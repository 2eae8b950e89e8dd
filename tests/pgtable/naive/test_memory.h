// SPDX-License-Identifier: MIT
//
// A sparse memory for the naive walker's own tests. What was never written reads as zero.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "naive.h"

namespace naive_test {

class TestMemory : public naive::Memory {
 public:
  void put64(uint64_t address, uint64_t value) {
    for (unsigned n = 0; n < 8; n++) m_bytes[address + n] = static_cast<uint8_t>(value >> (8 * n));
  }
  void put64_big(uint64_t address, uint64_t value) {
    for (unsigned n = 0; n < 8; n++) m_bytes[address + n] = static_cast<uint8_t>(value >> (8 * (7 - n)));
  }
  void put32(uint64_t address, uint32_t value) {
    for (unsigned n = 0; n < 4; n++) m_bytes[address + n] = static_cast<uint8_t>(value >> (8 * n));
  }
  void put32_big(uint64_t address, uint32_t value) {
    for (unsigned n = 0; n < 4; n++) m_bytes[address + n] = static_cast<uint8_t>(value >> (8 * (3 - n)));
  }
  uint64_t get64(uint64_t address) const {
    uint64_t value = 0;
    for (unsigned n = 0; n < 8; n++) value |= uint64_t{byte(address + n)} << (8 * n);
    return value;
  }

  std::optional<Bytes> read(uint64_t address, unsigned size, naive::Space) override {
    if (aborting.count(address) != 0) return std::nullopt;
    Bytes bytes{};
    for (unsigned n = 0; n < size; n++) bytes[n] = byte(address + n);
    return bytes;
  }

  naive::Swap compare_and_swap(uint64_t address, unsigned size, naive::Space, const Bytes& expected,
                               const Bytes& desired) override {
    if (no_atomics) return naive::Swap::unsupported;
    if (interfere.has_value()) {
      // Another observer writes between the walker's read and its swap, once
      put64(address, *interfere);
      interfere.reset();
    }
    for (unsigned n = 0; n < size; n++) {
      if (byte(address + n) != expected[n]) return naive::Swap::differs;
    }
    for (unsigned n = 0; n < size; n++) m_bytes[address + n] = desired[n];
    return naive::Swap::done;
  }

  std::set<uint64_t> aborting;  ///< descriptors at these addresses cannot be read
  bool no_atomics = false;
  std::optional<uint64_t> interfere;

 private:
  uint8_t byte(uint64_t address) const {
    const auto found = m_bytes.find(address);
    return found == m_bytes.end() ? uint8_t{0} : found->second;
  }
  std::map<uint64_t, uint8_t> m_bytes;
};

/// Bits of the long descriptor formats, for hand-made tables.
constexpr uint64_t AF = uint64_t{1} << 10;
constexpr uint64_t DBM = uint64_t{1} << 51;
constexpr uint64_t CONTIGUOUS = uint64_t{1} << 52;
constexpr uint64_t PXN = uint64_t{1} << 53;
constexpr uint64_t UXN = uint64_t{1} << 54;
constexpr uint64_t AP1 = uint64_t{1} << 6;
constexpr uint64_t AP2 = uint64_t{1} << 7;
constexpr uint64_t S2R = uint64_t{1} << 6;
constexpr uint64_t S2W = uint64_t{1} << 7;
constexpr uint64_t TABLE = 3;
constexpr uint64_t PAGE = 3;
constexpr uint64_t BLOCK = 1;
constexpr uint64_t SH_INNER = uint64_t{3} << 8;
constexpr uint64_t NG = uint64_t{1} << 11;

inline constexpr uint64_t attr_index(uint64_t n) { return n << 2; }
inline constexpr uint64_t mem_attr(uint64_t n) { return n << 2; }

/// The fault or the translation of an answer; the other kind fails the test.
inline const naive::Fault& faulted(const naive::Answer& answer) {
  static const naive::Fault none{};
  EXPECT_NE(answer.fault(), nullptr);
  return answer.fault() != nullptr ? *answer.fault() : none;
}
inline const naive::Translation& translated(const naive::Answer& answer) {
  static const naive::Translation none{};
  EXPECT_NE(answer.translation(), nullptr);
  return answer.translation() != nullptr ? *answer.translation() : none;
}

}  // namespace naive_test
