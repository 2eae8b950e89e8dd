// Saving and restoring accesses of an SMMUv3 core that are under way.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "smmuvp/base/archive.h"
#include "stage2_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Step;

Structures timed() {
  Structures s;
  s.port = s.micro_tlb = s.walk_port = {1000, 1000, 1};
  s.link = {8000, 1000, 1};
  s.config = s.tlb = s.ipa_cache = {3000, 1000, 1};
  s.walk_cache = {4000, 1000, 1};
  s.walker = {2000, 0, 2};
  s.event_buffer = 1;
  return s;
}

Features features() {
  Features f;
  f.SSIDSIZE = 8;
  f.CD2L = true;
  return f;
}

/// Everything that is a matter of one access: what it asked memory for, how it ended.
struct Course {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> operations;  // address, time
  smmu::AccessAnswer answer;
  std::optional<EventType> event;

  void run(Stage2World& w, Access& a, unsigned most = ~0U) {
    while (operations.size() < most && a.step() == Step::need) {
      operations.emplace_back(a.op().address, a.op().time);
      a.complete(w.memory.carry_out(a.op()));
    }
    if (most != ~0U) return;
    answer = a.answer();
    if (a.event()) event = a.event()->type;
  }
  void expect_same(const Course& other) const {
    EXPECT_EQ(operations, other.operations);
    EXPECT_EQ(answer.outcome, other.answer.outcome);
    EXPECT_EQ(answer.output, other.answer.output);
    EXPECT_EQ(answer.time, other.answer.time);
    EXPECT_EQ(answer.region_shift, other.answer.region_shift);
    EXPECT_EQ(answer.attributes, other.answer.attributes);
    EXPECT_EQ(answer.privileged, other.answer.privileged);
    EXPECT_EQ(answer.instruction, other.answer.instruction);
    EXPECT_EQ(event, other.event);
  }
};

class Checkpoint : public testing::Test {
 protected:
  static constexpr std::uint64_t va = 0x1000;

