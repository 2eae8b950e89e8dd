// Why an SMMU does nothing at all, for messages.
#pragma once

namespace smmuvp::smmu {

constexpr const char* held_in_reset = "the SMMU is held in reset";
constexpr const char* without_power = "the SMMU has no power";

}  // namespace smmuvp::smmu
