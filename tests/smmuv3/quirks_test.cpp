// What the SMMU does with each quirk, and without it. docs/quirks.md tells of the silicon.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "params.h"
#include "pmcg_world.h"
#include "smmuvp/base/archive.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Outcome;

Features with(Features f, Quirk quirk, bool on = true) {
  if (on) f.quirks.add(quirk);
  return f;
}

Features with(Quirk quirk, bool on = true) { return with(Features{}, quirk, on); }

Params params_with(const std::string& quirks) {
  Params p(smmuv3_params(), "smmuv3");
  p.set("quirks", quirks);
  return p;
}

std::string refusal(const Params& params) {
  try {
    settings_of(params);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "";
}

// ---- the parameter

TEST(Quirks, AreOffUnlessTheyAreAskedFor) {
  EXPECT_FALSE(settings_of(params_with("")).features.quirks.any());
  EXPECT_FALSE(settings_of(Params(smmuv3_params())).features.quirks.any());
}

TEST(Quirks, AreNamedInAListWithCommas) {
  const Quirks quirks = settings_of(params_with("cavium_74,  arm_1076982,")).features.quirks;
  EXPECT_TRUE(quirks.has(Quirk::cavium_74));
  EXPECT_TRUE(quirks.has(Quirk::arm_1076982));
  EXPECT_FALSE(quirks.has(Quirk::cavium_126));
}

TEST(Quirks, AnUnknownNameIsRefusedWithThoseThatThereAre) {
  const std::string text = refusal(params_with("cavium_75"));
  EXPECT_NE(text.find("'cavium_75'"), std::string::npos) << text;
  EXPECT_NE(text.find("did you mean 'cavium_74'"), std::string::npos) << text;
  for (const QuirkInfo& info : quirk_infos()) EXPECT_NE(text.find(info.name), std::string::npos) << text;
}

TEST(Quirks, OneOfWhatTheSmmuDoesNotHaveIsRefused) {
  EXPECT_EQ(refusal(params_with("hisilicon_msi_64bit")), "quirks has hisilicon_msi_64bit, which needs MSI");
  EXPECT_EQ(refusal(params_with("hisilicon_162001800")), "quirks has hisilicon_162001800, which needs pmcg");
  Params p = params_with("arm_1076982");
  p.set("SEV", false);
  EXPECT_EQ(refusal(p), "quirks has arm_1076982, which needs SEV");
}

TEST(Quirks, EachHasASectionInTheirPage) {
  std::ifstream page(SMMUVP_QUIRKS_PAGE);
  const std::string text((std::istreambuf_iterator<char>(page)), {});
  for (const QuirkInfo& info : quirk_infos()) {
    EXPECT_NE(text.find("| `" + std::string(info.name) + "` |"), std::string::npos) << info.name;
  }
}

TEST(Quirks, ChangeNoIdRegister) {
  Features all;
  all.MSI = true;
  all.pmcg.counters = 4;
  const IdRegisters before = id_registers(all);
  for (std::size_t i = 0; i < quirk_infos().size(); ++i) all.quirks.add(static_cast<Quirk>(i));
  ASSERT_EQ(all.problem(), nullptr);
  const IdRegisters after = id_registers(all);
  EXPECT_EQ(before.IDR0, after.IDR0);
  EXPECT_EQ(before.IDR1, after.IDR1);
  EXPECT_EQ(before.IIDR, after.IIDR);
}

// ---- arm_1076982

TEST(QuirkArm1076982, AFullCommandQueueThatHasRoomAgainWakesNobody) {
  for (const bool quirk : {false, true}) {
    World w(with(Quirk::arm_1076982, quirk));
    w.start();
    for (unsigned i = 0; i < 1U << World::log2_cmds; ++i) w.push(0x30);
    w.work();
    EXPECT_TRUE(w.commands_done());
    EXPECT_EQ(w.irqs.event, quirk ? 0 : 1);
    w.command(0x46 | 2 << 12);  // CMD_SYNC with SIG_SEV is not affected
    EXPECT_EQ(w.irqs.event, quirk ? 1 : 2);
  }
}

// ---- cavium_74

TEST(QuirkCavium74, RegistersOfPage1AreInPage0Alone) {
  World w(with(Quirk::cavium_74));
  w.write(0x28, 0xd75);
  w.write(0x2c, CR2_RECINVSID);
  w.write(0x80, World::strtab, 8);
  w.write(0x88, 8);
  w.write(0xa0, World::eventq | World::log2_events, 8);
  w.write(0x20, CR0_SMMUEN | CR0_EVENTQEN);
  EXPECT_EQ(w.access(300, 0x1000).outcome, Outcome::abort);
  EXPECT_EQ(w.read(0xa8), 1U) << "EVENTQ_PROD";
  EXPECT_EQ(w.read(0x100a8), 0U) << "where a driver without the workaround looks";
  w.write(0x100ac, 1);
  EXPECT_EQ(w.read(0xac), 0U);
  w.write(0xac, 1);
  EXPECT_EQ(w.read(0xac), 1U) << "EVENTQ_CONS";

  World other;
  other.start();
  EXPECT_EQ(other.access(300, 0x1000).outcome, Outcome::abort);
  EXPECT_EQ(other.read(0xa8), 0U);
  EXPECT_EQ(other.read(0x100a8), 1U);
}

// ---- hisilicon_161010701

TEST(QuirkHisilicon161010701, PrefetchCommandsAreIllegal) {
  for (const std::uint64_t opcode : {0x01, 0x02}) {
    for (const bool quirk : {false, true}) {
      World w(with(Quirk::hisilicon_161010701, quirk));
      w.start();
      w.command(opcode | std::uint64_t{7} << 32);
      EXPECT_EQ(w.read(0x60), quirk ? std::uint32_t{GERROR_CMDQ_ERR} : 0U);
      EXPECT_EQ(w.read(0x9c) >> 24, quirk ? 1U : 0U) << "CERROR_ILL";
      if (!quirk) continue;
      // A driver turns it into a CMD_SYNC, and goes on.
      w.memory.write(World::cmdq, 0x46);
      w.write(0x64, GERROR_CMDQ_ERR);
      w.work();
      EXPECT_TRUE(w.commands_done());
    }
  }
}

// ---- hisilicon_162001800, hisilicon_162001900

TEST(QuirkHisilicon162001800, EventCountersIgnoreWritesAndGoOnCounting) {
  for (const bool quirk : {false, true}) {
    PmcgWorld w(with(PmcgWorld::with_groups(), Quirk::hisilicon_162001800, quirk));
    w.stream_with_page(5);
    w.start();
    w.set_counter(PmcgWorld::tbu0, 0, 0x80000000);
    EXPECT_EQ(w.counter(PmcgWorld::tbu0, 0), quirk ? 0U : 0x80000000U);
    w.count(PmcgWorld::tbu0, 0, PmcgEvent::transaction);
    w.access_by(0, 5, PmcgWorld::va);
    EXPECT_EQ(w.counter(PmcgWorld::tbu0, 0), quirk ? 1U : 0x80000001U);
  }
}

TEST(QuirkHisilicon162001900, CountersOfADisabledGroupGoOn) {
  for (const bool quirk : {false, true}) {
    PmcgWorld w(with(PmcgWorld::with_groups(), Quirk::hisilicon_162001900, quirk));
    w.stream_with_page(5);
    w.start();
    w.access_by(0, 5, PmcgWorld::va);
    EXPECT_EQ(w.counter(PmcgWorld::tbu0, 0), 0U) << "it has not been enabled yet";
    w.count(PmcgWorld::tbu0, 0, PmcgEvent::transaction);
    w.set_pmcg(PmcgWorld::tbu0, 0xe04, 0);
    w.access_by(0, 5, PmcgWorld::va);
    EXPECT_EQ(w.pmcg(PmcgWorld::tbu0, 0xe04), 0U) << "CR.E";
    EXPECT_EQ(w.counter(PmcgWorld::tbu0, 0), quirk ? 1U : 0U);
    // What drivers do about it: an event that does not exist.
    w.set_pmcg(PmcgWorld::tbu0, 0x400, 0xffff | PmcgWorld::span);
    w.access_by(0, 5, PmcgWorld::va);
    EXPECT_EQ(w.counter(PmcgWorld::tbu0, 0), quirk ? 1U : 0U);
    EXPECT_TRUE(w.diag.all.empty());
  }
}

TEST(QuirkHisilicon162001900, WhetherAGroupEverCountedIsSaved) {
  const Features f = with(PmcgWorld::with_groups(), Quirk::hisilicon_162001900);
  PmcgWorld w(f);
  w.start();
  w.count(PmcgWorld::tbu0, 0, PmcgEvent::transaction);
  w.set_pmcg(PmcgWorld::tbu0, 0xe04, 0);
  ArchiveWriter writer;
  w.smmu.visit(writer);
  PmcgWorld v(f);
  ArchiveReader reader(writer.data());
  v.smmu.visit(reader);
  ASSERT_TRUE(reader.complete());
  v.access_by(0, 5, PmcgWorld::va);
  EXPECT_EQ(v.counter(PmcgWorld::tbu0, 0), 1U);
  v.smmu.reset();
  v.set_pmcg(PmcgWorld::tbu0, 0xc00, 1, 8);
  v.set_pmcg(PmcgWorld::tbu0, 0x400, 1 | PmcgWorld::span);
  v.set_pmcg(PmcgWorld::tbu0, 0xa00, PmcgWorld::all_streams);
  v.access_by(0, 5, PmcgWorld::va);
  EXPECT_EQ(v.counter(PmcgWorld::tbu0, 0), 0U) << "after a reset it has not counted yet";
}

// ---- hisilicon_msi_64bit

TEST(QuirkHisiliconMsi64Bit, AnMsiWritesZerosBehindItsData) {
  constexpr std::uint64_t there = 0x7000'0040;
  for (const bool quirk : {false, true}) {
    Features f;
    f.MSI = true;
    World w(with(f, Quirk::hisilicon_msi_64bit, quirk));
    w.start();
    w.memory.write(there, ~std::uint64_t{0});
    w.command(std::uint64_t{0xcafe'0017} << 32 | 0xf << 24 | 3 << 22 | 1 << 12 | 0x46, there);
    EXPECT_EQ(w.memory.read(there, 8), quirk ? 0xcafe'0017U : 0xffff'ffff'cafe'0017U);
    EXPECT_EQ(w.smmu.statistics().msis, 1U);
  }
}

TEST(QuirkHisiliconMsi64Bit, ASyncThatTellsByItsOwnEntryLeavesThatZero) {
  Features f;
  f.MSI = true;
  World w(with(f, Quirk::hisilicon_msi_64bit));
  w.start();
  w.command(std::uint64_t{0} << 32 | 0xf << 24 | 3 << 22 | 1 << 12 | 0x46, World::cmdq);
  EXPECT_EQ(w.memory.read(World::cmdq, 8), 0U);
}

// ---- nvidia_invalidation_race

/// A page that is unmapped while traffic uses it.
class QuirkNvidiaInvalidationRace : public ::testing::TestWithParam<bool> {
 protected:
  static constexpr std::uint64_t page = 0x1000;
  static constexpr std::uint64_t tlbi_va = 0x12 | std::uint64_t{1} << 48;  // CMD_TLBI_NH_VA of ASID 1
  QuirkNvidiaInvalidationRace() : w(with(Quirk::nvidia_invalidation_race, GetParam())) {
    w.now = 1000;
    tables = &w.stream(7);
    EXPECT_TRUE(tables->map(page, 0x8000'0000, 0x1000));
    w.start();
    sync();
  }
  void sync() {
    w.command(0x46);
    EXPECT_TRUE(w.commands_done());
  }
  smmu::AccessAnswer traffic() {
    w.now += 1000;
    smmu::AccessRequest r = World::request(7, page);
    r.time = w.now;
    const smmu::FlightToken token = w.smmu.engine().in_flight().enter(w.now);
    const smmu::AccessAnswer answer = w.access(r);
    w.smmu.engine().in_flight().leave(token, w.now);
    return answer;
  }
  void unmap() { EXPECT_TRUE(tables->unmap(page, 0x1000)); }
  bool quirk() const { return GetParam(); }

  World w;
  pgtable::Builder* tables = nullptr;
};

TEST_P(QuirkNvidiaInvalidationRace, AnEntryThatTrafficUsesSurvivesATlbiThatIsSentOnce) {
  EXPECT_EQ(traffic().outcome, Outcome::forward);
  unmap();
  w.command(tlbi_va, page | 1);
  sync();
  EXPECT_EQ(traffic().outcome, quirk() ? Outcome::forward : Outcome::abort);
}

TEST_P(QuirkNvidiaInvalidationRace, TheSecondOfTwoWithASyncBetweenTakesTheEntry) {
  EXPECT_EQ(traffic().outcome, Outcome::forward);
  unmap();
  w.command(tlbi_va, page | 1);
  sync();
  traffic();  // it goes on
  w.command(tlbi_va, page | 1);
  sync();
  EXPECT_EQ(traffic().outcome, Outcome::abort);
}

TEST_P(QuirkNvidiaInvalidationRace, ACommandThatComesAgainMuchLaterIsNoRepetition) {
  for (const unsigned syncs : {8U, 9U}) {
    EXPECT_EQ(traffic().outcome, Outcome::forward);
    unmap();
    w.command(tlbi_va, page | 1);
    for (unsigned i = 0; i < syncs; ++i) sync();
    if (quirk()) traffic();
    w.command(tlbi_va, page | 1);
    EXPECT_EQ(traffic().outcome, quirk() && syncs > 8 ? Outcome::forward : Outcome::abort);
    sync();
    w.command(0x30);  // CMD_TLBI_NSNH_ALL, without traffic
    sync();
    EXPECT_TRUE(tables->map(page, 0x8000'0000, 0x1000));
  }
}

TEST_P(QuirkNvidiaInvalidationRace, TwoWithoutASyncBetweenAreAsOne) {
  EXPECT_EQ(traffic().outcome, Outcome::forward);
  unmap();
  w.command(tlbi_va, page | 1);
  w.command(tlbi_va, page | 1);
  sync();
  EXPECT_EQ(traffic().outcome, quirk() ? Outcome::forward : Outcome::abort);
}

TEST_P(QuirkNvidiaInvalidationRace, WithoutTrafficNothingIsLost) {
  EXPECT_EQ(traffic().outcome, Outcome::forward);
  sync();
  unmap();
  w.command(tlbi_va, page | 1);
  EXPECT_EQ(traffic().outcome, Outcome::abort);
}

TEST_P(QuirkNvidiaInvalidationRace, ConfigurationCachesAreAffectedLikewise) {
  EXPECT_EQ(traffic().outcome, Outcome::forward);
  w.put_ste(7, ste_abort());
  w.command(0x03 | std::uint64_t{7} << 32, 1);  // CMD_CFGI_STE
  sync();
  EXPECT_EQ(traffic().outcome, quirk() ? Outcome::forward : Outcome::abort);
  w.command(0x03 | std::uint64_t{7} << 32, 1);
  EXPECT_EQ(traffic().outcome, Outcome::abort);
}

TEST_P(QuirkNvidiaInvalidationRace, WhatWasLostIsSavedAndForgottenByAReset) {
  traffic();
  unmap();
  w.command(tlbi_va, page | 1);
  sync();
  traffic();
  ArchiveWriter writer;
  w.smmu.visit(writer);
  ArchiveReader reader(writer.data());
  w.smmu.visit(reader);
  ASSERT_TRUE(reader.complete());
  w.command(tlbi_va, page | 1);
  EXPECT_EQ(traffic().outcome, Outcome::abort);
  w.smmu.reset();
  ArchiveWriter fresh;
  w.smmu.visit(fresh);
  World other(with(Quirk::nvidia_invalidation_race, quirk()));
  ArchiveReader again(fresh.data());
  other.smmu.visit(again);
  EXPECT_TRUE(again.complete());
}

INSTANTIATE_TEST_SUITE_P(WithoutAndWith, QuirkNvidiaInvalidationRace, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "with" : "without"; });

}  // namespace
}  // namespace smmuvp::smmuv3
