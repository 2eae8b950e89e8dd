// --inject: a plan of faults, as a TOML file says it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config.h"
#include "smmuvp/base/injection.h"

namespace smmuvp::platform {

/// A condition on a site, and where the plan has it.
struct InjectionCondition {
  std::string key;   ///< as in the plan
  std::string text;  ///< for people: "stream 0x100"
  Place place;
  std::function<bool(const InjectionSite&)> holds;
};

/// One [[inject]].
struct InjectionRule {
  std::string name;
  Place place;
  std::string smmu;  ///< empty: all
  Place smmu_place;
  std::string at;
  Place at_place;
  std::string of;  ///< empty: all
  Place of_place;
  Injection what;
  Place kind_place;
  std::vector<InjectionCondition> conditions;  ///< in the order in which they are looked at
  std::uint64_t nth = 1;                       ///< the first match that is injected into
  std::uint64_t every = 1;                     ///< and each so many after it
  std::optional<std::uint64_t> most;           ///< as often at most
  std::uint64_t required = 1;                  ///< as often at least, or the run shows nothing
};

/// "abort"
const char* to_string(InjectionKind kind);

/// @throws ConfigError with file:line:column
std::vector<InjectionRule> read_injection_plan_text(const std::string& text, const std::string& file);
std::vector<InjectionRule> read_injection_plan(const std::string& path);

}  // namespace smmuvp::platform
