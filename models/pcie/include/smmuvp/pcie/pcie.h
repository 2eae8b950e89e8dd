// A PCI host with a hierarchy of functions, as a component. docs/pcie.md is its data sheet.
//
// Parameters  topology      what functions there are
//             buses         of configuration space: its window has 1 MiB for each
//             mmio_base     PCI address of the window `mmio`
//             stream_base   StreamID of requester ID 0
//             stream_count  number of requester IDs
//             bytes_per_us  rate at which an endpoint moves data, on top of what the bus takes
//             coherent      the device tree says dma-coherent
//             ats           an SMMU that knows ATS is upstream: the device tree says ats-supported
//             atc_entries, ats_queue_depth, pri_capacity
//                           of functions that have the capabilities
// Ports       ecam        target, configuration space
//             mmio        target, memory space
//             dma         initiator; each access carries an AccessExtension
//             ats         target, optional: what the SMMU sends to functions (ats_extension.h). An
//             invalidation
//                         returns when it has completed, which takes time: it may be called where wait() may
//             inta..intd  level, optional
//             reset       optional; a rising edge resets all functions
#pragma once
#include <memory>
#include <vector>

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>
#include "smmuvp/base/diag.h"
#include "smmuvp/base/trace.h"
#include "smmuvp/pcie/hierarchy.h"
#include "smmuvp/tlm/component.h"
#include "smmuvp/tlm/dma_master.h"
#include "smmuvp/tlm/line_driver.h"
#include "smmuvp/tlm/pci_host.h"

namespace smmuvp {

/// Each endpoint has one request under way at a time, independent of the others. A request that is on its way
/// when its function is reset reaches its target; no other follows.
class Pcie : public Component, public PciHost {
 public:
  Pcie(const sc_core::sc_module_name& name, const Params& params, Host& host);
  ~Pcie() override;

  const std::vector<Port>& ports() const override { return m_ports; }
  void visit(Archive& archive) override;
  void statistics(StatVisitor& visitor) const override;
  void describe(DtNode& node) const override;

  std::string config_port() const override { return "ecam"; }
  std::vector<PciWindow> windows() const override;
  std::vector<std::string> interrupt_pins() const override { return {"inta", "intb", "intc", "intd"}; }
  std::uint32_t requester_ids() const override;

  tlm_utils::simple_target_socket<Pcie, platform_buswidth> ecam;
  tlm_utils::simple_target_socket<Pcie, platform_buswidth> mmio;
  tlm_utils::simple_initiator_socket<Pcie, platform_buswidth> dma;
  tlm_utils::simple_target_socket<Pcie, platform_buswidth> ats;
  LineOut inta;
  LineOut intb;
  LineOut intc;
  LineOut intd;
  LineIn reset;

 private:
  struct Master;

  void config_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned config_debug(tlm::tlm_generic_payload& payload);
  void memory_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned memory_debug(tlm::tlm_generic_payload& payload);
  void request_transport(Master& from, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  void to_host(Master& from, const pcie::Routed& routed, tlm::tlm_generic_payload& payload,
               sc_core::sc_time& delay);
  void end_translation(Master& from, const pcie::Routed& routed, tlm::tlm_generic_payload& payload);
  void ats_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  tlm::tlm_response_status invalidate(Master& to, const tlm::tlm_generic_payload& payload);
  Master* master_of(std::size_t function);
  void reset_rises();
  void settle();
  void kick();

  Diag m_diag;
  Tracer m_tracer;
  unsigned m_buses;
  std::uint64_t m_mmio_base;
  std::uint32_t m_stream_base;
  std::uint32_t m_stream_count;
  std::uint64_t m_bytes_per_us;
  bool m_coherent;
  bool m_ats;
  unsigned m_queue_depth;
  std::uint64_t m_loadings = 0;  // invalidations that waited before one of these do not any more
  pcie::Hierarchy m_hierarchy;
  std::vector<std::unique_ptr<Master>> m_masters;  // one an endpoint
  std::vector<std::unique_ptr<LineDriver>> m_pins;
  std::vector<Port> m_ports;
};

/// Type "pcie".
const ComponentType& pcie_type();

}  // namespace smmuvp
