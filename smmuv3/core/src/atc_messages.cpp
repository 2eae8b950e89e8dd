#include "smmuvp/smmuv3/atc_messages.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "smmuvp/smmuv3/programming_interface.h"
#include "smmuvp/smmuv3/trace_points.h"

namespace smmuvp::smmuv3 {

using smmu::TimePs;

void AtcMessages::send(const AtcMessage& message) {
  if (!m_connected) return;
  m_queue.push_back(message);
  ++waiting(message);
  m_askers[message.queue].last = m_next;
  ++m_next;
}

std::size_t& AtcMessages::waiting(const AtcMessage& message) {
  return message.own ? m_own : m_askers[message.queue].waiting;
}

bool AtcMessages::take_failure(Number barrier, unsigned queue) {
  Number& failed = m_askers[queue].failed;
  if (failed == 0 || failed > barrier) return false;
  failed = 0;
  return true;
}

std::optional<TimePs> AtcMessages::departure() const {
  if (m_queue.empty() || m_carries || m_interface.held()) return std::nullopt;
  return std::max(m_time, m_queue.front().time);
}

std::optional<AtcMessages::Taken> AtcMessages::take(TimePs now) {
  const std::optional<TimePs> at = departure();
  if (!at || *at > now) return std::nullopt;
  m_taken = m_front;
  m_carries = true;
  return Taken{m_front, m_queue.front()};
}

void AtcMessages::ended(Number number, AtcMessageEnd end, TimePs time) {
  m_carries = false;
  if (number != m_taken) return;  // of before a reset
  m_taken = 0;
  if (m_queue.empty() || number != m_front) return;  // too late
  const bool late = end != AtcMessageEnd::no_device && time > deadline();
  leave_queue(end == AtcMessageEnd::failed || late, late ? deadline() : time);
}

TimePs AtcMessages::deadline() const {
  const TimePs begin = std::max(m_time, m_queue.front().time);
  const TimePs timeout = m_parts.structures.atc_timeout;
  return begin > ~TimePs{0} - timeout ? ~TimePs{0} : begin + timeout;
}

// 3.9.1.4: only invalidations have a completion, whose lack a CMD_SYNC tells of.
void AtcMessages::leave_queue(bool failed, TimePs time) {
  const AtcMessage& message = m_queue.front();
  const bool invalidates = message.kind == AtcMessage::Kind::invalidate;
  Asker& asker = m_askers[message.queue];
  m_time = std::max(m_time, time);
  asker.time = m_time;
  if (failed && invalidates) {
    if (asker.failed == 0) asker.failed = m_front;
    ++m_parts.statistics.atc_timeouts;
    m_parts.diag.guest_error(
        "CMD_ATC_INV.timeout",
        "a device has not completed an ATS invalidation in time; the CMD_SYNC that waits "
        "for it ends with CERROR_ATC_INV_SYNC",
        "IHI 0070 3.9.1.4", message.StreamID, message.Address);
  }
  m_parts.tracer.emit(m_time, trace_atc_message,
                      std::string_view(invalidates ? "invalidate" : "page response"), message.StreamID,
                      message.Address, !failed, m_interface.secure());
  --waiting(message);
  m_queue.pop_front();
  ++m_front;
}

std::optional<TimePs> AtcMessages::due() const {
  if (m_queue.empty() || !m_carries || m_interface.held()) return std::nullopt;
  return deadline();
}

smmu::Step AtcMessages::step(TimePs now) {
  const std::optional<TimePs> at = due();
  if (at && *at <= now) leave_queue(true, *at);
  return smmu::Step::done;
}

void AtcMessages::reset() {
  m_queue.clear();
  m_front = m_next = 1;
  m_taken = 0;
  m_askers.assign(m_askers.size(), {});
  m_own = 0;
  m_time = 0;
}

void AtcMessage::visit(Archive& archive) {
  archive.value("kind", kind);
  archive.value("StreamID", StreamID);
  archive.value("SubstreamID", SubstreamID);
  archive.value("SSV", SSV);
  archive.value("Address", Address);
  archive.value("size_shift", size_shift);
  archive.value("Global", Global);
  archive.value("PRGI", PRGI);
  archive.value("response", response);
  archive.time("time", time);
  archive.value("queue", queue);
  archive.value("own", own);
  const bool answers =
      response == Response::success || response == Response::invalid_request || response == Response::failure;
  if (kind > Kind::page_response || size_shift < 12 || size_shift > 64 || !answers || PRGI > 0x1ff) {
    archive.fail("kind", "no message to a device");
    *this = {};
  }
}

bool AtcMessages::sane() const {
  if (m_front == 0 || m_next < m_front || m_next - m_front != m_queue.size() || m_next >= ~Number{0} / 2) {
    return false;
  }
  return std::all_of(m_askers.begin(), m_askers.end(),
                     [this](const Asker& a) { return a.last < m_next && a.failed < m_front; }) &&
         std::all_of(m_queue.begin(), m_queue.end(),
                     [this](const AtcMessage& m) { return m.queue < m_askers.size(); });
}

void AtcMessages::visit(Archive& archive) {
  constexpr std::uint64_t most = 1U << 20;
  archive.begin("atc_messages");
  archive.value("front", m_front);
  archive.value("next", m_next);
  for (Asker& asker : m_askers) {
    archive.value("last", asker.last);
    archive.value("failed", asker.failed);
    archive.time("ended", asker.time);
  }
  archive.time("time", m_time);
  archive.list("queue", m_queue, most, [&archive](AtcMessage& m) { m.visit(archive); });
  archive.end();
  if (!archive.loading()) return;
  m_taken = 0;  // what the transport still has is of before
  if (!sane()) archive.fail("front", "no numbers that messages can have");
  if (!archive.ok()) return reset();
  m_own = 0;
  for (Asker& asker : m_askers) asker.waiting = 0;
  for (const AtcMessage& m : m_queue) ++waiting(m);
}

}  // namespace smmuvp::smmuv3
