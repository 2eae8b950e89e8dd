// ATS and PRI are not for Secure streams, nor have Secure registers anything of them (IHI 0070 3.9.1, 5.2,
// 6.3.57 to 6.3.68).
#include <gtest/gtest.h>

#include "secure_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::AtsPhase;
using smmu::AtsStatus;
using smmu::Outcome;

constexpr std::uint64_t va = 0x40'0000;
constexpr std::uint64_t pa = 0x8000'0000;

Features with_ats_and_pri() {
  Features f = with_secure();
  f.ATS = f.ATSRECERR = f.PRI = f.MSI = true;
  f.PRIQS = 8;
  return f;
}

struct SecureAts : ::testing::Test {
  SecureAts() {
    w.start();
    w.s_start(8, CR0_implemented);
  }
  /// A Secure stream with STE.EATS of that value.
  void stream(std::uint32_t sid, unsigned EATS) {
    pgtable::Builder& b = w.s_stream(sid);
    ASSERT_TRUE(b.map(va, pa, 0x1000));
    w.s_put_ste(sid, ste_stage1(World::cd_address(sid)).set(92, 2, EATS));
  }
  smmu::AccessAnswer send(AtsPhase phase, std::uint32_t sid, std::uint64_t address, AddressSpace space) {
    smmu::AccessRequest r = SecureWorld::s_request(sid, address, space);
    r.ats = phase;
    return w.access(r);
  }
  void expect_event(std::uint64_t word0) {
    EXPECT_EQ(w.s_event()[0], word0);
    EXPECT_FALSE(w.pop_event()) << "none in the Non-secure queue";
  }
  static constexpr std::uint32_t out_of_range = 0x100;
  SecureWorld w{with_ats_and_pri()};
};

// 3.9.1: before the StreamID is looked at, or a configuration.
TEST_F(SecureAts, TranslationRequestsAreRefusedAndRecordedInTheSecureQueue) {
  for (unsigned EATS = 0; EATS < 4; ++EATS) stream(1 + EATS, EATS);
  for (const AddressSpace space : {AddressSpace::secure, AddressSpace::non_secure}) {
    for (const std::uint32_t sid : {1U, 2U, 3U, 4U, 9U, out_of_range}) {
      const smmu::AccessAnswer a = send(AtsPhase::translation_request, sid, va, space);
      EXPECT_EQ(a.outcome, Outcome::answered);
      EXPECT_EQ(a.ats.status, AtsStatus::unsupported_request);
      EXPECT_FALSE(a.ats.any());
      expect_event(0x05 | of_stream(sid));
    }
  }
  EXPECT_EQ(w.smmu.statistics().config_misses, 0U);
  w.s_write(0x8020, CR0_EVENTQEN);  // S_CR0.SMMUEN 0
  w.work();
  EXPECT_EQ(send(AtsPhase::translation_request, 1, va, AddressSpace::secure).ats.status,
            AtsStatus::unsupported_request);
  expect_event(0x05 | of_stream(1));
}

// 3.9.1, 3.9.1.3, 7.3.8: whatever ATSCHK is, which there is for Non-secure streams alone.
TEST_F(SecureAts, TranslatedTransactionsAreForbiddenAndRecordedInTheSecureQueue) {
  stream(1, 1);
  for (const std::uint32_t CR0 : {CR0_implemented, CR0_implemented | CR0_ATSCHK}) {
    w.write(0x20, CR0);
    w.work();
    for (const std::uint32_t sid : {1U, 9U, out_of_range}) {
      EXPECT_EQ(send(AtsPhase::translated, sid, pa, AddressSpace::secure).outcome, Outcome::abort);
      expect_event(0x07 | of_stream(sid));
    }
  }
}

// 5.2: EATS of a Secure STE is RES0, so that no value is ILLEGAL.
TEST_F(SecureAts, EatsOfAnSteIsIgnored) {
  for (unsigned EATS = 0; EATS < 4; ++EATS) {
    stream(1 + EATS, EATS);
    const smmu::AccessAnswer a = w.s_access(1 + EATS, va);
    EXPECT_EQ(a.outcome, Outcome::forward);
    EXPECT_EQ(a.output, pa);
    EXPECT_FALSE(w.s_pop_event());
  }
}

TEST_F(SecureAts, RegistersHaveNothingOfAtsAndPri) {
  w.s_write(0x8020, 0);
  w.s_write(0x8050, 0);
  w.work();
  w.s_write(0x8020, CR0_implemented | CR0_PRIQEN | CR0_ATSCHK);
  w.work();
  EXPECT_EQ(w.s_read(0x8020), CR0_implemented) << "6.3.57";
  EXPECT_EQ(w.s_read(0x8024), CR0_implemented);
  w.s_write(0x8020, 0);
  w.work();
  w.s_write(0x802c, CR2_RECINVSID | CR2_REC_CFG_ATS);
  EXPECT_EQ(w.s_read(0x802c), CR2_RECINVSID) << "6.3.60";
  w.s_write(0x8050, ~0U);
  EXPECT_EQ(w.s_read(0x8050), IRQ_CTRL_implemented) << "6.3.65: PRIQ_IRQEN";
  w.s_write(0x8064, GERROR_PRIQ_ABT_ERR | GERROR_MSI_PRIQ_ABT_ERR);
  EXPECT_EQ(w.s_read(0x8064), 0U) << "6.3.68";
  for (const std::uint32_t offset : {0x80c0U, 0x80d0U, 0x80d8U, 0x80dcU, 0x180c8U, 0x180ccU}) {
    w.s_write(offset, ~0U);
    EXPECT_EQ(w.s_read(offset), 0U) << std::hex << offset;
  }
}

}  // namespace
}  // namespace smmuvp::smmuv3
