// The only file that knows toml11, of which both 3.7 and later and 4 will do.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <sstream>
#include <toml.hpp>
#include <tuple>

#include "smmuvp/base/utf8.h"
#include "toml_value.h"

namespace smmuvp::platform {

namespace {

// The parsers look for a place from the start of the file or line, so that a long one takes them minutes.
constexpr std::size_t most_bytes = 64 << 10;
constexpr unsigned most_nesting = 32;
constexpr unsigned most_with_texts_of_lines = 300;

// The parser recurses for each bracket and each part of a dotted key; this keeps it shallow.
class NestingCheck {
 public:
  NestingCheck(const std::string& text, const std::string& file) : m_text(text), m_file(file) {}

  void check() {
    while (m_at < m_text.size()) step();
    // Version 4 goes on behind a mistake, where it may take a text's inside for its outside.
    if (m_has_texts_of_lines &&
        (m_brackets > most_with_texts_of_lines || m_most_dots > most_with_texts_of_lines)) {
      config_error(
          {m_file, 0, 0}, "",
          fmt::format("TOML syntax: more than {} brackets, or dots in a line, in a file with \"\"\" or "
                      "'''; write its texts in one line each",
                      most_with_texts_of_lines));
    }
  }

 private:
  static bool opens(char c) { return c == '[' || c == '{'; }

  // What does not depend on where it stands.
  void count(char c) {
    if (c == '\n') {
      ++m_line;
      m_line_dots = 0;
    } else if (opens(c)) {
      ++m_brackets;
    } else if (c == '.') {
      m_most_dots = std::max(m_most_dots, ++m_line_dots);
    }
  }

  void step() {
    const char c = m_text[m_at];
    if (c == '"' || c == '\'') {
      skip_text(c);
      return;
    }
    if (c == '#') {
      skip_to(m_text.find('\n', m_at));
      return;
    }
    count(c);
    if (c == '\n') {
      m_dots = 0;
    } else if (opens(c)) {
      ++m_depth;
    } else if ((c == ']' || c == '}') && m_depth > 0) {
      --m_depth;
    } else if (c == '.') {
      ++m_dots;
    }
    if (m_depth > most_nesting || m_dots > most_nesting)
      config_error({m_file, m_line, 1}, "", "TOML syntax: nested too deeply");
    ++m_at;
  }

  // A text ends with its quote, or as a mistake with the line; one of three quotes goes on over lines, and
  // may end with two more of them, which are its own (TOML 1.0, String).
  void skip_text(char quote) {
    const std::string three(3, quote);
    const bool of_lines = m_text.compare(m_at, 3, three) == 0;
    m_has_texts_of_lines = m_has_texts_of_lines || of_lines;
    std::size_t end = m_at + (of_lines ? 3 : 1);
    while (end < m_text.size() && (of_lines || m_text[end] != '\n')) {
      if (of_lines ? m_text.compare(end, 3, three) == 0 : m_text[end] == quote) {
        end += of_lines ? 3 : 1;
        for (int own = 0; of_lines && own < 2 && end < m_text.size() && m_text[end] == quote; ++own) ++end;
        break;
      }
      // A backslash takes the next character's meaning, but not that of the line's end.
      const bool escape = m_text[end] == '\\' && quote == '"' && end + 1 < m_text.size();
      end += escape && (of_lines || m_text[end + 1] != '\n') ? 2 : 1;
    }
    skip_to(end);
  }

  void skip_to(std::size_t end) {
    end = std::min(end, m_text.size());
    for (; m_at < end; ++m_at) count(m_text[m_at]);
  }

  const std::string& m_text;
  const std::string& m_file;
  std::size_t m_at = 0;
  unsigned m_line = 1;
  unsigned m_depth = 0;
  unsigned m_dots = 0;  // of this line
  // Wherever they stand:
  unsigned m_brackets = 0;
  unsigned m_line_dots = 0;
  unsigned m_most_dots = 0;
  bool m_has_texts_of_lines = false;
};

// The first line of a message without the mark and the parser's own function ("toml::parse_array: "), which
// say nothing to a reader.
std::string reason(const std::string& what) {
  std::string line = what.substr(0, what.find('\n'));
  constexpr std::string_view error = "[error] ";
  if (line.rfind(error, 0) == 0) line.erase(0, error.size());
  constexpr std::string_view scope = "toml::";
  if (line.rfind(scope, 0) == 0) {
    const std::size_t end = line.find_first_of(": ", scope.size());
    if (end != std::string::npos && line[end] == ':') line.erase(0, line.find_first_not_of(' ', end + 1));
  }
  return line;
}

#if TOML11_VERSION_MAJOR < 4

using Parsed = toml::basic_value<toml::discard_comments, std::map, std::vector>;

Place place_in(const toml::source_location& at, const std::string& file) {
  return {file, static_cast<unsigned>(at.line()), static_cast<unsigned>(at.column())};
}

const std::string& text_of(const Parsed& value) { return value.as_string().str; }

Parsed parse(const std::string& text, const std::string& file) {
  try {
    std::istringstream stream(text);
    return toml::parse<toml::discard_comments, std::map, std::vector>(stream, file);
  } catch (const toml::exception& e) {
    config_error(place_in(e.location(), file), "", fmt::format("TOML syntax: {}", reason(e.what())));
  }
}

#else

struct ParsedTypes : toml::type_config {
  using comment_type = toml::discard_comments;
  template <typename K, typename T>
  using table_type = std::map<K, T>;

