// TLB, configuration cache, transactions in flight.
#include <gtest/gtest.h>

#include "smmuvp/base/error.h"
#include "smmuvp/smmu/config_cache.h"
#include "smmuvp/smmu/in_flight.h"
#include "smmuvp/smmu/tlb.h"

namespace smmuvp::smmu {
namespace {

TlbEntry entry(std::uint64_t input, unsigned shift, std::uint16_t asid, bool global = false) {
  TlbEntry e;
  e.input = input;
  e.output = input + 0x1'0000'0000;
  e.shift = static_cast<std::uint8_t>(shift);
  e.context = {0, 0, 0, asid};
  e.global = global;
  return e;
}

TEST(Tlb, FindsEntriesOfEverySizeThatIsPresent) {
  Tlb t(16, 4);
  t.insert(entry(0x1000, 12, 1));
  t.insert(entry(0x20'0000, 21, 1));
  t.insert(entry(0x4000'0000, 30, 1));
  const TlbContext c{0, 0, 0, 1};
  EXPECT_EQ(t.lookup(c, 0x1fff)->shift, 12);
  EXPECT_EQ(t.lookup(c, 0x3f'ffff)->shift, 21);
  EXPECT_EQ(t.lookup(c, 0x7fff'ffff)->shift, 30);
  EXPECT_EQ(t.lookup(c, 0x2000), nullptr);
  EXPECT_EQ(t.lookup(c, 0x8000'0000), nullptr);
}

TEST(Tlb, SeparatesContexts) {
  Tlb t(16, 4);
  t.insert(entry(0x1000, 12, 1));
  EXPECT_EQ(t.lookup({0, 0, 0, 2}, 0x1000), nullptr);
  EXPECT_EQ(t.lookup({1, 0, 0, 1}, 0x1000), nullptr);
  EXPECT_EQ(t.lookup({0, 0, 3, 1}, 0x1000), nullptr);
  EXPECT_NE(t.lookup({0, 1, 0, 1}, 0x1000), nullptr) << "ASET matters for global entries only";
  t.insert(entry(0x2000, 12, 1, true));
  EXPECT_NE(t.lookup({0, 0, 0, 2}, 0x2000), nullptr);
  EXPECT_EQ(t.lookup({0, 1, 0, 2}, 0x2000), nullptr);
}

TEST(Tlb, ReplacesTheLeastRecentlyUsedEntryOfItsSet) {
  Tlb t(1, 2);
  const TlbContext c{0, 0, 0, 1};
  t.insert(entry(0x1000, 12, 1));
  t.insert(entry(0x2000, 12, 1));
  t.lookup(c, 0x1000);
  t.probe(c, 0x2000);
  t.insert(entry(0x3000, 12, 1));
  EXPECT_NE(t.probe(c, 0x1000), nullptr);
  EXPECT_EQ(t.probe(c, 0x2000), nullptr) << "a probe is no use";
  EXPECT_EQ(t.size(), 2U);
}

TEST(Tlb, InsertingAPageAgainReplacesIt) {
  Tlb t(4, 4);
  t.insert(entry(0x1000, 12, 1));
  TlbEntry e = entry(0x1000, 12, 1);
  e.output = 0x5000;
  t.insert(e);
  EXPECT_EQ(t.size(), 1U);
  EXPECT_EQ(t.probe({0, 0, 0, 1}, 0x1000)->output, 0x5000U);
}

TEST(Tlb, NeedsAPowerOfTwoOfSets) {
  EXPECT_THROW(Tlb(3, 1), ConfigError);
  EXPECT_THROW(Tlb(4, 0), ConfigError);
}

// A reference without sets, sizes or replacement: a list that is searched.
TEST(Tlb, AgreesWithAListOfItsEntries) {
  Tlb t(64, 64);  // large enough that nothing is replaced
  std::vector<TlbEntry> list;
  std::uint64_t x = 99;
  const auto random = [&x](std::uint64_t n) {
    x = x * 6364136223846793005ULL + 1442695040888963407ULL;
    return (x >> 33) % n;
  };
  constexpr unsigned shifts[] = {12, 16, 21, 30};
  for (int i = 0; i < 20000; ++i) {
    const auto shift = shifts[random(4)];
    const std::uint64_t va = random(64) << 28 | random(8) << 20 | random(4) << 12;
    const auto asid = static_cast<std::uint16_t>(random(3));
    switch (random(8)) {
      case 0: {
        TlbEntry e = entry(va >> shift << shift, shift, asid, random(4) == 0);
        const auto covers = [&](const TlbEntry& o) {
          return (o.input >> o.shift) == (e.input >> o.shift) || (o.input >> e.shift) == (e.input >> e.shift);
        };
        bool overlaps = false;  // conflicting entries are software's mistake, with no one right answer
        for (const TlbEntry& o : list) overlaps = overlaps || covers(o);
        if (overlaps) break;
        t.insert(e);
        list.push_back(e);
        break;
      }
      case 1: {
        TlbInvalidation what;
        if (random(2) != 0) what.asid = asid;
        what.asid_spares_global = random(2) != 0;
        if (random(8) != 0) what.address = va;
        std::uint64_t n = 0;
        for (auto e = list.begin(); e != list.end();) {
          const bool by_asid = !what.asid || (e->global ? !what.asid_spares_global : e->context.asid == asid);
          const bool by_address = !what.address || (va >> e->shift) == (e->input >> e->shift);
          if (by_asid && by_address) {
            e = list.erase(e);
            ++n;
          } else {
            ++e;
          }
        }
        EXPECT_EQ(t.invalidate(what), n);
        break;
      }
      default: {
        const TlbEntry* expected = nullptr;
        for (const TlbEntry& e : list) {
          if ((e.global || e.context.asid == asid) && (va >> e.shift) == (e.input >> e.shift)) expected = &e;
        }
        const TlbEntry* found = t.lookup({0, 0, 0, asid}, va);
        ASSERT_EQ(found != nullptr, expected != nullptr);
        if (found != nullptr) {
          EXPECT_EQ(found->output, expected->output);
        }
      }
    }
    ASSERT_EQ(t.size(), list.size());
  }
}

TEST(Tlb, RoundTripsThroughAnArchive) {
  Tlb a(8, 2);
  for (unsigned i = 0; i < 30; ++i) a.insert(entry(0x1000 * i, 12, static_cast<std::uint16_t>(i % 3)));
  ArchiveWriter w;
  a.visit(w);
  Tlb b(8, 2);
  b.insert(entry(0x99'000, 12, 1));
  ArchiveReader r(w.data());
  b.visit(r);
  ASSERT_TRUE(r.complete()) << r.error();
  EXPECT_EQ(a.size(), b.size());
  ArchiveWriter again;
  b.visit(again);
  EXPECT_EQ(again.data(), w.data());
  Tlb c(4, 2);
  ArchiveReader wrong(w.data());
  c.visit(wrong);
  EXPECT_FALSE(wrong.ok());
}

struct Number {
  int value = 0;
  void visit(Archive& a) { a.value("value", value); }
};

TEST(ConfigCache, IsIndexedByStreamIDAndSubstreamID) {
  ConfigCache<Number> c(4, 2);
  c.insert(1, 0, {10});
  c.insert(1, 5, {15});
  EXPECT_EQ(c.lookup(1, 0)->value, 10);
  EXPECT_EQ(c.lookup(1, 5)->value, 15);
  EXPECT_EQ(c.lookup(2, 0), nullptr);
  const std::uint32_t five = 5;
  EXPECT_EQ(c.invalidate(1, ~0U, &five), 1U);
  EXPECT_NE(c.probe(1, 0), nullptr);
}

TEST(ConfigCache, InvalidatesByMask) {
  ConfigCache<Number> c(4, 4);
  for (std::uint32_t s = 0; s < 8; ++s) c.insert(s, 0, {1});
  EXPECT_EQ(c.invalidate(5, ~1U), 2U);
  EXPECT_EQ(c.probe(4, 0), nullptr);
  EXPECT_EQ(c.probe(5, 0), nullptr);
  EXPECT_EQ(c.invalidate(0, 0), 6U);
}

TEST(ConfigCache, ReplacesTheLeastRecentlyUsed) {
  ConfigCache<Number> c(1, 2);
  c.insert(1, 0, {1});
  c.insert(2, 0, {2});
  c.lookup(1, 0);
  c.insert(3, 0, {3});
  EXPECT_NE(c.probe(1, 0), nullptr);
  EXPECT_EQ(c.probe(2, 0), nullptr);
}

TEST(ConfigCache, RoundTripsThroughAnArchive) {
  ConfigCache<Number> a(2, 2);
  for (std::uint32_t s = 0; s < 5; ++s) a.insert(s, 0, {static_cast<int>(s)});
  ArchiveWriter w;
  a.visit(w);
  ConfigCache<Number> b(2, 2);
  ArchiveReader r(w.data());
  b.visit(r);
  ASSERT_TRUE(r.complete()) << r.error();
  ArchiveWriter again;
  b.visit(again);
  EXPECT_EQ(again.data(), w.data());
}

TEST(InFlight, ABarrierSplitsOlderFromYounger) {
  InFlight f;
  const FlightToken a = f.enter();
  const std::uint64_t barrier = f.barrier();
  const FlightToken b = f.enter();
  EXPECT_FALSE(f.done(barrier));
  f.leave(b, 5);
  EXPECT_FALSE(f.done(barrier));
  f.leave(a, 3);
  EXPECT_TRUE(f.done(barrier));
  EXPECT_EQ(f.done_at(barrier), 3U);
  EXPECT_EQ(f.all(), 0U);
}

TEST(InFlight, TokensOfBeforeAResetDoNotCount) {
  InFlight f;
  const FlightToken a = f.enter();
  f.clear();
  const FlightToken b = f.enter();
  f.leave(a, 0);
  EXPECT_EQ(f.all(), 1U);
  const std::uint64_t barrier = f.barrier();
  f.leave(a, 0);
  EXPECT_FALSE(f.done(barrier));
  f.leave(b, 0);
  EXPECT_EQ(f.all(), 0U);
}

}  // namespace
}  // namespace smmuvp::smmu
