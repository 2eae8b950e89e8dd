// What the host and an SMMU tell each other: docs/pcie.md, ATS, PASID and PRI.
#include <algorithm>
#include <string>

#include "pcie_master.h"
#include "pcie_traces.h"
#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/ats_extension.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp {

namespace {

constexpr const char* sheet = "docs/pcie.md, ATS, PASID and PRI";
constexpr unsigned message_bytes = 24;  // a header of four words, and 8 bytes

}  // namespace

// A Translation Request always ends with a status: Base 10.2.3.
void Pcie::end_translation(Master& from, const pcie::Routed& routed, tlm::tlm_generic_payload& payload) {
  AtsExtension& answer = *payload.get_extension<AtsExtension>();
  if (routed.way == pcie::Routed::Way::Blocked) {
    answer.status = AtsStatus::completer_abort;
  } else if (routed.way == pcie::Routed::Way::Unsupported) {
    answer.status = AtsStatus::unsupported_request;
  } else {
    if (answer.status == AtsStatus::unanswered || answer.status > AtsStatus::completer_abort) {
      m_diag.guest_error("unanswered",
                         "a Translation Request of " + m_hierarchy.name_of(from.function) +
                             " was answered by nobody: there is no SMMU upstream, or none that knows ATS",
                         sheet, {}, payload.get_address());
      answer.status = AtsStatus::unsupported_request;
    }
    if (answer.status == AtsStatus::unsupported_request) m_hierarchy.master_aborted(from.function);
    if (answer.status == AtsStatus::completer_abort) m_hierarchy.target_aborted(from.function);
  }
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  if (m_tracer.on()) {
    m_tracer.emit(to_ps(sc_core::sc_time_stamp()), trace_translation, m_hierarchy.name_of(from.function),
                  payload.get_address(), static_cast<std::uint32_t>(answer.status), answer.translated_address,
                  answer.size_shift, answer.read, answer.write);
  }
}

Pcie::Master* Pcie::master_of(std::size_t function) {
  for (const auto& master : m_masters) {
    if (master->function == function) return master.get();
  }
  return nullptr;
}

void Pcie::ats_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  const auto* access = payload.get_extension<AccessExtension>();
  const auto* message = payload.get_extension<AtsMessageExtension>();
  if (access == nullptr || message == nullptr || !payload.is_write()) {
    payload.set_response_status(tlm::TLM_COMMAND_ERROR_RESPONSE);
    return;
  }
  // The message takes its time, and meets the function as it is then.
  sc_core::wait(delay + from_ps(transfer_ps(message_bytes, m_bytes_per_us)));
  delay = sc_core::SC_ZERO_TIME;
  const std::uint64_t requester = std::uint64_t{access->stream_id} - m_stream_base;
  // Functions are Non-secure: StreamIDs of the Secure state are others.
  const auto to = !access->secure_stream && access->stream_id >= m_stream_base && requester < m_stream_count
                      ? m_hierarchy.addressee(static_cast<std::uint32_t>(requester))
                      : pcie::Hierarchy::Addressee{};
  const bool invalidation = message->message == AtsMessage::invalidate;
  tlm::tlm_response_status status = tlm::TLM_GENERIC_ERROR_RESPONSE;
  if (!to.exists) {
    m_diag.guest_error("message",
                       std::string(invalidation ? "an invalidation" : "a Page Response") +
                           " for a StreamID that no function has",
                       sheet, access->stream_id, payload.get_address());
    status = tlm::TLM_ADDRESS_ERROR_RESPONSE;
  } else if (Master* master = master_of(to.function); master == nullptr) {
    m_diag.guest_error("message", "a bridge has no ATS: unsupported request", sheet, access->stream_id,
                       payload.get_address());
  } else if (invalidation) {
    status = invalidate(*master, payload);
    if (status == tlm::TLM_OK_RESPONSE) delay = from_ps(transfer_ps(message_bytes, m_bytes_per_us));
  } else {
    const bool taken = master->endpoint().page_response(
        message->PRGI, access->substream_valid, access->substream_id, static_cast<unsigned>(message->code));
    status = taken ? tlm::TLM_OK_RESPONSE : tlm::TLM_GENERIC_ERROR_RESPONSE;
    master->process.kick();
    settle();
  }
  if (m_tracer.on()) {
    m_tracer.emit(to_ps(sc_core::sc_time_stamp() + delay), trace_message, access->stream_id,
                  invalidation ? "invalidate" : "page_response", payload.get_address(), message->size_shift,
                  message->PRGI, static_cast<std::uint32_t>(message->code), status == tlm::TLM_OK_RESPONSE);
  }
  payload.set_response_status(status);
}

// Base 10.3.2: completed when nothing uses the entries any more.
tlm::tlm_response_status Pcie::invalidate(Master& to, const tlm::tlm_generic_payload& payload) {
  const auto& access = *payload.get_extension<AccessExtension>();
  const auto& message = *payload.get_extension<AtsMessageExtension>();
  const unsigned shift = std::max<unsigned>(message.size_shift, 12);
  const std::uint64_t below = shift >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << shift) - 1;
  pcie::AtcInvalidation what;
  what.pasid_valid = access.substream_valid;
  what.pasid = access.substream_valid ? access.substream_id & 0xfffff : 0;
  what.global = message.global;
  what.first = payload.get_address() & ~below;
  what.last = what.first | below;
  // Base 10.3.5: the function takes so many, and the link holds back the rest.
  while (to.invalidating >= m_queue_depth) sc_core::wait(to.changed);
  ++to.invalidating;
  const std::uint64_t loadings = m_loadings;
  const pcie::Endpoint::Invalidating begun = to.endpoint().invalidate(what);
  while (loadings == m_loadings && to.process.busy() && !to.endpoint().invalidated(begun.use))
    sc_core::wait(to.changed);
  --to.invalidating;
  to.changed.notify(sc_core::SC_ZERO_TIME);
  return begun.lost ? tlm::TLM_GENERIC_ERROR_RESPONSE : tlm::TLM_OK_RESPONSE;
}

}  // namespace smmuvp
