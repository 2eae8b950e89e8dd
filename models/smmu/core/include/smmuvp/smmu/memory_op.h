// What an SMMU asks of memory on its own behalf: structures, queues, translation tables.
#pragma once

#include <array>
#include <cstdint>

#include "smmuvp/base/archive.h"
#include "smmuvp/pgtable/memory_op.h"
#include "smmuvp/smmu/access.h"

namespace smmuvp::smmu {

using pgtable::MemoryOpKind;
using pgtable::MemoryStatus;
using pgtable::Step;

/// One single-copy operation of up to 64 bytes, aligned to its size rounded down to a power of two.
/// An SMMU's own accesses are Data, Privileged.
struct MemoryOp {
  static constexpr unsigned max_size = 64;

  MemoryOpKind kind = MemoryOpKind::read;
  /// What is read or written, for traces only: a literal. "TTD": a translation table descriptor.
  const char* purpose = "TTD";
  const char* source = "";  ///< of an MSI: whose, as traces call it
  std::uint8_t stage = 0;   ///< of a descriptor: 1 or 2
  std::int8_t level = 0;    ///< of a descriptor
  std::uint8_t size = 0;    ///< bytes, 1 to 64
  AddressSpace space = AddressSpace::non_secure;
  Attributes attributes = default_attributes;
  MpamLabel mpam;
  std::uint64_t address = 0;
  std::array<std::uint8_t, max_size> data{};  ///< write, and the new value of compare_and_swap
  std::uint64_t expected = 0;                 ///< compare_and_swap: in memory's byte order, as a LE number
  TimePs time = 0;                            ///< when it is issued

  /// All but purpose and source, which whoever has made it sets again, and what a descriptor is of. Fails on
  /// what no operation can be.
  void visit(Archive& archive);
};

struct MemoryAnswer {
  MemoryStatus status = MemoryStatus::ok;
  std::array<std::uint8_t, MemoryOp::max_size> data{};  ///< read: the bytes; compare_and_swap: before
  TimePs time = 0;                                      ///< when the answer is there; not before the op's

  void visit(Archive& archive);
};

/// Little-endian 64-bit word `index` of a structure.
inline std::uint64_t load_word(const std::array<std::uint8_t, MemoryOp::max_size>& data, unsigned index) {
  std::uint64_t v = 0;
  for (unsigned i = 8; i-- > 0;) v = (v << 8) | data[8U * index + i];
  return v;
}

inline void store_word(std::array<std::uint8_t, MemoryOp::max_size>& data, unsigned index, std::uint64_t v) {
  for (unsigned i = 0; i < 8; ++i) data[8U * index + i] = static_cast<std::uint8_t>(v >> (8 * i));
}

}  // namespace smmuvp::smmu
