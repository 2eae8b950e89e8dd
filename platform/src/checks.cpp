#include "checks.h"

#include <fmt/format.h>

#include "duration.h"
#include "smmuvp/tlm/store_control.h"
#include "system.h"

namespace smmuvp::platform {

using checker::Finding;
using checker::Severity;

std::uint64_t CheckReport::count(Severity severity) const {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (checker::rules[i].severity == severity) n += counts[i];
  }
  return n;
}

std::uint64_t CheckReport::failures() const {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (checker::rules[i].severity >= fails_from) n += counts[i];
  }
  return n;
}

std::string CheckReport::first_failure() const {
  for (const Finding& f : findings) {
    const checker::Rule& r = rule(f.rule);
    if (r.severity >= fails_from) return fmt::format("{}: {}", r.id, to_text(f));
  }
  return "";
}

std::string to_text(const Finding& f) {
  const checker::Rule& r = rule(f.rule);
  std::string where;
  const auto add = [&where](const std::string& text) { where += (where.empty() ? "" : "; ") + text; };
  if (f.stream_id) add(fmt::format("StreamID {:#x}", *f.stream_id));
  if (f.substream_id) add(fmt::format("SubstreamID {:#x}", *f.substream_id));
  if (f.iova) add(fmt::format("IOVA {:#x}", *f.iova));
  if (f.writer) {
    const std::string pc = f.writer->pc ? fmt::format(", pc {:#x}", *f.writer->pc) : "";
    add(fmt::format("last stored to by {}{}, at {}", f.writer->name, pc, duration_text(f.writer->time_ps)));
  }
  return fmt::format("{}: {}: {}{} [{}]", f.smmu, r.title, f.text, where.empty() ? "" : " (" + where + ")",
                     r.clause);
}

Checks::Checks(Severity fails_from, std::function<void(const Finding&)> print)
    : m_print(std::move(print)), m_checker([this](const Finding& f) { found(f); }) {
  m_report.on = true;
  m_report.fails_from = fails_from;
  m_report.counts.resize(std::size(checker::rules));
}

void Checks::found(const Finding& finding) {
  ++m_report.counts[static_cast<std::size_t>(finding.rule)];
  if (m_report.findings.size() < CheckReport::most) m_report.findings.push_back(finding);
  m_print(finding);
}

void Checks::connect(const System& system) {
  for (const MemoryRange& m : system.memories()) m_checker.add(*m.control, m.base);
  for (const auto& instance : system.instances()) {
    m_checker.add(*instance->component);
    if (auto* stores = dynamic_cast<StoreControl*>(instance->component.get())) {
      m_checker.add(*stores, instance->config->name);
    }
  }
}

CheckReport Checks::finish() {
  m_report.pages = m_checker.pages();
  m_checker.finish();
  m_report.looks = m_checker.looks();
  return m_report;
}

}  // namespace smmuvp::platform
