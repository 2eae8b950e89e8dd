// TLB, walk cache and IPA cache: what is found, what is replaced, what invalidations take.
#include "smmuvp/smmu/tlb.h"

#include <gtest/gtest.h>

#include "cache_archive.h"
#include "smmuvp/base/error.h"

namespace smmuvp::smmu {
namespace {

using pgtable::Stages;

Tag tag(std::uint16_t asid, std::uint16_t vmid = 0) { return {0, Stages::stage1, 0, vmid, asid}; }

CacheKey key(std::uint64_t input, unsigned shift, const Tag& tag, bool global = false) {
  CacheKey k;
  k.tag = tag;
  k.global = global;
  k.shift = static_cast<std::uint8_t>(shift);
  k.level = static_cast<std::int8_t>(3 - (shift - 12) / 9);
  k.input = input;
  return k;
}

TlbEntry to(std::uint64_t output) {
  TlbEntry e;
  e.output = output;
  return e;
}

Invalidation of(std::uint16_t vmid) {
  Invalidation what;
  what.regime = std::uint8_t{0};
  what.vmid = vmid;
  return what;
}

Invalidation of(std::uint16_t vmid, std::uint16_t asid) {
  Invalidation what = of(vmid);
  what.asid = asid;
  return what;
}

Invalidation at(Invalidation what, std::uint64_t first, std::uint64_t last) {
  what.range = {first, last};
  return what;
}

// ---- what is found

TEST(Tlb, FindsEntriesOfEverySizeThatIsPresent) {
  Tlb t({16, 4});
  t.insert(key(0x1000, 12, tag(1)), to(1));
  t.insert(key(0x20'0000, 21, tag(1)), to(2));
  t.insert(key(0x4000'0000, 30, tag(1)), to(3));
  EXPECT_EQ(t.lookup(tag(1), 0x1fff)->shift(), 12);
  EXPECT_EQ(t.lookup(tag(1), 0x3f'ffff)->shift(), 21);
  EXPECT_EQ(t.lookup(tag(1), 0x7fff'ffff)->shift(), 30);
  EXPECT_EQ(t.lookup(tag(1), 0x2000), nullptr);
  EXPECT_EQ(t.lookup(tag(1), 0x8000'0000), nullptr);
}

TEST(Tlb, OfOverlappingEntriesTheSmallestIsFoundGlobalOrNot) {
  Tlb t({16, 4});
  t.insert(key(0, 21, tag(1)), to(1));
  t.insert(key(0x1000, 12, tag(1), true), to(2));
  EXPECT_EQ(t.lookup(tag(1), 0x1234)->value.output, 2U);
  EXPECT_EQ(t.lookup(tag(1), 0x2234)->value.output, 1U);
  EXPECT_EQ(t.lookup(tag(2), 0x2234), nullptr);
}

TEST(Tlb, SeparatesASIDsVMIDsRegimesAndStages) {
  Tlb t({16, 4});
  t.insert(key(0x1000, 12, {3, Stages::nested, 0, 4, 5}), to(1));
  EXPECT_NE(t.lookup({3, Stages::nested, 0, 4, 5}, 0x1000), nullptr);
  EXPECT_EQ(t.lookup({2, Stages::nested, 0, 4, 5}, 0x1000), nullptr);
  EXPECT_EQ(t.lookup({3, Stages::stage1, 0, 4, 5}, 0x1000), nullptr);
  EXPECT_EQ(t.lookup({3, Stages::stage2, 0, 4, 5}, 0x1000), nullptr);
  EXPECT_EQ(t.lookup({3, Stages::nested, 0, 3, 5}, 0x1000), nullptr);
  EXPECT_EQ(t.lookup({3, Stages::nested, 0, 4, 4}, 0x1000), nullptr);
}

TEST(Tlb, ComparesTheASETOfGlobalEntriesOnly) {
  Tlb t({16, 4});
  t.insert(key(0x1000, 12, tag(1)), to(1));
  EXPECT_NE(t.lookup({0, Stages::stage1, 1, 0, 1}, 0x1000), nullptr);
  t.insert(key(0x2000, 12, tag(1), true), to(2));
  EXPECT_NE(t.lookup(tag(2), 0x2000), nullptr);
  EXPECT_EQ(t.lookup({0, Stages::stage1, 1, 0, 2}, 0x2000), nullptr);
}

TEST(Tlb, KeepsSignExtendedAddressesApart) {
  Tlb t({16, 4});
  t.insert(key(0xffff'ffff'ffff'f000, 12, tag(1)), to(1));
  EXPECT_NE(t.lookup(tag(1), ~std::uint64_t{0}), nullptr);
  EXPECT_EQ(t.lookup(tag(1), 0x0000'ffff'ffff'f000), nullptr);
}

TEST(Tlb, SaysWhatAnEntryWasInsertedAs) {
  Tlb t({16, 4});
  CacheKey k = key(0xffff'0000'0020'0000, 21, {7, Stages::nested, 1, 0xfffe, 0xfffd});
  k.level = 2;
  k.granule = 14;
  const Tlb::Entry& e = t.insert(k, to(1));
  EXPECT_EQ(e.input(), k.input);
  EXPECT_EQ(e.shift(), 21);
  EXPECT_EQ(e.level(), 2);
  EXPECT_EQ(e.granule(), 14);
  EXPECT_FALSE(e.global());
  EXPECT_EQ(e.tag().regime, 7);
  EXPECT_EQ(e.tag().stages, Stages::nested);
  EXPECT_EQ(e.tag().vmid, 0xfffe);
  EXPECT_EQ(e.tag().asid, 0xfffd);
  k.global = true;
  EXPECT_TRUE(t.insert(k, to(1)).global());
  EXPECT_EQ(t.probe(k.tag, k.input)->tag().asid_set, 1);
}

// ---- what is replaced

TEST(Tlb, InsertingAPageAgainReplacesIt) {
  Tlb t({4, 4});
  t.insert(key(0x1000, 12, tag(1)), to(1));
  t.insert(key(0x1000, 12, tag(1)), to(2));
  EXPECT_EQ(t.size(), 1U);
  EXPECT_EQ(t.probe(tag(1), 0x1000)->value.output, 2U);
}

TEST(Tlb, APageThatBecomesGlobalOrCeasesToBeReplacesItself) {
  Tlb t({4, 4});
  t.insert(key(0x1000, 12, tag(1)), to(1));
  t.insert(key(0x1000, 12, tag(1), true), to(2));
  EXPECT_EQ(t.size(), 1U);
  EXPECT_EQ(t.probe(tag(1), 0x1000)->value.output, 2U);
  t.insert(key(0x1000, 12, tag(1)), t.probe(tag(1), 0x1000)->value);
  EXPECT_EQ(t.size(), 1U);
  EXPECT_EQ(t.probe(tag(1), 0x1000)->value.output, 2U);
  EXPECT_EQ(t.probe(tag(2), 0x1000), nullptr);
}

TEST(Tlb, ReplacesTheLeastRecentlyUsedEntryOfItsSet) {
  Tlb t({1, 2});
  t.insert(key(0x1000, 12, tag(1)), to(1));
  t.insert(key(0x2000, 12, tag(1)), to(2));
  t.lookup(tag(1), 0x1000);
  t.probe(tag(1), 0x2000);
  t.insert(key(0x3000, 12, tag(1)), to(3));
  EXPECT_NE(t.probe(tag(1), 0x1000), nullptr);
  EXPECT_EQ(t.probe(tag(1), 0x2000), nullptr) << "a probe is no use";
  EXPECT_EQ(t.size(), 2U);
}

TEST(Tlb, AProbeThatIsUsedCountsAsALookup) {
  Tlb t({1, 2});
  t.insert(key(0x1000, 12, tag(1)), to(1));
  t.insert(key(0x2000, 12, tag(1)), to(2));
  t.use(*t.probe(tag(1), 0x1000));
  t.insert(key(0x3000, 12, tag(1)), to(3));
  EXPECT_NE(t.probe(tag(1), 0x1000), nullptr);
}

TEST(Tlb, WithFifoUsesDoNotCount) {
  Tlb t({1, 2, Replacement::fifo});
  t.insert(key(0x1000, 12, tag(1)), to(1));
  t.insert(key(0x2000, 12, tag(1)), to(2));
  t.lookup(tag(1), 0x1000);
  t.insert(key(0x3000, 12, tag(1)), to(3));
  EXPECT_EQ(t.probe(tag(1), 0x1000), nullptr);
  EXPECT_NE(t.probe(tag(1), 0x2000), nullptr);
}

TEST(Tlb, RandomReplacementIsTheSameForTheSameHistory) {
  Tlb a({1, 8, Replacement::random});
  Tlb b({1, 8, Replacement::random});
  unsigned fifo = 0;
  for (std::uint64_t i = 0; i < 200; ++i) {
    a.insert(key(i << 12, 12, tag(1)), to(i));
    b.insert(key(i << 12, 12, tag(1)), to(i));
    for (std::uint64_t j = 0; j <= i; ++j) {
      ASSERT_EQ(a.probe(tag(1), j << 12) == nullptr, b.probe(tag(1), j << 12) == nullptr);
    }
    if (i >= 8 && a.probe(tag(1), (i - 8) << 12) == nullptr) ++fifo;
  }
  EXPECT_EQ(a.size(), 8U);
  EXPECT_LT(fifo, 190U) << "the oldest does not always go";
}

TEST(Tlb, FreeEntriesAreFilledFirst) {
  for (const Replacement replacement : {Replacement::lru, Replacement::fifo, Replacement::random}) {
    Tlb t({1, 4, replacement});
    for (std::uint64_t i = 0; i < 4; ++i) t.insert(key(i << 12, 12, tag(1)), to(i));
    EXPECT_EQ(t.invalidate(at(of(0, 1), 0x3000, 0x3000)), 1U);
    t.insert(key(0x9000, 12, tag(1)), to(9));
    for (const std::uint64_t page : {0U, 1U, 2U, 9U}) EXPECT_NE(t.probe(tag(1), page << 12), nullptr);
  }
}

TEST(Tlb, TheSetsHashSpreadsASIDsThatUseTheSameAddresses) {
  Tlb t({512, 4});
  unsigned hits = 0;
  for (unsigned round = 0; round < 2; ++round) {
    for (std::uint16_t asid = 0; asid < 16; ++asid) {
      for (std::uint64_t page = 0; page < 64; ++page) {
        if (t.lookup(tag(asid), page << 12) != nullptr) ++hits;
        t.insert(key(page << 12, 12, tag(asid)), to(page));
      }
    }
  }
  EXPECT_GE(hits, 16 * 64 * 9 / 10) << "half of the entries are in use";
}

TEST(Tlb, AModuloIndexIsThePageNumberAlone) {
  Tlb t({8, 1, Replacement::lru, SetIndex::modulo});
  t.insert(key(0x1000, 12, tag(1)), to(1));
  t.insert(key(0x2000, 12, tag(1)), to(2));
  t.insert(key(0x9000, 12, tag(2)), to(3));
  EXPECT_EQ(t.probe(tag(1), 0x1000), nullptr);
  EXPECT_NE(t.probe(tag(1), 0x2000), nullptr);
  EXPECT_NE(t.probe(tag(2), 0x9000), nullptr);
}

// ---- what invalidations take

TEST(TlbInvalidation, ByAddressAndASIDTakesTheASIDsEntriesAndGlobalOnesOfAnyASET) {
  Tlb t({16, 4});
  t.insert(key(0x1000, 12, tag(1)), to(1));
  t.insert(key(0x1000, 12, tag(2)), to(2));
  t.insert(key(0x2000, 12, tag(1)), to(3));
  t.insert(key(0, 21, {0, Stages::stage1, 0, 0, 3}, true), to(4));
  t.insert(key(0, 21, {0, Stages::stage1, 1, 0, 3}, true), to(5));
  EXPECT_EQ(t.invalidate(at(of(0, 1), 0x1fff, 0x1fff)), 3U);
  EXPECT_NE(t.probe(tag(2), 0x1000), nullptr);
  EXPECT_NE(t.probe(tag(1), 0x2000), nullptr);
  EXPECT_EQ(t.size(), 2U);
}

TEST(TlbInvalidation, ByAddressOfAllASIDsSparesOtherVMIDs) {
  Tlb t({16, 4});
  for (std::uint16_t asid = 0; asid < 5; ++asid)
    t.insert(key(0x1000, 12, tag(asid, asid == 4 ? 1 : 0)), to(1));
  EXPECT_EQ(t.invalidate(at(of(0), 0x1000, 0x1000)), 4U);
  EXPECT_NE(t.probe(tag(4, 1), 0x1000), nullptr);
}

TEST(TlbInvalidation, ByASIDSparesGlobalEntriesWhereItIsToldTo) {
  Tlb t({16, 4});
  t.insert(key(0x1000, 12, tag(1)), to(1));
  t.insert(key(0x2000, 12, tag(1), true), to(2));
  t.insert(key(0x3000, 12, tag(2)), to(3));
  Invalidation what = of(0, 1);
  what.asid_spares_global = true;
  EXPECT_EQ(t.invalidate(what), 1U);
  what.asid_spares_global = false;
  EXPECT_EQ(t.invalidate(what), 1U);
  EXPECT_NE(t.probe(tag(2), 0x3000), nullptr);
}

TEST(TlbInvalidation, ByVMIDTakesTheStagesInItsMask) {
  Tlb t({16, 4});
  for (const Stages stages : {Stages::stage1, Stages::stage2, Stages::nested}) {
    t.insert(key(0x1000, 12, {0, stages, 0, 7, 0}), to(1));
    t.insert(key(0x1000, 12, {0, stages, 0, 8, 0}), to(1));
  }
  Invalidation what = of(7);
  what.stages = mask_of(Stages::stage1) | mask_of(Stages::nested);
  EXPECT_EQ(t.invalidate(what), 2U);
  EXPECT_NE(t.probe({0, Stages::stage2, 0, 7, 0}, 0x1000), nullptr);
  what.stages = all_stages;
  EXPECT_EQ(t.invalidate(what), 1U);
  EXPECT_EQ(t.size(), 3U);
}

TEST(TlbInvalidation, OfARegimeTakesAllItsVMIDs) {
  Tlb t({16, 4});
  for (std::uint16_t vmid = 0; vmid < 4; ++vmid) {
    t.insert(key(0x1000, 12, {1, Stages::stage1, 0, vmid, 0}), to(1));
    t.insert(key(0x1000, 12, {2, Stages::stage1, 0, vmid, 0}), to(1));
  }
  Invalidation what;
  what.regime = std::uint8_t{1};
  EXPECT_EQ(t.invalidate(what), 4U);
  EXPECT_EQ(t.invalidate(Invalidation{}), 4U);
  EXPECT_EQ(t.size(), 0U);
}

TEST(TlbInvalidation, ARangeTakesEveryEntryThatItTouches) {
  for (const std::uint64_t last :
       {std::uint64_t{0x5000}, std::uint64_t{0x5000'0000'0000}}) {  // short, and long
    Tlb t({16, 4});
    t.insert(key(0x1000, 12, tag(1)), to(1));
    t.insert(key(0x2000, 12, tag(1)), to(2));
    t.insert(key(0x5000, 12, tag(1)), to(3));
    t.insert(key(0, 30, tag(1)), to(4));
    t.insert(key(0xffff'ffff'ffff'f000, 12, tag(1)), to(5));
    EXPECT_EQ(t.invalidate(at(of(0, 1), 0x2fff, last)), 3U);
    EXPECT_NE(t.probe(tag(1), 0x1000), nullptr);
    EXPECT_NE(t.probe(tag(1), ~std::uint64_t{0}), nullptr);
    EXPECT_EQ(t.size(), 2U);
  }
}

TEST(TlbInvalidation, ARangeMayReachTheLastAddress) {
  Tlb t({16, 4});
  t.insert(key(0, 12, tag(1)), to(1));
  t.insert(key(0xffff'ffff'ffff'f000, 12, tag(1)), to(5));
  EXPECT_EQ(t.invalidate(at(of(0, 1), 0xffff'ffff'ffff'e000, ~std::uint64_t{0})), 1U);
  EXPECT_EQ(t.invalidate(at(of(0, 1), 1, 0)), 0U);
  EXPECT_EQ(t.invalidate(at(of(0), 0, ~std::uint64_t{0})), 1U);
}

TEST(TlbInvalidation, AHintSparesEntriesOfOtherLevelsAndGranules) {
  Tlb t({16, 4});
  const auto fill = [&t] {
    t.insert(key(0x1000, 12, tag(1)), to(1));
    t.insert(key(0, 21, tag(1)), to(2));
  };
  fill();
  Invalidation what = at(of(0, 1), 0x1000, 0x1000);
  what.hint = {12, 2};
  EXPECT_EQ(t.invalidate(what), 1U);
  EXPECT_EQ(t.probe(tag(1), 0x1000)->shift(), 12);
  what.hint = {14, TtlHint::any_level};
  EXPECT_EQ(t.invalidate(what), 0U);
  fill();
  what.hint = {12, TtlHint::any_level};
  EXPECT_EQ(t.invalidate(what), 2U);
}

// IHI 0062 5.4.1: of a page that was splintered when it was cached, all goes.
TEST(TlbInvalidation, AnAddressOfABlockTakesAllPartsOfIt) {
  for (const bool global : {false, true}) {
    for (const bool by_asid : {false, true}) {
      Tlb t({64, 4});
      CacheKey part = key(0, 12, {0, Stages::nested, 0, 1, 2}, global);
      part.span = 21;
      for (const std::uint64_t input : {0x20'0000, 0x20'5000, 0x3f'f000, 0x40'0000}) {
        part.input = input;
        t.insert(part, to(input));
      }
      t.insert(key(0x20'1000, 12, part.tag, global), to(1));  // no part: a page
      EXPECT_EQ(t.invalidate(at(by_asid ? of(1, 2) : of(1), 0x30'0000, 0x30'0fff)), 3U);
      EXPECT_NE(t.probe(part.tag, 0x20'1000), nullptr);
      EXPECT_NE(t.probe(part.tag, 0x40'0000), nullptr);
      EXPECT_EQ(t.invalidate(at({}, 0x5f'ffff, 0x5f'ffff)), 1U) << "without a VMID";
    }
  }
}

struct Table {
  std::uint64_t base = 0;
  void visit(Archive& a) { a.value("base", base); }
};

TEST(WalkCache, KeepsTablesWhenLeavesAloneHaveChanged) {
  WalkCache<Table> w({4, 4}, "walk_cache");
  w.insert(key(0, 21, tag(1)), {0x8000});
  Invalidation what = at(of(0, 1), 0x1000, 0x1000);
  what.leaf = true;
  EXPECT_EQ(w.invalidate(what), 0U);
  Tlb t({4, 4});
  t.insert(key(0, 21, tag(1)), to(1));
  EXPECT_EQ(t.invalidate(what), 1U);
  what.leaf = false;
  what.hint = {12, 3};
  EXPECT_EQ(w.invalidate(what), 1U) << "a table of level 2 leads to leaves of level 3";
}

// IHI 0070 4.4.1.1: those above the leaves that the hint names have changed, if any has.
TEST(WalkCache, AHintSparesTablesOfLowerLevelsThanItsLeaves) {
  WalkCache<Table> w({4, 4}, "walk_cache");
  const auto table = [](std::int8_t level, unsigned granule) {
    CacheKey k = key(0, 12 + 9 * (4 - level), tag(1));
    k.level = level;
    k.granule = static_cast<std::uint8_t>(granule);
    return k;
  };
  for (const std::int8_t level : {std::int8_t{1}, std::int8_t{2}, std::int8_t{3}})
    w.insert(table(level, 12), {0x1000});
  Invalidation what = at(of(0, 1), 0x1000, 0x1000);
  what.hint = {14, 2};
  EXPECT_EQ(w.invalidate(what), 0U) << "another granule";
  what.hint = {12, 2};
  EXPECT_EQ(w.invalidate(what), 2U);
  EXPECT_EQ(w.probe(tag(1), 0x1000)->level(), 3);
  what.hint = {12, TtlHint::any_level};
  EXPECT_EQ(w.invalidate(what), 1U);
}

TEST(WalkCache, FindsTheLowestTable) {
  WalkCache<Table> w({4, 4}, "walk_cache");
  w.insert(key(0, 39, tag(1)), {0x1000});
  w.insert(key(0, 30, tag(1)), {0x2000});
  w.insert(key(0, 21, tag(1)), {0x3000});
  EXPECT_EQ(w.lookup(tag(1), 0x1000)->value.base, 0x3000U);
  EXPECT_EQ(w.lookup(tag(1), 0x20'0000)->value.base, 0x2000U);
  EXPECT_EQ(w.lookup(tag(1), 0x4000'0000)->value.base, 0x1000U);
}

// ---- geometry and state

TEST(Tlb, RefusesGeometriesThatAreNone) {
  EXPECT_THROW(Tlb({3, 1}), ConfigError);
  EXPECT_THROW(Tlb({0, 1}), ConfigError);
  EXPECT_THROW(Tlb({4, 0}), ConfigError);
  EXPECT_THROW(Tlb({1U << 31, 2}), ConfigError);
  EXPECT_NO_THROW(Tlb({1, 1}));
  EXPECT_NO_THROW(Tlb({1, 3}));
}

TEST(Tlb, ClearingMakesItAsItWasAtFirst) {
  Tlb a({8, 2, Replacement::random});
  const std::vector<std::uint8_t> fresh = saved(a);
  for (std::uint64_t i = 0; i < 30; ++i) a.insert(key(i << 12, 12, tag(1)), to(i));
  a.clear();
  EXPECT_EQ(a.size(), 0U);
  EXPECT_EQ(a.probe(tag(1), 0x1d000), nullptr);
  EXPECT_EQ(saved(a), fresh);
}

class TlbArchive : public testing::TestWithParam<Replacement> {
 protected:
  static void fill(Tlb& t) {
    for (std::uint64_t i = 0; i < 30; ++i) {
      TlbEntry e = to(i << 12);
      e.rights.bits = static_cast<std::uint8_t>(i);
      e.attributes = {0x44, pgtable::Shareability::outer};
      e.stage2_attributes = {5, pgtable::Shareability::inner};
      e.space = pgtable::AddressSpace::secure;
      CacheKey k = key(i << 12, 12, {1, Stages::nested, 1, 2, static_cast<std::uint16_t>(i % 3)}, i % 5 == 0);
      if (i % 7 == 0) k.span = 16;
      t.insert(k, e);
    }
    t.invalidate(at({}, 0x18000, 0x19fff));
  }
};

TEST_P(TlbArchive, RoundTripHasTheSameFuture) {
  const CacheGeometry geometry{2, 8, GetParam()};
  Tlb a(geometry);
  fill(a);
  Tlb b(geometry);
  b.insert(key(0x99'000, 12, tag(1)), to(1));
  ASSERT_EQ(load_error(b, saved(a)), "");
  EXPECT_EQ(a.size(), b.size());
  EXPECT_EQ(saved(b), saved(a));
  for (std::uint64_t i = 0; i < 100; ++i) {
    for (Tlb* t : {&a, &b}) {
      t->lookup({1, Stages::nested, 1, 2, 1}, (i * 7 % 30) << 12);
      t->insert(key(i << 12, 12, tag(static_cast<std::uint16_t>(i % 2))), to(i));
      // More than one of a set at once: the order in which they become free is state too
      if (i % 10 == 9) t->invalidate(at(of(0), (i - 3) << 12, i << 12));
    }
    ASSERT_EQ(saved(a), saved(b)) << i;
  }
}

TEST_P(TlbArchive, DamageIsRefusedOrHarmless) {
  const CacheGeometry geometry{2, 2, GetParam()};
  Tlb a(geometry);
  fill(a);
  expect_damage_is_harmless(saved(a), Tlb(geometry), [](Tlb& t) {
    t.insert(key(0x1000, 12, tag(1)), to(1));
    t.lookup(tag(1), 0x1000);
    t.invalidate(of(0, 1));
  });
}

INSTANTIATE_TEST_SUITE_P(Replacements, TlbArchive,
                         testing::Values(Replacement::lru, Replacement::fifo, Replacement::random));

TEST(Tlb, AnArchiveWithAnEntryThatAnotherSlotHasIsRefused) {
  Tlb a({1, 4});
  a.insert(key(0x1000, 12, tag(1)), to(1));
  a.insert(key(0x2000, 12, tag(1)), to(2));
  Tlb b({1, 4});
  EXPECT_EQ(load_error(b, saved(a), {{"tlb/input", 0x1000, 1}}),
            "tlb/slot: holds an entry that another slot has");
  EXPECT_EQ(b.size(), 0U);
}

TEST(Tlb, AnArchiveThatFillsALiveSlotBeforeAFreeOneIsRefused) {
  Tlb a({1, 2});
  a.insert(key(0x1000, 12, tag(1)), to(1));
  Tlb b({1, 2});
  EXPECT_EQ(load_error(b, saved(a), {{"order/way", 0, 0}, {"order/way", 1, 1}}),
            "tlb/order: free entries after others");
  EXPECT_EQ(b.size(), 0U);
}

TEST(Tlb, AnArchiveOfAnotherGeometryFailsByName) {
  Tlb a({8, 2});
  const auto error = [&a](const CacheGeometry& geometry) {
    Tlb b(geometry);
    return load_error(b, saved(a));
  };
  EXPECT_EQ(error({4, 2}), "tlb/sets: another geometry");
  EXPECT_EQ(error({8, 4}), "tlb/ways: another geometry");
  EXPECT_EQ(error({8, 2, Replacement::fifo}), "tlb/replacement: another geometry");
  EXPECT_EQ(error({8, 2, Replacement::lru, SetIndex::modulo}), "tlb/index: another geometry");
}

}  // namespace
}  // namespace smmuvp::smmu
