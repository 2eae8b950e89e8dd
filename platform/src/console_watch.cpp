#include "console_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace smmuvp::platform {

namespace {
constexpr std::size_t most_text_bytes = 256;

// What is shown of a text that is too long, its end.
std::string tail(std::string_view text) {
  return std::string(text.substr(text.size() - std::min(text.size(), most_text_bytes - 3)));
}
}  // namespace

// Not bound to the start of a line: a kernel's message may follow a program's text without a line end.
const std::vector<std::string>& default_fail_on() {
  static const std::vector<std::string> patterns = {
      // Linux: "Kernel panic - not syncing: "; the bundled guest: "Kernel panic: ".
      R"(Kernel panic( - not syncing)?: )",
      // "Internal error: Oops", and other ends in arm64's die().
      R"(Internal error: )",
      R"(Unable to handle kernel )",
      R"(kernel BUG at )",
      // "BUG: KASAN: ...", "watchdog: BUG: soft lockup", "BUG: scheduling while atomic".
      R"(\bBUG: )",
      R"(\bUBSAN: )",
      // "rcu_preempt self-detected stall on CPU", "rcu_sched detected stalls on CPUs/tasks:".
      R"(\brcu: INFO: .*detected stall)",
      // A program's "WARNING: ..." is none of the kernel's: a place or lockdep's words must follow.
      R"(\bWARNING: (CPU: \d+ |at \S+:\d+|\S+:\d+ at |possible |suspicious |inconsistent |bad unlock balance))",
  };
  return patterns;
}

std::string ConsoleMatch::describe() const {
  return fmt::format("'{}' in line {} of the console, which --fail-on '{}' matches", text, line, pattern);
}

ConsoleWatch::ConsoleWatch(const std::vector<std::string>& patterns) {
  for (const std::string& text : patterns) m_patterns.emplace_back(text, "--fail-on");
  for (const Pattern& pattern : m_patterns) m_matchers.emplace_back(pattern);
}

void ConsoleWatch::found(const Pattern& pattern, const ConsolePiece& piece, std::size_t end) {
  m_done = true;
  if (m_count++ >= most_matches) return;
  ConsoleMatch match;
  match.line = piece.number;
  match.pattern = pattern.text();
  // The line's beginning, unless the match would not be seen then; it may have ended with the piece before.
  const bool near = piece.first && end <= most_text_bytes;
  match.text = near ? bounded_text(piece.text, most_text_bytes)
                    : "..." + tail(m_before + tail(piece.text.substr(0, end)));
  m_matches.push_back(std::move(match));
}

// "Internal error: ..." begins an oops; the registers that follow begin with "pc : f+0x10/0x20 [module]".
void ConsoleWatch::look_for_oops(const ConsolePiece& piece) {
  constexpr std::string_view program_counter = "pc : ";
  if (!m_oops.empty() || !piece.first) return;
  if (piece.text.find("Internal error: ") != std::string_view::npos) {
    m_dying = true;
  } else if (m_dying && piece.text.substr(0, program_counter.size()) == program_counter) {
    m_oops = bounded_text(piece.text.substr(program_counter.size()), most_text_bytes);
  }
}

void ConsoleWatch::put(const ConsolePiece& piece) {
  look_for_oops(piece);
  if (piece.first) {
    m_done = false;
    for (PatternMatcher& matcher : m_matchers) matcher.begin_line();
  }
  for (std::size_t i = 0; i < m_matchers.size() && !m_done; ++i) {
    if (const std::size_t end = m_matchers[i].feed(piece.text); end != std::string_view::npos) {
      found(m_patterns[i], piece, end);
    } else if (piece.last && m_matchers[i].end_line()) {
      found(m_patterns[i], piece, piece.text.size());
    }
  }
  m_before = piece.last ? "" : tail(piece.text);
}

}  // namespace smmuvp::platform
