// Sizes and widths of SMMUv3 implementations.
#pragma once

#include <utility>

#include "smmuvp/smmu_settings/presets.h"

namespace smmuvp::smmuv3 {

const smmu::Presets& presets();

/// @return  `params` with what its parameter `preset` says for all that are not given
inline Params with_preset(Params params) { return smmu::with_preset(presets(), std::move(params)); }

}  // namespace smmuvp::smmuv3
