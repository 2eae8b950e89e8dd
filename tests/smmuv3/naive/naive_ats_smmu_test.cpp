// SPDX-License-Identifier: MIT
//
// ATS Translation Requests of the naive SMMU.
#include "test_ats.h"

using namespace naive_smmuv3_test;

// ---- registers and the STE

TEST_F(NaiveAts, RegistersHaveTheFieldsOfTheFeature) {
  features.NS1ATS = true;
  smmu.emplace(features, memory, choices);
  EXPECT_EQ(smmu->read(0x00, 4), 0x080CF29Fu | one(10) | one(11) | one(23));
  smmu->write(0x2C, 4, 0xFFFFFFFF);
  EXPECT_EQ(smmu->read(0x2C, 4), 0b1011u);
  smmu->write(0x20, 4, 0xFFFFFFFF);
  EXPECT_EQ(smmu->read(0x24, 4), 0b11101u);
}

TEST_F(NaiveAts, WithoutItRecCfgAtsAndAtschkAreRes0) {
  features.ATSRECERR = features.ATS = false;
  smmu.emplace(features, memory, choices);
  smmu->write(0x2C, 4, 0xFFFFFFFF);
  EXPECT_EQ(smmu->read(0x2C, 4), 0b11u);
  smmu->write(0x20, 4, 0xFFFFFFFF);
  EXPECT_EQ(smmu->read(0x24, 4), 0b1101u);
  EXPECT_THROW(smmu->request_translation(treq), std::invalid_argument);
}

TEST_F(NaiveAts, FieldsThatDependOnAtsAreRefusedWithoutIt) {
  for (bool Features::*field : {&Features::ATSRECERR, &Features::NS1ATS, &Features::PRI, &Features::PPS}) {
    Features f;
    f.*field = true;
    EXPECT_THROW(f.validate(), std::invalid_argument);
  }
}

TEST_F(NaiveAts, EatsIsIgnoredWithoutAts) {
  features.ATSRECERR = features.ATS = false;
  ste[1] |= EATS_SPLIT;
  CR2 = 0b10;
  EXPECT_EQ(forwarded(0x10).address, GIB + 0x10);
}

TEST_F(NaiveAts, FullAtsAndStallAtStage2AreIllegal) {
  config(0b111);
  ste[2] |= one(57);
  expect(Status::completer_abort, 1);
  EXPECT_EQ(only_event(), (Words{0x04, 0, 0, 0}));
  config(0b101);  // no stage 2
  expect(Status::success, 1);
  ste[1] |= EATS_SPLIT;  // 0b11 is EATS 0b00 without DPT
  config(0b111);
  expect(Status::unsupported_request, 2);
}

TEST_F(NaiveAts, SplitStageNeedsBothStagesNoStallAndNoNs1ats) {
  ste[1] = (ste[1] & ~EATS_FULL) | EATS_SPLIT;
  for (const unsigned Config : {0b101u, 0b110u}) {
    config(Config);
    smmu.reset();
    expect(Status::completer_abort, 1);
  }
  config(0b111);
  ste[2] |= one(57);
  smmu.reset();
  expect(Status::completer_abort, 1);
  ste[2] &= ~one(57);
  smmu.reset();
  expect(Status::success, 0);
  features.NS1ATS = true;
  smmu.reset();
  expect(Status::completer_abort, 1);
  config(0b100);  // IGNORED
  smmu.reset();
  expect(Status::unsupported_request, 1);
  EXPECT_EQ(only_event()[0], 0x05u);
}

TEST_F(NaiveAts, StallWithoutStage2IsIllegalInV30ByChoice) {
  features.XNX = false;
  features.ArchMinorRev = 0;
  ste[2] |= one(57);
  expect(Status::success, 0);
  choices.eats_with_s2s_is_illegal_v30 = true;
  smmu.reset();
  expect(Status::completer_abort, 1);
}

// ---- requests that are refused

