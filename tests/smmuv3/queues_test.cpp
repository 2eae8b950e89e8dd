// Command queue, commands, Event queue.
#include <gtest/gtest.h>

#include "world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Outcome;
using smmu::Step;

constexpr std::uint64_t sid(std::uint32_t id) { return std::uint64_t{id} << 32; }
constexpr std::uint64_t asid(std::uint16_t id) { return std::uint64_t{id} << 48; }

// ---- command queue

TEST(CommandQueue, IsNotDueWhileItsFetchIsUnanswered) {
  World w;
  w.start();
  w.push(0x46);
  ASSERT_TRUE(w.commands().due());
  ASSERT_EQ(w.commands().step(w.now), smmu::Step::need);
  EXPECT_FALSE(w.commands().due());
  w.work();
  EXPECT_TRUE(w.commands_done());
}

TEST(CommandQueue, ConsumesInOrderAndWraps) {
  World w;
  w.start();
  for (unsigned i = 0; i < 100; ++i) {
    w.command(0x30);
    EXPECT_EQ(w.read(0x9c), (i + 1) % 64);
  }
}

TEST(CommandQueue, OfOneEntryHoldsOneCommand) {
  World w;
  w.start(8, CR0_SMMUEN);
  w.write(0x90, World::cmdq, 8);
  w.write(0x20, CR0_CMDQEN);
  w.memory.write(World::cmdq, 0x46 | 1 << 12);
  w.write(0x98, 1);
  w.work();
  EXPECT_EQ(w.read(0x9c), 1U);
  w.write(0x98, 0);
  w.work();
  EXPECT_EQ(w.read(0x9c), 0U);
  EXPECT_EQ(w.irqs.cmdq_sync, 2);
}

TEST(CommandQueue, IsNotReadWhileDisabled) {
  World w;
  w.start(8, CR0_SMMUEN);
  w.push(0x30);
  EXPECT_EQ(w.work(), Step::done);
  EXPECT_EQ(w.read(0x9c), 0U);
}

TEST(CommandQueue, IsNotReadWhileItsIndexesAreInconsistent) {
  World w;
  w.start();
  w.write(0x98, 33);  // 33 commands in a queue of 32
  EXPECT_EQ(w.work(), Step::done);
  EXPECT_EQ(w.read(0x9c), 0U);
  EXPECT_FALSE(w.diag.all.empty());
}

TEST(CommandQueue, ExecutesNothingInsideTheRegisterWrite) {
  World w;
  w.start();
  w.push(0x30);
  EXPECT_EQ(w.read(0x9c), 0U);
  EXPECT_TRUE(w.commands().due());
}

class IllegalCommand : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(IllegalCommand, StopsTheQueueUntilItIsAcknowledgedInGerrorn) {
  Features f;
  f.S2P = f.VMID16 = false;
  World w(f);
  w.start();
  w.push(0x30);
  w.push(GetParam());
  w.push(0x46 | 1 << 12);
  w.work();
  EXPECT_EQ(w.read(0x9c), 1U | 1U << 24) << "RD at the command, ERR CERROR_ILL";
  EXPECT_EQ(w.read(0x60), 1U);
  EXPECT_EQ(w.irqs.gerror, 1);
  EXPECT_EQ(w.irqs.cmdq_sync, 0);
  for (int i = 0; i < 3; ++i) {
    w.read(0x9c);
    w.write(0x98, 3);
    EXPECT_EQ(w.work(), Step::done) << "neither reading CONS nor writing PROD resumes it";
  }
  // Disabling and enabling does not acknowledge either.
  w.write(0x20, CR0_SMMUEN);
  w.write(0x20, CR0_implemented);
  w.work();
  EXPECT_EQ(w.read(0x9c) & 0xfffff, 1U);
  // The driver replaces the command, then acknowledges: no write of PROD is needed.
  w.memory.write(World::cmdq + 16, 0x30);
  w.write(0x64, 1);
  w.work();
  EXPECT_EQ(w.read(0x9c) & 0xfffff, 3U);
  EXPECT_EQ(w.irqs.cmdq_sync, 1);
  EXPECT_EQ(w.diag.all.front().site, "CMDQ.CERROR_ILL");
}
INSTANTIATE_TEST_SUITE_P(Commands, IllegalCommand,
                         ::testing::Values(0x00, 0x07, 0x08, 0x14, 0x18, 0x1a, 0x20, 0x21, 0x22, 0x23, 0x28,
                                           0x2a, 0x31, 0x40, 0x41, 0x42, 0x44, 0x45, 0x47, 0x50, 0x51, 0x52,
                                           0x53, 0x58, 0x5a, 0x60, 0x70, 0x73, 0x80, 0x8f, 0x90, 0xff,
                                           0x01 | 1 << 10, 0x02 | 1 << 10, 0x03 | 1 << 10, 0x04 | 1 << 10,
                                           0x05 | 1 << 10,
                                           0x06 | 1 << 10,  // SSec on the Non-secure queue
                                           0x46 | 3 << 12   // CMD_SYNC, CS reserved
                                           ));

