// Interrupts of faults: global and by bank, dedicated and assignable (IHI 0062 3.6, 3.8.3).
#include "secure_world.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using smmu::Outcome;
using namespace fsr_bit;
using namespace gfsr_bit;
constexpr std::uint32_t context_TF = fsr_bit::TF;

// ---- global ones

// 3.6.3: each enable and each bit by itself
TEST(GlobalInterrupt, IsALevelOverAllBitsButCafWhileGfieIsSet) {
  Features f;
  f.EF = true;
  FormatsWorld w(f);
  for (const std::uint32_t bit : {ICF, USF, SMCF, UCBF, gfsr_bit::EF, gfsr_bit::UUT, gfsr_bit::MULTI}) {
    SCOPED_TRACE(bit);
    w.write(sCR0, 0);
    w.write(sGFSRRESTORE, bit);
    EXPECT_EQ(w.read(sGFSR), bit);
    EXPECT_FALSE(w.smmu.levels().NSgIrpt);
    w.write(sCR0, CR0_GCFGFIE);
    EXPECT_FALSE(w.smmu.levels().NSgIrpt || w.smmu.levels().NSgCfgIrpt);
    w.write(sCR0, CR0_GFIE);
    EXPECT_TRUE(w.smmu.levels().NSgIrpt);
    EXPECT_FALSE(w.smmu.levels().NSgCfgIrpt);
    w.write(sGFSR, ~bit);
    EXPECT_TRUE(w.smmu.levels().NSgIrpt);
    w.write(sGFSR, bit);
    EXPECT_FALSE(w.smmu.levels().NSgIrpt);
  }
}

TEST(GlobalInterrupt, OfConfigurationAccessFaultsHasALineAndAnEnableOfItsOwn) {
  FormatsWorld w;
  w.write(sGFSRRESTORE, CAF);
  w.write(sCR0, CR0_GFIE);
  EXPECT_FALSE(w.smmu.levels().NSgIrpt || w.smmu.levels().NSgCfgIrpt);
  w.write(sCR0, CR0_GCFGFIE);
  EXPECT_TRUE(w.smmu.levels().NSgCfgIrpt);
  EXPECT_FALSE(w.smmu.levels().NSgIrpt);
  w.write(sCR0, CR0_GFIE | CR0_GCFGFIE);
  w.write(sGFSRRESTORE, CAF | USF);
  EXPECT_TRUE(w.smmu.levels().NSgCfgIrpt && w.smmu.levels().NSgIrpt);
}

// 3.8.3, note: MULTI of a second configuration access fault is of the other line
TEST(GlobalInterrupt, OfASecondConfigurationAccessFaultIsThatOfOtherFaults) {
  SecureWorld w;
  w.start_both();
  w.read(SCR1);
  EXPECT_EQ(w.read(sGFSR, 4, true), CAF);
  EXPECT_TRUE(w.smmu.levels().gCfgIrpt);
  EXPECT_FALSE(w.smmu.levels().gIrpt);
  w.read(SCR1);
  EXPECT_EQ(w.read(sGFSR, 4, true), CAF | gfsr_bit::MULTI);
  EXPECT_TRUE(w.smmu.levels().gIrpt);
  EXPECT_FALSE(w.smmu.levels().NSgIrpt || w.smmu.levels().NSgCfgIrpt);
}

TEST(GlobalInterrupt, IsThatOfTheSecurityStateWhoseRegisterRecords) {
  SecureWorld w;
  w.start_both();
  w.access(0x55, 0x1000);
  EXPECT_TRUE(w.smmu.levels().NSgIrpt);
  EXPECT_FALSE(w.smmu.levels().gIrpt);
  w.write(sGFSR, ~0U);
  w.access(SecureWorld::secure_request(0x55, 0x1000));
  EXPECT_FALSE(w.smmu.levels().NSgIrpt);
  EXPECT_TRUE(w.smmu.levels().gIrpt);
  w.write(sCR0, 0);
  EXPECT_TRUE(w.smmu.levels().gIrpt) << "SCR0 enables it";
  w.write(sCR0, 0, 4, true);
  EXPECT_FALSE(w.smmu.levels().gIrpt);
}

// ---- of banks

