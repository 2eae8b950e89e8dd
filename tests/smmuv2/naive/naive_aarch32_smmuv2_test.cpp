// SPDX-License-Identifier: MIT
//
// AArch32 stage 1 of the naive SMMUv2: IHI 0062 1.5, 3.8.4, 16.5.13, 16.5.27, 16.5.38, 16.5.40.
#include "test_smmu.h"

using namespace naive_smmuv2_test;

namespace {

class NaiveAArch32V2 : public NaiveSmmuv2 {
 protected:
  static constexpr uint32_t EAE = 0x80000000;
  void aarch32(uint32_t TCR) {
    start();
    write(cba2r(4), 0);
    write(cb(4, 0x30), TCR);
  }
  void expect_faults(uint64_t address, uint32_t FSR, uint32_t FSYNR0) {
    EXPECT_EQ(access(address).kind, Kind::aborted);
    expect_fault(4, FSR, FSYNR0, address);
    write(cb(4, 0x58), ~0u);
  }
};

TEST_F(NaiveAArch32V2, AShortSectionTranslates) {
  memory.put32(STAGE1 + 4 * 5, 0x76500C0E);  // section, AP 11, C, B
  aarch32(0);
  const Forwarded out = forwarded(0x00512345);
  EXPECT_EQ(out.address, 0x76512345u);
  EXPECT_EQ(out.attributes, 0xEE);  // Write-Back, no Write-Allocate
  expect_faults(0x00600000, 0x2, 0x1);
}

TEST_F(NaiveAArch32V2, ATransientHintOfTheInputStaysUnderShortDescriptors) {
  memory.put32(STAGE1, 0x76500C0E);
  aarch32(0);
  request.attributes = 0x77;  // Write-Back, transient
  EXPECT_EQ(forwarded(0x40).attributes, 0x66);
}

TEST_F(NaiveAArch32V2, AShortPageFaultHasLevel2) {
  memory.put32(STAGE1, 0x30000 | 1);
  memory.put32(0x30000, 0x12345002 | (3u << 4) | (1u << 9) | 0xC);  // read only
  aarch32(0);
  EXPECT_EQ(forwarded(0x678).address, 0x12345678u);
  EXPECT_EQ(access(0, AccessType::write).kind, Kind::aborted);
  expect_fault(4, 0x8, 0x12, 0);
  write(cb(4, 0x58), ~0u);
  expect_faults(0x1000, 0x2, 0x2);
}

TEST_F(NaiveAArch32V2, ASupersectionReaches40BitsAndNoMoreThanTheSizes) {
  // PA 0x57_61000000: [39:36] in [8:5], [35:32] in [23:20]
  const uint32_t descriptor = 0x61000000 | (5u << 5) | (7u << 20) | (1u << 18) | 0xC0E;
  for (unsigned n = 0; n < 16; n++) memory.put32(STAGE1 + 4 * n, descriptor);
  aarch32(0);
  EXPECT_EQ(forwarded(0x00345678).address, 0x5761345678u);
  smmu.reset();
  parameters.IAS = parameters.OAS = 1;
  aarch32(0);
  expect_faults(0x00345678, 0x80, 0x1);
}

TEST_F(NaiveAArch32V2, TheShortFormatSplitsByT0SZAndDisablesWalks) {
  aarch32(0x1);
  write(cb(4, 0x28), 0x40000);
  memory.put32(0x40000 + 4 * 0x800, 0x33300C0E);
  EXPECT_EQ(forwarded(0x80000040).address, 0x33300040u);
  write(cb(4, 0x30), 0x21);  // PD1
  expect_faults(0x80000040, 0x2, 0x1);
  expect_faults(uint64_t{1} << 32, 0x2, 0x1);
}

TEST_F(NaiveAArch32V2, AnAddressAbove32BitsFaultsWithTheBankDisabledToo) {
  aarch32(0);
  write(cb(4, 0), CFRE);
  EXPECT_EQ(forwarded(0xFFFFFFFF).address, 0xFFFFFFFFu);
  expect_faults(uint64_t{1} << 32, 0x2, 0x1);
}

TEST_F(NaiveAArch32V2, TheAccessFlagOfShortDescriptorsNeedsAFE) {
  memory.put32(STAGE1, 0x76500802);  // AP 010
  aarch32(0);
  EXPECT_EQ(access(0).kind, Kind::forwarded);
  write(cb(4, 0), SCTLR | (1u << 2));
  expect_faults(0, 0x4, 0x1);
  write(cb(4, 0), SCTLR | (1u << 2) | (1u << 3));  // AFFD
  EXPECT_EQ(access(0).kind, Kind::forwarded);
}

TEST_F(NaiveAArch32V2, DomainsDoNotExist) {
  memory.put32(STAGE1, 0x76500C0E | (0xFu << 5));
  aarch32(0);
  EXPECT_EQ(access(0).kind, Kind::forwarded);
}

TEST_F(NaiveAArch32V2, TEXRemapTakesTypesFromPRRRAndNMRR) {
  memory.put32(STAGE1, 0x76510C0E);  // n = 3, S
  aarch32(0);
  write(cb(4, 0), SCTLR | (1u << 1));
  write(cb(4, 0x38), (2u << 6) | (1u << 19) | (1u << 27));  // TR3 Normal, NS1, NOS3
  write(cb(4, 0x3C), (1u << 6) | (2u << 22));               // IR3 Write-Back, OR3 Write-Through
  const Forwarded out = forwarded(0);
  EXPECT_EQ(out.attributes, 0xAF);
  EXPECT_EQ(out.shareability, Shareability::inner_shareable);
}

TEST_F(NaiveAArch32V2, WalkAttributesOfTheShortFormatStandInTTBR) {
  memory.put32(STAGE1, 0x76500C0E);
  aarch32(0);
  write(cb(4, 0x20), STAGE1 | (1u << 6) | (1u << 5) | (2u << 3) | (1u << 1));
  const Outcome outcome = access(0);
  EXPECT_EQ(outcome.fetches.at(0).attributes, 0xAF);  // RGN Write-Through, IRGN Write-Back Write-Allocate
  EXPECT_EQ(outcome.fetches.at(0).shareability, Shareability::inner_shareable);
}

TEST_F(NaiveAArch32V2, TheLongFormatTranslates) {
  aarch32(EAE);
  EXPECT_EQ(forwarded(0x40).address, GIB + 0x40);
  expect_faults(GIB, 0x202, 0x1);
  write(cb(4, 0x30), EAE | (1u << 7));  // EPD0
  expect_faults(0x40, 0x202, 0x1);
}

TEST_F(NaiveAArch32V2, TheLongFormatHasAGapBetweenItsRanges) {
  aarch32(EAE | 2 | (1u << 16));
  write(cb(4, 0x28), 0x40000, 8);
  memory.put64(0x40000 + 8, block(2 * GIB, AF | USER));
  EXPECT_EQ(forwarded(3 * GIB + 0x40).address, 2 * GIB + 0x40);
  expect_faults(GIB, 0x202, 0x1);
}

TEST_F(NaiveAArch32V2, ALongTableBaseAbove40BitsIsAnAddressSizeFault) {
  aarch32(EAE);
  write(cb(4, 0x20), uint64_t{1} << 40, 8);
  expect_faults(0x40, 0x280, 0x1);
}

TEST_F(NaiveAArch32V2, OutputsOfTheLongFormatObeyTheSizes) {
  parameters.IAS = parameters.OAS = 1;
  memory.put64(STAGE1, block(uint64_t{1} << 36, AF | USER));
  aarch32(EAE);
  expect_faults(0x40, 0x280, 0x1);
  memory.put64(STAGE1, (uint64_t{1} << 36) | 3);
  expect_faults(0x40, 0x280, 0x1);
}

TEST_F(NaiveAArch32V2, A32BitHypBankIgnoresEAE) {
  aarch32(0);
  write(cbar(4), 0x0001F700);
  memory.put64(STAGE1, block(GIB, AF));
  const Forwarded out = forwarded(0x40);
  EXPECT_EQ(out.address, GIB + 0x40);
  EXPECT_TRUE(out.privileged);
}

TEST_F(NaiveAArch32V2, UWXNStopsPrivilegedExecutionOfWhatUsersMayWrite) {
  aarch32(EAE);
  request.instruction = true;
  request.privileged = true;
  EXPECT_EQ(access(0x40).kind, Kind::forwarded);
  write(cb(4, 0), SCTLR | (1u << 10));
  expect_faults(0x40, 0x208, 0x61);
}

TEST_F(NaiveAArch32V2, AnAArch32Stage1MayLieOverAnAArch64Stage2) {
  nest();
  write(cba2r(4), 0);
  write(cb(4, 0x30), EAE);
  EXPECT_EQ(forwarded(0x40).address, 3 * GIB + 0x40);
}

TEST_F(NaiveAArch32V2, WithoutShortDescriptorsEAEIsFixed) {
  parameters.PTFS = 1;
  aarch32(0);
  EXPECT_EQ(read(cb(4, 0x30)), EAE);
  EXPECT_EQ(forwarded(0x40).address, GIB + 0x40);
}

TEST_F(NaiveAArch32V2, SecureShortTablesMayBeNonSecure) {
  memory.put32(STAGE1, 0x76500C0E);
  start();
  write(4, 0x00011004, 4, true);
  write(CR0, USFCFG | GFRE, 4, true);
  stream(16, 5, 4, true);
  write(cba2r(4), 0, 4, true);
  write(cb(4, 0x30), 0, 4, true);
  request.secure = true;
  EXPECT_FALSE(forwarded(0).NS);
  write(cb(4, 0x30), 1u << 14, 4, true);  // NSCFG0
  const Outcome outcome = access(0);
  EXPECT_TRUE(outcome.forwarded.NS);
  EXPECT_TRUE(outcome.fetches.at(0).NS);
}

}  // namespace
