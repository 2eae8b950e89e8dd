// The engine as context banks use it (IHI 0062): what maintenance takes, and what a synchronisation waits
// for.
#include <vector>

#include "context_banks_bench.h"

namespace smmuvp::smmu::banks {
namespace {

/// Banks 0 and 1: ASIDs 1 and 2 of VMID 1, of 32 and 64 bits. Bank 2: ASID 1 of VMID 2. 3, 4: nested, VMID 3.
class BankMaintenance : public ContextBanks {
 protected:
  BankMaintenance() : ipas(stage2(4, Format::vmsa64, 3)) {
    EXPECT_TRUE(ipas.map(tables_ipa, tables_pa, MiB16));
    EXPECT_TRUE(ipas.map(0x8000'0000, 0x3'0000'0000, 0x40'0000));
    Builder* vas[] = {&stage1(0, Format::v7s, 1, 1), &stage1(1, Format::vmsa64, 1, 2),
                      &stage1(2, Format::lpae32, 2, 1), &nested(3, Format::vmsa64, 4)};
    Mapping global;
    global.nG = false;
    for (Builder* b : vas) {
      EXPECT_TRUE(b->map(page, 0x8000'0000, KiB4));
      EXPECT_TRUE(b->map(other_page, 0x8010'0000, KiB4));
    }
    // In VMID 2, at a place that nobody shares
    EXPECT_TRUE(vas[2]->map(global_page, 0x8020'0000, KiB4, global));
    fill();
  }
  /// Everything is cached.
  void fill() {
    for (const auto& [n, va] : all) EXPECT_TRUE(output(n, va)) << n;
    for (const auto& [n, va] : all) EXPECT_TRUE(hits(n, va)) << n;
  }
  struct Place {
    unsigned bank;
    std::uint64_t va;
    bool operator==(const Place& o) const { return bank == o.bank && va == o.va; }
  };
  /// What is not cached any more; it is again afterwards.
  std::vector<Place> gone() {
    std::vector<Place> g;
    for (const Place& p : all) {
      if (!hits(p.bank, p.va)) g.push_back(p);
    }
    return g;
  }
  using Places = std::vector<Place>;
  static constexpr std::uint64_t page = 0x12'3000;
  static constexpr std::uint64_t other_page = 0x12'5000;
  static constexpr std::uint64_t global_page = 0x34'5000;
  static constexpr std::uint64_t ipa = 0x8000'0000;
  const Places all = {{0, page},       {0, other_page},  {1, page}, {1, other_page}, {2, page},
                      {2, other_page}, {2, global_page}, {3, page}, {3, other_page}, {4, ipa}};
  Builder& ipas;
};

TEST_F(BankMaintenance, TLBIALLTakesStage1OfTheBanksVMID) {
  smmu.TLBIALL(0);
  EXPECT_EQ(gone(), (Places{{0, page}, {0, other_page}, {1, page}, {1, other_page}}));
  smmu.TLBIALL(3);
  EXPECT_EQ(gone(), (Places{{3, page}, {3, other_page}})) << "and nothing of stage 2 alone";
}

TEST_F(BankMaintenance, TLBIASIDTakesWhatIsNotGlobalOfAnASID) {
  smmu.TLBIASID(0, 2);
  EXPECT_EQ(gone(), (Places{{1, page}, {1, other_page}}));
  smmu.TLBIASID(2, 0xff01);  // of a bank of 32 bits: 8 bits
  EXPECT_EQ(gone(), (Places{{2, page}, {2, other_page}}));
}

TEST_F(BankMaintenance, TLBIVATakesAnAddressOfAnASIDAndGlobalOnesOfAny) {
  smmu.TLBIVA(0, page | 0xf00 | 1, 4);
  EXPECT_EQ(gone(), (Places{{0, page}}));
  smmu.TLBIVA(0, std::uint64_t{2} << 48 | page | 1, 8);  // the top half is ignored
  EXPECT_EQ(gone(), (Places{{0, page}}));
  smmu.TLBIVA(1, std::uint64_t{2} << 48 | page >> 12, 8);
  EXPECT_EQ(gone(), (Places{{1, page}}));
  smmu.TLBIVA(1, std::uint64_t{1} << 48 | page >> 12, 8);
  EXPECT_EQ(gone(), (Places{{0, page}})) << "whatever the width of the bank that has that ASID";
  smmu.TLBIVA(1, std::uint64_t{2} << 48 | page >> 12, 4);
  EXPECT_EQ(gone(), Places{}) << "32 bits of it: ASID 0";
  smmu.TLBIVA(2, global_page | 77, 4);
  EXPECT_EQ(gone(), (Places{{2, global_page}}));
}

TEST_F(BankMaintenance, TLBIVAAndItsKinExtendBit55) {
  Builder& high = stage1(5, Format::vmsa64, 5, 1);
  const std::uint64_t va = 0xffff'ffff'8000'0000;
  // A table for the upper range, by the lower one's format
  smmu.bank(5).stage1.tables[1] = smmu.bank(5).stage1.tables[0];
  ASSERT_TRUE(high.map(va & 0x7f'ffff'ffff, 0x8000'0000, KiB4));
  EXPECT_TRUE(output(5, va));
  EXPECT_TRUE(hits(5, va));
  smmu.TLBIVAA(5, va >> 12 & 0xfff'ffff'ffff, 8);
  EXPECT_FALSE(hits(5, va));
  EXPECT_TRUE(hits(5, va));
  smmu.TLBIVAA(5, (va & 0x7f'ffff'ffff) >> 12, 8);
  EXPECT_TRUE(hits(5, va)) << "another address";
}

TEST_F(BankMaintenance, TLBIVAATakesAnAddressOfAnyASID) {
  smmu.TLBIVAA(0, page, 4);
  EXPECT_EQ(gone(), (Places{{0, page}, {1, page}}));
  smmu.TLBIVAA(3, page >> 12, 8);
  EXPECT_EQ(gone(), (Places{{3, page}}));
}

TEST_F(BankMaintenance, LastLevelFormsKeepTables) {
  const std::uint64_t reads = smmu.engine().statistics().walk_reads;
  smmu.TLBIVAL(0, page | 1, 4);
  EXPECT_EQ(gone(), (Places{{0, page}}));
  EXPECT_EQ(smmu.engine().statistics().walk_reads, reads + 1) << "the small page alone";
  smmu.TLBIVAAL(1, page >> 12, 8);
  EXPECT_EQ(gone(), (Places{{0, page}, {1, page}}));
  EXPECT_EQ(smmu.engine().statistics().walk_reads, reads + 3);
}

// 17.3.4: entries that combine both stages hold no IPA, and stay until TLBIVMIDS1.
TEST_F(BankMaintenance, TLBIIPAS2TakesStage2AndTLBIVMIDS1WhatIsCombined) {
  ASSERT_TRUE(ipas.unmap(ipa, KiB4, pgtable::Splitting::allowed));
  smmu.TLBIIPAS2(4, ipa >> 12);
  EXPECT_FALSE(output(4, ipa));
  smmu.write_FSR(4, ~0U);
  EXPECT_TRUE(hits(3, page));
  smmu.TLBIVMIDS1(3);
  EXPECT_FALSE(output(3, page));
  EXPECT_EQ(smmu.bank(4).FSYNR0 & (FSYNR0_NESTED | FSYNR0_S1PTWF), FSYNR0_NESTED);
}

TEST_F(BankMaintenance, TLBIVMIDS1TakesStage1OfAVMID) {
  smmu.TLBIVMIDS1(1);
  EXPECT_EQ(gone(), (Places{{0, page}, {0, other_page}, {1, page}, {1, other_page}}));
  smmu.TLBIVMIDS1(3);
  EXPECT_EQ(gone(), (Places{{3, page}, {3, other_page}}));
}

TEST_F(BankMaintenance, TLBIVMIDTakesBothStagesOfAVMID) {
  smmu.TLBIVMID(2);
  EXPECT_EQ(gone(), (Places{{2, page}, {2, other_page}, {2, global_page}}));
  smmu.TLBIVMID(3);
  EXPECT_EQ(gone(), (Places{{3, page}, {3, other_page}, {4, ipa}}));
}

TEST_F(BankMaintenance, TLBIALLNSNHTakesEverything) {
  smmu.TLBIALLNSNH();
  EXPECT_EQ(smmu.engine().tlb().size(), 0U);
  EXPECT_EQ(smmu.engine().walk_cache().size(), 0U);
  EXPECT_EQ(smmu.engine().ipa_cache().size(), 0U);
  EXPECT_EQ(gone(), all);
}

// 5.4.1: stage 1 has a section, stage 2 pages: many entries, of which any address takes all.
TEST_F(BankMaintenance, AnAddressOfASplinteredSectionTakesAllOfIt) {
  Builder& pages = stage2(6, Format::lpae32, 6);
  ASSERT_TRUE(pages.map(tables_ipa, tables_pa, MiB16));
  Mapping small;
  small.top_level = 3;
  ASSERT_TRUE(pages.map(0x8000'0000, 0x3'0000'0000, 2 * MiB1, small));
  Builder& sections = nested(5, Format::v7s, 6);
  ASSERT_TRUE(sections.map(0x10'0000, 0x8000'0000, 2 * MiB1));
  for (std::uint64_t va = 0x10'0000; va < 0x30'0000; va += 0x4'0000) EXPECT_TRUE(output(5, va));
  for (std::uint64_t va = 0x10'0000; va < 0x30'0000; va += 0x4'0000) EXPECT_TRUE(hits(5, va));
  ASSERT_TRUE(sections.unmap(0x10'0000, MiB1));
  smmu.TLBIVA(5, 0x1f'f000 | 1, 4);
  EXPECT_FALSE(output(5, 0x10'0000));
  smmu.write_FSR(5, ~0U);
  EXPECT_TRUE(hits(5, 0x20'0000));
}

// ---- synchronisation

TEST_F(BankMaintenance, EachBanksSyncWaitsForWhatWasUnderWayAtItsMaintenance) {
  smmu.TLBIALLNSNH();
  const auto first = smmu.arrive(request(0, page));
  smmu.step(first);
  smmu.TLBIALL(0);
  const auto second = smmu.arrive(request(1, page));
  smmu.step(second);
  smmu.TLBIALL(1);
  smmu.TLBSYNC(0);
  smmu.TLBSYNC(1);
  smmu.TLBSYNC(2);
  smmu.TLBGSYNC();
  EXPECT_TRUE(smmu.SACTIVE(0));
  EXPECT_TRUE(smmu.SACTIVE(1));
  EXPECT_FALSE(smmu.SACTIVE(2)) << "had no maintenance";
  EXPECT_TRUE(smmu.GSACTIVE());
  while (smmu.step(first)) {
  }
  EXPECT_FALSE(smmu.SACTIVE(0));
  EXPECT_TRUE(smmu.SACTIVE(1));
  smmu.run();
  EXPECT_FALSE(smmu.SACTIVE(1));
  EXPECT_FALSE(smmu.GSACTIVE());
}

TEST_F(BankMaintenance, AWalkThatMaintenanceOvertakesFillsNothing) {
  smmu.TLBIALLNSNH();
  const auto id = smmu.arrive(request(0, page));
  smmu.step(id);
  smmu.TLBIVA(0, page | 1, 4);
  smmu.run();
  EXPECT_EQ(smmu.seen(id).end, Outcome::forward);
  EXPECT_FALSE(hits(0, page));
}

// 5.4.2: maintenance does not rely on the progress of clients; stalled ones are not waited for (17.3.3).
TEST_F(BankMaintenance, ASyncDoesNotWaitForAStalledTransaction) {
  smmu.bank(0).CFCFG = true;
  const auto id = smmu.arrive(request(0, 0x70'0000));
  smmu.step(id);
  smmu.TLBIALL(0);
  smmu.TLBSYNC(0);
  EXPECT_TRUE(smmu.SACTIVE(0));
  smmu.run();
  EXPECT_EQ(smmu.seen(id).end, std::nullopt);
  EXPECT_FALSE(smmu.SACTIVE(0));
}

}  // namespace
}  // namespace smmuvp::smmu::banks
