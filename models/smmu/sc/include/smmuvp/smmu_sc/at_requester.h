// The initiator's side of TLM's base protocol on one socket.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <systemc>
#include <tlm>
#include <unordered_map>
#include <utility>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu_sc/ports.h"
#include "smmuvp/smmu_sc/supply.h"
#include "smmuvp/tlm/resume_extension.h"

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

  /// How far a payload has got, for whoever saves it.
  struct Standing {
    enum class Phase : std::uint8_t {
      none,     ///< it has not been given to send(), or its response has been told of
      waiting,  ///< to be sent
      sent,
      ending,  ///< has its response, which counts from `at` on; END_RESP is due
    };
    Phase phase = Phase::none;
    TimePs at = 0;
    std::uint64_t order = 0;
  };

  /// @param supply  nothing is sent while it is stopped
  AtRequester(const sc_core::sc_module_name& name, const Supply& supply, ForwardPort& socket,
              Answered answered);

  /// Sends at `at`, or as soon as the socket is free. Of several it is the earlier, of equal ones the first.
  void send(tlm::tlm_generic_payload& payload, TimePs at);
  /// Takes back what has not been sent yet. @return whether that was so; if not, its response will come.
  bool cancel(const tlm::tlm_generic_payload& payload);
  /// The system's state has been loaded: nothing waits, and the socket is free. What had been sent may be
  /// answered all the same.
  void forget();
  /// Saves or restores all but the payloads. Loading comes after forget().
  void visit(Archive& archive);
  /// Saves or restores how far a payload has got, after visit().
  void visit(Archive& archive, Standing& standing);
  Standing standing(const tlm::tlm_generic_payload& payload) const;
  /// A payload is as it was when its standing was saved. It is sent again if it had been sent (see
  /// resume_extension.h), before all others, once the process runs: others may be restored until then.
  void restore(tlm::tlm_generic_payload& payload, const Standing& standing);
  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay);

 private:
  using Queue = std::map<std::pair<TimePs, std::uint64_t>, tlm::tlm_generic_payload*>;

  void run();
  bool resume_due();
  bool respond_due();
  bool send_due();
  void begin_request(tlm::tlm_generic_payload& payload);
  void resume(tlm::tlm_generic_payload& payload, const Standing& standing);
  tlm::tlm_sync_enum call(tlm::tlm_generic_payload& payload, std::uint64_t order, tlm::tlm_phase& phase,
                          sc_core::sc_time& delay);
  void updated(tlm::tlm_generic_payload& payload, const tlm::tlm_phase& phase, TimePs at);
  void end_request(const tlm::tlm_generic_payload& payload, TimePs at);
  void answered(tlm::tlm_generic_payload& payload, TimePs at);
  void wake(TimePs at);

  const Supply& m_supply;
  ForwardPort& m_socket;
  Answered m_answered;
  sc_core::sc_event m_wake;
  std::uint64_t m_sequence = 0;
  Queue m_waiting;  // BEGIN_REQ is due
  Queue m_ending;   // END_RESP is due
  // The one whose END_REQ is not there yet; and when the socket is free otherwise.
  const tlm::tlm_generic_payload* m_requesting = nullptr;
  TimePs m_free_at = 0;
  struct Sent {
    std::uint64_t order;
    bool forgotten;  // sent before forget()
  };
  // What has been sent and is not answered yet.
  std::unordered_map<const tlm::tlm_generic_payload*, Sent> m_sent;
  std::set<std::uint64_t> m_loaded;  // orders, while loading: each comes once
  // What had been sent before the state was saved, in that order: is sent again.
  std::map<std::uint64_t, std::pair<tlm::tlm_generic_payload*, Standing>> m_again;
  ResumeExtension m_resume;  // for payloads that have none
};

/// Reports a breach of the base protocol as an error of the module `where`. @param what  what was wrong, and
/// what was expected
void report_protocol_error(const sc_core::sc_object& where, const tlm::tlm_generic_payload& payload,
                           const std::string& what);

}  // namespace smmuvp::smmu
