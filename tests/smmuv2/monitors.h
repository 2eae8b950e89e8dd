// An SMMUv2 with performance monitors, in its little system; offsets and bits by hand from IHI 0062 (Tables
// 6-1, 12-1 and 16-1), so that tests and the model can disagree.
#pragma once

#include <cstdint>

#include "world.h"

namespace smmuvp::smmuv2 {

namespace offsets {

// Table 12-1
constexpr std::uint32_t PMEVCNTR0 = 0x000, PMEVTYPER0 = 0x400, PMCGCR0 = 0x800, PMCGSMR0 = 0xa00;
constexpr std::uint32_t PMCNTENSET0 = 0xc00, PMCNTENCLR0 = 0xc20, PMINTENSET0 = 0xc40, PMINTENCLR0 = 0xc60;
constexpr std::uint32_t PMOVSCLR0 = 0xc80, PMOVSSET0 = 0xcc0, PMCFGR = 0xe00, PMCR = 0xe04;
constexpr std::uint32_t PMCEID0 = 0xe20, PMCEID1 = 0xe24, PMAUTHSTATUS = 0xfb8, PMDEVTYPE = 0xfcc;
// Table 16-1, of a bank
constexpr std::uint32_t CB_PMEVCNTR0 = 0xe00, CB_PMEVTYPER0 = 0xe80, CB_PMCFGR = 0xf00, CB_PMCR = 0xf04;
constexpr std::uint32_t CB_PMCEID0 = 0xf20, CB_PMCNTENSET = 0xf40, CB_PMCNTENCLR = 0xf44;
constexpr std::uint32_t CB_PMINTENSET = 0xf48, CB_PMINTENCLR = 0xf4c, CB_PMOVSCLR = 0xf50;
constexpr std::uint32_t CB_PMOVSSET = 0xf58, CB_PMAUTHSTATUS = 0xfb8;

constexpr std::uint32_t PMCR_E = 1U << 0, PMCR_P = 1U << 1;
constexpr std::uint32_t PMCGCR_all = 0U << 8, PMCGCR_stream = 1U << 8, PMCGCR_bank = 2U << 8;
constexpr std::uint32_t PMCGCR_CBAEN = 1U << 10, PMCGCR_E = 1U << 11;
constexpr std::uint32_t type_P = 1U << 31, type_U = 1U << 30, type_NSP = 1U << 29, type_NSU = 1U << 28;

// Table 6-1
constexpr std::uint32_t cycles = 0, cycles_by_64 = 1, tlb_allocated = 8, tlb_allocated_read = 9;
constexpr std::uint32_t tlb_allocated_write = 0xa, accessed = 0x10, accessed_read = 0x11;
constexpr std::uint32_t accessed_write = 0x12;

}  // namespace offsets

inline Features with_groups(std::uint16_t groups, std::uint8_t CGNC) {
  Features f;
  f.counter_groups = groups;
  f.CGNC = CGNC;
  return f;
}

inline Features two_states() {
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