TEST(CommandQueue, AFetchAbortIsCerrorAbtAndIsRecoverable) {
  World w;
  w.start();
  w.memory.make_abort(World::cmdq);
  w.command(0x30);
  EXPECT_EQ(w.read(0x9c), 0U | 2U << 24);
  EXPECT_EQ(w.read(0x60), 1U);
  w.memory.make_ok(World::cmdq);
  w.write(0x64, 1);
  w.work();
  EXPECT_EQ(w.read(0x9c) & 0xfffff, 1U);
}

TEST(CommandQueue, ReservedBitsOfACommandAreIgnoredAndDiagnosed) {
  World w;
  w.start();
  w.command(0x30 | 1ULL << 40);
  EXPECT_TRUE(w.commands_done());
  ASSERT_EQ(w.diag.all.size(), 1U);
  EXPECT_EQ(w.diag.all[0].site, "CMD_TLBI_NSNH_ALL.reserved");
}

TEST(CommandQueue, AFullQueueThatBecomesNonFullGivesAWakeUpEvent) {
  World w;
  w.start(8, CR0_SMMUEN);
  for (unsigned i = 0; i < 32; ++i) w.push(0x30);
  w.write(0x20, CR0_implemented);
  w.work();
  EXPECT_EQ(w.irqs.event, 1);
}

// ---- single commands

TEST(CMD_SYNC, SignalsAsCsSays) {
  World w;
  w.start();
  w.command(0x46);
  EXPECT_EQ(w.irqs.cmdq_sync + w.irqs.event, 0);
  w.command(0x46 | 1 << 12, 0x1000);
  EXPECT_EQ(w.irqs.cmdq_sync, 1);
  EXPECT_EQ(w.memory.read(0x1000, 4), 0U) << "IDR0.MSI == 0: MSIAddress is IGNORED";
  w.command(0x46 | 2 << 12);
  EXPECT_EQ(w.irqs.event, 1);
  EXPECT_EQ(w.irqs.cmdq_sync, 1);
}

TEST(CMD_SYNC, WithSigSevGivesNoEventWithoutIdr0Sev) {
  Features f;
  f.SEV = false;
  World w(f);
  w.start();
  w.command(0x46 | 2 << 12);
  EXPECT_TRUE(w.commands_done());
  EXPECT_EQ(w.irqs.event, 0);
}

TEST(CMD_SYNC, WaitsForTransactionsThatBeganBeforeItAndNotForLaterOnes) {
  World w;
  w.start();
  const auto early = w.smmu.engine().in_flight().enter(0);
  w.push(0x46);
  w.push(0x46 | 1 << 12);
  EXPECT_EQ(w.work(), Step::stalled);
  EXPECT_FALSE(w.commands().due());
  const auto late = w.smmu.engine().in_flight().enter(0);
  EXPECT_EQ(w.read(0x9c), 0U);
  w.smmu.engine().in_flight().leave(early, 0);
  EXPECT_TRUE(w.commands().due());
  EXPECT_EQ(w.work(), Step::stalled) << "the second CMD_SYNC waits for the later transaction";
  EXPECT_EQ(w.read(0x9c), 1U);
  w.smmu.engine().in_flight().leave(late, 0);
  EXPECT_EQ(w.work(), Step::done);
  EXPECT_EQ(w.read(0x9c), 2U);
}

TEST(CMD_SYNC, MakesEventsVisibleFirst) {
  World w;
  w.start();
  {
    Access a(w.smmu, World::request(1, 0x1000));
    w.finish(a);
  }
  w.push(0x46);
  while (w.work_on(w.commands())) {
  }
  EXPECT_EQ(w.read(0x9c), 0U) << "the record is not written yet";
  w.work();
  EXPECT_EQ(w.read(0x9c), 1U);
  EXPECT_EQ(w.read(0x100a8), 1U);
}

