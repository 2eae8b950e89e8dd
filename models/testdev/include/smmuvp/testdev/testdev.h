// testdev as a component: a DMA master with a descriptor ring. docs/testdev.md is its data sheet.
//
// Parameters  stream_base      StreamID of stream index 0
//             stream_count     number of streams (SID_COUNT)
//             bytes_per_us     rate at which data moves, on top of what the bus takes
// Ports       registers  target, 4 KiB
//             dma        initiator; each access carries an AccessExtension
//             irq        level
//             reset      optional; a rising edge is as CTRL.RESET
#pragma once
#include <vector>

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>
#include "smmuvp/base/trace.h"
#include "smmuvp/testdev/testdev_core.h"
#include "smmuvp/tlm/component.h"
#include "smmuvp/tlm/line_driver.h"

namespace smmuvp {

/// One thread makes the core's accesses, one after the other, and waits after each for the delay that the bus
/// has annotated and for the time of its bytes, never nothing: whatever a guest asks for, time advances.
/// A burst that is on its way when the device is stopped still reaches its target; no other follows.
class Testdev : public Component {
 public:
  Testdev(const sc_core::sc_module_name& name, const Params& params, Host& host);

  const std::vector<Port>& ports() const override { return m_ports; }
  void visit(Archive& archive) override;
  void statistics(StatVisitor& visitor) const override;
  void describe(DtNode& node) const override;

  tlm_utils::simple_target_socket<Testdev, platform_buswidth> registers;
  tlm_utils::simple_initiator_socket<Testdev, platform_buswidth> dma;
  LineOut irq;
  LineIn reset;

 private:
  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned transport_dbg(tlm::tlm_generic_payload& payload);
  void work();
  tlm::tlm_response_status transfer(const TestdevAccess& access, sc_core::sc_time& delay);
  sc_core::sc_time time_of(std::uint32_t bytes) const;
  void reset_rises();
  void settle();

  Diag m_diag;
  Tracer m_tracer;
  TestdevCore m_core;
  std::uint64_t m_bytes_per_us;
  LineDriver m_irq_driver;
  std::vector<Port> m_ports;
  sc_core::sc_event m_work;
  // The thread's own: the core may be reset or restored while a burst is under way.
  TestdevCore::Buffer m_buffer{};
  std::uint64_t m_interrupts = 0;
};

/// Type "testdev".
const ComponentType& testdev_type();

}  // namespace smmuvp
