// What a walk asks whoever drives it and caches may answer, and what it finds that caches may keep.
#pragma once

#include <cstdint>

#include "smmuvp/pgtable/access.h"
#include "smmuvp/pgtable/attributes.h"
#include "smmuvp/pgtable/config.h"

namespace smmuvp::pgtable {

enum class Stage : std::uint8_t { stage1 = 1, stage2 = 2 };

/// What an address is looked up for.
enum class LookupUse : std::uint8_t {
  input,         ///< the request's address, or the IPA that stage 1 made of it
  table_read,    ///< nested, stage 2: the IPA of a stage 1 descriptor that is to be read
  table_update,  ///< nested, stage 2: the IPA of a stage 1 descriptor that is to be updated
};

/// A lookup that is about to begin at the first table: what do caches know? Levels are those of descriptors.
struct WalkQuestion {
  Stage stage = Stage::stage1;
  LookupUse use = LookupUse::input;
  std::int8_t start_level = 0;      ///< of the first table; no TablePointer is of this level
  std::int8_t last_level = 3;       ///< v7s: 2
  std::uint8_t granule_shift = 12;  ///< log2 of what a descriptor of last_level covers
  std::uint8_t stride = 9;          ///< input bits that one table resolves
  /// Stage 1: the VA, with TBI its tag replaced by copies of VA[55]. Stage 2: the IPA.
  std::uint64_t input = 0;
  AddressSpace space = AddressSpace::non_secure;  ///< stage 2: of the IPA

  /// log2 of the inputs that one descriptor covers: the page or block of a leaf.
  constexpr unsigned block_shift(int level) const {
    return granule_shift + stride * static_cast<unsigned>(last_level - level);
  }
  /// log2 of the inputs that share a table, for levels after start_level: TablePointer::region_shift.
  constexpr unsigned region_shift(int level) const { return block_shift(level - 1); }
};

/// A table that a walk has found through a descriptor. Any later walk of an equal WalkSetup whose input has
/// the same bits from region_shift up may begin there, whatever its access is.
struct TablePointer {
  Stage stage = Stage::stage1;
  std::int8_t level = 0;          ///< of the descriptors in the table
  std::uint8_t region_shift = 0;  ///< log2 of the inputs that share the table
  std::uint8_t permissions = 0;   ///< stage 1: descriptor bits [62:59] of all tables up to here, ORed
  /// Of the table. Stage 1: NSTable of all tables up to here applied.
  AddressSpace space = AddressSpace::non_secure;
  std::uint32_t v7s_descriptor = 0;  ///< v7s: the level 1 descriptor, of which level 2 has domain, PXN and NS
  std::uint64_t address = 0;         ///< of the table; nested stage 1: an IPA
};

/// A finished stage 2 translation. Any later walk of an equal WalkSetup may use it for an IPA of the same
/// space with the same bits from block_shift up; from range_shift up where the contiguous hint is to be used,
/// and the `descriptor` of the block beside may be told as this one's.
struct Stage2Translation {
  std::int8_t level = 0;
  std::uint8_t block_shift = 0;  ///< log2 of the page or block
  std::uint8_t range_shift = 0;  ///< as block_shift, or log2 of the contiguous range
  Rights rights;                 ///< of stage 2 alone
  Stage2Attributes attributes;
  std::uint64_t output = 0;      ///< first output address of the page or block
  std::uint64_t descriptor = 0;  ///< the leaf as it is in memory, byte order undone
};

}  // namespace smmuvp::pgtable