// 3.6.3: "all other bits, with the exception of Format, if nonzero, are considered to indicate a fault"
TEST(ContextInterrupt, IsALevelOverEveryFaultBitWhileCfieIsSet) {
  FormatsWorld w;
  constexpr std::uint32_t TLBMCF = 1U << 5, TLBLKF = 1U << 6;
  for (const std::uint32_t bit :
       {context_TF, AFF, fsr_bit::PF, fsr_bit::EF, TLBMCF, TLBLKF, ASF, fsr_bit::UUT, fsr_bit::MULTI}) {
    SCOPED_TRACE(bit);
    w.write_cb(3, SCTLR, 0);
    w.write_cb(3, FSRRESTORE, bit);
    EXPECT_FALSE(w.smmu.levels().context[3]);
    w.write_cb(3, SCTLR, SCTLR_CFIE);
    EXPECT_TRUE(w.smmu.levels().context[3]);
    EXPECT_FALSE(w.smmu.levels().context[2] || w.smmu.levels().context[4]);
    w.write_cb(3, FSR, ~bit);
    EXPECT_TRUE(w.smmu.levels().context[3]);
    w.write_cb(3, FSR, bit);
    EXPECT_FALSE(w.smmu.levels().context[3]);
  }
}

TEST(ContextInterrupt, OfAFaultRisesWithItsRecordAndFallsWhenItIsCleared) {
  FormatsWorld w;
  w.stream64(9, 3);
  w.start();
  w.smmu.interface().faults().take_changed();
  w.access(9, 0x5000);
  EXPECT_TRUE(w.smmu.levels().context[3]);
  EXPECT_TRUE(w.smmu.interface().faults().take_changed());
  w.access(9, 0x6000);
  EXPECT_FALSE(w.smmu.interface().faults().take_changed()) << "it is high already";
  w.write_cb(3, FSR, context_TF);
  EXPECT_FALSE(w.smmu.levels().context[3]);
  EXPECT_TRUE(w.smmu.interface().faults().take_changed());
}

// IMPLEMENTATION DEFINED: SS alone is no fault
TEST(ContextInterrupt, IsNotRaisedBySsAlone) {
  FormatsWorld w;
  w.stream64(9, 3, 1, SCTLR_CFCFG);
  w.start();
  Access a(w.smmu, World::request(9, 0x5000));
  EXPECT_FALSE(w.run(a));
  EXPECT_TRUE(w.smmu.levels().context[3]);
  w.write_cb(3, FSR, ~0U);
  EXPECT_EQ(w.FSR_of(3), SS);
  EXPECT_FALSE(w.smmu.levels().context[3]);
  w.write_cb(3, RESUME, 0);
  EXPECT_FALSE(w.run(a));
  EXPECT_TRUE(w.smmu.levels().context[3]) << "it has faulted again";
}

