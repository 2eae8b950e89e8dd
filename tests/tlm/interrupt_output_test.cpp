#include "smmuvp/tlm/interrupt_output.h"

#include <gtest/gtest.h>

#include "smmuvp/test/bench.h"
#include "smmuvp/tlm/pulse_output.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp {
namespace {

constexpr std::uint64_t clock_ps = 1000;

/// Writes down when a line changes.
struct Watch : sc_core::sc_module {
  explicit Watch(const sc_core::sc_module_name& n) : sc_core::sc_module(n), in("in") {
    SMMUVP_HAS_PROCESS(Watch);
    SC_METHOD(changed);
    sensitive << in;
    dont_initialize();
  }
  void changed() { edges.push_back(sc_core::sc_time_stamp()); }
  LineIn in;
  std::vector<sc_core::sc_time> edges;
};

/// One output of each kind.
struct Owner : sc_core::sc_module {
  explicit Owner(const sc_core::sc_module_name& n) : sc_core::sc_module(n) {}
  LineOut edge{"edge"}, level{"level"};
  PulseOutput pulses{"pulses", edge, sc_core::sc_time(static_cast<double>(clock_ps), sc_core::SC_PS)};
  LevelOutput levels{"levels", level};
};

struct Bench {
  Bench() {
    owner.edge(edge);
    owner.level(level);
    watch.in(edge);
    test::advance();
  }
  sc_core::sc_signal<bool> edge{"edge"}, level{"level"};
  Owner owner{"owner"};
  PulseOutput& pulses = owner.pulses;
  LevelOutput& levels = owner.levels;
  Watch watch{"watch"};
};

/// Both lines low and no pulse due.
Bench& bench() {
  static Bench b;
  b.levels.set(false);
  test::advance(10 * clock_ps);
  EXPECT_FALSE(b.edge.read());
  EXPECT_FALSE(b.level.read());
  b.watch.edges.clear();
  return b;
}

TEST(PulseOutput, ARequestIsHighForOneClock) {
  Bench& b = bench();
  const sc_core::sc_time start = sc_core::sc_time_stamp();
  b.pulses.request();
  test::advance(10 * clock_ps);
  ASSERT_EQ(b.watch.edges.size(), 2U);
  EXPECT_EQ(b.watch.edges[0], start);
  EXPECT_EQ(b.watch.edges[1] - start, sc_core::sc_time(1, sc_core::SC_NS));
}

TEST(PulseOutput, RequestsDuringAPulseGiveOneMoreAfterAPauseAndTheOthersAreCounted) {
  Bench& b = bench();
  const std::uint64_t pulses = b.pulses.pulses();
  const std::uint64_t coalesced = b.pulses.coalesced();
  b.pulses.request();
  test::advance(clock_ps / 2);
  for (int i = 0; i < 3; ++i) b.pulses.request();
  test::advance(10 * clock_ps);
  ASSERT_EQ(b.watch.edges.size(), 4U);
  EXPECT_EQ(b.watch.edges[2] - b.watch.edges[1], sc_core::sc_time(1, sc_core::SC_NS));
  EXPECT_EQ(b.pulses.pulses() - pulses, 2U);
  EXPECT_EQ(b.pulses.coalesced() - coalesced, 2U);
}

TEST(PulseOutput, ACancelledRequestIsNotSeenAndAPulseUnderWayEnds) {
  Bench& b = bench();
  b.pulses.request();
  test::advance(clock_ps / 2);
  EXPECT_TRUE(b.edge.read());
  b.pulses.request();
  b.pulses.cancel();
  test::advance(10 * clock_ps);
  EXPECT_EQ(b.watch.edges.size(), 2U);
}

TEST(PulseOutput, ASavedPulseAndTheRequestBehindItComeAfterLoading) {
  Bench& b = bench();
  b.pulses.request();
  test::advance(clock_ps / 2);
  b.pulses.request();
  const auto saved = test::save(b.pulses);
  test::advance(10 * clock_ps);
  b.watch.edges.clear();
  ASSERT_EQ(test::load(b.pulses, saved), "");
  test::advance(10 * clock_ps);
  EXPECT_EQ(b.watch.edges.size(), 4U);
}

TEST(PulseOutput, WhatIsLeftOfASavedPulseComesAfterLoading) {
  Bench& b = bench();
  b.pulses.request();
  test::advance(clock_ps / 4);
  const auto saved = test::save(b.pulses);
  test::advance(10 * clock_ps);
  b.watch.edges.clear();
  ASSERT_EQ(test::load(b.pulses, saved), "");
  test::advance(10 * clock_ps);
  ASSERT_EQ(b.watch.edges.size(), 2U);
  EXPECT_EQ(to_ps(b.watch.edges[1] - b.watch.edges[0]), clock_ps - clock_ps / 4);
}

TEST(LevelOutput, TheLineIsHighWhileThereIsAReason) {
  Bench& b = bench();
  b.levels.set(true);
  test::advance(100 * clock_ps);
  EXPECT_TRUE(b.level.read());
  b.levels.cancel();
  test::advance();
  EXPECT_TRUE(b.level.read()) << "the reason holds";
  b.levels.set(false);
  test::advance();
  EXPECT_FALSE(b.level.read());
}

TEST(InterruptOutput, AnOwnerTellsBothAndTheOutputShowsItsOwn) {
  Bench& b = bench();
  for (InterruptOutput* output :
       {static_cast<InterruptOutput*>(&b.pulses), static_cast<InterruptOutput*>(&b.levels)}) {
    output->set(true);
    output->request();
  }
  test::advance(10 * clock_ps);
  EXPECT_EQ(b.watch.edges.size(), 2U) << "a pulse, though the reason holds";
  EXPECT_TRUE(b.level.read());
  b.pulses.set(false);
  b.levels.set(false);
  test::advance();
  EXPECT_EQ(b.watch.edges.size(), 2U);
  EXPECT_FALSE(b.level.read());
}

}  // namespace
}  // namespace smmuvp
