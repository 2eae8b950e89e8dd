// PL031 real time clock as a component (ARM DDI 0224).
//
// Parameters  start          RTCDR when simulation starts, in seconds since 1970
//             firmware_init  reset leaves the clock running and set, as firmware would
// Ports       socket  target, 4 KiB
//             irq     RTCINTR, level
//             reset   optional; a rising edge resets the registers
#pragma once
#include "smmuvp/pl031/pl031_core.h"
#include "smmuvp/tlm/register_device.h"

namespace smmuvp {

/// Counts seconds of simulated time, never the host's. An access sees the time of the simulation kernel; what
/// its initiator runs ahead of that is not seen.
class Pl031 : public RegisterDevice {
 public:
  Pl031(const sc_core::sc_module_name& name, const Params& params, Host& host);

  void statistics(StatVisitor& visitor) const override;
  void describe(DtNode& node) const override;

 private:
  std::uint64_t read_register(std::uint32_t offset, unsigned bytes) override;
  void write_register(std::uint32_t offset, unsigned bytes, std::uint64_t value) override;
  std::uint64_t peek_register(std::uint32_t offset, unsigned bytes) const override;
  bool interrupt_level() const override { return m_core.irq(); }
  void reset_registers() override;
  void visit_device(Archive& archive) override;
  void settle() override;
  void match();

  Pl031Core m_core;
  sc_core::sc_event m_match;
};

/// Type "pl031".
const ComponentType& pl031_type();

}  // namespace smmuvp
