// Caches of translations beside a model without lists, hashes or counts: vectors that are searched.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "smmuvp/smmu/micro_tlb.h"
#include "smmuvp/smmu/tlb.h"

namespace smmuvp::smmu {
namespace {

using pgtable::Stages;

struct Number {
  std::uint64_t value = 0;
  void visit(Archive& a) { a.value("value", value); }
};

struct Random {
  std::uint64_t x = 1;
  std::uint32_t operator()(std::uint32_t n) {
    x = x * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::uint32_t>((x >> 33U) % n);
  }
  bool one_in(std::uint32_t n) { return (*this)(n) == 0; }
};

struct Listed {
  std::uint64_t owner = 0;  // micro TLB only
  CacheKey key;
  std::uint64_t value = 0;

  bool covers(std::uint64_t address) const { return address >> key.shift == key.input >> key.shift; }
  bool before(const Listed& other) const {
    if (key.shift != other.key.shift) return key.shift < other.key.shift;
    return !key.global && other.key.global;
  }
  bool is_of(const Tag& t) const {
    const Tag& own = key.tag;
    if (own.regime != t.regime || own.stages != t.stages || own.vmid != t.vmid) return false;
    return key.global ? own.asid_set == t.asid_set : own.asid == t.asid;
  }
};

// One way of the truth about an entry and an invalidation.
bool goes(const Listed& e, const Invalidation& what, bool tables) {
  const CacheKey& k = e.key;
  if (tables && what.leaf) return false;
  if ((what.stages >> static_cast<unsigned>(k.tag.stages) & 1U) == 0) return false;
  if (what.regime && k.tag.regime != *what.regime) return false;
  if (what.vmid && (k.tag.vmid ^ *what.vmid) >> what.vmid_bits_ignored != 0) return false;
  if (what.spared_asid_set && k.tag.asid_set == *what.spared_asid_set) return false;
  if (what.asid && k.global && what.asid_spares_global) return false;
  if (what.asid && !k.global && k.tag.asid != *what.asid) return false;
  if (what.hint && k.granule != what.hint->granule) return false;
  const bool any_level = !what.hint || what.hint->level == TtlHint::any_level;
  if (!any_level && (tables ? k.level > what.hint->level : k.level != what.hint->level)) return false;
  if (!what.range) return true;
  const std::uint64_t first = k.input >> k.span << k.span;
  const std::uint64_t last = first + ((std::uint64_t{1} << k.span) - 1);
  return what.range->first <= what.range->last && first <= what.range->last && last >= what.range->first;
}

// Entries, the next to be replaced first in each set.
struct Model {
  CacheGeometry geometry;
  std::vector<Listed> list;

