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
  expect_refused("stages", [](Config& c) { c.stages = Stages::stage2; });
  expect_refused("stages", [](Config& c) { c.stages = Stages::nested; });
  expect_refused("regime", [](Config& c) { c.regime = Regime::el2; });
  expect_refused("regime", [](Config& c) { c.regime = Regime::el3; });
  expect_refused("space", [](Config& c) { c.space = AddressSpace::realm; });
  expect_refused("space", [](Config& c) { c.space = AddressSpace::root; });
  expect_refused("stage1.format", [](Config& c) { c.stage1.format = Format::v7s; });
  expect_refused("stage1.format", [](Config& c) { c.stage1.format = Format::lpae32; });
  expect_refused("stage1.format", [](Config& c) { c.stage1.format = Format::mali_lpae; });
  expect_refused("stage1.HA", [](Config& c) { c.stage1.HA = true; });
  expect_refused("stage1.HD", [](Config& c) { c.stage1.HD = true; });
  expect_refused("stage1.tables[0].granule",
                 [](Config& c) { c.stage1.tables[0].granule = Granule::size_16k; });
  expect_refused("stage1.tables[1].granule",
                 [](Config& c) { c.stage1.tables[1].granule = Granule::size_64k; });
}

TEST(Config, TxSZIs16To39) {
  for (const unsigned TxSZ : {0U, 15U, 40U, 63U, 255U}) {
    expect_refused("stage1.tables[0].TxSZ",
                   [&](Config& c) { c.stage1.tables[0].TxSZ = static_cast<std::uint8_t>(TxSZ); });
    expect_refused("stage1.tables[1].TxSZ",
                   [&](Config& c) { c.stage1.tables[1].TxSZ = static_cast<std::uint8_t>(TxSZ); });
  }
  for (unsigned TxSZ = 16; TxSZ <= 39; ++TxSZ) {
    Config config = two_range_config();
    config.stage1.tables[0].TxSZ = config.stage1.tables[1].TxSZ = static_cast<std::uint8_t>(TxSZ);
    EXPECT_TRUE(validate(config).empty());
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
    const bool legal = size == 32 || size == 36 || size == 40 || size == 42 || size == 44 || size == 48;
    EXPECT_EQ(validate(config).empty(), legal) << size;
    EXPECT_EQ(is_walkable(config), legal) << size;
  }
}

TEST(Config, EveryProblemIsNamed) {
  Config config = two_range_config();
  config.stage1.output_size = 33;
  config.stage1.HA = true;
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
