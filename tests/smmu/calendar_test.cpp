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

TEST(Calendar, NoRequestWaitsBecauseOthersWereGivenUnluckyLanes) {
  Calendar c({10, 10, 2});
  EXPECT_EQ(c.book(0), 10U);
  EXPECT_EQ(c.book(15), 25U);
  EXPECT_EQ(c.book(5), 15U);
  EXPECT_EQ(c.book(12), 22U) << "at no moment from 12 to 22 are there two others";
}

TEST(Calendar, ABookingOfALengthThatIsKnownAtItsEndTakesTheLaneThatWasFreeAtItsBegin) {
  Calendar c({0, 0, 2});
  EXPECT_EQ(c.earliest(100), 100U);
  EXPECT_EQ(c.earliest(100), 100U) << "nothing is booked before its end is known";
  c.occupy(100, 150);
  c.occupy(100, 130);
  EXPECT_EQ(c.earliest(100), 130U);
  EXPECT_EQ(c.earliest(99), 99U);
  c.occupy(99, 140);
  EXPECT_EQ(c.earliest(100), 140U) << "three met at 100, where two have room; two are left at 130";
  EXPECT_EQ(c.earliest(145), 145U);
}

TEST(Calendar, AnEmptyIntervalBooksNothing) {
  Calendar c({0, 0, 1});
  c.occupy(100, 100);
  c.occupy(100, 90);
  EXPECT_EQ(c.earliest(95), 95U);
  EXPECT_EQ(c.size(), 0U);
}

TEST(Calendar, TimesDoNotWrapAtTheirEnd) {
  constexpr TimePs end = ~TimePs{0};
  Calendar c({20, 10, 1});
  EXPECT_EQ(c.book(end - 25), end - 5);
  EXPECT_EQ(c.book(end - 25), end);
  EXPECT_EQ(c.book(end - 3), end);
  EXPECT_EQ(c.book(end), end);
  EXPECT_EQ(c.book(end - 40), end - 20) << "before them it is free";
  EXPECT_EQ(c.book(end - 40), end);
  EXPECT_EQ(c.earliest(end - 30), end);
  c.occupy(end - 100, end);
  EXPECT_EQ(c.earliest(end - 100), end);
  EXPECT_EQ(c.earliest(end - 110), end - 110);
  Calendar never({end, 0, 1});
  EXPECT_EQ(never.book(5), end);
  Calendar whole({end, end, 1});
  EXPECT_EQ(whole.book(5), end);
  EXPECT_EQ(whole.book(6), end);
}

TEST(Calendar, GapsThatNobodyCanUseAreNotKept) {
  Calendar c({10, 10, 1});
  for (TimePs t = 0; t < 19000; t += 19) c.book(t);
  EXPECT_EQ(c.size(), 1U);
  EXPECT_EQ(c.book(0), 18991U + 10);
}

TEST(Calendar, MemoryIsThatOfWhatIsBookedAndNotPruned) {
  constexpr TimePs n = 100000;
  Calendar c({10, 10, 1});
  for (TimePs i = 0; i < 10000; ++i) c.book(1000 * i);
  c.prune(10000 * 1000);
  const std::size_t empty = c.bytes();  // with what is kept of bookings until somebody asks for them
  EXPECT_LT(empty, 20000U);
  for (TimePs i = 10000; i < 10000 + n; ++i) c.book(1000 * i);
  EXPECT_EQ(c.size(), n);
  EXPECT_LT(c.bytes(), empty + 14 * n);
  for (TimePs i = 10000; i < 10000 + n; ++i) c.book(1000 * i + 500);
  EXPECT_EQ(c.size(), 2 * n);
  EXPECT_LT(c.bytes(), empty + 2 * 28 * n) << "blocks that were split are half full at least";
  c.prune(1000 * 10000 + 900 * n);
  EXPECT_LT(c.bytes(), empty + 2 * 28 * n / 8);
  c.prune(1000 * 10000 + 1001 * n);
  EXPECT_EQ(c.bytes(), empty);
  c.book(TimePs{1} << 60);
  EXPECT_LT(c.bytes(), empty + 1000) << "idle time takes none";
}

TEST(Calendar, ACopyIsOfItsOwn) {
  Calendar a({10, 10, 1});
  for (TimePs t = 0; t < 10000; t += 30) a.book(t);
  a.book(5);
  Calendar b = a;
  EXPECT_EQ(b.book(15), a.book(15));
  b.clear();
  EXPECT_EQ(b.book(15), 25U);
  EXPECT_GT(a.book(15), 25U);
  b = a;
  a.clear();
  EXPECT_GT(b.book(15), 25U);
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

TEST(Calendar, ADamagedArchiveLeavesACalendarThatBooks) {
  Calendar a({10, 10, 2});
  for (TimePs t = 0; t < 200; t += 7) a.book(t);
  a.book(3);
  ArchiveWriter w;
  a.visit(w);
  const auto load = [](const std::vector<std::uint8_t>& data) {
    Calendar c({10, 10, 2});
    c.book(50);
    ArchiveReader r(data);
    c.visit(r);
    if (!r.ok()) {
      EXPECT_EQ(c.size(), 0U);
    }
    for (TimePs t = 0; t < 300; t += 5) EXPECT_GE(c.book(t), t + 10);
    for (TimePs t = 0; t < 300; t += 5) EXPECT_GE(c.book(t), t + 10);
    c.prune(150);
    EXPECT_GE(c.book(200), 210U);
    return r.ok();
  };
  for (std::size_t i = 0; i < w.data().size(); ++i) {
    for (const unsigned flip : {0x01U, 0x02U, 0x80U, 0xffU}) {
      std::vector<std::uint8_t> data = w.data();
      data[i] = static_cast<std::uint8_t>(data[i] ^ flip);
      load(data);
    }
    EXPECT_FALSE(load({w.data().begin(), w.data().begin() + static_cast<std::ptrdiff_t>(i)}));
  }
}

}  // namespace
}  // namespace smmuvp::smmu
