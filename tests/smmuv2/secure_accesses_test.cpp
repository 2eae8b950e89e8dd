// What Secure accesses may, and how their tables are walked (IHI 0062 2.3.5, 2.7.4, 3.7.1).
#include <gtest/gtest.h>

#include "two_states.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using smmu::AccessKind;
using smmu::Outcome;

constexpr std::uint32_t PF_of_bank = 1U << 3, PF_of_GFSR = 1U << 7, SIF = 1U << 26;

// 2.1.1, 2.3.5, 3.7.1
TEST(SecureInstructionFetch, IsRefusedWhereItWouldLeaveNonSecure) {
  struct {
    const char* what;
    std::uint32_t CR0;
    std::uint32_t S2CR;
  } const cases[] = {{"CLIENTPD", CR0_CLIENTPD | CR0_GFRE | 3U << 28, 0},
                     {"no match", CR0_GFRE | 3U << 28, S2CR_bypass},
                     {"bypass", CR0_GFRE | CR0_USFCFG, S2CR_bypass | 3U << 18}};
  for (const auto& c : cases) {
    TwoStates w;
    w.write(sCR0, c.CR0, 4, secure);
    const std::uint32_t id = c.what[0] == 'n' ? 99 : 8;
    w.map_secure(40, 8, c.S2CR);
    auto r = TwoStates::from(AddressSpace::secure, id, 0x1000);
    r.instruction = true;
    EXPECT_EQ(w.access(r).outcome, Outcome::forward) << c.what;
    w.SCR1_is(SIF);
    EXPECT_EQ(w.access(r).outcome, Outcome::abort) << c.what;
    EXPECT_EQ(w.read(sGFSR, 4, secure), PF_of_GFSR) << c.what;
    EXPECT_EQ(w.read(sGFSYNR0, 4, secure), 1U << 3) << c.what;  // IND
    EXPECT_EQ(w.read(sGFSR), 0U) << c.what;
    r.instruction = false;
    EXPECT_EQ(w.access(r).outcome, Outcome::forward) << c.what;
    r.kind = AccessKind::write;
    r.instruction = true;
    EXPECT_EQ(w.access(r).outcome, Outcome::forward) << c.what;  // writes are data
  }
}

TEST(SecureInstructionFetch, OfABankIsAPermissionFaultThere) {
  TwoStates w;
  w.SCR1_is(SIF);
  pgtable::Mapping m;
  m.writable = false;
  m.unprivileged_execute = m.privileged_execute = true;
  auto& b = w.secure_stream(40, 8, 20);
  b.map(0x1000, 0x2000, 0x1000, m);
  m.NS = true;
  b.map(0x3000, 0x4000, 0x1000, m);
  auto r = TwoStates::from(AddressSpace::secure, 8, 0x1000);
  r.instruction = true;
  EXPECT_EQ(w.access(r).outcome, Outcome::forward);
  r.address = 0x3000;
  EXPECT_EQ(w.access(r).outcome, Outcome::abort);
  EXPECT_EQ(w.read_cb(20, FSR), PF_of_bank | 2U << 9);
  EXPECT_EQ(w.read_cb(20, FSYNR0) & 3U, 3U);  // the last level
  EXPECT_EQ(w.read(sGFSR, 4, secure), 0U);
  // Without a walk: 0, or 1 for AArch32
  for (const bool VA64 : {true, false}) {
    w.write_cb(20, FSR, ~0U);
    w.write(w.gr1(CBA2R0 + 4 * 20), VA64 ? 1 : 0, 4, secure);
    w.write_cb(20, SCTLR, SCTLR_CFRE | 3U << 28);
    EXPECT_EQ(w.access(r).outcome, Outcome::abort);
    EXPECT_EQ(w.read_cb(20, FSR) & 0xffU, PF_of_bank);
    EXPECT_EQ(w.read_cb(20, FSYNR0) & 3U, VA64 ? 0U : 1U);
  }
}

// 2.4.1: judged after INSTCFG
TEST(SecureInstructionFetch, IsWhatInstcfgMakesOfIt) {
  TwoStates w;
  w.SCR1_is(SIF);
  w.secure_stream(40, 8, 20, 0);
  w.write_cb(20, SCTLR, SCTLR_CFRE | 3U << 28);  // off, and Non-secure
  auto r = TwoStates::from(AddressSpace::secure, 8, 0x3000);
  w.write(S2CR0 + 4 * 40, S2CR_translate | 20 | 3U << 26, 4, secure);
  EXPECT_EQ(w.access(r).outcome, Outcome::abort);
  w.write_cb(20, FSR, ~0U);
  r.instruction = true;
  w.write(S2CR0 + 4 * 40, S2CR_translate | 20 | 2U << 26, 4, secure);
  EXPECT_EQ(w.access(r).outcome, Outcome::forward);
}

