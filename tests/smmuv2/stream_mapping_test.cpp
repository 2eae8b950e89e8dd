// Stream matching and indexing (IHI 0062 2.3, 9.6.23, 9.6.25).
#include <gtest/gtest.h>

#include "world.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using smmu::AccessKind;
using smmu::Outcome;

constexpr std::uint32_t ICF = 1U, USF = 1U << 1, SMCF = 1U << 2;

Outcome of(World& w, std::uint32_t id) { return w.access(id, 0x1000).outcome; }

// 2.3.5: first of all; no match and no fault
TEST(CLIENTPD, ComesBeforeMatchingAndFaults) {
  World w;
  w.write(sGFSR, ~0U);
  w.map_stream(0, 9, S2CR_fault);
  w.map_stream(1, 8, S2CR_bypass);
  w.map_stream(2, 8, S2CR_bypass);
  w.start(CR0_CLIENTPD);
  for (const std::uint32_t id : {7U, 8U, 9U, 0x7fffU}) {
    const auto a = w.access(id, 0x1234'5678, AccessKind::write);
    EXPECT_EQ(a.outcome, Outcome::forward);
    EXPECT_EQ(a.output, 0x1234'5678U);
  }
  EXPECT_EQ(w.read(sGFSR), 0U);
  w.start();
  EXPECT_EQ(of(w, 7), Outcome::abort);
  EXPECT_EQ(of(w, 8), Outcome::abort);
  EXPECT_EQ(of(w, 9), Outcome::abort);
}

// 2.3.7
TEST(StreamMatch, TakesNoEntryThatIsNotValid) {
  World w;
  w.write(sGFSR, ~0U);
  w.write(SMR0, 9);
  w.write(S2CR0, S2CR_bypass);
  w.start();
  EXPECT_EQ(of(w, 9), Outcome::abort);
  EXPECT_EQ(w.read(sGFSR), USF);
  w.map_stream(1, 9, S2CR_bypass);  // and the invalid one is no conflict
  EXPECT_EQ(of(w, 9), Outcome::forward);
}

// 9.6.25
TEST(StreamMatch, EachMaskBitIgnoresItsIdBit) {
  for (unsigned bit = 0; bit < 15; ++bit) {
    World w;
    w.map_stream(0, 0x2aaa, S2CR_bypass, 1U << bit);
    w.start();
    EXPECT_EQ(of(w, 0x2aaa), Outcome::forward);
    for (unsigned other = 0; other < 15; ++other) {
      EXPECT_EQ(of(w, 0x2aaa ^ 1U << other), other == bit ? Outcome::forward : Outcome::abort) << bit;
    }
    EXPECT_EQ(w.read(SMR0), SMR_VALID | 1U << (16 + bit) | 0x2aaaU);  // masked ID bits are kept here
  }
}

TEST(StreamMatch, AMaskOfAllOnesMatchesAll) {
  World w;
  w.map_stream(5, 0x1234, S2CR_bypass, 0x7fff);
  w.start();
  for (const std::uint32_t id : {0U, 1U, 0x7fffU}) EXPECT_EQ(of(w, id), Outcome::forward);
}

// 2.3.1: a zero-bit StreamID
TEST(StreamMatch, AStreamIdMayHaveNoBits) {
  Features f;
  f.EXIDS = false;
  f.NUMSIDB = 0;
  World w(f);
  EXPECT_EQ(w.read(offsets::IDR0) >> 9 & 0xfU, 0U);
  w.map_stream(0, 0x7fff, S2CR_bypass, 0x7fff);
  EXPECT_EQ(w.read(SMR0), SMR_VALID);
  w.start();
  EXPECT_EQ(of(w, 0), Outcome::forward);
}

// IDR1.SMCD 0: any of the matches may be taken; here the first
TEST(SeveralMatches, WithoutDetectionOneOfThemIsTaken) {
  Features f;
  f.SMCD = false;
  World w(f);
  w.write(sGFSR, ~0U);
  EXPECT_EQ(w.read(offsets::IDR1) >> 15 & 1U, 0U);
  w.map_stream(3, 9, S2CR_bypass);
  w.map_stream(7, 9, S2CR_fault);
  w.start();
  EXPECT_EQ(of(w, 9), Outcome::forward);
  EXPECT_EQ(w.read(sGFSR), 0U);
}

// 2.3.7, 9.6.3: the handling may be fixed
TEST(SeveralMatches, AreHandledAsAFixedSmcfcfgSays) {
  for (const bool one : {false, true}) {
    Features f;
    f.SMCFCFG = one ? FixedBit::one : FixedBit::zero;
    World w(f);
    w.write(sGFSR, ~0U);
    w.map_stream(3, 9, S2CR_fault);
    w.map_stream(7, 9, S2CR_fault);
    w.write(sCR0, one ? CR0_GFRE : CR0_GFRE | CR0_SMCFCFG);
    EXPECT_EQ(w.read(sCR0) >> 21 & 1U, one ? 1U : 0U);
    EXPECT_EQ(of(w, 9), one ? Outcome::abort : Outcome::forward);
    EXPECT_EQ(w.read(sGFSR), one ? SMCF : 0U);
  }
}

// 2.3.8, Table 9-1
TEST(StreamIndexing, HasNoMatchRegisters) {
  Features f;
  f.SMS = f.EXIDS = false;
  f.NUMSIDB = 7;
  f.NUMSMRG = 100;
  World w(f);
  w.write(sGFSR, ~0U);
  EXPECT_EQ(w.read(offsets::IDR0) >> 27 & 1U, 0U);
  for (const unsigned n : {0U, 99U}) {
    w.write(SMR0 + 4 * n, ~0U);
    EXPECT_EQ(w.read(SMR0 + 4 * n), 0U);
    w.write(S2CR0 + 4 * n, S2CR_bypass);
  }
  w.start(CR0_EXIDENABLE);
  EXPECT_EQ(w.read(sCR0) & CR0_EXIDENABLE, 0U);  // 9.6.3
  EXPECT_EQ(of(w, 0), Outcome::forward);
  EXPECT_EQ(of(w, 99), Outcome::forward);
  // Beyond the last S2CR the text says nothing: no match.
  EXPECT_EQ(of(w, 100), Outcome::abort);
  EXPECT_EQ(of(w, 127), Outcome::abort);
  EXPECT_EQ(w.read(sGFSR) & 0xffU, USF);
}

// 9.6.23: EXIDVALID is bit 10 of every format, and counts with EXIDENABLE only
TEST(EXIDENABLE, MakesBit10OfEveryS2crFormatTheValidBit) {
  for (const std::uint32_t type : {S2CR_bypass, S2CR_fault, S2CR_translate}) {
    World w;
    auto& b = w.stream64(0x900, 3);
    b.map(0x1000, 0x2000, 0x1000);
    w.write(sGFSR, ~0U);
    w.write(SMR0 + 4 * 9, 0);
    w.write(S2CR0 + 4 * 9, type | 3);
    w.write(SMR0 + 4 * 9, 0x8005);
    w.start(CR0_EXIDENABLE);
    EXPECT_EQ(of(w, 0x8005), Outcome::abort);
    EXPECT_EQ(w.read(sGFSR), USF);
    w.write(sGFSR, ~0U);
    w.write(S2CR0 + 4 * 9, type | 3 | 1U << 10);
    EXPECT_EQ(of(w, 0x8005), type == S2CR_fault ? Outcome::abort : Outcome::forward);
    EXPECT_EQ(w.read(sGFSR), type == S2CR_fault ? ICF : 0U);
    EXPECT_EQ(of(w, 5), Outcome::abort);
  }
}

TEST(EXIDENABLE, Of0IgnoresExidvalid) {
  World w;
  w.map_stream(0, 9, S2CR_bypass | 1U << 10);
  w.map_stream(1, 8, S2CR_bypass);
  w.write(SMR0 + 8, 7);
  w.write(S2CR0 + 8, S2CR_bypass | 1U << 10);
  w.start();
  EXPECT_EQ(of(w, 9), Outcome::forward);
  EXPECT_EQ(of(w, 8), Outcome::forward);
  EXPECT_EQ(of(w, 7), Outcome::abort);
}

TEST(EXIDENABLE, EachMaskBitIgnoresItsIdBit) {
  for (unsigned bit = 0; bit < 16; ++bit) {
    World w;
    w.start(CR0_EXIDENABLE);
    w.write(SMR0, 1U << (16 + bit) | 0x5555U);
    w.write(S2CR0, S2CR_bypass | 1U << 10);
    EXPECT_EQ(w.read(SMR0), 1U << (16 + bit) | 0x5555U);
    for (unsigned other = 0; other < 16; ++other) {
      EXPECT_EQ(of(w, 0x5555 ^ 1U << other), other == bit ? Outcome::forward : Outcome::abort) << bit;
    }
  }
}

TEST(EXIDENABLE, IsRazWiWithoutExids) {
  Features f;
  f.EXIDS = false;
  World w(f);
  w.write(sCR0, CR0_EXIDENABLE);
  EXPECT_EQ(w.read(sCR0), 0U);
  w.write(S2CR0, S2CR_bypass | 1U << 10);
  EXPECT_EQ(w.read(S2CR0), S2CR_bypass);
}

// 1.6.2: bypass of any kind truncates to OAS, without a fault
TEST(Bypass, TruncatesTheAddressToTheOutputSize) {
  Features f;
  f.OAS = 36;
  f.IAS = 36;
  for (const std::uint32_t how : {0U, 1U, 2U, 3U}) {
    World w(f);
    w.write(sGFSR, ~0U);
    w.map_stream(0, 9, S2CR_bypass);
    w.map_stream(1, 8, S2CR_bypass);
    w.map_stream(2, 8, S2CR_bypass);
    w.write(sCR0, how == 0 ? CR0_CLIENTPD : CR0_GFRE);
    const std::uint32_t id = how == 1 ? 77 : how == 2 ? 8 : 9;
    const auto a = w.access(id, 0x1'2345'6789'abcd);
    EXPECT_EQ(a.outcome, Outcome::forward) << how;
    EXPECT_EQ(a.output, 0x5'6789'abcdU) << how;
    EXPECT_EQ(w.read(sGFSR), 0U);
  }
}

// 2.3.4: the initial contexts
TEST(S2CRType, BypassHasNoProtectionCheck) {
  World w;
  w.map_stream(0, 9, S2CR_bypass);
  w.start();
  for (const AccessKind kind : {AccessKind::read, AccessKind::write, AccessKind::atomic}) {
    auto r = World::request(9, 0x1000, kind);
    r.instruction = kind == AccessKind::read;
    EXPECT_EQ(w.access(r).outcome, Outcome::forward);
  }
}

// What was matched before goes with each register that says who matches.
TEST(StreamMatch, ChangesOfSmrAndSCR0CountForTheNextAccess) {
  World w;
  w.map_stream(0, 9, S2CR_bypass);
  w.start();
  EXPECT_EQ(of(w, 9), Outcome::forward);
  w.write(SMR0, SMR_VALID | 8);
  EXPECT_EQ(of(w, 9), Outcome::abort);
  EXPECT_EQ(of(w, 8), Outcome::forward);
  w.write(SMR0, 8);
  EXPECT_EQ(of(w, 8), Outcome::abort);
  w.write(sCR0, CR0_GFRE);
  EXPECT_EQ(of(w, 8), Outcome::forward);
  w.start();
  EXPECT_EQ(of(w, 8), Outcome::abort);
}

}  // namespace
}  // namespace smmuvp::smmuv2
