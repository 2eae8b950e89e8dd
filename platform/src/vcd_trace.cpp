#include "vcd_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "report.h"

namespace smmuvp::platform {

namespace {

constexpr unsigned level_bits = 32;

// Printable characters that begin no keyword or number would do, too; these are those that the format allows.
std::string code(std::size_t n) {
  std::string text;
  do {
    text += static_cast<char>('!' + n % 94);
    n /= 94;
  } while (n != 0);
  return text;
}

std::string identifier(std::string_view name) {
  std::string text;
  for (const char c : name) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    text += fits ? c : '_';
  }
  return text.empty() || (text[0] >= '0' && text[0] <= '9') ? "_" + text : text;
}

}  // namespace

VcdTrace::VcdTrace() : m_changes(std::tmpfile(), std::fclose) {
  if (!m_changes) m_error = errno;
}

void VcdTrace::set_points(const std::vector<TracePointInfo>& points) {
  for (const TracePointInfo& point : points) {
    // Totals make long dumps that no wave shows.
    if (TraceLevels::is_point(point) && point.name != "smmu.translate") m_wanted.insert(point.name);
  }
  wants_changed();
}

bool VcdTrace::wants(std::string_view, std::string_view point) {
  return m_wanted.find(point) != m_wanted.end();
}

void VcdTrace::record(std::uint64_t time_ps, std::string_view source, std::string_view point,
                      const TraceValue* values, std::size_t count) {
  const auto change = m_levels.take(time_ps, source, point, values, count);
  if (!change) return;
  if (time_ps > m_time_ps) {
    write_changes();
    m_time_ps = time_ps;
  }
  if (change->is_new) {
    const bool wire = m_levels.signal(change->signal).kind == TraceLevels::Kind::Wire;
    // A wire tells when it changes: it was the other way round before.
    const std::uint64_t before = wire ? 1 - (change->value & 1U) : 0;
    m_shown.push_back({before, before});
  }
  m_at_time[change->signal] = change->value;
}

std::string VcdTrace::change(std::size_t signal, std::uint64_t value) const {
  if (m_levels.signal(signal).kind == TraceLevels::Kind::Wire)
    return fmt::format("{}{}\n", value & 1U, code(signal));
  return fmt::format("b{:b} {}\n", value & 0xffff'ffffU, code(signal));
}

void VcdTrace::write_changes() {
  for (const auto& [signal, value] : m_at_time) {
    Shown& shown = m_shown[signal];
    if (shown.value == value) continue;
    shown.value = value;
    if (m_written_ps != m_time_ps) put(fmt::format("#{}\n", m_time_ps));
    m_written_ps = m_time_ps;
    put(change(signal, value));
  }
  m_at_time.clear();
}

void VcdTrace::put(std::string_view text) {
  if (m_error != 0) return;
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), m_changes.get()) != text.size())
    m_error = errno != 0 ? errno : EIO;
}

std::string VcdTrace::header(std::string_view top) const {
  std::string text = fmt::format("$version smmu-vp {} $end\n$timescale 1 ps $end\n$scope module {} $end\n",
                                 program_version(), identifier(top));
  std::map<std::string, std::map<std::string, std::vector<std::size_t>>> scopes;  // component, group
  for (std::size_t i = 0; i < m_levels.size(); ++i) {
    const TraceLevels::Signal& s = m_levels.signal(i);
    scopes[s.source][s.group].push_back(i);
  }
  for (const auto& [source, groups] : scopes) {
    text += fmt::format("$scope module {} $end\n", identifier(source));
    for (const auto& [group, signals] : groups) {
      if (!group.empty()) text += fmt::format("$scope module {} $end\n", identifier(group));
      for (const std::size_t i : signals) {
        const TraceLevels::Signal& s = m_levels.signal(i);
        const bool wire = s.kind == TraceLevels::Kind::Wire;
        text += wire ? fmt::format("$var wire 1 {} {} $end\n", code(i), identifier(s.name))
                     : fmt::format("$var integer {} {} {} $end\n", level_bits, code(i), identifier(s.name));
      }
      if (!group.empty()) text += "$upscope $end\n";
    }
    text += "$upscope $end\n";
  }
  text += "$upscope $end\n$enddefinitions $end\n#0\n$dumpvars\n";
  for (std::size_t i = 0; i < m_levels.size(); ++i) text += change(i, m_shown[i].first);
  return text + "$end\n";
}

int VcdTrace::finish(std::uint64_t time_ps, std::string_view top, const Write& write) {
  write_changes();
  if (time_ps > m_written_ps) put(fmt::format("#{}\n", time_ps));
  write(header(top));
  if (m_error != 0) return m_error;
  std::rewind(m_changes.get());
  std::array<char, 1U << 16> buffer{};
  for (;;) {
    const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), m_changes.get());
    if (n == 0) break;
    write({buffer.data(), n});
  }
  return std::ferror(m_changes.get()) != 0 ? EIO : 0;
}

}  // namespace smmuvp::platform
