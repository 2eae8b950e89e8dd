// SPDX-License-Identifier: MIT
//
// AArch32 long and short descriptors, and Mali's format.
#include "test_memory.h"

using namespace naive;
using namespace naive_test;

namespace {

class Short : public testing::Test {
 protected:
  Short() {
    s1.TTBR0 = 0x10000;
    s1.TTBR1 = 0x20000;
    s1.DACR = 0x55555555;  // all client
  }
  Answer walk(uint64_t va, Access access = Access::read, bool privileged = true) {
    configuration.stage1 = s1;
    request.address = va;
    request.access = access;
    request.privileged = privileged;
    return translate(configuration, request, memory);
  }
  TestMemory memory;
  Configuration configuration;
  Request request;
  Stage1_SD s1;
};

constexpr uint32_t SECTION = 2;
constexpr uint32_t SECTION_RW = 3 << 10;  // AP = 0b011
constexpr uint32_t PAGE_RW = 3 << 4;

class Long : public testing::Test {
 protected:
  Long() {
    s1.TTBR0 = 0x10000;
    s1.TTBR1 = 0x20000;
    s1.MAIR0 = 0x440400FF;
  }
  Answer walk(uint64_t va, Access access = Access::read, bool privileged = true) {
    configuration.stage1 = s1;
    request.address = va;
    request.access = access;
    request.privileged = privileged;
    return translate(configuration, request, memory);
  }
  TestMemory memory;
  Configuration configuration;
  Request request;
  Stage1_LD s1;
};

}  // namespace

// --------------------------------------------------------------------------------------------------- short
// descriptors

TEST_F(Short, ASectionMapsOneMegabyte) {
  memory.put32(0x10000 + 4 * 0x123, 0x80000000 | SECTION | SECTION_RW | (5 << 5));
  const Answer answer = walk(0x12345678);
  EXPECT_EQ(translated(answer).address, 0x80045678u);
  EXPECT_EQ(translated(answer).shift, 20u);
  EXPECT_EQ(translated(answer).domain, 5u);
  EXPECT_EQ(answer.reads.at(0).address, 0x1048Cu);
}

