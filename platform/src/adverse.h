// --adverse: a platform as hostile to drivers as the architecture allows (docs/adverse.md).
#pragma once
#include <cstdint>

#include "config.h"

namespace smmuvp::platform {

/// Draws parameters of the components that have something to make hostile, but for those that are given, and
/// adds them to the configuration, each told in its `adverse`. The same seed draws the same, and what it
/// draws for one component depends on no other.
void make_adverse(PlatformConfig& config, std::uint64_t seed);

}  // namespace smmuvp::platform
