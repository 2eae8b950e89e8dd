// Address translation operations of banks (IHI 0062 4.1, 4.2, 16.5.2-16.5.6, 16.5.14).
#include <gtest/gtest.h>

#include "ats_world.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using pgtable::Shareability;
using smmu::Outcome;

// 4.1.1: without them banks have RAZ/WI, and so has, here, the global address space
TEST(WithoutAddressTranslationOperations, TheirRegistersAreRazWi) {
  for (const bool ATOSNS : {true, false}) {
    Features f;
    f.ATOSNS = ATOSNS;
    if (!ATOSNS) {  // stage 2 alone
      f.S1TS = f.NTS = false;
      f.UBS = 49;
      f.IAS = 48;
    }
    World w(f);
    w.start();
    w.write(sGFSR, ~0U);
    for (const std::uint32_t offset : {ATS1PR, ATS1PW, ATS1UR, ATS1UW}) w.write_cb(3, offset, 0x1000, 8);
    w.write_cb(3, PAR, ~0ULL, 8);
    for (std::uint32_t offset = sGATS1UR; offset <= sGATS12PW; offset += 8) {
      w.write(offset, 0x1003, 8);
      EXPECT_TRUE(w.ok);
    }
    w.write(sGPAR, ~0ULL, 8);
    EXPECT_EQ(w.read_cb(3, ATSR), 0U);
    EXPECT_EQ(w.read(sGATSR), 0U);
    w.work();
    EXPECT_EQ(w.read_cb(3, PAR, 8), 0U);
    EXPECT_EQ(w.read(sGPAR, 8), 0U);
    EXPECT_EQ(w.read(sGFSR), 0U);
  }
}

// 16.5.14: MATTR[63:56], PA[47:12], 1 at [11], SH[8:7]
TEST(AddressTranslationOperation, GivesAddressTypeAndShareability) {
  AtsWorld w;
  w.stage1();
  EXPECT_EQ(w.ats(ATS1PR, 0x1000), 0xffULL << 56 | 0x2'0000'2000 | 1U << 11 | 3U << 7);
  EXPECT_EQ(w.ats(ATS1PR, 0x3000), 0x00ULL << 56 | 0x4000 | 1U << 11 | 2U << 7);  // Device is Outer Shareable
}

// 4.1.1: down to bit 12 whatever the granule
TEST(AddressTranslationOperation, TranslatesBitsDownTo12WhateverTheGranule) {
  for (const auto granule : {pgtable::Granule::size_16k, pgtable::Granule::size_64k}) {
    AtsWorld w;
    pgtable::Config c = World::config64();
    for (auto& t : c.stage1.tables) t.granule = granule;
    auto& b = w.builder(c);
    b.map(0x10000, 0x20000, 0x10000);
    w.bank64(3, b.config());
    EXPECT_EQ(AtsWorld::PA(w.ats(ATS1PR, 0x13abc)), 0x23000U);
  }
}

// 4.2, Table 4-1
TEST(AddressTranslationOperation, UsesTheRightsOfItsKind) {
  AtsWorld w;
  pgtable::Builder& b = w.stage1();
  pgtable::Mapping m;
  m.unprivileged = false;
  b.map(0x10000, 0x20000, 0x1000, m);  // privileged, read and write
  m.writable = false;
  b.map(0x11000, 0x21000, 0x1000, m);  // privileged, read
  m.unprivileged = true;
  b.map(0x12000, 0x22000, 0x1000, m);  // both, read
  struct {
    std::uint32_t operation;
    bool allowed[3];
  } const cases[] = {{ATS1PR, {true, true, true}},
                     {ATS1PW, {true, false, false}},
                     {ATS1UR, {false, false, true}},
                     {ATS1UW, {false, false, false}}};
  for (const auto& c : cases) {
    for (unsigned page = 0; page < 3; ++page) {
      const std::uint64_t PAR_is = w.ats(c.operation, 0x10000 + 0x1000 * page);
      if (c.allowed[page]) {
        EXPECT_EQ(AtsWorld::PA(PAR_is), 0x20000 + 0x1000 * page) << c.operation;
        EXPECT_EQ(PAR_is & 1U, 0U);
      } else {
        EXPECT_EQ(PAR_is, 1U | 1U << 3 | 2U << 8 | 3ULL << 32) << c.operation;  // F, PF, AArch64, level 3
      }
    }
  }
}

