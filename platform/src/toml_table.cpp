#include "toml_table.h"

#include <fmt/format.h>

#include <limits>

#include "smmuvp/base/number_text.h"
#include "smmuvp/base/params.h"

namespace smmuvp::platform {

namespace {

const char* type_name(const TomlValue& value) {
  switch (value.type) {
    case TomlValue::Type::Boolean:
      return "true or false";
    case TomlValue::Type::Integer:
      return "a number";
    case TomlValue::Type::Fraction:
      return "a number with a fraction";
    case TomlValue::Type::String:
      return "a text";
    case TomlValue::Type::Array:
      return "a list";
    case TomlValue::Type::Table:
      return "a table";
    case TomlValue::Type::Time:
      return "a date or time";
  }
  return "";
}

[[noreturn]] void wrong_type(const TomlValue& value, const std::string& what, const char* expected) {
  config_error(value.place, what, fmt::format("{} must be {}, not {}", what, expected, type_name(value)));
}

}  // namespace

std::string toml_text(const TomlValue& value, const std::string& what) {
  if (!value.is_string()) wrong_type(value, what, "a text");
  const std::string& text = value.string;
  // Paths, bootargs and names end at one: what is behind it would be lost.
  if (text.find('\0') != std::string::npos)
    config_error(value.place, what, fmt::format("{}: a zero byte in a text", what));
  return text;
}

bool toml_flag(const TomlValue& value, const std::string& what) {
  if (!value.is_boolean()) wrong_type(value, what, "true or false");
  return value.boolean;
}

std::uint64_t toml_number(const TomlValue& value, const std::string& what, std::uint64_t max) {
  std::uint64_t number = 0;
  if (value.is_string()) {
    if (!parse_uint(value.string, number)) {
      config_error(value.place, what,
                   fmt::format("{}: '{}' is no number (expected decimal, 0x… or a size such as 4KiB)", what,
                               value.string));
    }
  } else if (value.is_integer()) {
    const std::int64_t integer = value.integer;
    if (integer < 0) config_error(value.place, what, fmt::format("{} must not be negative", what));
    // The parser holds larger numbers at this value without a word.
    if (integer == std::numeric_limits<std::int64_t>::max()) {
      config_error(
          value.place, what,
          fmt::format("{}: write numbers of 63 bits and more as text, for example \"0x8000000000000000\"",
                      what));
    }
    number = static_cast<std::uint64_t>(integer);
  } else {
    wrong_type(value, what, "a number, or a text such as \"64KiB\"");
  }
  if (number > max) {
    const Notation notation = value.is_string() ? notation_of(value.string) : value.notation;
    config_error(
        value.place, what,
        fmt::format("{}: {} is above {}", what, number_text(number, notation), number_text(max, notation)));
  }
  return number;
}

void need_scalar(const TomlValue& value, const std::string& what) {
  if (!value.is_boolean() && !value.is_integer() && !value.is_string())
    wrong_type(value, what, "a whole number, true or false, or a text");
}

std::vector<std::string> toml_texts(const TomlValue& value, const std::string& what) {
  if (!value.is_array()) wrong_type(value, what, "a list of texts");
  std::vector<std::string> texts;
  for (const TomlValue& item : value.array) texts.push_back(toml_text(item, what));
  return texts;
}

TomlTable::TomlTable(const TomlValue& value, std::string what) : m_value(value), m_what(std::move(what)) {
  if (!value.is_table()) wrong_type(value, m_what, "a table");
}

const TomlValue* TomlTable::take(const std::string& key) {
  m_known.insert(key);
  for (const TomlMember& member : m_value.table)
    if (member.key == key) return &member.value;
  return nullptr;
}

const TomlValue& TomlTable::need(const std::string& key) {
  const TomlValue* value = take(key);
  if (value == nullptr) config_error(m_value.place, key, fmt::format("{} has no '{}'", m_what, key));
  return *value;
}

const std::vector<TomlMember>& TomlTable::take_all() {
  for (const TomlMember& member : m_value.table) {
    if (member.key.find('\0') != std::string::npos)
      config_error(member.value.place, m_what, fmt::format("{}: a zero byte in a key", m_what));
    m_known.insert(member.key);
  }
  return m_value.table;
}

void TomlTable::finish() const {
  for (const auto& [key, value, key_place] : m_value.table) {
    if (m_known.count(key) != 0) continue;
    const std::string near = nearest(key, {m_known.begin(), m_known.end()});
    config_error(key_place, key,
                 near.empty() ? fmt::format("unknown key '{}' in {}", key, m_what)
                              : fmt::format("unknown key '{}' in {}; did you mean '{}'?", key, m_what, near));
  }
}

}  // namespace smmuvp::platform
