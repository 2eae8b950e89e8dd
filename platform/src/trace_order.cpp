#include "trace_order.h"

#include <algorithm>

namespace smmuvp::platform {

void OrderedTrace::add(TraceSink& reader) {
  m_readers.push_back(&reader);
  wants_changed();
}

bool OrderedTrace::wants(std::string_view source, std::string_view point) {
  return std::any_of(m_readers.begin(), m_readers.end(),
                     [&](TraceSink* reader) { return reader->wants(source, point); });
}

void OrderedTrace::record(std::uint64_t time_ps, std::string_view source, std::string_view point,
                          const TraceValue* values, std::size_t count) {
  const std::uint64_t now = m_now();
  release(now);
  if (time_ps <= now) return pass_on(time_ps, source, point, values, count);
  Held held{std::string(source), point, {}, {values, values + count}};
  for (TraceValue& value : held.values) {
    if (!value.is_text) continue;
    held.texts += value.text;
    value.number = held.texts.size();
  }
  m_held.emplace(time_ps, std::move(held));
}

void OrderedTrace::release(std::uint64_t until_ps) {
  while (!m_held.empty() && m_held.begin()->first <= until_ps) {
    const auto node = m_held.extract(m_held.begin());
    Held& held = node.mapped();
    std::size_t begin = 0;
    for (TraceValue& value : held.values) {
      if (!value.is_text) continue;
      const std::size_t end = value.number;
      value.text = std::string_view(held.texts).substr(begin, end - begin);
      value.number = 0;
      begin = end;
    }
    pass_on(node.key(), held.source, held.point, held.values.data(), held.values.size());
  }
}

void OrderedTrace::pass_on(std::uint64_t time_ps, std::string_view source, std::string_view point,
                           const TraceValue* values, std::size_t count) {
  for (TraceSink* reader : m_readers) {
    if (reader->wants(source, point)) reader->record(time_ps, source, point, values, count);
  }
}

}  // namespace smmuvp::platform
