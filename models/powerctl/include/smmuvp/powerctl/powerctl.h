// A register that drives lines: power domains, clock gates and resets of other components.
//
// Parameters  lines      how many
//             level      LEVEL after reset, and when simulation starts
// Ports       registers  target, 4 KiB
//             line0 ...  outputs: the bits of LEVEL
//             reset      optional; a rising edge resets the registers
#pragma once
#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "smmuvp/base/diag.h"
#include "smmuvp/base/registers.h"
#include "smmuvp/base/trace.h"
#include "smmuvp/tlm/component.h"
#include "smmuvp/tlm/line_driver.h"

namespace smmuvp {

/// Accesses take no time; lines follow a delta later.
///
/// 0x000 ID     RO  0x4c525750, the letters PWRL
/// 0x004 COUNT  RO  number of lines
/// 0x008 LEVEL  RW  bit n: the level of line n
/// 0x00c SET    WO  a 1 raises a line
/// 0x010 CLEAR  WO  a 1 lowers it
class Powerctl : public Component, private RegisterObserver {
 public:
  static constexpr std::uint32_t window = 0x1000;

  Powerctl(const sc_core::sc_module_name& name, const Params& params, Host& host);

  const std::vector<Port>& ports() const override { return m_ports; }
  void visit(Archive& archive) override;
  void statistics(StatVisitor& visitor) const override;
  void reset_statistics() override { m_changes = 0; }
  void describe(DtNode& node) const override;

  tlm_utils::simple_target_socket<Powerctl, platform_buswidth> registers;
  sc_core::sc_vector<LineOut> line;
  LineIn reset;

 private:
  void start_of_simulation() override;
  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned transport_dbg(tlm::tlm_generic_payload& payload);
  void register_written(std::uint16_t id, std::uint32_t index, AccessSecurity security, std::uint64_t old,
                        std::uint64_t value, std::uint64_t written, std::uint64_t lanes) override;
  void reset_rises();
  void drive();

  RegisterFile m_registers;
  Tracer m_tracer;
  std::vector<std::unique_ptr<LineDriver>> m_drivers;
  std::vector<Port> m_ports;
  std::uint64_t m_changes = 0;
};

/// Type "powerctl".
const ComponentType& powerctl_type();

}  // namespace smmuvp
