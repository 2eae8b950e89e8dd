// The wired interrupts and the event output of an SMMUv3.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <systemc>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmuv3/programming_interface.h"
#include "smmuvp/tlm/pulse_output.h"

namespace smmuvp::smmuv3 {

class WiredOutputs {
 public:
  struct Ports {
    LineOut& eventq;
    LineOut& gerror;
    LineOut& cmdq_sync;
    LineOut& event;
  };

  /// @param level  eventq and gerror show what holds, and not that it has begun
  WiredOutputs(const Ports& ports, bool level, const sc_core::sc_time& clock);

  /// Shows what has happened since the last call, and what holds.
  void update(ProgrammingInterface& interface);
  /// After a write of a register: IRQ_CTRL may have been it.
  void cancel_disabled(const ProgrammingInterface& interface);
  /// A reset: what is not on a line yet never is.
  void cancel();
  std::uint64_t coalesced() const;
  void reset_statistics();
  void visit(Archive& archive);

 private:
  std::unique_ptr<InterruptOutput> output(const std::string& name, LineOut& port,
                                          const sc_core::sc_time& clock) const;

  bool m_level;
  std::unique_ptr<InterruptOutput> m_eventq;
  std::unique_ptr<InterruptOutput> m_gerror;
  PulseOutput m_cmdq_sync;
  PulseOutput m_event;
};

}  // namespace smmuvp::smmuv3