TEST_F(Short, ASupersectionHasFortyBitsAndDomain0) {
  memory.put32(0x10000 + 4 * 0x123, 0x81000000 | SECTION | SECTION_RW | (1 << 18) | (0xA << 20) | (0x7 << 5));
  const Answer answer = walk(0x12345678);
  EXPECT_EQ(translated(answer).address, 0x7A'81345678u);
  EXPECT_EQ(translated(answer).shift, 24u);
  EXPECT_EQ(translated(answer).domain, 0u);
}

TEST_F(Short, LargeAndSmallPagesAreFoundThroughATable) {
  memory.put32(0x10000 + 4 * 0x123, 0x30000 | 1 | (3 << 5));
  memory.put32(0x30000 + 4 * 0x45, 0x90005000 | 2 | PAGE_RW);
  EXPECT_EQ(translated(walk(0x12345678)).address, 0x90005678u);
  EXPECT_EQ(translated(walk(0x12345678)).domain, 3u);
  memory.put32(0x30000 + 4 * 0x45, 0x90000000 | 1 | PAGE_RW);
  EXPECT_EQ(translated(walk(0x12345678)).address, 0x90005678u);
  EXPECT_EQ(translated(walk(0x12345678)).shift, 16u);
  EXPECT_EQ(translated(walk(0x12345678)).stage1->leaf_level, 2);
}

TEST_F(Short, NSplitsTheAddressSpaceAndShortensTable0) {
  s1.N = 3;
  s1.TTBR0 = 0x10800;  // 2 KiB table
  memory.put32(0x10800 + 4 * 0x1FF, 0x80000000 | SECTION | SECTION_RW);
  memory.put32(0x20000 + 4 * 0x200, 0x90000000 | SECTION | SECTION_RW);
  EXPECT_EQ(translated(walk(0x1FF00000)).address, 0x80000000u);
  EXPECT_EQ(translated(walk(0x20000000)).address, 0x90000000u);
  s1.PD1 = true;
  EXPECT_EQ(faulted(walk(0x20000000)).level, 1);
  EXPECT_NE(walk(0x1FF00000).translation(), nullptr);
  s1.PD0 = true;
  EXPECT_EQ(faulted(walk(0x1FF00000)).kind, FaultKind::translation);
}

TEST_F(Short, FaultsComeInOrderTranslationAccessFlagDomainPermission) {
  s1.AFE = true;
  s1.DACR = 0;
  memory.put32(0x10000, 0x30000 | 1 | (3 << 5));
  Fault fault = faulted(walk(0, Access::write));
  EXPECT_EQ(fault.kind, FaultKind::translation);
  EXPECT_EQ(fault.level, 2);
  EXPECT_EQ(fault.domain, 3u);
  memory.put32(0x30000, 0x90000000 | 2 | (1 << 9));
  EXPECT_EQ(faulted(walk(0, Access::write)).kind, FaultKind::access_flag);
  memory.put32(0x30000, 0x90000000 | 2 | (1 << 9) | (1 << 4));
  EXPECT_EQ(faulted(walk(0, Access::write)).kind, FaultKind::domain);
  s1.DACR = 1 << 6;
  fault = faulted(walk(0, Access::write));
  EXPECT_EQ(fault.kind, FaultKind::permission);
  EXPECT_EQ(fault.level, 2);
  s1.DACR = 3 << 6;  // manager
  EXPECT_NE(walk(0, Access::write).translation(), nullptr);
  memory.put32(0x30000, 0x90000000 | 2 | (1 << 9));
  EXPECT_EQ(faulted(walk(0)).kind, FaultKind::access_flag);  // a manager's page too
}

TEST_F(Short, APOfThreeBits) {
  struct Row {
    uint32_t ap;
    bool pr, pw, ur, uw;
  };
  const Row rows[] = {{0, false, false, false, false}, {1, true, true, false, false},
                      {2, true, true, true, false},    {3, true, true, true, true},
                      {5, true, false, false, false},  {6, true, false, true, false},
                      {7, true, false, true, false}};
  for (const Row& row : rows) {
    memory.put32(0x10000, 0x80000000 | SECTION | ((row.ap & 3) << 10) | ((row.ap >> 2) << 15));
    EXPECT_EQ(walk(0, Access::read, true).fault() == nullptr, row.pr) << row.ap;
    EXPECT_EQ(walk(0, Access::write, true).fault() == nullptr, row.pw) << row.ap;
    EXPECT_EQ(walk(0, Access::read, false).fault() == nullptr, row.ur) << row.ap;
    EXPECT_EQ(walk(0, Access::write, false).fault() == nullptr, row.uw) << row.ap;
    EXPECT_EQ(walk(0, Access::execute, false).fault() == nullptr, row.ur) << row.ap;
  }
}

TEST_F(Short, ExecuteNeverBits) {
  memory.put32(0x10000, 0x80000000 | SECTION | SECTION_RW | 1);  // PXN
  EXPECT_EQ(walk(0, Access::execute, true).fault()->kind, FaultKind::permission);
  EXPECT_NE(walk(0, Access::execute, false).translation(), nullptr);
  memory.put32(0x10000, 0x80000000 | SECTION | SECTION_RW | (1 << 4));  // XN
  EXPECT_NE(walk(0, Access::execute, false).fault(), nullptr);
  memory.put32(0x10000, 0x80000000 | SECTION | SECTION_RW);
  s1.UWXN = true;
  EXPECT_NE(walk(0, Access::execute, true).fault(), nullptr);
  EXPECT_NE(walk(0, Access::execute, false).translation(), nullptr);
  s1.WXN = true;
  EXPECT_NE(walk(0, Access::execute, false).fault(), nullptr);
}

TEST_F(Short, TexCBWithoutRemap) {
  struct Row {
    uint32_t tex, cb;
    uint8_t attributes;
    Shareability sh;
  };
  const Row rows[] = {
      {0, 0, 0x00, Shareability::outer_shareable}, {0, 1, 0x04, Shareability::outer_shareable},
      {0, 2, 0xAA, Shareability::non_shareable},   {0, 3, 0xEE, Shareability::non_shareable},
      {1, 0, 0x44, Shareability::outer_shareable}, {1, 3, 0xFF, Shareability::non_shareable},
      {2, 0, 0x04, Shareability::outer_shareable}, {5, 2, 0xFA, Shareability::non_shareable},
      {7, 0, 0xE4, Shareability::non_shareable}};
  for (const Row& row : rows) {
    memory.put32(0x10000, 0x80000000 | SECTION | SECTION_RW | (row.tex << 12) | (row.cb << 2));
    EXPECT_EQ(translated(walk(0)).attributes, row.attributes) << row.tex << ":" << row.cb;
    EXPECT_EQ(translated(walk(0)).shareability, row.sh) << row.tex << ":" << row.cb;
  }
  memory.put32(0x10000, 0x80000000 | SECTION | SECTION_RW | (3 << 12));
  EXPECT_TRUE(translated(walk(0)).attributes_unpredictable);
}

TEST_F(Short, TexRemapReadsPrrrAndNmrr) {
  s1.TRE = true;
  s1.PRRR = (2 << 6) | (1 << 19) | (1u << 27);  // region 3 Normal, NS1, NOS3
  s1.NMRR = (3 << 6) | (1 << 22);  // inner write-back no allocate-on-write, outer write-back allocate
  memory.put32(0x10000, 0x80000000 | SECTION | SECTION_RW | (3 << 2) | (1 << 16));
  EXPECT_EQ(translated(walk(0)).attributes, 0xFE);
  EXPECT_EQ(translated(walk(0)).shareability, Shareability::inner_shareable);
  memory.put32(0x10000, 0x80000000 | SECTION | SECTION_RW | (3 << 2));  // S = 0: NS0 is 0
  EXPECT_EQ(translated(walk(0)).shareability, Shareability::non_shareable);
}

TEST_F(Short, BigEndianDescriptors) {
  s1.EE = true;
  memory.put32_big(0x10000, 0x80000000 | SECTION | SECTION_RW);
  EXPECT_EQ(translated(walk(0x123)).address, 0x80000123u);
}

TEST_F(Short, Stage2TranslatesItsTables) {
  Stage2_LD s2;
  s2.VTTBR = 0x40000;
  configuration.stage2 = s2;
  memory.put64(0x40000, 0 | BLOCK | AF | S2R | S2W | mem_attr(0xF));
  memory.put64(0x40010, 0xC0000000 | BLOCK | AF | S2R | mem_attr(0xF));  // IPA 0x80000000
  memory.put32(0x10000, 0x80000000 | SECTION | SECTION_RW);
  const Answer answer = walk(0x1234);
  EXPECT_EQ(translated(answer).address, 0xC0001234u);
  EXPECT_EQ(translated(answer).shift, 20u);
  EXPECT_EQ(faulted(walk(0x1234, Access::write)).ipa, 0x80001234u);
}

// ---------------------------------------------------------------------------------------------------- long
// descriptors

TEST_F(Long, FourGigabytesStartAtLevel1WithFourEntries) {
  s1.TTBR0 = 0x10020;
  memory.put64(0x10020 + 8 * 2, 0x40'80000000 | BLOCK | AF | AP1 | NG);
  const Answer answer = walk(0x80001234);
  EXPECT_EQ(translated(answer).address, 0x40'80001234u);
  EXPECT_TRUE(translated(answer).nG);
  EXPECT_EQ(answer.reads.at(0).address, 0x10030u);
  EXPECT_EQ(faulted(walk(0x1'00000000)).level, 1);
}

TEST_F(Long, T0SZAndT1SZSplitTheSpace) {
  s1.T0SZ = 2;  // 0 .. 0x3FFFFFFF, level 2
  s1.T1SZ = 3;  // 0xE0000000 .., level 2
  memory.put64(0x10000, 0x80000000 | BLOCK | AF);
  memory.put64(0x20000, 0x90000000 | BLOCK | AF);
  EXPECT_EQ(translated(walk(0x1234)).address, 0x80001234u);
  EXPECT_EQ(translated(walk(0xE0001234)).address, 0x90001234u);
  EXPECT_EQ(faulted(walk(0x40000000)).level, 1);
  EXPECT_TRUE(walk(0x40000000).reads.empty());
  s1.T1SZ = 0;  // everything that is not lower
  EXPECT_EQ(walk(0x40000000).reads.at(0).address, 0x20008u);
  s1.T0SZ = 0;
  s1.T1SZ = 2;  // 0xC0000000 ..
  EXPECT_EQ(walk(0xC0000000).reads.at(0).address, 0x20000u);
  EXPECT_EQ(walk(0x80000000).reads.at(0).address, 0x10010u);
  s1.EPD1 = true;
  EXPECT_EQ(faulted(walk(0xC0000000)).level, 1);
}

TEST_F(Long, OutputsHaveFortyBits) {
  memory.put64(0x10000, 0x100'80000000 | BLOCK);
  EXPECT_EQ(faulted(walk(0)).kind, FaultKind::address_size);
  EXPECT_EQ(faulted(walk(0)).level, 1);
  memory.put64(0x10000, 0x100'00011000 | TABLE);
  EXPECT_EQ(faulted(walk(0)).kind, FaultKind::address_size);
  s1.TTBR0 = 0x100'00010000;
  EXPECT_EQ(faulted(walk(0)).level, 0);
}

TEST_F(Long, ExecutionNeedsReadAndIsSubjectToWxnAndUwxn) {
  memory.put64(0x10000, 0x80000000 | BLOCK | AF | AP1);
  EXPECT_NE(walk(0, Access::execute, true).translation(), nullptr);  // unlike VMSAv8-64
  s1.UWXN = true;
  EXPECT_NE(walk(0, Access::execute, true).fault(), nullptr);
  EXPECT_NE(walk(0, Access::execute, false).translation(), nullptr);
  s1.WXN = true;
  EXPECT_NE(walk(0, Access::execute, false).fault(), nullptr);
  memory.put64(0x10000, 0x80000000 | BLOCK | AF);
  s1.WXN = s1.UWXN = false;
  EXPECT_NE(walk(0, Access::execute, false).fault(), nullptr);
}

TEST_F(Long, TableBitsAndHPD) {
  memory.put64(0x10000, 0x11000 | TABLE | (uint64_t{15} << 59));
  memory.put64(0x11000, 0x80000000 | BLOCK | AF | AP1);
  Permissions p = translated(walk(0, Access::none)).permissions;
  EXPECT_TRUE(p.privileged.read);
  EXPECT_FALSE(p.privileged.write || p.privileged.execute || p.unprivileged.read);
  s1.HPD0 = true;
  p = translated(walk(0, Access::none)).permissions;
  EXPECT_TRUE(p.privileged.write && p.privileged.execute && p.unprivileged.write);
}

TEST_F(Long, Stage2TakesSignedSizesAndTwoStartLevels) {
  Stage2_LD s2;
  s2.T0SZ = -8;
  s2.SL0 = 1;
  EXPECT_EQ(stage2_start(s2)->level, 1);
  EXPECT_EQ(stage2_start(s2)->tables, 2u);
  s2.T0SZ = 7;  // 25 bits
  s2.SL0 = 0;
  EXPECT_EQ(stage2_start(s2)->level, 2);
  s2.T0SZ = -2;  // 34 bits
  EXPECT_EQ(stage2_start(s2)->tables, 16u);
  s2.T0SZ = -3;
  EXPECT_FALSE(stage2_start(s2).has_value());
  s2.SL0 = 2;
  EXPECT_FALSE(stage2_start(s2).has_value());
}

TEST_F(Long, BothStagesOfLongDescriptors) {
  Stage2_LD s2;
  s2.VTTBR = 0x40000;
  configuration.stage2 = s2;
  memory.put64(0x40000, 0 | BLOCK | AF | S2R | mem_attr(0xA));
  memory.put64(0x10000, 0 | BLOCK | AF);
  EXPECT_EQ(translated(walk(0x1234)).attributes, 0xBB);
  EXPECT_EQ(faulted(walk(0x1234, Access::write)).stage, 2u);
  memory.put64(0x40000, 0 | BLOCK | AF | S2W | mem_attr(0xA));
  EXPECT_TRUE(faulted(walk(0x1234, Access::write)).s2fs1walk);
}

TEST_F(Long, Stage2ExecutionNeedsReadToo) {
  Stage2_LD s2;
  s2.VTTBR = 0x40000;
  configuration.stage2 = s2;
  configuration.stage1 = std::monostate{};
  request.access = Access::execute;
  memory.put64(0x40000, 0 | BLOCK | AF | S2R | mem_attr(0xF));
  EXPECT_NE(translate(configuration, request, memory).translation(), nullptr);
  memory.put64(0x40000, 0 | BLOCK | AF | S2W | mem_attr(0xF));
  EXPECT_EQ(faulted(translate(configuration, request, memory)).kind, FaultKind::permission);
  request.address = uint64_t{1} << 32;
  EXPECT_EQ(faulted(translate(configuration, request, memory)).level, 1);
}

TEST_F(Long, AnAArch32Stage1MayStandOnA64BitStage2ButNotTheOtherWayRound) {
  Stage2_64 s2;
  s2.VTTBR = 0x40000;
  configuration.stage2 = s2;
  memory.put64(0x40000, 0 | BLOCK | AF | S2R | mem_attr(0xF));
  memory.put64(0x10000, 0 | BLOCK | AF);
  EXPECT_EQ(translated(walk(0x1234)).address, 0x1234u);
  configuration.stage1 = Stage1_64{};
  configuration.stage2 = Stage2_LD{};
  EXPECT_THROW(translate(configuration, request, memory), std::invalid_argument);
}

// ----------------------------------------------------------------------------------------------------------------
// Mali

TEST(MaliFormat, LeavesAreType1AtEveryLevelAndBits6And7GrantAccess) {
  TestMemory memory;
  Configuration configuration;
  Request request;
  Mali mali;
  mali.TRANSTAB = 0x10000 | 7;
  mali.MEMATTR = 0x888D88;
  configuration.stage1 = mali;
  memory.put64(0x10000, 0x11000 | TABLE);
  memory.put64(0x11000, 0x12000 | TABLE);
  memory.put64(0x12000, 0x13000 | TABLE);
  memory.put64(0x13000, 0x12'34567000 | 1 | (1 << 6) | (1 << 2) | (2 << 8));
  request.address = 0xABC;
  const Answer answer = translate(configuration, request, memory);
  EXPECT_EQ(translated(answer).address, 0x12'34567ABCu);  // no access flag
  EXPECT_EQ(translated(answer).attributes, 0x8D);
  EXPECT_EQ(translated(answer).shareability, Shareability::outer_shareable);
  EXPECT_FALSE(translated(answer).permissions.privileged.write);
  request.access = Access::write;
  EXPECT_EQ(faulted(translate(configuration, request, memory)).kind, FaultKind::permission);
  memory.put64(0x13000, 0x12'34567000 | 1 | (1 << 7) | (uint64_t{1} << 54));
  EXPECT_NE(translate(configuration, request, memory).translation(), nullptr);
  request.access = Access::read;
  EXPECT_EQ(faulted(translate(configuration, request, memory)).kind, FaultKind::permission);
  request.access = Access::execute;
  EXPECT_EQ(faulted(translate(configuration, request, memory)).kind, FaultKind::permission);
  request.access = Access::write;
  memory.put64(0x13000, 0x12'34567000 | 3 | (3 << 6));
  EXPECT_EQ(faulted(translate(configuration, request, memory)).level, 3);
  memory.put64(0x12000, 0x12'00000000 | 1 | (3 << 6));
  EXPECT_EQ(translated(translate(configuration, request, memory)).shift, 21u);
  memory.put64(0x10000, 0x12'00000000 | 1 | (3 << 6));
  EXPECT_EQ(faulted(translate(configuration, request, memory)).level, 0);
}
