// TOML with places: every value that is read is marked, and what is left over is an error.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <toml.hpp>
#include <vector>

#include "config.h"

namespace smmuvp::platform {

using TomlValue = toml::basic_value<toml::discard_comments, std::map, std::vector>;

/// @throws ConfigError with file:line:column
TomlValue parse_toml(const std::string& text, const std::string& file);

/// Where a value stands.
Place place_of(const TomlValue& value);
/// Where its key stands, if that is on the value's line.
Place place_of_key(const TomlValue& value, const std::string& key);

/// Typed reads; each @throws ConfigError at the value's place.
std::string toml_text(const TomlValue& value, const std::string& what);
bool toml_flag(const TomlValue& value, const std::string& what);
/// A number, or a text such as "0x1000" or "64KiB". TOML numbers of 63 bits and more must be texts.
std::uint64_t toml_number(const TomlValue& value, const std::string& what, std::uint64_t max = ~0ULL);
std::vector<std::string> toml_texts(const TomlValue& value, const std::string& what);

/// A table being read.
class TomlTable {
 public:
  /// @param what  for messages, for example "[smmu0]"
  TomlTable(const TomlValue& value, std::string what);

  /// The value of a key, or nullptr; marks the key as known.
  const TomlValue* take(const std::string& key);
  /// The value of a key. @throws ConfigError if it is missing
  const TomlValue& need(const std::string& key);
  /// Keys and values in the file's order; marks all as known.
  std::vector<std::pair<std::string, const TomlValue*>> take_all();
  /// @throws ConfigError if a key is left that nobody asked for; names the nearest known one.
  void finish() const;

  const std::string& what() const { return m_what; }

 private:
  const TomlValue& m_value;
  std::string m_what;
  std::set<std::string> m_known;
};

}  // namespace smmuvp::platform
