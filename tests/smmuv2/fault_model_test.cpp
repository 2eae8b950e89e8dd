// What a bank with a fault does to others: each path of the context fault model (IHI 0062 3.7.3), RESUME
// (16.5.28), and what stalls everything or nothing (3.7.5).
#include <memory>
#include <vector>

#include "secure_world.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using smmu::AccessKind;
using smmu::Outcome;
using smmu::Step;
using namespace fsr_bit;

/// A bank with a page at 0x1000, which its TLB knows; 0x5000, 0x6000 and 0x7000 are not mapped.
class FaultModel : public testing::Test {
 protected:
  void SetUp() override {
    b = &w.stream64(9, 3);
    ASSERT_TRUE(b->map(0x1000, 0x8000'0000, 0x1000));
    ASSERT_TRUE(b->map(0x2000, 0x9000'0000, 0x1000));
    w.start();
    EXPECT_EQ(w.output_of(9, 0x1000), 0x8000'0000U);
  }
  void configure(bool CFCFG, bool HUPCF, bool CFRE = true) {
    w.change_cb(3, SCTLR, SCTLR_CFCFG | SCTLR_HUPCF | SCTLR_CFRE,
                (CFCFG ? SCTLR_CFCFG : 0) | (HUPCF ? SCTLR_HUPCF : 0) | (CFRE ? SCTLR_CFRE : 0));
  }
  /// An access that has run as far as it gets.
  Access& begin(std::uint64_t address) { return begin(World::request(9, address)); }
  Access& begin(const smmu::AccessRequest& r) {
    accesses.push_back(std::make_unique<Access>(w.smmu, r));
    w.run(*accesses.back());
    return *accesses.back();
  }
  /// The fault that is there already, terminated or stalled.
  Access* old_fault(bool stalled) {
    if (!stalled) {
      w.write_cb(3, FSRRESTORE, TF);
      return nullptr;
    }
    const std::uint32_t before = static_cast<std::uint32_t>(w.read_cb(3, SCTLR));
    w.change_cb(3, SCTLR, 0, SCTLR_CFCFG);
    Access& a = begin(0x5000);
    EXPECT_EQ(a.step(), Step::stalled);
    EXPECT_EQ(w.FSR_of(3), TF | SS);
    w.write_cb(3, SCTLR, before);
    return &a;
  }
  void expect_end(Access& a, Outcome outcome) {
    EXPECT_TRUE(w.run(a));
    EXPECT_EQ(a.answer().outcome, outcome);
  }
  FormatsWorld w;
  pgtable::Builder* b = nullptr;
  std::vector<std::unique_ptr<Access>> accesses;
};

// ---- CheckForFaultsInBank, and the fault of what passes: every combination

// With a fault that has terminated, SS 0: CFCFG does not matter.
TEST_F(FaultModel, ATerminatedFaultWithHupcf0KillsHitsAndFaultsAlikeAndStaysAsItIs) {
  for (const bool CFCFG : {false, true}) {
    for (const bool CFRE : {false, true}) {
      for (const std::uint64_t address : {0x1000, 0x6000}) {
        SCOPED_TRACE(::testing::Message() << CFCFG << CFRE << address);
        configure(CFCFG, false, CFRE);
        old_fault(false);
        EXPECT_EQ(w.access(9, address).outcome, CFRE ? Outcome::abort : Outcome::razwi);
        EXPECT_EQ(w.FSR_of(3), TF) << "MULTI is not set";
        w.write_cb(3, FSR, ~0U);
        EXPECT_EQ(w.access(9, 0x1000).outcome, Outcome::forward) << "the fault is over";
      }
    }
  }
}

TEST_F(FaultModel, ATerminatedFaultWithHupcf1LetsOthersTranslateAndTheirFaultsAreMulti) {
  for (const bool CFCFG : {false, true}) {
    for (const bool CFRE : {false, true}) {
      SCOPED_TRACE(::testing::Message() << CFCFG << CFRE);
      configure(CFCFG, true, CFRE);
      w.access(9, 0x1000);
      w.write_cb(3, FAR, 0x1234, 8);
      old_fault(false);
      EXPECT_EQ(w.access(9, 0x1000).outcome, Outcome::forward);
      EXPECT_EQ(w.FSR_of(3), TF);
      EXPECT_EQ(w.access(9, 0x6000).outcome, CFRE ? Outcome::abort : Outcome::razwi);
      EXPECT_EQ(w.FSR_of(3), TF | MULTI) << "it does not stall, whatever CFCFG says";
      EXPECT_EQ(w.read_cb(3, FAR, 8), 0x1234U);
      w.clear(3);
    }
  }
}

// With a stalled one, SS 1: others wait, also when CFCFG has been changed to Terminate since.
TEST_F(FaultModel, AStalledFaultWithHupcf0MakesOthersWaitForResume) {
  for (const bool CFCFG : {true, false}) {
    for (const bool terminate : {true, false}) {
      SCOPED_TRACE(::testing::Message() << CFCFG << terminate);
      configure(CFCFG, false);
      Access* stalled = old_fault(true);
      Access& hit = begin(0x1000);
      Access& miss = begin(0x2000);
      EXPECT_EQ(hit.step(), Step::stalled) << "also what would hit";
      EXPECT_EQ(miss.step(), Step::stalled);
      EXPECT_EQ(w.FSR_of(3), TF | SS);
      ASSERT_TRUE(b->map(0x5000, 0xa000'0000, 0x1000));
      w.write_cb(3, FSR, ~0U);
      EXPECT_EQ(w.FSR_of(3), SS) << "RESUME alone clears it";
      EXPECT_EQ(hit.step(), Step::stalled);
      w.write_cb(3, RESUME, terminate ? 1 : 0);
      EXPECT_EQ(w.FSR_of(3), 0U);
      expect_end(*stalled, terminate ? Outcome::abort : Outcome::forward);
      expect_end(hit, Outcome::forward);
      expect_end(miss, Outcome::forward);
      EXPECT_EQ(w.FSR_of(3), 0U) << "nothing is recorded of what RESUME terminates";
      ASSERT_TRUE(b->unmap(0x5000, 0x1000));
      w.write_cb(3, TLBIALL, 0);
    }
  }
}

TEST_F(FaultModel, AStalledFaultWithHupcf1LetsOthersTranslateAndTheirFaultsWaitUnrecorded) {
  for (const bool CFCFG : {true, false}) {
    SCOPED_TRACE(CFCFG);
    configure(CFCFG, true);
    Access* stalled = old_fault(true);
    EXPECT_EQ(w.access(9, 0x1000).outcome, Outcome::forward);
    EXPECT_EQ(w.access(9, 0x2000).outcome, Outcome::forward);
    Access& second = begin(0x6000);
    EXPECT_EQ(second.step(), Step::stalled) << "the model of the first fault is obeyed";
    EXPECT_EQ(w.FSR_of(3), TF | SS) << "no MULTI";
    EXPECT_EQ(w.read_cb(3, FAR, 8), 0x5000U);
    w.write_cb(3, FSR, ~0U);
    w.write_cb(3, RESUME, 1);
    expect_end(*stalled, Outcome::abort);
    // It is tried again, by the CFCFG of now.
    EXPECT_EQ(w.run(second), !CFCFG);
    EXPECT_EQ(w.FSR_of(3), TF | (CFCFG ? SS : 0));
    EXPECT_EQ(w.read_cb(3, FAR, 8), 0x6000U);
    w.write_cb(3, FSR, ~0U);
    w.write_cb(3, RESUME, 1);
    expect_end(second, Outcome::abort);
  }
}

// ---- without a fault before

TEST_F(FaultModel, WithCfcfg0AFaultTerminates) {
  configure(false, false);
  EXPECT_EQ(w.access(9, 0x5000).outcome, Outcome::abort);
  EXPECT_EQ(w.FSR_of(3), TF);
}

TEST_F(FaultModel, WithCfcfg1AFaultStallsAndIsRecordedOnce) {
  configure(true, false);
  Access& a = begin(0x5000);
  EXPECT_EQ(a.step(), Step::stalled);
  EXPECT_EQ(a.step(), Step::stalled);
  w.expect_fault(3, TF | SS | Format_64, 0x5000, 3, 9);
}

// ---- what happens while a translation is under way

// "Does NOT resample FSR, HUPCF or CFCFG as the translation was okay"
TEST_F(FaultModel, ATranslationThatSucceedsIsNotCheckedAgainstAFaultOfMeanwhile) {
  configure(false, false);
  w.write_cb(3, TLBIALL, 0);
  Access a(w.smmu, World::request(9, 0x2000));
  ASSERT_EQ(a.step(), Step::need);
  w.access(9, 0x5000);
  EXPECT_EQ(w.FSR_of(3), TF);
  expect_end(a, Outcome::forward);
  EXPECT_EQ(w.access(9, 0x2000).outcome, Outcome::abort) << "no TBU has kept it";
}

// "We have a fault and must resample FSR, CFCFG and HUPCF"
TEST_F(FaultModel, ATranslationThatFailsBehindAFaultOfMeanwhileIsTreatedByHupcf) {
  for (const bool HUPCF : {false, true}) {
    configure(false, HUPCF);
    w.write_cb(3, TLBIALL, 0);
    Access a(w.smmu, World::request(9, 0x6000));
    ASSERT_EQ(a.step(), Step::need);
    w.access(9, 0x5000);
    expect_end(a, Outcome::abort);
    EXPECT_EQ(w.FSR_of(3), TF | (HUPCF ? MULTI : 0));
    w.clear(3);
  }
}

TEST_F(FaultModel, ATranslationThatFailsBehindAStallOfMeanwhileWaits) {
  configure(true, false);
  w.write_cb(3, TLBIALL, 0);
  Access a(w.smmu, World::request(9, 0x6000));
  ASSERT_EQ(a.step(), Step::need);
  begin(0x5000);
  EXPECT_FALSE(w.run(a));
  EXPECT_EQ(w.FSR_of(3), TF | SS);
  EXPECT_EQ(w.read_cb(3, FAR, 8), 0x5000U);
}

// ---- RESUME (16.5.28)

// "Failure to follow this sequence might result in a new fault and MULTI becoming set to 1"
TEST_F(FaultModel, ARetryWithTheFaultStillSetIsKilledWithHupcf0AndIsMultiWithHupcf1) {
  for (const bool HUPCF : {false, true}) {
    configure(true, HUPCF);
    Access& a = begin(0x5000);
    w.write_cb(3, RESUME, 0);
    EXPECT_EQ(w.FSR_of(3), TF);
    expect_end(a, Outcome::abort);
    EXPECT_EQ(w.FSR_of(3), TF | (HUPCF ? MULTI : 0));
    w.clear(3);
  }
}

TEST_F(FaultModel, ARetryThatFaultsAgainIsRecordedAgain) {
  configure(true, false);
  Access& a = begin(0x5000);
  for (int i = 0; i < 3; ++i) {
    w.write_cb(3, FSR, ~0U);
    w.write_cb(3, RESUME, 0);
    EXPECT_FALSE(w.run(a));
    EXPECT_EQ(w.FSR_of(3), TF | SS);
  }
}

// "guaranteed to be affected by changes to TCR"
TEST_F(FaultModel, ARetrySeesTheRegistersAsTheyAreNow) {
  configure(true, false);
  w.change_cb(3, TCR, 0, 1U << 7);
  Access& a = begin(0x2000);
  EXPECT_EQ(a.step(), Step::stalled);
  w.change_cb(3, TCR, 1U << 7, 0);
  w.write_cb(3, FSR, ~0U);
  w.write_cb(3, RESUME, 0);
  expect_end(a, Outcome::forward);
  EXPECT_EQ(a.answer().output, 0x9000'0000U);
}

TEST_F(FaultModel, ResumeIsIgnoredWhereNothingIsStalled) {
  configure(true, false);
  w.write_cb(3, RESUME, 1);
  w.write_cb(3, FSRRESTORE, TF);
  w.write_cb(3, RESUME, 0);
  EXPECT_EQ(w.FSR_of(3), TF);
  w.clear(3);
  Access& a = begin(0x5000);
  w.write_cb(4, RESUME, 1);
  EXPECT_EQ(a.step(), Step::stalled) << "of another bank";
  EXPECT_EQ(w.read_cb(3, RESUME), 0U);
}

// 16.5.9, 16.5.10: "this bit is not affected by any FSRRESTORE operation"
TEST_F(FaultModel, SsOutlastsARestore) {
  configure(true, false);
  Access& a = begin(0x5000);
  w.write_cb(3, FSRRESTORE, AFF);
  EXPECT_EQ(w.FSR_of(3), AFF | SS);
  w.write_cb(3, FSR, AFF);
  w.write_cb(3, RESUME, 1);
  expect_end(a, Outcome::abort);
}

// The CFRE of when it ends
TEST_F(FaultModel, ATerminatedStallIsReportedByCfre) {
  for (const bool CFRE : {false, true}) {
    configure(true, false, CFRE);
    Access& a = begin(0x5000);
    w.write_cb(3, FSR, ~0U);
    w.write_cb(3, RESUME, 1);
    expect_end(a, CFRE ? Outcome::abort : Outcome::razwi);
  }
}

// 16.5.28: "a resumed transaction retains its original SSD security state"
TEST(Retry, KeepsItsSecurityState) {
  Features f = SecureWorld::features();
  f.SSDTP = 1;
  f.NUMSSDNDXB = 4;
  SecureWorld w(f);
  w.write(4 * 0x1000, 0xfffd, 4, true);  // index 1 is Secure
  auto& b = w.builder(World::config64());
  w.bank64(30, b.config(), 1, 0, SCTLR_CFCFG);
  w.map_secure(60, 0x41, S2CR_translate | 30);
  w.start_both();
  Access a(w.smmu, World::request(0x41, 0x1000));
  EXPECT_FALSE(w.run(a));
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
  w.write(4 * 0x1000, 0xffff, 4, true);
  w.write_cb(30, FSR, ~0U);
  w.write_cb(30, RESUME, 0);
  EXPECT_TRUE(w.run(a));
  EXPECT_EQ(a.answer().output, 0x8000'0000U);
  EXPECT_EQ(w.access(0x41, 0x1000).outcome, Outcome::abort) << "another is Non-secure now";
}

// ---- the bank of stage 2

class FaultModelOfBothStages : public FaultModel {
 protected:
  void SetUp() override {
    b = &w.nested64(6, 5, s2);
    ASSERT_TRUE(b->map(0x1000, 0x40'0000, 0x1000));
    ASSERT_TRUE(b->map(0x2000, 0x50'0000, 0x1000));
    ASSERT_TRUE(s2->map(0x40'0000, 0x9000'0000, 0x1000));
    w.map_stream(0, 9, S2CR_translate | 6);
    w.start();
  }
  pgtable::Builder* s2 = nullptr;
};

// "even if a transaction would abort in the stage 1 bank without using stage 2"
TEST_F(FaultModelOfBothStages, AnOldFaultOfStage2KillsWhatStage1WouldRefuse) {
  EXPECT_EQ(w.output_of(9, 0x1000), 0x9000'0000U);
  w.write_cb(5, FSRRESTORE, TF);
  EXPECT_EQ(w.access(9, 0x1000).outcome, Outcome::abort) << "also what would hit";
  EXPECT_EQ(w.access(9, 0x5000).outcome, Outcome::abort);
  w.change_cb(5, SCTLR, SCTLR_CFRE, 0);
  EXPECT_EQ(w.access(9, 0x5000).outcome, Outcome::razwi) << "the CFRE of stage 2 counts";
  EXPECT_EQ(w.FSR_of(5), TF);
  w.expect_no_fault(6);
}

TEST_F(FaultModelOfBothStages, AnOldFaultOfStage1KillsFirst) {
  w.write_cb(5, FSRRESTORE, TF);
  w.write_cb(6, FSRRESTORE, TF);
  w.change_cb(5, SCTLR, SCTLR_CFRE, 0);
  EXPECT_EQ(w.access(9, 0x1000).outcome, Outcome::abort);
}

TEST_F(FaultModelOfBothStages, AStallOfStage2HoldsAndIsRetriedFromStage1) {
  w.change_cb(5, SCTLR, 0, SCTLR_CFCFG);
  Access& stalled = begin(0x2004);
  EXPECT_EQ(stalled.step(), Step::stalled);
  w.expect_fault(5, TF | SS | Format_64, 0x2004, 3U | fsynr_bit::NESTED | fsynr_bit::NSATTR | 6U << 16, 9,
                 0x50'0004);
  Access& other = begin(0x5000);  // a fault of stage 1
  EXPECT_EQ(other.step(), Step::stalled);
  w.expect_no_fault(6);
  // Stage 1 maps it elsewhere meanwhile.
  ASSERT_TRUE(b->unmap(0x2000, 0x1000));
  ASSERT_TRUE(b->map(0x2000, 0x40'0000, 0x1000));
  w.write_cb(6, TLBIALL, 0);
  w.write_cb(5, FSR, ~0U);
  w.write_cb(6, RESUME, 0);
  EXPECT_EQ(stalled.step(), Step::stalled) << "stage 2 is resumed in its own bank";
  w.write_cb(5, RESUME, 0);
  expect_end(stalled, Outcome::forward);
  EXPECT_EQ(stalled.answer().output, 0x9000'0004U);
  expect_end(other, Outcome::abort);
  w.expect_fault(6, TF | Format_64, 0x5000, 3, 9);
}

TEST_F(FaultModelOfBothStages, AnOldFaultOfStage2WithHupcf1IsMultiOfItsFaultsAlone) {
  w.change_cb(5, SCTLR, 0, SCTLR_HUPCF);
  w.write_cb(5, FSRRESTORE, TF);
  EXPECT_EQ(w.output_of(9, 0x1000), 0x9000'0000U);
  EXPECT_EQ(w.access(9, 0x5000).outcome, Outcome::abort);
  EXPECT_EQ(w.FSR_of(6), TF);
  EXPECT_EQ(w.FSR_of(5), TF);
  w.clear(6);
  EXPECT_EQ(w.access(9, 0x2000).outcome, Outcome::abort);
  EXPECT_EQ(w.FSR_of(5), TF | MULTI);
  w.expect_no_fault(6);
}

// 3.5.2: all that share the bank of stage 2
TEST_F(FaultModelOfBothStages, AFaultOfStage2IsOfAllStreamsThatUseIt) {
  auto& other = w.builder(World::config64());
  ASSERT_TRUE(other.map(0x1000, 0x40'0000, 0x1000));
  w.bank64(7, other.config(), 2, 7, 0, CBAR_nested | 5U << 8);
  w.map_stream(1, 10, S2CR_translate | 7);
  EXPECT_EQ(w.output_of(10, 0x1000), 0x9000'0000U);
  w.access(9, 0x2000);
  EXPECT_EQ(w.access(10, 0x1000).outcome, Outcome::abort);
  w.expect_no_fault(7);
  w.clear(5);
  EXPECT_EQ(w.output_of(10, 0x1000), 0x9000'0000U);
}

// ---- STALLD, GSE and implementations without stalls

TEST_F(FaultModel, WithStalldFaultsTerminateAndCfcfgIsRazWi) {
  configure(true, false);
  w.write(sCR0, static_cast<std::uint32_t>(w.read(sCR0)) | CR0_STALLD);
  EXPECT_EQ(w.access(9, 0x5000).outcome, Outcome::abort);
  EXPECT_EQ(w.FSR_of(3), TF);
  EXPECT_EQ(w.read_cb(3, SCTLR) & SCTLR_CFCFG, 0U) << "RAZ";
  w.change_cb(3, SCTLR, 0, SCTLR_CFCFG);
  EXPECT_EQ(w.read_cb(3, SCTLR) & SCTLR_CFCFG, 0U) << "WI";
}

// 3.7.5
TEST_F(FaultModel, WithStalldGseIsRazWi) {
  w.write(sCR0, CR0_GFRE | CR0_GSE | CR0_STALLD);
  EXPECT_EQ(w.read(sCR0) & (CR0_GSE | CR0_STALLD), CR0_STALLD);
  w.write(sCR0, CR0_GFRE | CR0_GSE);
  EXPECT_EQ(w.read(sCR0) & (CR0_GSE | CR0_STALLD), CR0_GSE);
}

// An SS of before STALLD waits for RESUME, as with CFCFG changed to Terminate.
TEST_F(FaultModel, StalldLeavesWhatIsStalledToResume) {
  configure(true, false);
  Access& a = begin(0x5000);
  w.write(sCR0, static_cast<std::uint32_t>(w.read(sCR0)) | CR0_STALLD);
  EXPECT_EQ(w.FSR_of(3), TF | SS);
  Access& other = begin(0x1000);
  EXPECT_EQ(other.step(), Step::stalled);
  w.write_cb(3, FSR, ~0U);
  w.write_cb(3, RESUME, 1);
  expect_end(a, Outcome::abort);
  expect_end(other, Outcome::forward);
}

TEST(WithoutStalls, CfcfgAndStalldAreRazWiAndResumeIsIgnored) {
  Features f;
  f.stalls = f.GSE = f.STALLD = false;
  FormatsWorld w(f);
  w.stream64(9, 3, 1, SCTLR_CFCFG);
  w.start(CR0_STALLD | CR0_GSE);
  EXPECT_EQ(w.read(sCR0) & (CR0_STALLD | CR0_GSE), 0U);
  EXPECT_EQ(w.read_cb(3, SCTLR) & SCTLR_CFCFG, 0U);
  EXPECT_EQ(w.access(9, 0x5000).outcome, Outcome::abort);
  EXPECT_EQ(w.FSR_of(3), TF);
  w.write_cb(3, RESUME, 0);
  EXPECT_EQ(w.FSR_of(3), TF);
}

// 3.7.3: SCR0.STALLD is of all banks, CR0.STALLD of Non-secure ones (of others IMPLEMENTATION DEFINED)
TEST(TwoSecurityStates, Scr0StalldIsOfAllBanksAndCr0StalldOfNonSecureOnes) {
  for (const bool secure : {false, true}) {
    SCOPED_TRACE(secure);
    SecureWorld w;
    auto& b = w.builder(World::config64());
    for (const unsigned bank : {3U, 30U}) w.bank64(bank, b.config(), 1, 0, SCTLR_CFCFG);
    w.map_stream(0, 9, S2CR_translate | 3);
    w.map_secure(60, 9, S2CR_translate | 30);
    w.start_both();
    w.write(sCR0, w.read(sCR0, 4, secure) | CR0_STALLD, 4, secure);
    Access non_secure(w.smmu, World::request(9, 0x5000));
    Access of_secure(w.smmu, SecureWorld::secure_request(9, 0x5000));
    EXPECT_TRUE(w.run(non_secure));
    EXPECT_EQ(w.run(of_secure), secure);
    EXPECT_EQ(w.FSR_of(3), TF);
    EXPECT_EQ(w.FSR_of(30), secure ? TF : TF | SS);
    EXPECT_EQ(w.read_cb(3, SCTLR) & SCTLR_CFCFG, 0U);
    EXPECT_EQ(w.read_cb(30, SCTLR) & SCTLR_CFCFG, secure ? 0U : SCTLR_CFCFG);
  }
}

class GlobalStall : public FaultModel {
 protected:
  void SetUp() override {
    FaultModel::SetUp();
    configure(true, true);
    other = &w.stream64(10, 4, 2);
    ASSERT_TRUE(other->map(0x1000, 0xa000'0000, 0x1000));
    w.start(CR0_GSE);
    EXPECT_EQ(w.output_of(10, 0x1000), 0xa000'0000U);
  }
  pgtable::Builder* other = nullptr;
};

TEST_F(GlobalStall, HoldsEveryStreamWhileAnyBankIsStalled) {
  Access& stalled = begin(0x5000);
  EXPECT_EQ(stalled.step(), Step::stalled);
  Access& hit = begin(World::request(10, 0x1000));
  Access& fault = begin(World::request(10, 0x5000));
  Access& same = begin(0x1000);
  for (Access* a : {&hit, &fault, &same}) EXPECT_EQ(a->step(), Step::stalled);
  w.expect_no_fault(4);
  w.write_cb(3, FSR, ~0U);
  EXPECT_EQ(hit.step(), Step::stalled);
  w.write_cb(3, RESUME, 1);
  expect_end(stalled, Outcome::abort);
  expect_end(hit, Outcome::forward);
  expect_end(same, Outcome::forward);
  expect_end(fault, Outcome::abort);
  EXPECT_EQ(w.FSR_of(4), TF);
}

TEST_F(GlobalStall, IsOverOnlyWhenNoBankIsStalled) {
  w.change_cb(4, SCTLR, 0, SCTLR_CFCFG | SCTLR_HUPCF);
  w.start();
  Access& first = begin(0x5000);
  Access& second = begin(World::request(10, 0x5000));
  w.start(CR0_GSE);
  Access& held = begin(0x1000);
  EXPECT_EQ(held.step(), Step::stalled);
  w.write_cb(3, FSR, ~0U);
  w.write_cb(3, RESUME, 1);
  expect_end(first, Outcome::abort);
  EXPECT_FALSE(w.run(held));
  w.write_cb(4, FSR, ~0U);
  w.write_cb(4, RESUME, 1);
  expect_end(second, Outcome::abort);
  expect_end(held, Outcome::forward);
}

// The pseudocode of 3.7.3: what waits, waits for RESUME of the bank.
TEST_F(GlobalStall, LetsWhatItHoldsWaitForResumeWithoutGseToo) {
  Access& stalled = begin(0x5000);
  Access& held = begin(World::request(10, 0x1000));
  EXPECT_EQ(held.step(), Step::stalled);
  w.start();
  EXPECT_EQ(held.step(), Step::stalled);
  EXPECT_EQ(w.output_of(10, 0x1000), 0xa000'0000U) << "another one";
  w.write_cb(3, FSR, ~0U);
  w.write_cb(3, RESUME, 1);
  expect_end(stalled, Outcome::abort);
  expect_end(held, Outcome::forward);
}

// 3.7.5: with STALLD, GSE is RAZ/WI.
TEST_F(GlobalStall, IsOffWithStalld) {
  begin(0x5000);
  w.start(CR0_GSE | CR0_STALLD);
  EXPECT_EQ(w.read(sCR0) & CR0_GSE, 0U);
  EXPECT_EQ(w.output_of(10, 0x1000), 0xa000'0000U);
}

TEST_F(GlobalStall, LetsOtherBanksGoOnWithoutGse) {
  w.start();
  begin(0x5000);
  EXPECT_EQ(w.output_of(10, 0x1000), 0xa000'0000U);
}

// ---- reset (16.2)

TEST_F(FaultModel, AResetEndsWhatIsStalledAndClearsSs) {
  configure(true, false);
  Access& a = begin(0x5000);
  Access& b2 = begin(0x1000);
  w.smmu.reset();
  expect_end(a, Outcome::abort);
  expect_end(b2, Outcome::abort);
  EXPECT_EQ(w.read_cb(3, FSR) & SS, 0U);
  EXPECT_FALSE(w.smmu.levels().context[3]);
  EXPECT_EQ(w.access(9, 0x1000).output, 0x1000U) << "CLIENTPD";
}

// A synchronisation does not wait for what waits for software.
TEST_F(FaultModel, ASynchronisationDoesNotWaitForStalledTransactions) {
  configure(true, false);
  begin(0x5000);
  w.write_cb(3, TLBIALL, 0);
  w.write_cb(3, TLBSYNC, 0);
  EXPECT_EQ(w.read_cb(3, TLBSTATUS), 0U);
}

}  // namespace
}  // namespace smmuvp::smmuv2
