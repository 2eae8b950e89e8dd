// Which walks are waited for.
#include "smmuvp/smmu/open_walks.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "smmuvp/test/core.h"

namespace smmuvp::smmu {
namespace {

pgtable::Config config() {
  pgtable::Config c;
  c.stages = pgtable::Stages::nested;
  for (auto& t : c.stage1.tables) {
    t.TxSZ = 25;
    t.EPD = false;
  }
  c.stage2.T0SZ = 25;
  c.stage2.start_level = 1;
  return c;
}
WalkName name() {
  WalkName n;
  n.tag.regime = 1;
  n.tag.stages = pgtable::Stages::nested;
  n.tag.asid_set = 1;
  n.tag.vmid = 2;
  n.tag.asid = 3;
  n.page = 0x10;
  n.generation = 5;
  return n;
}
const pgtable::WalkSetup setup{config()};

TEST(OpenWalks, AWalkOfTheSameNameAndConfigurationIsWaitedFor) {
  OpenWalks walks;
  const OpenWalks::Number walk = walks.begin(name(), setup);
  EXPECT_EQ(walks.join(name(), pgtable::WalkSetup{config()}), walk);
  EXPECT_TRUE(walks.is_open(walk));
  EXPECT_FALSE(walks.take_awaited_end());
  walks.end(walk, 100);
  EXPECT_TRUE(walks.take_awaited_end());
  EXPECT_FALSE(walks.take_awaited_end());
  EXPECT_FALSE(walks.is_open(walk));
  EXPECT_EQ(walks.join(name(), setup), OpenWalks::none) << "it is over";
  EXPECT_EQ(walks.leave(walk), 100U);
  EXPECT_EQ(walks.leave(walk), 0U) << "nothing of it is left";
}

TEST(OpenWalks, TheEndOfAWalkThatNobodyWaitsForIsNotTold) {
  OpenWalks walks;
  walks.end(walks.begin(name(), setup), 100);
  EXPECT_FALSE(walks.take_awaited_end());
}

TEST(OpenWalks, EachPartOfTheNameTellsWalksApart) {
  const std::vector<std::function<void(WalkName&)>> changes = {
      [](WalkName& n) { ++n.tag.regime; },   [](WalkName& n) { n.tag.stages = pgtable::Stages::stage1; },
      [](WalkName& n) { ++n.tag.asid_set; }, [](WalkName& n) { ++n.tag.vmid; },
      [](WalkName& n) { ++n.tag.asid; },     [](WalkName& n) { ++n.page; },
      [](WalkName& n) { ++n.generation; },
  };
  OpenWalks walks;
  walks.begin(name(), setup);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    WalkName other = name();
    changes[i](other);
    EXPECT_EQ(walks.join(other, setup), OpenWalks::none) << i;
  }
}

TEST(OpenWalks, EachFieldOfTheConfigurationThatWalksDependOnTellsThemApart) {
  using pgtable::Config;
  const std::vector<std::function<void(Config&)>> changes = {
      [](Config& c) { c.stages = pgtable::Stages::stage1; },
      [](Config& c) { c.stage1.tables[0].base = 0x1000; },
      [](Config& c) { c.stage1.tables[1].base = 0x1000; },
      [](Config& c) { c.stage1.tables[1].TxSZ = 24; },
      [](Config& c) { c.stage1.tables[0].granule = pgtable::Granule::size_64k; },
      [](Config& c) { c.stage1.tables[0].EPD = true; },
      [](Config& c) { c.stage1.tables[0].TBI = true; },
      [](Config& c) { c.stage1.tables[0].HPD = true; },
      [](Config& c) { c.stage1.tables[0].E0PD = true; },
      [](Config& c) { c.stage1.tables[0].walk_attributes.IRGN = 1; },
      [](Config& c) { c.stage1.tables[0].walk_attributes.ORGN = 1; },
      [](Config& c) { c.stage1.tables[0].walk_attributes.SH = pgtable::Shareability::inner; },
      [](Config& c) { c.stage1.MAIR = 0xff; },
      [](Config& c) { c.stage1.output_size = 40; },
      [](Config& c) { c.stage1.WXN = true; },
      [](Config& c) { c.stage1.UWXN = true; },
      [](Config& c) { c.stage1.PAN = true; },
      [](Config& c) { c.stage1.big_endian = true; },
      [](Config& c) { c.stage1.AFFD = true; },
      [](Config& c) { c.stage1.HA = true; },
      [](Config& c) { c.stage1.HA = c.stage1.HD = true; },
      [](Config& c) { c.stage2.base = 0x10000; },
      [](Config& c) { c.stage2.T0SZ = 26; },
      [](Config& c) { c.stage2.output_size = 40; },
      [](Config& c) { c.stage2.big_endian = true; },
      [](Config& c) { c.stage2.AFFD = true; },
      [](Config& c) { c.stage2.PTW = true; },
      [](Config& c) { c.stage2.FWB = true; },
      [](Config& c) { c.stage2.XNX = true; },
  };
  OpenWalks walks;
  ASSERT_TRUE(setup.ok());
  walks.begin(name(), setup);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Config other = config();
    changes[i](other);
    EXPECT_TRUE(pgtable::is_walkable(other)) << i;
    EXPECT_EQ(walks.join(name(), pgtable::WalkSetup(other)), OpenWalks::none) << i;
  }
}

