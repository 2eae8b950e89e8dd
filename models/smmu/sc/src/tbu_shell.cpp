#include "smmuvp/smmu_sc/tbu_shell.h"

#include "smmuvp/tlm/sim_time.h"

namespace smmuvp::smmu {

using sc_core::sc_time;

TbuShell::TbuShell(const sc_core::sc_module_name& name, SmmuShell& smmu, std::uint8_t index,
                   std::uint32_t stream_id, ForwardPort& out)
    : sc_core::sc_module(name), m_smmu(smmu), m_index(index), m_stream_id(stream_id), m_out(out) {}

TransactionShape TbuShell::shape(tlm::tlm_generic_payload& payload) const {
  TransactionShape s = shape_of(payload, m_stream_id, m_index);
  if (m_identity) m_identity(payload, s.request);
  return s;
}

void TbuShell::b_transport(tlm::tlm_generic_payload& payload, sc_time& delay) {
  const auto ahead = [&delay](TimePs time) {
    const sc_time at = from_ps(time);
    delay = at > sc_core::sc_time_stamp() ? at - sc_core::sc_time_stamp() : sc_core::SC_ZERO_TIME;
  };
  const auto now = [&delay] { return to_ps(sc_core::sc_time_stamp() + delay); };
  m_smmu.engine().prune(to_ps(sc_core::sc_time_stamp()));
  const FlightToken token = m_smmu.engine().in_flight().enter();
  Transaction t(payload, shape(payload), m_smmu.translator(), now());
  for (auto next = t.advance(); next != Transaction::Next::finished; next = t.advance()) {
    switch (next) {
      case Transaction::Next::need:
        t.complete(m_smmu.carry_out(t.op(), delay));
        break;
      case Transaction::Next::stalled:
        wait(m_smmu.progress());
        break;
      case Transaction::Next::forward:
        ahead(t.time());
        m_out->b_transport(payload, delay);
        t.forwarded(now());
        break;
      case Transaction::Next::finished:
        break;
    }
  }
  ahead(t.time());
  m_smmu.engine().in_flight().leave(token, t.time());
  m_smmu.kick(sc_core::SC_ZERO_TIME);
}

unsigned TbuShell::transport_dbg(tlm::tlm_generic_payload& payload) {
  // A debug payload need set neither streaming width nor byte enables nor a response.
  const SavedPayload saved(payload);
  const tlm::tlm_response_status status = payload.get_response_status();
  payload.set_streaming_width(payload.get_data_length());
  payload.set_byte_enable_ptr(nullptr);
  TransactionShape s = shape(payload);
  s.request.kind = AccessKind::translate;
  s.request.debug = true;
  unsigned bytes = 0;
  if (!s.malformed && !s.ignore) {
    Transaction t(payload, s, m_smmu.translator(), to_ps(sc_core::sc_time_stamp()));
    for (auto next = t.advance(); next != Transaction::Next::finished; next = t.advance()) {
      if (next == Transaction::Next::need) {
        t.complete(m_smmu.carry_out_debug(t.op()));
      } else if (next == Transaction::Next::stalled) {
        break;  // never: a debug access records nothing
      } else {
        const unsigned length = payload.get_data_length();
        const unsigned n = m_out->transport_dbg(payload);
        bytes += n;
        payload.set_response_status(n == length ? tlm::TLM_OK_RESPONSE : tlm::TLM_GENERIC_ERROR_RESPONSE);
        t.forwarded(t.time());
      }
    }
  }
  saved.restore(payload);
  payload.set_response_status(status);
  return bytes;
}

}  // namespace smmuvp::smmu
