#include "smmuvp/pl031/pl031.h"

#include <gtest/gtest.h>

#include "smmuvp/test/bench.h"
#include "smmuvp/tlm/device_tree.h"

namespace smmuvp {
namespace {

constexpr std::uint64_t DR = 0x000, MR = 0x004, LR = 0x008, IMSC = 0x010, MIS = 0x018, ICR = 0x01c;
constexpr std::uint64_t second = 1'000'000'000'000;

struct Bench {
  Bench() {
    master.socket.bind(rtc.registers);
    rtc.irq(irq);
    rtc.reset(reset);
    test::advance();
  }
  test::CapturingHost host;
  Pl031 rtc{"rtc", Params(pl031_type().params), host};
  test::Master master{"master"};
  sc_core::sc_signal<bool> irq, reset;
};

/// Reset, a moment after a whole second, and RTCDR 1000.
Bench& bench() {
  static Bench b;
  b.reset.write(true);
  test::advance();
  b.reset.write(false);
  test::advance(second - sc_core::sc_time_stamp().value() % second + 1);
  b.master.put(LR, 1000);
  return b;
}

TEST(Pl031, SimulatedTimeStartsAtTheConfiguredDate) {
  bench();
  Bench& b = bench();
  b.reset.write(true);
  test::advance();
  b.reset.write(false);
  const std::uint64_t seconds = sc_core::sc_time_stamp().value() / second;
  EXPECT_EQ(b.master.get(DR), 1735689600U + seconds);
}

TEST(Pl031, TheCounterFollowsSimulatedTime) {
  Bench& b = bench();
  EXPECT_EQ(b.master.get(DR), 1000U);
  test::advance(second);
  EXPECT_EQ(b.master.get(DR), 1001U);
}

TEST(Pl031, TheAlarmRaisesTheLineWithNobodyLooking) {
  Bench& b = bench();
  b.master.put(IMSC, 1);
  b.master.put(MR, 1003);
  test::advance(3 * second - 3);
  EXPECT_FALSE(b.irq.read());
  test::advance(3);
  EXPECT_TRUE(b.irq.read());
  EXPECT_EQ(b.master.get(MIS), 1U);
  b.master.put(ICR, 1);
  test::advance();
  EXPECT_FALSE(b.irq.read());
}

TEST(Pl031, AnAlarmThatIsMovedRingsAtTheLaterTimeOnly) {
  Bench& b = bench();
  b.master.put(IMSC, 1);
  b.master.put(MR, 1002);
  b.master.put(MR, 1004);
  test::advance(3 * second);
  EXPECT_FALSE(b.irq.read());
  test::advance(second);
  EXPECT_TRUE(b.irq.read());
}

TEST(Pl031, ResetLowersTheLine) {
  Bench& b = bench();
  b.master.put(IMSC, 1);
  b.master.put(MR, 1000);
  test::advance();
  EXPECT_TRUE(b.irq.read());
  b.reset.write(true);
  test::advance();
  EXPECT_FALSE(b.irq.read());
}

TEST(Pl031, AccessesThatNoRegisterTakesAreAnswered) {
  Bench& b = bench();
  std::uint8_t data[16]{};
  EXPECT_EQ(b.master.read(0x1000, data, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(b.master.read(0x0, data, 16), tlm::TLM_BURST_ERROR_RESPONSE);
  EXPECT_EQ(b.master.get(0x020), 0U);
}

TEST(Pl031, TheDeviceTreeNodeFollowsLinuxsBinding) {
  Bench& b = bench();
  DtNode node("device");
  b.rtc.describe(node);
  EXPECT_EQ(node.name(), "rtc");
  ASSERT_EQ(node.properties().size(), 2U);
  EXPECT_EQ(std::get<DtNode::Strings>(node.properties()[0].value),
            (DtNode::Strings{"arm,pl031", "arm,primecell"}));
  EXPECT_EQ(std::get<DtNode::Strings>(node.properties()[1].value), DtNode::Strings{"apb_pclk"});
}

TEST(Pl031, StateComesBackFromAnArchive) {
  Bench& b = bench();
  b.master.put(IMSC, 1);
  b.master.put(MR, 1002);
  const auto saved = test::save(b.rtc);
  test::advance(4 * second);
  EXPECT_TRUE(b.irq.read());
  EXPECT_EQ(test::load(b.rtc, saved), "");
  test::advance();
  EXPECT_FALSE(b.irq.read());
  EXPECT_EQ(b.master.get(DR), 1000U);
  test::advance(2 * second);
  EXPECT_TRUE(b.irq.read());
}

}  // namespace
}  // namespace smmuvp
