// What software does with the registers of an SMMUv2.
#include "script.h"

namespace smmuvp::checker {
namespace {

constexpr std::uint64_t page = Script::page;
constexpr std::uint64_t other = 0xa000'0f03;
constexpr std::uint64_t CLIENTPD = 1, GFIE = 4, EXIDENABLE = 8, USFCFG = 1U << 10;
constexpr std::uint64_t VALID = 1U << 31;
constexpr std::uint64_t M = 1, CFIE = 1U << 6;
constexpr std::uint64_t stage1 = 1U << 16;  // CBAR.TYPE
constexpr std::uint64_t VA64 = 1;
constexpr std::uint64_t AS = 1U << 4;

constexpr Smmuv2Rules::Sizes two_groups{2, true};

void empty_groups(Script& s) { s.write("SMMU_SMR0", 0), s.write("SMMU_SMR1", 0); }
void clear_GFSR(Script& s) { s.write("SMMU_sGFSR", ~0U); }
void sync(Script& s) { s.write("SMMU_sTLBGSYNC", 0), s.read("SMMU_sTLBGSTATUS", 0); }
void empty_TLB(Script& s) { s.write("SMMU_TLBIALLNSNH", 0), sync(s); }
void enable(Script& s, std::uint64_t CR0 = USFCFG | GFIE) { s.write("SMMU_sCR0", CR0); }

TEST(Smmuv2, WhatAResetLeavesUnknownIsSetBeforeClientsAreLetIn) {
  struct Case {
    const char* what;
    Told told;
    void (*software)(Script&);
  };
  const Case cases[] = {
      {"all", {}, [](Script& s) { empty_groups(s), clear_GFSR(s), empty_TLB(s), enable(s); }},
      {"a group is not",
       {"enable.unknown"},
       [](Script& s) { s.write("SMMU_SMR0", 0), clear_GFSR(s), empty_TLB(s), enable(s); }},
      {"sGFSR is not", {"enable.unknown"}, [](Script& s) { empty_groups(s), empty_TLB(s), enable(s); }},
      {"sGFSR, and nobody is told of it",
       {},
       [](Script& s) { empty_groups(s), empty_TLB(s), enable(s, USFCFG); }},
      {"TLBs are not", {"enable.caches"}, [](Script& s) { empty_groups(s), clear_GFSR(s), enable(s); }},
      {"those of a VMID are",
       {"enable.caches"},
       [](Script& s) { empty_groups(s), clear_GFSR(s), s.write("SMMU_TLBIVMID", 0), sync(s), enable(s); }},
      {"those of EL2 are",
       {"enable.caches"},
       [](Script& s) { empty_groups(s), clear_GFSR(s), s.write("SMMU_TLBIALLH", 0), sync(s), enable(s); }},
      {"nobody has waited for TLBGSYNC",
       {"enable.caches"},
       [](Script& s) {
         empty_groups(s), clear_GFSR(s), s.write("SMMU_TLBIALLNSNH", 0), s.write("SMMU_sTLBGSYNC", 0);
         s.read("SMMU_sTLBGSTATUS", 1), enable(s);
       }},
      {"streams without a group pass",
       {"bypass.open"},
       [](Script& s) { empty_groups(s), clear_GFSR(s), empty_TLB(s), enable(s, GFIE); }},
      {"clients stay out", {}, [](Script& s) { clear_GFSR(s), enable(s, CLIENTPD | GFIE); }},
      {"with 16-bit StreamIDs a group is valid by its S2CR",
       {"enable.unknown"},
       [](Script& s) {
         empty_groups(s), clear_GFSR(s), empty_TLB(s), enable(s, CLIENTPD | EXIDENABLE);
         enable(s, USFCFG | EXIDENABLE);
       }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    Script s(two_groups);
    c.software(s);
    EXPECT_EQ(s.told(), c.told);
  }
}

TEST(Smmuv2, AStreamIdMatchesOneGroup) {
  struct Case {
    const char* what;
    bool right;
    std::uint64_t SMR0, SMR1;
  };
  const Case cases[] = {
      {"two", true, VALID | 4, VALID | 5},
      {"the same", false, VALID | 4, VALID | 4},
      {"one that is not valid", true, VALID | 4, 4},
      {"a mask around it", false, VALID | 3U << 16 | 4, VALID | 6},
      {"a mask beside it", true, VALID | 3U << 16 | 4, VALID | 8},
      {"bits under the mask do not count", false, VALID | 4, VALID | 3U << 16 | 7},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    Script s(two_groups);
    s.write("SMMU_SMR0", c.SMR0);
    s.write("SMMU_SMR1", c.SMR1);
    EXPECT_EQ(s.told(), c.right ? Told{} : Told{"smr.overlap"});
  }
  Script indexed(Smmuv2Rules::Sizes{2, false});
  indexed.write("SMMU_SMR0", VALID | 4);
  indexed.write("SMMU_SMR1", VALID | 4);
  EXPECT_EQ(indexed.told(), Told{}) << "without stream matching SMRs do nothing";
}

TEST(Smmuv2, With16BitStreamIdsTheS2crMakesAGroupValid) {
  constexpr std::uint64_t EXIDVALID = 1U << 10;
  for (const bool valid : {false, true}) {
    Script s(two_groups);
    s.write("SMMU_sCR0", CLIENTPD | EXIDENABLE);
    s.write("SMMU_SMR0", 0x8004);
    s.write("SMMU_SMR1", 0x8004);
    s.write("SMMU_S2CR0", EXIDVALID);
    s.write("SMMU_S2CR1", valid ? EXIDVALID : 0);
    EXPECT_EQ(s.told(), valid ? Told{"smr.overlap"} : Told{});
  }
}

TEST(Smmuv2, AGroupIsChangedWhileItIsNotValid) {
  struct Case {
    const char* what;
    bool right;
    void (*software)(Script&);
  };
  const Case cases[] = {
      {"at once", false, [](Script& s) { s.write("SMMU_SMR0", VALID | 5); }},
      {"by way of VALID 0", true,
       [](Script& s) { s.write("SMMU_SMR0", 0), s.write("SMMU_SMR0", VALID | 5); }},
      {"to what it is", true, [](Script& s) { s.write("SMMU_SMR0", VALID | 4); }},
      {"while clients are out", true,
       [](Script& s) { s.write("SMMU_sCR0", CLIENTPD), s.write("SMMU_SMR0", VALID | 5); }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    Script s(two_groups);
    empty_groups(s), clear_GFSR(s), empty_TLB(s), enable(s);
    s.write("SMMU_SMR0", VALID | 4);
    c.software(s);
    EXPECT_EQ(s.told(), c.right ? Told{} : Told{"smr.live"});
  }
}

TEST(Smmuv2, ABankIsSetUpWhileItDoesNotTranslate) {
  constexpr std::uint64_t EPD1 = 1U << 23;
  struct Case {
    const char* what;
    bool right;
    void (*software)(Script&);
  };
  const Case cases[] = {
      {"TCR", false, [](Script& s) { s.write("SMMU_CB1_TCR", EPD1 | 25); }},
      {"CBAR", false, [](Script& s) { s.write("SMMU_CBAR1", stage1 | 7); }},
      {"CBA2R", false, [](Script& s) { s.write("SMMU_CBA2R1", 0); }},
      {"TCR2", false, [](Script& s) { s.write("SMMU_CB1_TCR2", 2); }},
      {"TCR as it is", true, [](Script& s) { s.write("SMMU_CB1_TCR", EPD1 | 16); }},
      {"TCR of a range without walks", true,
       [](Script& s) { s.write("SMMU_CB1_TCR", EPD1 | 16 | 9U << 16); }},
      {"TTBR0", true, [](Script& s) { s.write("SMMU_CB1_TTBR0", 0x5000); }},
      {"of another bank", true, [](Script& s) { s.write("SMMU_CB2_TCR", 1), s.write("SMMU_CB2_TCR", 2); }},
      {"SCTLR.M is 0 first", true,
       [](Script& s) { s.write("SMMU_CB1_SCTLR", 0), s.write("SMMU_CB1_TCR", EPD1 | 25); }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    Script s(two_groups);
    s.write("SMMU_CBAR1", stage1 | 1);
    s.write("SMMU_CBA2R1", VA64);
    s.write("SMMU_CB1_TCR", EPD1 | 16);
    s.write("SMMU_CB1_TCR2", 1);
    s.write("SMMU_CB1_TTBR0", 0x4000);
    s.write("SMMU_CB1_FSR", ~0U);
    s.write("SMMU_CB1_SCTLR", M | CFIE);
    c.software(s);
    EXPECT_EQ(s.told(), c.right ? Told{} : Told{"bank.live"});
  }
}

TEST(Smmuv2, TheSizeOfAsidsIsSetBeforeAnAsidIs) {
  struct Case {
    const char* what;
    bool right;
    std::uint64_t ASID, TCR2;
    bool TCR2_first;
  };
  const Case cases[] = {{"before", true, 0x1234, AS, true},
                        {"behind", false, 0x1234, AS, false},
                        {"behind one of 8 bits", false, 0x12, AS, false},
                        {"8 bits, behind one of 16", false, 0x1234, 0, false},
                        {"8 bits, behind one of 8", true, 0x12, 0, false},
                        {"no ASID", true, 0, AS, false}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    Script s(two_groups);
    s.write("SMMU_CBAR1", stage1 | 1);
    s.write("SMMU_CBA2R1", VA64);
    if (c.TCR2_first) s.write("SMMU_CB1_TCR2", c.TCR2);
    s.write("SMMU_CB1_TTBR0", c.ASID << 48 | 0x4000);
    s.write("SMMU_CB1_TCR2", c.TCR2);  // again, where it was first
    EXPECT_EQ(s.told(), c.right ? Told{} : Told{"bank.order"});
  }
}

TEST(Smmuv2, ABankThatTranslatesTellsOfItsFaults) {
  struct Case {
    const char* what;
    Told told;
    bool cleared;
    std::uint64_t SCTLR;
  };
  const Case cases[] = {{"it does", {}, true, M | CFIE},
                        {"it does not", {"bank.interrupt"}, true, M},
                        {"it does not translate", {}, true, 0},
                        {"it tells of faults that a reset has left", {"enable.unknown"}, false, M | CFIE}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    Script s(two_groups);
    if (c.cleared) s.write("SMMU_CB1_FSR", ~0U);
    s.write("SMMU_CB1_SCTLR", c.SCTLR);
    s.write("SMMU_CB1_SCTLR", c.SCTLR);
    EXPECT_EQ(s.told(), c.told) << "once";
  }
}

TEST(Smmuv2, FaultsThatWereReadAreCleared) {
  constexpr std::uint64_t TF = 2, PF = 8, MULTI = 1U << 31;
  struct Case {
    const char* what;
    bool right;
    std::uint64_t read, written;
  };
  const Case cases[] = {{"all", true, TF | PF, TF | PF},
                        {"one of two", false, TF | PF, TF},
                        {"none", false, TF, 0},
                        {"MULTI alone stays", true, MULTI | TF, TF},
                        {"there were none", true, 0, 0}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    Script s(two_groups);
    s.write("SMMU_CB1_FSR", ~0U);
    s.read("SMMU_CB1_FSR", c.read);
    s.write("SMMU_CB1_FSR", c.written);
    EXPECT_EQ(s.told(), c.right ? Told{} : Told{"fsr.kept"});
    s.write("SMMU_CB1_FSR", ~0U);
    s.write("SMMU_CB1_FSR", 0);
    EXPECT_EQ(s.told(), Told{}) << "what is cleared stays so";
  }
}

TEST(Smmuv2, WhatIsKnownOfAFaultIsReadBeforeItIsCleared) {
  for (const bool read_first : {false, true}) {
    Script s(two_groups);
    s.write("SMMU_CB1_FSR", ~0U);
    s.read("SMMU_CB1_FSR", 2);
    if (read_first) s.read("SMMU_CB1_FAR", 0x1000);
    s.write("SMMU_CB1_FSR", 2);
    s.read("SMMU_CB1_FAR", 0x1000);
    EXPECT_EQ(s.told(), read_first ? Told{} : Told{"fsr.order"});
  }
}

TEST(Smmuv2, FaultsOfABankThatIsUsedAreNotLeftAtTheEnd) {
  constexpr std::uint64_t TF = 2, SS = 1U << 30;
  struct Case {
    const char* what;
    bool right, used;
    std::uint64_t FSR;
  };
  for (const Case& c :
       {Case{"one", false, true, TF}, Case{"none", true, true, 0}, Case{"what is no fault", true, true, SS},
        Case{"of a bank that nobody uses", true, false, TF}}) {
    SCOPED_TRACE(c.what);
    Script s(two_groups);
    s.write("SMMU_CB1_FSR", ~0U);
    if (c.used) s.write("SMMU_CB1_SCTLR", M | CFIE);
    s.end({{"SMMU_CB1_FSR", c.FSR}});
    EXPECT_EQ(s.told(), c.right ? Told{} : Told{"end.fsr"});
  }
}

// 5.4: what registers invalidate, and 5.4.2: what is complete by which synchronisation.
TEST(Smmuv2, AMappingThatIsReplacedNeedsItsInvalidation) {
  constexpr std::uint64_t VA = Script::iova >> 12, ASID = 2ULL << 48;
  struct Case {
    const char* rule;
    void (*software)(Script&);
  };
  const auto bank_sync = [](Script& s) { s.write("SMMU_CB1_TLBSYNC", 0), s.read("SMMU_CB1_TLBSTATUS", 0); };
  static const auto synced = bank_sync;
  const Case cases[] = {
      {"tlbi.missing", [](Script&) {}},
      {nullptr, [](Script& s) { s.write("SMMU_CB1_TLBIVA", ASID | VA), synced(s); }},
      {nullptr, [](Script& s) { s.write("SMMU_CB1_TLBIVAL", ASID | VA), synced(s); }},
      {nullptr, [](Script& s) { s.write("SMMU_CB1_TLBIVAA", VA), synced(s); }},
      {nullptr, [](Script& s) { s.write("SMMU_CB1_TLBIASID", 2), synced(s); }},
      {nullptr, [](Script& s) { s.write("SMMU_CB1_TLBIALL", 0), synced(s); }},
      {nullptr, [](Script& s) { s.write("SMMU_TLBIVMID", 1), sync(s); }},
      {nullptr, [](Script& s) { s.write("SMMU_TLBIVMIDS1", 1), sync(s); }},
      {nullptr, [](Script& s) { s.write("SMMU_TLBIALLNSNH", 0), sync(s); }},
      {nullptr,
       [](Script& s) { s.write("SMMU_CB1_TLBIVA", ASID | VA), sync(s); }},  // TLBGSYNC is for banks, too
      {"sync.missing",
       [](Script& s) {
         s.write("SMMU_CB1_TLBIVA", ASID | VA), s.write("SMMU_CB2_TLBSYNC", 0),
             s.read("SMMU_CB2_TLBSTATUS", 0);
       }},
      {"sync.missing", [](Script& s) { s.write("SMMU_TLBIVMID", 1), synced(s); }},
      {"sync.not-awaited",
       [](Script& s) { s.write("SMMU_CB1_TLBIVA", ASID | VA), s.write("SMMU_CB1_TLBSYNC", 0); }},
      {"sync.not-awaited",
       [](Script& s) {
         s.write("SMMU_CB1_TLBIVA", ASID | VA), s.write("SMMU_CB1_TLBSYNC", 0),
             s.read("SMMU_CB1_TLBSTATUS", 1);
       }},
      {"tlbi.asid", [](Script& s) { s.write("SMMU_CB1_TLBIVA", 3ULL << 48 | VA), synced(s); }},
      {"tlbi.missing", [](Script& s) { s.write("SMMU_TLBIVMID", 2), sync(s); }},
      {"tlbi.missing", [](Script& s) { s.write("SMMU_TLBIALLH", 0), sync(s); }},
      {"tlbi.range", [](Script& s) { s.write("SMMU_CB1_TLBIVA", ASID | (VA + 1)), synced(s); }},
      {"tlbi.vmid",
       [](Script& s) {
         s.write("SMMU_CBAR1", stage1 | 9), s.write("SMMU_CB1_TLBIVA", ASID | VA), synced(s);
       }},
      {"tlbi.stage", [](Script& s) { s.write("SMMU_CB1_TLBIIPAS2", VA), synced(s); }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(&c - cases);
    Script s(two_groups);
    s.write("SMMU_CBAR1", stage1 | 1);
    s.write("SMMU_CBA2R1", VA64);
    s.use(page);
    s.store(Script::level3, page, 0);
    c.software(s);
    s.store(Script::level3, 0, other);
    EXPECT_EQ(s.told(), c.rule == nullptr ? Told{} : Told{c.rule});
  }
}

}  // namespace
}  // namespace smmuvp::checker
