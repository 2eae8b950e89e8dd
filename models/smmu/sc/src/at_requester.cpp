#include "smmuvp/smmu_sc/at_requester.h"

#include <algorithm>
#include <sstream>

#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/report.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp::smmu {

using sc_core::sc_time;

namespace {

TimePs now_ps(const sc_time& delay = sc_core::SC_ZERO_TIME) {
  return to_ps(sc_core::sc_time_stamp() + delay);
}

}  // namespace

void report_protocol_error(const sc_core::sc_object& where, const tlm::tlm_generic_payload& payload,
                           const std::string& what) {
  std::ostringstream text;
  text << what << " ("
       << (payload.is_write()  ? "write"
           : payload.is_read() ? "read"
                               : "ignore")
       << " of " << payload.get_data_length() << " bytes at 0x" << std::hex << payload.get_address() << ')';
  report_error(where.name(), text.str());
}

AtRequester::AtRequester(const sc_core::sc_module_name& name, const Supply& supply, ForwardPort& socket,
                         Answered answered)
    : sc_core::sc_module(name), m_supply(supply), m_socket(socket), m_answered(std::move(answered)) {
  SMMUVP_HAS_PROCESS(AtRequester);
  SC_METHOD(run);
  sensitive << m_wake << m_supply.changed();
  dont_initialize();
}

void AtRequester::send(tlm::tlm_generic_payload& payload, TimePs at) {
  m_waiting.emplace(std::make_pair(at, m_sequence++), &payload);
  wake(at);
}

bool AtRequester::cancel(const tlm::tlm_generic_payload& payload) {
  for (auto again = m_again.begin(); again != m_again.end(); ++again) {
    if (again->second.first != &payload) continue;
    m_again.erase(again);
    return true;
  }
  const auto it = std::find_if(m_waiting.begin(), m_waiting.end(),
                               [&](const Queue::value_type& entry) { return entry.second == &payload; });
  if (it == m_waiting.end()) return false;
  m_waiting.erase(it);
  return true;
}

void AtRequester::forget() {
  m_waiting.clear();
  m_again.clear();
  m_requesting = nullptr;
  m_free_at = 0;
  for (auto& sent : m_sent) sent.second.forgotten = true;
}

void AtRequester::visit(Archive& archive) {
  archive.begin("requester");
  archive.value("sequence", m_sequence);
  archive.time("free_at", m_free_at);
  archive.end();
  m_loaded.clear();
}

void AtRequester::visit(Archive& archive, Standing& standing) {
  archive.value("phase", standing.phase);
  archive.time("at", standing.at);
  archive.value("order", standing.order);
  if (!archive.loading() || standing.phase == Standing::Phase::none) return;
  if (standing.phase > Standing::Phase::ending) {
    archive.fail("phase", "nothing that a payload has reached");
  } else if (standing.order >= m_sequence || !m_loaded.insert(standing.order).second) {
    archive.fail("order", "of no payload, or of another one");
  }
  if (!archive.ok()) standing = {};
}

AtRequester::Standing AtRequester::standing(const tlm::tlm_generic_payload& payload) const {
  for (const auto& [order, again] : m_again) {
    if (again.first == &payload) return again.second;
  }
  const auto sent = m_sent.find(&payload);
  if (sent != m_sent.end() && !sent->second.forgotten) return {Standing::Phase::sent, 0, sent->second.order};
  for (const Queue* queue : {&m_waiting, &m_ending}) {
    for (const auto& [key, waiting] : *queue) {
      if (waiting != &payload) continue;
      const auto phase = queue == &m_waiting ? Standing::Phase::waiting : Standing::Phase::ending;
      return {phase, key.first, key.second};
    }
  }
  return {};
}

void AtRequester::restore(tlm::tlm_generic_payload& payload, const Standing& standing) {
  if (standing.phase == Standing::Phase::none) return;
  if (standing.phase == Standing::Phase::waiting) {
    m_waiting.emplace(std::make_pair(standing.at, standing.order), &payload);
  } else {
    m_again[standing.order] = {&payload, standing};
  }
  wake(now_ps());
}

void AtRequester::wake(TimePs at) {
  const sc_time time = from_ps(at);
  const sc_time& now = sc_core::sc_time_stamp();
  m_wake.notify(time > now ? time - now : sc_core::SC_ZERO_TIME);  // an earlier notification stays
}

void AtRequester::run() {
  if (m_supply.stopped()) return;
  while (resume_due() || respond_due() || send_due()) {
  }
}

// @return whether there was one.
bool AtRequester::respond_due() {
  if (m_ending.empty()) return false;
  const TimePs at = m_ending.begin()->first.first;
  if (at > now_ps()) {
    wake(at);
    return false;
  }
  tlm::tlm_generic_payload& payload = *m_ending.begin()->second;
  m_ending.erase(m_ending.begin());
  tlm::tlm_phase phase = tlm::END_RESP;
  sc_time delay;
  m_socket->nb_transport_fw(payload, phase, delay);  // the last phase: no answer can matter
  m_answered(payload, at);
  return true;
}

