// Router: decodes addresses to targets, for any number of initiators.
//
// Parameters  latency_ps  added to each access
// Ports       none of its own: RouterControl makes one for each initiator and target, before elaboration
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>
#include "smmuvp/base/diag.h"
#include "smmuvp/base/trace.h"
#include "smmuvp/tlm/component.h"
#include "smmuvp/tlm/router_control.h"

namespace smmuvp {

/// Passes an access to the one target whose range holds all of its bytes, with the address made relative to
/// the range; extensions and everything else of the payload go through as they are, and the address is put
/// back after the call. An access that meets no target, or runs over a target's end, gets an address error
/// and changes nothing. DMI ranges and invalidations are translated and cut to the target's range.
class Router : public Component, public RouterControl {
 public:
  Router(const sc_core::sc_module_name& name, const Params& params, Host& host);
  ~Router() override;

  const std::vector<Port>& ports() const override { return m_ports; }
  void visit(Archive& archive) override;
  void statistics(StatVisitor& visitor) const override;

  TargetSocket& add_initiator(const std::string& name) override;
  InitiatorSocket& add_target(const std::string& name, std::uint64_t base, std::uint64_t size) override;

 private:
  struct Upstream;
  struct Downstream;
  /// The addresses around one that no target has, or a target's range.
  struct Decoded {
    Downstream* target = nullptr;
    std::uint64_t first = 0;
    std::uint64_t last = ~0ULL;
  };

  Decoded decode(std::uint64_t address) const;
  void b_transport(int initiator, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  bool get_direct_mem_ptr(int initiator, tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi);
  unsigned transport_dbg(int initiator, tlm::tlm_generic_payload& payload);
  void invalidate_direct_mem_ptr(int target, sc_dt::uint64 start, sc_dt::uint64 end);
  void refuse(int initiator, tlm::tlm_generic_payload& payload, const Decoded& decoded);

  sc_core::sc_time m_latency;
  Diag m_diag;
  Tracer m_tracer;
  std::vector<Port> m_ports;
  std::vector<std::unique_ptr<Upstream>> m_upstream;      // by id
  std::vector<std::unique_ptr<Downstream>> m_downstream;  // by id
  std::vector<Downstream*> m_map;                         // by base address

  std::uint64_t m_accesses = 0;
  std::uint64_t m_decode_errors = 0;
  std::uint64_t m_straddles = 0;
};

/// Type "router".
const ComponentType& router_type();

}  // namespace smmuvp
