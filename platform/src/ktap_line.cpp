#include "ktap_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace smmuvp::platform {

namespace {

bool blank(char c) { return c == ' ' || c == '\t'; }

bool digit(char c) { return c >= '0' && c <= '9'; }

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool take(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// @param prefix  in capitals
bool take_in_any_case(std::string_view& text, std::string_view prefix) {
  if (text.size() < prefix.size()) return false;
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    if (upper(text[i]) != prefix[i]) return false;
  }
  text.remove_prefix(prefix.size());
  return true;
}

// A number beyond all numbers is the greatest one: it is none that a test can have.
bool take_number(std::string_view& text, std::uint64_t& value) {
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) value = std::numeric_limits<std::uint64_t>::max();
  if (error == std::errc::invalid_argument) return false;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  return true;
}

void trim(std::string_view& text) {
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && (blank(text.back()) || text.back() == '\r')) text.remove_suffix(1);
}

bool at_word_end(std::string_view rest) { return rest.empty() || blank(rest.front()); }

// TAP 14, "Escaping": "\#" is '#', "\\" is '\', any other '\' is itself.
std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '#' || text[i + 1] == '\\');
    plain += text[escape ? ++i : i];
  }
  return plain;
}

// The '#' that ends a description: the first that has no '\' of its own and stands after a blank, or, as TAP
// 14's examples have it, after an escaped '\'.
std::size_t directive_start(std::string_view text) {
  bool may = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '#' && may) return i;
    const bool escape = text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '#' || text[i + 1] == '\\');
    if (escape) ++i;
    may = blank(text[i]) || (escape && text[i] == '\\');
  }
  return std::string_view::npos;
}

struct DirectiveName {
  std::string_view name;
  KtapDirective directive;
  bool open;  // more of the word may follow: TAP 14 takes "Skipped:" for SKIP
};
constexpr std::array<DirectiveName, 5> directives{{{"SKIP", KtapDirective::Skip, true},
                                                   {"TODO", KtapDirective::Todo, true},
                                                   {"XFAIL", KtapDirective::Xfail, false},
                                                   {"TIMEOUT", KtapDirective::Timeout, false},
                                                   {"ERROR", KtapDirective::Error, false}}};

// @param text  what follows '#'
void read_directive(std::string_view text, KtapLine& line) {
  trim(text);
  for (const DirectiveName& d : directives) {
    std::string_view rest = text;
    if (!take_in_any_case(rest, d.name)) continue;
    while (d.open && !at_word_end(rest)) rest.remove_prefix(1);
    // "ERROR: no memory" is one, "errors=0" is data.
    if (!d.open && !take(rest, ":") && !at_word_end(rest)) continue;
    trim(rest);
    line.directive = d.directive;
    line.reason = d.directive == KtapDirective::Skip ? "" : std::string(d.name);
    if (!rest.empty()) line.reason += (line.reason.empty() ? "" : " ") + unescaped(rest);
    return;
  }
  line.reason = unescaped(text);
}

void read_result(std::string_view rest, bool ok, KtapLine& line) {
  if (!at_word_end(rest)) return;
  line.kind = KtapLine::Kind::Result;
  line.ok = ok;
  trim(rest);
  std::string_view after = rest;
  std::uint64_t number = 0;
  if (take_number(after, number) && at_word_end(after)) {
    line.number = number;
    rest = after;
    trim(rest);
  }
  line.dash = take(rest, "- ") || rest == "-";
  if (rest == "-") rest = "";
  trim(rest);
  if (const std::size_t hash = directive_start(rest); hash != std::string_view::npos) {
    read_directive(rest.substr(hash + 1), line);
    rest = rest.substr(0, hash);
    trim(rest);
  }
  line.name = unescaped(rest);
}

// "1..N"; older TAP let a plan begin with any number.
void read_plan(std::string_view rest, KtapLine& line) {
  std::uint64_t first = 0;
  std::uint64_t planned = 0;
  if (!take_number(rest, first) || !take(rest, "..") || !take_number(rest, planned)) return;
  trim(rest);
  if (!rest.empty() && rest.front() != '#') return;
  line.kind = KtapLine::Kind::Plan;
  line.first = first;
  line.number = planned;
  if (!rest.empty()) read_directive(rest.substr(1), line);
}

bool take_blanks(std::string_view& text) {
  const std::size_t before = text.size();
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  return text.size() != before;
}

// "KTAP version 1", "TAP version 14". More blanks than one are none of either, but what follows must not be
// missed for them.
bool is_version(std::string_view rest) {
  std::uint64_t version = 0;
  return (take(rest, "KTAP") || take(rest, "TAP")) && take_blanks(rest) && take(rest, "version") &&
         take_blanks(rest) && take_number(rest, version);
}

}  // namespace

// One piece of what a terminal does not show, or a log adds: an escape sequence (ECMA-48 5.4), a control
// character, printk's "<level>", "[text]". @return bytes, 0: there is none
std::size_t unshown(std::string_view text) {
  constexpr std::size_t most = 64;
  constexpr char escape = 0x1b;
  if (text.size() > 1 && text[0] == escape && text[1] == '[') {
    std::size_t end = 2;
    while (end < text.size() && text[end] >= 0x20 && text[end] <= 0x3f) ++end;
    return end < text.size() && text[end] >= 0x40 && text[end] <= 0x7e ? end + 1 : end;
  }
  if ((text[0] >= 0 && text[0] <= ' ') || text[0] == 0x7f) return 1;
  if (text[0] != '<' && text[0] != '[') return 0;
  const std::size_t close = text.substr(0, most).find(text[0] == '<' ? '>' : ']');
  if (close == std::string_view::npos) return 0;
  const std::string_view level = text.substr(1, close - 1);
  return text[0] == '[' || (!level.empty() && std::all_of(level.begin(), level.end(), digit)) ? close + 1 : 0;
}

std::string_view without_unshown(std::string_view text) {
  while (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  // What stands before a carriage return is written over; TAP 14, "Harness Behavior", has a line end there.
  if (const std::size_t back = text.rfind('\r'); back != std::string_view::npos) text.remove_prefix(back + 1);
  while (!text.empty()) {
    const std::size_t bytes = unshown(text);
    if (bytes == 0) break;
    text.remove_prefix(bytes);
  }
  return text;
}

KtapLine read_ktap_line(std::string_view text) {
  KtapLine line;
  std::size_t start = 0;
  for (; start < text.size() && blank(text[start]); ++start) {
    line.indent = text[start] == ' ' ? line.indent + 1 : (line.indent / 8 + 1) * 8;
  }
  text.remove_prefix(start);
  while (!text.empty() && text.back() == '\r') text.remove_suffix(1);

  std::string_view rest = text;
  if (is_version(rest)) {
    line.kind = KtapLine::Kind::Version;
  } else if (!rest.empty() && digit(rest.front())) {
    read_plan(rest, line);
  } else if (take(rest, "not ok")) {
    read_result(rest, false, line);
  } else if (take(rest, "ok")) {
    read_result(rest, true, line);
  } else if (take_in_any_case(rest, "BAIL OUT!")) {
    trim(rest);
    line.kind = KtapLine::Kind::BailOut;
    line.reason = unescaped(rest);
  } else if (take(rest, "#")) {
    trim(rest);
    line.kind = KtapLine::Kind::Diagnostic;
    line.reason = std::string(rest);
  }
  return line;
}

}  // namespace smmuvp::platform
