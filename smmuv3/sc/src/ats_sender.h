// Carries messages to devices with an Address Translation Cache, by the port `ats`.
#pragma once

#include <functional>
#include <systemc>
#include <tlm>

#include "smmuvp/smmu_sc/ports.h"
#include "smmuvp/smmu_sc/supply.h"
#include "smmuvp/smmuv3/atc_messages.h"

namespace smmuvp::smmuv3 {

/// One message after the other, each by b_transport (AtsMessageExtension says how). While a transport lasts,
/// which may be for ever, no other message leaves; AtcMessages keeps the time meanwhile.
class AtsSender : public sc_core::sc_module {
 public:
  /// @param supply  nothing leaves unless it runs. @param progressed  called after each message
  /// @param secure  they are for devices of Secure streams
  AtsSender(const sc_core::sc_module_name& name, AtcMessages& messages, bool secure,
            const smmu::Supply& supply, smmu::ForwardPort& out, std::function<void()> progressed);

  /// A message may have become due.
  void kick();

 private:
  void run();
  void carry(const AtcMessages::Taken& taken);

  AtcMessages& m_messages;
  bool m_secure;
  const smmu::Supply& m_supply;
  smmu::ForwardPort& m_out;
  std::function<void()> m_progressed;
  sc_core::sc_event m_kick;
};

/// Both ends of the port `ats` where there is nobody.
class NoAtsDevice : public tlm::tlm_fw_transport_if<>, public tlm::tlm_bw_transport_if<> {
 public:
  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time&) override {
    payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
  }
  tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase&,
                                     sc_core::sc_time&) override {
    payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    return tlm::TLM_COMPLETED;
  }
  bool get_direct_mem_ptr(tlm::tlm_generic_payload&, tlm::tlm_dmi&) override { return false; }
  unsigned transport_dbg(tlm::tlm_generic_payload&) override { return 0; }
  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload&, tlm::tlm_phase&, sc_core::sc_time&) override {
    return tlm::TLM_ACCEPTED;
  }
  void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override {}
};

}  // namespace smmuvp::smmuv3
