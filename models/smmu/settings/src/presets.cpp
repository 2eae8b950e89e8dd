#include "smmuvp/smmu_settings/presets.h"

namespace smmuvp::smmu {

ParamInfo preset_param(const Presets& presets) {
  ParamInfo info{"preset", ParamType::Choice, presets.front().name,
                 "what gives the sizes and widths that are not set; latencies are the same in all"};
  for (const Preset& preset : presets) {
    info.doc += std::string("; ") + preset.name + ": " + preset.source;
    info.choices.emplace_back(preset.name);
  }
  return info;
}

std::string preset_values(const Presets& presets, const std::string& parameter) {
  std::string text;
  for (const Preset& preset : presets) {
    for (const Preset::Value& v : preset.values) {
      if (v.parameter != parameter) continue;
      text += (text.empty() ? "; " : ", ") + std::string(preset.name) + ": " + std::to_string(v.value);
    }
  }
  return text;
}

Params with_preset(const Presets& presets, Params params) {
  for (const Preset& preset : presets) {
    if (preset.name != params.text("preset")) continue;
    for (const Preset::Value& v : preset.values) {
      if (!params.given(v.parameter)) params.preset(v.parameter, v.value);
    }
  }
  return params;
}

}  // namespace smmuvp::smmu
