// testdev as a component: a DMA master with a descriptor ring. docs/testdev.md is its data sheet.
//
// Parameters  stream_base      StreamID of stream index 0
//             stream_count     number of streams (SID_COUNT)
//             bytes_per_us     rate at which data moves, on top of what the bus takes
//             adverse_delay_ps  the most time, drawn by adverse_seed, that each access takes besides
//             coherent         the device tree says dma-coherent, or else dma-noncoherent
// Ports       registers  target, 4 KiB
//             dma        initiator; each access carries an AccessExtension
//             irq        level
//             reset      optional; a rising edge is as CTRL.RESET
#pragma once
#include "smmuvp/base/random.h"
#include "smmuvp/testdev/testdev_core.h"
#include "smmuvp/tlm/dma_device.h"

namespace smmuvp {

/// A burst that is on its way when the device is stopped still reaches its target; no other follows.
class Testdev : public DmaDevice<TestdevCore> {
 public:
  Testdev(const sc_core::sc_module_name& name, const Params& params, Host& host);

  void statistics(StatVisitor& visitor) const override;
  void describe(DtNode& node) const override;

 protected:
  std::uint64_t operation_ps(const DmaOperation& operation) const override;
  void visit_device(Archive& archive) override;

 private:
  void complete_operation(const DmaOperation& operation, DmaResponse response,
                          const DmaBuffer& data) override;

  TestdevCore m_core;
  bool m_coherent;
  bool m_can_stall;
  std::uint32_t m_pasid_bits;
  std::uint64_t m_adverse_delay_ps;
  mutable Random m_delays;  // asked once an access
};

/// Type "testdev".
const ComponentType& testdev_type();

}  // namespace smmuvp