TEST(OpenWalks, AllHaveToLeaveBeforeAWalkIsForgotten) {
  OpenWalks walks;
  const OpenWalks::Number walk = walks.begin(name(), setup);
  walks.join(name(), setup);
  walks.join(name(), setup);
  walks.join(name(), setup);
  EXPECT_EQ(walks.leave(walk), 0U) << "one gives up";
  walks.end(walk, 100);
  EXPECT_EQ(walks.leave(walk), 100U);
  EXPECT_EQ(walks.leave(walk), 100U);
}

TEST(OpenWalks, AClearLeavesNothingToWaitFor) {
  OpenWalks walks;
  const OpenWalks::Number walk = walks.begin(name(), setup);
  walks.join(name(), setup);
  walks.clear();
  EXPECT_FALSE(walks.is_open(walk));
  walks.end(walk, 100);
  EXPECT_EQ(walks.leave(walk), 0U);
  EXPECT_FALSE(walks.take_awaited_end());
  EXPECT_NE(walks.begin(name(), setup), walk);
}

/// What `walks` saves of itself, loaded into another one.
OpenWalks loaded(OpenWalks& walks) {
  OpenWalks other;
  EXPECT_EQ(test::load(other, test::save(walks)), "");
  return other;
}

TEST(OpenWalks, AnAwaitedWalkIsRestoredByWhoeverComesFirst) {
  for (const bool maker_first : {false, true}) {
    OpenWalks walks;
    const OpenWalks::Number walk = walks.begin(name(), setup);
    ASSERT_EQ(walks.join(name(), setup), walk);
    const OpenWalks::Saved maker = walks.saved(OpenWalks::none, walk);
    const OpenWalks::Saved waiter = walks.saved(walk, OpenWalks::none);
    EXPECT_FALSE(waiter.ended);
    OpenWalks other = loaded(walks);
    ASSERT_TRUE(other.restore(maker_first ? maker : waiter, name()));
    ASSERT_TRUE(other.restore(maker_first ? waiter : maker, name()));
    EXPECT_EQ(other.join(name(), setup), walk) << "it is open";
    other.end(walk, 100);
    EXPECT_TRUE(other.take_awaited_end());
    EXPECT_EQ(other.leave(walk), 100U);
  }
}

TEST(OpenWalks, AnAwaitedWalkThatHasEndedIsRestoredWithItsEnd) {
  OpenWalks walks;
  const OpenWalks::Number walk = walks.begin(name(), setup);
  ASSERT_EQ(walks.join(name(), setup), walk);
  walks.end(walk, 100);
  const OpenWalks::Saved waiter = walks.saved(walk, OpenWalks::none);
  EXPECT_TRUE(waiter.ended);
  OpenWalks other = loaded(walks);
  ASSERT_TRUE(other.restore(waiter, name()));
  EXPECT_FALSE(other.is_open(walk));
  EXPECT_EQ(other.leave(walk), 100U);
}

TEST(OpenWalks, AWalkThatHasNotBegunCannotBeRestored) {
  OpenWalks walks;
  OpenWalks::Saved saved;
  saved.awaited = 1;
  EXPECT_FALSE(walks.restore(saved, name()));
  saved.awaited = OpenWalks::none;
  saved.own = 1;
  EXPECT_FALSE(walks.restore(saved, name()));
}

}  // namespace
}  // namespace smmuvp::smmu
