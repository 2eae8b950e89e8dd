// Arm's SMMUv3TestEngine as a component: frames that move memory, many at a time. docs/smmuv3testengine.md is
// its data sheet.
//
// Parameters  pairs            pairs of a user page and a privileged page, 512 frames each
//             ports            downstream ports
//             outstanding      accesses that each downstream port has under way at a time
//             stream_base      first StreamID that a frame may use
//             stream_count     how many; 0: every StreamID
//             bytes_per_us     rate at which a frame moves data, on top of what the bus takes
//             non_secure       pctrl.SSD_NS after a reset
// Ports       registers        target, 128 KiB a pair
//             dma<N>           initiators; each access carries an AccessExtension with attributes
//             reset            optional; a rising edge stops all frames and resets their registers
#pragma once
#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "smmuvp/base/diag.h"
#include "smmuvp/base/trace.h"
#include "smmuvp/smmuv3testengine/smmuv3testengine_core.h"
#include "smmuvp/tlm/component.h"
#include "smmuvp/tlm/dma_master.h"

namespace smmuvp {

/// An access that is on its way when the engine is reset still reaches its target; no other follows. A frame
/// whose access waits, at an SMMU that stalls it for example, holds up no other frame until as many wait as
/// the port may have outstanding.
class Smmuv3TestEngine : public Component {
 public:
  Smmuv3TestEngine(const sc_core::sc_module_name& name, const Params& params, Host& host);
  ~Smmuv3TestEngine() override;

  const std::vector<Port>& ports() const override { return m_ports; }
  void visit(Archive& archive) override;
  void statistics(StatVisitor& visitor) const override;
  void describe(DtNode& node) const override;

  /// Downstream port `i`, below the parameter `ports`.
  DmaSocket& dma(std::uint32_t i) { return *m_dma.at(i); }

  tlm_utils::simple_target_socket<Smmuv3TestEngine, platform_buswidth> registers;
  LineIn reset;

 private:
  class Lane;

  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned transport_dbg(tlm::tlm_generic_payload& payload);
  void write_register(std::uint32_t offset, unsigned bytes, AccessSecurity security, std::uint64_t value);
  void reset_rises();
  void kick();
  void kick_but(std::uint32_t port);
  void operation_done(const DmaOperation& operation, DmaResponse response, const DmaBuffer& data);

  Diag m_diag;
  Tracer m_tracer;
  Smmuv3TestEngineCore m_core;
  std::uint64_t m_bytes_per_us;
  std::vector<std::unique_ptr<DmaSocket>> m_dma;
  std::vector<std::unique_ptr<Lane>> m_lanes;
  std::vector<Port> m_ports;
};

/// Type "smmuv3testengine".
const ComponentType& smmuv3testengine_type();

}  // namespace smmuvp
