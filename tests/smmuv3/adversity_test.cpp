// What an SMMU may do to software and does not have to: lookups that nobody has asked for, and effects that
// come late (docs/adverse.md).
#include <gtest/gtest.h>

#include <cstdint>

#include "smmuvp/base/archive.h"
#include "stage2_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Outcome;

constexpr std::uint64_t va = 0x10'0000, pa = 0x8000'0000;
constexpr std::uint64_t tlbi_all = 0x30, sync = 0x46;
constexpr std::uint64_t cfgi_ste(std::uint32_t sid) { return 0x03 | std::uint64_t{sid} << 32 | 0; }

Structures adverse(const smmu::Adversity& a) {
  Structures s = World::untimed();
  s.adversity = a;
  s.adversity.seed = 1;
  return s;
}
smmu::Adversity speculating() {
  smmu::Adversity a;
  a.speculation = 64;
  return a;
}
smmu::Adversity late() {
  smmu::Adversity a;
  a.invalidation_delay = 1'000'000'000;
  return a;
}

Features features(bool HA) {
  Features f;
  if (HA) f.HTTU = 2;
  return f;
}

/// Stream 4: stage 1, 64 pages from va on.
class AdverseWorld : public Stage2World {
 public:
  explicit AdverseWorld(const smmu::Adversity& a, bool HA = false) : Stage2World(features(HA), adverse(a)) {
    pgtable::Config c = stage1_config();
    c.stage1.HA = HA;
    vas = &builder(c);
    for (std::uint64_t page = 0; page < 64; ++page) {
      EXPECT_TRUE(vas->map(va + (page << 12U), pa + (page << 12U), 0x1000));
    }
    put(cd_address(4), cd_for(vas->config(), 4));
    put_ste(4, ste_stage1(cd_address(4)));
  }
  smmu::AccessAnswer load(std::uint64_t address, std::uint32_t sid = 4) {
    Access object(smmu, request(sid, address, smmu::AccessKind::read));
    finish(object);
    return object.answer();
  }
  unsigned cached() {
    unsigned n = 0;
    for (std::uint64_t page = 0; page < 64; ++page) {
      smmu::Invalidation what;
      what.range = smmu::AddressRange{va + (page << 12U), va + (page << 12U)};
      n += smmu.engine().caches_translation(what) ? 1 : 0;
    }
    return n;
  }

  pgtable::Builder* vas;
};

TEST(Speculation, FillsCachesAroundAnAccessAndRecordsNothing) {
  AdverseWorld w(speculating());
  EXPECT_EQ(w.load(va + 0x8000).output, pa + 0x8000);
  EXPECT_EQ(w.cached(), 1U);
  w.work();
  EXPECT_GT(w.cached(), 2U);
  EXPECT_FALSE(w.pop_event());
  EXPECT_TRUE(w.diag.all.empty());
  // What it has found is what an access finds.
  for (std::uint64_t page = 0; page < 64; ++page) {
    EXPECT_EQ(w.load(va + (page << 12U)).output, pa + (page << 12U));
  }
}

TEST(Speculation, IsNotThereUnlessItIsAskedFor) {
  AdverseWorld w({});
  EXPECT_EQ(w.load(va + 0x8000).output, pa + 0x8000);
  w.work();
  EXPECT_EQ(w.cached(), 1U);
}

// 3.21.3: invalid structures may be cached, so that a change of one that nobody has used needs CMD_CFGI_*.
TEST(Speculation, KeepsInvalidStesOfOtherStreams) {
  AdverseWorld w(speculating());
  for (unsigned round = 0; round < 8; ++round) {
    w.load(va + (std::uint64_t{round} << 12U));
    w.work();
  }
  w.put_ste(5, ste_stage1(World::cd_address(4)));
  EXPECT_EQ(w.load(va, 5).outcome, Outcome::abort);
  w.command(cfgi_ste(5), 1);
  w.command(sync);
  EXPECT_EQ(w.load(va, 5).outcome, Outcome::forward);
}

