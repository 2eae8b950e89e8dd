// How the Builder writes descriptors: one Encoding per tree of tables.
#pragma once

#include <cstdint>
#include <memory>

#include "descriptor.h"
#include "smmuvp/pgtable/builder.h"

namespace smmuvp::pgtable::detail {

/// Shape of a tree of tables. Below the first table, each resolves `stride` bits of the input.
struct Geometry {
  int start_level = 0;
  int last_level = 3;
  unsigned page_shift = 12;
  unsigned stride = 9;
  unsigned entry_shift = 3;  // log2 of a descriptor's bytes
  unsigned first_index_bits = 0;

  // log2 of what one descriptor of a level covers
  unsigned shift(int level) const { return page_shift + stride * static_cast<unsigned>(last_level - level); }
  std::uint64_t offset(std::uint64_t input, int level) const {
    const unsigned bits = level == start_level ? first_index_bits : stride;
    return ((input >> shift(level)) & low_bits(bits)) << entry_shift;
  }
  std::uint64_t table_size() const { return bit(stride + entry_shift); }
  std::uint64_t first_table_size() const {
    const unsigned shift = first_index_bits + entry_shift;
    return bit(shift < 6 ? 6 : shift);  // D8.2: 64 bytes at least, with more than 48 output bits
  }
};

/// A run is what Mapping::contiguous asks for: leaves marked contiguous, or the copies of the descriptor
/// of a supersection or large page.
class Encoding {
 public:
  virtual ~Encoding() = default;

  const Geometry& geometry() const { return m_geometry; }
  bool big_endian() const { return m_big_endian; }
  /// Bits that the address of a table may have.
  virtual unsigned table_address_bits() const = 0;
  virtual Kind kind(std::uint64_t descriptor, int level) const = 0;

  virtual std::uint64_t table_address(std::uint64_t descriptor) const = 0;
  /// A table for leaves of `mapping`.
  virtual std::uint64_t table(std::uint64_t address, const Mapping& mapping) const = 0;
  /// Whether leaves of `mapping` may be in the table of this descriptor.
  virtual bool table_takes(std::uint64_t descriptor, const Mapping& mapping) const = 0;
  /// The same for rights alone, and the descriptor that makes them possible.
  virtual bool table_takes_rights(std::uint64_t descriptor, const MappingRights& rights) const = 0;
  virtual std::uint64_t table_for_rights(std::uint64_t descriptor, const MappingRights& rights) const = 0;

  /// Why a mapping cannot be expressed; nullptr if it can.
  virtual const char* refusal(const Mapping& mapping) const = 0;
  virtual const char* refusal_of_rights(const MappingRights& rights) const = 0;
  /// Whether leaves may be of this level.
  virtual bool has_leaves(int level) const = 0;
  /// log2 of the leaves of a run; 0 if there are none.
  virtual unsigned run(int level, const Mapping& mapping) const = 0;
  /// Output bits of a leaf of this level.
  virtual unsigned output_bits(int level, bool in_run) const = 0;
  virtual std::uint64_t leaf(const Mapping& mapping, std::uint64_t output, int level, bool in_run) const = 0;

  /// log2 of the leaves of the run that this leaf is of; 0 if it is of none.
  virtual unsigned run_of(std::uint64_t leaf, int level) const = 0;
  /// Whether a run is one leaf, so that taking a part of it out is splitting it.
  virtual bool run_is_leaf() const = 0;
  /// The leaf that translates `input` alone as it is translated by this leaf of a run.
  virtual std::uint64_t without_run(std::uint64_t leaf, int level, std::uint64_t input) const = 0;
  /// Whether there is such a leaf.
  virtual bool can_leave_run(std::uint64_t leaf, int level) const = 0;
  virtual std::uint64_t with_rights(std::uint64_t leaf, int level, const MappingRights& rights) const = 0;
  /// Leaf `index` of the table that replaces a leaf which is of no run, and the descriptor of that table.
  virtual std::uint64_t part(std::uint64_t leaf, int level, std::uint64_t index) const = 0;
  virtual std::uint64_t table_of_parts(std::uint64_t address, std::uint64_t leaf) const = 0;

 protected:
  Geometry m_geometry;
  bool m_big_endian = false;
};

std::unique_ptr<Encoding> make_long_encoding(const Lookup& lookup, Stage stage, bool two_privileges);
std::unique_ptr<Encoding> make_short_encoding(const Stage1Config& config, unsigned range);

}  // namespace smmuvp::pgtable::detail
