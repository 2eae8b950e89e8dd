#include "ktap.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace smmuvp::platform {

namespace {

// All that is kept has a bound: the console is a guest's, and may be anything.
constexpr std::size_t most_levels = 16;
constexpr std::size_t most_cases = 100000;
constexpr std::size_t most_problems = 100;
constexpr std::size_t most_diagnostics = 100;          // of one case
constexpr std::size_t most_diagnostics_kept = 100000;  // of all cases
constexpr std::size_t most_shown = 64;                 // of a line within a problem

// KTAP and TAP 14 agree: TODO and XFAIL expect a failure, a skipped test may say either, and a test that
// timed out or could not go on has failed whatever stands before the directive.
KtapCase::Result result_of(const KtapLine& line) {
  switch (line.directive) {
    case KtapDirective::Skip:
      return KtapCase::Result::Skipped;
    case KtapDirective::Todo:
    case KtapDirective::Xfail:
      return line.ok ? KtapCase::Result::Passed : KtapCase::Result::Skipped;
    case KtapDirective::Timeout:
    case KtapDirective::Error:
      return KtapCase::Result::Failed;
    case KtapDirective::None:
      break;
  }
  return line.ok ? KtapCase::Result::Passed : KtapCase::Result::Failed;
}

}  // namespace

void KtapParser::problem(std::string_view text) {
  std::vector<std::string>& list = m_report.problems;
  std::string kept = bounded_text(text);
  if (list.size() > most_problems || (!list.empty() && list.back() == kept)) return;
  list.push_back(list.size() == most_problems ? "more problems, not listed" : std::move(kept));
}

bool KtapParser::open(std::size_t indent, std::size_t first_case) {
  if (m_levels.size() >= most_levels) {
    problem("tests are nested too deeply");
    return false;
  }
  Level level;
  level.indent = indent;
  level.first_case = first_case;
  m_levels.push_back(std::move(level));
  return true;
}

void KtapParser::close(const Level& level) {
  if (level.planned && *level.planned != level.results) {
    problem(fmt::format("{} of {} planned tests have a result", level.results, *level.planned));
  } else if (level.planned && level.highest > *level.planned) {
    // TAP 14, "Test Point ID": within the plan.
    problem(
        fmt::format("a result has the number {}, and {} tests are planned", level.highest, *level.planned));
  } else if (!level.planned && level.results == 0) {
    problem("a test document has neither a plan nor a result");
  } else if (!level.planned && !level.from_the_middle && level.highest > level.results) {
    problem(fmt::format("{} results were seen, and one has the number {}", level.results, level.highest));
  }
}

// Documents that are indented as much or more end here. @param outermost  the last of them to end
void KtapParser::close_from(std::size_t indent, std::optional<Level>& outermost) {
  while (!m_levels.empty() && m_levels.back().indent >= indent) {
    if (outermost) problem("a test with subtests has no result of its own");
    close(m_levels.back());
    outermost = std::move(m_levels.back());
    m_levels.pop_back();
  }
}

void KtapParser::version(std::size_t indent) {
  std::optional<Level> ended;
  close_from(indent, ended);
  if (ended && m_levels.empty()) end_of_document(*ended);
  if (ended && !m_levels.empty()) problem("a test with subtests has no result of its own");
  m_diagnostics.clear();
  open(indent, m_report.cases.size());
}

void KtapParser::plan(const KtapLine& line) {
  const auto level = std::find_if(m_levels.rbegin(), m_levels.rend(),
                                  [&](const Level& l) { return l.indent == line.indent; });
  Level* to = level == m_levels.rend() ? nullptr : &*level;
  // TAP 14, "Bare Subtests": deeper lines are a document of their own, version line or not.
  if (to == nullptr && line.indent > m_levels.back().indent && open(line.indent, m_report.cases.size()))
    to = &m_levels.back();
  if (to == nullptr || to->planned) return;
  // TAP 14, "Plan". What the document promises is not known then.
  if (line.first != 1)
    return problem(fmt::format("the plan '{}..{}' does not begin with 1", line.first, *line.number));
  to->planned = line.number;
  to->plan_reason = bounded_text(line.reason);
}

