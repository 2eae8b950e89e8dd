// A TBU of either SMMU: transactions come in, are translated, and go on.
#pragma once

#include <cstdint>
#include <functional>
#include <systemc>
#include <tlm>
#include <utility>

#include "smmuvp/smmu_sc/smmu_shell.h"

namespace smmuvp::smmu {

/// The logic behind a pair of sockets, whatever their width. b_transport annotates the SMMU's time;
/// transport_dbg translates without any side effect.
class TbuShell : public sc_core::sc_module {
 public:
  /// Tells whose a payload is, for masters that know no AccessExtension: sets stream_id, substream_id,
  /// substream_valid, privileged and instruction of the request. Called for each transaction.
  using IdentityHook = std::function<void(const tlm::tlm_generic_payload& payload, AccessRequest& request)>;

  /// @param index  which TBU of its SMMU. @param stream_id  of accesses that name none. @param out downstream
  TbuShell(const sc_core::sc_module_name& name, SmmuShell& smmu, std::uint8_t index, std::uint32_t stream_id,
           ForwardPort& out);

  void set_identity_hook(IdentityHook hook) { m_identity = std::move(hook); }

  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned transport_dbg(tlm::tlm_generic_payload& payload);

 private:
  TransactionShape shape(tlm::tlm_generic_payload& payload) const;

  SmmuShell& m_smmu;
  std::uint8_t m_index;
  std::uint32_t m_stream_id;
  ForwardPort& m_out;
  IdentityHook m_identity;
};

}  // namespace smmuvp::smmu
