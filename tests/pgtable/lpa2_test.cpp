// 52-bit addresses (FEAT_LPA, FEAT_LVA, FEAT_LPA2) and small tables (FEAT_TTST) of VMSAv8-64.
#include <gtest/gtest.h>

#include "hand_tables.h"

namespace smmuvp::pgtable::test {
namespace {

// A range of one granule whose tables lie at 0x10000 * (level + 2), each found through its last entry.
struct WideBench : HandBench {
  WideBench(Granule granule, unsigned TxSZ, bool wide = true) : page(static_cast<unsigned>(granule)) {
    Stage1Config& s1 = config.stage1;
    s1.LPA = wide;
    s1.DS = wide && granule != Granule::size_64k;
    s1.output_size = wide ? 52 : 48;
    s1.MAIR = 0xff;
    s1.tables[0].EPD = false;
    s1.tables[0].granule = granule;
    s1.tables[0].TxSZ = static_cast<std::uint8_t>(TxSZ);
    s1.tables[0].walk_attributes.SH = Shareability::inner;
    s1.tables[0].base = 0x100000;
    va = (std::uint64_t{1} << (64 - TxSZ)) - 1;
    const unsigned stride = page - 3;
    level = 3 - static_cast<int>((64 - TxSZ - page - 1) / stride);
    index_bits = 64 - TxSZ - page - stride * static_cast<unsigned>(3 - level);
    std::uint64_t table = 0x100000;
    unsigned bits = index_bits;
    for (int l = level; l <= 3; ++l) {
      descriptor[l + 1] = table + (std::uint64_t{8} << bits) - 8;
      table += 0x100000;
      bits = stride;
      memory[descriptor[l + 1]] = l == 3 ? 0x5550000 | AF | page_type : table | table_type;
    }
  }
  std::uint64_t& at(int l) { return memory[descriptor[l + 1]]; }

