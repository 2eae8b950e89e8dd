#include "smmuvp/base/trace.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace smmuvp {

bool Tracer::wanted(const char* name) {
  if (m_epoch != m_sink->epoch()) {
    m_epoch = m_sink->epoch();
    m_known.clear();
  }
  for (const auto& [known, on] : m_known) {
    if (known == name) return on;
  }
  const bool on = m_sink->wants(m_source, name);
  m_known.emplace_back(name, on);
  return on;
}

bool trace_filter_matches(std::string_view filter, std::string_view point) {
  if (filter.empty() || filter.back() != '*') return point == filter;
  return point.substr(0, filter.size() - 1) == filter.substr(0, filter.size() - 1);
}

void TextTraceSink::set_filters(std::vector<std::string> filters) {
  m_filters = std::move(filters);
  wants_changed();
}

void TextTraceSink::set_on(bool on) {
  m_on = on;
  wants_changed();
}

bool TextTraceSink::wants(std::string_view, std::string_view point) {
  if (!m_on) return false;
  if (m_filters.empty()) return true;
  for (const std::string& filter : m_filters) {
    if (trace_filter_matches(filter, point)) return true;
  }
  return false;
}

void TextTraceSink::record(std::uint64_t time_ps, std::string_view source, std::string_view point,
                           const TraceValue* values, std::size_t count) {
  fmt::memory_buffer line;
  fmt::format_to(std::back_inserter(line), "{} {} {}", time_ps, source, point);
  for (std::size_t i = 0; i < count; ++i) {
    if (values[i].is_text) {
      fmt::format_to(std::back_inserter(line), " {}={}", values[i].name, values[i].text);
    } else {
      fmt::format_to(std::back_inserter(line), " {}={:#x}", values[i].name, values[i].number);
    }
  }
  line.push_back('\n');
  m_write(m_context, {line.data(), line.size()});
}

}  // namespace smmuvp
