// What an Adreno GPU does to its SMMU: split tables, of which the kernel keeps the upper range in TTBR1 and
// the GPU itself changes the lower one, of processes, in TTBR0; stalls on a fault while a driver looks, and
// none while it recovers (IHI 0062 1.5.2, 2.7.2, 3.7.3, 16.5.40).
#include <memory>

#include "formats_world.h"
#include "smmuvp/smmuv2/id_fields.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using namespace fsr_bit;
using smmu::Outcome;
using smmu::Step;

constexpr std::uint32_t gpu = 0;  // StreamID
constexpr std::uint64_t kernel = 0xffff'ff80'0000'0000;
constexpr std::uint64_t on_bus = kernel & ((std::uint64_t{1} << 49) - 1);  // UBS 49

class Adreno : public testing::Test {
 protected:
  struct Process {
    pgtable::Builder* tables;
    std::uint16_t ASID;
  };

  Adreno() : w(features()) {}
  static Features features() { return features_of(*find_personality("qcom-adreno-smmu")); }

  void SetUp() override {
    pgtable::Config c = World::config64();
    c.stage1.output_size = 36;
    of_kernel = &w.builder(c);
    ASSERT_TRUE(of_kernel->map(kernel, 0x8000'0000, 0x1000));
    w.bank64(0, of_kernel->config(), 0);
    w.map_stream(0, gpu, S2CR_translate | 0);
    w.start();
    for (unsigned i = 0; i < 2; ++i) {
      processes[i] = {&w.builder(c), static_cast<std::uint16_t>(i + 1)};
      ASSERT_TRUE(processes[i].tables->map(0x1000, 0x9000'0000 + 0x100'0000 * i, 0x1000));
    }
  }

  /// As the command processor does it: two words, and no invalidation.
  void switch_to(const Process& p) {
    const std::uint64_t base = p.tables->config().stage1.tables[0].base;
    w.write_cb(0, TTBR0, base & 0xffff'ffff);
    w.write_cb(0, TTBR0 + 4, base >> 32 | std::uint32_t{p.ASID} << 16);
  }
  std::uint64_t output_of(std::uint64_t address) { return w.output_of(gpu, address); }
  Access& begin(std::uint64_t address) {
    accesses.push_back(std::make_unique<Access>(w.smmu, World::request(gpu, address)));
    w.run(*accesses.back());
    return *accesses.back();
  }

  FormatsWorld w;
  pgtable::Builder* of_kernel = nullptr;
  Process processes[2]{};
  std::vector<std::unique_ptr<Access>> accesses;
};

TEST_F(Adreno, ASwitchOfTTBR0ChangesTheProcessAndLeavesTheKernel) {
  for (int round = 0; round < 2; ++round) {
    for (unsigned i = 0; i < 2; ++i) {
      switch_to(processes[i]);
      EXPECT_EQ(output_of(0x1000), 0x9000'0000U + 0x100'0000 * i) << round;
      EXPECT_EQ(output_of(on_bus), 0x8000'0000U);
    }
  }
}

TEST_F(Adreno, AProcessReachesNothingOfAnother) {
  ASSERT_TRUE(processes[0].tables->map(0x5000, 0x9500'0000, 0x1000));
  switch_to(processes[0]);
  EXPECT_EQ(output_of(0x5000), 0x9500'0000U);
  switch_to(processes[1]);
  w.access(gpu, 0x5000);
  w.expect_fault(0, TF | Format_64, 0x5000, 3, gpu);
  w.write_cb(0, FSR, ~0U);
  switch_to(processes[0]);
  EXPECT_EQ(output_of(0x5000), 0x9500'0000U);
}

// Linux gives all processes the ASID of the kernel's tables: the one before is there until TLBIASID.
TEST_F(Adreno, WithOneAsidForAllASwitchNeedsTlbiasid) {
  for (Process& p : processes) p.ASID = 0;
  switch_to(processes[0]);
  EXPECT_EQ(output_of(0x1000), 0x9000'0000U);
  switch_to(processes[1]);
  EXPECT_EQ(output_of(0x1000), 0x9000'0000U) << "TLB";
  w.write_cb(0, TLBIASID, 0);
  EXPECT_EQ(output_of(0x1000), 0x9100'0000U);
  EXPECT_EQ(output_of(on_bus), 0x8000'0000U);
}

// Each write changes the whole register: what comes between the two goes by one half of either.
TEST_F(Adreno, BetweenTheTwoWordsTheAsidIsThatOfBefore) {
  switch_to(processes[0]);
  EXPECT_EQ(output_of(0x1000), 0x9000'0000U);
  w.write_cb(0, TTBR0, processes[1].tables->config().stage1.tables[0].base & 0xffff'ffff);
  EXPECT_EQ(output_of(0x1000), 0x9000'0000U) << "TLB, by ASID 1";
  EXPECT_EQ(w.read_cb(0, TTBR0, 8) >> 48, 1U);
  switch_to(processes[1]);
  EXPECT_EQ(output_of(0x1000), 0x9100'0000U);
}

// EPD0 while no process is there (16.5.38): the kernel's range goes on.
TEST_F(Adreno, WithoutAProcessTheLowerRangeFaultsAndTheKernelGoesOn) {
  constexpr std::uint32_t EPD0 = 1U << 7;
  w.change_cb(0, TCR, EPD0, EPD0);
  w.access(gpu, 0x1000);
  w.expect_fault(0, TF | Format_64, 0x1000, 0, gpu);
  w.write_cb(0, FSR, ~0U);
  EXPECT_EQ(output_of(on_bus), 0x8000'0000U);
  w.change_cb(0, TCR, EPD0, 0);
  switch_to(processes[1]);
  EXPECT_EQ(output_of(0x1000), 0x9100'0000U);
}

// EPD1 forbids walks, and a TLB hit makes none (16.5.38): the kernel's range goes with the TLB's entries.
TEST_F(Adreno, WithoutWalksOfTheKernelsTablesTheUpperRangeFaultsAndAProcessGoesOn) {
  constexpr std::uint32_t EPD1 = 1U << 23;
  switch_to(processes[0]);
  EXPECT_EQ(output_of(on_bus), 0x8000'0000U);
  w.change_cb(0, TCR, EPD1, EPD1);
  w.write_cb(0, TLBIALL, 0);
  w.access(gpu, on_bus);
  w.expect_fault(0, TF | Format_64, on_bus, 0, gpu);
  w.write_cb(0, FSR, ~0U);
  EXPECT_EQ(output_of(0x1000), 0x9000'0000U);
  w.change_cb(0, TCR, EPD1, 0);
  EXPECT_EQ(output_of(on_bus), 0x8000'0000U);
}

// All of TTBR0 in one write, and all that the TLB holds of the bank (16.5.30).
TEST_F(Adreno, AfterTlbiallASwitchNeedsNoAsidOfItsOwn) {
  for (Process& p : processes) p.ASID = 0;
  for (int round = 0; round < 2; ++round) {
    for (unsigned i = 0; i < 2; ++i) {
      w.write_cb(0, TTBR0, processes[i].tables->config().stage1.tables[0].base, 8);
      w.write_cb(0, TLBIALL, 0);
      EXPECT_EQ(output_of(0x1000), 0x9000'0000U + 0x100'0000 * i) << round;
      EXPECT_EQ(output_of(on_bus), 0x8000'0000U);
    }
  }
}

// Both halves of an address are the same to a bus of 49 bits, whether the master extends the sign or not
// (1.6.4).
TEST_F(Adreno, TheSignOfAnAddressIsBit48) {
  EXPECT_EQ(output_of(kernel), 0x8000'0000U);
  EXPECT_EQ(output_of(on_bus), 0x8000'0000U);
  w.access(gpu, std::uint64_t{1} << 48);
  EXPECT_EQ(w.FSR_of(0), TF) << "bit 48 alone is no address of either range";
}

TEST_F(Adreno, StallsOnAFaultUntilTheDriverHasLookedAndTerminatesIt) {
  switch_to(processes[0]);
  w.change_cb(0, SCTLR, SCTLR_CFCFG | SCTLR_HUPCF, SCTLR_CFCFG | SCTLR_HUPCF);
  Access& faulty = begin(0x5000);
  EXPECT_EQ(faulty.step(), Step::stalled);
  EXPECT_EQ(w.FSR_of(0), TF | SS);
  EXPECT_EQ(w.read_cb(0, FAR, 8), 0x5000U);
  EXPECT_EQ(w.read_cb(0, TTBR0, 8) >> 48, 1U) << "whose process it is";
  EXPECT_EQ(output_of(on_bus), 0x8000'0000U) << "HUPCF: the command processor dumps";
  // Faults to come are not to stall (CFCFG is sampled where a fault is recorded).
  w.change_cb(0, SCTLR, SCTLR_CFCFG, 0);
  Access& next = begin(0x6000);
  EXPECT_EQ(next.step(), Step::stalled) << "SS is set";
  w.write_cb(0, FSR, ~0U);
  w.write_cb(0, RESUME, 1);
  EXPECT_TRUE(w.run(faulty));
  EXPECT_EQ(faulty.answer().outcome, Outcome::abort);
  EXPECT_TRUE(w.run(next));
  EXPECT_EQ(next.answer().outcome, Outcome::abort);
  EXPECT_EQ(w.FSR_of(0), TF);
  EXPECT_EQ(w.read_cb(0, FAR, 8), 0x6000U);
}

// The GPU has gone on to another process before the driver retries: the access is that one's now.
TEST_F(Adreno, WhatIsRetriedAfterASwitchGoesByTheTablesOfNow) {
  switch_to(processes[0]);
  w.change_cb(0, SCTLR, SCTLR_CFCFG, SCTLR_CFCFG);
  Access& faulty = begin(0x5000);
  EXPECT_EQ(faulty.step(), Step::stalled);
  ASSERT_TRUE(processes[1].tables->map(0x5000, 0x9600'0000, 0x1000));
  switch_to(processes[1]);
  w.write_cb(0, FSR, ~0U);
  w.write_cb(0, RESUME, 0);
  EXPECT_TRUE(w.run(faulty));
  EXPECT_EQ(faulty.answer().output, 0x9600'0000U);
}

}  // namespace
}  // namespace smmuvp::smmuv2
