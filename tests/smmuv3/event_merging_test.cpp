// Events that become one record: STE.MEV (IHI 0070 5.2, 7.3.1).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "smmuvp/base/archive.h"
#include "stage2_world.h"

namespace smmuvp::smmuv3 {
namespace {

constexpr std::uint64_t window = 1000;
constexpr std::uint64_t unmapped = 0x5000;

Structures merging() {
  Structures s = World::untimed();
  s.event_merge_window = window;
  return s;
}

/// Streams with nothing mapped: 1 and 2 with MEV, 3 without.
class MergingWorld : public World {
 public:
  explicit MergingWorld(const Structures& s = merging(), const Features& features = {}) : World(features, s) {
    start();
    for (const std::uint32_t sid : {1U, 2U, 3U}) {
      put(cd_address(sid), cd_for(space().config(), 1));
      put_ste(sid, ste_stage1(cd_address(sid)).set(83, 1, sid != 3));
    }
  }
  /// The event of an access is left for the queue to write.
  void fault(smmu::AccessRequest q, std::uint64_t time = 0) {
    q.time = time;
    Access a(smmu, q);
    finish(a);
  }
  void fault(std::uint32_t sid, std::uint64_t address, std::uint64_t time = 0) {
    fault(request(sid, address), time);
  }
  std::uint32_t records() { return read(0x100a8) & 0xfffff; }
};

TEST(EventMerging, IsOffUnlessItIsAskedForAndMevLosesNoEvent) {
  MergingWorld w(World::untimed());
  for (int i = 0; i < 4; ++i) w.fault(1, unmapped);
  w.work();
  for (int i = 0; i < 4; ++i) w.fault(1, unmapped);
  w.work();
  EXPECT_EQ(w.records(), 8U);
  EXPECT_EQ(w.smmu.statistics().events_merged, 0U);
}

TEST(EventMerging, MakesOneRecordOfIdenticalEvents) {
  MergingWorld w;
  for (int i = 0; i < 4; ++i) w.fault(1, unmapped);  // the first waits to be written
  w.work();
  EXPECT_EQ(w.records(), 1U);
  for (int i = 0; i < 4; ++i) w.fault(1, unmapped);  // it is written, and software has not taken it
  w.work();
  EXPECT_EQ(w.records(), 1U);
  EXPECT_EQ(w.irqs.eventq, 1);
  EXPECT_EQ(w.smmu.statistics().events_merged, 7U);
  EXPECT_EQ(w.smmu.statistics().events, 1U);
  EXPECT_EQ(w.smmu.statistics().events_lost, 0U);
}

TEST(EventMerging, IsInhibitedByMev0) {
  MergingWorld w;
  for (int i = 0; i < 4; ++i) w.fault(3, unmapped);
  w.work();
  w.fault(3, unmapped);
  w.work();
  EXPECT_EQ(w.records(), 5U);
}

TEST(EventMerging, LeavesEventsAloneThatDifferInAnyField) {
  MergingWorld w;
  const smmu::AccessRequest first = World::request(1, unmapped);
  std::vector<smmu::AccessRequest> others(5, first);
  others[0].stream_id = 2;
  others[1].address += 8;  // of the same page
  others[2].kind = smmu::AccessKind::write;
  others[3].privileged = true;
  others[4].instruction = true;
  std::uint32_t n = 0;
  for (const smmu::AccessRequest& other : others) {
    w.fault(first);
    w.fault(other);
    n += 2;
    w.work();
    EXPECT_EQ(w.smmu.statistics().events, n);
    while (w.pop_event()) {
    }
  }
  EXPECT_EQ(w.smmu.statistics().events_merged, 0U);
}

TEST(EventMerging, IsWithTheNewestRecordOnly) {
  MergingWorld w;
  w.fault(1, unmapped);
  w.fault(2, unmapped);
  w.fault(1, unmapped);
  w.work();
  EXPECT_EQ(w.records(), 3U);
}

TEST(EventMerging, EndsWhenSoftwareHasTakenTheRecord) {
  MergingWorld w;
  w.fault(1, unmapped);
  w.work();
  ASSERT_TRUE(w.pop_event());
  w.fault(1, unmapped);
  w.work();
  EXPECT_EQ(w.records(), 2U);
  EXPECT_TRUE(w.pop_event());
}

TEST(EventMerging, TakesEventsInQuickSuccessionOnly) {
  MergingWorld w;
  w.fault(1, unmapped, 100);
  w.fault(1, unmapped, 100 + window);
  w.fault(1, unmapped, 101 + window);
  w.work();
  EXPECT_EQ(w.records(), 2U) << "the window begins with what the record tells of";
  w.fault(1, unmapped, 50 + window);  // of a master that is behind
  w.work();
  EXPECT_EQ(w.records(), 2U);
}

TEST(EventMerging, NeedsNoMevBeforeThereIsAnSte) {
  MergingWorld w;
  w.put_ste(4, Structure());
  smmu::AccessRequest ats = World::request(3, unmapped);
  ats.unsupported = smmu::Unsupported::ats;
  for (const smmu::AccessRequest& q : {World::request(4, 0), World::request(0x100, 0), ats}) {
    const std::uint32_t before = w.records();
    w.fault(q);
    w.fault(q);
    w.work();
    EXPECT_EQ(w.records(), before + 1);
  }
}

TEST(EventMerging, NeverTakesAStalledAccess) {
  Features f;
  f.STALL_MODEL = 0;
  f.STALL_MAX = 4;
  MergingWorld w(merging(), f);
  w.put(World::cd_address(1), cd_for(w.builders.front().config(), 1).set(44, 1, 1));
  Access a(w.smmu, World::request(1, unmapped));
  Access b(w.smmu, World::request(1, unmapped));
  for (Access* access : {&a, &b}) {
    while (access->step() == smmu::Step::need) access->complete(w.memory.carry_out(access->op()));
  }
  w.work();
  EXPECT_EQ(w.records(), 2U);
}

TEST(EventMerging, LosesNothingInAFullQueueThatEndsWithTheSameRecord) {
  MergingWorld w;
  for (std::uint64_t i = 0; i < 8; ++i) w.fault(1, 0x1000 * i);
  w.work();
  w.fault(1, 0x7000);
  w.work();
  EXPECT_EQ(w.read(0x100a8) & EVENTQ_OVFLG, 0U);
  w.fault(1, 0x6000);
  w.work();
  EXPECT_NE(w.read(0x100a8) & EVENTQ_OVFLG, 0U) << "another one is lost";
}

TEST(EventMerging, IsNotWithARecordThatCouldNotBeWritten) {
  MergingWorld w;
  w.fault(2, unmapped);
  w.work();
  w.memory.make_abort(World::eventq);
  w.fault(1, unmapped);
  w.work();
  w.memory.make_ok(World::eventq);
  w.write(0x64, 4);
  w.fault(1, unmapped);
  w.work();
  EXPECT_EQ(w.records(), 2U);
}

TEST(EventMerging, GoesOnWhereItsStateIsLoaded) {
  for (const bool written : {false, true}) {
    MergingWorld w;
    w.fault(1, unmapped);
    if (written) w.work();
    ArchiveWriter writer;
    w.smmu.visit(writer);
    ASSERT_TRUE(writer.ok()) << writer.error();
    MergingWorld v;
    v.memory = w.memory;
    ArchiveReader reader(writer.data());
    v.smmu.visit(reader);
    ASSERT_TRUE(reader.complete()) << reader.error();
    v.fault(1, unmapped);
    v.work();
    EXPECT_EQ(v.records(), 1U);
  }
}

}  // namespace
}  // namespace smmuvp::smmuv3
