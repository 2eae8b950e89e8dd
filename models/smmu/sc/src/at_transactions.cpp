#include "smmuvp/smmu_sc/at_transactions.h"

#include <algorithm>
#include <string>
#include <utility>

#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp::smmu {

using sc_core::sc_time;

namespace {

TimePs now_ps(const sc_time& delay = sc_core::SC_ZERO_TIME) {
  return to_ps(sc_core::sc_time_stamp() + delay);
}

}  // namespace

AtTransactions::AtTransactions(const sc_core::sc_module_name& name, SmmuShell& smmu, Calendar& slots,
                               ForwardPort& out, BackwardPort& in, Callbacks callbacks)
    : sc_core::sc_module(name),
      m_smmu(smmu),
      m_slots(slots),
      m_in(in),
      m_callbacks(std::move(callbacks)),
      m_requester("out", smmu.supply(), out, [this](tlm::tlm_generic_payload& payload, TimePs at) {
        const auto t = std::find_if(m_open.begin(), m_open.end(), [&](const Open& o) {
          return o.payload == &payload && o.state == State::downstream;
        });
        if (t != m_open.end()) schedule(*t, State::returned, at);
      }) {
  SMMUVP_HAS_PROCESS(AtTransactions);
  SC_METHOD(run);
  sensitive << m_wake << m_expiry << m_smmu.progress() << m_smmu.supply().changed();
  dont_initialize();
}

// ---- entry points

AtTransactions::~AtTransactions() {
  for (Open& t : m_open) {
    if (t.transaction) t.transaction->detach();
  }
}

tlm::tlm_sync_enum AtTransactions::nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                                   sc_time& delay) {
  switch (static_cast<unsigned>(phase)) {
    case tlm::BEGIN_REQ:
      return begin_request(payload, phase, delay);
    case tlm::END_RESP:
      return end_response(payload, delay);
    case tlm::UNINITIALIZED_PHASE:
    case tlm::END_REQ:
    case tlm::BEGIN_RESP:
      report_protocol_error(
          *this, payload,
          std::string(phase.get_name()) + " on the forward path, BEGIN_REQ or END_RESP was expected");
      return tlm::TLM_ACCEPTED;
    default:  // an ignorable phase: whoever does not know its meaning does not pass it on
      return tlm::TLM_ACCEPTED;
  }
}

tlm::tlm_sync_enum AtTransactions::begin_request(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                                 const sc_time& delay) {
  const bool open = std::any_of(m_open.begin(), m_open.end(), [&](const Open& o) {
    return o.payload == &payload && o.state != State::over && !o.forgotten;
  });
  if (open) {
    report_protocol_error(*this, payload, "BEGIN_REQ of a payload that has begun and not ended");
    return tlm::TLM_ACCEPTED;
  }
  const auto* extension = payload.get_extension<ResumeExtension>();
  if (extension != nullptr && extension->resumed) return resume(payload, phase, extension->id);
  if (m_requesting != nullptr) {
    payload.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
    report_protocol_error(*this, payload,
                          "BEGIN_REQ before the END_REQ of another payload; it gets an error response");
    return tlm::TLM_COMPLETED;
  }
  Open& t = m_open.emplace_back();
  t.payload = &payload;
  t.acquired = payload.has_mm();
  if (t.acquired) payload.acquire();
  t.sequence = m_sequence++;
  m_requesting = &t;
  schedule(t, State::arriving, now_ps(delay));
  return tlm::TLM_ACCEPTED;
}

tlm::tlm_sync_enum AtTransactions::end_response(tlm::tlm_generic_payload& payload, const sc_time& delay) {
  if (m_responding == nullptr || m_responding->payload != &payload ||
      m_responding->state != State::responding) {
    report_protocol_error(*this, payload, "END_RESP of a payload that is not in its response phase");
  } else {
    schedule(*m_responding, State::over, now_ps(delay));
  }
  return tlm::TLM_COMPLETED;
}

