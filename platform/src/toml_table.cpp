#include "toml_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <sstream>

#include "smmuvp/base/number_text.h"
#include "smmuvp/base/params.h"
#include "smmuvp/base/utf8.h"

namespace smmuvp::platform {

namespace {

constexpr std::size_t most_bytes = 1 << 20;
constexpr unsigned most_nesting = 32;

// The parser recurses for each bracket and each part of a dotted key; this keeps it shallow.
void check_nesting(const std::string& text, const std::string& file) {
  unsigned depth = 0;
  unsigned dots = 0;
  unsigned line = 1;
  char quote = 0;
  bool comment = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      ++line;
      dots = 0;
      comment = false;
      quote = 0;
    } else if (comment) {
      continue;
    } else if (quote != 0) {
      if (c == '\\' && quote == '"') {
        ++i;
      } else if (c == quote) {
        quote = 0;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#') {
      comment = true;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    } else if (c == '.') {
      ++dots;
    }
    if (depth > most_nesting || dots > most_nesting) {
      config_error({file, line, 1}, "", "TOML syntax: nested too deeply");
    }
  }
}

std::string first_line(const std::string& what) {
  std::string line = what.substr(0, what.find('\n'));
  constexpr std::string_view error = "[error] ";
  if (line.rfind(error, 0) == 0) line.erase(0, error.size());
  // "toml::parse_array: …": the parser's own function says nothing to a reader.
  if (line.rfind("toml::", 0) == 0) {
    const std::size_t end = line.find(": ");
    if (end != std::string::npos && line.find(' ') == end + 1) line.erase(0, end + 2);
  }
  return line;
}

const char* type_name(const TomlValue& value) {
  switch (value.type()) {
    case toml::value_t::boolean:
      return "true or false";
    case toml::value_t::integer:
      return "a number";
    case toml::value_t::floating:
      return "a number with a fraction";
    case toml::value_t::string:
      return "a text";
    case toml::value_t::array:
      return "a list";
    case toml::value_t::table:
      return "a table";
    default:
      return "a date or time";
  }
}

[[noreturn]] void wrong_type(const TomlValue& value, const std::string& what, const char* expected) {
  config_error(place_of(value), what, fmt::format("{} must be {}, not {}", what, expected, type_name(value)));
}

// A number as the file has it: the parser keeps no notation.
std::string written_number(const TomlValue& value) {
  if (value.is_string()) return value.as_string().str;
  const toml::source_location at = value.location();
  const std::string& line = at.line_str();
  return at.column() == 0 || at.column() > line.size() ? std::string() : line.substr(at.column() - 1, 2);
}

}  // namespace

TomlValue parse_toml(const std::string& text, const std::string& file) {
  if (text.size() > most_bytes) config_error({file, 0, 0}, "", "the file has more than 1 MiB");
  const auto line_of = [&](std::size_t at) {
    const auto end = text.begin() + static_cast<std::ptrdiff_t>(at);
    return static_cast<unsigned>(std::count(text.begin(), end, '\n')) + 1;
  };
  if (const std::size_t zero = text.find('\0'); zero != std::string::npos)
    config_error({file, line_of(zero), 1}, "", "TOML syntax: a zero byte; is this a TOML file?");
  // The parser reads beyond the end of the file when it reports this itself.
  if (const std::size_t bad = find_ill_formed_utf8(text); bad != std::string::npos) {
    config_error({file, line_of(bad), 1}, "",
                 fmt::format("TOML syntax: byte {:#04x} is no UTF-8; is this a TOML file?",
                             static_cast<unsigned char>(text[bad])));
  }
  check_nesting(text, file);
  try {
    std::istringstream stream(text);
    return toml::parse<toml::discard_comments, std::map, std::vector>(stream, file);
  } catch (const toml::exception& e) {
    const auto& at = e.location();
    config_error({file, static_cast<unsigned>(at.line()), static_cast<unsigned>(at.column())}, "",
                 fmt::format("TOML syntax: {}", first_line(e.what())));
  } catch (const std::exception& e) {
    config_error({file, 0, 0}, "", fmt::format("TOML syntax: {}", first_line(e.what())));
  }
}

Place place_of(const TomlValue& value) {
  const toml::source_location at = value.location();
  return {at.file_name(), static_cast<unsigned>(at.line()), static_cast<unsigned>(at.column())};
}

