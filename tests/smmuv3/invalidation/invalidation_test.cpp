// Random software, devices and commands against what the architecture allows (reference.h).
#include <gtest/gtest.h>

#include <iostream>

#include "reference.h"
#include "run.h"
#include "smmuvp/test/course.h"

namespace smmuvp::smmuv3::invalidation {
namespace {

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
  Tallies tallies;
  const test::Course course(test::number("SMMUVP_SEED", 1), test::number("SMMUVP_SCHEDULES", 30'000));
  const bool agrees = course.run([&](std::uint64_t seed) {
    const Schedule schedule = make_schedule(seed);
    EXPECT_GE(size_of(schedule), 20U);
    return !run(schedule, tallies) || (ADD_FAILURE() << report(shrink(schedule)), false);
  });
  ASSERT_TRUE(agrees);
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

// The same where the SMMU does what drivers hope it does not (docs/adverse.md).
TEST(Invalidation, HoldsWithSpeculationAndWithInvalidationsThatTakeEffectLate) {
  Tallies tallies;
  const test::Course course(test::number("SMMUVP_SEED", 1), test::number("SMMUVP_SCHEDULES", 30'000) / 4);
  const bool agrees = course.run([&](std::uint64_t seed) {
    Schedule schedule = make_schedule(seed);
    schedule.large_caches = false;
    schedule.adverse = true;
    return !run(schedule, tallies) || (ADD_FAILURE() << report(shrink(schedule)), false);
  });
  ASSERT_TRUE(agrees);
  std::cout << tallies.speculative_reads << " speculative reads, " << tallies.answers_old << " old answers\n";
  EXPECT_GT(tallies.speculative_reads, 1000U);
  EXPECT_GT(tallies.answers_old, 0U);
}

}  // namespace
}  // namespace smmuvp::smmuv3::invalidation