  std::uint64_t set_of(const Listed& e) const { return (e.key.input >> e.key.shift) % geometry.sets; }
  template <class Match>
  std::optional<Listed> find(Match match, bool use) {
    auto best = list.end();
    for (auto e = list.begin(); e != list.end(); ++e) {
      if (match(*e) && (best == list.end() || e->before(*best))) best = e;
    }
    if (best == list.end()) return std::nullopt;
    const Listed found = *best;
    if (use && geometry.replacement == Replacement::lru) {
      list.erase(best);
      list.push_back(found);
    }
    return found;
  }
  template <class Match>
  std::uint64_t erase(Match match) {
    const auto end = std::remove_if(list.begin(), list.end(), match);
    const auto n = static_cast<std::uint64_t>(list.end() - end);
    list.erase(end, list.end());
    return n;
  }
  // Replaces what `same` says; then makes room by removing the first of the set that may_go.
  template <class Same, class MayGo>
  void insert(const Listed& entry, Same same, MayGo may_go) {
    erase(same);
    std::uint32_t n = 0;
    for (const Listed& e : list) n += set_of(e) == set_of(entry) ? 1 : 0;
    if (n == geometry.ways) {
      const auto victim = std::find_if(
          list.begin(), list.end(), [&](const Listed& e) { return set_of(e) == set_of(entry) && may_go(e); });
      ASSERT_NE(victim, list.end());
      list.erase(victim);
    }
    list.push_back(entry);
  }
};

constexpr std::uint8_t shifts[] = {12, 16, 21};

std::uint64_t some_address(Random& random) {
  const std::uint64_t low = std::uint64_t{random(3)} << 21 | random(3) << 16 | random(4) << 12 | random(4096);
  return random.one_in(4) ? ~low : low;
}

Tag some_tag(Random& random) {
  return {static_cast<std::uint8_t>(random(2)), static_cast<Stages>(random(3)),
          static_cast<std::uint8_t>(random(2)), static_cast<std::uint16_t>(random(2)),
          static_cast<std::uint16_t>(random(3))};
}

Listed some_entry(Random& random, std::uint64_t value) {
  Listed e;
  e.owner = random(4);
  e.key.tag = some_tag(random);
  e.key.global = random.one_in(3);
  e.key.shift = shifts[random(3)];
  e.key.span = e.key.shift;
  if (random.one_in(8)) e.key.span = static_cast<std::uint8_t>(e.key.shift + random(12));
  e.key.level = static_cast<std::int8_t>(random(4));
  e.key.granule = random.one_in(2) ? 12 : 16;
  e.key.input = some_address(random) >> e.key.shift << e.key.shift;
  e.value = value;
  return e;
}

Invalidation some_invalidation(Random& random) {
  Invalidation what;
  const Tag t = some_tag(random);
  if (!random.one_in(4)) what.regime = t.regime;
  if (!random.one_in(4)) what.vmid = t.vmid;
  if (!random.one_in(3)) what.asid = t.asid;
  what.asid_spares_global = random.one_in(2);
  if (random.one_in(2)) what.stages = static_cast<StagesMask>(random(8));
  if (!random.one_in(3)) {
    const std::uint64_t at = some_address(random);
    what.range = {at, at};
    if (random.one_in(2)) what.range = {at, at + (std::uint64_t{random(64)} << random(20))};
    if (random.one_in(8)) what.range = {at, some_address(random)};
    if (random.one_in(16)) what.range = {0, ~std::uint64_t{0}};
  }
  if (random.one_in(4)) {
    what.hint =
        TtlHint{static_cast<std::uint8_t>(random.one_in(2) ? 12 : 16), static_cast<std::int8_t>(random(4))};
    if (random.one_in(3)) what.hint->level = TtlHint::any_level;
  }
  what.leaf = random.one_in(4);
  if (random.one_in(6)) what.vmid_bits_ignored = static_cast<std::uint8_t>(1 + random(4));
  if (random.one_in(6)) what.spared_asid_set = static_cast<std::uint8_t>(random(2));
  return what;
}

template <class Cache>
void expect_same_content(const Cache& cache, const Model& model) {
  ASSERT_EQ(cache.size(), model.list.size());
  std::vector<std::uint64_t> mine;
  std::vector<std::uint64_t> theirs;
  cache.for_each([&](const auto& e) { mine.push_back(e.value.value); });
  for (const Listed& e : model.list) theirs.push_back(e.value);
  std::sort(mine.begin(), mine.end());
  std::sort(theirs.begin(), theirs.end());
  ASSERT_EQ(mine, theirs);
}

template <class Entry>
void expect_same(const Entry* found, const std::optional<Listed>& expected) {
  ASSERT_EQ(found != nullptr, expected.has_value());
  if (found == nullptr) return;
  EXPECT_EQ(found->value.value, expected->value);
  EXPECT_EQ(found->input(), expected->key.input);
  EXPECT_EQ(found->shift(), expected->key.shift);
  EXPECT_EQ(found->span(), expected->key.span);
  EXPECT_EQ(found->level(), expected->key.level);
  EXPECT_EQ(found->granule(), expected->key.granule);
  EXPECT_EQ(found->global(), expected->key.global);
  EXPECT_EQ(found->tag().regime, expected->key.tag.regime);
  EXPECT_EQ(found->tag().stages, expected->key.tag.stages);
  EXPECT_EQ(found->tag().vmid, expected->key.tag.vmid);
  EXPECT_EQ(found->tag().asid_set, expected->key.tag.asid_set);
  if (!expected->key.global) {
    EXPECT_EQ(found->tag().asid, expected->key.tag.asid);
  }
}

// Which entry random replacement takes is its own affair; it takes one of the set.
template <class Cache>
auto gone_from(const Cache& cache) {
  std::vector<std::uint64_t> there;
  if (cache.geometry().replacement == Replacement::random) {
    cache.for_each([&](const auto& e) { there.push_back(e.value.value); });
  }
  return [there, random = cache.geometry().replacement == Replacement::random](const Listed& e) {
    return !random || std::find(there.begin(), there.end(), e.value) == there.end();
  };
}

class CachesRandom : public testing::TestWithParam<CacheGeometry> {
 protected:
  template <class Cache>
  void run_by_tag(Cache cache, bool tables) {
    Model model{GetParam(), {}};
    Random random;
    for (std::uint64_t i = 0; i < 40000; ++i) {
      const Tag tag = some_tag(random);
      const std::uint64_t address = some_address(random);
      const auto match = [&](const Listed& e) { return e.is_of(tag) && e.covers(address); };
      if (const std::uint32_t what = random(32); what == 0) {
        const Invalidation invalidation = some_invalidation(random);
        const std::uint64_t n = model.erase([&](const Listed& e) { return goes(e, invalidation, tables); });
        ASSERT_EQ(cache.invalidate(invalidation), n);
      } else if (what < 12) {
        const Listed entry = some_entry(random, i);
        cache.insert(entry.key, {entry.value});
        model.insert(
            entry,
            [&](const Listed& e) {
              if (e.key.shift != entry.key.shift || e.key.input != entry.key.input) return false;
              // What the tag of the one finds, or that of the other
              return e.is_of(entry.key.tag);
            },
            gone_from(cache));
      } else if (what < 16) {
        expect_same(cache.probe(tag, address), model.find(match, false));
      } else {
        expect_same(cache.lookup(tag, address), model.find(match, true));
      }
      if (HasFailure()) FAIL() << "step " << i;
      expect_same_content(cache, model);
      if (HasFailure()) FAIL() << "step " << i;
    }
  }
};

TEST_P(CachesRandom, ATLBAgreesWithAList) { run_by_tag(TaggedCache<Number>(GetParam()), false); }

TEST_P(CachesRandom, AWalkCacheAgreesWithAList) { run_by_tag(WalkCache<Number>(GetParam()), true); }

TEST_P(CachesRandom, AMicroTLBAgreesWithAList) {
  MicroTlb<Number> cache(GetParam());
  Model model{GetParam(), {}};
  Random random;
  for (std::uint64_t i = 0; i < 40000; ++i) {
    const std::uint64_t owner = random(4);
    const std::uint64_t address = some_address(random);
    const auto match = [&](const Listed& e) { return e.owner == owner && e.covers(address); };
    if (const std::uint32_t what = random(32); what == 0) {
      const Invalidation invalidation = some_invalidation(random);
      const std::uint64_t n = model.erase([&](const Listed& e) { return goes(e, invalidation, false); });
      ASSERT_EQ(cache.invalidate(invalidation), n);
    } else if (what == 1) {
      const std::uint64_t mask = random.one_in(2) ? ~std::uint64_t{0} : random(4);
      const std::uint64_t n =
          model.erase([&](const Listed& e) { return (e.owner & mask) == (owner & mask); });
      ASSERT_EQ(cache.drop_owner(owner & mask, mask), n);
    } else if (what < 12) {
      const Listed entry = some_entry(random, i);
      cache.insert(entry.owner, entry.key, {entry.value});
      model.insert(
          entry,
          [&](const Listed& e) {
            return e.owner == entry.owner && e.key.shift == entry.key.shift && e.key.input == entry.key.input;
          },
          gone_from(cache));
    } else if (what < 16) {
      expect_same(cache.probe(owner, address), model.find(match, false));
    } else {
      expect_same(cache.lookup(owner, address), model.find(match, true));
    }
    if (HasFailure()) FAIL() << "step " << i;
    expect_same_content(cache, model);
    if (HasFailure()) FAIL() << "step " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Geometries, CachesRandom,
                         testing::Values(CacheGeometry{1, 1}, CacheGeometry{1, 40},
                                         CacheGeometry{1, 7, Replacement::fifo},
                                         CacheGeometry{1, 40, Replacement::random},
                                         CacheGeometry{8, 4, Replacement::lru, SetIndex::modulo},
                                         CacheGeometry{4, 3, Replacement::fifo, SetIndex::modulo},
                                         CacheGeometry{4, 5, Replacement::random, SetIndex::modulo}));

}  // namespace
}  // namespace smmuvp::smmu