void KtapParser::result(const KtapLine& line) {
  std::optional<Level> child;
  close_from(line.indent + 1, child);
  if (m_levels.empty() || m_levels.back().indent < line.indent) {
    // Subtests without a version line of their own (TAP 14), or a document whose outermost test has none, as
    // KUnit writes it for a module.
    const bool from_the_middle = m_levels.empty();
    if (!open(line.indent, child ? child->first_case : m_report.cases.size())) return;
    m_levels.back().from_the_middle = from_the_middle;
  }
  Level& level = m_levels.back();
  ++level.results;
  level.highest = std::max(level.highest, line.number.value_or(0));
  const std::string name = line.name.empty() ? fmt::format("test {}", line.number.value_or(level.results))
                                             : bounded_text(line.name);
  // TAP 14, "Test Point ID", and KTAP, "Test case result lines": the numbers are unique, so a test that
  // should have run may not have. What is kept of them is bounded by the cases, beyond which there is a
  // problem anyway.
  if (line.number && !level.from_the_middle && m_report.cases.size() < most_cases &&
      !level.seen.insert(*line.number).second)
    problem(fmt::format("two results have the number {}, the second is '{}'", *line.number,
                        bounded_text(name, most_shown)));
  if (child && m_report.cases.size() > child->first_case) {
    end_of_subtests(line, name, *child);
  } else {
    add_case(line, name, child ? &*child : nullptr);
  }
  m_diagnostics.clear();
}

void KtapParser::end_of_subtests(const KtapLine& line, const std::string& name, const Level& child) {
  bool failed_case = false;
  for (std::size_t i = child.first_case; i < m_report.cases.size(); ++i) {
    KtapCase& c = m_report.cases[i];
    c.suite = c.suite.empty() ? name : bounded_text(name + "." + c.suite);
    failed_case = failed_case || c.result == KtapCase::Result::Failed;
  }
  if (result_of(line) == KtapCase::Result::Failed && !failed_case)
    problem(fmt::format("'{}' failed, though none of its tests did", name));
}

void KtapParser::add_case(const KtapLine& line, const std::string& name, const Level* child) {
  if (m_report.cases.size() >= most_cases) return problem(fmt::format("more than {} tests", most_cases));
  KtapCase c;
  c.name = name;
  c.result = result_of(line);
  c.reason = bounded_text(line.reason);
  // Subtests of which none was planned: likewise.
  if (child != nullptr && child->planned == 0 && c.result == KtapCase::Result::Passed) {
    c.result = KtapCase::Result::Skipped;
    c.reason = child->plan_reason;
  }
  if (m_diagnostics_kept + m_diagnostics.size() <= most_diagnostics_kept) {
    m_diagnostics_kept += m_diagnostics.size();
    c.diagnostics = std::move(m_diagnostics);
  }
  m_report.cases.push_back(std::move(c));
}

// A document that begins behind something unknown would be missed without a word. What a shell shows before a
// command that it is given is no such thing.
void KtapParser::hidden_version(std::string_view text, std::uint64_t number) {
  const std::size_t at = text.rfind("TAP version ");
  if (at == std::string_view::npos || std::string_view("+#$>").find(text.front()) != std::string_view::npos)
    return;
  if (read_ktap_line(text.substr(at)).kind != KtapLine::Kind::Version) return;
  if (text.find_last_not_of("0123456789\r ") >= at + std::string_view("TAP version").size()) return;
  problem(
      fmt::format("line {} begins with something that is no printk prefix, so the results after it are not "
                  "read: '{}'",
                  number, bounded_text(text, most_shown)));
}

