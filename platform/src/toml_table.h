// Reading TOML: every value that is read is marked, and what is left over is an error.
#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "toml_value.h"

namespace smmuvp::platform {

/// Typed reads; each @throws ConfigError at the value's place.
std::string toml_text(const TomlValue& value, const std::string& what);
bool toml_flag(const TomlValue& value, const std::string& what);
/// A number, or a text such as "0x1000" or "64KiB". TOML numbers of 63 bits and more must be texts.
std::uint64_t toml_number(const TomlValue& value, const std::string& what, std::uint64_t max = ~0ULL);
/// A boolean, integer or string, as a parameter is written. @throws ConfigError at any other value's place
void need_scalar(const TomlValue& value, const std::string& what);
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
  /// Its members in the file's order; marks all as known.
  const std::vector<TomlMember>& take_all();
  /// @throws ConfigError if a key is left that nobody asked for; names the nearest known one.
  void finish() const;

  const std::string& what() const { return m_what; }

 private:
  const TomlValue& m_value;
  std::string m_what;
  std::set<std::string> m_known;
};

}  // namespace smmuvp::platform
