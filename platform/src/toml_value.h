// What a TOML file says, with places; the parser and its version stay behind parse_toml().
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "config.h"
#include "smmuvp/base/number_text.h"

namespace smmuvp::platform {

struct TomlMember;

struct TomlValue {
  enum class Type : std::uint8_t { Boolean, Integer, Fraction, String, Array, Table, Time };

  Type type = Type::Table;
  bool boolean = false;
  std::int64_t integer = 0;               ///< of more than 63 bits: the nearest that fits
  Notation notation = Notation::Decimal;  ///< how an integer is written
  std::string string;
  std::vector<TomlValue> array;
  std::vector<TomlMember> table;  ///< in the file's order, each key once
  Place place;

  bool is_boolean() const { return type == Type::Boolean; }
  bool is_integer() const { return type == Type::Integer; }
  bool is_string() const { return type == Type::String; }
  bool is_array() const { return type == Type::Array; }
  bool is_table() const { return type == Type::Table; }
};

struct TomlMember {
  std::string key;
  TomlValue value;
  Place key_place;  ///< of the key, if that is on the value's line; else of the value
};

/// Reads a whole file. @throws ConfigError with file:line:column
TomlValue parse_toml(const std::string& text, const std::string& file);

}  // namespace smmuvp::platform
