// CMD_PREFETCH_CONFIG and CMD_PREFETCH_ADDR: caches are filled before accesses come (IHI 0070 4.2).
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <vector>

#include "smmuvp/base/archive.h"
#include "stage2_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Outcome;
using smmu::Step;

constexpr std::uint64_t va = 0x10'0000, ipa = 0x2000'0000, pa = 0x8000'0000;
constexpr std::uint64_t AF = 1 << 10;

constexpr std::uint64_t config(std::uint32_t sid) { return 0x01 | std::uint64_t{sid} << 32; }
constexpr std::uint64_t addr(std::uint32_t sid) { return 0x02 | std::uint64_t{sid} << 32; }
constexpr std::uint64_t substream(std::uint32_t ssid) { return std::uint64_t{ssid} << 12 | 1 << 11; }
/// The second word of CMD_PREFETCH_ADDR.
constexpr std::uint64_t span(std::uint64_t address, unsigned Size, unsigned Stride = 0) {
  return address | Stride << 5 | Size;
}

/// Streams 1, 2 and 3: stage 1, stage 2, both. 2^4 pages each from va or ipa on.
class PrefetchWorld : public Stage2World {
 public:
  explicit PrefetchWorld(const Features& features = {}, const Structures& structures = untimed(),
                         bool HA = false)
      : Stage2World(features, structures) {
    pgtable::Config two = stage2_config();
    two.stage2.HA = HA;
    pgtable::Config one = stage1_config();
    one.stage1.HA = HA;
    ipas = &guest(two);
    vas = &builder(one);
    nested = &nested_space(one);
    EXPECT_TRUE(vas->map(va, pa, 0x10000));
    EXPECT_TRUE(nested->map(va, ipa, 0x10000));
    EXPECT_TRUE(ipas->map(ipa, pa, 0x10000));
    put(cd_address(1), cd_for(vas->config(), 1));
    put_ste(1, ste_stage1(cd_address(1)));
    stage2_stream(2, *ipas);
    put(cd_address(3), cd_for(nested->config(), 3));
    put_ste(3, ste_nested(ipa_of(cd_address(3)), ipas->config().stage2));
  }
  static std::uint64_t input(std::uint32_t sid) { return sid == 2 ? ipa : va; }
  std::uint64_t fetches() const {
    return smmu.statistics().config_misses + smmu.engine_statistics().walk_reads;
  }
  /// What an access has to fetch.
  std::uint64_t missing(const smmu::AccessRequest& request) {
    const std::uint64_t before = fetches();
    EXPECT_EQ(access(request).outcome, Outcome::forward);
    return fetches() - before;
  }
  std::uint64_t missing(std::uint32_t sid, std::uint64_t address) { return missing(request(sid, address)); }
  std::size_t translations() const { return smmu.engine().tlb().size(); }
  Prefetch& prefetch() { return smmu.interface().prefetch(); }

  pgtable::Builder* ipas;
  pgtable::Builder* vas;
  pgtable::Builder* nested;
};

TEST(PrefetchConfig, FetchesTheSteAndTheCdThatAccessesThenHit) {
  for (const std::uint32_t sid : {1U, 2U, 3U}) {
    PrefetchWorld w;
    w.command(config(sid));
    EXPECT_TRUE(w.commands_done());
    EXPECT_EQ(w.smmu.statistics().config_misses, sid == 2 ? 1U : 2U);
    EXPECT_EQ(w.translations(), 0U) << "no translation of an access";
    const std::uint64_t before = w.smmu.statistics().config_misses;
    EXPECT_EQ(w.access(sid, w.input(sid)).outcome, Outcome::forward);
    EXPECT_EQ(w.smmu.statistics().config_misses, before) << "stream " << sid;
  }
}

TEST(PrefetchAddr, FetchesTheTranslationThatAccessesThenHit) {
  for (const std::uint32_t sid : {1U, 2U, 3U}) {
    PrefetchWorld w;
    w.command(addr(sid), span(w.input(sid), 0));
    EXPECT_EQ(w.translations(), 1U);
    EXPECT_EQ(w.missing(sid, w.input(sid) + 0xabc), 0U) << "stream " << sid;
    EXPECT_EQ(w.access(sid, w.input(sid) + 0xabc).output, pa + 0xabc);
  }
}

