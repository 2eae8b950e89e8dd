// The device tree of a platform, from the same description that wired it. Follows the bindings of Linux
// (Documentation/devicetree/bindings).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "system.h"

namespace smmuvp::platform {

struct ChosenNode {
  std::string bootargs;
  std::uint64_t initrd_start = 0;
  std::uint64_t initrd_end = 0;  ///< equal to initrd_start: there is none
};

/// @return the blob. @throws ConfigError
std::vector<std::uint8_t> make_device_tree(const System& system, const ChosenNode& chosen);

}  // namespace smmuvp::platform