// 2.8.1: HYPC guarantees PR and PW
TEST(AddressTranslationOperation, OfAHypervisorContextIsPrivileged) {
  AtsWorld w;
  w.stage1();
  w.write(w.gr1(CBAR0 + 4 * 3), CBAR_stage1 | CBAR_HYPC);
  for (const std::uint32_t operation : {ATS1PR, ATS1PW}) {
    EXPECT_EQ(AtsWorld::PA(w.ats(operation, 0x1000)), 0x2'0000'2000U);
  }
}

// 1.5.2, 16.5.38: with EPD0 nothing walks; the level is that of an address that no table is for
TEST(AddressTranslationOperation, OfAHypervisorContextWithEpd0IsATranslationFault) {
  AtsWorld w;
  w.stage1();
  w.write(w.gr1(CBAR0 + 4 * 3), CBAR_stage1 | CBAR_HYPC);
  w.write_cb(3, TCR, w.read_cb(3, TCR) | 1U << 7);
  EXPECT_EQ(w.ats(ATS1PR, 0x1000), 1U | 1U << 1 | 2U << 8);
}

// 16.5.14, the fault format
TEST(AddressTranslationOperation, TellsTheFaultItsLevelAndFormat) {
  AtsWorld w;
  pgtable::Builder& b = w.stage1();
  const std::uint64_t F = 1U | 2U << 8;
  EXPECT_EQ(w.ats(ATS1PR, 0x5000), F | 1U << 1 | 3ULL << 32);                   // TF, level 3
  EXPECT_EQ(w.ats(ATS1PR, 0x40'0000'0000 - 0x1000), F | 1U << 1 | 1ULL << 32);  // level 1
  pgtable::Mapping old;
  old.accessed = false;
  b.map(0x6000, 0x7000, 0x1000, old);
  EXPECT_EQ(w.ats(ATS1PR, 0x6000), F | 1U << 2 | 3ULL << 32);  // AFF
  w.write_cb(3, TCR2, w.read_cb(3, TCR2) & ~7U);               // PASize: 32 bits
  w.write(TLBIALLNSNH, 0);
  EXPECT_EQ(w.ats(ATS1PR, 0x1000), F | 1U << 7 | 3ULL << 32);  // ASF
  w.memory.make_abort(b.config().stage1.tables[0].base);
  w.write(TLBIALLNSNH, 0);
  EXPECT_EQ(w.ats(ATS1PR, 0x1000), F | 1U << 4 | 1ULL << 32);  // EF
  EXPECT_EQ(w.read_cb(3, FSR) & ~(3U << 9), 0U);
  EXPECT_FALSE(w.smmu.levels().context[3]);
}

