// Edge-sensitive interrupt outputs.
#pragma once

#include <cstdint>
#include <functional>
#include <systemc>
#include <utility>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/export.h"
#include "smmuvp/tlm/interrupt_output.h"

namespace smmuvp {

/// Makes pulses on a port: high for one clock (at least a delta), then low for as long before the next. A
/// request during a pulse gives one more pulse after it; further ones until then are coalesced, and counted.
class SMMUVP_EXPORT PulseOutput : public sc_core::sc_module, public InterruptOutput {
 public:
  PulseOutput(const sc_core::sc_module_name& name, LineOut& port, const sc_core::sc_time& clock);

  void request() override;
  /// Forgets what has been requested; a pulse under way ends as usual.
  void cancel() override { m_requested = false; }
  void set(bool) override {}
  /// What each request waits for before its pulse; those that come meanwhile are coalesced with it. To be
  /// told before simulation starts; without, there is no delay.
  void set_delay(std::function<std::uint64_t()> ps) { m_delay = std::move(ps); }
  std::uint64_t pulses() const { return m_pulses; }
  std::uint64_t coalesced() const override { return m_coalesced; }
  void reset_statistics() override { m_pulses = m_coalesced = 0; }
  /// Loading puts the line to the saved level again; a pulse, or the pause after it, lasts as long as it
  /// would have done.
  void visit(Archive& archive) override;

 private:
  void run();
  void hold();
  void start();

  LineOut& m_port;
  sc_core::sc_time m_clock;
  sc_core::sc_event m_start;
  bool m_requested = false;
  std::function<std::uint64_t()> m_delay;
  std::uint64_t m_due = 0;  // with m_delay: what is requested begins then
  bool m_high = false;
  bool m_resumed = false;     // loaded: the line is not yet at the level of m_high
  std::uint64_t m_until = 0;  // the pulse, or the pause after it, lasts until then
  std::uint64_t m_pulses = 0;
  std::uint64_t m_coalesced = 0;
};

}  // namespace smmuvp
