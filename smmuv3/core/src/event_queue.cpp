#include "smmuvp/smmuv3/event_queue.h"

#include <algorithm>

#include "smmuvp/smmuv3/injection.h"
#include "smmuvp/smmuv3/programming_interface.h"
#include "smmuvp/smmuv3/trace_points.h"

namespace smmuvp::smmuv3 {

using smmu::Step;
using smmu::TimePs;

EventQueue::EventQueue(const Parts& parts, ProgrammingInterface& interface)
    : m_parts(parts),
      m_interface(interface),
      m_stalls(parts),
      m_writer(parts, interface,
               {SMMU_EVENTQ_PROD, SMMU_EVENTQ_CONS, &ProgrammingInterface::event_queue,
                &ProgrammingInterface::event_attributes, "event", "EVENTQ"}),
      m_delays(parts.structures.adversity, interface.secure() ? "s_eventq" : "eventq",
               parts.structures.adversity.event_delay) {}

// 7.2.1, but for "full": whether there is room is seen when a record is written.
bool EventQueue::writable() const {
  return m_interface.enabled(CR0_EVENTQEN) && m_interface.wanted(CR0_EVENTQEN) &&
         !m_interface.active(GERROR_EVENTQ_ABT_ERR);
}

const char* EventQueue::why_not_written() const {
  if (m_interface.active(GERROR_EVENTQ_ABT_ERR)) return "GERROR.EVENTQ_ABT_ERR is active";
  if (!writable()) return "CR0.EVENTQEN is 0";
  return m_writer.full() ? "the Event queue is full" : "";  // 7.4
}

// 7.2.1: the record of a stalled access waits while the queue is not writable.
const Event* EventQueue::stall_record() const {
  return writable() && !m_writer.full() ? m_stalls.first_record() : nullptr;
}

// The newest record that software has not taken.
const Event* EventQueue::last_record() const {
  if (!m_pending.empty()) return &m_pending.back();
  return !m_writer.empty() || m_writer.waiting() ? &m_written : nullptr;
}

// 7.3.1: identical, no stall among them, and in quick succession. What software has taken stands for nothing
// that comes after it.
bool EventQueue::merges(const Event& event) const {
  const TimePs window = m_parts.structures.event_merge_window;
  if (window == 0 || !event.mergeable || event.Stall) return false;
  const Event* last = last_record();
  if (last == nullptr || last->Stall) return false;
  Event same = event;
  // 7.3.8: which byte of its page makes no difference
  if (event.type == EventType::F_TRANSL_FORBIDDEN) {
    same.InputAddr = (event.InputAddr & ~low_bits(12)) | (last->InputAddr & low_bits(12));
  }
  if (last->words() != same.words()) return false;
  return std::max(last->time, event.time) - std::min(last->time, event.time) <= window;
}

bool EventQueue::record(const Event& event) {
  if (!writable()) {
    ++m_parts.statistics.events_lost;
    return true;
  }
  if (merges(event)) {
    ++m_parts.statistics.events_merged;
    return false;
  }
  // A master that has run ahead of the others does not delay their records; the one being written stays
  // first.
  const auto first = m_pending.begin() + (m_writer.waiting() && !m_written.Stall ? 1 : 0);
  Event e = event;
  e.order = m_stalls.next_order();
  // Records keep their order, and those who wait for them see that they are still to come.
  if (m_delays.any() && m_pending.empty()) m_time = std::max(m_time, e.time + m_delays.draw());
  m_pending.insert(
      std::upper_bound(first, m_pending.end(), e, [](const Event& a, const Event& b) { return a.before(b); }),
      e);
  return true;
}

std::optional<TimePs> EventQueue::due() const {
  if (m_writer.waiting() || m_interface.held()) return std::nullopt;
  const Event* stall = stall_record();
  if (stall != nullptr || !m_pending.empty()) {
    const bool first = stall != nullptr && (m_pending.empty() || stall->before(m_pending.front()));
    return std::max(m_time, first ? stall->time : m_pending.front().time);
  }
  if (m_interface.wanted(CR0_EVENTQEN) != m_interface.enabled(CR0_EVENTQEN)) return m_time;
  return std::nullopt;
}

Step EventQueue::step(TimePs now) {
  if (m_writer.waiting()) return Step::need;
  m_parts.engine.prune(now);
  m_interface.update_acks(now);
  while (true) {
    const bool pending = !m_pending.empty() && std::max(m_time, m_pending.front().time) <= now;
    const Event* stall = stall_record();
    if (stall != nullptr && std::max(m_time, stall->time) <= now &&
        (!pending || stall->before(m_pending.front()))) {
      const std::optional<Event> event = m_stalls.take_record(now);
      if (!event) continue;  // overtaken
      write(*event, now);
      return Step::need;
    }
    if (!pending) return Step::done;
    const bool full = m_writer.full() ||
                      m_parts.engine.injects_full(place_event_queue.name, m_pending.front().StreamID, now);
    if (!full) {
      write(m_pending.front(), now);
      return Step::need;
    }
    ++m_parts.statistics.events_lost;  // 7.4
    m_room_at = std::max(m_time, m_pending.front().time);
    m_pending.pop_front();
    m_writer.overflow();
    m_interface.update_acks(m_room_at);
  }
}

void EventQueue::write(const Event& event, TimePs now) {
  m_written = event;
  m_time = m_writer.write(event.words().data(), now);
}

void EventQueue::complete(const smmu::MemoryAnswer& answer) {
  if (!m_writer.answered()) return;
  m_time = std::max(m_time, answer.time);
  if (answer.status == smmu::MemoryStatus::ok) {
    written();
  } else {
    write_failed();
  }
  m_interface.update_acks(m_time);
}

void EventQueue::written() {
  const Event event = m_written;
  if (event.Stall) {
    m_stalls.recorded(true);
  } else {
    m_pending.pop_front();
    m_room_at = m_time;
  }
  const TimePs written_at = m_time;
  m_time += m_delays.draw();
  const bool was_empty = m_writer.advance();
  ++m_parts.statistics.events;
  m_parts.tracer.emit(written_at, trace_event, std::string_view(to_string(event.type)), event.StreamID,
                      event.InputAddr, event.RnW, m_writer.index(), m_interface.secure());
  if (m_parts.tracer.on()) {
    const auto w = event.words();
    constexpr std::uint64_t none = 0;
    m_parts.tracer.emit(m_time, trace_structure, std::string_view("event"), event.StreamID,
                        m_interface.secure(), w[0], w[1], w[2], w[3], none, none, none, none);
  }
  m_writer.trace_level(m_time);
  // 3.18: on the transition from empty to non-empty
  if (was_empty) m_interface.interrupt_eventq(written_at);
}

// 7.2.2, a synchronous abort: PROD stays, records in progress are lost. Of stalled accesses that is the one
// that was being written; the others wait for the queue to be writable.
void EventQueue::write_failed() {
  m_parts.statistics.events_lost += m_pending.size() + (m_written.Stall ? 1U : 0U);
  if (m_written.Stall) m_stalls.recorded(false);
  m_pending.clear();
  m_written = {};  // it is no record
  m_room_at = m_time;
  m_parts.diag.guest_error("EVENTQ.abort", "the Event queue cannot be written: external abort",
                           "IHI 0070 7.2.2", {}, m_writer.op().address);
  m_interface.activate(GERROR_EVENTQ_ABT_ERR, m_time);
}

void EventQueue::reset() {
  m_pending.clear();
  m_stalls.reset();
  m_writer.reset();
  m_written = {};
  m_time = m_room_at = 0;
}

void EventQueue::visit(Archive& archive) {
  archive.begin("event_queue");
  archive.list("pending", m_pending, 1U << 16, [&](Event& e) { e.visit(archive); });
  archive.time("time", m_time);
  archive.time("room_at", m_room_at);
  m_written.visit(archive);
  m_writer.visit(archive);
  m_delays.visit(archive);
  archive.end();
  if (!archive.loading()) return;
  m_writer.restored(archive, !m_pending.empty() || m_written.Stall);
  std::stable_sort(m_pending.begin() + (m_writer.waiting() && !m_written.Stall ? 1 : 0), m_pending.end(),
                   [](const Event& a, const Event& b) { return a.before(b); });
}

}  // namespace smmuvp::smmuv3
