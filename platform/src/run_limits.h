// Where a run ends at the latest, and how much it must test: options first, then the configuration, then
// defaults.
#pragma once
#include <cstdint>
#include <optional>

#include "config.h"
#include "options.h"

namespace smmuvp::platform {

/// Of a run whose standard output is no terminal: nobody is there to press Ctrl-C, and a CI job that its
/// server ends leaves no report.
constexpr std::uint64_t default_wall_limit_ps = 30ULL * 60 * 1'000'000'000'000;
constexpr std::uint64_t default_console_limit = 64ULL << 20;

struct WallLimit {
  std::uint64_t ps = 0;
  bool is_default = false;
};

/// @param terminal  standard output is one
std::optional<WallLimit> wall_limit(const RunOptions& options, const RunConfig& config, bool terminal);

std::uint64_t console_limit(const RunOptions& options, const RunConfig& config);

/// What a configuration promises to test is not asked of an interactive run.
std::uint64_t min_tests(const RunOptions& options, const RunConfig& config);

}  // namespace smmuvp::platform
