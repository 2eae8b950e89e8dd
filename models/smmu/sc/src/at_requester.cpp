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

AtRequester::AtRequester(const sc_core::sc_module_name& name, ForwardPort& socket, Answered answered)
    : sc_core::sc_module(name), m_socket(socket), m_answered(std::move(answered)) {
  SMMUVP_HAS_PROCESS(AtRequester);
  SC_METHOD(run);
  sensitive << m_wake;
  dont_initialize();
}

void AtRequester::send(tlm::tlm_generic_payload& payload, TimePs at) {
  m_waiting.emplace(std::make_pair(at, m_sequence++), &payload);
  wake(at);
}

bool AtRequester::cancel(const tlm::tlm_generic_payload& payload) {
  const auto it = std::find_if(m_waiting.begin(), m_waiting.end(),
                               [&](const Queue::value_type& entry) { return entry.second == &payload; });
  if (it == m_waiting.end()) return false;
  m_waiting.erase(it);
  return true;
}

void AtRequester::forget() {
  m_waiting.clear();
  m_requesting = nullptr;
  m_free_at = 0;
  for (auto& sent : m_sent) sent.second = true;
}

void AtRequester::wake(TimePs at) {
  const sc_time time = from_ps(at);
  const sc_time& now = sc_core::sc_time_stamp();
  m_wake.notify(time > now ? time - now : sc_core::SC_ZERO_TIME);  // an earlier notification stays
}

void AtRequester::run() {
  while (respond_due() || send_due()) {
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

void AtRequester::begin_request(tlm::tlm_generic_payload& payload) {
  m_requesting = &payload;
  m_sent[&payload] = false;
  tlm::tlm_phase phase = tlm::BEGIN_REQ;
  sc_time delay;
  const tlm::tlm_sync_enum status = m_socket->nb_transport_fw(payload, phase, delay);
  // A target that has answered on the backward path within the call has said all.
  if (status == tlm::TLM_ACCEPTED || m_sent.count(&payload) == 0) return;
  const TimePs at = now_ps(delay);
  if (status == tlm::TLM_COMPLETED) {
    answered(payload, at);
  } else if (phase == tlm::END_REQ) {
    end_request(payload, at);
  } else if (phase == tlm::BEGIN_RESP) {
    end_request(payload, at);
    m_sent.erase(&payload);
    m_ending.emplace(std::make_pair(at, m_sequence++), &payload);
  } else {
    report_protocol_error(*this, payload,
                          std::string("BEGIN_REQ was answered TLM_UPDATED with the phase ") +
                              phase.get_name() + ", END_REQ or BEGIN_RESP was expected");
  }
}

void AtRequester::end_request(const tlm::tlm_generic_payload& payload, TimePs at) {
  if (m_requesting != &payload) return;
  m_requesting = nullptr;
  m_free_at = at;
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
      } else if (sent == m_sent.end() || !sent->second) {
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
