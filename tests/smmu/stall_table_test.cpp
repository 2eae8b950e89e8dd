#include "smmuvp/smmu/stall_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace smmuvp::smmu {
namespace {

struct State {
  int value = 0;
  void visit(Archive& archive) { archive.value("value", value); }
};
using Table = StallTable<State>;

// Values of the accesses that have been resolved since the last call.
std::vector<int> taken(Table& t) {
  std::vector<int> values;
  while (const auto r = t.take_resolved()) values.push_back(r->payload.value);
  return values;
}

TEST(StallTable, NeedsATag) {
  EXPECT_THROW(Table(0), ConfigError);
  EXPECT_THROW(Table(65537), ConfigError);
  EXPECT_EQ(Table(65536).capacity(), 65536U);
}

TEST(StallTable, GivesEveryTagAndNoneTwiceAtATime) {
  Table t(4);
  std::set<Table::Tag> tags;
  for (int i = 0; i < 4; ++i) tags.insert(*t.insert(1, {i}));
  EXPECT_EQ(tags, (std::set<Table::Tag>{0, 1, 2, 3}));
  EXPECT_EQ(t.size(), 4U);
}

TEST(StallTable, ATagIsGivenAgainOnlyAfterAllOthers) {
  Table t(3);
  const auto first = t.insert(1, {0});
  t.resolve(1, *first, StallAnswer::retry);
  EXPECT_NE(t.insert(1, {1}), first);
  EXPECT_NE(t.insert(1, {2}), first);
  EXPECT_EQ(t.insert(1, {3}), first);
}

TEST(StallTable, AnEntryWaitsUntilItIsResolved) {
  Table t(2);
  const auto tag = t.insert(7, {42});
  EXPECT_EQ(t.find(*tag)->value, 42);
  EXPECT_EQ(t.owner(*tag), 7U);
  EXPECT_FALSE(t.take_resolved());
  EXPECT_TRUE(t.resolve(7, *tag, StallAnswer::abort));
  EXPECT_EQ(t.find(*tag), nullptr);
  EXPECT_EQ(t.owner(*tag), std::nullopt);
  const auto r = t.take_resolved();
  ASSERT_TRUE(r);
  EXPECT_EQ(r->tag, tag);
  EXPECT_EQ(r->owner, 7U);
  EXPECT_EQ(r->answer, StallAnswer::abort);
  EXPECT_EQ(r->payload.value, 42);
  EXPECT_FALSE(t.take_resolved()) << "once";
}

TEST(StallTable, AnUnknownPairOfOwnerAndTagDoesNothing) {
  Table t(2);
  const auto tag = t.insert(7, {1});
  EXPECT_FALSE(t.resolve(8, *tag, StallAnswer::retry)) << "another's";
  EXPECT_FALSE(t.resolve(7, *tag + 1, StallAnswer::retry)) << "free";
  EXPECT_FALSE(t.resolve(7, 2, StallAnswer::retry)) << "no tag";
  EXPECT_FALSE(t.resolve(7, ~0U, StallAnswer::retry));
  EXPECT_FALSE(t.take_resolved());
  EXPECT_TRUE(t.resolve(7, *tag, StallAnswer::retry));
  EXPECT_FALSE(t.resolve(7, *tag, StallAnswer::retry)) << "twice";
  EXPECT_EQ(taken(t), std::vector<int>{1});
}

TEST(StallTable, GivesResolvedEntriesInTheOrderOfTheirResolution) {
  Table t(3);
  const auto a = t.insert(1, {1});
  const auto b = t.insert(1, {2});
  const auto c = t.insert(2, {3});
  t.resolve(2, *c, StallAnswer::retry);
  t.resolve(1, *a, StallAnswer::terminate);
  t.resolve(1, *b, StallAnswer::abort);
  EXPECT_EQ(taken(t), (std::vector<int>{3, 1, 2}));
}

TEST(StallTable, AllOfAnOwnerAreThoseThatWaitAtThatMoment) {
  Table t(4);
  t.insert(1, {1});
  t.insert(2, {2});
  t.insert(1, {3});
  EXPECT_EQ(t.resolve_all(1, StallAnswer::terminate), 2U);
  t.insert(1, {4});
  EXPECT_EQ(taken(t), (std::vector<int>{1, 3}));
  EXPECT_EQ(t.size(), 2U);
  EXPECT_EQ(t.resolve_all(3, StallAnswer::terminate), 0U);
}

TEST(StallTable, AllOfAnOwnerIncludeThoseThatWaitForATag) {
  Table t(1);
  t.insert(1, {1});
  t.insert(2, {2});
  t.insert(1, {3});
  EXPECT_EQ(t.queued(), 2U);
  EXPECT_EQ(t.resolve_all(1, StallAnswer::abort), 2U);
  EXPECT_EQ(t.queued(), 1U);
  t.take_resolved();
  const auto r = t.take_resolved();
  EXPECT_EQ(r->tag, std::nullopt);
  EXPECT_EQ(r->owner, 1U);
  EXPECT_EQ(r->answer, StallAnswer::abort);
  EXPECT_EQ(r->payload.value, 3);
}

TEST(StallTable, AResetResolvesEverythingInTheOrderOfStalling) {
  Table t(2);
  for (int i = 0; i < 6; ++i) t.insert(static_cast<Table::Owner>(5 - i % 3), {i});
  EXPECT_EQ(t.resolve_all(StallAnswer::abort), 6U);
  EXPECT_EQ(taken(t), (std::vector<int>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(t.size() + t.queued(), 0U);
  EXPECT_FALSE(t.admit());
  EXPECT_TRUE(t.insert(1, {7}));
}

TEST(StallTable, WhoFindsNoTagWaitsForOneInOrder) {
  Table t(1);
  const auto tag = t.insert(1, {1});
  EXPECT_FALSE(t.insert(2, {2}));
  EXPECT_FALSE(t.insert(3, {3}));
  EXPECT_FALSE(t.admit()) << "none is free";
  t.resolve(1, *tag, StallAnswer::retry);
  EXPECT_FALSE(t.insert(4, {4})) << "others came before";
  const auto next = t.admit();
  ASSERT_TRUE(next);
  EXPECT_EQ(t.find(*next)->value, 2);
  EXPECT_FALSE(t.admit());
  EXPECT_EQ(t.queued(), 2U);
  t.resolve(2, *next, StallAnswer::retry);
  EXPECT_EQ(t.find(*t.admit())->value, 3);
}

// SMMUv2: a context bank stalls one access at a time.
TEST(StallTable, AnOwnerWithAllItsTagsHoldsNoOtherOwnerUp) {
  Table t(8, 1);
  const auto a = t.insert(1, {1});
  EXPECT_FALSE(t.insert(1, {2}));
  EXPECT_FALSE(t.insert(1, {3}));
  const auto b = t.insert(2, {4});
  EXPECT_TRUE(b);
  EXPECT_FALSE(t.admit());
  t.resolve(1, *a, StallAnswer::terminate);
  EXPECT_EQ(t.find(*t.admit())->value, 2);
  EXPECT_FALSE(t.admit()) << "one at a time";
  EXPECT_EQ(t.resolve_all(1, StallAnswer::abort), 2U);
  EXPECT_TRUE(t.insert(1, {5}));
}

Table busy() {
  Table t(3, 2);
  t.insert(1, {1});
  t.insert(1, {2});
  t.insert(1, {3});
  t.insert(2, {4});
  t.insert(2, {5});
  t.resolve(1, 0, StallAnswer::terminate);
  t.insert(3, {6});
  t.resolve_all(2, StallAnswer::retry);
  return t;
}

TEST(StallTable, RoundTripsThroughAnArchive) {
  Table a = busy();
  ArchiveWriter w;
  a.visit(w);
  Table b(3, 2);
  b.insert(9, {9});
  ArchiveReader r(w.data());
  b.visit(r);
  ASSERT_TRUE(r.complete()) << r.error();
  ArchiveWriter again;
  b.visit(again);
  EXPECT_EQ(again.data(), w.data());
  EXPECT_EQ(b.size(), a.size());
  EXPECT_EQ(b.queued(), a.queued());
  for (int i = 0; i < 4; ++i) EXPECT_EQ(b.admit(), a.admit());
  EXPECT_EQ(b.resolve_all(StallAnswer::abort), a.resolve_all(StallAnswer::abort));
  EXPECT_EQ(taken(b), taken(a));
  EXPECT_EQ(b.insert(4, {7}), a.insert(4, {7}));
  Table other(4);
  ArchiveReader wrong(w.data());
  other.visit(wrong);
  EXPECT_FALSE(wrong.ok());
}

TEST(StallTable, ADamagedArchiveFailsOrLeavesATableThatWorks) {
  Table a = busy();
  ArchiveWriter w;
  a.visit(w);
  const auto load = [](const std::vector<std::uint8_t>& data) {
    Table t(3, 2);
    t.insert(9, {9});
    ArchiveReader r(data);
    t.visit(r);
    if (!r.ok()) {
      EXPECT_EQ(t.size() + t.queued(), 0U);
      EXPECT_FALSE(t.take_resolved());
    }
    t.resolve_all(StallAnswer::abort);
    std::set<Table::Tag> tags;
    for (Table::Owner owner = 0; owner < 3; ++owner) tags.insert(t.insert(owner, {}).value_or(99));
    EXPECT_EQ(tags, (std::set<Table::Tag>{0, 1, 2}));
    return r.ok();
  };
  for (std::size_t i = 0; i < w.data().size(); ++i) {
    for (const unsigned flip : {0x01U, 0x02U, 0x80U, 0xffU}) {
      std::vector<std::uint8_t> data = w.data();
      data[i] = static_cast<std::uint8_t>(data[i] ^ flip);
      load(data);
    }
    EXPECT_FALSE(load({w.data().begin(), w.data().begin() + static_cast<std::ptrdiff_t>(i)}));
  }
}

// Entries in the order of stalling, searched one by one.
TEST(StallTable, AgreesWithAListOfItsEntries) {
  struct Entry {
    Table::Owner owner;
    int value;
    std::optional<Table::Tag> tag;
  };
  std::uint64_t x = 5;
  const auto random = [&x](std::uint64_t n) {
    x = x * 6364136223846793005ULL + 1442695040888963407ULL;
    return (x >> 33) % n;
  };
  for (const std::uint32_t per_owner : {0U, 1U, 2U}) {
    Table t(5, per_owner);
    std::vector<Entry> list;
    std::vector<int> resolved;
    const auto tags_of = [&](Table::Owner owner) {
      return std::count_if(list.begin(), list.end(),
                           [&](const Entry& e) { return e.tag && e.owner == owner; });
    };
    for (int i = 0; i < 20000; ++i) {
      const auto owner = static_cast<Table::Owner>(random(4));
      const auto tag = static_cast<Table::Tag>(random(6));
      const std::uint64_t what = random(20);
      if (what < 10) {
        const auto given = t.insert(owner, {i});
        list.push_back({owner, i, given});
      } else if (what < 17) {
        const auto e = std::find_if(list.begin(), list.end(),
                                    [&](const Entry& o) { return o.tag == tag && o.owner == owner; });
        ASSERT_EQ(t.resolve(owner, tag, StallAnswer::retry), e != list.end());
        if (e != list.end()) {
          resolved.push_back(e->value);
          list.erase(e);
        }
      } else if (what == 17) {
        std::vector<Entry> left;
        std::vector<int> waiting;
        for (const Entry& e : list) {
          if (e.owner != owner) {
            left.push_back(e);
          } else {
            (e.tag ? resolved : waiting).push_back(e.value);
          }
        }
        resolved.insert(resolved.end(), waiting.begin(), waiting.end());
        list = left;
        t.resolve_all(owner, StallAnswer::terminate);
      } else if (what == 18) {
        ASSERT_EQ(taken(t), resolved);
        resolved.clear();
      }
      // After each step, whoever can have a tag has one, and those who came first have it.
      for (Entry& e : list) {
        if (e.tag || (per_owner != 0 && tags_of(e.owner) >= per_owner)) continue;
        if (std::count_if(list.begin(), list.end(), [](const Entry& o) { return o.tag.has_value(); }) == 5)
          continue;
        const auto given = t.admit();
        ASSERT_TRUE(given);
        ASSERT_EQ(t.find(*given)->value, e.value);
        e.tag = given;
      }
      ASSERT_FALSE(t.admit());
    }
  }
}

}  // namespace
}  // namespace smmuvp::smmu
