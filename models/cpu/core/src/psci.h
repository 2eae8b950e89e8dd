// The firmware calls that the CPU answers itself: PSCI 1.1 for one core (DEN 0022) and the SMCCC discovery
// calls (DEN 0028).
#pragma once

#include <cstdint>

namespace smmuvp::cpu {

struct FirmwareAnswer {
  enum class Action { none, standby, power_off, reset };
  Action action = Action::none;
  uint64_t x0 = 0;  ///< the call's result
};

/// Answers the call with function identifier `x0` and first arguments `x1`, `x2`, made by the only core,
/// affinity 0.
FirmwareAnswer answer_firmware_call(uint64_t x0, uint64_t x1, uint64_t x2);

}  // namespace smmuvp::cpu
