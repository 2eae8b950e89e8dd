// PL031 real time clock as a component (ARM DDI 0224).
//
// Parameters  start          RTCDR when simulation starts, in seconds since 1970
//             firmware_init  reset leaves the clock running and set, as firmware would
// Ports       socket  target, 4 KiB
//             irq     RTCINTR, level
//             reset   optional; a rising edge resets the registers
#pragma once
#include <vector>

#include <tlm_utils/simple_target_socket.h>
#include "smmuvp/base/trace.h"
#include "smmuvp/pl031/pl031_core.h"
#include "smmuvp/tlm/component.h"
#include "smmuvp/tlm/line_driver.h"

namespace smmuvp {

/// Counts seconds of simulated time, never the host's. An access sees the time of the simulation kernel; what
/// its initiator runs ahead of that is not seen.
class Pl031 : public Component {
 public:
  Pl031(const sc_core::sc_module_name& name, const Params& params, Host& host);

  const std::vector<Port>& ports() const override { return m_ports; }
  void visit(Archive& archive) override;
  void statistics(StatVisitor& visitor) const override;
  void describe(DtNode& node) const override;

  tlm_utils::simple_target_socket<Pl031, platform_buswidth> socket;
  LineOut irq;
  LineIn reset;

 private:
  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned transport_dbg(tlm::tlm_generic_payload& payload);
  void match();
  void reset_rises();
  void settle();

  Diag m_diag;
  Tracer m_tracer;
  Pl031Core m_core;
  LineDriver m_irq_driver;
  std::vector<Port> m_ports;
  sc_core::sc_event m_match;
  std::uint64_t m_interrupts = 0;
};

/// Type "pl031".
const ComponentType& pl031_type();

}  // namespace smmuvp