class Config : public ::testing::Test {
 protected:
  Config() {
    w.start();
    for (std::uint32_t s : {1U, 2U, 3U, 130U}) {
      w.put_ste(s, ste_bypass());
      EXPECT_EQ(w.access(s, 0x1000).outcome, Outcome::forward);
      w.put_ste(s, ste_abort());
    }
  }
  bool cached(std::uint32_t s) { return w.access(s, 0x1000).outcome == Outcome::forward; }
  World w;
};

TEST_F(Config, AChangedSteIsSeenOnlyAfterItsInvalidation) {
  EXPECT_TRUE(cached(1));
  w.command(0x03 | sid(1));
  EXPECT_FALSE(cached(1));
  EXPECT_TRUE(cached(2));
}

TEST_F(Config, CfgiSteInvalidatesWithAnyLeaf) {
  w.command(0x03 | sid(1), 1);
  EXPECT_FALSE(cached(1));
}

TEST_F(Config, CfgiSteRangeInvalidatesAnAlignedPowerOfTwo) {
  w.command(0x04 | sid(3), 0);  // StreamIDs 2 and 3
  EXPECT_TRUE(cached(1));
  EXPECT_FALSE(cached(2));
  EXPECT_FALSE(cached(3));
  EXPECT_TRUE(cached(130));
}

TEST_F(Config, CfgiSteRange31IsCfgiAll) {
  w.command(0x04 | sid(5), 31);
  for (std::uint32_t s : {1U, 2U, 3U, 130U}) EXPECT_FALSE(cached(s));
}

