// Translated transactions (IHI 0070 3.9.1.1, 3.9.1.3, 13.6, 13.7).
#include "ats_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::AccessKind;
using smmu::Outcome;

constexpr std::uint64_t pa = 0x8000'0000;
constexpr std::uint64_t ipa = 0x3000'0000;

class AtsTranslated : public ::testing::Test {
 protected:
  void stage1(unsigned EATS) {
    w.stream(1);
    w.put_ste(1, with_ats(ste_stage1(World::cd_address(1)), EATS));
  }
  pgtable::Builder& split(const pgtable::Config& c = stage2_config()) {
    pgtable::Builder& ipas = w.guest(c);
    w.nested_stream(1, ipas);
    Structure s = ste_nested(Stage2World::ipa_of(World::cd_address(1)), ipas.config().stage2);
    w.put_ste(1, with_ats(s, split_stage));
    return ipas;
  }
  smmu::AccessAnswer pass(std::uint64_t address = pa, AccessKind kind = AccessKind::read) {
    return w.access(AtsWorld::translated(1, address, kind));
  }
  void expect_abort(std::optional<std::uint64_t> event, std::uint64_t address = pa) {
    EXPECT_EQ(pass(address).outcome, Outcome::abort);
    const auto e = w.pop_event();
    ASSERT_EQ(e.has_value(), event.has_value());
    EXPECT_EQ(e ? (*e)[0] & 0xff : 0, event.value_or(0));
  }

  AtsWorld w;
};

TEST_F(AtsTranslated, OfAStreamThatMayPassesAtItsOwnAddress) {
  stage1(full_ats);
  const auto a = pass(pa | 0x123);
  EXPECT_EQ(a.outcome, Outcome::forward);
  EXPECT_EQ(a.output, pa | 0x123);
  EXPECT_FALSE(w.pop_event());
  EXPECT_EQ(w.smmu.statistics().ats_translated, 1U);
}

TEST_F(AtsTranslated, OfAStreamThatMayNotIsForbiddenAndRecorded) {
  for (const Structure& s :
       {with_ats(ste_stage1(World::cd_address(1)), 0), with_ats(ste_stage1(World::cd_address(1)), 3),
        with_ats(ste_bypass(), full_ats)}) {
    w.put_ste(1, s);
    w.command(0x03 | 1ULL << 32, 1);
    EXPECT_EQ(pass(pa | 0x123, AccessKind::write).outcome, Outcome::abort);
    EXPECT_EQ(w.event(), (Record{0x07 | 1ULL << 32, 0, pa | 0x123, 0}));
    pass(pa);
    EXPECT_EQ(w.event(), (Record{0x07 | 1ULL << 32, 1ULL << 35, pa, 0})) << "RnW";
  }
}

TEST_F(AtsTranslated, PassesWithoutALookupWithoutAtschk) {
  w.put_ste(1, Structure());
  w.write(0x20, AtsWorld::enabled & ~CR0_ATSCHK);
  EXPECT_EQ(w.read(0x24) & CR0_ATSCHK, 0U);
  const auto a = pass();
  EXPECT_EQ(a.outcome, Outcome::forward);
  EXPECT_EQ(a.output, pa);
  EXPECT_EQ(w.smmu.statistics().config_misses, 0U);
}

TEST_F(AtsTranslated, IsForbiddenWhileTheSmmuIsDisabledWhateverAtschkAndGbpaSay) {
  stage1(full_ats);
  for (const std::uint32_t CR0 : {CR0_EVENTQEN, CR0_EVENTQEN | CR0_ATSCHK}) {
    w.write(0x20, CR0);
    expect_abort(0x07);
  }
}

TEST_F(AtsTranslated, BeyondTheOasIsAbortedWithoutAnEvent) {
  stage1(full_ats);
  expect_abort({}, 1ULL << 44);
  w.write(0x20, AtsWorld::enabled & ~CR0_ATSCHK);
  expect_abort({}, 1ULL << 44);
}

TEST_F(AtsTranslated, OfAStreamThatAbortsIsAbortedWithoutAnEvent) {
  w.put_ste(1, with_ats(ste_abort(), full_ats));
  expect_abort({});
}

// 3.9.1.3: what would be F_UUT of an ordinary transaction.
TEST_F(AtsTranslated, ThatIsUnsupportedIsAbortedWithoutAnEvent) {
  stage1(full_ats);
  for (const smmu::Unsupported why : {smmu::Unsupported::malformed, smmu::Unsupported::identity}) {
    auto q = AtsWorld::translated(1, pa);
    q.unsupported = why;
    EXPECT_EQ(w.access(q).outcome, Outcome::abort);
    EXPECT_FALSE(w.pop_event());
    q.ats = AtsPhase::none;
    EXPECT_EQ(w.access(q).outcome, Outcome::abort);
    EXPECT_EQ(w.event()[0] & 0xff, 0x01U);
  }
}

