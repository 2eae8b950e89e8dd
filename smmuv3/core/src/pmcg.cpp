#include "smmuvp/smmuv3/pmcg.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "smmuvp/smmuv3/programming_interface.h"
#include "smmuvp/smmuv3/register_access.h"
#include "smmuvp/smmuv3/trace_points.h"

namespace smmuvp::smmuv3 {

using smmu::TimePs;

namespace {

constexpr const char* access_clause = "IHI 0070 10.5";

constexpr AccessSecurity both[] = {AccessSecurity::NonSecure, AccessSecurity::Secure};

}  // namespace

Pmcg::Pmcg(const Parts& parts, const ProgrammingInterface& interface, unsigned group,
           std::function<void()> changed)
    : m_parts(parts),
      m_interface(interface),
      m_features(parts.features.pmcg),
      m_group(group),
      m_name("pmcg" + std::to_string(group)),
      m_changed(std::move(changed)),
      m_registers(pmcg_register_table(parts.features, group == 0), *this),
      m_interrupt(parts) {
  if (!m_features.SID_FILTER_TYPE) return;
  // 10.5.2.2: the fields of the filter are those of counter 0 alone.
  for (unsigned n = 1; n < m_features.counters; ++n) {
    for (const AccessSecurity s : both) {
      RegisterPolicy policy = m_registers.policy(SMMU_PMCG_EVTYPERn, n, s);
      policy.write_mask &= ~PMCG_EVTYPER_FILTER_SID_SPAN.in_word();
      m_registers.set_policy(SMMU_PMCG_EVTYPERn, n, s, policy);
    }
  }
}

// ---- events

bool Pmcg::counts(PmcgEvent event) const {
  return std::any_of(m_of_events.begin(), m_of_events.end(),
                     [event](const Counting& c) { return c.event == event; });
}

void Pmcg::count(PmcgEvent event, const smmu::MonitoredCause& cause) {
  // All of them first: a capture has what the others have counted of this event, too.
  std::uint64_t over = 0;
  for (const Counting& c : m_of_events) {
    if (c.event != event || !considers(c.counter, cause.stream_id)) continue;
    if (add(c.counter, 1)) over |= std::uint64_t{1} << c.counter;
  }
  for (; over != 0; over &= over - 1) overflowed(static_cast<unsigned>(std::countr_zero(over)), cause.time);
}

// 10.4
bool Pmcg::considers(unsigned counter, std::uint32_t stream_id) const {
  const unsigned filter = m_features.SID_FILTER_TYPE ? 0 : counter;
  const auto STREAMID = static_cast<std::uint32_t>(reg(SMMU_PMCG_SMRn, filter));
  if (!is_set(reg(SMMU_PMCG_EVTYPERn, filter), PMCG_EVTYPER_FILTER_SID_SPAN)) return stream_id == STREAMID;
  // The lowest 0 and the 1s below it stand for bits that need not match.
  const unsigned span = static_cast<unsigned>(std::countr_one(STREAMID)) + 1;
  if (span >= m_parts.features.SIDSIZE) return true;
  return std::uint64_t{stream_id ^ STREAMID} >> span == 0;
}

bool Pmcg::add(unsigned counter, std::uint64_t events) {
  const std::uint64_t before = reg(SMMU_PMCG_EVCNTRn, counter);
  m_registers.set(SMMU_PMCG_EVCNTRn, (before + events) & last_count(), counter);
  return events > last_count() - before;
}

// 10.2.1: whatever OVS was. What is captured is the value after the overflow, and the interrupt comes last.
void Pmcg::overflowed(unsigned counter, TimePs time) {
  set_pair(overflows, reg(overflows.set) | std::uint64_t{1} << counter);
  const std::uint64_t EVTYPER = reg(SMMU_PMCG_EVTYPERn, counter);
  const bool captures = is_set(EVTYPER, PMCG_EVTYPER_OVFCAP);
  const bool raises = interrupts_by(counter);
  if (captures) capture(time);
  m_parts.tracer.emit(time, trace_pmcg_overflow, m_group, counter,
                      static_cast<std::uint32_t>(get(EVTYPER, PMCG_EVTYPER_EVENT)), captures, raises);
  if (!raises) return;
  const std::uint64_t CFG2 = reg(SMMU_PMCG_IRQ_CFG2);
  m_interrupt.raise(time,
                    {reg(SMMU_PMCG_IRQ_CFG0), static_cast<std::uint32_t>(reg(SMMU_PMCG_IRQ_CFG1)),
                     static_cast<std::uint8_t>(CFG2 & 0xfU), static_cast<std::uint8_t>(CFG2 >> 4U & 3U)});
}

// 10.5.2.19. What happens while it is being disabled is not told: else that might never be complete.
bool Pmcg::interrupts_by(unsigned counter) const {
  return bit(interrupts, counter) && (reg(SMMU_PMCG_IRQ_CTRL) & reg(SMMU_PMCG_IRQ_CTRLACK) & PMCG_IRQEN) != 0;
}

bool Pmcg::has_consequences(unsigned counter) const {
  return interrupts_by(counter) || is_set(reg(SMMU_PMCG_EVTYPERn, counter), PMCG_EVTYPER_OVFCAP);
}

// All at once, as they are at `time`.
void Pmcg::capture(TimePs time) {
  for (unsigned n = 0; n < m_features.counters; ++n) {
    std::uint64_t value = reg(SMMU_PMCG_EVCNTRn, n);
    // An access may be ahead of what has been counted of the clock.
    if (time > m_counted_until && std::find(m_of_cycles.begin(), m_of_cycles.end(), n) != m_of_cycles.end()) {
      value += time / m_parts.structures.clock - m_counted_until / m_parts.structures.clock;
    }
    m_registers.set(SMMU_PMCG_SVRn, value & last_count(), n);
  }
}

// ---- cycles: of no stream, so that no filter is about them (10.3)

std::optional<TimePs> Pmcg::cycle_overflow(unsigned counter) const {
  const TimePs clock = m_parts.structures.clock;
  const std::uint64_t most = std::numeric_limits<TimePs>::max() / clock;
  const std::uint64_t passed = m_counted_until / clock;
  const std::uint64_t left = last_count() - reg(SMMU_PMCG_EVCNTRn, counter);
  if (left >= most - passed) return std::nullopt;
  return (passed + left + 1) * clock;
}

void Pmcg::count_cycles(TimePs until) {
  const TimePs clock = m_parts.structures.clock;
  const std::uint64_t cycles = until / clock - m_counted_until / clock;
  m_counted_until = until;
  std::uint64_t over = 0;
  for (const std::uint8_t n : m_of_cycles) {
    if (add(n, cycles)) over |= std::uint64_t{1} << n;
  }
  for (; over != 0; over &= over - 1) overflowed(static_cast<unsigned>(std::countr_zero(over)), until);
}

// An overflow that captures does so at its moment, and not when software looks. Where so much time has passed
// that counters overflowed again and again, no more than the first times are looked at one by one.
void Pmcg::advance(TimePs now) {
  for (unsigned moments = 2 * m_features.counters; now > m_counted_until; --moments) {
    TimePs until = now;
    for (const std::uint8_t n : m_of_cycles) {
      if (moments != 0 && has_consequences(n)) until = std::min(until, cycle_overflow(n).value_or(now));
    }
    count_cycles(until);
    if (moments == 0) return;
  }
}

// ---- the worker

std::optional<TimePs> Pmcg::due() const {
  if (waiting() || m_interface.held()) return std::nullopt;
  std::optional<TimePs> first = m_interrupt.due();
  for (const std::uint8_t n : m_of_cycles) {
    if (!has_consequences(n)) continue;
    if (const auto at = cycle_overflow(n)) first = std::min(first.value_or(*at), *at);
  }
  return first;
}

smmu::Step Pmcg::step(TimePs now) {
  m_parts.engine.prune(now);
  if (!waiting()) advance(now);
  return m_interrupt.step(now);
}

void Pmcg::complete(const smmu::MemoryAnswer& answer) {
  if (!waiting()) return;  // of before a reset
  if (!m_interrupt.complete(answer)) {
    m_parts.diag.guest_error("MSI.abort", "an MSI of " + m_name + " met an external abort",
                             "IHI 0070 10.5.2.24", {}, op().address);
    // RES0 in SMMUv3.0
    if (reg(SMMU_PMCG_AIDR) != 0) m_registers.set(SMMU_PMCG_IRQ_STATUS, PMCG_IRQ_ABT);
  }
  update_irq_ack();
}

// 10.5.2.19: an enable is acknowledged at once, the lack of it when the MSIs of before are complete.
void Pmcg::update_irq_ack() {
  const std::uint64_t incomplete = m_interrupt.msi_incomplete() ? PMCG_IRQEN : 0U;
  m_registers.set(SMMU_PMCG_IRQ_CTRLACK, reg(SMMU_PMCG_IRQ_CTRL) | (reg(SMMU_PMCG_IRQ_CTRLACK) & incomplete));
}

// ---- registers

/// The offset in the table.
std::uint32_t Pmcg::local(std::uint32_t offset) const {
  const std::uint32_t page0 = m_features.page0(m_group);
  if (offset - page0 < PmcgFeatures::page_size) return offset - page0;
  return pmcg_page1 + (offset - m_features.page1(m_group));
}

void Pmcg::read(std::uint32_t offset, unsigned bytes, AccessSecurity security, TimePs now,
                std::uint64_t& value) {
  value = 0;
  const std::uint32_t at = local(offset);
  if (!legal_register_access(m_registers, m_parts.diag, at, bytes, false, 0, access_clause, offset - at))
    return;
  advance(now);
  m_registers.read(at, bytes, security, value);
  if (m_parts.tracer.on()) {
    m_parts.tracer.emit(now, smmu::trace_register_read, m_name + "." + m_registers.name_at(at), value);
  }
}

void Pmcg::write(std::uint32_t offset, unsigned bytes, AccessSecurity security, TimePs now,
                 std::uint64_t value) {
  const std::uint32_t at = local(offset);
  if (!legal_register_access(m_registers, m_parts.diag, at, bytes, true, value, access_clause, offset - at))
    return;
  advance(now);
  m_written_at = now;
  if (m_parts.tracer.on()) {
    m_parts.tracer.emit(now, smmu::trace_register_write, m_name + "." + m_registers.name_at(at), value);
  }
  m_registers.write(at, bytes, security, value);
}

void Pmcg::peek(std::uint32_t offset, unsigned bytes, std::uint64_t& value) const {
  m_registers.peek(local(offset), bytes, AccessSecurity::NonSecure, value);
}

void Pmcg::set_pair(const Pair& pair, std::uint64_t bits) {
  m_registers.set(pair.set, bits);
  m_registers.set(pair.clear, bits);
}

bool Pmcg::pair_written(PmcgReg id, std::uint64_t old, std::uint64_t written) {
  for (const Pair& pair : {enables, interrupts, overflows}) {
    if (id != pair.set && id != pair.clear) continue;
    const std::uint64_t known = low_bits(m_features.counters);
    if ((written & ~known) != 0) {
      m_parts.diag.guest_error(
          "PMCG.counters",
          std::string(m_registers.info(id).name) + " is written for counters that the group does not have",
          m_registers.info(id).clause);
    }
    set_pair(pair, id == pair.set ? old | (written & known) : old & ~written);
    return true;
  }
  return false;
}

void Pmcg::register_written(std::uint16_t id, std::uint32_t index, AccessSecurity, std::uint64_t old,
                            std::uint64_t value, std::uint64_t written, std::uint64_t) {
  const auto which = static_cast<PmcgReg>(id);
  if (pair_written(which, old, written)) {
    if (which == enables.set || which == enables.clear) refresh(true);
    return;
  }
  switch (which) {
    case SMMU_PMCG_EVCNTRn:
      if (m_parts.features.quirks.has(Quirk::hisilicon_162001800)) m_registers.set(id, old, index);
      break;
    case SMMU_PMCG_EVTYPERn:
      if (m_features.SID_FILTER_TYPE && index != 0 && is_set(written, PMCG_EVTYPER_FILTER_SID_SPAN)) {
        m_parts.diag.guest_error("PMCG.filter",
                                 "a filter of a counter other than 0 is set, and CFGR.SID_FILTER_TYPE is 1: "
                                 "that of counter 0 is that of all",
                                 "IHI 0070 10.4, 10.5.2.2");
      }
      refresh(true);
      break;
    case SMMU_PMCG_CR:
      refresh(true);
      break;
    case SMMU_PMCG_CAPR:
      if (m_features.CAPTURE && (written & PMCG_CAPR_CAPTURE) != 0) capture(m_written_at);
      break;
    case SMMU_PMCG_IRQ_CTRL:
      if ((value & PMCG_IRQEN) == 0) m_interrupt.drop_edge();
      if ((value & ~old & PMCG_IRQEN) != 0) m_registers.set(SMMU_PMCG_IRQ_STATUS, 0);  // 10.5.2.24
      update_irq_ack();
      break;
    default:
      break;
  }
}

void Pmcg::register_write_ignored(std::uint16_t id, std::uint32_t) {
  const RegisterInfo& info = m_registers.info(id);
  m_parts.diag.guest_error(std::string(info.name) + ".guard",
                           std::string("a write of ") + info.name +
                               " is ignored while SMMU_PMCG_IRQ_CTRL enables what it configures",
                           info.clause);
}

// ---- state

/// @param tell  software has changed it
void Pmcg::refresh(bool tell) {
  m_of_cycles.clear();
  m_of_events.clear();
  std::uint64_t idle = 0;
  const std::uint64_t CEID0 = reg(SMMU_PMCG_CEID0);
  const bool never_stops = m_parts.features.quirks.has(Quirk::hisilicon_162001900);
  m_running = (reg(SMMU_PMCG_CR) & PMCG_CR_E) != 0 || (m_running && never_stops);
  const std::uint64_t enabled = m_running ? reg(enables.set) : 0;
  for (std::uint8_t n = 0; n < m_features.counters; ++n) {
    if ((enabled >> n & 1U) == 0) continue;
    const auto EVENT = static_cast<std::uint16_t>(get(reg(SMMU_PMCG_EVTYPERn, n), PMCG_EVTYPER_EVENT));
    if (static_cast<PmcgEvent>(EVENT) == PmcgEvent::cycle) {
      m_of_cycles.push_back(n);
    } else if (EVENT < 64 && (CEID0 >> EVENT & 1U) != 0) {
      m_of_events.push_back({n, static_cast<PmcgEvent>(EVENT)});
    } else {
      idle |= std::uint64_t{1} << n;
      // With the quirk, an event that is none is how drivers stop a counter.
      if (tell && !never_stops && (m_idle >> n & 1U) == 0) {
        m_parts.diag.guest_error("PMCG.EVENT",
                                 "counter " + std::to_string(n) + " of " + m_name + " is enabled for event " +
                                     std::to_string(EVENT) +
                                     ", which CEID0 and CEID1 say the group cannot count; it counts nothing",
                                 "IHI 0070 10.5.2.2, 10.5.2.16");
      }
    }
  }
  m_idle = idle;
  m_changed();
}

std::vector<std::pair<unsigned, PmcgEvent>> Pmcg::enabled_counters() const {
  std::vector<std::pair<unsigned, PmcgEvent>> list;
  for (const std::uint8_t n : m_of_cycles) list.emplace_back(n, PmcgEvent::cycle);
  for (const Counting& c : m_of_events) list.emplace_back(c.counter, c.event);
  std::sort(list.begin(), list.end());
  return list;
}

void Pmcg::reset() {
  m_registers.reset();
  m_interrupt.reset();
  m_running = false;
  refresh(false);
}

void Pmcg::visit(Archive& archive) {
  archive.begin(m_name);
  m_registers.visit(archive);
  m_interrupt.visit(archive);
  archive.moment("counted_until", m_counted_until);
  if (m_parts.features.quirks.has(Quirk::hisilicon_162001900)) archive.value("running", m_running);
  archive.end();
  if (!archive.loading()) return;
  // An archive may come from anywhere: no register has more bits than software can give it.
  for (const RegisterInfo& row : m_registers.table()) {
    const bool read_only = row.access != smmuvp::Access::RW;
    const std::uint64_t mask = row.id == SMMU_PMCG_SVRn          ? (m_features.CAPTURE ? last_count() : 0)
                               : row.id == SMMU_PMCG_IRQ_CTRLACK ? std::uint64_t{PMCG_IRQEN}
                               : row.id == SMMU_PMCG_IRQ_STATUS  ? std::uint64_t{PMCG_IRQ_ABT}
                               : read_only                       ? 0
                                                                 : row.write_mask;
    const bool constant = read_only && mask == 0;
    for (unsigned k = 0; k < row.count; ++k) {
      m_registers.set(
          row.id, constant ? m_registers.reset_value(row.id, k) : reg(static_cast<PmcgReg>(row.id), k) & mask,
          k);
    }
  }
  for (const Pair& pair : {enables, interrupts, overflows}) set_pair(pair, reg(pair.set));
  refresh(false);
}

}  // namespace smmuvp::smmuv3
