// The memory of a random scenario, as walks see and change it.
#pragma once

#include <cstdint>
#include <map>

#include "naive_scenario.h"

namespace smmuvp::pgtable::test {

/// The memory of a scenario, with what walks have written.
class Overlay {
 public:
  explicit Overlay(const NaiveScenario& scenario) : m_scenario(scenario) {}
  std::uint64_t load(std::uint64_t address, unsigned size) const {
    const auto found = m_written.find(address);
    return found != m_written.end() ? found->second : m_scenario.memory(address, size);
  }
  void store(std::uint64_t address, std::uint64_t value) { m_written[address] = value; }
  const std::map<std::uint64_t, std::uint64_t>& written() const { return m_written; }
  const NaiveScenario& scenario() const { return m_scenario; }

 private:
  const NaiveScenario& m_scenario;
  std::map<std::uint64_t, std::uint64_t> m_written;
};

/// What the memory answers.
inline MemoryResponse respond(Overlay& overlay, const MemoryOp& op) {
  if (overlay.scenario().read_aborts(op.address)) return {MemoryStatus::external_abort, 0};
  const auto swapped = [&](std::uint64_t v) {
    if (!op.big_endian) return v;
    return op.size == 4 ? __builtin_bswap32(static_cast<std::uint32_t>(v)) : __builtin_bswap64(v);
  };
  const std::uint64_t value = swapped(overlay.load(op.address, op.size));
  if (op.kind == MemoryOpKind::compare_and_swap) {
    if (overlay.scenario().atomic_unsupported(op.address)) return {MemoryStatus::unsupported_atomic, 0};
    if (value == op.expected) overlay.store(op.address, swapped(op.desired));
  }
  return {MemoryStatus::ok, value};
}

}  // namespace smmuvp::pgtable::test
