// SPDX-License-Identifier: MIT
//
// S_GATOS, VATOS and S_VATOS of the naive SMMU.
#include "test_secure_smmu.h"

using namespace naive_smmuv3_test;

namespace {

constexpr uint64_t READ = one(8);
constexpr uint64_t FETCH = one(8) | one(7);
constexpr uint64_t STAGE_1 = one(10);
constexpr uint64_t STAGE_2 = one(11);
constexpr uint64_t BOTH = STAGE_1 | STAGE_2;
constexpr uint64_t SSEC_SID = one(53);

constexpr uint64_t failure(unsigned code, unsigned REASON = 0, uint64_t FADDR = 0) {
  return FADDR | (uint64_t{code} << 4) | (uint64_t{REASON} << 1) | 1;
}

class NaiveSecureAtos : public SecureSmmu {
 protected:
  NaiveSecureAtos() { config(0b111); }
  void put_all() {
    put_structures();
    put(secure_memory, STREAM_TABLE, ste);
    put(secure_memory, CDS, cd);
    if (!smmu.has_value()) start_secure();
  }
  uint64_t par(uint64_t SID, uint64_t ADDR) {
    put_all();
    s_write(0x108, 8, SID);
    s_write(0x110, 8, ADDR);
    s_write(0x100, 4, 1);
    EXPECT_EQ(s_read(0x100), 0u);
    return s_read(0x118, 8);
  }
};

class NaiveVatos : public NaiveSecureAtos {
 protected:
  static constexpr uint64_t PAGE = 0x50000, S_PAGE = 0x30000;
  NaiveVatos() {
    features.VATOS = true;
    features.BA_VATOS = 3;
    features.BA_S_VATOS = 1;
    ste[2] |= 0x55;  // S2VMID
  }
  uint64_t vatos(uint64_t ADDR, uint64_t VMID = 0x55, uint64_t SID = 0) {
    put_all();
    smmu->write(0x180, 4, VMID);
    smmu->write(PAGE + 0xA08, 8, SID);
    smmu->write(PAGE + 0xA10, 8, ADDR);
    smmu->write(PAGE + 0xA00, 4, 1);
    EXPECT_EQ(smmu->read(PAGE + 0xA00, 4), 0u);
    return smmu->read(PAGE + 0xA18, 8);
  }
  uint64_t s_vatos(uint64_t ADDR, uint64_t VMID = 0x55) {
    put_all();
    s_write(0x180, 4, VMID);
    smmu->write(S_PAGE + 0xA08, 8, 0, Space::secure);
    smmu->write(S_PAGE + 0xA10, 8, ADDR, Space::secure);
    smmu->write(S_PAGE + 0xA00, 4, 1, Space::secure);
    return smmu->read(S_PAGE + 0xA18, 8, Space::secure);
  }
};

// 1 GiB blocks, Write-Back, Inner Shareable
constexpr uint64_t gib(uint64_t address) {
  return (uint64_t{0xFF} << 56) | address | (GIB >> 1) | one(11) | (uint64_t{3} << 8);
}
constexpr uint64_t PAR_NS = one(10);

}  // namespace

// ---- S_GATOS

TEST_F(NaiveSecureAtos, SsecChoosesTheStreamTable) {
  EXPECT_EQ(par(SSEC_SID, BOTH | READ), gib(3 * GIB));
  memory.put64(STAGE2 + 8, block(6 * GIB, AF | S2_READ | S2_WB | INNER));
  EXPECT_EQ(par(0, BOTH | READ), gib(6 * GIB) | PAR_NS);
}

TEST_F(NaiveSecureAtos, TellsTheSpaceOfTheOutput) {
  secure_memory.put64(STAGE1, block(GIB, AF | USER | INNER | TTD_NS));
  EXPECT_EQ(par(SSEC_SID, STAGE_1 | READ), gib(GIB) | PAR_NS);
  EXPECT_EQ(par(SSEC_SID, BOTH | READ), gib(5 * GIB));
  ste[3] |= one(1);  // S2NSA
  EXPECT_EQ(par(SSEC_SID, BOTH | READ), gib(5 * GIB) | PAR_NS);
}

TEST_F(NaiveSecureAtos, NsChoosesTheIpaSpaceOfStage2Alone) {
  nscfg(0b10);  // without effect
  EXPECT_EQ(par(SSEC_SID, STAGE_2 | READ | GIB), gib(3 * GIB));
  EXPECT_EQ(par(SSEC_SID, STAGE_2 | READ | GIB | one(4)), gib(5 * GIB));
  EXPECT_EQ(par(SSEC_SID, BOTH | READ | one(4)), gib(3 * GIB));  // stage 1 says it
}

