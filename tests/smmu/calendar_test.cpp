#include "smmuvp/smmu/calendar.h"

#include <gtest/gtest.h>

#include <vector>

namespace smmuvp::smmu {
namespace {

TEST(Calendar, GivesTheEarliestFreeIntervalAtOrAfterTheRequestsTime) {
  Calendar c({10, 10, 1});
  EXPECT_EQ(c.book(100), 110U);
  EXPECT_EQ(c.book(100), 120U);
  EXPECT_EQ(c.book(105), 130U);
  EXPECT_EQ(c.book(90), 100U) << "before the others it is free";
  EXPECT_EQ(c.book(85), 140U) << "the gap from 80 to 90 is too late for it, the one before is too short";
}

TEST(Calendar, WidthIsTheNumberOfRequestsAtATime) {
  Calendar c({10, 10, 2});
  EXPECT_EQ(c.book(0), 10U);
  EXPECT_EQ(c.book(0), 10U);
  EXPECT_EQ(c.book(0), 20U);
}

TEST(Calendar, APipelinedStructureTakesARequestEachOccupancy) {
  Calendar c({30, 10, 1});
  EXPECT_EQ(c.book(0), 30U);
  EXPECT_EQ(c.book(0), 40U);
}

TEST(Calendar, AStructureWithoutOccupancyIsNeverBusy) {
  Calendar c({5, 0, 1});
  EXPECT_EQ(c.book(7), 12U);
  EXPECT_EQ(c.book(7), 12U);
  EXPECT_EQ(c.size(), 0U);
}

TEST(Calendar, PruningForgetsThePastAndChangesNoLaterBooking) {
  Calendar a({10, 10, 1});
  Calendar b({10, 10, 1});
  for (TimePs t = 0; t < 2000; t += 40) {
    a.book(t);
    b.book(t);
  }
  a.prune(1000);
  EXPECT_LT(a.size(), b.size());
  for (TimePs t = 1000; t < 2100; t += 7) EXPECT_EQ(a.book(t), b.book(t));
}

TEST(Calendar, NeighbouringBookingsAreOneInterval) {
  Calendar c({10, 10, 1});
  for (int i = 0; i < 1000; ++i) c.book(0);
  EXPECT_EQ(c.size(), 1U);
}

TEST(Calendar, NoTwoBookingsOfALaneOverlap) {
  Calendar c({8, 8, 1});
  std::vector<bool> busy(20000);
  std::uint64_t x = 12345;
  for (int i = 0; i < 1500; ++i) {
    x = x * 6364136223846793005ULL + 1442695040888963407ULL;
    const TimePs at = (x >> 33) % 10000;
    const TimePs start = c.book(at) - 8;
    EXPECT_GE(start, at);
    for (TimePs t = start; t < start + 8; ++t) {
      EXPECT_FALSE(busy.at(t));
      busy[t] = true;
    }
  }
}

TEST(Calendar, RoundTripsThroughAnArchive) {
  Calendar a({10, 10, 2});
  for (TimePs t = 0; t < 100; t += 3) a.book(t);
  ArchiveWriter w;
  a.visit(w);
  Calendar b({10, 10, 2});
  ArchiveReader r(w.data());
  b.visit(r);
  ASSERT_TRUE(r.complete()) << r.error();
  for (TimePs t = 0; t < 300; t += 11) EXPECT_EQ(a.book(t), b.book(t));
  Calendar other({10, 10, 3});
  ArchiveReader wrong(w.data());
  other.visit(wrong);
  EXPECT_FALSE(wrong.ok());
}

}  // namespace
}  // namespace smmuvp::smmu
