// Ctrl-C and requests to terminate, seen between slices of simulation.
#pragma once
#include <cstdint>

namespace smmuvp::platform {

/// From construction to destruction SIGINT and SIGTERM only set a flag; a second one ends the program at once
/// (exit code 130), in case a model hangs. The terminal is given back first.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  static bool requested();
  /// Ends the program with exit code 66 if it still runs after this time: a wall time-out that does not need
  /// the simulation's help.
  void arm_watchdog(std::uint64_t seconds);
};

}  // namespace smmuvp::platform
