// SPDX-License-Identifier: MIT
//
// Address translation operations of the naive SMMUv2: IHI 0062 chapter 4, 9.6.20, 16.5.14.
#include "test_smmu.h"

using namespace naive_smmuv2_test;

namespace {

class NaiveOperationsV2 : public NaiveSmmuv2 {
 protected:
  static constexpr bool SECURE = true;
  enum Bank : unsigned { PR = 0x800, PW = 0x808, UR = 0x810, UW = 0x818 };
  enum Globally : unsigned { G1UR = 0x100, G1UW = 0x108, G1PR = 0x110, G12UR = 0x120, G12UW = 0x128 };
  static constexpr uint64_t ATOT = uint64_t{1} << 31;
  static constexpr uint64_t UCBF = uint64_t{1} << 30;
  static constexpr uint64_t ICF = uint64_t{1} << 29;
  static constexpr uint64_t STAGE = uint64_t{1} << 35;

  uint64_t PAR(unsigned operation, uint64_t address, unsigned bank = 4) {
    write(cb(bank, operation), address, 8);
    EXPECT_EQ(read(cb(bank, 0x8F0)), 0u);
    return read(cb(bank, 0x50), 8);
  }
  uint64_t GPAR(unsigned operation, uint64_t address, unsigned bank = 4) {
    write(operation, address | bank, 8);
    EXPECT_EQ(read(0x188), 0u);
    return read(0x180, 8);
  }
  static uint64_t level(uint64_t n) { return n << 32; }
};

TEST_F(NaiveOperationsV2, ASuccessGivesAddressTypeAndShareability) {
  start();
  // MATTR FF, PA, bit 11, SH 11
  EXPECT_EQ(PAR(UR, 0x12345678), 0xFF00000052345980u);
  EXPECT_EQ(GPAR(G1UR, 0x12345000), 0xFF00000052345980u);
}

TEST_F(NaiveOperationsV2, EachOperationHasRightsOfItsOwn) {
  start();
  memory.put64(STAGE1, block(GIB, AF | READ_ONLY | INNER));
  const uint64_t fault = 0x1 | 0x8 | 0x200 | level(1);
  EXPECT_EQ(PAR(PR, 0) & 1, 0u);
  EXPECT_EQ(PAR(PW, 0), fault);
  EXPECT_EQ(PAR(UR, 0), fault);
  EXPECT_EQ(PAR(UW, 0), fault);
  EXPECT_EQ(GPAR(G1PR, 0) & 1, 0u);
  EXPECT_EQ(GPAR(G1UW, 0), fault);
  EXPECT_EQ(read(cb(4, 0x58)), 0x400u);
}

TEST_F(NaiveOperationsV2, AFaultOfStage1StaysInPAR) {
  start();
  EXPECT_EQ(PAR(PR, 2 * GIB), 0x203 | level(1));
  write(cb(4, 0x5C), 2);  // an old fault does not stop operations
  EXPECT_EQ(PAR(PR, 0) & 1, 0u);
  EXPECT_EQ(read(cb(4, 0x58)), 0x402u);
}

TEST_F(NaiveOperationsV2, AWordToTheLowerHalfIsZeroExtendedAndOneToTheUpperIgnored) {
  start();
  write(cb(4, PR), 0x3000, 4);
  EXPECT_EQ(read(cb(4, 0x50), 8), 0xFF00000040003980u);
  write(cb(4, PR + 4), 0x1, 4);
  EXPECT_EQ(read(cb(4, 0x50), 8), 0xFF00000040003980u);
  EXPECT_EQ(read(cb(4, PR), 8), 0u);
}

TEST_F(NaiveOperationsV2, AnAddressThatTheBusCannotCarryIsATranslationFault) {
  start();
  EXPECT_EQ(PAR(PR, uint64_t{1} << 52), 0x203u);
  write(cb(4, 0x28), 0x40000, 8);
  write(cb(4, 0x30), 0xB5193519);  // T1SZ 25
  memory.put64(0x40000 + 8 * 511, block(2 * GIB, AF | INNER));
  EXPECT_EQ(PAR(PR, 0xFFFFFFFFC0001000), 0xFF00000080001980u);
  EXPECT_EQ(PAR(PR, 0x1FFFFC0001000), 0x203u);  // no sign extension
}

TEST_F(NaiveOperationsV2, TopByteIgnoreActsOnOperations) {
  parameters.UBS = 15;
  start();
  EXPECT_EQ(PAR(PR, 0xAB00000000001000), 0x203u);
  write(cb(4, 0x10), 0x00038025);
  EXPECT_EQ(PAR(PR, 0xAB00000000001000), 0xFF00000040001980u);
}

TEST_F(NaiveOperationsV2, TheShortFormatHasAnOlderResult) {
  memory.put32(STAGE1, 0x76510C0E);  // Write-Back, no Write-Allocate, S
  for (unsigned n = 16; n < 32; n++) memory.put32(STAGE1 + 4 * n, 0x61740CA6);  // supersection, Device
  start();
  write(cba2r(4), 0);
  write(cb(4, 0x30), 0);
  EXPECT_EQ(PAR(PR, 0x3000), 0x765030F0u);                      // SH, Inner 111, Outer 00, Outer Shareable
  EXPECT_EQ(PAR(PR, 0x01003000), 0x610000BEu | (0x57u << 16));  // SS, Inner Device, Outer 11
  EXPECT_EQ(PAR(PR, 0x00200000), 0x003u | level(1));
  EXPECT_EQ(PAR(PR, uint64_t{1} << 32), 0x003u | level(1));
}

TEST_F(NaiveOperationsV2, PARAndGPARDifferInTheCodesOfOuter) {
  memory.put32(STAGE1, 0x7650'1C0E);  // TEX 001, C, B: Write-Back, Write-Allocate
  start();
  write(cba2r(4), 0);
  write(cb(4, 0x30), 0);
  EXPECT_EQ(PAR(PR, 0), 0x76500458u);
  EXPECT_EQ(GPAR(G1PR, 0), 0x76500454u);
}

TEST_F(NaiveOperationsV2, Stage1GivesTheIPAAndBothStagesThePA) {
  nest();
  EXPECT_EQ(PAR(UR, 0x1000), 0xFF00000040001980u);
  EXPECT_EQ(GPAR(G1UR, 0x1000), 0xFF00000040001980u);
  EXPECT_EQ(GPAR(G12UR, 0x1000), 0xFF000000C0001980u);
  memory.put64(STAGE1, block(2 * GIB, AF | USER));  // not mapped by stage 2
  EXPECT_EQ(PAR(UR, 0x1000), 0xFF00000080001800u);
  EXPECT_EQ(GPAR(G12UR, 0x1000), 0x203 | level(1) | STAGE);
  EXPECT_EQ(read(cb(3, 0x58)), 0x400u);
}

TEST_F(NaiveOperationsV2, AStage2FaultOfABankOperationIsRecordedAndTerminatesIt) {
  nest();
  write(cb(4, 0x20), 2 * GIB, 8);
  EXPECT_EQ(PAR(PW, 0x1000), ATOT | 0x201);
  // S1CBNDX 4, ATOF, NSATTR, PNU, WNR, S1PTWF, NESTED, level 1
  expect_fault(3, 0x402, 0x0004033D, 0x1000);
  EXPECT_EQ(read(cb(3, 0x70), 8), 2 * GIB);
  write(cb(4, 0x20), STAGE1, 8);
  EXPECT_EQ(PAR(PW, 0x1000), ATOT | 0x201);  // killed behind the old fault
  write(cb(3, 0), SCTLR2 | HUPCF);
  EXPECT_EQ(PAR(PW, 0x1000) & 1, 0u);
  write(cb(4, 0x20), 2 * GIB, 8);
  EXPECT_EQ(PAR(PW, 0x1000), ATOT | 0x201);
  EXPECT_EQ(read(cb(3, 0x58)), 0x80000402u);
}

TEST_F(NaiveOperationsV2, AStage2StallKeepsTheOperationActive) {
  SCTLR2 = M | CFCFG;
  nest();
  write(cb(4, 0x20), 2 * GIB, 8);
  write(cb(4, PR), 0x1000, 8);
  EXPECT_EQ(read(cb(4, 0x8F0)), 1u);
  EXPECT_TRUE(smmu->waiting().at(0).operation);
  memory.put64(STAGE2 + 16, block(0, AF | S2_READ | S2_WB));
  memory.put64(0, block(7 * GIB, AF | INNER));
  write(cb(3, 0x58), ~0u);
  write(cb(3, 0x08), 0);
  EXPECT_EQ(read(cb(4, 0x8F0)), 0u);
  EXPECT_EQ(read(cb(4, 0x50), 8), 0xFF000001C0001980u);
  EXPECT_TRUE(smmu->take_finished().empty());
  memory.put64(STAGE2 + 16, 0);
  write(cb(4, PR), 0x1000, 8);
  write(cb(3, 0x08), 1);
  EXPECT_EQ(read(cb(4, 0x8F0)), 0u);
  EXPECT_EQ(read(cb(4, 0x50), 8), ATOT | 0x201);
}

TEST_F(NaiveOperationsV2, AMisconfiguredSecondBankIsAGlobalFaultOfAnOperation) {
  nest();
  write(cbar(3), 0x00010000);
  EXPECT_EQ(PAR(PR, 0x1000), ATOT | 0x201);
  expect_global_fault(0x1, 0x41, 0, 0);  // ATS, Nested
  write(cbar(4), 0x00031000);
  EXPECT_EQ(PAR(PR, 0x1000), ATOT | 0x201);
  EXPECT_EQ(read(0x48), 0x80000001u);
  write(cbar(4), 0x00020000);
  EXPECT_EQ(PAR(PR, 0x1000), ICF | 0x201);
}

TEST_F(NaiveOperationsV2, GlobalOperationsTellABadIndexInGPAR) {
  start();
  EXPECT_EQ(GPAR(G1UR, 0x1000, 16), UCBF | 1);
  EXPECT_EQ(GPAR(G1UR, 0x1000, 3), UCBF | 1);  // a stage 2 bank
  write(cbar(4), 0x00020000);
  EXPECT_EQ(GPAR(G1UR, 0x1000), ICF | 0x201);
  write(cbar(4), 0x00031000);
  EXPECT_EQ(GPAR(G12UR, 0x1000), UCBF | STAGE | 1);
  EXPECT_EQ(read(0x48), 0u);
}

TEST_F(NaiveOperationsV2, ASecureRegisterMayNameEitherStatesBanks) {
  start();
  write(4, 0x00011004, 4, SECURE);
  EXPECT_EQ(GPAR(G1UR, 0x1000), UCBF | 1);
  write(G1UR, 0x1000 | 4, 8, SECURE);
  EXPECT_EQ(read(0x180, 8, SECURE), 0xFF00000040001980u);
  write(cb(4, 0x10), 0x0003C005, 4, SECURE);  // NSCFG0: a Non-secure table
  write(G1UR, 0x1000 | 4, 8, SECURE);
  EXPECT_EQ(read(0x180, 8, SECURE), 0xFF00000040001B80u);
  EXPECT_EQ(read(0x580, 8, SECURE), UCBF | 1);
}

TEST_F(NaiveOperationsV2, AFaultingBankDoesNotHoldGlobalOperations) {
  SCTLR = M | CFCFG;
  start();
  EXPECT_EQ(access(2 * GIB).kind, Kind::stalled);
  EXPECT_EQ(GPAR(G1UR, 0x1000), 0xFF00000040001980u);
}

TEST_F(NaiveOperationsV2, ADisabledBankGivesTheAddressBack) {
  start();
  write(cb(4, 0), 0);
  EXPECT_EQ(PAR(UR, 0x3000), 0xFF00000000003800u);
}

TEST_F(NaiveOperationsV2, OperationsLeaveFlagsAlone) {
  memory.put64(STAGE1, block(GIB, USER | INNER));
  start();
  write(cb(4, 0x10), 0x00038C05);
  EXPECT_EQ(PAR(UR, 0) & 1, 0u);
  EXPECT_EQ(memory.get64(STAGE1), block(GIB, USER | INNER));
}

TEST_F(NaiveOperationsV2, WithoutOperationsTheirRegistersAreRazWi) {
  parameters.ATOSNS = true;
  start();
  EXPECT_EQ(PAR(UR, 0), 0u);
  EXPECT_EQ(GPAR(G1UR, 0), 0u);
  write(0x180, ~uint64_t{0}, 8);
  EXPECT_EQ(read(0x180, 8), 0u);
}

}  // namespace
