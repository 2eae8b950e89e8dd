// Where queues lie and how large they are, and what drivers do with them while they are in use (IHI
// 0070 3.5.1, 3.11, 6.3.26 to 6.3.29, 6.3.95, 6.3.96, 7.1, 7.4).
#include <gtest/gtest.h>

#include <algorithm>

#include "world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Outcome;
using smmu::Step;

constexpr std::uint32_t CMDQ_BASE = 0x90, CMDQ_PROD = 0x98, CMDQ_CONS = 0x9c;
constexpr std::uint32_t EVENTQ_BASE = 0xa0, EVENTQ_PROD = 0x100a8, EVENTQ_CONS = 0x100ac;

void fault(World& w) { w.access(1, 0x1000); }  // STE.V is 0: C_BAD_STE

/// Both queues of 2^log2size entries at these addresses, nothing else.
void queues(World& w, unsigned log2size, std::uint64_t commands, std::uint64_t events) {
  w.start(8, 0);
  w.write(CMDQ_BASE, commands | log2size, 8);
  w.write(EVENTQ_BASE, events | log2size, 8);
  w.write(0x20, CR0_implemented);
}

TEST(QueueBases, AreAlignedToTheSizeOfTheirQueueAndTo32BytesAtLeast) {
  constexpr std::uint64_t ADDR = 0xabc'dfff'ffe0;
  Features f;
  f.CMDQS = f.EVENTQS = 19;
  for (unsigned log2size = 0; log2size < 20; ++log2size) {
    World w(f);
    queues(w, log2size, ADDR, ADDR);
    const std::uint64_t of_commands = 16ULL << std::max(log2size, 1U);
    const std::uint64_t of_events = 32ULL << log2size;
    w.write(CMDQ_PROD, 1);
    ASSERT_EQ(w.commands().step(w.now), Step::need);
    EXPECT_EQ(w.commands().op().address, ADDR / of_commands * of_commands) << log2size;
    EXPECT_EQ(w.commands().op().size, 16U);
    Access a(w.smmu, World::request(1, 0x1000));
    w.finish(a);
    ASSERT_EQ(w.events().step(w.now), Step::need);
    EXPECT_EQ(w.events().op().address, ADDR / of_events * of_events) << log2size;
    EXPECT_EQ(w.events().op().size, 32U);
  }
}

