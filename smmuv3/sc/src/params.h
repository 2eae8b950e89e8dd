// The parameters of the SystemC module, and what they mean to the core.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "smmuvp/base/params.h"
#include "smmuvp/smmuv3/features.h"

namespace smmuvp::smmuv3 {

constexpr unsigned max_tbus = 8;

const std::vector<ParamInfo>& smmuv3_params();

struct Settings {
  Features features;
  Structures structures;
  std::uint32_t tbus = 1;
  std::array<std::uint32_t, max_tbus> stream_id{};
  std::array<bool, max_tbus> fixed{};
  std::uint32_t slots = 16;
  std::uint64_t clock_ps = 1000;
  bool sync_registers = true;
  bool level_irq = false;
  bool level_reset = false;
  bool reset_active_low = false;
};

/// @param params  with what their preset gives (presets.h). @throws ConfigError naming the parameter
Settings settings_of(const Params& params);

}  // namespace smmuvp::smmuv3