// Is no unknown line of KTAP's: whoever reads the console sees a result.
bool KtapParser::hidden_result(std::string_view text, std::uint64_t number) {
  const std::string_view rest = without_unshown(text);
  const KtapLine line = read_ktap_line(rest);
  const bool result = line.kind == KtapLine::Kind::Result && (!m_levels.empty() || line.number || line.dash);
  const bool plan = line.kind == KtapLine::Kind::Plan && line.first == 1;
  if (rest.size() == text.size() || (!result && !plan && line.kind != KtapLine::Kind::BailOut)) return false;
  if (m_hidden++ == 0)
    m_first_hidden = fmt::format("'{}' in line {}", bounded_text(text, most_shown), number);
  return true;
}

void KtapParser::line(std::string_view text, std::uint64_t number) {
  const KtapLine line = read_ktap_line(text);
  if (line.kind == KtapLine::Kind::Version) return version(line.indent);
  if (line.kind == KtapLine::Kind::BailOut) return problem(fmt::format("bail out: {}", line.reason));
  if (line.kind == KtapLine::Kind::Other) {
    if (!text.empty() && !hidden_result(text, number)) hidden_version(text, number);
    return;
  }
  if (m_levels.empty()) {
    // A number or a dash must be there: a line of a kernel's may well begin with "ok".
    if ((line.kind == KtapLine::Kind::Result && (line.number || line.dash)) ||
        (line.kind == KtapLine::Kind::Plan && line.first == 1)) {
      if (m_strays++ == 0)
        m_first_stray = fmt::format("'{}' in line {}", bounded_text(text, most_shown), number);
    }
    return;
  }
  switch (line.kind) {
    case KtapLine::Kind::Plan:
      return plan(line);
    case KtapLine::Kind::Result:
      return result(line);
    case KtapLine::Kind::Diagnostic:
      if (m_diagnostics.size() < most_diagnostics) m_diagnostics.push_back(bounded_text(line.reason));
      return;
    case KtapLine::Kind::Version:
    case KtapLine::Kind::BailOut:
    case KtapLine::Kind::Other:
      return;
  }
}

void KtapParser::put(const ConsolePiece& piece) {
  if (!piece.first) return;
  // What stands behind so many blanks cannot be told, and might be a failure.
  if (!piece.last && !m_levels.empty() && piece.text.find_first_not_of(' ') == std::string_view::npos)
    problem(fmt::format("a line is indented by more than {} blanks", ConsoleLines::most_bytes));
  line(piece.text, piece.number);
}

// TAP 14, "Plan": 1..0 skips all of it.
void KtapParser::end_of_document(const Level& level) {
  if (level.planned != 0 || level.results != 0 || m_report.cases.size() >= most_cases) return;
  KtapCase all;
  all.name = "all tests";
  all.result = KtapCase::Result::Skipped;
  all.reason = level.plan_reason;
  m_report.cases.push_back(std::move(all));
}

KtapReport KtapParser::finish() {
  std::optional<Level> ended;
  close_from(0, ended);
  if (ended) end_of_document(*ended);
  if (m_strays != 0) {
    problem(fmt::format(
        "results outside of a test document, which begins with 'KTAP version 1': {} line{}, first {}",
        m_strays, m_strays == 1 ? "" : "s", m_first_stray));
  }
  if (m_hidden != 0) {
    problem(fmt::format(
        "results behind something that is no printk prefix, which are not read: {} line{}, first {}",
        m_hidden, m_hidden == 1 ? "" : "s", m_first_hidden));
  }
  return std::move(m_report);
}

std::uint64_t KtapReport::count(KtapCase::Result result) const {
  return static_cast<std::uint64_t>(
      std::count_if(cases.begin(), cases.end(), [result](const KtapCase& c) { return c.result == result; }));
}

std::uint64_t KtapReport::ran() const { return cases.size() - count(KtapCase::Result::Skipped); }

bool KtapReport::good() const { return problems.empty() && count(KtapCase::Result::Failed) == 0; }

KtapReport parse_ktap(std::string_view console) {
  KtapParser parser;
  ConsoleLines lines([&parser](const ConsolePiece& piece) { parser.put(piece); });
  lines.put(console);
  lines.finish();
  return parser.finish();
}

}  // namespace smmuvp::platform
