// When TLB maintenance is complete, and what it leaves behind (IHI
// 0062 5.4, 9.6.21, 9.6.22, 16.5.36, 16.5.37).
#include <gtest/gtest.h>

#include "two_states.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using smmu::Outcome;

constexpr std::uint32_t TF = 1U << 1, AFF = 1U << 2;

/// Fetches that an access makes.
unsigned fetches(World& w, std::uint32_t id, std::uint64_t address) {
  unsigned n = 0;
  Access a(w.smmu, World::request(id, address));
  while (a.step() == smmu::Step::need) {
    ++n;
    a.complete(w.memory.carry_out(a.op()));
  }
  EXPECT_EQ(a.answer().outcome, Outcome::forward);
  return n;
}

// 16.5.34, 16.5.35, 17.3.5: forms for the last level may keep what leads to it, others may not
TEST(LastLevelForm, KeepsTableEntriesAndTheOthersDoNot) {
  for (const std::uint32_t operation : {TLBIVA, TLBIVAA, TLBIVAL, TLBIVAAL}) {
    World w;
    auto& b = w.stream64(9, 3, 5);
    b.map(0x1000, 0x2000, 0x2000);
    w.start();
    EXPECT_EQ(fetches(w, 9, 0x1000), 3U);
    EXPECT_EQ(fetches(w, 9, 0x2000), 1U);
    w.write_cb(3, operation, 1 | std::uint64_t{5} << 48, 8);
    const bool last = operation == TLBIVAL || operation == TLBIVAAL;
    EXPECT_EQ(fetches(w, 9, 0x1000), last ? 1U : 3U) << operation;
  }
}

// 16.5.32: "The address is extended to bit[63] by copying bit[55]"
TEST(TlbiByAddress, ReachesTheUpperRange) {
  for (const std::uint32_t operation : {TLBIVA, TLBIVAA, TLBIVAL, TLBIVAAL}) {
    World w;
    auto& b = w.stream64(9, 3, 5);
    const std::uint64_t va = 0xffff'ff80'0000'1000;
    b.map(va, 0x2000, 0x1000);
    w.start();
    EXPECT_EQ(w.access(9, va).output, 0x2000U);
    EXPECT_TRUE(w.access(9, va).tlb_hit);
    w.write_cb(3, operation, (va >> 12 & 0xfff'ffff'ffffULL) | std::uint64_t{5} << 48, 8);
    EXPECT_FALSE(w.access(9, va).tlb_hit) << operation;
  }
}

// 16.5.32: bits below the granule are ignored; a block goes by any of its pages
TEST(TlbiByAddress, TakesTheWholePageOrBlock) {
  for (const auto granule :
       {pgtable::Granule::size_4k, pgtable::Granule::size_16k, pgtable::Granule::size_64k}) {
    World w;
    pgtable::Config c = World::config64();
    for (auto& t : c.stage1.tables) t.granule = granule;
    auto& b = w.builder(c);
    const std::uint64_t page = granule == pgtable::Granule::size_4k    ? 0x1000
                               : granule == pgtable::Granule::size_16k ? 0x4000
                                                                       : 0x10000;
    const std::uint64_t block = granule == pgtable::Granule::size_4k    ? 0x20'0000
                                : granule == pgtable::Granule::size_16k ? 0x200'0000
                                                                        : 0x2000'0000;
    b.map(page, page, page);
    b.map(block, block, block);
    w.bank64(3, b.config(), 5);
    w.map_stream(0, 9, S2CR_translate | 3);
    w.start();
    for (const std::uint64_t va : {page, block}) {
      w.access(9, va);
      EXPECT_TRUE(w.access(9, va).tlb_hit);
      const std::uint64_t last = va + (va == page ? page : block) - 1;
      w.write_cb(3, TLBIVAL, last >> 12 | std::uint64_t{5} << 48, 8);
      EXPECT_FALSE(w.access(9, va).tlb_hit);
    }
  }
}

// 5.4.1
TEST(Tlb, HoldsNothingThatFaulted) {
  World w;
  auto& b = w.stream64(9, 3);
  pgtable::Mapping old;
  old.accessed = false;
  b.map(0x2000, 0x8000, 0x1000, old);
  b.map(0x3000, 0x9000, 0x1000);  // so that the table stays
  w.start();
  w.access(9, 0x1000);
  EXPECT_EQ(w.read_cb(3, FSR) & 0xffU, TF);
  w.write_cb(3, FSR, ~0U);
  w.access(9, 0x2000);
  EXPECT_EQ(w.read_cb(3, FSR) & 0xffU, AFF);
  w.write_cb(3, FSR, ~0U);
  b.unmap(0x2000, 0x1000);
  b.map(0x1000, 0x7000, 0x2000);  // no maintenance
  EXPECT_EQ(w.access(9, 0x1000).output, 0x7000U);
  EXPECT_EQ(w.access(9, 0x2000).output, 0x8000U);
}