// 3.21.3: while SMMUEN is 0 nothing is reachable.
TEST(Speculation, EndsWithSmmuen) {
  AdverseWorld w(speculating());
  w.load(va);
  w.write(0x20, CR0_implemented & ~CR0_SMMUEN);
  w.work();
  EXPECT_EQ(w.read(0x24) & CR0_SMMUEN, 0U);
  EXPECT_EQ(w.cached(), 1U);
}

// 4.1.4, 3.21.1: of consumption nothing can be concluded; the CMD_SYNC is what completes.
TEST(LateInvalidations, TakeEffectBeforeTheirCmdSyncIsComplete) {
  AdverseWorld w(late());
  EXPECT_EQ(w.load(va).output, pa);
  ASSERT_TRUE(w.vas->unmap(va, 0x1000));
  w.push(tlbi_all);
  while (!w.commands_done()) w.work_on(w.commands());
  EXPECT_EQ(w.cached(), 1U) << "it is consumed, and has no effect yet";
  EXPECT_EQ(w.load(va).output, pa);
  w.push(sync);
  while (!w.commands_done()) w.work_on(w.commands());
  EXPECT_EQ(w.cached(), 0U);
  EXPECT_EQ(w.load(va).outcome, Outcome::abort);
}

TEST(LateInvalidations, TakeEffectByThemselvesAfterAWhile) {
  AdverseWorld w(late());
  w.load(va);
  w.command(tlbi_all);  // lets time pass until there is nothing to do
  EXPECT_EQ(w.cached(), 0U);
  EXPECT_GT(w.now, 0U);
}

TEST(LateInvalidations, AreSavedWithTheQueue) {
  AdverseWorld w(late());
  w.load(va);
  w.push(tlbi_all);
  while (!w.commands_done()) w.work_on(w.commands());
  ArchiveWriter out;
  out.set_now(w.now);
  w.smmu.visit(out);
  AdverseWorld other(late());
  ArchiveReader in(out.data());
  in.set_now(other.now);
  other.smmu.visit(in);
  ASSERT_TRUE(in.complete()) << in.error();
  EXPECT_EQ(other.cached(), 1U);
  other.work();
  EXPECT_EQ(other.cached(), 0U);
}

// 4.1.4: CONS says when a command is consumed, and the effect may be there before.
TEST(ConsumptionDelay, LetsConsFollowLater) {
  smmu::Adversity a;
  a.consumption_delay = 1'000'000;
  AdverseWorld w(a);
  bool behind = false;
  for (unsigned n = 0; n < 16 && !behind; ++n) {
    w.load(va);
    w.push(tlbi_all);
    while (w.cached() != 0) w.work_on(w.commands());
    behind = !w.commands_done();
    w.work();
    EXPECT_TRUE(w.commands_done());
  }
  EXPECT_TRUE(behind);
}

// 7.2.1, 4.7.3: it is written late, and a CMD_SYNC waits for it.
TEST(EventDelay, LetsACmdSyncWaitForTheRecord) {
  smmu::Adversity a;
  a.event_delay = 1'000'000'000;
  AdverseWorld w(a);
  EXPECT_EQ(w.load(0).outcome, Outcome::abort);
  const auto due = w.events().due();
  ASSERT_TRUE(due);
  EXPECT_GT(*due, w.now);
  w.push(sync);
  while (w.commands().due() && *w.commands().due() < *due) w.work_on(w.commands());
  EXPECT_FALSE(w.commands_done());
  w.work();
  EXPECT_TRUE(w.commands_done());
  EXPECT_TRUE(w.pop_event());
}

// 3.13.4: an Access flag may be set for what is no access; a dirty state may not.
TEST(Speculation, ChangesNoRightsWhereHardwareUpdatesFlags) {
  AdverseWorld w(speculating(), true);
  w.load(va + 0x8000);
  w.work();
  EXPECT_GT(w.cached(), 1U);
  for (std::uint64_t page = 0; page < 64; ++page) {
    EXPECT_EQ(w.load(va + (page << 12U)).output, pa + (page << 12U));
  }
}

}  // namespace
}  // namespace smmuvp::smmuv3
