// How a platform may wire an SMMUv3 of given features; answers of WiringRules, and words of its ports.
#pragma once

#include <string>

#include "smmuvp/smmuv3/features.h"

namespace smmuvp::smmuv3 {

std::string missing_port(const Features& features, unsigned tbus, const std::string& name);

/// Parameters whose features make the register window longer than Pages 0 and 1: "pmcg, ECMDQ"; empty: none.
std::string what_makes_the_window_longer(const Features& features);

}  // namespace smmuvp::smmuv3