TEST(CMD_CFGI_CD, InvalidatesTheCdOfItsStream) {
  for (std::uint64_t command : {0x05 | sid(1), 0x06 | sid(1), 0x03 | sid(1), 0x04 | sid(0), 0x04 | sid(1)}) {
    World w;
    w.start();
    ASSERT_TRUE(w.stream(1, 1).map(0x1000, 0x8000'0000, 0x1000));
    EXPECT_EQ(w.access(1, 0x1000).outcome, Outcome::forward);
    w.put(World::cd_address(1), Structure());  // V = 0
    EXPECT_EQ(w.access(1, 0x1000).outcome, Outcome::forward);
    w.command(command);
    EXPECT_EQ(w.access(1, 0x1000).outcome, Outcome::abort) << std::hex << command;
  }
}

TEST(CMD_CFGI_CD, OfAnotherStreamOrSubstreamKeepsIt) {
  World w;
  w.start();
  ASSERT_TRUE(w.stream(1, 1).map(0x1000, 0x8000'0000, 0x1000));
  w.access(1, 0x1000);
  w.put(World::cd_address(1), Structure());
  w.command(0x05 | sid(2));
  w.command(0x05 | sid(1) | 3 << 12);
  EXPECT_EQ(w.access(1, 0x1000).outcome, Outcome::forward);
}

// Two streams with ASIDs 1 and 2; the first maps a 4 KiB page, a 2 MiB block and a global page.
class Tlbi : public ::testing::Test {
 protected:
  static constexpr std::uint64_t page = 0x1000, block = 0x20'0000, global = 0x5000;
  Tlbi() {
    w.start();
    for (std::uint32_t s : {1U, 2U}) {
      pgtable::Builder& b = w.stream(s, static_cast<std::uint16_t>(s));
      EXPECT_TRUE(b.map(page, 0x8000'0000, 0x1000));
      EXPECT_TRUE(b.map(block, 0x8020'0000, 0x20'0000));
      pgtable::Mapping m;
      m.nG = false;
      if (s == 1) {
        EXPECT_TRUE(b.map(global, 0x9000'0000, 0x1000, m));
      }
      for (std::uint64_t va : {page, block, global}) w.access(s, va);
    }
  }
  bool cached(std::uint32_t s, std::uint64_t va) {
    const std::uint64_t walks = w.smmu.engine_statistics().walks;
    w.access(s, va);
    return w.smmu.engine_statistics().walks == walks;
  }
  World w;
};

TEST_F(Tlbi, EntriesAreTaggedByAsidAndGlobalOnesMatchAnyAsid) {
  EXPECT_TRUE(cached(1, page));
  EXPECT_TRUE(cached(2, page));
  EXPECT_TRUE(cached(2, global)) << "walked for ASID 1 only";
}

TEST_F(Tlbi, NhAllTakesEverything) {
  w.command(0x10);
  EXPECT_FALSE(cached(1, page));
  EXPECT_FALSE(cached(2, block));
  EXPECT_FALSE(cached(1, global));
}

TEST_F(Tlbi, NsnhAllTakesEverything) {
  w.command(0x30);
  EXPECT_FALSE(cached(1, page));
  EXPECT_FALSE(cached(2, block));
  EXPECT_FALSE(cached(1, global));
}

TEST_F(Tlbi, NhAsidTakesNonGlobalEntriesOfTheAsid) {
  w.command(0x11 | asid(1));
  EXPECT_FALSE(cached(1, page));
  EXPECT_FALSE(cached(1, block));
  EXPECT_TRUE(cached(1, global));
  EXPECT_TRUE(cached(2, page));
}

TEST_F(Tlbi, NhVaTakesTheAddressOfTheAsid) {
  w.command(0x12 | asid(1), page);
  EXPECT_FALSE(cached(1, page));
  EXPECT_TRUE(cached(1, block));
  EXPECT_TRUE(cached(2, page));
}

TEST_F(Tlbi, NhVaTakesGlobalEntriesWhateverTheAsid) {
  w.command(0x12 | asid(77), global);
  EXPECT_FALSE(cached(1, global));
}

TEST_F(Tlbi, NhVaTakesABlockByAnyAddressInIt) {
  w.command(0x12 | asid(1), (block + 0x12'3000) | 1);
  EXPECT_FALSE(cached(1, block));
  EXPECT_TRUE(cached(2, block));
}

TEST_F(Tlbi, NhVaaTakesTheAddressOfEveryAsid) {
  w.command(0x13, page);
  EXPECT_FALSE(cached(1, page));
  EXPECT_FALSE(cached(2, page));
  EXPECT_TRUE(cached(1, block));
}

TEST(TlbiWithoutStage2, IgnoresTheVmid) {
  Features f;
  f.S2P = f.VMID16 = false;
  World w(f);
  w.start();
  ASSERT_TRUE(w.stream(1).map(0x1000, 0x8000'0000, 0x1000));
  w.access(1, 0x1000);
  w.command(0x11 | asid(1) | 5ULL << 32);
  EXPECT_FALSE(w.access(1, 0x1000).tlb_hit);
}

TEST_F(Tlbi, ATlbInvalidationKeepsConfigurationAndTheOtherWayRound) {
  const std::uint64_t misses = w.smmu.statistics().config_misses;
  w.command(0x10);
  EXPECT_FALSE(cached(1, page));
  EXPECT_EQ(w.smmu.statistics().config_misses, misses);
  w.command(0x04, 31);
  EXPECT_TRUE(cached(1, page));
  EXPECT_EQ(w.smmu.statistics().config_misses, misses + 2);
}

TEST(Tlb, AsetSeparatesGlobalEntriesOnly) {
  World w;
  w.start();
  pgtable::Builder& b = w.space();
  pgtable::Mapping global;
  global.nG = false;
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000, global));
  ASSERT_TRUE(b.map(0x2000, 0x8000'1000, 0x1000));
  for (std::uint32_t s : {1U, 2U}) {
    w.put(World::cd_address(s), cd_for(b.config(), 9).set(47, 1, s - 1));
    w.put_ste(s, ste_stage1(World::cd_address(s)));
    w.access(s, 0x1000);
    w.access(s, 0x2000);
  }
  EXPECT_EQ(w.smmu.engine_statistics().walks, 3U)
      << "IHI 0070 3.17.1: global entries match within their ASET";
}

// ---- Event queue

class EventQueue : public ::testing::Test {
 protected:
  EventQueue() { w.start(); }
  void fault(std::uint64_t va = 0x1000) { w.access(1, va); }  // STE.V == 0: C_BAD_STE
  World w;
};

TEST_F(EventQueue, InterruptsOnTheTransitionFromEmptyToNonEmptyOnly) {
  fault();
  fault();
  EXPECT_EQ(w.irqs.eventq, 1);
  w.pop_event();
  fault();
  EXPECT_EQ(w.irqs.eventq, 1);
  while (w.pop_event()) {
  }
  fault();
  EXPECT_EQ(w.irqs.eventq, 2);
}

TEST_F(EventQueue, InterruptsNotWhereItIsDisabled) {
  w.write(0x50, 0);
  fault();
  EXPECT_EQ(w.irqs.eventq, 0);
  EXPECT_EQ(w.read(0x100a8), 1U);
}

TEST_F(EventQueue, AFullQueueTogglesOvflgAndDrops) {
  for (int i = 0; i < 8; ++i) fault();
  EXPECT_EQ(w.read(0x100a8), 8U);
  fault();
  EXPECT_EQ(w.read(0x100a8), 8U | EVENTQ_OVFLG);
  fault();
  EXPECT_EQ(w.read(0x100a8), 8U | EVENTQ_OVFLG) << "a second overflow cannot be told";
  EXPECT_EQ(w.read(0x60), 0U) << "an overflow is no global error";
  EXPECT_EQ(w.smmu.statistics().events_lost, 2U);
  // Space without acknowledgement: events are recorded again.
  w.pop_event();
  fault();
  EXPECT_EQ(w.read(0x100a8), 9U | EVENTQ_OVFLG);
  // Acknowledged: the next overflow toggles it back.
  w.write(0x100ac, 1U | EVENTQ_OVFLG);
  fault();
  EXPECT_EQ(w.read(0x100a8), 9U);
}

TEST_F(EventQueue, OverflowIsNotVisibleBeforeTheQueueIsFull) {
  std::deque<Access> pending;
  for (int i = 0; i < 9; ++i) {
    pending.emplace_back(w.smmu, World::request(1, 0x1000));
    while (pending.back().step() == Step::need) {
      pending.back().complete(w.memory.carry_out(pending.back().op()));
    }
    EXPECT_EQ(w.read(0x100a8), 0U);
  }
  for (unsigned i = 0; i < 8; ++i) {
    EXPECT_EQ(w.read(0x100a8), i);
    ASSERT_TRUE(w.work_on(w.events()));
  }
  EXPECT_EQ(w.read(0x100a8), 8U);
  ASSERT_TRUE(w.work_on(w.events())) << "the ninth meets a full queue";
  EXPECT_EQ(w.read(0x100a8), 8U | EVENTQ_OVFLG);
}

TEST_F(EventQueue, LosesNothingWhileSoftwareMakesRoomBeforeItIsFull) {
  std::deque<Access> pending;
  const auto faults = [&](int n) {
    for (int i = 0; i < n; ++i) {
      pending.emplace_back(w.smmu, World::request(1, 0x1000));
      while (pending.back().step() == Step::need) {
        pending.back().complete(w.memory.carry_out(pending.back().op()));
      }
    }
  };
  faults(4);
  w.work();
  faults(8);  // 4 more than the queue has room for now
  unsigned records = 0;
  while (w.work_on(w.events())) {
    EXPECT_EQ(w.read(0x100a8) & EVENTQ_OVFLG, 0U) << "IHI 0070 7.4: it has never been full";
    if (w.pop_event()) ++records;
  }
  while (w.pop_event()) ++records;
  EXPECT_EQ(records, 12U);
  EXPECT_EQ(w.read(0x100a8) & EVENTQ_OVFLG, 0U);
}

TEST_F(EventQueue, WhatWaitsIsNotLostAndToggleNoOvflgLater) {
  std::deque<Access> pending;
  for (int i = 0; i < 9; ++i) {
    pending.emplace_back(w.smmu, World::request(1, 0x1000));
    while (pending.back().step() == Step::need) {
      pending.back().complete(w.memory.carry_out(pending.back().op()));
    }
  }
  int records = 0;
  while (w.work_on(w.events())) {
    if (w.pop_event()) ++records;
  }
  EXPECT_EQ(records, 9) << "nine faults before the first write, in a queue of eight";
  pending.clear();
  for (int i = 0; i < 8; ++i) fault();
  EXPECT_EQ(w.read(0x100a8) & EVENTQ_OVFLG, 0U) << "an exact fill loses nothing";
  EXPECT_EQ(w.smmu.statistics().events_lost, 0U);
}

TEST_F(EventQueue, AFullBufferHoldsTheFaultingAccessBack) {
  Structures s = World::untimed();
  s.event_buffer = 2;
  World v({}, s);
  v.start();
  std::deque<Access> accesses;
  for (int i = 0; i < 3; ++i) {
    accesses.emplace_back(v.smmu, World::request(1, 0x1000));
    Access& a = accesses.back();
    while (a.step() == Step::need) a.complete(v.memory.carry_out(a.op()));
    EXPECT_EQ(a.step(), i < 2 ? Step::done : Step::stalled);
  }
  ASSERT_TRUE(v.work_on(v.events()));
  EXPECT_EQ(accesses.back().step(), Step::done);
  v.work();
  EXPECT_EQ(v.read(0x100a8), 3U);
  EXPECT_EQ(v.smmu.statistics().events_lost, 0U);
}

TEST_F(EventQueue, IsWrittenInOrderOfTimeAndNotBeforeIt) {
  const auto fault_at = [&](std::uint64_t time, std::uint32_t stream) {
    auto q = World::request(stream, 0x1000);
    q.time = time;
    Access a(w.smmu, q);
    w.finish(a);
  };
  fault_at(500, 1);  // by a master that has run ahead
  fault_at(100, 2);
  EXPECT_EQ(w.events().due(), std::optional<smmu::TimePs>(100));
  EXPECT_EQ(w.events().step(99), Step::done);
  EXPECT_EQ(w.read(0x100a8), 0U);
  w.now = 100;
  ASSERT_TRUE(w.work_on(w.events()));
  EXPECT_EQ(w.events().step(499), Step::done);
  w.work();
  EXPECT_EQ(w.now, 500U);
  EXPECT_EQ(bits(*w.pop_event(), 63, 32), 2U);
  EXPECT_EQ(bits(*w.pop_event(), 63, 32), 1U);
}

TEST_F(EventQueue, IsWrittenWithTheWriteAllocateHintOfItsBase) {
  for (std::uint64_t hint : {std::uint64_t{0}, BASE_hint}) {
    w.write(0x20, 0);
    w.write(0xa0, World::eventq | World::log2_events | hint, 8);
    w.write(0x20, CR0_implemented);
    Access a(w.smmu, World::request(1, 0x1000));
    w.finish(a);
    ASSERT_EQ(w.events().step(w.now), Step::need);
    EXPECT_EQ(w.events().op().attributes.memory, hint != 0 ? 0xffU : 0xccU);
    w.work();
  }
}

TEST(CommandQueue, IsReadWithTheReadAllocateHintOfItsBase) {
  World w;
  w.start(8, CR0_SMMUEN);
  for (std::uint64_t hint : {std::uint64_t{0}, BASE_hint}) {
    w.write(0x20, CR0_SMMUEN);
    w.write(0x90, World::cmdq | World::log2_cmds | hint, 8);
    w.write(0x20, CR0_implemented);
    w.push(0x30);
    ASSERT_EQ(w.commands().step(w.now), Step::need);
    EXPECT_EQ(w.commands().op().attributes.memory, hint != 0 ? 0xffU : 0xccU);
    w.work();
  }
}

TEST_F(EventQueue, DiscardsWithoutOverflowWhileDisabled) {
  w.write(0x20, CR0_SMMUEN);
  fault();
  EXPECT_EQ(w.read(0x100a8), 0U);
  w.write(0x20, CR0_implemented);
  w.work();
  EXPECT_EQ(w.read(0x100a8), 0U);
}

TEST_F(EventQueue, AWriteAbortIsEventqAbtErrAndPublishesNothing) {
  w.memory.make_abort(World::eventq);
  fault();
  EXPECT_EQ(w.read(0x60), 4U);
  EXPECT_EQ(w.irqs.gerror, 1);
  EXPECT_EQ(w.read(0x100a8), 0U);
  EXPECT_EQ(w.irqs.eventq, 0);
  w.memory.make_ok(World::eventq);
  fault();
  EXPECT_EQ(w.read(0x100a8), 0U) << "not writable until the error is acknowledged";
  w.write(0x64, 4);
  fault();
  EXPECT_EQ(w.read(0x100a8), 1U);
}

TEST_F(EventQueue, EventsAreNotMerged) {
  for (int i = 0; i < 4; ++i) fault(0x5000);
  EXPECT_EQ(w.read(0x100a8), 4U);
}

}  // namespace
}  // namespace smmuvp::smmuv3
