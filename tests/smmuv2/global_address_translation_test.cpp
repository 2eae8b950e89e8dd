// Address translation operations of the global address space (IHI 0062 4.1.1, 4.3, 9.6.5-9.6.13, 9.6.20).
#include <gtest/gtest.h>

#include "ats_world.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;

constexpr std::uint64_t F = 1, TF = 1U << 1, PF = 1U << 3, AArch64 = 2U << 8;
constexpr std::uint64_t UCBF = 1ULL << 30, ICF = 1ULL << 29, STAGE2 = 1ULL << 35;
constexpr std::uint64_t level(std::uint64_t n) { return n << 32; }

// Table 4-2
TEST(GlobalOperation, OfStage1GivesTheIpaAndOfBothThePa) {
  AtsWorld w;
  w.nested();
  for (const std::uint32_t operation : {sGATS1UR, sGATS1UW, sGATS1PR, sGATS1PW}) {
    EXPECT_EQ(AtsWorld::PA(w.gats(operation, 0x1000, 6)), 0x40'0000U) << operation;
  }
  for (const std::uint32_t operation : {sGATS12UR, sGATS12UW, sGATS12PR, sGATS12PW}) {
    EXPECT_EQ(AtsWorld::PA(w.gats(operation, 0x1000, 6)), 0x9000'0000U) << operation;
  }
}

// 4.1.1: "available even when an implementation does not support stage 1 followed by stage 2"
TEST(GlobalOperation, OfBothStagesIsThereWithoutNesting) {
  Features f;
  f.NTS = false;
  AtsWorld w(f);
  w.stage1();
  for (const std::uint32_t operation : {sGATS12UR, sGATS12UW, sGATS12PR, sGATS12PW}) {
    EXPECT_EQ(AtsWorld::PA(w.gats(operation, 0x1000)), 0x2'0000'2000U);
  }
}

// 2.4.2, 4.3: of a bank without stage 2 CBAR.MemAttr is what stage 2 says; also with its stage 1 off
TEST(GlobalOperation, OfBothStagesHasTheAttributesThatCbarCombines) {
  AtsWorld w;
  w.stage1();
  w.write(w.gr1(CBAR0 + 4 * 3), (CBAR_stage1 & ~0xf000U) | 5U << 12);  // Non-cacheable
  EXPECT_EQ(w.gats(sGATS1PR, 0x1000) >> 56, 0xffU);
  EXPECT_EQ(w.gats(sGATS12PR, 0x1000) >> 56, 0x44U);
  w.write_cb(3, SCTLR, 1U << 20 | 0xfU << 16);
  EXPECT_EQ(w.gats(sGATS1PR, 0x1000) >> 56, 0xffU);
  EXPECT_EQ(w.gats(sGATS12PR, 0x1000) >> 56, 0x44U);
}

TEST(GlobalOperation, UsesTheRightsOfItsKind) {
  AtsWorld w;
  pgtable::Mapping m;
  m.unprivileged = false;
  m.writable = false;
  w.stage1().map(0x10000, 0x20000, 0x1000, m);
  for (const std::uint32_t operation : {sGATS1PR, sGATS12PR}) {
    EXPECT_EQ(AtsWorld::PA(w.gats(operation, 0x10000)), 0x20000U);
  }
  for (const std::uint32_t operation : {sGATS1PW, sGATS1UR, sGATS1UW, sGATS12PW, sGATS12UR, sGATS12UW}) {
    EXPECT_EQ(w.gats(operation, 0x10000), F | PF | AArch64 | level(3)) << operation;
  }
}

// 4.3: of the text's two places, GPAR tells it (9.6.20)
TEST(GlobalOperation, OfAnInvalidIndexIsAnUnimplementedContextBank) {
  AtsWorld w;
  w.nested();
  w.write(sGFSR, ~0U);
  for (const unsigned bank : {32U, 255U, 5U}) {  // not there, not there, of stage 2
    EXPECT_EQ(w.gats(sGATS1PR, 0x1000, bank), F | UCBF) << bank;
    EXPECT_EQ(w.gats(sGATS12PR, 0x1000, bank), F | UCBF) << bank;
  }
  EXPECT_EQ(w.read(sGFSR), 0U);
}

// 4.3.3
TEST(GlobalOperation, OfAStage2FaultContextIsAnInvalidContext) {
  AtsWorld w;
  w.stage1();
  w.write(w.gr1(CBAR0 + 4 * 3), 2U << 16);
  EXPECT_EQ(AtsWorld::plain(w.gats(sGATS1PR, 0x1000)), F | ICF);
  EXPECT_EQ(w.read(sGFSR), 0U);
}

// 4.3.2: GPAR tells the stage; neither FSR does
TEST(GlobalOperation, TellsTheStageOfAFaultAndRecordsItNowhereElse) {
  AtsWorld w;
  w.nested(SCTLR_CFCFG);
  EXPECT_EQ(w.gats(sGATS1PR, 0x5000, 6), F | TF | AArch64 | level(3));
  EXPECT_EQ(w.gats(sGATS12PR, 0x2000, 6), F | TF | AArch64 | level(3) | STAGE2);
  w.s2->unmap(w.s1->config().stage1.tables[0].base, 0x1000);
  w.write(TLBIALLNSNH, 0);
  EXPECT_EQ(w.gats(sGATS1PR, 0x1000, 6), F | TF | AArch64 | level(3) | STAGE2);
  for (const unsigned bank : {5U, 6U}) EXPECT_EQ(w.read_cb(bank, FSR) & ~(3U << 9), 0U);
  EXPECT_EQ(w.read(sGFSR), 0U);
}

// 4.3.2: "not subject to stalls", "not queued behind client transactions"
TEST(GlobalOperation, RunsPastBanksThatFaultOrStall) {
  for (const std::uint32_t mode : {0U, SCTLR_CFCFG}) {
    AtsWorld w;
    w.nested(mode);
    Access a(w.smmu, World::request(9, 0x2000));
    EXPECT_EQ(w.run(a), mode == 0);
    const std::uint64_t FSR_was = w.read_cb(5, FSR);
    EXPECT_NE(FSR_was & TF, 0U);
    EXPECT_EQ(AtsWorld::PA(w.gats(sGATS12PR, 0x1000, 6)), 0x9000'0000U);
    EXPECT_EQ(w.gats(sGATS12PR, 0x2000, 6) & (F | TF), F | TF);
    EXPECT_EQ(w.read_cb(5, FSR), FSR_was);
    EXPECT_EQ(w.read(sGATSR), 0U);
  }
}

// 4.3.1
TEST(GlobalOperation, IsActiveUntilGparIsWritten) {
  AtsWorld w;
  w.stage1();
  w.write(sGATS1PR, 0x1000 | 3, 8);
  EXPECT_EQ(w.read(sGATSR), 1U);
  w.write(sGATS1PR, 0x3000 | 3, 8);  // UNPREDICTABLE: ignored
  w.work();
  EXPECT_EQ(w.read(sGATSR), 0U);
  EXPECT_EQ(AtsWorld::PA(w.read(sGPAR, 8)), 0x2'0000'2000U);
}

struct SecureAts : AtsWorld {
  static Features features() {
    Features f;
    f.SES = true;
    return f;
  }
  SecureAts() : AtsWorld(features()) {
    write(SCR1, 32U << 8 | 16U, 4, true);
    stage1();
    pgtable::Config c = config64();
    c.space = pgtable::AddressSpace::secure;
    pgtable::Builder& b = builder(c);
    b.map(0x1000, 0x7000, 0x1000);
    pgtable::Mapping m;
    m.NS = true;
    b.map(0x2000, 0x8000, 0x1000, m);
    bank64(20, b.config());
  }
};

// 4.3
TEST(GlobalOperation, OfANonSecureRegisterTakesNonSecureBanksOnly) {
  SecureAts w;
  EXPECT_EQ(w.gats(sGATS1PR, 0x1000, 20, false), F | UCBF);
  EXPECT_EQ(AtsWorld::PA(w.gats(sGATS1PR, 0x1000, 3, false)), 0x2'0000'2000U);
  EXPECT_EQ(AtsWorld::PA(w.gats(sGATS1PR, 0x1000, 20, true)), 0x7000U);
  EXPECT_EQ(AtsWorld::PA(w.gats(sGATS1PR, 0x1000, 3, true)), 0x2'0000'2000U);
}

// 9.6.20: NS of a Secure bank's entry
TEST(GlobalOperation, TellsWhetherASecureBankGivesNonSecureMemory) {
  SecureAts w;
  EXPECT_EQ(w.gats(sGATS1PR, 0x1000, 20, true) >> 9 & 1U, 0U);
  EXPECT_EQ(w.gats(sGATS1PR, 0x2000, 20, true) >> 9 & 1U, 1U);
}

// 4.3: "operate independently"
TEST(GlobalOperation, OfEachSecurityStateIsIndependent) {
  SecureAts w;
  w.write(sGATS1PR, 0x1000 | 20, 8, true);
  w.write(sGATS1PR, 0x1000 | 3, 8, false);
  EXPECT_EQ(w.read(sGATSR, 4, true), 1U);
  EXPECT_EQ(w.read(sGATSR, 4, false), 1U);
  w.work();
  EXPECT_EQ(AtsWorld::PA(w.read(sGPAR, 8, true)), 0x7000U);
  EXPECT_EQ(AtsWorld::PA(w.read(sGPAR, 8, false)), 0x2'0000'2000U);
}

}  // namespace
}  // namespace smmuvp::smmuv2
