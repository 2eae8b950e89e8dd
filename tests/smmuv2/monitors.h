// An SMMUv2 with performance monitors, in its little system.
#pragma once

#include <cstdint>

#include "world.h"

namespace smmuvp::smmuv2 {

inline Features with_groups(std::uint16_t groups, std::uint8_t CGNC) {
  Features f;
  f.counter_groups = groups;
  f.CGNC = CGNC;
  return f;
}

inline Features two_states_with_groups() {
  Features f = with_groups(2, 4);
  f.SES = true;
  return f;
}

/// Two groups of four counters, unless told otherwise.
class Monitors : public World {
 public:
  explicit Monitors(const Features& f = with_groups(2, 4), const Structures& s = untimed()) : World(f, s) {}
  std::uint32_t pm(std::uint32_t offset) const { return 3 * smmu.features().page_bytes() + offset; }
  std::uint32_t read_pm(std::uint32_t offset) { return static_cast<std::uint32_t>(read(pm(offset))); }
  void write_pm(std::uint32_t offset, std::uint32_t value) { write(pm(offset), value); }
  /// Counter n counts an event from 0 on, if its group counts.
  void monitor(unsigned n, std::uint32_t type) {
    using namespace offsets;
    write_pm(PMEVTYPER0 + 4 * n, type);
    write_pm(PMEVCNTR0 + 4 * n, 0);
    write_pm(PMCNTENSET0 + 4 * (n / 32), 1U << n % 32);
  }
  std::uint32_t count(unsigned n) { return read_pm(offsets::PMEVCNTR0 + 4 * n); }
  bool overflown(unsigned n) { return (read_pm(offsets::PMOVSSET0 + 4 * (n / 32)) >> n % 32 & 1U) != 0; }
  bool line(unsigned group) const { return smmu.levels().pm[group]; }
};

}  // namespace smmuvp::smmuv2
