// A memory and a table allocator that know at every moment what they hold, and fail when told to.
#pragma once

#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "smmuvp/pgtable/builder.h"
#include "smmuvp/pgtable/walk.h"

namespace smmuvp::pgtable::test {

/// Words that nobody wrote are zero. Each operation and allocation counts down to a failure.
class AccountedMemory {
 public:
  static constexpr std::int64_t never = -1;

  MemoryResponse operator()(const MemoryOp& op) {
    if (op.kind == MemoryOpKind::write && fails(writes_until_failure, failures)) {
      return {MemoryStatus::external_abort, 0};
    }
    if (op.kind == MemoryOpKind::read && fails(reads_until_failure, failures)) {
      return {MemoryStatus::external_abort, 0};
    }
    const auto swap = [&](std::uint64_t v) {
      if (!op.big_endian) return v;
      return op.size == 4 ? std::uint64_t{__builtin_bswap32(static_cast<std::uint32_t>(v))}
                          : __builtin_bswap64(v);
    };
    if (op.kind == MemoryOpKind::read) {
      const auto word = m_words.find(op.address);
      return {MemoryStatus::ok, word == m_words.end() ? 0 : swap(word->second)};
    }
    if (op.desired == 0) {
      m_words.erase(op.address);
    } else {
      m_words[op.address] = swap(op.desired);
    }
    return {};
  }

  /// Tables are handed out downward from the end of memory, so that their addresses have high bits set.
  void set_end(std::uint64_t end) { m_next = end; }
  std::optional<std::uint64_t> allocate(std::uint64_t size) {
    if (fails(allocations_until_failure, failures)) return std::nullopt;
    m_next = (m_next - size) & ~(size - 1);
    m_live[m_next] = size;
    return m_next;
  }
  void free(std::uint64_t address, std::uint64_t size) {
    const auto table = m_live.find(address);
    if (table == m_live.end() || table->second != size) {
      m_wrong_frees += std::to_string(address) + ' ';
      return;
    }
    for (std::uint64_t a = address; a < address + size; a += 4) m_words.erase(a);
    m_live.erase(table);
  }

  std::uint64_t live_tables() const { return m_live.size(); }
  std::uint64_t live_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& [address, size] : m_live) bytes += size;
    return bytes;
  }
  bool all_zero() const { return m_words.empty(); }
  /// Tables that hold zeros only.
  std::uint64_t empty_tables() const {
    std::set<std::uint64_t> used;
    for (const auto& [address, word] : m_words) {
      const auto after = m_live.upper_bound(address);
      if (after != m_live.begin()) used.insert(std::prev(after)->first);
    }
    return m_live.size() - used.size();
  }
  /// Frees of what was not allocated; none in a working Builder.
  const std::string& wrong_frees() const { return m_wrong_frees; }

  std::int64_t writes_until_failure = never;
  std::int64_t reads_until_failure = never;
  std::int64_t allocations_until_failure = never;
  bool failures_last = false;  ///< all that follows the first failure fails, too
  std::uint64_t failures = 0;
  void stop_failing() {
    writes_until_failure = reads_until_failure = allocations_until_failure = never;
    failures_last = false;
  }

 private:
  bool fails(std::int64_t& until, std::uint64_t& count) const {
    if (until == never) return false;
    if (until > 0) {
      --until;
      return false;
    }
    if (!failures_last) until = never;
    ++count;
    return true;
  }

  std::unordered_map<std::uint64_t, std::uint64_t> m_words;
  std::map<std::uint64_t, std::uint64_t> m_live;
  std::uint64_t m_next = std::uint64_t{1} << 32;
  std::string m_wrong_frees;
};

inline Builder make_builder(const Config& config, Stage stage, AccountedMemory& memory) {
  return Builder(
      config, stage, [&memory](const MemoryOp& op) { return memory(op); },
      [&memory](std::uint64_t size) { return memory.allocate(size); },
      [&memory](std::uint64_t address, std::uint64_t size) { memory.free(address, size); });
}

}  // namespace smmuvp::pgtable::test
