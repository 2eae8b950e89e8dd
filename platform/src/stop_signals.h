// What ends a run from outside the simulation: Ctrl-C, requests to terminate, a terminal that hangs up, and
// the limit of wall clock time.
#pragma once
#include <cstdint>

namespace smmuvp::platform {

/// From construction to destruction SIGINT, SIGTERM and SIGHUP (unless it was ignored before, as nohup does)
/// only set a flag; a second one ends the program at once, in case a model hangs. The terminal is given back
/// and the last reports are written first.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// One of those has come.
  static bool requested();
  /// The first that came, or 0.
  static int signal();

  /// From now on wall_limit_passed() turns true after this time. If the program still runs `grace_seconds`
  /// later, it ends with exit code 66: a wall time-out that does not need the simulation's help.
  void arm_wall_limit(std::uint64_t limit_ps, unsigned grace_seconds);
  static bool wall_limit_passed();

  /// Either of both. Two loads of a variable, so it can be asked often.
  static bool pause_requested() { return requested() || wall_limit_passed(); }

 private:
  bool m_takes_hang_up = false;
};

}  // namespace smmuvp::platform
