#include "exit_codes.h"

#include <csignal>

namespace smmuvp::platform {

const std::vector<ExitCodeInfo>& exit_codes() {
  static const std::vector<ExitCodeInfo> table = {
      {ExitCode::Pass, "pass", "the guest ended the run and said pass"},
      {ExitCode::Fail, "fail",
       "the guest said fail: status, a failed or missing test, a reset; or it stands still, ran into an "
       "exception that it cannot get out of, or printed what --fail-on finds"},
      {ExitCode::Config, "config", "bad command line, configuration, kernel, module file or plugin"},
      {ExitCode::SimTimeout, "sim-timeout", "the guest was still running after --timeout-sim"},
      {ExitCode::WallTimeout, "wall-timeout", "the run took longer than --timeout-wall"},
      {ExitCode::Strict, "strict", "--strict, and the guest broke a rule of the architecture"},
      {ExitCode::Unsupported, "unsupported",
       "the guest needs what this machine's libunicorn cannot do; the reason names it"},
      {ExitCode::ConsoleLimit, "console-limit", "the guest printed more than --console-limit"},
      {ExitCode::Internal, "internal",
       "an error in this program or one of its plugins, or output that cannot be written"},
      {ExitCode::Check, "check", "--check, and the checker has found a mistake of a driver"},
      {ExitCode::Injection, "injection", "--inject, and not all faults of the plan were injected"},
      {ExitCode::HungUp, "interrupted", "the terminal hung up (SIGHUP)"},
      {ExitCode::Interrupted, "interrupted", "Ctrl-C (SIGINT), or gdb's kill"},
      {ExitCode::Terminated, "interrupted", "a request to terminate (SIGTERM)"},
  };
  return table;
}

const ExitCodeInfo& info(ExitCode code) {
  for (const ExitCodeInfo& i : exit_codes()) {
    if (i.code == code) return i;
  }
  return info(ExitCode::Internal);
}

ExitCode exit_code_of_signal(int signal) {
  switch (signal) {
    case SIGHUP:
      return ExitCode::HungUp;
    case SIGTERM:
      return ExitCode::Terminated;
    default:
      return ExitCode::Interrupted;
  }
}

}  // namespace smmuvp::platform
