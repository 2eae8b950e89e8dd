// The program's exit codes, declared once: --help, docs/configuration.md and the run loop read this table.
#pragma once
#include <vector>

namespace smmuvp::platform {

enum class ExitCode : int {
  Pass = 0,
  Fail = 1,
  Config = 64,
  SimTimeout = 65,
  WallTimeout = 66,
  Strict = 67,
  Unsupported = 68,
  ConsoleLimit = 69,
  Internal = 70,
  Check = 71,
  Injection = 72,
  // 128 and the signal's number, as shells have it.
  HungUp = 129,
  Interrupted = 130,
  Terminated = 143,
};

struct ExitCodeInfo {
  ExitCode code;
  const char* name;  ///< key "verdict" of the JSON report
  const char* text;
};

const std::vector<ExitCodeInfo>& exit_codes();
const ExitCodeInfo& info(ExitCode code);
/// Of a run that SIGHUP, SIGINT or SIGTERM ended.
ExitCode exit_code_of_signal(int signal);

}  // namespace smmuvp::platform
