#include "smmuvp/smmuv2/performance_monitors.h"

#include <algorithm>
#include <limits>

#include "smmuvp/smmuv2/register_fields.h"

namespace smmuvp::smmuv2 {

namespace {

// Table 6-1
constexpr std::uint32_t cycles = 0x0;
constexpr std::uint32_t cycles_by_64 = 0x1;

constexpr std::uint32_t last_count = 0xffff'ffff;

}  // namespace

PerformanceMonitors::PerformanceMonitors(const Parts& parts, RegisterFile& registers, Faults& faults)
    : m_parts(parts), m_registers(registers), m_faults(faults) {}

// ---- bits of counters (12.2)

bool PerformanceMonitors::bit(const Pair& pair, unsigned counter) const {
  return (reg(pair.set, counter / 32) >> counter % 32 & 1U) != 0;
}

void PerformanceMonitors::set_bit(const Pair& pair, unsigned counter, bool value) {
  const std::uint32_t mask = 1U << counter % 32;
  const std::uint32_t word = reg(pair.set, counter / 32);
  for (const Reg id : {pair.set, pair.clear}) {
    m_registers.set(id, value ? word | mask : word & ~mask, counter / 32);
  }
}

std::uint32_t PerformanceMonitors::bits_of_group(const Pair& pair, unsigned group) const {
  std::uint32_t bits = 0;
  for (unsigned m = 0; m < size(); ++m) bits |= std::uint32_t{bit(pair, group * size() + m)} << m;
  return bits;
}

// ---- groups

// 6.7.2: PMCR is for groups that no bank is given, others have an E of their own.
bool PerformanceMonitors::enabled(unsigned group) const {
  const std::uint32_t PMCGCR = reg(PMCGCRn, group);
  return is_set(PMCGCR, PMCGCR_CBAEN) ? is_set(PMCGCR, PMCGCR_E) : is_set(reg(PMCR), PMCR_E);
}

// 6.7: several groups of one bank are UNPREDICTABLE. The first is shown.
std::optional<unsigned> PerformanceMonitors::revealed(unsigned bank) const {
  for (unsigned group = 0; group < m_parts.features.counter_groups; ++group) {
    const std::uint32_t PMCGCR = reg(PMCGCRn, group);
    if (is_set(PMCGCR, PMCGCR_CBAEN) && get(PMCGCR, PMCGCR_NDX) == bank) return group;
  }
  return std::nullopt;
}

// ---- events

void PerformanceMonitors::event(std::uint32_t events, const MonitoredTransaction& t) {
  // 6.1: nothing says that SPNIDEN is high.
  if (t.secure && !is_set(reg(SMMU_SCR1), SCR1_SPMEN)) return;
  for (const unsigned counter : m_of_transactions) {
    const auto EVENT = static_cast<std::uint32_t>(get(reg(PMEVTYPERn, counter), PMEVTYPER_EVENT));
    const bool counted = EVENT == events || EVENT == events + (t.write ? 2U : 1U);
    if (counted && considers(counter / size(), t) && considers_privilege(counter, t)) add(counter, 1);
  }
}

// 6.6, 12.2.5. The reserved TCEFCFG is as 0b00.
bool PerformanceMonitors::considers(unsigned group, const MonitoredTransaction& t) const {
  const std::uint32_t PMCGCR = reg(PMCGCRn, group);
  switch (get(PMCGCR, PMCGCR_TCEFCFG)) {
    case 1: {
      // 12.2.6: the top bits of ID and MASK are there with EXIDENABLE. Which copy of it, nothing says: that
      // of the transaction, as for SMRn.
      const Features& f = m_parts.features;
      const auto side = t.secure ? AccessSecurity::Secure : AccessSecurity::NonSecure;
      const bool extended = f.EXIDS && is_set(m_registers.get(SMMU_sCR0, 0, side), sCR0_EXIDENABLE);
      const auto StreamIDs = static_cast<std::uint32_t>(low_bits(extended ? 16 : f.NUMSIDB));
      if ((t.StreamID & ~StreamIDs) != 0) return false;
      const std::uint32_t PMCGSMR = reg(PMCGSMRn, group);
      const std::uint64_t differs = t.StreamID ^ get(PMCGSMR, PMCGSMR_ID);
      return (differs & ~get(PMCGSMR, PMCGSMR_MASK) & StreamIDs) == 0;
    }
    case 2: {
      const auto NDX = static_cast<unsigned>(get(PMCGCR, PMCGCR_NDX));
      return t.first == NDX || t.second == NDX;
    }
    default:
      return true;
  }
}

// 12.2.12
bool PerformanceMonitors::considers_privilege(unsigned counter, const MonitoredTransaction& t) const {
  const std::uint32_t PMEVTYPER = reg(PMEVTYPERn, counter);
  const bool secure_bit = is_set(PMEVTYPER, t.privileged ? PMEVTYPER_P : PMEVTYPER_U);
  if (t.secure) return !secure_bit;
  return secure_bit == is_set(PMEVTYPER, t.privileged ? PMEVTYPER_NSP : PMEVTYPER_NSU);
}

void PerformanceMonitors::add(unsigned counter, std::uint64_t events) {
  const std::uint32_t before = reg(PMEVCNTRn, counter);
  m_registers.set(PMEVCNTRn, before + static_cast<std::uint32_t>(events), counter);
  if (events <= last_count - before) return;
  set_bit(overflows, counter, true);
  update_lines();
}

// ---- cycles: no transaction's, so that no filter is about them

smmu::TimePs PerformanceMonitors::period_of(unsigned counter) const {
  const bool by_64 = get(reg(PMEVTYPERn, counter), PMEVTYPER_EVENT) == cycles_by_64;
  return m_parts.structures.clock * (by_64 ? 64 : 1);
}

void PerformanceMonitors::advance(smmu::TimePs now) {
  if (now <= m_counted_until) return;
  const smmu::TimePs before = m_counted_until;
  m_counted_until = now;
  for (const unsigned counter : m_of_cycles) {
    const smmu::TimePs period = period_of(counter);
    add(counter, now / period - before / period);
  }
}

std::optional<smmu::TimePs> PerformanceMonitors::due() const {
  std::optional<smmu::TimePs> first;
  for (const unsigned counter : m_of_cycles) {
    if (!bit(interrupts, counter) || bit(overflows, counter)) continue;
    const smmu::TimePs period = period_of(counter);
    const smmu::TimePs edge =
        m_counted_until / period + (std::uint64_t{last_count} - reg(PMEVCNTRn, counter)) + 1;
    if (edge > std::numeric_limits<smmu::TimePs>::max() / period) continue;  // beyond the end of time
    first = std::min(first.value_or(edge * period), edge * period);
  }
  return first;
}

smmu::Step PerformanceMonitors::step(smmu::TimePs now) {
  advance(now);
  return smmu::Step::done;
}

// ---- registers

bool PerformanceMonitors::written(Reg id, unsigned index, std::uint64_t old, std::uint64_t value,
                                  std::uint64_t written) {
  if (id >= SMMU_CBn_PMEVCNTR0 && id <= SMMU_CBn_PMAUTHSTATUS) {
    m_registers.set(id, 0, index);  // the group's registers have it
    bank_written(id, index, static_cast<std::uint32_t>(written));
  } else if (!global_written(id, index, old, value, written)) {
    return false;
  }
  refresh();
  return true;
}

bool PerformanceMonitors::global_written(Reg id, unsigned index, std::uint64_t old, std::uint64_t value,
                                         std::uint64_t written) {
  for (const Pair& pair : {enables, interrupts, overflows}) {
    if (id != pair.set && id != pair.clear) continue;
    const std::uint64_t now = id == pair.set ? old | value : old & ~value;
    for (const Reg both : {pair.set, pair.clear}) m_registers.set(both, now, index);
    return true;
  }
  switch (id) {
    case PMCR:  // 6.7.2, 12.2.9
      for (unsigned group = 0; is_set(written, PMCR_P) && group < m_parts.features.counter_groups; ++group) {
        if (!is_set(reg(PMCGCRn, group), PMCGCR_CBAEN)) clear_counters(group);
      }
      return true;
    case PMCGCRn:
      check_group(index);
      return true;
    case PMEVCNTRn:
    case PMEVTYPERn:
    case PMCGSMRn:
      return true;
    default:
      return false;
  }
}

// What the specification leaves UNPREDICTABLE.
void PerformanceMonitors::check_group(unsigned group) {
  const std::uint32_t PMCGCR = reg(PMCGCRn, group);
  if (!is_set(PMCGCR, PMCGCR_CBAEN)) return;
  const auto TCEFCFG = get(PMCGCR, PMCGCR_TCEFCFG);
  if (TCEFCFG != 1 && TCEFCFG != 2) {
    m_parts.diag.guest_error("PMCGCR.CBAEN",
                             "a counter group is revealed in a context bank while it counts events of all "
                             "streams and banks",
                             "IHI 0062 6.7, 12.2.5", {}, group);
  }
  if (revealed(static_cast<unsigned>(get(PMCGCR, PMCGCR_NDX))) != group) {
    m_parts.diag.guest_error("PMCGCR.NDX",
                             "another counter group is revealed in the same context bank; that of the lowest "
                             "number is shown",
                             "IHI 0062 6.7", {}, group);
  }
}

void PerformanceMonitors::clear_counters(unsigned group) {
  for (unsigned m = 0; m < size(); ++m) m_registers.set(PMEVCNTRn, 0, group * size() + m);
}

// 6.7.1, 16.5.18 to 16.5.26: counters are numbered from 0.
void PerformanceMonitors::bank_written(Reg id, unsigned bank, std::uint32_t written) {
  const std::optional<unsigned> group = revealed(bank);
  if (!group) return;
  const unsigned first = *group * size();
  const auto change = [&](const Pair& pair, bool value) {
    for (unsigned m = 0; m < size(); ++m) {
      if ((written >> m & 1U) != 0) set_bit(pair, first + m, value);
    }
  };
  switch (id) {
    case SMMU_CBn_PMCR: {
      const std::uint32_t PMCGCR = reg(PMCGCRn, *group);
      const auto E = static_cast<std::uint32_t>(PMCGCR_E.in_word());
      m_registers.set(PMCGCRn, is_set(written, PMCR_E) ? PMCGCR | E : PMCGCR & ~E, *group);
      if (is_set(written, PMCR_P)) clear_counters(*group);
      return;
    }
    case SMMU_CBn_PMCNTENSET:
    case SMMU_CBn_PMCNTENCLR:
      return change(enables, id == SMMU_CBn_PMCNTENSET);
    case SMMU_CBn_PMINTENSET:
    case SMMU_CBn_PMINTENCLR:
      return change(interrupts, id == SMMU_CBn_PMINTENSET);
    case SMMU_CBn_PMOVSSET:
    case SMMU_CBn_PMOVSCLR:
      return change(overflows, id == SMMU_CBn_PMOVSSET);
    default:
      break;
  }
  const bool type = id >= SMMU_CBn_PMEVTYPER0;
  const auto m = static_cast<unsigned>(id - (type ? SMMU_CBn_PMEVTYPER0 : SMMU_CBn_PMEVCNTR0));
  if (m >= size()) return;
  const Reg shown_register = type ? PMEVTYPERn : PMEVCNTRn;
  m_registers.set(shown_register, written & m_registers.info(shown_register).write_mask, first + m);
}

std::optional<std::uint64_t> PerformanceMonitors::shown(Reg id, unsigned bank) const {
  if (id < SMMU_CBn_PMEVCNTR0 || id > SMMU_CBn_PMAUTHSTATUS) return std::nullopt;
  const std::optional<unsigned> group = revealed(bank);
  if (!group) return 0;  // 6.7.3
  switch (id) {
    case SMMU_CBn_PMCFGR:  // 16.5.17
      return static_cast<std::uint32_t>(reg(PMCFGR) & PMCFGR_SIZE.in_word()) | (size() - 1);
    case SMMU_CBn_PMCR:
      return is_set(reg(PMCGCRn, *group), PMCGCR_E) ? static_cast<std::uint32_t>(PMCR_E.in_word()) : 0;
    case SMMU_CBn_PMCEID0:
      return reg(PMCEID0);
    case SMMU_CBn_PMCEID1:
      return reg(PMCEID1);
    case SMMU_CBn_PMAUTHSTATUS:
      return reg(PMAUTHSTATUS);
    case SMMU_CBn_PMCNTENSET:
    case SMMU_CBn_PMCNTENCLR:
      return bits_of_group(enables, *group);
    case SMMU_CBn_PMINTENSET:
    case SMMU_CBn_PMINTENCLR:
      return bits_of_group(interrupts, *group);
    case SMMU_CBn_PMOVSSET:
    case SMMU_CBn_PMOVSCLR:
      return bits_of_group(overflows, *group);
    default:
      break;
  }
  const bool type = id >= SMMU_CBn_PMEVTYPER0;
  const auto m = static_cast<unsigned>(id - (type ? SMMU_CBn_PMEVTYPER0 : SMMU_CBn_PMEVCNTR0));
  return m < size() ? reg(type ? PMEVTYPERn : PMEVCNTRn, *group * size() + m) : 0;
}

// ---- state

void PerformanceMonitors::refresh() {
  m_of_cycles.clear();
  m_of_transactions.clear();
  bool accesses = false;
  for (unsigned counter = 0; counter < m_parts.features.counters(); ++counter) {
    if (!enabled(counter / size()) || !bit(enables, counter)) continue;
    const auto EVENT = static_cast<std::uint32_t>(get(reg(PMEVTYPERn, counter), PMEVTYPER_EVENT));
    const bool access = EVENT >= access_events && EVENT <= access_events + 2;
    if (EVENT == cycles || EVENT == cycles_by_64) {
      m_of_cycles.push_back(static_cast<std::uint16_t>(counter));
    } else if (access || (EVENT >= allocation_events && EVENT <= allocation_events + 2)) {
      m_of_transactions.push_back(static_cast<std::uint16_t>(counter));
    }
    accesses = accesses || access;
  }
  const bool close = accesses && !m_counts_accesses;
  m_counts_accesses = accesses;  // first: clients whose pointers are withdrawn may access
  if (close) m_parts.engine.close_tbus();
  if (!accesses) m_parts.engine.open_tbus();
  update_lines();
}

// 6.8, 12.2.9: interrupts are enabled where the counters are.
void PerformanceMonitors::update_lines() {
  for (unsigned group = 0; group < m_parts.features.counter_groups; ++group) {
    m_faults.set_monitor_line(
        group, enabled(group) && (bits_of_group(overflows, group) & bits_of_group(interrupts, group)) != 0);
  }
}

void PerformanceMonitors::reset() {
  if (m_parts.features.counters() != 0) {
    // What reset leaves UNKNOWN is filled register by register.
    for (const Pair& pair : {enables, interrupts, overflows}) {
      for (unsigned word = 0; word < m_registers.info(pair.set).count; ++word) {
        m_registers.set(pair.clear, reg(pair.set, word), word);
      }
    }
  }
  refresh();
}

void PerformanceMonitors::visit(Archive& archive) {
  archive.begin("performance_monitors");
  archive.moment("counted_until", m_counted_until);
  archive.end();
  if (archive.loading()) reset();
}

}  // namespace smmuvp::smmuv2
