// What performance monitors count, and of which streams (IHI 0070 10.2 to 10.4).
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "pmcg_world.h"

namespace smmuvp::smmuv3 {
namespace {

constexpr unsigned tcu = PmcgWorld::tcu;
constexpr unsigned tbu0 = PmcgWorld::tbu0;
constexpr std::uint64_t va = PmcgWorld::va;

class PmcgEvents : public testing::Test {
 protected:
  PmcgEvents() {
    w.start();
    w.stream_with_page(1);
    w.stream_with_page(2);
  }
  PmcgWorld w;
};

TEST_F(PmcgEvents, NothingIsCountedWhileNothingIsEnabled) {
  w.set_pmcg(tbu0, 0x400, 1 | PmcgWorld::span);
  w.set_pmcg(tbu0, 0xa00, ~0U);
  w.set_pmcg(tbu0, 0xe04, 1);
  w.access(1, va);
  EXPECT_EQ(w.counter(tbu0, 0), 0U) << "CNTEN is 0";
  w.set_pmcg(tbu0, 0xc00, 1);
  w.set_pmcg(tbu0, 0xe04, 0);
  w.access(1, va);
  EXPECT_EQ(w.counter(tbu0, 0), 0U) << "CR.E is 0";
  EXPECT_FALSE(w.smmu.engine().monitored());
  w.set_pmcg(tbu0, 0xe04, 1);
  w.access(1, va);
  EXPECT_EQ(w.counter(tbu0, 0), 1U);
  w.set_pmcg(tbu0, 0xc20, 1);
  w.access(1, va);
  EXPECT_EQ(w.counter(tbu0, 0), 1U);
}

TEST_F(PmcgEvents, AMissOfAllCachesIsEachEventOnceAndAnAccessForEachStructure) {
  for (unsigned n = 0; n < 4; ++n) w.count(tcu, n, static_cast<PmcgEvent>(n + 1));
  w.count(tbu0, 0, PmcgEvent::transaction);
  w.count(tbu0, 1, PmcgEvent::tlb_miss);
  w.access(1, va);
  EXPECT_EQ(w.counter(tbu0, 0), 1U) << "transaction";
  EXPECT_EQ(w.counter(tbu0, 1), 1U) << "TLB miss of the TBU";
  EXPECT_EQ(w.counter(tcu, 0), 1U) << "request of the TBU";
  EXPECT_EQ(w.counter(tcu, 1), 1U) << "TLB miss";
  EXPECT_EQ(w.counter(tcu, 2), 1U) << "configuration cache miss, once for STE and CD";
  EXPECT_EQ(w.counter(tcu, 3), 3U) << "levels 1 to 3";
  w.count(tcu, 0, PmcgEvent::config_access);
  w.set_counter(tcu, 0, 0);
  w.access(2, va);
  EXPECT_EQ(w.counter(tcu, 0), 2U) << "STE and CD";
}

TEST_F(PmcgEvents, HitsAreTransactionsAndNothingElse) {
  w.access(1, va);
  w.count(tbu0, 0, PmcgEvent::transaction);
  w.count(tbu0, 1, PmcgEvent::tlb_miss);
  w.count(tcu, 0, PmcgEvent::transaction);
  w.count(tcu, 1, PmcgEvent::tlb_miss);
  w.count(tcu, 2, PmcgEvent::config_miss);
  w.count(tcu, 3, PmcgEvent::walk_access);
  for (unsigned i = 0; i < 10; ++i) w.access(1, va + 4 * i);
  EXPECT_EQ(w.counter(tbu0, 0), 10U);
  EXPECT_EQ(w.counter(tbu0, 1), 0U);
  for (unsigned n = 0; n < 4; ++n) EXPECT_EQ(w.counter(tcu, n), 0U) << n;
}

// Whoever counts changes nothing: neither answers, nor times, nor statistics.
TEST(PmcgCounting, ChangesNoAnswerNoTimeAndNoStatistics) {
  PmcgWorld plain(PmcgWorld::with_groups(), PmcgWorld::tbus(2, true));
  PmcgWorld counted(PmcgWorld::with_groups(), PmcgWorld::tbus(2, true));
  for (PmcgWorld* w : {&plain, &counted}) {
    w->start();
    for (std::uint32_t sid = 1; sid < 8; ++sid) EXPECT_TRUE(w->stream(sid).map(va, PmcgWorld::pa, 0x80000));
    w->put_ste(9, ste_bypass());
  }
  counted.count(1, 0, PmcgEvent::transaction);
  counted.count(2, 0, PmcgEvent::transaction);
  counted.count(1, 1, PmcgEvent::tlb_miss);
  for (unsigned n = 0; n < 4; ++n) counted.count(tcu, n, static_cast<PmcgEvent>(n + 1));
  std::uint64_t transactions[2] = {};
  for (unsigned i = 0; i < 2000; ++i) {
    const auto port = static_cast<std::uint8_t>(i * 7 % 3 % 2);
    const std::uint32_t sid = i % 11 == 0 ? 9 : 1 + i * 5 % 7;
    const std::uint64_t address = i % 50 == 0 ? 0x9000'0000 : va + (i * 2654435761U % 0x80000 & ~3U);
    plain.now = counted.now = std::max(plain.now, counted.now) + 3000;
    const smmu::AccessAnswer a = plain.access_by(port, sid, address);
    const smmu::AccessAnswer b = counted.access_by(port, sid, address);
    ASSERT_EQ(a.outcome, b.outcome) << i;
    ASSERT_EQ(a.output, b.output) << i;
    ASSERT_EQ(a.time, b.time) << i;
    ASSERT_EQ(a.tlb_hit, b.tlb_hit) << i;
    ++transactions[port];
    while (plain.pop_event()) counted.pop_event();
  }
  const smmu::Statistics a = plain.smmu.engine_statistics();
  const smmu::Statistics b = counted.smmu.engine_statistics();
  EXPECT_EQ(a.micro_tlb_hits, b.micro_tlb_hits);
  EXPECT_EQ(a.tlb_misses, b.tlb_misses);
  EXPECT_EQ(a.translation_time, b.translation_time);
  EXPECT_GT(a.micro_tlb_hits, 100U);
  EXPECT_EQ(counted.counter(1, 0), transactions[0]);
  EXPECT_EQ(counted.counter(2, 0), transactions[1]);
  EXPECT_EQ(counted.counter(1, 1), counted.smmu.engine().tbu_statistics(0).micro_tlb_misses);
  EXPECT_EQ(counted.counter(tcu, 0), b.micro_tlb_misses);
  EXPECT_EQ(counted.counter(tcu, 1), b.tlb_misses + b.tlb_rewalks);
  EXPECT_EQ(counted.counter(tcu, 3), b.walk_reads);
}

TEST_F(PmcgEvents, EachTbuHasItsOwnTransactions) {
  w.count(1, 0, PmcgEvent::transaction);
  w.count(2, 0, PmcgEvent::transaction);
  for (unsigned i = 0; i < 5; ++i) w.access_by(0, 1, va);
  for (unsigned i = 0; i < 3; ++i) w.access_by(1, 1, va);
  EXPECT_EQ(w.counter(1, 0), 5U);
  EXPECT_EQ(w.counter(2, 0), 3U);
}

TEST_F(PmcgEvents, TerminatedTransactionsAreIncluded) {
  w.count(tbu0, 0, PmcgEvent::transaction);
  w.count(tcu, 0, PmcgEvent::transaction);
  w.count(tcu, 1, PmcgEvent::tlb_miss);
  w.access(1, 0x7000'0000);  // F_TRANSLATION
  w.access(30, va);          // C_BAD_STE
  EXPECT_EQ(w.counter(tbu0, 0), 2U);
  EXPECT_EQ(w.counter(tcu, 0), 2U);
  EXPECT_EQ(w.counter(tcu, 1), 1U);
}

TEST_F(PmcgEvents, TransactionsAreCountedWhileTheSmmuIsDisabled) {
  PmcgWorld off;
  off.count(tbu0, 0, PmcgEvent::transaction);
  off.count(tbu0, 1, PmcgEvent::transaction, 7, 0);
  off.count(tcu, 0, PmcgEvent::transaction);
  for (unsigned i = 0; i < 3; ++i) EXPECT_EQ(off.access(7, va).output, va);
  off.access(8, va);
  EXPECT_EQ(off.counter(tbu0, 0), 4U);
  EXPECT_EQ(off.counter(tbu0, 1), 3U);
  EXPECT_EQ(off.counter(tcu, 0), 0U) << "TBUs ask for nothing";
}

TEST_F(PmcgEvents, PrefetchesAndAtosAreAccessesToMemoryAndNoTransactions) {
  Features f = PmcgWorld::with_groups();
  f.ATOS = true;
  PmcgWorld a(f);
  a.start();
  a.stream_with_page(1);
  a.stream_with_page(2);
  for (unsigned n = 0; n < 4; ++n) a.count(tcu, n, static_cast<PmcgEvent>(n + 1));
  a.command(0x02 | std::uint64_t{1} << 32, va);  // CMD_PREFETCH_ADDR
  EXPECT_EQ(a.counter(tcu, 3), 3U) << "walk accesses";
  a.write(0x108, 2, 8);
  a.write(0x110, va | 1 << 10 | 1 << 8, 8);
  a.write(0x100, 1);
  a.work();
  EXPECT_EQ(a.counter(tcu, 3), 6U);
  for (unsigned n = 0; n < 3; ++n) EXPECT_EQ(a.counter(tcu, n), 0U) << n;
  a.count(tcu, 0, PmcgEvent::config_access, 2, 0);
  a.set_counter(tcu, 0, 0);
  a.access(2, va);
  EXPECT_EQ(a.counter(tcu, 0), 0U) << "the operation has fetched them";
}

TEST(PmcgRetries, ARetriedTransactionIsCountedAnew) {
  Features f = PmcgWorld::with_groups();
  f.STALL_MODEL = 0;
  f.STALL_MAX = 4;
  PmcgWorld w(f);
  w.start();
  auto& b = w.stream(1);
  w.put(World::cd_address(1), cd_for(b.config(), 1).set(44, 1, 1));
  w.count(tbu0, 0, PmcgEvent::transaction);
  w.count(tcu, 1, PmcgEvent::tlb_miss);
  w.count(tcu, 2, PmcgEvent::config_miss);
  Access a(w.smmu, World::request(1, va));
  smmu::Step step = a.step();
  for (; step == smmu::Step::need; step = a.step()) a.complete(w.memory.carry_out(a.op()));
  ASSERT_EQ(step, smmu::Step::stalled);
  w.work();
  EXPECT_EQ(w.counter(tbu0, 0), 1U);
  EXPECT_TRUE(b.map(va, PmcgWorld::pa, 0x1000));
  const auto record = w.pop_event();
  ASSERT_TRUE(record);
  const std::uint64_t STAG = bits(*record, 79, 64);
  w.command(0x44 | 1U << 12 | std::uint64_t{1} << 32, STAG);  // CMD_RESUME, retry
  w.finish(a);
  EXPECT_EQ(a.answer().outcome, smmu::Outcome::forward);
  EXPECT_EQ(w.counter(tbu0, 0), 2U);
  EXPECT_EQ(w.counter(tcu, 1), 2U);
  EXPECT_EQ(w.counter(tcu, 2), 1U) << "the second time caches have it";
}

TEST_F(PmcgEvents, UpdatesOfTablesAreWalkAccesses) {
  Features f = PmcgWorld::with_groups();
  f.HTTU = 1;
  PmcgWorld h(f);
  h.start();
  auto& b = h.stream(1);
  pgtable::Mapping mapping;
  mapping.accessed = false;
  EXPECT_TRUE(b.map(va, PmcgWorld::pa, 0x1000, mapping));
  h.put(World::cd_address(1), cd_for(b.config(), 1).set(43, 1, 1));
  h.count(tcu, 0, PmcgEvent::walk_access);
  EXPECT_EQ(h.access(1, va).outcome, smmu::Outcome::forward);
  EXPECT_EQ(h.counter(tcu, 0), 4U) << "three reads, and the update of the Access flag";
}

TEST(PmcgAts, RequestsAndTranslatedTransactionsAreEventsOfTheirOwn) {
  Features f = PmcgWorld::with_groups();
  f.ATS = true;
  PmcgWorld w(f);
  w.start();
  w.stream_with_page(1);
  const std::uint64_t eats = World::strtab + 64 + 8;  // of STE 1
  w.memory.write(eats, w.memory.read(eats, 8) | 1ULL << 28);
  EXPECT_EQ(w.pmcg(tcu, 0xe20, 8) >> 6, 1U);
  EXPECT_EQ(w.pmcg(tbu0, 0xe20, 8) >> 6, 2U);
  w.count(tcu, 0, PmcgEvent::ats_request);
  w.count(tbu0, 0, PmcgEvent::ats_translated);
  smmu::AccessRequest r = World::request(1, va);
  w.access(r);
  EXPECT_EQ(w.counter(tcu, 0) + w.counter(tbu0, 0), 0U) << "an ordinary transaction";
  r.ats = smmu::AtsPhase::translation_request;
  for (int i = 0; i < 3; ++i) w.access(r);
  r.ats = smmu::AtsPhase::translated;
  for (int i = 0; i < 2; ++i) w.access(r);
  EXPECT_EQ(w.counter(tcu, 0), 3U);
  EXPECT_EQ(w.counter(tbu0, 0), 2U);
  EXPECT_EQ(w.counter(tcu, 0), w.smmu.statistics().ats_requests);
  EXPECT_EQ(w.counter(tbu0, 0), w.smmu.statistics().ats_translated);
}

TEST_F(PmcgEvents, DebugAccessesAreNone) {
  for (unsigned n = 0; n < 4; ++n) w.count(tcu, n, static_cast<PmcgEvent>(n + 1));
  w.count(tbu0, 0, PmcgEvent::transaction);
  smmu::AccessRequest r = World::request(1, va);
  r.debug = true;
  Access a(w.smmu, r);
  w.finish(a);
  EXPECT_EQ(w.counter(tbu0, 0), 0U);
  for (unsigned n = 0; n < 4; ++n) EXPECT_EQ(w.counter(tcu, n), 0U) << n;
}

TEST_F(PmcgEvents, CyclesAreThoseOfTheClock) {
  w.count(tcu, 0, PmcgEvent::cycle);
  w.count(tbu0, 1, PmcgEvent::cycle, 5, 0);
  w.now += 1'234'567;
  EXPECT_EQ(w.counter(tcu, 0), 1234U);
  EXPECT_EQ(w.counter(tbu0, 1), 1234U) << "no filter is about them";
  w.set_pmcg(tcu, 0xe04, 0);
  w.now += 1'000'000;
  EXPECT_EQ(w.counter(tcu, 0), 1234U);
  w.set_pmcg(tcu, 0xe04, 1);
  w.now += 10'000;
  EXPECT_EQ(w.counter(tcu, 0), 1244U);
  w.set_counter(tcu, 0, 7);
  EXPECT_EQ(w.counter(tcu, 0), 7U);
  EXPECT_FALSE(w.smmu.engine().monitored()) << "cycles need no events";
}

TEST_F(PmcgEvents, AnEventThatAGroupCannotCountCountsNothingAndIsTold) {
  w.set_pmcg(tbu0, 0x400, 5);
  w.set_pmcg(tbu0, 0xe04, 1);
  EXPECT_TRUE(w.diag.all.empty()) << "no counter counts it yet";
  w.set_pmcg(tbu0, 0xc00, 1);
  ASSERT_EQ(w.diag.all.size(), 1U);
  EXPECT_NE(w.diag.all[0].text.find("counter 0 of pmcg1 is enabled for event 5"), std::string::npos);
  w.set_pmcg(tcu, 0x400, 0xffff);
  w.set_pmcg(tcu, 0xc00, 1);
  w.set_pmcg(tcu, 0xe04, 1);
  EXPECT_EQ(w.diag.all.size(), 2U);
  w.access(1, va);
  EXPECT_EQ(w.counter(tbu0, 0), 0U);
  EXPECT_EQ(w.counter(tcu, 0), 0U);
}

// The examples of 10.4, of as many bits as SMRn has.
TEST(PmcgFilter, MatchesAsTheModesOfItsTableSay) {
  Features f = PmcgWorld::with_groups();
  f.SIDSIZE = 32;
  struct Case {
    std::uint32_t SMR;
    bool span;
    std::uint32_t stream;
    bool matches;
  };
  const Case cases[] = {
      {0x001b'f7f7, true, 0x001b'f7f0, true},   {0x001b'f7f7, true, 0x001b'f7ff, true},
      {0x001b'f7f7, true, 0x001b'f7e0, false},  {0x001b'f7f6, true, 0x001b'f7f6, true},
      {0x001b'f7f6, true, 0x001b'f7f7, true},   {0x001b'f7f6, true, 0x001b'f7f5, false},
      {0x001b'f5ff, true, 0x001b'f400, true},   {0x001b'f5ff, true, 0x001b'f7ff, true},
      {0x001b'f5ff, true, 0x001b'f800, false},  {0x001b'f5ff, false, 0x001b'f5ff, true},
      {0x001b'f5ff, false, 0x001b'f5fe, false}, {0xffff'ffff, true, 0x1234'5678, true},
      {0x7fff'ffff, true, 0x9234'5678, true},   {0xffff'ffff, false, 0x1234'5678, false},
      {0x3fff'ffff, true, 0x7fff'ffff, true},   {0x3fff'ffff, true, 0x8000'0000, false},
  };
  for (const Case& c : cases) {
    PmcgWorld w(f);
    w.count(PmcgWorld::tbu0, 0, PmcgEvent::transaction, c.SMR, c.span ? PmcgWorld::span : 0U);
    w.access(c.stream, va);
    EXPECT_EQ(w.counter(PmcgWorld::tbu0, 0), c.matches ? 1U : 0U) << std::hex << c.SMR << " " << c.stream;
  }
}

TEST(PmcgFilter, AllOnesOfTheImplementedBitsMatchEveryStream) {
  PmcgWorld w;  // SIDSIZE 16
  w.count(PmcgWorld::tbu0, 0, PmcgEvent::transaction, ~0U);
  EXPECT_EQ(w.pmcg(PmcgWorld::tbu0, 0xa00), 0xffffU) << "the readback has the implemented bits";
  w.count(PmcgWorld::tbu0, 1, PmcgEvent::transaction, 0x7fff);
  w.count(PmcgWorld::tbu0, 2, PmcgEvent::transaction, 0xffff, 0);
  for (const std::uint32_t sid : {0U, 0x1234U, 0xffffU}) w.access(sid, va);
  EXPECT_EQ(w.counter(PmcgWorld::tbu0, 0), 3U);
  EXPECT_EQ(w.counter(PmcgWorld::tbu0, 1), 3U);
  EXPECT_EQ(w.counter(PmcgWorld::tbu0, 2), 1U) << "exactly that one";
}

TEST(PmcgFilter, EveryCounterHasItsOwn) {
  PmcgWorld w;
  w.start();
  w.stream_with_page(1);
  w.stream_with_page(2);
  w.count(tcu, 0, PmcgEvent::walk_access, 1, 0);
  w.count(tcu, 1, PmcgEvent::walk_access, 2, 0);
  w.count(tcu, 2, PmcgEvent::walk_access, 0, PmcgWorld::span);  // 0 and 1
  w.access(1, va);
  w.access(2, va);
  w.access(2, va + 0x1000);
  EXPECT_EQ(w.counter(tcu, 0), 3U);
  EXPECT_EQ(w.counter(tcu, 1), 4U) << "the second walk begins at the last table";
  EXPECT_EQ(w.counter(tcu, 2), 3U);
}

TEST(PmcgFilter, OfCounter0IsThatOfAllWithSidFilterType1) {
  PmcgFeatures f;
  f.SID_FILTER_TYPE = true;
  PmcgWorld w(PmcgWorld::with(f));
  w.set_pmcg(tbu0, 0xa00, 5);
  w.set_pmcg(tbu0, 0x404, ~0U);
  EXPECT_EQ(w.pmcg(tbu0, 0x404), 0x8000'ffffU) << "EVTYPER1 has no filter";
  ASSERT_EQ(w.diag.all.size(), 1U);
  EXPECT_NE(w.diag.all[0].text.find("SID_FILTER_TYPE is 1"), std::string::npos);
  w.set_pmcg(tbu0, 0xa04, 7);
  EXPECT_EQ(w.pmcg(tbu0, 0xa04), 0U) << "SMR1 is RES0";
  w.set_pmcg(tbu0, 0x404, 1);
  w.set_pmcg(tbu0, 0xc00, 2);
  w.set_pmcg(tbu0, 0xe04, 1);
  w.access(5, va);
  w.access(7, va);
  EXPECT_EQ(w.counter(tbu0, 1), 1U);
  w.set_pmcg(tbu0, 0x400, PmcgWorld::span);
  w.set_pmcg(tbu0, 0xa00, 3);  // 0 to 7
  w.access(5, va);
  w.access(7, va);
  w.access(8, va);
  EXPECT_EQ(w.counter(tbu0, 1), 3U);
}

TEST(PmcgFilter, NoSecureStreamIsObserved) {
  Features f = PmcgWorld::with_groups();
  f.SECURE_IMPL = true;
  PmcgWorld w(f);
  w.count(tbu0, 0, PmcgEvent::transaction);
  smmu::AccessRequest r = World::request(1, va);
  r.secure_stream = true;
  w.access(r);
  EXPECT_EQ(w.counter(tbu0, 0), 0U);
  w.access(1, va);
  EXPECT_EQ(w.counter(tbu0, 0), 1U);
  PmcgWorld without;
  without.count(tbu0, 0, PmcgEvent::transaction);
  without.access(r);
  EXPECT_EQ(without.counter(tbu0, 0), 1U) << "without Secure state all streams are Non-secure";
}

// 10.6: nor are misses and accesses to memory of the TCU for one. Memory here has no spaces, so that Secure
// and Non-secure streams have the same tables.
TEST(PmcgFilter, NothingThatTheTcuDoesForASecureStreamIsObserved) {
  PmcgFeatures pmcg;
  pmcg.counters = 5;
  Features f = PmcgWorld::with(pmcg);
  f.SECURE_IMPL = true;
  PmcgWorld w(f);
  w.start();
  w.stream_with_page(1);
  const auto set_secure = [&](std::uint32_t offset, std::uint64_t value, unsigned bytes = 4) {
    w.smmu.window().at(offset).write(offset, bytes, AccessSecurity::Secure, w.now, value);
  };
  set_secure(0x8080, World::strtab, 8);
  set_secure(0x8088, 8);
  set_secure(0x8020, CR0_SMMUEN);
  w.work();
  for (unsigned n = 0; n < 5; ++n) w.count(tcu, n, static_cast<PmcgEvent>(n + 1));
  smmu::AccessRequest r = World::request(1, va);
  r.secure_stream = true;
  r.space = smmu::AddressSpace::secure;
  ASSERT_EQ(w.access(r).outcome, smmu::Outcome::forward);
  EXPECT_EQ(w.smmu.engine_statistics().walks, 1U);
  for (unsigned n = 0; n < 5; ++n) EXPECT_EQ(w.counter(tcu, n), 0U) << "event " << n + 1;
  ASSERT_EQ(w.access(1, va).outcome, smmu::Outcome::forward);
  for (unsigned n = 0; n < 5; ++n) EXPECT_NE(w.counter(tcu, n), 0U) << "event " << n + 1;
}

}  // namespace
}  // namespace smmuvp::smmuv3
