// Hypervisor and Monitor contexts (IHI 0062 1.5.2, 2.8, 2.9, 10.2).
#include "secure_world.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using pgtable::Mapping;
using smmu::AccessKind;
using smmu::Outcome;
using namespace fsr_bit;

pgtable::Config config_hyp64() {
  pgtable::Config c = World::config64();
  c.regime = pgtable::Regime::el2;
  return c;
}

// ---- HYPC

TEST(HypervisorContext, HasTtbr0AloneForEveryAddress) {
  FormatsWorld w;
  auto& b = w.builder(config_hyp64());
  ASSERT_TRUE(b.map(0x7f'ffff'f000, 0x8000'0000, 0x1000));
  w.bank64(3, b.config(), 1, 0, 0, CBAR_stage1 | CBAR_HYPC);
  w.map_stream(0, 9, S2CR_translate | 3);
  w.start();
  EXPECT_EQ(w.output_of(9, 0x7f'ffff'f004), 0x8000'0004U);
  w.access(9, 0x1'ffff'ffff'f000);  // TTBR1's
  w.expect_fault(3, TF | Format_64, 0x1'ffff'ffff'f000, 0, 9);
}

// 2.8.4
TEST(HypervisorContext, HasNoSignExtension) {
  FormatsWorld w;
  auto config = config_hyp64();
  config.stage1.tables[0].TxSZ = 16;
  auto& b = w.builder(config);
  ASSERT_TRUE(b.map(0x8000'1000, 0x9000'0000, 0x1000));
  ASSERT_TRUE(b.map(0xffff'8000'1000, 0xa000'0000, 0x1000));
  w.bank64(3, b.config(), 1, 0, 0, CBAR_stage1 | CBAR_HYPC);
  w.change_cb(3, TCR2, 7U << 15, 0);  // SEP: bit 31
  w.map_stream(0, 9, S2CR_translate | 3);
  w.start();
  EXPECT_EQ(w.output_of(9, 0x8000'1004), 0x9000'0004U);
  EXPECT_EQ(w.output_of(9, 0xffff'8000'1004), 0xa000'0004U);
}

// Table 2-13: EAE is considered 1, AFE and TRE have no effect
TEST(HypervisorContext, OfAarch32HasLongDescriptorsWhateverEaeSays) {
  FormatsWorld w;
  auto config = FormatsWorld::config_long();
  config.regime = pgtable::Regime::el2;
  auto& b = w.builder(config);
  ASSERT_TRUE(b.map(0xffff'f000, 0x12'3456'7000, 0x1000));
  w.bank_long(3, b.config(), 1, 0, 0, CBAR_stage1 | CBAR_HYPC);
  w.change_cb(3, TCR, 1U << 31, 0);
  w.map_stream(0, 9, S2CR_translate | 3);
  w.start();
  EXPECT_EQ(w.output_of(9, 0xffff'f004), 0x12'3456'7004U);
  EXPECT_EQ(w.read_cb(3, FSR) & Format, Format_long);
  w.access(9, 0x1000);
  EXPECT_EQ(w.read_cb(3, FSR), TF | Format_long);
}

// 2.8.1, 2.8.5: AP[1] and nG mean nothing, all is privileged, downstream too
TEST(HypervisorContext, IsPrivilegedAndDoesNotTellSoInItsSyndrome) {
  FormatsWorld w;
  auto& b = w.builder(config_hyp64());
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
  const auto at = b.descriptor_address(0x1000, 3);
  ASSERT_TRUE(at);
  w.memory.write(*at, w.memory.read(*at, 8) & ~(1ULL << 6));  // AP[1] 0: no access of EL0 elsewhere
  w.bank64(3, b.config(), 1, 0, 0, CBAR_stage1 | CBAR_HYPC);
  w.map_stream(0, 9, S2CR_translate | 3 | 2U << 24);  // PRIVCFG: unprivileged
  w.start();
  const auto a = w.access(9, 0x1004, AccessKind::write);
  EXPECT_EQ(a.outcome, Outcome::forward);
  EXPECT_TRUE(a.privileged);
  w.access(9, 0x5000, AccessKind::write);
  w.expect_fault(3, TF | Format_64, 0x5000, 3 | fsynr_bit::WNR, 9);
}

// 2.8.2: of all Hypervisor contexts, with no ASID and no VMID
TEST(HypervisorContext, HasTlbEntriesWithNeitherAsidNorVmid) {
  FormatsWorld w;
  auto& b1 = w.builder(config_hyp64());
  auto& b2 = w.builder(config_hyp64());
  auto& b3 = w.builder(World::config64());
  ASSERT_TRUE(b1.map(0x1000, 0x8000'0000, 0x1000));
  ASSERT_TRUE(b2.map(0x1000, 0x9000'0000, 0x1000));
  ASSERT_TRUE(b3.map(0x1000, 0xa000'0000, 0x1000));
  w.bank64(3, b1.config(), 1, 5, 0, CBAR_stage1 | CBAR_HYPC);
  w.bank64(4, b2.config(), 2, 6, 0, CBAR_stage1 | CBAR_HYPC);
  w.bank64(6, b3.config(), 0, 0);
  w.map_stream(0, 9, S2CR_translate | 3);
  w.map_stream(1, 10, S2CR_translate | 4);
  w.map_stream(2, 11, S2CR_translate | 6);
  w.start();
  EXPECT_EQ(w.output_of(9, 0x1000), 0x8000'0000U);
  EXPECT_EQ(w.output_of(10, 0x1000), 0x8000'0000U) << "of the same software entity";
  EXPECT_EQ(w.output_of(11, 0x1000), 0xa000'0000U) << "no Hypervisor entry";
  w.write(TLBIALLH, 0);
  EXPECT_EQ(w.output_of(10, 0x1000), 0x9000'0000U);
  EXPECT_TRUE(w.access(11, 0x1000).tlb_hit);
}

// 1.5.2 against 16.5.38 (UNK/SBZ): EPD0 is obeyed
TEST(HypervisorContext, ObeysEpd0) {
  FormatsWorld w;
  auto& b = w.builder(config_hyp64());
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
  ASSERT_TRUE(b.map(0x2000, 0x9000'0000, 0x1000));
  w.bank64(3, b.config(), 1, 0, 0, CBAR_stage1 | CBAR_HYPC);
  w.map_stream(0, 9, S2CR_translate | 3);
  w.start();
  EXPECT_EQ(w.output_of(9, 0x1004), 0x8000'0004U);
  w.change_cb(3, TCR, 0, 1U << 7);
  EXPECT_EQ(w.output_of(9, 0x1004), 0x8000'0004U) << "a hit still translates";
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(w.access(9, 0x2004).outcome, Outcome::abort);
    w.expect_fault(3, TF | Format_64, 0x2004, 0, 9);
    w.clear(3);
  }
}

// 10.2.1: only of TYPE 0b01; in TYPE 0b11 the bit is CBNDX's
TEST(HypervisorContext, IsNoneOfBanksWithBothStages) {
  FormatsWorld w;
  auto& s2 = w.builder(World::config_stage2());
  ASSERT_TRUE(s2.map(World::tables, World::tables, 0x20'0000));
  ASSERT_TRUE(s2.map(0x40'0000, 0x9000'0000, 0x1000));
  auto& s1 = w.builder(World::config64());
  ASSERT_TRUE(s1.map(0 - 0x1000ULL, 0x40'0000, 0x1000));
  w.bank_stage2(4, s2.config(), 7);  // 4 is bit 10 of CBAR
  w.bank64(6, s1.config(), 1, 7, 0, CBAR_nested | 4U << 8);
  w.map_stream(0, 9, S2CR_translate | 6);
  w.start();
  EXPECT_EQ(w.output_of(9, 0x1'ffff'ffff'f004), 0x9000'0004U);
}

// 1.5.2: "SMMU HYPC banks must adhere to NSCFG0"
TEST(HypervisorContext, OfSecureSoftwareAdheresToNscfg0) {
  for (const bool NSCFG0 : {false, true}) {
    SecureWorld w;
    auto& b = w.builder(config_hyp64());
    ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
    w.bank64(30, b.config(), 1, 0, 0, CBAR_stage1 | CBAR_HYPC);
    w.change_cb(30, TCR2, 0, NSCFG0 ? 1U << 14 : 0);
    w.map_secure(60, 9, S2CR_translate | 30);
    w.start_both();
    Access a(w.smmu, SecureWorld::secure_request(9, 0x1004));
    ASSERT_EQ(a.step(), smmu::Step::need);
    EXPECT_EQ(a.op().space, NSCFG0 ? pgtable::AddressSpace::non_secure : pgtable::AddressSpace::secure);
    w.run(a);
    EXPECT_EQ(a.answer().output, 0x8000'0004U);
    EXPECT_EQ(a.answer().space, NSCFG0 ? pgtable::AddressSpace::non_secure : pgtable::AddressSpace::secure);
  }
}

// ---- MONC

pgtable::Config config_monitor() {
  pgtable::Config c = World::config64();
  c.regime = pgtable::Regime::el3;
  return c;
}

class MonitorContext : public testing::Test {
 protected:
  void SetUp() override {
    b = &w.builder(config_monitor());
    ASSERT_TRUE(b->map(0x1000, 0x8000'0000, 0x1000));
    w.bank64(30, b->config(), 1);
    w.write(w.gr1(CBA2R0 + 4 * 30), CBA2R_VA64 | CBA2R_MONC, 4, true);
    w.map_secure(60, 9, S2CR_translate | 30 | 2U << 24);
    w.start_both();
  }
  SecureWorld w;
  pgtable::Builder* b = nullptr;
};

TEST_F(MonitorContext, HasTtbr0AloneAndIsPrivileged) {
  const auto a = w.access(SecureWorld::secure_request(9, 0x1004));
  EXPECT_EQ(a.outcome, Outcome::forward);
  EXPECT_EQ(a.output, 0x8000'0004U);
  EXPECT_TRUE(a.privileged);
  EXPECT_EQ(a.space, pgtable::AddressSpace::secure);
  w.access(SecureWorld::secure_request(9, 0x1'ffff'ffff'f000));
  w.expect_fault(30, TF | Format_64, 0x1'ffff'ffff'f000, 0, 9);
}

// 9.6.1, DIPANS: PRIVCFG 0b01 is as 0b11, whoever else may access
TEST_F(MonitorContext, KnowsNoPrivilegedAccessNever) {
  w.write(S2CR0 + 4 * 60, S2CR_translate | 30 | 1U << 24, 4, true);
  const auto a = w.access(SecureWorld::secure_request(9, 0x1004));
  EXPECT_EQ(a.outcome, Outcome::forward);
  EXPECT_TRUE(a.privileged);
}

// 2.9.3
TEST_F(MonitorContext, HasNoSignExtension) {
  w.change_cb(30, TCR2, 7U << 15, 0);
  ASSERT_TRUE(b->map(0x1'8000'1000, 0xa000'0000, 0x1000));
  EXPECT_EQ(w.access(SecureWorld::secure_request(9, 0x1'8000'1004)).output, 0xa000'0004U);
}

TEST_F(MonitorContext, HasTlbEntriesOfItsOwnThatStlbiallmDrops) {
  w.access(SecureWorld::secure_request(9, 0x1004));
  EXPECT_TRUE(w.access(SecureWorld::secure_request(9, 0x1004)).tlb_hit);
  auto& b2 = w.builder(World::config64());
  pgtable::Mapping m;
  m.nG = false;
  ASSERT_TRUE(b2.map(0x1000, 0x9000'0000, 0x1000, m));
  w.bank64(31, b2.config(), 1);
  w.map_secure(61, 10, S2CR_translate | 31);
  EXPECT_EQ(w.access(SecureWorld::secure_request(10, 0x1004)).output, 0x9000'0004U);
  w.write(STLBIALLM, 0, 4, true);
  EXPECT_FALSE(w.access(SecureWorld::secure_request(9, 0x1004)).tlb_hit);
  EXPECT_TRUE(w.access(SecureWorld::secure_request(10, 0x1004)).tlb_hit);
}

// 10.2.2: ignored with VA64 0, and in Non-secure banks, and read back
TEST_F(MonitorContext, IsNoneOfAarch32) {
  auto& b2 = w.builder(FormatsWorld::config_long(0, 1));
  ASSERT_TRUE(b2.map(0xffff'f000, 0x9000'0000, 0x1000));
  w.bank_long(31, b2.config());
  w.write(w.gr1(CBA2R0 + 4 * 31), CBA2R_MONC, 4, true);
  w.map_secure(61, 10, S2CR_translate | 31);
  EXPECT_EQ(w.access(SecureWorld::secure_request(10, 0xffff'f004)).output, 0x9000'0004U)
      << "there is a TTBR1";
  EXPECT_EQ(w.read(w.gr1(CBA2R0 + 4 * 31), 4, true) & 3, CBA2R_MONC);
}

TEST_F(MonitorContext, IsNoneOfNonSecureBanks) {
  auto& b2 = w.builder(World::config64());
  ASSERT_TRUE(b2.map(0 - 0x1000ULL, 0x9000'0000, 0x1000));
  w.bank64(3, b2.config());
  w.write(w.gr1(CBA2R0 + 4 * 3), CBA2R_VA64 | CBA2R_MONC);
  w.map_stream(0, 10, S2CR_translate | 3);
  const auto a = w.access(10, 0x1'ffff'ffff'f004);
  EXPECT_EQ(a.output, 0x9000'0004U) << "there is a TTBR1";
  EXPECT_FALSE(a.privileged);
  EXPECT_EQ(w.read(w.gr1(CBA2R0 + 4 * 3)) & 3, CBA2R_VA64 | CBA2R_MONC);
}

// ---- S2CR.PRIVCFG (2.4.1, 9.6.1 DIPANS)

// Also of what the TLB has of a stream without it: here unprivileged code may execute, but for stage 2
TEST(PrivilegedAccessNever, GoesByTheRightsOfStage1Alone) {
  FormatsWorld w;
  pgtable::Builder* s2 = nullptr;
  auto& s1 = w.nested64(6, 5, s2);
  Mapping m;
  m.unprivileged = false;
  m.unprivileged_execute = true;
  ASSERT_TRUE(s1.map(0x2000, 0x2000, 0x1000, m));
  ASSERT_TRUE(s2->map(0x2000, 0x8000, 0x1000));
  w.map_stream(0, 9, S2CR_translate | 6 | 3U << 24);
  w.map_stream(1, 10, S2CR_translate | 6 | 1U << 24);
  w.start();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(w.access(10, 0x2000).outcome, Outcome::abort);
    EXPECT_EQ(w.FSR_of(6), PF);
    w.clear(6);
    EXPECT_EQ(w.output_of(9, 0x2000), 0x8000U);
  }
}

TEST(PrivilegedAccessNever, RefusesWhatUnprivilegedAccessesMay) {
  for (const bool DIPANS : {true, false}) {
    SCOPED_TRACE(DIPANS);
    Features f;
    f.DIPANS = DIPANS;
    FormatsWorld w(f);
    auto& b = w.stream64(9, 3);
    Mapping privileged;
    privileged.unprivileged = false;
    ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
    ASSERT_TRUE(b.map(0x2000, 0x9000'0000, 0x1000, privileged));
    w.write(S2CR0 + 4 * 9, S2CR_translate | 3 | 1U << 24);
    w.start();
    EXPECT_EQ(w.access(9, 0x1000).outcome, DIPANS ? Outcome::abort : Outcome::forward);
    if (DIPANS) w.expect_fault(3, PF | Format_64, 0x1000, 3 | fsynr_bit::PNU, 9);
    w.clear(3);
    const auto a = w.access(9, 0x2000);
    EXPECT_EQ(a.outcome, DIPANS ? Outcome::forward : Outcome::abort);
    EXPECT_EQ(a.outcome == Outcome::forward && a.privileged, DIPANS);
    if (!DIPANS) w.expect_fault(3, PF | Format_64, 0x2000, 3, 9);
  }
}

}  // namespace
}  // namespace smmuvp::smmuv2