TEST_F(NaiveAts, DisabledItIsUnsupportedAndRecorded) {
  CR0 = 0b11100;
  CR2 = 0;
  expect(Status::unsupported_request, 1, 0x12345678);
  EXPECT_EQ(only_event(), (Words{0x05, 0x0000'1008'0000'0000, 0x12345000, 0}));
}

TEST_F(NaiveAts, BadRequestTellsWhatWasAskedFor) {
  ste[1] = 0b11ull << 50 | 0b10ull << 48;  // INSTCFG and PRIVCFG do not show
  with_pasid(true, true);
  treq.span = 3;
  treq.StreamID = request.StreamID = 2;
  ask(0xFFFF'8000'0000'0FFF, false);
  EXPECT_EQ(only_event(), (Words{0x0000'0002'0000'1805, 0x0000'300F'0000'0000, 0xFFFF'8000'0000'0000, 0}));
}

TEST_F(NaiveAts, WithoutAPasidThereIsNoPrivilegeAndNoExecution) {
  treq.Exe = treq.Priv = true;
  ste[1] &= ~EATS_FULL;
  ask(0, false);
  EXPECT_EQ(only_event()[1], 0x0000'100C'0000'0000u);
}

TEST_F(NaiveAts, EffectiveEatsOf0IsUnsupportedAndRecorded) {
  CR2 = 0;
  ste[1] &= ~EATS_FULL;
  expect(Status::unsupported_request, 1);
  ste[1] |= EATS_FULL | EATS_SPLIT;
  expect(Status::unsupported_request, 2);
  ste[1] &= ~EATS_FULL;
  config(0b111);
  CR0 = ATSCHK_0;
  expect(Status::unsupported_request, 3);
  config(0b100);
  ste[1] |= EATS_FULL;
  expect(Status::unsupported_request, 4);
  for (unsigned n = 0; n < 4; n++) EXPECT_EQ(event(n)[0], 0x05u);
}

TEST_F(NaiveAts, DisabledStreamIsUnsupportedInSilence) {
  for (unsigned Config = 0; Config < 4; Config++) {
    config(Config);
    expect(Status::unsupported_request, 0);
  }
}

TEST_F(NaiveAts, ServiceDoesNotDependOnAtschk) {
  CR0 = ATSCHK_0;
  EXPECT_EQ(rights(ask(0)), "RW");
}

// ---- configuration errors

TEST_F(NaiveAts, ConfigurationErrorsAreCompleterAborts) {
  treq.StreamID = request.StreamID = 16;
  expect(Status::completer_abort, 1);
  EXPECT_EQ(event(0), (Words{0x0000'0010'0000'0002, 0, 0, 0}));
  treq.StreamID = request.StreamID = 0;
  memory.aborting = {STREAM_TABLE};
  expect(Status::completer_abort, 2);
  EXPECT_EQ(event(1), (Words{0x03, 0, 0, STREAM_TABLE}));
  memory.aborting = {CDS};
  expect(Status::completer_abort, 3);
  EXPECT_EQ(event(2), (Words{0x09, 0, 0, CDS}));
  memory.aborting = {STAGE1};
  expect(Status::completer_abort, 4, 0x1234);
  EXPECT_EQ(event(3), (Words{0x0B, 0x0000'0108'0000'0000, 0x1234, STAGE1}));
  memory.aborting.clear();
  treq.SSV = true;
  treq.SubstreamID = 0x12345;
  expect(Status::completer_abort, 5);
  EXPECT_EQ(event(4), (Words{0x1234'5008, 0, 0, 0}));
  treq.SSV = false;
  ste[0] |= PASIDS;
  expect(Status::completer_abort, 6);
  EXPECT_EQ(event(5), (Words{0x06, 0, 0, 0}));
  ste[0] &= ~PASIDS;
  cd[0] &= ~one(31);
  expect(Status::completer_abort, 7);
  EXPECT_EQ(event(6), (Words{0x0A, 0, 0, 0}));
  ste[0] &= ~one(0);
  expect(Status::completer_abort, 8);
  EXPECT_EQ(event(7), (Words{0x04, 0, 0, 0}));
}

TEST_F(NaiveAts, ConfigurationErrorsAreRecordedOnlyWithRecCfgAts) {
  CR2 = 0b0010;
  treq.StreamID = request.StreamID = 16;
  expect(Status::completer_abort, 0);
  treq.StreamID = request.StreamID = 0;
  memory.aborting = {STAGE1};
  expect(Status::completer_abort, 0);
  memory.aborting = {CDS};
  expect(Status::completer_abort, 0);
  ste[0] &= ~one(0);
  memory.aborting.clear();
  expect(Status::completer_abort, 0);
}

TEST_F(NaiveAts, BadStreamIdIsRecordedWithRecinvsidToo) {
  CR2 = 0b1000;
  treq.StreamID = request.StreamID = 16;
  expect(Status::completer_abort, 0);
}

// ---- what is granted (13.7)

TEST_F(NaiveAts, GrantsWhatThePageAllows) {
  const TranslationCompletion completion = ask(0x123'4567, false);
  EXPECT_EQ(rights(completion), "RW");
  EXPECT_EQ(completion.address, GIB);
  EXPECT_EQ(completion.shift, 30u);
  page(AF | USER | READ_ONLY);
  EXPECT_EQ(rights(ask(0, false)), "R");
  EXPECT_EQ(events(), 0u);
}

TEST_F(NaiveAts, GrantsWriteWithNwByChoice) {
  EXPECT_EQ(rights(ask(0)), "RW");
  choices.grants_write_with_nw = false;
  smmu.reset();
  EXPECT_EQ(rights(ask(0)), "R");
  EXPECT_EQ(rights(ask(0, false)), "RW");
}

TEST_F(NaiveAts, GrantsExecutionIfItIsAskedForAndReadable) {
  EXPECT_EQ(rights(ask(0)), "RW");
  with_pasid(true, false);
  EXPECT_EQ(rights(ask(0, false)), "RWX");
  page(AF | USER | EXECUTE_NEVER);
  EXPECT_EQ(rights(ask(0, false)), "RW");
  page(AF | READ_ONLY);  // execute-only
  EXPECT_EQ(rights(ask(0, false)), "");
}

TEST_F(NaiveAts, PrivilegeIsThatOfTheRequestAndIsToldAgain) {
  page(AF);
  EXPECT_EQ(rights(ask(0, false)), "");
  with_pasid(false, true);
  EXPECT_EQ(rights(ask(0, false)), "RWP");
  with_pasid(true, true);
  EXPECT_EQ(rights(ask(0, false)), "RWXP");
  page(AF | USER);  // what is writable for EL0 is not executable for EL1
  EXPECT_EQ(rights(ask(0, false)), "RWP");
  cd[0] |= one(40);  // PAN
  EXPECT_EQ(rights(ask(0, false)), "P");
}

TEST_F(NaiveAts, PrivcfgChangesTheCheckAndNotTheCompletion) {
  page(AF);
  ste[1] |= 0b11ull << 48;
  EXPECT_EQ(rights(ask(0, false)), "RW");
  ste[1] &= ~one(48);
  with_pasid(false, true);
  EXPECT_EQ(rights(ask(0, false)), "P");
  features.ATTR_PERMS_OVR = false;
  smmu.reset();
  EXPECT_EQ(rights(ask(0, false)), "RWP");
}

TEST_F(NaiveAts, InstcfgInstructionMakesReadsOfExecution) {
  ste[1] |= 0b11ull << 50;
  page(AF | READ_ONLY);
  EXPECT_EQ(rights(ask(0, false)), "R");
  with_pasid(true, false);
  EXPECT_EQ(rights(ask(0, false)), "RX");
  page(AF | USER | EXECUTE_NEVER);
  EXPECT_EQ(rights(ask(0, false)), "W");
  features.ATTR_PERMS_OVR = false;
  smmu.reset();
  EXPECT_EQ(rights(ask(0, false)), "RW");
}

TEST_F(NaiveAts, InstcfgDataMakesExecutionOfReads) {
  ste[1] |= 0b10ull << 50;
  with_pasid(true, false);
  page(AF | USER | EXECUTE_NEVER);
  EXPECT_EQ(rights(ask(0, false)), "RWX");
  page(AF | READ_ONLY);
  EXPECT_EQ(rights(ask(0, false)), "");
}

TEST_F(NaiveAts, TranslationFaultsAreSuccessWithoutAccess) {
  EXPECT_EQ(rights(ask(GIB)), "");      // F_TRANSLATION
  EXPECT_EQ(rights(ask(one(39))), "");  // outside of T0SZ
  page(USER);
  EXPECT_EQ(rights(ask(0)), "");  // F_ACCESS
  cd[0] &= ~(uint64_t{7} << 32);  // IPS: 32 bits
  memory.put64(STAGE1, block(one(33), AF | USER));
  EXPECT_EQ(rights(ask(0)), "");  // F_ADDR_SIZE
  page(AF | USER);
  cd[2] = 0;
  EXPECT_EQ(rights(ask(0)), "RW");
  cd[0] |= one(44);  // S has no effect
  EXPECT_EQ(rights(ask(GIB)), "");
  EXPECT_TRUE(smmu->stalled().empty());
  EXPECT_EQ(events(), 0u);
}

TEST_F(NaiveAts, NoAccessIsOfTheSmallestGranule) {
  features.TTF = 2;
  features.GRAN4K = false;
  cd[0] |= uint64_t{0b10} << 6;  // TG0: 16 KiB
  const TranslationCompletion completion = ask(GIB);
  EXPECT_EQ(completion.status, Status::success);
  EXPECT_FALSE(completion.R || completion.W);
  EXPECT_EQ(completion.shift, 14u);
}

TEST_F(NaiveAts, SpanIsThatOfTheContiguousRegionByChoice) {
  page(AF | USER | one(52));
  EXPECT_EQ(ask(0).shift, 30u);
  choices.ats_size_is_contiguous = true;
  smmu.reset();
  const TranslationCompletion completion = ask(5 * GIB);
  EXPECT_EQ(completion.status, Status::success);
  for (unsigned n = 0; n < 16; n++) {
    memory.put64(STAGE1 + 8 * n, block(16 * GIB + n * GIB, AF | USER | one(52)));
  }
  EXPECT_EQ(ask(5 * GIB).shift, 34u);
  EXPECT_EQ(ask(5 * GIB).address, 16 * GIB);
}

TEST_F(NaiveAts, SpanStaysInTheRangeOfOneTable) {
  // VMSAv8-32: T0SZ 4 leaves the first 256 MiB to TTB0; TTB1 maps the rest, by blocks of 1 GiB
  cd[0] = 4 | one(31) | one(45) | one(46);
  cd[2] = STAGE1;
  EXPECT_EQ(ask(0x1234'5678).shift, 28u);
  EXPECT_EQ(ask(0x1234'5678).address, GIB + 0x1000'0000);
  EXPECT_EQ(ask(0x3456'789A).shift, 29u);
  EXPECT_EQ(ask(0x3456'789A).address, GIB + 0x2000'0000);
}

// ---- flags (3.13.7)

TEST_F(NaiveAts, RequestSetsTheAccessFlag) {
  cd[0] |= one(43);
  page(USER | READ_ONLY);
  EXPECT_EQ(rights(ask(0, false)), "R");
  EXPECT_EQ(memory.get64(STAGE1), block(GIB, AF | USER | READ_ONLY));
}

TEST_F(NaiveAts, RequestThatIsDeniedSetsNoAccessFlag) {
  cd[0] |= one(43);
  page(0);
  EXPECT_EQ(rights(ask(0, false)), "");
  EXPECT_EQ(memory.get64(STAGE1), block(GIB, 0));
}

TEST_F(NaiveAts, OnlyARequestToWriteMakesAPageDirty) {
  cd[0] |= one(42) | one(43);
  page(USER | READ_ONLY | DBM);
  EXPECT_EQ(rights(ask(0)), "R");
  EXPECT_EQ(memory.get64(STAGE1), block(GIB, AF | USER | READ_ONLY | DBM));
  EXPECT_EQ(rights(ask(0, false)), "RW");
  EXPECT_EQ(memory.get64(STAGE1), block(GIB, AF | USER | DBM));
  EXPECT_EQ(rights(ask(0)), "RW");
}

TEST_F(NaiveAts, WithAccessFlagUpdatesOnlyACleanPageIsNotWritable) {
  cd[0] |= one(43);
  page(USER | READ_ONLY | DBM);
  EXPECT_EQ(rights(ask(0, false)), "R");
}

// ---- S1DSS (13.6.4)

TEST_F(NaiveAts, SkippedStage1IsAnIdentityMapping) {
  ste[0] |= PASIDS;
  ste[1] |= 0b01;
  const TranslationCompletion completion = ask(0x1234'5678'9ABC);
  EXPECT_EQ(rights(completion), "RW");
  EXPECT_EQ(completion.address, 0x1234'5678'9000u);
  EXPECT_EQ(completion.shift, 12u);
  EXPECT_EQ(rights(ask(one(48))), "");
  choices.ats_bypass_shift = 64;
  smmu.reset();
  EXPECT_EQ(ask(0x1234'5678'9ABC).address, 0u);
  EXPECT_EQ(ask(0x1234'5678'9ABC).shift, 48u);
}

TEST_F(NaiveAts, S1dssMayChooseTheFirstCd) {
  ste[0] |= PASIDS;
  ste[1] |= 0b10;
  EXPECT_EQ(ask(0).address, GIB);
  treq.SSV = true;
  expect(Status::completer_abort, 1);
}
