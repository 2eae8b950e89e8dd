// What stands around the core of either SMMU in its tests: memory, and somebody who hears diagnostics.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "smmuvp/base/diag.h"
#include "smmuvp/pgtable/memory_op.h"
#include "smmuvp/smmu/memory_op.h"

namespace smmuvp::smmu {

/// Sparse little memory; addresses can be made to abort.
class TestMemory {
 public:
  std::uint8_t& at(std::uint64_t address) { return m_pages[address >> 12][address & 0xfff]; }
  std::uint64_t read(std::uint64_t address, unsigned bytes) {
    std::uint64_t v = 0;
    for (unsigned i = bytes; i-- > 0;) v = v << 8 | at(address + i);
    return v;
  }
  void write(std::uint64_t address, std::uint64_t value, unsigned bytes = 8) {
    for (unsigned i = 0; i < bytes; ++i) at(address + i) = static_cast<std::uint8_t>(value >> (8 * i));
  }
  /// The 4 KiB page around `address` answers aborts.
  void make_abort(std::uint64_t address) { m_aborting.insert(address >> 12); }
  void make_ok(std::uint64_t address) { m_aborting.erase(address >> 12); }
  bool aborts(std::uint64_t address) const { return m_aborting.count(address >> 12) != 0; }

  /// Where Secure PA space begins, with `tells_spaces`.
  static constexpr std::uint64_t secure = std::uint64_t{1} << 60U;
  std::uint64_t place(pgtable::AddressSpace space, std::uint64_t address) const {
    return tells_spaces && space == pgtable::AddressSpace::secure ? secure | address : address;
  }

  MemoryAnswer carry_out(const MemoryOp& asked) {
    if (seen != nullptr) seen->push_back(asked);
    MemoryOp op = asked;
    op.address = place(op.space, op.address);
    MemoryAnswer a;
    a.time = op.time + latency;
    if (aborts(op.address)) {
      a.status = MemoryStatus::external_abort;
      return a;
    }
    if (op.kind == MemoryOpKind::compare_and_swap) {
      if (!atomics) {
        a.status = MemoryStatus::unsupported_atomic;
        return a;
      }
      ++swaps;
      store_word(a.data, 0, read(op.address, op.size));
      if (load_word(a.data, 0) != op.expected) return a;
      write(op.address, load_word(op.data, 0), op.size);
      return a;
    }
    for (unsigned i = 0; i < op.size; ++i) {
      if (op.kind == MemoryOpKind::read) {
        a.data[i] = at(op.address + i);
      } else {
        at(op.address + i) = op.data[i];
      }
    }
    return a;
  }
  /// For builders: never aborts.
  pgtable::MemoryResponse carry_out(const pgtable::MemoryOp& asked) {
    pgtable::MemoryOp op = asked;
    op.address = place(op.space, op.address);
    pgtable::MemoryResponse r;
    r.data = read(op.address, op.size);
    if (op.big_endian) r.data = swapped(r.data, op.size);
    if (op.kind == pgtable::MemoryOpKind::write) {
      write(op.address, op.big_endian ? swapped(op.desired, op.size) : op.desired, op.size);
    }
    return r;
  }
  static std::uint64_t swapped(std::uint64_t value, unsigned bytes) {
    return __builtin_bswap64(value) >> (64 - 8 * bytes);
  }

  std::uint64_t latency = 0;
  bool tells_spaces = false;              ///< Secure PA space has bytes of its own
  bool atomics = true;                    ///< whether it can compare and swap
  unsigned swaps = 0;                     ///< how often it was asked to
  std::vector<MemoryOp>* seen = nullptr;  ///< where operations are noted, but for those of builders

 private:
  std::map<std::uint64_t, std::array<std::uint8_t, 4096>> m_pages;
  std::set<std::uint64_t> m_aborting;
};

class TestDiag : public DiagSink {
 public:
  void report(const Diagnostic& d) override { all.push_back(d); }
  std::vector<Diagnostic> all;
};

}  // namespace smmuvp::smmu
