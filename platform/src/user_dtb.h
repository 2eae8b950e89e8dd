// A device tree that the user gives instead of the one made from the components.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "device_tree.h"

namespace smmuvp::platform {

/// Checks a device tree's blob and writes what boots into its /chosen: bootargs unless there are none, and
/// where the initramfs is. Without an initramfs, the file's own one is forgotten.
/// @param error  what is wrong, if false is returned
bool fill_chosen(std::vector<std::uint8_t>& blob, const ChosenNode& chosen, std::string& error);

}  // namespace smmuvp::platform