TEST(QueueBases, OfASizeBeyondTheImplementedOneAreAlignedToWhatIsUsed) {
  Features f;
  f.CMDQS = f.EVENTQS = 4;
  World w(f);
  queues(w, 19, 0x1234'5fe0, 0x1234'5fe0);
  w.write(CMDQ_PROD, 1);
  ASSERT_EQ(w.commands().step(w.now), Step::need);
  EXPECT_EQ(w.commands().op().address, 0x1234'5f00U);
}

TEST(QueueBases, OfEverySizeFillAndWrap) {
  for (unsigned log2size = 0; log2size < 8; ++log2size) {
    World w;
    queues(w, log2size, World::cmdq, World::eventq);
    const std::uint32_t entries = 1U << log2size;
    const std::uint32_t mask = 2 * entries - 1;
    for (std::uint32_t i = 0; i < 3 * entries + 1; ++i) {
      w.memory.write(World::cmdq + 16ULL * (i & (entries - 1)), 0x30);
      w.write(CMDQ_PROD, (i + 1) & mask);
      w.work();
      EXPECT_EQ(w.read(CMDQ_CONS), (i + 1) & mask);
    }
    for (std::uint32_t round = 0; round < 3; ++round) {
      for (std::uint32_t i = 0; i < entries; ++i) fault(w);
      const std::uint32_t full = (round + 1) * entries & mask;
      EXPECT_EQ(w.read(EVENTQ_PROD), full) << "as many records as entries, and no overflow";
      for (std::uint32_t i = 0; i < entries; ++i) {
        EXPECT_EQ(w.memory.read(World::eventq + 32ULL * i, 8), 0x1'0000'0004ULL);
        w.memory.write(World::eventq + 32ULL * i, 0);
      }
      w.write(EVENTQ_CONS, full);
    }
    for (std::uint32_t i = 0; i < entries + 1; ++i) fault(w);
    EXPECT_NE(w.read(EVENTQ_PROD) & EVENTQ_OVFLG, 0U) << log2size;
  }
}

TEST(QueueBases, MayBeAddress0) {
  World w;
  queues(w, 3, 0, 0x1000);
  w.memory.write(0, 0x46 | 1 << 12);
  w.write(CMDQ_PROD, 1);
  w.work();
  EXPECT_EQ(w.read(CMDQ_CONS), 1U);
  EXPECT_EQ(w.irqs.cmdq_sync, 1);
  World v;
  queues(v, 3, 0x1000, 0);
  fault(v);
  EXPECT_EQ(v.memory.read(0, 8), 0x1'0000'0004ULL);
  EXPECT_EQ(v.read(EVENTQ_PROD), 1U);
}

TEST(QueueBases, ThatAreNotAlignedOrTooLargeAreToldWhenTheQueueIsEnabled) {
  struct Row {
    std::uint32_t BASE;
    std::uint64_t value;
    std::uint32_t enable;
    const char* site;
  };
  Features f;
  f.CMDQS = f.EVENTQS = 10;
  for (const Row& row : {Row{CMDQ_BASE, 0x2000'1000 | 8, CR0_CMDQEN, nullptr},
                         Row{CMDQ_BASE, 0x2000'1020 | 8, CR0_CMDQEN, "CMDQ_BASE.ADDR"},
                         Row{CMDQ_BASE, 0x2000'1020, CR0_CMDQEN, nullptr},
                         Row{CMDQ_BASE, 0x2000'0000 | 11, CR0_CMDQEN, "CMDQ_BASE.LOG2SIZE"},
                         Row{EVENTQ_BASE, 0x2000'2000 | 8, CR0_EVENTQEN, nullptr},
                         Row{EVENTQ_BASE, 0x2000'1000 | 8, CR0_EVENTQEN, "EVENTQ_BASE.ADDR"},
                         Row{EVENTQ_BASE, 0x2000'0000 | 31, CR0_EVENTQEN, "EVENTQ_BASE.LOG2SIZE"}}) {
    World w(f);
    w.write(row.BASE, row.value | BASE_hint, 8);
    EXPECT_TRUE(w.diag.all.empty());
    w.write(0x20, row.enable);
    w.write(0x20, row.enable);
    ASSERT_EQ(w.diag.all.size(), row.site != nullptr ? 1U : 0U) << std::hex << row.value;
    if (row.site != nullptr) {
      EXPECT_EQ(w.diag.all[0].site, row.site);
    }
  }
}

// ---- queues in use

// 3.11: every driver empties the caches before it enables translation.
TEST(QueuesInUse, CommandsTakeEffectWhileSmmuenIs0) {
  World w;
  w.start();
  ASSERT_TRUE(w.stream(1).map(0x1000, 0x8000'0000, 0x1000));
  EXPECT_EQ(w.access(1, 0x1000).outcome, Outcome::forward);
  w.put_ste(1, ste_abort());
  w.write(0x20, CR0_CMDQEN | CR0_EVENTQEN);
  w.write(0x20, CR0_implemented);
  EXPECT_EQ(w.access(1, 0x1000).outcome, Outcome::forward) << "6.3.9.6: SMMUEN empties no cache";
  w.write(0x20, CR0_CMDQEN | CR0_EVENTQEN);
  EXPECT_EQ(w.read(0x24), CR0_CMDQEN | CR0_EVENTQEN);
  w.command(0x04, 31);
  w.command(0x30);
  w.command(0x46 | 1 << 12);
  EXPECT_TRUE(w.commands_done());
  EXPECT_EQ(w.irqs.cmdq_sync, 1);
  EXPECT_EQ(w.smmu.engine().tlb().size(), 0U);
  w.write(0x20, CR0_implemented);
  EXPECT_EQ(w.access(1, 0x1000).outcome, Outcome::abort);
}

// 7.1: the only case in which CMDQ_PROD may go back.
TEST(QueuesInUse, CommandsBehindAnErrorCanBeTakenBack) {
  World w;
  w.start();
  for (const std::uint64_t command : {0x30ULL, 0x00ULL, 0x46ULL | 1 << 12}) w.push(command);
  w.work();
  EXPECT_EQ(w.read(CMDQ_CONS) & 0xfffff, 1U);
  w.write(CMDQ_PROD, 1);
  w.write(0x64, 1);
  w.work();
  EXPECT_EQ(w.read(CMDQ_CONS) & 0xfffff, 1U) << "nothing is left to consume";
  EXPECT_EQ(w.irqs.cmdq_sync, 0);
  EXPECT_EQ(w.read(0x60) ^ w.read(0x64), 0U);
  w.command(0x46 | 1 << 12);
  EXPECT_EQ(w.read(CMDQ_CONS) & 0xfffff, 2U);
  EXPECT_EQ(w.irqs.cmdq_sync, 1);
}

TEST(QueuesInUse, WhatADriverLooksAtMeanwhileResumesNothing) {
  World w;
  w.start();
  w.memory.make_abort(World::cmdq);
  w.push(0x46 | 1 << 12);
  w.work();
  EXPECT_EQ(w.read(CMDQ_CONS), 2U << 24) << "CERROR_ABT";
  w.memory.make_ok(World::cmdq);
  w.write(CMDQ_CONS, 1);
  w.write(0x60, 0);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(w.read(CMDQ_CONS), 2U << 24) << "CONS is not software's";
    w.work();
  }
  w.write(0x64, 1);
  w.work();
  EXPECT_EQ(w.read(CMDQ_CONS) & 0xfffff, 1U);
  EXPECT_EQ(w.irqs.cmdq_sync, 1);
}

// A driver that throws the records away: EVENTQEN 0, CONS to PROD, EVENTQEN 1.
TEST(QueuesInUse, RecordsCanBeDiscardedBySoftware) {
  World w;
  w.start();
  for (int i = 0; i < 10; ++i) fault(w);
  EXPECT_EQ(w.read(EVENTQ_PROD), 8U | EVENTQ_OVFLG);
  w.write(0x20, CR0_SMMUEN | CR0_CMDQEN);
  EXPECT_EQ(w.read(0x24), CR0_SMMUEN | CR0_CMDQEN);
  fault(w);  // goes on, and is lost
  w.write(EVENTQ_CONS, w.read(EVENTQ_PROD));
  w.write(0x20, CR0_implemented);
  w.work();
  EXPECT_EQ(w.read(EVENTQ_PROD), 8U | EVENTQ_OVFLG);
  const int before = w.irqs.eventq;
  fault(w);
  EXPECT_EQ(w.read(EVENTQ_PROD), 9U | EVENTQ_OVFLG);
  EXPECT_EQ(w.irqs.eventq, before + 1) << "it was empty";
  EXPECT_EQ(bits(*w.pop_event(), 7, 0), 0x04U);
}

TEST(QueuesInUse, AnAccessGoesOnWhileEventsAreNotRecorded) {
  World w;
  w.start(8, CR0_SMMUEN | CR0_CMDQEN);
  ASSERT_TRUE(w.stream(2).map(0x1000, 0x8000'0000, 0x1000));
  EXPECT_EQ(w.access(2, 0x1000).outcome, Outcome::forward);
  EXPECT_EQ(w.access(2, 0x2000).outcome, Outcome::abort);
  EXPECT_EQ(w.read(EVENTQ_PROD), 0U);
}

TEST(QueuesInUse, AResetLeavesNothingOfACommandOrARecordThatIsUnderWay) {
  World w;
  w.start();
  w.push(0x46 | 1 << 12);
  ASSERT_EQ(w.commands().step(w.now), Step::need);
  {
    Access a(w.smmu, World::request(1, 0x1000));
    w.finish(a);
  }
  ASSERT_EQ(w.events().step(w.now), Step::need);
  const smmu::MemoryAnswer command = w.memory.carry_out(w.commands().op());
  const smmu::MemoryAnswer record = w.memory.carry_out(w.events().op());
  w.smmu.reset();
  w.commands().complete(command);
  w.events().complete(record);
  w.work();
  EXPECT_EQ(w.read(CMDQ_CONS), 0U);
  EXPECT_EQ(w.read(EVENTQ_PROD), 0U);
  EXPECT_EQ(w.irqs.cmdq_sync + w.irqs.eventq, 0);
  EXPECT_FALSE(w.commands().due());
  EXPECT_FALSE(w.events().due());
  w.start();
  w.work();
  EXPECT_EQ(w.read(EVENTQ_PROD), 0U) << "nor later";
}

// 6.3.9: an Update that is taken back before it is complete ceases, one of the choices.
TEST(QueuesInUse, AnUpdateThatIsTakenBackCeases) {
  World w;
  w.start();
  w.push(0x30);
  ASSERT_EQ(w.commands().step(w.now), Step::need);
  {
    Access a(w.smmu, World::request(1, 0x1000));
    w.finish(a);
  }
  w.write(0x20, CR0_SMMUEN);
  EXPECT_EQ(w.read(0x24), CR0_implemented);
  w.write(CMDQ_BASE, 0x7000'0000, 8);
  EXPECT_EQ(w.read(CMDQ_BASE), World::cmdq | World::log2_cmds) << "still guarded";
  w.write(0x20, CR0_implemented);
  w.work();
  EXPECT_EQ(w.read(0x24), CR0_implemented);
  EXPECT_EQ(w.read(CMDQ_CONS), 1U);
  EXPECT_EQ(w.read(EVENTQ_PROD), 1U);
}

// ---- CMD_CFGI_STE_RANGE (4.3.2)

TEST(ConfigRange, TakesTheAlignedStreamIDsOfEveryRangeAndNoOthers) {
  Features f;
  f.SIDSIZE = 32;
  World w(f);
  w.start();
  w.write(0x20, CR0_CMDQEN);
  w.write(0x80, 0, 8);
  w.write(0x88, 32);
  w.write(0x20, CR0_CMDQEN | CR0_SMMUEN);
  constexpr std::uint32_t named = 0xa5a5'a5a5;
  const auto at = [](std::uint32_t sid) { return std::uint64_t{sid} * 64; };
  for (std::uint32_t Range = 0; Range < 32; ++Range) {
    // The ends of the range, its neighbours, and the StreamID that is named
    const std::uint64_t size = 2ULL << Range;
    const std::uint64_t first = named / size * size;
    for (const std::uint64_t sid : {first, first + size - 1, std::uint64_t{named}, first - 1, first + size}) {
      if (sid >> 32 != 0) continue;
      const auto stream = static_cast<std::uint32_t>(sid);
      w.put(at(stream), ste_bypass());
      w.command(0x04, 31);
      EXPECT_EQ(w.access(stream, 0x1000).outcome, Outcome::forward);
      w.put(at(stream), ste_abort());
      w.command(0x04 | std::uint64_t{named} << 32, Range);
      const bool taken = sid >= first && sid - first < size;
      EXPECT_EQ(w.access(stream, 0x1000).outcome, taken ? Outcome::abort : Outcome::forward)
          << "Range " << Range << ", StreamID " << std::hex << stream;
    }
  }
  EXPECT_TRUE(w.diag.all.empty()) << "an unaligned StreamID is no mistake";
}

}  // namespace
}  // namespace smmuvp::smmuv3
