#include "smmuvp/base/params.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "smmuvp/base/number_text.h"

namespace smmuvp {

bool parse_uint(std::string_view text, std::uint64_t& value) {
  int base = 10;
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
    base = 16;
    text.remove_prefix(2);
  }
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc() || rest == text.data()) return false;
  const std::string_view suffix(rest, static_cast<std::size_t>(end - rest));
  unsigned shift = 0;
  if (suffix == "KiB") {
    shift = 10;
  } else if (suffix == "MiB") {
    shift = 20;
  } else if (suffix == "GiB") {
    shift = 30;
  } else if (!suffix.empty()) {
    return false;
  }
  if (shift != 0 && (value >> (64 - shift)) != 0) return false;
  value <<= shift;
  return true;
}

Notation notation_of(std::string_view text) {
  if (text.rfind("0x", 0) == 0 || text.rfind("0X", 0) == 0) return Notation::Hexadecimal;
  const bool size = text.size() > 2 && text.substr(text.size() - 2) == "iB";
  return size ? Notation::Size : Notation::Decimal;
}

std::string number_text(std::uint64_t value, Notation notation) {
  if (notation == Notation::Hexadecimal) return fmt::format("{:#x}", value);
  if (notation == Notation::Size && value != 0) {
    if (value % (1ULL << 30) == 0) return fmt::format("{}GiB", value >> 30);
    if (value % (1ULL << 20) == 0) return fmt::format("{}MiB", value >> 20);
    if (value % (1ULL << 10) == 0) return fmt::format("{}KiB", value >> 10);
  }
  return std::to_string(value);
}

namespace {

// Letters of the other case are the same word to who looks for one.
char lower(char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); }

