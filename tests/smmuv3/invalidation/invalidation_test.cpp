// Random software, devices and commands against what the architecture allows (reference.h).
//
//   SMMUVP_SEED=n         the first seed; the ordinary run begins with 1
//   SMMUVP_SCHEDULES=n    how many
//   SMMUVP_SECONDS=n      as many as fit into this time instead
//   SMMUVP_SEED_FILE=path the first seed is read from there, and the next one left there
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "reference.h"
#include "run.h"

namespace smmuvp::smmuv3::invalidation {
namespace {

constexpr std::uint64_t ordinary = 100'000;

std::uint64_t number(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

struct Course {
  std::uint64_t first = number("SMMUVP_SEED", 1);
  std::uint64_t count = number("SMMUVP_SCHEDULES", ordinary);
  std::uint64_t seconds = number("SMMUVP_SECONDS", 0);
  std::string file;

  Course() {
    if (const char* path = std::getenv("SMMUVP_SEED_FILE")) {
      file = path;
      std::ifstream(file) >> first;
    }
  }
  void leave(std::uint64_t next) const {
    if (!file.empty()) std::ofstream(file) << next << "\n";
  }
};

void print(const Tallies& t) {
  std::cout << t.schedules << " schedules, " << t.operations << " operations, up to " << t.peak
            << " accesses at a time\nanswers: " << t.answers_new << " new, " << t.answers_old << " old, "
            << t.faults << " faults; " << t.hits << " TLB hits, " << t.hits_required << " of them required\n"
            << "walks merged: " << t.merged << "; waited for and then made: " << t.waited_in_vain << ", "
            << t.waited_overtaken << " more after an invalidation\n"
            << t.syncs_waited
            << " times a CMD_SYNC waited for accesses\ninvalidations that overtook an access at\n";
  for (unsigned n = 0; n < step_kinds; ++n) {
    std::cout << "  " << to_string(static_cast<StepKind>(n)) << ": " << t.overtaken[n] << "\n";
  }
}

TEST(Invalidation, NoAccessUsesWhatACompletedInvalidationTookAway) {
  const Course course;
  Tallies tallies;
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t seed = course.first;
  for (;; ++seed) {
    if (course.seconds == 0 && seed - course.first >= course.count) break;
    if (course.seconds != 0 && (seed - course.first) % 64 == 0 &&
        std::chrono::steady_clock::now() - begin >= std::chrono::seconds(course.seconds)) {
      break;
    }
    const Schedule schedule = make_schedule(seed);
    ASSERT_GE(size_of(schedule), 20U);
    if (run(schedule, tallies)) {
      FAIL() << report(shrink(schedule));
    }
  }
  course.leave(seed);
  print(tallies);
  EXPECT_GE(tallies.peak, 2U);
  EXPECT_GT(tallies.answers_new, 0U);
  EXPECT_GT(tallies.answers_old, 0U);
  EXPECT_GT(tallies.faults, 0U);
  EXPECT_GT(tallies.hits_required, 0U);
  EXPECT_GT(tallies.merged, 0U);
  EXPECT_GT(tallies.waited_in_vain, 0U);
  EXPECT_GT(tallies.waited_overtaken, 0U);
  EXPECT_GT(tallies.syncs_waited, 0U);
  for (unsigned n = 0; n < step_kinds; ++n) {
    EXPECT_GT(tallies.overtaken[n], 0U) << to_string(static_cast<StepKind>(n));
  }
}

}  // namespace
}  // namespace smmuvp::smmuv3::invalidation
