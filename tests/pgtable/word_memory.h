// A small physical memory of 32-bit words for tables made by hand.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "smmuvp/pgtable/walk.h"

namespace smmuvp::pgtable::test {

/// Serves accesses of 4 and 8 bytes. Words nobody wrote read as zero, chosen addresses answer an abort.
class WordMemory {
 public:
  MemoryResponse operator()(const MemoryOp& op) {
    m_ops.push_back(op);
    if (m_aborts.count(op.address) != 0) return {MemoryStatus::external_abort, 0};
    if (op.size == 4) {
      const std::uint32_t raw = load32(op.address);
      return {MemoryStatus::ok, op.big_endian ? __builtin_bswap32(raw) : raw};
    }
    const std::uint64_t raw = load32(op.address) | std::uint64_t{load32(op.address + 4)} << 32;
    return {MemoryStatus::ok, op.big_endian ? __builtin_bswap64(raw) : raw};
  }

  /// Little-endian views of aligned bytes.
  std::uint32_t load32(std::uint64_t address) const {
    const auto found = m_words.find(address);
    return found == m_words.end() ? 0 : found->second;
  }
  void store32(std::uint64_t address, std::uint32_t value) { m_words[address] = value; }
  void store64(std::uint64_t address, std::uint64_t value) {
    store32(address, static_cast<std::uint32_t>(value));
    store32(address + 4, static_cast<std::uint32_t>(value >> 32));
  }
  void abort_at(std::uint64_t address) { m_aborts.insert(address); }

  const std::vector<MemoryOp>& ops() const { return m_ops; }
  void forget() { m_ops.clear(); }

 private:
  std::map<std::uint64_t, std::uint32_t> m_words;
  std::set<std::uint64_t> m_aborts;
  std::vector<MemoryOp> m_ops;
};

}  // namespace smmuvp::pgtable::test
