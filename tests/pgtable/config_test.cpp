// What a Config may be, and that refusals say why.
#include <gtest/gtest.h>

#include <string>

#include "table_memory.h"

namespace smmuvp::pgtable::test {
namespace {

template <class Change>
void expect_refused(const std::string& field, Change change) {
  Config config = two_range_config();
  ASSERT_TRUE(validate(config).empty());
  change(config);
  EXPECT_FALSE(is_walkable(config)) << field;
  const auto problems = validate(config);
  ASSERT_EQ(problems.size(), 1U) << field;
  EXPECT_EQ(problems[0].field, field);
  EXPECT_NE(std::string(problems[0].reason), "");
}

TEST(Config, WhatIsNotBuiltIsRefusedByName) {
  expect_refused("space", [](Config& c) { c.space = AddressSpace::realm; });
  expect_refused("space", [](Config& c) { c.space = AddressSpace::root; });
}

TEST(Config, ValuesOutsideAnEnumerationAreRefused) {
  expect_refused("stages", [](Config& c) { c.stages = static_cast<Stages>(3); });
  expect_refused("regime", [](Config& c) { c.regime = static_cast<Regime>(4); });
  expect_refused("stage1.format", [](Config& c) { c.stage1.format = static_cast<Format>(9); });
  expect_refused("stage1.tables[1].granule",
                 [](Config& c) { c.stage1.tables[1].granule = static_cast<Granule>(13); });
}

TEST(Config, OnlyVmsa64HasHardwareUpdates) {
  for (const Format format : {Format::lpae32, Format::v7s, Format::mali_lpae}) {
    expect_refused("stage1.HA", [&](Config& c) {
      c.stage1.format = format;
      c.stage1.output_size = 40;
      c.stage1.tables[0].TxSZ = c.stage1.tables[1].TxSZ = format == Format::lpae32 ? 0 : 16;
      c.stage1.HA = true;
    });
  }
}

TEST(Config, OnlyVmsa64HasEPAN) {
  expect_refused("stage1.EPAN", [](Config& c) {
    c.stage1.format = Format::lpae32;
    c.stage1.output_size = 40;
    c.stage1.tables[0].TxSZ = c.stage1.tables[1].TxSZ = 0;
    c.stage1.EPAN = true;
  });
}

// IHI 0070 5.2, STE.Config
TEST(Config, OnlyEL1HasAStage2) {
  for (const Regime regime : {Regime::el2_0, Regime::el2, Regime::el3}) {
    expect_refused("regime", [&](Config& c) {
      c.stages = Stages::nested;
      c.regime = regime;
    });
  }
}

TEST(Config, DirtyStateNeedsTheAccessFlag) {
  expect_refused("stage1.HD", [](Config& c) { c.stage1.HD = true; });
  expect_refused("stage2.HD", [](Config& c) {
    c.stages = Stages::stage2;
    c.stage2.HD = true;
  });
}

// IHI 0070 5.4, CD.T0SZ
TEST(Config, TxSZLimitsFollowGranuleAndDS) {
  for (const Granule granule : {Granule::size_4k, Granule::size_16k, Granule::size_64k}) {
    for (const bool DS : {false, true}) {
      for (unsigned TxSZ = 0; TxSZ < 256; ++TxSZ) {
        Config config = two_range_config();
        config.stage1.DS = DS;
        config.stage1.tables[0].granule = granule;
        config.stage1.tables[0].TxSZ = static_cast<std::uint8_t>(TxSZ);
        const bool large = granule == Granule::size_64k;
        const bool legal = TxSZ >= (large || DS ? 12U : 16U) && TxSZ <= (large ? 47U : 48U);
        EXPECT_EQ(is_walkable(config), legal) << TxSZ;
      }
    }
  }
}

TEST(Config, FieldsOfADisabledRangeAreIgnored) {
  Config config = two_range_config();
  config.stage1.tables[1].EPD = true;
  config.stage1.tables[1].TxSZ = 0;
  config.stage1.tables[1].granule = Granule::size_64k;
  EXPECT_TRUE(validate(config).empty());
}

TEST(Config, OutputSizeIsOneOfTheArchitectures) {
  for (unsigned size = 0; size < 256; ++size) {
    Config config = two_range_config();
    config.stage1.output_size = static_cast<std::uint8_t>(size);
    const bool legal =
        size == 32 || size == 36 || size == 40 || size == 42 || size == 44 || size == 48 || size == 52;
    EXPECT_EQ(validate(config).empty(), legal) << size;
    EXPECT_EQ(is_walkable(config), legal) << size;
  }
}

TEST(Config, EveryProblemIsNamed) {
  Config config = two_range_config();
  config.stage1.output_size = 33;
  config.stage1.HD = true;
  config.stage1.tables[0].TxSZ = 1;
  config.stage1.tables[1].TxSZ = 1;
  EXPECT_EQ(validate(config).size(), 4U);
}

TEST(Config, EL20IsWalkedAsEL10) {
  Config config = two_range_config();
  config.regime = Regime::el2_0;
  TableBench bench(config);
  ASSERT_TRUE(bench.builder.map(0, 0x5000, KiB4));
  EXPECT_TRUE(bench.translate(0, AccessType::read, false).ok());
}

}  // namespace
}  // namespace smmuvp::pgtable::test