// ---- the process

void AtTransactions::schedule(Open& t, State state, TimePs at) {
  m_agenda.erase(&t);
  t.state = state;
  t.due = at;
  m_agenda.insert(&t);
  wake(at);
}

void AtTransactions::wake(TimePs at) {
  const sc_time time = from_ps(at);
  const sc_time& now = sc_core::sc_time_stamp();
  m_wake.notify(time > now ? time - now : sc_core::SC_ZERO_TIME);  // an earlier notification stays
}

void AtTransactions::run() {
  if (m_open.empty()) return;  // the SMMU progresses without them
  if (m_smmu.supply().stopped()) return;
  const TimePs now = now_ps();
  if (!settled(now)) return;
  m_smmu.engine().prune(now);
  m_slots.prune(now);
  retry_stalled();
  while (act(now) || end_request(now) || forward(now) || respond()) {
  }
  leave_behind_stalled();
  if (!m_agenda.empty()) wake((*m_agenda.begin())->due);
  if (m_requesting != nullptr && m_requesting->has_slot) wake(m_end_request);
  m_smmu.kick(sc_core::SC_ZERO_TIME);
}

// Does the first thing that is due. @return whether there was one.
bool AtTransactions::act(TimePs now) {
  if (m_agenda.empty() || (*m_agenda.begin())->due > now) return false;
  Open& t = **m_agenda.begin();
  m_agenda.erase(m_agenda.begin());
  t.due = std::max(t.due, TimePs{m_smmu.supply().since()});
  switch (t.state) {
    case State::arriving:
      arrive(t);
      break;
    case State::held:
      admit(t);
      break;
    case State::translating:
      translate(t);
      break;
    case State::translated:
      t.state = State::ready;
      m_ready.push_back(&t);
      break;
    case State::returned:
      came_back(t);
      break;
    case State::finished:
      t.state = State::answered;
      m_answered.push_back(&t);
      break;
    case State::over:
      close(t);
      break;
    default:  // the others are never due
      break;
  }
  return true;
}

void AtTransactions::arrive(Open& t) {
  t.state = State::held;
  admit(t);
}

void AtTransactions::admit(Open& t) {
  if (m_slots_used >= m_slots.timing().width) return;  // close() tries again
  if (m_smmu.engine().timing()) {
    // Blocking transactions may have booked all slots from here on.
    const TimePs free = m_slots.earliest(t.due);
    if (free > t.due) return schedule(t, State::held, free);
  }
  t.token = m_smmu.engine().in_flight().enter(t.due);  // nothing has been looked up for it before
  t.has_slot = true;
  ++m_slots_used;
  m_end_request = t.due + m_smmu.engine().port_latency();
  TransactionShape shape = m_callbacks.shape(*t.payload);
  shape.request.can_wait = true;
  t.key = m_callbacks.key(*t.payload, shape.request);
  t.transaction.emplace(*t.payload, shape, m_smmu.translator(), t.due);
  m_smmu.engine().trace_transaction(t.due, shape.request, true);
  translate(t);
}

// @return whether it was due.
bool AtTransactions::end_request(TimePs now) {
  if (m_requesting == nullptr || !m_requesting->has_slot || m_end_request > now) return false;
  tlm::tlm_generic_payload& payload = *m_requesting->payload;
  m_requesting = nullptr;  // the master may begin the next within the call
  tlm::tlm_phase phase = tlm::END_REQ;
  sc_time delay;
  m_in->nb_transport_bw(payload, phase, delay);
  return true;
}

