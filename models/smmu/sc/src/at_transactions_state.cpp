// Saving transactions that are under way, and going on with them when their payloads are sent again.
#include <algorithm>
#include <sstream>
#include <string>

#include "smmuvp/smmu_sc/at_transactions.h"
#include "smmuvp/tlm/report.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp::smmu {

namespace {

std::string text_of(const TransactionShape& shape, std::uint64_t id) {
  std::ostringstream text;
  text << (shape.request.is_write() ? "write" : "read") << " of " << shape.length << " bytes at 0x"
       << std::hex << shape.request.address << std::dec << ", id " << id;
  return text.str();
}

}  // namespace

// ---- saving and loading

void AtTransactions::visit(Archive& archive) {
  archive.begin("transactions");
  m_requester.visit(archive);
  archive.value("sequence", m_sequence);
  archive.time("end_request", m_end_request);
  List open;
  for (Open& t : m_open) {
    if (!t.forgotten) open.push_back(&t);
  }
  // Each has a slot, but for one that waits for it and those that a reset ended while they did.
  archive.list("open", open, 2 * std::uint64_t{m_slots.timing().width} + 16, [&](Open*& t) {
    if (archive.loading()) t = &m_open.emplace_back();
    visit(archive, *t);
  });
  visit(archive, "ready", State::ready, m_ready, open);
  visit(archive, "answered", State::answered, m_answered, open);
  visit(archive, "stalled", State::stalled, m_stalled, open);
  archive.end();
  if (!archive.loading()) return;
  if (!begin_restored(open)) archive.fail("transactions", "what cannot be under way together");
  if (!archive.ok()) forget();
}

void AtTransactions::visit(Archive& archive, Open& t) {
  archive.begin("transaction");
  archive.value("state", t.state);
  archive.time("due", t.due);
  archive.value("sequence", t.sequence);
  archive.value("key", t.key);
  m_smmu.engine().in_flight().visit(archive, t.token);
  m_smmu.engine().visit_generation(archive, t.generation);
  archive.value("has_slot", t.has_slot);
  archive.value("passed", t.passed);
  archive.value("reset", t.reset);
  if (t.state != State::over) {  // else its initiator has done with it
    Loaded l = archive.loading() ? Loaded() : standing_of(t);
    archive.value("id", l.id);
    smmu::visit(archive, l.status);
    archive.value("requesting", l.requesting);
    m_requester.visit(archive, l.standing);
    bool begun = t.transaction.has_value();
    archive.value("begun", begun);
    if (archive.loading() && begun) t.transaction.emplace(m_smmu.translator());
    if (begun) {
      t.transaction->visit(archive);
    } else {
      l.shape.visit(archive);
    }
    archive.optional("answer", t.answer, [&archive](MemoryAnswer& answer) { answer.visit(archive); });
    if (archive.loading()) t.loaded = l;
  }
  if (archive.loading() && !sane(t)) archive.fail("state", "no transaction can be in this state");
  if (t.state == State::walking && archive.ok()) {
    m_smmu.walks().visit(archive, t.walk, t.transaction->op(), t.transaction->request(), walked(t));
  }
  archive.end();
}

// `list` has those of `open` that are in `state`.
void AtTransactions::visit(Archive& archive, const char* name, State state, List& list, const List& open) {
  std::vector<std::uint32_t> places;
  for (const Open* t : list) {
    places.push_back(static_cast<std::uint32_t>(std::find(open.begin(), open.end(), t) - open.begin()));
  }
  archive.list(name, places, open.size(),
               [&archive](std::uint32_t& place) { archive.value("place", place); });
  if (!archive.loading()) return;
  list.clear();
  for (const std::uint32_t place : places) {
    const bool there = place < open.size() && open[place]->state == state;
    if (there && std::find(list.begin(), list.end(), open[place]) == list.end()) list.push_back(open[place]);
  }
  const auto n =
      std::count_if(open.begin(), open.end(), [state](const Open* t) { return t->state == state; });
  if (places.size() != list.size() || static_cast<std::size_t>(n) != list.size()) {
    archive.fail(name, "others than those that are in this state");
  }
}

AtTransactions::Loaded AtTransactions::standing_of(const Open& t) {
  if (t.loaded) return *t.loaded;  // is saved before it has been sent again
  Loaded l;
  const auto* extension = t.payload->get_extension<ResumeExtension>();
  if (extension != nullptr) l.id = extension->id;
  if (!t.transaction) l.shape = m_callbacks.shape(*t.payload);
  l.status = t.payload->get_response_status();
  l.requesting = m_requesting == &t;
  if (t.state == State::downstream) l.standing = m_requester.standing(*t.payload);
  return l;
}

bool AtTransactions::sane(const Open& t) {
  using Next = Transaction::Next;
  if (t.state == State::over) return true;
  if (!t.loaded) return false;
  const bool away = t.loaded->standing.phase != AtRequester::Standing::Phase::none;
  if (away != (t.state == State::downstream)) return false;
  if (t.answer && (t.state != State::translating || !t.transaction || !t.transaction->waits())) return false;
  switch (t.state) {
    case State::arriving:
    case State::held:
      return !t.transaction;
    case State::walking:
      return t.transaction && t.transaction->waits();
    case State::translating:
      return t.transaction && t.transaction->next() == Next::need;
    case State::stalled:
      return t.transaction &&
             (t.transaction->next() == Next::stalled || t.transaction->next() == Next::waits);
    case State::translated:
    case State::ready:
    case State::downstream:
    case State::returned:
      return t.transaction && t.transaction->next() == Next::forward;
    case State::finished:
    case State::answered:
    case State::responding:
      return t.transaction && t.transaction->next() == Next::finished;
    default:
      return false;
  }
}

