// Translation by context banks (IHI 0062 2.6, 3.7, chapters 16 and 17).
#include <gtest/gtest.h>

#include "world.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using smmu::AccessKind;
using smmu::Outcome;

constexpr std::uint32_t TF = 1U << 1, PF = 1U << 3, EF = 1U << 4, ASF = 1U << 7, SS = 1U << 30,
                        MULTI = 1U << 31;

TEST(Stage1, TranslatesByAarch64Tables) {
  World w;
  auto& b = w.stream64(9, 3);
  b.map(0x12'3456'7000, 0x8'8888'8000, 0x1000);
  w.start();
  const auto a = w.access(9, 0x12'3456'7abc, AccessKind::write);
  EXPECT_EQ(a.outcome, Outcome::forward);
  EXPECT_EQ(a.output, 0x8'8888'8abcU);
  EXPECT_EQ(w.access(9, 0x12'3456'7abc).tlb_hit, true);
}

TEST(Stage1, AnUnmappedAddressIsATranslationFaultOfItsBank) {
  World w;
  auto& b = w.stream64(9, 3);
  b.map(0x1000, 0x2000, 0x1000);
  w.start();
  auto r = World::request(9, 0x5432, AccessKind::write);
  r.privileged = true;
  EXPECT_EQ(w.access(r).outcome, Outcome::abort);
  EXPECT_EQ(w.read_cb(3, FSR), TF | 2U << 9);
  EXPECT_EQ(w.read_cb(3, FAR, 8), 0x5432U);
  EXPECT_EQ(w.read_cb(3, FSYNR0), 3U | 1U << 4 | 1U << 5);
  EXPECT_EQ(w.read(w.gr1(CBFRSYNRA0 + 4 * 3)), 9U);
  EXPECT_TRUE(w.smmu.levels().context[3]);
  w.write_cb(3, FSR, TF);
  EXPECT_FALSE(w.smmu.levels().context[3]);
  EXPECT_EQ(w.access(9, 0x1000).outcome, Outcome::forward);
}

// 3.7.3: HUPCF 0 terminates what comes behind a fault, TLB hits too.
TEST(Terminate, WhatComesBehindAFaultIsKilledUnlessHupcf) {
  for (const bool HUPCF : {false, true}) {
    World w;
    auto& b = w.stream64(9, 3, 1, HUPCF ? SCTLR_HUPCF : 0);
    b.map(0x1000, 0x2000, 0x1000);
    w.start();
    w.access(9, 0x1000);
    EXPECT_EQ(w.access(9, 0x1000).outcome, Outcome::forward);
    w.access(9, 0x5000);
    EXPECT_EQ(w.access(9, 0x1000).outcome, HUPCF ? Outcome::forward : Outcome::abort);
    w.access(9, 0x6000);
    EXPECT_EQ(w.read_cb(3, FSR), TF | 2U << 9 | (HUPCF ? MULTI : 0));
    EXPECT_EQ(w.read_cb(3, FAR, 8), 0x5000U);
  }
}

TEST(Stall, AnAccessWaitsForResumeAndIsRetried) {
  World w;
  auto& b = w.stream64(9, 3, 1, SCTLR_CFCFG);
  b.map(0x1000, 0x2000, 0x1000);
  w.start();
  Access first(w.smmu, World::request(9, 0x5000));
  EXPECT_FALSE(w.run(first));
  EXPECT_EQ(w.read_cb(3, FSR), SS | TF | 2U << 9);
  Access second(w.smmu, World::request(9, 0x1000));
  EXPECT_FALSE(w.run(second));
  w.write_cb(3, FSR, ~0U);
  EXPECT_EQ(w.read_cb(3, FSR) & ~(3U << 9), SS);  // 3.6.3
  b.map(0x5000, 0x7000, 0x1000);
  w.write_cb(3, RESUME, 0);
  EXPECT_EQ(w.read_cb(3, FSR) & SS, 0U);
  EXPECT_TRUE(w.run(first));
  EXPECT_EQ(first.answer().output, 0x7000U);
  EXPECT_TRUE(w.run(second));
  EXPECT_EQ(second.answer().output, 0x2000U);
}

TEST(Stall, ResumeTerminatesTheRecordedAccess) {
  World w;
  w.stream64(9, 3, 1, SCTLR_CFCFG);
  w.start();
  Access first(w.smmu, World::request(9, 0x5000));
  EXPECT_FALSE(w.run(first));
  w.write_cb(3, FSR, ~0U);
  w.write_cb(3, RESUME, 1);
  EXPECT_TRUE(w.run(first));
  EXPECT_EQ(first.answer().outcome, Outcome::abort);
  EXPECT_EQ(w.read_cb(3, FSR) & ~(3U << 9), 0U);
}

TEST(Stage2, TranslatesIpas) {
  World w;
  auto& b = w.builder(World::config_stage2());
  b.map(0x12'3456'7000, 0x8'8888'8000, 0x1000);
  w.bank_stage2(5, b.config(), 7);
  w.map_stream(0, 9, S2CR_translate | 5);
  w.start();
  EXPECT_EQ(w.access(9, 0x12'3456'7abc).output, 0x8'8888'8abcU);
  EXPECT_EQ(w.access(9, 0x9000).outcome, Outcome::abort);
  EXPECT_EQ(w.read_cb(5, FSR), TF | 2U << 9);
  EXPECT_EQ(w.read_cb(5, IPAFAR, 8), 0x9000U);
}

