// Long descriptors (DDI 0487 D8.3; VMSAv8-32 G5.5 has the same fields where it has them).
#pragma once

#include <cstdint>

#include "smmuvp/pgtable/setup.h"
#include "smmuvp/pgtable/walk_question.h"

namespace smmuvp::pgtable::detail {

constexpr unsigned descriptor_size_shift = 3;
constexpr int first_level = -1;
constexpr int last_level = 3;

constexpr std::uint64_t bit(unsigned n) { return std::uint64_t{1} << n; }
constexpr std::uint64_t low_bits(unsigned n) { return bit(n) - 1; }  // n < 64
constexpr bool exceeds(std::uint64_t address, unsigned bits) { return (address >> bits) != 0; }

// What a descriptor is, by its level and bits [1:0]
enum class Kind : std::uint8_t { invalid, table, leaf };

constexpr unsigned kind_shift(int level, unsigned type) {
  return 2 * (4 * static_cast<unsigned>(level - first_level) + type);
}
constexpr Kind kind_of(std::uint64_t kinds, int level, std::uint64_t descriptor) {
  return static_cast<Kind>((kinds >> kind_shift(level, static_cast<unsigned>(descriptor & 3))) & 3);
}

// log2 of what one descriptor of a level covers
constexpr unsigned level_shift(const Lookup& l, int level) {
  return l.granule_shift + l.stride * static_cast<unsigned>(last_level - level);
}
constexpr std::uint64_t output_address(const Lookup& l, std::uint64_t descriptor) {
  return (descriptor & l.address_mask) | (descriptor & l.high_mask) << l.high_shift;
}
constexpr std::uint64_t descriptor_address(const Lookup& l, std::uint64_t table, int level,
                                           std::uint64_t input, unsigned index_bits) {
  return table | ((input >> level_shift(l, level)) & low_bits(index_bits)) << descriptor_size_shift;
}

// Leaf attributes of both stages
constexpr unsigned SH_shift = 8;
constexpr std::uint64_t AF = bit(10);
constexpr std::uint64_t DBM = bit(51);
constexpr std::uint64_t Contiguous = bit(52);

// log2 of the range around `input` that one entry may serve. The Contiguous hint counts only where one entry
// for the whole range would translate this descriptor's part as the descriptor does, and would let no address
// out of the input range or the output size (DDI 0487 D8.7.1).
constexpr unsigned range_shift(const Lookup& l, int level, std::uint64_t descriptor, std::uint64_t block,
                               std::uint64_t input) {
  const unsigned shift = level_shift(l, level);
  if ((descriptor & Contiguous) == 0 || level < 0) return shift;
  const unsigned range = shift + l.contiguous[static_cast<unsigned>(level)];
  const bool fits = range <= l.input_bits && range <= l.output_size;
  return fits && ((block ^ input) & low_bits(range) & ~low_bits(shift)) == 0 ? range : shift;
}

// Stage 1 leaf attributes
constexpr unsigned AttrIndx_shift = 2;
constexpr std::uint64_t NS = bit(5);
constexpr std::uint64_t AP_unprivileged = bit(6);  // AP[1]
constexpr std::uint64_t AP_read_only = bit(7);     // AP[2]
constexpr std::uint64_t nG = bit(11);
constexpr std::uint64_t PXN = bit(53);
constexpr std::uint64_t XN = bit(54);  // UXN where unprivileged accesses exist

// Stage 2 leaf attributes
constexpr unsigned MemAttr_shift = 2;
constexpr std::uint64_t S2AP_read = bit(6);
constexpr std::uint64_t S2AP_write = bit(7);
constexpr unsigned S2XN_shift = 53;  // XN[1:0] is bits [54:53]

// MemAttr[3:0]. Of an SMMUv2 what is Reserved, Normal memory with an inner 0b00, is Device-nGnRnE (IHI 0062
// 9.4, Table 2-4).
constexpr unsigned memattr_of(const Lookup& l, std::uint64_t leaf) {
  const unsigned MemAttr = static_cast<unsigned>(leaf >> MemAttr_shift) & 0xfU;
  return l.SMMUv2 && (MemAttr & 0b0011U) == 0 ? 0 : MemAttr;
}

// A table is read as data whatever the request is for, and updated by a read and a write in one.
constexpr AccessType stage2_access(LookupUse use, AccessType request) {
  if (use == LookupUse::input) return request;
  return use == LookupUse::table_read ? AccessType::read : AccessType::read_write;
}
// D8.4: HCR_EL2.PTW, STE.S2PTW: no stage 1 table in Device memory. MemAttr[3:2], with FWB MemAttr[2].
constexpr bool is_refused_table(const Lookup& l, LookupUse use, std::uint64_t leaf) {
  const unsigned memory_type = l.FWB ? 0b0100U : 0b1100U;
  return use != LookupUse::input && l.PTW && (memattr_of(l, leaf) & memory_type) == 0;
}
constexpr Stage2Attributes stage2_attributes(const Lookup& l, std::uint64_t leaf) {
  Stage2Attributes attributes;
  attributes.MemAttr = static_cast<std::uint8_t>(memattr_of(l, leaf));
  attributes.SH = l.DS ? l.walk_attributes.SH : static_cast<Shareability>((leaf >> SH_shift) & 3);
  attributes.allocation = static_cast<std::uint8_t>(leaf >> 60U);
  return attributes;
}

// Table attributes, kept shifted down by table_permissions_shift
constexpr unsigned table_permissions_shift = 59;
constexpr unsigned PXNTable = 1U << 0;
constexpr unsigned XNTable = 1U << 1;
constexpr unsigned APTable_privileged_only = 1U << 2;  // APTable[0]
constexpr unsigned APTable_read_only = 1U << 3;        // APTable[1]
constexpr std::uint64_t NSTable = bit(63);

}  // namespace smmuvp::pgtable::detail