// All have been loaded. @return whether they can be under way together.
bool AtTransactions::begin_restored(const List& open) {
  unsigned requesting = 0;
  unsigned responding = 0;
  std::uint64_t sequences = 0;  // all below are taken
  for (Open* t : open) {
    if (t->sequence < sequences || t->sequence >= m_sequence) return false;
    sequences = t->sequence + 1;
    requesting += t->loaded && t->loaded->requesting ? 1 : 0;
    responding += t->state == State::responding || t->state == State::over ? 1 : 0;
    m_slots_used += t->has_slot ? 1 : 0;
    m_missing += t->loaded ? 1 : 0;
    if (t->state == State::over) m_responding = t;
    switch (t->state) {
      case State::arriving:
      case State::held:  // in vain, where no slot is free yet
      case State::translating:
      case State::translated:
      case State::returned:
      case State::finished:
      case State::over:
        m_agenda.insert(t);
        break;
      default:
        break;
    }
  }
  m_loaded_at = to_ps(sc_core::sc_time_stamp());
  m_restoring = true;
  if (m_missing != 0) m_expiry.notify(sc_core::sc_get_time_resolution());
  wake(m_loaded_at);
  return requesting <= 1 && responding <= 1;
}

// ---- going on

tlm::tlm_sync_enum AtTransactions::resume(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                          std::uint64_t id) {
  TransactionShape shape = m_callbacks.shape(payload);
  shape.request.can_wait = true;
  const auto shape_of = [](const Open& o) -> const TransactionShape& {
    return o.transaction ? o.transaction->shape() : o.loaded->shape;
  };
  const auto missing = [&](const Open& o) { return o.loaded && o.payload == nullptr && o.loaded->id == id; };
  // Masters that a bus brings together may have the same id.
  const auto t = std::find_if(m_open.begin(), m_open.end(),
                              [&](const Open& o) { return missing(o) && shape_of(o).same(shape); });
  const auto named = std::find_if(m_open.begin(), m_open.end(), missing);
  std::string wrong;
  if (t == m_open.end() && id != 0 && named != m_open.end()) {
    wrong = "is resumed, but what was saved with its id is a " + text_of(shape_of(*named), id);
  } else if (t == m_open.end()) {
    wrong = "is resumed with id " + std::to_string(id) +
            ", but no such transaction was loaded at this time. Send it without ResumeExtension::resumed, as "
            "one that has not been sent before";
  } else if ((t->loaded->requesting && m_requesting != nullptr) ||
             (t->state == State::responding && m_responding != nullptr)) {
    wrong =
        "is resumed out of order: another one is in its phase. Resume those that were under way first, in "
        "the order of their requests";
  }
  if (!wrong.empty()) {
    payload.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
    report_protocol_error(*this, payload,
                          "BEGIN_REQ of a payload that " + wrong + "; it gets an error response");
    return tlm::TLM_COMPLETED;
  }
  t->payload = &payload;
  t->acquired = payload.has_mm();
  if (t->acquired) payload.acquire();
  if (t->transaction) t->transaction->attach(payload, shape);
  payload.set_response_status(t->loaded->status);
  if (--m_missing == 0) wake(m_loaded_at);
  if (t->loaded->requesting) {
    m_requesting = &*t;
    return tlm::TLM_ACCEPTED;
  }
  phase = tlm::END_REQ;
  if (t->state == State::responding) {
    m_responding = &*t;
    phase = tlm::BEGIN_RESP;
  }
  return tlm::TLM_UPDATED;
}

// @return false: payloads may still come.
bool AtTransactions::settled(TimePs now) {
  if (!m_restoring) return true;
  if (m_missing != 0 && now == m_loaded_at) return false;
  m_restoring = false;
  m_missing = 0;
  m_expiry.cancel();
  for (auto i = m_open.begin(); i != m_open.end();) {
    Open& t = *i++;
    if (!t.loaded) continue;
    if (t.payload == nullptr) {
      drop(t);
      continue;
    }
    if (t.state == State::downstream) m_requester.restore(*t.payload, t.loaded->standing);
    t.loaded.reset();
    if (t.reset) reset(t, now);
  }
  return true;
}

// Nobody has sent its payload again.
void AtTransactions::drop(Open& t) {
  const TransactionShape& shape = t.transaction ? t.transaction->shape() : t.loaded->shape;
  report_warning(name(), "nobody has resumed the transaction (" + text_of(shape, t.loaded->id) +
                             ") that was under way when the state was saved: it is forgotten. Its initiator "
                             "sends it again at the time of loading, with ResumeExtension::resumed set");
  leave(t, to_ps(sc_core::sc_time_stamp()));
  if (t.walk != nullptr) m_smmu.walks().drop(*t.walk);
  if (t.has_slot) --m_slots_used;
  m_agenda.erase(&t);
  for (List* list : {&m_ready, &m_answered, &m_stalled}) {
    list->erase(std::remove(list->begin(), list->end(), &t), list->end());
  }
  erase(t);
}

}  // namespace smmuvp::smmu