TEST(PrefetchAddr, TakesTwoToTheSizeAddressesFromTheFirstOnAStrideApart) {
  PrefetchWorld w;
  w.command(addr(1), span(va + 0x1000, 2, 1));  // 4 of them, 8 KiB apart
  EXPECT_EQ(w.translations(), 4U);
  for (const unsigned page : {1U, 3U, 5U, 7U}) EXPECT_EQ(w.missing(1, va + 0x1000 * page), 0U) << page;
  for (const unsigned page : {0U, 2U, 4U, 6U, 8U, 9U})
    EXPECT_NE(w.missing(1, va + 0x1000 * page), 0U) << page;
}

TEST(PrefetchAddr, IgnoresStrideInSmmuV30) {
  Features f;
  f.HAD = false;
  ASSERT_EQ(f.version(), 0U);
  PrefetchWorld w(f);
  w.command(addr(1), span(va, 1, 3));
  EXPECT_EQ(w.missing(1, va + 0x1000), 0U);
  ASSERT_EQ(w.diag.all.size(), 1U);
  EXPECT_EQ(w.diag.all[0].site, "CMD_PREFETCH_ADDR.reserved");
}

TEST(PrefetchAddr, FetchesNoMoreThanTheTlbHoldsNorBeyondTheLastAddress) {
  Structures s = World::untimed();
  s.tlb_sets = 4;
  s.tlb_ways = 1;
  PrefetchWorld w({}, s);
  w.command(addr(1), span(va, 31));
  EXPECT_TRUE(w.commands_done());
  EXPECT_LE(w.fetches(), 2U + 3U + 4U);
  EXPECT_EQ(w.translations(), 4U);
  EXPECT_EQ(w.missing(1, va), 0U) << "the first of them is still there";

  PrefetchWorld top;
  ASSERT_TRUE(top.vas->map(~0xfffULL, pa, 0x1000));
  ASSERT_TRUE(top.vas->map(0, pa, 0x1000));
  top.command(addr(1), span(~0xfffULL, 4));
  EXPECT_EQ(top.translations(), 1U) << "it does not go on from 0";
}

