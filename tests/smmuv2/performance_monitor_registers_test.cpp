// Registers of performance monitors, groups that are revealed in banks, and interrupts (IHI 0062 chapters 6
// and 12, 16.5.15 to 16.5.26).
#include <gtest/gtest.h>

#include <array>

#include "monitors.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;

// ---- 12.2.1 to 12.2.4, 12.2.10

TEST(PMCFGR, TellsCountersGroupsAndTheirWidth) {
  Monitors w(with_groups(3, 15));
  EXPECT_EQ(w.read_pm(offsets::PMCFGR), 2U << 24 | 31U << 8 | 44U);
  EXPECT_EQ(w.read_pm(PMCGCR0 + 8) >> 24, 15U);
  w.write_pm(PMCGCR0 + 8, 0);
  EXPECT_EQ(w.read_pm(PMCGCR0 + 8), 15U << 24);
}

TEST(PMCEID, NamesEachEventThatIsCounted) {
  Monitors w;
  EXPECT_EQ(w.read_pm(offsets::PMCEID0), 0x7'0703U);
  EXPECT_EQ(w.read_pm(offsets::PMCEID1), 0U);
}

TEST(PMAUTHSTATUS, PermitsNonSecureCounting) {
  EXPECT_EQ(Monitors().read_pm(offsets::PMAUTHSTATUS), 0xc0U);
  EXPECT_EQ(Monitors(two_states_with_groups()).read_pm(offsets::PMAUTHSTATUS), 0x8cU);
}

TEST(PMDEVTYPE, IsAPerformanceMonitorOfAMemoryManagementUnit) {
  EXPECT_EQ(Monitors().read_pm(offsets::PMDEVTYPE), 0x56U);
}

TEST(PerformanceMonitors, AreRazWiWhereThereAreNone) {
  Monitors w{Features{}};
  for (const std::uint32_t offset :
       {PMEVCNTR0, PMEVTYPER0, PMCGCR0, PMCNTENSET0, offsets::PMCFGR, offsets::PMCR}) {
    w.write_pm(offset, ~0U);
    EXPECT_EQ(w.read_pm(offset), 0U) << offset;
  }
  w.write_cb(3, CB_PMEVCNTR0, ~0U);
  EXPECT_EQ(w.read_cb(3, CB_PMEVCNTR0), 0U);
  EXPECT_EQ(w.read_cb(3, CB_PMCFGR), 0U);
  EXPECT_TRUE(w.smmu.levels().pm.empty());
}

// ---- pairs (12.2.7, 12.2.8, 12.2.13 to 12.2.16)

struct PairCase {
  const char* name;
  std::uint32_t set;
  std::uint32_t clear;
};
class Pair : public testing::TestWithParam<PairCase> {};

TEST_P(Pair, OneSetsTheOtherClearsAndBothReadTheSame) {
  Monitors w(with_groups(3, 15));
  const auto [name, set, clear] = GetParam();
  w.write_pm(set, 0xf0f0);
  w.write_pm(set, 0x000f);
  EXPECT_EQ(w.read_pm(set), 0xf0ffU);
  EXPECT_EQ(w.read_pm(clear), 0xf0ffU);
  w.write_pm(clear, 0x10ff);
  EXPECT_EQ(w.read_pm(set), 0xe000U);
  EXPECT_EQ(w.read_pm(clear), 0xe000U);
  w.write_pm(clear, 0);
  w.write_pm(set, 0);
  EXPECT_EQ(w.read_pm(set), 0xe000U);
}

TEST_P(Pair, HasABitForEachCounterAndNoMore) {
  Monitors w(with_groups(3, 15));
  const auto [name, set, clear] = GetParam();
  w.write_pm(set, ~0U);
  w.write_pm(set + 4, ~0U);
  w.write_pm(set + 8, ~0U);
  EXPECT_EQ(w.read_pm(clear), ~0U);
  EXPECT_EQ(w.read_pm(clear + 4), 0x1fffU);  // 45 counters
  EXPECT_EQ(w.read_pm(clear + 8), 0U);
}

INSTANTIATE_TEST_SUITE_P(Each, Pair,
                         testing::Values(PairCase{"PMCNTEN", PMCNTENSET0, PMCNTENCLR0},
                                         PairCase{"PMINTEN", PMINTENSET0, PMINTENCLR0},
                                         PairCase{"PMOVS", PMOVSSET0, PMOVSCLR0}),
                         [](const auto& info) { return info.param.name; });

// ---- groups in banks (6.7)

TEST(RevealedGroup, IsShownInItsBankWithCountersFrom0) {
  Monitors w(with_groups(3, 15));
  w.write_pm(PMCGCR0 + 8, PMCGCR_bank | PMCGCR_CBAEN | 4U);  // counters 30 to 44
  for (unsigned m = 0; m < 15; ++m) {
    w.write_cb(4, CB_PMEVCNTR0 + 4 * m, 100 + m);
    w.write_cb(4, CB_PMEVTYPER0 + 4 * m, 0xffff'0000U | m);
    EXPECT_EQ(w.count(30 + m), 100 + m);
    EXPECT_EQ(w.read_cb(4, CB_PMEVCNTR0 + 4 * m), 100 + m);
    EXPECT_EQ(w.read_pm(PMEVTYPER0 + 4 * (30 + m)), 0xf000'0000U | m);
    EXPECT_EQ(w.read_cb(4, CB_PMEVTYPER0 + 4 * m), 0xf000'0000U | m);
  }
  EXPECT_EQ(w.count(29), 0U);
  EXPECT_EQ(w.read_cb(4, CB_PMCFGR), 31U << 8 | 14U);
  EXPECT_EQ(w.read_cb(4, CB_PMCEID0), w.read_pm(offsets::PMCEID0));
  EXPECT_EQ(w.read_cb(4, CB_PMCEID0 + 4), w.read_pm(offsets::PMCEID1));
  EXPECT_EQ(w.read_cb(4, CB_PMAUTHSTATUS), w.read_pm(offsets::PMAUTHSTATUS));
  const std::array<std::array<std::uint32_t, 3>, 3> pairs{{{CB_PMCNTENSET, CB_PMCNTENCLR, PMCNTENSET0},
                                                           {CB_PMINTENSET, CB_PMINTENCLR, PMINTENSET0},
                                                           {CB_PMOVSSET, CB_PMOVSCLR, PMOVSSET0}}};
  for (const auto& [set, clear, global] : pairs) {
    w.write_cb(4, set, 0xffff'c007U);
    EXPECT_EQ(w.read_pm(global), 3U << 30) << set;
    EXPECT_EQ(w.read_pm(global + 4), 1U | 1U << 12) << set;
    EXPECT_EQ(w.read_cb(4, set), 0x4007U) << set;
    EXPECT_EQ(w.read_cb(4, clear), 0x4007U) << set;
    w.write_cb(4, clear, 0x4001);
    EXPECT_EQ(w.read_pm(global), 1U << 31) << set;
    EXPECT_EQ(w.read_pm(global + 4), 1U) << set;
    EXPECT_EQ(w.read_cb(4, clear), 0x0006U) << set;
  }
}

TEST(RevealedGroup, HasNoMoreCountersThanItHas) {
  Monitors w;
  w.write_pm(PMCGCR0, PMCGCR_bank | PMCGCR_CBAEN | 4U);
  w.write_pm(PMEVCNTR0 + 4 * 4, 77);  // the next group's
  w.write_pm(PMCNTENSET0, 0xf0);
  w.write_cb(4, CB_PMEVCNTR0 + 4 * 4, 5);
  w.write_cb(4, CB_PMEVTYPER0 + 4 * 4, 5);
  w.write_cb(4, CB_PMCNTENCLR, ~0U);
  EXPECT_EQ(w.read_cb(4, CB_PMEVCNTR0 + 4 * 4), 0U);
  EXPECT_EQ(w.read_cb(4, CB_PMEVTYPER0 + 4 * 4), 0U);
  EXPECT_EQ(w.read_cb(4, CB_PMCFGR), 31U << 8 | 3U);
  EXPECT_EQ(w.count(4), 77U);
  EXPECT_EQ(w.read_pm(PMEVTYPER0 + 4 * 4), 0U);
  EXPECT_EQ(w.read_pm(PMCNTENSET0), 0xf0U);
}

// 6.7.3
TEST(BankWithoutAGroup, IsRazWi) {
  Monitors w;
  w.write_pm(PMCGCR0, PMCGCR_bank | 4U);                     // not revealed
  w.write_pm(PMCGCR0 + 4, PMCGCR_bank | PMCGCR_CBAEN | 5U);  // in another
  for (std::uint32_t offset = 0xe00; offset < 0xfc0; offset += 4) {
    w.write_cb(4, offset, ~0U);
    EXPECT_EQ(w.read_cb(4, offset), 0U) << offset;
    std::uint64_t peeked = 1;
    w.smmu.interface().peek(w.cb(4, offset), 4, AccessSecurity::NonSecure, peeked);
    EXPECT_EQ(peeked, 0U) << offset;
  }
  EXPECT_EQ(w.count(0), 0U);
  EXPECT_EQ(w.read_pm(PMCNTENSET0), 0U);
}

// 6.7.2
TEST(RevealedGroup, IsControlledByThePmcrOfItsBankAlone) {
  Monitors w;
  w.map_stream(0, 9, S2CR_bypass);
  w.start();
  w.write_pm(PMCGSMR0, 9);
  w.write_pm(PMCGCR0, PMCGCR_stream | PMCGCR_CBAEN | 4U);
  w.monitor(0, accessed);
  w.monitor(4, accessed);  // of a group that is not revealed
  w.write_pm(offsets::PMCR, PMCR_E);
  w.access(9, 0);
  EXPECT_EQ(w.count(0), 0U);
  EXPECT_EQ(w.count(4), 1U);
  w.write_cb(4, CB_PMCR, PMCR_E);
  EXPECT_EQ(w.read_cb(4, CB_PMCR), PMCR_E);
  EXPECT_EQ(w.read_pm(PMCGCR0) & PMCGCR_E, PMCGCR_E);
  w.access(9, 0);
  EXPECT_EQ(w.count(0), 1U);
  EXPECT_EQ(w.count(4), 2U);
  w.write_pm(offsets::PMCR, PMCR_P);  // E is 0
  w.access(9, 0);
  EXPECT_EQ(w.count(0), 2U);
  EXPECT_EQ(w.count(4), 0U);
  w.write_pm(PMEVCNTR0 + 4 * 4, 9);
  w.write_cb(4, CB_PMCR, PMCR_E | PMCR_P);
  EXPECT_EQ(w.count(0), 0U);
  EXPECT_EQ(w.count(4), 9U);
  w.write_pm(PMCGCR0, PMCGCR_stream | PMCGCR_CBAEN | 4U);  // E of PMCGCR is that of the bank's PMCR
  EXPECT_EQ(w.read_cb(4, CB_PMCR), 0U);
  w.access(9, 0);
  EXPECT_EQ(w.count(0), 0U);
}

// 6.7: UNPREDICTABLE
TEST(RevealedGroup, IsTheFirstOfSeveral) {
  Monitors w;
  w.write_pm(PMCGCR0, PMCGCR_bank | PMCGCR_CBAEN | 4U);
  w.write_pm(PMCGCR0 + 4, PMCGCR_bank | PMCGCR_CBAEN | 4U);
  w.write_cb(4, CB_PMEVCNTR0, 5);
  EXPECT_EQ(w.count(0), 5U);
  EXPECT_EQ(w.count(4), 0U);
}

// 2.6.1, 9.6.24
TEST(RevealedGroup, OfASecureBankIsNotShownToNonSecureSoftware) {
  Monitors w(two_states_with_groups());
  w.write(SCR1, (w.read(SCR1, 4, true) & ~0xffU) | 8U, 4, true);  // NSNUMCBO
  w.write_pm(PMCGCR0, PMCGCR_bank | PMCGCR_CBAEN | 9U);
  w.write_pm(PMEVCNTR0, 5);
  EXPECT_EQ(w.read(w.cb(9, CB_PMEVCNTR0)), 0U);
  EXPECT_EQ(w.read(w.cb(9, CB_PMEVCNTR0), 4, true), 5U);
}

// ---- interrupts (6.8)

TEST(OverflowInterrupt, IsALevelOfItsGroup) {
  Monitors w;
  w.write_pm(offsets::PMCR, PMCR_E);
  w.monitor(5, accessed);
  w.write_pm(PMEVCNTR0 + 4 * 5, ~0U);
  w.write_pm(PMINTENSET0, 1U << 5);
  EXPECT_FALSE(w.line(1));
  w.access(1, 0);
  EXPECT_EQ(w.count(5), 0U);
  EXPECT_EQ(w.read_pm(PMOVSSET0), 1U << 5);
  EXPECT_TRUE(w.line(1));
  EXPECT_FALSE(w.line(0));
  w.access(1, 0);
  EXPECT_EQ(w.count(5), 1U);
  EXPECT_TRUE(w.line(1));
  w.write_pm(PMOVSCLR0, 1U << 5);
  EXPECT_FALSE(w.line(1));
}

TEST(OverflowInterrupt, IsRaisedWhileCountersAndItAreEnabled) {
  Monitors w;
  w.write_pm(PMOVSSET0, 0x11);
  EXPECT_FALSE(w.line(0));
  w.write_pm(PMINTENSET0, 0x11);
  EXPECT_FALSE(w.line(0));
  w.write_pm(offsets::PMCR, PMCR_E);
  EXPECT_TRUE(w.line(0));
  EXPECT_TRUE(w.line(1));
  w.write_pm(PMINTENCLR0, 0x10);
  EXPECT_TRUE(w.line(0));
  EXPECT_FALSE(w.line(1));
  w.write_pm(PMCGCR0, PMCGCR_bank | PMCGCR_CBAEN | 4U);  // its E is 0
  EXPECT_FALSE(w.line(0));
  w.write_cb(4, CB_PMCR, PMCR_E);
  EXPECT_TRUE(w.line(0));
  w.write_pm(offsets::PMCR, 0);
  EXPECT_TRUE(w.line(0));
  w.write_cb(4, CB_PMOVSCLR, 1);
  EXPECT_FALSE(w.line(0));
}

TEST(OverflowInterrupt, OfACycleCounterComesWithoutAnyAccess) {
  for (const std::uint32_t event : {cycles, cycles_by_64}) {
    const std::uint64_t period = event == cycles ? 1'000 : 64'000;
    Monitors w;
    w.now = 500;
    w.monitor(0, event);
    w.write_pm(PMEVCNTR0, ~0U - 9);
    w.write_pm(offsets::PMCR, PMCR_E);
    w.work();
    EXPECT_EQ(w.now, 500U);  // no interrupt, nothing due
    w.write_pm(PMINTENSET0, 1);
    EXPECT_FALSE(w.line(0));
    w.work();
    EXPECT_EQ(w.now, 10 * period);
    EXPECT_TRUE(w.line(0));
    EXPECT_EQ(w.count(0), 0U);
    w.write_pm(PMOVSCLR0, 1);
    EXPECT_FALSE(w.line(0));
    w.work();
    EXPECT_EQ(w.now, (10 + (std::uint64_t{1} << 32)) * period);
    EXPECT_TRUE(w.line(0));
  }
}

TEST(OverflowInterrupt, BeyondTheEndOfTimeIsNeverDue) {
  Structures s = World::untimed();
  s.clock = 1'000'000'000;
  Monitors w(with_groups(2, 4), s);
  w.monitor(0, cycles_by_64);
  w.write_pm(PMINTENSET0, 1);
  w.write_pm(offsets::PMCR, PMCR_E);
  w.work();
  EXPECT_EQ(w.now, 0U);
  EXPECT_FALSE(w.line(0));
}

// ---- diagnostics

TEST(Diagnosis, NamesARevealedGroupThatCountsEverybodysEvents) {
  Monitors w;
  w.write_pm(PMCGCR0, PMCGCR_stream | PMCGCR_CBAEN | 4U);
  EXPECT_EQ(w.diag.all.size(), 0U);
  w.write_pm(PMCGCR0 + 4, PMCGCR_all | PMCGCR_CBAEN | 5U);
  EXPECT_EQ(w.diag.all.size(), 1U);
}

// ---- state

TEST(Reset, EmptiesCountersAndLowersLines) {
  Monitors w;
  w.monitor(0, accessed);
  w.write_pm(PMOVSSET0, 1);
  w.write_pm(PMINTENSET0, 1);
  w.write_pm(offsets::PMCR, PMCR_E);
  w.access(1, 0);
  EXPECT_TRUE(w.line(0));
  w.smmu.reset();
  EXPECT_FALSE(w.line(0));
  for (const std::uint32_t offset :
       {PMEVCNTR0, PMEVTYPER0, PMCNTENCLR0, PMINTENCLR0, PMOVSCLR0, offsets::PMCR}) {
    EXPECT_EQ(w.read_pm(offset), 0U) << offset;
  }
  w.access(1, 0);
  w.access(1, 0);
  EXPECT_EQ(w.count(0), 0U);
  EXPECT_EQ(w.smmu.engine_statistics().micro_tlb_hits, 1U);  // TBUs keep answers again
}

// 12.2: registers reset to UNKNOWN values, which are those of one state.
TEST(Reset, LeavesPairsAlikeWhateverItFillsThemWith) {
  Features f = with_groups(3, 15);
  f.reset_fill = 7;
  Monitors w(f);
  EXPECT_NE(w.read_pm(PMCNTENSET0), 0U);
  for (const std::uint32_t word : {0U, 4U}) {
    EXPECT_EQ(w.read_pm(PMCNTENSET0 + word), w.read_pm(PMCNTENCLR0 + word));
    EXPECT_EQ(w.read_pm(PMINTENSET0 + word), w.read_pm(PMINTENCLR0 + word));
    EXPECT_EQ(w.read_pm(PMOVSSET0 + word), w.read_pm(PMOVSCLR0 + word));
  }
}

TEST(Archive, GoesOnCountingWhereItWas) {
  const auto set_up = [](Monitors& w) {
    auto& b = w.stream64(9, 3);
    b.map(0x1000, 0x2000, 0x1000);
    w.start();
  };
  Monitors w;
  set_up(w);
  w.monitor(0, cycles);
  w.monitor(1, accessed);
  w.monitor(5, accessed);
  w.write_pm(PMEVCNTR0 + 4 * 5, ~0U);
  w.write_pm(PMINTENSET0, 1U << 5 | 1U);
  w.now = 1'500;
  w.write_pm(offsets::PMCR, PMCR_E);
  w.access(9, 0x1000);
  w.now = 7'700;
  EXPECT_EQ(w.count(0), 6U);
  ArchiveWriter writer;
  writer.set_now(9'900);
  w.smmu.visit(writer);

  Monitors v;
  set_up(v);
  v.access(9, 0x1000);
  v.access(9, 0x1000);  // its TBU keeps an answer
  ArchiveReader reader(writer.data());
  reader.set_now(9'900);
  v.smmu.visit(reader);
  EXPECT_TRUE(reader.complete());
  EXPECT_TRUE(v.line(1));
  EXPECT_FALSE(v.line(0));
  v.access(9, 0x1000);
  v.now = 20'000;
  EXPECT_EQ(v.count(0), 19U);
  EXPECT_EQ(v.count(1), 2U);
  v.write_pm(PMOVSCLR0, 1U << 5);
  EXPECT_FALSE(v.line(1));
  v.write_pm(PMEVCNTR0, ~0U);
  v.work();
  EXPECT_EQ(v.now, 21'000U);
  EXPECT_TRUE(v.line(0));
}

}  // namespace
}  // namespace smmuvp::smmuv2
