#include "stop_signals.h"

#include <unistd.h>

#include <csignal>
#include <cstring>

#include "exit_codes.h"
#include "terminal.h"

namespace smmuvp::platform {

namespace {

volatile std::sig_atomic_t stop_requested = 0;

void end_now(const char* text, ExitCode code) {
  RawTerminal::restore();
  // Nothing to do if this fails.
  if (write(STDERR_FILENO, text, std::strlen(text)) < 0) _exit(static_cast<int>(code));
  _exit(static_cast<int>(code));
}

void on_stop(int) {
  if (stop_requested != 0) end_now("\nsmmu-vp: stopped at once\n", ExitCode::Interrupted);
  stop_requested = 1;
}

void on_alarm(int) {
  end_now("\nsmmu-vp: --timeout-wall has passed and the simulation does not come back\n",
          ExitCode::WallTimeout);
}

void handle(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  // No SA_RESTART: a wait for input returns, so that the flag is seen.
  sigaction(signal, &action, nullptr);
}

}  // namespace

StopSignals::StopSignals() {
  stop_requested = 0;
  handle(SIGINT, on_stop);
  handle(SIGTERM, on_stop);
  // A closed pipe shows as a failed write; the run goes on and its reports are still made.
  handle(SIGPIPE, SIG_IGN);
}

StopSignals::~StopSignals() {
  alarm(0);
  handle(SIGINT, SIG_DFL);
  handle(SIGTERM, SIG_DFL);
}

bool StopSignals::requested() { return stop_requested != 0; }

void StopSignals::arm_watchdog(std::uint64_t seconds) {
  constexpr std::uint64_t most = 1000000000;
  handle(SIGALRM, on_alarm);
  alarm(static_cast<unsigned>(seconds < most ? seconds : most));
}

}  // namespace smmuvp::platform
