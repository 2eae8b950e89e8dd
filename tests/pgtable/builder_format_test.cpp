// The Builder by format: what it splits, protects and counts, and what it refuses with which reason.
#include <gtest/gtest.h>

#include <string>

#include "accounted_memory.h"
#include "smmuvp/pgtable/builder.h"

namespace smmuvp::pgtable::test {
namespace {

constexpr std::uint64_t KiB4 = 0x1000;
constexpr std::uint64_t KiB64 = 0x10000;
constexpr std::uint64_t MiB1 = 0x100000;
constexpr std::uint64_t MiB2 = 0x200000;
constexpr std::uint64_t MiB16 = 0x1000000;
constexpr std::uint64_t GiB1 = 0x40000000;

Config config_of(Format format, Stages stages = Stages::stage1) {
  Config c;
  c.stages = stages;
  c.stage1.format = c.stage2.format = format;
  c.stage1.tables[0].EPD = false;
  if (format != Format::vmsa64) {
    c.stage1.output_size = c.stage2.output_size = 40;
    c.stage2.T0SZ = -8;
    c.stage2.start_level = 1;
    if (format == Format::lpae32) c.stage1.tables[0].TxSZ = 0;
  }
  c.stage1.v7s.DACR = 0x55555555;
  return c;
}

// A Builder, its memory and walks on it
class Bench {
 public:
  explicit Bench(const Config& config)
      : builder(
            make_builder(config, config.stages == Stages::stage2 ? Stage::stage2 : Stage::stage1, memory)) {}
  Result at(std::uint64_t va) {
    WalkRequest request;
    request.va = va;
    request.access = AccessType::none;
    return walk(builder.config(), request, memory);
  }
  // Refused with a reason, and without a change
  void expect_refused(const BuildResult& r, BuildStatus status) {
    EXPECT_EQ(r.status, status) << to_string(r.status);
    EXPECT_NE(std::string(r.reason), "");
    EXPECT_EQ(r.done, 0U);
    EXPECT_EQ(builder.table_count(), 1U);
    EXPECT_TRUE(memory.all_zero());
  }
  template <class Change>
  void expect_unsupported(Change change) {
    Mapping m;
    change(m);
    expect_refused(builder.map(0, 0, KiB4, m), BuildStatus::unsupported);
  }

