// SPDX-License-Identifier: MIT
//
// VMSAv8-64 stage 2 alone, and both stages.
#include "test_memory.h"

using namespace naive;
using namespace naive_test;

namespace {

/// Stage 2 alone: 40 bits, 4 KiB, level 1, two concatenated tables at 0x10000.
class Stage2 : public testing::Test {
 protected:
  Stage2() {
    s2.T0SZ = 24;
    s2.SL0 = 1;
    s2.VTTBR = 0x10000;
    request.input_shareability = Shareability::inner_shareable;
  }
  Answer walk(uint64_t ipa, Access access = Access::read, bool privileged = true) {
    configuration.stage2 = s2;
    request.address = ipa;
    request.access = access;
    request.privileged = privileged;
    return translate(configuration, request, memory);
  }
  /// A 1 GiB block at IPA 0
  void block(uint64_t descriptor) { memory.put64(0x10000, descriptor | BLOCK); }

  TestMemory memory;
  Configuration configuration;
  Request request;
  Stage2_64 s2;
};

constexpr uint64_t S2_WB = mem_attr(0xF);

/// Both stages. Stage 2 maps IPA 0x40000000.. to PA 0x80000000.. in one 1 GiB block (descriptor at 0x10008)
/// and IPA 0..1 GiB to itself (0x10000). Stage 1 tables lie at IPA 0x40100000, so at PA 0x80100000; VA 0 is a
/// 1 GiB block at IPA 0.
class Nested : public testing::Test {
 protected:
  Nested() {
    s2.T0SZ = 24;
    s2.SL0 = 1;
    s2.VTTBR = 0x10000;
    memory.put64(0x10000, 0 | BLOCK | AF | S2R | S2W | S2_WB);
    memory.put64(0x10008, 0x80000000 | BLOCK | AF | S2R | S2W | S2_WB);
    s1.T0SZ = 25;
    s1.TTBR0 = 0x40100000;
    s1.MAIR = 0x00000000'440400FF;
    s1_leaf(AF);
  }
  void s1_leaf(uint64_t descriptor) { memory.put64(0x80100000, descriptor | BLOCK); }
  Answer walk(uint64_t va, Access access = Access::read, bool privileged = true) {
    configuration.stage1 = s1;
    configuration.stage2 = s2;
    request.address = va;
    request.access = access;
    request.privileged = privileged;
    return translate(configuration, request, memory);
  }

  TestMemory memory;
  Configuration configuration;
  Request request;
  Stage1_64 s1;
  Stage2_64 s2;
};

}  // namespace

// -----------------------------------------------------------------------------------------------------------
// geometry

TEST_F(Stage2, ConcatenatedTablesAreIndexedWithTheExtraBits) {
  memory.put64(0x11000 + 8 * 3, 0x80000000 | BLOCK | AF | S2R | S2_WB);
  const Answer answer = walk((uint64_t{1} << 39) | (uint64_t{3} << 30) | 0x1234);
  EXPECT_EQ(translated(answer).address, 0x80001234u);
  EXPECT_EQ(answer.reads.at(0).address, 0x11018u);
  EXPECT_EQ(translated(answer).stage2->concatenated_tables, 2u);
  EXPECT_EQ(translated(answer).stage2->start_level, 1);
  s2.VTTBR = 0x13000;  // aligned to both tables
  EXPECT_EQ(walk(0).reads.at(0).address, 0x12000u);
}

TEST_F(Stage2, AnIpaBeyondTheInputSizeIsATranslationFaultAtLevel0) {
  const Fault fault = faulted(walk(uint64_t{1} << 40));
  EXPECT_EQ(fault.kind, FaultKind::translation);
  EXPECT_EQ(fault.stage, 2u);
  EXPECT_EQ(fault.level, 0);
  EXPECT_EQ(fault.ipa, uint64_t{1} << 40);
  EXPECT_FALSE(fault.by_configuration);
  EXPECT_FALSE(fault.s2fs1walk);
}

