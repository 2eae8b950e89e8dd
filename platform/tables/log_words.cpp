#include "log_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <string_view>

#include "smmuvp/base/utf8.h"

namespace smmuvp::tables {

namespace {

using Tokens = std::vector<std::string_view>;

Tokens tokens_of(std::string_view line) {
  const char* separators = " \t\r\v\f,";
  Tokens tokens;
  for (std::size_t i = line.find_first_not_of(separators); i != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(separators, i), line.size());
    tokens.push_back(line.substr(i, end - i));
    i = line.find_first_not_of(separators, end);
  }
  return tokens;
}

bool is_hex(std::string_view digits) {
  return !digits.empty() && digits.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

std::string_view without_0x(std::string_view text) {
  const bool prefixed = text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
  return prefixed ? text.substr(2) : text;
}

std::uint64_t value_of(std::string_view digits) {
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return value;
}

/// A number as %#018llx prints it.
bool is_whole_word(std::string_view token) {
  const std::string_view digits = without_0x(token);
  return digits.size() == 16 && token.size() == 18 && is_hex(digits);
}

/// "0000000040200000:", "0x40200000:", "0x40200000 <queue>:" ends so.
bool is_address(const Tokens& prefix) {
  if (prefix.empty() || prefix.back().back() != ':') return false;
  std::string_view first = prefix.front();
  if (first.back() == ':') first.remove_suffix(1);
  return prefix.size() <= 2 && is_hex(without_0x(first));
}

/// Whose line it is: what stands before the message, without times and levels, which differ from line to
/// line.
std::string owner_of(const Tokens& prefix) {
  if (prefix.empty() || is_address(prefix)) return "";
  const std::size_t first = prefix.size() > 2 ? prefix.size() - 2 : 0;
  std::string owner;
  for (std::size_t i = first; i < prefix.size(); ++i) {
    owner += (owner.empty() ? "" : " ") + std::string(prefix[i]);
  }
  return owner;
}

/// What a driver prints before the words of a structure; nullptr: nothing is known.
const std::vector<std::string_view>* heading_of(smmuv3::StructureKind kind) {
  static const std::vector<std::string_view> event = {"event", "0x", "received:"};
  static const std::vector<std::string_view> command = {"skipping", "command", "in", "error", "state:"};
  return kind == smmuv3::StructureKind::event     ? &event
         : kind == smmuv3::StructureKind::command ? &command
                                                  : nullptr;
}

/// Where in a line the heading begins, if it ends it.
std::optional<std::size_t> find_heading(const Tokens& tokens, const std::vector<std::string_view>& heading) {
  if (tokens.size() < heading.size()) return std::nullopt;
  const std::size_t first = tokens.size() - heading.size();
  for (std::size_t i = 0; i < heading.size(); ++i) {
    const std::string_view token = tokens[first + i];
    const bool number = heading[i] == "0x" && token.substr(0, 2) == "0x" && is_hex(token.substr(2));
    if (!number && token != heading[i]) return std::nullopt;
  }
  return first;
}

class Log {
 public:
  explicit Log(smmuv3::StructureKind kind)
      : m_size(smmuv3::kind_info(kind).words), m_heading(heading_of(kind)) {}

  void take(std::string_view text) {
    ++m_line;
    const Tokens tokens = tokens_of(text);
    if (m_heading != nullptr) {
      if (const auto at = find_heading(tokens, *m_heading)) {
        begin(owner_of(Tokens(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(*at))));
        return;
      }
    }
    std::size_t first = tokens.size();
    while (first > 0 && is_whole_word(tokens[first - 1])) --first;
    if (first == tokens.size()) return take_words_alone(tokens);
    const Tokens prefix(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(first));
    const std::string owner = owner_of(prefix);
    if (!owner.empty()) {
      // "addr 0x..." is another message, and so is what a driver says without its heading.
      if (prefix.back().back() != ':' || (m_heading != nullptr && m_pending.count(owner) == 0)) return;
    }
    m_is_log = m_is_log || !prefix.empty();
    add(owner, tokens, first);
  }
  std::optional<LoggedWords> finish() {
    for (auto& [owner, pending] : m_pending) give_up(owner, pending);
    if (!m_is_log) return std::nullopt;
    return std::move(m_result);
  }

 private:
  struct Pending {
    std::vector<std::uint64_t> words;
    std::size_t line = 0;
  };

  void begin(const std::string& owner) {
    m_is_log = true;
    Pending& pending = m_pending[owner];
    give_up(owner, pending);
    pending = {};
    pending.line = m_line;
  }
  // A line of words as they may be typed, with fewer digits or without 0x.
  void take_words_alone(const Tokens& tokens) {
    const auto word = [](std::string_view token) {
      const std::string_view digits = without_0x(token);
      // "dead" may be a word of a log as well.
      return digits.size() <= 16 && (digits.size() < token.size() || digits.size() == 16) && is_hex(digits);
    };
    if (std::all_of(tokens.begin(), tokens.end(), word)) add("", tokens, 0);
  }
  void add(const std::string& owner, const Tokens& tokens, std::size_t first) {
    Pending& pending = m_pending[owner];
    for (std::size_t i = first; i < tokens.size(); ++i) {
      if (pending.line == 0) pending.line = m_line;
      pending.words.push_back(value_of(without_0x(tokens[i])));
      if (pending.words.size() < m_size) continue;
      m_result.words.insert(m_result.words.end(), pending.words.begin(), pending.words.end());
      m_result.lines.push_back(pending.line);
      pending = {};
    }
  }
  void give_up(const std::string& owner, const Pending& pending) {
    if (pending.line == 0) return;
    const std::string who =
        owner.empty() ? "" : " (" + printable(owner.substr(0, owner.find_last_not_of(':') + 1)) + ")";
    m_result.notes.push_back(
        fmt::format("line {}{}: {} of {} words, left out", pending.line, who, pending.words.size(), m_size));
  }

  std::size_t m_size;
  const std::vector<std::string_view>* m_heading;
  std::size_t m_line = 0;
  bool m_is_log = false;
  std::map<std::string, Pending> m_pending;  // by owner: devices print at the same time
  LoggedWords m_result;
};

}  // namespace

std::optional<LoggedWords> words_of_log(const std::string& text, smmuv3::StructureKind kind) {
  Log log(kind);
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = std::min(text.find('\n', i), text.size());
    log.take(std::string_view(text).substr(i, end - i));
    i = end + 1;
  }
  return log.finish();
}

}  // namespace smmuvp::tables
