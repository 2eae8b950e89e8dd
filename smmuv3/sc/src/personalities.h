// The parameter `personality`: ID registers of an SMMU that a public document shows.
#pragma once

#include <string>

#include "smmuvp/base/params.h"

namespace smmuvp::smmuv3 {

/// The parameter `personality`, with what there is to choose.
ParamInfo personality_param();
/// What personalities give for a parameter, as the end of its meaning; empty if none gives anything.
std::string personality_values(const std::string& parameter);
/// Likewise of parameters that name no field of an ID register.
std::string part_values(const std::string& parameter);

/// @return  `params` with what its parameter `personality` says for all that are not given
Params with_personality(Params params);
/// @throws ConfigError for a personality that claims what is not built, unless `personality_subset` is true
void check_personality(const Params& params);

/// In what an SMMU with these parameters differs from its personality, but for what was set otherwise; empty:
/// in nothing, or it has none.
std::string personality_difference(const Params& params);

}  // namespace smmuvp::smmuv3
