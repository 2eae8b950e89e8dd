// Regular expressions that are matched in time and memory that the text cannot make grow: a guest writes it.
#pragma once
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace smmuvp::platform {

/// Extended syntax, over bytes: literals, '.', [sets] with ranges and [:names:], \d \w \s and their
/// negations, \b,
/// ^, $, (groups), |, *, +, ?, {m}, {m,}, {m,n}, and (?i) at the start. What needs backtracking (references,
/// looking around) is refused. A character beyond ASCII is its UTF-8 bytes; it cannot stand in a set.
class Pattern {
 public:
  /// @param what  for messages, for example "--fail-on"
  /// @throws ConfigError that names the column of the mistake
  Pattern(std::string text, const std::string& what);

  const std::string& text() const { return m_text; }

  struct Instruction {
    enum class Kind : std::uint8_t { Set, Split, Jump, Begin, End, WordEdge, Match } kind = Kind::Match;
    std::int32_t to = 0;     // Split, Jump: relative, the one choice
    std::int32_t other = 0;  // Split: relative, the other
    std::bitset<256> set;    // Set: bytes that it takes
  };
  using Program = std::vector<Instruction>;

 private:
  friend class PatternMatcher;
  std::string m_text;
  Program m_program;
  std::bitset<256> m_first;  // bytes that a match can begin with; all, if it can begin with none
};

/// Looks for a pattern in one line after the other. A step takes time by the size of the pattern alone.
class PatternMatcher {
 public:
  explicit PatternMatcher(const Pattern& pattern);

  void begin_line();
  /// The next bytes of the line. @return how many of them were taken when the pattern matched, or npos
  std::size_t feed(std::string_view text);
  /// @return true if the line's end completes a match
  bool end_line();

 private:
  bool close(std::int32_t next);
  void add(std::int32_t at);

  const Pattern* m_pattern;
  std::vector<std::int32_t> m_waiting;  // where instructions go on with the next byte
  std::vector<std::int32_t> m_ready;    // Set instructions that look at it
  std::vector<std::uint32_t> m_seen;    // by instruction: the step that has reached it
  std::vector<std::int32_t> m_stack;
  std::uint32_t m_step = 0;
  std::int32_t m_previous = -1;  // byte; -1: the line begins
};

}  // namespace smmuvp::platform
