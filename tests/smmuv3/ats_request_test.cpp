// Answers to Translation Requests (IHI 0070 3.9.1.2, 3.13.7, 13.6, 13.7).
#include <string>

#include "ats_world.h"
#include "smmuvp/smmuv3/explain_access.h"
#include "smmuvp/test/core.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Outcome;

constexpr std::uint64_t va = 0x40'0000;
constexpr std::uint64_t ipa = 0x3000'0000;
constexpr std::uint64_t pa = 0x8000'0000;

pgtable::Mapping read_only() {
  pgtable::Mapping m;
  m.writable = false;
  return m;
}
pgtable::Mapping privileged_only() {
  pgtable::Mapping m;
  m.unprivileged = false;
  return m;
}

class AtsRequest : public ::testing::Test {
 protected:
  /// Stream 1, by stage 1.
  pgtable::Builder& stage1(unsigned EATS = full_ats) {
    pgtable::Builder& b = w.stream(1);
    w.put_ste(1, with_ats(ste_stage1(World::cd_address(1)), EATS));
    return b;
  }
  /// Stream 1, by both stages, with va at ipa.
  pgtable::Builder& nested(unsigned EATS) {
    pgtable::Builder& ipas = w.guest();
    pgtable::Builder& b = w.nested_stream(1, ipas);
    Structure s = ste_nested(Stage2World::ipa_of(World::cd_address(1)), ipas.config().stage2);
    w.put_ste(1, with_ats(s, EATS));
    EXPECT_TRUE(b.map(va, ipa, 0x1000));
    return ipas;
  }
  void expect_refused(AtsStatus status, std::uint64_t address = va) {
    const AtsAnswer a = w.ask(1, address);
    EXPECT_EQ(a.status, status);
    EXPECT_FALSE(a.any());
  }
  void expect_bad_treq() {
    const auto e = w.pop_event();
    ASSERT_TRUE(e);
    EXPECT_EQ(*e, (Record{0x05 | 1ULL << 32, 0, va, 0}));
  }
  void expect_no_event() { EXPECT_FALSE(w.pop_event()); }

  AtsWorld w;
};

