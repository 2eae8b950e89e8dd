#include "trace_hub.h"

#include <fmt/format.h>

#include <algorithm>

#include "platform_host.h"

namespace smmuvp::platform {

void TraceHub::add_text(std::vector<std::string> filters, TextTraceSink::Write write, void* context) {
  m_write = write;
  m_context = context;
  const auto hold = [](void* hub, std::string_view line) {
    auto* self = static_cast<TraceHub*>(hub);
    self->m_lines.emplace(self->m_record_ps, line);
  };
  m_text.emplace(std::move(filters), hold, this);
  wants_changed();
}

void TraceHub::add_observer(TraceSink& observer) {
  m_observers.push_back(&observer);
  wants_changed();
}

void TraceHub::pass_on(std::uint64_t until_ps) {
  const auto end = m_lines.upper_bound(until_ps);
  for (auto line = m_lines.begin(); line != end; ++line) m_write(m_context, line->second);
  m_lines.erase(m_lines.begin(), end);
}

void TraceHub::flush() { pass_on(~std::uint64_t{0}); }

bool TraceHub::wants(std::string_view source, std::string_view point) {
  return point == event_point || (m_text && m_text->wants(source, point)) ||
         std::any_of(m_observers.begin(), m_observers.end(),
                     [&](TraceSink* observer) { return observer->wants(source, point); });
}

void TraceHub::record(std::uint64_t time_ps, std::string_view source, std::string_view point,
                      const TraceValue* values, std::size_t count) {
  if (m_text && m_text->wants(source, point)) {
    m_record_ps = time_ps;
    m_text->record(time_ps, source, point, values, count);
    pass_on(now_ps());
  }
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
