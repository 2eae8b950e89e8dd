// The cache of configuration structures.
#include "smmuvp/smmuv3/config_cache.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "../smmu/cache_archive.h"
#include "smmuvp/base/error.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::CacheGeometry;
using smmu::expect_damage_is_harmless;
using smmu::load_error;
using smmu::Replacement;
using smmu::saved;
using smmu::SetIndex;

struct Number {
  int value = 0;
  void visit(Archive& a) { a.value("value", value); }
};

TEST(ConfigCache, IsIndexedByStreamIDAndSubstreamID) {
  ConfigCache<Number> c({4, 2});
  c.insert(1, 0, {10});
  c.insert(1, 5, {15});
  EXPECT_EQ(c.lookup(1, 0)->value, 10);
  EXPECT_EQ(c.lookup(1, 5)->value, 15);
  EXPECT_EQ(c.lookup(2, 0), nullptr);
  EXPECT_EQ(c.invalidate(1, ~0U, 5U), 1U);
  EXPECT_NE(c.probe(1, 0), nullptr);
}

TEST(ConfigCache, SpreadsTheSubstreamsOfOneStreamOverItsSets) {
  ConfigCache<Number> c({64, 4});
  for (std::uint32_t s = 0; s < 64; ++s) c.insert(1, s, {1});
  EXPECT_GE(c.size(), 60U);
}

TEST(ConfigCache, WithAModuloIndexStreamsOfOneRemainderShareASet) {
  ConfigCache<Number> c({4, 1, Replacement::lru, SetIndex::modulo});
  c.insert(1, 0, {1});
  c.insert(5, 0, {5});
  c.insert(2, 0, {2});
  EXPECT_EQ(c.probe(1, 0), nullptr);
  EXPECT_NE(c.probe(5, 0), nullptr);
  EXPECT_NE(c.probe(2, 0), nullptr);
}

TEST(ConfigCache, OneStreamIsDroppedWithAllItsSubstreams) {
  ConfigCache<Number> c({4, 4});
  for (std::uint32_t s = 0; s < 3; ++s) {
    c.insert(1, s, {1});
    c.insert(2, s, {2});
  }
  EXPECT_EQ(c.invalidate(1, ~0U), 3U);
  EXPECT_EQ(c.size(), 3U);
}

TEST(ConfigCache, InvalidatesByMask) {
  ConfigCache<Number> c({4, 4, Replacement::lru, SetIndex::modulo});
  for (std::uint32_t s = 0; s < 8; ++s) c.insert(s, s % 2, {1});
  EXPECT_EQ(c.invalidate(5, ~1U), 2U);
  EXPECT_EQ(c.probe(4, 0), nullptr);
  EXPECT_EQ(c.probe(5, 1), nullptr);
  EXPECT_EQ(c.invalidate(0, 0, 1U), 3U);
  EXPECT_EQ(c.invalidate(0, 0), 3U);
}

TEST(ConfigCache, AnEntryOfASpanIsFoundFromAnyOfItsStreamsAndDroppedByAny) {
  ConfigCache<Number> c({4, 4});
  const auto fill = [&c] { c.insert(0x47, 0, {1}, 4); };
  fill();
  EXPECT_EQ(c.lookup(0x40, 0)->value, 1);
  EXPECT_EQ(c.lookup(0x4f, 0)->value, 1);
  EXPECT_EQ(c.lookup(0x50, 0), nullptr);
  EXPECT_EQ(c.invalidate(0x3f, ~0U), 0U);
  EXPECT_EQ(c.invalidate(0x4c, ~0U), 1U);
  fill();
  EXPECT_EQ(c.invalidate(0x4c, ~0U, 0U), 1U);
  fill();
  EXPECT_EQ(c.invalidate(0x01, 0x0f), 1U) << "one of its streams ends in 1";
  fill();
  EXPECT_EQ(c.invalidate(0x31, 0xff), 0U);
}

