// The stall model: IHI 0070 3.12.2, 4.7.1, 4.7.2, 5.5, 7.2.1.
#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "smmuvp/base/archive.h"
#include "stage2_world.h"

namespace smmuvp::smmuv3 {
namespace {

constexpr std::uint64_t va = 0x1234'5000;
constexpr std::uint64_t pa = 0x8765'4000;
constexpr std::uint64_t stall_term = 0x45;

/// A world of streams whose CDs stall, and accesses to them.
class Stall : public ::testing::Test {
 protected:
  static Features features(std::uint16_t most = 4, std::uint8_t model = 0) {
    Features f;
    f.STALL_MODEL = model;
    f.STALL_MAX = most;
    return f;
  }
  void SetUp() override {
    w.start();
    for (const std::uint32_t sid : {1U, 2U}) make_stream(w, sid);
  }
  /// CD.S = 1, but for what `change` makes of it.
  static void make_stream(World& w, std::uint32_t sid, bool S = true) {
    pgtable::Builder& b = w.space();
    w.put(World::cd_address(sid),
          cd_for(b.config(), static_cast<std::uint16_t>(sid)).set(44, 1, S).set(46, 1, 0));
    w.put_ste(sid, ste_stage1(World::cd_address(sid)));
  }
  void map(std::size_t stream) { map(w, stream); }
  static void map(World& w, std::size_t stream) {
    ASSERT_TRUE(w.builders[stream].map(va, pa + 0x10000 * stream, 0x1000));
  }
  struct Run {
    std::unique_ptr<Access> access;
    smmu::Step step = smmu::Step::stalled;
    bool over() const { return step == smmu::Step::done; }
    smmu::Outcome outcome() const { return access->answer().outcome; }
  };
  Run start(std::uint32_t sid, smmu::AccessKind kind = smmu::AccessKind::read) { return start(w, sid, kind); }
  static Run start(World& w, std::uint32_t sid, smmu::AccessKind kind = smmu::AccessKind::read) {
    Run r;
    smmu::AccessRequest request = World::request(sid, va, kind);
    request.time = w.now;
    r.access = std::make_unique<Access>(w.smmu, request);
    go_on(w, r);
    return r;
  }
  void go_on(Run& r) { go_on(w, r); }
  static void go_on(World& w, Run& r) {
    do {
      w.work();
      r.step = r.access->step();
      if (r.step == smmu::Step::need) r.access->complete(w.memory.carry_out(r.access->op()));
    } while (r.step == smmu::Step::need);
    w.work();
  }
  smmu::Step resume(std::uint32_t sid, std::uint16_t stag, bool retry, bool abort = false) {
    return w.command(
        0x44 | std::uint64_t{retry} << 12 | std::uint64_t{abort} << 13 | std::uint64_t{sid} << 32, stag);
  }
  std::uint16_t stag_of_event(std::uint32_t sid) {
    const auto e = w.pop_event();
    if (!e) {
      ADD_FAILURE() << "no event";
      return 0xffff;
    }
    EXPECT_EQ((*e)[0], 0x10U | std::uint64_t{sid} << 32);
    EXPECT_EQ(bits(*e, 95, 95), 1U) << "Stall";
    EXPECT_EQ((*e)[2], va);
    return static_cast<std::uint16_t>(bits(*e, 79, 64));
  }

