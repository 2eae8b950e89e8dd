// The parameters of the SystemC module, and what they mean to the core.
#pragma once

#include <vector>

#include "smmuvp/base/params.h"
#include "smmuvp/smmu_settings/params.h"
#include "smmuvp/smmuv3/features.h"

namespace smmuvp::smmuv3 {

const std::vector<ParamInfo>& smmuv3_params();

struct Settings : smmu::ShellSettings {
  Features features;
  Structures structures;
  bool level_irq = false;
};

/// @param params  with what their preset gives (presets.h). @throws ConfigError naming the parameter
Settings settings_of(const Params& params);

}  // namespace smmuvp::smmuv3
