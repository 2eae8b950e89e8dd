// SPDX-License-Identifier: MIT
//
// Registers of the naive SMMUv2: IHI 0062 chapters 8, 9, 10, 13, 16 and 17.
#include "test_smmu.h"

using namespace naive_smmuv2_test;

namespace {

class NaiveRegistersV2 : public NaiveSmmuv2 {
 protected:
  static constexpr bool SECURE = true;
};

TEST_F(NaiveRegistersV2, IdentificationRegistersShowTheParameters) {
  parameters.SSDTP = 1;
  build();
  // IDR0: SES, S1TS, S2TS, NTS, SMS; NUMIRPT 1; CTTW; NUMSIDB 15; NUMSMRG 32
  EXPECT_EQ(read(0x20, 4, SECURE), 0xF8015E20);
  EXPECT_EQ(read(0x20), 0x78015E20);
  // IDR1: NUMPAGENDXB 4, HAFDBS 3, SMCD, SSDTP 1, NUMSSDNDXB 8, NUMCB 16
  EXPECT_EQ(read(0x24, 4, SECURE), 0x43009810);
  EXPECT_EQ(read(0x24), 0x43008010);
  // IDR2: DIPANS, HADS, VMID16S, three granules, UBS, OAS and IAS 5
  EXPECT_EQ(read(0x28), 0x5000F555);
  EXPECT_EQ(read(0x3C), 0x20);
  EXPECT_EQ(read(0x2C), 0);
}

TEST_F(NaiveRegistersV2, SCR1ChangesWhatNonSecureSoftwareIsTold) {
  parameters.NUMIRPT = 8;
  build();
  EXPECT_EQ(read(4, 4, SECURE), 0x00082010);
  write(4, 0x00030A06, 4, SECURE);
  EXPECT_EQ(read(0x20) & 0xFF00FF, 0x03000A);
  EXPECT_EQ(read(0x24) & 0xFF, 0x06);
  EXPECT_EQ(read(0x20, 4, SECURE) & 0xFF00FF, 0x080020);
  EXPECT_EQ(read(0x24, 4, SECURE) & 0xFF, 0x10);
  EXPECT_EQ(read(4), 0);  // Secure only
}

TEST_F(NaiveRegistersV2, ResetDefinesFewFieldsAndLeavesTheRestUnknown) {
  parameters.unknown = 0xFFFFFFFF;
  build();
  // CR0: VMID16EN, SMCFCFG, MemAttr, BSU, FB, PTM, VMIDPNE, USFCFG unknown; STALLD 0 with two states;
  // CLIENTPD
  EXPECT_EQ(read(CR0), 0x802FFC01);
  EXPECT_EQ(read(CR0, 4, SECURE), 0x002FF401);
  EXPECT_EQ(read(cb(2, 0)), 0x7FFFF79F);  // SCTLR without CFIE and CFRE
  // FSR without SS; CBAR has TYPE 11 and VA64 is 0: Format 01
  write(cbar(2), 0x00010000);
  EXPECT_EQ(read(cb(2, 0x58)), 0x8000039E);
  EXPECT_EQ(read(cba2r(2)), 0xFFFF0002);
  EXPECT_EQ(read(0x74), 0);
  EXPECT_EQ(read(cb(2, 0x8F0)), 0);
}

TEST_F(NaiveRegistersV2, BankedRegistersHaveTwoCopiesAndSecureAliases) {
  build();
  write(CR0, 0x00200401);
  EXPECT_EQ(read(CR0, 4, SECURE), 1u);
  EXPECT_EQ(read(0x400, 4, SECURE), 0x00200401u);
  EXPECT_EQ(read(0x400), 0u);
  write(0x440, 0x123456789ABC, 8, SECURE);
  EXPECT_EQ(read(0x40, 8), 0x123456789ABCu);
  EXPECT_EQ(read(0x40, 8, SECURE), 0u);
  EXPECT_EQ(read(0x44), 0x1234u);
}

TEST_F(NaiveRegistersV2, GFSRClearsBitByBitAndIsRestoredWhole) {
  build();
  write(0x4C, 0xFFFFFFFF);
  EXPECT_EQ(read(0x48), 0x8000011Fu);
  write(0x48, 0x80000002);
  EXPECT_EQ(read(0x48), 0x0000011Du);
  write(0x4C, 0x1);
  EXPECT_EQ(read(0x48), 1u);
  EXPECT_EQ(read(0x4C), 0u);
  write(0x4C, 0xFFFFFFFF, 4, SECURE);
  EXPECT_EQ(read(0x48, 4, SECURE), 0x8000019Fu);
}

TEST_F(NaiveRegistersV2, FSRRestoreLeavesSSAndFormatAlone) {
  start();
  write(cb(4, 0x5C), 0xFFFFFFFF);
  EXPECT_EQ(read(cb(4, 0x58)), 0x8000059Eu);
  EXPECT_TRUE(smmu->interrupts().context[4]);
  write(cb(4, 0x58), 0xFFFFFFFF);
  EXPECT_EQ(read(cb(4, 0x58)), 0x400u);
  EXPECT_FALSE(smmu->interrupts().context[4]);
}

TEST_F(NaiveRegistersV2, FormatFollowsTheSchemeOfTheBank) {
  start();
  write(cba2r(4), 0);
  write(cb(4, 0x30), 0);
  EXPECT_EQ(read(cb(4, 0x58)), 0u);
  write(cb(4, 0x30), 0x80000000);
  EXPECT_EQ(read(cb(4, 0x58)), 0x200u);
  write(cb(4, 0x30), 0);
  write(cbar(4), 0x0001F700);  // HYPC
  EXPECT_EQ(read(cb(4, 0x58)), 0x200u);
  write(cbar(4), 0x00000000);
  EXPECT_EQ(read(cb(4, 0x58)), 0x200u);
}

TEST_F(NaiveRegistersV2, SixtyFourBitRegistersTakeHalvesInEitherOrder) {
  start();
  write(cb(4, 0x24), 0x00450000);
  write(cb(4, 0x20), 0x89ABC000);
  EXPECT_EQ(read(cb(4, 0x20), 8), 0x0045000089ABC000u);
  EXPECT_EQ(read(cb(4, 0x24)), 0x00450000u);
}

TEST_F(NaiveRegistersV2, OtherSizesAndPlacesAreRazWi) {
  start();
  EXPECT_EQ(read(cb(4, 0x00), 8), 0u);  // two registers of 32 bits
  EXPECT_EQ(read(cb(4, 0x30), 2), 0u);
  EXPECT_EQ(read(cb(4, 0x21), 4), 0u);
  EXPECT_EQ(read(cb(16, 0)), 0u);  // beyond the last bank
  EXPECT_EQ(read(cb(40, 0)), 0u);  // beyond SMMU_TOP
  EXPECT_EQ(read(0x800 + 4 * 32), 0u);
  write(0xC00 + 4 * 32, ~0u);
  EXPECT_EQ(read(0xC00 + 4 * 32), 0u);
  EXPECT_EQ(read(cbar(16)), 0u);
}

TEST_F(NaiveRegistersV2, RegistersDoNotScaleWithThePageSize) {
  parameters.PAGESIZE = 1;
  build();
  write(0x10000 + 4, 0x00012345);
  EXPECT_EQ(read(0x10004), 0x00012345u);
  EXPECT_EQ(read(0x1000), 0u);
  write((32 + 2) * 0x10000 + 0x34, 7);
  EXPECT_EQ(read((32 + 2) * 0x10000 + 0x34), 0u);  // CBAR2 is 0: a stage 2 bank has no CONTEXTIDR
  write(0x10008, 0x00010000);
  write((32 + 2) * 0x10000 + 0x34, 7);
  EXPECT_EQ(read((32 + 2) * 0x10000 + 0x34), 7u);
}

TEST_F(NaiveRegistersV2, AFieldOfAnotherFormatKeepsItsValue) {
  start();
  write(0xC00, 0x3FFDFBFF);  // bypass: EXIDVALID does not exist
  EXPECT_EQ(read(0xC00), 0x3FFDFBFFu);
  write(cb(4, 0x30), 0xFFFFFFFF);
  write(cbar(4), 0);  // stage 2, AArch64: T1SZ's upper bits are reserved, HA and HD are there
  EXPECT_EQ(read(cb(4, 0x30)), 0xFFFFFFFFu);
}

TEST_F(NaiveRegistersV2, AnAArch32Stage2BankHasEAEFixed) {
  start();
  write(cba2r(3), 0);
  write(cb(3, 0x30), 0x00000010);
  EXPECT_EQ(read(cb(3, 0x30)), 0x80000010u);  // bit 4 was 1 from before, and is not written
  write(cb(3, 0x30), 0);
  EXPECT_EQ(read(cb(3, 0x30)), 0x80000010u);
}

TEST_F(NaiveRegistersV2, FeaturesThatAreAbsentAreRazWi) {
  parameters.HAFDBS = 0;
  parameters.HADS = parameters.VMID16S = parameters.stall = parameters.SES = false;
  start();
  write(cb(4, 0x10), 0xFFFFFFFF);
  EXPECT_EQ(read(cb(4, 0x10)), 0x00038077u);
  write(cb(4, 0), 0xFFFFFFFF);
  EXPECT_EQ(read(cb(4, 0)), 0x4FFFF77Fu);  // NSCFG and CFCFG
  write(cba2r(4), 0xFFFFFFFF);
  EXPECT_EQ(read(cba2r(4)), 1u);
  write(CR0, 0xFFFFFFFF);
  EXPECT_EQ(read(CR0), 0x0FFFFCC7u);
  write(4, 0xFFFFFFFF, 4, SECURE);
  EXPECT_EQ(read(4, 4, SECURE), 0u);
}

TEST_F(NaiveRegistersV2, STALLDMakesCFCFGAndGSERazWi) {
  start();
  write(cb(4, 0), SCTLR | CFCFG);
  write(CR0, GSE);
  EXPECT_EQ(read(CR0), GSE);
  write(CR0, GSE | STALLD);
  EXPECT_EQ(read(CR0), STALLD);
  EXPECT_EQ(read(cb(4, 0)), SCTLR);
  write(cb(4, 0), SCTLR);
  write(CR0, 0);
  EXPECT_EQ(read(cb(4, 0)), SCTLR | CFCFG);
}

TEST_F(NaiveRegistersV2, SecureResourcesAreClosedToNonSecureSoftware) {
  parameters.SSDTP = 1;
  start();
  write(4, 0x00012010 - 0x0A04, 4, SECURE);  // NSNUMSMRGO 0x16, NSNUMCBO 0x0C
  write(0x800 + 4 * 0x16, 0x80000001);
  EXPECT_EQ(read(0x800 + 4 * 0x16, 4, SECURE), 0u);
  write(0x800 + 4 * 0x15, 0x80000001);
  EXPECT_EQ(read(0x800 + 4 * 0x15, 4, SECURE), 0x80000001u);
  write(cbar(12), 0x10000);
  EXPECT_EQ(read(cbar(12), 4, SECURE), 0u);
  write(cbar(12), 0x10000, 4, SECURE);
  write(cb(12, 0x34), 3, 4, SECURE);
  EXPECT_EQ(read(cb(12, 0x34)), 0u);
  EXPECT_EQ(read(cb(12, 0x34), 4, SECURE), 3u);
}

TEST_F(NaiveRegistersV2, GASRAEClosesGlobalSpaceAndStage2Banks) {
  start();
  write(4, read(4, 4, SECURE) | (1u << 24), 4, SECURE);
  EXPECT_EQ(read(0x20), 0u);
  EXPECT_EQ(read(cbar(4)), 0u);
  EXPECT_EQ(read(cb(3, 0)), 0u);
  EXPECT_EQ(read(cb(4, 0)), SCTLR);
  write(cbar(4), 0, 4, SECURE);
  EXPECT_EQ(read(cb(4, 0)), 0u);
}

TEST_F(NaiveRegistersV2, AConfigurationAccessFaultTellsOffsetAndState) {
  choices.configuration_access_faults = true;
  build();
  write(CR0, GFIE | (1u << 4) | (1u << 5), 4, SECURE);  // GCFGFRE, GCFGFIE
  const Response response = smmu->write(4, 4, false, 0);
  EXPECT_TRUE(response.error);
  EXPECT_EQ(read(0x48, 4, SECURE), 0x20u);
  EXPECT_EQ(read(0x50, 4, SECURE), 0x32u);  // NSATTR, NSSTATE, WNR
  EXPECT_EQ(read(0x40, 8, SECURE), 4u);
  EXPECT_TRUE(smmu->interrupts().gCfgIrpt);
  EXPECT_FALSE(smmu->interrupts().gIrpt);
  EXPECT_FALSE(smmu->read(0xA00, 4, false).error);  // Non-secure to a hole: the Non-secure GFSR, no report
  EXPECT_EQ(read(0x48), 0x20u);
  EXPECT_EQ(read(0x40, 8), 0xA00u);
  EXPECT_EQ(read(cb(4, 0xFFC)), 0u);  // never inside a bank
  EXPECT_EQ(read(0x48), 0x20u);
}

TEST_F(NaiveRegistersV2, AbsentRegistersAndSecureBanksMayFaultOrNot) {
  choices.configuration_access_faults = true;
  start();
  write(4, (read(4, 4, SECURE) & ~0xFFu) | 12, 4, SECURE);
  smmu->read(cb(12, 0), 4, false);
  EXPECT_EQ(read(0x48, 4, SECURE), 0x20u);
  smmu->read(0x60, 4, false);
  EXPECT_EQ(read(0x48, 4, SECURE), 0x80000020u);
  smmu.reset();
  choices.absent_registers_fault = choices.secure_banks_fault = false;
  start();
  write(4, (read(4, 4, SECURE) & ~0xFFu) | 12, 4, SECURE);
  smmu->read(cb(12, 0), 4, false);
  smmu->read(0xA00, 4, false);
  smmu->read(0x404, 4, false);  // no alias there
  EXPECT_EQ(read(0x48, 4, SECURE), 0u);
  EXPECT_EQ(read(0x48), 0u);
  smmu->read(0x400, 4, false);
  EXPECT_EQ(read(0x48, 4, SECURE), 0x20u);
  EXPECT_TRUE(smmu->GFSYNR1_unknown(SECURE));
}

TEST_F(NaiveRegistersV2, NSCAFROTurnsFaultsOfSecureRegistersToGFSR) {
  choices.configuration_access_faults = true;
  build();
  write(4, read(4, 4, SECURE) | (1u << 28), 4, SECURE);
  smmu->read(4, 4, false);
  EXPECT_EQ(read(0x48), 0x20u);
  EXPECT_EQ(read(0x50), 0u);
  EXPECT_EQ(read(0x48, 4, SECURE), 0u);
}

TEST_F(NaiveRegistersV2, APeekRaisesNoFault) {
  choices.configuration_access_faults = true;
  build();
  EXPECT_EQ(smmu->peek(0xA00, 4, false), 0u);
  EXPECT_EQ(read(0x48), 0u);
}

TEST_F(NaiveRegistersV2, SSDRHasOneBitAnIndexForSecureSoftware) {
  parameters.SSDTP = 1;
  parameters.NUMSSDNDXB = 6;
  build();
  const uint64_t SSD = 4 * page();
  write(SSD, 0xFFFFFFFF, 4, SECURE);
  write(SSD + 4, 0x12345678, 4, SECURE);
  write(SSD + 8, 0xFFFFFFFF, 4, SECURE);
  EXPECT_EQ(read(SSD, 4, SECURE), 0xFFFFFFFFu);
  EXPECT_EQ(read(SSD + 4, 4, SECURE), 0x12345678u);
  EXPECT_EQ(read(SSD + 8, 4, SECURE), 0u);
  EXPECT_EQ(read(SSD), 0u);
  EXPECT_EQ(read(SSD, 8, SECURE), 0u);
  write(SSD, 0);
  EXPECT_EQ(read(SSD, 4, SECURE), 0xFFFFFFFFu);
}

TEST_F(NaiveRegistersV2, SSDIndexIsShownToSecureSoftwareOnly) {
  parameters.SSDTP = 1;
  build();
  write(0x454, 0xFFFFFFFF, 4, SECURE);
  EXPECT_EQ(read(0x454, 4, SECURE), 0x00FF7FFFu);
  EXPECT_EQ(read(0x54), 0x7FFFu);
  write(0x54, 0);
  EXPECT_EQ(read(0x454, 4, SECURE), 0x00FF0000u);
  write(cbfrsynra(2), 0x00123456, 4, SECURE);
  write(cbfrsynra(2), 0xFFFFFFFF);
  EXPECT_EQ(read(cbfrsynra(2), 4, SECURE), 0x00127FFFu);
  EXPECT_EQ(read(cbfrsynra(2)), 0x7FFFu);
}

TEST_F(NaiveRegistersV2, WithoutStage2IPAFARDoesNotExistAndWithoutNestingItIsFAR) {
  parameters.NTS = false;
  start();
  write(cb(3, 0x60), 0x123456789, 8);
  EXPECT_EQ(read(cb(3, 0x70), 8), 0x123456789u);
  write(cb(3, 0x70), 0, 8);
  EXPECT_EQ(read(cb(3, 0x60), 8), 0x123456789u);
  EXPECT_EQ(read(cb(4, 0x70), 8), 0u);
}

TEST_F(NaiveRegistersV2, ParametersThatContradictEachOtherAreRefused) {
  parameters.S2TS = false;
  EXPECT_THROW(build(), std::invalid_argument);  // NTS
  parameters.NTS = false;
  EXPECT_NO_THROW(build());
  parameters.IAS = 4;
  EXPECT_THROW(build(), std::invalid_argument);
}

}  // namespace