TEST_F(NaiveSecureAtos, TellsTheSpaceOfAFaultingIpa) {
  secure_memory.put64(STAGE2 + 8, 0);
  secure_memory.put64(SECURE_STAGE2 + 8, 0);
  EXPECT_EQ(par(SSEC_SID, BOTH | READ), failure(0x10, 3, GIB));
  secure_memory.put64(STAGE1, block(GIB, AF | USER | TTD_NS));
  EXPECT_EQ(par(SSEC_SID, BOTH | READ), failure(0x10, 3, GIB) | 8);
  EXPECT_EQ(par(SSEC_SID, STAGE_2 | READ | GIB | one(4)), failure(0x10, 3));  // no IPA, no NSIPA
  EXPECT_EQ(s_events(), 0u);
}

TEST_F(NaiveSecureAtos, Stage1LookupsWalkThroughBothIpaSpaces) {
  // The table of stage 1, in the Non-secure IPA space, is at 8 GiB, and what it says is not translated
  cd[1] |= 1;
  secure_memory.put64(STAGE2, block(8 * GIB, AF | S2_READ | S2_WB));
  secure_memory.put64(8 * GIB + STAGE1, block(2 * GIB, AF | USER | INNER));
  EXPECT_EQ(par(SSEC_SID, STAGE_1 | READ), gib(2 * GIB) | PAR_NS);
}

TEST_F(NaiveSecureAtos, WithoutSel2StageTwoOfSecureStreamsIsInvStage) {
  features.SEL2 = false;
  config(0b101);
  EXPECT_EQ(par(SSEC_SID, BOTH | READ), failure(0xFE));
  EXPECT_EQ(par(SSEC_SID, STAGE_2 | READ), failure(0xFE));
  EXPECT_EQ(par(SSEC_SID | 16, STAGE_2 | READ), failure(0x02));
  EXPECT_EQ(s_read(0x110, 8) & one(4), 0u);
  choices.atos_looks_at_sel2_first = true;
  smmu.reset();
  EXPECT_EQ(par(SSEC_SID | 16, STAGE_2 | READ), failure(0xFE));
  EXPECT_EQ(par(16, STAGE_2 | READ), failure(0x02));
}

TEST_F(NaiveSecureAtos, SifIsAPermissionFault) {
  S_CR0 = 0x2D;
  secure_memory.put64(STAGE1, block(GIB, AF | TTD_NS));
  EXPECT_EQ(par(SSEC_SID, BOTH | FETCH | one(9)), failure(0x13));
  secure_memory.put64(STAGE1, block(GIB, AF | INNER));
  EXPECT_EQ(par(SSEC_SID, BOTH | FETCH | one(9)), gib(3 * GIB));
}

TEST_F(NaiveSecureAtos, ADisabledNonSecureInterfaceIsAnInternalError) {
  put_all();
  smmu->write(0x20, 4, 0b1100);
  EXPECT_EQ(par(0, STAGE_1 | READ), failure(0xFD));
  EXPECT_NE(par(SSEC_SID, STAGE_1 | READ), failure(0xFD));
}

