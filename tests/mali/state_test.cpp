// Saving and restoring a Mali at every point.
#include "mali_bench.h"

namespace smmuvp::mali_test {
namespace {

class MaliState : public WithTables {};

// Slot 0 copies and is stopped, slot 1 meets a page fault, slot 2 fails while a chain waits behind it; the
// cycle counter runs.
void prepare(Bench& b) {
  constexpr std::uint64_t va = 0x10000000, pa = Bench::base;
  b.map(1, va, pa, 0x100000);
  b.enable(1);
  for (unsigned i = 0; i < 0x400; ++i) b.store(pa + 0x20000 + i, static_cast<std::uint8_t>(i));
  b.job(pa, COPY, va + 64, va + 0x20000, va + 0x30010, 0x3ff);
  b.job(pa + 64, NULL_JOB, 0);
  b.job(pa + 128, WRITE_VALUE, 0, 0x50000000, 6, 5);
  b.job(pa + 192, 0, 0);
  b.put(GPU_CMD, 5);
  b.start(0, va, 1);
  b.start(1, va + 128, 1);
  b.start(2, va + 192, 1);
  b.start(2, va + 64, 1);
  b.put64(as(1, LOCKADDR), 0x10030000 | 14);
}

TEST(MaliSavedState, IsTakenUpAtEveryStepAndGoesOnAlike) {
  Bench one;
  prepare(one);
  for (int n = 0; n < 200; ++n) {
    // The other one takes over what the first has saved; both make one step.
    Bench two;
    two.memory = one.memory;
    two.now = one.now;
    ArchiveWriter writer;
    writer.set_now(one.now);
    one.gpu.visit(writer);
    ArchiveReader reader(writer.data());
    reader.set_now(two.now);
    two.gpu.visit(reader);
    ASSERT_TRUE(reader.complete()) << reader.error();
    for (Bench* b : {&one, &two}) {
      if (n == 10) b->put(as(1, AS_COMMAND), LOCK);
      if (n == 15) b->put(js(0, COMMAND), 2);
      if (n == 16) b->put(as(1, AS_COMMAND), UNLOCK);
      if (n == 150) b->put(MMU_INT_CLEAR, 2);
      if (n == 160) b->put(JOB_INT_CLEAR, 4);  // not the bit that slot 2 waits for
      if (n == 170) b->put(JOB_INT_CLEAR, 4U << 16);
    }
    const bool stepped = one.step();
    ASSERT_EQ(two.step(), stepped);
    ASSERT_EQ(one.memory, two.memory);
    ASSERT_EQ(one.accesses.empty() ? 0 : one.accesses.back().address,
              two.accesses.empty() ? (one.accesses.empty() ? 0 : one.accesses.back().address)
                                   : two.accesses.back().address);
    ArchiveWriter a, c;
    a.set_now(one.now);
    c.set_now(two.now);
    one.gpu.visit(a);
    two.gpu.visit(c);
    ASSERT_EQ(a.data(), c.data()) << "step " << n;
  }
  EXPECT_EQ(one.status(0), STOPPED);
  EXPECT_EQ(one.status(1), ACTIVE);
  EXPECT_EQ(one.status(2), DONE);
  EXPECT_EQ(one.get(MMU_INT_RAWSTAT), 0U);
}

TEST(MaliSavedState, WaitsForTheAnswersThatTheSavedOneWaitedFor) {
  Bench one;
  prepare(one);
  for (int n = 0; n < 60; ++n) {
    DmaOperation a;
    DmaBuffer data{};
    if (!one.gpu.next(one.now, a, data)) break;
    Bench two;
    two.memory = one.memory;
    two.now = one.now;
    ASSERT_EQ(test::load(two.gpu, test::save(one.gpu)), "");
    DmaOperation other;
    DmaBuffer unused{};
    if (two.gpu.next(two.now, other, unused)) {
      EXPECT_NE(other.epoch, a.epoch) << "of another slot; this one's is out";
    }
    const DmaResponse response = one.answer(a, data);
    one.gpu.complete(one.now, a, response, data);
    two.gpu.complete(two.now, a, response, data);
    EXPECT_EQ(two.gpu.counters().jobs, one.gpu.counters().jobs);
    EXPECT_EQ(two.gpu.counters().read_bytes, one.gpu.counters().read_bytes);
    EXPECT_EQ(two.gpu.counters().written_bytes, one.gpu.counters().written_bytes);
  }
  EXPECT_GT(one.gpu.counters().copied_bytes, 0U);
}

TEST(MaliSavedState, KeepsWhatIsDueInTheFuture) {
  MaliConfig c;
  c.reset_ps = 5'000'000;
  Bench one(c);
  one.put(GPU_CMD, 1);
  one.now += 1'000'000;
  ArchiveWriter writer;
  writer.set_now(one.now);
  one.gpu.visit(writer);
  Bench two(c);
  ArchiveReader reader(writer.data());
  reader.set_now(100'000'000);
  two.now = 100'000'000;
  two.gpu.visit(reader);
  ASSERT_TRUE(reader.complete()) << reader.error();
  EXPECT_EQ(two.gpu.next_event(), std::optional<std::uint64_t>(104'000'000));
}

TEST(MaliSavedState, ThatIsDamagedIsRefusedOrHarmless) {
  Bench one;
  prepare(one);
  for (int i = 0; i < 15; ++i) one.step();
  const std::vector<std::uint8_t> good = test::save(one.gpu);
  test::Random random(1);
  int refused = 0;
  for (int n = 0; n < 1000; ++n) {
    std::vector<std::uint8_t> bad = good;
    if (n % 4 == 0) {
      bad.resize(random.below(bad.size()));
    } else {
      bad[random.below(bad.size())] = static_cast<std::uint8_t>(random.next());
    }
    Bench two;
    two.memory = one.memory;
    refused += test::load(two.gpu, bad).empty() ? 0 : 1;
    for (int i = 0; i < 20; ++i) {
      if (!two.step()) break;
    }
    two.put(GPU_CMD, 1);
    two.settle();
    ASSERT_FALSE(two.step());
  }
  EXPECT_GT(refused, 230);
}

TEST_F(MaliState, CountersStartAnewWhenAsked) {
  write_job(0, 1);
  run_chain();
  EXPECT_EQ(b.gpu.counters().jobs, 1U);
  b.gpu.reset_counters();
  EXPECT_EQ(b.gpu.counters().jobs, 0U);
  EXPECT_EQ(b.status(1), DONE);
}

}  // namespace
}  // namespace smmuvp::mali_test
