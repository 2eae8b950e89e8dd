// The translation tables that invalidation schedules run on: where they lie, and how they are encoded. Every
// address space and stage 2 is made of a few places whose content software changes.
#pragma once

#include <cstdint>

#include "history.h"
#include "smmuvp/test/core.h"

namespace smmuvp::smmu::invalidation {

/// A node of a translation table: the path to it says which addresses it translates.
struct Node {
  std::uint8_t stage = 1;  ///< 1 or 2
  std::uint8_t space = 0;  ///< which stage 1 address space, or which stage 2
  std::uint8_t ttb = 0;    ///< stage 1: the lower or the upper range
  std::uint8_t level = 3;  ///< of the descriptor: 1 to 3
  std::uint8_t copy = 0;   ///< levels 2 and 3: which of two tables that can take each other's place
  std::uint8_t bank = 0;   ///< stage 1: physical copy that stage 2 can choose
};

constexpr unsigned stage1_spaces = 3;
constexpr unsigned stage2_spaces = 2;
/// What is read through stage 2 besides stage 1 tables, each in a page of its own.
constexpr std::uint64_t structures_base = 0x4000'0000;
constexpr std::uint64_t stage1_base = 0x5000'0000;  ///< stage 1 tables; IPAs with stage 2
constexpr std::uint64_t stage2_base = 0x6000'0000;
/// Distance between an IPA and what stage 2 can make of it, times 0 to 7. Structures and stage 1 tables have
/// content at 0 and 1 of it.
constexpr std::uint64_t bank_distance = 0x4'0000'0000;
constexpr std::uint64_t upper_range = 0xffff'ff80'0000'0000;  ///< its first address, TxSZ being 25
/// The range of a virtual address.
constexpr unsigned ttb_of(std::uint64_t va) { return va >> 55U & 1U; }

/// Addresses in use have i of 2 or 3, j of 0 or 1, k of 0 to 2, in virtual and in intermediate addresses.
struct Place {
  std::uint8_t i = 2;
  std::uint8_t j = 0;
  std::uint8_t k = 0;
  std::uint64_t address() const {
    return std::uint64_t{i} << 30U | std::uint64_t{j} << 21U | std::uint64_t{k} << 12U;
  }
  static Place random(test::Random& random);
};

constexpr unsigned shift_of(unsigned level) { return 39U - 9U * level; }

std::uint64_t stage1_root(unsigned space, unsigned ttb);
std::uint64_t stage2_root(unsigned space);
/// The table that `node`'s descriptor for `place` lies in.
std::uint64_t table_address(const Node& node, const Place& place);
std::uint64_t descriptor_address(const Node& node, const Place& place);
/// Stage 2, of the page of a structure or a stage 1 table: level 3, or level 2 for the whole region.
std::uint64_t structure_descriptor(unsigned space, unsigned level, std::uint64_t ipa);
/// The level 3 table of that region.
std::uint64_t structure_table(unsigned space, std::uint64_t ipa);

// ---- Long-descriptors of the 4 KiB granule, of AArch64 and AArch32 (DDI 0487 D8.3)

struct Leaf {
  std::uint64_t output = 0;
  bool writable = true;
  bool nG = true;  ///< stage 1
};
Word leaf1(unsigned level, const Leaf& leaf);
Word leaf2(unsigned level, const Leaf& leaf);
Word table(std::uint64_t address);
/// A leaf of `n` for `p`: of stage 1 it leads to an address in use, and of stage 2 to one of seven banks.
Word random_leaf(test::Random& random, const Node& n, const Place& p, bool writable, bool nG);

/// All stage 1 spaces.
void fill_stage1(Image& image, test::Random& random);
/// A stage 2, which has structures and stage 1 tables where their IPAs say, or in the other bank.
void fill_stage2(Image& image, test::Random& random, unsigned space, unsigned structure_pages);

// ---- what an access reads

struct TableRead {
  enum class Of : std::uint8_t { structure, table, output };

  unsigned stage = 1;
  unsigned level = 1;  ///< of the descriptor
  Of of = Of::output;  ///< stage 2: what it translates
};
/// Whether stage 1 or stage 2 tables lie there, and in which.
bool is_table_read(std::uint64_t address);
TableRead table_read(std::uint64_t address);

}  // namespace smmuvp::smmu::invalidation
