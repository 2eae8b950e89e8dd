// Random software and devices, repeatably: whatever they do, the SMMU answers, and stays one that works.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "secure_world.h"
#include "smmuvp/test/core.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using smmu::Outcome;
using smmu::Step;

/// Writes registers that matter more often than others, and runs accesses in any order.
class Chaos {
 public:
  Chaos(test::Random& random, const Features& features) : r(random), w(features) {
    for (unsigned i = 0; i < 3; ++i) {
      pgtable::Builder& b = i == 0   ? w.builder(World::config64())
                            : i == 1 ? w.builder(FormatsWorld::config_short())
                                     : w.builder(World::config_stage2());
      pgtable::Mapping m;
      m.AttrIndx = i == 1 ? 3 : 0;
      b.map(0x1000, 0x9000'0000, 0x1000, m);
      b.map(0x20'0000, 0x9020'0000, 0x20'0000, m);
      if (i == 2) b.map(World::tables, World::tables, 0x20'0000);
    }
    if (features.aarch64() && features.S1TS) w.bank64(0, w.builders[0].config());
    if (features.PTFS == 0) w.bank_short(1, w.builders[1].config());
    w.bank_stage2(2, w.builders[2].config());
    w.bank64(3, w.builders[0].config(), 1, 0, SCTLR_CFCFG, CBAR_nested | 2U << 8);
    for (unsigned i = 0; i < 4; ++i) w.map_stream(i, i, S2CR_translate | i);
    w.start();
  }
  void step() {
    switch (r.below(12)) {
      case 0:
        write(static_cast<std::uint32_t>(r.below(w.smmu.features().window_bytes())));
        break;
      case 1:
        write(static_cast<std::uint32_t>(r.below(0x200)) & ~3U);
        break;
      case 2:
        write(w.gr1(static_cast<std::uint32_t>(r.below(3) * 0x400 + 4 * r.below(6))));
        break;
      case 3:
      case 4: {
        constexpr std::uint32_t useful[] = {SCTLR,      RESUME,  TCR2,   TTBR0,      TTBR1,  TCR,
                                            CONTEXTIDR, MAIR0,   FSR,    FSRRESTORE, TLBIVA, TLBIALL,
                                            TLBIIPAS2,  TLBSYNC, ATS1PR, ATS1UW};
        write(w.cb(static_cast<unsigned>(r.below(6)), useful[r.below(16)]));
        break;
      }
      case 5:
        write(SMR0 + 4 * static_cast<std::uint32_t>(r.below(6)) + (r.below(2) != 0 ? S2CR0 - SMR0 : 0U));
        break;
      case 6: {  // what software does behind a fault
        const auto bank = static_cast<unsigned>(r.below(6));
        w.write(w.cb(bank, FSR), ~0U, 4, true);
        w.write(w.cb(bank, RESUME), r.below(2), 4, true);
        break;
      }
      case 7:
        work();
        break;
      case 8:
        if (r.below(20) == 0) checkpoint();
        if (r.below(200) == 0) w.smmu.reset();
        break;
      default:
        access();
    }
    if (accesses.size() > 12) accesses.erase(accesses.begin());
  }
  /// Software resets everything: it is as usable as a new one.
  void expect_usable() {
    accesses.clear();
    w.smmu.reset();
    EXPECT_EQ(w.access(9, 0x1234).output, 0x1234U);
    for (const bool level : w.smmu.levels().context) EXPECT_FALSE(level);
  }
  std::uint64_t forwarded = 0, stalled = 0, ended = 0;
  std::vector<std::uint8_t> saved() { return test::save(w.smmu); }

 private:
  void write(std::uint32_t offset) {
    const unsigned bytes = r.below(4) == 0 ? 8 : 4;
    std::uint64_t value = r.likely();
    if (r.below(3) == 0) value = w.builders[r.below(3)].config().stage1.tables[0].base;
    if (r.below(3) == 0) value = w.read(offset, bytes, true) ^ std::uint64_t{1} << r.below(8 * bytes);
    w.write(offset, value, bytes, r.below(2) != 0);
    w.read(offset, bytes, r.below(2) != 0);
  }
  void access() {
    constexpr std::uint64_t addresses[] = {0x1004, 0x20'1234, 0x5000, 0x1'ffff'ffff'f000};
    auto q = World::request(static_cast<std::uint32_t>(r.below(6)),
                            r.below(5) != 0 ? addresses[r.below(4)] : r.likely(),
                            static_cast<smmu::AccessKind>(r.below(4)));
    q.privileged = r.below(2) != 0;
    q.instruction = r.below(4) == 0;
    q.debug = r.below(16) == 0;
    q.space = r.below(4) == 0 ? pgtable::AddressSpace::secure : pgtable::AddressSpace::non_secure;
    q.attributes.memory = r.below(4) == 0 ? static_cast<std::uint8_t>(r.next()) : 0xff;
    q.attributes.memory = pgtable::effective_memory(q.attributes.memory);
    smmu::AccessAnswer a;
    if (!q.debug && w.smmu.translate_fast(q, a)) {
      ++forwarded;
      return;
    }
    accesses.push_back(std::make_unique<Access>(w.smmu, q));
    go_on();
  }
  // Some accesses, some steps each
  void go_on() {
    for (auto& a : accesses) {
      for (std::uint64_t n = r.below(30); n > 0; --n) {
        const Step s = a->step();
        if (s == Step::need) {
          auto answer = w.memory.carry_out(a->op());
          if (r.below(64) == 0) answer.status = smmu::MemoryStatus::external_abort;
          a->complete(answer);
          continue;
        }
        if (s == Step::stalled) ++stalled;
        break;
      }
    }
    for (auto at = accesses.begin(); at != accesses.end();) {
      if ((*at)->step() != Step::done) {
        ++at;
        continue;
      }
      ++ended;
      if ((*at)->answer().outcome == Outcome::forward) ++forwarded;
      at = accesses.erase(at);
    }
  }
  void work() {
    for (smmu::Worker* worker : w.smmu.workers()) {
      if (worker->waiting()) {
        worker->complete(w.memory.carry_out(worker->op()));
      } else if (worker->due()) {
        worker->step(w.now);
      }
    }
  }
  void checkpoint() {
    ArchiveWriter writer;
    w.smmu.visit(writer);
    for (auto& a : accesses) a->visit(writer);
    ASSERT_TRUE(writer.ok()) << writer.error();
    const std::size_t n = accesses.size();
    accesses.clear();
    ArchiveReader reader(writer.data());
    w.smmu.visit(reader);
    for (std::size_t i = 0; i < n; ++i) {
      accesses.push_back(std::make_unique<Access>(w.smmu));
      accesses.back()->visit(reader);
    }
    ASSERT_TRUE(reader.complete()) << reader.error();
    ArchiveWriter again;
    w.smmu.visit(again);
    for (auto& a : accesses) a->visit(again);
    EXPECT_EQ(again.data(), writer.data());
  }

  test::Random& r;
  FormatsWorld w;
  std::vector<std::unique_ptr<Access>> accesses;
};

std::vector<Features> instances() {
  Features all;
  Features secure;
  secure.SES = true;
  secure.SSDTP = 1;
  secure.NUMSSDNDXB = 4;
  secure.NUMIRPT = 4;
  Features small;
  small.UBS = 36;
  small.IAS = small.OAS = 36;
  small.HAFDBS = 0;
  small.stalls = small.GSE = small.STALLD = false;
  small.PTFS = 1;
  Features filled = all;
  filled.reset_fill = 0x5eed;
  return {all, secure, small, filled};
}

TEST(Random, NothingThatSoftwareOrDevicesDoBreaksTheSmmu) {
  test::Random random(0x5eed);
  std::uint64_t forwarded = 0, stalled = 0, ended = 0;
  for (int run = 0; run < 60; ++run) {
    for (const Features& f : instances()) {
      SCOPED_TRACE(run);
      Chaos chaos(random, f);
      for (int i = 0; i < 1500; ++i) chaos.step();
      chaos.expect_usable();
      forwarded += chaos.forwarded;
      stalled += chaos.stalled;
      ended += chaos.ended;
      if (::testing::Test::HasFailure()) return;
    }
  }
  EXPECT_GT(forwarded, 1000U);
  EXPECT_GT(stalled, 1000U);
  EXPECT_GT(ended, 10'000U);
}

TEST(Random, TheSameStepsGiveTheSameState) {
  const auto state = [] {
    test::Random random(0xd1ce);
    Chaos chaos(random, instances()[1]);
    for (int i = 0; i < 3000; ++i) chaos.step();
    return chaos.saved();
  };
  EXPECT_EQ(state(), state());
}

}  // namespace
}  // namespace smmuvp::smmuv2