TEST(ConfigCache, OfSpansTheSmallestIsFound) {
  ConfigCache<Number> c({4, 4});
  c.insert(0, 0, {32}, 32);
  c.insert(8, 0, {3}, 3);
  c.insert(9, 0, {0});
  EXPECT_EQ(c.lookup(9, 0)->value, 0);
  EXPECT_EQ(c.lookup(10, 0)->value, 3);
  EXPECT_EQ(c.lookup(0xffff'ffff, 0)->value, 32);
  EXPECT_EQ(c.invalidate(9, ~0U), 3U);
}

TEST(ConfigCache, ReplacesTheLeastRecentlyUsed) {
  ConfigCache<Number> c({1, 2});
  c.insert(1, 0, {1});
  c.insert(2, 0, {2});
  c.lookup(1, 0);
  c.probe(2, 0);
  c.insert(3, 0, {3});
  EXPECT_NE(c.probe(1, 0), nullptr);
  EXPECT_EQ(c.probe(2, 0), nullptr);
}

struct Shared {
  std::shared_ptr<int> value;
  void visit(Archive& /*archive*/) {}
};

TEST(ConfigCache, WhatIsDroppedIsLetGoAndCopiesStayGood) {
  ConfigCache<Shared> c({1, 2});
  c.insert(1, 0, {std::make_shared<int>(5)});
  const Shared copy = *c.lookup(1, 0);
  EXPECT_EQ(copy.value.use_count(), 2);
  c.invalidate(1, ~0U);
  EXPECT_EQ(copy.value.use_count(), 1);
  EXPECT_EQ(*copy.value, 5);
}

TEST(ConfigCache, RefusesGeometriesThatAreNone) {
  EXPECT_THROW(ConfigCache<Number>({3, 1}), ConfigError);
  EXPECT_THROW(ConfigCache<Number>({4, 0}), ConfigError);
}

ConfigCache<Number> filled() {
  ConfigCache<Number> c({2, 2});
  for (std::uint32_t s = 0; s < 9; ++s) c.insert(s, s % 2, {static_cast<int>(s)}, s % 3);
  return c;
}

TEST(ConfigCache, ARangeOfStreamsIsDroppedOfOneSubstreamOrOfAll) {
  ConfigCache<Number> c({1, 16});
  for (std::uint32_t s = 0; s < 8; ++s) c.insert(s, s % 2, {1});
  EXPECT_EQ(c.invalidate(0, ~3U, 1), 2U);
  EXPECT_EQ(c.invalidate(0, ~3U), 2U);
  EXPECT_EQ(c.size(), 4U);
}

TEST(ConfigCache, RoundTripHasTheSameFuture) {
  ConfigCache<Number> a = filled();
  ConfigCache<Number> b({2, 2});
  b.insert(77, 0, {1});
  ASSERT_EQ(load_error(b, saved(a)), "");
  for (std::uint32_t i = 0; i < 40; ++i) {
    ASSERT_EQ(saved(a), saved(b));
    for (ConfigCache<Number>* c : {&a, &b}) {
      c->lookup(i * 5 % 9, 0);
      c->insert(i % 11, i % 2, {1});
      if (i % 8 == 7) c->invalidate(i, ~3U);
    }
  }
}

TEST(ConfigCache, DamagedArchivesAreRefusedOrHarmless) {
  ConfigCache<Number> a = filled();
  expect_damage_is_harmless(saved(a), ConfigCache<Number>({2, 2}), [](ConfigCache<Number>& c) {
    c.insert(1, 0, {1});
    c.invalidate(1, ~0U);
  });
}

TEST(ConfigCache, AnArchiveWithAnEntryThatAnotherSlotHasIsRefused) {
  ConfigCache<Number> a({1, 4});
  a.insert(1, 0, {1});
  a.insert(2, 0, {2});
  ConfigCache<Number> b({1, 4});
  EXPECT_EQ(load_error(b, saved(a), {{"config_cache/range", 1, 1}}),
            "config_cache/slot: holds an entry that another slot has");
  EXPECT_EQ(b.size(), 0U);
}

TEST(ConfigCache, AnArchiveThatFillsALiveSlotBeforeAFreeOneIsRefused) {
  ConfigCache<Number> a({1, 2});
  a.insert(1, 0, {1});
  ConfigCache<Number> b({1, 2});
  EXPECT_EQ(load_error(b, saved(a), {{"order/way", 0, 0}, {"order/way", 1, 1}}),
            "config_cache/order: free entries after others");
  EXPECT_EQ(b.size(), 0U);
}

TEST(ConfigCache, AnArchiveOfAnotherGeometryFailsByName) {
  ConfigCache<Number> a = filled();
  ConfigCache<Number> b({4, 1});
  EXPECT_EQ(load_error(b, saved(a)), "config_cache/sets: another geometry");
}

// A reference: a list that is searched, its least recently used entry first.
TEST(ConfigCache, AgreesWithAListOfItsEntries) {
  struct Entry {
    std::uint32_t range, substream;
    unsigned span;
    int value;
  };
  constexpr std::size_t ways = 12;
  ConfigCache<Number> c({1, ways});
  std::vector<Entry> list;
  std::uint64_t x = 5;
  const auto random = [&x](std::uint32_t n) {
    x = x * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::uint32_t>((x >> 33U) % n);
  };
  const auto found = [&list](std::uint32_t stream, std::uint32_t substream) {
    auto best = list.end();
    for (auto e = list.begin(); e != list.end(); ++e) {
      if (e->substream == substream && stream >> e->span == e->range &&
          (best == list.end() || e->span < best->span)) {
        best = e;
      }
    }
    return best;
  };
  for (int i = 0; i < 50000; ++i) {
    const std::uint32_t stream = random(24);
    const std::uint32_t substream = random(3);
    switch (random(8)) {
      case 0: {
        const std::uint32_t mask = random(2) != 0 ? ~0U : ~random(16);
        const bool all = random(2) != 0;
        std::uint64_t n = 0;
        for (auto e = list.begin(); e != list.end();) {
          bool names = false;
          for (std::uint32_t s = e->range << e->span; s < (e->range + 1) << e->span; ++s) {
            names = names || (s & mask) == (stream & mask);
          }
          if (names && (all || e->substream == substream)) {
            e = list.erase(e);
            ++n;
          } else {
            ++e;
          }
        }
        ASSERT_EQ(c.invalidate(stream, mask, all ? std::nullopt : std::optional(substream)), n);
        break;
      }
      case 1:
      case 2: {
        const unsigned span = random(3);
        for (auto e = list.begin(); e != list.end(); ++e) {
          if (e->range == stream >> span && e->span == span && e->substream == substream) {
            list.erase(e);
            break;
          }
        }
        if (list.size() == ways) list.erase(list.begin());
        list.push_back({stream >> span, substream, span, i});
        c.insert(stream, substream, {i}, span);
        break;
      }
      default: {
        const auto expected = found(stream, substream);
        const Number* n = c.lookup(stream, substream);
        ASSERT_EQ(n != nullptr, expected != list.end());
        if (n == nullptr) break;
        ASSERT_EQ(n->value, expected->value);
        const Entry used = *expected;
        list.erase(expected);
        list.push_back(used);
      }
    }
    ASSERT_EQ(c.size(), list.size());
  }
}

}  // namespace
}  // namespace smmuvp::smmuv3
