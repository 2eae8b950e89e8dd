#include "smmuvp/smmu/convert.h"

namespace smmuvp::smmu {

namespace {

// A number of `size` bytes as the bytes that memory holds, in address order from the lowest bits, and back.
std::uint64_t in_memory_order(std::uint64_t value, unsigned size, bool big_endian) {
  if (!big_endian) return size < 8 ? value & ((std::uint64_t{1} << (8 * size)) - 1) : value;
  std::uint64_t v = 0;
  for (unsigned i = 0; i < size; ++i) v |= ((value >> (8 * i)) & 0xff) << (8 * (size - 1 - i));
  return v;
}

}  // namespace

MemoryOp memory_op_of(const pgtable::MemoryOp& op, unsigned address_bits) {
  MemoryOp m;
  m.kind = op.kind;
  m.size = op.size;
  m.space = op.space;
  m.attributes = op.memory;
  m.stage = op.stage == pgtable::Stage::stage1 ? 1 : 2;
  m.level = op.level;
  m.address = physical(op.address, address_bits);
  if (op.kind != MemoryOpKind::read) {
    store_word(m.data, 0, in_memory_order(op.desired, op.size, op.big_endian));
    m.expected = in_memory_order(op.expected, op.size, op.big_endian);
  }
  return m;
}

pgtable::MemoryResponse walk_response(const pgtable::MemoryOp& op, const MemoryAnswer& answer) {
  pgtable::MemoryResponse r;
  r.status = answer.status;
  if (answer.status == MemoryStatus::ok) {
    r.data = in_memory_order(load_word(answer.data, 0), op.size, op.big_endian);
  }
  return r;
}

}  // namespace smmuvp::smmu