  // Refuses no number, however long; read_integer() reads it.
  static toml::result<integer_type, toml::error_info> parse_int(const std::string& /*digits*/,
                                                                const toml::source_location& /*at*/,
                                                                std::uint8_t /*base*/) {
    return toml::ok(integer_type{});
  }
};
using Parsed = toml::basic_value<ParsedTypes>;

Place place_in(const toml::source_location& at, const std::string& file) {
  if (!at.is_ok()) return {file, 0, 0};
  return {file, static_cast<unsigned>(at.first_line_number()),
          static_cast<unsigned>(at.first_column_number())};
}

const std::string& text_of(const Parsed& value) { return value.as_string(); }

Parsed parse(const std::string& text, const std::string& file) {
  auto result = toml::try_parse<ParsedTypes>(std::vector<unsigned char>(text.begin(), text.end()), file);
  if (result.is_ok()) return std::move(result.unwrap());
  const toml::error_info& e = result.unwrap_err().front();
  config_error(e.locations().empty() ? Place{file, 0, 0} : place_in(e.locations().front().first, file), "",
               fmt::format("TOML syntax: {}", reason(e.title())));
}

#endif

TomlValue::Type type_of(const Parsed& value) {
  switch (value.type()) {
    case toml::value_t::boolean:
      return TomlValue::Type::Boolean;
    case toml::value_t::integer:
      return TomlValue::Type::Integer;
    case toml::value_t::floating:
      return TomlValue::Type::Fraction;
    case toml::value_t::string:
      return TomlValue::Type::String;
    case toml::value_t::array:
      return TomlValue::Type::Array;
    case toml::value_t::table:
      return TomlValue::Type::Table;
    default:
      return TomlValue::Type::Time;
  }
}

// The number at the start of a text that the parser took for an integer. Read here, because version 3 holds
// what does not fit at the limit, and lets binary numbers wrap, without a word, and version 4 has an error of
// its own for it.
std::int64_t read_integer(std::string_view text) {
  const auto in_number = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '+' || c == '-';
  };
  std::string digits;
  for (auto c = text.begin(); c != text.end() && in_number(*c); ++c)
    if (*c != '_' && *c != '+') digits += *c;
  int base = 10;
  if (digits.size() > 1 && digits[0] == '0') {
    base = digits[1] == 'x' ? 16 : digits[1] == 'o' ? 8 : digits[1] == 'b' ? 2 : 10;
    if (base != 10) digits.erase(0, 2);
  }
  std::int64_t number = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), number, base).ec == std::errc())
    return number;
  using Limits = std::numeric_limits<std::int64_t>;
  return digits.rfind('-', 0) == 0 ? Limits::min() : Limits::max();
}

class Converter {
 public:
  Converter(const std::string& text, const std::string& file) : m_text(text), m_file(file) {
    m_lines.push_back(0);
    for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1))
      m_lines.push_back(at + 1);
  }

  TomlValue convert(const Parsed& from) const {
    TomlValue to;
    to.type = type_of(from);
    to.place = place_in(from.location(), m_file);
    if (to.is_boolean()) {
      to.boolean = from.as_boolean();
    } else if (to.is_integer()) {
      const std::string_view written = written_at(to.place);
      to.integer = read_integer(written);
      to.notation = notation_of(written.substr(0, 2));
    } else if (to.is_string()) {
      to.string = text_of(from);
    } else if (to.is_array()) {
      for (const Parsed& item : from.as_array()) to.array.push_back(convert(item));
    } else if (to.is_table()) {
      for (const auto& [key, value] : from.as_table()) {
        TomlMember member{key, convert(value), {}};
        member.key_place = key_place(key, member.value.place);
        to.table.push_back(std::move(member));
      }
      std::stable_sort(to.table.begin(), to.table.end(), [](const TomlMember& a, const TomlMember& b) {
        return std::tie(a.value.place.line, a.value.place.column) <
               std::tie(b.value.place.line, b.value.place.column);
      });
    }
    return to;
  }

 private:
  std::string_view line(unsigned number) const {
    if (number == 0 || number > m_lines.size()) return {};
    const std::size_t first = m_lines[number - 1];
    return std::string_view(m_text).substr(first, m_text.find('\n', first) - first);
  }

  // From a place to the end of its line.
  std::string_view written_at(const Place& place) const {
    const std::string_view whole = line(place.line);
    return place.column == 0 || place.column > whole.size() ? std::string_view()
                                                            : whole.substr(place.column - 1);
  }

  Place key_place(const std::string& key, const Place& value) const {
    Place place = value;
    const std::size_t found = line(value.line).rfind(key, value.column > 0 ? value.column - 1 : 0);
    if (found != std::string_view::npos) place.column = static_cast<unsigned>(found) + 1;
    return place;
  }

  const std::string& m_text;
  const std::string& m_file;
  std::vector<std::size_t> m_lines;
};

}  // namespace

TomlValue parse_toml(const std::string& text, const std::string& file) {
  if (text.size() > most_bytes) config_error({file, 0, 0}, "", "the file has more than 64 KiB");
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
  NestingCheck(text, file).check();
  try {
    return Converter(text, file).convert(parse(text, file));
  } catch (const ConfigError&) {
    throw;
  } catch (const std::exception& e) {
    config_error({file, 0, 0}, "", fmt::format("TOML syntax: {}", reason(e.what())));
  }
}

}  // namespace smmuvp::platform