/// Letters to add, take out or change; two that are swapped count as one.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  const auto same = [&](std::size_t i, std::size_t j) { return lower(a[i]) == lower(b[j]); };
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = d[i - 1][j - 1] + (same(i - 1, j - 1) ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, change});
      if (i > 1 && j > 1 && same(i - 1, j - 2) && same(i - 2, j - 1)) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    if (const std::size_t d = distance(word, candidate); d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

namespace {

bool in_range(const ParamInfo& info, std::uint64_t value) { return value >= info.min && value <= info.max; }

/// What set() takes, for messages.
std::string allowed(const ParamInfo& info) {
  switch (info.type) {
    case ParamType::Bool:
      return "true or false";
    case ParamType::Uint: {
      const Notation n = notation_of(info.default_value);
      return fmt::format("a number of {} to {}", number_text(info.min, n), number_text(info.max, n));
    }
    case ParamType::Choice:
      return fmt::format("one of {}", fmt::join(info.choices, ", "));
    case ParamType::Text:
      break;
    case ParamType::Path:
      return "a path";
  }
  return "text";
}

}  // namespace

Params::Params(std::vector<ParamInfo> infos, std::string owner)
    : m_owner(std::move(owner)), m_infos(std::move(infos)), m_values(m_infos.size()) {
  for (std::size_t i = 0; i < m_infos.size(); ++i) assign(i, m_infos[i].default_value);
}

std::size_t Params::find(std::string_view name) const {
  for (std::size_t i = 0; i < m_infos.size(); ++i) {
    if (m_infos[i].name == name) return i;
  }
  std::vector<std::string> names;
  for (const ParamInfo& info : m_infos) names.push_back(info.name);
  const std::string near = nearest(name, names);
  throw ConfigError(std::string(name), m_owner,
                    near.empty() ? fmt::format("unknown parameter '{}'", name)
                                 : fmt::format("unknown parameter '{}'; did you mean '{}'?", name, near));
}

bool Params::has(std::string_view name) const {
  return std::any_of(m_infos.begin(), m_infos.end(),
                     [&](const ParamInfo& info) { return info.name == name; });
}

void Params::refuse(const ParamInfo& info, std::string_view value, std::string_view why) const {
  throw ConfigError(info.name, m_owner, fmt::format("parameter '{}': {} {}", info.name, value, why));
}

void Params::refuse_negative(std::string_view name, std::int64_t value) const {
  const ParamInfo& info = m_infos[find(name)];
  refuse(info, std::to_string(value), fmt::format("is not {}", allowed(info)));
}

void Params::out_of_range(const ParamInfo& info, std::string_view value) const {
  const Notation n = notation_of(info.default_value);
  refuse(info, value, fmt::format("is outside {} to {}", number_text(info.min, n), number_text(info.max, n)));
}

void Params::assign(std::size_t i, std::string_view text) {
  const ParamInfo& info = m_infos[i];
  switch (info.type) {
    case ParamType::Bool:
      if (text != "true" && text != "false") {
        refuse(info, fmt::format("'{}'", text), "is neither true nor false");
      }
      m_values[i].number = text == "true" ? 1 : 0;
      break;
    case ParamType::Uint: {
      std::uint64_t value = 0;
      if (!parse_uint(text, value)) {
        refuse(info, fmt::format("'{}'", text),
               "is no number (expected decimal, 0x… or a size such as 4KiB)");
      }
      if (!in_range(info, value)) out_of_range(info, text);
      m_values[i].number = value;
      break;
    }
    case ParamType::Choice:
      if (std::find(info.choices.begin(), info.choices.end(), text) == info.choices.end()) {
        refuse(info, fmt::format("'{}'", text), fmt::format("is none of {}", fmt::join(info.choices, ", ")));
      }
      m_values[i].text = text;
      break;
    case ParamType::Text:
    case ParamType::Path:
      m_values[i].text = text;
      break;
  }
}

void Params::set(std::string_view name, std::string_view text) {
  const std::size_t i = find(name);
  assign(i, text);
  m_values[i].given = true;
}

void Params::set(std::string_view name, const char* text) {
  if (text == nullptr) {
    const ParamInfo& info = m_infos[find(name)];
    refuse(info, "a null pointer", fmt::format("is not {}", allowed(info)));
  }
  set(name, std::string_view(text));
}

void Params::set_number(std::string_view name, std::uint64_t value, bool given) {
  const std::size_t i = find(name);
  const ParamInfo& info = m_infos[i];
  const std::string shown = number_text(value, notation_of(info.default_value));
  switch (info.type) {
    case ParamType::Uint:
      if (!in_range(info, value)) out_of_range(info, shown);
      m_values[i].number = value;
      break;
    case ParamType::Bool:
      if (value > 1) refuse(info, shown, "is neither true nor false");
      m_values[i].number = value;
      break;
    case ParamType::Choice: {
      const auto choice = std::find_if(info.choices.begin(), info.choices.end(), [&](const std::string& c) {
        std::uint64_t number = 0;
        return parse_uint(c, number) && number == value;
      });
      if (choice == info.choices.end()) {
        refuse(info, shown, fmt::format("is none of {}", fmt::join(info.choices, ", ")));
      }
      m_values[i].text = *choice;
      break;
    }
    case ParamType::Text:
    case ParamType::Path:
      refuse(info, shown, fmt::format("is a number, expected {}", allowed(info)));
  }
  m_values[i].given = m_values[i].given || given;
}

void Params::set_flag(std::string_view name, bool value) {
  const std::size_t i = find(name);
  const ParamInfo& info = m_infos[i];
  const char* shown = value ? "true" : "false";
  if (info.type != ParamType::Bool && info.type != ParamType::Choice) {
    refuse(info, shown, fmt::format("is no value for it, expected {}", allowed(info)));
  }
  set(name, shown);
}

bool Params::given(std::string_view name) const { return m_values[find(name)].given; }

ParamType Params::type(std::string_view name) const { return m_infos[find(name)].type; }

const Params::Value& Params::typed(std::string_view name, std::initializer_list<ParamType> types) const {
  const std::size_t i = find(name);
  if (std::find(types.begin(), types.end(), m_infos[i].type) == types.end()) {
    throw ConfigError(m_infos[i].name, m_owner,
                      fmt::format("parameter '{}' is read as another type than it has", name));
  }
  return m_values[i];
}

bool Params::flag(std::string_view name) const { return typed(name, {ParamType::Bool}).number != 0; }
std::uint64_t Params::uint(std::string_view name) const { return typed(name, {ParamType::Uint}).number; }
const std::string& Params::text(std::string_view name) const {
  return typed(name, {ParamType::Text, ParamType::Choice, ParamType::Path}).text;
}

std::string Params::value_text(std::string_view name) const {
  const std::size_t i = find(name);
  switch (m_infos[i].type) {
    case ParamType::Bool:
      return m_values[i].number != 0 ? "true" : "false";
    case ParamType::Uint:
      return number_text(m_values[i].number, notation_of(m_infos[i].default_value));
    default:
      return m_values[i].text;
  }
}

}  // namespace smmuvp
