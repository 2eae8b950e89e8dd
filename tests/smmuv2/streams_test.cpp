// Which group a transaction belongs to, and what becomes of those that pass (IHI 0062 2.3, 2.4, 3.8).
#include <gtest/gtest.h>

#include "world.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using smmu::AccessKind;
using smmu::Outcome;

Features wide_matching() {
  Features f;
  f.EXIDS = true;
  return f;
}

// 9.2: CLIENTPD resets to 1
TEST(ClientPortDisable, LetsEverythingPassAfterReset) {
  World w;
  const auto a = w.access(0x123, 0x8000'1234, AccessKind::write);
  EXPECT_EQ(a.outcome, Outcome::forward);
  EXPECT_EQ(a.output, 0x8000'1234U);
}

TEST(ClientPortDisable, TruncatesAddressesToTheOutputSize) {
  Features f;
  f.OAS = 40;
  f.IAS = 40;
  World w(f);
  EXPECT_EQ(w.access(1, 0x1234'5678'9abc).output, 0x34'5678'9abcU);
}

// 2.3.6
TEST(UnmatchedStream, PassesWithUsfcfg0) {
  World w;
  w.write(sCR0, CR0_GFRE);
  EXPECT_EQ(w.access(5, 0x1000).outcome, Outcome::forward);
  EXPECT_EQ(w.read(sGFSR), 0U);
}

TEST(UnmatchedStream, IsAnUnidentifiedStreamFaultWithUsfcfg1) {
  World w;
  w.write(sGFSR, ~0U);
  w.start();
  auto r = World::request(0x55, 0x1'2345'6789, AccessKind::write);
  r.privileged = true;
  EXPECT_EQ(w.access(r).outcome, Outcome::abort);
  EXPECT_EQ(w.read(sGFSR), 1U << 1);
  EXPECT_EQ(w.read(sGFAR, 8), 0x1'2345'6789U);
  EXPECT_EQ(w.read(sGFSYNR0), 1U << 1 | 1U << 2);
  EXPECT_EQ(w.read(sGFSYNR1), 0x55U);
  EXPECT_TRUE(w.smmu.levels().NSgIrpt);
  w.write(sGFSR, 1U << 1);
  EXPECT_EQ(w.read(sGFSR), 0U);
  EXPECT_FALSE(w.smmu.levels().NSgIrpt);
}

TEST(UnmatchedStream, IsRazWiWithoutGfre) {
  World w;
  w.write(sCR0, CR0_USFCFG);
  EXPECT_EQ(w.access(5, 0x1000).outcome, Outcome::razwi);
}

// 2.1.1, 2.3.7
TEST(SeveralMatches, AreAConflictFaultWithSmcfcfg1AndPassWith0) {
  World w;
  w.write(sGFSR, ~0U);
  w.map_stream(0, 0x10, S2CR_fault, 0xf);
  w.map_stream(1, 0x12, S2CR_fault);
  w.start();
  EXPECT_EQ(w.access(0x12, 0x1000).outcome, Outcome::abort);
  EXPECT_EQ(w.read(sGFSR), 1U << 2);
  w.write(sCR0, CR0_GFRE);
  EXPECT_EQ(w.access(0x12, 0x1000).outcome, Outcome::forward);
  EXPECT_EQ(w.access(0x13, 0x1000).outcome, Outcome::abort);  // one matches: the fault context
}

// 3.8.1
TEST(GlobalFault, AnotherSetsMultiAndKeepsTheFirst) {
  World w;
  w.write(sGFSR, ~0U);
  w.map_stream(0, 7, S2CR_fault);
  w.start();
  w.access(5, 0x1000);
  w.access(7, 0x2000);
  EXPECT_EQ(w.read(sGFSR), 1U << 31 | 1U << 1);
  EXPECT_EQ(w.read(sGFSYNR1), 5U);
  EXPECT_EQ(w.read(sGFAR, 8), 0x1000U);
}

// 2.3.4, 9.6.23
TEST(S2CRType, FaultAndTheReservedValueAreInvalidContexts) {
  for (const std::uint32_t type : {2U, 3U}) {
    World w;
    w.write(sGFSR, ~0U);
    w.map_stream(3, 9, type << 16);
    w.start();
    EXPECT_EQ(w.access(9, 0).outcome, Outcome::abort) << type;
    EXPECT_EQ(w.read(sGFSR), 1U) << type;
    EXPECT_EQ(w.read(sGFSYNR0) & 1U, 0U) << type;
  }
}

TEST(S2CRType, BypassKeepsTheAddressAndOverridesAttributes) {
  World w;
  // MTCFG with MemAttr 0b0101, Non-cacheable
  w.map_stream(0, 9, S2CR_bypass | 1U << 11 | 0x5U << 12);
  w.start();
  const auto a = w.access(9, 0x1234'5000);
  EXPECT_EQ(a.output, 0x1234'5000U);
  EXPECT_EQ(a.attributes.memory, 0x44);
  EXPECT_EQ(a.attributes.SH, pgtable::Shareability::outer);
}

// 9.6.25
TEST(StreamMatch, IgnoresIdBitsWhoseMaskIs1) {
  World w;
  w.map_stream(0, 0x100, S2CR_bypass, 0xff);
  w.start();
  EXPECT_EQ(w.access(0x1ff, 0).outcome, Outcome::forward);
  EXPECT_EQ(w.access(0x200, 0).outcome, Outcome::abort);
}

TEST(StreamMatch, HasSixteenBitsWithExidenable) {
  World w(wide_matching());
  w.start(CR0_EXIDENABLE);
  w.write(SMR0, 0x0fffU << 16 | 0xf000U);
  w.write(S2CR0, S2CR_bypass | 1U << 10);  // EXIDVALID
  EXPECT_EQ(w.access(0xf123, 0).outcome, Outcome::forward);
  EXPECT_EQ(w.access(0x7123, 0).outcome, Outcome::abort);
  w.write(S2CR0, S2CR_bypass);
  EXPECT_EQ(w.access(0xf123, 0).outcome, Outcome::abort);
}

// 2.3.8
TEST(StreamIndexing, TakesTheStreamIdAsTheGroup) {
  Features f;
  f.SMS = false;
  f.EXIDS = false;
  f.NUMSIDB = 6;
  f.NUMSMRG = 64;
  World w(f);
  w.write(S2CR0 + 4 * 17, S2CR_bypass);
  w.write(S2CR0 + 4 * 18, S2CR_fault);
  w.start();
  EXPECT_EQ(w.access(17, 0).outcome, Outcome::forward);
  EXPECT_EQ(w.access(18, 0).outcome, Outcome::abort);
}

// What a TBU has kept goes with the register that it was made of.
TEST(StreamMatch, AChangeOfARegisterCountsForTheNextAccess) {
  World w;
  w.map_stream(0, 9, S2CR_bypass);
  w.start();
  EXPECT_EQ(w.access(9, 0x1000).outcome, Outcome::forward);
  EXPECT_EQ(w.access(9, 0x1000).outcome, Outcome::forward);
  w.write(S2CR0, S2CR_fault);
  EXPECT_EQ(w.access(9, 0x1000).outcome, Outcome::abort);
}

}  // namespace
}  // namespace smmuvp::smmuv2
