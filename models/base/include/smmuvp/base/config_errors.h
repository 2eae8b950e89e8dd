// Several mistakes in a configuration, told together.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "smmuvp/base/error.h"

namespace smmuvp {

/// What is thrown where a caller can mend more than one thing at a time. It is about the first of them for
/// who asks as of a ConfigError; what() has them all, a line each.
class SMMUVP_EXPORT ConfigErrors : public ConfigError {
 public:
  /// @param all  one or more
  explicit ConfigErrors(std::vector<ConfigError> all)
      : ConfigError(all.front().key(), lines(all)), m_all(std::move(all)) {}
  const std::vector<ConfigError>& all() const noexcept { return m_all; }

 private:
  static std::string lines(const std::vector<ConfigError>& all) {
    std::string text;
    for (const ConfigError& e : all) text += (text.empty() ? "" : "\n") + std::string(e.what());
    return text;
  }
  std::vector<ConfigError> m_all;
};

/// All mistakes that were thrown, one by one. @return empty, if `action` threw none
template <class Action>
std::vector<ConfigError> config_errors_of(Action action) {
  try {
    action();
  } catch (const ConfigErrors& e) {
    return e.all();
  } catch (const ConfigError& e) {
    return {e};
  }
  return {};
}

/// Throws them, if there are any. @throws ConfigError, or ConfigErrors of several
inline void throw_config_errors(std::vector<ConfigError> all) {
  if (all.size() == 1) throw ConfigError(all.front());
  if (!all.empty()) throw ConfigErrors(std::move(all));
}

}  // namespace smmuvp
