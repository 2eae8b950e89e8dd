// Whether an SMMU has power and a clock, for all of its processes.
#pragma once

#include <cstdint>
#include <systemc>

#include "smmuvp/tlm/sim_time.h"

namespace smmuvp::smmu {

/// Without a clock everything stands still, and goes on when the clock is back. Without power there is
/// nothing to stand still: whoever has something under way is told by a reset.
class Supply {
 public:
  /// @return whether anything has changed
  bool set(bool power, bool clock) {
    if (power == m_power && clock == m_clock) return false;
    const bool stopped = !runs();
    m_power = power;
    m_clock = clock;
    if (stopped && runs()) m_since = to_ps(sc_core::sc_time_stamp());
    m_changed.notify(sc_core::SC_ZERO_TIME);
    return true;
  }
  bool powered() const { return m_power; }
  bool runs() const { return m_power && m_clock; }
  /// It has power, and no clock.
  bool stopped() const { return m_power && !m_clock; }
  /// Since when it runs: what was due before is done then.
  std::uint64_t since() const { return m_since; }
  const sc_core::sc_event& changed() const { return m_changed; }

 private:
  // Not saved: they follow lines.
  bool m_power = true;
  bool m_clock = true;
  std::uint64_t m_since = 0;
  sc_core::sc_event m_changed;
};

}  // namespace smmuvp::smmu
