#include "smmuvp/checker/rules.h"

#include <array>
#include <cstddef>

namespace smmuvp::checker {

namespace {

constexpr std::array<std::string_view, 4> names{"off", "note", "warn", "error"};

}  // namespace

std::string_view to_string(Severity severity) { return names[static_cast<std::size_t>(severity)]; }

std::optional<Severity> find_severity(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<Severity>(i);
  }
  return std::nullopt;
}

const Rule* find_rule(std::string_view id) {
  for (const Rule& r : rules) {
    if (id == r.id) return &r;
  }
  return nullptr;
}

}  // namespace smmuvp::checker
