// Both stages of VMSAv8-64: what stage 2 does to stage 1's tables and output (DDI 0487 D8, IHI 0070 7.3).
#include <gtest/gtest.h>

#include <array>

#include "hand_tables.h"

namespace smmuvp::pgtable::test {
namespace {

constexpr std::uint64_t tables[] = {0x10000, 0x11000, 0x12000};  // IPAs of stage 1's tables, levels 1 to 3

// Stage and level of each read of the bench's walk, in order: each stage 1 table through three levels.
struct Read {
  Stage stage;
  int level;
  std::uint64_t address;
};
constexpr std::uint64_t off = Stage2Bench::offset;
constexpr Read reads[] = {
    {Stage::stage2, 1, 0x100000},
    {Stage::stage2, 2, 0x101000},
    {Stage::stage2, 3, Stage2Bench::page_of(0x10000)},
    {Stage::stage1, 1, off + 0x10000},
    {Stage::stage2, 1, 0x100000},
    {Stage::stage2, 2, 0x101000},
    {Stage::stage2, 3, Stage2Bench::page_of(0x11000)},
    {Stage::stage1, 2, off + 0x11000},
    {Stage::stage2, 1, 0x100000},
    {Stage::stage2, 2, 0x101000},
    {Stage::stage2, 3, Stage2Bench::page_of(0x12000)},
    {Stage::stage1, 3, off + 0x12000},
    {Stage::stage2, 1, 0x100000},
    {Stage::stage2, 2, 0x101000},
    {Stage::stage2, 3, Stage2Bench::page_of(0x20000)},
};

TEST(NestedWalk, EachStage1TableIsReadThroughStage2) {
  NestedBench bench;
  const Result r = bench.translate(0x123);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.ipa, 0x20123U);
  EXPECT_EQ(r.output, off + 0x20123);
  ASSERT_EQ(bench.memory.ops.size(), std::size(reads));
  ASSERT_EQ(r.descriptors.size(), std::size(reads));
  for (std::size_t i = 0; i < std::size(reads); ++i) {
    EXPECT_EQ(bench.memory.ops[i].stage, reads[i].stage) << i;
    EXPECT_EQ(bench.memory.ops[i].level, reads[i].level) << i;
    EXPECT_EQ(bench.memory.ops[i].address, reads[i].address) << i;
    EXPECT_EQ(r.descriptors[i], reads[i].address) << i;
  }
}

TEST(NestedWalk, ExternalAbortAtEachReadIsReportedWithItsStageAndLevel) {
  for (std::size_t i = 0; i < std::size(reads); ++i) {
    NestedBench bench;
    std::size_t count = 0;
    const Result r = walk(bench.config, WalkRequest{}, [&](const MemoryOp& op) {
      return count++ == i ? MemoryResponse{MemoryStatus::external_abort, 0} : bench.memory(op);
    });
    SCOPED_TRACE(i);
    const bool of_a_table = reads[i].stage == Stage::stage2 && i < 12;
    expect_fault(r, FaultKind::external_abort, reads[i].stage, reads[i].level, of_a_table);
    // IHI 0070 7.3.12: of class IN where stage 2 translates the output of stage 1
    EXPECT_EQ(r.fault.fault_class, i < 12 ? FaultClass::table : FaultClass::input);
    EXPECT_EQ(r.fault.table_address, reads[i].address);
    EXPECT_EQ(r.fault.table_ipa, reads[i].stage == Stage::stage1 ? tables[i / 4] : 0);
    EXPECT_EQ(r.fault.ipa, reads[i].stage == Stage::stage1 ? 0 : (i < 12 ? tables[i / 4] : 0x20000));
    EXPECT_EQ(r.descriptors.size(), i + 1);
  }
}

// DDI 0487 D8.6: a table access has the attributes of TCR, combined with those of the table's page at
// stage 2.
TEST(NestedWalk, TableAccessesHaveTheAttributesOfBothStages) {
  NestedBench bench;
  WalkAttributes& tcr = bench.config.stage1.tables[0].walk_attributes;
  tcr = {1, 1, Shareability::inner};
  bench.config.stage2.walk_attributes = {2, 3, Shareability::outer};
  bench.config.stage1.HA = true;
  bench.memory[NestedBench::leaf] &= ~AF;
  constexpr std::uint64_t MemAttr = std::uint64_t{0xf} << 2;
  bench.memory[Stage2Bench::page_of(tables[1])] &= ~MemAttr;                       // Device-nGnRnE
  bench.memory[Stage2Bench::page_of(tables[2])] ^= std::uint64_t{0xf ^ 0xa} << 2;  // Write-Through
  ASSERT_TRUE(bench.translate(0).ok());
  unsigned stage1 = 0;
  for (const MemoryOp& op : bench.memory.ops) {
    if (op.stage == Stage::stage2) {
      EXPECT_EQ(op.memory.memory, 0xea);
      EXPECT_EQ(op.memory.SH, Shareability::outer);
      EXPECT_EQ(op.attributes.IRGN, 2U);
      continue;
    }
    static constexpr std::uint8_t memory[] = {0xff, 0x00, 0xbb, 0xbb};
    static constexpr Shareability SH[] = {Shareability::inner, Shareability::outer, Shareability::inner,
                                          Shareability::inner};
    ASSERT_LT(stage1, 4U);
    EXPECT_EQ(op.memory.memory, memory[stage1]) << stage1;
    EXPECT_EQ(op.memory.SH, SH[stage1]) << stage1;
    EXPECT_EQ(op.attributes.ORGN, 1U);
    EXPECT_EQ(op.kind, stage1 == 3 ? MemoryOpKind::compare_and_swap : MemoryOpKind::read);
    ++stage1;
  }
  EXPECT_EQ(stage1, 4U);
}

// Only what fits the output size of stage 2 is covered.
TEST(NestedWalk, RegionIsNotLargerThanTheOutputSizeOfStage2) {
  Config config;
  config.stages = Stages::nested;
  config.stage1.tables[0].EPD = false;
  config.stage1.DS = config.stage2.DS = true;
  config.stage1.output_size = 52;
  config.stage2.output_size = 36;
  // Every descriptor is a block of 512 GiB at level 0, onto itself.
  WalkRequest request;
  const Result r = walk(config, request, [](const MemoryOp&) {
    return MemoryResponse{MemoryStatus::ok, AF | S2R | S2W | normal_MemAttr | block_type};
  });
  ASSERT_TRUE(r.ok()) << to_string(r.fault.kind);
  EXPECT_EQ(r.stage1.block_shift, 39U);
  EXPECT_EQ(r.stage2.block_shift, 39U);
  EXPECT_EQ(r.block_shift, 36U);
  EXPECT_EQ(r.range_shift, 36U);
}

// A misplaced run: an entry for all of it would translate its other pages wrongly.
TEST(NestedWalk, Stage2ContiguousRunOfAMisplacedOutputIsDropped) {
  Stage2Bench bench;
  std::uint64_t& d = bench.memory[Stage2Bench::page_of(0x20000)];
  d |= bit(52);
  EXPECT_EQ(bench.translate(0x20000).range_shift, 16U);
  d ^= 0x1000;
  const Result r = bench.translate(0x20000);
  EXPECT_EQ(r.range_shift, 12U);
  EXPECT_EQ(r.stage2.range_shift, 12U);
}

TEST(NestedWalk, Stage2FaultOnATableNamesTheTablesIPA) {
  const struct {
    FaultKind kind;
    std::uint64_t clear, set;
  } rows[] = {{FaultKind::translation, 1, 0},
              {FaultKind::address_size, 0, bit(44)},
              {FaultKind::access_flag, AF, 0},
              {FaultKind::permission, S2R, 0}};
  for (const auto& row : rows) {
    for (unsigned i = 0; i < 3; ++i) {
      NestedBench bench;
      bench.config.stage2.output_size = 40;
      std::uint64_t& d = bench.memory[Stage2Bench::page_of(tables[i])];
      d = (d & ~row.clear) | row.set;
      const Result r = bench.translate(8);
      expect_fault(r, row.kind, Stage::stage2, 3, true);
      EXPECT_EQ(r.fault.ipa, tables[i]);
      EXPECT_EQ(r.fault.va, 8U);
      EXPECT_EQ(r.descriptors.size(), 4 * i + 3);
    }
  }
}

TEST(NestedWalk, Stage2FaultOnTheOutputNamesItsIPA) {
  NestedBench bench;
  bench.memory[Stage2Bench::page_of(0x20000)] = 0;
  const Result r = bench.translate(0x678);
  expect_fault(r, FaultKind::translation, Stage::stage2, 3);
  EXPECT_EQ(r.fault.ipa, 0x20678U);
}

TEST(NestedWalk, Stage1OutputBeyondTheInputOfStage2IsATranslationFaultAtLevel0) {
  NestedBench bench;
  bench.memory[NestedBench::leaf] |= bit(39);
  Result r = bench.translate(0x10);
  expect_fault(r, FaultKind::translation, Stage::stage2, 0);
  EXPECT_EQ(r.fault.ipa, bit(39) + 0x20010);
  // Likewise the address of a table
  bench.memory[off + 0x11000] |= bit(39);
  r = bench.translate(0);
  expect_fault(r, FaultKind::translation, Stage::stage2, 0, true);
  EXPECT_EQ(r.fault.ipa, bit(39) + 0x12000);
}

TEST(NestedWalk, Stage1OutputSizeIsCheckedBeforeStage2) {
  NestedBench bench;
  bench.config.stage1.output_size = 36;
  bench.memory[NestedBench::leaf] |= bit(36);
  expect_fault(bench.translate(0), FaultKind::address_size, Stage::stage1, 3);
  bench.config.stage1.tables[0].base |= bit(40);
  expect_fault(bench.translate(0), FaultKind::address_size, Stage::stage1, 0);
  EXPECT_TRUE(bench.memory.ops.empty());
}

TEST(NestedWalk, Stage1FaultsComeBeforeStage2LooksAtTheOutput) {
  NestedBench bench;
  bench.memory[Stage2Bench::page_of(0x20000)] = 0;
  bench.memory[NestedBench::leaf] |= AP2;
  expect_fault(bench.translate(0, AccessType::write), FaultKind::permission, Stage::stage1, 3);
  bench.memory[NestedBench::leaf] &= ~AF;
  expect_fault(bench.translate(0, AccessType::write), FaultKind::access_flag, Stage::stage1, 3);
}

TEST(NestedWalk, RightsAreThoseThatBothStagesGive) {
  for (unsigned combination = 0; combination < 16; ++combination) {
    NestedBench bench;
    const bool s1_write = (combination & 1) != 0;
    const bool s2_read = (combination & 2) != 0;
    const bool s2_write = (combination & 4) != 0;
    const bool unprivileged = (combination & 8) != 0;
    bench.memory[NestedBench::leaf] |= (s1_write ? 0 : AP2) | (unprivileged ? AP1 : 0) | bit(53) | bit(54);
    std::uint64_t& d = bench.memory[Stage2Bench::page_of(0x20000)];
    d = (d & ~(S2R | S2W)) | (s2_read ? S2R : 0) | (s2_write ? S2W : 0);
    unsigned expected = 0;
    if (s2_read) expected |= Rights::privileged_read | (unprivileged ? Rights::unprivileged_read : 0U);
    if (s1_write && s2_write)
      expected |= Rights::privileged_write | (unprivileged ? Rights::unprivileged_write : 0U);
    EXPECT_EQ(bench.translate(0, AccessType::none).rights.bits, expected) << combination;
    EXPECT_EQ(bench.translate(0, AccessType::read).ok(), s2_read);
    const Result w = bench.translate(0, AccessType::write);
    EXPECT_EQ(w.ok(), s1_write && s2_write);
    if (!w.ok()) expect_fault(w, FaultKind::permission, s1_write ? Stage::stage2 : Stage::stage1, 3);
  }
}

TEST(NestedWalk, TableIsReadAsDataWhateverTheRequestIs) {
  NestedBench bench;
  for (const std::uint64_t table : tables) {
    std::uint64_t& d = bench.memory[Stage2Bench::page_of(table)];
    d = (d & ~S2W) | bit(54);  // read-only, never executable
  }
  for (const AccessType access :
       {AccessType::read, AccessType::write, AccessType::execute, AccessType::none}) {
    EXPECT_TRUE(bench.translate(0, access).ok());
  }
  bench.memory[Stage2Bench::page_of(0x12000)] &= ~S2R;
  for (const AccessType access :
       {AccessType::read, AccessType::write, AccessType::execute, AccessType::none}) {
    expect_fault(bench.translate(0, access), FaultKind::permission, Stage::stage2, 3, true);
  }
}

TEST(NestedWalk, TableInDeviceMemoryIsAPermissionFaultWithPTW) {
  for (const bool FWB : {false, true}) {
    for (unsigned MemAttr = 0; MemAttr < 16; ++MemAttr) {
      const bool device = FWB ? (MemAttr & 0b0100) == 0 : MemAttr < 4;
      for (const bool PTW : {false, true}) {
        NestedBench bench;
        bench.config.stage2.FWB = FWB;
        bench.config.stage2.PTW = PTW;
        // The other tables are Normal with either meaning: 0b1111.
        std::uint64_t& d = bench.memory[Stage2Bench::page_of(0x11000)];
        d = (d & ~normal_MemAttr) | std::uint64_t{MemAttr} << 2;
        const Result r = bench.translate(0);
        EXPECT_EQ(r.ok(), !(PTW && device)) << FWB << " " << MemAttr;
        if (!r.ok()) expect_fault(r, FaultKind::permission, Stage::stage2, 3, true);
      }
    }
  }
  NestedBench bench;  // the output is no table
  bench.config.stage2.PTW = true;
  bench.memory[Stage2Bench::page_of(0x20000)] &= ~normal_MemAttr;
  EXPECT_TRUE(bench.translate(0).ok());
}

TEST(NestedWalk, TableInDeviceMemoryIsReadAsNonCacheableWithPTWNNC) {
  for (const bool FWB : {false, true}) {
    for (unsigned MemAttr = 0; MemAttr < 16; ++MemAttr) {
      const bool device = FWB ? (MemAttr & 0b0100) == 0 : MemAttr < 4;
      Attributes memory[2];
      for (const bool PTWNNC : {false, true}) {
        NestedBench bench;
        bench.config.stage2.FWB = FWB;
        bench.config.stage2.PTWNNC = PTWNNC;
        std::uint64_t& d = bench.memory[Stage2Bench::page_of(0x11000)];
        d = (d & ~normal_MemAttr) | std::uint64_t{MemAttr} << 2;
        EXPECT_TRUE(bench.translate(0).ok());
        for (const MemoryOp& op : bench.memory.ops) {
          if (op.stage == Stage::stage1 && op.level == 2) memory[PTWNNC ? 1 : 0] = op.memory;
        }
      }
      EXPECT_EQ(is_device(memory[0].memory), device);
      EXPECT_EQ(memory[1], (device ? Attributes{0x44, Shareability::outer} : memory[0])) << FWB << MemAttr;
    }
  }
}

TEST(NestedWalk, SizeIsTheSmallerOfBothStages) {
  NestedBench bench;
  bench.memory[off + 0x11000] = 0 | AF | block_type;  // 2 MiB at stage 1, pages at stage 2
  Result r = bench.translate(0x20123);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.output, off + 0x20123);
  EXPECT_EQ(r.block_shift, 12);
  EXPECT_EQ(r.stage1.block_shift, 21);
  EXPECT_EQ(r.stage2.block_shift, 12);
  bench = NestedBench();
  bench.memory[0x100008] = 3 * GiB1 | AF | S2R | S2W | normal_MemAttr | block_type;  // pages at stage 1
  bench.memory[NestedBench::leaf] = (GiB1 + 0x5000) | AF | page_type;
  r = bench.translate(0x77);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.output, 3 * GiB1 + 0x5077);
  EXPECT_EQ(r.block_shift, 12);
  EXPECT_EQ(r.stage2.block_shift, 30);
}

TEST(NestedWalk, ContiguousRangeIsTheSmallerOfBothStages) {
  NestedBench bench;
  bench.memory[NestedBench::leaf] |= bit(52);
  EXPECT_EQ(bench.translate(0).range_shift, 12);
  bench.memory[Stage2Bench::page_of(0x20000)] |= bit(52);
  const Result r = bench.translate(0);
  EXPECT_EQ(r.stage1.range_shift, 16);
  EXPECT_EQ(r.stage2.range_shift, 16);
  EXPECT_EQ(r.range_shift, 16);
}

}  // namespace
}  // namespace smmuvp::pgtable::test
