// Ends for ports that a configuration leaves open.
#pragma once
#include <systemc>
#include <tlm>

#include "smmuvp/tlm/component.h"

namespace smmuvp::platform {

/// An initiator that never sends anything.
class SilentInitiator : public sc_core::sc_module, private tlm::tlm_bw_transport_if<> {
 public:
  explicit SilentInitiator(const sc_core::sc_module_name& name);
  tlm::tlm_base_initiator_socket<platform_buswidth> socket;

 private:
  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload&, tlm::tlm_phase&, sc_core::sc_time&) override {
    return tlm::TLM_COMPLETED;
  }
  void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override {}
};

}  // namespace smmuvp::platform