void AtTransactions::translate(Open& t) {
  Transaction& transaction = *t.transaction;
  if (t.answer) {
    t.answer->time = std::max(t.answer->time, TimePs{m_smmu.supply().since()});
    transaction.complete(*t.answer);
    t.answer.reset();
  }
  switch (transaction.advance()) {
    case Transaction::Next::need:
      t.state = State::walking;
      t.walk = m_smmu.walks().send(transaction.op(), transaction.request(), walked(t));
      break;
    case Transaction::Next::stalled:
      t.state = State::stalled;
      // As a blocking one: who waits for software keeps no synchronisation open (retry_stalled() enters
      // again).
      leave(t, transaction.time());
      m_stalled.push_back(&t);
      break;
    case Transaction::Next::waits:  // and stays under way: the walk that it waits for ends by itself
      t.state = State::stalled;
      m_stalled.push_back(&t);
      break;
    case Transaction::Next::forward:
      schedule(t, State::translated, transaction.time());
      break;
    case Transaction::Next::finished:
      t.passed = true;
      schedule(t, State::finished, transaction.time());
      break;
  }
}

AtWalks::Done AtTransactions::walked(Open& t) {
  return [this, &t](const MemoryAnswer& answer) {
    t.walk = nullptr;
    t.answer = answer;
    schedule(t, State::translating, answer.time);
  };
}

void AtTransactions::leave(Open& t, TimePs time) {
  m_smmu.engine().in_flight().leave(t.token, time);
  t.token = {};
  t.generation = m_smmu.engine().generation();
}

void AtTransactions::retry_stalled() {
  std::vector<Open*> stalled;
  stalled.swap(m_stalled);
  for (Open* t : stalled) {
    if (!t->token.valid()) t->token = m_smmu.engine().in_flight().enter(to_ps(sc_core::sc_time_stamp()));
    translate(*t);
  }
}

// Whether a transaction of the same key that came before `t` is one for which `holds`.
template <class Holds>
bool AtTransactions::any_before(const Open& t, Holds holds) const {
  for (const Open& o : m_open) {
    if (&o == &t) return false;
    if (o.key == t.key && !o.forgotten && holds(o)) return true;
  }
  return false;
}

// Who keeps its order behind a stalled one waits for software as that one does. forward() enters again; one
// that is answered has nothing left to do.
void AtTransactions::leave_behind_stalled() {
  if (m_stalled.empty()) return;
  for (const List* list : {&m_ready, &m_answered}) {
    for (Open* t : *list) {
      if (!t->token.valid()) continue;
      if (any_before(*t, [](const Open& o) { return o.state == State::stalled && !o.token.valid(); }))
        leave(*t, t->transaction->time());
    }
  }
}

// Sends the first part that may go. @return whether there was one.
bool AtTransactions::forward(TimePs now) {
  const auto free = std::find_if(m_ready.begin(), m_ready.end(), [this](const Open* t) {
    return !any_before(*t, [](const Open& o) { return !o.passed; });
  });
  if (free == m_ready.end()) return false;
  Open& t = **free;
  m_ready.erase(free);
  if (!t.token.valid()) {
    t.token = m_smmu.engine().in_flight().enter(to_ps(sc_core::sc_time_stamp()));
    if (t.generation != m_smmu.engine().generation()) {
      // A synchronisation may have promised since that nobody uses such a translation.
      t.transaction->take_back(now);
      translate(t);
      return true;
    }
  }
  t.state = State::downstream;
  t.passed = t.transaction->last();
  if (t.transaction->ends_by_injection(m_smmu.injector_at(InjectionPoint::transaction))) {
    schedule(t, State::returned, now);
  } else {
    m_requester.send(*t.payload, now);
  }
  return true;
}

void AtTransactions::came_back(Open& t) {
  if (t.forgotten) return erase(t);
  if (t.reset) return abort(t, t.due);
  t.transaction->forwarded(t.due);
  translate(t);
}

