#include "trace_outputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "exit_codes.h"
#include "smmuvp/base/params.h"

namespace smmuvp::platform {

namespace {

std::vector<TracePointInfo> points_of(const System& system) {
  std::vector<TracePointInfo> points;
  for (const auto& instance : system.instances()) {
    const auto& own = instance->type->trace_points;
    points.insert(points.end(), own.begin(), own.end());
  }
  return points;
}

// A filter that nothing can match is a misspelt one.
void check_filters(const std::vector<std::string>& filters, const std::vector<TracePointInfo>& points) {
  std::vector<std::string> known;
  for (const TracePointInfo& point : points) {
    known.push_back(point.name);
    known.push_back(point.name.substr(0, point.name.find('.')) + ".*");
  }
  for (const std::string& filter : filters) {
    const bool all = filter == "*";
    if (all || std::any_of(known.begin(), known.end(),
                           [&](const std::string& point) { return trace_filter_matches(filter, point); })) {
      continue;
    }
    const std::string near = nearest(filter, known);
    throw ConfigError(
        "trace",
        fmt::format("--trace: no component of this platform has the trace point '{}'{}; "
                    "'smmu-vp trace-points' lists them",
                    filter, near.empty() ? std::string() : fmt::format("; did you mean '{}'?", near)));
  }
}

}  // namespace

TraceOutputs::TraceOutputs(const RunOptions& options)
    : m_options(options),
      m_text_file("trace-file", options.trace_file),
      m_perfetto_file("perfetto", options.perfetto_file),
      m_vcd_file("vcd", options.vcd_file) {
  if (options.trace_ring) {
    m_ring.emplace(options.trace, *options.trace_ring, [this](std::string_view text) { write_text(text); });
  }
  if (m_perfetto_file.wanted())
    m_perfetto.emplace([this](std::string_view bytes) {
      if (m_begun) return m_perfetto_file.write(bytes);
      m_early += bytes;
    });
  if (m_vcd_file.wanted()) m_vcd.emplace();
}

void TraceOutputs::join(TraceHub& hub, std::function<void()> before_text) {
  m_before_text = std::move(before_text);
  if (m_ring) {
    hub.add_ordered(*m_ring);
  } else if (!m_options.trace.empty()) {
    const auto write = [](void* self, std::string_view line) {
      auto& outputs = *static_cast<TraceOutputs*>(self);
      if (outputs.m_text_file.wanted()) {
        outputs.m_text_file.write(line);
      } else {
        std::fwrite(line.data(), 1, line.size(), stderr);
      }
    };
    hub.add_text(m_options.trace, write, this);
  }
  if (m_perfetto) hub.add_ordered(*m_perfetto);
  if (m_vcd) hub.add_ordered(*m_vcd);
}

void TraceOutputs::write_text(std::string_view text) {
  if (m_text_file.wanted()) return m_text_file.write(text);
  m_before_text();
  std::fwrite(text.data(), 1, text.size(), stderr);
}

void TraceOutputs::choose_points(const System& system) {
  const std::vector<TracePointInfo> points = points_of(system);
  check_filters(m_options.trace, points);
  if (m_perfetto) {
    m_perfetto->set_line_names(line_names(system));
    m_perfetto->set_points(points);
  }
  if (m_vcd) {
    m_vcd->set_line_names(line_names(system));
    m_vcd->set_points(points);
  }
}

void TraceOutputs::begin() {
  m_begun = true;
  m_perfetto_file.write(std::exchange(m_early, {}));
}

void TraceOutputs::diagnostic(const Reported& reported) {
  if (m_perfetto) m_perfetto->diagnostic(reported);
  if (!m_ring) return;
  const Diagnostic& d = reported.diagnostic;
  m_ring->went_wrong(reported.time_ps, fmt::format("{} of {}", d.site, d.source));
}

int TraceOutputs::finish(std::uint64_t time_ps, const std::string& platform, const Verdict& verdict) {
  if (m_ring) {
    m_ring->finish(time_ps,
                   verdict.code == ExitCode::Pass
                       ? ""
                       : fmt::format("the run ends as {}: {}", info(verdict.code).name, verdict.reason));
  }
  if (m_perfetto) m_perfetto->finish(time_ps);
  if (!m_vcd) return 0;
  return m_vcd->finish(time_ps, platform, [this](std::string_view text) { m_vcd_file.write(text); });
}

}  // namespace smmuvp::platform
