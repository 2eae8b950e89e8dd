// SPDX-License-Identifier: MIT
//
// VMSAv8-64 stage 1, by hand-made tables: every expected address and right below was worked out on paper.
#include <gtest/gtest.h>

#include "test_memory.h"

using namespace naive;
using namespace naive_test;

namespace {

class Stage1 : public testing::Test {
 protected:
  Stage1() {
    s1.T0SZ = 25;  // 39 bits, 4 KiB: levels 1, 2, 3
    s1.T1SZ = 25;
    s1.TTBR0 = 0x10000;
    s1.TTBR1 = 0x20000;
    s1.MAIR = 0x00000000'440400FF;  // 0 write-back, 1 nGnRnE, 2 nGnRE, 3 Non-cacheable
  }

  Answer walk(uint64_t va, Access access = Access::read, bool privileged = true) {
    configuration.stage1 = s1;
    request.address = va;
    request.access = access;
    request.privileged = privileged;
    return translate(configuration, request, memory);
  }
  /// VA 0x40201000 -> 0x80005000 through tables at 0x10000, 0x11000, 0x12000
  void map_page(uint64_t leaf_bits) {
    memory.put64(0x10000 + 8 * 1, 0x11000 | TABLE);
    memory.put64(0x11000 + 8 * 1, 0x12000 | TABLE);
    memory.put64(0x12000 + 8 * 1, 0x80005000 | leaf_bits | PAGE);
  }

  TestMemory memory;
  Configuration configuration;
  Request request;
  Stage1_64 s1;
};

}  // namespace

TEST_F(Stage1, APageIsFoundThroughThreeLevels) {
  map_page(AF | SH_INNER | AP1);
  const Answer answer = walk(0x40201ABC);
  const Translation& t = translated(answer);
  EXPECT_EQ(t.address, 0x80005ABCu);
  EXPECT_EQ(t.shift, 12u);
  EXPECT_EQ(t.attributes, 0xFF);
  EXPECT_EQ(t.shareability, Shareability::inner_shareable);
  EXPECT_EQ(t.stage1->leaf_level, 3);
  ASSERT_EQ(answer.reads.size(), 3u);
  EXPECT_EQ(answer.reads[0].address, 0x10008u);
  EXPECT_EQ(answer.reads[1].address, 0x11008u);
  EXPECT_EQ(answer.reads[2].address, 0x12008u);
  EXPECT_EQ(answer.reads[2].level, 3);
}

TEST_F(Stage1, AZeroDescriptorIsATranslationFaultAtItsLevel) {
  EXPECT_EQ(faulted(walk(0)).level, 1);
  memory.put64(0x10000, 0x11000 | TABLE);
  EXPECT_EQ(faulted(walk(0)).level, 2);
  memory.put64(0x11000, 0x12000 | TABLE);
  EXPECT_EQ(faulted(walk(0)).level, 3);
  memory.put64(0x12000, 0x80000000 | AF | 1);  // 0b01 at level 3 is reserved
  EXPECT_EQ(faulted(walk(0)).level, 3);
  EXPECT_EQ(faulted(walk(0)).kind, FaultKind::translation);
}

TEST_F(Stage1, ABlockIsLegalAtLevels1And2ButNotAtLevel0) {
  memory.put64(0x10000, 0x4000000000 | AF | BLOCK);
  EXPECT_EQ(translated(walk(0x12345678)).address, 0x4012345678u);
  EXPECT_EQ(translated(walk(0x12345678)).shift, 30u);
  s1.T0SZ = 16;
  const Fault fault = faulted(walk(0x12345678));
  EXPECT_EQ(fault.kind, FaultKind::translation);
  EXPECT_EQ(fault.level, 0);
}

TEST_F(Stage1, BlockBitsBelowItsSizeAreIgnored) {
  memory.put64(0x10000, 0x11000 | TABLE);
  memory.put64(0x11000, 0x80000000 | 0x1FF000 | AF | BLOCK);
  EXPECT_EQ(translated(walk(0x12345)).address, 0x80012345u);
  EXPECT_EQ(translated(walk(0x12345)).shift, 21u);
}

