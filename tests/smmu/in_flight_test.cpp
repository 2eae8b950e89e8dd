#include "smmuvp/smmu/in_flight.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace smmuvp::smmu {
namespace {

TEST(InFlight, ABarrierDoesNotWaitForThoseThatBeginAfterIt) {
  InFlight f;
  f.leave(f.enter(1'000), 1'060);  // across the barrier
  f.leave(f.enter(900'000), 900'050);
  const auto barrier = f.barrier();
  f.leave(f.enter(1'010), 2'000'000);
  EXPECT_EQ(f.done_at(barrier, 1'020), 1'080U) << "60 is the most that any of them takes";
  EXPECT_EQ(f.done_at(barrier, 900'020), 900'050U);
  EXPECT_EQ(f.done_at(f.barrier(), 1'020), 2'000'000U) << "one that takes long, and begins before";
}

TEST(InFlight, TheLongestOfAnEarlierGenerationCounts) {
  InFlight f;
  const FlightToken early = f.enter(400);
  f.barrier();
  f.leave(f.enter(5'000), 5'010);
  const auto second = f.barrier();
  f.leave(early, 500);
  EXPECT_TRUE(f.done(second));
  EXPECT_EQ(f.done_at(second, 450), 550U);
}

TEST(InFlight, ABarrierWaitsForThoseBeforeItAndNotForThoseAfterIt) {
  InFlight f;
  const FlightToken before = f.enter(0);
  const auto barrier = f.barrier();
  const FlightToken after = f.enter(0);
  EXPECT_FALSE(f.done(barrier));
  f.leave(after, 5);
  EXPECT_FALSE(f.done(barrier));
  f.leave(before, 3);
  EXPECT_TRUE(f.done(barrier));
  EXPECT_EQ(f.done_at(barrier, 0), 3U);
  EXPECT_EQ(f.all(), 0U);
}

TEST(InFlight, ABarrierWithNothingBeforeItIsDone) {
  InFlight f;
  EXPECT_TRUE(f.done(f.barrier()));
  const auto barrier = f.barrier();
  f.enter(0);
  EXPECT_TRUE(f.done(barrier));
  EXPECT_EQ(f.done_at(barrier, 0), 0U);
}

TEST(InFlight, ABarrierIsDoneAtTheLatestEndWhateverTheOrderOfLeaving) {
  InFlight f;
  const FlightToken a = f.enter(0);
  const FlightToken b = f.enter(0);
  const FlightToken c = f.enter(0);
  f.leave(b, 900);
  const auto barrier = f.barrier();
  f.leave(c, 200);
  f.leave(a, 100);
  ASSERT_TRUE(f.done(barrier));
  EXPECT_EQ(f.done_at(barrier, 0), 900U) << "left before the barrier, and ends after it";
}

TEST(InFlight, BarriersOverlap) {
  InFlight f;
  const FlightToken a = f.enter(0);
  const auto first = f.barrier();
  const FlightToken b = f.enter(0);
  const auto second = f.barrier();
  const auto same = f.barrier();
  const FlightToken c = f.enter(0);
  const auto third = f.barrier();
  f.leave(b, 70);
  EXPECT_FALSE(f.done(first));
  EXPECT_FALSE(f.done(second)) << "what the first one waits for was before it as well";
  f.leave(a, 40);
  EXPECT_TRUE(f.done(first));
  EXPECT_TRUE(f.done(second));
  EXPECT_TRUE(f.done(same));
  EXPECT_FALSE(f.done(third));
  f.leave(c, 50);
  EXPECT_TRUE(f.done(third));
  EXPECT_EQ(f.done_at(first, 0), 40U) << "and stays so, although later ones ended later";
  EXPECT_EQ(f.done_at(second, 0), 70U);
  EXPECT_EQ(f.done_at(same, 0), 70U);
  EXPECT_EQ(f.done_at(third, 0), 70U);
}

TEST(InFlight, PruningLeavesEndTimesThatAreStillAhead) {
  InFlight f;
  const FlightToken a = f.enter(0);
  const auto first = f.barrier();
  const FlightToken b = f.enter(0);
  const auto second = f.barrier();
  f.leave(a, 40);
  f.leave(b, 70);
  f.prune(50);
  EXPECT_TRUE(f.done(first));
  EXPECT_LE(f.done_at(first, 0), 50U);
  EXPECT_EQ(f.done_at(second, 0), 70U);
}

TEST(InFlight, TokensOfBeforeAResetDoNotCount) {
  InFlight f;
  const FlightToken a = f.enter(0);
  const auto old = f.barrier();
  f.clear();
  EXPECT_TRUE(f.done(old));
  const FlightToken b = f.enter(0);
  f.leave(a, 1);
  EXPECT_EQ(f.all(), 1U);
  const auto barrier = f.barrier();
  f.leave(a, 1);
  EXPECT_FALSE(f.done(barrier));
  f.leave(b, 2);
  EXPECT_TRUE(f.done(barrier));
  EXPECT_EQ(f.done_at(barrier, 0), 2U);
}

TEST(InFlight, AStalledAccessHoldsNoBarrierUpUntilItGoesOn) {
  InFlight f;
  FlightToken stalled = f.enter(0);
  const auto first = f.barrier();
  f.leave(stalled, 10);
  EXPECT_TRUE(f.done(first));
  stalled = f.enter(0);
  const auto second = f.barrier();
  EXPECT_TRUE(f.done(first));
  EXPECT_FALSE(f.done(second));
  f.leave(stalled, 20);
  EXPECT_EQ(f.done_at(second, 0), 20U);
  EXPECT_EQ(f.done_at(first, 0), 10U);
}

TEST(InFlight, RoundTripsThroughAnArchive) {
  InFlight f;
  const FlightToken a = f.enter(0);
  const auto first = f.barrier();
  const FlightToken b = f.enter(0);
  f.leave(b, 70);
  const auto second = f.barrier();
  ArchiveWriter w;
  f.visit(w);
  InFlight g;
  g.enter(0);
  ArchiveReader r(w.data());
  g.visit(r);
  ASSERT_TRUE(r.complete()) << r.error();
  EXPECT_EQ(g.all(), 1U);
  EXPECT_FALSE(g.done(first));
  g.leave(a, 30);
  EXPECT_EQ(g.done_at(first, 0), 30U);
  EXPECT_EQ(g.done_at(second, 0), 70U);
  ArchiveWriter before;
  f.leave(a, 30);
  f.visit(before);
  ArchiveWriter again;
  g.visit(again);
  EXPECT_EQ(again.data(), before.data());
}

TEST(InFlight, ADamagedArchiveLeavesNothingUnderWay) {
  InFlight f;
  f.enter(0);
  f.barrier();
  f.enter(0);
  ArchiveWriter w;
  f.visit(w);
  for (std::size_t i = 0; i < w.data().size(); ++i) {
    for (const unsigned flip : {0x01U, 0x80U, 0xffU}) {
      std::vector<std::uint8_t> data = w.data();
      data[i] = static_cast<std::uint8_t>(data[i] ^ flip);
      InFlight g;
      ArchiveReader r(data);
      g.visit(r);
      if (!r.ok()) {
        EXPECT_EQ(g.all(), 0U);
      }
      const FlightToken t = g.enter(0);
      const auto barrier = g.barrier();
      g.leave(t, 1);
      if (!r.ok()) {
        EXPECT_TRUE(g.done(barrier));
      }
    }
    InFlight g;
    ArchiveReader r({w.data().begin(), w.data().begin() + static_cast<std::ptrdiff_t>(i)});
    g.visit(r);
    EXPECT_FALSE(r.ok());
    EXPECT_EQ(g.all(), 0U);
  }
}

TEST(InFlight, AgreesWithAListOfTransactions) {
  struct Transaction {
    FlightToken token;
    bool left = false;
    TimePs end = 0;
  };
  struct Barrier {
    InFlight::Barrier value;
    std::size_t entered;
  };
  std::uint64_t x = 7;
  const auto random = [&x](std::uint64_t n) {
    x = x * 6364136223846793005ULL + 1442695040888963407ULL;
    return (x >> 33) % n;
  };
  for (int run = 0; run < 20; ++run) {
    InFlight f;
    std::vector<Transaction> all;
    std::vector<Barrier> barriers;
    TimePs now = 0;
    for (int i = 0; i < 1000; ++i) {
      switch (random(6)) {
        case 0:
          barriers.push_back({f.barrier(), all.size()});
          break;
        case 1:
          now += random(10);
          f.prune(now);
          break;
        case 2:
        case 3:
          all.push_back({f.enter(0)});
          break;
        default: {
          if (all.empty()) break;
          Transaction& t = all[all.size() - 1 - random(std::min<std::size_t>(all.size(), 12))];
          if (t.left) break;
          t.left = true;
          t.end = now + random(100);
          f.leave(t.token, t.end);
        }
      }
      for (const Barrier& b : barriers) {
        bool done = true;
        TimePs end = 0;
        for (std::size_t k = 0; k < b.entered; ++k) {
          done = done && all[k].left;
          end = std::max(end, all[k].end);
        }
        ASSERT_EQ(f.done(b.value), done);
        if (done) {
          ASSERT_EQ(std::max(now, f.done_at(b.value, 0)), std::max(now, end));
        }
      }
    }
  }
}

}  // namespace
}  // namespace smmuvp::smmu
