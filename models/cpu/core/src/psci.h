// The firmware calls that the CPU answers itself: PSCI 1.1 (DEN 0022) and the SMCCC discovery calls (DEN
// 0028).
#pragma once

#include <cstdint>
#include <functional>

#include "smmuvp/cpu/cpu_core.h"

namespace smmuvp::cpu {

struct FirmwareAnswer {
  enum class Action { none, standby, cpu_off, power_off, reset, warm_reset };
  Action action = Action::none;
  uint64_t x0 = 0;  ///< the call's result
};

/// X0 to X3 of a call: function identifier and arguments.
struct FirmwareCall {
  uint64_t x0, x1, x2, x3;
};

/// Answers a call. `executable` says whether a processor can begin at a physical address.
FirmwareAnswer answer_firmware_call(FirmwareCall call, CpuHost& host,
                                    const std::function<bool(uint64_t)>& executable);

}  // namespace smmuvp::cpu