  AccountedMemory memory;
  Builder builder;
};

TEST(BuilderFormat, SplitTurnsABlockIntoATableThatTranslatesTheSame) {
  Bench bench(config_of(Format::vmsa64));
  Mapping m;
  m.writable = false;
  m.AttrIndx = 3;
  ASSERT_TRUE(bench.builder.map(GiB1, 3 * GiB1, GiB1, m));
  const Result before = bench.at(GiB1 + 0x12345678);
  ASSERT_EQ(before.stage1.level, 1);
  const std::uint64_t tables = bench.builder.table_count();
  const BuildResult split = bench.builder.split(GiB1 + 5);
  ASSERT_TRUE(split);
  EXPECT_EQ(split.done, GiB1);
  EXPECT_EQ(bench.builder.table_count(), tables + 1);
  const Result after = bench.at(GiB1 + 0x12345678);
  EXPECT_EQ(after.stage1.level, 2);
  EXPECT_EQ(after.output, before.output);
  EXPECT_EQ(after.rights, before.rights);
  ASSERT_TRUE(bench.builder.split(GiB1));
  EXPECT_EQ(bench.at(GiB1).stage1.level, 3);
  EXPECT_EQ(bench.builder.split(GiB1).status, BuildStatus::unsupported);
  EXPECT_EQ(bench.builder.split(0).status, BuildStatus::not_mapped);
  EXPECT_EQ(bench.builder.split(std::uint64_t{1} << 50).status, BuildStatus::out_of_range);
}

TEST(BuilderFormat, UnmapSplitsABlockWhenAskedTo) {
  Bench bench(config_of(Format::vmsa64));
  ASSERT_TRUE(bench.builder.map(0, GiB1, GiB1));
  EXPECT_EQ(bench.builder.unmap(KiB4, KiB4).status, BuildStatus::splits_block);
  ASSERT_TRUE(bench.builder.unmap(KiB4, KiB4, Splitting::allowed));
  EXPECT_EQ(bench.at(0).stage1.level, 3);
  EXPECT_FALSE(bench.at(KiB4).ok());
  EXPECT_EQ(bench.at(2 * KiB4).output, GiB1 + 2 * KiB4);
  EXPECT_EQ(bench.at(MiB2).stage1.level, 2);
  EXPECT_EQ(bench.builder.table_count(), 4U);
}

TEST(BuilderFormat, ProtectSplitsWhatReachesBeyondAndKeepsAllElse) {
  Bench bench(config_of(Format::vmsa64));
  Mapping m;
  m.AttrIndx = 5;
  m.nG = false;
  ASSERT_TRUE(bench.builder.map(0, GiB1, 2 * MiB2, m));
  MappingRights read_only;
  read_only.writable = false;
  ASSERT_TRUE(bench.builder.protect(MiB2 - KiB4, MiB2 + KiB4, read_only));
  EXPECT_TRUE(bench.at(0).rights.has(Rights::privileged_write));
  EXPECT_FALSE(bench.at(MiB2 - KiB4).rights.has(Rights::privileged_write));
  const Result block = bench.at(MiB2);
  EXPECT_EQ(block.stage1.level, 2);  // whole: not split
  EXPECT_FALSE(block.rights.has(Rights::privileged_write));
  EXPECT_EQ(block.stage1.descriptor >> 2 & 7, 5U);
  EXPECT_FALSE(block.nG);
  EXPECT_EQ(bench.builder.protect(0, 3 * MiB2, read_only).done, 2 * MiB2);
  EXPECT_EQ(bench.builder.protect(0, 3 * MiB2, read_only).status, BuildStatus::not_mapped);
}

TEST(BuilderFormat, ProtectTakesDirtyStateAway) {
  Config config = config_of(Format::vmsa64);
  config.stage1.HA = config.stage1.HD = true;
  Bench bench(config);
  Mapping m;
  m.writable = false;
  m.DBM = true;
  ASSERT_TRUE(bench.builder.map(0, 0, KiB4, m));
  EXPECT_TRUE(bench.at(0).rights.has(Rights::privileged_write | Rights::write_needs_update));
  MappingRights read_only;
  read_only.writable = false;
  ASSERT_TRUE(bench.builder.protect(0, KiB4, read_only));
  EXPECT_FALSE(bench.at(0).rights.has(Rights::privileged_write));
}

// DDI 0487 D8.7.1
TEST(BuilderFormat, EveryEntryOfAContiguousRunLosesTheHintWithOneOfThem) {
  for (const auto& [granule, run_shift] :
       {std::pair(Granule::size_4k, 16U), std::pair(Granule::size_16k, 21U),
        std::pair(Granule::size_64k, 21U)}) {
    Config config = config_of(Format::vmsa64);
    config.stage1.tables[0].granule = granule;
    const std::uint64_t page = std::uint64_t{1} << static_cast<unsigned>(granule);
    const std::uint64_t run = std::uint64_t{1} << run_shift;
    Bench bench(config);
    Mapping m;
    m.contiguous = true;
    // A run, and half of one
    ASSERT_TRUE(bench.builder.map(run, 3 * run, run + run / 2, m));
    EXPECT_EQ(bench.at(2 * run - 1).range_shift, run_shift);
    EXPECT_EQ(bench.at(2 * run).range_shift, static_cast<unsigned>(granule));
    ASSERT_TRUE(bench.builder.unmap(run + 5 * page, page));
    for (std::uint64_t va = run; va < 2 * run; va += page) {
      const Result r = bench.at(va);
      EXPECT_EQ(r.ok(), va != run + 5 * page);
      EXPECT_EQ(r.stage1.descriptor >> 52 & 1, 0U);
    }
    ASSERT_TRUE(bench.builder.map(run + 5 * page, 3 * run + 5 * page, page));
    EXPECT_EQ(bench.at(run + 5 * page).output, 3 * run + 5 * page);
  }
}

TEST(BuilderFormat, SplitTakesTheHintFromAllEntriesOfARun) {
  Bench bench(config_of(Format::vmsa64));
  Mapping m;
  m.contiguous = true;
  ASSERT_TRUE(bench.builder.map(16 * MiB2, 32 * MiB2, 16 * MiB2, m));
  ASSERT_EQ(bench.at(16 * MiB2).range_shift, 25);
  const std::uint64_t tables = bench.builder.table_count();
  const BuildResult r = bench.builder.split(20 * MiB2);
  ASSERT_TRUE(r);
  EXPECT_EQ(r.done, 16 * MiB2);
  EXPECT_EQ(bench.builder.table_count(), tables);
  for (std::uint64_t va = 16 * MiB2; va < 32 * MiB2; va += MiB2) {
    EXPECT_EQ(bench.at(va).stage1.descriptor >> 52 & 1, 0U);
    EXPECT_EQ(bench.at(va).output, va + 16 * MiB2);
  }
}

TEST(BuilderFormat, ARunOfWhichOneEntryCannotBeWrittenIsTakenBack) {
  for (const Format format : {Format::vmsa64, Format::lpae32, Format::v7s}) {
    Bench bench(config_of(format));
    Mapping m;
    m.contiguous = true;
    bench.memory.writes_until_failure = 7;
    bench.expect_refused(bench.builder.map(0, 0, KiB64, m), BuildStatus::memory_error);
    EXPECT_EQ(bench.memory.failures, 1U);
    EXPECT_TRUE(bench.builder.map(0, 0, KiB64, m));
  }
}

TEST(BuilderFormat, AMisplacedOutputGetsNoContiguousHint) {
  Bench bench(config_of(Format::vmsa64));
  Mapping m;
  m.contiguous = true;
  ASSERT_TRUE(bench.builder.map(0, KiB4, KiB64, m));
  EXPECT_EQ(bench.at(0).stage1.descriptor >> 52 & 1, 0U);
}

// DDI 0487 G5.4
TEST(BuilderFormat, V7sContiguousMappingsAreSupersectionsAndLargePages) {
  Bench bench(config_of(Format::v7s));
  Mapping m;
  m.contiguous = true;
  ASSERT_TRUE(bench.builder.map(MiB16 - KiB64, 2 * MiB16 - KiB64, MiB16 + KiB64, m));
  EXPECT_EQ(bench.at(MiB16 - 1).block_shift, 16);
  EXPECT_EQ(bench.at(MiB16).block_shift, 24);
  EXPECT_EQ(bench.at(MiB16 + 0xabcdef).output, 2 * MiB16 + 0xabcdef);
  EXPECT_EQ(bench.builder.unmap(MiB16, MiB1).status, BuildStatus::splits_block);
  ASSERT_TRUE(bench.builder.split(MiB16));
  EXPECT_EQ(bench.at(MiB16 + 0xabcdef).block_shift, 20);
  EXPECT_EQ(bench.at(MiB16 + 0xabcdef).output, 2 * MiB16 + 0xabcdef);
  ASSERT_TRUE(bench.builder.unmap(MiB16, MiB1));
  ASSERT_TRUE(bench.builder.split(MiB16 - 1));
  EXPECT_EQ(bench.at(MiB16 - 1).block_shift, 12);
  EXPECT_EQ(bench.at(MiB16 - 1).output, 2 * MiB16 - 1);
}

TEST(BuilderFormat, V7sReaches40BitsBySupersectionsOnly) {
  Bench bench(config_of(Format::v7s));
  const std::uint64_t far = 0xab'4200'0000;
  Mapping m;
  bench.expect_refused(bench.builder.map(0, far, MiB16, m), BuildStatus::out_of_range);
  m.contiguous = true;
  bench.expect_refused(bench.builder.map(0, far, MiB1, m), BuildStatus::out_of_range);
  m.domain = 1;  // supersections are of domain 0
  bench.expect_refused(bench.builder.map(0, far, MiB16, m), BuildStatus::out_of_range);
  m.domain = 0;
  ASSERT_TRUE(bench.builder.map(0, far, MiB16, m));
  EXPECT_EQ(bench.at(0xfedcba).output, far + 0xfedcba);
  EXPECT_EQ(bench.builder.split(0).status, BuildStatus::unsupported);
  EXPECT_EQ(bench.builder.unmap(0, MiB1, Splitting::allowed).status, BuildStatus::unsupported);
  EXPECT_EQ(bench.at(0xfedcba).output, far + 0xfedcba);
}

TEST(BuilderFormat, V7sPagesOfOneTableShareDomainNSAndPXN) {
  Bench bench(config_of(Format::v7s));
  Mapping m;
  m.domain = 3;
  ASSERT_TRUE(bench.builder.map(0, 0, MiB1 - KiB4, m));
  const auto conflicts = [&](const Mapping& other) {
    const BuildResult r = bench.builder.map(MiB1 - KiB4, 0, KiB4, other);
    EXPECT_EQ(r.status, BuildStatus::table_conflict);
    EXPECT_NE(std::string(r.reason), "");
  };
  Mapping other;
  conflicts(other);
  other = m;
  other.NS = true;
  conflicts(other);
  other = m;
  other.unprivileged_execute = true;  // needs PXN
  conflicts(other);
  other.privileged_execute = true;
  ASSERT_TRUE(bench.builder.map(MiB1 - KiB4, 0, KiB4, other));
  EXPECT_EQ(bench.at(0).domain, 3);
}

TEST(BuilderFormat, V7sPXNOfPagesChangesForAWholeTable) {
  Bench bench(config_of(Format::v7s));
  Mapping m;
  m.privileged_execute = m.unprivileged_execute = true;
  m.top_level = 2;
  ASSERT_TRUE(bench.builder.map(0, 0, MiB1, m));
  MappingRights unprivileged;
  unprivileged.unprivileged_execute = true;
  EXPECT_EQ(bench.builder.protect(0, KiB4, unprivileged).status, BuildStatus::table_conflict);
  EXPECT_TRUE(bench.at(0).rights.has(Rights::privileged_execute));
  ASSERT_TRUE(bench.builder.protect(0, MiB1, unprivileged));
  EXPECT_FALSE(bench.at(0).rights.has(Rights::privileged_execute));
  EXPECT_TRUE(bench.at(MiB1 - 1).rights.has(Rights::unprivileged_execute));
}

TEST(BuilderFormat, V7sMayForbidAllAccessWithoutAFE) {
  Config config = config_of(Format::v7s);
  Bench bench(config);
  Mapping m;
  m.readable = m.writable = false;
  ASSERT_TRUE(bench.builder.map(0, 0, KiB4, m));
  ASSERT_TRUE(bench.builder.map(MiB1, MiB1, MiB1, m));
  EXPECT_EQ(bench.at(0).rights.bits, 0);
  EXPECT_EQ(bench.at(MiB1).rights.bits, 0);
  ASSERT_TRUE(bench.builder.protect(MiB1, MiB1, {}));
  EXPECT_TRUE(bench.at(MiB1).rights.has(Rights::unprivileged_write));
  config.stage1.v7s.AFE = true;
  Bench with_AFE(config);
  with_AFE.expect_unsupported([](Mapping& x) { x.readable = x.writable = false; });
}

TEST(BuilderFormat, WhatStage1CannotExpressIsRefused) {
  Bench el1(config_of(Format::vmsa64));
  el1.expect_unsupported([](Mapping& m) { m.readable = false; });
  el1.expect_unsupported([](Mapping& m) { m.AttrIndx = 8; });
  el1.expect_unsupported([](Mapping& m) { m.domain = 1; });
  Config config = config_of(Format::vmsa64);
  config.regime = Regime::el2;
  Bench el2(config);
  el2.expect_unsupported([](Mapping& m) { m.unprivileged_execute = true; });
}

// DDI 0487 G5.6: XN is of both privileges, execution needs the right to read, there is no dirty state.
TEST(BuilderFormat, WhatAArch32CannotExpressIsRefused) {
  for (const Format format : {Format::lpae32, Format::v7s}) {
    Bench bench(config_of(format));
    bench.expect_unsupported([](Mapping& m) { m.DBM = true; });
    bench.expect_unsupported([](Mapping& m) { m.privileged_execute = true; });
    bench.expect_unsupported([](Mapping& m) {
      m.unprivileged = false;
      m.unprivileged_execute = true;
    });
  }
  Bench v7s(config_of(Format::v7s));
  v7s.expect_unsupported([](Mapping& m) { m.accessed = false; });
  v7s.expect_unsupported([](Mapping& m) { m.AttrIndx = 32; });
  v7s.expect_unsupported([](Mapping& m) { m.domain = 16; });
  v7s.expect_unsupported([](Mapping& m) { m.SH = Shareability::reserved; });
  v7s.expect_unsupported([](Mapping& m) { m.readable = false; });
}

TEST(BuilderFormat, WhatStage2CannotExpressIsRefused) {
  Config config = config_of(Format::vmsa64, Stages::stage2);
  config.stage2.start_level = 0;
  Bench bench(config);
  bench.expect_unsupported([](Mapping& m) { m.privileged_execute = true; });
  bench.expect_unsupported([](Mapping& m) { m.NS = true; });
  bench.expect_unsupported([](Mapping& m) { m.MemAttr = 16; });
  Bench lpae32(config_of(Format::lpae32, Stages::stage2));
  lpae32.expect_unsupported([](Mapping& m) { m.DBM = true; });
  lpae32.expect_unsupported([](Mapping& m) {
    m.readable = false;
    m.privileged_execute = m.unprivileged_execute = true;
  });
}

TEST(BuilderFormat, WhatAMaliCannotExpressIsRefused) {
  Bench bench(config_of(Format::mali_lpae));
  bench.expect_unsupported([](Mapping& m) { m.unprivileged_execute = true; });
  bench.expect_unsupported([](Mapping& m) { m.accessed = false; });
  bench.expect_unsupported([](Mapping& m) { m.NS = true; });
  bench.expect_unsupported([](Mapping& m) { m.contiguous = true; });
  bench.expect_unsupported([](Mapping& m) { m.DBM = true; });
  bench.expect_unsupported([](Mapping& m) {
    m.readable = false;
    m.privileged_execute = true;
  });
  ASSERT_TRUE(bench.builder.map(0, 0, KiB4));
  MappingRights rights;
  rights.unprivileged_execute = true;
  EXPECT_EQ(bench.builder.protect(0, KiB4, rights).status, BuildStatus::unsupported);
}

TEST(BuilderFormat, TablesAreCountedAtEveryMoment) {
  Bench bench(config_of(Format::vmsa64));
  Builder& b = bench.builder;
  EXPECT_EQ(b.table_count(), 1U);
  ASSERT_TRUE(b.map(0, 0, KiB4));
  EXPECT_EQ(b.table_count(), 4U);
  ASSERT_TRUE(b.map(MiB2, 0, KiB4));
  EXPECT_EQ(b.table_count(), 5U);
  EXPECT_EQ(b.table_bytes(), 5 * KiB4);
  ASSERT_TRUE(b.unmap(0, KiB4));
  EXPECT_EQ(b.table_count(), 4U);
  ASSERT_TRUE(b.unmap(MiB2, KiB4));
  EXPECT_EQ(b.table_count(), 1U);
  EXPECT_EQ(b.tables_allocated(), 5U);
  EXPECT_EQ(b.tables_freed(), 4U);
  EXPECT_EQ(bench.memory.live_tables(), 1U);
  b.release();
  EXPECT_EQ(b.status(), BuildStatus::released);
  EXPECT_EQ(bench.memory.live_tables(), 0U);
}

TEST(BuilderFormat, AnAllocatorThatGivesUpHalfWayGetsItsTablesBack) {
  Bench bench(config_of(Format::vmsa64));
  bench.memory.allocations_until_failure = 2;
  bench.expect_refused(bench.builder.map(0, 0, KiB4), BuildStatus::no_memory);
  EXPECT_EQ(bench.builder.tables_allocated(), 3U);
  bench.memory.allocations_until_failure = 0;
  Bench blocks(config_of(Format::vmsa64));
  ASSERT_TRUE(blocks.builder.map(0, GiB1, GiB1));
  blocks.memory.allocations_until_failure = 1;
  const BuildResult r = blocks.builder.unmap(0, KiB4, Splitting::allowed);
  EXPECT_EQ(r.status, BuildStatus::no_memory);
  EXPECT_EQ(blocks.at(5).output, GiB1 + 5);
  EXPECT_EQ(blocks.builder.table_count(), blocks.memory.live_tables());
}

TEST(BuilderFormat, UnusableTableAddressesAreRefusedAndGivenBack) {
  Config config = config_of(Format::vmsa64);
  config.stage1.output_size = 36;
  std::uint64_t given_back = 0;
  const auto build = [&](std::uint64_t table) {
    AccountedMemory memory;
    Builder builder(
        config, [&](const MemoryOp& op) { return memory(op); },
        [&](std::uint64_t) { return std::optional<std::uint64_t>(table); },
        [&](std::uint64_t address, std::uint64_t) { given_back = address; });
    return builder.status();
  };
  EXPECT_EQ(build(0x1800), BuildStatus::bad_table);
  EXPECT_EQ(given_back, 0x1800U);
  EXPECT_EQ(build(std::uint64_t{1} << 36), BuildStatus::bad_table);
  EXPECT_EQ(build(0x2000), BuildStatus::ok);
}

TEST(BuilderFormat, AStageThatTheConfigDoesNotHaveIsRefused) {
  AccountedMemory memory;
  EXPECT_EQ(make_builder(config_of(Format::vmsa64), Stage::stage2, memory).status(), BuildStatus::bad_config);
  Config config = config_of(Format::vmsa64, Stages::stage2);
  config.stage2.start_level = 0;
  EXPECT_EQ(make_builder(config, Stage::stage1, memory).status(), BuildStatus::bad_config);
  EXPECT_EQ(make_builder(config, Stage::stage2, memory).status(), BuildStatus::ok);
}

// The example of builder.h
TEST(BuilderFormat, NestedTablesAreBuiltByTwoBuilders) {
  Config config = config_of(Format::vmsa64);
  config.stages = Stages::nested;
  config.stage2.start_level = 0;
  AccountedMemory memory;
  constexpr std::uint64_t pa = GiB1;
  Builder stage2 = make_builder(config, Stage::stage2, memory);
  ASSERT_TRUE(stage2.map(0, pa, GiB1));
  std::uint64_t next = 0;
  Builder stage1(
      stage2.config(), Stage::stage1,
      [&](MemoryOp op) {
        op.address += pa;
        return memory(op);
      },
      [&](std::uint64_t size) { return std::optional<std::uint64_t>((next += size) - size); });
  ASSERT_TRUE(stage1.map(0x7f0000, 0x123000, KiB4));
  WalkRequest request;
  request.va = 0x7f0008;
  const Result r = walk(stage1.config(), request, memory);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.ipa, 0x123008U);
  EXPECT_EQ(r.output, pa + 0x123008);
}

}  // namespace
}  // namespace smmuvp::pgtable::test
