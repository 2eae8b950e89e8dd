// A mistake in a configuration, found before simulation starts. The only exception of the project.
#pragma once
#include <stdexcept>
#include <string>

namespace smmuvp {

/// Thrown while a system is configured or elaborated, never on a data path.
/// The text says what was wrong, where, and what was expected.
class ConfigError : public std::runtime_error {
 public:
  /// @param key  the parameter, register or component the text is about; may be empty.
  ConfigError(std::string key, const std::string& text) : std::runtime_error(text), m_key(std::move(key)) {}
  const std::string& key() const noexcept { return m_key; }

 private:
  std::string m_key;
};

}  // namespace smmuvp