TEST_F(AtsTranslated, ErrorsOfConfigurationAreRecordedWithRecCfgAtsAlone) {
  w.put_ste(1, Structure());
  expect_abort({});
  w.set_cr2(CR2_REC_CFG_ATS);
  expect_abort(0x04);
  EXPECT_EQ(w.access(AtsWorld::translated(0x100, pa)).outcome, Outcome::abort);
  EXPECT_EQ(w.event()[0], 0x02 | 0x100ULL << 32) << "whatever RECINVSID says";
  w.command(0x03 | 1ULL << 32, 1);
  w.memory.make_abort(World::strtab);
  expect_abort(0x03);
}

TEST_F(AtsTranslated, FetchesNoCd) {
  stage1(full_ats);
  w.memory.make_abort(World::cds);
  EXPECT_EQ(pass().outcome, Outcome::forward);
}

TEST_F(AtsTranslated, ItsPasidIsIgnoredWithoutPasidtt) {
  stage1(full_ats);
  auto q = AtsWorld::translated(1, pa);
  q.substream_valid = true;
  q.substream_id = 5;
  q.privileged = q.instruction = true;
  const auto a = w.access(q);
  EXPECT_EQ(a.outcome, Outcome::forward);
  EXPECT_FALSE(a.privileged);
  EXPECT_FALSE(a.instruction);
  w.set_eats(1, 0);
  w.access(q);
  EXPECT_EQ(w.event()[0], 0x07 | 1ULL << 32) << "no SSV";
}

TEST_F(AtsTranslated, WithPasidttItsPasidHasToBeOneOfTheStreams) {
  Features f = ats_features();
  f.PASIDTT = true;
  AtsWorld v(f);
  v.set_cr2(CR2_REC_CFG_ATS);
  v.put_ste(1, with_ats(ste_stage1(World::cds).set(59, 5, 2), full_ats));  // S1DSS: terminate
  auto q = AtsWorld::translated(1, pa);
  q.substream_valid = true;
  q.substream_id = 3;
  q.privileged = true;
  const auto a = v.access(q);
  EXPECT_EQ(a.outcome, Outcome::forward);
  EXPECT_TRUE(a.privileged);
  q.substream_id = 4;
  EXPECT_EQ(v.access(q).outcome, Outcome::abort);
  EXPECT_EQ(v.event()[0], 0x08 | 4U << 12 | 1ULL << 32);
  q.substream_valid = false;
  EXPECT_EQ(v.access(q).outcome, Outcome::abort);
  EXPECT_EQ(v.event()[0] & 0xff, 0x06U);
  v.set_eats(1, 0);
  v.access(q);
  EXPECT_EQ(v.event()[0] & 0xff, 0x07U) << "comes first";
}

TEST_F(AtsTranslated, ItsMemoryTypeIsThatWhichItCameWith) {
  Structure s = ste_stage1(World::cd_address(1)).set(96, 4, 5).set(100, 1, 1).set(108, 2, 3);  // MTCFG, SHCFG
  w.put_ste(1, with_ats(s, full_ats));
  const auto a = pass();
  EXPECT_EQ(a.attributes, smmu::default_attributes);
}

TEST_F(AtsTranslated, InstcfgAndPrivcfgApply) {
  Structure s = ste_stage1(World::cd_address(1)).set(112, 2, 3).set(114, 2, 3);
  w.put_ste(1, with_ats(s, full_ats));
  const auto a = pass();
  EXPECT_TRUE(a.privileged);
  EXPECT_TRUE(a.instruction);
}

TEST_F(AtsTranslated, OfSplitStagesIsTranslatedByStage2) {
  ASSERT_TRUE(split().map(ipa, pa, 0x1000));
  const auto a = pass(ipa | 0x123);
  EXPECT_EQ(a.outcome, Outcome::forward);
  EXPECT_EQ(a.output, pa | 0x123);
}

TEST_F(AtsTranslated, OfSplitStagesFaultsAsStage2Does) {
  split();
  EXPECT_EQ(pass(ipa).outcome, Outcome::abort);
  Expected e;
  e.StreamID = 1;
  e.InputAddr = e.IPA = ipa;
  EXPECT_EQ(w.event(), e.record());
  EXPECT_EQ(pass(1ULL << 44).outcome, Outcome::abort);
  e = {};
  e.type = 0x11;
  e.StreamID = 1;
  e.S2 = false;
  e.InputAddr = 1ULL << 44;
  EXPECT_EQ(w.event(), e.record()) << "of stage 1";
}

TEST_F(AtsTranslated, OfSplitStagesIsCheckedWithInstcfgAndPrivcfg) {
  pgtable::Mapping m;
  m.readable = m.writable = false;
  m.privileged_execute = true;
  pgtable::Builder& ipas = split();
  ASSERT_TRUE(ipas.map(ipa, pa, 0x1000, m));
  expect_abort(0x13, ipa);
  Structure s = ste_nested(Stage2World::ipa_of(World::cd_address(1)), ipas.config().stage2);
  w.put_ste(1, with_ats(s.set(112, 2, 3).set(114, 2, 3), split_stage));
  w.command(0x03 | 1ULL << 32, 1);
  EXPECT_EQ(pass(ipa).outcome, Outcome::forward);
}