// 17.3.4: "software must": by IPA, synchronise, then TLBIVMIDS1. What has both stages stays until then here.
TEST(ChangeOfStage2, NeedsTheStage1StepByVmid) {
  World w;
  auto& s2 = w.builder(World::config_stage2());
  auto& s1 = w.builder(World::config64());
  s1.map(0x1000, 0x40'0000, 0x1000);
  s1.map(0x2000, 0x40'0000, 0x1000);
  s2.map(World::tables, World::tables, 0x20'0000);
  s2.map(0x40'0000, 0x9000'0000, 0x1000);
  s2.map(0x40'1000, 0x9000'1000, 0x1000);
  w.bank_stage2(5, s2.config(), 7);
  w.bank64(6, s1.config(), 1, 7, 0, CBAR_nested | 5U << 8);
  w.map_stream(0, 9, S2CR_translate | 6);
  w.start();
  EXPECT_EQ(w.access(9, 0x1000).output, 0x9000'0000U);
  s2.unmap(0x40'0000, 0x1000);
  s2.map(0x40'0000, 0xa000'0000, 0x1000);
  EXPECT_EQ(w.access(9, 0x2000).output, 0x9000'0000U);  // a stage 2 entry serves another address
  w.write(TLBIVMIDS1, 8);
  w.write_cb(6, TLBIALL, 0);  // stage 1 information only
  EXPECT_EQ(w.access(9, 0x1000).output, 0x9000'0000U);
  w.write_cb(5, TLBIIPAS2, 0x400, 8);
  w.write_cb(5, TLBSYNC, 0);
  EXPECT_EQ(w.read_cb(5, TLBSTATUS), 0U);
  EXPECT_EQ(w.access(9, 0x1000).output, 0x9000'0000U);
  w.write(TLBIVMIDS1, 7);
  EXPECT_EQ(w.access(9, 0x1000).output, 0xa000'0000U);
  EXPECT_EQ(w.access(9, 0x2000).output, 0xa000'0000U);
}

// 5.4.2: an entry that is a target is discarded, one that is being made of what it was, too
TEST(Invalidation, AWalkThatItOvertakesFillsNothing) {
  World w;
  auto& b = w.stream64(9, 3, 5);
  b.map(0x1000, 0x2000, 0x2000);
  w.start();
  Access a(w.smmu, World::request(9, 0x1000));
  unsigned n = 0;
  while (a.step() == smmu::Step::need) {
    const auto answer = w.memory.carry_out(a.op());
    if (++n == 3) {
      b.unmap(0x1000, 0x1000);
      b.map(0x1000, 0x7000, 0x1000);
      w.write_cb(3, TLBIVA, 1 | std::uint64_t{5} << 48, 8);
    }
    a.complete(answer);
  }
  EXPECT_EQ(a.answer().output, 0x2000U);  // it was before
  EXPECT_EQ(w.access(9, 0x1000).output, 0x7000U);
}

// 5.4.2: "Every transaction already in progress that has used the translations ... is globally observed"
TEST(Synchronisation, WaitsForWalksUnderWayAndNotForLaterOnes) {
  World w;
  auto& b = w.stream64(9, 3, 5);
  b.map(0x1000, 0x2000, 0x2000);
  w.start();
  auto a = std::make_unique<Access>(w.smmu, World::request(9, 0x1000));
  ASSERT_EQ(a->step(), smmu::Step::need);
  w.write_cb(3, TLBIALL, 0);
  w.write_cb(3, TLBSYNC, 0);
  EXPECT_EQ(w.read_cb(3, TLBSTATUS), 1U);
  Access later(w.smmu, World::request(9, 0x2000));
  ASSERT_EQ(later.step(), smmu::Step::need);
  w.run(*a);
  a.reset();
  EXPECT_EQ(w.read_cb(3, TLBSTATUS), 0U);
  w.run(later);
}

// 5.4.2: "without relying on the forward progress of client transactions"
TEST(Synchronisation, DoesNotWaitForAStalledClient) {
  World w;
  w.stream64(9, 3, 1, SCTLR_CFCFG);
  w.start();
  Access stalled(w.smmu, World::request(9, 0x5000));
  EXPECT_FALSE(w.run(stalled));
  for (int i = 0; i < 100'000; ++i) w.write_cb(3, TLBIVA, static_cast<std::uint64_t>(i), 8);
  w.write(TLBIALLNSNH, 0);
  w.write_cb(3, TLBSYNC, 0);
  w.write(sTLBGSYNC, 0);
  EXPECT_EQ(w.read_cb(3, TLBSTATUS), 0U);
  EXPECT_EQ(w.read(sTLBGSTATUS), 0U);
  w.write_cb(3, RESUME, 1);
  EXPECT_TRUE(w.run(stalled));
}

// 5.4.2, 9.6.22, 16.5.37: a bank's covers its bank; the global one its Security state, banks included
TEST(Synchronisation, OfABankCoversItAloneAndTheGlobalOneAllOfItsState) {
  TwoStates w;
  for (const unsigned bank : {3U, 4U, 20U}) w.write(w.gr1(CBAR0 + 4 * bank), CBAR_stage1, 4, secure);
  const auto token = w.smmu.engine().in_flight().enter(0);
  w.write_cb(3, TLBIALL, 0);
  w.write_cb(4, TLBSYNC, 0);
  EXPECT_EQ(w.read_cb(4, TLBSTATUS), 0U);
  EXPECT_EQ(w.read_cb(3, TLBSTATUS), 0U);  // none has been asked for
  w.write_cb(3, TLBSYNC, 0);
  EXPECT_EQ(w.read_cb(3, TLBSTATUS), 1U);
  w.write(sTLBGSYNC, 0, 4, secure);
  EXPECT_EQ(w.read(sTLBGSTATUS, 4, secure), 0U);
  w.write(sTLBGSYNC, 0);
  EXPECT_EQ(w.read(sTLBGSTATUS), 1U);
  w.write_cb(20, TLBIALL, 0);  // of a Secure bank
  w.write(sTLBGSYNC, 0, 4, secure);
  EXPECT_EQ(w.read(sTLBGSTATUS, 4, secure), 1U);
  w.smmu.engine().in_flight().leave(token, 0);
  for (const bool side : {false, true}) EXPECT_EQ(w.read(sTLBGSTATUS, 4, side), 0U);
  EXPECT_EQ(w.read_cb(3, TLBSTATUS), 0U);
}

// 9.6.21: it tells of operations before the most recent synchronisation
TEST(Synchronisation, TellsOfNoOperationAfterIt) {
  World w;
  w.write(w.gr1(CBAR0 + 4 * 3), CBAR_stage1);
  w.write_cb(3, TLBSYNC, 0);
  const auto token = w.smmu.engine().in_flight().enter(0);
  w.write_cb(3, TLBIALL, 0);
  EXPECT_EQ(w.read_cb(3, TLBSTATUS), 0U);
  w.smmu.engine().in_flight().leave(token, 0);
}

// Whoever polls sees it busy first, and then idle
TEST(Synchronisation, TakesTimeWithTiming) {
  Structures s;
  s.maintenance.latency = 1000;
  World w({}, s);
  w.write(w.gr1(CBAR0 + 4 * 3), CBAR_stage1);
  w.now = 1000;
  w.write(TLBIALLNSNH, 0);
  w.write(sTLBGSYNC, 0);
  EXPECT_EQ(w.read(sTLBGSTATUS), 1U);
  w.write_cb(3, TLBIALL, 0);
  w.write_cb(3, TLBSYNC, 0);
  EXPECT_EQ(w.read_cb(3, TLBSTATUS), 1U);
  w.now += 1'000'000;  // a microsecond
  EXPECT_EQ(w.read(sTLBGSTATUS), 0U);
  EXPECT_EQ(w.read_cb(3, TLBSTATUS), 0U);
}

// 2.5: banks with equal tags share entries
TEST(Tlb, IsSharedByBanksOfTheSameTags) {
  World w;
  auto& b = w.stream64(9, 3, 5);
  b.map(0x1000, 0x2000, 0x1000);
  w.bank64(4, b.config(), 5);
  w.map_stream(10, 10, S2CR_translate | 4);
  w.start();
  w.access(9, 0x1000);
  EXPECT_TRUE(w.access(10, 0x1000).tlb_hit);
  w.write_cb(4, TLBIASID, 5);
  EXPECT_FALSE(w.access(9, 0x1000).tlb_hit);
}

// 16.5.29, note: an invalidation after M=0 completes after what used M=1
TEST(Synchronisation, AfterMIsClearedWaitsForWhatUsedIt) {
  World w;
  auto& b = w.stream64(9, 3, 5);
  b.map(0x1000, 0x2000, 0x1000);
  w.start();
  auto a = std::make_unique<Access>(w.smmu, World::request(9, 0x1000));
  ASSERT_EQ(a->step(), smmu::Step::need);
  w.write_cb(3, SCTLR, 0);
  w.write_cb(3, TLBIASID, 5);
  w.write_cb(3, TLBSYNC, 0);
  EXPECT_EQ(w.read_cb(3, TLBSTATUS), 1U);
  EXPECT_EQ(w.access(9, 0x1000).output, 0x1000U);
  w.run(*a);
  a.reset();
  EXPECT_EQ(w.read_cb(3, TLBSTATUS), 0U);
}

}  // namespace
}  // namespace smmuvp::smmuv2
