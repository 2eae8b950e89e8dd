// SPDX-License-Identifier: MIT
//
// Performance monitors: IHI 0062 chapters 6 and 12, 16.5.15 to 16.5.26. Of the events of Table 6-1 those of
// accesses alone, since there is neither time nor a TLB here.
#include "bits.h"
#include "model.h"
#include "register_access.h"

namespace naive_smmuv2 {

namespace {

// 12.2.5
constexpr unsigned E = 11;
constexpr unsigned CBAEN = 10;
constexpr uint32_t PMCGCR_BITS = (1u << E) | (1u << CBAEN) | 0x3FF;  // X needs event export; TCEFCFG, NDX

// 12.2.4: SIZE 31
uint32_t pmcfgr(unsigned groups, unsigned counters) {
  return ((groups - 1) << 24) | (31u << 8) | (counters - 1);
}

// 12.2.1, where non-invasive debug is enabled, and that of Secure transactions is not
uint32_t pmauthstatus(bool SES) { return SES ? 0x8C : 0xC0; }

}  // namespace

void Smmu::reset_monitors() {
  const uint32_t unknown = m_parameters.unknown;
  Counter counter;
  counter.PMEVCNTR = unknown;
  counter.PMEVTYPER = unknown & 0xF000FFFF;
  counter.enabled = counter.interrupts = counter.overflowed = bit(unknown, 0);
  m_counters.assign(m_parameters.counters(), counter);
  const uint32_t streams = static_cast<uint32_t>(ones(m_parameters.stream_id_bits()) * 0x10001);
  m_counter_groups.assign(m_parameters.counter_groups, {unknown & PMCGCR_BITS, unknown & streams});
  m_PMCR = unknown & 1;
}

// 6.7
bool Smmu::revealed(unsigned group) const { return bit(m_counter_groups[group].PMCGCR, CBAEN); }

// 6.7.2
bool Smmu::counting(unsigned group) const {
  return revealed(group) ? bit(m_counter_groups[group].PMCGCR, E) : bit(m_PMCR, 0);
}

// 6.8, 12.2.9
bool Smmu::monitor_interrupt(unsigned group) const {
  if (!counting(group)) return false;
  for (unsigned n = 0; n < m_parameters.CGNC; n++) {
    const Counter& counter = m_counters[group * m_parameters.CGNC + n];
    if (counter.interrupts && counter.overflowed) return true;
  }
  return false;
}

// ---- registers

/// Pairs of registers that show the same bits: ones that are written set them, or clear them.
void Smmu::counter_bits(unsigned first, unsigned count, bool Counter::*member, bool set,
                        const Access& access) {
  uint32_t shown = 0;
  for (unsigned n = 0; n < count && n < 32; n++) {
    Counter& counter = m_counters[first + n];
    if (access.written32() && bit(access.value, n)) counter.*member = set;
    if (counter.*member) shown |= 1u << n;
  }
  access.ro32(shown);
}

// A write of PMCR: P resets counters
void Smmu::control_counters(unsigned group, uint64_t PMCR) {
  if (!bit(PMCR, 1)) return;
  for (unsigned n = 0; n < m_parameters.CGNC; n++) m_counters[group * m_parameters.CGNC + n].PMEVCNTR = 0;
}

// 12.1
Smmu::Found Smmu::monitor_registers(const Place& place, unsigned bytes, uint64_t& value) {
  const unsigned offset = unsigned(place.offset % m_parameters.page_bytes());
  const Access access{place.write, bytes, false, value};
  const unsigned counters = m_parameters.counters();
  const unsigned groups = m_parameters.counter_groups;
  if (groups == 0) {
    access.razwi();  // 6.1
    return Found::here;
  }
  const unsigned n = offset % 0x400 / 4;
  const unsigned group = offset % 0x200 / 4;
  if (offset < 0x800 && n < counters) {
    offset < 0x400 ? access.rw32(m_counters[n].PMEVCNTR, 0xFFFFFFFF)
                   : access.rw32(m_counters[n].PMEVTYPER, 0xF000FFFF);
    return Found::here;
  }
  if (offset >= 0x800 && offset < 0xC00 && group < groups) {
    CounterGroup& registers = m_counter_groups[group];
    if (offset >= 0xA00) {
      access.rw32(registers.PMCGSMR, static_cast<uint32_t>(ones(m_parameters.stream_id_bits()) * 0x10001));
    } else {
      access.rw32(registers.PMCGCR, PMCGCR_BITS, m_parameters.CGNC << 24);
    }
    return Found::here;
  }
  if (offset >= 0xC00 && offset < 0xCE0) {
    const unsigned first = offset % 0x20 / 4 * 32;
    const unsigned count = first < counters ? counters - first : 0;
    const bool set = (offset & 0x20) == 0;
    switch (offset / 0x40) {
      case 0xC00 / 0x40:
        counter_bits(first, count, &Counter::enabled, set, access);
        return Found::here;
      case 0xC40 / 0x40:
        counter_bits(first, count, &Counter::interrupts, set, access);
        return Found::here;
      default:
        break;
    }
    // PMOVSCLR at 0xC80, PMOVSSET at 0xCC0; 0xCA0 is reserved
    if (set) {
      counter_bits(first, count, &Counter::overflowed, offset >= 0xCC0, access);
      return Found::here;
    }
  }
  switch (offset) {
    case 0xE00:
      access.ro32(pmcfgr(groups, counters));
      break;
    case 0xE04:
      if (access.written32()) {
        for (unsigned g = 0; g < groups; g++) {
          if (!revealed(g)) control_counters(g, value);
        }
      }
      access.rw32(m_PMCR, 1);
      break;
    case 0xE20:
      access.ro32(m_choices.PMCEID0);
      break;
    case 0xFB8:
      access.ro32(pmauthstatus(m_parameters.SES));
      break;
    case 0xFCC:
      access.ro32(0x56);  // PMDEVTYPE
      break;
    default:
      access.razwi();
  }
  return Found::here;
}

// 6.7.1
void Smmu::bank_monitor_registers(unsigned bank, unsigned offset, const Access& access) {
  std::optional<unsigned> group;
  for (unsigned g = 0; g < m_parameters.counter_groups; g++) {
    if (revealed(g) && field(m_counter_groups[g].PMCGCR, 7, 0) == bank) group = g;
  }
  if (!group.has_value() || offset >= 0x1000) {
    access.razwi();  // 6.7.3
    return;
  }
  const unsigned count = m_parameters.CGNC;
  const unsigned first = *group * count;
  const unsigned n = offset % 0x80 / 4;
  if (offset < 0xF00 && n < count) {
    offset < 0xE80 ? access.rw32(m_counters[first + n].PMEVCNTR, 0xFFFFFFFF)
                   : access.rw32(m_counters[first + n].PMEVTYPER, 0xF000FFFF);
    return;
  }
  switch (offset) {
    case 0xF00:
      access.ro32(pmcfgr(1, count));
      break;
    case 0xF04: {
      if (access.written32()) control_counters(*group, access.value);
      uint32_t& PMCGCR = m_counter_groups[*group].PMCGCR;
      uint32_t PMCR = bit(PMCGCR, E);
      access.rw32(PMCR, 1);
      PMCGCR = (PMCGCR & ~(1u << E)) | (PMCR << E);
      break;
    }
    case 0xF20:
      access.ro32(m_choices.PMCEID0);
      break;
    case 0xF40:
    case 0xF44:
      counter_bits(first, count, &Counter::enabled, offset == 0xF40, access);
      break;
    case 0xF48:
    case 0xF4C:
      counter_bits(first, count, &Counter::interrupts, offset == 0xF48, access);
      break;
    case 0xF50:
    case 0xF58:
      counter_bits(first, count, &Counter::overflowed, offset == 0xF58, access);
      break;
    case 0xFB8:
      access.ro32(pmauthstatus(m_parameters.SES));
      break;
    default:
      access.razwi();
  }
}

// ---- events

// 6.6
bool Smmu::considers(unsigned group, const Pending& pending) const {
  const CounterGroup& registers = m_counter_groups[group];
  const unsigned NDX = field(registers.PMCGCR, 7, 0);
  switch (field(registers.PMCGCR, 9, 8)) {
    case 0b01: {
      const uint64_t significant = ones(m_parameters.stream_id_bits()) & ~bits(registers.PMCGSMR, 31, 16);
      return ((pending.request.StreamID ^ registers.PMCGSMR) & significant) == 0;
    }
    case 0b10:
      return pending.banks.has_value() && (pending.banks->first == NDX || pending.banks->second == NDX);
    default:
      return true;
  }
}

// 6.3: each transaction once, when it is new; far atomics are reads
void Smmu::count_access(const Pending& pending) {
  if (pending.secure && !bit(m_SCR1, 27)) return;  // 6.1, SPMEN
  const bool write = pending.request.type == AccessType::write;
  for (unsigned group = 0; group < m_parameters.counter_groups; group++) {
    if (!counting(group) || !considers(group, pending)) continue;
    for (unsigned n = 0; n < m_parameters.CGNC; n++) {
      Counter& counter = m_counters[group * m_parameters.CGNC + n];
      const unsigned EVENT = field(counter.PMEVTYPER, 15, 0);
      if (EVENT != 0x10 && EVENT != (write ? 0x12 : 0x11)) continue;
      // 12.2.12: P or U, and for Non-secure transactions whether NSP or NSU is the same
      const unsigned low = pending.request.privileged ? 31 : 30;
      const bool P = bit(counter.PMEVTYPER, low);
      const bool leaves_out = pending.secure ? P : P != bit(counter.PMEVTYPER, low - 2);
      if (!counter.enabled || leaves_out) continue;
      counter.PMEVCNTR++;
      if (counter.PMEVCNTR == 0) counter.overflowed = true;
    }
  }
}

}  // namespace naive_smmuv2
