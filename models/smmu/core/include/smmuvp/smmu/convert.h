// Between a walk's memory operations and those that an SMMU sends.
#pragma once

#include "smmuvp/pgtable/walk.h"
#include "smmuvp/smmu/memory_op.h"

namespace smmuvp::smmu {

/// The bus operation for one of a walk: kind, size, space, address and attributes as they are; values in the
/// byte order that the tables have. `time` is left at 0.
MemoryOp memory_op_of(const pgtable::MemoryOp& op);
/// The walk's answer to that operation. `op` is what memory_op_of() was given.
pgtable::MemoryResponse walk_response(const pgtable::MemoryOp& op, const MemoryAnswer& answer);

}  // namespace smmuvp::smmu