  /// A nested stream with one page, and one whose IPA stage 2 does not map, by one CD and by two levels of
  /// them; nothing is cached.
  static void prepare(Stage2World& w) {
    w.memory.latency = 20'000;
    pgtable::Builder& ipas = w.guest();
    ASSERT_TRUE(ipas.map(0x20'0000, 0x9000'0000, 0x1000));
    pgtable::Builder& b = w.nested_stream(1, ipas);
    ASSERT_TRUE(b.map(va, 0x20'0000, 0x1000));
    ASSERT_TRUE(b.map(va + 0x1000, 0x30'0000, 0x1000));
    const std::uint64_t l1cds = World::cds + 0x800;
    w.memory.write(l1cds + 8, Stage2World::ipa_of(World::cds & ~0xfffULL) | 1);
    Structure ste = ste_nested(Stage2World::ipa_of(l1cds), ipas.config().stage2);
    w.put_ste(2, ste.set(4, 2, 1).set(59, 5, 8));
  }
  /// Of stream 1, and of the substream of stream 2 that has the same CD.
  static std::vector<smmu::AccessRequest> requests(std::uint64_t address) {
    std::vector<smmu::AccessRequest> both{World::request(1, address), World::request(2, address)};
    both[1].substream_valid = true;
    both[1].substream_id = 64 + 1;
    return both;
  }
  static std::vector<std::uint8_t> saved(Smmu& smmu, Access* access = nullptr) {
    ArchiveWriter w;
    smmu.visit(w);
    if (access != nullptr) access->visit(w);
    EXPECT_TRUE(w.ok()) << w.error();
    return w.data();
  }
};

TEST_F(Checkpoint, AnAccessGoesOnFromEachOfItsOperationsAsIfItHadNeverStopped) {
  std::vector<smmu::AccessRequest> all;
  for (const std::uint64_t address : {va, va + 0x1000, va + 0x4000}) {
    for (const smmu::AccessRequest& r : requests(address)) all.push_back(r);
  }
  for (smmu::AccessRequest& request : all) {
    SCOPED_TRACE(::testing::Message() << "stream " << request.stream_id << ", " << request.address);
    request.time = 5000;
    Stage2World reference(features(), timed());
    prepare(reference);
    Course whole;
    {
      Access a(reference.smmu, request);
      whole.run(reference, a);
    }
    ASSERT_GT(whole.operations.size(), 10U);
    const std::vector<std::uint8_t> after = saved(reference.smmu);
    for (unsigned n = 0; n <= whole.operations.size(); ++n) {
      SCOPED_TRACE(n);
      for (const bool asked : {false, true}) {  // between complete() and step(), and after step()
        Stage2World w(features(), timed());
        prepare(w);
        Course course;
        Stage2World v(features(), timed());
        v.memory = w.memory;
        {
          Access a(w.smmu, request);
          course.run(w, a, n);
          if (asked) a.step();
          ArchiveReader reader(saved(w.smmu, &a));
          v.smmu.visit(reader);
          Access b(v.smmu);
          b.visit(reader);
          ASSERT_TRUE(reader.complete()) << reader.error();
          EXPECT_EQ(saved(v.smmu, &b), saved(w.smmu, &a));
          EXPECT_EQ(v.smmu.engine().in_flight().all(), 1U);
          course.run(v, b);
        }
        course.expect_same(whole);
        EXPECT_EQ(saved(v.smmu), after) << "caches, bookings, counters";
      }
    }
  }
}

TEST_F(Checkpoint, WhatAnInvalidationOvertookFillsNoCacheAfterLoadingEither) {
  Stage2World w(features(), timed());
  prepare(w);
  Stage2World v(features(), timed());
  v.memory = w.memory;
  Access a(w.smmu, World::request(1, va));
  Course course;
  course.run(w, a, 8);
  w.command(0x30);
  ArchiveReader reader(saved(w.smmu, &a));
  v.smmu.visit(reader);
  Access b(v.smmu);
  b.visit(reader);
  ASSERT_TRUE(reader.complete()) << reader.error();
  course.run(v, b);
  EXPECT_EQ(course.answer.outcome, smmu::Outcome::forward);
  EXPECT_EQ(v.smmu.engine().tlb().size(), 0U);
  EXPECT_EQ(v.smmu.engine_statistics().tlb_fills_dropped, 1U);
}

TEST_F(Checkpoint, ASynchronisationWaitsForAnAccessThatHasBeenLoaded) {
  Stage2World w(features(), timed());
  prepare(w);
  Stage2World v(features(), timed());
  v.memory = w.memory;
  Access a(w.smmu, World::request(1, va));
  Course course;
  course.run(w, a, 8);
  w.command(0x46);
  EXPECT_FALSE(w.commands_done());
  {
    ArchiveReader reader(saved(w.smmu, &a));
    v.smmu.visit(reader);
    Access b(v.smmu);
    b.visit(reader);
    ASSERT_TRUE(reader.complete()) << reader.error();
    v.work();
    EXPECT_FALSE(v.commands_done());
    course.run(v, b);
  }
  v.now = 10'000'000;
  v.work();
  EXPECT_TRUE(v.commands_done());
}

TEST_F(Checkpoint, AnAccessThatWaitsForRoomForItsRecordWaitsOn) {
  Stage2World w(features(), timed());
  prepare(w);
  Access first(w.smmu, World::request(1, va + 0x4000));
  Access held(w.smmu, World::request(1, va + 0x4000));
  Course course;
  course.run(w, first);
  while (held.step() == Step::need) held.complete(w.memory.carry_out(held.op()));
  ASSERT_EQ(held.step(), Step::stalled);
  Stage2World v(features(), timed());
  v.memory = w.memory;
  ArchiveReader reader(saved(w.smmu, &held));
  v.smmu.visit(reader);
  Access b(v.smmu);
  b.visit(reader);
  ASSERT_TRUE(reader.complete()) << reader.error();
  EXPECT_EQ(b.step(), Step::stalled);
  for (Stage2World* world : {&w, &v}) {
    world->now = 10'000'000;
    world->work();
  }
  EXPECT_EQ(held.step(), Step::done);
  EXPECT_EQ(b.step(), Step::done);
  EXPECT_EQ(b.answer().time, held.answer().time);
  v.work();
  EXPECT_EQ(v.read(0x100a8), 2U);
}

TEST_F(Checkpoint, AnAccessThatWasSavedAfterAResetIsAborted) {
  Stage2World w(features(), timed());
  prepare(w);
  Access a(w.smmu, World::request(1, va));
  Course course;
  course.run(w, a, 8);
  a.step();
  w.smmu.reset();
  Stage2World v(features(), timed());
  ArchiveReader reader(saved(w.smmu, &a));
  v.smmu.visit(reader);
  Access b(v.smmu);
  b.visit(reader);
  ASSERT_TRUE(reader.complete()) << reader.error();
  EXPECT_EQ(v.smmu.engine().in_flight().all(), 0U) << "nothing waits for it";
  EXPECT_EQ(b.step(), Step::done);
  EXPECT_EQ(b.answer().outcome, smmu::Outcome::abort);
}

TEST_F(Checkpoint, AnAccessThatIsRefusedWhateverTablesSayIsSavedAsAnyOther) {
  for (const auto why : {smmu::Unsupported::malformed, smmu::Unsupported::ats, smmu::Unsupported::identity}) {
    Stage2World w(features(), timed());
    prepare(w);
    auto request = World::request(1, va);
    request.unsupported = why;
    Access a(w.smmu, request);
    Stage2World v(features(), timed());
    v.memory = w.memory;
    ArchiveReader reader(saved(w.smmu, &a));
    v.smmu.visit(reader);
    Access b(v.smmu);
    b.visit(reader);
    ASSERT_TRUE(reader.complete()) << reader.error();
    Course whole;
    whole.run(w, a);
    Course course;
    course.run(v, b);
    course.expect_same(whole);
    EXPECT_EQ(course.answer.outcome, smmu::Outcome::abort);
  }
}

/// Loads `data`, which may be anything, and goes on with what came of it.
void survive(const std::vector<std::uint8_t>& data, const TestMemory& memory) {
  Stage2World v(features(), timed());
  v.memory = memory;
  ArchiveReader reader(data);
  {
    Access b(v.smmu);
    b.visit(reader);
    for (unsigned n = 0; b.step() == Step::need; ++n) {
      ASSERT_LT(n, 200U);
      ASSERT_LE(b.op().size, smmu::MemoryOp::max_size);
      b.complete(v.memory.carry_out(b.op()));
    }
    if (!reader.ok()) {
      EXPECT_EQ(b.step(), Step::done);
    }
  }
  EXPECT_EQ(v.smmu.engine().in_flight().all(), 0U);
}

TEST_F(Checkpoint, EveryDamageOfASavedAccessIsRefusedOrHarmless) {
  Stage2World w(features(), timed());
  prepare(w);
  for (const unsigned n : {0U, 1U, 3U, 4U, 5U, 8U, 9U}) {
    Access a(w.smmu, requests(va)[n % 2]);
    Course course;
    course.run(w, a, n);
    a.step();
    ArchiveWriter writer;
    a.visit(writer);
    for (std::size_t i = 0; i < writer.data().size(); ++i) {
      std::vector<std::uint8_t> data = writer.data();
      data[i] = static_cast<std::uint8_t>(data[i] ^ (i % 3 == 0 ? 0xffU : i % 3 == 1 ? 0x80U : 1U));
      survive(data, w.memory);
      if (i % 16 != 0) continue;
      data.resize(i);
      survive(data, w.memory);
    }
  }
}

}  // namespace
}  // namespace smmuvp::smmuv3
