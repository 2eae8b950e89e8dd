// The engine as context banks use it (IHI 0062): formats, faults and stalls of SMMUv2.
#include "context_banks_bench.h"

namespace smmuvp::smmu::banks {
namespace {

constexpr std::uint64_t page_of(std::uint64_t va) { return va >> 12; }

// ---- formats

TEST_F(ContextBanks, TranslateShortDescriptorsOfAnyDomain) {
  Builder& b = stage1(0, Format::v7s);
  Mapping m;
  m.domain = 9;
  ASSERT_TRUE(b.map(0x12'3000, 0x8000'0000, KiB4, m));
  EXPECT_EQ(output(0, 0x12'3abc), 0x8000'0abcU);
  EXPECT_TRUE(hits(0, 0x12'3000));
  EXPECT_EQ(smmu.engine().statistics().walk_reads, 2U);
}

TEST_F(ContextBanks, OneEntryHoldsASupersectionOf40Bits) {
  Builder& b = stage1(0, Format::v7s);
  Mapping m;
  m.contiguous = true;
  ASSERT_TRUE(b.map(0x300'0000, 0x12'3400'0000, MiB16, m));
  EXPECT_EQ(output(0, 0x300'0000), 0x12'3400'0000U);
  EXPECT_TRUE(hits(0, 0x3ff'ffff));
  smmu.TLBIVA(0, 0x380'0000 | 1, 4);
  EXPECT_FALSE(hits(0, 0x300'0000));
}

TEST_F(ContextBanks, TranslateLongDescriptorsOfBothWidths) {
  for (const Format format : {Format::lpae32, Format::vmsa64}) {
    const unsigned n = format == Format::lpae32 ? 0 : 1;
    ASSERT_TRUE(stage1(n, format, 1, static_cast<std::uint16_t>(n)).map(0x20'0000, 0x1'0000'0000, 0x40'0000));
    EXPECT_EQ(output(n, 0x45'6789), 0x1'0025'6789U);
    EXPECT_TRUE(hits(n, 0x40'0000));
  }
}

TEST_F(ContextBanks, TranslateIpasByStage2Alone) {
  for (const Format format : {Format::lpae32, Format::vmsa64}) {
    const unsigned n = format == Format::lpae32 ? 0 : 1;
    ASSERT_TRUE(stage2(n, format, static_cast<std::uint16_t>(n)).map(0xab'cdef'0000, 0x8000'0000, KiB4));
    EXPECT_EQ(output(n, 0xab'cdef'0123), 0x8000'0123U);
    EXPECT_TRUE(hits(n, 0xab'cdef'0000));
  }
}

TEST_F(ContextBanks, TranslateByStage1FollowedByStage2) {
  struct Pair {
    Format stage1, stage2;
  };
  unsigned n = 0;
  for (const auto& [first, second] :
       {Pair{Format::v7s, Format::lpae32}, Pair{Format::lpae32, Format::lpae32},
        Pair{Format::v7s, Format::vmsa64}, Pair{Format::vmsa64, Format::vmsa64}}) {
    Builder& ipas = stage2(n + 1, second, static_cast<std::uint16_t>(n));
    ASSERT_TRUE(ipas.map(tables_ipa, tables_pa, MiB16));
    ASSERT_TRUE(ipas.map(0x8000'0000, 0x3'0000'0000, KiB4));
    Builder& vas = nested(n, first, n + 1);
    ASSERT_TRUE(vas.map(0x5000, 0x8000'0000, 2 * KiB4));
    EXPECT_EQ(output(n, 0x5432), 0x3'0000'0432U);
    EXPECT_TRUE(hits(n, 0x5000));
    EXPECT_EQ(output(n, 0x6000), std::nullopt) << "no stage 2 there";
    n += 2;
  }
}

// 16.5.29: M is not cached, whatever the TLB holds.
TEST_F(ContextBanks, AStageThatIsDisabledPassesAddresses) {
  Builder& ipas = stage2(1, Format::lpae32);
  ASSERT_TRUE(ipas.map(tables_ipa, tables_pa, MiB16));
  ASSERT_TRUE(ipas.map(0x8000'0000, 0x3'0000'0000, KiB4));
  ASSERT_TRUE(nested(0, Format::v7s, 1).map(0x5000, 0x8000'0000, KiB4));
  EXPECT_EQ(output(0, 0x5432), 0x3'0000'0432U);
  smmu.bank(0).M = false;
  EXPECT_EQ(output(0, 0x8000'0432), 0x3'0000'0432U);
  smmu.bank(1).M = false;
  EXPECT_EQ(output(0, 0x8000'0432), 0x8000'0432U);
  smmu.bank(0).M = smmu.bank(1).M = true;
  EXPECT_TRUE(hits(0, 0x5432));
}

TEST_F(ContextBanks, ATransactionIsCutWhereTranslationsEnd) {
  Builder& b = stage1(0, Format::v7s);
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, KiB4));
  ASSERT_TRUE(b.map(0x2000, 0x9000'0000, KiB4));
  const Seen& s = smmu.access(request(0, 0x1ff0), 0x1020);
  ASSERT_EQ(s.parts.size(), 2U);
  EXPECT_EQ(s.parts[0].output, 0x8000'0ff0U);
  EXPECT_EQ(s.parts[0].length, 0x10U);
  EXPECT_EQ(s.parts[1].output, 0x9000'0000U);
  EXPECT_EQ(s.parts[1].length, 0x1000U);
  EXPECT_EQ(s.end, Outcome::abort) << "nothing is at 0x3000";
}

// ---- faults

TEST_F(ContextBanks, AFaultIsToldByItsBank) {
  Builder& b = stage1(0, Format::v7s);
  Mapping read_only;
  read_only.writable = false;
  ASSERT_TRUE(b.map(0x12'3000, 0x8000'0000, KiB4, read_only));
  AccessRequest write = request(0, 0x12'3456, AccessKind::write);
  write.privileged = true;
  EXPECT_EQ(smmu.access(write).end, Outcome::abort);
  EXPECT_EQ(smmu.bank(0).FSR, FSR_PF);
  EXPECT_EQ(smmu.bank(0).FSYNR0, FSYNR0_WNR | FSYNR0_PNU | 2U) << "the last level";
  EXPECT_EQ(smmu.bank(0).FAR, 0x12'3456U);
  EXPECT_EQ(smmu.bank(0).CBFRSYNRA, 0U);

  smmu.write_FSR(0, ~0U);
  smmu.bank(0).CFRE = false;
  EXPECT_EQ(smmu.access(request(0, 0x50'0000)).end, Outcome::razwi);
  EXPECT_EQ(smmu.bank(0).FSR, FSR_TF);
  EXPECT_EQ(smmu.bank(0).FSYNR0, 1U) << "no section";

  smmu.write_FSR(0, ~0U);
  smmu.access(request(0, 0x1'0000'0000));  // 3.8.4: beyond 32 bits
  EXPECT_EQ(smmu.bank(0).FSR, FSR_TF);
  EXPECT_EQ(smmu.bank(0).FSYNR0, 1U);
}

TEST_F(ContextBanks, AnAtomicMissesThePermissionThatIsNotThere) {
  Builder& b = stage2(0, Format::vmsa64);
  Mapping write_only;
  write_only.readable = false;
  Mapping read_only;
  read_only.writable = false;
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, KiB4, write_only));
  ASSERT_TRUE(b.map(0x2000, 0x8000'0000, KiB4, read_only));
  smmu.access(request(0, 0x1000, AccessKind::atomic));
  EXPECT_EQ(smmu.bank(0).FSYNR0, 3U) << "Read";
  smmu.write_FSR(0, ~0U);
  smmu.access(request(0, 0x2000, AccessKind::atomic));
  EXPECT_EQ(smmu.bank(0).FSYNR0, 3U | FSYNR0_WNR);
}

TEST_F(ContextBanks, AFaultOfStage2IsToldByTheSecondBank) {
  Builder& ipas = stage2(1, Format::lpae32);
  ASSERT_TRUE(ipas.map(tables_ipa, tables_pa, 2 * MiB1));
  Builder& vas = nested(3, Format::v7s, 1);
  ASSERT_TRUE(vas.map(0x5000, 0x8765'4000, KiB4));
  EXPECT_EQ(output(3, 0x5678), std::nullopt);
  EXPECT_EQ(smmu.bank(3).FSR, 0U);
  EXPECT_EQ(smmu.bank(1).FSR, FSR_TF);
  EXPECT_EQ(smmu.bank(1).FSYNR0, FSYNR0_NESTED | 3U << 16 | 1U);
  EXPECT_EQ(smmu.bank(1).FAR, 0x5678U);
  EXPECT_EQ(page_of(smmu.bank(1).IPAFAR), page_of(0x8765'4000));

  // Of a table of stage 1
  smmu.write_FSR(1, ~0U);
  ASSERT_TRUE(ipas.unmap(tables_ipa, 2 * MiB1));
  smmu.TLBIALLNSNH();
  EXPECT_EQ(output(3, 0x5678), std::nullopt);
  EXPECT_EQ(smmu.bank(1).FSR, FSR_TF);
  EXPECT_EQ(smmu.bank(1).FSYNR0 & (FSYNR0_NESTED | FSYNR0_S1PTWF), FSYNR0_NESTED | FSYNR0_S1PTWF);
  EXPECT_EQ(page_of(smmu.bank(1).IPAFAR), page_of(smmu.bank(3).stage1.tables[0].base));
}

TEST_F(ContextBanks, AnExternalAbortOfAWalkIsToldAsSuch) {
  Builder& b = stage1(0, Format::lpae32);
  ASSERT_TRUE(b.map(0x5000, 0x8000'0000, KiB4));
  memory.abort_at(*b.descriptor_address(0x5000, 3));
  EXPECT_EQ(output(0, 0x5000), std::nullopt);
  EXPECT_EQ(smmu.bank(0).FSR, FSR_EF);
  EXPECT_EQ(smmu.bank(0).FSYNR0, FSYNR0_PTWF | 3U);
}

// 3.7.3: terminated for the old fault, hit or not, and not recorded.
TEST_F(ContextBanks, ABankWithAFaultTerminatesAllElseOrCountsFaults) {
  ASSERT_TRUE(stage1(0, Format::v7s).map(0x1000, 0x8000'0000, KiB4));
  EXPECT_TRUE(output(0, 0x1000));
  EXPECT_FALSE(output(0, 0x7000));
  EXPECT_FALSE(output(0, 0x1000));
  EXPECT_FALSE(output(0, 0x8000));
  EXPECT_EQ(smmu.bank(0).FSR, FSR_TF);
  smmu.bank(0).HUPCF = true;
  EXPECT_TRUE(output(0, 0x1000));
  EXPECT_FALSE(output(0, 0x8000));
  EXPECT_EQ(smmu.bank(0).FSR, FSR_TF | FSR_MULTI);
  EXPECT_EQ(smmu.bank(0).FAR, 0x7000U) << "of the first";
}

// ---- stalls

class StallingBanks : public ContextBanks {
 protected:
  StallingBanks() : a(stage1(0, Format::v7s)), b(stage1(1, Format::vmsa64, 2)) {
    smmu.bank(0).CFCFG = smmu.bank(1).CFCFG = true;
    EXPECT_TRUE(a.map(0x1000, 0x8000'0000, KiB4));
    EXPECT_TRUE(b.map(0x1000, 0x9000'0000, KiB4));
  }
  Smmu::Id arrive(unsigned bank, std::uint64_t address) {
    const Smmu::Id id = smmu.arrive(request(bank, address));
    smmu.run();
    return id;
  }
  std::optional<Outcome> end(Smmu::Id id) const { return smmu.seen(id).end; }
  Builder& a;
  Builder& b;
};

TEST_F(StallingBanks, OneStallsAndWhatComesAfterItWaits) {
  const auto first = arrive(0, 0x7000);
  EXPECT_EQ(smmu.bank(0).FSR, FSR_TF | FSR_SS);
  const auto hit = arrive(0, 0x1000);
  const auto fault = arrive(0, 0x8000);
  for (const auto id : {first, hit, fault}) EXPECT_EQ(end(id), std::nullopt);
  EXPECT_EQ(output(1, 0x1000), 0x9000'0000U) << "another bank goes on";
  EXPECT_EQ(smmu.bank(0).FAR, 0x7000U);

  // Software mends both, clears the fault and retries.
  ASSERT_TRUE(a.map(0x7000, 0x8100'0000, 2 * KiB4));
  smmu.write_FSR(0, ~0U);
  EXPECT_EQ(smmu.bank(0).FSR, FSR_SS) << "not by FSR";
  smmu.RESUME(0, false);
  smmu.run();
  for (const auto id : {first, hit, fault}) EXPECT_EQ(end(id), Outcome::forward);
  EXPECT_EQ(smmu.bank(0).FSR, 0U);
}

TEST_F(StallingBanks, OnlyTheRecordedOneIsTerminated) {
  const auto first = arrive(0, 0x7000);
  const auto hit = arrive(0, 0x1000);
  const auto fault = arrive(0, 0x8000);
  smmu.write_FSR(0, ~0U);
  smmu.RESUME(0, true);
  smmu.run();
  EXPECT_EQ(end(first), Outcome::abort);
  EXPECT_EQ(end(hit), Outcome::forward);
  EXPECT_EQ(end(fault), std::nullopt) << "has its own fault now";
  EXPECT_EQ(smmu.bank(0).FSR, FSR_TF | FSR_SS);
  EXPECT_EQ(smmu.bank(0).FAR, 0x8000U);
}

TEST_F(StallingBanks, HitsPassUnderAFaultWhereTheyMay) {
  smmu.bank(0).HUPCF = true;
  const auto first = arrive(0, 0x7000);
  EXPECT_EQ(end(arrive(0, 0x1000)), Outcome::forward);
  const auto second = arrive(0, 0x8000);
  EXPECT_EQ(end(second), std::nullopt);
  EXPECT_EQ(smmu.bank(0).FSR, FSR_TF | FSR_SS) << "a fault that waits is not recorded";
  // 3.7.3: with the old fault still there, those that fault again are terminated, and counted.
  smmu.RESUME(0, false);
  smmu.run();
  EXPECT_EQ(end(first), Outcome::abort);
  EXPECT_EQ(end(second), Outcome::abort);
  EXPECT_EQ(smmu.bank(0).FSR, FSR_TF | FSR_MULTI);
}

TEST_F(StallingBanks, ARetryUnderTheOldFaultIsTerminated) {
  const auto first = arrive(0, 0x7000);
  ASSERT_TRUE(a.map(0x7000, 0x8100'0000, KiB4));
  smmu.RESUME(0, false);
  smmu.run();
  EXPECT_EQ(end(first), Outcome::abort);
  EXPECT_EQ(smmu.bank(0).FSR, FSR_TF);
}

TEST_F(StallingBanks, EachBankHasAStallOfItsOwn) {
  const auto first = arrive(0, 0x7000);
  const auto second = arrive(1, 0x7000);
  EXPECT_EQ(smmu.bank(1).FSR, FSR_TF | FSR_SS);
  smmu.RESUME(1, true);
  EXPECT_EQ(end(first), std::nullopt);
  EXPECT_EQ(end(second), Outcome::abort);
  smmu.RESUME(1, true);  // ignored
  EXPECT_EQ(end(first), std::nullopt);
}

TEST_F(StallingBanks, AStallOfStage2HoldsAllBanksBeforeIt) {
  Builder& ipas = stage2(4, Format::lpae32, 3);
  smmu.bank(4).CFCFG = true;
  ASSERT_TRUE(ipas.map(tables_ipa, tables_pa, 2 * MiB1));
  ASSERT_TRUE(nested(2, Format::v7s, 4, 1).map(0x1000, 0x8000'0000, KiB4));
  Builder& other = nested(3, Format::lpae32, 4, 2);
  ASSERT_TRUE(other.map(0x1000, 0x8000'1000, KiB4));
  const auto first = arrive(2, 0x1000);
  const auto second = arrive(3, 0x5000);  // has no stage 1 translation: known only once stage 2 is mended
  EXPECT_EQ(smmu.bank(4).FSR, FSR_TF | FSR_SS);
  EXPECT_EQ(smmu.bank(3).FSR, 0U);
  ASSERT_TRUE(ipas.map(0x8000'0000, 0x3'0000'0000, 2 * KiB4));
  smmu.write_FSR(4, ~0U);
  smmu.RESUME(4, false);
  smmu.run();
  EXPECT_EQ(end(first), Outcome::forward);
  EXPECT_EQ(end(second), Outcome::abort);
  EXPECT_EQ(smmu.bank(3).FSR, FSR_TF);
}

TEST_F(StallingBanks, AResetLeavesNobodyWaiting) {
  const auto first = arrive(0, 0x7000);
  const auto second = arrive(0, 0x1000);
  smmu.reset();
  EXPECT_EQ(end(first), Outcome::abort);
  EXPECT_EQ(end(second), Outcome::abort);
  EXPECT_TRUE(output(0, 0x1000));
}

}  // namespace
}  // namespace smmuvp::smmu::banks