// 4.1.1: no sign extension; 3.8.4: what the upstream bus cannot carry is a Translation fault
TEST(AddressTranslationOperation, TakesACompleteAddress) {
  AtsWorld w;
  pgtable::Builder& b = w.stage1();
  b.map(0xffff'ff80'0000'1000, 0x9000, 0x1000);
  const std::uint64_t TF = 1U | 1U << 1 | 2U << 8;
  EXPECT_EQ(AtsWorld::PA(w.ats(ATS1PR, 0xffff'ff80'0000'1000)), 0x9000U);
  EXPECT_EQ(w.ats(ATS1PR, 0x1'ff80'0000'1000), TF);  // a client's is sign-extended from bit 48, this is not
  EXPECT_EQ(w.access(3, 0x1'ff80'0000'1000).output, 0x9000U);
  EXPECT_EQ(w.ats(ATS1PR, 0x8000'0000'0000'1000), TF);
}

TEST(AddressTranslationOperation, OfAnAarch32BankHas32Bits) {
  AtsWorld w;
  w.short_descriptors();
  EXPECT_EQ(w.ats(ATS1PR, 0x1'0010'0000), 1U | 1U << 1 | 1ULL << 32);
}

// 16.5.39: TBI is for address translation operations
TEST(AddressTranslationOperation, IgnoresTheTopByteWithTbi) {
  AtsWorld w;
  w.stage1();
  EXPECT_EQ(w.ats(ATS1PR, 0x5a00'0000'0000'1000) & 1U, 1U);
  w.write_cb(3, TCR2, w.read_cb(3, TCR2) | 1U << 5);
  EXPECT_EQ(AtsWorld::PA(w.ats(ATS1PR, 0x5a00'0000'0000'1000)), 0x2'0000'2000U);
}

// 4.2.1
TEST(AddressTranslationOperation, IsActiveUntilParIsWritten) {
  AtsWorld w;
  w.stage1();
  w.write_cb(3, ATS1PR, 0x1000, 8);
  smmu::Worker* worker = w.smmu.workers().front();
  while (worker->step(w.now) == smmu::Step::need) {
    EXPECT_EQ(w.read_cb(3, ATSR), 1U);
    worker->complete(w.memory.carry_out(worker->op()));
  }
  EXPECT_EQ(w.read_cb(3, ATSR), 0U);
  EXPECT_EQ(AtsWorld::PA(w.read_cb(3, PAR, 8)), 0x2'0000'2000U);
}

// 4.2.1: UNPREDICTABLE; here the second is ignored, and diagnosed
TEST(AddressTranslationOperation, ASecondOneBeforeItsEndIsIgnored) {
  AtsWorld w;
  w.stage1();
  w.write_cb(3, ATS1PR, 0x1000, 8);
  w.diag.all.clear();
  w.write_cb(3, ATS1PR, 0x3000, 8);
  EXPECT_FALSE(w.diag.all.empty());
  w.work();
  EXPECT_EQ(AtsWorld::PA(w.read_cb(3, PAR, 8)), 0x2'0000'2000U);
  EXPECT_EQ(AtsWorld::PA(w.ats(ATS1PR, 0x3000)), 0x4000U);
}

// 16.5.2: as 32-bit writes
TEST(AddressTranslationOperation, IsStartedByTheLowerHalf) {
  AtsWorld w;
  w.stage1();
  w.write_cb(3, ATS1PR + 4, 0);
  EXPECT_EQ(w.read_cb(3, ATSR), 0U);
  w.write_cb(3, ATS1PR, 0x1000);
  w.work();
  EXPECT_EQ(AtsWorld::PA(w.read_cb(3, PAR, 8)), 0x2'0000'2000U);
}

// 4.2.2, note
TEST(AddressTranslationOperation, IsNotRestrictedByAFaultOfItsBank) {
  AtsWorld w;
  w.stage1(SCTLR_CFCFG);
  Access stalled(w.smmu, World::request(3, 0x5000));
  EXPECT_FALSE(w.run(stalled));
  const std::uint64_t FSR_was = w.read_cb(3, FSR);
  EXPECT_EQ(AtsWorld::PA(w.ats(ATS1PR, 0x1000)), 0x2'0000'2000U);
  EXPECT_EQ(w.ats(ATS1PR, 0x5000) & 3U, 3U);
  EXPECT_EQ(w.read_cb(3, FSR), FSR_was);
}

// 2.1.1: a stage 1 that is off gives the address, with SCTLR's attributes
TEST(AddressTranslationOperation, OfABankThatIsOffGivesTheAddress) {
  AtsWorld w;
  w.stage1();
  w.write_cb(3, SCTLR, 1U << 20 | 5U << 16);
  EXPECT_EQ(w.ats(ATS1PR, 0x1234'5000), 0x44ULL << 56 | 0x1234'5000 | 1U << 11 | 2U << 7);
}

// 16.5.14: the Short-descriptor form
TEST(ShortDescriptorResult, HasItsOwnFields) {
  AtsWorld w;
  w.short_descriptors();
  // Write-Back, Write-Allocate, S without TEX remap is Outer Shareable: SH, Inner 0b101, Outer 0b10
  EXPECT_EQ(w.ats(ATS1PR, 0x10'3000), 0x20'3000U | 1U << 7 | 5U << 4 | 2U << 2);
  // Strongly-ordered: Outer Shareable, Outer 0b11
  EXPECT_EQ(w.ats(ATS1PR, 0x30'0000), 0x40'0000U | 1U << 7 | 1U << 4 | 3U << 2);
  // Write-Through
  EXPECT_EQ(w.ats(ATS1PR, 0x50'0000) & 0x7cU, 6U << 4 | 1U << 2);
  // Supersection: SS, PA[31:24], PA[39:32] at [23:16], 0 at [15:12]
  EXPECT_EQ(w.ats(ATS1PR, 0x1012'3000) & 0xffff'f003U, 0x2200'0000U | 0x12U << 16 | 2U);
  EXPECT_EQ(w.ats(ATS1PR, 0x60'0000), 1U | 1U << 1 | 1ULL << 32);  // Format 0
}

// 9.6.20: Outer has other codes in GPAR
TEST(ShortDescriptorResult, OfAGlobalOperationHasOtherOuterCodes) {
  AtsWorld w;
  w.short_descriptors();
  EXPECT_EQ(w.gats(sGATS1PR, 0x10'3000), 0x20'3000U | 1U << 7 | 5U << 4 | 1U << 2);
  EXPECT_EQ(w.gats(sGATS1PR, 0x50'0000) & 0x7cU, 6U << 4 | 2U << 2);
}

// 4.2.3
TEST(NestedOperation, OfABankGivesTheIpaAndFetchesThroughStage2) {
  AtsWorld w;
  w.nested();
  EXPECT_EQ(AtsWorld::PA(w.ats(ATS1PR, 0x1000, 6)), 0x40'0000U);
  EXPECT_EQ(AtsWorld::PA(w.ats(ATS1PR, 0x2000, 6)), 0x50'0000U);  // stage 2 does not map it
}

// 4.2.4: in the bank of stage 2: FSR, FAR, FSYNR0 with NESTED, S1PTWF, ATOF, S1CBNDX
TEST(NestedOperation, AFaultOfStage2IsToldInItsBankAndTerminatesIt) {
  AtsWorld w;
  w.nested();
  w.s2->unmap(w.s1->config().stage1.tables[0].base, 0x1000);
  EXPECT_EQ(AtsWorld::plain(w.ats(ATS1UW, 0x1000, 6)), 1U | 1ULL << 31);  // F, ATOT
  EXPECT_EQ(w.read_cb(5, FSR), 1U << 1 | 2U << 9);
  EXPECT_EQ(w.read_cb(5, FAR, 8), 0x1000U);
  EXPECT_EQ(w.read_cb(5, IPAFAR, 8),
            w.s1->config().stage1.tables[0].base);  // 17.3.2: of VA 0, its first entry
  const std::uint64_t FSYNR0_is = w.read_cb(5, FSYNR0);
  EXPECT_EQ(FSYNR0_is & (1U << 2 | 1U << 3 | 1U << 9 | 0xffU << 16), 1U << 2 | 1U << 3 | 1U << 9 | 6U << 16);
  EXPECT_EQ(w.read_cb(6, FSR) & ~(3U << 9), 0U);
  EXPECT_TRUE(w.smmu.levels().context[5]);
  // An old fault with HUPCF 0 terminates what might have completed; it sets no bit.
  w.s2->map(w.s1->config().stage1.tables[0].base, w.s1->config().stage1.tables[0].base, 0x1000);
  EXPECT_EQ(AtsWorld::plain(w.ats(ATS1UW, 0x1000, 6)), 1U | 1ULL << 31);
  w.write_cb(5, FSR, ~0U);
  EXPECT_EQ(AtsWorld::PA(w.ats(ATS1UW, 0x1000, 6)), 0x40'0000U);
}

TEST(NestedOperation, AnotherFaultOfStage2SetsMulti) {
  AtsWorld w;
  w.nested(SCTLR_HUPCF);
  w.s2->unmap(w.s1->config().stage1.tables[0].base, 0x1000);
  w.ats(ATS1PR, 0x1000, 6);
  EXPECT_EQ(AtsWorld::plain(w.ats(ATS1PR, 0x2000, 6)), 1U | 1ULL << 31);
  EXPECT_EQ(w.read_cb(5, FSR), 1U << 31 | 1U << 1 | 2U << 9);
  EXPECT_EQ(w.read_cb(5, FAR, 8), 0x1000U);
}

// 4.2.4: ATOT "regardless of the value of the stage 2 CFRE bit"
TEST(NestedOperation, StallsInStage2UntilResume) {
  for (const bool terminate : {false, true}) {
    AtsWorld w;
    w.nested(SCTLR_CFCFG);
    const std::uint64_t table = w.s1->config().stage1.tables[0].base;
    w.s2->unmap(table, 0x1000);
    w.write_cb(6, ATS1PR, 0x1000, 8);
    w.work();
    EXPECT_EQ(w.read_cb(6, ATSR), 1U);
    EXPECT_EQ(w.read_cb(5, FSR), 1U << 30 | 1U << 1 | 2U << 9);
    w.s2->map(table, table, 0x1000);
    w.write_cb(5, FSR, ~0U);
    w.write_cb(5, RESUME, terminate ? 1 : 0);
    w.work();
    EXPECT_EQ(w.read_cb(6, ATSR), 0U);
    if (terminate) {
      EXPECT_EQ(AtsWorld::plain(w.read_cb(6, PAR, 8)), 1U | 1ULL << 31);
    } else {
      EXPECT_EQ(AtsWorld::PA(w.read_cb(6, PAR, 8)), 0x40'0000U);
    }
  }
}

// 3.7.3: with HUPCF an operation is looked at though an access is stalled in its stage 2; its own fault
// waits, too
TEST(NestedOperation, WhoseStage2HoldsAStalledAccessWaitsForTheSameResume) {
  AtsWorld w;
  w.nested(SCTLR_CFCFG | SCTLR_HUPCF);
  const std::uint64_t table = w.s1->config().stage1.tables[0].base;
  w.s2->unmap(table, 0x1000);
  Access held(w.smmu, World::request(9, 0x1000));
  EXPECT_FALSE(w.run(held));
  const std::uint64_t FAR_is = w.read_cb(5, FAR, 8);
  w.write_cb(6, ATS1PR, 0x2000, 8);
  w.work();
  EXPECT_EQ(w.read_cb(6, ATSR), 1U);
  EXPECT_EQ(w.read_cb(5, FSR), 1U << 30 | 1U << 1 | 2U << 9);
  EXPECT_EQ(w.read_cb(5, FAR, 8), FAR_is);
  w.s2->map(table, table, 0x1000);
  w.write_cb(5, FSR, ~0U);
  w.write_cb(5, RESUME, 0);
  w.work();
  EXPECT_TRUE(w.run(held));
  EXPECT_EQ(AtsWorld::PA(w.read_cb(6, PAR, 8)), 0x50'0000U);
}

// 4.2.4: an external abort is told in stage 2 as well
TEST(NestedOperation, AnExternalAbortIsToldInStage2) {
  AtsWorld w;
  w.nested();
  w.memory.make_abort(w.s1->config().stage1.tables[0].base);
  EXPECT_EQ(AtsWorld::plain(w.ats(ATS1PR, 0x1000, 6)), 1U | 1ULL << 31);
  EXPECT_EQ(w.read_cb(5, FSR), 1U << 4 | 2U << 9);
  EXPECT_EQ(w.read_cb(5, IPAFAR, 8), w.s1->config().stage1.tables[0].base);
  EXPECT_EQ(w.read_cb(6, FSR) & ~(3U << 9), 0U);
}

// 3.7.5: of streams that TBUs know, too
TEST(NestedOperation, ThatStallsHoldsEveryStreamWithGse) {
  AtsWorld w;
  w.nested(SCTLR_CFCFG | SCTLR_HUPCF);
  w.s2->unmap(w.s1->config().stage1.tables[0].base, 0x1000);
  w.stage1();
  w.start(CR0_GSE);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(w.access(3, 0x1000).output, 0x2'0000'2000U);
  w.write_cb(6, ATS1PR, 0x1000, 8);
  w.work();
  EXPECT_EQ(w.read_cb(5, FSR), 1U << 30 | 1U << 1 | 2U << 9);
  smmu::AccessAnswer answer;
  EXPECT_FALSE(w.smmu.translate_fast(World::request(3, 0x1000), answer));
  Access held(w.smmu, World::request(3, 0x1000));
  EXPECT_FALSE(w.run(held));
  w.write_cb(5, RESUME, 1);
  EXPECT_TRUE(w.run(held));
}

// 4.2.4: a fetch that a stage 2 which cannot be walked refuses; what stage 1 refuses is told in PAR
TEST(NestedOperation, OfAStage2ThatCannotBeWalkedIsAFaultOfItsBank) {
  AtsWorld w;
  w.nested();
  w.write_cb(5, TCR, w.read_cb(5, TCR) | 3U << 6);  // SL0 0b11
  EXPECT_EQ(AtsWorld::plain(w.ats(ATS1PR, 0x1000, 6)), 1U | 1ULL << 31);
  EXPECT_EQ(w.read_cb(5, FSR), 1U << 1 | 2U << 9);
  EXPECT_EQ(w.read_cb(5, IPAFAR, 8), w.s1->config().stage1.tables[0].base);
  w.write_cb(5, FSR, ~0U);
  EXPECT_EQ(w.ats(ATS1PR, 0x80'0000'0000, 6), 1U | 1U << 1 | 2U << 8);
  EXPECT_EQ(w.read_cb(5, FSR), 2U << 9);
  EXPECT_EQ(w.gats(sGATS12PR, 0x1000, 6), 1U | 1U << 1 | 2U << 8 | 1ULL << 35);
  EXPECT_EQ(w.read_cb(5, FSR), 2U << 9);
}

// 4.2.4: stage 2 alone, where stage 1 is off: an address beyond its input size, and one that cannot be walked
TEST(NestedOperation, OfAStage1ThatIsOffIsATranslationFaultWhereStage2TakesNoSuchAddress) {
  AtsWorld w;
  w.nested();
  w.write_cb(6, SCTLR, 0);
  EXPECT_EQ(AtsWorld::PA(w.gats(sGATS12PR, 0x40'0000, 6)), 0x9000'0000U);
  EXPECT_EQ(w.gats(sGATS12PR, 0x100'0000'0000, 6), 1U | 1U << 1 | 2U << 8 | 1ULL << 35) << "40 bits";
  w.write_cb(5, TCR, w.read_cb(5, TCR) | 3U << 6);  // SL0 0b11
  EXPECT_EQ(w.gats(sGATS12PR, 0x40'0000, 6), 1U | 1U << 1 | 2U << 8 | 1ULL << 35);
  EXPECT_EQ(w.read_cb(5, FSR), 2U << 9) << "GPAR tells it";
}

// Table 3-4: a stage 2 that is off looks at the output of both stages, and at tables
TEST(NestedOperation, UnderAStage2ThatIsOffGivesNoAddressAboveTheOutputSize) {
  Features f;
  f.OAS = 36;
  AtsWorld w(f);
  w.nested();
  ASSERT_TRUE(w.s1->map(0x3000, 0x10'0000'0000, 0x1000));
  w.write_cb(5, SCTLR, 0);
  EXPECT_EQ(AtsWorld::PA(w.ats(ATS1PR, 0x3000, 6)), 0x10'0000'0000U) << "the IPA";
  EXPECT_EQ(w.gats(sGATS12PR, 0x3000, 6), 1U | 1U << 7 | 2U << 8 | 1ULL << 35);
  EXPECT_EQ(AtsWorld::PA(w.gats(sGATS12PR, 0x1000, 6)), 0x40'0000U);
  w.write_cb(6, TTBR0, w.read_cb(6, TTBR0, 8) | std::uint64_t{1} << 40, 8);
  w.write(TLBIALLNSNH, 0);
  EXPECT_EQ(w.gats(sGATS1PR, 0x1000, 6), 1U | 1U << 7 | 2U << 8 | 1ULL << 35);
  w.write_cb(6, SCTLR, 0);  // stage 1 as well
  EXPECT_EQ(w.gats(sGATS12PR, 0x10'0000'0000, 6), 1U | 1U << 7 | 2U << 8 | 1ULL << 35);
  EXPECT_EQ(AtsWorld::PA(w.gats(sGATS12PR, 0xf'ffff'f000, 6)), 0xf'ffff'f000U);
  EXPECT_EQ(AtsWorld::PA(w.gats(sGATS1PR, 0x10'0000'0000, 6)), 0x10'0000'0000U);
}

// 4.2.4: Nested and ATS are 1, NSSTATE and NSATTR are reserved in GFSYNR0; never stalled
TEST(NestedOperation, OfAStage2ThatCannotBeIsAGlobalFault) {
  struct {
    std::uint32_t second;
    std::uint32_t GFSR;
  } const cases[] = {{200, 1U << 3}, {3, 1U}};  // not there; not of TYPE 0b00
  for (const auto& c : cases) {
    AtsWorld w;
    w.nested(SCTLR_CFCFG);
    w.stage1();
    w.write(w.gr1(CBAR0 + 4 * 6), CBAR_nested | c.second << 8);
    const std::uint64_t PAR_is = w.ats(ATS1PR, 0x1000, 6);
    EXPECT_EQ(PAR_is & (1U | 1ULL << 31), 1U | 1ULL << 31);
    EXPECT_EQ(w.read(sGFSR), c.GFSR);
    EXPECT_EQ(w.read(sGFSYNR0) & (1U | 1U << 6), 1U | 1U << 6);
    EXPECT_EQ(w.read_cb(6, ATSR), 0U);
    w.ats(ATS1PR, 0x1000, 6);
    EXPECT_EQ(w.read(sGFSR), c.GFSR | 1U << 31);
  }
}

// 4.2.4, 3.6.2: the interrupt that the bank of stage 2 names is not there
TEST(NestedOperation, OfAStage2WithoutAnInterruptIsAGlobalFaultToo) {
  Features f;
  f.NUMIRPT = 4;
  AtsWorld w(f);
  w.nested();
  w.write(w.gr1(CBAR0 + 4 * 5), CBAR_stage2 | 9U << 24);
  w.write(sGFSR, ~0U);
  w.s2->unmap(w.s1->config().stage1.tables[0].base, 0x1000);
  w.ats(ATS1PR, 0x1000, 6);
  EXPECT_EQ(w.read(sGFSR), 1U << 4);
  EXPECT_EQ(w.read(sGFSYNR0) & (1U | 1U << 6), 1U | 1U << 6);
}

}  // namespace
}  // namespace smmuvp::smmuv2
