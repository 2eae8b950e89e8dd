// SPDX-License-Identifier: MIT
//
// Stage 2, both stages, and ATOS of the naive SMMU.
#include "test_smmu.h"

using namespace naive_smmuv3_test;

namespace {
class NaiveStage2 : public NaiveSmmu {
 protected:
  NaiveStage2() { config(0b110); }
};
class NaiveNested : public NaiveSmmu {
 protected:
  NaiveNested() { config(0b111); }
  /// Stage 2 of the first GiB, where CD and stage 1 tables lie
  void tables(uint64_t bits) { memory.put64(STAGE2, block(0, bits)); }
};
class NaiveAtos : public NaiveSmmu {
 protected:
  /// PAR of a lookup
  uint64_t lookup(uint64_t address, unsigned TYPE, uint64_t bits = one(8), uint64_t sid = 0) {
    put_structures();
    if (!smmu.has_value()) start();
    smmu->write(0x108, 8, sid);
    smmu->write(0x110, 8, address | (uint64_t{TYPE} << 10) | bits);
    smmu->write(0x100, 4, 1);
    EXPECT_EQ(smmu->read(0x100, 4), 0u);
    return smmu->read(0x118, 8);
  }
};
}  // namespace

TEST_F(NaiveStage2, TranslatesTheInputAsAnIpa) {
  request.attributes = 0xBB;
  const Forwarded out = forwarded(GIB + 0x40);
  EXPECT_EQ(out.address, 3 * GIB + 0x40);
  EXPECT_EQ(out.attributes, 0xBB);  // Write-Through with Write-Back is Write-Through
  EXPECT_EQ(out.shareability, Shareability::inner_shareable);
}