/// The address spaces of the fetches of a walk.
std::vector<AddressSpace> fetches(TwoStates& w, const smmu::AccessRequest& r) {
  std::vector<AddressSpace> spaces;
  Access a(w.smmu, r);
  while (a.step() == smmu::Step::need) {
    spaces.push_back(a.op().space);
    a.complete(w.memory.carry_out(a.op()));
  }
  return spaces;
}

// 2.7.4, 16.5.38, 16.5.39
TEST(SecureWalk, BeginsAsNscfgOfItsRangeSays) {
  TwoStates w;
  auto& b = w.secure_stream(40, 8, 20);
  b.map(0x1000, 0x2000, 0x1000);
  const auto r = TwoStates::from(AddressSpace::secure, 8, 0x1000);
  EXPECT_EQ(fetches(w, r), std::vector<AddressSpace>(3, AddressSpace::secure));
  const std::uint64_t TCR2_was = w.read_cb(20, TCR2);
  w.write_cb(20, TCR2, TCR2_was | 1U << 30);  // of TTBR1
  w.write(STLBIALL, 0, 4, secure);
  EXPECT_EQ(fetches(w, r), std::vector<AddressSpace>(3, AddressSpace::secure));
  w.write_cb(20, TCR2, TCR2_was | 1U << 14);
  w.write(STLBIALL, 0, 4, secure);
  EXPECT_EQ(fetches(w, r), std::vector<AddressSpace>(3, AddressSpace::non_secure));
  EXPECT_EQ(w.access(r).space, AddressSpace::non_secure);
}

// 16.5.38: the same bits of TCR are another thing to AArch64
TEST(SecureWalk, OfAarch32BeginsAsTcrSays) {
  TwoStates w;
  w.map_secure(40, 8, S2CR_translate | 20);
  w.write(w.gr1(CBA2R0 + 4 * 20), 0, 4, secure);
  w.write(w.gr1(CBAR0 + 4 * 20), CBAR_stage1, 4, secure);
  w.write_cb(20, FSR, ~0U);
  w.write_cb(20, TTBR0, World::tables, 8);
  w.write_cb(20, SCTLR, SCTLR_M | SCTLR_HUPCF);
  const auto r = TwoStates::from(AddressSpace::secure, 8, 0x1000);
  for (const std::uint32_t EAE : {0U, 1U << 31}) {
    w.write_cb(20, TCR2, 1U << 14);
    w.write_cb(20, TCR, EAE);
    EXPECT_EQ(fetches(w, r), std::vector<AddressSpace>(1, AddressSpace::secure));
    w.write_cb(20, TCR2, 0);
    w.write_cb(20, TCR, EAE | 1U << 14);
    EXPECT_EQ(fetches(w, r), std::vector<AddressSpace>(1, AddressSpace::non_secure));
  }
}

// 2.7.4: what comes of Non-secure memory is non-global
TEST(SecureWalk, WhatNonSecureMemoryGivesIsNonGlobal) {
  TwoStates w;
  pgtable::Mapping global;
  global.nG = false;
  auto& b = w.secure_stream(40, 8, 20);
  b.map(0x1000, 0x2000, 0x1000, global);
  w.write_cb(20, TCR2, w.read_cb(20, TCR2) | 1U << 14);
  const auto r = TwoStates::from(AddressSpace::secure, 8, 0x1000);
  EXPECT_EQ(w.access(r).outcome, Outcome::forward);
  w.write_cb(20, TLBIASID, 20);
  EXPECT_FALSE(w.access(r).tlb_hit);
  w.write_cb(20, TCR2, w.read_cb(20, TCR2) & ~(1U << 14));
  w.write(STLBIALL, 0, 4, secure);
  EXPECT_EQ(w.access(r).outcome, Outcome::forward);
  w.write_cb(20, TLBIASID, 20);
  EXPECT_TRUE(w.access(r).tlb_hit);
}

// 1.6.6, 9.6.35
TEST(SecureVmid, TakesNoPartInMatchingOrMaintenance) {
  TwoStates w;
  auto& b = w.secure_stream(40, 8, 20);
  b.map(0x1000, 0x2000, 0x1000);
  w.write(w.gr1(CBAR0 + 4 * 20), CBAR_stage1 | 5, 4, secure);
  const auto r = TwoStates::from(AddressSpace::secure, 8, 0x1000);
  w.access(r);
  EXPECT_TRUE(w.access(r).tlb_hit);
  w.write(w.gr1(CBAR0 + 4 * 20), CBAR_stage1 | 6, 4, secure);
  EXPECT_TRUE(w.access(r).tlb_hit);
  w.write(TLBIVMID, 6, 4, secure);
  w.write(TLBIVMIDS1, 6, 4, secure);
  w.write(TLBIALLNSNH, 6, 4, secure);
  EXPECT_TRUE(w.access(r).tlb_hit);
  w.write_cb(20, TLBIALL, 0);
  EXPECT_FALSE(w.access(r).tlb_hit);
}

}  // namespace
}  // namespace smmuvp::smmuv2
