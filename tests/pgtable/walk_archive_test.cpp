// Saving and restoring a walk.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "random_tables.h"
#include "smmuvp/base/archive.h"
#include "smmuvp/pgtable/walk_visit.h"
#include "table_memory.h"

namespace smmuvp::pgtable::test {
namespace {

std::vector<std::uint8_t> saved(Walk& w) {
  ArchiveWriter writer;
  w.visit(writer);
  return writer.data();
}

Walk some_other_walk() { return Walk(Config(), WalkRequest()); }

TEST(WalkArchive, WalkRestoredAtAnyStepEndsAsIfItHadNeverStopped) {
  Random random(5);
  for (unsigned round = 0; round < 300; ++round) {
    TableStyle style;
    const Config config = random_config(random, style);
    WalkRequest request;
    request.va = random_va(random, config);
    const auto memory = [&](const MemoryOp& op) {
      const std::uint64_t v = random_memory(style, op.address);
      return MemoryResponse{MemoryStatus::ok, op.big_endian ? byte_swap(v) : v};
    };
    Walk undisturbed(config, request);
    Walk w(config, request);
    for (;;) {
      Walk restored = some_other_walk();
      ArchiveReader reader(saved(w));
      restored.visit(reader);
      ASSERT_TRUE(reader.complete()) << reader.error();
      ASSERT_EQ(saved(restored), saved(w));
      w = restored;
      const Step step = w.step();
      ASSERT_EQ(step, undisturbed.step());
      if (step == Step::done) break;
      ASSERT_EQ(w.op().address, undisturbed.op().address);
      w.complete(memory(w.op()));
      undisturbed.complete(memory(undisturbed.op()));
    }
    EXPECT_EQ(saved(w), saved(undisturbed));
  }
}

TEST(WalkArchive, DamagedArchiveIsRefusedAndLeavesAWalkThatEnds) {
  TableBench bench;
  ASSERT_TRUE(bench.builder.map(0, 0x5000, KiB4));
  Walk w(bench.config, WalkRequest());
  ASSERT_EQ(w.step(), Step::need);
  const std::vector<std::uint8_t> good = saved(w);
  unsigned refused = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const unsigned value : {0x00U, 0x01U, 0x04U, 0x40U, 0xcfU, 0xffU}) {
      std::vector<std::uint8_t> bad = good;
      bad[i] = static_cast<std::uint8_t>(value);
      ArchiveReader reader(bad);
      Walk restored = some_other_walk();
      restored.visit(reader);
      if (!reader.complete()) ++refused;
      unsigned reads = 0;
      while (restored.step() == Step::need && reads < 100) {
        ++reads;
        EXPECT_EQ(restored.op().address & 7, 0U);
        EXPECT_EQ(restored.op().size, 8U);
        restored.complete({MemoryStatus::ok, 3});
      }
      EXPECT_LE(reads, DescriptorTrace::capacity);
    }
  }
  EXPECT_GT(refused, good.size());
}

TEST(WalkArchive, TruncatedArchiveIsRefused) {
  TableBench bench;
  Walk w(bench.config, WalkRequest());
  const std::vector<std::uint8_t> good = saved(w);
  for (std::size_t n = 0; n < good.size(); ++n) {
    ArchiveReader reader(
        std::vector<std::uint8_t>(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n)));
    Walk restored = some_other_walk();
    restored.visit(reader);
    EXPECT_FALSE(reader.complete()) << n;
  }
}

}  // namespace
}  // namespace smmuvp::pgtable::test
