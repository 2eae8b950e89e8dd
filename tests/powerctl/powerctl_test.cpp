// powerctl, by its data sheet in docs/devices.md.
#include "smmuvp/powerctl/powerctl.h"

#include <gtest/gtest.h>

#include <sstream>

#include "smmuvp/test/bench.h"

namespace smmuvp {
namespace {

struct Bench {
  Bench() {
    master.socket.bind(dut.registers);
    for (std::size_t i = 0; i < lines.size(); ++i) dut.line[i].bind(lines[i]);
    dut.reset.bind(reset);
  }
  static Params params() {
    Params p(powerctl_type().params, "dut (powerctl)");
    p.set("lines", std::uint64_t{3});
    p.set("level", std::uint64_t{5});
    return p;
  }
  unsigned levels() {
    test::advance();
    return unsigned{lines[0].read()} | unsigned{lines[1].read()} << 1 | unsigned{lines[2].read()} << 2;
  }
  test::CapturingHost host;
  Powerctl dut{"dut", params(), host};
  test::Master master{"master"};
  sc_core::sc_vector<sc_core::sc_signal<bool>> lines{"lines", 3};
  sc_core::sc_signal<bool> reset{"reset"};
};

class PowerctlTest : public ::testing::Test {
 protected:
  static Bench& bench() {
    static Bench b;
    return b;
  }
  void SetUp() override {
    test::advance();
    b.reset.write(true);
    test::advance();
    b.reset.write(false);
    test::advance();
  }
  Bench& b = bench();
};

TEST_F(PowerctlTest, LinesHaveTheirLevelFromTheStartAndAfterAReset) {
  EXPECT_EQ(b.levels(), 5U);
  b.master.put(0x8, 0);
  EXPECT_EQ(b.levels(), 0U);
  b.reset.write(true);
  EXPECT_EQ((test::advance(), b.levels()), 5U);
  b.reset.write(false);
}

TEST_F(PowerctlTest, LevelSetAndClearDriveLinesThatThereAre) {
  EXPECT_EQ(b.master.get(0x0), 0x4c525750U);
  EXPECT_EQ(b.master.get(0x4), 3U);
  b.master.put(0x8, 0xfffffffa);
  EXPECT_EQ(b.master.get(0x8), 2U);
  EXPECT_EQ(b.levels(), 2U);
  b.master.put(0xc, 0xf1);
  EXPECT_EQ(b.levels(), 3U);
  b.master.put(0x10, 2);
  EXPECT_EQ(b.levels(), 1U);
  EXPECT_EQ(b.master.get(0xc), 0U);
  EXPECT_EQ(b.master.get(0x10), 0U);
}

TEST_F(PowerctlTest, ASavedStateDrivesTheLinesAgain) {
  b.master.put(0x8, 6);
  std::stringstream state;
  ASSERT_FALSE(b.dut.save(state));
  b.master.put(0x8, 1);
  EXPECT_EQ(b.levels(), 1U);
  ASSERT_FALSE(b.dut.load(state));
  EXPECT_EQ(b.levels(), 6U);
}

}  // namespace
}  // namespace smmuvp