// Sends the first response that may go. @return whether there was one.
bool AtTransactions::respond() {
  if (m_responding != nullptr) return false;
  const auto free = std::find_if(m_answered.begin(), m_answered.end(), [this](const Open* t) {
    return !any_before(*t, [](const Open&) { return true; });
  });
  if (free == m_answered.end()) return false;
  Open& t = **free;
  m_answered.erase(free);
  m_responding = &t;
  t.state = State::responding;
  if (m_requesting == &t) m_requesting = nullptr;  // BEGIN_RESP is an END_REQ too
  tlm::tlm_phase phase = tlm::BEGIN_RESP;
  sc_time delay;
  const tlm::tlm_sync_enum status = m_in->nb_transport_bw(*t.payload, phase, delay);
  if (status == tlm::TLM_ACCEPTED || t.state != State::responding) return true;
  schedule(t, State::over, now_ps(delay));
  if (status == tlm::TLM_UPDATED && phase != tlm::END_RESP) {
    report_protocol_error(*this, *t.payload,
                          std::string("BEGIN_RESP was answered TLM_UPDATED with the phase ") +
                              phase.get_name() + ", END_RESP was expected");
  }
  return true;
}

void AtTransactions::close(Open& t) {
  m_smmu.engine().in_flight().leave(t.token, t.due);
  m_responding = nullptr;
  if (t.has_slot) --m_slots_used;
  if (t.has_slot && t.transaction) m_smmu.engine().trace_transaction(t.due, t.transaction->request(), false);
  const TimePs end = t.due;
  erase(t);
  if (m_requesting != nullptr && m_requesting->state == State::held) {
    schedule(*m_requesting, State::held, std::max(end, now_ps()));
  }
}

// Of the master: its payload is as it came, but for data and response.
void AtTransactions::erase(Open& t) {
  t.transaction.reset();
  tlm::tlm_generic_payload* payload = t.acquired ? t.payload : nullptr;
  m_open.erase(std::find_if(m_open.begin(), m_open.end(), [&](const Open& o) { return &o == &t; }));
  if (payload != nullptr) payload->release();
}

// ---- reset and restore

void AtTransactions::abort(Open& t, TimePs now) {
  if (!t.transaction) {  // it has waited for a slot
    const TransactionShape shape = m_callbacks.shape(*t.payload);
    t.key = m_callbacks.key(*t.payload, shape.request);
    t.transaction.emplace(*t.payload, shape, m_smmu.translator(), now);
  }
  t.transaction->abort(now);
  t.answer.reset();
  t.passed = true;
  schedule(t, State::finished, t.transaction->time());
}

void AtTransactions::reset() {
  const TimePs now = now_ps();
  m_ready.clear();
  m_stalled.clear();
  for (Open& t : m_open) {
    if (t.forgotten) continue;
    t.walk = nullptr;  // dropped
    if (t.loaded) {
      t.reset = true;  // settled() sees to it
    } else {
      reset(t, now);
    }
  }
}

void AtTransactions::reset(Open& t, TimePs now) {
  switch (t.state) {
    case State::held:
    case State::translating:
    case State::walking:
    case State::stalled:
    case State::translated:
    case State::ready:
      abort(t, now);
      break;
    case State::downstream:
      if (m_requester.cancel(*t.payload)) {
        abort(t, now);
      } else {
        t.reset = true;
      }
      break;
    case State::returned:
      t.reset = true;
      break;
    default:  // has not arrived, or has its response
      break;
  }
}

void AtTransactions::forget() {
  const TimePs now = now_ps();
  m_agenda.clear();
  m_ready.clear();
  m_answered.clear();
  m_stalled.clear();
  m_requesting = m_responding = nullptr;
  m_slots_used = 0;
  m_restoring = false;
  m_missing = 0;
  for (auto i = m_open.begin(); i != m_open.end();) {
    Open& t = *i++;
    m_smmu.engine().in_flight().leave(t.token, now);
    if (t.walk != nullptr) m_smmu.walks().drop(*t.walk);
    // A target that still has the payload must not find it changed.
    const bool away = t.state == State::downstream && !t.loaded && !m_requester.cancel(*t.payload);
    if (away) {
      t.forgotten = true;
    } else {
      erase(t);
    }
  }
  m_requester.forget();
}

}  // namespace smmuvp::smmu
