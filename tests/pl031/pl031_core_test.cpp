#include "smmuvp/pl031/pl031_core.h"

#include <gtest/gtest.h>

#include "smmuvp/test/core.h"

namespace smmuvp {
namespace {

// Offsets as DDI 0224 chapter 3 has them.
constexpr std::uint32_t DR = 0x000, MR = 0x004, LR = 0x008, CR = 0x00c, IMSC = 0x010, RIS = 0x014,
                        MIS = 0x018, ICR = 0x01c;
constexpr std::uint64_t second = 1'000'000'000'000;

struct Clock {
  explicit Clock(std::uint32_t start = 1000, bool firmware_init = true)
      : core({start, firmware_init}, diag) {}
  std::uint64_t get(std::uint32_t offset) { return core.read(now, offset, 4); }
  void put(std::uint32_t offset, std::uint64_t value) { core.write(now, offset, 4, value); }

  test::CapturingDiag sink;
  Diag diag{&sink, "rtc"};
  Pl031Core core;
  std::uint64_t now = 0;
};

TEST(Pl031Core, IdentificationTellsPartAndDesigner) {
  Clock c;
  std::uint64_t periph = 0;
  std::uint64_t cell = 0;
  for (unsigned i = 0; i < 4; ++i) {
    periph |= c.get(0xfe0 + 4 * i) << (8 * i);
    cell |= c.get(0xff0 + 4 * i) << (8 * i);
  }
  EXPECT_EQ(periph & 0xfffff, 0x41031U);
  EXPECT_EQ(cell, 0xb105f00dU);
}

TEST(Pl031Core, WritesReachOnlyWritableBits) {
  Clock c(0, false);
  for (const RegisterInfo& info : c.core.registers().table()) {
    if (info.offset == DR || info.offset == RIS || info.offset == MIS) continue;
    c.put(info.offset, 0xffffffff);
    const std::uint64_t expected = info.access == Access::RO ? info.reset : info.write_mask;
    EXPECT_EQ(c.get(info.offset), expected) << info.name;
  }
}

TEST(Pl031Core, TheCounterCountsSecondsFromTheStart) {
  Clock c;
  EXPECT_EQ(c.get(DR), 1000U);
  EXPECT_EQ(c.get(CR), 1U);
  c.now = second - 1;
  EXPECT_EQ(c.get(DR), 1000U);
  c.now = second;
  EXPECT_EQ(c.get(DR), 1001U);
  c.now = 86400 * second;
  EXPECT_EQ(c.get(DR), 87400U);
}

TEST(Pl031Core, ALoadSetsTheCounterAndKeepsTheSecondsPhase) {
  Clock c;
  c.now = 5 * second + second / 2;
  c.put(LR, 0xfffffffe);
  EXPECT_EQ(c.get(DR), 0xfffffffeU);
  EXPECT_EQ(c.get(LR), 0xfffffffeU);
  c.now = 6 * second;
  EXPECT_EQ(c.get(DR), 0xffffffffU);
  c.now = 7 * second;
  EXPECT_EQ(c.get(DR), 0U) << "the counter wraps";
}

TEST(Pl031Core, WithoutFirmwareTheClockStandsUntilItIsStarted) {
  Clock c(1000, false);
  c.now = 10 * second;
  EXPECT_EQ(c.get(DR), 0U);
  EXPECT_EQ(c.get(CR), 0U);
  EXPECT_FALSE(c.core.next_event());
  c.put(LR, 50);
  c.put(CR, 1);
  c.now = 12 * second;
  EXPECT_EQ(c.get(DR), 52U);
}

TEST(Pl031Core, ARunningClockIsStoppedByResetOnly) {
  Clock c(1000, false);
  c.put(LR, 7);
  c.put(CR, 1);
  c.put(CR, 0);
  EXPECT_EQ(c.get(CR), 1U);
  EXPECT_EQ(c.sink.count("RTCCR"), 1U);
  c.core.reset(c.now);
  EXPECT_EQ(c.get(CR), 0U);
}

TEST(Pl031Core, AMatchRaisesTheInterruptThatTheMaskLetsThrough) {
  Clock c;
  c.put(MR, 1003);
  ASSERT_TRUE(c.core.next_event());
  EXPECT_EQ(*c.core.next_event(), 3 * second);
  c.now = 3 * second - 1;
  EXPECT_EQ(c.get(RIS), 0U);
  c.now = 3 * second;
  EXPECT_EQ(c.get(RIS), 1U);
  EXPECT_EQ(c.get(MIS), 0U);
  EXPECT_FALSE(c.core.irq());
  c.put(IMSC, 1);
  EXPECT_EQ(c.get(MIS), 1U);
  EXPECT_TRUE(c.core.irq());
  c.put(ICR, 0);
  EXPECT_TRUE(c.core.irq());
  c.put(ICR, 1);
  EXPECT_FALSE(c.core.irq());
  EXPECT_EQ(c.get(RIS), 0U) << "the same second does not match twice";
  c.now = 4 * second;
  EXPECT_EQ(c.get(RIS), 0U);
  EXPECT_EQ(c.core.matches(), 1U);
}

TEST(Pl031Core, AMatchBetweenTwoLooksIsNotLost) {
  Clock c;
  c.put(MR, 1003);
  c.now = 100 * second;
  EXPECT_EQ(c.get(RIS), 1U);
  EXPECT_EQ(c.get(DR), 1100U);
}

TEST(Pl031Core, AMatchRegisterOrLoadThatMeetsTheCounterMatchesAtOnce) {
  Clock c;
  c.put(MR, 1000);
  EXPECT_EQ(c.get(RIS), 1U);
  c.put(MR, 2000);
  c.put(ICR, 1);
  c.put(LR, 2000);
  EXPECT_EQ(c.get(RIS), 1U);
}

TEST(Pl031Core, AMatchBehindTheCounterWaitsForTheWrap) {
  Clock c;
  c.put(LR, 0xffffffff);
  c.put(MR, 1);
  EXPECT_EQ(*c.core.next_event(), 2 * second);
  c.put(MR, 0xfffffffe);
  EXPECT_FALSE(c.core.next_event()) << "further away than time can be told";
}

TEST(Pl031Core, ACounterThatWrapsMatchesOnTheOtherSideOfIt) {
  // DDI 0224 2.1: the counter is 32 bits wide. Looked at in the second of the match, and long after it.
  for (const std::uint64_t at : {7 * second, 300 * second}) {
    Clock c;
    c.put(LR, 0xfffffffc);
    c.put(MR, 3);
    ASSERT_TRUE(c.core.next_event());
    EXPECT_EQ(*c.core.next_event(), 7 * second);
    c.now = 7 * second - 1;
    EXPECT_EQ(c.get(DR), 2U);
    EXPECT_EQ(c.get(RIS), 0U);
    c.now = at;
    EXPECT_EQ(c.get(RIS), 1U);
    EXPECT_EQ(c.get(DR), at / second - 4);
    EXPECT_EQ(c.core.matches(), 1U);
  }
  // A look over the wrap that passes no match.
  Clock c;
  c.put(LR, 0xfffffffc);
  c.put(MR, 500);
  c.now = 300 * second;
  EXPECT_EQ(c.get(RIS), 0U);
}

TEST(Pl031Core, ResetKeepsTheTimeThatFirmwareWouldSetAgain) {
  Clock c;
  c.put(LR, 5);
  c.put(MR, 6);
  c.put(IMSC, 1);
  c.now = 2 * second;
  EXPECT_EQ(c.get(MIS), 1U);
  c.core.reset(c.now);
  EXPECT_FALSE(c.core.irq());
  EXPECT_EQ(c.get(DR), 1002U);
  EXPECT_EQ(c.get(MR), 0U);
}

TEST(Pl031Core, StateComesBackAndTheClockGoesOnFromTheSavedSecond) {
  Clock c;
  c.put(MR, 1010);
  c.put(IMSC, 1);
  c.now = 5 * second;
  EXPECT_EQ(c.get(DR), 1005U);
  const auto saved = test::save(c.core);
  for (const std::uint64_t at : {0 * second, 5 * second, 900 * second}) {
    Clock other(1);
    ASSERT_EQ(test::load(other.core, saved), "");
    EXPECT_EQ(test::save(other.core), saved);
    other.core.resume(at);
    other.now = at;
    EXPECT_EQ(other.get(DR), 1005U);
    EXPECT_EQ(*other.core.next_event(), at + 5 * second);
    other.now = at + 5 * second;
    other.core.elapsed(other.now);
    EXPECT_TRUE(other.core.irq());
  }
}

}  // namespace
}  // namespace smmuvp