TEST(ContextInterrupt, OfStage2IsThatOfItsOwnBank) {
  FormatsWorld w;
  pgtable::Builder* s2 = nullptr;
  auto& s1 = w.nested64(6, 5, s2);
  ASSERT_TRUE(s1.map(0x1000, 0x40'0000, 0x1000));
  w.map_stream(0, 9, S2CR_translate | 6);
  w.start();
  w.access(9, 0x1000);
  EXPECT_TRUE(w.smmu.levels().context[5]);
  EXPECT_FALSE(w.smmu.levels().context[6]);
}

// 3.6.2: with NUMIRPT 1 each bank has its own, and IRPTNDX is 0
TEST(DedicatedInterrupts, LeaveNothingToAssign) {
  SecureWorld w;
  EXPECT_EQ(w.smmu.levels().context.size(), 32U);
  w.write(w.gr1(CBAR0 + 4 * 3), CBAR_stage1 | 0xffU << 24);
  EXPECT_EQ(w.read(w.gr1(CBAR0 + 4 * 3)) >> 24, 0U);
  EXPECT_EQ(w.read(IDR0) >> 16 & 0xff, 1U);
  w.set_SCR1(28 | 60U << 8 | 0U << 16);
  EXPECT_EQ(w.read(SCR1, 4, true) >> 16 & 0xff, 1U);
  EXPECT_EQ(w.read(sGFSR, 4, true), 0U);
  w.write(sGFSRRESTORE, UCIF);
  EXPECT_EQ(w.read(sGFSR), 0U) << "there is no such fault";
}

Features assignable(std::uint8_t NUMIRPT, bool SES = false) {
  Features f;
  f.NUMIRPT = NUMIRPT;
  f.SES = SES;
  return f;
}

TEST(AssignableInterrupts, AreTheOrOfTheBanksThatAreAssignedToThem) {
  FormatsWorld w(assignable(4));
  EXPECT_EQ(w.smmu.levels().context.size(), 4U);
  for (const unsigned bank : {3U, 4U, 5U}) {
    w.write(w.gr1(CBAR0 + 4 * bank), CBAR_stage1 | (bank == 5 ? 1U : 2U) << 24);
    w.write_cb(bank, SCTLR, SCTLR_CFIE);
    w.write_cb(bank, FSR, ~0U);
  }
  const auto levels = [&] {
    unsigned all = 0;
    for (unsigned i = 0; i < 4; ++i) all |= w.smmu.levels().context[i] ? 1U << i : 0;
    return all;
  };
  EXPECT_EQ(levels(), 0U);
  w.write_cb(3, FSRRESTORE, context_TF);
  w.write_cb(4, FSRRESTORE, context_TF);
  EXPECT_EQ(levels(), 4U);
  w.write_cb(3, FSR, ~0U);
  EXPECT_EQ(levels(), 4U) << "the other one";
  w.write_cb(4, SCTLR, 0);
  EXPECT_EQ(levels(), 0U);
  w.write_cb(4, SCTLR, SCTLR_CFIE);
  EXPECT_EQ(levels(), 4U);
  w.write(w.gr1(CBAR0 + 4 * 4), CBAR_stage1 | 1U << 24);
  EXPECT_EQ(levels(), 2U) << "it is assigned elsewhere";
  w.write_cb(5, FSRRESTORE, context_TF);
  w.write_cb(4, FSR, ~0U);
  EXPECT_EQ(levels(), 2U);
}

// 3.6.2: IRPTNDX out of range, CFIE 1, and a context fault
TEST(AssignableInterrupts, ThatAreNotThereAreUnimplementedContextInterruptFaults) {
  FormatsWorld w(assignable(4));
  w.stream64(9, 3);
  w.write(sGFSR, ~0U);
  w.write(w.gr1(CBAR0 + 4 * 3), CBAR_stage1 | 4U << 24);
  w.start();
  auto r = World::request(9, 0x5004, smmu::AccessKind::write);
  r.privileged = true;
  EXPECT_EQ(w.access(r).outcome, Outcome::abort);
  w.expect_global(UCIF, 0x5004, gfsr_bit::WNR | gfsr_bit::PNU, 9);
  w.expect_fault(3, context_TF | Format_64, 0x5004, 1 | fsynr_bit::WNR | fsynr_bit::PNU, 9);
  EXPECT_TRUE(w.smmu.levels().NSgIrpt);
  for (const bool level : w.smmu.levels().context) EXPECT_FALSE(level);
  w.clear(3);
  w.write(sGFSR, ~0U);
  w.change_cb(3, SCTLR, SCTLR_CFIE, 0);
  w.access(r);
  EXPECT_EQ(w.read(sGFSR), 0U) << "it would not interrupt";
}

TEST(AssignableInterrupts, OfTheSecondBankAreToldAsNested) {
  FormatsWorld w(assignable(4));
  pgtable::Builder* s2 = nullptr;
  auto& s1 = w.nested64(6, 5, s2);
  ASSERT_TRUE(s1.map(0x1000, 0x40'0000, 0x1000));
  w.write(sGFSR, ~0U);
  w.write(w.gr1(CBAR0 + 4 * 5), CBAR_stage2 | 7U | 9U << 24);
  w.map_stream(0, 9, S2CR_translate | 6);
  w.start();
  w.access(9, 0x1004);
  w.expect_global(UCIF, 0x1004, gfsr_bit::Nested, 9);
}

TEST(AssignableInterrupts, OfSecureSoftwareAreNotThereForNonSecureBanks) {
  SecureWorld w(assignable(4, true));
  w.set_SCR1(28 | 60U << 8 | 2U << 16);
  EXPECT_EQ(w.read(IDR0) >> 16 & 0xff, 2U) << "9.6.1: what NSNUMIRPTO leaves";
  EXPECT_EQ(w.read(IDR0, 4, true) >> 16 & 0xff, 4U);
  auto& b = w.builder(World::config64());
  for (const unsigned bank : {3U, 30U}) {
    w.bank64(bank, b.config());
    w.write(w.gr1(CBAR0 + 4 * bank), CBAR_stage1 | 3U << 24, 4, w.secure_of(bank));
  }
  w.map_stream(0, 9, S2CR_translate | 3);
  w.map_secure(60, 9, S2CR_translate | 30);
  w.start_both();
  w.access(9, 0x5004);
  w.expect_global(UCIF, 0x5004, 0, 9);
  EXPECT_FALSE(w.smmu.levels().context[3]);
  w.access(SecureWorld::secure_request(9, 0x5004));
  EXPECT_TRUE(w.smmu.levels().context[3]);
  EXPECT_EQ(w.read(sGFSR, 4, true), 0U);
}

}  // namespace
}  // namespace smmuvp::smmuv2
