#include "verdict.h"

#include <fmt/format.h>

#include "duration.h"

namespace smmuvp::platform {

namespace {

std::string via(const GuestExit& exit) {
  return exit.via.empty() ? std::string() : fmt::format(" ({})", exit.via);
}

// Empty if the guest said that all is well.
std::string guest_failure(const RunFacts& facts, const GuestExit& exit) {
  switch (exit.kind) {
    case GuestExit::Kind::PowerOff:
      return "";
    case GuestExit::Kind::Status:
      return exit.status == 0 ? "" : fmt::format("the guest ended with status {}{}", exit.status, via(exit));
    case GuestExit::Kind::Reset:
    case GuestExit::Kind::WarmReset:  // after which this program goes on
      return facts.reset_passes ? "" : fmt::format("the guest reset the machine{}", via(exit));
    case GuestExit::Kind::DeadEnd:
      return "the guest cannot go on: " + exit.via;
  }
  return "the guest ended in an unknown way";
}

std::string test_failure(const KtapReport& ktap) {
  const std::uint64_t failed = ktap.count(KtapCase::Result::Failed);
  if (failed != 0) {
    for (const KtapCase& c : ktap.cases) {
      if (c.result == KtapCase::Result::Failed) {
        return fmt::format("{} of {} tests failed, first '{}'", failed, ktap.cases.size(), c.name);
      }
    }
  }
  return ktap.problems.empty() ? "" : "the guest's test results are in doubt: " + ktap.problems.front();
}

// A guest that tests nothing has not shown that anything works. Skipped tests show nothing either.
std::string too_few_tests(std::uint64_t least, const KtapReport& ktap) {
  const std::uint64_t ran = ktap.ran();
  if (ran >= least) return "";
  return fmt::format("{} ran, and at least {} must (--min-tests, or min_tests of the configuration)",
                     ran == 0 && ktap.cases.empty() ? "no test"
                     : ran == 0                     ? fmt::format("none of {} tests", ktap.cases.size())
                                                    : fmt::format("{} test{}", ran, ran == 1 ? "" : "s"),
                     least);
}

}  // namespace

Verdict judge(const RunFacts& facts, const KtapReport& ktap) {
  switch (facts.reason) {
    case StopReason::SimTimeout:
      return {ExitCode::SimTimeout, fmt::format("the guest was still running after {} of simulated time",
                                                duration_text(facts.sim_time_ps))};
    case StopReason::WallTimeout:
      if (facts.default_wall_limit_ps) {
        return {
            ExitCode::WallTimeout,
            fmt::format(
                "the guest was still running after {}, the limit where standard output is no terminal and "
                "none is given; --timeout-wall TIME raises it",
                duration_text(*facts.default_wall_limit_ps))};
      }
      return {ExitCode::WallTimeout, "the guest was still running when --timeout-wall had passed"};
    case StopReason::ConsoleLimit:
      return {ExitCode::ConsoleLimit,
              fmt::format("the guest printed more than {} bytes; --console-limit SIZE raises the limit",
                          facts.console_limit)};
    case StopReason::Interrupted:
      return {exit_code_of_signal(facts.signal), "interrupted"};
    case StopReason::Standstill:
      return {ExitCode::Fail, "the guest stands still: it waits, and nothing is left that could wake it"};
    case StopReason::Unsupported:
      return {ExitCode::Unsupported, facts.internal};
    case StopReason::InternalError:
      return {ExitCode::Internal, facts.internal};
    case StopReason::GuestExit:
      break;
  }
  if (!facts.exit) return {ExitCode::Internal, "simulation stopped and nobody said why"};
  // Whatever the guest says, it was not tested by what was to test it.
  if (!facts.missing_injections.empty())
    return {ExitCode::Injection, "--inject: " + facts.missing_injections};
  // Before what the guest says of itself, as these are the cause more often than not.
  if (facts.check_failures != 0) {
    return {ExitCode::Check, fmt::format("--check: {} mistake{} of a driver, first {}", facts.check_failures,
                                         facts.check_failures == 1 ? "" : "s", facts.first_check_failure)};
  }
  if (facts.match) {
    const std::string where = facts.oops.empty() ? "" : fmt::format("Oops in {}: ", facts.oops);
    return {ExitCode::Fail, where + facts.match->describe()};
  }
  if (std::string failure = guest_failure(facts, *facts.exit); !failure.empty())
    return {ExitCode::Fail, failure};
  if (std::string failure = test_failure(ktap); !failure.empty()) return {ExitCode::Fail, failure};
  if (std::string failure = too_few_tests(facts.min_tests, ktap); !failure.empty())
    return {ExitCode::Fail, failure};
  if (facts.strict && facts.guest_errors.count != 0) {
    return {ExitCode::Strict, fmt::format("--strict: {} diagnostic{}: {}; --allow SITE[=N] puts up with one",
                                          facts.guest_errors.count, facts.guest_errors.count == 1 ? "" : "s",
                                          facts.guest_errors.sites)};
  }
  std::string how = facts.exit->kind == GuestExit::Kind::PowerOff ? "power off"
                    : facts.exit->kind == GuestExit::Kind::Reset  ? "reset"
                                                                  : "status 0";
  return {ExitCode::Pass, how + via(*facts.exit)};
}

}  // namespace smmuvp::platform