  World w{features()};
};

TEST_F(Stall, AnAccessWaitsWithARecordThatHasAStag) {
  Run a = start(1);
  EXPECT_FALSE(a.over());
  const auto e = w.pop_event();
  ASSERT_TRUE(e);
  // F_TRANSLATION, StreamID 1; STAG 0, Stall, RnW, CLASS IN; the address
  EXPECT_EQ((*e)[0], 0x1'0000'0010U);
  EXPECT_EQ((*e)[1], 1ULL << 31 | 1ULL << 35 | 2ULL << 40);
  EXPECT_EQ((*e)[2], va);
  EXPECT_EQ((*e)[3], 0U);
  EXPECT_EQ(w.irqs.eventq, 1);
  go_on(a);
  EXPECT_FALSE(a.over());
  EXPECT_FALSE(w.pop_event()) << "one record for one stall";
}

TEST_F(Stall, RetryTranslatesAfreshAndGoesThrough) {
  Run a = start(1, smmu::AccessKind::write);
  const std::uint16_t stag = stag_of_event(1);
  map(0);
  resume(1, stag, true);
  go_on(a);
  ASSERT_TRUE(a.over());
  EXPECT_EQ(a.outcome(), smmu::Outcome::forward);
  EXPECT_EQ(a.access->answer().output, pa);
  EXPECT_FALSE(w.pop_event());
  EXPECT_EQ(w.smmu.statistics().stalls, 1U);
  EXPECT_EQ(w.smmu.statistics().stalls_retried, 1U);
}

TEST_F(Stall, RetryThatFaultsAgainStallsAgainWithANewRecord) {
  Run a = start(1);
  resume(1, stag_of_event(1), true);
  go_on(a);
  EXPECT_FALSE(a.over());
  const std::uint16_t second = stag_of_event(1);
  resume(1, second, false, true);
  go_on(a);
  ASSERT_TRUE(a.over());
  EXPECT_EQ(a.outcome(), smmu::Outcome::abort);
}

TEST_F(Stall, TerminateWithoutAbortIsRazWi) {
  Run a = start(1);
  resume(1, stag_of_event(1), false, false);
  go_on(a);
  ASSERT_TRUE(a.over());
  EXPECT_EQ(a.outcome(), smmu::Outcome::razwi);
}

TEST(StallModel, TerminateIsAnAbortWithTermModel1) {
  Features f;
  f.STALL_MODEL = 0;
  f.STALL_MAX = 1;
  f.TERM_MODEL = true;
  World w(f);
  w.start();
  pgtable::Builder& b = w.space();
  w.put(World::cd_address(1), cd_for(b.config(), 1).set(44, 1, 1));
  w.put_ste(1, ste_stage1(World::cd_address(1)));
  Access a(w.smmu, World::request(1, va));
  while (a.step() == smmu::Step::need) a.complete(w.memory.carry_out(a.op()));
  w.work();
  w.command(0x44 | 1ULL << 32, 0);
  EXPECT_EQ(a.step(), smmu::Step::done);
  EXPECT_EQ(a.answer().outcome, smmu::Outcome::abort);
}

TEST_F(Stall, ResumeNeedsStreamIdAndStagOfOneAccess) {
  Run a = start(1);
  Run b = start(2);
  const std::uint16_t of_a = stag_of_event(1);
  const std::uint16_t of_b = stag_of_event(2);
  EXPECT_NE(of_a, of_b);
  resume(2, of_a, false, true);
  resume(1, of_b, false, true);
  resume(1, 0xffff, false, true);
  go_on(a);
  go_on(b);
  EXPECT_FALSE(a.over());
  EXPECT_FALSE(b.over());
  EXPECT_EQ(w.read(0x60), 0U) << "consumed without an error";
  EXPECT_EQ(w.diag.all.size(), 3U);
  resume(1, of_a, false, true);
  go_on(a);
  go_on(b);
  EXPECT_TRUE(a.over());
  EXPECT_FALSE(b.over());
  resume(1, of_a, false, true);
  go_on(b);
  EXPECT_FALSE(b.over()) << "a second CMD_RESUME finds nobody";
  w.command(stall_term | 2ULL << 32);
  go_on(b);
}

TEST_F(Stall, StallTermAbortsAllOfTheStreamAndNoOthers) {
  Run a = start(1);
  Run b = start(1, smmu::AccessKind::write);
  Run c = start(2);
  w.command(stall_term | 1ULL << 32);
  for (Run* r : {&a, &b, &c}) go_on(*r);
  EXPECT_EQ(a.outcome(), smmu::Outcome::abort);
  EXPECT_EQ(b.outcome(), smmu::Outcome::abort);
  EXPECT_FALSE(c.over());
  Run d = start(1);
  EXPECT_FALSE(d.over()) << "a later one stalls anew";
  w.command(stall_term | 1ULL << 32);
  w.command(stall_term | 2ULL << 32);
  go_on(c);
  go_on(d);
  EXPECT_TRUE(c.over() && d.over());
}

TEST_F(Stall, WhoFindsNoTagWaitsUnrecordedForOne) {
  std::vector<Run> runs;
  for (int i = 0; i < 6; ++i) runs.push_back(start(1));
  std::vector<std::uint16_t> stags;
  for (int i = 0; i < 4; ++i) stags.push_back(stag_of_event(1));
  EXPECT_FALSE(w.pop_event()) << "IDR5.STALL_MAX is 4";
  std::set<std::uint16_t> different(stags.begin(), stags.end());
  EXPECT_EQ(different.size(), 4U);
  resume(1, stags[2], false, true);
  for (Run& r : runs) go_on(r);
  EXPECT_TRUE(runs[2].over());
  EXPECT_EQ(stag_of_event(1), stags[2]) << "the tag goes to the next";
  EXPECT_FALSE(w.pop_event());
  w.command(stall_term | 1ULL << 32);
  for (Run& r : runs) go_on(r);
  for (Run& r : runs) EXPECT_TRUE(r.over());
}

TEST_F(Stall, ARecordWaitsWhileTheQueueIsFullAndIsNotLost) {
  std::vector<Run> runs;
  for (unsigned i = 0; i < 1U << World::log2_events; ++i) w.access(200, va);  // C_BAD_STE
  Run a = start(1);
  EXPECT_FALSE(a.over());
  EXPECT_EQ(w.read(0x100a8) & EVENTQ_OVFLG, 0U) << "nothing is lost";
  w.access(200, va);
  EXPECT_NE(w.read(0x100a8) & EVENTQ_OVFLG, 0U) << "of a terminated access the record is";
  ASSERT_TRUE(w.pop_event());
  go_on(a);
  for (unsigned i = 1; i < 1U << World::log2_events; ++i) ASSERT_TRUE(w.pop_event());
  const std::uint16_t stag = stag_of_event(1);
  EXPECT_FALSE(w.pop_event());
  map(0);
  resume(1, stag, true);
  go_on(a);
  EXPECT_EQ(a.outcome(), smmu::Outcome::forward);
}

TEST_F(Stall, ARecordWaitsWhileTheQueueIsDisabled) {
  w.write(0x20, CR0_SMMUEN | CR0_CMDQEN);
  Run a = start(1);
  Run b = start(2);
  EXPECT_EQ(w.read(0x100a8), 0U);
  EXPECT_FALSE(a.over());
  w.write(0x20, CR0_SMMUEN | CR0_CMDQEN | CR0_EVENTQEN);
  w.work();
  EXPECT_EQ(stag_of_event(1), 0U) << "in the order of the faults";
  EXPECT_EQ(stag_of_event(2), 1U);
  EXPECT_FALSE(w.pop_event());
}

TEST_F(Stall, AnAccessWhoseRecordAnInvalidationOvertakesIsTranslatedAfresh) {
  w.write(0x20, CR0_SMMUEN | CR0_CMDQEN);
  Run a = start(1);
  Run b = start(2);
  map(0);
  w.command(0x30);  // CMD_TLBI_NSNH_ALL
  w.command(0x46);
  EXPECT_TRUE(w.commands_done()) << "CMD_SYNC does not wait for stalled accesses";
  w.write(0x20, CR0_SMMUEN | CR0_CMDQEN | CR0_EVENTQEN);
  go_on(a);
  go_on(b);
  EXPECT_EQ(a.outcome(), smmu::Outcome::forward) << "and needs no record";
  stag_of_event(2);
  EXPECT_FALSE(w.pop_event()) << "that of the new fault only";
}

TEST_F(Stall, AnAccessWithAVisibleRecordIsNotAffectedByInvalidationAndSync) {
  Run a = start(1);
  map(0);
  w.command(0x30);
  w.command(0x46);
  EXPECT_TRUE(w.commands_done());
  go_on(a);
  EXPECT_FALSE(a.over());
  resume(1, stag_of_event(1), true);
  go_on(a);
  EXPECT_EQ(a.outcome(), smmu::Outcome::forward);
}

TEST_F(Stall, AbortOnTheQueueKeepsTheOthersWaiting) {
  w.memory.make_abort(World::eventq);
  Run a = start(1);
  Run b = start(2);
  EXPECT_EQ(w.read(0x60) & GERROR_EVENTQ_ABT_ERR, GERROR_EVENTQ_ABT_ERR);
  EXPECT_EQ(w.read(0x100a8), 0U);
  w.memory.make_ok(World::eventq);
  w.write(0x64, w.read(0x60));
  w.work();
  EXPECT_EQ(stag_of_event(2), 1U);
  EXPECT_FALSE(w.pop_event()) << "the one that was being written is lost";
  resume(1, 0, true);
  go_on(a);
  EXPECT_FALSE(a.over()) << "nobody can have read its STAG";
  w.command(stall_term | 1ULL << 32);
  go_on(a);
  EXPECT_EQ(a.outcome(), smmu::Outcome::abort);
  w.command(stall_term | 2ULL << 32);
  go_on(b);
}

TEST_F(Stall, DisablingTheSmmuAbortsAllAndFreesTheirTags) {
  std::vector<Run> runs;
  for (int i = 0; i < 6; ++i) runs.push_back(start(1));
  w.write(0x20, CR0_CMDQEN | CR0_EVENTQEN);
  EXPECT_EQ(w.read(0x24), CR0_CMDQEN | CR0_EVENTQEN);
  for (Run& r : runs) {
    go_on(r);
    EXPECT_EQ(r.outcome(), smmu::Outcome::abort);
  }
  EXPECT_EQ(w.smmu.interface().stalls().size(), 0U);
}

TEST_F(Stall, AnAccessThatFaultsWhenTheSmmuHasBeenDisabledDoesNotStall) {
  Access a(w.smmu, World::request(1, va));
  ASSERT_EQ(a.step(), smmu::Step::need);
  w.write(0x20, CR0_CMDQEN | CR0_EVENTQEN);
  w.finish(a);
  EXPECT_EQ(a.answer().outcome, smmu::Outcome::abort);
  w.work();
  EXPECT_FALSE(w.pop_event());
}

TEST_F(Stall, ResetAbortsAll) {
  Run a = start(1);
  w.smmu.reset();
  go_on(a);
  EXPECT_EQ(a.outcome(), smmu::Outcome::abort);
  EXPECT_EQ(w.smmu.interface().stalls().size(), 0U);
}

TEST_F(Stall, AnAccessThatIsGivenUpGivesItsTagBack) {
  for (int i = 0; i < 9; ++i) {
    Run a = start(1);
    EXPECT_FALSE(a.over());
    EXPECT_TRUE(w.pop_event());
  }
  EXPECT_EQ(w.smmu.interface().stalls().size(), 0U);
}

TEST_F(Stall, CmdSyncDoesNotWaitForIt) {
  Run a = start(1);
  w.command(0x46);
  EXPECT_TRUE(w.commands_done());
  w.command(stall_term | 1ULL << 32);
  go_on(a);
}

TEST_F(Stall, CdRIsIgnored) {  // make_stream() clears it
  Run a = start(1);
  stag_of_event(1);
  w.command(stall_term | 1ULL << 32);
  go_on(a);
}

TEST_F(Stall, ADebugAccessDoesNotStall) {
  smmu::AccessRequest r = World::request(1, va, smmu::AccessKind::translate);
  r.debug = true;
  Access a(w.smmu, r);
  w.finish(a);
  EXPECT_EQ(a.answer().outcome, smmu::Outcome::abort);
  EXPECT_FALSE(w.pop_event());
}

TEST_F(Stall, OtherFaultsTerminate) {
  w.memory.make_abort(w.builders[0].config().stage1.tables[0].base);
  Run a = start(1);
  ASSERT_TRUE(a.over());
  const auto e = w.pop_event();
  ASSERT_TRUE(e);
  EXPECT_EQ(bits(*e, 7, 0), 0x0bU) << "F_WALK_EABT";
  EXPECT_EQ(bits(*e, 95, 64) & 0x8000ffffU, 0U) << "neither Stall nor STAG";
}

TEST_F(Stall, AStateIsSavedAndGoesOn) {
  std::vector<Run> runs;
  for (int i = 0; i < 6; ++i) runs.push_back(start(1));
  stag_of_event(1);
  ArchiveWriter writer;
  w.smmu.visit(writer);
  for (Run& r : runs) r.access->visit(writer);

  World other{features()};
  other.memory = w.memory;
  ArchiveReader reader(writer.data());
  other.smmu.visit(reader);
  std::vector<Run> loaded;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    Run r;
    r.access = std::make_unique<Access>(other.smmu);
    r.access->visit(reader);
    loaded.push_back(std::move(r));
  }
  ASSERT_TRUE(reader.ok());
  other.command(0x44 | 1ULL << 32 | 1ULL << 13, 0);
  for (Run& r : loaded) go_on(other, r);
  EXPECT_TRUE(loaded[0].over());
  EXPECT_FALSE(loaded[1].over());
  other.command(stall_term | 1ULL << 32);
  for (Run& r : loaded) go_on(other, r);
  for (Run& r : loaded) EXPECT_TRUE(r.over());
  w.command(stall_term | 1ULL << 32);
  for (Run& r : runs) go_on(r);
}

// ---- what is ILLEGAL (5.5)

struct Legality {
  std::uint8_t STALL_MODEL;
  bool S1STALLD, S;
  bool legal_ste, legal_cd;
};

class StallLegality : public ::testing::TestWithParam<Legality> {};

TEST_P(StallLegality, IsByStallModel) {
  const Legality p = GetParam();
  Features f;
  f.STALL_MODEL = p.STALL_MODEL;
  f.STALL_MAX = p.STALL_MODEL == 1 ? 0 : 4;
  World w(f);
  const Structure s = ste_stage1(World::cd_address(1)).set(91, 1, p.S1STALLD);
  const Ste ste = Ste::decode(s.words, f);
  EXPECT_EQ(ste.valid, p.legal_ste) << ste.why;
  const Cd cd = Cd::decode(cd_for(w.space().config(), 1).set(44, 1, p.S).words, f, ste);
  EXPECT_EQ(cd.valid, p.legal_cd) << cd.why;
}

INSTANTIATE_TEST_SUITE_P(
    All, StallLegality,
    ::testing::Values(Legality{0, false, false, true, true}, Legality{0, false, true, true, true},
                      Legality{0, true, false, true, true}, Legality{0, true, true, true, false},
                      Legality{1, false, false, true, true}, Legality{1, false, true, true, false},
                      Legality{1, true, false, false, true}, Legality{2, false, false, true, false},
                      Legality{2, false, true, true, true}, Legality{2, true, true, false, false}));

// ---- stage 2: STE.S2S alone counts for its faults, CD.S for those of stage 1

struct Stage2Stall {
  const char* name;
  bool S2S, S;
  bool cd_mapped, output_mapped;  // by stage 2
  bool stage1_mapped;
  bool stalls;
  std::uint64_t CLASS;
};

class StallOfStage2 : public ::testing::TestWithParam<Stage2Stall> {};

TEST_P(StallOfStage2, IsByS2sOfStage1ByCdS) {
  const Stage2Stall p = GetParam();
  Features f;
  f.STALL_MODEL = 0;
  f.STALL_MAX = 4;
  Stage2World w(f);
  pgtable::Builder& ipas = w.ipa_space();
  EXPECT_TRUE(ipas.map(Stage2World::ipa_of(World::tables), World::tables, 0x10'0000));
  if (p.cd_mapped) {
    EXPECT_TRUE(ipas.map(Stage2World::ipa_of(World::cds), World::cds, 0x1000));
  }
  pgtable::Builder& space = w.nested_stream(1, ipas);
  w.put(World::cd_address(1), cd_for(space.config(), 1).set(44, 1, p.S));
  w.put_ste(1,
            ste_nested(Stage2World::ipa_of(World::cd_address(1)), ipas.config().stage2).set(185, 1, p.S2S));
  constexpr std::uint64_t ipa = 0x2000'0000;
  if (p.stage1_mapped) {
    EXPECT_TRUE(space.map(va, ipa, 0x1000));
  }
  if (p.output_mapped) {
    EXPECT_TRUE(ipas.map(ipa, pa, 0x1000));
  }
  Access a(w.smmu, World::request(1, va));
  smmu::Step step = a.step();
  for (; step == smmu::Step::need; step = a.step()) a.complete(w.memory.carry_out(a.op()));
  w.work();
  EXPECT_EQ(step, p.stalls ? smmu::Step::stalled : smmu::Step::done);
  const Record e = w.event();
  EXPECT_EQ(bits(e, 95, 95), p.stalls ? 1U : 0U);
  EXPECT_EQ(bits(e, 105, 104), p.CLASS);
  if (!p.stalls) return;
  w.command(stall_term | 1ULL << 32);
  EXPECT_EQ(a.step(), smmu::Step::done);
  EXPECT_EQ(a.answer().outcome, smmu::Outcome::abort);
}

INSTANTIATE_TEST_SUITE_P(
    All, StallOfStage2,
    ::testing::Values(Stage2Stall{"cd", true, false, false, true, true, true, 0},
                      Stage2Stall{"cd_S2S_0", false, true, false, true, true, false, 0},
                      Stage2Stall{"output", true, false, true, false, true, true, 2},
                      Stage2Stall{"output_S2S_0", false, true, true, false, true, false, 2},
                      Stage2Stall{"stage1", false, true, true, true, false, true, 2},
                      Stage2Stall{"stage1_S_0", true, false, true, true, false, false, 2}),
    [](const auto& info) { return std::string(info.param.name); });

// ---- whatever comes in whatever order: every access ends, once, and no STAG is given twice

class StallAtRandom : public Stall {
 protected:
  std::uint64_t next(std::uint64_t n) {  // xorshift
    m_seed ^= m_seed << 13;
    m_seed ^= m_seed >> 7;
    m_seed ^= m_seed << 17;
    return m_seed % n;
  }
  std::uint64_t m_seed = 0x1234'5678'9abc'def1;
};

TEST_F(StallAtRandom, EveryAccessEndsOnceAndOpenStagsDiffer) {
  constexpr std::uint32_t streams = 4;
  for (const std::uint32_t sid : {3U, 4U}) make_stream(w, sid, sid == 3);  // 4 terminates
  std::vector<Run> runs;
  std::map<std::uint16_t, std::uint32_t> open;  // STAG, StreamID
  std::uint64_t started = 0, ended = 0, recorded = 0, retried = 0;
  std::uint32_t cr0 = CR0_implemented;
  const auto poll = [&] {
    w.work();
    for (std::size_t i = 0; i < runs.size();) {
      go_on(runs[i]);
      if (!runs[i].over()) {
        ++i;
        continue;
      }
      ++ended;
      runs.erase(runs.begin() + static_cast<std::ptrdiff_t>(i));
    }
  };
  const auto read_events = [&] {
    while (const auto e = w.pop_event()) {
      if (bits(*e, 95, 95) == 0) continue;
      ++recorded;
      const auto stag = static_cast<std::uint16_t>(bits(*e, 79, 64));
      EXPECT_LT(stag, 4U);
      EXPECT_TRUE(open.emplace(stag, static_cast<std::uint32_t>(bits(*e, 63, 32))).second) << stag;
    }
  };
  for (int i = 0; i < 20000; ++i) {
    const auto sid = static_cast<std::uint32_t>(1 + next(streams));
    switch (next(12)) {
      case 0:
      case 1:
      case 2:
        if (runs.size() < 12) {
          ++started;
          runs.push_back(start(sid, next(2) == 0 ? smmu::AccessKind::read : smmu::AccessKind::write));
        }
        break;
      case 3:
      case 4:
      case 5: {
        read_events();
        if (open.empty()) break;
        auto one = open.begin();
        std::advance(one, static_cast<std::ptrdiff_t>(next(open.size())));
        const bool retry = next(2) == 0;
        retried += retry ? 1 : 0;
        if ((cr0 & CR0_CMDQEN) == 0) break;
        const auto [stag, stream] = *one;
        open.erase(one);
        resume(stream, stag, retry, next(2) == 0);
        break;
      }
      case 6:
        if ((cr0 & CR0_CMDQEN) == 0) break;
        read_events();
        for (auto at = open.begin(); at != open.end();)
          at = at->second == sid ? open.erase(at) : std::next(at);
        w.command(stall_term | std::uint64_t{sid} << 32);
        break;
      case 7:
        w.builders[sid - 1].map(va, pa, 0x1000);
        break;
      case 8:
        w.builders[sid - 1].unmap(va, 0x1000);
        if ((cr0 & CR0_CMDQEN) != 0) w.command(0x30);
        break;
      case 9:
        cr0 ^= CR0_EVENTQEN;
        w.write(0x20, cr0);
        break;
      case 10:
        if (next(20) != 0) break;
        read_events();
        w.write(0x20, cr0 & ~CR0_SMMUEN);
        open.clear();
        poll();
        EXPECT_TRUE(runs.empty());
        w.write(0x20, cr0);
        break;
      default:
        read_events();
        break;
    }
    poll();
    if (HasFailure()) return;
  }
  w.write(0x20, 0);
  poll();
  EXPECT_TRUE(runs.empty());
  EXPECT_EQ(started, ended);
  EXPECT_GT(recorded, 500U);
  EXPECT_GT(retried, 200U);
}

}  // namespace
}  // namespace smmuvp::smmuv3
