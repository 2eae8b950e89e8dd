// The host-side Builder: what it maps is what the walker finds.
#include <gtest/gtest.h>

#include "random_tables.h"
#include "table_memory.h"

namespace smmuvp::pgtable::test {
namespace {

TEST(Builder, UsesTheLargestLeavesThatAlignmentAllows) {
  TableBench bench;
  // One page, then 2 MiB blocks, one 1 GiB block, one page.
  const std::uint64_t va = GiB1 - MiB2 - KiB4;
  const std::uint64_t size = KiB4 + MiB2 + GiB1 + KiB4;
  ASSERT_TRUE(bench.builder.map(va, 4 * GiB1 + va, size));
  EXPECT_EQ(bench.translate(va).stage1.level, 3);
  EXPECT_EQ(bench.translate(va + KiB4).stage1.level, 2);
  EXPECT_EQ(bench.translate(GiB1).stage1.level, 1);
  EXPECT_EQ(bench.translate(2 * GiB1).stage1.level, 3);
  for (const std::uint64_t offset : {std::uint64_t{0}, KiB4 + 5, KiB4 + MiB2 + 9, size - 1}) {
    EXPECT_EQ(bench.translate(va + offset).output, 4 * GiB1 + va + offset);
  }
  EXPECT_FALSE(bench.translate(va - 1).ok());
  EXPECT_FALSE(bench.translate(va + size).ok());
}

TEST(Builder, TopLevelForbidsLargerLeaves) {
  TableBench bench;
  Mapping mapping;
  mapping.top_level = 3;
  ASSERT_TRUE(bench.builder.map(0, 0, 2 * MiB2, mapping));
  EXPECT_EQ(bench.translate(MiB2).stage1.level, 3);
  EXPECT_EQ(bench.builder.table_count(), 2U + 4U);  // two first tables; level 1, level 2, two of level 3
}

TEST(Builder, AnEmptyTableGivesWayToABlock) {
  TableBench bench;
  ASSERT_EQ(bench.builder.set_descriptor(0, 3, 0), BuildStatus::ok);
  ASSERT_EQ(bench.builder.table_count(), 2U + 3U);
  ASSERT_TRUE(bench.builder.map(0, 8 * MiB2, MiB2));
  EXPECT_EQ(bench.translate(MiB2 - 1).output, 9 * MiB2 - 1);
  EXPECT_EQ(bench.translate(0).stage1.level, 2);
  EXPECT_EQ(bench.builder.table_count(), 2U + 2U);
}

TEST(Builder, RefusesAMappedPageAndSaysHowFarItGot) {
  TableBench bench;
  ASSERT_TRUE(bench.builder.map(2 * KiB4, 0x5000, KiB4));
  const BuildResult r = bench.builder.map(0, 0x100000, 4 * KiB4);
  EXPECT_EQ(r.status, BuildStatus::already_mapped);
  EXPECT_EQ(r.done, 2 * KiB4);
  EXPECT_EQ(bench.translate(2 * KiB4).output, 0x5000U);
}

TEST(Builder, RefusesAPageUnderABlock) {
  TableBench bench;
  ASSERT_TRUE(bench.builder.map(0, 0, MiB2));
  EXPECT_EQ(bench.builder.map(KiB4, 0x5000, KiB4).status, BuildStatus::already_mapped);
}

TEST(Builder, UnmapsPagesAndBlocks) {
  TableBench bench;
  ASSERT_TRUE(bench.builder.map(MiB2 - KiB4, MiB2 - KiB4, MiB2 + KiB4));
  ASSERT_TRUE(bench.builder.unmap(MiB2 - KiB4, MiB2 + KiB4));
  EXPECT_EQ(bench.translate(MiB2 - KiB4).fault.kind, FaultKind::translation);
  EXPECT_EQ(bench.translate(MiB2).fault.kind, FaultKind::translation);
  EXPECT_EQ(bench.builder.unmap(MiB2, MiB2).status, BuildStatus::not_mapped);
}

TEST(Builder, RefusesToUnmapPartOfABlock) {
  TableBench bench;
  ASSERT_TRUE(bench.builder.map(0, 0, MiB2));
  EXPECT_EQ(bench.builder.unmap(0, KiB4).status, BuildStatus::splits_block);
  EXPECT_EQ(bench.builder.unmap(KiB4, MiB2 - KiB4).status, BuildStatus::splits_block);
  EXPECT_TRUE(bench.translate(0).ok());
}

TEST(Builder, RefusesBadRegions) {
  TableBench bench;
  EXPECT_EQ(bench.builder.map(1, 0, KiB4).status, BuildStatus::misaligned);
  EXPECT_EQ(bench.builder.map(0, 1, KiB4).status, BuildStatus::misaligned);
  EXPECT_EQ(bench.builder.map(0, 0, 0).status, BuildStatus::misaligned);
  EXPECT_EQ(bench.builder.map(bit(48), 0, KiB4).status, BuildStatus::out_of_range);
  EXPECT_EQ(bench.builder.map(bit(48) - KiB4, 0, 2 * KiB4).status, BuildStatus::out_of_range);
  EXPECT_EQ(bench.builder.map(0, bit(48), KiB4).status, BuildStatus::out_of_range);
  EXPECT_EQ(bench.builder.map(0, bit(48) - KiB4, 2 * KiB4).status, BuildStatus::out_of_range);
  EXPECT_EQ(bench.builder.map(0 - KiB4, 0, 2 * KiB4).status, BuildStatus::out_of_range);
  EXPECT_EQ(bench.builder.unmap(0, 5).status, BuildStatus::misaligned);
  EXPECT_EQ(bench.builder.unmap(bit(50), KiB4).status, BuildStatus::out_of_range);
}

TEST(Builder, ReportsThatTablesRanOut) {
  TableMemory memory;
  Builder builder(
      two_range_config(), [&](const MemoryOp& op) { return memory(op); }, TableAllocator(0x1000, 3));
  ASSERT_EQ(builder.status(), BuildStatus::ok);
  EXPECT_EQ(builder.map(0, 0, KiB4).status, BuildStatus::no_memory);
  Builder none(
      two_range_config(), [&](const MemoryOp& op) { return memory(op); }, TableAllocator(0x1000, 1));
  EXPECT_EQ(none.status(), BuildStatus::no_memory);
  EXPECT_EQ(none.map(0, 0, KiB4).status, BuildStatus::no_memory);
}

TEST(Builder, ReportsMemoryThatAborts) {
  TableBench bench;
  bench.memory.abort_at(bench.config.stage1.tables[0].base);
  EXPECT_EQ(bench.builder.map(0, 0, KiB4).status, BuildStatus::memory_error);
}

// EPD is IGNORED where there is one range (IHI 0070 5.4, CD.EPD0), and set by default.
TEST(Builder, BuildsTheOneRangeOfEL2WhateverEPD) {
  Config config;
  config.regime = Regime::el2;
  TableBench bench(config);
  ASSERT_TRUE(bench.builder.map(0x1000, 0x5000, KiB4));
  EXPECT_EQ(bench.translate(0x1000).output, 0x5000U);
}

TEST(Builder, RefusesATableInsideAnother) {
  TableMemory memory;
  std::uint64_t next = 0x40000000;
  Builder builder(
      two_range_config(), [&](const MemoryOp& op) { return memory(op); },
      [&](std::uint64_t) { return std::optional<std::uint64_t>(std::exchange(next, next + 0x800)); });
  EXPECT_EQ(builder.status(), BuildStatus::bad_table);
}

TEST(Builder, RefusesAConfigThatCannotBeWalked) {
  Config config = two_range_config();
  config.stage1.HD = true;
  TableBench bench(config);
  EXPECT_EQ(bench.builder.status(), BuildStatus::bad_config);
  EXPECT_EQ(bench.builder.map(0, 0, KiB4).status, BuildStatus::bad_config);
}

TEST(MaliWalk, EveryInputSizeIsWalkedThroughFourLevels) {
  for (const unsigned TxSZ : {16U, 24U, 25U, 31U, 39U}) {
    Config config;
    config.stage1.format = Format::mali_lpae;
    config.stage1.output_size = 40;
    config.stage1.tables[0].EPD = false;
    config.stage1.tables[0].TxSZ = static_cast<std::uint8_t>(TxSZ);
    TableBench bench(config);
    const std::uint64_t va = bit(64 - TxSZ) - KiB4;
    ASSERT_TRUE(bench.builder.map(va, 0x5000, KiB4));
    const Result r = bench.translate(va + 8);
    EXPECT_EQ(r.output, 0x5008U);
    EXPECT_EQ(r.descriptors.size(), 4U);
    EXPECT_EQ(r.stage1.descriptor & 3, 1U);
  }
}

TEST(Builder, RandomMappingsTranslateInEveryInputSize) {
  Random random(4);
  for (unsigned TxSZ = 16; TxSZ <= 39; ++TxSZ) {
    for (const unsigned range : {0U, 1U}) {
      SCOPED_TRACE(testing::Message() << "TxSZ " << TxSZ << " range " << range);
      Config config = two_range_config();
      config.stage1.tables[range].TxSZ = static_cast<std::uint8_t>(TxSZ);
      TableBench bench(config);
      const std::uint64_t inside = bit(64 - TxSZ) - 1;
      for (unsigned i = 0; i < 20; ++i) {
        // Leaves of all sizes that fit the range
        const unsigned shift = TxSZ <= 33 ? 12 + 9 * random.below(3) : 12 + 9 * random.below(2);
        const std::uint64_t offset_mask = bit(shift) - 1;
        std::uint64_t va = random.bits() & inside & ~offset_mask;
        if (range == 1) va |= ~inside;
        const std::uint64_t output = random.bits() & (bit(48) - 1) & ~offset_mask;
        const BuildResult mapped = bench.builder.map(va, output, bit(shift));
        if (mapped.status == BuildStatus::already_mapped) continue;
        ASSERT_TRUE(mapped) << to_string(mapped.status);
        const std::uint64_t offset = random.bits() & offset_mask;
        const Result r = bench.translate(va + offset, AccessType::write, false);
        ASSERT_TRUE(r.ok()) << to_string(r.fault.kind);
        EXPECT_EQ(r.output, output + offset);
      }
    }
  }
}

}  // namespace
}  // namespace smmuvp::pgtable::test
