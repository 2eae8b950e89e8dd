#include "trace_ring.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace smmuvp::platform {

namespace {

// What is wrong, and the value that says what.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> triggers{{
    {"smmu.fault", "event"},
    {"smmu.event", "event"},
    {"smmu.command_error", "error"},
}};

const std::pair<std::string_view, std::string_view>* trigger(std::string_view point) {
  const auto* at =
      std::find_if(triggers.begin(), triggers.end(), [&](const auto& t) { return t.first == point; });
  return at == triggers.end() ? nullptr : at;
}

}  // namespace

TraceRing::TraceRing(std::vector<std::string> filters, std::uint64_t lines, Write write)
    : m_most(lines), m_write(std::move(write)), m_text(std::move(filters), keep, this) {}

bool TraceRing::wants(std::string_view source, std::string_view point) {
  return trigger(point) != nullptr || m_text.wants(source, point);
}

void TraceRing::keep(void* self, std::string_view line) {
  auto& ring = *static_cast<TraceRing*>(self);
  if (ring.m_lines.size() == ring.m_most) {
    ring.m_lines.pop_front();
    ++ring.m_gone;
  }
  ring.m_lines.emplace_back(line);
}

void TraceRing::settle(std::uint64_t time_ps) {
  if (!m_reasons.empty() && time_ps > m_wrong_ps && time_ps - m_wrong_ps > settle_ps) write(false);
}

void TraceRing::record(std::uint64_t time_ps, std::string_view source, std::string_view point,
                       const TraceValue* values, std::size_t count) {
  settle(time_ps);
  if (m_text.wants(source, point)) m_text.record(time_ps, source, point, values, count);
  const auto* t = trigger(point);
  if (t == nullptr) return;
  const auto* what =
      std::find_if(values, values + count, [&](const TraceValue& v) { return v.name == t->second; });
  went_wrong(time_ps, fmt::format("{} of {}: {}", point, source, what == values + count ? "" : what->text));
}

void TraceRing::went_wrong(std::uint64_t time_ps, const std::string& what) {
  settle(time_ps);
  if (m_reasons.empty()) m_wrong_ps = time_ps;
  if (std::find(m_reasons.begin(), m_reasons.end(), what) == m_reasons.end()) m_reasons.push_back(what);
}

void TraceRing::finish(std::uint64_t time_ps, const std::string& what) {
  if (!m_reasons.empty()) write(false);
  if (what.empty()) return;
  m_wrong_ps = time_ps;
  m_reasons.push_back(what);
  write(true);
}

void TraceRing::write(bool at_the_end) {
  std::string reasons;
  for (const std::string& reason : std::exchange(m_reasons, {}))
    reasons += (reasons.empty() ? "" : "; ") + reason;
  if (!at_the_end && m_times == most_times) {
    m_write(fmt::format(
        "# {} ps: {}: this and what else goes wrong is not written, but for the end of a run that "
        "does not pass\n",
        m_wrong_ps, reasons));
  }
  if (!at_the_end && m_times++ >= most_times) return;
  m_write(fmt::format("# {} ps: {}: the last {} lines{}\n", m_wrong_ps, reasons, m_lines.size(),
                      m_gone == 0 ? "" : fmt::format("; {} before them were not kept", m_gone)));
  for (const std::string& line : std::exchange(m_lines, {})) m_write(line);
  m_gone = 0;
}

}  // namespace smmuvp::platform