TEST(Stage2Start, FollowsSL0AndSL2ByGranule) {
  const System system;
  const Choices choices;
  struct Row {
    unsigned tg0, sl0;
    bool sl2, ds;
    unsigned t0sz;
    int level;  // 9: refused
    unsigned tables;
  };
  const Row rows[] = {
      {0, 0, false, false, 34, 2, 1},  {0, 1, false, false, 25, 1, 1}, {0, 1, false, false, 21, 1, 16},
      {0, 1, false, false, 20, 9, 0},  {0, 2, false, false, 16, 0, 1}, {0, 2, false, true, 12, 0, 16},
      {0, 2, false, false, 25, 9, 0},  {0, 3, false, false, 43, 3, 1}, {0, 3, false, false, 42, 3, 2},
      {0, 0, true, true, 12, -1, 1},   {0, 0, true, true, 16, 9, 0},   {0, 1, true, true, 12, 9, 0},
      {0, 0, true, false, 34, 2, 1},  // SL2 counts only with DS
      {2, 0, false, false, 39, 3, 1},  {2, 1, false, false, 28, 2, 1}, {2, 1, false, false, 24, 2, 16},
      {2, 2, false, false, 17, 1, 1},  {2, 2, false, false, 16, 1, 2}, {2, 3, false, true, 12, 0, 1},
      {2, 3, false, false, 16, 9, 0},  {1, 0, false, false, 35, 3, 1}, {1, 1, false, false, 22, 2, 1},
      {1, 1, false, false, 18, 2, 16}, {1, 2, false, false, 12, 1, 1}, {1, 3, false, false, 12, 9, 0},
  };
  for (const Row& row : rows) {
    Stage2_64 s2;
    s2.TG0 = row.tg0;
    s2.SL0 = row.sl0;
    s2.SL2 = row.sl2;
    s2.DS = row.ds;
    s2.T0SZ = row.t0sz;
    const std::optional<StartLevel> start = stage2_start(system, choices, s2);
    const int line = int(&row - rows);
    if (row.level == 9) {
      EXPECT_FALSE(start.has_value()) << "row " << line;
      continue;
    }
    ASSERT_TRUE(start.has_value()) << "row " << line;
    EXPECT_EQ(start->level, row.level) << "row " << line;
    EXPECT_EQ(start->tables, row.tables) << "row " << line;
  }
}

TEST_F(Stage2, AnInconsistentStartLevelIsATranslationFaultAtLevel0) {
  s2.SL0 = 2;
  s2.T0SZ = 25;
  EXPECT_EQ(faulted(walk(0)).level, 0);
  EXPECT_TRUE(faulted(walk(0)).by_configuration);
}

