// Whether device tree, configuration and devices mean the same StreamIDs.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "system.h"

namespace smmuvp::platform {

/// What a guest would find only as faults of its devices: StreamIDs of `iommus` or `iommu-map` that are not
/// those of the wiring, and parameters of a device or SMMU that say otherwise than `behind`. Such a platform
/// may be what is wanted, for a driver's own checks, so it runs. @param tree  as the guest gets it
/// @return a message each: the line of the configuration, what differs, and what it would have to be
std::vector<std::string> stream_mismatches(const System& system, const std::vector<std::uint8_t>& tree);

}  // namespace smmuvp::platform
