// Named sets of defaults for sizes and widths, each with the public document that its figures are from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "smmuvp/base/params.h"

namespace smmuvp::smmu {

struct Preset {
  struct Value {
    const char* parameter;
    std::uint32_t value;
  };
  const char* name;
  const char* source;         ///< document, number and clause, and what it does not give
  std::vector<Value> values;  ///< those that differ from the defaults of the parameters
};
/// The first is that of the defaults.
using Presets = std::vector<Preset>;

/// The parameter `preset`, with what there is to choose.
ParamInfo preset_param(const Presets& presets);

/// What a preset other than the first gives for a parameter, as the end of its meaning; empty if none does.
std::string preset_values(const Presets& presets, const std::string& parameter);

/// @return  `params` with what its parameter `preset` says for all that are not given
Params with_preset(const Presets& presets, Params params);

}  // namespace smmuvp::smmu
