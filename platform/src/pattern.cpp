#include "pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

#include "smmuvp/base/error.h"

namespace smmuvp::platform {

namespace {

using Instruction = Pattern::Instruction;
using Kind = Instruction::Kind;
using Program = Pattern::Program;
using Bytes = std::bitset<256>;

constexpr std::size_t most_instructions = 2000;
constexpr unsigned most_groups = 50;  // within each other
constexpr unsigned most_repeats = 1000;

bool word(std::int32_t c) { return c >= 0 && (std::isalnum(c) != 0 || c == '_'); }

template <class Test>
Bytes bytes_that(Test test) {
  Bytes set;
  for (int c = 0; c < 128; ++c) set[static_cast<std::size_t>(c)] = test(c);
  return set;
}

Instruction jump(Kind kind, std::size_t to, std::size_t other = 0) {
  Instruction i;
  i.kind = kind;
  i.to = static_cast<std::int32_t>(to);
  i.other = static_cast<std::int32_t>(other);
  return i;
}

void append(Program& to, const Program& more) { to.insert(to.end(), more.begin(), more.end()); }

// Reads a pattern by recursive descent. Jumps are relative, so that what is repeated can be copied.
class Reader {
 public:
  Reader(std::string_view text, const std::string& what) : m_text(text), m_what(what) {}

  Program read() {
    if (take("(?i)")) m_any_case = true;
    return choice();
  }

 private:
  [[noreturn]] void fail(const std::string& why) const { fail_at(m_at, why); }
  [[noreturn]] void fail_at(std::size_t at, const std::string& why) const {
    throw ConfigError(
        "", fmt::format("{}: '{}' is no regular expression: column {}: {}", m_what, m_text, at + 1, why));
  }
  bool take(std::string_view word) {
    if (m_text.substr(m_at, word.size()) != word) return false;
    m_at += word.size();
    return true;
  }
  bool ended() const { return m_at >= m_text.size(); }
  char next() const { return ended() ? '\0' : m_text[m_at]; }
  void check_size(std::size_t size, std::size_t at) const {
    if (size > most_instructions) fail_at(at, "too large: repetitions multiply what is repeated");
  }

  Program choice() {
    Program program = sequence();
    while (take("|")) {
      const Program other = sequence();
      Program both{jump(Kind::Split, 1, program.size() + 2)};
      append(both, program);
      both.push_back(jump(Kind::Jump, other.size() + 1));
      append(both, other);
      check_size(both.size(), m_at);
      program = std::move(both);
    }
    return program;
  }

  Program sequence() {
    Program program;
    while (!ended() && next() != '|' && (next() != ')' || m_groups == 0)) {
      if (next() == ')') fail("a ')' without a '('");
      append(program, repeated());
      check_size(program.size(), m_at);
    }
    return program;
  }

  Program repeated() {
    const std::size_t start = m_at;
    Program program = atom();
    for (bool again = false;; again = true) {
      const std::size_t at = m_at;
      unsigned least = 0;
      std::optional<unsigned> most;
      if (take("*")) {
      } else if (take("+")) {
        least = 1;
      } else if (take("?")) {
        most = 1;
      } else if (!braces(least, most)) {
        return program;
      }
      if (again) fail_at(at, "a repetition of a repetition: put the first in a group");
      // Fewest first changes what is matched, not whether something is.
      take("?");
      program = repeat(program, least, most, start);
    }
  }

  // {m}, {m,} and {m,n}; anything else that begins with '{' is a literal.
  bool braces(unsigned& least, std::optional<unsigned>& most) {
    const std::size_t start = m_at;
    const auto number = [&](unsigned& value) {
      const std::size_t first = m_at;
      for (value = 0; next() >= '0' && next() <= '9'; ++m_at) {
        value = value * 10 + static_cast<unsigned>(next() - '0');
        if (value > most_repeats) fail_at(first, fmt::format("more than {} repetitions", most_repeats));
      }
      return m_at > first;
    };
    if (take("{") && number(least)) {
      unsigned upper = 0;
      if (take("}")) {
        most = least;
        return true;
      }
      if (take(",")) {
        const bool limited = number(upper);
        if (take("}")) {
          if (limited && upper < least) fail_at(start, "the upper bound is below the lower one");
          if (limited) most = upper;
          return true;
        }
      }
    }
    m_at = start;
    return false;
  }

  Program repeat(const Program& one, unsigned least, std::optional<unsigned> most, std::size_t at) const {
    Program program;
    check_size(one.size() * std::max(least, most.value_or(least + 1)), at);
    for (unsigned i = 0; i < least; ++i) append(program, one);
    if (!most) {
      program.push_back(jump(Kind::Split, 1, one.size() + 2));
      append(program, one);
      Instruction back = jump(Kind::Jump, 0);
      back.to = -static_cast<std::int32_t>(one.size()) - 1;
      program.push_back(back);
    } else {
      for (unsigned i = least; i < *most; ++i) {
        program.push_back(jump(Kind::Split, 1, one.size() + 1));
        append(program, one);
      }
    }
    check_size(program.size(), at);
    return program;
  }

