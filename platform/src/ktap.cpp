#include "ktap.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace smmuvp::platform {

namespace {

// All that is kept has a bound: the console is a guest's, and may be anything.
constexpr std::size_t most_levels = 16;
constexpr std::size_t most_cases = 100000;
constexpr std::size_t most_problems = 100;
constexpr std::size_t most_diagnostics = 100;          // of one case
constexpr std::size_t most_diagnostics_kept = 100000;  // of all cases
constexpr std::size_t most_text_bytes = 256;           // of a name, a suite, a reason or a diagnostic
constexpr std::size_t most_line_bytes = 4096;

// Longer texts end in "...". A sequence of UTF-8 that the cut splits is replaced where it is printed.
std::string bounded(std::string_view text) {
  if (text.size() <= most_text_bytes) return std::string(text);
  return std::string(text.substr(0, most_text_bytes - 3)) + "...";
}

bool take(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool take_number(std::string_view& text, std::uint64_t& value) {
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  return true;
}

void trim(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
    text.remove_suffix(1);
}

// printk's time: '[', blanks, seconds '.' microseconds, "] ".
void drop_timestamp(std::string_view& line) {
  if (line.empty() || line.front() != '[') return;
  const std::size_t close = line.find(']');
  if (close == std::string_view::npos || close > 24) return;
  for (const char c : line.substr(1, close - 1)) {
    if (c != ' ' && c != '.' && (c < '0' || c > '9')) return;
  }
  line.remove_prefix(close + 1);
  if (!line.empty() && line.front() == ' ') line.remove_prefix(1);
}

}  // namespace

void KtapParser::problem(std::string_view text) {
  std::vector<std::string>& list = m_report.problems;
  std::string kept = bounded(text);
  if (list.size() > most_problems || (!list.empty() && list.back() == kept)) return;
  list.push_back(list.size() == most_problems ? "more problems, not listed" : std::move(kept));
}

void KtapParser::close(const Level& level) {
  if (level.planned && *level.planned != level.results) {
    problem(fmt::format("{} of {} planned tests have a result", level.results, *level.planned));
  } else if (!level.planned && level.results == 0) {
    problem("a test document has neither a plan nor a result");
  }
}

void KtapParser::result(std::size_t indent, bool ok, std::string_view rest) {
  // Deeper documents end with their parent's result line.
  std::optional<Level> child;
  while (!m_levels.empty() && m_levels.back().indent > indent) {
    close(m_levels.back());
    child = m_levels.back();
    m_levels.pop_back();
  }
  if (m_levels.empty()) return;
  Level& level = m_levels.back();
  ++level.results;

  std::uint64_t number = level.results;
  trim(rest);
  take_number(rest, number);
  trim(rest);
  if (take(rest, "- ")) trim(rest);
  std::string_view directive;
  if (const std::size_t hash = rest.find('#'); hash != std::string_view::npos) {
    directive = rest.substr(hash + 1);
    rest = rest.substr(0, hash);
    trim(rest);
    trim(directive);
  }
  const std::string name = rest.empty() ? fmt::format("test {}", number) : bounded(rest);

  if (child && m_report.cases.size() > child->first_case) {
    bool failed_case = false;
    for (std::size_t i = child->first_case; i < m_report.cases.size(); ++i) {
      KtapCase& c = m_report.cases[i];
      c.suite = c.suite.empty() ? name : bounded(name + "." + c.suite);
      failed_case = failed_case || c.result == KtapCase::Result::Failed;
    }
    if (!ok && !failed_case) problem(fmt::format("'{}' failed, though none of its tests did", name));
    m_diagnostics.clear();
    return;
  }
  if (m_report.cases.size() >= most_cases) {
    m_diagnostics.clear();
    return problem(fmt::format("more than {} tests", most_cases));
  }
  KtapCase c;
  c.name = name;
  if (m_diagnostics_kept + m_diagnostics.size() <= most_diagnostics_kept) {
    m_diagnostics_kept += m_diagnostics.size();
    c.diagnostics = std::move(m_diagnostics);
  }
  m_diagnostics.clear();
  if (take(directive, "SKIP")) {
    trim(directive);
    c.result = KtapCase::Result::Skipped;
    c.reason = bounded(directive);
  } else if (take(directive, "TODO") && !ok) {
    // An expected failure: KTAP says that it does not fail the run.
    c.result = KtapCase::Result::Skipped;
    c.reason = "TODO";
  } else {
    c.result = ok ? KtapCase::Result::Passed : KtapCase::Result::Failed;
  }
  m_report.cases.push_back(std::move(c));
}

void KtapParser::line(std::string_view text) {
  while (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  drop_timestamp(text);
  std::size_t indent = 0;
  while (indent < text.size() && text[indent] == ' ') ++indent;
  text.remove_prefix(indent);

  std::string_view rest = text;
  if (take(rest, "KTAP version ") || take(rest, "TAP version ")) {
    m_report.seen = true;
    while (!m_levels.empty() && m_levels.back().indent >= indent) {
      close(m_levels.back());
      m_levels.pop_back();
    }
    if (m_levels.size() >= most_levels) return problem("tests are nested too deeply");
    m_levels.push_back({indent, {}, 0, m_report.cases.size()});
    m_diagnostics.clear();
    return;
  }
  if (m_levels.empty()) return;
  if (take(rest, "1..")) {
    std::uint64_t planned = 0;
    if (take_number(rest, planned) && m_levels.back().indent == indent && !m_levels.back().planned) {
      m_levels.back().planned = planned;
    }
  } else if (take(rest, "not ok")) {
    if (rest.empty() || rest.front() == ' ') result(indent, false, rest);
  } else if (take(rest, "ok")) {
    if (rest.empty() || rest.front() == ' ') result(indent, true, rest);
  } else if (take(rest, "Bail out!")) {
    trim(rest);
    problem(fmt::format("bail out: {}", rest));
  } else if (take(rest, "#")) {
    trim(rest);
    if (m_diagnostics.size() < most_diagnostics) m_diagnostics.push_back(bounded(rest));
  }
}

void KtapParser::end_line() {
  // What stands behind so many blanks cannot be told, and might be a failure.
  if (m_cut && !m_levels.empty() && m_line.find_first_not_of(' ') == std::string::npos)
    problem(fmt::format("a line is indented by more than {} blanks", most_line_bytes));
  line(m_line);
  m_line.clear();
  m_cut = false;
}

void KtapParser::put(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    const std::size_t kept = std::min(end, most_line_bytes - m_line.size());
    m_line.append(bytes.substr(0, kept));
    m_cut = m_cut || kept < end;
    if (end == bytes.size()) return;
    end_line();
    bytes.remove_prefix(end + 1);
  }
}

KtapReport KtapParser::finish() {
  if (!m_line.empty()) end_line();
  while (!m_levels.empty()) {
    close(m_levels.back());
    m_levels.pop_back();
  }
  return std::move(m_report);
}

std::uint64_t KtapReport::count(KtapCase::Result result) const {
  return static_cast<std::uint64_t>(
      std::count_if(cases.begin(), cases.end(), [result](const KtapCase& c) { return c.result == result; }));
}

bool KtapReport::good() const { return problems.empty() && count(KtapCase::Result::Failed) == 0; }

KtapReport parse_ktap(std::string_view console) {
  KtapParser parser;
  parser.put(console);
  return parser.finish();
}

}  // namespace smmuvp::platform
