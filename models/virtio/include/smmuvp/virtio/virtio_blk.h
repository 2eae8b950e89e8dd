// Virtio block device on the MMIO transport as a component (OASIS Virtio 1.2, modern interface only).
//
// Parameters  image         host file with the sectors, used in place; it must exist
//             read_only     the file is opened for reading only and VIRTIO_BLK_F_RO is offered
//             serial        what VIRTIO_BLK_T_GET_ID gives
//             stream_base   StreamID of all accesses
//             stream_count  1: there is one stream
//             latency_ps    of each request
//             bytes_per_us  rate at which data moves, on top of what the bus takes
// Ports       registers  target, 512 bytes
//             dma        initiator; each access carries an AccessExtension
//             irq        level, high while InterruptStatus is not 0
//             reset      optional; a rising edge is as writing 0 to Status
#pragma once
#include <vector>

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>
#include "smmuvp/base/trace.h"
#include "smmuvp/tlm/component.h"
#include "smmuvp/tlm/line_driver.h"
#include "smmuvp/virtio/virtio_blk_core.h"

namespace smmuvp {

/// One thread makes the core's accesses, one after the other, and waits after each for the delay that the bus
/// has annotated and for the time of its bytes, never nothing. An access that is on its way when the device
/// is reset still reaches its target; no other follows, and Status reads 0 from then on. Saved state does not
/// contain the image's sectors.
class VirtioBlk : public Component {
 public:
  VirtioBlk(const sc_core::sc_module_name& name, const Params& params, Host& host);

  const std::vector<Port>& ports() const override { return m_ports; }
  void visit(Archive& archive) override;
  void statistics(StatVisitor& visitor) const override;
  void describe(DtNode& node) const override;

  tlm_utils::simple_target_socket<VirtioBlk, platform_buswidth> registers;
  tlm_utils::simple_initiator_socket<VirtioBlk, platform_buswidth> dma;
  LineOut irq;
  LineIn reset;

 private:
  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned transport_dbg(tlm::tlm_generic_payload& payload);
  void work();
  tlm::tlm_response_status transfer(const VirtioAccess& access, sc_core::sc_time& delay);
  sc_core::sc_time time_of(const VirtioAccess& access) const;
  void reset_rises();
  void settle();

  Diag m_diag;
  Tracer m_tracer;
  FileStorage m_storage;
  VirtioBlkCore m_core;
  std::uint64_t m_latency_ps;
  std::uint64_t m_bytes_per_us;
  LineDriver m_irq_driver;
  std::vector<Port> m_ports;
  sc_core::sc_event m_work;
  // The thread's own: the core may be reset or restored while an access is under way.
  VirtioBlkCore::Buffer m_buffer{};
  std::uint64_t m_interrupts = 0;
};

/// Type "virtio-blk".
const ComponentType& virtio_blk_type();

}  // namespace smmuvp
