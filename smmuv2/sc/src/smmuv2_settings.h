// The parameters of the SystemC module, and what they mean to the core.
#pragma once

#include <string>
#include <vector>

#include "smmuvp/base/params.h"
#include "smmuvp/smmu_settings/params.h"
#include "smmuvp/smmu_settings/presets.h"
#include "smmuvp/smmuv2/features.h"
#include "smmuvp/smmuv2/parts.h"

namespace smmuvp::smmuv2 {

const std::vector<ParamInfo>& smmuv2_params();

struct Settings : smmu::ShellSettings {
  Features features;
  Structures structures;
};

const smmu::Presets& presets();

/// @return  `params` with what personality and preset say for all that are not given
Params with_defaults(Params params);

/// @param params  with_defaults(). @throws ConfigError naming the parameter, or ConfigErrors of several
Settings settings_of(const Params& params);

/// In what an SMMU with these parameters differs from the part that its personality is of: fields that are
/// not built, and what was set otherwise, which stands over the personality. Empty: in nothing, or it has
/// none.
std::string personality_difference(const Params& params);

/// The property `compatible` of the device tree's binding, the most specific first.
std::vector<std::string> compatible_of(const Params& params);

}  // namespace smmuvp::smmuv2