TEST_F(Stage1, Bit55ChoosesTheTableAndTheBitsAboveTheInputSizeMustAgree) {
  memory.put64(0x20000 + 8 * 511, 0x4000000000 | AF | BLOCK);
  EXPECT_EQ(translated(walk(0xFFFFFFFF'C0000123)).address, 0x4000000123u);
  EXPECT_EQ(faulted(walk(0x00FFFFFF'C0000123)).level, 0);
  s1.TBI1 = true;
  EXPECT_EQ(translated(walk(0x00FFFFFF'C0000123)).address, 0x4000000123u);
  EXPECT_EQ(faulted(walk(0x00000080'00000000)).level, 0);
  EXPECT_EQ(faulted(walk(0xFF000000'00000000)).level, 0);
}

TEST_F(Stage1, TheEL2RegimeHasOneRangeAndNoUnprivilegedLevel) {
  s1.regime = Regime::el2;
  memory.put64(0x10000, 0x4000000000 | AF | BLOCK | AP2 | UXN | NG);
  EXPECT_EQ(faulted(walk(0xFFFFFFFF'C0000000)).kind, FaultKind::translation);
  const Answer answer = walk(0x1000, Access::read, false);
  const Translation& t = translated(answer);
  EXPECT_TRUE(t.permissions.unprivileged.read);
  EXPECT_FALSE(t.permissions.privileged.write);
  EXPECT_FALSE(t.permissions.privileged.execute);
  EXPECT_FALSE(t.nG);
  s1.EPD0 = true;  // ignored here
  s1.PAN = true;   // likewise
  EXPECT_NE(walk(0x1000).translation(), nullptr);
}

TEST_F(Stage1, EPDFaultsAtLevel0WithoutAnyRead) {
  s1.EPD0 = true;
  s1.TG0 = 3;  // reserved
  const Answer answer = walk(0);
  EXPECT_EQ(faulted(answer).level, 0);
  EXPECT_TRUE(answer.reads.empty());
  s1.EPD0 = false;
  EXPECT_THROW(walk(0), std::invalid_argument);
}

TEST_F(Stage1, E0PDFaultsUnprivilegedAccessesOnly) {
  map_page(AF | AP1);
  s1.E0PD0 = true;
  EXPECT_EQ(faulted(walk(0x40201000, Access::read, false)).kind, FaultKind::translation);
  EXPECT_EQ(faulted(walk(0x40201000, Access::read, false)).level, 0);
  EXPECT_NE(walk(0x40201000, Access::read, true).translation(), nullptr);
}

TEST_F(Stage1, APDecidesWhoMayReadAndWrite) {
  struct Row {
    uint64_t ap;
    bool pr, pw, ur, uw;
  };
  for (const Row& row : {Row{0, true, true, false, false}, Row{AP1, true, true, true, true},
                         Row{AP2, true, false, false, false}, Row{AP2 | AP1, true, false, true, false}}) {
    map_page(AF | row.ap);
    const Answer answer = walk(0x40201000, Access::none);
    const Permissions p = translated(answer).permissions;
    EXPECT_EQ(p.privileged.read, row.pr);
    EXPECT_EQ(p.privileged.write, row.pw);
    EXPECT_EQ(p.unprivileged.read, row.ur);
    EXPECT_EQ(p.unprivileged.write, row.uw);
    // Writable at EL0 is never executable at EL1
    EXPECT_EQ(p.privileged.execute, !row.uw);
    EXPECT_TRUE(p.unprivileged.execute);
    EXPECT_EQ(walk(0x40201000, Access::write, false).fault() == nullptr, row.uw);
    EXPECT_EQ(walk(0x40201000, Access::atomic, true).fault() == nullptr, row.pw);
  }
}

TEST_F(Stage1, TableBitsTakeRightsAwayUnlessHPDIsSet) {
  map_page(AF | AP1);
  memory.put64(0x10008, 0x11000 | TABLE | (uint64_t{1} << 61) | (uint64_t{1} << 59));  // APTable[0], PXNTable
  memory.put64(0x11008, 0x12000 | TABLE | (uint64_t{1} << 62) | (uint64_t{1} << 60));  // APTable[1], UXNTable
  Permissions p = translated(walk(0x40201000, Access::none)).permissions;
  EXPECT_TRUE(p.privileged.read);
  EXPECT_FALSE(p.privileged.write);
  EXPECT_FALSE(p.unprivileged.read);
  EXPECT_FALSE(p.privileged.execute);
  EXPECT_FALSE(p.unprivileged.execute);
  s1.HPD0 = true;
  p = translated(walk(0x40201000, Access::none)).permissions;
  EXPECT_TRUE(p.unprivileged.write);
  EXPECT_TRUE(p.unprivileged.execute);
}

TEST_F(Stage1, WXNTakesExecutionFromWhatIsWritable) {
  s1.WXN = true;
  map_page(AF);
  EXPECT_EQ(faulted(walk(0x40201000, Access::execute)).kind, FaultKind::permission);
  map_page(AF | AP2);
  EXPECT_NE(walk(0x40201000, Access::execute).translation(), nullptr);
}

TEST_F(Stage1, PANTakesPrivilegedDataAccessToWhatEL0MayRead) {
  s1.PAN = true;
  map_page(AF | AP2 | AP1);
  EXPECT_EQ(faulted(walk(0x40201000, Access::read)).kind, FaultKind::permission);
  EXPECT_NE(walk(0x40201000, Access::execute).translation(), nullptr);
  EXPECT_NE(walk(0x40201000, Access::read, false).translation(), nullptr);
  map_page(AF);
  EXPECT_NE(walk(0x40201000, Access::read).translation(), nullptr);
}

TEST_F(Stage1, AnAccessFlagOfZeroFaultsUnlessAFFD) {
  map_page(AP2);
  const Fault fault = faulted(walk(0x40201000, Access::write));
  EXPECT_EQ(fault.kind, FaultKind::access_flag);  // before the permission
  EXPECT_EQ(fault.level, 3);
  s1.AFFD = true;
  EXPECT_EQ(faulted(walk(0x40201000, Access::write)).kind, FaultKind::permission);
  EXPECT_NE(walk(0x40201000).translation(), nullptr);
}

TEST_F(Stage1, DeviceAndNonCacheableAreOuterShareable) {
  map_page(AF | attr_index(1) | SH_INNER);
  EXPECT_EQ(translated(walk(0x40201000)).attributes, 0x00);
  EXPECT_EQ(translated(walk(0x40201000)).shareability, Shareability::outer_shareable);
  map_page(AF | attr_index(3));
  EXPECT_EQ(translated(walk(0x40201000)).attributes, 0x44);
  EXPECT_EQ(translated(walk(0x40201000)).shareability, Shareability::outer_shareable);
}

TEST_F(Stage1, ReservedMairEncodingsBehaveAsTheSmmuSays) {
  map_page(AF);
  const std::pair<uint8_t, uint8_t> rows[] = {{0x01, 0x00}, {0x07, 0x04}, {0x0A, 0x08}, {0x0F, 0x0C},
                                              {0x40, 0x43}, {0xA0, 0xA3}, {0xF0, 0xF3}, {0x88, 0x88},
                                              {0xCC, 0xCC}, {0x35, 0x35}, {0x4F, 0x4F}, {0xF4, 0xF4}};
  for (const auto& [mair, expected] : rows) {
    s1.MAIR = mair;
    EXPECT_EQ(translated(walk(0x40201000)).attributes, expected) << int(mair);
  }
}

TEST_F(Stage1, OutputBeyondIPSIsAnAddressSizeFaultAtTheLevelOfTheDescriptor) {
  s1.IPS = 0;  // 32 bits
  map_page(AF);
  EXPECT_NE(walk(0x40201000).translation(), nullptr);
  memory.put64(0x12008, 0x1'80005000 | PAGE);  // AF clear: the size is checked first
  EXPECT_EQ(faulted(walk(0x40201000)).kind, FaultKind::address_size);
  EXPECT_EQ(faulted(walk(0x40201000)).level, 3);
  memory.put64(0x11008, 0x1'00012000 | TABLE);
  EXPECT_EQ(faulted(walk(0x40201000)).level, 2);
  s1.TTBR0 = 0x1'00010000;
  const Fault fault = faulted(walk(0x40201000));
  EXPECT_EQ(fault.kind, FaultKind::address_size);
  EXPECT_EQ(fault.level, 0);
  EXPECT_TRUE(fault.by_configuration);
}

TEST_F(Stage1, BigEndianTablesAreReadAndUpdatedAsSuch) {
  s1.EE = true;
  s1.HA = true;
  memory.put64_big(0x10000, 0x4000000000 | BLOCK);
  const Answer answer = walk(0x123);
  EXPECT_EQ(translated(answer).address, 0x4000000123u);
  EXPECT_EQ(memory.get64(0x10000), 0x0104000040000000u);  // 0x0000004000000401, bytes reversed
  ASSERT_EQ(answer.updates.size(), 1u);
  EXPECT_EQ(answer.updates[0].new_value, 0x4000000401u);
}

TEST_F(Stage1, AnAbortOfADescriptorReadIsAnExternalAbortAtItsLevel) {
  map_page(AF);
  memory.aborting.insert(0x11008);
  const Answer answer = walk(0x40201000);
  EXPECT_EQ(faulted(answer).kind, FaultKind::external_abort);
  EXPECT_EQ(faulted(answer).level, 2);
  EXPECT_TRUE(answer.reads.back().aborted);
}

TEST_F(Stage1, NSTableAndNSLeadOutOfTheSecureSpace) {
  s1.space = Space::secure;
  map_page(AF);
  Answer answer = walk(0x40201000);
  EXPECT_EQ(translated(answer).space, Space::secure);
  EXPECT_FALSE(translated(answer).nG);
  map_page(AF | (1 << 5));
  EXPECT_EQ(translated(walk(0x40201000)).space, Space::non_secure);
  map_page(AF);
  memory.put64(0x10008, 0x11000 | TABLE | (uint64_t{1} << 63));
  answer = walk(0x40201000);
  EXPECT_EQ(translated(answer).space, Space::non_secure);
  EXPECT_TRUE(translated(answer).nG);
  EXPECT_EQ(answer.reads[0].space, Space::secure);
  EXPECT_EQ(answer.reads[1].space, Space::non_secure);
  s1.NSCFG0 = true;
  EXPECT_EQ(walk(0x40201000).reads[0].space, Space::non_secure);
}

TEST_F(Stage1, TheContiguousBitTakesTheLowBitsFromTheInputIfSoChosen) {
  map_page(AF | CONTIGUOUS);  // the second of sixteen entries, naming page 5 of its group
  EXPECT_EQ(translated(walk(0x40201ABC)).address, 0x80001ABCu);
  EXPECT_TRUE(translated(walk(0x40201ABC)).stage1->contiguous);
  EXPECT_EQ(translated(walk(0x40201ABC)).stage1->contiguous_shift, 16u);
  configuration.choices.contiguous_extends_output = false;
  EXPECT_EQ(translated(walk(0x40201ABC)).address, 0x80005ABCu);
}

// ------------------------------------------------------------------------------------------------ granules
// and 52 bits

TEST_F(Stage1, Granule16KiBWith48BitsStartsAtLevel0WithTwoEntries) {
  s1.TG0 = 2;
  s1.T0SZ = 16;
  s1.IPS = 5;
  s1.TTBR0 = 0x10010;  // aligned to 16 bytes
  memory.put64(0x10018, 0x14000 | TABLE);
  memory.put64(0x14000, 0x18000 | TABLE);
  memory.put64(0x18000 + 8 * 1, 0x80000000 | AF | BLOCK);  // 32 MiB
  const Answer answer = walk((uint64_t{1} << 47) | 0x2000123);
  EXPECT_EQ(translated(answer).address, 0x80000123u);
  EXPECT_EQ(translated(answer).shift, 25u);
  EXPECT_EQ(answer.reads[0].address, 0x10018u);
  EXPECT_EQ(answer.reads[0].level, 0);
  memory.put64(0x14000, 0x80000000 | AF | BLOCK);  // level 1: only with DS
  EXPECT_EQ(faulted(walk(uint64_t{1} << 47)).level, 1);
}

TEST_F(Stage1, Granule64KiBKeepsAddressBits51To48InDescriptorBits15To12) {
  s1.TG0 = 1;
  s1.T0SZ = 12;  // 52 bits, level 1 with 1024 entries
  s1.TTBR0 = 0x20000 | (0x3 << 2);
  const uint64_t table = 0x3'0000'0002'0000;
  memory.put64(table + 8 * 1, 0x0000'0003'0000 | (0x5 << 12) | TABLE);
  memory.put64(0x5'0000'0003'0000, 0x0000'0004'0000 | TABLE);
  memory.put64(0x4'0000 + 8 * 2, 0x0000'8000'0000 | (0xF << 12) | AF | PAGE);
  const Answer answer = walk((uint64_t{1} << 42) | 0x2ABCD);
  EXPECT_EQ(translated(answer).address, 0xF'0000'8000'ABCDu);
  EXPECT_EQ(answer.reads[0].address, table + 8);
  s1.IPS = 5;  // TTBR bits [5:2] no longer count, the descriptor's do
  memory.put64(0x20008, 0x30000 | TABLE);
  memory.put64(0x30000, 0x40000 | TABLE);
  EXPECT_EQ(faulted(walk((uint64_t{1} << 42) | 0x2ABCD)).kind, FaultKind::address_size);
  EXPECT_EQ(faulted(walk((uint64_t{1} << 42) | 0x2ABCD)).level, 3);
}

TEST_F(Stage1, ALevel1BlockOf64KiBNeeds52BitPhysicalAddresses) {
  s1.TG0 = 1;
  s1.T0SZ = 16;
  memory.put64(0x10000, 0x0400'0000'0000 | AF | BLOCK | CONTIGUOUS);
  const Answer answer = walk(0x12345);
  EXPECT_EQ(translated(answer).address, 0x040000012345u);
  EXPECT_EQ(translated(answer).shift, 42u);
  EXPECT_FALSE(translated(answer).stage1->contiguous);
  configuration.system.PAMax = 48;
  EXPECT_EQ(faulted(walk(0x12345)).kind, FaultKind::translation);
}

TEST_F(Stage1, DSWith4KiBStartsAtLevelMinus1AndAllowsLevel0Blocks) {
  s1.DS = true;
  s1.T0SZ = 12;
  s1.SH0 = 3;
  s1.TTBR0 = 0x10000 | (0x2 << 2);
  const uint64_t table = 0x2'0000'0001'0000;
  memory.put64(table + 8 * 3,
               0x0003'0000'0001'1000 | (uint64_t{2} << 8) | TABLE);  // [51:50] = 2, [49:48] = 3
  memory.put64(0xB'0000'0001'1000, 0x0001'0000'0000'0000 | (uint64_t{3} << 8) | AF | BLOCK);
  const Answer answer = walk((uint64_t{3} << 48) | 0x12'3456'789A);
  EXPECT_EQ(translated(answer).address, 0xD'0012'3456'789Au);
  EXPECT_EQ(translated(answer).shift, 39u);
  EXPECT_EQ(translated(answer).shareability, Shareability::inner_shareable);
  EXPECT_EQ(translated(answer).stage1->start_level, -1);
  EXPECT_EQ(answer.reads[0].level, -1);
  EXPECT_EQ(answer.reads[1].address, 0xB'0000'0001'1000u);
}

TEST_F(Stage1, WithDSShareabilityComesFromTheRegister) {
  s1.DS = true;
  s1.SH0 = 3;
  memory.put64(0x10000, AF | BLOCK | (uint64_t{2} << 8));
  EXPECT_EQ(translated(walk(0)).shareability, Shareability::inner_shareable);
  EXPECT_EQ(translated(walk(0)).address, uint64_t{2} << 50);
  s1.SH0 = 1;  // reserved: Non-shareable
  EXPECT_EQ(translated(walk(0)).shareability, Shareability::non_shareable);
}

TEST_F(Stage1, ContiguousRegionsHaveTheSizeOfTheirGranuleAndLevel) {
  struct Row {
    unsigned tg0;
    int level;
    unsigned shift, contiguous_shift;
  };
  // 4 KiB: 16 entries at every level; 16 KiB: 128 pages, 32 blocks; 64 KiB: 32
  for (const Row& row : {Row{0, 3, 12, 16}, Row{0, 2, 21, 25}, Row{0, 1, 30, 34}, Row{2, 3, 14, 21},
                         Row{2, 2, 25, 30}, Row{1, 3, 16, 21}, Row{1, 2, 29, 34}}) {
    s1.TG0 = row.tg0;
    s1.T0SZ = 22;  // 42 bits: 4 KiB from level 0, 16 KiB from 1, 64 KiB from 2
    const int start = row.tg0 == 0 ? 0 : row.tg0 == 2 ? 1 : 2;
    uint64_t table = 0x100000;
    s1.TTBR0 = table;
    for (int level = start; level < row.level; level++) {
      memory.put64(table, (table + 0x100000) | TABLE);
      table += 0x100000;
    }
    memory.put64(table, AF | CONTIGUOUS | (row.level == 3 ? PAGE : BLOCK));
    const Answer answer = walk(0);
    EXPECT_EQ(translated(answer).stage1->start_level, start);
    EXPECT_EQ(translated(answer).shift, row.shift);
    EXPECT_EQ(translated(answer).stage1->contiguous_shift, row.contiguous_shift);
  }
}

TEST_F(Stage1, TheEL2AndEL0RegimeIsThatOfEL1WithoutAStage2) {
  s1.regime = Regime::el2_0;
  memory.put64(0x20000 + 8 * 511, 0x4000000000 | AF | BLOCK | AP1);
  EXPECT_EQ(translated(walk(0xFFFFFFFF'C0000123, Access::write, false)).address, 0x4000000123u);
  EXPECT_NE(walk(0xFFFFFFFF'C0000123, Access::execute, true).fault(), nullptr);
  s1.EPD1 = true;
  EXPECT_NE(walk(0xFFFFFFFF'C0000123).fault(), nullptr);
}

TEST_F(Stage1, DSWith16KiBAllowsLevel1Blocks) {
  s1.DS = true;
  s1.TG0 = 2;
  s1.T0SZ = 12;
  memory.put64(0x10000, 0x14000 | TABLE);
  memory.put64(0x14000, AF | BLOCK | (uint64_t{1} << 8));
  EXPECT_EQ(translated(walk(0x123)).address, 0x4'0000'0000'0123u);
  EXPECT_EQ(translated(walk(0x123)).shift, 36u);
}

TEST_F(Stage1, WithoutDSBits49To48AreNotLookedAt) {
  map_page(AF | (uint64_t{3} << 48));
  EXPECT_EQ(translated(walk(0x40201000)).address, 0x80005000u);
}

TEST_F(Stage1, SmallTablesReachDownTo16Bits) {
  s1.T0SZ = 48;
  s1.TTBR0 = 0x10080;  // 16 entries, aligned to 128 bytes
  memory.put64(0x10080 + 8 * 15, 0x80005000 | AF | PAGE);
  EXPECT_EQ(translated(walk(0xF123)).address, 0x80005123u);
  EXPECT_EQ(translated(walk(0xF123)).stage1->start_level, 3);
  configuration.system.TTST = false;
  EXPECT_TRUE(faulted(walk(0xF123)).by_configuration);
}

TEST_F(Stage1, TheTableBaseIsAlignedToTheTable) {
  s1.T0SZ = 16;
  s1.TTBR0 = 0x10FFF;
  EXPECT_EQ(walk(0).reads.at(0).address, 0x10000u);
  s1.T0SZ = 34;  // 30 bits: level 2, 512 entries
  EXPECT_EQ(walk(0).reads.at(0).address, 0x10000u);
  s1.T0SZ = 42;                                             // 22 bits: level 2, two entries of 2 MiB
  EXPECT_EQ(walk(0x200000).reads.at(0).address, 0x10FC8u);  // 52-bit output: 64 bytes at least
  s1.IPS = 5;
  EXPECT_EQ(walk(0x200000).reads.at(0).address, 0x10FF8u);
}

TEST_F(Stage1, TxSZBelowTheMinimumIsRefusedAtLevel0) {
  s1.DS = true;
  configuration.system.have_52bit_va = false;
  s1.T0SZ = 15;
  EXPECT_EQ(faulted(walk(0)).level, 0);
  EXPECT_TRUE(faulted(walk(0)).by_configuration);
}

// ------------------------------------------------------------------------------------------------------
// hardware update

TEST_F(Stage1, HASetsTheAccessFlag) {
  s1.HA = true;
  map_page(0);
  const Answer answer = walk(0x40201000);
  ASSERT_EQ(answer.updates.size(), 1u);
  EXPECT_EQ(answer.updates[0].address, 0x12008u);
  EXPECT_EQ(answer.updates[0].new_value, answer.updates[0].old_value | AF);
  EXPECT_EQ(memory.get64(0x12008), 0x80005000 | PAGE | AF);
  EXPECT_TRUE(walk(0x40201000).updates.empty());
}

TEST_F(Stage1, HDTurnsAWriteToACleanPageIntoAnUpdate) {
  s1.HA = s1.HD = true;
  map_page(DBM | AP2);
  Answer answer = walk(0x40201000, Access::read);
  EXPECT_EQ(memory.get64(0x12008), 0x80005000 | PAGE | AF | DBM | AP2);
  EXPECT_TRUE(translated(answer).permissions.privileged.write);
  EXPECT_TRUE(translated(answer).stage1->writable_clean);
  answer = walk(0x40201000, Access::write);
  EXPECT_EQ(memory.get64(0x12008), 0x80005000 | PAGE | AF | DBM);
  EXPECT_FALSE(translated(answer).stage1->writable_clean);
}

TEST_F(Stage1, HDWithoutHAOrWithoutDBMDoesNothing) {
  s1.HD = true;
  map_page(AF | DBM | AP2);
  EXPECT_EQ(faulted(walk(0x40201000, Access::write)).kind, FaultKind::permission);
  s1.HA = true;
  map_page(AF | AP2);
  EXPECT_EQ(faulted(walk(0x40201000, Access::write)).kind, FaultKind::permission);
}

TEST_F(Stage1, APTableKeepsACleanPageReadOnly) {
  s1.HA = s1.HD = true;
  map_page(AF | DBM | AP2);
  memory.put64(0x11008, 0x12000 | TABLE | (uint64_t{1} << 62));
  const Answer answer = walk(0x40201000, Access::write);
  EXPECT_EQ(faulted(answer).kind, FaultKind::permission);
  EXPECT_TRUE(answer.updates.empty());
}

TEST_F(Stage1, APermissionFaultUpdatesNothing) {
  s1.HA = s1.HD = true;
  map_page(DBM | AP2);
  const Answer answer = walk(0x40201000, Access::write, false);
  EXPECT_EQ(faulted(answer).kind, FaultKind::permission);
  EXPECT_TRUE(answer.updates.empty());
}

TEST_F(Stage1, NoUpdateWithoutSideEffectsOrForNoAccess) {
  s1.HA = s1.HD = true;
  map_page(DBM | AP2);
  EXPECT_TRUE(walk(0x40201000, Access::none).updates.empty());
  request.side_effects = false;
  const Answer answer = walk(0x40201000, Access::write);
  EXPECT_NE(answer.translation(), nullptr);
  EXPECT_TRUE(answer.updates.empty());
  EXPECT_EQ(memory.get64(0x12008), 0x80005000 | PAGE | DBM | AP2);
}

TEST_F(Stage1, ADescriptorChangedMeanwhileIsWalkedAgain) {
  s1.HA = true;
  map_page(0);
  memory.interfere = 0x90005000 | PAGE | AF;
  const Answer answer = walk(0x40201000);
  EXPECT_EQ(translated(answer).address, 0x90005000u);
  EXPECT_EQ(answer.reads.size(), 6u);
  ASSERT_EQ(answer.updates.size(), 1u);
  EXPECT_EQ(answer.updates[0].result, Swap::differs);
}

TEST_F(Stage1, MemoryWithoutAtomicsFaultsAtTheLevelOfTheLeaf) {
  s1.HA = true;
  map_page(0);
  memory.no_atomics = true;
  EXPECT_EQ(faulted(walk(0x40201000)).kind, FaultKind::unsupported_atomic);
  EXPECT_EQ(faulted(walk(0x40201000)).level, 3);
}
