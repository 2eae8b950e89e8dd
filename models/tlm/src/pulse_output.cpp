#include "smmuvp/tlm/pulse_output.h"

#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp {

PulseOutput::PulseOutput(const sc_core::sc_module_name& name, LineOut& port, const sc_core::sc_time& clock)
    : sc_core::sc_module(name), m_port(port), m_clock(clock) {
  SMMUVP_HAS_PROCESS(PulseOutput);
  SC_METHOD(run);
  sensitive << m_start;
  dont_initialize();
}

void PulseOutput::request() {
  if (m_requested) {
    ++m_coalesced;
    return;
  }
  m_requested = true;
  if (m_delay) m_due = to_ps(sc_core::sc_time_stamp()) + m_delay();
  start();
}

void PulseOutput::start() {
  const sc_core::sc_time due = from_ps(m_due);
  const sc_core::sc_time& now = sc_core::sc_time_stamp();
  m_start.notify(m_delay && due > now ? due - now : sc_core::SC_ZERO_TIME);
}

void PulseOutput::run() {
  // While a pulse or the pause after it lasts, only time wakes this: a request then waits in m_requested.
  if (m_resumed) {
    m_resumed = false;
    m_port.write(m_high);
    const sc_core::sc_time until = from_ps(m_until);
    if (until > sc_core::sc_time_stamp()) return next_trigger(until - sc_core::sc_time_stamp());
  }
  if (m_high) {
    m_port.write(false);
    m_high = false;
    return hold();
  }
  if (!m_requested) return;  // and back to the static sensitivity
  // Notified for a request that has been cancelled since, or after a pulse.
  if (m_delay && from_ps(m_due) > sc_core::sc_time_stamp()) return start();
  m_requested = false;
  ++m_pulses;
  m_high = true;
  m_port.write(true);
  hold();
}

void PulseOutput::hold() {
  m_until = to_ps(sc_core::sc_time_stamp() + m_clock);
  next_trigger(m_clock);
}

void PulseOutput::visit(Archive& archive) {
  archive.begin("pulse");
  archive.value("requested", m_requested);
  archive.value("high", m_high);
  const std::uint64_t now = to_ps(sc_core::sc_time_stamp());
  std::uint64_t left = m_until > now ? m_until - now : 0;
  archive.value("left", left);
  if (left > to_ps(m_clock)) {
    archive.fail("left", "more than a pulse lasts");
    left = 0;
  }
  m_until = now + left;
  archive.value("pulses", m_pulses);
  archive.value("coalesced", m_coalesced);
  if (m_delay) archive.time("due", m_due);
  archive.end();
  if (!archive.loading()) return;
  m_resumed = true;
  m_start.notify(sc_core::SC_ZERO_TIME);
}

}  // namespace smmuvp