  Program set(Bytes bytes) const {
    Instruction i;
    i.kind = Kind::Set;
    i.set = bytes;
    for (std::size_t c = 'a'; m_any_case && c <= 'z'; ++c) {
      const std::size_t capital = c - 'a' + 'A';
      if (bytes[c] || bytes[capital]) i.set[c] = i.set[capital] = true;
    }
    return {i};
  }
  static Program assertion(Kind kind) { return {jump(kind, 0)}; }

  Program atom() {
    const std::size_t start = m_at;
    if (take("(")) return group(start);
    if (take("[")) return set(bracket(start));
    if (take("^")) return assertion(Kind::Begin);
    if (take("$")) return assertion(Kind::End);
    if (take(".")) return set(Bytes().set());
    if (take("\\b")) return assertion(Kind::WordEdge);
    Bytes bytes;
    if (take("\\")) {
      if (ended()) fail_at(start, "nothing follows the '\\'");
      return set(escape(start));
    }
    if (next() == '*' || next() == '+' || next() == '?') fail("there is nothing to repeat");
    // The bytes of a character belong together, so that a repetition takes all of it.
    Program program;
    do {
      bytes.reset();
      bytes[static_cast<std::uint8_t>(m_text[m_at++])] = true;
      append(program, set(bytes));
    } while (!ended() && (static_cast<std::uint8_t>(next()) & 0xc0) == 0x80);
    return program;
  }

  Program group(std::size_t start) {
    if (next() == '?' && !take("?:"))
      fail_at(start, "only (?:...), and (?i) at the start, are known of this kind");
    if (++m_groups > most_groups)
      fail_at(start, fmt::format("more than {} groups within each other", most_groups));
    Program program = choice();
    if (!take(")")) fail_at(start, "the group has no ')'");
    --m_groups;
    return program;
  }

  // What follows a '\', in and out of sets.
  Bytes escape(std::size_t start) {
    const char c = m_text[m_at++];
    const auto digit = [](int b) { return b >= '0' && b <= '9'; };
    const auto space = [](int b) { return b == ' ' || (b >= '\t' && b <= '\r'); };
    Bytes one;
    switch (c) {
      case 'd':
        return bytes_that(digit);
      case 'D':
        return ~bytes_that(digit);
      case 'w':
        return bytes_that(word);
      case 'W':
        return ~bytes_that(word);
      case 's':
        return bytes_that(space);
      case 'S':
        return ~bytes_that(space);
      case 't':
        one['\t'] = true;
        return one;
      default:
        break;
    }
    if (word(static_cast<std::uint8_t>(c)) || static_cast<std::uint8_t>(c) >= 128)
      fail_at(start, fmt::format("'\\{}' is not known", c));
    one[static_cast<std::uint8_t>(c)] = true;
    return one;
  }

  static std::optional<Bytes> named(std::string_view name) {
    using Test = int (*)(int);
    constexpr std::array<std::pair<std::string_view, Test>, 8> names{{{"alpha", std::isalpha},
                                                                      {"digit", std::isdigit},
                                                                      {"alnum", std::isalnum},
                                                                      {"upper", std::isupper},
                                                                      {"lower", std::islower},
                                                                      {"space", std::isspace},
                                                                      {"punct", std::ispunct},
                                                                      {"xdigit", std::isxdigit}}};
    for (const auto& [known, test] : names) {
      if (known == name) return bytes_that([t = test](int c) { return t(c) != 0; });
    }
    return {};
  }

  // One byte, or what has no order: an escape of several, a name. @return the byte, or -1
  int member(Bytes& bytes, std::size_t start) {
    if (ended()) fail_at(start, "the set has no ']'");
    const std::size_t at = m_at;
    if (take("[:")) {
      const std::size_t end = m_text.find(":]", m_at);
      const std::optional<Bytes> set =
          end == std::string_view::npos ? std::nullopt : named(m_text.substr(m_at, end - m_at));
      if (!set) fail_at(at, "no such set; there are alpha, digit, alnum, upper, lower, space, punct, xdigit");
      m_at = end + 2;
      bytes |= *set;
      return -1;
    }
    if (take("\\")) {
      if (ended()) fail_at(start, "the set has no ']'");
      const Bytes set = escape(at);
      bytes |= set;
      if (set.count() != 1) return -1;
      for (int c = 0; c < 128; ++c) {
        if (set[static_cast<std::size_t>(c)]) return c;
      }
      return -1;
    }
    const auto c = static_cast<std::uint8_t>(m_text[m_at++]);
    if (c >= 128) fail_at(at, "a character beyond ASCII cannot stand in a set; use (a|b)");
    bytes[c] = true;
    return c;
  }