TEST_F(AtsRequest, IsAnsweredWithTheTranslationAndItsSizeAndRights) {
  pgtable::Builder& b = stage1();
  ASSERT_TRUE(b.map(va, pa, 0x20'0000));
  const AtsAnswer a = w.ask(1, va + 0x1'2345);
  EXPECT_EQ(a.status, AtsStatus::success);
  EXPECT_TRUE(a.read);
  EXPECT_TRUE(a.write);
  EXPECT_FALSE(a.execute);
  EXPECT_FALSE(a.privileged);
  EXPECT_EQ(a.translated_address, pa);
  EXPECT_EQ(a.size_shift, 21);
  EXPECT_EQ(w.smmu.statistics().ats_requests, 1U);
  expect_no_event();
}

TEST_F(AtsRequest, IsRefusedWithUrAndRecordedWhereAtsIsDisabled) {
  ASSERT_TRUE(stage1(0).map(va, pa, 0x1000));
  expect_refused(AtsStatus::unsupported_request);
  expect_bad_treq();
  w.set_eats(1, 3);  // Reserved without DPT
  expect_refused(AtsStatus::unsupported_request);
  expect_bad_treq();
  w.set_eats(1, full_ats);
  EXPECT_EQ(w.ask(1, va).status, AtsStatus::success);
  w.write(0x20, AtsWorld::enabled & ~CR0_SMMUEN);
  expect_refused(AtsStatus::unsupported_request);
  expect_bad_treq();
}

TEST_F(AtsRequest, OfAStreamThatBypassesIsRefusedWhateverEatsSays) {
  w.put_ste(1, with_ats(ste_bypass(), full_ats));
  expect_refused(AtsStatus::unsupported_request);
  expect_bad_treq();
}

TEST_F(AtsRequest, OfAStreamThatAbortsIsRefusedWithUrAndNoEvent) {
  w.put_ste(1, with_ats(ste_abort(), full_ats));
  expect_refused(AtsStatus::unsupported_request);
  expect_no_event();
}

TEST_F(AtsRequest, IsRecordedWithItsPasidWhereItIsRefused) {
  w.put_ste(1, ste_bypass());
  auto q = AtsWorld::translation_request(1, va | 0x123);
  q.substream_valid = true;
  q.substream_id = 0x55;
  EXPECT_EQ(w.ask(q).status, AtsStatus::unsupported_request);
  EXPECT_EQ(w.event(), (Record{0x05 | 1U << 11 | 0x55U << 12 | 1ULL << 32, 0, va, 0}));
}

TEST_F(AtsRequest, OfAnIllegalConfigurationIsACompleterAbortRecordedWithRecCfgAtsAlone) {
  w.put_ste(1, Structure());  // V is 0
  expect_refused(AtsStatus::completer_abort);
  expect_no_event();
  w.set_cr2(CR2_RECINVSID | CR2_REC_CFG_ATS);
  expect_refused(AtsStatus::completer_abort);
  EXPECT_EQ(w.event()[0], 0x04 | 1ULL << 32);
}

TEST_F(AtsRequest, OfAStreamIdOutOfRangeIsRecordedWithRecinvsidAndRecCfgAts) {
  const auto q = AtsWorld::translation_request(0x100, va);
  for (const std::uint32_t CR2 : {0U, CR2_RECINVSID, CR2_REC_CFG_ATS, CR2_RECINVSID | CR2_REC_CFG_ATS}) {
    w.set_cr2(CR2);
    EXPECT_EQ(w.ask(q).status, AtsStatus::completer_abort);
    EXPECT_EQ(w.pop_event().has_value(), CR2 == (CR2_RECINVSID | CR2_REC_CFG_ATS)) << CR2;
  }
}

TEST_F(AtsRequest, WhoseTableCannotBeReadIsACompleterAbort) {
  pgtable::Builder& b = stage1();
  ASSERT_TRUE(b.map(va, pa, 0x1000));
  w.set_cr2(CR2_REC_CFG_ATS);
  w.memory.make_abort(*b.descriptor_address(va, 3));
  expect_refused(AtsStatus::completer_abort);
  EXPECT_EQ(w.event()[0] & 0xff, 0x0bU);
}

TEST_F(AtsRequest, ThatMeetsAFaultOfTranslationIsASuccessWithoutRightsAndNoEvent) {
  pgtable::Builder& b = stage1();
  ASSERT_TRUE(b.map(va, pa, 0x1000));
  for (const std::uint64_t address : {va + 0x1000, std::uint64_t{1} << 45}) {
    const AtsAnswer a = w.ask(1, address);
    EXPECT_EQ(a.status, AtsStatus::success);
    EXPECT_FALSE(a.any());
    EXPECT_EQ(a.size_shift, 12) << "of the STU";
    EXPECT_EQ(a.translated_address, 0U);
  }
  expect_no_event();
}

TEST_F(AtsRequest, DoesNotStallWhereAccessesDo) {
  Features f = ats_features();
  f.STALL_MODEL = 0;
  f.STALL_MAX = 4;
  AtsWorld v(f);
  pgtable::Builder& b = v.space();
  Structure cd = cd_for(b.config(), 1);
  v.put(World::cd_address(1), cd.set(44, 1, 1));
  v.put_ste(1, with_ats(ste_stage1(World::cd_address(1)), full_ats));
  const AtsAnswer a = v.ask(1, va);
  EXPECT_EQ(a.status, AtsStatus::success);
  EXPECT_FALSE(a.any());
  EXPECT_EQ(v.smmu.statistics().stalls, 0U);
}

TEST_F(AtsRequest, IsGrantedNoWriteToAPageThatIsReadOnly) {
  ASSERT_TRUE(stage1().map(va, pa, 0x1000, read_only()));
  const AtsAnswer a = w.ask(1, va);
  EXPECT_TRUE(a.read);
  EXPECT_FALSE(a.write);
}

TEST_F(AtsRequest, OfAStageThatIsSkippedIsAnsweredWithItsOwnAddress) {
  Structure s = ste_stage1(World::cds).set(59, 5, 2).set(64, 2, 1);  // S1DSS: bypass
  w.put_ste(1, with_ats(s, full_ats));
  const AtsAnswer a = w.ask(1, va, true);
  EXPECT_EQ(a.status, AtsStatus::success);
  EXPECT_TRUE(a.read && a.write && !a.execute);
  EXPECT_EQ(a.translated_address, 0U);
  EXPECT_EQ(a.size_shift, 44) << "the OAS";
  const AtsAnswer beyond = w.ask(1, std::uint64_t{1} << 44);
  EXPECT_EQ(beyond.status, AtsStatus::success);
  EXPECT_FALSE(beyond.any());
}

TEST_F(AtsRequest, WithoutAPasidWhereThoseAreTerminatedIsACompleterAbort) {
  Structure s = ste_stage1(World::cds).set(59, 5, 2);  // S1DSS: terminate
  w.put_ste(1, with_ats(s, full_ats));
  w.set_cr2(CR2_REC_CFG_ATS);
  expect_refused(AtsStatus::completer_abort);
  EXPECT_EQ(w.event()[0] & 0xff, 0x06U);
}

TEST_F(AtsRequest, OfBothStagesIsAnsweredWithThePhysicalAddressAndTheSmallerSize) {
  ASSERT_TRUE(nested(full_ats).map(ipa, pa, 0x20'0000));
  const AtsAnswer a = w.ask(1, va + 0x123);
  EXPECT_EQ(a.status, AtsStatus::success);
  EXPECT_EQ(a.translated_address, pa);
  EXPECT_EQ(a.size_shift, 12);
}

TEST_F(AtsRequest, OfSplitStagesIsAnsweredWithTheIpaAndTheRightsOfBoth) {
  ASSERT_TRUE(nested(split_stage).map(ipa, pa, 0x1000, read_only()));
  const AtsAnswer a = w.ask(1, va + 0x123);
  EXPECT_EQ(a.status, AtsStatus::success);
  EXPECT_EQ(a.translated_address, ipa);
  EXPECT_EQ(a.size_shift, 12);
  EXPECT_TRUE(a.read);
  EXPECT_FALSE(a.write) << "of stage 2";
}

TEST_F(AtsRequest, OfSplitStagesIsRefusedWithoutAtschk) {
  ASSERT_TRUE(nested(split_stage).map(ipa, pa, 0x1000));
  w.write(0x20, AtsWorld::enabled & ~CR0_ATSCHK);
  expect_refused(AtsStatus::unsupported_request);
  expect_bad_treq();
}

TEST_F(AtsRequest, OfSplitStagesThatSkipsStage1IsAnsweredWithItsIpaAndTheRightsOfStage2) {
  pgtable::Builder& ipas = w.guest();
  ASSERT_TRUE(ipas.map(ipa, pa, 0x1000, read_only()));
  Structure s = ste_nested(World::cds, ipas.config().stage2).set(59, 5, 2).set(64, 2, 1);
  w.put_ste(1, with_ats(s, split_stage));
  const AtsAnswer a = w.ask(1, ipa + 0x10);
  EXPECT_EQ(a.translated_address, ipa);
  EXPECT_EQ(a.size_shift, 12);
  EXPECT_TRUE(a.read && !a.write);
  w.set_eats(1, full_ats);
  EXPECT_EQ(w.ask(1, ipa).translated_address, pa);
}

TEST_F(AtsRequest, DoesNotLookBehindAStage1ThatGrantsNothing) {
  pgtable::Builder& ipas = nested(full_ats);
  ASSERT_TRUE(ipas.map(ipa, pa, 0x1000));
  pgtable::Builder& b = w.builders.back();
  ASSERT_TRUE(b.map(va + 0x1000, ipa, 0x1000, privileged_only()));
  w.memory.make_abort(w.descriptor(ipas, ipa));
  const AtsAnswer a = w.ask(1, va + 0x1000);
  EXPECT_EQ(a.status, AtsStatus::success) << "and no F_WALK_EABT of stage 2";
  EXPECT_FALSE(a.any());
}

TEST_F(AtsRequest, OfAFaultOfStage2OnACdIsASuccessWithoutRights) {
  pgtable::Builder& ipas = w.ipa_space();
  w.put_ste(1,
            with_ats(ste_nested(Stage2World::ipa_of(World::cd_address(1)), ipas.config().stage2), full_ats));
  w.set_cr2(CR2_REC_CFG_ATS);
  const AtsAnswer a = w.ask(1, va);
  EXPECT_EQ(a.status, AtsStatus::success);
  EXPECT_FALSE(a.any());
  expect_no_event();
}

// ---- flags (3.13.7)

class AtsFlags : public AtsRequest {
 protected:
  static constexpr std::uint64_t AF = 1ULL << 10;
  static constexpr std::uint64_t read_only_bit = 1ULL << 7;
  static constexpr std::uint64_t DBM = 1ULL << 51;
  static constexpr std::uint64_t S2AP_read = 1ULL << 6, S2AP_write = 1ULL << 7;

  /// A page without its Access flag, and clean.
  std::uint64_t page(bool HA, bool HD) {
    pgtable::Config c = w.space().config();
    c.stage1.HA = HA;
    c.stage1.HD = HD;
    pgtable::Builder& b = w.builders.back();
    EXPECT_TRUE(b.map(va, pa, 0x1000));
    w.put(World::cd_address(1), cd_for(c, 1));
    w.put_ste(1, with_ats(ste_stage1(World::cd_address(1)), full_ats));
    const std::uint64_t at = *b.descriptor_address(va, 3);
    w.change(at, DBM | read_only_bit, AF);
    return at;
  }
  /// Stream 1 by both stages, of which hardware updates all flags; stage 2 holds the page for clean.
  struct SplitPage {
    pgtable::Builder& ipas;
    std::uint64_t at_stage1 = 0, at_stage2 = 0;  ///< its descriptors
  };
  SplitPage split_page() {
    pgtable::Config c2 = stage2_config();
    c2.stage2.HA = c2.stage2.HD = true;
    SplitPage page{w.guest(c2)};
    pgtable::Builder& b = w.nested_stream(1, page.ipas);
    pgtable::Config c1 = b.config();
    c1.stage1.HA = c1.stage1.HD = true;
    w.put(World::cd_address(1), cd_for(c1, 1));
    const std::uint64_t cd = Stage2World::ipa_of(World::cd_address(1));
    w.put_ste(1, with_ats(ste_nested(cd, page.ipas.config().stage2), split_stage));
    EXPECT_TRUE(page.ipas.map(ipa, pa, 0x1000));
    EXPECT_TRUE(b.map(va, ipa, 0x1000));
    page.at_stage1 = w.descriptor(b, va) - Stage2World::offset;
    page.at_stage2 = w.descriptor(page.ipas, ipa);
    w.change(page.at_stage2, DBM, S2AP_write);
    return page;
  }
  bool has(std::uint64_t at, std::uint64_t bits) { return (w.memory.read(at, 8) & bits) == bits; }
};

TEST_F(AtsFlags, ARequestForWritingMarksAPageAccessedAndDirtyAndIsGrantedWriting) {
  const std::uint64_t at = page(true, true);
  const AtsAnswer a = w.ask(1, va);
  EXPECT_TRUE(a.read && a.write);
  EXPECT_TRUE(has(at, AF));
  EXPECT_FALSE(has(at, read_only_bit));
}

TEST_F(AtsFlags, ARequestThatDoesNotWriteMarksAPageAccessedAloneAndIsNotGrantedWriting) {
  const std::uint64_t at = page(true, true);
  const AtsAnswer a = w.ask(1, va, true);
  EXPECT_TRUE(a.read && !a.write);
  EXPECT_TRUE(has(at, AF | read_only_bit));
  EXPECT_TRUE(w.ask(1, va).write) << "what the TLB holds does not stand in for marking it";
  EXPECT_FALSE(has(at, read_only_bit));
  EXPECT_TRUE(w.ask(1, va, true).write) << "of a page that is dirty already";
}

TEST_F(AtsFlags, WithUpdatesOfTheAccessFlagAloneACleanPageIsNotWritable) {
  const std::uint64_t at = page(true, false);
  const AtsAnswer a = w.ask(1, va);
  EXPECT_TRUE(a.read && !a.write);
  EXPECT_TRUE(has(at, AF | read_only_bit));
}

TEST_F(AtsFlags, WithoutUpdatesAPageWithoutItsAccessFlagIsDenied) {
  const std::uint64_t at = page(false, false);
  const AtsAnswer a = w.ask(1, va);
  EXPECT_EQ(a.status, AtsStatus::success);
  EXPECT_FALSE(a.any());
  EXPECT_FALSE(has(at, AF));
}

TEST_F(AtsFlags, APageThatStage1DoesNotLetWriteIsDirtyAtNoStage) {
  pgtable::Config c = stage2_config();
  c.stage2.HA = c.stage2.HD = true;
  pgtable::Builder& ipas = w.guest(c);
  ASSERT_TRUE(ipas.map(ipa, pa, 0x1000));
  pgtable::Builder& b = w.nested_stream(1, ipas);
  w.put_ste(1,
            with_ats(ste_nested(Stage2World::ipa_of(World::cd_address(1)), ipas.config().stage2), full_ats));
  ASSERT_TRUE(b.map(va, ipa, 0x1000, read_only()));
  const std::uint64_t at = w.descriptor(ipas, ipa);
  w.change(at, DBM, 1ULL << 7);  // S2AP[1]: clean
  const AtsAnswer a = w.ask(1, va);
  EXPECT_TRUE(a.read && !a.write);
  EXPECT_FALSE(has(at, 1ULL << 7));
}

// 3.13.7.1: whether a request marks stage 2 dirty, or the transaction that follows, is not told by its
// rights.
TEST_F(AtsFlags, OfSplitStagesAPageThatIsCleanAtStage2AloneIsWritableToARequestThatDoesNotWrite) {
  const SplitPage page = split_page();
  const AtsAnswer a = w.ask(1, va, true);
  EXPECT_TRUE(a.read && a.write);
  EXPECT_EQ(a.translated_address, ipa);
  EXPECT_FALSE(has(page.at_stage2, S2AP_write));
  EXPECT_TRUE(w.ask(1, va, true).write) << "by the TLB as well";
  w.set_eats(1, full_ats);
  EXPECT_FALSE(w.ask(1, va, true).write);
}

TEST_F(AtsFlags, OfSplitStagesAPageThatIsCleanAtStage1IsNotWritableToARequestThatDoesNotWrite) {
  const SplitPage page = split_page();
  w.change(page.at_stage1, DBM | read_only_bit, AF);
  for (unsigned n = 0; n < 2; ++n) {
    const AtsAnswer a = w.ask(1, va, true);
    EXPECT_TRUE(a.read && !a.write);
    EXPECT_TRUE(has(page.at_stage1, AF | read_only_bit));
  }
}

TEST_F(AtsFlags, OfSplitStagesAPageThatCanOnlyBeWrittenIsAccessedWithARequestThatDoesNotWrite) {
  const SplitPage page = split_page();
  w.change(page.at_stage2, 0, S2AP_read);
  w.change(page.at_stage1, 0, AF);
  const AtsAnswer a = w.ask(1, va, true);
  EXPECT_TRUE(!a.read && a.write);
  EXPECT_EQ(a.translated_address, ipa);
  EXPECT_TRUE(has(page.at_stage1, AF));
  EXPECT_FALSE(has(page.at_stage2, S2AP_write));
}

TEST_F(AtsFlags, OfSplitStagesAPageThatStage1AloneLetsReadAndStage2AloneWriteIsGrantedToNobody) {
  const SplitPage page = split_page();
  w.change(page.at_stage2, 0, S2AP_read);
  w.change(page.at_stage1, DBM | read_only_bit, 0);
  EXPECT_FALSE(w.ask(1, va, true).any());
  EXPECT_TRUE(has(page.at_stage1, read_only_bit));
}

TEST_F(AtsFlags, OfSplitStagesThatSkipStage1ACleanPageIsWritableToARequestThatDoesNotWrite) {
  const SplitPage page = split_page();
  const Structure s =
      ste_nested(World::cds, page.ipas.config().stage2).set(59, 5, 2).set(64, 2, 1);  // S1DSS: bypass
  w.put_ste(1, with_ats(Structure(s), split_stage));
  const AtsAnswer a = w.ask(1, ipa, true);
  EXPECT_TRUE(a.read && a.write);
  EXPECT_FALSE(has(page.at_stage2, S2AP_write));
}

// ---- rights (13.7)

/// Requests with a PASID, of stream 1 whose CD 1 is that of the space.
class AtsRights : public AtsRequest {
 protected:
  static constexpr unsigned incoming = 0;
  enum Override : unsigned { unprivileged = 2, privileged = 3, data = 2, instruction = 3 };

  void map(const pgtable::Mapping& m, unsigned PRIVCFG = incoming, unsigned INSTCFG = incoming) {
    pgtable::Builder& b = w.space();
    EXPECT_TRUE(b.map(va, pa, 0x1000, m));
    w.put(World::cds + 64, cd_for(b.config(), 1));
    Structure s = ste_stage1(World::cds).set(59, 5, 2).set(64, 2, 0);
    w.put_ste(1, with_ats(s.set(112, 2, PRIVCFG).set(114, 2, INSTCFG), full_ats));
    w.command(0x03 | 1ULL << 32, 1);
    w.command(0x30);
  }
  std::string ask(bool as_privileged, bool execute, bool no_write = false) {
    auto q = AtsWorld::translation_request(1, va, no_write);
    q.substream_valid = true;
    q.substream_id = 1;
    q.privileged = as_privileged;
    q.instruction = execute;
    const AtsAnswer a = w.ask(q);
    EXPECT_EQ(a.status, AtsStatus::success);
    return std::string(a.read ? "R" : "-") + (a.write ? "W" : "-") + (a.execute ? "X" : "-") +
           (a.privileged ? "P" : "-");
  }
};

TEST_F(AtsRights, AreThoseOfTheRequestsPrivilege) {
  map(privileged_only());
  EXPECT_EQ(ask(false, false), "----");
  EXPECT_EQ(ask(true, false), "RW-P");
}

TEST_F(AtsRights, OfExecutionAreGivenWhereTheyAreAskedForAlone) {
  pgtable::Mapping m;
  m.unprivileged_execute = true;
  map(m);
  EXPECT_EQ(ask(false, false), "RW--");
  EXPECT_EQ(ask(false, true), "RWX-");
  map({});
  EXPECT_EQ(ask(false, true), "RW--");
}

TEST_F(AtsRights, OfAPageThatIsExecuteOnlyAreNone) {
  pgtable::Mapping m = privileged_only();
  m.unprivileged_execute = true;
  map(m);
  EXPECT_EQ(ask(false, true), "----");
}

TEST_F(AtsRights, OfAPageThatIsExecuteOnlyAreThoseOfAFetchWhereInstcfgMakesAllFetches) {
  pgtable::Mapping m = privileged_only();
  m.unprivileged_execute = true;
  map(m, incoming, instruction);
  EXPECT_EQ(ask(false, true), "R-X-");
  EXPECT_EQ(ask(false, false), "R---");
}

TEST_F(AtsRights, OfAPageThatCannotBeFetchedAreToWriteWhereInstcfgMakesAllFetches) {
  map({}, incoming, instruction);
  EXPECT_EQ(ask(false, true), "-W--");
}

TEST_F(AtsRights, OfExecutionAreThoseToReadWhereInstcfgMakesAllData) {
  map({}, incoming, data);
  EXPECT_EQ(ask(false, true), "RWX-");
}

TEST_F(AtsRights, AreOfThePrivilegeThatPrivcfgGivesAndToldAsOfTheRequests) {
  map(privileged_only(), privileged);
  EXPECT_EQ(ask(false, false), "RW--");
  map(privileged_only(), unprivileged);
  EXPECT_EQ(ask(true, false), "---P");
}

TEST_F(AtsRights, WithoutAPasidAreOfUnprivilegedData) {
  pgtable::Builder& b = stage1();
  pgtable::Mapping m;
  m.unprivileged_execute = true;
  ASSERT_TRUE(b.map(va, pa, 0x1000, m));
  auto q = AtsWorld::translation_request(1, va);
  q.privileged = q.instruction = true;
  const AtsAnswer a = w.ask(q);
  EXPECT_TRUE(a.read && a.write && !a.execute && !a.privileged);
}

// ---- and the rest

TEST_F(AtsRequest, IsF_UUTWithoutIdr0Ats) {
  Features f;
  Stage2World v(f);
  v.stream(1);
  EXPECT_EQ(v.access(AtsWorld::translation_request(1, va)).outcome, Outcome::abort);
  EXPECT_EQ(v.event()[0] & 0xff, 0x01U);
}

TEST_F(AtsRequest, IsUnderWayUntilItIsAnsweredAndKeepsASyncWaiting) {
  ASSERT_TRUE(stage1().map(va, pa, 0x1000));
  Access object(w.smmu, AtsWorld::translation_request(1, va));
  ASSERT_EQ(object.step(), smmu::Step::need);
  w.command(0x46);
  EXPECT_FALSE(w.commands_done());
  w.finish(object);
  EXPECT_EQ(object.answer().ats.status, AtsStatus::success);
  w.work();
  EXPECT_FALSE(w.commands_done()) << "it is not answered before the object is gone";
}

TEST_F(AtsRequest, GoesOnFromASavedStateAtEachMoment) {
  ASSERT_TRUE(nested(split_stage).map(ipa, pa, 0x1000));
  struct Saved {  // an SMMU and its access
    Smmu& smmu;
    Access& access;
    void visit(Archive& archive) {
      smmu.visit(archive);
      access.visit(archive);
    }
  };

  unsigned moments = 1;
  for (unsigned moment = 0; moment < moments; ++moment) {
    SCOPED_TRACE(moment);
    w.command(0x04, 31);  // CMD_CFGI_ALL
    w.command(0x30);
    Access object(w.smmu, AtsWorld::translation_request(1, va));
    for (unsigned n = 0; object.step() == smmu::Step::need && n < moment; ++n) {
      object.complete(w.memory.carry_out(object.op()));
    }
    AtsWorld v;
    Access loaded(v.smmu);
    Saved here{w.smmu, object};
    Saved there{v.smmu, loaded};
    ASSERT_EQ(test::load(there, test::save(here)), "");
    while (loaded.step() == smmu::Step::need) {
      loaded.complete(w.memory.carry_out(loaded.op()));
      if (moment == 0) ++moments;
    }
    const AtsAnswer a = loaded.answer().ats;
    EXPECT_EQ(a.status, AtsStatus::success);
    EXPECT_EQ(a.translated_address, ipa);
    EXPECT_TRUE(a.read && a.write);
    w.finish(object);
    EXPECT_EQ(object.answer().ats.translated_address, ipa);
  }
  EXPECT_GT(moments, 10U);
}

TEST_F(AtsRequest, AndATranslatedTransactionAreExplained) {
  ASSERT_TRUE(nested(split_stage).map(ipa, pa, 0x1000));
  const auto memory = [this](const smmu::MemoryOp& op) { return w.memory.carry_out(op); };
  const std::string asks = to_text(explain(w.smmu, AtsWorld::translation_request(1, va), memory));
  EXPECT_NE(asks.find("Translation Request"), std::string::npos) << asks;
  EXPECT_NE(asks.find("is answered with 0x30000000, 2^12 bytes, RW-"), std::string::npos) << asks;
  EXPECT_NE(asks.find("ATSCHK 1"), std::string::npos) << asks;
  const std::string sends = to_text(explain(w.smmu, AtsWorld::translated(1, ipa), memory));
  EXPECT_NE(sends.find("Translated read"), std::string::npos) << sends;
  EXPECT_NE(sends.find("goes on to 0x80000000"), std::string::npos) << sends;
  EXPECT_EQ(w.smmu.statistics().ats_requests, 0U);
  w.set_eats(1, 0);
  const std::string refused = to_text(explain(w.smmu, AtsWorld::translation_request(1, va), memory));
  EXPECT_NE(refused.find("is answered UR"), std::string::npos) << refused;
  EXPECT_NE(refused.find("F_BAD_ATS_TREQ"), std::string::npos) << refused;
  EXPECT_FALSE(w.pop_event());
}

TEST_F(AtsRequest, ThatAResetMeetsIsAborted) {
  ASSERT_TRUE(stage1().map(va, pa, 0x1000));
  Access object(w.smmu, AtsWorld::translation_request(1, va));
  ASSERT_EQ(object.step(), smmu::Step::need);
  w.smmu.reset();
  w.finish(object);
  EXPECT_EQ(object.answer().outcome, Outcome::abort);
}

}  // namespace
}  // namespace smmuvp::smmuv3
