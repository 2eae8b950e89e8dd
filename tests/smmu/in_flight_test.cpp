// Transactions in flight.
#include "smmuvp/smmu/in_flight.h"

#include <gtest/gtest.h>

namespace smmuvp::smmu {
namespace {

TEST(InFlight, ABarrierSplitsOlderFromYounger) {
  InFlight f;
  const FlightToken a = f.enter();
  const std::uint64_t barrier = f.barrier();
  const FlightToken b = f.enter();
  EXPECT_FALSE(f.done(barrier));
  f.leave(b, 5);
  EXPECT_FALSE(f.done(barrier));
  f.leave(a, 3);
  EXPECT_TRUE(f.done(barrier));
  EXPECT_EQ(f.done_at(barrier), 3U);
  EXPECT_EQ(f.all(), 0U);
}

TEST(InFlight, TokensOfBeforeAResetDoNotCount) {
  InFlight f;
  const FlightToken a = f.enter();
  f.clear();
  const FlightToken b = f.enter();
  f.leave(a, 0);
  EXPECT_EQ(f.all(), 1U);
  const std::uint64_t barrier = f.barrier();
  f.leave(a, 0);
  EXPECT_FALSE(f.done(barrier));
  f.leave(b, 0);
  EXPECT_EQ(f.all(), 0U);
}

}  // namespace
}  // namespace smmuvp::smmu
