// What hits an entry before the walk that it comes from has ended: who runs ahead of simulated time fills
// caches early.
#include <gtest/gtest.h>

#include <memory>

#include "smmuvp/base/archive.h"
#include "world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::StructureTiming;
using smmu::TimePs;

constexpr TimePs clock_ps = 1000;
constexpr std::uint64_t va = 0x10000;

Structures structures(std::uint32_t ports) {
  const auto pipelined = [](TimePs clocks) { return StructureTiming{clocks * clock_ps, clock_ps, 4}; };
  Structures s;
  s.port = s.micro_tlb = s.walk_port = pipelined(1);
  s.link = pipelined(8);
  s.config = s.tlb = s.walk_cache = pipelined(3);
  s.walker = {0, 0, 4};
  s.ports = ports;
  return s;
}

// To the TCU and its configuration 13 clocks, a TLB lookup 3, back 8; a walk from its last table 3 + 1 + 20.
class Merged : public ::testing::Test {
 protected:
  static constexpr TimePs walk_begin = 16;
  static constexpr TimePs walk_end = walk_begin + 24;
  static constexpr TimePs answer = walk_end + 8;
  static constexpr TimePs base = 1000;

  static std::unique_ptr<World> make(const Structures& s) {
    auto w = std::make_unique<World>(Features{}, s);
    w->memory.latency = 20 * clock_ps;
    w->start();
    pgtable::Builder& b = w->stream(7, 7);
    b.map(va, 0x8000'0000, 0x1000);
    b.map(0x1f000, 0x9000'0000, 0x1000);
    if (s.timing) send(*w, 0, 0, 0x1f000);
    return w;
  }
  /// @param at  clocks after a time when everything else is over
  /// @return clocks after the same
  static TimePs send(World& w, std::uint8_t port, TimePs at, std::uint64_t address = va,
                     smmu::AccessKind kind = smmu::AccessKind::read) {
    auto q = World::request(7, address, kind);
    q.time = (base + at) * clock_ps;
    q.port = port;
    return w.access(q).time / clock_ps - base;
  }
  static std::uint64_t merged(World& w) { return w.smmu.engine_statistics().walks_merged; }
};

TEST_F(Merged, AHitOfTheMainTlbWaitsForTheEndOfTheWalk) {
  for (const TimePs at : {0U, 1U, 23U}) {
    const auto w = make(structures(2));
    ASSERT_EQ(send(*w, 0, 0), answer);
    EXPECT_EQ(send(*w, 1, at), answer) << at;
    EXPECT_EQ(merged(*w), 1U);
    EXPECT_EQ(w->smmu.engine_statistics().walks, 2U) << "one before";
  }
}

TEST_F(Merged, FromTheEndOfTheWalkOnItIsAHitLikeOthers) {
  const auto w = make(structures(2));
  ASSERT_EQ(send(*w, 0, 0), answer);
  EXPECT_EQ(send(*w, 1, walk_end - walk_begin), walk_end - walk_begin + 24);
  EXPECT_EQ(merged(*w), 0U);
}

TEST_F(Merged, WhoComesBeforeTheWalkIsNotMadeToWaitForIt) {
  const auto w = make(structures(2));
  ASSERT_EQ(send(*w, 0, 100), 100 + answer);
  EXPECT_EQ(send(*w, 1, 50), 50U + 24);
  EXPECT_EQ(send(*w, 0, 40), 40U + 2);
  EXPECT_EQ(merged(*w), 0U);
}

TEST_F(Merged, AHitOfTheMicroTlbWaitsForTheAnswer) {
  for (const TimePs at : {0U, 1U, 45U}) {
    const auto w = make(structures(1));
    ASSERT_EQ(send(*w, 0, 0), answer);
    EXPECT_EQ(send(*w, 0, at), answer) << at;
    EXPECT_EQ(merged(*w), 1U);
  }
  const auto w = make(structures(1));
  ASSERT_EQ(send(*w, 0, 0), answer);
  EXPECT_EQ(send(*w, 0, answer), answer + 2);
  EXPECT_EQ(merged(*w), 0U);
}

TEST_F(Merged, TheMicroTlbOfWhoHasWaitedHasTheAnswerThenToo) {
  const auto w = make(structures(2));
  ASSERT_EQ(send(*w, 0, 0), answer);
  ASSERT_EQ(send(*w, 1, 5), answer);
  EXPECT_EQ(send(*w, 1, 6), answer);
  EXPECT_EQ(merged(*w), 2U);
  EXPECT_EQ(w->smmu.engine_statistics().micro_tlb_hits, 1U);
}

TEST_F(Merged, WhatIsDeniedWalksByItself) {
  const auto w = make(structures(2));
  pgtable::Mapping m;
  m.writable = false;
  ASSERT_TRUE(w->builders[0].map(0x12000, 0x8000'2000, 0x1000, m));
  ASSERT_EQ(send(*w, 0, 0, 0x12000), answer);
  EXPECT_EQ(send(*w, 1, 5, 0x12000, smmu::AccessKind::write), 5 + answer);
  EXPECT_EQ(merged(*w), 0U);
  EXPECT_EQ(w->smmu.engine_statistics().tlb_rewalks, 1U);
}

TEST_F(Merged, AnInvalidationLeavesNoWalkToWaitFor) {
  const auto w = make(structures(2));
  ASSERT_EQ(send(*w, 0, 0), answer);
  w->push(0x30);
  w->work();
  EXPECT_GE(send(*w, 1, 5), 5 + answer) << "walks, from the first table on";
  EXPECT_EQ(merged(*w), 0U);
}

TEST_F(Merged, AResetLeavesNoWalkToWaitFor) {
  const auto w = make(structures(2));
  ASSERT_EQ(send(*w, 0, 0), answer);
  w->smmu.reset();
  w->start();
  ASSERT_GT(send(*w, 0, 2), answer);
  EXPECT_EQ(merged(*w), 0U);
}

TEST_F(Merged, NothingWaitsWhereWalksAreNotMerged) {
  Structures s = structures(2);
  s.merge_walks = false;
  const auto w = make(s);
  ASSERT_EQ(send(*w, 0, 0), answer);
  EXPECT_EQ(send(*w, 1, 5), 5U + 24);
  EXPECT_EQ(send(*w, 0, 5), 5U + 2);
  auto q = World::request(7, 0x12000);
  ASSERT_TRUE(w->builders[0].map(0x12000, 0x8000'2000, 0x1000));
  q.can_wait = true;
  Access first(w->smmu, q);
  Access second(w->smmu, q);
  ASSERT_EQ(first.step(), smmu::Step::need);
  EXPECT_EQ(second.step(), smmu::Step::need);
  EXPECT_EQ(merged(*w), 0U);
}

TEST_F(Merged, NothingWaitsWithoutTime) {
  Structures s = structures(2);
  s.timing = false;
  const auto w = make(s);
  w->memory.latency = 20 * clock_ps;
  ASSERT_GT(send(*w, 0, 0), 20U) << "memory has its time";
  EXPECT_EQ(send(*w, 1, 5), 5U);
  EXPECT_EQ(send(*w, 0, 5), 5U);
  EXPECT_EQ(merged(*w), 0U);
}

TEST_F(Merged, WhatIsOnItsWayIsSaved) {
  const auto w = make(structures(2));
  ASSERT_EQ(send(*w, 0, 0), answer);
  ArchiveWriter saved;
  w->smmu.visit(saved);
  const auto other = make(structures(2));
  ArchiveReader reader(saved.data());
  other->smmu.visit(reader);
  ASSERT_TRUE(reader.ok()) << reader.error();
  EXPECT_EQ(send(*other, 1, 5), answer);
  EXPECT_EQ(send(*other, 0, 5), answer);
}

// ---- those that can wait

TEST_F(Merged, WhoCanWaitDoesAndOthersWalk) {
  const auto w = make(structures(2));
  auto q = World::request(7, va);
  Access first(w->smmu, q);
  Access other(w->smmu, q);
  q.can_wait = true;
  Access second(w->smmu, q);
  ASSERT_EQ(first.step(), smmu::Step::need);
  EXPECT_EQ(other.step(), smmu::Step::need);
  EXPECT_EQ(second.step(), smmu::Step::waits);
  w->finish(first);
  EXPECT_EQ(second.step(), smmu::Step::done);
  EXPECT_TRUE(second.answer().tlb_hit);
  EXPECT_EQ(merged(*w), 1U);
}

TEST_F(Merged, AWalkThatIsGivenUpIsWaitedForNoLonger) {
  const auto w = make(structures(2));
  auto q = World::request(7, va);
  q.can_wait = true;
  auto first = std::make_unique<Access>(w->smmu, q);
  Access second(w->smmu, q);
  ASSERT_EQ(first->step(), smmu::Step::need);
  ASSERT_EQ(second.step(), smmu::Step::waits);
  first.reset();
  EXPECT_EQ(second.step(), smmu::Step::need) << "it walks";
  w->finish(second);
  EXPECT_EQ(second.answer().output, 0x8000'0000U);
}

TEST_F(Merged, WhoGivesUpWaitingLeavesTheWalkToOthers) {
  const auto w = make(structures(2));
  auto q = World::request(7, va);
  q.can_wait = true;
  Access first(w->smmu, q);
  auto second = std::make_unique<Access>(w->smmu, q);
  Access third(w->smmu, q);
  ASSERT_EQ(first.step(), smmu::Step::need);
  ASSERT_EQ(second->step(), smmu::Step::waits);
  ASSERT_EQ(third.step(), smmu::Step::waits);
  second.reset();
  w->finish(first);
  EXPECT_EQ(third.step(), smmu::Step::done);
  EXPECT_EQ(merged(*w), 1U);
}

}  // namespace
}  // namespace smmuvp::smmuv3
