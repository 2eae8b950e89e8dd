// Memory around a core that is fuzzed.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace smmuvp::smmu {

/// 64 KiB, repeated over all addresses.
class FuzzMemory {
 public:
  void read(std::uint64_t address, std::uint8_t* to, unsigned size) const {
    const std::uint32_t at = address & mask;
    const std::uint32_t first = std::min(size, bytes - at);
    std::memcpy(to, &m_data[at], first);
    std::memcpy(to + first, m_data.data(), size - first);
  }
  void write(std::uint64_t address, const std::uint8_t* from, unsigned size) {
    const std::uint32_t at = address & mask;
    const std::uint32_t first = std::min(size, bytes - at);
    std::memcpy(&m_data[at], from, first);
    std::memcpy(m_data.data(), from + first, size - first);
    m_written |= page_bit(at) | page_bit((at + size - 1) & mask);  // no operation is longer than a page
  }
  void put(std::uint64_t address, std::uint64_t value) {
    std::uint8_t b[8];
    for (unsigned i = 0; i < 8; ++i) b[i] = static_cast<std::uint8_t>(value >> (8 * i));
    write(address, b, 8);
  }
  std::uint64_t get(std::uint64_t address) const {
    std::uint8_t b[8];
    read(address, b, 8);
    std::uint64_t value = 0;
    for (unsigned i = 0; i < 8; ++i) value |= std::uint64_t{b[i]} << (8 * i);
    return value;
  }
  /// All zero again, at the price of what has been written.
  void clear() {
    for (std::uint32_t page = 0; page < 64; ++page) {
      if ((m_written >> page & 1U) != 0) std::memset(&m_data[page * page_bytes], 0, page_bytes);
    }
    m_written = 0;
  }

 private:
  static constexpr std::uint32_t bytes = 0x10000;
  static constexpr std::uint32_t mask = bytes - 1;
  static constexpr std::uint32_t page_bytes = bytes / 64;
  static std::uint64_t page_bit(std::uint32_t at) { return std::uint64_t{1} << (at / page_bytes); }

  std::array<std::uint8_t, bytes> m_data{};
  std::uint64_t m_written = 0;  // pages
};

}  // namespace smmuvp::smmu