TEST_F(Stage2, AddressesBeyondPSAreAddressSizeFaults) {
  s2.PS = 0;
  block(0x1'00000000 | AF | S2R);
  EXPECT_EQ(faulted(walk(0)).kind, FaultKind::address_size);
  EXPECT_EQ(faulted(walk(0)).level, 1);
  memory.put64(0x10000, 0x1'00011000 | TABLE);
  EXPECT_EQ(faulted(walk(0)).kind, FaultKind::address_size);
  s2.VTTBR = 0x1'00010000;
  EXPECT_EQ(faulted(walk(0)).level, 0);
  EXPECT_TRUE(faulted(walk(0)).by_configuration);
}

TEST_F(Stage2, DSStartsAtLevelMinus1AndTakesShareabilityFromTheRegister) {
  s2.DS = true;
  s2.SL0 = 0;
  s2.SL2 = true;
  s2.T0SZ = 12;
  s2.SH0 = 2;
  memory.put64(0x10000 + 8 * 5, 0x11000 | TABLE | (uint64_t{1} << 8));  // address [50]
  memory.put64(0x4'0000'0001'1000, (uint64_t{3} << 48) | (uint64_t{3} << 8) | BLOCK | AF | S2R | S2_WB);
  request.input_shareability = Shareability::non_shareable;
  const Answer answer = walk((uint64_t{5} << 48) | 0x123);
  EXPECT_EQ(translated(answer).address, 0xF'0000'0000'0123u);
  EXPECT_EQ(translated(answer).shareability, Shareability::outer_shareable);
  EXPECT_EQ(translated(answer).stage2->start_level, -1);
  EXPECT_EQ(translated(answer).shift, 39u);
}

TEST_F(Stage2, Granule64KiBConcatenatesSixteenTables) {
  s2.TG0 = 1;
  s2.SL0 = 1;    // level 2
  s2.T0SZ = 18;  // 46 bits
  s2.VTTBR = 0x100000 | (0x1 << 2);
  const uint64_t table = 0x1'0000'0010'0000;
  memory.put64(table + 0xF0000 + 8 * 7, 0x8000'0000 | (0x2 << 12) | BLOCK | AF | S2R | S2_WB);
  const Answer answer = walk((uint64_t{15} << 42) | (uint64_t{7} << 29) | 0x123);
  EXPECT_EQ(translated(answer).address, 0x2'0000'8000'0123u);
  EXPECT_EQ(translated(answer).stage2->concatenated_tables, 16u);
}

TEST_F(Stage2, HardwareUpdatesOfStage2Alone) {
  s2.HA = s2.HD = true;
  block(S2R | DBM | S2_WB);
  EXPECT_EQ(walk(0, Access::atomic).updates.at(0).new_value, BLOCK | S2R | DBM | S2_WB | AF | S2W);
  block(DBM | S2_WB);
  const Answer answer = walk(0, Access::atomic);  // no read right: nothing is updated
  EXPECT_EQ(faulted(answer).kind, FaultKind::permission);
  EXPECT_FALSE(faulted(answer).write);
  EXPECT_TRUE(answer.updates.empty());
  EXPECT_EQ(walk(0, Access::write).updates.size(), 1u);
}

TEST_F(Stage2, AnAbortNamesTheLevelAndTheIpa) {
  memory.aborting.insert(0x10000);
  const Fault fault = faulted(walk(0x1234));
  EXPECT_EQ(fault.kind, FaultKind::external_abort);
  EXPECT_EQ(fault.stage, 2u);
  EXPECT_EQ(fault.level, 1);
  EXPECT_EQ(fault.ipa, 0x1234u);
}

// -------------------------------------------------------------------------------------------------------------
// rights

TEST_F(Stage2, S2APGrantsReadAndWriteApart) {
  block(AF | S2R | S2_WB);
  EXPECT_NE(walk(0, Access::read).translation(), nullptr);
  EXPECT_EQ(faulted(walk(0, Access::write)).kind, FaultKind::permission);
  EXPECT_EQ(faulted(walk(0, Access::atomic)).kind, FaultKind::permission);
  EXPECT_TRUE(faulted(walk(0, Access::atomic)).write);
  block(AF | S2W | S2_WB);
  EXPECT_NE(walk(0, Access::write).translation(), nullptr);
  EXPECT_FALSE(faulted(walk(0, Access::atomic)).write);
  EXPECT_NE(walk(0, Access::execute).translation(), nullptr);  // no read right is needed
}

TEST_F(Stage2, XNOneAndZeroTellTheLevelsApart) {
  struct Row {
    uint64_t xn;
    bool px, ux;
  };
  for (const Row& row :
       {Row{0, true, true}, Row{1, false, true}, Row{2, false, false}, Row{3, true, false}}) {
    block(AF | S2R | (row.xn << 53));
    s2.XNX = true;
    EXPECT_EQ(walk(0, Access::execute, true).fault() == nullptr, row.px);
    EXPECT_EQ(walk(0, Access::execute, false).fault() == nullptr, row.ux);
    s2.XNX = false;
    EXPECT_EQ(walk(0, Access::execute, true).fault() == nullptr, row.xn < 2);
    EXPECT_EQ(walk(0, Access::execute, false).fault() == nullptr, row.xn < 2);
  }
}

TEST_F(Stage2, AccessFlagAndAFFD) {
  block(S2R);
  EXPECT_EQ(faulted(walk(0, Access::write)).kind, FaultKind::access_flag);
  s2.AFFD = true;
  EXPECT_EQ(faulted(walk(0, Access::write)).kind, FaultKind::permission);
}

// ---------------------------------------------------------------------------------------------------------
// attributes

TEST_F(Stage2, TheInputAttributesAreCombinedWithTheDescriptors) {
  struct Row {
    uint8_t input;
    uint64_t mem_attr;
    uint8_t output;
  };
  const Row rows[] = {
      {0xFF, 0xF, 0xFF}, {0xEE, 0xF, 0xEE}, {0xFF, 0xA, 0xBB}, {0xFF, 0x5, 0x44}, {0xFF, 0x7, 0x4F},
      {0xBB, 0xF, 0xBB}, {0x44, 0xF, 0x44}, {0x77, 0xF, 0x77}, {0x77, 0xA, 0x33}, {0xFF, 0x0, 0x00},
      {0xFF, 0x3, 0x0C}, {0x04, 0xF, 0x04}, {0x0C, 0x1, 0x04}, {0x04, 0x2, 0x04}, {0x00, 0x3, 0x00},
  };
  for (const Row& row : rows) {
    request.input_attributes = row.input;
    block(AF | S2R | mem_attr(row.mem_attr));
    EXPECT_EQ(translated(walk(0)).attributes, row.output) << int(row.input) << " with " << row.mem_attr;
  }
}

TEST_F(Stage2, FwbOverridesTheInput) {
  s2.FWB = true;
  struct Row {
    uint8_t input;
    uint64_t mem_attr;
    uint8_t output;
  };
  const Row rows[] = {
      {0x44, 0x6, 0xFF}, {0x04, 0x6, 0xFF}, {0xBB, 0x6, 0xFF}, {0xAA, 0x6, 0xEE}, {0x04, 0x7, 0x04},
      {0xBB, 0x7, 0xBB}, {0xFF, 0x5, 0x44}, {0x08, 0x5, 0x08}, {0xFF, 0x1, 0x04}, {0x00, 0x3, 0x00},
      {0x0C, 0x2, 0x08}, {0x4F, 0x6, 0xFF}, {0x4A, 0x6, 0xFE},
  };
  for (const Row& row : rows) {
    request.input_attributes = row.input;
    block(AF | S2R | mem_attr(row.mem_attr));
    EXPECT_EQ(translated(walk(0)).attributes, row.output) << int(row.input) << " with " << row.mem_attr;
  }
}

TEST_F(Stage2, ShareabilityIsTheWiderOfBoth) {
  request.input_shareability = Shareability::non_shareable;
  block(AF | S2R | S2_WB);
  EXPECT_EQ(translated(walk(0)).shareability, Shareability::non_shareable);
  block(AF | S2R | S2_WB | SH_INNER);
  EXPECT_EQ(translated(walk(0)).shareability, Shareability::inner_shareable);
  request.input_shareability = Shareability::outer_shareable;
  EXPECT_EQ(translated(walk(0)).shareability, Shareability::outer_shareable);
  request.input_shareability = Shareability::non_shareable;
  block(AF | S2R | mem_attr(5));  // Non-cacheable
  EXPECT_EQ(translated(walk(0)).shareability, Shareability::outer_shareable);
}

// --------------------------------------------------------------------------------------------------------------
// nested

TEST_F(Nested, EveryStage1DescriptorIsTranslatedByStage2First) {
  const Answer answer = walk(0x1234);
  EXPECT_EQ(translated(answer).address, 0x1234u);
  ASSERT_EQ(answer.reads.size(), 3u);
  EXPECT_EQ(answer.reads[0].address, 0x10008u);
  EXPECT_EQ(answer.reads[0].stage, 2u);
  EXPECT_EQ(answer.reads[1].address, 0x80100000u);
  EXPECT_EQ(answer.reads[1].stage, 1u);
  EXPECT_EQ(answer.reads[2].address, 0x10000u);
}

TEST_F(Nested, TheSmallerPageBoundsTheTranslation) {
  memory.put64(0x10000, 0x12000 | TABLE);
  memory.put64(0x12000, 0x200000 | BLOCK | AF | S2R | S2_WB);
  EXPECT_EQ(translated(walk(0x1234)).shift, 21u);
  EXPECT_EQ(translated(walk(0x1234)).address, 0x201234u);
}

TEST_F(Nested, AStage2FaultOnTheWalkNamesTheDescriptorsIpa) {
  memory.put64(0x10008, 0);
  const Fault fault = faulted(walk(0x1234));
  EXPECT_EQ(fault.kind, FaultKind::translation);
  EXPECT_EQ(fault.stage, 2u);
  EXPECT_EQ(fault.level, 1);
  EXPECT_TRUE(fault.s2fs1walk);
  EXPECT_EQ(fault.ipa, 0x40100000u);
  EXPECT_EQ(fault.va, 0x1234u);
}

TEST_F(Nested, AStage2FaultOnTheOutputNamesItsIpa) {
  memory.put64(0x10000, 0);
  const Fault fault = faulted(walk(0x1234));
  EXPECT_FALSE(fault.s2fs1walk);
  EXPECT_EQ(fault.ipa, 0x1234u);
}

TEST_F(Nested, AStage1FaultComesBeforeTheStage2FaultOfTheOutput) {
  memory.put64(0x10000, 0);
  s1_leaf(AF | AP2);
  EXPECT_EQ(faulted(walk(0, Access::write)).stage, 1u);
}

TEST_F(Nested, AWalkNeedsReadPermissionAtStage2EvenForAWrite) {
  memory.put64(0x10008, 0x80000000 | BLOCK | AF | S2W | S2_WB);
  const Fault fault = faulted(walk(0, Access::write));
  EXPECT_EQ(fault.kind, FaultKind::permission);
  EXPECT_TRUE(fault.s2fs1walk);
}

TEST_F(Nested, PTWForbidsAWalkThroughDeviceMemory) {
  memory.put64(0x10008, 0x80000000 | BLOCK | AF | S2R | mem_attr(1));
  EXPECT_NE(walk(0).translation(), nullptr);
  s2.PTW = true;
  EXPECT_EQ(faulted(walk(0)).kind, FaultKind::permission);
  EXPECT_TRUE(faulted(walk(0)).s2fs1walk);
}

TEST_F(Nested, RightsAreThoseThatBothStagesGrant) {
  s1_leaf(AF | AP1 | PXN);
  memory.put64(0x10000, 0 | BLOCK | AF | S2R | S2_WB | (uint64_t{1} << 53));  // XN = 0b01: EL0 may execute
  const Permissions p = translated(walk(0)).permissions;
  EXPECT_TRUE(p.privileged.read && p.unprivileged.read);
  EXPECT_FALSE(p.privileged.write || p.unprivileged.write);
  EXPECT_FALSE(p.privileged.execute);
  EXPECT_TRUE(p.unprivileged.execute);
}

TEST_F(Nested, TheStage1UpdateNeedsStage2WritePermission) {
  s1.HA = true;
  s1_leaf(0);
  memory.put64(0x10008, 0x80000000 | BLOCK | AF | S2R | S2_WB);
  const Answer answer = walk(0);
  const Fault fault = faulted(answer);
  EXPECT_EQ(fault.kind, FaultKind::permission);
  EXPECT_EQ(fault.stage, 2u);
  EXPECT_TRUE(fault.s2fs1walk);
  EXPECT_EQ(fault.ipa, 0x40100000u);
  EXPECT_TRUE(answer.updates.empty());
  request.side_effects = false;
  EXPECT_NE(walk(0).translation(), nullptr);
}

TEST_F(Nested, UpdatesHappenInTheOrderOfTheWalk) {
  s1.HA = s1.HD = true;
  s2.HA = s2.HD = true;
  s1_leaf(DBM | AP2);
  memory.put64(0x10000, 0 | BLOCK | S2R | DBM | S2_WB);
  memory.put64(0x10008, 0x80000000 | BLOCK | S2R | DBM | S2_WB);
  const Answer answer = walk(0, Access::write);
  ASSERT_NE(answer.translation(), nullptr);
  ASSERT_EQ(answer.updates.size(), 4u);
  // The table's page is read: accessed. The descriptor is updated: first its page becomes dirty
  EXPECT_EQ(answer.updates[0].address, 0x10008u);
  EXPECT_EQ(answer.updates[0].new_value, 0x80000000 | BLOCK | S2R | DBM | S2_WB | AF);
  EXPECT_EQ(answer.updates[1].address, 0x10008u);
  EXPECT_EQ(answer.updates[1].new_value, 0x80000000 | BLOCK | S2R | DBM | S2_WB | AF | S2W);
  EXPECT_EQ(answer.updates[2].address, 0x80100000u);
  EXPECT_EQ(answer.updates[2].new_value, BLOCK | DBM | AF);
  EXPECT_EQ(answer.updates[3].address, 0x10000u);
  EXPECT_EQ(answer.updates[3].new_value, BLOCK | S2R | DBM | S2_WB | AF | S2W);
}

TEST_F(Nested, AReadUpdatesNoDirtyState) {
  s2.HA = s2.HD = true;
  memory.put64(0x10000, 0 | BLOCK | S2R | DBM | S2_WB);
  const Answer answer = walk(0);
  ASSERT_EQ(answer.updates.size(), 1u);
  EXPECT_EQ(answer.updates[0].new_value, BLOCK | S2R | DBM | S2_WB | AF);
  EXPECT_TRUE(translated(answer).stage2->writable_clean);
}

TEST_F(Nested, Stage1IsUpdatedEvenIfTheOutputFaultsAtStage2) {
  s1.HA = true;
  s1_leaf(0);
  memory.put64(0x10000, 0);
  const Answer answer = walk(0);
  EXPECT_EQ(faulted(answer).stage, 2u);
  EXPECT_EQ(answer.updates.size(), 1u);
}

TEST_F(Nested, Stage1DeviceStaysDeviceAndStage2NeverLoosens) {
  s1_leaf(AF | attr_index(2));
  EXPECT_EQ(translated(walk(0)).attributes, 0x04);
  EXPECT_EQ(translated(walk(0)).stage2->attributes, 0xFF);
  EXPECT_EQ(translated(walk(0)).shareability, Shareability::outer_shareable);
}

TEST_F(Nested, OnlyEL1HasAStage2) {
  s1.regime = Regime::el2_0;
  EXPECT_THROW(walk(0), std::invalid_argument);
}
