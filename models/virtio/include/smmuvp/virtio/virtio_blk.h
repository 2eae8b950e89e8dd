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
#include "smmuvp/tlm/dma_device.h"
#include "smmuvp/virtio/virtio_blk_core.h"

namespace smmuvp {

/// An access that is on its way when the device is reset still reaches its target; no other follows, and
/// Status reads 0 from then on. Saved state does not contain the image's sectors.
class VirtioBlk : public DmaDevice<VirtioBlkCore> {
 public:
  VirtioBlk(const sc_core::sc_module_name& name, const Params& params, Host& host);

  void statistics(StatVisitor& visitor) const override;
  void describe(DtNode& node) const override;

 private:
  std::uint64_t operation_ps(const DmaOperation& operation) const override;
  void complete_operation(const DmaOperation& operation, DmaResponse response,
                          const DmaBuffer& data) override;
  void visit_device(Archive& archive) override;

  FileStorage m_storage;
  VirtioBlkCore m_core;
  std::uint64_t m_latency_ps;
  std::uint64_t m_request_since = 0;  // for traces: not saved
};

/// Type "virtio-blk".
const ComponentType& virtio_blk_type();

}  // namespace smmuvp