bool AtRequester::send_due() {
  if (m_waiting.empty() || m_requesting != nullptr) return false;
  const TimePs at = std::max(m_waiting.begin()->first.first, m_free_at);
  if (at > now_ps()) {
    wake(at);
    return false;
  }
  tlm::tlm_generic_payload& payload = *m_waiting.begin()->second;
  m_waiting.erase(m_waiting.begin());
  begin_request(payload);
  return true;
}

// The next one that is sent again, once the one before has its END_REQ. @return whether there was one.
bool AtRequester::resume_due() {
  if (m_again.empty() || m_requesting != nullptr) return false;
  const auto [payload, standing] = m_again.begin()->second;
  m_again.erase(m_again.begin());
  resume(*payload, standing);
  return true;
}

tlm::tlm_sync_enum AtRequester::call(tlm::tlm_generic_payload& payload, std::uint64_t order,
                                     tlm::tlm_phase& phase, sc_time& delay) {
  m_requesting = &payload;
  m_sent[&payload] = {order, false};
  const tlm::tlm_sync_enum status = m_socket->nb_transport_fw(payload, phase, delay);
  // A target that has answered on the backward path within the call has said all.
  return m_sent.count(&payload) == 0 ? tlm::TLM_ACCEPTED : status;
}

void AtRequester::begin_request(tlm::tlm_generic_payload& payload) {
  tlm::tlm_phase phase = tlm::BEGIN_REQ;
  sc_time delay;
  const tlm::tlm_sync_enum status = call(payload, m_sequence++, phase, delay);
  if (status == tlm::TLM_COMPLETED) answered(payload, now_ps(delay));
  if (status == tlm::TLM_UPDATED) updated(payload, phase, now_ps(delay));
}

void AtRequester::resume(tlm::tlm_generic_payload& payload, const Standing& standing) {
  auto* extension = payload.get_extension<ResumeExtension>();
  const bool own = extension == nullptr;
  if (own) {
    m_resume = {};
    extension = &m_resume;
    payload.set_extension(extension);
  }
  const tlm::tlm_response_status response = payload.get_response_status();
  payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  extension->resumed = true;
  tlm::tlm_phase phase = tlm::BEGIN_REQ;
  sc_time delay;
  const tlm::tlm_sync_enum status = call(payload, standing.order, phase, delay);
  extension->resumed = false;
  if (own) payload.clear_extension(extension);
  if (status == tlm::TLM_COMPLETED) answered(payload, now_ps(delay));
  if (status != tlm::TLM_UPDATED) return;
  const bool ends = standing.phase == Standing::Phase::ending && phase == tlm::BEGIN_RESP;
  if (ends) payload.set_response_status(response);
  updated(payload, phase, ends ? std::max(standing.at, now_ps()) : now_ps(delay));
}

// BEGIN_REQ was answered TLM_UPDATED.
void AtRequester::updated(tlm::tlm_generic_payload& payload, const tlm::tlm_phase& phase, TimePs at) {
  if (phase == tlm::END_REQ) {
    end_request(payload, at);
  } else if (phase == tlm::BEGIN_RESP) {
    end_request(payload, at);
    const std::uint64_t order = m_sent.at(&payload).order;  // in which it is sent again, if it has to be
    m_sent.erase(&payload);
    m_ending.emplace(std::make_pair(at, order), &payload);
  } else {
    report_protocol_error(*this, payload,
                          std::string("BEGIN_REQ was answered TLM_UPDATED with the phase ") +
                              phase.get_name() + ", END_REQ or BEGIN_RESP was expected");
  }
}

void AtRequester::end_request(const tlm::tlm_generic_payload& payload, TimePs at) {
  if (m_requesting != &payload) return;
  m_requesting = nullptr;
  m_free_at = std::max(m_free_at, at);  // one that is sent again ends no pause
  wake(at);
}

void AtRequester::answered(tlm::tlm_generic_payload& payload, TimePs at) {
  end_request(payload, at);
  m_sent.erase(&payload);
  m_answered(payload, at);
}

tlm::tlm_sync_enum AtRequester::nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                                sc_time& delay) {
  const auto sent = m_sent.find(&payload);
  switch (static_cast<unsigned>(phase)) {
    case tlm::END_REQ:
      if (m_requesting == &payload) {
        end_request(payload, now_ps(delay));
      } else if (sent == m_sent.end() || !sent->second.forgotten) {
        report_protocol_error(*this, payload, "END_REQ of a payload that waits for none");
      }
      return tlm::TLM_ACCEPTED;
    case tlm::BEGIN_RESP:
      if (sent == m_sent.end()) {
        report_protocol_error(*this, payload, "BEGIN_RESP of a payload that has not been sent, or has ended");
      } else {
        answered(payload, now_ps(delay));
      }
      return tlm::TLM_COMPLETED;
    case tlm::UNINITIALIZED_PHASE:
    case tlm::BEGIN_REQ:
    case tlm::END_RESP:
      report_protocol_error(
          *this, payload,
          std::string(phase.get_name()) + " on the backward path, END_REQ or BEGIN_RESP was expected");
      return tlm::TLM_ACCEPTED;
    default:  // an ignorable phase: whoever does not know its meaning does not pass it on
      return tlm::TLM_ACCEPTED;
  }
}

}  // namespace smmuvp::smmu
