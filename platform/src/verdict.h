// How a run ended, and what that means for the exit code.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "console_watch.h"
#include "exit_codes.h"
#include "ktap.h"
#include "smmuvp/tlm/host.h"
#include "waivers.h"

namespace smmuvp::platform {

enum class StopReason {
  GuestExit,      ///< PowerOff, Reset or Status
  SimTimeout,     ///< --timeout-sim
  WallTimeout,    ///< --timeout-wall
  ConsoleLimit,   ///< --console-limit
  Interrupted,    ///< a signal, or gdb's kill
  Standstill,     ///< no event is left: the guest sleeps and nothing can wake it
  Unsupported,    ///< the guest needs what a component cannot do on this machine
  InternalError,  ///< a component or SystemC gave up
};

struct RunFacts {
  StopReason reason = StopReason::InternalError;
  std::optional<GuestExit> exit;  ///< with GuestExit
  std::string internal;           ///< with InternalError and Unsupported
  int signal = 0;                 ///< with Interrupted; 0: gdb's kill
  bool reset_passes = false;
  bool strict = false;
  Unwaived guest_errors;             ///< diagnostics that --strict counts
  std::uint64_t check_failures = 0;  ///< findings of --check that fail a run
  std::string first_check_failure;
  std::string missing_injections;  ///< of --inject, what did not fire; empty: all did, or there were none
  std::uint64_t sim_time_ps = 0;
  std::optional<std::uint64_t> default_wall_limit_ps;  ///< nobody has named the limit
  std::uint64_t console_limit = 0;                     ///< bytes
  std::uint64_t min_tests = 0;
  std::optional<ConsoleMatch> match;  ///< the first line that must not be there
  std::string oops;                   ///< where the guest's kernel died, with match
};

struct Verdict {
  ExitCode code = ExitCode::Internal;
  std::string reason;  ///< one line
};

/// A guest passes if it powers off or says status 0, and its console has no line that must not be there, no
/// failed and no missing test, and enough tests.
Verdict judge(const RunFacts& facts, const KtapReport& ktap);

}  // namespace smmuvp::platform
