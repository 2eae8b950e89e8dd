#include "smmuvp/smmuv3/pri_queue.h"

#include <algorithm>
#include <string_view>

#include "ats_errors.h"
#include "smmuvp/smmuv3/injection.h"
#include "smmuvp/smmuv3/programming_interface.h"
#include "smmuvp/smmuv3/trace_points.h"

namespace smmuvp::smmuv3 {

using smmu::Step;
using smmu::TimePs;

PriQueue::PriQueue(const Parts& parts, ProgrammingInterface& interface)
    : m_parts(parts),
      m_interface(interface),
      m_writer(parts, interface,
               {SMMU_PRIQ_PROD, SMMU_PRIQ_CONS, &ProgrammingInterface::pri_queue,
                &ProgrammingInterface::pri_attributes, "page request", "PRIQ"}) {}

// 8.2, 6.3.9.5: the effective value of PRIQEN is 0 with SMMUEN == 0.
bool PriQueue::enabled() const {
  return !m_interface.secure() && m_interface.enabled(CR0_PRIQEN) && m_interface.enabled(CR0_SMMUEN);
}

void PriQueue::receive(const PageRequest& request) {
  Received r;
  r.request = request;
  r.refused = !enabled() || !m_interface.wanted(CR0_PRIQEN) || !m_interface.wanted(CR0_SMMUEN);
  if (m_parts.features.SSIDSIZE == 0) r.request.SSV = false;  // 8
  // A master that has run ahead of the others does not delay their requests; the one at hand stays first.
  const auto first = m_pending.begin() + (m_state == State::idle ? 0 : 1);
  m_pending.insert(
      std::upper_bound(first, m_pending.end(), r,
                       [](const Received& a, const Received& b) { return a.request.time < b.request.time; }),
      r);
}

bool PriQueue::committed() const {
  return std::any_of(m_pending.begin(), m_pending.end(), [](const Received& r) { return !r.refused; });
}

std::optional<TimePs> PriQueue::due() const {
  if (waiting() || m_interface.held()) return std::nullopt;
  if (m_state == State::record) {
    if (!m_interface.events().has_room()) return std::nullopt;
    return std::max(m_time, m_interface.events().room_at());
  }
  if (m_state != State::idle) return m_time;
  if (!m_pending.empty()) {
    if (!m_interface.atc_messages().has_room()) return std::nullopt;
    return std::max({m_time, m_pending.front().request.time, m_interface.atc_messages().room_at()});
  }
  if (m_interface.wanted(CR0_PRIQEN) != m_interface.enabled(CR0_PRIQEN)) return m_time;
  return std::nullopt;
}

Step PriQueue::step(TimePs now) {
  if (waiting()) return Step::need;
  m_parts.engine.prune(now);
  while (true) {
    m_interface.update_acks(now);
    if (m_time > now) return Step::done;
    switch (m_state) {
      case State::idle:
        if (m_pending.empty() || m_pending.front().request.time > now) return Step::done;
        if (!m_interface.atc_messages().has_room()) return Step::stalled;
        take_first(now);
        if (waiting()) return Step::need;
        break;
      case State::config:
        m_fetching = m_config->step() == Step::need;
        m_time = m_config->time();
        if (m_fetching) return Step::need;
        looked_up();
        break;
      case State::record:
        if (!m_interface.events().has_room()) return Step::stalled;
        m_time = now;
        m_event->time = m_time;
        m_interface.events().record(*m_event);
        m_event.reset();
        end_first("overflow");
        break;
      case State::write:  // waiting() is true
        return Step::done;
    }
  }
}

void PriQueue::take_first(TimePs now) {
  m_time = now;
  const Received& first = m_pending.front();
  // 8.2: whatever Last is
  if (first.refused || !enabled() || m_interface.active(GERROR_PRIQ_ABT_ERR)) {
    answer_first(RESP_ResponseFailure, false);
    end_first(m_interface.active(GERROR_PRIQ_ABT_ERR) ? "PRIQ_ABT_ERR" : "not enabled");
    return;
  }
  // 8.1: nothing is recorded until software has acknowledged an overflow, even if there is room
  if (m_writer.overflowed() || m_writer.full()) return overflow();
  if (m_parts.engine.injects_full(place_pri_queue.name, first.request.StreamID, now)) return overflow();
  m_state = State::write;
  m_time = m_writer.write(first.request.words().data(), now);
}

void PriQueue::complete(const smmu::MemoryAnswer& answer) {
  if (m_fetching) {
    m_fetching = false;
    m_time = std::max(m_time, answer.time);
    m_parts.tracer.emit(m_time, smmu::trace_fetch, std::string_view(op().purpose),
                        m_pending.front().request.StreamID, op().address, std::uint32_t{op().size},
                        answer.status == smmu::MemoryStatus::ok, m_time - std::min(m_time, op().time));
    m_config->complete(answer);
    return;
  }
  if (!m_writer.answered()) return;
  m_time = std::max(m_time, answer.time);
  if (answer.status == smmu::MemoryStatus::ok) {
    written();
  } else {
    write_failed();
  }
  m_interface.update_acks(m_time);
}

void PriQueue::written() {
  const bool Last = m_pending.front().request.Last;
  const bool was_empty = m_writer.advance();
  m_writer.trace_level(m_time);
  ++m_parts.statistics.page_requests;
  end_first("recorded");
  // 6.3.36
  if (m_interface.last_only() ? Last : was_empty) m_interface.interrupt_priq(m_time);
}

// 8.2: as 7.2.2, and a synchronous abort is answered.
void PriQueue::write_failed() {
  m_parts.diag.guest_error("PRIQ.abort", "the PRI queue cannot be written: external abort",
                           "IHI 0070 8.2, 7.2.2", m_pending.front().request.StreamID, m_writer.op().address);
  m_interface.activate(GERROR_PRIQ_ABT_ERR, m_time);
  answer_first(RESP_ResponseFailure, false);
  end_first("abort");
}

void PriQueue::overflow() {
  const PageRequest& request = m_pending.front().request;
  m_writer.overflow();
  // 6.3.36: of what is discarded, this alone interrupts
  if (request.Last && m_interface.last_only()) m_interface.interrupt_priq(m_time);
  if (!request.Last || request.stop_marker()) return end_first("overflow");
  if (request.SSV && !m_parts.features.PPS) return look_up();
  answer_first(RESP_Success, request.SSV);
  end_first("overflow");
}

// 8.1: STE.PPAR says whether the response has the PASID.
void PriQueue::look_up() {
  const PageRequest& request = m_pending.front().request;
  ConfigRequest config;
  config.stream_id = request.StreamID;
  config.substream_id = request.SubstreamID;
  config.substream_valid = request.SSV;
  config.ste_alone = true;
  config.time = m_time;
  m_config.emplace(m_parts, m_interface, config);
  m_token = m_parts.engine.in_flight().enter(m_time);
  m_state = State::config;
}

void PriQueue::looked_up() {
  const std::optional<ConfigFault> fault = m_config->fault();
  const bool PPAR = !fault && is_set(m_config->ste().words, STE_PPAR);
  m_config.reset();
  m_parts.engine.in_flight().leave(m_token, m_time);
  m_token = {};
  if (!fault) {
    answer_first(RESP_Success, PPAR);
    return end_first("overflow");
  }
  answer_first(RESP_ResponseFailure, false);
  const char* silent = why_ats_error_is_silent(fault->type, m_interface.reg(SMMU_CR2));
  if (silent[0] != '\0') return end_first("overflow");
  const PageRequest& request = m_pending.front().request;
  Event e;
  e.type = fault->type;
  e.StreamID = request.StreamID;
  e.SubstreamID = request.SubstreamID;
  e.SSV = request.SSV;
  e.FetchAddr = fault->FetchAddr;
  e.mergeable = true;  // 7.3.1: found before there is an STE
  m_event = e;
  m_state = State::record;
}

// 8.2: to whom the request came from; nobody answers a Stop Marker.
void PriQueue::answer_first(std::uint8_t response, bool with_substream) {
  const PageRequest& request = m_pending.front().request;
  if (request.stop_marker()) return;
  ++m_parts.statistics.page_responses;
  m_interface.respond(request.StreamID, with_substream ? std::optional(request.SubstreamID) : std::nullopt,
                      request.PRGIndex, response, m_time);
}

void PriQueue::end_first(const char* outcome) {
  const PageRequest& request = m_pending.front().request;
  const bool recorded = outcome == std::string_view("recorded");
  if (!recorded) ++m_parts.statistics.page_requests_lost;
  m_parts.tracer.emit(m_time, trace_page_request, std::string_view(outcome), request.StreamID,
                      request.PageAddress, std::uint32_t{request.PRGIndex}, request.Last);
  m_pending.pop_front();
  m_room_at = m_time;
  m_state = State::idle;
}

void PriQueue::reset() {
  m_pending.clear();
  m_state = State::idle;
  m_writer.reset();
  m_config.reset();
  m_fetching = false;
  m_token = {};  // the engine forgets all
  m_event.reset();
  m_time = m_room_at = 0;
}

void PriQueue::visit(Archive& archive) {
  archive.begin("pri_queue");
  visit_state(archive);
  archive.end();
  if (!archive.loading()) return;
  m_writer.restored(archive, m_state == State::write);
  if (!consistent()) archive.fail("pri_queue", "no PRI queue can be in this state");
  if (!archive.ok()) {
    m_parts.engine.in_flight().leave(m_token, 0);
    return reset();
  }
  std::stable_sort(m_pending.begin() + (m_state == State::idle ? 0 : 1), m_pending.end(),
                   [](const Received& a, const Received& b) { return a.request.time < b.request.time; });
}

void PriQueue::visit_state(Archive& archive) {
  archive.list("pending", m_pending, 1U << 16, [&](Received& r) {
    r.request.visit(archive);
    archive.value("refused", r.refused);
  });
  archive.value("state", m_state);
  archive.time("time", m_time);
  archive.time("room_at", m_room_at);
  m_writer.visit(archive);
  archive.value("fetching", m_fetching);
  m_parts.engine.in_flight().visit(archive, m_token);
  bool configures = m_config.has_value();
  archive.value("configures", configures);
  if (archive.loading()) {
    m_config.reset();
    if (configures) m_config.emplace(m_parts, m_interface, ConfigRequest());
  }
  if (m_config) m_config->visit(archive);
  archive.optional("event", m_event, [&archive](Event& e) { e.visit(archive); });
}

bool PriQueue::consistent() {
  if (m_state > State::record || (m_state != State::idle && m_pending.empty())) return false;
  if (m_writer.waiting() != (m_state == State::write)) return false;
  if (m_state != State::idle && m_interface.sec_sid() == SecSid::secure) return false;
  if (m_config.has_value() != (m_state == State::config)) return false;
  if (m_config.has_value() != m_token.valid()) return false;
  if (m_fetching && !(m_config && m_config->step() == Step::need)) return false;
  if (m_event.has_value() != (m_state == State::record)) return false;
  return !m_event || find_event(static_cast<std::uint8_t>(m_event->type)) != nullptr;
}

}  // namespace smmuvp::smmuv3
