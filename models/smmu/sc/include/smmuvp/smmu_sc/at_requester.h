// The initiator's side of TLM's base protocol on one socket.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <systemc>
#include <tlm>
#include <unordered_map>
#include <utility>

#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu_sc/ports.h"

namespace smmuvp::smmu {

/// Sends payloads by nb_transport_fw, each at its time, and tells when their responses are there. Any number
/// may be outstanding, and be answered in any order. A BEGIN_REQ waits for the END_REQ of the one before
/// (IEEE 1666, base protocol, exclusion rules); BEGIN_RESP and TLM_COMPLETED are an END_REQ too. Responses
/// are taken as they come: BEGIN_RESP is answered TLM_COMPLETED, or by END_RESP where it came as TLM_UPDATED.
class AtRequester : public sc_core::sc_module {
 public:
  /// A payload has its response, which counts from `time` on: now or later. It is the sender's again then.
  /// May not call the socket.
  using Answered = std::function<void(tlm::tlm_generic_payload& payload, TimePs time)>;

  AtRequester(const sc_core::sc_module_name& name, ForwardPort& socket, Answered answered);

  /// Sends at `at`, or as soon as the socket is free. Of several it is the earlier, of equal ones the first.
  void send(tlm::tlm_generic_payload& payload, TimePs at);
  /// Takes back what has not been sent yet. @return whether that was so; if not, its response will come.
  bool cancel(const tlm::tlm_generic_payload& payload);
  /// The system's state has been loaded: nothing waits, and the socket is free. What had been sent may be
  /// answered all the same.
  void forget();
  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay);

 private:
  using Queue = std::map<std::pair<TimePs, std::uint64_t>, tlm::tlm_generic_payload*>;

  void run();
  bool respond_due();
  bool send_due();
  void begin_request(tlm::tlm_generic_payload& payload);
  void end_request(const tlm::tlm_generic_payload& payload, TimePs at);
  void answered(tlm::tlm_generic_payload& payload, TimePs at);
  void wake(TimePs at);

  ForwardPort& m_socket;
  Answered m_answered;
  sc_core::sc_event m_wake;
  std::uint64_t m_sequence = 0;
  Queue m_waiting;  // BEGIN_REQ is due
  Queue m_ending;   // END_RESP is due
  // The one whose END_REQ is not there yet; and when the socket is free otherwise.
  const tlm::tlm_generic_payload* m_requesting = nullptr;
  TimePs m_free_at = 0;
  // What has been sent and is not answered yet; true: before forget().
  std::unordered_map<const tlm::tlm_generic_payload*, bool> m_sent;
};

/// Reports a breach of the base protocol as an error of the module `where`. @param what  what was wrong, and
/// what was expected
void report_protocol_error(const sc_core::sc_object& where, const tlm::tlm_generic_payload& payload,
                           const std::string& what);

}  // namespace smmuvp::smmu
