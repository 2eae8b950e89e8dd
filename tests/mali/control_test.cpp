// docs/mali.md, GPU control.
#include "mali_bench.h"
#include "smmuvp/base/error.h"

namespace smmuvp::mali_test {
namespace {

MaliConfig slow() {
  MaliConfig c;
  c.reset_ps = 5'000'000;
  c.power_ps = 2'000'000;
  c.mmu_command_ps = 100'000;
  return c;
}

TEST(MaliControl, IdentificationRegistersSayWhatTheParametersSay) {
  Bench b;
  EXPECT_EQ(b.get(0x000), 0x08602000U);
  EXPECT_EQ(b.get(0x014), 0x2830U);
  EXPECT_EQ(b.get(0x018), 0xffU);
  EXPECT_EQ(b.get(0x01c), 7U);
  EXPECT_EQ(b.get(0x0c0), 0x8000000eU);
  EXPECT_EQ(b.get(0x0c8), 0x8000000eU);
  EXPECT_EQ(b.get(0x0cc), 0U) << "there are three slots";
  EXPECT_EQ(b.get(PRESENT + SHADER), 0xfU);
  EXPECT_EQ(b.get(PRESENT + TILER), 1U);
  EXPECT_EQ(b.get(PRESENT + L2), 1U);
  MaliConfig c = Bench::quick();
  c.gpu_id = 0x70030000;
  c.slots = 1;
  c.address_spaces = 2;
  c.shader_cores = 32;
  Bench other(c);
  EXPECT_EQ(other.get(0x000), 0x70030000U);
  EXPECT_EQ(other.get(0x018), 3U);
  EXPECT_EQ(other.get(0x01c), 1U);
  EXPECT_EQ(other.get(PRESENT + SHADER), 0xffffffffU);
  other.put(js(1, HEAD_NEXT), 5);
  EXPECT_EQ(other.get(js(1, HEAD_NEXT)), 0U) << "no such slot";
  other.put(as(2, LOCKADDR), 5);
  EXPECT_EQ(other.get(as(2, LOCKADDR)), 0U) << "no such address space";
}

TEST(MaliControl, NumbersOutOfRangeAreRefused) {
  Diag diag(nullptr, "gpu");
  for (const auto& change : std::vector<std::function<void(MaliConfig&)>>{
           [](MaliConfig& c) { c.slots = 17; }, [](MaliConfig& c) { c.slots = 0; },
           [](MaliConfig& c) { c.address_spaces = 17; }, [](MaliConfig& c) { c.address_spaces = 0; },
           [](MaliConfig& c) { c.shader_cores = 33; }, [](MaliConfig& c) { c.clock_hz = 0; },
           [](MaliConfig& c) { c.timestamp_hz = 1'000'000'000'001; }}) {
    MaliConfig c;
    change(c);
    EXPECT_THROW(MaliCore(c, diag), ConfigError);
  }
}

TEST(MaliControl, OnlyAccessesOf32BitsReachARegister) {
  Bench b;
  EXPECT_EQ(b.gpu.read(0, 0x000, 2), 0U);
  EXPECT_EQ(b.gpu.read(0, 0x000, 8), 0U);
  b.gpu.write(0, as(0, TRANSTAB), 8, ~0ULL);
  EXPECT_EQ(b.get64(as(0, TRANSTAB)), 0U);
  EXPECT_EQ(b.get(0x3ffc), 0U);
  EXPECT_EQ(b.gpu.peek(0x000, 4), 0x08602000U);
}

TEST(MaliControl, EachInterruptRegisterHasSetClearAndMask) {
  Bench b;
  const std::vector<std::pair<std::uint32_t, MaliCore::Line>> banks{
      {0x0020, MaliCore::Line::Gpu}, {0x1000, MaliCore::Line::Job}, {0x2000, MaliCore::Line::Mmu}};
  for (const auto& [bank, line] : banks) {
    b.put(bank + 8, 0x10004);
    b.put(bank, 0x4);
    b.put(bank, 0x10002);
    EXPECT_EQ(b.get(bank), 0x10006U) << "writing 1 sets bits, writing 0 leaves them";
    EXPECT_EQ(b.get(bank + 12), 0x10004U);
    EXPECT_TRUE(b.gpu.irq(line));
    b.put(bank + 4, 0x10004);
    EXPECT_EQ(b.get(bank), 0x2U);
    EXPECT_FALSE(b.gpu.irq(line));
    EXPECT_EQ(b.get(bank + 4), 0U) << "CLEAR reads zero";
  }
}

TEST(MaliControl, AResetIsToldWhenItIsOverAndClearsWhatThereIs) {
  Bench b(slow());
  b.put64(as(3, TRANSTAB), 0x123456003);
  b.put(GPU_INT_MASK, ~0U);
  b.put(JOB_INT_RAWSTAT, 0x10001);
  b.put(0xf04, 5);
  b.put(GPU_CMD, 1);
  EXPECT_EQ(b.get(READY + SHADER), 0U);
  EXPECT_EQ(b.get64(as(3, TRANSTAB)), 0U);
  EXPECT_EQ(b.get(JOB_INT_RAWSTAT), 0U);
  EXPECT_EQ(b.get(GPU_INT_MASK), 0U);
  EXPECT_EQ(b.get(0xf04), 0U);
  EXPECT_EQ(b.get(GPU_INT_RAWSTAT), 0U);
  EXPECT_NE(b.get(GPU_STATUS) & 1, 0U);
  b.now += 4'999'999;
  EXPECT_EQ(b.get(GPU_INT_RAWSTAT), 0U);
  b.now += 1;
  EXPECT_EQ(b.get(GPU_INT_RAWSTAT), 0x100U);
  EXPECT_EQ(b.get(GPU_STATUS), 0U);
}

TEST(MaliControl, NothingStartsDuringAReset) {
  Bench b(slow());
  b.put(GPU_CMD, 2);
  b.put(PWRON + L2, 1);
  b.start(0, 0, 0);
  b.put(as(0, AS_COMMAND), UPDATE);
  b.put(GPU_CMD, 7);
  EXPECT_EQ(b.get(PWRTRANS + L2), 0U);
  EXPECT_EQ(b.get(js(0, COMMAND_NEXT)), 0U);
  EXPECT_EQ(b.get(as(0, AS_STATUS)), 0U);
  b.now += 3'000'000;
  b.put(GPU_CMD, 1);
  b.now += 3'000'000;
  EXPECT_EQ(b.get(GPU_INT_RAWSTAT), 0U) << "the second reset began anew";
  b.now += 2'000'000;
  EXPECT_EQ(b.get(GPU_INT_RAWSTAT), 0x100U);
}

TEST(MaliControl, TheResetPortClearsEverythingAtOnce) {
  Bench b(slow());
  b.put(GPU_CMD, 1);
  b.gpu.reset(b.now);
  EXPECT_FALSE(b.gpu.next_event());
  EXPECT_EQ(b.get(GPU_INT_RAWSTAT), 0U);
  EXPECT_EQ(b.get(READY + L2), 0U);
}

TEST(MaliControl, CoresArePoweredAfterATransition) {
  Bench b(slow());
  b.put(GPU_CMD, 1);
  b.settle();
  b.put(GPU_INT_CLEAR, ~0U);
  b.put(PWRON + SHADER, 0xf3);
  EXPECT_EQ(b.get(PWRTRANS + SHADER), 0x3U) << "those that are present";
  EXPECT_EQ(b.get(READY + SHADER), 0U);
  EXPECT_EQ(b.get(GPU_STATUS) & 2, 2U);
  b.now += 1'000'000;
  b.put(PWRON + L2, 1);
  b.now += 1'000'000;
  EXPECT_EQ(b.get(READY + SHADER), 0x3U);
  EXPECT_EQ(b.get(GPU_INT_RAWSTAT), 0x200U) << "L2 is still changing";
  b.now += 1'000'000;
  EXPECT_EQ(b.get(READY + L2), 1U);
  EXPECT_EQ(b.get(GPU_INT_RAWSTAT), 0x600U);
  b.put(GPU_INT_CLEAR, ~0U);
  b.put(PWROFF + SHADER, 0x1);
  EXPECT_EQ(b.get(PWRTRANS + SHADER), 0x1U);
  b.settle();
  EXPECT_EQ(b.get(READY + SHADER), 0x2U);
  EXPECT_EQ(b.get(GPU_INT_RAWSTAT), 0x600U);
}

TEST(MaliControl, WhatIsAskedForDuringATransitionComesAfterIt) {
  Bench b(slow());
  b.put(PWROFF + TILER, 1);
  b.put(PWRON + TILER, 1);
  b.now += 2'000'000;
  EXPECT_EQ(b.get(READY + TILER), 0U);
  EXPECT_EQ(b.get(PWRTRANS + TILER), 1U);
  b.now += 2'000'000;
  EXPECT_EQ(b.get(READY + TILER), 1U);
  EXPECT_EQ(b.get(PWRTRANS + TILER), 0U);
}

TEST(MaliControl, CountersFollowTheirClocks) {
  MaliConfig c = Bench::quick();
  c.clock_hz = 500'000'000;
  c.timestamp_hz = 24'000'000;
  Bench b(c);
  b.now = 3'000'000'000'000;  // 3 s
  EXPECT_EQ(b.get64(GPU_TIMESTAMP_LO), 72'000'000U);
  EXPECT_EQ(b.get64(GPU_CYCLE_COUNT_LO), 0U);
  b.put(GPU_CMD, 5);
  EXPECT_EQ(b.get(GPU_STATUS), 0x40U);
  b.now += 9'000'000'000'001;
  EXPECT_EQ(b.get64(GPU_CYCLE_COUNT_LO), 4'500'000'000U);
  b.put(GPU_CMD, 5);
  EXPECT_EQ(b.get64(GPU_CYCLE_COUNT_LO), 4'500'000'000U);
  b.put(GPU_CMD, 6);
  b.now += 1'000'000'000'000;
  EXPECT_EQ(b.get64(GPU_CYCLE_COUNT_LO), 4'500'000'000U);
  EXPECT_EQ(b.get64(GPU_TIMESTAMP_LO), 13U * 24'000'000U);
  b.put(GPU_CMD, 1);
  EXPECT_EQ(b.get64(GPU_CYCLE_COUNT_LO), 0U);
}

TEST(MaliControl, CountersAreExactAtAnyClock) {
  MaliConfig c = Bench::quick();
  c.timestamp_hz = 999'999'999'999;
  Bench b(c);
  b.now = 1'500'000;
  EXPECT_EQ(b.get64(GPU_TIMESTAMP_LO), 1'499'999U);
  b.now = 7'000'000'000'000;
  EXPECT_EQ(b.get64(GPU_TIMESTAMP_LO), 6'999'999'999'993U);
}

TEST(MaliControl, CacheCommandsAreDoneAtOnce) {
  for (const std::uint32_t command : {7U, 8U}) {
    Bench b;
    b.put(GPU_CMD, command);
    EXPECT_EQ(b.get(GPU_INT_RAWSTAT), 1U << 17);
  }
}

TEST(MaliControl, ASampleOfCountersIsToldAsNotModelled) {
  Bench b;
  b.put(GPU_CMD, 4);
  EXPECT_EQ(b.get(GPU_INT_RAWSTAT), 1U << 16);
  EXPECT_EQ(b.told("GPU_CMD.PRFCNT_SAMPLE"), 1U);
  EXPECT_EQ(b.diag.guest_errors(), 0U);
}

TEST(MaliControl, AnUnknownCommandIsTold) {
  Bench b;
  b.put(GPU_CMD, 0x77);
  EXPECT_EQ(b.told("GPU_CMD"), 1U);
  EXPECT_EQ(b.get(GPU_INT_RAWSTAT), 0U);
}

TEST(MaliControl, ConfigurationRegistersAreStored) {
  Bench b;
  for (const std::uint32_t offset : {0x054U, 0x058U, 0x060U, 0x064U, 0x068U, 0x06cU, 0x070U, 0x074U, 0x07cU,
                                     0xf00U, 0xf04U, 0xf08U, 0xf0cU, 0x1014U}) {
    b.put(offset, 0xa5a50000 | offset);
    EXPECT_EQ(b.get(offset), 0xa5a50000 | offset);
  }
}

}  // namespace
}  // namespace smmuvp::mali_test
