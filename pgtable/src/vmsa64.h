// VMSAv8-64 descriptors, 4 KiB granule, 48-bit output addresses (DDI 0487 D8.3).
#pragma once

#include <cstdint>

namespace smmuvp::pgtable::vmsa64 {

constexpr unsigned granule_shift = 12;
constexpr unsigned bits_per_level = 9;
constexpr unsigned descriptor_size_shift = 3;
constexpr int last_level = 3;

// log2 of what one descriptor of a level covers
constexpr unsigned level_shift(int level) {
  return granule_shift + bits_per_level * static_cast<unsigned>(last_level - level);
}

// Level of the first table for 2^ia_bits bytes of input (DDI 0487 D8.2, 4 KiB granule)
constexpr int start_level(unsigned ia_bits) {
  return last_level + 1 - static_cast<int>((ia_bits - granule_shift + bits_per_level - 1) / bits_per_level);
}

constexpr std::uint64_t bit(unsigned n) { return std::uint64_t{1} << n; }
constexpr std::uint64_t low_bits(unsigned n) { return bit(n) - 1; }  // n < 64

// Bits [1:0]
constexpr std::uint64_t valid = bit(0);
constexpr std::uint64_t table_or_page = bit(1);

// Output address and next-level table address; bits [51:48] are RES0 without 52-bit addresses
constexpr std::uint64_t address_mask = low_bits(48) & ~low_bits(granule_shift);

// Leaf attributes
constexpr unsigned AttrIndx_shift = 2;
constexpr std::uint64_t NS = bit(5);
constexpr std::uint64_t AP_unprivileged = bit(6);  // AP[1]
constexpr std::uint64_t AP_read_only = bit(7);     // AP[2]
constexpr unsigned SH_shift = 8;
constexpr std::uint64_t AF = bit(10);
constexpr std::uint64_t nG = bit(11);
constexpr std::uint64_t Contiguous = bit(52);
constexpr unsigned contiguous_shift = 4;  // 16 entries at every level of this granule
constexpr std::uint64_t PXN = bit(53);
constexpr std::uint64_t UXN = bit(54);

// Table attributes, kept shifted down by table_permissions_shift
constexpr unsigned table_permissions_shift = 59;
constexpr unsigned PXNTable = 1U << 0;
constexpr unsigned UXNTable = 1U << 1;
constexpr unsigned APTable_privileged_only = 1U << 2;  // APTable[0]
constexpr unsigned APTable_read_only = 1U << 3;        // APTable[1]
constexpr std::uint64_t NSTable = bit(63);

}  // namespace smmuvp::pgtable::vmsa64
