#include "smmuvp/pl031/pl031_core.h"

namespace smmuvp {

namespace {

enum Id : std::uint16_t {
  RTCDR,
  RTCMR,
  RTCLR,
  RTCCR,
  RTCIMSC,
  RTCRIS,
  RTCMIS,
  RTCICR,
  RTCPeriphID0,
  RTCPeriphID1,
  RTCPeriphID2,
  RTCPeriphID3,
  RTCPCellID0,
  RTCPCellID1,
  RTCPCellID2,
  RTCPCellID3,
};

constexpr const char* manual = "DDI 0224 3.3";
constexpr std::uint64_t all = 0xffffffff;

std::vector<RegisterInfo> table() {
  return {
      {RTCDR, "RTCDR", 0x000, 4, Access::RO, 0, 0, manual},
      {RTCMR, "RTCMR", 0x004, 4, Access::RW, 0, all, manual},
      {RTCLR, "RTCLR", 0x008, 4, Access::RW, 0, all, manual},
      {RTCCR, "RTCCR", 0x00c, 4, Access::RW, 0, 1, manual},
      {RTCIMSC, "RTCIMSC", 0x010, 4, Access::RW, 0, 1, manual},
      {RTCRIS, "RTCRIS", 0x014, 4, Access::RO, 0, 0, manual},
      {RTCMIS, "RTCMIS", 0x018, 4, Access::RO, 0, 0, manual},
      {RTCICR, "RTCICR", 0x01c, 4, Access::WO, 0, 0, manual},
      // Part number 0x031, designer 0x41, revision and configuration 0.
      {RTCPeriphID0, "RTCPeriphID0", 0xfe0, 4, Access::RO, 0x31, 0, manual},
      {RTCPeriphID1, "RTCPeriphID1", 0xfe4, 4, Access::RO, 0x10, 0, manual},
      {RTCPeriphID2, "RTCPeriphID2", 0xfe8, 4, Access::RO, 0x04, 0, manual},
      {RTCPeriphID3, "RTCPeriphID3", 0xfec, 4, Access::RO, 0x00, 0, manual},
      {RTCPCellID0, "RTCPCellID0", 0xff0, 4, Access::RO, 0x0d, 0, manual},
      {RTCPCellID1, "RTCPCellID1", 0xff4, 4, Access::RO, 0xf0, 0, manual},
      {RTCPCellID2, "RTCPCellID2", 0xff8, 4, Access::RO, 0x05, 0, manual},
      {RTCPCellID3, "RTCPCellID3", 0xffc, 4, Access::RO, 0xb1, 0, manual},
  };
}

}  // namespace

Pl031Core::Pl031Core(const Pl031Config& config, Diag& diag)
    : m_config(config), m_diag(diag), m_registers(table(), *this) {
  reset(0);
}

void Pl031Core::reset(std::uint64_t now_ps) {
  m_registers.reset();
  m_seconds = now_ps / second_ps;
  m_offset = 0;
  m_equal = false;
  if (m_config.firmware_init) {
    // As if firmware had read a clock that goes on during reset.
    m_offset = m_config.start;
    m_registers.set(RTCLR, m_config.start);
    m_registers.set(RTCCR, 1);
    m_equal = count() == m_registers.get(RTCMR);
  }
  show();
}

bool Pl031Core::running() const { return m_registers.get(RTCCR) != 0; }

// The counter wraps at 2^32 (2.1). Before the start it shows what will be loaded.
std::uint32_t Pl031Core::count() const {
  if (!running()) return static_cast<std::uint32_t>(m_registers.get(RTCLR));
  return static_cast<std::uint32_t>(m_seconds + m_offset);
}

void Pl031Core::load(std::uint64_t value) { m_offset = static_cast<std::uint32_t>(value - m_seconds); }

void Pl031Core::show() {
  m_registers.set(RTCDR, count());
  m_registers.set(RTCMIS, m_registers.get(RTCRIS) & m_registers.get(RTCIMSC));
}

void Pl031Core::compare() {
  const bool equal = running() && count() == m_registers.get(RTCMR);
  if (equal && !m_equal) {
    ++m_matches;
    m_registers.set(RTCRIS, 1);
  }
  m_equal = equal;
}

void Pl031Core::elapsed(std::uint64_t now_ps) {
  const std::uint64_t seconds = now_ps / second_ps;
  if (seconds > m_seconds) {
    // The match may lie between the last call and this one.
    const std::uint64_t to_match = (m_registers.get(RTCMR) - m_seconds - m_offset) & all;
    const bool passed = running() && to_match != 0 && to_match < seconds - m_seconds;
    m_seconds = seconds;
    if (passed) {
      ++m_matches;
      m_registers.set(RTCRIS, 1);
      m_equal = false;
    }
    compare();
  }
  show();
}

void Pl031Core::resume(std::uint64_t now_ps) {
  const std::uint64_t seconds = now_ps / second_ps;
  m_offset += static_cast<std::uint32_t>(m_seconds - seconds);
  m_seconds = seconds;
  show();
}

std::optional<std::uint64_t> Pl031Core::next_event() const {
  if (!running()) return {};
  std::uint64_t wait = (m_registers.get(RTCMR) - m_seconds - m_offset) & all;
  if (wait == 0) wait = 1ULL << 32;
  if (m_seconds + wait > ~0ULL / second_ps) return {};
  return (m_seconds + wait) * second_ps;
}

std::uint64_t Pl031Core::read(std::uint64_t now_ps, std::uint32_t offset, unsigned bytes) {
  elapsed(now_ps);
  std::uint64_t value = 0;
  m_registers.read(offset, bytes, AccessSecurity::NonSecure, value);
  return value;
}

void Pl031Core::write(std::uint64_t now_ps, std::uint32_t offset, unsigned bytes, std::uint64_t value) {
  elapsed(now_ps);
  m_registers.write(offset, bytes, AccessSecurity::NonSecure, value);
  compare();
  show();
}

std::uint64_t Pl031Core::peek(std::uint32_t offset, unsigned bytes) const {
  std::uint64_t value = 0;
  m_registers.peek(offset, bytes, AccessSecurity::NonSecure, value);
  return value;
}

bool Pl031Core::irq() const { return m_registers.get(RTCMIS) != 0; }

void Pl031Core::register_written(std::uint16_t id, std::uint32_t, AccessSecurity, std::uint64_t old,
                                 std::uint64_t value, std::uint64_t written, std::uint64_t) {
  switch (id) {
    case RTCLR:
      load(value);
      break;
    case RTCCR:
      if (old == 0 && value != 0) {
        load(m_registers.get(RTCLR));
      } else if (old != 0 && value == 0) {
        // Once started, only a reset stops the clock (3.3, RTCCR).
        m_registers.set(RTCCR, 1);
        m_diag.guest_error("RTCCR", "0 was written to RTCCR; a running clock stops with a reset only",
                           manual);
      }
      break;
    case RTCICR:
      if ((written & 1) != 0) m_registers.set(RTCRIS, 0);
      break;
    default:
      break;
  }
}

void Pl031Core::visit(Archive& archive) {
  archive.begin("pl031");
  m_registers.visit(archive);
  archive.value("seconds", m_seconds);
  archive.value("offset", m_offset);
  archive.value("equal", m_equal);
  archive.value("matches", m_matches);
  archive.end();
}

}  // namespace smmuvp
