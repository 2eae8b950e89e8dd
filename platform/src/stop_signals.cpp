#include "stop_signals.h"

#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include "exit_codes.h"
#include "terminal.h"

namespace smmuvp::platform {

namespace {

volatile std::sig_atomic_t stop_requested = 0;
volatile std::sig_atomic_t limit_passed = 0;

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

// The timer is a periodic one: the first time is the limit, the second the end of the grace.
void on_alarm(int) {
  if (limit_passed == 0) {
    limit_passed = 1;
    return;
  }
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
  stop_requested = limit_passed = 0;
  handle(SIGINT, on_stop);
  handle(SIGTERM, on_stop);
  // A closed pipe shows as a failed write; the run goes on and its reports are still made.
  handle(SIGPIPE, SIG_IGN);
}

StopSignals::~StopSignals() {
  const itimerval off{};
  setitimer(ITIMER_REAL, &off, nullptr);
  handle(SIGINT, SIG_DFL);
  handle(SIGTERM, SIG_DFL);
}

bool StopSignals::requested() { return stop_requested != 0; }
bool StopSignals::wall_limit_passed() { return limit_passed != 0; }

void StopSignals::arm_wall_limit(std::uint64_t limit_ps, unsigned grace_seconds) {
  constexpr std::uint64_t ps_per_us = 1'000'000;
  constexpr std::uint64_t us_per_second = 1'000'000;
  const std::uint64_t us = std::max<std::uint64_t>(limit_ps / ps_per_us, 1);  // 0 would be no timer
  itimerval timer{};
  timer.it_value.tv_sec = static_cast<time_t>(us / us_per_second);
  timer.it_value.tv_usec = static_cast<suseconds_t>(us % us_per_second);
  timer.it_interval.tv_sec = grace_seconds;
  handle(SIGALRM, on_alarm);
  setitimer(ITIMER_REAL, &timer, nullptr);
}

}  // namespace smmuvp::platform
