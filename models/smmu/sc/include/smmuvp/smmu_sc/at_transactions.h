// Approximately-timed transactions of a TBU.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <set>
#include <systemc>
#include <tlm>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/dump.h"
#include "smmuvp/smmu/calendar.h"
#include "smmuvp/smmu_sc/at_requester.h"
#include "smmuvp/smmu_sc/ports.h"
#include "smmuvp/smmu_sc/smmu_shell.h"
#include "smmuvp/smmu_sc/transaction.h"

namespace smmuvp::smmu {

/// The four phases of the base protocol, for any number of transactions at a time. Each is data: a
/// Transaction, how far it has got, and when it is due. One process does what is due, in the order of (time,
/// sequence); entry points only note and schedule.
///
/// - BEGIN_REQ arrives, waits for a slot, and begins to be translated; END_REQ follows after the port's
///   latency. A slot is kept until END_RESP.
/// - Memory operations of translations run side by side (AtWalks).
/// - Parts go downstream when they are translated, those of one order key in the order of their requests, and
///   so do responses go upstream, one at a time. Other keys overtake.
/// - Who waits for software keeps no synchronisation open: neither a stalled transaction, nor one that keeps
///   its order behind it, nor one that waits for a slot. What is invalidated meanwhile is translated afresh.
/// - After a reset, what has not gone downstream is answered as aborted at once. What is downstream has the
///   master's payload and data: it is answered, as aborted too, when it comes back.
class AtTransactions : public sc_core::sc_module {
 public:
  struct Callbacks {
    std::function<TransactionShape(tlm::tlm_generic_payload& payload)> shape;
    /// Transactions of equal keys stay in order.
    std::function<std::uint64_t(const tlm::tlm_generic_payload& payload, const AccessRequest& request)> key;
  };
  /// @param slots  a lane each, with the bookings of blocking transactions. Those of this end in the past and
  /// are counted only.
  AtTransactions(const sc_core::sc_module_name& name, SmmuShell& smmu, Calendar& slots, ForwardPort& out,
                 BackwardPort& in, Callbacks callbacks);
  /// Payloads of transactions that are open are left alone: their masters may have gone before.
  ~AtTransactions() override;

  tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay);
  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) {
    return m_requester.nb_transport_bw(payload, phase, delay);
  }
  /// After a reset of the core, and after SmmuShell has dropped its operations.
  void reset();
  /// The system's state is about to be loaded: forgets all transactions. Their payloads are left alone, as
  /// they came but for data.
  void forget();
  /// Saves or restores all transactions but their payloads, after the engine; loading comes after forget().
  /// Their initiators send them again at the time of loading (resume_extension.h). Until all have come, or
  /// time goes on, nothing else happens. One that nobody has sent by then is forgotten, with a warning.
  void visit(Archive& archive);
  /// Adds a row for each transaction, in the order of their requests: SmmuShell::add_dump() says which
  /// columns.
  void add_dump(const std::string& tbu, DumpSection& to) const;

 private:
  enum class State : std::uint8_t {
    arriving,     ///< due: BEGIN_REQ arrives
    held,         ///< waits for a slot; due if one becomes free at a known time
    translating,  ///< due: goes on
    walking,      ///< waits for memory
    stalled,      ///< waits for the SMMU's progress, or for a walk of another
    translated,   ///< due: its part can go downstream
    ready,        ///< waits for those before it
    downstream,   ///< is with m_requester
    returned,     ///< due: its part is back
    finished,     ///< due: has its response
    answered,     ///< waits for those before it, and for the way back
    responding,   ///< BEGIN_RESP has gone upstream
    over,         ///< due: END_RESP
  };
  /// What is known of a payload that is not there yet.
  struct Loaded {
    std::uint64_t id = 0;    ///< ResumeExtension::id
    TransactionShape shape;  ///< where there is no Transaction to tell it
    tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;
    bool requesting = false;         ///< its END_REQ is still to come
    AtRequester::Standing standing;  ///< downstream
  };
  struct Open {
    tlm::tlm_generic_payload* payload = nullptr;
    bool acquired = false;  ///< it has a memory manager
    State state = State::arriving;
    TimePs due = 0;
    std::uint64_t sequence = 0;
    std::uint64_t key = 0;
    FlightToken token;             ///< none while it waits for software
    std::uint64_t generation = 0;  ///< of the engine, when it gave its token back
    bool has_slot = false;
    bool passed = false;     ///< nothing of it goes downstream any more
    bool reset = false;      ///< while it was downstream
    bool forgotten = false;  ///< likewise, by forget()
    std::optional<Transaction> transaction;
    std::optional<MemoryAnswer> answer;
    AtWalks::Walk* walk = nullptr;  ///< State::walking
    std::optional<Loaded> loaded;   ///< from visit() to settle()
  };
  struct Earlier {
    bool operator()(const Open* a, const Open* b) const {
      return a->due != b->due ? a->due < b->due : a->sequence < b->sequence;
    }
  };
  using List = std::vector<Open*>;

  tlm::tlm_sync_enum begin_request(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                   const sc_core::sc_time& delay);
  tlm::tlm_sync_enum resume(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase, std::uint64_t id);
  tlm::tlm_sync_enum end_response(tlm::tlm_generic_payload& payload, const sc_core::sc_time& delay);
  void run();
  bool act(TimePs now);
  void arrive(Open& t);
  void admit(Open& t);
  bool end_request(TimePs now);
  void translate(Open& t);
  void retry_stalled();
  void leave_behind_stalled();
  bool forward(TimePs now);
  void came_back(Open& t);
  bool respond();
  void close(Open& t);
  void reset(Open& t, TimePs now);
  void abort(Open& t, TimePs now);
  void erase(Open& t);
  void schedule(Open& t, State state, TimePs at);
  void wake(TimePs at);
  template <class Holds>
  bool any_before(const Open& t, Holds holds) const;
  AtWalks::Done walked(Open& t);
  void leave(Open& t, TimePs time);

  void visit(Archive& archive, Open& t);
  void visit(Archive& archive, const char* name, State state, List& list, const List& open);
  Loaded standing_of(const Open& t);
  static bool sane(const Open& t);
  bool begin_restored(const List& open);
  bool settled(TimePs now);
  void drop(Open& t);

  SmmuShell& m_smmu;
  Calendar& m_slots;
  BackwardPort& m_in;
  Callbacks m_callbacks;
  AtRequester m_requester;
  sc_core::sc_event m_wake;
  std::uint64_t m_sequence = 0;
  std::list<Open> m_open;             // in the order of their requests
  std::set<Open*, Earlier> m_agenda;  // those that are due at a time
  List m_ready;                       // State::ready, in the order in which they became that
  List m_answered;                    // State::answered, likewise
  List m_stalled;                     // State::stalled, likewise
  Open* m_requesting = nullptr;       // whose END_REQ is not sent yet: the exclusion rule allows one
  TimePs m_end_request = 0;           // when it is due, once it has a slot
  Open* m_responding = nullptr;       // whose END_RESP is not there yet: likewise
  std::uint32_t m_slots_used = 0;
  bool m_restoring = false;   // from visit() to settle()
  std::size_t m_missing = 0;  // payloads that have not been sent again
  TimePs m_loaded_at = 0;
  sc_core::sc_event m_expiry;
};

}  // namespace smmuvp::smmu