TEST_F(NaiveSecureAtos, RegistersKeepTheirFields) {
  features.SIDSIZE = 8;
  features.SSIDSIZE = 4;
  put_all();
  s_write(0x108, 8, ~uint64_t{0});
  EXPECT_EQ(s_read(0x108, 8), 0x0030'000F'0000'FFFFu);
  s_write(0x110, 8, ~uint64_t{0});
  EXPECT_EQ(s_read(0x110, 8), 0xFFFF'FFFF'FFFF'FFD0u);
  EXPECT_EQ(smmu->read(S + 0x108, 8), 0u);
  smmu->write(0x108, 8, ~uint64_t{0});
  EXPECT_EQ(smmu->read(0x108, 8), 0x0010'000F'0000'00FFu);
}

// ---- VATOS

TEST_F(NaiveVatos, IsAPageOfItsOwn) {
  put_all();
  EXPECT_EQ(smmu->read(0x00, 4) & one(20), one(20));
  EXPECT_EQ(smmu->read(0x08, 4), 3u);
  EXPECT_EQ(s_read(0x08), 1u);
  for (uint64_t page : {PAGE, S_PAGE}) {
    smmu->write(page + 0xA08, 8, 0x1234, Space::secure);
    EXPECT_EQ(smmu->read(page + 0xA08, 8, Space::secure) & 0xFFFF, 0x1234u);
    for (uint64_t offset : {0x000u, 0x9F8u, 0xA20u, 0xE00u, 0xFFF8u}) {
      smmu->write(page + offset, 8, ~uint64_t{0}, Space::secure);
      EXPECT_EQ(smmu->read(page + offset, 8, Space::secure), 0u);
    }
  }
  EXPECT_EQ(smmu->read(PAGE + 0xA08, 8), 0x1234u);
  EXPECT_EQ(smmu->read(S_PAGE + 0xA08, 8), 0u);
}

TEST_F(NaiveVatos, RegistersKeepTheirFields) {
  features.VMID16 = false;
  ste[2] &= ~uint64_t{0xFF00};
  put_all();
  smmu->write(0x180, 4, 0xFFFFFFFF);
  EXPECT_EQ(smmu->read(0x180, 4), 0xFFu);
  smmu->write(PAGE + 0xA08, 8, ~uint64_t{0});
  EXPECT_EQ(smmu->read(PAGE + 0xA08, 8), 0x001F'FFFF'FFFF'FFFFu);
  smmu->write(PAGE + 0xA10, 8, ~uint64_t{0});
  EXPECT_EQ(smmu->read(PAGE + 0xA10, 8), ~uint64_t{0x3F});
  smmu->write(S_PAGE + 0xA10, 8, ~uint64_t{0}, Space::secure);
  EXPECT_EQ(smmu->read(S_PAGE + 0xA10, 8, Space::secure), ~uint64_t{0x3F});
  smmu->write(S_PAGE + 0xA08, 8, 0, Space::secure);
  EXPECT_EQ(smmu->read(S_PAGE + 0xA08, 8, Space::secure), SSEC_SID);  // RES1
}

TEST_F(NaiveVatos, AbsentItsRegistersAreZero) {
  features.VATOS = false;
  features.BA_VATOS = 0;
  features.BA_S_VATOS = 0;
  put_all();
  smmu->write(0x180, 4, 0xFFFF);
  EXPECT_EQ(smmu->read(0x180, 4), 0u);
  smmu->write(0x20A08, 8, 1);
  EXPECT_EQ(smmu->read(0x20A08, 8), 0u);
}

TEST_F(NaiveVatos, TranslatesStage1OfItsVmAlone) {
  EXPECT_EQ(vatos(STAGE_1 | READ), gib(GIB));
  EXPECT_EQ(vatos(STAGE_1 | READ, 0x56), failure(0x04));
  EXPECT_EQ(vatos(STAGE_2 | READ), failure(0xFF));
  EXPECT_EQ(vatos(BOTH | READ), failure(0xFF));
  EXPECT_EQ(vatos(READ), failure(0xFF));
  EXPECT_EQ(vatos(STAGE_1 | READ, 0x55, 16), failure(0x02));
  EXPECT_EQ(events(), 0u);
}

TEST_F(NaiveVatos, StreamsWithoutAVmidAreBadSte) {
  for (unsigned Config : {0b000u, 0b100u}) {
    config(Config);
    EXPECT_EQ(vatos(STAGE_1 | READ), failure(0x04));
  }
  config(0b101);
  EXPECT_EQ(vatos(STAGE_1 | READ), gib(GIB));  // tagged with S2VMID all the same
  strw(0b10);
  EXPECT_EQ(vatos(STAGE_1 | READ), failure(0x04));
  config(0b110);
  EXPECT_EQ(vatos(STAGE_1 | READ), failure(0xFE));
}

TEST_F(NaiveVatos, Stage2FaultsOfFetchesLookLikeAborts) {
  put_all();
  memory.put64(STAGE2, 0);
  EXPECT_EQ(vatos(STAGE_1 | READ), failure(0x09));
}

TEST_F(NaiveVatos, SecureItTakesVmidZeroWithoutStage2) {
  EXPECT_EQ(s_vatos(STAGE_1 | READ), gib(GIB));
  EXPECT_EQ(s_vatos(STAGE_1 | READ, 0), failure(0x04));
  config(0b101);
  EXPECT_EQ(s_vatos(STAGE_1 | READ), failure(0x04));
  EXPECT_EQ(s_vatos(STAGE_1 | READ, 0), gib(GIB));
  strw(0b01);
  EXPECT_EQ(s_vatos(STAGE_1 | READ, 0), failure(0x04));
}

TEST_F(NaiveVatos, RunsOnlyWhileItsInterfaceIsEnabled) {
  vatos(READ);
  smmu->write(0x20, 4, 0b1100);
  smmu->write(PAGE + 0xA10, 8, STAGE_1 | READ);
  smmu->write(PAGE + 0xA00, 4, 1);
  EXPECT_EQ(smmu->read(PAGE + 0xA18, 8), failure(0xFF));
  EXPECT_EQ(s_vatos(STAGE_1 | READ), gib(GIB));
}

TEST_F(NaiveVatos, VmwIsARegisterField) {
  features.VMW = true;
  put_all();
  smmu->write(0x20, 4, 0x1CD);
  EXPECT_EQ(smmu->read(0x24, 4), 0x1CDu);
  s_write(0x20, 4, 0x14D);
  EXPECT_EQ(s_read(0x24), 0x14Du);
}