  unsigned page;
  std::uint64_t va = 0;  ///< the last address of the range
  int level = 0;         ///< the first
  unsigned index_bits = 0;
  std::uint64_t descriptor[5] = {};
};

TEST(Lpa2, InputsOf52BitsStartAtLevelMinus1With4KiBAndLevel0With16KiB) {
  for (unsigned TxSZ = 12; TxSZ < 16; ++TxSZ) {
    WideBench small(Granule::size_4k, TxSZ);
    Result r = small.translate(small.va);
    ASSERT_TRUE(r.ok());
    EXPECT_EQ(r.output, 0x5550fffU);
    ASSERT_EQ(r.descriptors.size(), 5U);
    EXPECT_EQ(small.memory.ops[0].level, -1);
    EXPECT_EQ(r.descriptors[0], 0x100000 + (std::uint64_t{8} << (16 - TxSZ)) - 8);

    WideBench medium(Granule::size_16k, TxSZ);
    r = medium.translate(medium.va);
    ASSERT_TRUE(r.ok());
    ASSERT_EQ(r.descriptors.size(), 4U);
    EXPECT_EQ(r.descriptors[0], 0x100000 + (std::uint64_t{8} << (17 - TxSZ)) - 8);

    WideBench large(Granule::size_64k, TxSZ);
    r = large.translate(large.va);
    ASSERT_TRUE(r.ok());
    ASSERT_EQ(r.descriptors.size(), 3U);
    EXPECT_EQ(r.descriptors[0], 0x100000 + (std::uint64_t{8} << (22 - TxSZ)) - 8);
    for (WideBench* bench : {&small, &medium, &large}) {
      expect_fault(bench->translate(bench->va + 1), FaultKind::translation, Stage::stage1, 0);
    }
  }
}

TEST(Lpa2, InputsOf52BitsNeedDSWith4And16KiB) {
  for (const Granule granule : {Granule::size_4k, Granule::size_16k, Granule::size_64k}) {
    WideBench bench(granule, 15);
    bench.config.stage1.DS = false;
    EXPECT_EQ(is_walkable(bench.config), granule == Granule::size_64k);
  }
}

TEST(Lpa2, FaultAtLevelMinus1IsReportedAsSuch) {
  WideBench bench(Granule::size_4k, 12);
  bench.at(-1) &= ~std::uint64_t{1};
  expect_fault(bench.translate(bench.va), FaultKind::translation, Stage::stage1, -1);
  bench.at(-1) = block_type | AF;  // no block is that large
  expect_fault(bench.translate(bench.va), FaultKind::translation, Stage::stage1, -1);
  bench.memory.aborts.insert(bench.descriptor[0]);
  expect_fault(bench.translate(bench.va), FaultKind::external_abort, Stage::stage1, -1);
  WideBench limited(Granule::size_4k, 12);
  limited.config.stage1.output_size = 48;
  limited.at(-1) |= bit(48);
  expect_fault(limited.translate(limited.va), FaultKind::address_size, Stage::stage1, -1);
}

// Where the descriptor keeps bits 51 to 48 of an address.
std::uint64_t high_bits(Granule granule, unsigned value) {
  const std::uint64_t v = value;
  if (granule == Granule::size_64k) return v << 12;
  return (v & 3) << 48 | (v >> 2) << 8;
}

TEST(Lpa2, AddressBits51To48StandWhereTheGranuleHasThem) {
  for (const Granule granule : {Granule::size_4k, Granule::size_16k, Granule::size_64k}) {
    for (unsigned value = 0; value < 16; ++value) {
      const std::uint64_t high = std::uint64_t{value} << 48;
      WideBench page(granule, 16);
      page.at(3) |= high_bits(granule, value);
      EXPECT_EQ(page.translate(page.va).output >> 48, value);
      // The same of a table: it lies there.
      WideBench table(granule, 16);
      const std::uint64_t leaf = table.at(3);
      table.at(3) = 0;
      table.memory[table.descriptor[4] | high] = leaf;
      table.at(2) |= high_bits(granule, value);
      EXPECT_TRUE(table.translate(table.va).ok());
      EXPECT_EQ(table.memory.ops.back().address, table.descriptor[4] | high);
    }
  }
}

TEST(Lpa2, AddressBits51To48AreIgnoredWithout52BitDescriptors) {
  for (const Granule granule : {Granule::size_4k, Granule::size_16k, Granule::size_64k}) {
    WideBench bench(granule, 16, false);

    bench.at(3) |= std::uint64_t{0xf} << 48;
    if (granule == Granule::size_64k) bench.at(3) |= 0xf000;
    bench.at(2) |= std::uint64_t{0x3} << 48;
    const Result r = bench.translate(bench.va);
    ASSERT_TRUE(r.ok());
    EXPECT_EQ(r.output, 0x5550000U + (bench.va & (bit(bench.page) - 1)));
  }
}

TEST(Lpa2, OutputSizeLimitsBits51To48) {
  for (const Granule granule : {Granule::size_4k, Granule::size_16k, Granule::size_64k}) {
    for (const int level : {2, 3}) {
      for (unsigned n = 0; n < 4; ++n) {
        WideBench bench(granule, 16);
        bench.config.stage1.output_size = 48;
        EXPECT_TRUE(bench.translate(bench.va).ok());
        bench.at(level) |= high_bits(granule, 1U << n);
        expect_fault(bench.translate(bench.va), FaultKind::address_size, Stage::stage1, level);
      }
    }
    WideBench bench(granule, 16);
    bench.config.stage1.tables[0].base |= bit(51);
    bench.config.stage1.output_size = 48;
    expect_fault(bench.translate(bench.va), FaultKind::address_size, Stage::stage1, 0);
  }
}

TEST(Lpa2, LargestBlocksNeed52BitDescriptors) {
  const struct {
    Granule granule;
    int level;
    unsigned shift;
  } rows[] = {{Granule::size_4k, 0, 39}, {Granule::size_16k, 1, 36}, {Granule::size_64k, 1, 42}};
  for (const auto& row : rows) {
    for (const bool wide : {true, false}) {
      WideBench bench(row.granule, 16, wide);
      bench.at(row.level) = bit(row.shift) | AF | block_type;
      const Result r = bench.translate(bench.va);
      if (wide) {
        ASSERT_TRUE(r.ok());
        EXPECT_EQ(r.output, bit(row.shift) | (bench.va & (bit(row.shift) - 1)));
        EXPECT_EQ(r.block_shift, row.shift);
      } else {
        expect_fault(r, FaultKind::translation, Stage::stage1, row.level);
      }
    }
  }
}

TEST(Lpa2, ShareabilityIsThatOfTCRWithDS) {
  for (const Granule granule : {Granule::size_4k, Granule::size_16k}) {
    WideBench bench(granule, 16);
    EXPECT_EQ(bench.translate(bench.va).attributes.SH, Shareability::inner);
    WideBench narrow(granule, 16, false);
    narrow.at(3) |= 2 << 8;
    EXPECT_EQ(narrow.translate(narrow.va).attributes.SH, Shareability::outer);
  }
  WideBench large(Granule::size_64k, 16);
  large.at(3) |= 2 << 8;
  large.config.stage1.DS = true;  // no matter of this granule
  EXPECT_EQ(large.translate(large.va).attributes.SH, Shareability::outer);
}

TEST(Lpa2, ShareabilityOfStage2IsThatOfVTCRWithDS) {
  Stage2Bench bench;
  bench.config.stage2.DS = bench.config.stage2.LPA = true;
  bench.config.stage2.output_size = 52;
  bench.config.stage2.walk_attributes.SH = Shareability::inner;
  EXPECT_EQ(bench.translate(0).stage2_attributes.SH, Shareability::inner);
  bench.memory[Stage2Bench::page_of(0)] |= high_bits(Granule::size_4k, 9);
  const Result r = bench.translate(0);
  EXPECT_EQ(r.output, Stage2Bench::offset + (std::uint64_t{9} << 48));
  EXPECT_EQ(r.stage2_attributes.SH, Shareability::inner);
}

TEST(Lpa2, FirstTableIsAlignedTo64BytesWith52OutputBits) {
  for (const Granule granule : {Granule::size_4k, Granule::size_16k, Granule::size_64k}) {
    WideBench bench(granule, granule == Granule::size_4k ? 15 : granule == Granule::size_16k ? 16 : 21);
    ASSERT_EQ(bench.index_bits, 1U);  // a table of 16 bytes
    bench.config.stage1.tables[0].base += 0x30;
    EXPECT_TRUE(bench.translate(bench.va).ok()) << bench.page;
  }
  // Whatever the granule can express, by IHI 0070
  WideBench bench(Granule::size_4k, 24, false);
  ASSERT_EQ(bench.index_bits, 1U);
  bench.config.stage1.tables[0].base += 0x30;
  EXPECT_EQ(bench.translate(bench.va).descriptors[0], 0x100038U);
  bench.config.stage1.output_size = 52;
  EXPECT_EQ(bench.translate(bench.va).descriptors[0], 0x100008U);
}

TEST(Lpa2, FirstTableBeyond48BitsNeeds52BitDescriptors) {
  for (const Granule granule : {Granule::size_4k, Granule::size_16k, Granule::size_64k}) {
    WideBench bench(granule, 16, false);
    bench.config.stage1.output_size = 52;
    EXPECT_TRUE(bench.translate(bench.va).ok());
    bench.config.stage1.tables[0].base |= bit(48);
    expect_fault(bench.translate(bench.va), FaultKind::address_size, Stage::stage1, 0);
  }
  Stage2Bench bench;
  bench.config.stage2.output_size = 52;
  EXPECT_TRUE(bench.translate(0).ok());
  bench.config.stage2.base |= bit(48);
  expect_fault(bench.translate(0), FaultKind::address_size, Stage::stage2, 0);
}

TEST(Lpa2, SmallTablesStartAsLateAsLevel3) {
  for (const Granule granule : {Granule::size_4k, Granule::size_16k, Granule::size_64k}) {
    const unsigned most = granule == Granule::size_64k ? 47 : 48;
    for (unsigned TxSZ = 39; TxSZ <= most; ++TxSZ) {
      for (const bool wide : {false, true}) {
        WideBench bench(granule, TxSZ, wide);
        const Result r = bench.translate(bench.va);
        ASSERT_TRUE(r.ok()) << TxSZ;
        EXPECT_EQ(r.output, 0x5550000U + (bench.va & (bit(bench.page) - 1)));
        EXPECT_EQ(r.descriptors.size(), static_cast<std::size_t>(4 - bench.level));
        expect_fault(bench.translate(bench.va + 1), FaultKind::translation, Stage::stage1, 0);
      }
    }
    WideBench bench(granule, most);
    EXPECT_EQ(bench.level, 3);
    bench.config.stage1.tables[0].TxSZ++;
    EXPECT_FALSE(is_walkable(bench.config));
  }
}

}  // namespace
}  // namespace smmuvp::pgtable::test
