// A mistake in a configuration, found before simulation starts. The only exception of the project.
#pragma once
#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

#include "smmuvp/base/export.h"

namespace smmuvp {

/// Thrown while a system is configured or elaborated, never on a data path.
/// what() says where it is, what was wrong, and what was expected.
class SMMUVP_EXPORT ConfigError : public std::runtime_error {
 public:
  /// @param key  the parameter, register or component the text is about; may be empty.
  ConfigError(std::string key, const std::string& text) : ConfigError(std::move(key), {}, text) {}
  /// @param where  whose mistake it is, for example "top.smmu0 (smmuv3)"; may be empty.
  ConfigError(std::string key, const std::string& where, const std::string& text)
      : std::runtime_error(where.empty() ? text : where + ": " + text),
        m_key(std::move(key)),
        m_where_length(where.empty() ? 0 : where.size() + 2) {}
  const std::string& key() const noexcept { return m_key; }
  /// what() without where it is, for who says that in words of its own.
  const char* text() const noexcept { return what() + m_where_length; }

 private:
  std::string m_key;
  std::size_t m_where_length;
};

}  // namespace smmuvp