  Bytes bracket(std::size_t start) {
    const bool negated = take("^");
    Bytes bytes;
    // A ']' that comes first is a member.
    for (bool first = true; first || next() != ']'; first = false) {
      const std::size_t at = m_at;
      const int from = member(bytes, start);
      if (next() != '-' || m_text.substr(m_at, 2) == "-]") continue;
      ++m_at;
      const int to = member(bytes, start);
      if (from < 0 || to < from) fail_at(at, "this range has no order from low to high");
      for (int c = from; c <= to; ++c) bytes[static_cast<std::size_t>(c)] = true;
    }
    ++m_at;
    // Both cases belong in it before it is negated.
    if (negated && m_any_case) bytes = set(bytes)[0].set;
    return negated ? ~bytes : bytes;
  }

  std::string_view m_text;
  const std::string& m_what;
  std::size_t m_at = 0;
  unsigned m_groups = 0;
  bool m_any_case = false;
};

}  // namespace

Pattern::Pattern(std::string text, const std::string& what) : m_text(std::move(text)) {
  m_program = Reader(m_text, what).read();
  m_program.push_back({});
  m_first.set();
  PatternMatcher empty(*this);
  empty.begin_line();
  if (empty.feed("") != std::string_view::npos || empty.end_line())
    throw ConfigError(
        "", fmt::format("{}: '{}' matches an empty line, so it would match every console", what, m_text));
  // Assertions are taken as true: a byte too many costs time, one too few would cost matches.
  Bytes first;
  std::vector<bool> seen(m_program.size());
  std::vector<std::size_t> open{0};
  while (!open.empty()) {
    const std::size_t at = open.back();
    open.pop_back();
    if (seen[at]) continue;
    seen[at] = true;
    const Instruction& i = m_program[at];
    const auto target = [at](std::int32_t by) {
      return static_cast<std::size_t>(static_cast<std::int64_t>(at) + by);
    };
    switch (i.kind) {
      case Kind::Set:
        first |= i.set;
        break;
      case Kind::Split:
        open.push_back(target(i.to));
        open.push_back(target(i.other));
        break;
      case Kind::Jump:
        open.push_back(target(i.to));
        break;
      case Kind::Begin:
      case Kind::End:
      case Kind::WordEdge:
        open.push_back(at + 1);
        break;
      case Kind::Match:
        first.set();
        break;
    }
  }
  m_first = first;
}

PatternMatcher::PatternMatcher(const Pattern& pattern)
    : m_pattern(&pattern), m_seen(pattern.m_program.size()) {}

void PatternMatcher::begin_line() {
  m_waiting.clear();
  m_previous = -1;
}

void PatternMatcher::add(std::int32_t at) {
  std::uint32_t& seen = m_seen[static_cast<std::size_t>(at)];
  if (seen == m_step) return;
  seen = m_step;
  m_stack.push_back(at);
}

// Follows what takes no byte between the previous one and `next` (-1: the line ends). @return true at a match
bool PatternMatcher::close(std::int32_t next) {
  if (++m_step == 0) {
    std::fill(m_seen.begin(), m_seen.end(), 0);
    m_step = 1;
  }
  m_ready.clear();
  for (const std::int32_t at : m_waiting) add(at);
  m_waiting.clear();
  add(0);
  while (!m_stack.empty()) {
    const std::int32_t at = m_stack.back();
    m_stack.pop_back();
    const Instruction& i = m_pattern->m_program[static_cast<std::size_t>(at)];
    switch (i.kind) {
      case Kind::Set:
        m_ready.push_back(at);
        break;
      case Kind::Split:
        add(at + i.to);
        add(at + i.other);
        break;
      case Kind::Jump:
        add(at + i.to);
        break;
      case Kind::Begin:
        if (m_previous < 0) add(at + 1);
        break;
      case Kind::End:
        if (next < 0) add(at + 1);
        break;
      case Kind::WordEdge:
        if (word(m_previous) != word(next)) add(at + 1);
        break;
      case Kind::Match:
        m_stack.clear();
        return true;
    }
  }
  return false;
}

std::size_t PatternMatcher::feed(std::string_view text) {
  for (std::size_t n = 0; n < text.size(); ++n) {
    const auto byte = static_cast<std::uint8_t>(text[n]);
    if (!m_waiting.empty() || m_pattern->m_first[byte]) {
      if (close(byte)) return n;
      for (const std::int32_t at : m_ready) {
        if (m_pattern->m_program[static_cast<std::size_t>(at)].set[byte]) m_waiting.push_back(at + 1);
      }
    }
    m_previous = byte;
  }
  return std::string_view::npos;
}

bool PatternMatcher::end_line() { return close(-1); }

}  // namespace smmuvp::platform
