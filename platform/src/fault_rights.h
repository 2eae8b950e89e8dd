// Which bits of descriptors would have to say otherwise for an access that rights forbid.
#pragma once
#include <string>

#include "smmuvp/tlm/explanation.h"

namespace smmuvp::platform {

/// "AP[2] = 1 makes it read only: a write needs AP[2] = 0 in the descriptor at 0x80001000"; of several fields
/// each. Where no field is found to blame, the reason that the walk has.
std::string rights_remedy(const AccessQuestion& question, const Explanation& explanation);

}  // namespace smmuvp::platform