TEST(Nested, BothStagesTranslateAndFaultsOfStage2AreOfItsBank) {
  World w;
  auto& s2 = w.builder(World::config_stage2());
  auto& s1 = w.builder(World::config64());
  s1.map(0x1000, 0x40'0000, 0x1000);
  s1.map(0x2000, 0x50'0000, 0x1000);
  s2.map(World::tables, World::tables, 0x20'0000);
  s2.map(0x40'0000, 0x9000'0000, 0x1000);
  w.bank_stage2(5, s2.config(), 7);
  w.bank64(6, s1.config(), 1, 7, 0, CBAR_nested | 5U << 8);
  w.map_stream(0, 9, S2CR_translate | 6);
  w.start();
  EXPECT_EQ(w.access(9, 0x1abc).output, 0x9000'0abcU);
  EXPECT_EQ(w.access(9, 0x2abc).outcome, Outcome::abort);
  EXPECT_EQ(w.read_cb(6, FSR) & ~(3U << 9), 0U);
  EXPECT_EQ(w.read_cb(5, FSR), TF | 2U << 9);
  EXPECT_EQ(w.read_cb(5, FAR, 8), 0x2abcU);
  EXPECT_EQ(w.read_cb(5, IPAFAR, 8), 0x50'0abcU);
  // NESTED, NSATTR, S1CBNDX
  EXPECT_EQ(w.read_cb(5, FSYNR0) & ~3U, 1U << 2 | 1U << 8 | 6U << 16);
}

// 16.5.29: SCTLR.M is not cached
TEST(Stage1, OffPassesTheAddressWithTheAttributesOfItsSctlr) {
  World w;
  auto& b = w.stream64(9, 3);
  b.map(0x1000, 0x2000, 0x1000);
  w.start();
  EXPECT_EQ(w.access(9, 0x1000).output, 0x2000U);
  w.write_cb(3, SCTLR, 1U << 20 | 0x5U << 16);
  const auto a = w.access(9, 0x1000);
  EXPECT_EQ(a.output, 0x1000U);
  EXPECT_EQ(a.attributes.memory, 0x44);
}

TEST(Maintenance, TlbivalDropsThePageOfItsAsid) {
  World w;
  auto& b = w.stream64(9, 3, 5);
  b.map(0x1000, 0x2000, 0x1000);
  b.map(0x2000, 0x3000, 0x1000);  // so that the table stays
  w.start();
  EXPECT_EQ(w.access(9, 0x1000).output, 0x2000U);
  b.unmap(0x1000, 0x1000);
  b.map(0x1000, 0x7000, 0x1000);
  EXPECT_EQ(w.access(9, 0x1000).output, 0x2000U);
  w.write_cb(3, TLBIVAL, 1U | std::uint64_t{6} << 48, 8);
  EXPECT_EQ(w.access(9, 0x1000).output, 0x2000U);
  w.write_cb(3, TLBIVAL, 1U | std::uint64_t{5} << 48, 8);
  EXPECT_EQ(w.access(9, 0x1000).output, 0x7000U);
  w.write_cb(3, TLBSYNC, 0);
  EXPECT_EQ(w.read_cb(3, TLBSTATUS), 0U);
}

// 5.4.2
TEST(Maintenance, ASynchronisationWaitsForAccessesUnderWay) {
  World w;
  auto& b = w.stream64(9, 3, 5);
  b.map(0x1000, 0x2000, 0x1000);
  w.start();
  {
    const auto token = w.smmu.engine().in_flight().enter(0);
    w.write_cb(3, TLBIASID, 5);
    w.write_cb(3, TLBSYNC, 0);
    EXPECT_EQ(w.read_cb(3, TLBSTATUS), 1U);
    EXPECT_EQ(w.read_cb(4, TLBSTATUS), 0U);
    w.write(sTLBGSYNC, 0);
    EXPECT_EQ(w.read(sTLBGSTATUS), 1U);
    w.smmu.engine().in_flight().leave(token, 0);
  }
  EXPECT_EQ(w.read_cb(3, TLBSTATUS), 0U);
  EXPECT_EQ(w.read(sTLBGSTATUS), 0U);
}

TEST(AddressTranslationOperation, GivesTheAddressAndAttributes) {
  World w;
  auto& b = w.stream64(9, 3);
  b.map(0x1000, 0x2'0000'2000, 0x1000);
  w.write_cb(3, ATS1PR, 0x1abc, 8);
  EXPECT_EQ(w.read_cb(3, ATSR), 1U);
  w.work();
  EXPECT_EQ(w.read_cb(3, ATSR), 0U);
  EXPECT_EQ(w.read_cb(3, PAR, 8) & 0x0000'ffff'ffff'f801ULL, 0x2'0000'2800U);
  w.write_cb(3, ATS1UR, 0x5000, 8);
  w.work();
  EXPECT_EQ(w.read_cb(3, PAR, 8), 1U | TF | 2U << 8 | std::uint64_t{3} << 32);
  EXPECT_EQ(w.read_cb(3, FSR) & ~(3U << 9), 0U);
}

}  // namespace
}  // namespace smmuvp::smmuv2
