#include "run_limits.h"

namespace smmuvp::platform {

std::optional<WallLimit> wall_limit(const RunOptions& options, const RunConfig& config, bool terminal) {
  if (options.timeout_wall_ps) return WallLimit{*options.timeout_wall_ps, false};
  // A user at a debugger takes time; the other limits are for a guest that runs by itself.
  if (!options.gdb.empty()) return {};
  if (config.timeout_wall_ps) return WallLimit{*config.timeout_wall_ps, false};
  if (!terminal) return WallLimit{default_wall_limit_ps, true};
  return {};
}

std::uint64_t console_limit(const RunOptions& options, const RunConfig& config) {
  return options.console_limit.value_or(config.console_limit.value_or(default_console_limit));
}

std::uint64_t min_tests(const RunOptions& options, const RunConfig& config) {
  return options.min_tests.value_or(options.console ? 0 : config.min_tests);
}

}  // namespace smmuvp::platform
