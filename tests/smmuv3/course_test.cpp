// The SMMU over time: what overtakes an access, what is saved, what takes how long.
#include <gtest/gtest.h>

#include "world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::AccessKind;
using smmu::Outcome;

// ---- invalidations at every step of an access

TEST(Overtaking, AWalkThatAnInvalidationOvertakesFillsNoCacheAndSyncWaitsForIt) {
  for (std::uint64_t command : {0x10ULL, 0x30ULL, 0x12ULL | 1ULL << 48, 0x04ULL}) {
    for (unsigned at = 0;; ++at) {
      World w;
      w.start();
      pgtable::Builder& b = w.stream(1);
      ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
      auto a = std::make_unique<Access>(w.smmu, World::request(1, 0x1000));
      unsigned step = 0;
      bool overtaken = false;
      while (a->step() == smmu::Step::need) {
        if (step == at) {
          w.push(command, command == 0x04 ? 31 : 0x1000);
          w.push(0x46);
          EXPECT_EQ(w.work(), smmu::Step::stalled);
          overtaken = true;
        }
        a->complete(w.memory.carry_out(a->op()));
        ++step;
      }
      EXPECT_EQ(a->answer().output, 0x8000'0000U);
      a.reset();
      EXPECT_EQ(w.work(), smmu::Step::done);
      if (!overtaken) break;
      EXPECT_TRUE(w.commands_done());
      // The table changes after the CMD_SYNC: nothing of before may be found.
      ASSERT_TRUE(b.unmap(0x1000, 0x1000));
      w.access(1, 0x1000);
      const auto e = w.pop_event();
      ASSERT_TRUE(e) << "step " << at;
      EXPECT_EQ(bits(*e, 7, 0), 0x10U);
    }
  }
}

TEST(Overtaking, DisablingAndEnablingKeepsAWalkFromFillingCaches) {
  World w;
  w.start();
  pgtable::Builder& b = w.stream(1);
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
  Access a(w.smmu, World::request(1, 0x1000));
  ASSERT_EQ(a.step(), smmu::Step::need);
  w.write(0x20, 0);
  while (a.step() == smmu::Step::need) a.complete(w.memory.carry_out(a.op()));
  EXPECT_EQ(a.answer().outcome, Outcome::forward) << "as though SMMUEN did not change (6.3.9.6)";
  EXPECT_EQ(a.answer().output, 0x8000'0000U);
  EXPECT_EQ(w.smmu.engine_statistics().tlb_fills, 0U);
}

TEST(Overtaking, ResetAbortsAccessesUnderWay) {
  World w;
  w.start();
  w.stream(1).map(0x1000, 0x8000'0000, 0x1000);
  Access a(w.smmu, World::request(1, 0x1000));
  ASSERT_EQ(a.step(), smmu::Step::need);
  w.smmu.reset();
  a.complete(w.memory.carry_out(a.op()));
  EXPECT_EQ(a.step(), smmu::Step::done);
  EXPECT_EQ(a.answer().outcome, Outcome::abort);
}

// ---- state

TEST(Archive, RoundTripsRegistersCachesAndQueues) {
  World w;
  w.start();
  ASSERT_TRUE(w.stream(1).map(0x1000, 0x8000'0000, 0x1000));
  w.access(1, 0x1000);
  {
    Access a(w.smmu, World::request(9, 0));  // C_BAD_STE, not yet written
    w.finish(a);
  }
  w.push(0x46 | 1 << 12);
  ASSERT_EQ(w.events().step(0), smmu::Step::need);  // an event write is under way
  ArchiveWriter saved;
  w.smmu.visit(saved);
  ASSERT_TRUE(saved.ok()) << saved.error();

  World v;
  v.memory = w.memory;
  ArchiveReader reader(saved.data());
  v.smmu.visit(reader);
  ASSERT_TRUE(reader.complete()) << reader.error();
  ArchiveWriter again;
  v.smmu.visit(again);
  EXPECT_EQ(again.data(), saved.data());
  v.work();
  EXPECT_EQ(v.read(0x100a8), 1U);
  EXPECT_EQ(v.irqs.cmdq_sync, 1);
  EXPECT_TRUE(v.access(1, 0x1008).tlb_hit);
}

TEST(Archive, KeepsInterruptsThatAreDue) {
  World w;
  w.start();
  {
    Access a(w.smmu, World::request(9, 0));
    w.finish(a);
  }
  w.push(0x46 | 1 << 12);
  while (w.work_on(w.events()) || w.work_on(w.commands())) {
  }
  ArchiveWriter saved;
  w.smmu.visit(saved);
  World v;
  ArchiveReader reader(saved.data());
  v.smmu.visit(reader);
  ASSERT_TRUE(reader.complete()) << reader.error();
  const Signals s = v.smmu.take_signals();
  EXPECT_TRUE(s.eventq);
  EXPECT_TRUE(s.cmdq_sync);
  EXPECT_FALSE(s.gerror);
}

TEST(Archive, LeavesOutTransactionsUnderWayAndNoSynchronisationWaitsForThemAfterLoading) {
  World w;
  w.start();
  w.smmu.engine().in_flight().enter(0);
  w.command(0x46);
  EXPECT_FALSE(w.commands_done());
  ArchiveWriter busy;
  w.smmu.visit(busy);
  ASSERT_TRUE(busy.ok()) << busy.error();
  World v;
  v.memory = w.memory;
  ArchiveReader reader(busy.data());
  v.smmu.visit(reader);
  ASSERT_TRUE(reader.complete()) << reader.error();
  EXPECT_EQ(v.smmu.engine().in_flight().all(), 0U);
  v.work();
  EXPECT_TRUE(v.commands_done());
}

TEST(Archive, RefusesOtherGeometries) {
  World w;
  ArchiveWriter saved;
  w.smmu.visit(saved);
  Structures s = World::untimed();
  s.tlb_ways = 2;
  World v({}, s);
  ArchiveReader reader(saved.data());
  v.smmu.visit(reader);
  EXPECT_FALSE(reader.ok());
}

// ---- time

TEST(Timing, AHitCostsItsStructuresAndContentionIsBooked) {
  Structures s;
  s.port = {10, 10, 1};
  s.config = {30, 30, 1};
  s.tlb = {30, 30, 1};
  s.micro_tlb = {4, 4, 1};
  s.link = {7, 1, 1};
  s.micro_tlb_geometry = {1, 1};  // two pages in turn never hit it
  World w({}, s);
  w.start();
  ASSERT_TRUE(w.stream(1).map(0x1000, 0x8000'0000, 0x2000));
  w.access(1, 0x1000);
  w.access(1, 0x2000);
  const auto time_of = [&](std::uint64_t address, std::uint64_t at) {
    auto q = World::request(1, address);
    q.time = at;
    const auto a = w.access(q);
    EXPECT_TRUE(a.tlb_hit);
    return a.time - at;
  };
  constexpr std::uint64_t hit = 10 + 4 + 7 + 30 + 30 + 7;
  EXPECT_EQ(time_of(0x1000, 10'000), hit);
  EXPECT_EQ(time_of(0x2000, 10'000), hit + 30) << "behind the first at the configuration cache";
  EXPECT_EQ(time_of(0x1000, 5'000), hit) << "an earlier time is still free";
  EXPECT_EQ(time_of(0x1000, 20'000), 10U + 4U) << "the TBU has the answer";
  EXPECT_EQ(w.smmu.engine_statistics().micro_tlb_hits, 1U);
  EXPECT_EQ(w.smmu.engine_statistics().tlb_hits, 3U);
}

TEST(Timing, AWalkOccupiesAWalkerExactlyWhileItRuns) {
  Structures s;
  s.port = s.config = s.tlb = s.walk_port = {0, 0, 1};
  s.walker = {10, 0, 1};
  World w({}, s);
  w.start();
  ASSERT_TRUE(w.stream(1).map(0x1000, 0x8000'0000, 0x8000));
  w.access(1, 0x1000);
  const auto end_of = [&](std::uint64_t page, std::uint64_t time) {
    auto q = World::request(1, page << 12);
    q.time = time;
    return w.access(q).time;
  };
  EXPECT_EQ(end_of(2, 20'010), 20'020U);
  EXPECT_EQ(end_of(3, 20'005), 20'015U) << "the walker is free, and nobody knows how long the walk will be";
  EXPECT_EQ(end_of(4, 20'020), 20'030U) << "the others are over";
  EXPECT_EQ(end_of(5, 20'015), 20'040U) << "behind all of them";
}

TEST(Timing, BookingsOfThePastAreForgottenByCommandsToo) {
  Structures s;
  s.walk_port = {10, 10, 1};
  World w({}, s);
  w.start();
  const auto size_after = [&](int commands) {
    for (int i = 0; i < commands; ++i) {
      w.now += 1000;
      w.command(0x30);
    }
    ArchiveWriter a;
    w.smmu.visit(a);
    return a.data().size();
  };
  const auto size = size_after(10);
  EXPECT_EQ(size_after(500), size);
}

TEST(Trace, TellsTheSameOfAHitAndOfAMiss) {
  class Sink : public TraceSink {
   public:
    bool wants(std::string_view, std::string_view point) override { return point == "smmu.translate"; }
    void record(std::uint64_t time_ps, std::string_view, std::string_view, const TraceValue* values,
                std::size_t count) override {
      ASSERT_EQ(count, 5U);
      times.push_back(time_ps);
      kinds.emplace_back(values[3].text);
    }
    std::vector<std::uint64_t> times;
    std::vector<std::string> kinds;
  } sink;
  Structures s;
  s.tlb = {30, 30, 1};
  World w({}, s, &sink);
  w.start();
  pgtable::Mapping mapping;
  mapping.unprivileged_execute = true;
  ASSERT_TRUE(w.stream(1).map(0x1000, 0x8000'0000, 0x1000, mapping));
  auto execute = World::request(1, 0x1000);
  execute.instruction = true;
  for (const auto& request : {execute, World::request(1, 0x1000, AccessKind::atomic),
                              World::request(1, 0x1000, AccessKind::write), World::request(1, 0x1000)}) {
    w.command(0x30);
    for (int hit = 0; hit < 2; ++hit) {
      auto q = request;
      q.time = w.now += 1000;
      const auto a = w.access(q);
      EXPECT_EQ(a.tlb_hit, hit == 1);
      ASSERT_FALSE(sink.times.empty());
      EXPECT_EQ(sink.times.back(), a.time);
    }
  }
  EXPECT_EQ(sink.kinds, (std::vector<std::string>{"execute", "execute", "atomic", "atomic", "write", "write",
                                                  "read", "read"}));
}

TEST(Timing, ChangesNoResult) {
  Structures timed;
  timed.port = timed.tlb = timed.config = timed.walk_port = {7, 7, 1};
  World a({}, timed);
  World b;
  for (World* w : {&a, &b}) {
    w->start();
    w->memory.latency = 100;
    w->stream(1).map(0x1000, 0x8000'0000, 0x3000);
    for (std::uint64_t va = 0; va < 0x6000; va += 0x800) w->access(1, va);
  }
  EXPECT_EQ(a.smmu.engine_statistics().tlb_hits, b.smmu.engine_statistics().tlb_hits);
  EXPECT_EQ(a.smmu.engine_statistics().faults, b.smmu.engine_statistics().faults);
  for (;;) {
    const auto x = a.pop_event();
    const auto y = b.pop_event();
    EXPECT_EQ(x, y);
    if (!x) break;
  }
}

}  // namespace
}  // namespace smmuvp::smmuv3
