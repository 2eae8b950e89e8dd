// Events that performance monitors count, and the filters that choose among them (IHI 0062 chapter 6, 12.2).
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "monitors.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using smmu::AccessKind;
using smmu::Outcome;

// ---- counters (12.2.9, 12.2.11)

TEST(Counter, IsWrittenWhetherItCountsOrNot) {
  Monitors w;
  w.write_pm(PMEVCNTR0, 0x1234'5678);  // PMCR.E is 0
  EXPECT_EQ(w.count(0), 0x1234'5678U);
  w.write_pm(offsets::PMCR, PMCR_E);
  w.write_pm(PMEVCNTR0, 5);  // PMCNTEN is 0
  EXPECT_EQ(w.count(0), 5U);
  w.monitor(0, accessed);
  w.write_pm(PMEVCNTR0, 7);
  w.access(1, 0);
  EXPECT_EQ(w.count(0), 8U);
}

TEST(Counter, CountsIfItAndAllAreEnabled) {
  Monitors w;
  w.monitor(0, accessed);
  w.access(1, 0);
  EXPECT_EQ(w.count(0), 0U);
  w.write_pm(offsets::PMCR, PMCR_E);
  w.access(1, 0);
  EXPECT_EQ(w.count(0), 1U);
  w.write_pm(PMCNTENCLR0, 1);
  w.access(1, 0);
  EXPECT_EQ(w.count(0), 1U);
  w.write_pm(PMCNTENSET0, 1);
  w.write_pm(offsets::PMCR, 0);
  w.access(1, 0);
  EXPECT_EQ(w.count(0), 1U);
  EXPECT_EQ(w.read_pm(PMCNTENCLR0), 1U);  // it keeps its value
}

TEST(PMCR, PResetsCountersAndNothingElse) {
  Monitors w;
  w.write_pm(PMEVCNTR0, 5);
  w.write_pm(PMEVCNTR0 + 4 * 7, 6);
  w.write_pm(PMOVSSET0, 1);
  w.write_pm(offsets::PMCR, PMCR_E | PMCR_P);
  EXPECT_EQ(w.count(0), 0U);
  EXPECT_EQ(w.count(7), 0U);
  EXPECT_TRUE(w.overflown(0));
  EXPECT_EQ(w.read_pm(offsets::PMCR), PMCR_E);  // P is WO
}

TEST(PMCR, HasNoExport) {
  Monitors w;
  w.write_pm(offsets::PMCR, ~0U);
  EXPECT_EQ(w.read_pm(offsets::PMCR), PMCR_E);
}

TEST(Event, OfANumberThatIsNotImplementedNeverOccurs) {
  Monitors w;
  w.write_pm(offsets::PMCR, PMCR_E);
  w.monitor(0, 0x0002);
  w.monitor(1, 0x0013);
  w.monitor(2, 0x0110);
  w.access(1, 0);
  w.now = 1'000'000;
  for (unsigned n = 0; n < 3; ++n) EXPECT_EQ(w.count(n), 0U) << n;
}

// ---- cycles (6.3)

TEST(CycleEvent, OccursEveryClockOfSimulatedTimeAndEvery64thOne) {
  for (const bool timing : {false, true}) {
    Structures s;
    s.timing = timing;
    s.clock = 2'000;
    Monitors w(with_groups(2, 4), s);
    w.monitor(0, cycles);
    w.monitor(1, cycles_by_64);
    w.now = 3'000;
    w.write_pm(offsets::PMCR, PMCR_E);
    w.now = 3'999;
    EXPECT_EQ(w.count(0), 0U);
    w.now = 4'000;
    EXPECT_EQ(w.count(0), 1U);
    w.now = 127'999;
    EXPECT_EQ(w.count(1), 0U);
    w.now = 128'000;
    EXPECT_EQ(w.count(0), 63U);
    EXPECT_EQ(w.count(1), 1U);
    w.write_pm(PMCNTENCLR0, 1);
    w.now = 256'000;
    EXPECT_EQ(w.count(0), 63U);
    EXPECT_EQ(w.count(1), 2U);
  }
}

TEST(CycleEvent, IsCountedUpToAWriteOfTheCounterAndFromThereOn) {
  Monitors w;
  w.monitor(0, cycles);
  w.write_pm(offsets::PMCR, PMCR_E);
  w.now = 10'000;
  w.write_pm(PMEVCNTR0, 100);
  w.now = 25'000;
  EXPECT_EQ(w.count(0), 115U);
}

TEST(CycleEvent, OverflowsAsOftenAsTimeSays) {
  Monitors w;
  w.monitor(0, cycles);
  w.write_pm(offsets::PMCR, PMCR_E);
  w.now = 3'000 * (std::uint64_t{1} << 32) + 7'000;
  EXPECT_EQ(w.count(0), 7U);
  EXPECT_TRUE(w.overflown(0));
}

TEST(CycleEvent, DoesNotGoBackWithAnAccessFromThePast) {
  Monitors w;
  w.monitor(0, cycles);
  w.write_pm(offsets::PMCR, PMCR_E);
  w.now = 10'000;
  EXPECT_EQ(w.count(0), 10U);
  w.now = 5'000;
  EXPECT_EQ(w.count(0), 10U);
  w.now = 11'000;
  EXPECT_EQ(w.count(0), 11U);
}

// ---- accesses (6.3)

TEST(AccessEvent, OccursForEachTransactionByItsDirection) {
  Monitors w;
  auto& b = w.stream64(9, 3);
  b.map(0x1000, 0x2000, 0x1000);
  w.start();
  w.monitor(0, accessed);
  w.monitor(1, accessed_read);
  w.monitor(2, accessed_write);
  w.write_pm(offsets::PMCR, PMCR_E);
  for (int i = 0; i < 3; ++i) w.access(9, 0x1000);
  for (int i = 0; i < 4; ++i) w.access(9, 0x1008, AccessKind::write);
  w.access(9, 0x1010, AccessKind::atomic);
  EXPECT_EQ(w.count(0), 8U);
  EXPECT_EQ(w.count(1), 4U);
  EXPECT_EQ(w.count(2), 4U);
}

TEST(AccessEvent, OccursForWhatPassesAndWhatFaultsToo) {
  Monitors w;
  w.stream64(9, 3);
  w.map_stream(10, 10, S2CR_bypass);
  w.map_stream(11, 11, S2CR_fault);
  w.monitor(0, accessed);
  w.write_pm(offsets::PMCR, PMCR_E);
  w.access(5, 0);  // CLIENTPD
  EXPECT_EQ(w.count(0), 1U);
  w.start();
  w.access(5, 0);       // an unidentified stream
  w.access(9, 0x5000);  // a Translation fault
  w.access(9, 0x5000);  // behind it
  w.access(10, 0);
  w.access(11, 0);
  auto r = World::request(10, 0);
  r.ats = smmu::AtsPhase::translated;
  w.access(r);
  EXPECT_EQ(w.count(0), 7U);
}

TEST(AccessEvent, OccursOnceForATransactionThatIsRetried) {
  Monitors w;
  auto& b = w.stream64(9, 3, 1, SCTLR_CFCFG);
  w.start();
  w.monitor(0, accessed);
  w.write_pm(offsets::PMCR, PMCR_E);
  Access a(w.smmu, World::request(9, 0x5000));
  EXPECT_FALSE(w.run(a));
  EXPECT_EQ(w.count(0), 1U);
  b.map(0x5000, 0x7000, 0x1000);
  w.write_cb(3, FSR, ~0U);
  w.write_cb(3, RESUME, 0);
  EXPECT_TRUE(w.run(a));
  EXPECT_EQ(a.answer().outcome, Outcome::forward);
  EXPECT_EQ(w.count(0), 1U);
}

TEST(AccessEvent, IsNoDebuggersDoing) {
  Monitors w;
  auto& b = w.stream64(9, 3);
  b.map(0x1000, 0x2000, 0x1000);
  w.start();
  w.monitor(0, accessed);
  w.monitor(1, tlb_allocated);
  w.write_pm(offsets::PMCR, PMCR_E);
  auto r = World::request(9, 0x1000);
  r.debug = true;
  EXPECT_EQ(w.access(r).output, 0x2000U);
  EXPECT_EQ(w.count(0), 0U);
  EXPECT_EQ(w.count(1), 0U);
}

// 7.2
TEST(AccessEvent, IsNoneForASecureDeviceWhereThereIsOneSecurityState) {
  Monitors w;
  w.start();
  w.monitor(0, accessed);
  w.write_pm(offsets::PMCR, PMCR_E);
  auto r = World::request(9, 0x1000);
  r.space = pgtable::AddressSpace::secure;
  EXPECT_EQ(w.access(r).outcome, Outcome::forward);
  EXPECT_EQ(w.count(0), 0U);
}

TEST(Tbus, KeepAnswersUnlessAccessesAreCounted) {
  Monitors w;
  auto& b = w.stream64(9, 3);
  b.map(0x1000, 0x2000, 0x1000);
  w.start();
  w.monitor(0, cycles);
  w.monitor(1, tlb_allocated);
  w.write_pm(PMEVTYPER0 + 8, accessed);
  w.write_pm(offsets::PMCR, PMCR_E);
  const auto hits = [&] { return w.smmu.engine_statistics().micro_tlb_hits; };
  for (int i = 0; i < 3; ++i) w.access(9, 0x1000);
  EXPECT_EQ(hits(), 2U);
  w.monitor(2, accessed);
  for (int i = 0; i < 3; ++i) w.access(9, 0x1000);
  EXPECT_EQ(hits(), 2U);
  EXPECT_EQ(w.count(2), 3U);
  w.write_pm(offsets::PMCR, 0);
  for (int i = 0; i < 3; ++i) w.access(9, 0x1000);
  EXPECT_EQ(hits(), 4U);
}

// ---- TLB entries (6.3)

TEST(TlbEntryAllocatedEvent, OccursWhenAWalkFillsTheTlb) {
  Monitors w;
  auto& b = w.stream64(9, 3);
  b.map(0x1000, 0x2000, 0x1000);
  b.map(0x2000, 0x5000, 0x1000);
  b.map(0x3000, 0x6000, 0x1000);
  w.start();
  w.monitor(0, tlb_allocated);
  w.monitor(1, tlb_allocated_read);
  w.monitor(2, tlb_allocated_write);
  w.write_pm(offsets::PMCR, PMCR_E);
  for (int i = 0; i < 2; ++i) {
    w.access(9, 0x1000);
    w.access(9, 0x2000, AccessKind::write);
    w.access(9, 0x3000, AccessKind::atomic);
  }
  w.access(9, 0x7000);  // faults: nothing is kept (5.4.1)
  EXPECT_EQ(w.count(0), 3U);
  EXPECT_EQ(w.count(1), 2U);
  EXPECT_EQ(w.count(2), 1U);
}

// ---- filters of groups (6.6, 12.2.5, 12.2.6)

TEST(StreamFilter, CountsTransactionsThatMatchIdButForMaskedBits) {
  Monitors w;
  w.monitor(0, accessed);
  w.write_pm(PMCGSMR0, 0x0003U << 16 | 0x0104U);
  w.write_pm(PMCGCR0, PMCGCR_stream);
  w.write_pm(offsets::PMCR, PMCR_E);
  for (const std::uint32_t sid : {0x103U, 0x104U, 0x107U, 0x108U, 0x004U}) w.access(sid, 0);
  EXPECT_EQ(w.count(0), 2U);
}

TEST(StreamFilter, HasSixteenBitsWithExidenable) {
  Monitors w;
  w.monitor(0, accessed);
  w.write_pm(PMCGSMR0, 0x8001U);
  w.write_pm(PMCGCR0, PMCGCR_stream);
  w.write_pm(offsets::PMCR, PMCR_E);
  w.access(0x0001, 0);  // bit 15 of ID is reserved
  w.access(0x8001, 0);  // there is no such StreamID
  EXPECT_EQ(w.count(0), 1U);
  w.start(CR0_EXIDENABLE);
  w.access(0x0001, 0);
  EXPECT_EQ(w.count(0), 1U);
  w.access(0x8001, 0);
  EXPECT_EQ(w.count(0), 2U);
}

TEST(BankFilter, CountsTransactionsThatTheBankProcesses) {
  Monitors w;
  auto& s2 = w.builder(World::config_stage2());
  auto& s1 = w.builder(World::config64());
  s1.map(0x1000, 0x40'0000, 0x1000);
  s2.map(World::tables, World::tables, 0x20'0000);
  s2.map(0x40'0000, 0x9000'0000, 0x1000);
  w.bank_stage2(5, s2.config(), 7);
  w.bank64(6, s1.config(), 1, 7, 0, CBAR_nested | 5U << 8);
  w.map_stream(0, 9, S2CR_translate | 6);
  w.stream64(8, 3).map(0x1000, 0x2000, 0x1000);
  w.map_stream(2, 10, S2CR_bypass);
  w.start();
  for (const unsigned bank : {3U, 5U, 6U, 0U}) {
    w.monitor(0, accessed);
    w.monitor(1, tlb_allocated);
    w.write_pm(PMCGCR0, PMCGCR_bank | bank);
    w.write_pm(offsets::PMCR, PMCR_E);
    w.write(TLBIALLNSNH, 0);
    EXPECT_EQ(w.access(9, 0x1000).outcome, Outcome::forward);
    EXPECT_EQ(w.access(8, 0x1000).outcome, Outcome::forward);
    EXPECT_EQ(w.access(8, 0x1000).outcome, Outcome::forward);
    w.access(10, 0x1000);
    w.access(11, 0x1000);
    EXPECT_EQ(w.count(0), bank == 3 ? 2U : bank == 0 ? 0U : 1U) << bank;
    EXPECT_EQ(w.count(1), bank == 0 ? 0U : 1U) << bank;
  }
}

TEST(GroupFilter, IsOfItsGroupAlone) {
  Monitors w;
  w.monitor(3, accessed);
  w.monitor(4, accessed);
  w.write_pm(PMCGSMR0, 1);
  w.write_pm(PMCGSMR0 + 4, 2);
  w.write_pm(PMCGCR0, PMCGCR_stream);
  w.write_pm(PMCGCR0 + 4, PMCGCR_stream);
  w.write_pm(offsets::PMCR, PMCR_E);
  w.access(1, 0);
  w.access(2, 0);
  w.access(2, 0);
  EXPECT_EQ(w.count(3), 1U);
  EXPECT_EQ(w.count(4), 2U);
}

TEST(GroupFilter, CountsAllWithTheReservedValue) {
  Monitors w;
  w.monitor(0, accessed);
  w.write_pm(PMCGCR0, 3U << 8 | 5U);
  w.write_pm(offsets::PMCR, PMCR_E);
  w.access(1, 0);
  EXPECT_EQ(w.count(0), 1U);
}

// ---- filters of counters (12.2.12)

TEST(PMEVTYPER, FiltersBySecurityAndPrivilege) {
  for (std::uint32_t filter = 0; filter < 16; ++filter) {
    const bool P = (filter & 8U) != 0, U = (filter & 4U) != 0;
    const bool NSP = (filter & 2U) != 0, NSU = (filter & 1U) != 0;
    Monitors w(two_states_with_groups());
    w.write(SCR1, w.read(SCR1, 4, true) | 1U << 27, 4, true);  // SPMEN
    w.monitor(0, accessed | filter << 28);
    EXPECT_EQ(w.read_pm(PMEVTYPER0), accessed | filter << 28);
    w.write_pm(offsets::PMCR, PMCR_E);
    std::uint32_t expected = 0;
    for (const bool secure : {false, true}) {
      for (const bool privileged : {false, true}) {
        auto r = World::request(1, 0);
        r.space = secure ? pgtable::AddressSpace::secure : pgtable::AddressSpace::non_secure;
        r.privileged = privileged;
        w.access(r);
        expected += (secure ? !(privileged ? P : U) : privileged ? P == NSP : U == NSU) ? 1U : 0U;
        EXPECT_EQ(w.count(0), expected) << filter << secure << privileged;
      }
    }
  }
}

// 6.1
TEST(SecureEvent, IsCountedWithSpmenOnly) {
  Monitors w(two_states_with_groups());
  w.monitor(0, accessed);
  w.write_pm(offsets::PMCR, PMCR_E);
  auto r = World::request(1, 0);
  r.space = pgtable::AddressSpace::secure;
  w.access(r);
  EXPECT_EQ(w.count(0), 0U);
  w.write(SCR1, w.read(SCR1, 4, true) | 1U << 27, 4, true);
  w.access(r);
  EXPECT_EQ(w.count(0), 1U);
}

// What counters say of a random course is what the statistics of the engine say of it.
TEST(PerformanceMonitors, AgreeWithTheStatistics) {
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    Structures s;
    s.timing = seed % 2 == 0;
    s.tlb_sets = 2;
    s.tlb_ways = 2;
    Monitors w(with_groups(2, 8), s);
    std::mt19937 generator(seed);
    const auto random = [&generator] { return static_cast<std::uint32_t>(generator()); };
    for (const unsigned n : {1U, 2U, 3U}) {
      auto& b = w.stream64(n, n, static_cast<std::uint16_t>(n), SCTLR_HUPCF);
      for (std::uint64_t page = 0; page < 12; ++page) {
        if (random() % 4 != 0) b.map(page << 12, 0x10'0000 + (page << 12), 0x1000);
      }
    }
    w.map_stream(4, 4, S2CR_bypass);
    w.map_stream(5, 5, S2CR_fault);
    w.start();
    const std::array<std::uint32_t, 7> events{accessed,           accessed_read,      accessed_write,
                                              tlb_allocated,      tlb_allocated_read, tlb_allocated_write,
                                              accessed | type_NSP};
    for (unsigned n = 0; n < events.size(); ++n) w.monitor(n, events[n]);
    for (unsigned n = 8; n < 10; ++n) w.monitor(n, n == 8 ? accessed : tlb_allocated);
    w.write_pm(PMCGCR0 + 4, PMCGCR_bank | 2U);
    w.access(2, 0x1000);  // before anything counts
    w.write_pm(offsets::PMCR, PMCR_E);
    w.smmu.reset_statistics();
    std::uint32_t writes = 0, of_bank = 0, unprivileged = 0;
    for (int i = 0; i < 600; ++i) {
      auto r = World::request(random() % 7, random() % 0xc000 & ~7U, static_cast<AccessKind>(random() % 3));
      r.privileged = random() % 3 == 0;
      r.time = w.now += random() % 50'000;
      writes += r.kind == AccessKind::write ? 1U : 0U;
      of_bank += r.stream_id == 2 ? 1U : 0U;
      unprivileged += r.privileged ? 0U : 1U;
      w.access(r);
      if (random() % 20 == 0) w.write_cb(1 + random() % 3, TLBIALL, 0);
      if (random() % 20 == 0) w.write_cb(1 + random() % 3, FSR, ~0U);
    }
    const smmu::Statistics all = w.smmu.engine_statistics();
    EXPECT_EQ(all.accesses, 600U);
    EXPECT_GT(all.tlb_fills, 50U);
    EXPECT_GT(all.tlb_hits, 5U);
    EXPECT_EQ(w.count(0), all.accesses);
    EXPECT_EQ(w.count(1), all.accesses - writes);
    EXPECT_EQ(w.count(2), writes);
    EXPECT_EQ(w.count(3), all.tlb_fills);
    EXPECT_EQ(w.count(4) + w.count(5), all.tlb_fills);
    EXPECT_EQ(w.count(6), unprivileged);
    const std::uint16_t slot = w.smmu.engine().streams().find(2);
    EXPECT_EQ(w.count(8), of_bank);
    EXPECT_EQ(w.count(8), w.smmu.engine().stream_statistics(slot).accesses);
    EXPECT_GT(w.count(9), 0U);
    EXPECT_LT(w.count(9), all.tlb_fills);
  }
}

}  // namespace
}  // namespace smmuvp::smmuv2
