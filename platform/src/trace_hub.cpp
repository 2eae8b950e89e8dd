#include "trace_hub.h"

#include <fmt/format.h>

#include <algorithm>

#include "platform_host.h"

namespace smmuvp::platform {

TraceHub::TraceHub() : m_ordered(now_ps) {}

void TraceHub::add_text(std::vector<std::string> filters, TextTraceSink::Write write, void* context) {
  add_ordered(m_text.emplace(std::move(filters), write, context));
}

void TraceHub::add_observer(TraceSink& observer) {
  m_observers.push_back(&observer);
  wants_changed();
}

void TraceHub::add_ordered(TraceSink& observer) {
  if (m_ordered.empty()) m_observers.push_back(&m_ordered);
  m_ordered.add(observer);
  wants_changed();
}

bool TraceHub::wants(std::string_view source, std::string_view point) {
  return point == event_point ||
         std::any_of(m_observers.begin(), m_observers.end(),
                     [&](TraceSink* observer) { return observer->wants(source, point); });
}

void TraceHub::record(std::uint64_t time_ps, std::string_view source, std::string_view point,
                      const TraceValue* values, std::size_t count) {
  for (TraceSink* observer : m_observers) {
    if (observer->wants(source, point)) observer->record(time_ps, source, point, values, count);
  }
  if (point != event_point) return;
  ++m_event_count;
  m_hash.update_number(time_ps);
  m_hash.update(source);
  Sha256& untimed = m_untimed_hashes[std::string(source)];
  Event event{time_ps, std::string(source), {}};
  for (std::size_t i = 0; i < count; ++i) {
    const TraceValue& v = values[i];
    std::string text = v.is_text ? std::string(v.text) : fmt::format("{:#x}", v.number);
    for (const std::string_view part :
         {v.name, std::string_view("="), std::string_view(text), std::string_view("\n")}) {
      m_hash.update(part);
      untimed.update(part);
    }
    event.fields.emplace_back(v.name, std::move(text));
  }
  if (m_events.size() < most_events) m_events.push_back(std::move(event));
}

}  // namespace smmuvp::platform
