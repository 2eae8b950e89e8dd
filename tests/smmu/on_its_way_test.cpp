// Entries that are known before they are there.
#include "smmuvp/smmu/on_its_way.h"

#include <gtest/gtest.h>

#include "cache_archive.h"

namespace smmuvp::smmu {
namespace {

TEST(OnItsWay, WhoAsksWhileAnEntryIsOnItsWayWaits) {
  OnItsWay o;
  o.put(3, 100, 200);
  EXPECT_EQ(o.there(3, 99), 99U) << "asked before: not made to wait for one that ran ahead";
  EXPECT_EQ(o.there(3, 100), 200U);
  EXPECT_EQ(o.there(3, 199), 200U);
  EXPECT_EQ(o.there(3, 200), 200U);
  EXPECT_EQ(o.there(3, 201), 201U);
  EXPECT_EQ(o.there(2, 150), 150U);
  EXPECT_EQ(o.there(4, 150), 150U);
  EXPECT_EQ(o.latest(), 200U);
}

TEST(OnItsWay, TheNextEntryOfASlotHasATimeOfItsOwn) {
  OnItsWay o;
  o.put(3, 100, 200);
  o.put(3, 150, 0);
  EXPECT_EQ(o.there(3, 160), 160U);
  o.put(3, 300, 400);
  EXPECT_EQ(o.there(3, 160), 160U);
  EXPECT_EQ(o.there(3, 300), 400U);
  o.clear();
  EXPECT_EQ(o.there(3, 300), 300U);
}

struct Saved {
  void visit(Archive& archive) { on_its_way.visit(archive, now, 8); }
  std::uint64_t size() const { return on_its_way.latest(); }
  OnItsWay on_its_way;
  TimePs now = 0;
};

TEST(OnItsWay, IsSavedAndLoaded) {
  Saved a;
  a.on_its_way.put(2, 10, 100);
  a.on_its_way.put(5, 100, 200);
  a.on_its_way.put(7, 120, 180);
  a.now = 100;
  Saved b;
  b.on_its_way.put(6, 1, 1000);
  ASSERT_EQ(load_error(b, saved(a)), "");
  EXPECT_EQ(b.on_its_way.there(2, 50), 50U) << "was there when it was saved";
  EXPECT_EQ(b.on_its_way.there(5, 150), 200U);
  EXPECT_EQ(b.on_its_way.there(7, 150), 180U);
  EXPECT_EQ(b.on_its_way.there(6, 500), 500U);
  EXPECT_EQ(b.on_its_way.latest(), 200U);
}

TEST(OnItsWay, DamagedArchivesAreRefusedOrHarmless) {
  Saved a;
  a.on_its_way.put(2, 10, 100);
  a.on_its_way.put(5, 100, 200);
  expect_damage_is_harmless(saved(a), Saved(), [](Saved& s) {
    s.on_its_way.put(7, 10, 20);
    for (std::uint32_t slot = 0; slot < 9; ++slot) EXPECT_GE(s.on_its_way.there(slot, 15), 15U);
  });
}

}  // namespace
}  // namespace smmuvp::smmu
