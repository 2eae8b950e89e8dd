// SPDX-License-Identifier: MIT
//
// ATS Translation Requests of the naive SMMU where both stages translate, Split-stage ATS among them.
#include "test_ats.h"

using namespace naive_smmuv3_test;

namespace {

class NaiveAtsNested : public NaiveAts {
 protected:
  NaiveAtsNested() { config(0b111); }
  void split() { ste[1] = (ste[1] & ~EATS_FULL) | EATS_SPLIT; }
};

}  // namespace

// ---- both stages

TEST_F(NaiveAtsNested, FullAtsAnswersThePhysicalAddress) {
  const TranslationCompletion completion = ask(0x77'7777, false);
  EXPECT_EQ(rights(completion), "RW");
  EXPECT_EQ(completion.address, 3 * GIB);
  stage2_page(AF | S2_READ | S2_WB);
  EXPECT_EQ(rights(ask(0, false)), "R");
  stage2_page(AF | S2_WRITE | S2_WB);
  EXPECT_EQ(rights(ask(0, false)), "W");
  stage2_page(AF | S2_WB);
  EXPECT_EQ(rights(ask(0, false)), "");
  EXPECT_EQ(events(), 0u);
}

TEST_F(NaiveAtsNested, SpanIsTheSmallerOne) {
  // Stage 2 by a table of 2 MiB blocks
  memory.put64(STAGE2 + 8, 0x70000 | 3);
  memory.put64(0x70000 + 8 * 5, block(3 * GIB + (4u << 20), AF | S2_READ | S2_WB));
  const TranslationCompletion completion = ask(0xB0'0000);
  EXPECT_EQ(completion.shift, 21u);
  EXPECT_EQ(completion.address, 3 * GIB + (4u << 20));
}

TEST_F(NaiveAtsNested, Stage2IsNotSeenWhereStage1GrantsNothing) {
  memory.aborting = {STAGE2 + 8};
  page(AF);
  EXPECT_EQ(rights(ask(0)), "");
  page(AF | READ_ONLY);  // execute-only, not asked for
  EXPECT_EQ(rights(ask(0)), "");
  page(AF | USER);
  expect(Status::completer_abort, 1, 0x40);
  EXPECT_EQ(only_event(), (Words{0x0B, 0x0000'0288'0000'0000, 0x40, STAGE2 + 8}));
}

TEST_F(NaiveAtsNested, Stage2FaultsOfCdAndTablesAreSuccessWithoutAccess) {
  memory.put64(STAGE2, block(0, S2_READ | S2_WRITE | S2_WB));  // F_ACCESS of the CD
  EXPECT_EQ(rights(ask(0)), "");
  memory.put64(STAGE2, block(0, AF | S2_WRITE | S2_WB));  // F_PERMISSION of the CD
  EXPECT_EQ(rights(ask(0)), "");
  memory.put64(STAGE2, block(0, AF | S2_READ | S2_WRITE | S2_WB));
  cd[1] = 2 * GIB;  // F_TRANSLATION of the table
  EXPECT_EQ(rights(ask(0)), "");
  EXPECT_EQ(events(), 0u);
  memory.aborting = {STAGE2};
  expect(Status::completer_abort, 1, 0x10);
  EXPECT_EQ(only_event(), (Words{0x0B, 0x0000'0088'0000'0000, 0x10, STAGE2}));
}

TEST_F(NaiveAtsNested, UpdateThatStage2RefusesIsSuccessWithoutAccess) {
  cd[0] |= one(43);
  page(USER);
  memory.put64(STAGE2, block(0, AF | S2_READ | S2_WB));
  EXPECT_EQ(rights(ask(0)), "");
  EXPECT_EQ(memory.get64(STAGE1), block(GIB, USER));
}

TEST_F(NaiveAtsNested, ReadOnlyStage1LeavesStage2Clean) {
  ste[2] |= one(55) | one(56);
  page(AF | USER | READ_ONLY);
  stage2_page(S2_READ | S2_WB | DBM);
  EXPECT_EQ(rights(ask(0, false)), "R");
  EXPECT_EQ(memory.get64(STAGE2 + 8), block(3 * GIB, AF | S2_READ | S2_WB | DBM));
  page(AF | USER);
  EXPECT_EQ(rights(ask(0)), "R");
  EXPECT_EQ(rights(ask(0, false)), "RW");
  EXPECT_EQ(memory.get64(STAGE2 + 8), block(3 * GIB, AF | S2_READ | S2_WRITE | S2_WB | DBM));
}

TEST_F(NaiveAtsNested, SkippedStage1IsStage2Alone) {
  ste[0] |= PASIDS;
  ste[1] |= 0b01;
  EXPECT_EQ(ask(GIB).address, 3 * GIB);
  EXPECT_EQ(rights(ask(GIB)), "RW");
  EXPECT_EQ(rights(ask(one(48))), "");
  config(0b110);
  ste[0] &= ~PASIDS;
  EXPECT_EQ(ask(GIB).address, 3 * GIB);
}

// ---- Split-stage ATS (13.6.3, 13.6.5)

TEST_F(NaiveAtsNested, SplitStageAnswersTheIpaWithTheRightsOfBoth) {
  split();
  const TranslationCompletion completion = ask(0x77'7777, false);
  EXPECT_EQ(rights(completion), "RW");
  EXPECT_EQ(completion.address, GIB);
  stage2_page(AF | S2_READ | S2_WB);
  EXPECT_EQ(rights(ask(0, false)), "R");
  stage2_page(0);
  EXPECT_EQ(rights(ask(0, false)), "");
  memory.put64(STAGE2 + 8, 0);
  EXPECT_EQ(rights(ask(0, false)), "");
}

TEST_F(NaiveAtsNested, SplitStageSeesStage2OnlyWhereStage1Grants) {
  split();
  memory.aborting = {STAGE2 + 8};
  page(AF);
  EXPECT_EQ(rights(ask(0)), "");
  page(AF | USER);
  expect(Status::completer_abort, 1, 0x40);
  EXPECT_EQ(only_event(), (Words{0x0B, 0x0000'0288'0000'0000, 0x40, STAGE2 + 8}));
}

TEST_F(NaiveAtsNested, SplitStageUpdateThatStage2RefusesIsSuccessWithoutAccess) {
  split();
  cd[0] |= one(43);
  page(USER);
  memory.put64(STAGE2, block(0, AF | S2_READ | S2_WB));
  EXPECT_EQ(rights(ask(0)), "");
}

TEST_F(NaiveAtsNested, SplitStageFlagsFollowWhatInstcfgMakesOfReads) {
  split();
  ste[1] |= 0b11ull << 50;
  ste[2] |= one(55) | one(56);
  choices.split_request_flags = Choices::SplitFlags::access;
  stage2_page(S2_WRITE | S2_WB);  // executable and writable, not readable
  EXPECT_EQ(rights(ask(0, false)), "RW");
  EXPECT_EQ(memory.get64(STAGE2 + 8), block(3 * GIB, AF | S2_WRITE | S2_WB));
}

TEST_F(NaiveAtsNested, SplitStageLeavesFlagsOfTheIpaByChoice) {
  split();
  ste[2] |= one(55) | one(56);
  cd[0] |= one(42) | one(43);
  page(USER | READ_ONLY | DBM);
  stage2_page(S2_READ | S2_WB | DBM);
  EXPECT_EQ(rights(ask(0, false)), "RW");
  EXPECT_EQ(memory.get64(STAGE1), block(GIB, AF | USER | DBM));
  EXPECT_EQ(memory.get64(STAGE2 + 8), block(3 * GIB, S2_READ | S2_WB | DBM));
  EXPECT_EQ(rights(ask(0)), "RW");  // clean at stage 2 alone
  choices.split_request_flags = Choices::SplitFlags::access;
  smmu.reset();
  EXPECT_EQ(rights(ask(0, false)), "RW");
  EXPECT_EQ(memory.get64(STAGE2 + 8), block(3 * GIB, AF | S2_READ | S2_WB | DBM));
  choices.split_request_flags = Choices::SplitFlags::access_and_dirty;
  smmu.reset();
  EXPECT_EQ(rights(ask(0)), "RW");
  EXPECT_EQ(memory.get64(STAGE2 + 8), block(3 * GIB, AF | S2_READ | S2_WB | DBM));
  EXPECT_EQ(rights(ask(0, false)), "RW");
  EXPECT_EQ(memory.get64(STAGE2 + 8), block(3 * GIB, AF | S2_READ | S2_WRITE | S2_WB | DBM));
}

TEST_F(NaiveAtsNested, SplitStageThatSkipsStage1IsAnIdentityMappingWithRightsOfStage2) {
  split();
  ste[0] |= PASIDS;
  ste[1] |= 0b01;
  stage2_page(AF | S2_READ | S2_WB);
  const TranslationCompletion completion = ask(GIB + 0x5555, false);
  EXPECT_EQ(rights(completion), "R");
  EXPECT_EQ(completion.address, GIB);
  EXPECT_EQ(completion.shift, 30u);
  EXPECT_EQ(rights(ask(2 * GIB)), "");
}
