// A small physical memory for table tests: bytes nobody wrote read as zero, chosen addresses answer an abort.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "smmuvp/pgtable/builder.h"
#include "smmuvp/pgtable/config.h"
#include "smmuvp/pgtable/walk.h"

namespace smmuvp::pgtable::test {

class TableMemory {
 public:
  MemoryResponse operator()(const MemoryOp& op) {
    m_ops.push_back(op);
    if (m_aborts.count(op.address) != 0) return {MemoryStatus::external_abort, 0};
    const std::uint64_t doubleword = op.address & ~std::uint64_t{7};
    const unsigned shift = op.size == 4 ? 8U * (op.address & 7U) : 0U;
    const std::uint64_t mask = op.size == 4 ? 0xffffffffU : ~std::uint64_t{0};
    const auto swap = [&](std::uint64_t v) {
      if (!op.big_endian) return v;
      return op.size == 4 ? std::uint64_t{__builtin_bswap32(static_cast<std::uint32_t>(v))}
                          : __builtin_bswap64(v);
    };
    const std::uint64_t raw = load(doubleword);
    if (op.kind == MemoryOpKind::write) {
      store(doubleword, (raw & ~(mask << shift)) | swap(op.desired) << shift);
      return {};
    }
    return {MemoryStatus::ok, swap((raw >> shift) & mask)};
  }

  /// Little-endian view of 8 aligned bytes.
  std::uint64_t load(std::uint64_t address) const {
    const auto found = m_words.find(address);
    return found == m_words.end() ? 0 : found->second;
  }
  void store(std::uint64_t address, std::uint64_t value) { m_words[address] = value; }
  void abort_at(std::uint64_t address) { m_aborts.insert(address); }

  const std::vector<MemoryOp>& ops() const { return m_ops; }
  void forget() { m_ops.clear(); }

 private:
  std::map<std::uint64_t, std::uint64_t> m_words;
  std::set<std::uint64_t> m_aborts;
  std::vector<MemoryOp> m_ops;
};

/// Hands out tables from an address upward.
class TableAllocator {
 public:
  explicit TableAllocator(std::uint64_t first = 0x40000000, unsigned tables = 1000)
      : m_next(first), m_left(tables) {}
  std::optional<std::uint64_t> operator()(std::uint64_t size) {
    if (m_left == 0) return std::nullopt;
    --m_left;
    const std::uint64_t address = (m_next + size - 1) & ~(size - 1);
    m_next = address + size;
    return address;
  }

 private:
  std::uint64_t m_next;
  unsigned m_left;
};

/// 48-bit low range, 48-bit high range, MAIR byte i = 0x11 + i.
inline Config two_range_config() {
  Config config;
  config.stage1.tables[0].EPD = false;
  config.stage1.tables[1].EPD = false;
  config.stage1.MAIR = 0x1817161514131211;
  return config;
}

/// Tables made by the Builder, walked on the same memory.
class TableBench {
 public:
  explicit TableBench(const Config& config = two_range_config())
      : builder(
            config, [this](const MemoryOp& op) { return memory(op); }, TableAllocator{}) {
    this->config = builder.config();
  }

  Result translate(std::uint64_t va, AccessType access = AccessType::read, bool privileged = true) {
    memory.forget();
    WalkRequest request;
    request.va = va;
    request.access = access;
    request.privileged = privileged;
    return walk(config, request, memory);
  }
  /// Changes bits of the descriptor of va at a level that the Builder has made.
  void change_descriptor(std::uint64_t va, int level, std::uint64_t clear, std::uint64_t set) {
    const std::uint64_t address = builder.descriptor_address(va, level).value();
    MemoryOp op;
    op.address = address;
    op.big_endian = config.stage1.big_endian;
    const std::uint64_t old = memory(op).data;
    builder.set_descriptor(va, level, (old & ~clear) | set);
  }

  TableMemory memory;
  Builder builder;
  Config config;  ///< what translate() uses: starts as the Builder's
};

constexpr std::uint64_t bit(unsigned n) { return std::uint64_t{1} << n; }
constexpr std::uint64_t KiB4 = 0x1000;
constexpr std::uint64_t MiB2 = 0x200000;
constexpr std::uint64_t GiB1 = 0x40000000;

}  // namespace smmuvp::pgtable::test
