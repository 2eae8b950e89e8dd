// Short descriptors of VMSAv8-32 (DDI 0487 G5.4): where their fields are. The walk reads and the Builder
// writes by these constants.
#pragma once

#include <cstdint>

namespace smmuvp::pgtable::detail::short_descriptor {

constexpr std::uint32_t bit32(unsigned n) { return std::uint32_t{1} << n; }
constexpr std::uint32_t low_bits32(unsigned n) { return bit32(n) - 1; }  // n < 32

constexpr unsigned descriptor_size_shift = 2;
constexpr unsigned input_bits = 32;
constexpr unsigned output_bits = 40;  // by supersections alone; all else reaches 32

// log2 of what leaves cover
constexpr unsigned supersection_shift = 24;
constexpr unsigned section_shift = 20;
constexpr unsigned large_page_shift = 16;
constexpr unsigned small_page_shift = 12;
// A supersection and a large page fill this many entries of their table with copies of one descriptor.
constexpr unsigned repeated_entries = 16;

// log2 of a level 2 table's bytes; the level 1 table of TTBR0 has 2^(14-N), that of TTBR1 2^14.
constexpr unsigned level2_table_shift = 10;
constexpr unsigned level1_table_shift = 14;

// ---- Bits [1:0]. Level 1: 0b01 is a table, 0b1x a section or supersection whose bit 0 is PXN.
// Level 2: 0b01 is a large page, 0b1x a small page whose bit 0 is XN.
constexpr std::uint32_t type_mask = 0b11;
constexpr std::uint32_t table_type = 0b01;
constexpr std::uint32_t section_type = bit32(1);
constexpr std::uint32_t large_page_type = 0b01;
constexpr std::uint32_t small_page_type = bit32(1);

// ---- Level 1: table
constexpr std::uint32_t table_PXN = bit32(2);
constexpr std::uint32_t table_NS = bit32(3);
constexpr std::uint32_t table_address_mask = ~low_bits32(level2_table_shift);

// ---- Level 1: table and section
constexpr unsigned domain_shift = 5;  // bits [8:5]; a supersection is of domain 0
constexpr std::uint32_t domain_mask = 0xf;

constexpr unsigned domain_of(std::uint32_t descriptor) { return (descriptor >> domain_shift) & domain_mask; }
// Address of the level 2 descriptor of `va` in the table that `table` is the descriptor of
constexpr std::uint64_t level2_address(std::uint32_t table, std::uint64_t va) {
  return (table & table_address_mask) | ((va >> small_page_shift) & 0xff) << descriptor_size_shift;
}

// ---- Level 1: section and supersection
constexpr std::uint32_t section_PXN = bit32(0);
constexpr std::uint32_t section_XN = bit32(4);
constexpr unsigned section_AP_shift = 10;  // AP[1:0]
constexpr unsigned section_TEX_shift = 12;
constexpr std::uint32_t section_AP2 = bit32(15);
constexpr std::uint32_t section_S = bit32(16);
constexpr std::uint32_t section_nG = bit32(17);
constexpr std::uint32_t section_is_super = bit32(18);
constexpr std::uint32_t section_NS = bit32(19);
constexpr std::uint32_t section_address_mask = ~low_bits32(section_shift);
constexpr std::uint32_t supersection_address_mask = ~low_bits32(supersection_shift);
constexpr unsigned supersection_PA35_32_shift = 20;  // bits [23:20]
constexpr unsigned supersection_PA39_36_shift = 5;   // bits [8:5]

// ---- Level 2: large and small page
constexpr unsigned page_AP_shift = 4;  // AP[1:0]
constexpr std::uint32_t page_AP2 = bit32(9);
constexpr std::uint32_t page_S = bit32(10);
constexpr std::uint32_t page_nG = bit32(11);
constexpr std::uint32_t small_page_XN = bit32(0);
constexpr unsigned small_page_TEX_shift = 6;
constexpr std::uint32_t small_page_address_mask = ~low_bits32(small_page_shift);
constexpr std::uint32_t large_page_XN = bit32(15);
constexpr unsigned large_page_TEX_shift = 12;
constexpr std::uint32_t large_page_address_mask = ~low_bits32(large_page_shift);

// ---- All leaves
constexpr std::uint32_t B = bit32(2);
constexpr std::uint32_t C = bit32(3);
constexpr std::uint32_t AP_mask = 0b11;
constexpr std::uint32_t TEX_mask = 0b111;
// Where AFE is set AP[0] is the Access flag.
constexpr std::uint32_t AP_access_flag = 0b01;

}  // namespace smmuvp::pgtable::detail::short_descriptor
