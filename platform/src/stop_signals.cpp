#include "stop_signals.h"

#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <ctime>
#include <string_view>

#include "exit_codes.h"
#include "last_reports.h"
#include "signal_write.h"
#include "terminal.h"

namespace smmuvp::platform {

namespace {

// One request may come twice: timeout(1) signals a process and then its group, and of a terminal that hangs
// up the kernel tells and the shell, too.
constexpr std::int64_t one_request_ns = 200'000'000;

volatile std::sig_atomic_t stop_signal = 0;
volatile std::sig_atomic_t limit_passed = 0;
std::atomic<std::int64_t> first_stop_ns{0};
static_assert(std::atomic<std::int64_t>::is_always_lock_free, "a signal handler reads and writes it");

constexpr int own_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGALRM};

void end_now(std::string_view text, ExitCode code) {
  RawTerminal::restore();
  last_reports::write_now(code);
  write_what_fits(STDERR_FILENO, text);
  _exit(static_cast<int>(code));
}

std::int64_t monotonic_ns() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void on_stop(int signal) {
  if (stop_signal == 0) {
    first_stop_ns = monotonic_ns();
    stop_signal = signal;
  } else if (monotonic_ns() - first_stop_ns > one_request_ns) {
    end_now("\nsmmu-vp: stopped at once\n", exit_code_of_signal(stop_signal));
  }
}

// The timer is a periodic one: the first time is the limit, the second the end of the grace.
void on_alarm(int) {
  if (limit_passed == 0) {
    limit_passed = 1;
    return;
  }
  end_now(
      "\nsmmu-vp: the limit of wall time (--timeout-wall) has passed and the simulation does not come back\n",
      ExitCode::WallTimeout);
}

void handle(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  // One at a time: none comes between a handler's two steps, or while another one ends the program.
  for (const int own : own_signals) sigaddset(&action.sa_mask, own);
  // No SA_RESTART: a wait for input returns, so that the flag is seen.
  sigaction(signal, &action, nullptr);
}

}  // namespace

StopSignals::StopSignals() {
  stop_signal = limit_passed = 0;
  last_reports::arm();
  handle(SIGINT, on_stop);
  handle(SIGTERM, on_stop);
  struct sigaction hang_up = {};
  m_takes_hang_up = sigaction(SIGHUP, nullptr, &hang_up) == 0 && hang_up.sa_handler != SIG_IGN;
  if (m_takes_hang_up) handle(SIGHUP, on_stop);
  // A closed pipe shows as a failed write; the run goes on and its reports are still made.
  handle(SIGPIPE, SIG_IGN);
}

StopSignals::~StopSignals() {
  const itimerval off{};
  setitimer(ITIMER_REAL, &off, nullptr);
  handle(SIGINT, SIG_DFL);
  handle(SIGTERM, SIG_DFL);
  if (m_takes_hang_up) handle(SIGHUP, SIG_DFL);
}

int StopSignals::signal() { return stop_signal; }
bool StopSignals::requested() { return stop_signal != 0; }
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