Place place_of_key(const TomlValue& value, const std::string& key) {
  const toml::source_location at = value.location();
  Place place = place_of(value);
  const std::size_t found = at.line_str().rfind(key, at.column() > 0 ? at.column() - 1 : 0);
  if (found != std::string::npos) place.column = static_cast<unsigned>(found) + 1;
  return place;
}

std::string toml_text(const TomlValue& value, const std::string& what) {
  if (!value.is_string()) wrong_type(value, what, "a text");
  const std::string& text = value.as_string().str;
  // Paths, bootargs and names end at one: what is behind it would be lost.
  if (text.find('\0') != std::string::npos)
    config_error(place_of(value), what, fmt::format("{}: a zero byte in a text", what));
  return text;
}

bool toml_flag(const TomlValue& value, const std::string& what) {
  if (!value.is_boolean()) wrong_type(value, what, "true or false");
  return value.as_boolean();
}

std::uint64_t toml_number(const TomlValue& value, const std::string& what, std::uint64_t max) {
  std::uint64_t number = 0;
  if (value.is_string()) {
    if (!parse_uint(value.as_string().str, number)) {
      config_error(place_of(value), what,
                   fmt::format("{}: '{}' is no number (expected decimal, 0x… or a size such as 4KiB)", what,
                               value.as_string().str));
    }
  } else if (value.is_integer()) {
    const std::int64_t integer = value.as_integer();
    if (integer < 0) config_error(place_of(value), what, fmt::format("{} must not be negative", what));
    // The parser holds larger numbers at this value without a word.
    if (integer == std::numeric_limits<std::int64_t>::max()) {
      config_error(
          place_of(value), what,
          fmt::format("{}: write numbers of 63 bits and more as text, for example \"0x8000000000000000\"",
                      what));
    }
    number = static_cast<std::uint64_t>(integer);
  } else {
    wrong_type(value, what, "a number, or a text such as \"64KiB\"");
  }
  if (number > max) {
    const Notation notation = notation_of(written_number(value));
    config_error(
        place_of(value), what,
        fmt::format("{}: {} is above {}", what, number_text(number, notation), number_text(max, notation)));
  }
  return number;
}

std::vector<std::string> toml_texts(const TomlValue& value, const std::string& what) {
  if (!value.is_array()) wrong_type(value, what, "a list of texts");
  std::vector<std::string> texts;
  for (const TomlValue& item : value.as_array()) texts.push_back(toml_text(item, what));
  return texts;
}

TomlTable::TomlTable(const TomlValue& value, std::string what) : m_value(value), m_what(std::move(what)) {
  if (!value.is_table()) wrong_type(value, m_what, "a table");
}

const TomlValue* TomlTable::take(const std::string& key) {
  m_known.insert(key);
  const auto& table = m_value.as_table();
  const auto found = table.find(key);
  return found == table.end() ? nullptr : &found->second;
}

const TomlValue& TomlTable::need(const std::string& key) {
  const TomlValue* value = take(key);
  if (value == nullptr) config_error(place_of(m_value), key, fmt::format("{} has no '{}'", m_what, key));
  return *value;
}

std::vector<std::pair<std::string, const TomlValue*>> TomlTable::take_all() {
  std::vector<std::pair<std::string, const TomlValue*>> all;
  for (const auto& [key, value] : m_value.as_table()) {
    if (key.find('\0') != std::string::npos)
      config_error(place_of(value), m_what, fmt::format("{}: a zero byte in a key", m_what));
    m_known.insert(key);
    all.emplace_back(key, &value);
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    const Place pa = place_of(*a.second);
    const Place pb = place_of(*b.second);
    return std::tie(pa.line, pa.column) < std::tie(pb.line, pb.column);
  });
  return all;
}

void TomlTable::finish() const {
  for (const auto& [key, value] : m_value.as_table()) {
    if (m_known.count(key) != 0) continue;
    const std::string near = nearest(key, {m_known.begin(), m_known.end()});
    config_error(place_of_key(value, key), key,
                 near.empty() ? fmt::format("unknown key '{}' in {}", key, m_what)
                              : fmt::format("unknown key '{}' in {}; did you mean '{}'?", key, m_what, near));
  }
}

}  // namespace smmuvp::platform
