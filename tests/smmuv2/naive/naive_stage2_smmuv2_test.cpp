// SPDX-License-Identifier: MIT
//
// Stage 2 of the naive SMMUv2, alone and behind stage 1: IHI 0062 2.1.1, 3.5, 3.7.2, 17.3.
#include "test_smmu.h"

using namespace naive_smmuv2_test;

namespace {

class NaiveStage2V2 : public NaiveSmmuv2 {
 protected:
  /// Stream 5 goes to bank 3.
  void alone() {
    start();
    write(0xC00, 3);
  }
  /// Stage 1 maps 0..1 GiB to the IPA, stage 2 maps the tables to themselves.
  void nest_at(uint64_t ipa, uint64_t bits = AF | USER | INNER) {
    nest();
    memory.put64(STAGE1, block(ipa, bits));
  }
  uint64_t ipafar() { return read(cb(3, 0x70), 8); }
};

TEST_F(NaiveStage2V2, Stage2AloneTranslatesAndCombinesWithTheInput) {
  memory.put64(STAGE2, block(5 * GIB, AF | S2_READ | (uint64_t{0xA} << 2) | INNER));  // Write-Through
  alone();
  const Forwarded out = forwarded(0x1234);
  EXPECT_EQ(out.address, 5 * GIB + 0x1234);
  EXPECT_EQ(out.attributes, 0xBB);
  EXPECT_EQ(out.shareability, Shareability::inner_shareable);
}

TEST_F(NaiveStage2V2, Stage2HintsWinUnlessTheyAreZero) {
  memory.put64(STAGE2, block(5 * GIB, AF | S2_READ | S2_WB) | (uint64_t{0b1011} << 60));  // WA 10, RA 11
  alone();
  request.attributes = 0xEE;
  EXPECT_EQ(forwarded(0).attributes, 0xDD);
  request.attributes = 0x44;
  EXPECT_EQ(forwarded(0).attributes, 0x44);
}

TEST_F(NaiveStage2V2, ReservedMemAttrOfADescriptorIsDevice) {
  memory.put64(STAGE2, block(5 * GIB, AF | S2_READ | (uint64_t{0x8} << 2)));
  alone();
  EXPECT_EQ(forwarded(0).attributes, 0x00);
}

TEST_F(NaiveStage2V2, AFaultOfStage2AloneHasTheIPAInFARAndIPAFAR) {
  alone();
  EXPECT_EQ(access(2 * GIB + 0x10, AccessType::write).kind, Kind::aborted);
  expect_fault(3, 0x402, 0x111, 2 * GIB + 0x10);  // NSATTR, WNR, level 1
  EXPECT_EQ(ipafar(), 2 * GIB + 0x10);
  EXPECT_EQ(read(cbfrsynra(3)), 5u);
}

TEST_F(NaiveStage2V2, AnInputOutOfRangeIsATranslationFault) {
  alone();
  access(uint64_t{1} << 39);
  expect_fault(3, 0x402, 0x100, uint64_t{1} << 39);
  smmu.reset();
  choices.aarch64_stage2_range_fault_level = 1;  // 17.3.1
  alone();
  access(uint64_t{1} << 39);
  expect_fault(3, 0x402, 0x101, uint64_t{1} << 39);
}

TEST_F(NaiveStage2V2, AnInputAboveTheIPASizeIsATranslationFault) {
  parameters.IAS = 1;
  parameters.OAS = 2;
  alone();
  access(uint64_t{1} << 36);
  expect_fault(3, 0x402, 0x100, uint64_t{1} << 36);
}

TEST_F(NaiveStage2V2, AnOutputAboveTheOutputSizeIsAnAddressSizeFault) {
  parameters.OAS = 0;
  parameters.IAS = 2;
  memory.put64(STAGE2, block(5 * GIB, AF | S2_READ | S2_WB));
  alone();
  access(0);
  expect_fault(3, 0x480, 0x101, 0);
  write(cb(3, 0x58), ~0u);
  write(cb(3, 0), CFRE);  // M 0
  EXPECT_EQ(forwarded(0xFFFFFFFF).address, 0xFFFFFFFFu);
  access(uint64_t{1} << 32);
  expect_fault(3, 0x480, 0x100, uint64_t{1} << 32);
}

TEST_F(NaiveStage2V2, ADisabledStage2CombinesItsAttributes) {
  alone();
  write(cb(3, 0),
        (0xAu << 16) | (2u << 22) | (3u << 26));  // Write-Through, Inner Shareable, no Write-Allocate
  Forwarded out = forwarded(0x40);
  EXPECT_EQ(out.attributes, 0xAA);
  EXPECT_EQ(out.shareability, Shareability::inner_shareable);
  write(cb(3, 0), 0xFu << 16);
  out = forwarded(0x40);
  EXPECT_EQ(out.attributes, 0xFF);
  EXPECT_EQ(out.shareability, Shareability::non_shareable);
}

TEST_F(NaiveStage2V2, TwoStagesTranslateOneAfterTheOther) {
  nest();
  const Outcome outcome = access(0x1234);
  EXPECT_EQ(outcome.kind, Kind::forwarded);
  EXPECT_EQ(outcome.forwarded.address, 3 * GIB + 0x1234);
  // Stage 2 of the stage 1 table, the table, stage 2 of the output
  ASSERT_EQ(outcome.fetches.size(), 3u);
  EXPECT_EQ(outcome.fetches[0].address, STAGE2);
  EXPECT_EQ(outcome.fetches[1].address, STAGE1);
  EXPECT_EQ(outcome.fetches[1].stage, 1u);
  EXPECT_EQ(outcome.fetches[2].address, STAGE2 + 8);
}

TEST_F(NaiveStage2V2, AFaultOfStage2BehindStage1IsNested) {
  nest_at(2 * GIB);
  access(0x1234, AccessType::write);
  // S1CBNDX 4, NSATTR, WNR, NESTED, level 1
  expect_fault(3, 0x402, 0x00040115, 0x1234);
  EXPECT_EQ(ipafar(), 2 * GIB + 0x1234);
  EXPECT_EQ(read(cb(4, 0x58)), 0x400u);
}

TEST_F(NaiveStage2V2, AFaultOnAStage1TableHasS1PTWF) {
  nest();
  write(cb(4, 0x20), 2 * GIB + 0x10000, 8);
  access(0x1234);
  expect_fault(3, 0x402, 0x0004010D, 0x1234);
  EXPECT_EQ(ipafar(), 2 * GIB + 0x10000);
}

TEST_F(NaiveStage2V2, APermissionFaultOfStage2) {
  memory.put64(STAGE2 + 8, block(3 * GIB, AF | S2_READ | S2_WB));
  nest();
  EXPECT_EQ(access(0x40).kind, Kind::forwarded);
  access(0x40, AccessType::write);
  expect_fault(3, 0x408, 0x00040115, 0x40);
}

TEST_F(NaiveStage2V2, PTWForbidsStage1TablesInDeviceMemory) {
  memory.put64(STAGE2, block(0, AF | S2_READ | S2_WRITE | (uint64_t{1} << 2)));
  nest();
  EXPECT_EQ(access(0x40).kind, Kind::forwarded);
  write(cb(3, 0), SCTLR2 | (1u << 13));
  access(0x40);
  expect_fault(3, 0x408, 0x0004010D, 0x40);
  EXPECT_EQ(ipafar(), STAGE1);
}

TEST_F(NaiveStage2V2, AnExternalAbortUnderTwoStagesIsRecordedInStage2) {
  nest();
  memory.aborting.insert(STAGE1);
  access(0x40);
  expect_fault(3, 0x410, 0x0004050D, 0x40);
  EXPECT_EQ(ipafar(), STAGE1);
  EXPECT_EQ(read(cb(4, 0x58)), 0x400u);
}

TEST_F(NaiveStage2V2, AStage1FaultUnderTwoStagesIsRecordedInStage1) {
  nest();
  access(2 * GIB);
  expect_fault(4, 0x402, 0x1, 2 * GIB);
  EXPECT_EQ(read(cb(3, 0x58)), 0x400u);
}

TEST_F(NaiveStage2V2, AnIPAAboveTheIPASizeIsAStage1AddressSizeFault) {
  parameters.IAS = 1;
  parameters.OAS = 2;
  nest_at(uint64_t{1} << 36);
  access(0x40);
  expect_fault(4, 0x480, 0x1, 0x40);
}

TEST_F(NaiveStage2V2, EitherStageMayBeDisabled) {
  nest();
  write(cb(4, 0), CFRE);
  EXPECT_EQ(forwarded(GIB + 0x40).address, 3 * GIB + 0x40);
  write(cb(3, 0), 0xFu << 16);
  EXPECT_EQ(forwarded(GIB + 0x40).address, GIB + 0x40);
  write(cb(4, 0), SCTLR);
  EXPECT_EQ(forwarded(0x40).address, GIB + 0x40);
}

TEST_F(NaiveStage2V2, AStage1TableThatADisabledStage2DoesNotPassIsItsAddressSizeFault) {
  parameters.OAS = 1;
  parameters.IAS = 2;
  nest();
  write(cb(3, 0), CFRE);
  write(cb(4, 0x20), uint64_t{1} << 36, 8);
  access(0x40);
  expect_fault(3, 0x480, 0x0004010C, 0x40);
  EXPECT_EQ(ipafar(), uint64_t{1} << 36);
}

TEST_F(NaiveStage2V2, AnOldFaultInStage2KillsWhatWouldFaultInStage1) {
  nest_at(2 * GIB);
  access(0x40);
  EXPECT_EQ(access(2 * GIB).kind, Kind::aborted);
  EXPECT_EQ(read(cb(4, 0x58)), 0x400u);
  EXPECT_EQ(read(cb(3, 0x58)), 0x402u);
  write(cb(3, 0), M | HUPCF);
  EXPECT_EQ(access(2 * GIB).kind, Kind::aborted);
  EXPECT_EQ(read(cb(4, 0x58)), 0x402u);
}

TEST_F(NaiveStage2V2, HardwareUpdatesFlagsInStage2) {
  memory.put64(STAGE2 + 8, block(3 * GIB, S2_READ | S2_WB | naive_test::DBM));
  nest();
  write(cb(3, 0x30), 0x00653559);  // HD, HA
  EXPECT_EQ(access(0x40, AccessType::write).kind, Kind::forwarded);
  EXPECT_EQ(memory.get64(STAGE2 + 8), block(3 * GIB, AF | S2_READ | S2_WRITE | S2_WB | naive_test::DBM));
}

TEST_F(NaiveStage2V2, ExecuteNeverOfStage2IsOneBit) {
  memory.put64(STAGE2, block(0, AF | S2_READ | S2_WB | naive_test::PXN));
  alone();
  request.instruction = true;
  EXPECT_EQ(access(0x40).kind, Kind::forwarded);  // bit 53 is no right here
  memory.put64(STAGE2, block(0, AF | S2_READ | S2_WB | naive_test::UXN));
  access(0x40);
  expect_fault(3, 0x408, 0x141, 0x40);
}

// ---- AArch32

TEST_F(NaiveStage2V2, AnAArch32Stage2HasASignedSizeAndTwoStartLevels) {
  alone();
  write(cba2r(3), 0);
  write(cb(3, 0x30), 0x00000048);  // T0SZ -8: 40 bits, SL0 1: two concatenated tables
  memory.put64(STAGE2 + 8 * 600, block(7 * GIB, AF | S2_READ | S2_WB));
  EXPECT_EQ(forwarded(600 * GIB + 0x40).address, 7 * GIB + 0x40);
  access(2 * GIB);
  expect_fault(3, 0x202, 0x101, 2 * GIB);
  write(cb(3, 0x58), ~0u);
  access(uint64_t{1} << 40);
  expect_fault(3, 0x202, 0x101, uint64_t{1} << 40);
  write(cb(3, 0x58), ~0u);
  write(cb(3, 0), CFRE);
  access(uint64_t{1} << 40);  // M 0: above 40 bits is an output size fault
  expect_fault(3, 0x280, 0x101, uint64_t{1} << 40);
  write(cb(3, 0x58), ~0u);
  write(cb(3, 0), SCTLR2);
  write(cb(3, 0x30), 0x00000004);  // 28 bits, SL0 0: level 2
  memory.put64(STAGE2 + 8, block(0x800000, AF | S2_READ | S2_WB));
  EXPECT_EQ(forwarded(0x200040).address, 0x800040u);
  access(uint64_t{1} << 28);
  expect_fault(3, 0x202, 0x101, uint64_t{1} << 28);
}

}  // namespace
