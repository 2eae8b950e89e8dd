// Between a walk's memory operations and those that an SMMU sends.
#pragma once

#include "smmuvp/pgtable/walk.h"
#include "smmuvp/smmu/memory_op.h"

namespace smmuvp::smmu {

/// A physical address, truncated to what the system has. @param address_bits TranslationContext::address_bits
constexpr std::uint64_t physical(std::uint64_t address, unsigned address_bits) {
  return address_bits >= 64 ? address : address & ((std::uint64_t{1} << address_bits) - 1);
}

/// The bus operation for one of a walk: kind, size, space and attributes as they are, the address truncated;
/// values in the byte order that the tables have. `time` is left at 0. @param address_bits  as above
MemoryOp memory_op_of(const pgtable::MemoryOp& op, unsigned address_bits);
/// The walk's answer to that operation. `op` is what memory_op_of() was given.
pgtable::MemoryResponse walk_response(const pgtable::MemoryOp& op, const MemoryAnswer& answer);

}  // namespace smmuvp::smmu
