#include "checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "duration.h"
#include "smmuvp/tlm/store_control.h"
#include "system.h"

namespace smmuvp::platform {

using checker::Finding;
using checker::Severity;

std::uint64_t CheckReport::count(Severity severity) const {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (severities[i] == severity) n += counts[i];
  }
  return n;
}

std::vector<Severity> CheckReport::by_default() {
  std::vector<Severity> severities;
  for (const checker::Rule& r : checker::rules) severities.push_back(r.severity);
  return severities;
}

std::uint64_t CheckReport::failures() const {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (severities[i] >= fails_from) n += counts[i] - (i < known_counts.size() ? known_counts[i] : 0);
  }
  return n;
}

std::uint64_t CheckReport::known_count() const {
  return std::accumulate(known_counts.begin(), known_counts.end(), std::uint64_t{0});
}

std::uint64_t CheckReport::stale_count() const {
  std::uint64_t n = 0;
  if (!baseline) return n;
  for (const auto& [fingerprint, of] : *baseline) n += of.expected - of.found;
  return n;
}

std::string CheckReport::first_failure() const {
  for (std::size_t i = 0; i < findings.size(); ++i) {
    const Finding& f = findings[i];
    if (severity(f.rule) >= fails_from && !is_known(i))
      return fmt::format("{}: {}", rule(f.rule).id, to_text(f));
  }
  return "";
}

std::string to_text(const checker::Writer& writer) {
  std::string text = writer.name;
  if (!writer.place.empty()) {
    text += " in " + writer.place;
  } else if (writer.pc) {
    text += fmt::format(", pc {:#x}", *writer.pc);
  }
  for (std::size_t i = 1; i < writer.functions.size(); ++i)
    text += (i == 1 ? ", called by " : ", ") + writer.functions[i];
  return text + ", at " + duration_text(writer.time_ps);
}

std::string clause_of(const Finding& f) { return f.clause.empty() ? rule(f.rule).clause : f.clause; }

std::string to_text(const Finding& f) {
  const checker::Rule& r = rule(f.rule);
  std::string where;
  const auto add = [&where](const std::string& text) { where += (where.empty() ? "" : "; ") + text; };
  if (f.stream_id) add(fmt::format("StreamID {:#x}", *f.stream_id));
  if (f.substream_id) add(fmt::format("SubstreamID {:#x}", *f.substream_id));
  if (f.iova) add(fmt::format("IOVA {:#x}", *f.iova));
  if (f.issuer) add("asked for by " + to_text(*f.issuer));
  if (f.remover) add("taken away by " + to_text(*f.remover));
  if (f.writer) add("last stored to by " + to_text(*f.writer));
  return fmt::format("{}: {}: {}{} [{}]", f.smmu, r.title, f.text, where.empty() ? "" : " (" + where + ")",
                     clause_of(f));
}

Checks::Checks(Severity fails_from, const Rules& rules, const Symbols& symbols,
               const std::optional<FingerprintCounts>& baseline, Print print)
    : m_symbols(symbols), m_print(std::move(print)), m_checker([this](const Finding& f) { found(f); }) {
  m_report.on = true;
  m_report.fails_from = fails_from;
  m_report.counts.resize(std::size(checker::rules));
  for (const auto& [rule, severity] : rules) m_report.severities[rule] = severity;
  m_report.known_counts.resize(std::size(checker::rules));
  if (!baseline) return;
  m_report.baseline.emplace();
  for (const auto& [fingerprint, count] : *baseline) (*m_report.baseline)[fingerprint].expected = count;
}

// What a function calls is named once, also where it was in the midst of it.
void Checks::name(std::optional<checker::Writer>& writer) const {
  if (!writer || !writer->pc || !writer->place.empty()) return;
  Symbols::Place place = m_symbols.place(*writer->pc);
  if (place.name.empty()) return;
  writer->place = std::move(place.name);
  writer->functions = std::move(place.functions);
  writer->lines = std::move(place.lines);
  for (const std::uint64_t caller : writer->callers) {
    const Symbols::Place where = m_symbols.place(caller - 4);  // the call itself
    for (std::size_t i = 0; i < where.functions.size(); ++i) {
      if (where.functions[i].empty()) continue;
      if (!writer->functions.empty() && where.functions[i] == writer->functions.back()) continue;
      writer->functions.push_back(where.functions[i]);
      writer->lines.push_back(where.lines[i]);
    }
  }
}

void Checks::name(Finding& finding) const {
  for (auto* who : {&finding.issuer, &finding.remover, &finding.writer}) name(*who);
}

bool Checks::expect(const Fingerprint& fingerprint) {
  const auto at = m_report.baseline->find(fingerprint);
  if (at == m_report.baseline->end() || at->second.found == at->second.expected) return false;
  ++at->second.found;
  return true;
}

bool Checks::is_known(const Finding& finding) {
  if (!m_report.baseline) return false;
  Fingerprint fingerprint = fingerprint_of(finding);
  ++m_report.found[fingerprint];
  if (expect(fingerprint)) return true;
  if (fingerprint.function.empty()) return false;
  // An entry without a function, as of a time when no symbols were known, stands for any.
  fingerprint.function.clear();
  return expect(fingerprint);
}

void Checks::found(const Finding& finding) {
  const Severity severity = m_report.severity(finding.rule);
  if (severity == Severity::off) return;
  Finding named = finding;
  name(named);
  const bool known = is_known(named);
  ++m_report.counts[static_cast<std::size_t>(finding.rule)];
  if (known) ++m_report.known_counts[static_cast<std::size_t>(finding.rule)];
  m_print(named, severity, known);
  if (m_report.findings.size() == CheckReport::most) return;
  m_report.findings.push_back(std::move(named));
  m_report.known.push_back(known);
}

void Checks::connect(const System& system) {
  for (const MemoryRange& m : system.memories()) m_checker.add(*m.control, m.base);
  for (const auto& instance : system.instances()) {
    if (m_checker.add(*instance->component)) m_report.smmus.push_back(instance->config->name);
    m_checker.add(dynamic_cast<StoreControl*>(instance->component.get()),
                  dynamic_cast<CpuControl*>(instance->component.get()), instance->config->name);
  }
}

CheckReport Checks::finish() {
  m_report.pages = m_checker.pages();
  m_checker.finish();
  m_report.looks = m_checker.looks();
  // A module tells where it is when it has been initialised.
  for (Finding& f : m_report.findings) name(f);
  return m_report;
}

}  // namespace smmuvp::platform
