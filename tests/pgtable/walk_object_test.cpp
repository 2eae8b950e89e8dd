// The walk as an object: waiting, interleaving, aborts, copies.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <type_traits>

#include "random_tables.h"
#include "table_memory.h"

namespace smmuvp::pgtable::test {
namespace {

WalkRequest read_of(std::uint64_t va) {
  WalkRequest request;
  request.va = va;
  return request;
}

void expect_same(const Result& a, const Result& b) {
  EXPECT_EQ(a.fault.kind, b.fault.kind);
  EXPECT_EQ(a.fault.level, b.fault.level);
  EXPECT_EQ(a.fault.va, b.fault.va);
  EXPECT_EQ(a.output, b.output);
  EXPECT_EQ(a.rights, b.rights);
  EXPECT_EQ(a.stage1.descriptor, b.stage1.descriptor);
  EXPECT_TRUE(
      std::equal(a.descriptors.begin(), a.descriptors.end(), b.descriptors.begin(), b.descriptors.end()));
}

TEST(WalkObject, StepRepeatsItsAnswerUntilTheOperationIsCompleted) {
  TableBench bench;
  ASSERT_TRUE(bench.builder.map(0, 0x5000, KiB4));
  Walk w(bench.config, read_of(0));
  ASSERT_EQ(w.step(), Step::need);
  const std::uint64_t address = w.op().address;
  ASSERT_EQ(w.step(), Step::need);
  EXPECT_EQ(w.op().address, address);
  EXPECT_EQ(address, bench.config.stage1.tables[0].base);
}

TEST(WalkObject, StepRepeatsDoneAfterTheEnd) {
  TableBench bench;
  ASSERT_TRUE(bench.builder.map(0, 0x5000, KiB4));
  Walk w(bench.config, read_of(4));
  while (w.step() == Step::need) w.complete(bench.memory(w.op()));
  w.complete({MemoryStatus::external_abort, 0});
  EXPECT_EQ(w.step(), Step::done);
  EXPECT_TRUE(w.result().ok());
  EXPECT_EQ(w.result().output, 0x5004U);
}

TEST(WalkObject, ResponseThatNobodyWaitsForIsIgnored) {
  TableBench bench;
  ASSERT_TRUE(bench.builder.map(0, 0x5000, KiB4));
  Walk w(bench.config, read_of(0));
  w.complete({MemoryStatus::external_abort, 0});
  while (w.step() == Step::need) {
    const MemoryResponse response = bench.memory(w.op());
    w.complete(response);
    w.complete({MemoryStatus::external_abort, 0});
  }
  EXPECT_TRUE(w.result().ok());
}

TEST(WalkObject, ExternalAbortAtEachLevelIsReportedThere) {
  for (int level = 0; level <= 3; ++level) {
    TableBench bench;
    ASSERT_TRUE(bench.builder.map(0x1000, 0x5000, KiB4));
    const std::uint64_t address = bench.builder.descriptor_address(0x1000, level).value();
    bench.memory.abort_at(address);
    const Result r = bench.translate(0x1000);
    EXPECT_EQ(r.fault.kind, FaultKind::external_abort);
    EXPECT_EQ(r.fault.level, level);
    EXPECT_EQ(r.fault.fault_class, FaultClass::table);
    EXPECT_EQ(r.fault.table_address, address);
    EXPECT_EQ(r.fault.va, 0x1000U);
    EXPECT_EQ(r.descriptors.size(), static_cast<std::size_t>(level) + 1);
  }
}

TEST(WalkObject, InterleavedWalksDoNotDisturbEachOther) {
  Random random(3);
  for (unsigned round = 0; round < 2000; ++round) {
    std::array<TableStyle, 2> styles;
    std::array<Config, 2> configs;
    std::array<WalkRequest, 2> requests;
    std::array<Result, 2> alone;
    for (unsigned i = 0; i < 2; ++i) {
      configs[i] = random_config(random, styles[i]);
      requests[i] = read_of(random_va(random, configs[i]));
    }
    const auto answer = [&](unsigned i, const MemoryOp& op) {
      const std::uint64_t v = random_memory(styles[i], op.address);
      return MemoryResponse{MemoryStatus::ok, op.big_endian ? byte_swap(v) : v};
    };
    std::array<Walk, 2> walks = {Walk(configs[0], requests[0]), Walk(configs[1], requests[1])};
    for (unsigned i = 0; i < 2; ++i) {
      alone[i] = walk(configs[i], requests[i], [&](const MemoryOp& op) { return answer(i, op); });
    }
    std::array<bool, 2> done = {false, false};
    while (!done[0] || !done[1]) {
      const unsigned i = random.below(2);
      if (walks[i].step() == Step::need) {
        walks[i].complete(answer(i, walks[i].op()));
      } else {
        done[i] = true;
      }
    }
    for (unsigned i = 0; i < 2; ++i) expect_same(walks[i].result(), alone[i]);
  }
}

TEST(WalkObject, CopyGoesOnIndependently) {
  TableBench bench;
  ASSERT_TRUE(bench.builder.map(0, 0x5000, KiB4));
  Walk w(bench.config, read_of(8));
  ASSERT_EQ(w.step(), Step::need);
  w.complete(bench.memory(w.op()));
  ASSERT_EQ(w.step(), Step::need);
  Walk copy = w;
  w.complete({MemoryStatus::external_abort, 0});
  EXPECT_EQ(w.step(), Step::done);
  EXPECT_EQ(w.result().fault.kind, FaultKind::external_abort);
  while (copy.step() == Step::need) copy.complete(bench.memory(copy.op()));
  ASSERT_TRUE(copy.result().ok());
  EXPECT_EQ(copy.result().output, 0x5008U);
  EXPECT_EQ(copy.result().descriptors.size(), 4U);
}

TEST(WalkObject, ConfigChangedDuringTheWalkHasNoEffectOnIt) {
  TableBench bench;
  ASSERT_TRUE(bench.builder.map(0, 0x5000, KiB4));
  Config config = bench.config;
  Walk w(config, read_of(0));
  ASSERT_EQ(w.step(), Step::need);
  config.stage1.output_size = 0;
  config.stage1.tables[0].EPD = true;
  w.complete(bench.memory(w.op()));
  while (w.step() == Step::need) w.complete(bench.memory(w.op()));
  EXPECT_TRUE(w.result().ok());
}

TEST(WalkObject, WalkThatStaysInTablesEndsAfterTheLastLevel) {
  // Every descriptor is a table that points to itself: at level 3 it is a page.
  Config config = two_range_config();
  config.stage1.tables[0].base = 0x1000;
  unsigned reads = 0;
  const Result r = walk(config, read_of(0), [&](const MemoryOp&) {
    ++reads;
    return MemoryResponse{MemoryStatus::ok, 0x1000 | bit(10) | 3};
  });
  EXPECT_EQ(reads, 4U);
  EXPECT_TRUE(r.ok());
}

TEST(WalkObject, TheLongestWalkIsWholeInTheTrace) {
  Config config = two_range_config();
  config.stages = Stages::nested;
  config.stage1.tables[0].TxSZ = 12;
  config.stage1.DS = config.stage2.DS = true;
  config.stage1.output_size = config.stage2.output_size = 52;
  config.stage1.HA = config.stage2.HA = true;
  config.stage1.tables[0].base = 0x1000;
  config.stage2.T0SZ = 12;
  config.stage2.start_level = -1;
  config.stage2.base = 0x2000;
  ASSERT_TRUE(is_walkable(config));
  constexpr std::uint64_t table = 0x3000 | 3;
  constexpr std::uint64_t stage2_page =
      0x3000 | bit(7) | bit(6) | 0xf << 2 | 3;  // S2AP, Normal memory, no AF
  unsigned reads = 0;
  unsigned updates = 0;
  const Result r = walk(config, read_of(0x123), [&](const MemoryOp& op) {
    std::uint64_t answer = 0;
    if (op.kind == MemoryOpKind::compare_and_swap) {
      // Somebody puts a table in place of each block of stage 1 before its Access flag can be set.
      const bool lost = op.stage == Stage::stage1 && op.level < 3;
      if (!lost) ++updates;
      answer = lost ? table : op.expected;
    } else {
      ++reads;
      if (op.stage == Stage::stage2) {
        answer = op.level < 3 ? table : stage2_page;
      } else if (op.level < 0) {
        answer = table;
      } else {
        answer = bit(6) | (op.level < 3 ? 1 : 3);  // AP[1], no AF
      }
    }
    return MemoryResponse{MemoryStatus::ok, answer};
  });
  EXPECT_TRUE(r.ok()) << to_string(r.fault.kind) << " at level " << int{r.fault.level};
  EXPECT_EQ(reads, DescriptorTrace::capacity);
  EXPECT_EQ(r.descriptors.size(), reads);
  EXPECT_EQ(updates, DescriptorUpdates::capacity);
  EXPECT_EQ(r.updates.size(), updates);
}

TEST(WalkObject, RefusedConfigEndsAtOnceWithoutMemory) {
  Config config = two_range_config();
  config.stage1.output_size = 33;
  Walk w(config, read_of(0x1234));
  ASSERT_EQ(w.step(), Step::done);
  EXPECT_EQ(w.result().fault.kind, FaultKind::configuration);
  EXPECT_EQ(w.result().fault.va, 0x1234U);
}

TEST(WalkObject, HoldsNoResources) {
  EXPECT_TRUE(std::is_nothrow_destructible_v<Walk>);
  EXPECT_TRUE(std::is_trivially_destructible_v<Walk>);
}

}  // namespace
}  // namespace smmuvp::pgtable::test