TEST_F(NaiveStage2, FaultTellsTheIpa) {
  expect_abort(2 * GIB + 0x5678);
  // S2 103, CLASS IN, RnW
  EXPECT_EQ(only_event(), (Words{0x10, 0x0000'0288'0000'0000, 0x8000'5678, 0x8000'5000}));
}

TEST_F(NaiveStage2, S2rSilencesAndTheEndIsAnAbort) {
  ste[2] &= ~one(58);
  expect_abort(2 * GIB);
  EXPECT_EQ(events(), 0u);
}

TEST_F(NaiveStage2, InputBeyondTheIasIsAnAddressSizeFaultOfStage1) {
  ste[2] &= ~one(58);  // S2R does not matter
  expect_abort(one(48));
  EXPECT_EQ(only_event(), (Words{0x11, 0x0000'0208'0000'0000, one(48), 0}));
}

TEST_F(NaiveStage2, AbortedWalk) {
  memory.aborting = {STAGE2 + 8};
  expect_abort(GIB);
  EXPECT_EQ(only_event(), (Words{0x0B, 0x0000'0288'0000'0000, 0x4000'0000, 0x60008}));
}

TEST_F(NaiveStage2, AtomicThatMayWriteButNotReadIsARead) {
  memory.put64(STAGE2 + 8, block(3 * GIB, AF | S2_WRITE | S2_WB));
  expect_abort(GIB, AccessType::atomic);
  EXPECT_EQ(only_event(), (Words{0x13, 0x0000'0288'0000'0000, 0x4000'0000, 0x4000'0000}));
  memory.put64(STAGE2 + 8, block(3 * GIB, AF | S2_WB));
  expect_abort(GIB, AccessType::atomic);
  EXPECT_EQ(event(1)[1], 0x0000'0280'0000'0000u);
}

TEST_F(NaiveStage2, ExecuteNeverByPrivilegeNeedsXnx) {
  memory.put64(STAGE2 + 8, block(3 * GIB, AF | S2_READ | S2_WB | one(53)));  // XN 0b01: EL0 only
  request.instruction = true;
  EXPECT_EQ(forwarded(GIB).address, 3 * GIB);
  request.privileged = true;
  expect_abort(GIB);
  features.XNX = false;
  features.ArchMinorRev = 1;
  smmu.reset();
  EXPECT_EQ(forwarded(GIB).address, 3 * GIB);
}

TEST_F(NaiveStage2, FwbForcesWriteBack) {
  ste[1] |= one(25);
  memory.put64(STAGE2 + 8, block(3 * GIB, AF | S2_READ | (uint64_t{0b0110} << 2)));
  request.attributes = 0x04;
  EXPECT_EQ(forwarded(GIB).attributes, 0xFF);
}

TEST_F(NaiveStage2, MtepermMakes0100WriteBack) {
  features.MTEPERM = true;
  memory.put64(STAGE2 + 8, block(3 * GIB, AF | S2_READ | (uint64_t{0b0100} << 2) | INNER));
  const Forwarded out = forwarded(GIB);
  EXPECT_EQ(out.attributes, 0xFF);
  EXPECT_EQ(out.shareability, Shareability::inner_shareable);
  EXPECT_FALSE(out.attributes_unpredictable);
}

TEST_F(NaiveStage2, Granule64KReaches52Bits) {
  features.OAS = 6;
  features.VAX = 1;
  // T0SZ 12, SL0 2 (level 1), TG 64 KiB, PS 52
  ste[2] = 1 | (uint64_t{12} << 32) | (uint64_t{2} << 38) | (uint64_t{1} << 46) | (uint64_t{6} << 48) |
           one(51) | one(58);
  memory.put64(STAGE2 + 8 * 512, (uint64_t{0xF} << 12) | AF | S2_READ | S2_WB | 1);
  EXPECT_EQ(forwarded(one(51) + 4).address, 0x000F'0000'0000'0004u);
}

TEST_F(NaiveStage2, AtomicRefusedAtStage2OnlyForReadingIsAReadWhateverStage1Says) {
  config(0b111);
  memory.put64(STAGE2 + 8, block(3 * GIB, AF | S2_WRITE | S2_WB));
  expect_abort(0, AccessType::atomic);
  EXPECT_EQ(only_event()[1], 0x0000'0288'0000'0000u);
}

TEST_F(NaiveStage2, LpaeOutputIsTruncatedToASmallerOas) {
  features.OAS = 0;                                                  // 32 bits
  ste[2] = 1 | (uint64_t{0} << 32) | (uint64_t{1} << 38) | one(58);  // T0SZ 0, SL0 1, not S2AA64
  memory.put64(STAGE2 + 8, block(GIB + one(36), AF | S2_READ | S2_WB));
  EXPECT_EQ(forwarded(GIB + 4).address, GIB + 4);
}

// ---- both stages

TEST_F(NaiveNested, TranslatesTwice) { EXPECT_EQ(forwarded(0x77).address, 3 * GIB + 0x77); }

TEST_F(NaiveNested, CdFaultIsOfClassCd) {
  tables(S2_READ | S2_WRITE | S2_WB);  // no AF
  expect_abort(0x10);
  EXPECT_EQ(only_event(), (Words{0x12, 0x0000'0088'0000'0000, 0x10, 0x40000}));
  memory.aborting = {STAGE2};
  expect_abort(0x10);
  EXPECT_EQ(event(1), (Words{0x0B, 0x0000'0088'0000'0000, 0x10, 0x60000}));
}

TEST_F(NaiveNested, AbortedCdFetchTellsThePhysicalAddress) {
  memory.put64(STAGE2, block(GIB, AF | S2_READ | S2_WB));
  memory.aborting = {GIB + CDS};
  expect_abort(0);
  EXPECT_EQ(only_event(), (Words{0x09, 0, 0, 0x4004'0000}));
}

TEST_F(NaiveNested, S2ptwRefusesTheCdInDeviceMemory) {
  tables(AF | S2_READ | S2_WRITE | S2_DEVICE);
  EXPECT_EQ(forwarded(0).address, 3 * GIB);
  ste[2] |= one(54);
  expect_abort(0, AccessType::write);
  EXPECT_EQ(only_event(), (Words{0x13, 0x0000'0080'0000'0000, 0, 0x40000}));
}

TEST_F(NaiveNested, CdFetchSetsAfButNoDirtyState) {
  ste[2] |= one(55) | one(56);
  tables(S2_READ | S2_WB | DBM);
  EXPECT_EQ(forwarded(0).address, 3 * GIB);
  EXPECT_EQ(memory.get64(STAGE2), block(0, AF | S2_READ | S2_WB | DBM));
}

TEST_F(NaiveNested, TableFaultIsOfClassTtAndSaysWhetherReadOrWritten) {
  // The table lies in a GiB of its own, which stage 2 does not map
  cd[1] = 2 * GIB;
  expect_abort(0x10);
  EXPECT_EQ(only_event(), (Words{0x10, 0x0000'0188'0000'0000, 0x10, 0x8000'0000}));
  // Now it does, for reading; AF is to be set
  cd[0] |= one(43);
  memory.put64(STAGE2 + 16, block(0, AF | S2_READ | S2_WB));
  memory.put64(0, block(GIB, USER));
  expect_abort(0x10);
  EXPECT_EQ(event(1), (Words{0x13, 0x0000'0188'0000'0000, 0x10, 0x8000'0000}));  // TTRnW 0
  memory.put64(STAGE2 + 16, block(0, AF | S2_WRITE | S2_WB));
  expect_abort(0x10, AccessType::write);
  EXPECT_EQ(event(2), (Words{0x13, 0x0000'1180'0000'0000, 0x10, 0x8000'0000}));  // TTRnW 1
}

TEST_F(NaiveNested, OutputFaultIsOfClassInAndTellsTheIpa) {
  memory.put64(STAGE2 + 8, 0);
  expect_abort(0x1234);
  EXPECT_EQ(only_event(), (Words{0x10, 0x0000'0288'0000'0000, 0x1234, 0x4000'1000}));
}

TEST_F(NaiveNested, Stage1PermissionComesBeforeStage2OfTheOutput) {
  memory.put64(STAGE2 + 8, 0);
  memory.put64(STAGE1, block(GIB, AF));
  expect_abort(0);
  EXPECT_EQ(only_event(), (Words{0x13, 0x0000'0208'0000'0000, 0, 0}));
}

TEST_F(NaiveNested, AbortedStage1DescriptorIsOfStage1) {
  memory.aborting = {STAGE1};
  expect_abort(0x8);
  EXPECT_EQ(only_event(), (Words{0x0B, 0x0000'0108'0000'0000, 0x8, 0x50000}));
}

TEST_F(NaiveNested, VmsaV8Of64BitsNeedsAStage2Of64Bits) {
  ste[2] = 1 | (uint64_t{1} << 38) | one(58);
  expect_abort(0);
  EXPECT_EQ(only_event()[0], 0x0Au);
}

TEST_F(NaiveNested, S1dssBypassStillGoesThroughStage2) {
  ste[0] |= uint64_t{3} << 59;
  ste[1] |= 0b01;
  EXPECT_EQ(forwarded(GIB).address, 3 * GIB);
}

// ---- ATOS

TEST_F(NaiveAtos, LooksUpEachStageAndBoth) {
  config(0b111);
  // 1 GiB: Size, and bit 29; attributes 0xFF; SH inner
  EXPECT_EQ(lookup(0x5000, 1), 0xFF00'0000'6000'0B00u);
  EXPECT_EQ(lookup(GIB + 0x5000, 2), 0xFF00'0000'E000'0B00u);
  EXPECT_EQ(lookup(0x5000, 3), 0xFF00'0000'E000'0B00u);
}

TEST_F(NaiveAtos, RefusesWhatCannotBeAsked) {
  config(0b101);
  EXPECT_EQ(lookup(0, 0), 0xFF1u);
  EXPECT_EQ(lookup(0, 2, one(8), one(52)), 0xFF1u);
  EXPECT_EQ(lookup(0, 2), 0xFE1u);
  EXPECT_EQ(lookup(0, 3), 0xFE1u);
  config(0b000);
  EXPECT_EQ(lookup(0, 1), 0xFE1u);
  features.S2P = features.Hyp = features.PTWNNC = false;
  smmu.reset();
  EXPECT_EQ(lookup(0, 2), 0xFF1u);
}

TEST_F(NaiveAtos, TellsConfigurationErrorsWithoutRecordingThem) {
  config(0b101);
  EXPECT_EQ(lookup(0, 1, one(8), 16), 0x021u);
  ste[0] &= ~uint64_t{1};
  EXPECT_EQ(lookup(0, 1), 0x041u);
  ste[0] |= 1;
  cd[0] &= ~one(31);
  EXPECT_EQ(lookup(0, 1), 0x0A1u);
  EXPECT_EQ(lookup(0, 1, one(8), one(52)), 0x081u);
  EXPECT_EQ(events(), 0u);
}

TEST_F(NaiveAtos, TellsFaultsByStageAndReason) {
  config(0b111);
  EXPECT_EQ(lookup(GIB, 3), 0x101u);      // stage 1
  EXPECT_EQ(lookup(2 * GIB, 2), 0x107u);  // stage 2 of the input: no address
  memory.put64(STAGE2 + 8, 0);
  EXPECT_EQ(lookup(0x3000, 3), 0x0000'0000'4000'3107u);  // stage 2 of the output
  cd[1] = 2 * GIB;
  EXPECT_EQ(lookup(0x3000, 3), 0x0000'0000'8000'0105u);  // stage 2 of the table
  EXPECT_EQ(lookup(0x3000, 1), 0x0B1u);                  // the same for a lookup of stage 1: F_WALK_EABT
  memory.put64(STAGE2, 0);
  EXPECT_EQ(lookup(0x3000, 3), 0x0000'0000'0004'0103u);  // stage 2 of the CD
  EXPECT_EQ(lookup(0x3000, 1), 0x091u);                  // F_CD_FETCH
}

TEST_F(NaiveAtos, StageOneOfANestedStreamDoesNotTranslateItsOutput) {
  config(0b111);
  memory.put64(STAGE2 + 8, 0);
  EXPECT_EQ(lookup(0x5000, 1), 0xFF00'0000'6000'0B00u);
}

TEST_F(NaiveAtos, InhibitsUpdatesOnRequest) {
  config(0b101);
  cd[0] |= one(43) | one(42);
  const uint64_t clean = block(GIB, USER | READ_ONLY | DBM | INNER);
  memory.put64(STAGE1, clean);
  EXPECT_EQ(lookup(0, 1, one(6)), 0xFF00'0000'6000'0B00u);  // a write, HTTUI
  EXPECT_EQ(memory.get64(STAGE1), clean);
  EXPECT_EQ(lookup(0, 1, 0), 0xFF00'0000'6000'0B00u);
  EXPECT_EQ(memory.get64(STAGE1), block(GIB, USER | AF | DBM | INNER));
}

TEST_F(NaiveAtos, OverridesDoNotCount) {
  config(0b101);
  ste[1] |= uint64_t{3} << 48;  // PRIVCFG: privileged
  memory.put64(STAGE1, block(GIB, AF));
  EXPECT_EQ(lookup(0, 1), 0x131u);
  EXPECT_EQ(lookup(0, 1, one(8) | one(9)) & 1, 0u);
}

TEST_F(NaiveAtos, IgnoresRunWhileDisabled) {
  start();
  smmu->write(0x20, 4, 0b1100);
  smmu->write(0x100, 4, 1);
  EXPECT_EQ(smmu->read(0x100, 4), 0u);
  EXPECT_EQ(smmu->read(0x118, 8), 0u);
}
