// The parameters that modules of both SMMUs have, and what they mean.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "smmuvp/base/params.h"
#include "smmuvp/smmu/engine.h"

namespace smmuvp::smmu {

constexpr unsigned max_tbus = 8;

/// What parameters say of a module beside its core.
struct ShellSettings {
  std::uint32_t tbus = 1;
  std::array<std::uint32_t, max_tbus> stream_id{};
  std::array<bool, max_tbus> fixed{};
  std::uint32_t slots = 16;
  std::uint64_t clock_ps = 1000;
  bool sync_registers = true;
  bool level_reset = false;
  bool reset_active_low = false;
  bool retention = false;
};

// ---- Tables: rows of an SMMU's own stand before, between and after these.

ParamInfo flag_param(std::string name, bool value, std::string doc);
ParamInfo number_param(std::string name, std::uint64_t value, std::uint64_t min, std::uint64_t max,
                       std::string doc);
ParamInfo choice_param(std::string name, std::string value, std::string doc,
                       std::vector<std::string> choices);

/// `reset` to `tbus`: ports and what they do.
std::vector<ParamInfo> port_params();
/// `slots` to `ipa_cache_ways`: how much there is. @param source  whose defaults these are, as the end of
/// their meanings
std::vector<ParamInfo> size_params(const std::string& source);
/// `port_latency` to `merge_walks`: how long it takes.
std::vector<ParamInfo> latency_params(const std::string& source);
/// `adverse_seed` and so on: freedom that the architecture gives, used against drivers.
std::vector<ParamInfo> adversity_params();
/// A row like those: `adverse_<name>`, in clocks.
ParamInfo adverse_delay_param(const std::string& name, const std::string& doc);
/// `tbu0_stream_id` and so on, for each TBU.
std::vector<ParamInfo> tbu_params();
void append(std::vector<ParamInfo>& to, std::vector<ParamInfo> rows);

// ---- Values

/// How wide StreamIDs are, and the parameter that says so.
struct StreamIdWidth {
  unsigned bits = 0;
  const char* parameter = "";
};
/// @throws ConfigError naming the parameter
void read_shell_settings(const Params& params, const StreamIdWidth& width, ShellSettings& to);
void read_structures(const Params& params, const ShellSettings& shell, EngineStructures& to);

}  // namespace smmuvp::smmu
