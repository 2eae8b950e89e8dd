// Which rule a diagnostic of an SMMU is about.
#pragma once

#include <optional>
#include <string_view>

#include "smmuvp/checker/rules.h"

namespace smmuvp::checker {

/// @param site  Diagnostic::site of a GuestError. none: it is no mistake of a driver
std::optional<RuleId> rule_of_diagnostic(std::string_view site);

}  // namespace smmuvp::checker
