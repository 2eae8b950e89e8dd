// SPDX-License-Identifier: MIT
//
// The naive model as an SMMUv1: what version 2 added is not there (IHI 0062 1.1.4, and "SMMUv1"
// in 3.6.2, 3.7, 9.1, 9.6, 13.1, 16.5 and 17.3).
#include "test_smmu.h"

using namespace naive_smmuv2_test;

namespace {

class NaiveV1 : public NaiveSmmuv2 {
 protected:
  NaiveV1() {
    parameters.version = 1;
    parameters.HAFDBS = parameters.UBS = 0;
    parameters.DIPANS = parameters.HADS = parameters.VMID16S = false;
    parameters.PTFSv8_4KB = parameters.PTFSv8_16KB = parameters.PTFSv8_64KB = false;
    parameters.IAS = parameters.OAS = 2;
  }
  /// Bank 4 has long descriptors: VA 0..1 GiB to 1..2 GiB.
  void long_descriptors() {
    start();
    write(cb(4, 0x30), 0x80000000);
  }
  static constexpr bool SECURE = true;
};

TEST_F(NaiveV1, IdentificationRegistersHaveNoFieldsOfVersion2) {
  parameters.SSDTP = 1;
  build();
  EXPECT_EQ(read(0x20, 4, SECURE), 0xF8015E20u);
  EXPECT_EQ(read(0x24, 4, SECURE), 0x40009810u);  // without HAFDBS
  EXPECT_EQ(read(0x28), 0x22u);                   // OAS and IAS alone
}

TEST_F(NaiveV1, ParametersOfVersion2AreRefused) {
  parameters.VMID16S = true;
  EXPECT_THROW(build(), std::invalid_argument);
  parameters.VMID16S = false;
  parameters.OAS = parameters.IAS = 3;
  EXPECT_THROW(build(), std::invalid_argument);
}

TEST_F(NaiveV1, RegistersOfVersion2AreNotThere) {
  start();
  write(cba2r(4), 0xFFFFFFFF);
  EXPECT_EQ(read(cba2r(4)), 0u);
  write(cb(4, 0x10), 0xFFFFFFFF);
  EXPECT_EQ(read(cb(4, 0x10)), 0u);  // TCR2
  write(cb(3, 0x60), 0x12345678, 8);
  EXPECT_EQ(read(cb(3, 0x70), 8), 0u);  // IPAFAR
  write(CR0, 0xFFFFFFFF);
  EXPECT_EQ(read(CR0), 0x0FFFFDC7u);
  write(4, 0xFFFFFFFF, 4, SECURE);
  EXPECT_EQ(read(4, 4, SECURE), 0x0DFFFFFFu);  // without NSCAFRO
}

TEST_F(NaiveV1, IPAFARIsNoAliasEither) {
  parameters.NTS = false;
  start();
  write(cb(3, 0x60), 0x12345678, 8);
  EXPECT_EQ(read(cb(3, 0x70), 8), 0u);
}

TEST_F(NaiveV1, FormatASFAndUUTAreReserved) {
  long_descriptors();
  write(cb(4, 0x5C), 0xFFFFFFFF);
  EXPECT_EQ(read(cb(4, 0x58)), 0x8000001Eu);
  write(0x4C, 0xFFFFFFFF);
  EXPECT_EQ(read(0x48), 0x8000001Fu);
}

TEST_F(NaiveV1, ABankTranslatesByEitherAArch32Format) {
  long_descriptors();
  EXPECT_EQ(forwarded(0x1234).address, GIB + 0x1234);
  write(cb(4, 0x30), 0);
  memory.put32(STAGE1, 0x76500C0E);
  EXPECT_EQ(forwarded(0x1234).address, 0x76501234u);
}

TEST_F(NaiveV1, AnAddressThatIsTooLargeIsATranslationFault) {
  long_descriptors();
  EXPECT_EQ(access(uint64_t{1} << 32).kind, Kind::aborted);
  expect_fault(4, 0x2, 0x1, uint64_t{1} << 32);
  write(cb(4, 0x58), ~0u);
  parameters.IAS = parameters.OAS = 0;  // 32 bits
  memory.put64(STAGE1, block(4 * GIB, AF | USER | INNER));
  long_descriptors();
  EXPECT_EQ(access(0x40).kind, Kind::aborted);
  expect_fault(4, 0x2, 0x1, 0x40);
}

TEST_F(NaiveV1, TwoStagesTranslate) {
  long_descriptors();
  write(cbar(4), 0x00030300);
  write(cb(3, 0x30), 0x40);  // SL0 1, 32 bits
  EXPECT_EQ(forwarded(0x1234).address, 3 * GIB + 0x1234);
}

TEST_F(NaiveV1, OneInterruptIsAssignableToo) {
  parameters.NUMIRPT = 1;
  start();
  write(cbar(4), 0x0001F300);
  write(cb(4, 0x5C), 2);
  EXPECT_EQ(smmu->interrupts().context.size(), 1u);
  EXPECT_TRUE(smmu->interrupts().context[0]);
  write(cbar(4), 0x0101F300);
  EXPECT_EQ(read(cbar(4)), 0x0101F300u);
  EXPECT_FALSE(smmu->interrupts().context[0]);
}

TEST_F(NaiveV1, OperationsHave32BitsAndResultsNoBit11) {
  long_descriptors();
  write(0x100, 0x00003004);
  EXPECT_EQ(read(0x180, 8), 0xFF00000040003180u);
  write(0x180, 0, 8);
  write(0x104, 0x00003004);
  write(0x100, 0x00003004, 8);
  EXPECT_EQ(read(0x180, 8), 0u);
  write(cb(4, 0x800), 0x00003000);
  EXPECT_EQ(read(cb(4, 0x50), 8), 0xFF00000040003180u);
  write(0x100, 0x40003004);
  EXPECT_EQ(read(0x180, 8), 0x100000003u);  // TF at level 1, no Format
}

TEST_F(NaiveV1, TheSSDSpaceHasOnePage) {
  parameters.SSDTP = 1;
  parameters.NUMSSDNDXB = 15;
  build();
  const uint64_t SSD = 4 * page();
  write(SSD + 0xFFC, 0x12345678, 4, SECURE);
  EXPECT_EQ(read(SSD + 0xFFC, 4, SECURE), 0x12345678u);
  write(SSD + 0x1000, 0x12345678, 4, SECURE);
  EXPECT_EQ(read(SSD + 0x1000, 4, SECURE), 0u);
}

TEST_F(NaiveV1, ASecureRegisterFaultsInSGFSRAlways) {
  choices.configuration_access_faults = true;
  build();
  write(4, 1u << 28, 4, SECURE);
  smmu->write(4, 4, false, 0);
  EXPECT_EQ(read(0x48), 0u);
  EXPECT_EQ(read(0x48, 4, SECURE), 0x20u);
}

}  // namespace