TEST_F(AtsTranslated, OfSplitStagesMarksPagesOfStage2) {
  pgtable::Config c = stage2_config();
  c.stage2.HA = c.stage2.HD = true;
  pgtable::Builder& ipas = split(c);
  ASSERT_TRUE(ipas.map(ipa, pa, 0x1000));
  const std::uint64_t at = w.descriptor(ipas, ipa);
  w.change(at, 1ULL << 51, 1ULL << 7 | 1ULL << 10);  // DBM, clean, no AF
  EXPECT_EQ(pass(ipa, AccessKind::write).outcome, Outcome::forward);
  EXPECT_EQ(w.memory.read(at, 8) & (1ULL << 7 | 1ULL << 10), 1ULL << 7 | 1ULL << 10);
}

TEST_F(AtsTranslated, OfSplitStagesIsForbiddenWhereAtschkIsNotSetAnyMore) {
  ASSERT_TRUE(split().map(ipa, pa, 0x1000));
  w.write(0x20, AtsWorld::enabled & ~CR0_ATSCHK);
  EXPECT_EQ(pass(ipa).output, ipa) << "as software was told not to do (3.9.2)";
}

TEST_F(AtsTranslated, IsAbortedWithoutIdr0AtsAndRecordedAsUnsupported) {
  Stage2World v{Features()};
  v.stream(1);
  EXPECT_EQ(v.access(AtsWorld::translated(1, pa)).outcome, Outcome::abort);
  EXPECT_EQ(v.event()[0] & 0xff, 0x01U);
}

TEST(AtsSte, EatsIsCheckedAsTheSpecificationSays) {
  Features f = ats_features();
  f.STALL_MODEL = 0;
  f.STALL_MAX = 1;
  const auto legal = [&f](unsigned Config, unsigned EATS, bool S2S) {
    Structure s = ste_stage1(World::cds).set(1, 3, Config);
    add_stage2(s, stage2_config().stage2, 7);
    return Ste::decode(with_ats(s.set(185, 1, S2S), EATS).words, f).valid;
  };
  for (const bool S2S : {false, true}) {
    for (unsigned EATS = 0; EATS < 4; ++EATS) {
      SCOPED_TRACE(::testing::Message() << "EATS " << EATS << ", S2S " << S2S);
      EXPECT_TRUE(legal(4, EATS, S2S)) << "IGNORED";
      EXPECT_EQ(legal(5, EATS, S2S), EATS != 2);
      EXPECT_EQ(legal(6, EATS, S2S), EATS != 2 && !(EATS == 1 && S2S));
      EXPECT_EQ(legal(7, EATS, S2S), !S2S || (EATS != 1 && EATS != 2));
    }
  }
  f.NS1ATS = true;
  EXPECT_FALSE(legal(7, 2, false));
  EXPECT_TRUE(legal(7, 1, false));
  f = Features();
  EXPECT_TRUE(legal(5, 2, false)) << "IGNORED without ATS";
}

TEST(AtsRegisters, AtschkAndRecCfgAtsAreThereWithTheirFeaturesAlone) {
  for (const bool ATS : {false, true}) {
    for (const bool ATSRECERR : {false, true}) {
      if (ATSRECERR && !ATS) continue;
      Features f;
      f.ATS = ATS;
      f.ATSRECERR = ATSRECERR;
      World w(f);
      w.write(0x2c, ~0U);
      EXPECT_EQ(w.read(0x2c), CR2_RECINVSID | (ATSRECERR ? CR2_REC_CFG_ATS : 0U));
      w.write(0x20, ~0U);
      EXPECT_EQ(w.read(0x24), CR0_implemented | (ATS ? CR0_ATSCHK : 0U));
      w.write(0x20, 0);
      EXPECT_EQ(w.read(0x24), 0U);
      EXPECT_EQ(w.read(0x0) >> 10 & 1, ATS ? 1U : 0U);
      EXPECT_EQ(w.read(0x0) >> 23 & 1, ATSRECERR ? 1U : 0U);
    }
  }
}

TEST(AtsRegisters, WhatDoesNotGoTogetherIsRefused) {
  const auto problem = [](void (*change)(Features&)) {
    Features f;
    change(f);
    return f.problem() != nullptr;
  };
  EXPECT_TRUE(problem([](Features& f) { f.ATSRECERR = true; }));
  EXPECT_TRUE(problem([](Features& f) { f.NS1ATS = true; }));
  EXPECT_TRUE(problem([](Features& f) { f.PASIDTT = true; }));
  EXPECT_TRUE(problem([](Features& f) { f.ATS = f.PASIDTT = true; }));
  EXPECT_FALSE(problem([](Features& f) { f.ATS = f.ATSRECERR = f.NS1ATS = true; }));
}

}  // namespace
}  // namespace smmuvp::smmuv3