TEST(PrefetchAddr, FillsForAccessesOfAnyRight) {
  PrefetchWorld w;
  pgtable::Mapping m;
  m.unprivileged = m.writable = false;
  m.privileged_execute = true;
  ASSERT_TRUE(w.vas->map(va + 0x10'0000, pa, 0x1000, m));
  w.command(addr(1), span(va + 0x10'0000, 0));
  smmu::AccessRequest r = World::request(1, va + 0x10'0000);
  r.privileged = r.instruction = true;
  EXPECT_EQ(w.missing(r), 0U);
  EXPECT_EQ(w.access(1, va + 0x10'0000).outcome, Outcome::abort)
      << "unprivileged: it grants no more than it has";
}

TEST(PrefetchAddr, ContinuesBehindAnAddressThatHasNoTranslation) {
  PrefetchWorld w;
  ASSERT_TRUE(w.vas->unmap(va + 0x1000, 0x1000));
  w.command(addr(1), span(va, 2));
  EXPECT_EQ(w.translations(), 3U);
  EXPECT_EQ(w.missing(1, va + 0x3000), 0U);
}

TEST(Prefetch, TakesTheCdOfItsSubstream) {
  Features f;
  f.SSIDSIZE = 8;
  PrefetchWorld w(f);
  pgtable::Builder& other = w.space();
  ASSERT_TRUE(other.map(va, pa + 0x1000, 0x1000));
  w.put(World::cd_address(8), cd_for(w.vas->config(), 8));
  w.put(World::cd_address(9), cd_for(other.config(), 9));
  w.put_ste(4, ste_stage1(World::cd_address(8)).set(59, 5, 1).set(64, 2, 2));  // two CDs; without SSID: CD 0
  w.command(addr(4) | substream(1), span(va, 0));
  smmu::AccessRequest r = World::request(4, va);
  r.substream_valid = true;
  r.substream_id = 1;
  EXPECT_EQ(w.missing(r), 0U);
  EXPECT_NE(w.missing(4, va), 0U) << "without a SubstreamID it is another CD";
  PrefetchWorld without(f);
  without.put(World::cd_address(8), cd_for(without.vas->config(), 8));
  without.put_ste(4, ste_stage1(World::cd_address(8)).set(59, 5, 1).set(64, 2, 2));
  without.command(addr(4) | 1 << 12, span(va, 0));
  EXPECT_EQ(without.missing(4, va), 0U) << "SubstreamID is IGNORED where SSV is 0";
}

TEST(Prefetch, WithASubstreamOfAStreamThatHasNoneHasNoEffectAndIsDiagnosed) {
  PrefetchWorld w;
  w.command(addr(1) | substream(0), span(va, 0));
  EXPECT_EQ(w.translations(), 0U);
  EXPECT_FALSE(w.pop_event());
  ASSERT_EQ(w.diag.all.size(), 1U);
  EXPECT_EQ(w.diag.all[0].site, "CMD_PREFETCH_ADDR.SSV");
}

TEST(Prefetch, ThatFailsRecordsNoEvent) {
  struct Case {
    const char* what;
    std::function<void(PrefetchWorld&)> make;
  };
  const Case cases[] = {
      {"STE without V", [](PrefetchWorld& w) { w.put_ste(1, Structure()); }},
      {"ILLEGAL STE", [](PrefetchWorld& w) { w.put_ste(1, ste_stage1(1ULL << 50)); }},
      {"STE that aborts", [](PrefetchWorld& w) { w.put_ste(1, ste_abort()); }},
      {"no Stream table", [](PrefetchWorld& w) { w.memory.make_abort(World::strtab); }},
      {"CD without V", [](PrefetchWorld& w) { w.put(World::cd_address(1), Structure()); }},
      {"no memory for the CD", [](PrefetchWorld& w) { w.memory.make_abort(World::cds); }},
      {"no tables",
       [](PrefetchWorld& w) {
         for (std::uint64_t page = 0; page < 0x10'0000; page += 0x1000)
           w.memory.make_abort(World::tables + page);
       }},
      {"Access flag", [](PrefetchWorld& w) { w.change(w.descriptor(*w.vas, va), 0, AF); }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    PrefetchWorld w;
    c.make(w);
    w.command(config(1));
    w.command(addr(1), span(va, 0));
    w.command(addr(1), span(0x40'0000'0000, 0));    // beyond T0SZ
    w.command(addr(2), span(0x8000'0000'0000, 1));  // beyond the IAS
    w.command(addr(2), span(0xffff'ffff'0000'0000, 2));
    EXPECT_TRUE(w.commands_done());
    EXPECT_FALSE(w.pop_event());
    EXPECT_EQ(w.smmu.statistics().events_lost, 0U);
    EXPECT_EQ(w.translations(), 0U);
    EXPECT_EQ(w.read(0x60), w.read(0x64)) << "no global error";
  }
}

TEST(Prefetch, OfAStreamBeyondTheStreamTableDoesNothing) {
  PrefetchWorld w;
  for (const std::uint32_t sid : {0x100U, 0x1'0000U, 0xffff'ffffU}) {
    w.command(config(sid));
    w.command(addr(sid), span(va, 0));
  }
  EXPECT_TRUE(w.commands_done());
  EXPECT_EQ(w.fetches(), 0U);
  EXPECT_FALSE(w.pop_event()) << "whatever CR2.RECINVSID says";
  EXPECT_TRUE(w.diag.all.empty()) << "a prefetch is a hint";
}

TEST(Prefetch, OfAStreamThatBypassesOrAbortsFetchesItsSteAlone) {
  for (const Structure& ste : {ste_bypass(), ste_abort()}) {
    PrefetchWorld w;
    w.put_ste(5, ste);
    w.command(addr(5), span(va, 3));
    EXPECT_EQ(w.fetches(), 1U);
  }
}

TEST(Prefetch, WhileSmmuenIs0IsConsumedAndFetchesNothing) {
  PrefetchWorld w;
  w.write(0x20, CR0_CMDQEN | CR0_EVENTQEN);
  w.command(config(1));
  w.command(addr(1), span(va, 0));
  EXPECT_TRUE(w.commands_done());
  EXPECT_EQ(w.fetches(), 0U);
  EXPECT_EQ(w.smmu.statistics().prefetches, 0U);
}

TEST(Prefetch, StopsWhenSmmuenIsCleared) {
  PrefetchWorld w;
  w.push(addr(1), span(va, 4));
  while (w.work_on(w.commands())) {
  }
  ASSERT_EQ(w.prefetch().step(w.now), Step::need);
  w.write(0x20, CR0_CMDQEN | CR0_EVENTQEN);
  EXPECT_EQ(w.read(0x24), CR0_implemented) << "6.3.9.6: a fetch is under way";
  w.work_on(w.prefetch());
  w.work_on(w.prefetch());
  EXPECT_EQ(w.read(0x24), CR0_CMDQEN | CR0_EVENTQEN);
  EXPECT_FALSE(w.prefetch().running());
  EXPECT_EQ(w.smmu.engine().in_flight().all(), 0U);
  w.work();
  EXPECT_EQ(w.translations(), 0U);
}

TEST(Prefetch, SetsAccessFlagsAndNoDirtyState) {
  Features f;
  f.HTTU = 2;
  PrefetchWorld w(f, World::untimed(), true);
  pgtable::Builder& guest = *w.ipas;
  const std::uint64_t leaf = w.descriptor(*w.nested, va) - Stage2World::offset;
  const std::uint64_t page = w.descriptor(guest, ipa);
  const std::uint64_t cd = w.descriptor(guest, Stage2World::ipa_of(World::cds));
  constexpr std::uint64_t DBM = 1ULL << 51, AP2 = 1 << 7;
  w.change(leaf, DBM | AP2, AF);
  w.change(page, 0, AF);
  w.change(cd, 0, AF);
  w.command(config(3));
  EXPECT_NE(w.memory.read(cd, 8) & AF, 0U) << "4.2.1: of stage 2, for the CD";
  EXPECT_EQ(w.memory.read(leaf, 8) & AF, 0U);
  w.command(addr(3), span(va, 0));
  EXPECT_NE(w.memory.read(leaf, 8) & AF, 0U);
  EXPECT_NE(w.memory.read(page, 8) & AF, 0U);
  EXPECT_NE(w.memory.read(leaf, 8) & AP2, 0U) << "still clean";
  EXPECT_EQ(w.missing(3, va), 0U);
}

TEST(Prefetch, IsConsumedBeforeItEndsAndCmdSyncWaitsForIt) {
  PrefetchWorld w;
  w.push(addr(1), span(va, 1));
  w.push(0x46);
  while (w.work_on(w.commands())) {
  }
  EXPECT_EQ(w.read(0x9c), 1U);
  EXPECT_TRUE(w.prefetch().running());
  w.work();
  EXPECT_EQ(w.read(0x9c), 2U);
  EXPECT_EQ(w.translations(), 2U);
}

TEST(Prefetch, IsFollowedByTheNextOneWhenItEnds) {
  PrefetchWorld w;
  w.push(addr(1), span(va, 0));
  w.push(addr(2), span(ipa, 0));
  w.push(addr(3), span(va, 0));
  while (w.work_on(w.commands())) {
  }
  EXPECT_EQ(w.read(0x9c), 1U) << "one at a time";
  EXPECT_FALSE(w.commands().due()) << "nothing to do until the first has ended";
  w.work();
  EXPECT_TRUE(w.commands_done());
  EXPECT_EQ(w.smmu.statistics().prefetches, 3U);
  for (const std::uint32_t sid : {1U, 2U, 3U}) EXPECT_EQ(w.missing(sid, w.input(sid)), 0U);
}

TEST(Prefetch, ThatAnInvalidationOvertakesKeepsNothingOfBeforeIt) {
  for (unsigned fetches = 0; fetches < 5; ++fetches) {  // STE, CD, three levels
    PrefetchWorld w;
    w.push(addr(1), span(va, 1));
    while (w.work_on(w.commands())) {
    }
    for (unsigned i = 0; i < fetches; ++i) w.work_on(w.prefetch());
    ASSERT_TRUE(w.prefetch().waiting() || w.prefetch().step(w.now) == Step::need);
    const std::uint64_t leaf = w.descriptor(*w.vas, va);
    w.push(0x30);
    w.push(0x04, 31);
    while (w.work_on(w.commands())) {
    }
    EXPECT_EQ(w.read(0x9c), 3U) << "it does not wait for prefetches";
    w.work();
    EXPECT_EQ(w.translations(), 1U) << "the second address is looked up anew";
    w.change(leaf, 0x1'0000'0000, 0);
    EXPECT_EQ(w.access(1, va).output, pa + 0x1'0000'0000) << fetches;
  }
}

TEST(PrefetchTime, IsThatOfItsLookupsAndFetches) {
  Structures s;
  s.walk_port = {1000, 1000, 1};
  s.config = s.tlb = {3000, 1000, 1};
  s.walk_cache = {4000, 1000, 1};
  s.walker = {2000, 0, 2};
  s.command = {0, 0, 1};
  PrefetchWorld w({}, s);
  w.memory.latency = 20'000;
  w.command(addr(1), span(va, 0));
  // the command 21; configuration 3, STE and CD 21 each, TLB 3, walker 2, walk cache 4, three levels of 21
  EXPECT_EQ(w.now, 21'000U + 3'000U + 2 * 21'000U + 3'000U + 2'000U + 4'000U + 3 * 21'000U);
}

TEST(PrefetchReset, EndsIt) {
  PrefetchWorld w;
  w.push(addr(3), span(va, 3));
  while (w.work_on(w.commands())) {
  }
  ASSERT_EQ(w.prefetch().step(w.now), Step::need);
  w.smmu.reset();
  EXPECT_FALSE(w.prefetch().running());
  EXPECT_EQ(w.smmu.engine().in_flight().all(), 0U);
  w.work();
  EXPECT_EQ(w.translations(), 0U);
}

std::vector<std::uint8_t> saved(Smmu& smmu) {
  ArchiveWriter writer;
  smmu.visit(writer);
  EXPECT_TRUE(writer.ok()) << writer.error();
  return writer.data();
}

TEST(PrefetchArchive, GoesOnFromEachOfItsFetches) {
  Structures s;
  s.walk_port = {1000, 1000, 1};
  s.config = s.tlb = s.walk_cache = {3000, 1000, 1};
  for (unsigned fetches = 0;; ++fetches) {
    SCOPED_TRACE(std::to_string(fetches));
    PrefetchWorld w({}, s);
    w.memory.latency = 20'000;
    w.push(addr(3), span(va, 2));
    w.push(addr(1), span(va, 1));  // waits
    while (w.work_on(w.commands())) {
    }
    for (unsigned i = 0; i < fetches && w.work_on(w.prefetch()); ++i) {
    }
    if (w.prefetch().due()) w.prefetch().step(std::max(w.now, *w.prefetch().due()));
    if (!w.prefetch().running()) {
      EXPECT_GT(fetches, 10U);
      break;
    }
    PrefetchWorld v({}, s);
    v.memory = w.memory;
    v.now = w.now;
    ArchiveReader reader(saved(w.smmu));
    v.smmu.visit(reader);
    ASSERT_TRUE(reader.complete()) << reader.error();
    EXPECT_EQ(saved(v.smmu), saved(w.smmu));
    w.work();
    v.work();
    EXPECT_EQ(v.now, w.now);
    EXPECT_EQ(v.translations(), 6U);
    EXPECT_EQ(saved(v.smmu), saved(w.smmu));
  }
}

TEST(PrefetchArchive, OfAStateThatCannotBeIsRefused) {
  PrefetchWorld w;
  w.push(addr(1), span(va, 0));
  while (w.work_on(w.commands())) {
  }
  ASSERT_TRUE(w.prefetch().running());
  const std::vector<std::uint8_t> state = saved(w.smmu);
  // Its words stand behind its state; the Command queue has the same ones before.
  const std::array<std::uint8_t, 8> word0{0x02, 0, 0, 0, 1, 0, 0, 0};
  const auto words = std::find_end(state.begin(), state.end(), word0.begin(), word0.end());
  ASSERT_NE(words, state.end());
  const auto at = static_cast<std::size_t>(words - state.begin());
  unsigned refused = 0;
  for (std::size_t i = at - 64; i < std::min(at + 64, state.size()); ++i) {
    for (const unsigned bits : {0x01U, 0x80U, 0xffU}) {
      std::vector<std::uint8_t> damaged = state;
      damaged[i] = static_cast<std::uint8_t>(damaged[i] ^ bits);
      PrefetchWorld v;
      ArchiveReader reader(damaged);
      v.smmu.visit(reader);
      refused += reader.complete() ? 0U : 1U;
      v.work();
      EXPECT_FALSE(v.prefetch().running()) << "refused, or it ends";
    }
  }
  EXPECT_GT(refused, 0U);
}

}  // namespace
}  // namespace smmuvp::smmuv3
