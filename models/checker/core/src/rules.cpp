#include "smmuvp/checker/rules.h"

#include <array>
#include <cstddef>

namespace smmuvp::checker {

std::string_view to_string(Severity severity) {
  constexpr std::array<std::string_view, 4> names{"off", "note", "warn", "error"};
  return names[static_cast<std::size_t>(severity)];
}

const Rule* find_rule(std::string_view id) {
  for (const Rule& r : rules) {
    if (id == r.id) return &r;
  }
  return nullptr;
}

}  // namespace smmuvp::checker
