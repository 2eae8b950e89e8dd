// What a reset defines, what it leaves UNKNOWN, and what was under way (IHI 0062 9.2, 16.2).
#include <gtest/gtest.h>

#include "world.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using smmu::Outcome;

Features seeded(std::uint64_t seed, bool SES = false) {
  Features f;
  f.SES = SES;
  f.reset_fill = seed;
  return f;
}

// Table 9-2: TRANSIENTCFG, SHCFG, RACFG, WACFG, MTCFG, GSE, GCFGFIE, GCFGFRE, EXIDENABLE, GFIE, GFRE,
// CLIENTPD
constexpr std::uint32_t defined_of_sCR0 = 3U << 6 | 3U << 22 | 3U << 24 | 3U << 26 | 1U << 20 | 1U << 9 |
                                          1U << 5 | 1U << 4 | 1U << 3 | 1U << 2 | 1U << 1 | 1U;

TEST(Reset, DefinesFieldsOfSCR0WhateverTheRestIs) {
  for (const std::uint64_t seed : {0ULL, 1ULL, 2ULL, 0x1234'5678ULL}) {
    World w(seeded(seed));
    EXPECT_EQ(w.read(sCR0) & defined_of_sCR0, CR0_CLIENTPD) << seed;
    EXPECT_EQ(w.read(sCR0) & (1U << 30 | 3U << 28), 0U);  // HYPMODE; NSCFG is Secure only
  }
}

// 9.6.3: STALLD resets to 0 with two Security states
TEST(Reset, DefinesStalldAndNscfgWithTwoSecurityStates) {
  for (const std::uint64_t seed : {1ULL, 2ULL, 3ULL, 4ULL}) {
    World w(seeded(seed, true));
    for (const bool secure : {false, true}) {
      EXPECT_EQ(w.read(sCR0, 4, secure) & (defined_of_sCR0 | CR0_STALLD), CR0_CLIENTPD) << seed;
    }
    EXPECT_EQ(w.read(sCR0, 4, true) >> 28 & 3U, 0U);
  }
}

// Table 9-2
TEST(Reset, GivesScr1TheImplementedNumbers) {
  Features f = seeded(5, true);
  f.NUMCB = 24;
  f.NUMSMRG = 40;
  World w(f);
  EXPECT_EQ(w.read(SCR1, 4, true), 1U << 16 | 40U << 8 | 24U);
  f.SCR1_NSCAFRO = FixedBit::one;
  World fixed(f);
  EXPECT_EQ(fixed.read(SCR1, 4, true), 1U << 28 | 1U << 16 | 40U << 8 | 24U);
  fixed.write(SCR1, 0, 4, true);
  EXPECT_EQ(fixed.read(SCR1, 4, true) >> 28, 1U);
}

// Table 16-2, and Table 9-2 for CBA2R.VA64
TEST(Reset, DefinesInABankOnlyWhatWouldInterruptAbortOrStall) {
  for (const std::uint64_t seed : {1ULL, 2ULL, 3ULL}) {
    World w(seeded(seed));
    for (unsigned bank = 0; bank < w.smmu.features().NUMCB; ++bank) {
      EXPECT_EQ(w.read_cb(bank, SCTLR) & (SCTLR_CFIE | SCTLR_CFRE), 0U);
      EXPECT_EQ(w.read_cb(bank, FSR) >> 30 & 1U, 0U);
      EXPECT_EQ(w.read_cb(bank, ATSR), 0U);
      EXPECT_EQ(w.read_cb(bank, TLBSTATUS), 0U);
      EXPECT_EQ(w.read(w.gr1(CBA2R0 + 4 * bank)) & 1U, 0U);
      EXPECT_FALSE(w.smmu.levels().context[bank]);
    }
    EXPECT_EQ(w.read(sTLBGSTATUS), 0U);
    EXPECT_EQ(w.read(sGATSR), 0U);
    EXPECT_FALSE(w.smmu.levels().NSgIrpt);
    EXPECT_FALSE(w.smmu.levels().NSgCfgIrpt);
  }
}

// 2.3.10, 2.6.1, 9.2, 16.2: whatever is not defined may be anything
TEST(Reset, LeavesTheRestUnknown) {
  World zero(seeded(0));
  World one(seeded(1));
  World two(seeded(2));
  const auto differs = [&](std::uint32_t offset, unsigned bytes) {
    EXPECT_EQ(zero.read(offset, bytes), 0U) << offset;
    EXPECT_NE(one.read(offset, bytes), two.read(offset, bytes)) << offset;
  };
  for (const std::uint32_t offset : {SMR0, SMR0 + 4 * 63, S2CR0, S2CR0 + 4 * 63, sGFSYNR1})
    differs(offset, 4);
  differs(sGFAR, 8);
  for (const std::uint32_t offset : {CBAR0, CBAR0 + 4 * 31, CBFRSYNRA0}) differs(one.gr1(offset), 4);
  for (World* w : {&zero, &one, &two}) w->write(w->gr1(CBAR0 + 4 * 2), CBAR_stage1);
  for (const std::uint32_t offset : {TCR, TCR2, MAIR0, MAIR1, CONTEXTIDR}) differs(one.cb(2, offset), 4);
  for (const std::uint32_t offset : {TTBR0, TTBR1, FAR, PAR}) differs(one.cb(2, offset), 8);
  // Of fields beside defined ones: USFCFG, MemAttr, BSU, FB, PTM; M, CFCFG, HUPCF, MemAttr; FSR, GFSR
  std::uint32_t CR0 = 0;
  std::uint32_t SCTLR_seen = 0;
  std::uint32_t FSR_seen = 0;
  std::uint32_t GFSR_seen = 0;
  for (std::uint64_t seed = 1; seed < 12; ++seed) {
    World w(seeded(seed));
    CR0 |= static_cast<std::uint32_t>(w.read(sCR0));
    SCTLR_seen |= static_cast<std::uint32_t>(w.read_cb(0, SCTLR));
    FSR_seen |= static_cast<std::uint32_t>(w.read_cb(0, FSR));
    GFSR_seen |= static_cast<std::uint32_t>(w.read(sGFSR));
  }
  const std::uint32_t unknown_of_CR0 =
      CR0_USFCFG | CR0_STALLD | 0xfU << 16 | 3U << 14 | 1U << 13 | 1U << 12 | 1U << 11 | CR0_VMID16EN;
  EXPECT_EQ(CR0 & unknown_of_CR0, unknown_of_CR0);
  const std::uint32_t unknown_of_SCTLR = SCTLR_M | SCTLR_CFCFG | SCTLR_HUPCF | 0xfU << 16;
  EXPECT_EQ(SCTLR_seen & unknown_of_SCTLR, unknown_of_SCTLR);
  EXPECT_EQ(FSR_seen & 0x8000'001eU, 0x8000'001eU);
  EXPECT_EQ(GFSR_seen & 0x8000'000fU, 0x8000'000fU);
}

TEST(Reset, GivesTheSameAgain) {
  World w(seeded(7, true));
  const std::uint64_t SMR = w.read(SMR0);
  const std::uint64_t TCR_of_2 = w.read(w.cb(2, TCR));
  w.write(SMR0, ~SMR);
  w.write(w.cb(2, TCR), ~TCR_of_2);
  w.write(SCR1, 0x0b, 4, true);
  w.write(sCR0, 0, 4, true);
  w.smmu.reset();
  EXPECT_EQ(w.read(SMR0), SMR);
  EXPECT_EQ(w.read(w.cb(2, TCR)), TCR_of_2);
  EXPECT_EQ(w.read(sCR0, 4, true) & 1U, 1U);
  EXPECT_EQ(w.read(SCR1, 4, true) & 0xffU, 32U);
}

// 2.5.2: the MMUs are disabled from reset, and what TLBs held has no effect
TEST(Reset, EmptiesTheTlb) {
  World w;
  auto& b = w.stream64(9, 3);
  b.map(0x1000, 0x2000, 0x1000);
  b.map(0x3000, 0x4000, 0x1000);
  w.start();
  EXPECT_EQ(w.access(9, 0x1000).output, 0x2000U);
  w.smmu.reset();
  EXPECT_EQ(w.access(9, 0x1000).output, 0x1000U);
  b.unmap(0x1000, 0x1000);
  b.map(0x1000, 0x7000, 0x1000);
  w.bank64(3, b.config());
  w.map_stream(9, 9, S2CR_translate | 3);
  w.start();
  EXPECT_EQ(w.access(9, 0x1000).output, 0x7000U);
}

// 16.2
TEST(ResetWhileSomethingIsUnderWay, EndsStalledAccesses) {
  World w;
  w.stream64(9, 3, 1, SCTLR_CFCFG);
  w.start();
  Access first(w.smmu, World::request(9, 0x5000));
  Access second(w.smmu, World::request(9, 0x6000));
  EXPECT_FALSE(w.run(first));
  EXPECT_FALSE(w.run(second));
  w.smmu.reset();
  EXPECT_EQ(w.read_cb(3, FSR) >> 30 & 1U, 0U);
  EXPECT_TRUE(w.run(first));
  EXPECT_TRUE(w.run(second));
  EXPECT_EQ(first.answer().outcome, Outcome::abort);
  EXPECT_EQ(second.answer().outcome, Outcome::abort);
  EXPECT_EQ(w.read_cb(3, FSR) & ~(3U << 9), 0U);
}

TEST(ResetWhileSomethingIsUnderWay, EndsWalksAndRecordsNothing) {
  World w;
  w.stream64(9, 3);
  w.start();
  Access a(w.smmu, World::request(9, 0x5000));
  ASSERT_EQ(a.step(), smmu::Step::need);
  w.smmu.reset();
  EXPECT_TRUE(w.run(a));
  EXPECT_EQ(a.answer().outcome, Outcome::abort);
  EXPECT_EQ(w.read_cb(3, FSR) & ~(3U << 9), 0U);
  EXPECT_EQ(w.read(sGFSR), 0U);
}

TEST(ResetWhileSomethingIsUnderWay, EndsAddressTranslationOperations) {
  World w;
  auto& b = w.stream64(9, 3);
  b.map(0x1000, 0x2000, 0x1000);
  w.write_cb(3, ATS1PR, 0x1000, 8);
  w.write(sGATS1PR, 0x1000 | 3, 8);
  for (smmu::Worker* worker : w.smmu.workers()) worker->step(w.now);
  EXPECT_EQ(w.read_cb(3, ATSR), 1U);
  EXPECT_EQ(w.read(sGATSR), 1U);
  w.smmu.reset();
  EXPECT_EQ(w.read_cb(3, ATSR), 0U);
  EXPECT_EQ(w.read(sGATSR), 0U);
  w.work();
  EXPECT_EQ(w.read_cb(3, PAR, 8), 0U);
  EXPECT_EQ(w.read(sGPAR, 8), 0U);
}

TEST(ResetWhileSomethingIsUnderWay, EndsSynchronisations) {
  World w;
  w.start();
  w.write(w.gr1(CBAR0 + 4 * 3), CBAR_stage1);
  w.smmu.engine().in_flight().enter(0);
  w.write_cb(3, TLBIALL, 0);
  w.write_cb(3, TLBSYNC, 0);
  w.write(sTLBGSYNC, 0);
  EXPECT_EQ(w.read_cb(3, TLBSTATUS), 1U);
  EXPECT_EQ(w.read(sTLBGSTATUS), 1U);
  w.smmu.reset();
  EXPECT_EQ(w.read_cb(3, TLBSTATUS), 0U);
  EXPECT_EQ(w.read(sTLBGSTATUS), 0U);
}

TEST(ResetWhileSomethingIsUnderWay, EveryAccessIsAbortedWhileItIsHeld) {
  World w;
  w.smmu.reset();
  w.smmu.reset();
  w.smmu.hold(true);
  EXPECT_EQ(w.access(9, 0x1000).outcome, Outcome::abort);
  w.smmu.hold(false);
  EXPECT_EQ(w.access(9, 0x1000).outcome, Outcome::forward);
}

// As behind a gate that loses its state
TEST(Reset, WhileItIsHeldAccessesAreAbortedAndStateIsLost) {
  World w;
  w.start();
  w.stream64(3, 3).map(0x1000, 0x8000, 0x1000);
  EXPECT_EQ(w.access(3, 0x1000).outcome, smmu::Outcome::forward);
  w.smmu.reset();
  w.smmu.hold(true);
  EXPECT_EQ(w.access(3, 0x1000).outcome, smmu::Outcome::abort);
  w.smmu.hold(false);
  EXPECT_EQ(w.read(offsets::sCR0) & 1U, 1U) << "CLIENTPD";
  EXPECT_EQ(w.access(3, 0x1000).output, 0x1000U) << "bypass";
}

}  // namespace
}  // namespace smmuvp::smmuv2
