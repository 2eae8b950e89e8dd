// SPDX-License-Identifier: MIT
//
// Stage 1 of the naive SMMUv2, AArch64, and its context faults: IHI 0062 1.6, 3.7, 16.5.
#include "test_smmu.h"

using namespace naive_smmuv2_test;

namespace {

class NaiveStage1V2 : public NaiveSmmuv2 {
 protected:
  static constexpr bool SECURE = true;
  static constexpr uint32_t AARCH64 = 0x400;  // FSR.Format
  /// Faults, and clears FSR again.
  void expect_faults(uint64_t address, uint32_t FSR, uint32_t FSYNR0, AccessType type = AccessType::read) {
    EXPECT_EQ(access(address, type).kind, Kind::aborted);
    expect_fault(4, FSR | AARCH64, FSYNR0, address);
    write(cb(4, 0x58), 0xFFFFFFFF);
  }
  void tcr2(uint32_t value) { write(cb(4, 0x10), value); }
};

TEST_F(NaiveStage1V2, ABlockTranslates) {
  const Forwarded out = forwarded(0x12345678);
  EXPECT_EQ(out.address, GIB + 0x12345678);
  EXPECT_EQ(out.attributes, 0xFF);
  EXPECT_EQ(out.shareability, Shareability::inner_shareable);
  EXPECT_TRUE(out.NS);
}

TEST_F(NaiveStage1V2, ATranslationFaultTellsLevelStreamAndAddress) {
  EXPECT_EQ(access(2 * GIB + 0x123).kind, Kind::aborted);
  expect_fault(4, 0x402, 0x1, 2 * GIB + 0x123);
  EXPECT_EQ(read(cbfrsynra(4)), 5u);
  EXPECT_TRUE(smmu->interrupts().context[4]);
  EXPECT_EQ(read(0x48), 0u);
}

TEST_F(NaiveStage1V2, AnInvalidPageIsATranslationFaultOfItsLevel) {
  memory.put64(STAGE1 + 8, 0x30000 | 3);
  memory.put64(0x30000, 0x31000 | 3);
  expect_faults(GIB + 0x200000, 0x2, 0x2);
  expect_faults(GIB, 0x2, 0x3);
}

TEST_F(NaiveStage1V2, RightsAccessFlagAndOutputSizeHaveFaultsOfTheirOwn) {
  memory.put64(STAGE1, block(GIB, AF | INNER));  // privileged only
  expect_faults(0x40, 0x8, 0x1);
  expect_faults(0x40, 0x8, 0x11, AccessType::write);  // WNR
  request.privileged = true;
  EXPECT_EQ(access(0x40).kind, Kind::forwarded);
  memory.put64(STAGE1, block(GIB, USER | INNER));
  expect_faults(0x40, 0x4, 0x21);  // PNU
  memory.put64(STAGE1, block(GIB, AF | USER | INNER) | (uint64_t{1} << 44));
  tcr2(0x00038004);  // PASize 44
  expect_faults(0x40, 0x80, 0x21);
}

TEST_F(NaiveStage1V2, AnAtomicTellsThePermissionThatIsMissing) {
  memory.put64(STAGE1, block(GIB, AF | USER | READ_ONLY));
  expect_faults(0, 0x8, 0x11, AccessType::atomic);
  memory.put64(STAGE1, block(GIB, AF));
  expect_faults(0, 0x8, 0x01, AccessType::atomic);
  expect_faults(2 * GIB, 0x2, 0x01, AccessType::atomic);
}

TEST_F(NaiveStage1V2, SyndromesHaveTheOverridesOfS2CR) {
  start();
  write(0xC00, 4 | (3u << 26) | (3u << 24));  // instruction, privileged
  expect_faults(2 * GIB, 0x2, 0x61);
  write(0xC00, 4 | (2u << 26) | (2u << 24));
  request.instruction = request.privileged = true;
  expect_faults(2 * GIB, 0x2, 0x01);
}

TEST_F(NaiveStage1V2, AnExternalAbortOfAWalkIsAnExternalFault) {
  memory.aborting.insert(STAGE1);
  expect_faults(0x40, 0x10, 0x401);  // PTWF
}

TEST_F(NaiveStage1V2, ADisabledWalkIsATranslationFaultOfLevel0) {
  start();
  expect_faults(0x1FFFFFFFFFFFF, 0x2, 0x0);  // EPD1
  write(cb(4, 0x30), 0x00803599);
  expect_faults(0x40, 0x2, 0x0);  // EPD0
}

TEST_F(NaiveStage1V2, AnAddressBetweenTheRangesIsATranslationFaultOfLevel0) {
  expect_faults(uint64_t{1} << 39, 0x2, 0x0);
  expect_faults(uint64_t{1} << 48, 0x2, 0x0);  // bit 48 alone: not all ones
}

TEST_F(NaiveStage1V2, SEP7ReplicatesTheTopBitOfA49BitBus) {
  start();
  write(cb(4, 0x28), 0x40000, 8);
  write(cb(4, 0x30), 0xB5193519);  // TG1 4 KiB, T1SZ 25, no EPD1
  memory.put64(0x40000 + 8 * 511, block(2 * GIB, AF | USER));
  EXPECT_EQ(forwarded(0x1FFFFC0000040).address, 2 * GIB + 0x40);
}

TEST_F(NaiveStage1V2, SEPTakesABitBelowTheTopAsTheSign) {
  start();
  write(cb(4, 0x28), 0x40000, 8);
  write(cb(4, 0x30), 0xB5193519);
  memory.put64(0x40000 + 8 * 511, block(2 * GIB, AF | USER));
  tcr2(0x00010005);  // SEP 2: bit 39
  EXPECT_EQ(forwarded(0x000000FFC0000040).address, 2 * GIB + 0x40);
  expect_faults(0x000001FFC0000040, 0x2, 0x0);  // bits above are not zero
}

TEST_F(NaiveStage1V2, ATableBaseAboveTheOutputSizeIsAnAddressSizeFaultOfLevel0) {
  start();
  tcr2(0x00038002);  // 40 bits
  write(cb(4, 0x20), uint64_t{1} << 40, 8);
  expect_faults(0x40, 0x80, 0x0);
}

TEST_F(NaiveStage1V2, ADisabledBankChecksTheOutputOnly) {
  parameters.IAS = parameters.OAS = 2;
  start();
  write(cb(4, 0), CFRE | CFIE);
  EXPECT_EQ(forwarded(0xFFFFFFFFFF).address, 0xFFFFFFFFFFu);
  expect_faults(uint64_t{1} << 40, 0x80, 0x0);
}

TEST_F(NaiveStage1V2, TopByteIgnoreIsForOperationsAlone) {
  parameters.UBS = 15;
  start();
  tcr2(0x00038025);
  expect_faults(0xAB00000000000040, 0x2, 0x0);
}

TEST_F(NaiveStage1V2, HardwareSetsAccessFlagAndDirtyState) {
  memory.put64(STAGE1, block(GIB, USER | READ_ONLY | INNER | naive_test::DBM));
  start();
  tcr2(0x00038C05);  // HD, HA
  EXPECT_EQ(access(0x40).kind, Kind::forwarded);
  EXPECT_EQ(memory.get64(STAGE1), block(GIB, AF | USER | READ_ONLY | INNER | naive_test::DBM));
  EXPECT_EQ(access(0x40, AccessType::write).kind, Kind::forwarded);
  EXPECT_EQ(memory.get64(STAGE1), block(GIB, AF | USER | INNER | naive_test::DBM));
}

TEST_F(NaiveStage1V2, AFFDTakesTheAccessFlagAsSet) {
  memory.put64(STAGE1, block(GIB, USER));
  SCTLR |= 1u << 3;
  EXPECT_EQ(access(0x40).kind, Kind::forwarded);
  EXPECT_EQ(memory.get64(STAGE1), block(GIB, USER));
}

TEST_F(NaiveStage1V2, WXNForbidsExecutionOfWhatCanBeWritten) {
  request.instruction = true;
  EXPECT_EQ(access(0x40).kind, Kind::forwarded);
  write(cb(4, 0), SCTLR | (1u << 9));
  expect_faults(0x40, 0x8, 0x41);
}

TEST_F(NaiveStage1V2, PrivilegedAccessNeverDeniesWhatUnprivilegedMayReach) {
  start();
  write(0xC00, 4 | (1u << 24));
  expect_faults(0x40, 0x8, 0x21);
  request.instruction = true;
  expect_faults(0x40, 0x8, 0x61);
  memory.put64(STAGE1, block(GIB, AF | naive_test::UXN));
  EXPECT_TRUE(forwarded(0x40).privileged);
  write(cbar(4), 0x0001F700);  // HYPC: like privileged
  memory.put64(STAGE1, block(GIB, AF | USER));
  EXPECT_EQ(access(0x40).kind, Kind::forwarded);
  smmu.reset();
  parameters.DIPANS = false;
  start();
  write(0xC00, 4 | (1u << 24));
  request.privileged = true;
  EXPECT_FALSE(forwarded(0x40).privileged);  // reserved: unprivileged
}

TEST_F(NaiveStage1V2, HierarchicalRightsCanBeDisabled) {
  memory.put64(STAGE1 + 8, 0x30000 | 3 | (uint64_t{1} << 61));  // APTable[0]: no unprivileged access
  memory.put64(0x30000, block(2 * GIB, AF | USER));
  expect_faults(GIB, 0x8, 0x2);
  tcr2(0x00038105);  // HAD0
  EXPECT_EQ(access(GIB).kind, Kind::forwarded);
}

TEST_F(NaiveStage1V2, GranulesThatAreReservedOrAbsentAreTakenAsOneThatIsThere) {
  parameters.PTFSv8_64KB = false;
  start();
  for (uint32_t TG0 : {1u, 3u}) {
    write(cb(4, 0x30), 0x00803519 | (TG0 << 14));
    EXPECT_EQ(read(cb(4, 0x30)) >> 14 & 3, TG0);
    EXPECT_EQ(forwarded(0x40).address, GIB + 0x40);
  }
}

TEST_F(NaiveStage1V2, The64KGranuleStartsAtLevel2) {
  start();
  write(cb(4, 0x30), 0x00807519);  // TG0 01, 39 bits: level 2, blocks of 512 MiB
  memory.put64(STAGE1 + 8, block(uint64_t{5} << 29, AF | USER));
  EXPECT_EQ(forwarded((uint64_t{1} << 29) + 0x40).address, (uint64_t{5} << 29) + 0x40);
  expect_faults(uint64_t{2} << 29, 0x2, 0x2);
}

TEST_F(NaiveStage1V2, BigEndianTablesAreRead) {
  memory.put64_big(STAGE1, block(3 * GIB, AF | USER));
  SCTLR |= 1u << 4;
  EXPECT_EQ(forwarded(0x40).address, 3 * GIB + 0x40);
}

TEST_F(NaiveStage1V2, AHypBankHasOneRangeAndLeavesPrivileged) {
  memory.put64(STAGE1, block(GIB, AF));
  start();
  write(cbar(4), 0x0001F700);
  const Forwarded out = forwarded(0x40);  // unprivileged, and AP[1] is 0
  EXPECT_TRUE(out.privileged);
  expect_faults(0x1FFFFFFFFFFFF, 0x2, 0x0);
  write(cb(4, 0x30), 0x00803599);  // EPD0 is obeyed
  expect_faults(0x40, 0x2, 0x0);
}

TEST_F(NaiveStage1V2, ASecureBankChoosesTheSpaceOfTablesAndOutput) {
  start();
  write(4, 0x04011004, 4, SECURE);  // SIF; groups 16 and up, banks 4 and up
  write(CR0, USFCFG | GFRE, 4, SECURE);
  stream(16, 5, 4, SECURE);
  request.secure = true;
  request.NS = false;
  Outcome outcome = access(0x40);
  EXPECT_EQ(outcome.kind, Kind::forwarded);
  EXPECT_FALSE(outcome.forwarded.NS);
  EXPECT_FALSE(outcome.fetches.at(0).NS);
  write(cb(4, 0x10), 0x0003C005, 4, SECURE);  // NSCFG0
  outcome = access(0x40);
  EXPECT_TRUE(outcome.forwarded.NS);
  EXPECT_TRUE(outcome.fetches.at(0).NS);
  request.instruction = true;
  request.NS = true;
  EXPECT_EQ(access(0x40).kind, Kind::aborted);
  EXPECT_EQ(read(cb(4, 0x58), 4, SECURE), 0x408u);
  EXPECT_EQ(read(cb(4, 0x68), 4, SECURE), 0x141u);  // NSATTR, IND, level 1
  EXPECT_EQ(read(cb(4, 0x58)), 0u);
}

TEST_F(NaiveStage1V2, AMonitorBankIgnoresPrivilege) {
  memory.put64(STAGE1, block(GIB, AF | (1u << 5)));  // NS
  start();
  write(4, 0x00011004, 4, SECURE);
  write(CR0, USFCFG | GFRE, 4, SECURE);
  stream(16, 5, 4, SECURE);
  write(cba2r(4), 3, 4, SECURE);
  request.secure = true;
  request.NS = false;
  const Forwarded out = forwarded(0x40);
  EXPECT_TRUE(out.privileged);
  EXPECT_TRUE(out.NS);
}

TEST_F(NaiveStage1V2, MULTIIsSetByASecondFaultUnderHUPCF) {
  start();
  access(2 * GIB);
  EXPECT_EQ(access(0x40).kind, Kind::aborted);  // killed behind the old fault
  EXPECT_EQ(access(2 * GIB).kind, Kind::aborted);
  EXPECT_EQ(read(cb(4, 0x58)), 0x402u);
  write(cb(4, 0), SCTLR | HUPCF);
  EXPECT_EQ(access(0x40).kind, Kind::forwarded);
  EXPECT_EQ(access(3 * GIB).kind, Kind::aborted);
  expect_fault(4, 0x80000402, 0x1, 2 * GIB);
}

TEST_F(NaiveStage1V2, AFaultIsReportedOnlyWithCFRE) {
  SCTLR = M;
  EXPECT_EQ(access(2 * GIB).kind, Kind::razwi);
  EXPECT_EQ(read(cb(4, 0x58)), 0x402u);
  EXPECT_FALSE(smmu->interrupts().context[4]);  // CFIE
  EXPECT_EQ(access(0x40).kind, Kind::razwi);
}

TEST_F(NaiveStage1V2, AnInterruptIndexOutOfRangeIsAGlobalFault) {
  parameters.NUMIRPT = 4;
  CBAR = 0x0301F300;
  start();
  access(2 * GIB);
  EXPECT_TRUE(smmu->interrupts().context[3]);
  EXPECT_EQ(read(0x48), 0u);
  write(cb(4, 0x58), ~0u);
  write(cbar(4), 0x0401F300);
  access(2 * GIB, AccessType::write);
  EXPECT_EQ(read(cb(4, 0x58)), 0x402u);
  expect_global_fault(0x10, 0x2, 5, 2 * GIB);
  EXPECT_EQ(smmu->interrupts().context, std::vector<bool>(4, false));
}

}  // namespace
