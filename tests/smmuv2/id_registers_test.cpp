// What identification registers say at run time, and the bits that absent features have not got (IHI
// 0062 9.6.1).
#include <gtest/gtest.h>

#include "two_states.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;

// 3.6.2, 10.2.1: an interrupt of its own for each bank
TEST(IdFields, ANumirptOf1IsAnInterruptOfItsOwnForEachBank) {
  World w;
  EXPECT_EQ(w.read(offsets::IDR0) >> 16 & 0xffU, 1U);
  EXPECT_EQ(w.smmu.levels().context.size(), 32U);
  Features f;
  f.NUMIRPT = 4;
  World assignable(f);
  EXPECT_EQ(assignable.read(offsets::IDR0) >> 16 & 0xffU, 4U);
  EXPECT_EQ(assignable.smmu.levels().context.size(), 4U);
  assignable.write(assignable.gr1(CBAR0), 3U << 24);
  EXPECT_EQ(assignable.read(assignable.gr1(CBAR0)), 3U << 24);
}

// 9.6.1: what Non-secure software reads follows SCR1 at once
TEST(IdFields, OfCountsFollowScr1ForNonSecureReads) {
  Features f = with_table(6);
  f.NUMIRPT = 8;
  TwoStates w(f);
  const std::uint64_t IDR0_secure = w.read(offsets::IDR0, 4, secure);
  const std::uint64_t IDR1_secure = w.read(offsets::IDR1, 4, secure);
  EXPECT_EQ(IDR0_secure >> 31, 1U);
  EXPECT_EQ(IDR1_secure >> 8 & 0x3fU, 1U << 4 | 6U);  // SSDTP, NUMSSDNDXB
  EXPECT_EQ(w.read(offsets::IDR0) >> 31, 0U);
  EXPECT_EQ(w.read(offsets::IDR1) >> 8 & 0x3fU, 0U);
  for (const std::uint32_t n : {0U, 3U, 8U}) {
    w.write(SCR1, n << 16 | n << 8 | n, 4, secure);
    EXPECT_EQ(w.read(offsets::IDR0) & 0x00ff'00ffU, n << 16 | n);
    EXPECT_EQ(w.read(offsets::IDR1) & 0xffU, n);
    EXPECT_EQ(w.read(offsets::IDR0, 4, secure), IDR0_secure);
    EXPECT_EQ(w.read(offsets::IDR1, 4, secure), IDR1_secure);
  }
  EXPECT_EQ(w.read(offsets::IDR2), w.read(offsets::IDR2, 4, secure));
}

// 3.6.2, 9.6.24: with interrupts of their own there is nothing to reserve
TEST(IdFields, NsnumirptoReads1WithInterruptsOfTheirOwn) {
  TwoStates w;
  w.write(SCR1, 7U << 16, 4, secure);
  EXPECT_EQ(w.read(SCR1, 4, secure) >> 16 & 0xffU, 1U);
}

// An absent feature is absent: its bits are RAZ/WI or RES0.
TEST(AbsentFeature, HasNoBits) {
  Features f;
  f.stalls = f.STALLD = f.GSE = f.HADS = f.VMID16S = f.CAF = f.EF = false;
  f.HAFDBS = 0;
  World w(f);
  w.write(sCR0, ~0U);
  EXPECT_EQ(w.read(sCR0) & (CR0_VMID16EN | CR0_STALLD | CR0_GSE | CR0_GCFGFRE | CR0_GCFGFIE), 0U);
  w.write_cb(0, SCTLR, ~0U);
  EXPECT_EQ(w.read_cb(0, SCTLR) & SCTLR_CFCFG, 0U);
  w.write_cb(0, TCR2, ~0U);
  EXPECT_EQ(w.read_cb(0, TCR2) & 0xf00U, 0U);  // HAD0, HAD1, HA, HD
  w.write(w.gr1(CBA2R0), ~0U);
  EXPECT_EQ(w.read(w.gr1(CBA2R0)), CBA2R_VA64);
  w.write(sGFSRRESTORE, ~0U);
  EXPECT_EQ(w.read(sGFSR) & (1U << 5 | 1U << 6), 0U);
}

TEST(AbsentFeature, OfNoStage1LeavesNoRegisterOfIt) {
  Features f;
  f.S1TS = f.NTS = false;
  World w(f);
  for (const std::uint32_t offset : {TCR2, TTBR1, CONTEXTIDR, MAIR0, MAIR1, TLBIVA, PAR, ATS1PR}) {
    w.write_cb(3, offset, ~0U);
    EXPECT_EQ(w.read_cb(3, offset), 0U) << offset;
  }
  w.write_cb(3, TTBR0, 0x1000, 8);
  EXPECT_EQ(w.read_cb(3, TTBR0, 8), 0x1000U);
}

// 10.2.1: TYPE may be read-only; 10.2.2: PTFS 0b10 makes VA64 RAO
TEST(AbsentFeature, LeavesBitsThatReadAsOneValue) {
  Features f;
  f.S2TS = f.NTS = false;
  f.CBFIXED = true;
  World fixed(f);
  fixed.write(fixed.gr1(CBAR0), 3U << 16);
  EXPECT_EQ(fixed.read(fixed.gr1(CBAR0)) >> 16 & 3U, 1U);
  Features g;
  g.PTFS = 2;
  World w(g);
  w.write(w.gr1(CBA2R0), 0);
  EXPECT_EQ(w.read(w.gr1(CBA2R0)) & 1U, 1U);
}

}  // namespace
}  // namespace smmuvp::smmuv2
