// Where the structures of a program lie, and what is in them.
#pragma once

#include <array>
#include <cstdint>

namespace smmuvp::compare {

constexpr std::uint64_t stream_table = 0x10000;  // linear; two-level: its second level
constexpr std::uint64_t l1_table = 0x12000;
constexpr std::uint64_t l1_cds = 0x14000;     // two-level CD tables
constexpr std::uint64_t leaf_cds = 0x1'5000;  // their leaves with 4 KiB; 0x1'0000 aligned ones are the tables
constexpr std::uint64_t command_queue = 0x18000;
constexpr std::uint64_t ecmdqs = 0x18800;
constexpr std::uint64_t event_queue = 0x19000;
constexpr std::uint64_t msis = 0x1a000;
constexpr std::uint64_t pri_queue = 0x1b000;
constexpr std::uint64_t vmss = 0x1c000;  // two of them
constexpr std::uint64_t tables = 0x20000;
constexpr std::uint64_t cds_in_page = 0xf00;

/// Bits of a structure, within one of its words.
inline unsigned field(const std::array<std::uint64_t, 8>& words, unsigned low, unsigned width) {
  return static_cast<unsigned>(words[low / 64] >> low % 64 & ((1ULL << width) - 1));
}

}  // namespace smmuvp::compare
