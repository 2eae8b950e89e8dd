// GICv2 as a component (IHI 0048B), with a GICv2m MSI frame.
//
// Parameters  cpus           1 to 8
//             num_spis       a multiple of 32 up to 960, or 988
//             priority_bits  implemented bits of a priority, 4 to 8
//             v2m_spi_base   first SPI of the MSI frame (SPI 0 is INTID 32)
//             v2m_spi_count  SPIs of the MSI frame; 0: no frame
// Ports       distributor    target, 4 KiB
//             cpu_interface  target, 8 KiB
//             v2m            target, 4 KiB, optional
//             spi<N>         inputs of the SPIs, optional; edge or level by GICD_ICFGRn
//             ppi<cpu>_<N>   inputs of a processor's PPIs 0 to 15 (INTID 16 to 31), optional
//             irq<cpu>, fiq<cpu>  outputs to the processors; fiq is optional
//             reset          optional; a rising edge resets all but the inputs
//
// Registers banked by processor: the processor that accesses is AccessExtension.tag, or 0 without the
// extension; a router between keeps it.
#pragma once
#include <string>
#include <vector>

#include <tlm_utils/simple_target_socket.h>
#include "smmuvp/base/trace.h"
#include "smmuvp/gic/gic_core.h"
#include "smmuvp/tlm/component.h"
#include "smmuvp/tlm/line_driver.h"

namespace smmuvp {

class Gic : public Component {
 public:
  Gic(const sc_core::sc_module_name& name, const Params& params, Host& host);

  const std::vector<Port>& ports() const override { return m_ports; }
  void visit(Archive& archive) override;
  void statistics(StatVisitor& visitor) const override;
  void describe(DtNode& node) const override;

  tlm_utils::simple_target_socket_tagged<Gic, platform_buswidth> distributor;
  tlm_utils::simple_target_socket_tagged<Gic, platform_buswidth> cpu_interface;
  tlm_utils::simple_target_socket_tagged<Gic, platform_buswidth> v2m;
  LineIn reset;

 private:
  void b_transport(int frame, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned transport_dbg(int frame, tlm::tlm_generic_payload& payload);
  unsigned requester(const tlm::tlm_generic_payload& payload) const;
  void make_outputs();
  void make_inputs();
  void add_input(LineIn& line, const std::string& doc, unsigned intid, unsigned cpu);
  void input_changed(const LineIn& line, unsigned intid, unsigned cpu);
  void trace_access(unsigned frame, unsigned cpu, std::uint32_t offset, bool write, std::uint64_t value);
  void reset_rises();
  void settle();

  Diag m_diag;
  Tracer m_tracer;
  GicConfig m_config;
  GicCore m_core;
  sc_core::sc_vector<LineIn> m_spis;
  sc_core::sc_vector<LineIn> m_ppis;         // ppi0_0 to ppi0_15, ppi1_0, …
  sc_core::sc_vector<LineOut> m_outputs;     // irq0, fiq0, irq1, …
  sc_core::sc_vector<LineDriver> m_drivers;  // of m_outputs
  std::vector<Port> m_ports;
};

/// Type "gicv2".
const ComponentType& gic_type();

}  // namespace smmuvp
