// Looks for lines of the console that must not be there: --fail-on.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "console_lines.h"
#include "pattern.h"

namespace smmuvp::platform {

/// A line that a pattern was found in.
struct ConsoleMatch {
  std::uint64_t line = 0;  ///< from 1
  std::string pattern;
  std::string text;  ///< what surrounds the match, 256 bytes at most

  /// "'text' in line 12 of the console, which --fail-on 'pattern' matches"
  std::string describe() const;
};

/// What a crash of the bundled guest and of Linux looks like: oops, panic, BUG, WARNING. --help and
/// docs/report.md show it.
const std::vector<std::string>& default_fail_on();

class ConsoleWatch {
 public:
  /// Lines beyond so many are counted, not kept.
  static constexpr std::size_t most_matches = 100;

  /// @throws ConfigError for what is no pattern
  explicit ConsoleWatch(const std::vector<std::string>& patterns);
  ConsoleWatch(const ConsoleWatch&) = delete;
  ConsoleWatch& operator=(const ConsoleWatch&) = delete;

  void put(const ConsolePiece& piece);

  const std::vector<ConsoleMatch>& matches() const { return m_matches; }
  /// Lines in which a pattern was found.
  std::uint64_t count() const { return m_count; }
  /// Where the first oops was, as arm64's kernels tell: "f+0x10/0x20 [module]". Empty: there was none.
  const std::string& oops() const { return m_oops; }

 private:
  void look_for_oops(const ConsolePiece& piece);
  void found(const Pattern& pattern, const ConsolePiece& piece, std::size_t end);

  std::vector<Pattern> m_patterns;
  std::vector<PatternMatcher> m_matchers;
  std::vector<ConsoleMatch> m_matches;
  std::uint64_t m_count = 0;
  std::string m_before;  // the end of the line's piece before
  bool m_done = false;   // with this line
  bool m_dying = false;  // an oops has begun, and has not said where
  std::string m_oops;
};

}  // namespace smmuvp::platform
